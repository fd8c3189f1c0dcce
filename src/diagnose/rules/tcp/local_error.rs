//! The connection could not be attempted: this machine's own kernel refused.

use super::attempts;
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tcp::TcpOutcome;

pub(super) const RULE: Rule = rule!(
    "tcp-local-error",
    Tcp,
    "This machine's kernel refuses to open the connection",
    Code(check)
);

/// What an errno of Linux means for connect(), and the command that shows its cause.
const LINUX: &[(&[i32], &str, &str)] = &[
    (
        &[1, 13],
        "a packet filter, a prohibit route, a security module or a sandbox (seccomp) on this \
         machine forbids it",
        "nft list ruleset; iptables-save -c; ip rule show; ip route show table all type prohibit",
    ),
    (
        &[22],
        "a blackhole route or rule on this machine discards it",
        "ip rule show; ip route show table all type blackhole",
    ),
    (
        &[23, 24],
        "the process (`ulimit -n`, systemd `LimitNOFILE`, a container's limit) or the system \
         (`fs.file-max`) has no free file descriptor",
        "ulimit -n; cat /proc/sys/fs/file-nr",
    ),
    (
        &[99],
        "no source address or no free source port is left for this destination",
        "ip address show; ss -s",
    ),
    (&[97], "this machine does not support the address family", "ip address show"),
    (&[105, 12], "the kernel has no memory left for sockets", "cat /proc/net/sockstat"),
];

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let TcpOutcome::LocalError { errno, message } = &attempt.outcome else { return None };
    let peer = attempts::peer(attempt);
    let row = LINUX
        .iter()
        .find(|(numbers, ..)| e.vantage.os.starts_with("linux") && numbers.contains(errno));
    let mut finding = attempts::broken(
        e,
        failed,
        Confidence::Proved,
        headline::fitting(&[
            format!("this machine cannot connect to {peer}: {message}"),
            format!("this machine cannot connect to {peer} (errno {errno})"),
        ]),
    )
    .reasoning(format!("the kernel refused with errno {errno}; nothing was sent"))
    .ruled_out_if(
        attempts::never_left(attempt),
        "every device on the path: no packet left this machine",
    )
    .owner("Server");
    finding = match row {
        Some((_, means, command)) => {
            finding.reasoning(*means).inspect("see which limit or rule applies", *command)
        }
        None => finding
            .inspect("see the route that the kernel would take", attempts::route_get(attempt)),
    };
    let finding = finding.check(reading::again(e));
    Some(match reading::own_limit(e, *errno) {
        // Nothing was tested: the path may be fine.
        true => finding
            .with_level(Level::Risk)
            .untested()
            .step(Step::local("raise the limit for this program, and check again")),
        false => finding,
    })
}
