//! Facts about the evidence that several rules need. No judgement here.

use std::net::IpAddr;

use crate::clouds::Cloud;
use crate::evidence::dns::{
    Answer, DnsOutcome, Exchange, ResolverEvidence, SystemAnswer, is_within, record_and_zone,
};
use crate::evidence::http::{HttpAnswer, HttpCall};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Evidence, Expect, Observed, TargetKind, tunnel};
use crate::services::{self, Kind, Service};

pub use super::again::{again, again_at, again_with, again_without, command_options, word};

/// Whether every effective address is public (false if there is none, and for a tunnel's).
#[must_use]
pub fn public_only(e: &Evidence) -> bool {
    let all = e.dns.effective();
    !all.is_empty() && all.iter().all(|a| tunnel::is_public(e, *a))
}

/// Whether some effective address is private; synthetic addresses of a tunnel client do not count.
#[must_use]
pub fn some_private(e: &Evidence) -> bool {
    e.dns.effective().iter().any(|a| tunnel::is_private(e, *a))
}

/// Whether the user gave `--expect private`.
#[must_use]
pub fn private_demanded(e: &Evidence) -> bool {
    matches!(e.options.expect, Expect::Private)
}

/// Whether an errno means that this machine has no room for another socket: its own limit, which
/// shows nothing about the path (Linux: ENOMEM, ENFILE, EMFILE, ENOBUFS; Windows: WSAEMFILE,
/// WSAENOBUFS).
#[must_use]
pub fn own_limit(e: &Evidence, errno: i32) -> bool {
    let os = e.vantage.os.as_str();
    os.starts_with("linux") && matches!(errno, 12 | 23 | 24 | 105)
        || os.starts_with("windows") && matches!(errno, 10024 | 10055)
}

/// The outcome of a resolver's A question.
#[must_use]
pub fn a_outcome(r: &ResolverEvidence) -> Option<&DnsOutcome> {
    r.a.value().map(|exchange| &exchange.outcome)
}

/// A question's message.
#[must_use]
pub fn message(observed: &Observed<Exchange>) -> Option<&Answer> {
    observed.value().and_then(Exchange::answer)
}

/// Whether applications get no address at all.
#[must_use]
pub fn no_address(e: &Evidence) -> bool {
    e.dns.effective().is_empty()
}

/// Whether `getaddrinfo` failed definitely.
#[must_use]
pub fn system_failed(e: &Evidence) -> Option<&str> {
    match e.dns.system.value() {
        Some(SystemAnswer::Failed { code }) => Some(code),
        _ => None,
    }
}

/// Whether a proxy carries the call.
#[must_use]
pub const fn proxied(e: &Evidence) -> bool {
    matches!(e.proxy, Observed::Done { .. })
}

/// The main call (list or project).
#[must_use]
pub fn main_call(e: &Evidence) -> Option<&HttpCall> {
    e.http.value().and_then(|hop| hop.main())
}

/// The main call's answer.
#[must_use]
pub fn main_answer(e: &Evidence) -> Option<&HttpAnswer> {
    main_call(e).and_then(HttpCall::answer)
}

/// Whether the TLS session verified.
#[must_use]
pub fn tls_verified(e: &Evidence) -> bool {
    e.tls.value().is_some_and(|hop| hop.outcome == TlsOutcome::Verified)
}

/// The account's name, or a placeholder: a gateway's name does not show the account behind it.
#[must_use]
pub fn account(e: &Evidence) -> &str {
    let named = e.target.suffix_service.is_none() || e.target.kind == TargetKind::Privatelink;
    e.target.account.as_deref().filter(|_| named).unwrap_or("<account>")
}

/// The profile of the target's service.
#[must_use]
pub fn service(e: &Evidence) -> Option<&'static Service> {
    e.target.service.as_deref().and_then(services::by_id)
}

/// Whether clients for Azure OpenAI call it: an account, or a gateway that may be in front of one.
#[must_use]
pub fn by_openai_client(e: &Evidence) -> bool {
    service(e).is_some_and(|service| {
        matches!(service.kind, Kind::Account | Kind::Regional | Kind::Gateway(_))
    })
}

/// What the target's resource is called in a sentence.
#[must_use]
pub fn noun(e: &Evidence) -> &'static str {
    super::account::resource(e).noun
}

/// The target's cloud, as far as its name shows one.
#[must_use]
pub fn cloud(e: &Evidence) -> Cloud {
    e.target.cloud.as_deref().and_then(Cloud::named).unwrap_or(Cloud::Public)
}

/// The private zone of the service, or a placeholder.
#[must_use]
pub fn private_zone(e: &Evidence) -> &str {
    e.target.private_zone.as_deref().unwrap_or("<privatelink zone>")
}

/// The public suffix of the target, or a placeholder.
#[must_use]
pub fn public_suffix(e: &Evidence) -> &str {
    let known = e.target.public_suffix.as_deref();
    known.or_else(|| suffix_of_alias(e)).unwrap_or("<public suffix>")
}

/// The suffix of a service that is not known by its names: its alias is in the zone of that suffix.
fn suffix_of_alias(e: &Evidence) -> Option<&str> {
    let host = e.target.host.as_str();
    e.dns.resolvers.iter().find_map(|r| {
        let alias = r.privatelink_alias(&e.dns.name)?;
        let (_, zone) = record_and_zone(&alias)?;
        let suffix = zone.strip_prefix("privatelink.")?;
        let at = host.len().checked_sub(suffix.len()).filter(|at| *at > 0)?;
        is_within(host, suffix).then(|| host.get(at..)).flatten()
    })
}

/// Addresses as a list for people.
#[must_use]
pub fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
}
