//! The challenge of the Azure Arc agent (facts I10, I10a).

use super::acquisition::{bare_words, no_token};
use super::metadata::place;
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::identity::{TokenOutcome, TokenPurpose};

pub(super) const RULE: Rule = rule!(
    "identity-arc-challenge",
    Identity,
    "The Azure Arc agent's challenge could not be met",
    Code(check)
)
.short("the Arc agent's challenge fails");

pub(super) fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let (index, request) = no.of(&[TokenPurpose::Arc])?;
    let asked = no.how.requests.iter().filter(|r| r.purpose == TokenPurpose::Arc).count();
    let finding = match &no.how.outcome {
        TokenOutcome::Unusable { message } => no
            .finding(Confidence::Proved, bare_words(message))
            .fact(format!("{} {}", request.method, place(request)))
            .fact(bare_words(message))
            .cites(format!("/identity/acquisition/requests/{index}/outcome")),
        _ if asked > 1 => {
            let refused = no.refusal(&[TokenPurpose::Arc])?;
            let status = refused.refusal.status;
            refused.fact(no.finding(
                Confidence::Proved,
                format!("the Arc agent refuses the answer to its own challenge ({status})"),
            ))
        }
        _ => return None,
    };
    // A group helps only where this user may not read the file.
    let may_not = match &no.how.outcome {
        TokenOutcome::Unusable { message } => {
            message.to_ascii_lowercase().contains("permission denied")
        }
        _ => false,
    };
    if !may_not {
        return Some(restart(
            finding
                .owner("Server")
                .inspect("see the agent's state", "azcmagent show")
                .inspect("see its service", "systemctl status himdsd")
                .step(Step::inspect("check that the agent itself answers there, and nothing else")),
        ));
    }
    Some(
        finding
            .reasoning(
                "the agent names a file that only root and the group himds may read; its content \
                 proves who asks",
            )
            .owner("Server")
            .inspect("see who may read the agent's files", "ls -ld /var/opt/azcmagent/tokens; id")
            .step(
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

/// Restarts the agent's service.
pub(super) fn restart(finding: FindingBuilder) -> FindingBuilder {
    finding.step(
        Step::shared(
            "restart the agent's service",
            "extensions and programs of this machine that ask the agent meanwhile",
        )
        .command("systemctl restart himdsd")
        .undo("none is needed: it only starts again"),
    )
}
