//! The hop limit of a packet ran out on the way (`time exceeded`): a routing loop, or packets of this
//! machine that start with too low a limit (fact T50).

use std::net::IpAddr;

use crate::diagnose::FindingBuilder;
use crate::diagnosis::{Confidence, Step};
use crate::evidence::Evidence;

/// The lowest hop limit that suffices in practice: paths of more routers are rare.
const USUAL_PATH: u8 = 30;

/// What the message means, which team fixes it, and how.
pub(super) struct RanOut {
    /// What happens to packets.
    pub(super) message: String,
    /// How sure that is.
    pub(super) confidence: Confidence,
    /// How the message leads there.
    pub(super) reasoning: String,
    /// The command that shows the cause, after what it shows.
    pub(super) look: (String, String),
    /// The command that decides between the causes that remain.
    pub(super) decide: Option<String>,
    /// The team.
    pub(super) owner: &'static str,
    /// What to do.
    pub(super) steps: Vec<Step>,
    /// The place of the evidence that it rests on, if it rests on more than the message.
    pub(super) cites: Option<&'static str>,
}

/// The hop limit of this machine's packets, where it is lower than paths may need.
pub(super) fn low(e: &Evidence, ip: IpAddr) -> Option<u8> {
    // The setting is that of IPv4.
    e.vantage.hop_limit.filter(|limit| *limit < USUAL_PATH && ip.is_ipv4())
}

/// The first cause to look at where a packet got no answer: it starts with a hop limit of 1, which the
/// first router uses up, and need not report. `ip` is behind a router.
pub(super) fn silent(e: &Evidence, finding: FindingBuilder, ip: IpAddr) -> FindingBuilder {
    let Some(limit) = low(e, ip).filter(|limit| *limit == 1) else { return finding };
    let RanOut { message, .. } = starts_low(limit);
    with_steps(
        finding,
        limit,
        format!("{message}: a router takes one off, and discards those that have none left"),
    )
}

/// The last of several causes: a path may have more routers than a hop limit below the usual ones.
pub(super) fn may_be_low(e: &Evidence, finding: FindingBuilder, ip: IpAddr) -> FindingBuilder {
    let Some(limit) = low(e, ip).filter(|limit| *limit > 1) else { return finding };
    with_steps(
        finding,
        limit,
        format!(
            "or the hop limit with which this machine's packets start may be too low (TTL {limit}; \
             usual is 64 or 128): each router takes one off, and discards those that have none left"
        ),
    )
}

fn with_steps(finding: FindingBuilder, limit: u8, reasoning: String) -> FindingBuilder {
    let RanOut { look, steps, cites, .. } = starts_low(limit);
    let finding = finding.reasoning(reasoning).inspect(look.0, look.1);
    let finding = steps.into_iter().fold(finding, FindingBuilder::step);
    cites.into_iter().fold(finding, FindingBuilder::cites)
}

/// What it means that the hop limit of a packet to `ip` ran out at `router`, where that is known.
pub(super) fn ran_out(e: &Evidence, ip: IpAddr, router: Option<IpAddr>) -> RanOut {
    match (low(e, ip), router) {
        (Some(limit), Some(_)) => starts_low(limit),
        _ => looped(ip, router),
    }
}

/// This machine's packets start with a hop limit that does not suffice for the path.
fn starts_low(limit: u8) -> RanOut {
    RanOut {
        message: format!("this machine's packets start with too low a hop limit (TTL {limit})"),
        // The first router discards a packet with TTL 1, whatever its routes are.
        confidence: if limit == 1 { Confidence::Proved } else { Confidence::Inferred },
        reasoning: format!(
            "usual is 64 or 128; each router takes one off, and the router that has none left \
             reports it: no loop is needed for that{}",
            if limit == 1 { "" } else { ", but a loop would look the same" }
        ),
        look: (
            "see the TTL with which packets start".to_owned(),
            "sysctl net.ipv4.ip_default_ttl".to_owned(),
        ),
        decide: None,
        owner: "Server",
        steps: vec![
            Step::local("set it to 64, also where it is set when this machine starts")
                .command("sysctl -w net.ipv4.ip_default_ttl=64")
                .undo(format!("set it to {limit} again")),
        ],
        cites: Some("/vantage/hop_limit"),
    }
}

/// Two routers forward the packets to each other.
fn looped(ip: IpAddr, router: Option<IpAddr>) -> RanOut {
    let who = router.map_or_else(|| "a device on the way".to_owned(), |router| router.to_string());
    RanOut {
        message: format!("packets to {ip} loop at {who}"),
        confidence: Confidence::Inferred,
        reasoning: format!(
            "the hop limit ran out at {who}: no path has that many routers, so two of them forward \
             packets for {ip} to each other; a rule that sets a low hop limit (TTL) in this \
             machine's packets would look the same"
        ),
        look: (format!("see the routers on the path to {ip}"), format!("traceroute -n {ip}")),
        decide: Some(format!(
            "traceroute -n {ip} # a loop: the same routers appear again and again"
        )),
        owner: "Network",
        steps: vec![
            Step::shared(
                format!("correct the route to {ip} on {who} and on the router that it forwards to"),
                "every host that this router serves",
            )
            .undo("restore the former route or setting"),
        ],
        cites: None,
    }
}

impl RanOut {
    /// The finding with what the message means for packets to a resolver or a proxy, and what to do.
    pub(super) fn add(self, finding: FindingBuilder) -> FindingBuilder {
        let mut finding = finding
            .reasoning(format!("{}: {}", self.message, self.reasoning))
            .owner(self.owner)
            .inspect(self.look.0, self.look.1);
        if let Some(command) = self.decide {
            finding = finding.decide_with(command);
        }
        if let Some(place) = self.cites {
            finding = finding.cites(place);
        }
        self.steps.into_iter().fold(finding, FindingBuilder::step)
    }
}
