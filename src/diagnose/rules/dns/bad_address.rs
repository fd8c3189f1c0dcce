//! What the walk showed of an address that one resolver gives and another does not: an answer is the
//! set of its addresses, and one that fails is a fault whichever of the set was walked.

use std::net::IpAddr;

use crate::diagnose::rules::http::other_address;
use crate::diagnose::rules::tls::address_fails;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::view::tcp::not_sent;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};

/// An address at which applications fail, or which the operator did not expect.
pub(super) struct BadAddress {
    pub(super) address: IpAddr,
    /// What it does, as a clause that follows the address.
    how: String,
    pointer: String,
}

impl BadAddress {
    /// The address with what it does, for a finding on the answer that holds it.
    pub(super) fn add_to(
        &self,
        finding: FindingBuilder,
        from: &ResolverView<'_>,
    ) -> FindingBuilder {
        finding
            .reasoning(format!("{} from {} {}", self.address, from.label(), self.how))
            .cites(self.pointer.clone())
    }
}

/// The first address of `one` that `other` does not give, and that fails while another address of the
/// name does not.
pub(super) fn only_in(
    e: &View<'_>,
    one: &ResolverView<'_>,
    other: &ResolverView<'_>,
) -> Option<BadAddress> {
    let given = other.outcome.addresses();
    let alone = one.outcome.addresses().iter().filter(|address| !given.contains(address));
    { alone }.find_map(|address| fault(e, *address))
}

fn fault(e: &View<'_>, address: IpAddr) -> Option<BadAddress> {
    let (how, pointer) = unexpected(e, address)
        .or_else(|| not_connected(e, address))
        .or_else(|| address_fails::failing(e, address))
        .or_else(|| other_address::foreign_at(e, address))?;
    Some(BadAddress { address, how, pointer })
}

fn unexpected(e: &View<'_>, address: IpAddr) -> Option<(String, String)> {
    let outside = e.options.expect.prefixes_hold(address) == Some(false);
    outside.then(|| ("is not in the prefixes of --expect".to_owned(), "/options/expect".to_owned()))
}

fn not_connected(e: &View<'_>, address: IpAddr) -> Option<(String, String)> {
    if reading::proxied(e) {
        return None;
    }
    let attempts = &e.tcp.value()?.attempts;
    // A path that lacks IPv6 is no fault of an answer.
    let connected = |attempt: &TcpAttempt| {
        attempt.outcome == TcpOutcome::Connected && attempt.address.is_ipv6() == address.is_ipv6()
    };
    let at = attempts.iter().position(|attempt| attempt.address.ip() == address)?;
    let failed = attempts.get(at).is_some_and(|one| !connected(one) && !not_sent(one));
    (failed && attempts.iter().any(connected))
        .then(|| ("does not connect".to_owned(), format!("/tcp/value/attempts/{at}")))
}
