//! Why this machine's own kernel refuses to send, by the number that it gives (connect(2), send(2);
//! facts T14, T182).

use crate::evidence::Evidence;

/// What a number of Linux means, and the commands that show its cause.
const LINUX: &[(&[i32], &str, &str)] = &[
    (
        &[1, 13],
        "a packet filter, a prohibit route, a security module or a sandbox (seccomp) on this \
         machine forbids it, or its table of connections is full (`nf_conntrack: table full` in the \
         kernel's log)",
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
        &[89],
        "the route leads into a WireGuard tunnel whose peer has no endpoint: it has not connected \
         yet, or its name did not resolve",
        "wg show",
    ),
    (
        &[99],
        "no source address or no free source port is left for this destination",
        "ip address show; ss -s",
    ),
    (&[97], "this machine does not support the address family", "ip address show"),
    (&[105, 12], "the kernel has no memory left for sockets", "cat /proc/net/sockstat"),
    (
        &[126],
        "the route leads into a WireGuard tunnel, and none of its peers has the address in its \
         AllowedIPs",
        "wg show",
    ),
];

/// What the number means on the walk's system, and the commands that show its cause.
pub(super) fn of(e: &Evidence, errno: i32) -> Option<(&'static str, &'static str)> {
    let mut rows = LINUX.iter().filter(|_| e.vantage.os.starts_with("linux"));
    let (_, means, command) = rows.find(|(numbers, ..)| numbers.contains(&errno))?;
    Some((means, command))
}
