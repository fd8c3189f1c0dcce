//! The questions could not be sent: this machine cannot open another socket, or forbids it.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{DnsOutcome, ResolverEvidence};

use super::text;

pub(super) const RULE: Rule =
    rule!("dns-local-error", Dns, "This machine itself could not send the questions", Code(check))
        .explains(&["dns-system-fails", "dns-system-slow", "dns-resolver-down"]);

/// The errno and text with which this machine refused to ask a resolver.
pub(super) fn refused(r: &ResolverEvidence) -> Option<(i32, &str)> {
    match &r.a.value()?.outcome {
        DnsOutcome::LocalError { message, errno: Some(errno) } => Some((*errno, message)),
        _ => None,
    }
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let first = e.dns.deciding().into_iter().next()?;
    let (index, r) = (first.index, first.seen);
    let (errno, message) = refused(r)?;
    if !e.dns.all_fail() {
        return None;
    }
    let own = reading::own_limit(e, errno);
    let label = r.label();
    let finding = FindingBuilder::new(
        if own { Level::Risk } else { Level::Broken },
        Confidence::Proved,
        text::clause(
            format!("this machine cannot ask {label}: {message}"),
            "this machine cannot send its questions to the resolver",
        ),
    )
    .fact(format!("asking {label}: {message} (errno {errno})"))
    .cites(format!("/dns/resolvers/{index}/a"))
    .reasoning("this machine's kernel refused, so nothing was sent")
    .ruled_out(format!("{label} and the path to it: no question was sent"))
    .owner("Server");
    Some(match own {
        true => finding
            .untested()
            .reasoning("a limit of this machine or of this process prevents another socket")
            .inspect("see the limits", "ulimit -n; cat /proc/sys/fs/file-nr /proc/net/sockstat")
            .step(Step::local("raise the limit for this program, and check again"))
            .check(reading::again(e)),
        false => finding
            .reasoning(
                "a packet filter, a security module or a sandbox (seccomp) of this machine forbids \
                 it",
            )
            .inspect("see what this machine forbids", "nft list ruleset; iptables-save -c")
            .check(text::dig(&e.dns.name, r)),
    })
}
