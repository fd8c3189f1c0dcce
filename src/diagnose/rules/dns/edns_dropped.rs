//! Questions with EDNS (RFC 6891) get no answer; plain ones do.

use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::library::Library;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};

use super::{libc_lookup, text};

pub(super) const RULE: Rule = rule!(
    "dns-edns-dropped",
    Dns,
    "Questions with EDNS are lost; plain ones are answered",
    Code(check)
)
.explains(&["dns-system-slow", "dns-system-fails"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let deciding = e.dns.deciding();
    let r = deciding.iter().find(|r| dns_experiments::edns_dropped(e, r.seen))?;
    // The C library asks without EDNS unless it is configured otherwise.
    let asks = Library::of(e).is_glibc()
        && libc_lookup::resolvers_not_asked(e).is_none()
        && e.vantage.resolver_config.options.iter().any(|option| option == "edns0");
    let lost = e.dns.effective().is_empty();
    let level = match (asks, reading::proxied(e) || e.options.resolver_given) {
        (true, false) if lost => Level::Broken,
        (true, false) => Level::Risk,
        _ => Level::Note,
    };
    let label = r.label();
    let mut finding = FindingBuilder::new(
        level,
        Confidence::Proved,
        text::clause(
            format!("questions with EDNS to {label} are lost; plain ones are answered"),
            "questions with EDNS are lost; plain ones are answered",
        ),
    )
    .caveat()
    .fact(format!("{label}: {}", text::outcome(r)))
    .cites(r.pointer());
    for pointer in
        dns_experiments::pointers(e, r.seen, &["without-edns", "root-servers", "local-name"])
    {
        finding = finding.cites(pointer);
    }
    Some(
        finding
            .reasoning(
                "several questions with EDNS got no answer, and the same question without it did: \
                 the resolver or a device in front of it drops them",
            )
            .reasoning(match (asks, Library::of(e)) {
                (true, _) => "`options edns0` makes the C library use EDNS, so its lookups wait",
                (false, Library::Glibc) => {
                    "the C library uses EDNS only with `options edns0`; Go programs, \
                     systemd-resolved and forwarding resolvers use it, and wait, fall back or fail"
                }
                (false, _) => {
                    "programs with a resolver of their own (Go) and forwarding resolvers use EDNS, \
                     and wait, fall back or fail"
                }
            })
            .owner("Network")
            .inspect(
                "ask with EDNS",
                format!("{} +edns=0 +tries=1", text::dig(&e.dns.name, r.seen)),
            )
            .inspect("and without", format!("{} +noedns +tries=1", text::dig(&e.dns.name, r.seen)))
            .step(
                Step::shared(
                    format!(
                        "have the firewall in front of {label}, or {label} itself, accept EDNS \
                         (RFC 6891)"
                    ),
                    "every client that asks this resolver",
                )
                .undo("restore the firewall's DNS inspection"),
            )
            .check(format!("{} +edns=0", text::dig(&e.dns.name, r.seen))),
    )
}
