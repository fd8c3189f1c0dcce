//! An address that an Azure service cannot have (facts D65, D66): a sinkhole, a blocking resolver,
//! a local tunnel.

use std::net::IpAddr;

use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{AddressClass, Evidence, Expect, classify, tunnel};

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED};
use super::{downstream, text};

pub(super) const RULE: Rule =
    rule!("dns-unusable-address", Dns, "The service cannot have this address", Code(check))
        .explains(&["dns-resolvers-disagree", "tls-address-fails"])
        .explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER]);

/// Whether an Azure service cannot have the address, no tunnel of this machine made it up, and the
/// user did not name it in `--expect`.
fn unusable(e: &Evidence, address: IpAddr) -> bool {
    let expected = matches!(e.options.expect, Expect::Cidr { .. })
        && resolver_view::outside_prefixes(e, &[address]).is_empty();
    classify(address).is_unusable() && !expected && tunnel::address(e, address).is_none()
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let all = e.dns.effective();
    let unusable: Vec<IpAddr> = all.iter().copied().filter(|a| unusable(e, *a)).collect();
    let first = *unusable.first()?;
    // A tunnel or a synthetic address may still lead to the service: TLS with it shows it.
    let works = reading::tls_verified(e);
    let peer = e.tcp.value().and_then(|tcp| tcp.selected).filter(|_| works);
    let reached = peer.is_none_or(|peer| unusable.contains(&peer)) && works;
    let level = match (reading::proxied(e), works) {
        (true, _) => Level::Note,
        // Only laboratories use such addresses: no real traffic is at risk.
        (false, true) if reached && classify(first) == AddressClass::Documentation => Level::Note,
        (false, true) => Level::Risk,
        (false, false) => Level::Broken,
    };
    let class = classify(first);
    let why = match class {
        AddressClass::Loopback => {
            "a loopback address leads to this machine: a blocking resolver answers like this, or \
             it is meant for a local tunnel"
        }
        AddressClass::Unspecified => "blocking resolvers answer with 0.0.0.0 and ::",
        AddressClass::LinkLocal => "a link-local address is valid only on this link",
        AddressClass::Documentation => "documentation addresses do not belong to any machine",
        _ => "the address is reserved and does not belong to any service",
    };
    let giver = e.dns.resolver_views().iter().find(|r| r.outcome.addresses().contains(&first));
    let short = format!("{} cannot be an address of the service", text::brief(&unusable));
    let long = match &giver {
        Some(r) => {
            format!("{} gives {} ({})", r.label(), text::brief(&unusable), text::class_word(first))
        }
        None => format!("applications get {} ({})", text::brief(&unusable), class.words()),
    };
    let others: Vec<IpAddr> = all.iter().copied().filter(|a| !unusable.contains(a)).collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!(", and {}", reading::list(&others)),
    };
    let mut finding = FindingBuilder::new(level, Confidence::Inferred, text::clause(long, &short))
        .fact(format!("{} -> {} ({}){others}", e.dns.name, reading::list(&unusable), class.words()))
        .cites("/dns/selected")
        .reasoning(why);
    finding = match &giver {
        Some(r) => {
            let finding = finding.cites(r.pointer());
            match resolver_view::message(r.seen).and_then(text::extended_errors) {
                Some(text) => finding.fact(format!("{} adds: {text}", r.label())),
                None => finding,
            }
        }
        None => finding.cites("/dns/system").reasoning("none of the resolvers asked gives it"),
    };
    if reached {
        finding = finding
            .reasoning(
                "TLS there shows the service's own certificate: something leads to the service",
            )
            .cites("/tls");
    } else if let Some(peer) = peer {
        finding = finding
            .reasoning(format!(
                "the service was reached at {peer}, another address of the name: clients that try \
                 {first} first wait or fail"
            ))
            .cites("/tls");
    } else if downstream::no_connection(e) {
        finding = finding.fact("no connection could be made there").cites("/tcp");
    }
    let check = giver.map_or_else(
        || format!("getent ahosts {}", e.dns.name),
        |r| text::dig(&e.dns.name, r.seen),
    );
    Some(
        finding
            .owner("DNS")
            .inspect("ask again", check.clone())
            .step(Step::inspect(
                "find the source of the answer: a blocking resolver, a record of your own, a line \
                 of the hosts file, a local tunnel",
            ))
            .step(
                Step::shared(
                    format!(
                        "in a blocking resolver allow {}, not its whole domain: the block may be \
                         deliberate",
                        e.dns.name
                    ),
                    "every client of that resolver, for this name only",
                )
                .undo("block it again"),
            )
            .check(check),
    )
}
