//! Whether a resolver that left questions of this walk unanswered did answer others: then it is
//! not silent, it limits how much it answers, or something on the way does.

use crate::diagnose::view::gives;
use crate::evidence::dns::{ResolverRole, ResolverSeen, SystemAnswer};
use crate::evidence::{Evidence, Observed};

use super::words;

/// A system's answer that comes sooner, in milliseconds, asked no network: a cache gave it.
const FROM_A_CACHE_MS: f64 = 0.2;

/// What shows that a resolver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// `getaddrinfo` had its answer from it.
    BySystem,
    /// It answered this many of the walks of the same round.
    ByWalks { answered: u32, asked: u32 },
}

/// What shows that a resolver whose A question had no answer does answer.
pub(super) fn other_than_by_us(e: &Evidence, r: &ResolverSeen) -> Option<Heard> {
    if by_system(e, r) {
        return Some(Heard::BySystem);
    }
    let round = r.round.as_ref()?;
    (round.answered > 0).then_some(Heard::ByWalks { answered: round.answered, asked: round.asked })
}

/// Whether the system's answer must have come from this resolver: the C library asks no other, or
/// had the answer before it would have asked the next one.
fn by_system(e: &Evidence, r: &ResolverSeen) -> bool {
    let Observed::Ran { took_ms, saw, .. } = &e.dns.system else { return false };
    let answered = match saw {
        SystemAnswer::Addresses { .. } => true,
        // The name is unknown, or has no address: words of a resolver that answered.
        SystemAnswer::Failed { code } => matches!(code.as_str(), "EAI_NONAME" | "EAI_NODATA"),
        SystemAnswer::Stalled => false,
    };
    if !answered
        || *took_ms < FROM_A_CACHE_MS
        || gives::pinned(e)
        || r.role != ResolverRole::Configured
        || other_sources(e)
    {
        return false;
    }
    let mut configured = e.dns.resolvers.iter().filter(|x| x.role == ResolverRole::Configured);
    if configured.next().is_none_or(|first| first.address != r.address) {
        return false;
    }
    let (timeout_s, _) = words::waits(e);
    #[expect(clippy::cast_precision_loss, reason = "seconds of resolv.conf, 30 at most")]
    let before_the_next = *took_ms < timeout_s as f64 * 900.0;
    let rotates = e.vantage.resolver_config.options.iter().any(|option| option == "rotate");
    configured.next().is_none() || (before_the_next && !rotates)
}

/// Whether the system asks others than the nameservers of resolv.conf, or keeps answers.
fn other_sources(e: &Evidence) -> bool {
    // Those beside `dns` know local names alone.
    const PLAIN: &[&str] =
        &["files", "dns", "myhostname", "mymachines", "mdns4_minimal", "mdns_minimal"];
    let known = |word: &str| word.ends_with(']') || word.starts_with('[') || PLAIN.contains(&word);
    let line = e.vantage.nsswitch_hosts.as_deref();
    let words = line.map(|line| line.split_whitespace().filter(|word| !word.ends_with(':')));
    words.is_some_and(|mut words| words.any(|word| !known(word)))
}
