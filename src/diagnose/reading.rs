//! Questions that several rules ask of the evidence. No judgement here: facts only.

use std::net::IpAddr;

use crate::evidence::dns::{Answer, DnsOutcome, Exchange, ResolverSeen, SystemAnswer};
use crate::evidence::http::{HttpAnswer, HttpCall};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Evidence, Expect, Observed, TargetKind, tunnel};

use super::rules::http::refusals::{Blames, refusal};

pub use super::again::{again, again_at, again_with, again_without, command_options, word};

/// Whether every address that counts is public (false when there is none, and for a tunnel's).
#[must_use]
pub fn public_only(e: &Evidence) -> bool {
    let all = e.dns.effective();
    !all.is_empty() && all.iter().all(|a| tunnel::is_public(e, *a))
}

/// Whether some address that counts is private, and none that a tunnel's client made up.
#[must_use]
pub fn some_private(e: &Evidence) -> bool {
    e.dns.effective().iter().any(|a| tunnel::is_private(e, *a))
}

/// Whether the user said `--expect private` in so many words.
#[must_use]
pub fn private_demanded(e: &Evidence) -> bool {
    matches!(e.asked.expect, Expect::Private)
}

/// Whether an errno says that this machine has no room for another socket: a limit of its own, and
/// no word about the path (Linux: ENOMEM, ENFILE, EMFILE, ENOBUFS).
#[must_use]
pub fn own_limit(e: &Evidence, errno: i32) -> bool {
    e.vantage.os.starts_with("linux") && matches!(errno, 12 | 23 | 24 | 105)
}

/// The outcome of a resolver's A question.
#[must_use]
pub fn a_outcome(r: &ResolverSeen) -> Option<&DnsOutcome> {
    r.a.saw().map(|exchange| &exchange.outcome)
}

/// A question's message.
#[must_use]
pub fn message(observed: &Observed<Exchange>) -> Option<&Answer> {
    observed.saw().and_then(Exchange::answer)
}

/// Whether applications get no address at all.
#[must_use]
pub fn no_address(e: &Evidence) -> bool {
    e.dns.effective().is_empty()
}

/// Whether `getaddrinfo` failed definitely.
#[must_use]
pub fn system_failed(e: &Evidence) -> Option<&str> {
    match e.dns.system.saw() {
        Some(SystemAnswer::Failed { code }) => Some(code),
        _ => None,
    }
}

/// Whether a proxy carries the call.
#[must_use]
pub const fn proxied(e: &Evidence) -> bool {
    matches!(e.proxy, Observed::Ran { .. })
}

/// The main call (list or project).
#[must_use]
pub fn main_call(e: &Evidence) -> Option<&HttpCall> {
    e.http.saw().and_then(|hop| hop.main())
}

/// The main call's answer.
#[must_use]
pub fn main_answer(e: &Evidence) -> Option<&HttpAnswer> {
    main_call(e).and_then(HttpCall::answer)
}

/// Whether the TLS session verified.
#[must_use]
pub fn tls_verified(e: &Evidence) -> bool {
    e.tls.saw().is_some_and(|hop| hop.outcome == TlsOutcome::Verified)
}

/// Whether the service refused the main call because of where it came from (H1-H5, W3).
#[must_use]
pub fn refused_by_network(e: &Evidence) -> bool {
    main_call(e).and_then(|call| refusal(e, call)).is_some_and(|row| row.blames == Blames::Network)
}

/// Whether the service let the main call in: an answer that is accepted, or a refusal that
/// comes after its network rules are known to have passed (429, and errors with
/// `x-ms-region`, fact W2).
#[must_use]
pub fn service_accepted(e: &Evidence) -> bool {
    main_call(e).is_some_and(|call| {
        let passed = |a: &HttpAnswer| a.status == 429 || a.header("x-ms-region").is_some();
        let row = refusal(e, call);
        row.is_none_or(|row| row.blames != Blames::Network)
            && call.answer().is_some_and(|answer| row.is_none() || passed(answer))
    })
}

/// `<account>` filled in where it is known: a gateway's name says nothing about the account
/// behind it.
#[must_use]
pub fn account(e: &Evidence) -> &str {
    let named = e.target.suffix_service.is_none() || e.target.kind == TargetKind::Privatelink;
    e.target.account.as_deref().filter(|_| named).unwrap_or("<account>")
}

/// The private zone of the service, or a placeholder.
#[must_use]
pub fn private_zone(e: &Evidence) -> &str {
    e.target.private_zone.as_deref().unwrap_or("<privatelink zone>")
}

/// The public suffix of the target, or a placeholder.
#[must_use]
pub fn public_suffix(e: &Evidence) -> &str {
    e.target.public_suffix.as_deref().unwrap_or("<public suffix>")
}

/// Addresses as a list for people.
#[must_use]
pub fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
}
