//! The connection could not be tried from here: this machine's own kernel refused.

use super::attempts;
use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tcp::TcpOutcome;

pub(super) const RULE: Rule = rule!(
    "tcp-local-error",
    Tcp,
    "This machine's kernel refuses to make the connection",
    Code(check)
);

/// What an errno of Linux means for a connect, and what shows it.
const LINUX: &[(&[i32], &str, &str)] = &[
    (
        &[1, 13],
        "a packet filter, a prohibit route, a security module or a sandbox (seccomp) of this \
         machine forbids it",
        "nft list ruleset; iptables-save -c",
    ),
    (&[22], "a blackhole route of this machine swallows it", "ip route show type blackhole"),
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
    (&[97], "this machine does not speak the address's family", "ip address show"),
    (&[105, 12], "the kernel has no memory left for sockets", "cat /proc/net/sockstat"),
];

fn check(e: &View<'_>) -> Option<Because> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let TcpOutcome::LocalError { errno, says } = &attempt.outcome else { return None };
    let peer = attempts::peer(attempt);
    let row = LINUX
        .iter()
        .find(|(numbers, ..)| e.vantage.os.starts_with("linux") && numbers.contains(errno));
    let mut because = attempts::broken(
        e,
        failed,
        Sure::Proved,
        headline::fitting(&[
            format!("this machine cannot connect to {peer}: {says}"),
            format!("this machine cannot connect to {peer} (errno {errno})"),
        ]),
    )
    .known_by(format!("its own kernel refused with errno {errno}; nothing was sent"))
    .ruled_out_if(
        attempts::never_left(attempt),
        "every device on the way: no packet left this machine",
    )
    .owner("Server");
    because = match row {
        Some((_, means, command)) => {
            because.known_by(*means).look("see what this machine forbids or lacks", *command)
        }
        None => because.look(
            "see the route that the kernel would take",
            format!("ip route get {}", attempt.connected_to().ip()),
        ),
    };
    let because = because.check(reading::again(e));
    Some(match reading::own_limit(e, *errno) {
        // Nothing was tested: the path may be as sound as ever.
        true => because
            .weighing(Level::Risk)
            .untested()
            .act(Step::local("raise the limit for this program, and walk again")),
        false => because,
    })
}
