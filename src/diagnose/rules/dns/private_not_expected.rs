//! `--expect public` or `--expect closed`, and applications get a private address: the public
//! path is not what was walked.

use std::net::IpAddr;

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{Expect, classify, tunnel};

use super::symptoms::NOT_CONNECTED;
use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-private-not-expected",
    Dns,
    "A public address is expected, and the address is private",
    Code(check)
)
.explains(&["dns-resolvers-disagree", "http-not-closed"])
.explains_groups(&[NOT_CONNECTED]);

fn check(e: &View<'_>) -> Option<Because> {
    let wanted = match e.asked.expect {
        Expect::Public => "public",
        Expect::Closed => "closed",
        _ => return None,
    };
    let private: Vec<IpAddr> = e
        .dns
        .effective()
        .into_iter()
        .filter(|a| classify(*a).is_private() && tunnel::address(e, *a).is_none())
        .collect();
    if private.is_empty() {
        return None;
    }
    let level = if reading::proxied(e) { Level::Risk } else { Level::Broken };
    let mut because = Because::new(
        level,
        Sure::Proved,
        format!("{} is private, and --expect {wanted} was given", words::brief(&private)),
    )
    .seen(format!("{} -> {} (wanted: public)", e.dns.name, reading::list(&private)))
    .read_at("/dns/walked")
    .read_at("/asked/expect");
    if let Some(r) = e.dns.decider() {
        because =
            because.seen(format!("{} gives {}", r.label(), words::gives(r))).read_at(r.pointer());
    }
    Some(
        because
            .known_by("the walk went to the private address; it says nothing of the public path")
            .owner("Application")
            .act(
                Step::look(
                    "walk from a machine that gets the public address, or name a resolver that \
                     gives it",
                )
                .command(reading::again_with(e, "--resolver <address>")),
            )
            .act(Step::look("or, if the private path is the right one, expect it"))
            .check(reading::again_with(e, "--expect private")),
    )
}
