//! What shows that the account itself sent an answer that accepts a call: the service's headers, or
//! a certificate whose key only Azure has (facts W1, G18).

use crate::diagnose::rules::tls;
use crate::diagnose::view::http::Read;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::http::{HttpAnswer, Payload};
use crate::evidence::tls::{Store, TlsOutcome};
use crate::evidence::{Evidence, Expect};
use crate::services::Service;

use super::answered_by::service_headers;
use super::host_kind::host_kind;
use super::refusal_match::{pointer, request};

/// Where an answer comes from, by what came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Origin {
    /// The service's own headers are there (fact W1).
    Headers,
    /// They are not, and the session was with a server that has Azure's key for the account's name.
    Certificate,
    /// They are not, and the host is a gateway, which may remove them.
    Gateway,
    /// Nothing shows it: a private authority signed for the account's name.
    Open,
}

/// Where an answer comes from.
pub(in crate::diagnose) fn origin(e: &Evidence, answer: &HttpAnswer) -> Origin {
    if service_headers(reading::service(e), answer) {
        return Origin::Headers;
    }
    if host_kind(e).is_gateway() {
        return Origin::Gateway;
    }
    if azures_session(e) { Origin::Certificate } else { Origin::Open }
}

/// Whether the session was with a server that has Azure's key for the account's name: then nothing in
/// front of it saw the call.
pub(super) fn azures_session(e: &Evidence) -> bool {
    e.tls.value().is_some_and(|hop| {
        hop.outcome == TlsOutcome::Verified
            && hop.accepted_by == Some(Store::Public)
            && tls::is_azures(hop)
    })
}

/// The media type of an answer's body, if it is not JSON (fact G18).
pub(super) fn other_type(answer: &HttpAnswer) -> Option<&str> {
    let given = answer.header("content-type")?;
    // Storage sends its lists as XML (fact Z22).
    if answer.payload == Some(Payload::Listing) {
        return None;
    }
    let kind = given.split(';').next().unwrap_or_default().trim();
    let json = kind.to_ascii_lowercase().ends_with("json");
    (!json && !kind.is_empty()).then_some(kind)
}

pub(super) const RULE: Rule =
    rule!("http-origin-unproved", Http, "A list came without the service's headers", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let main = e.http.main().filter(Read::accepted)?.call;
    if e.options.expect == Expect::Closed {
        return None;
    }
    let answer = main.answer()?;
    let signature = reading::service(e).map(|service| &service.signature);
    let region = signature.map_or("x-ms-region", |signature| signature.region);
    let (message, known) = match origin(e, answer) {
        Origin::Headers | Origin::Open => return None,
        Origin::Certificate => (
            format!("not proved by headers: the list came without the service's own ({region})"),
            format!(
                "the certificate shows that the server is Azure's; the service's answers carry \
                 {region}, so something removed them or did not set them"
            ),
        ),
        Origin::Gateway => (
            "not proved: that an account behind the gateway sent this list".to_owned(),
            "a gateway may remove the service's headers, and it may answer by itself: from a \
             cache, or with an answer defined in its policy"
                .to_owned(),
        ),
    };
    let mut finding = FindingBuilder::new(Level::Note, Confidence::Proved, message).fact(format!(
        "{} -> {}, without {region}",
        request(main),
        answer.status
    ));
    for name in ["server", "via"] {
        if let Some(value) = answer.header(name) {
            finding = finding.fact(format!("{name}: {value}"));
        }
    }
    let finding = match reading::service(e).is_none_or(Service::has_deployments) {
        true => finding.decide_with(reading::again_with(e, "--deployment <deployment>")),
        false => finding,
    };
    Some(
        finding
            .reasoning(known)
            .owner("Application")
            .step(Step::inspect(
                "make one real call with the application's own client and see whether it succeeds",
            ))
            .cites(pointer(0))
            .about_a(reading::noun(e))
            .not_tested(),
    )
}
