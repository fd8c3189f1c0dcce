//! The challenge of the Azure Arc agent (facts I10, I10a).

use super::acquisition::{bare_words, no_token};
use super::metadata::place;
use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Step, Sure};
use crate::evidence::identity::{TokenOutcome, TokenPurpose};

pub(super) const RULE: Rule = rule!(
    "identity-arc-challenge",
    Identity,
    "The Azure Arc agent's challenge could not be met",
    Code(check)
)
.short("the Arc agent's challenge fails");

pub(super) fn check(e: &View<'_>) -> Option<Because> {
    let no = no_token(e)?;
    let (index, request) = no.of(&[TokenPurpose::Arc])?;
    let asked = no.how.requests.iter().filter(|r| r.purpose == TokenPurpose::Arc).count();
    let because = match &no.how.outcome {
        TokenOutcome::Unusable { says } => no
            .because(Sure::Proved, bare_words(says))
            .seen(format!("{} {}", request.method, place(request)))
            .seen(bare_words(says))
            .read_at(format!("/identity/acquisition/requests/{index}/outcome")),
        _ if asked > 1 => {
            let refused = no.refusal(&[TokenPurpose::Arc])?;
            let status = refused.refusal.status;
            refused.seen(no.because(
                Sure::Proved,
                format!("the Arc agent refuses its own challenge's answer ({status})"),
            ))
        }
        _ => return None,
    };
    // A group helps only where this user may not read the file.
    let may_not = match &no.how.outcome {
        TokenOutcome::Unusable { says } => says.to_ascii_lowercase().contains("permission denied"),
        _ => false,
    };
    if !may_not {
        return Some(restart(
            because
                .owner("Server")
                .look("see the agent's state", "azcmagent show")
                .look("see its service", "systemctl status himdsd")
                .act(Step::look("see that the agent itself answers there, and nothing else")),
        ));
    }
    Some(
        because
            .known_by(
                "the agent names a file that only root and the group himds may read; its content \
                 proves who asks",
            )
            .owner("Server")
            .look("see who may read the agent's files", "ls -ld /var/opt/azcmagent/tokens; id")
            .act(
                Step::shared(
                    "let the application's user read them; it takes effect at the user's next \
                     login or the service's restart",
                    "every program of that user can act as this machine's identity",
                )
                .command("usermod -aG himds <user>")
                .undo("gpasswd -d <user> himds"),
            ),
    )
}

/// Starts the agent's service anew.
pub(super) fn restart(because: Because) -> Because {
    because.act(
        Step::shared(
            "restart the agent's service",
            "extensions and programs of this machine that ask the agent meanwhile",
        )
        .command("systemctl restart himdsd")
        .undo("there is none: it only starts anew"),
    )
}
