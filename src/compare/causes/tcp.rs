//! Why one connects and the other does not.

use super::{Explanation, Row};
use crate::compare::view::View;
use crate::evidence::Hop;
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::render::{quoted, text};

pub(super) const ROWS: &[Row] = &[
    Row::new("path-to-address", &[Hop::Tcp], "Network", path_to_address),
    Row::new("other-address", &[Hop::Tcp, Hop::Tls, Hop::Http], "DNS", other_address).general(),
];

fn path_to_address(v: &View<'_>) -> Option<Explanation> {
    let connected = v.good.e().tcp.value()?.walked_attempt()?;
    let failed = attempt_at(v, connected)?;
    if failed.outcome == TcpOutcome::Connected {
        return None;
    }
    let from = |source: Option<std::net::IpAddr>| {
        source.map(|address| format!(" (from {address})")).unwrap_or_default()
    };
    let headline = format!(
        "{} accepts {}'s connection{}; for {}{} it {}",
        connected.address,
        v.good.letter,
        from(v.good.source()),
        v.bad.letter,
        from(v.bad.source()),
        text::tcp_outcome(&failed.outcome)
    );
    Some(
        Explanation::new(headline)
            .because(format!(
                "The address is the same, so the way to it differs: {}",
                v.either(
                    "routes, firewalls or security groups between that machine and the address",
                    "a route, a firewall, a security group or the endpoint itself changed between \
                     the two reports"
                )
            ))
            .with(v.shown(&["vantage.source", "vantage.route", "vantage.tunnels_down"]))
            .decide(v.at_the_same_time()),
    )
}

/// The attempt of the side that does not work at the address of the one that does.
fn attempt_at<'a>(v: &View<'a>, connected: &TcpAttempt) -> Option<&'a TcpAttempt> {
    let attempts = &v.bad.e().tcp.value()?.attempts;
    attempts.iter().find(|one| one.address == connected.address)
}

/// Both get an address of the same kind, but not the same one.
fn other_address(v: &View<'_>) -> Option<Explanation> {
    let good = v.good.e().tcp.value()?.walked_attempt()?;
    let bad = v.bad.address()?;
    let given = v.good.gets() != v.bad.gets() || v.differs(&["target.connect_to"]);
    (good.address != bad && given && v.leads_elsewhere()).then(|| {
        Explanation::new(format!(
            "{} is given {}, which works; {} is given {bad}, which does not",
            v.good.letter, good.address, v.bad.letter
        ))
        .because(
            "The two go to different addresses: one of them may be wrong, or only the way to it",
        )
        .by_option(v, "target.connect_to")
        .decide([format!(
            "on {}'s machine: aoai-probe {} --connect-to {}:{}:{}",
            v.bad.letter,
            quoted(v.host()),
            v.host(),
            good.address.port(),
            good.address
        )])
    })
}
