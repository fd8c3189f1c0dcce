//! `--expect public` or `--expect closed`, and applications get a private address: the public path
//! was not tested.

use std::net::IpAddr;

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Expect, tunnel};

use super::symptoms::NOT_CONNECTED;
use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-private-not-expected",
    Dns,
    "A public address is expected, and the address is private",
    Code(check)
)
.explains(&["dns-resolvers-disagree", "http-not-closed"])
.explains_groups(&[NOT_CONNECTED]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let wanted = match e.options.expect {
        Expect::Public => "public",
        Expect::Closed => "closed",
        _ => return None,
    };
    let private: Vec<IpAddr> =
        e.dns.effective().into_iter().filter(|a| tunnel::is_private(e, *a)).collect();
    if private.is_empty() {
        return None;
    }
    let proxied = reading::proxied(e);
    let level = if proxied { Level::Risk } else { Level::Broken };
    let mut finding = FindingBuilder::new(
        level,
        Confidence::Proved,
        format!("{} is private, and --expect {wanted} was given", text::brief(&private)),
    )
    .fact(format!("{} -> {} (wanted: public)", e.dns.name, reading::list(&private)))
    .cites("/dns/selected")
    .cites("/options/expect");
    if let Some(r) = e.dns.effective_resolver() {
        finding =
            finding.fact(format!("{} gives {}", r.label(), text::outcome(r))).cites(r.pointer());
    }
    Some(
        finding
            .reasoning(if proxied {
                "the proxy resolves the name itself, and which address it uses is not visible here; \
                 clients that go without it get the private one"
            } else {
                "this check used the private address and shows nothing about the public path"
            })
            .owner("Application")
            .step(if proxied {
                Step::inspect(
                    "check without the proxy, from a machine that gets the public address, or name a \
                     resolver that gives it (--resolver)",
                )
                .command(reading::again_with(e, "--proxy none"))
            } else {
                Step::inspect(
                    "check from a machine that gets the public address, or name a resolver that \
                     gives it",
                )
                .command(reading::again_with(e, "--resolver <address>"))
            })
            .step(Step::inspect("if the private path is the right one, expect it").or())
            .check(reading::again_with(e, "--expect private")),
    )
}
