//! What shows that the account itself gave an answer that accepts a call: the service's headers, or
//! a certificate whose key only Azure has (facts W1, G18).

use crate::diagnose::rules::tls;
use crate::diagnose::view::http::Read;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::http::HttpAnswer;
use crate::evidence::tls::{Store, TlsOutcome};
use crate::evidence::{Evidence, Expect};

use super::aim::aim;
use super::answered_by::service_headers;
use super::said::{pointer, request};

/// Where an answer comes from, by what came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The service's own headers are there (fact W1).
    Headers,
    /// They are not, and the session was with a server that has Azure's key for the account's name.
    Certificate,
    /// They are not, and the host is a gateway, which may take them out.
    Gateway,
    /// Nothing shows it: a private authority signed for the account's name.
    Open,
}

/// Where an answer comes from.
pub(super) fn origin(e: &Evidence, answer: &HttpAnswer) -> Origin {
    if service_headers(answer) {
        return Origin::Headers;
    }
    if aim(e).is_gateway() {
        return Origin::Gateway;
    }
    let azures = e.tls.saw().is_some_and(|hop| {
        hop.outcome == TlsOutcome::Verified
            && hop.accepted_by == Some(Store::Public)
            && tls::is_azures(hop)
    });
    if azures { Origin::Certificate } else { Origin::Open }
}

/// The media type that an answer gives its body, where that is not JSON (fact G18).
pub(super) fn other_type(answer: &HttpAnswer) -> Option<&str> {
    let given = answer.header("content-type")?;
    let kind = given.split(';').next().unwrap_or_default().trim();
    let json = kind.to_ascii_lowercase().ends_with("json");
    (!json && !kind.is_empty()).then_some(kind)
}

pub(super) const RULE: Rule =
    rule!("http-origin-unproved", Http, "A list came without the service's headers", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let main = e.http.main().filter(Read::accepted)?.call;
    if e.asked.expect == Expect::Closed {
        return None;
    }
    let answer = main.answer()?;
    let (says, known) = match origin(e, answer) {
        Origin::Headers | Origin::Open => return None,
        Origin::Certificate => (
            "not proved by headers: the list came without the service's own (x-ms-region)",
            "the certificate is Azure's own for this name, so the server is; its answers carry \
             apim-request-id and x-ms-region, and something took them out or did not set them",
        ),
        Origin::Gateway => (
            "not proved: that an account behind the gateway gave this list",
            "a gateway may take the service's headers out, and it may answer by itself: from a \
             cache, or with an answer that is written in its policy",
        ),
    };
    let mut because = Because::new(Level::Note, Sure::Proved, says).seen(format!(
        "{} -> {}, without apim-request-id and x-ms-region",
        request(main),
        answer.status
    ));
    for name in ["server", "via"] {
        if let Some(value) = answer.header(name) {
            because = because.seen(format!("{name}: {value}"));
        }
    }
    Some(
        because
            .known_by(known)
            .tells_it(reading::again_with(e, "--deployment <deployment>"))
            .owner("Application")
            .act(Step::look(
                "make one real call with the application's own client and see whether it completes",
            ))
            .read_at(pointer(0))
            .not_tested(),
    )
}
