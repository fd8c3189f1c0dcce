//! Some addresses connect and others do not: a stale record beside the good one (D58).

use super::{attempts, wording};
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop, classify};

pub(super) const RULE: Rule = Rule {
    id: "tcp-address-dead",
    hop: Hop::Tcp,
    title: "One of several addresses does not connect",
    page: include_str!("../../../../docs/findings/tcp-address-dead.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let hop = e.tcp.saw()?;
    let counting = reading::counting(e);
    let dead = attempts::dead(hop, &counting);
    let addresses: Vec<String> = dead.iter().map(|p| p.attempt.address.ip().to_string()).collect();
    let (first, more) = addresses.split_first()?;
    let tried = hop.attempts.len();
    let name = &e.dns.name;
    let mut because = Because::new(
        Level::Risk,
        Sure::Proved,
        wording::fitting(&[
            format!("{} of {name} does not connect, another address does", addresses.join(", ")),
            format!("{first} and {} more do not connect, another address does", more.len()),
        ]),
    )
    .known_by(format!(
        "{} of {tried} addresses failed in this walk while another connected; a client that \
         takes the dead one first waits or fails, so calls fail now and then",
        dead.len()
    ))
    .ruled_out("the path as a whole: another address of the same name works")
    .read_at("/dns/walked")
    .owner("DNS")
    .look("see every record of the name", format!("dig +noall +answer {name} A {name} AAAA"));
    for (index, attempt) in hop.attempts.iter().enumerate() {
        because =
            because.seen(attempts::words(e, attempt)).read_at(format!("/tcp/saw/attempts/{index}"));
    }
    let zone = reading::private_zone(e);
    for address in &addresses {
        if address.parse().is_ok_and(|a| classify(a).is_private()) {
            because = because.change(
                format!("if {address} belongs to a private endpoint that is gone, take it out"),
                format!(
                    "az network private-dns record-set a remove-record -g <group> -z {zone} \
                     -n {} -a {address} --keep-empty-record-set",
                    reading::account(e)
                ),
            );
        }
    }
    Some(
        because
            .step("if the address is right, see why that one is not reached: NSG, route, firewall")
            .check(reading::again(e)),
    )
}
