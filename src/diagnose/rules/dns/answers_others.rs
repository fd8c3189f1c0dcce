//! Whether a resolver that did not answer questions of this walk answered others: then it is not
//! silent, but it, or a device on the way, limits the rate of answers.

use crate::diagnose::view::answer_losses::{self, Losses};
use crate::diagnose::view::library::{self, Library};
use crate::diagnose::view::resolver_view;
use crate::evidence::dns::{
    LookupFailure, QuestionType, ResolverEvidence, ResolverRole, SystemAnswer,
};
use crate::evidence::{Evidence, Observed};

use super::{libc_lookup, library_waits};

/// An answer of the system that takes less than this, in milliseconds, came from a cache.
const FROM_A_CACHE_MS: f64 = 0.2;

/// Evidence that a resolver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswersOthers {
    /// `getaddrinfo` got its answer from it.
    System,
    /// It answered some walks of the same round.
    Walks { answered: u32, asked: u32 },
    /// It answered the same question of this walk at another time.
    Repeats { missed: usize, asked: usize },
}

/// Evidence that a resolver which did not answer the A question does answer others.
pub(super) fn evidence(e: &Evidence, r: &ResolverEvidence) -> Option<AnswersOthers> {
    if by_system(e, r) {
        return Some(AnswersOthers::System);
    }
    if let Some(round) = r.round.as_ref().filter(|round| round.answered > 0) {
        return Some(AnswersOthers::Walks { answered: round.answered, asked: round.asked });
    }
    let losses = own_losses(e, r)?;
    Some(AnswersOthers::Repeats { missed: losses.missed, asked: losses.asked })
}

/// The losses, where the walk's own A question is one.
pub(super) fn own_losses(e: &Evidence, r: &ResolverEvidence) -> Option<Losses> {
    let alike = answer_losses::of(e, r, &QuestionType::A).filter(|losses| losses.own);
    alike.or_else(|| answer_losses::of_any(e, r))
}

/// Whether the system's lookup got its answer for IPv6 addresses from this resolver too: a C library
/// asks for both types and waits for both answers.
pub(super) fn for_both_types(e: &Evidence, r: &ResolverEvidence) -> bool {
    let (timeout_s, _) = library_waits::lookup_timeouts(e);
    let at_once = e.dns.system.took_ms().is_some_and(|ms| ms < before(timeout_s));
    at_once
        && !e.dns.system_addresses().is_empty()
        && library_waits::asks_both_at_once(e)
        && by_system(e, r)
}

/// When a library that has asked one server has not asked another one yet, in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "seconds of resolv.conf, 30 at most")]
fn before(timeout_s: u64) -> f64 {
    timeout_s as f64 * 900.0
}

/// Whether the system's answer must have come from this resolver: the C library asks no other, or
/// got the answer before it would have asked the next one. Through another program an answer from a
/// cache (nscd) takes as long as one of a resolver.
fn by_system(e: &Evidence, r: &ResolverEvidence) -> bool {
    let Observed::Done { took_ms, value, .. } = &e.dns.system else { return false };
    let answered = match value {
        SystemAnswer::Addresses { .. } => true,
        // The name is unknown, or has no address: only a resolver that answered says that.
        SystemAnswer::Failed { code } if libc_lookup::resolvers_not_asked(e).is_none() => {
            matches!(LookupFailure::of(code), LookupFailure::NoSuchName | LookupFailure::NoAddress)
        }
        SystemAnswer::Failed { .. } | SystemAnswer::Stalled => false,
    };
    if !answered
        || *took_ms < FROM_A_CACHE_MS
        || e.vantage.looked_up_by_program()
        || resolver_view::is_from_hosts_file(e)
        || r.role != ResolverRole::Configured
        || other_sources(e)
    {
        return false;
    }
    let mut configured = e.dns.resolvers.iter().filter(|x| x.role == ResolverRole::Configured);
    if configured.next().is_none_or(|first| first.address != r.address) {
        return false;
    }
    let (timeout_s, _) = library_waits::lookup_timeouts(e);
    let before_the_next = *took_ms < before(timeout_s);
    let rotates = library::rotates(e);
    // musl asks all at once.
    let in_turn = Library::of(e) != Library::Musl;
    configured.next().is_none() || (in_turn && before_the_next && !rotates)
}

/// Whether the system asks anything but the nameservers of resolv.conf, or caches answers.
fn other_sources(e: &Evidence) -> bool {
    // All but `dns` know only local names.
    const PLAIN: &[&str] =
        &["files", "dns", "myhostname", "mymachines", "mdns4_minimal", "mdns_minimal"];
    let known = |word: &str| word.ends_with(']') || word.starts_with('[') || PLAIN.contains(&word);
    if Library::of(e) == Library::Musl {
        return false;
    }
    // Windows has a cache of its own, and what another system does is not known.
    if !Library::of(e).is_glibc() {
        return true;
    }
    let line = e.vantage.nsswitch_hosts.as_deref();
    let words = line.map(|line| line.split_whitespace().filter(|word| !word.ends_with(':')));
    words.is_some_and(|mut words| words.any(|word| !known(word)))
}
