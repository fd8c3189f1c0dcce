//! The stub resolver of this machine takes the question and fails, and its upstreams, asked directly,
//! answer it: the fault is between the two, and not behind them (fact D244).

use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::Step;

use super::symptoms::NO_ADDRESS;
use super::{failures, record_gap, text};

pub(super) const RULE: Rule = rule!(
    "dns-stub-fails",
    Dns,
    "The stub resolver of this machine fails, and its upstreams answer",
    Code(check)
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let stub = e.vantage.resolver_config.stub.as_ref()?;
    let upstreams = text::brief(&stub.upstreams);
    let finding = failures::of_stub(e, |r| {
        text::clause(
            format!("the stub {} fails, and {upstreams} behind it answers", r.label()),
            "the stub resolver fails, and its upstream answers",
        )
    })?;
    Some(
        finding
            .reasoning(format!(
                "{upstreams} answers the same question when this machine asks it directly: it works, and \
                 so does the path to it over plain UDP"
            ))
            .reasoning(
                "so what the stub adds fails: it validates (systemd-resolved `DNSSEC=`), asks over TLS \
                 (`DNSOverTLS=`), or sends this name to another server by the domains of a link",
            )
            .ruled_out(format!("{upstreams} and its own upstreams: it answers this question"))
            .owner("Server")
            .inspect(
                "see how the stub asks: DNSSEC, DNSOverTLS, and which link's servers get the name",
                "resolvectl status",
            )
            .inspect("see the reason that it gives", format!("resolvectl query {}", e.dns.name))
            .step(
                Step::local(
                    "in the stub's configuration switch off what its upstreams do not support \
                     (`DNSOverTLS=opportunistic`, `DNSSEC=allow-downgrade`), once the owner of this \
                     machine agrees, and restart it",
                )
                .undo("put the old settings back: without them answers are not protected"),
            ),
    )
}
