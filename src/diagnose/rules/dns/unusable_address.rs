//! An address that no service of Azure can have (facts D65, D66): a sinkhole, a blocking
//! resolver, a local tunnel.

use std::net::IpAddr;

use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{AddressClass, Evidence, Expect, classify, tunnel};

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED};
use super::{fate, words};

pub(super) const RULE: Rule = rule!(
    "dns-unusable-address",
    Dns,
    "The address is none that the service can have",
    Code(check)
)
.explains(&["dns-resolvers-disagree"])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER]);

/// Whether no service of Azure can have it, no tunnel of this machine made it up, and the user did
/// not say that it is right.
fn unusable(e: &Evidence, address: IpAddr) -> bool {
    let expected = matches!(e.asked.expect, Expect::Cidr { .. })
        && gives::beyond_prefixes(e, &[address]).is_empty();
    classify(address).is_unusable() && !expected && tunnel::address(e, address).is_none()
}

fn check(e: &View<'_>) -> Option<Because> {
    let all = e.dns.effective();
    let unusable: Vec<IpAddr> = all.iter().copied().filter(|a| unusable(e, *a)).collect();
    let first = *unusable.first()?;
    // A tunnel or a synthetic address may lead to the service all the same: TLS tells.
    let reached = reading::tls_verified(e);
    let level = match (reading::proxied(e), reached) {
        (true, _) => Level::Note,
        // Only laboratories number services so: no real traffic is at risk.
        (false, true) if classify(first) == AddressClass::Documentation => Level::Note,
        (false, true) => Level::Risk,
        (false, false) => Level::Broken,
    };
    let class = classify(first);
    let why = match class {
        AddressClass::Loopback => {
            "a loopback address leads to this machine: a blocking resolver answers so, or a local \
             tunnel is meant"
        }
        AddressClass::Unspecified => "0.0.0.0 and :: are what blocking resolvers answer",
        AddressClass::LinkLocal => "a link-local address leads nowhere but this link",
        AddressClass::Documentation => "documentation addresses belong to no machine",
        _ => "the address is reserved and belongs to no service",
    };
    let giver = e.dns.asked().iter().find(|r| r.gives.addresses().contains(&first));
    let short = format!("{} is no address of the service", words::brief(&unusable));
    let long = match &giver {
        Some(r) => {
            format!(
                "{} gives {} ({})",
                r.label(),
                words::brief(&unusable),
                words::class_word(first)
            )
        }
        None => format!("applications get {} ({})", words::brief(&unusable), class.words()),
    };
    let mut because = Because::new(level, Sure::Inferred, words::clause(long, &short))
        .seen(format!("{} -> {} ({})", e.dns.name, reading::list(&all), class.words()))
        .read_at("/dns/walked")
        .known_by(why);
    because = match &giver {
        Some(r) => {
            let because = because.read_at(r.pointer());
            match gives::message(r.seen).and_then(words::extended) {
                Some(text) => because.seen(format!("{} adds: {text}", r.label())),
                None => because,
            }
        }
        None => because.read_at("/dns/system").known_by("no resolver asked gives it"),
    };
    if reached {
        because = because
            .known_by(
                "TLS with the service's own certificate is answered there: something leads to it",
            )
            .read_at("/tls");
    } else if fate::unconnected(e) {
        because = because.seen("no connection could be made there").read_at("/tcp");
    }
    let check = giver.map_or_else(
        || format!("getent ahosts {}", e.dns.name),
        |r| words::dig(&e.dns.name, r.seen),
    );
    Some(
        because
            .owner("DNS")
            .look("ask again", check.clone())
            .act(Step::look(
                "find what makes the answer up: a blocking resolver, a record of your own, a line \
                 of the hosts file, a local tunnel",
            ))
            .act(
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
