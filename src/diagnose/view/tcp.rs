//! How the target's connections ended: which attempts count, and which one shows the fault.

use std::net::IpAddr;
use std::ops::Deref;

use crate::evidence::tcp::{TcpAttempt, TcpHop, TcpOutcome};
use crate::evidence::{Evidence, Observed};

/// The tcp hop, with its failures.
pub(in crate::diagnose) struct TcpView<'a> {
    hop: &'a Observed<TcpHop>,
    failed: Option<TcpFailure<'a>>,
    dead: Vec<IndexedAttempt<'a>>,
}

impl<'a> TcpView<'a> {
    pub(super) fn new(e: &'a Evidence) -> Self {
        let effective = e.dns.effective();
        let hop = e.tcp.value();
        Self {
            hop: &e.tcp,
            failed: hop.and_then(|hop| failed(hop, &effective)),
            dead: hop.map(|hop| dead(hop, &effective)).unwrap_or_default(),
        }
    }

    /// The failure of the target's connections, if no effective address connected.
    pub(in crate::diagnose) const fn failed(&self) -> Option<&TcpFailure<'a>> {
        self.failed.as_ref()
    }

    /// The failed attempts, when another address connected.
    pub(in crate::diagnose) fn dead(&self) -> &[IndexedAttempt<'a>] {
        &self.dead
    }
}

impl Deref for TcpView<'_> {
    type Target = Observed<TcpHop>;

    fn deref(&self) -> &Observed<TcpHop> {
        self.hop
    }
}

/// An attempt with its place in the report.
#[derive(Clone, Copy)]
pub(in crate::diagnose) struct IndexedAttempt<'a> {
    /// Index among the hop's attempts.
    pub(in crate::diagnose) index: usize,
    /// The attempt.
    pub(in crate::diagnose) attempt: &'a TcpAttempt,
}

/// The failed attempts of a hop on which no effective address connected.
#[derive(Clone)]
pub(in crate::diagnose) struct TcpFailure<'a> {
    /// The attempt whose outcome shows the fault.
    pub(in crate::diagnose) first: IndexedAttempt<'a>,
    /// Every attempt that was judged, the first one too.
    pub(in crate::diagnose) all: Vec<IndexedAttempt<'a>>,
}

/// The attempts at effective addresses; every attempt if none of those was tried (then DNS is
/// broken, and the walk used the others).
fn attempts_to_judge<'a>(hop: &'a TcpHop, effective: &[IpAddr]) -> Vec<IndexedAttempt<'a>> {
    let all = || {
        hop.attempts.iter().enumerate().map(|(index, attempt)| IndexedAttempt { index, attempt })
    };
    let counted: Vec<_> = all().filter(|p| effective.contains(&p.attempt.address.ip())).collect();
    if counted.is_empty() { all().collect() } else { counted }
}

fn connected(indexed: &IndexedAttempt<'_>) -> bool {
    indexed.attempt.outcome == TcpOutcome::Connected
}

/// Whether this machine refused to send at all: no route, or no address of that family.
pub(in crate::diagnose) fn not_sent(attempt: &TcpAttempt) -> bool {
    match &attempt.outcome {
        TcpOutcome::Unreachable { icmp } => {
            icmp.code.is_none() && icmp.from.is_none_or(|from| Some(from) == attempt.source)
        }
        TcpOutcome::LocalError { .. } => true,
        _ => false,
    }
}

/// Whether the attempt shows nothing because this machine does not support the address family, as
/// on the many hosts that have no IPv6 route, while it tried the other one.
fn family_absent(indexed: &IndexedAttempt<'_>, all: &[IndexedAttempt<'_>]) -> bool {
    let is_ipv6 = indexed.attempt.address.is_ipv6();
    not_sent(indexed.attempt)
        && all.iter().any(|p| p.attempt.address.is_ipv6() != is_ipv6 && !not_sent(p.attempt))
}

/// The attempt that shows the fault, if no effective address connected.
pub(in crate::diagnose) fn failed<'a>(
    hop: &'a TcpHop,
    effective: &[IpAddr],
) -> Option<TcpFailure<'a>> {
    let all = attempts_to_judge(hop, effective);
    if all.iter().any(connected) {
        return None;
    }
    let first = *all.iter().find(|p| !family_absent(p, &all)).or_else(|| all.first())?;
    Some(TcpFailure { first, all })
}

/// The failed attempts, when another address connected.
pub(in crate::diagnose) fn dead<'a>(
    hop: &'a TcpHop,
    effective: &[IpAddr],
) -> Vec<IndexedAttempt<'a>> {
    let all = attempts_to_judge(hop, effective);
    if !all.iter().any(connected) {
        return Vec::new();
    }
    all.iter().filter(|p| !connected(p) && !family_absent(p, &all)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::tcp::{Icmp, IcmpMeaning};

    fn attempt(address: &str, outcome: TcpOutcome) -> TcpAttempt {
        TcpAttempt {
            address: address.parse().unwrap_or_else(|_| ([0, 0, 0, 0], 0).into()),
            connect_to: None,
            outcome,
            source: None,
            interface: None,
            started_ms: 0.0,
            took_ms: 1.0,
            info: None,
            syn_repeats: None,
        }
    }

    fn no_local_route() -> TcpOutcome {
        TcpOutcome::Unreachable {
            icmp: Icmp { meaning: IcmpMeaning::NetUnreachable, from: None, code: None },
        }
    }

    #[test]
    fn a_family_that_this_machine_lacks_is_no_dead_address() {
        let mut hop = TcpHop {
            attempts: vec![
                attempt("[2603:1030::1]:443", no_local_route()),
                attempt("20.62.58.5:443", TcpOutcome::Connected),
            ],
            selected: None,
        };
        assert!(dead(&hop, &[]).is_empty());
        hop.attempts[1].outcome = TcpOutcome::TimedOut;
        assert_eq!(failed(&hop, &[]).map(|f| f.first.index), Some(1));
        hop.attempts[1].outcome = no_local_route();
        assert_eq!(failed(&hop, &[]).map(|f| f.first.index), Some(0));
    }

    #[test]
    fn an_address_that_does_not_count_does_not_save_the_path() {
        let hop = TcpHop {
            attempts: vec![
                attempt("10.9.9.9:443", TcpOutcome::TimedOut),
                attempt("10.3.0.5:443", TcpOutcome::Connected),
            ],
            selected: Some(IpAddr::from([10, 3, 0, 5])),
        };
        let effective = [IpAddr::from([10, 9, 9, 9])];
        assert_eq!(failed(&hop, &effective).map(|f| f.first.index), Some(0));
        assert!(dead(&hop, &effective).is_empty());
    }
}
