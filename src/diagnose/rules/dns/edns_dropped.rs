//! Questions with EDNS (RFC 6891) vanish, plain ones are answered.

use crate::diagnose::view::tried;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-edns-dropped",
    Dns,
    "Questions with EDNS are lost, plain ones are answered",
    Code(check)
)
.explains(&["dns-system-slow", "dns-system-fails"]);

fn check(e: &View<'_>) -> Option<Because> {
    let deciding = e.dns.deciding();
    let r = deciding.iter().find(|r| tried::edns_dropped(e, r.seen))?;
    // The C library asks plainly unless it is told otherwise.
    let asks = e.vantage.resolver_config.options.iter().any(|option| option == "edns0");
    let lost = e.dns.effective().is_empty();
    let level = match (asks, reading::proxied(e) || e.asked.resolver_given) {
        (true, false) if lost => Level::Broken,
        (true, false) => Level::Risk,
        _ => Level::Note,
    };
    let label = r.label();
    let mut because = Because::new(
        level,
        Sure::Proved,
        words::clause(
            format!("questions with EDNS to {label} are lost, plain ones are answered"),
            "questions with EDNS are lost, plain ones are answered",
        ),
    )
    .caveat()
    .seen(format!("{label}: {}", words::gives(r)))
    .read_at(r.pointer());
    for pointer in tried::pointers(e, r.seen, &["without-edns", "root-servers", "own-name"]) {
        because = because.read_at(pointer);
    }
    Some(
        because
            .known_by(
                "several questions with EDNS had no answer, the same one without it had: the \
                 resolver or a device before it drops them",
            )
            .known_by(if asks {
                "`options edns0` makes the C library ask with EDNS: its lookups wait"
            } else {
                "the C library asks without EDNS unless `options edns0` says so; Go programs, \
                 systemd-resolved and forwarding resolvers ask with it and wait or fail"
            })
            .owner("Network")
            .look("ask with EDNS", format!("{} +edns=0 +tries=1", words::dig(&e.dns.name, r.seen)))
            .look("and without", format!("{} +noedns +tries=1", words::dig(&e.dns.name, r.seen)))
            .act(
                Step::shared(
                    format!("have the firewall before {label}, or {label}, take EDNS (RFC 6891)"),
                    "every client that asks this resolver",
                )
                .undo("set the firewall's DNS inspection back as it was"),
            )
            .check(format!("{} +edns=0", words::dig(&e.dns.name, r.seen))),
    )
}
