//! Connections that nothing waited for, as evidence, and what a request cost.

use crate::evidence::identity::TokenRequest;
use crate::evidence::tcp::TcpAttempt;
use crate::evidence::{Cost, Evidence, Observed};
use crate::sorting;
use crate::walk::ledger::Ledger;

/// Adds the end of a connection to the evidence of a walk that did not wait for it.
pub(super) fn record_late_connection(path: &mut Evidence, mut attempt: TcpAttempt) {
    let Observed::Done { value, .. } = &mut path.tcp else { return };
    let address = attempt.address.ip();
    let towards = path.vantage.sources.iter().find(|s| s.towards == address);
    attempt.interface =
        towards.and_then(|s| s.interface.clone()).filter(|_| attempt.connect_to.is_none());
    let mut ledger = Ledger::new();
    ledger.late_attempt(&attempt);
    path.cost.add(&ledger.cost());
    value.attempts.push(attempt);
    let place = |attempt: &TcpAttempt| {
        path.dns.selected.iter().position(|w| w.address == attempt.address.ip())
    };
    sorting::by_key(&mut value.attempts, |attempt| place(attempt).unwrap_or(usize::MAX));
}

/// What a request cost the network.
pub(in crate::walk) fn cost(request: &TokenRequest) -> Cost {
    let mut ledger = Ledger::new();
    match (&request.path, &request.tcp) {
        (Some(path), _) => ledger.add(&path.cost),
        (None, Some(attempt)) => ledger.plain_attempt(attempt),
        (None, None) => {}
    }
    ledger.cost()
}
