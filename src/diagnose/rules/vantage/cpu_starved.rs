//! The check was ready to run for most of its time, and this machine gave it no processor: its times, and
//! timeouts on either side, show that and not the path (fact T190).

use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::vantage::ProcessorTime;

pub(super) const RULE: Rule = rule!(
    "vantage-cpu-starved",
    Vantage,
    "This machine, or a CPU limit, gave the check no processor",
    Code(check)
)
.explains(&[
    "dns-rate-limited",
    "dns-resolver-slow",
    "dns-system-slow",
    "dns-over-limit",
    "tcp-slow",
    "tcp-over-limit",
    "proxy-slow",
    "proxy-silent",
    "tls-slow",
    "tls-over-limit",
    "tls-silent",
    "tls-closed",
    "tls-fails-now-and-then",
    "http-slow",
    "http-over-limit",
    "http-silent",
    "http-closed",
]);

/// Peers, and this check, wait for some seconds before they give up: a shorter wait for a processor makes
/// a hop slow, and does not break it.
const GIVE_UP_MS: f64 = 3_000.0;

/// How many times as long as it ran a check has waited that got next to no processor.
const MOST_OF_ITS_TIME: f64 = 4.0;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let ProcessorTime { ran_ms: ran, waited_ms: waited } = e.vantage.processor?;
    let took = e.cost.took_ms;
    // What a loaded machine usually costs delays an answer, and decides nothing; and a peer that floods
    // the check keeps it busy, which has rules of its own.
    if waited < LONG_MS || waited * 2.0 < took || waited < ran * MOST_OF_ITS_TIME {
        return None;
    }
    let gave_up = waited >= GIVE_UP_MS;
    let (waited, took) = (timing::words(waited), timing::words(took));
    let mut finding = FindingBuilder::new(
        Level::Risk,
        Confidence::Proved,
        format!("the check got no processor for {waited} of {took}"),
    )
    .cites("/vantage/processor")
    .cites("/cost/took_ms")
    .fact(format!(
        "the check took {took}; it ran for {}, and was ready to run without a processor for {waited}",
        timing::words(ran)
    ))
    .reasoning(
        "the kernel counted it: other programs used the processors, or the CPU limit of the \
             container was reached",
    )
    .reasoning("the times of all hops include it: they do not show how fast the path is");
    if gave_up {
        finding = finding.untested().reasoning(
            "a peer may have closed a connection meanwhile, or this check may have given one up: what \
             failed that way shows nothing about the path",
        );
    }
    Some(
        finding
            .reasoning("an application in the same container or on the same machine waits as well")
            .owner("Server")
            .inspect(
                "in a container, see how often its CPU limit was reached (nr_throttled)",
                "cat /sys/fs/cgroup/cpu.stat",
            )
            .inspect("see what uses the processors", "top -b -n 1 | head -n 20")
            .step(
                Step::shared(
                    "stop what uses the processors, or raise the CPU limit (Kubernetes: \
                 `resources.limits.cpu`)",
                    "the container whose limit is raised: Kubernetes starts its pods anew",
                )
                .undo("set the old limit again"),
            )
            .check(reading::again(e)),
    )
}
