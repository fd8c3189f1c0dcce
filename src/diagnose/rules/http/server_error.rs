//! The service itself fails: 5xx in its frame, or with nothing in front to blame (H24).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::aim::aim;
use super::answered_by::service_headers;
use super::said::said;

pub(super) const RULE: Rule = rule!(
    "http-server-error",
    Http,
    "The service answers with an error of its own (5xx)",
    Code(check)
)
.about(crate::diagnose::About::Load);

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let own = service_headers(said.answer);
    let sure = if own { Sure::Proved } else { Sure::Inferred };
    let status = said.answer.status;
    let mut because = said.because(
        said.level(e),
        sure,
        match own {
            true => format!("the service answers {status} for {}", said.what()),
            false => format!("{status} for {}; which server gave it is not certain", said.what()),
        },
    );
    for name in ["apim-request-id", "x-ms-region", "retry-after"] {
        if let Some(line) = said.header_line(name) {
            because = because.seen(line);
        }
    }
    because = because.known_by(if own {
        "the service's own headers are in the answer"
    } else {
        "nothing in the answer names a proxy or gateway in front"
    });
    Some(
        because
            .ruled_out("DNS, TCP and TLS: the call was answered")
            .owner("Azure platform")
            .look(
                format!("see {}", aim(e).name()),
                match aim(e).is_gateway() {
                    true => aim(e).show(e),
                    false => "az resource show --ids <account resource id>/providers/\
                          Microsoft.ResourceHealth/availabilityStatuses/current \
                          --api-version 2023-07-01-preview --query properties"
                        .to_owned(),
                },
            )
            .act(Step::look("walk again; if it stays, open a ticket and give the apim-request-id"))
            .check(reading::again(e)),
    )
}
