//! The questions could not be sent: this machine has no room for another socket, or forbids it.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::{DnsOutcome, ResolverSeen};

use super::words;

pub(super) const RULE: Rule =
    rule!("dns-local-error", Dns, "This machine itself could not send the questions", Code(check))
        .explains(&["dns-system-fails", "dns-system-slow", "dns-resolver-down"]);

/// Errno and words of this machine's own refusal to ask a resolver.
pub(super) fn refused(r: &ResolverSeen) -> Option<(i32, &str)> {
    match &r.a.saw()?.outcome {
        DnsOutcome::LocalError { says, errno: Some(errno) } => Some((*errno, says)),
        _ => None,
    }
}

fn check(e: &View<'_>) -> Option<Because> {
    let first = e.dns.deciding().into_iter().next()?;
    let (index, r) = (first.index, first.seen);
    let (errno, says) = refused(r)?;
    if !e.dns.all_fail() {
        return None;
    }
    let own = reading::own_limit(e, errno);
    let label = r.label();
    let because = Because::new(
        if own { Level::Risk } else { Level::Broken },
        Sure::Proved,
        words::clause(
            format!("this machine cannot ask {label}: {says}"),
            "this machine cannot send its questions to the resolver",
        ),
    )
    .seen(format!("asking {label}: {says} (errno {errno})"))
    .read_at(format!("/dns/resolvers/{index}/a"))
    .known_by("its own kernel refused, so nothing left this machine")
    .ruled_out(format!("{label} and the way to it: no question was sent"))
    .owner("Server");
    Some(match own {
        true => because
            .untested()
            .known_by("no room for another socket is a limit of this machine, or of this process")
            .look("see the limits", "ulimit -n; cat /proc/sys/fs/file-nr /proc/net/sockstat")
            .act(Step::local("raise the limit for this program, and walk again"))
            .check(reading::again(e)),
        false => because
            .known_by(
                "a packet filter, a security module or a sandbox (seccomp) of this machine \
                 forbids it",
            )
            .look("see what this machine forbids", "nft list ruleset; iptables-save -c")
            .check(words::dig(&e.dns.name, r)),
    })
}
