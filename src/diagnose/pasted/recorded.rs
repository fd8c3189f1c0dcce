//! What a network or a platform recorded of a call: the records of firewalls and flow logs, of a capture, of
//! Network Watcher, and of the log of an application's own answers (facts T217 to T219, H213).

use crate::diagnosis::{CallEnd, ExplainedAnswer, PastedKind, Unexplained};
use crate::evidence::text::clean;

/// Characters of a place that are shown.
const LONGEST: usize = 120;

/// What a record shows of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recorded {
    /// A network rule of Azure Firewall denied it.
    DeniedByFirewall,
    /// An application rule of Azure Firewall, or the lack of one, denied its host.
    HostDeniedByFirewall,
    /// A rule of a network security group, or of the network's administrators, denied it.
    DeniedByRule,
    /// A firewall or a network policy on the way denied it.
    DeniedOnTheWay,
    /// The packet filter of the machine itself denied it.
    DeniedHere,
    /// The proxy denied its host.
    DeniedByProxy,
    /// A web application firewall blocked the request.
    BlockedByWaf,
    /// The route to it ends in nothing.
    NoNextHop,
    /// Network Watcher did not get through.
    NotReached,
    /// The proxy got no connection to its host.
    NotReachedByProxy,
    /// Application Gateway answered in the place of its backend.
    NoBackend,
    /// Connection requests without an answer.
    NotAnswered,
    /// A connection request that a reset answered.
    Refused,
    /// A connection that a reset from the other side ended after the first data.
    Cut,
    /// Nothing came back after the first data.
    Silent,
    /// It connected, and data came back.
    Carried,
    /// The status is what the application itself answered.
    OwnAnswer,
}

/// A record, and between whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it shows.
    pub what: Recorded,
    /// Where the call came from, as the record has it.
    pub from: Option<String>,
    /// Where it went.
    pub to: Option<String>,
    /// The rule or the reason that the record names.
    pub why: Option<String>,
}

impl Recorded {
    /// What it means.
    const fn meaning(self) -> Unexplained {
        match self {
            Self::DeniedByFirewall => ended!(
                "tcp",
                "a network rule of Azure Firewall, or its default, denied the connection",
                ". Ask the team that runs the firewall whether that is intended; a rule that allows it names that source, that \
                 address and that port (Network)"
            ),
            Self::HostDeniedByFirewall => ended!(
                "tls",
                "Azure Firewall denied the host: no application rule allows it from that source",
                ". The firewall accepts the connection, reads the name in the handshake and then ends it. Ask the team that runs \
                 the firewall whether that is intended; a rule that allows it names that host and that source. Traffic to a \
                 private endpoint need not pass an application rule (Network)"
            ),
            Self::DeniedByRule => ended!(
                "tcp",
                "a rule of the network denied the connection",
                ": one of a network security group, or of a security admin configuration. A flow log names the rule beside its \
                 records; see the rules in effect: az network nic list-effective-nsg -g <group> -n <interface> (Network)"
            ),
            Self::DeniedOnTheWay => ended!(
                "tcp",
                "a firewall or a network policy on the way denied the connection",
                ". Ask the team that runs it whether that is intended; a rule that allows it names that source, that address \
                 and that port (Network)"
            ),
            Self::DeniedHere => ended!(
                "tcp",
                "the packet filter of the machine that made the call denied the connection",
                ": nothing left that machine. See its rules first: nft list ruleset, or on Windows Get-NetFirewallRule \
                 -Action Block -Enabled True (Server)"
            ),
            Self::DeniedByProxy => ended!(
                "proxy",
                "the proxy denied the call to that host",
                ". Its access list decides who may go where; ask the team that runs it. A call to a private endpoint need not \
                 take a proxy: NO_PROXY with that host, on the application's machine (Network)"
            ),
            Self::BlockedByWaf => ended!(
                "http",
                "a rule of a web application firewall blocked the request",
                ": the network and the service have no part in it. The record names the rule, and what of the request it \
                 matched; prompts often look like what such rules look for. Ask the team that runs it (Security)"
            ),
            Self::NoNextHop => ended!(
                "tcp",
                "the route to that address has the next hop None, so that Azure drops its packets",
                ". The record names its route table, or this does: az network nic show-effective-route-table -g <group> -n \
                 <interface> -o table (Network)"
            ),
            Self::NotReached => ended!(
                "tcp",
                "Network Watcher got no connection from that machine",
                ". What it found at each hop is under `issues` of its answer (Network)"
            ),
            Self::NotReachedByProxy => ended!(
                "proxy",
                "the proxy got no connection to that host",
                ": the name has no address at the proxy's resolver, or its network does not carry it there. A check from the \
                 proxy's machine walks that path: aoai-probe <host>; from the application's, it walks both ways (Network)"
            ),
            Self::NoBackend => ended!(
                "http",
                "Application Gateway answered in the place of its backend, which gave it no answer",
                ". What it knows of the backend: az network application-gateway show-backend-health -g <group> -n <gateway>. \
                 A check from a machine of its network walks that path: aoai-probe <host> (Network)"
            ),
            Self::NotAnswered => ended!(
                "tcp",
                "requests to connect got no answer",
                unanswered: true,
                "no server answered: ",
                ": they, or the answers to them, were dropped on the way. A capture at one end does not show where. A check \
                 from that machine walks the path: aoai-probe <host>"
            ),
            Self::Refused => ended!(
                "tcp",
                "a reset answered the request to connect",
                unanswered: true,
                "no server answered: ",
                ": from the address itself, or from a device on the way in its name, which a capture does not show. A check \
                 from that machine compares both: aoai-probe <host>"
            ),
            Self::Cut => ended!(
                "tls",
                "the connection stood, and a reset ended it after the first data, before any came back",
                unanswered: true,
                "no server answered: ",
                ". That first data is the beginning of the handshake: a device that reads the name in it does this, and so \
                 does a server that does not know the name. A check from that machine tells them apart: aoai-probe <host>"
            ),
            Self::Silent => ended!(
                "tls",
                "the connection stood, and nothing came back after the first data",
                unanswered: true,
                "no server answered: ",
                ". That is what full-sized packets that are dropped on the way look like, and a device that holds the \
                 handshake back. A check from that machine tells them apart: aoai-probe <host>"
            ),
            Self::Carried => Unexplained::without_end(
                "the connection stood, and data came back (tcp): the network carries that call as far as the capture shows",
            ),
            Self::OwnAnswer => Unexplained::without_end(
                "the status is what the application itself answered to its own caller: of its call to Azure OpenAI such a \
                 row shows nothing. What that call was answered, the application prints: AppServiceConsoleLogs, \
                 ContainerAppConsoleLogs or its own log",
            ),
        }
    }

    /// In a line about it.
    const fn words(self) -> &'static str {
        match self {
            Self::DeniedByFirewall | Self::HostDeniedByFirewall => "denied by Azure Firewall",
            Self::DeniedByRule => "denied by a rule",
            Self::DeniedOnTheWay => "denied on the way",
            Self::DeniedHere => "denied by the machine's own packet filter",
            Self::DeniedByProxy => "denied by the proxy",
            Self::BlockedByWaf => "blocked by a web application firewall",
            Self::NotReachedByProxy => "not reached by the proxy",
            Self::NoBackend => "answered by Application Gateway itself",
            Self::NoNextHop => "next hop None",
            Self::NotReached => "unreachable for Network Watcher",
            Self::NotAnswered => "SYN without an answer",
            Self::Refused => "SYN answered by RST",
            Self::Cut => "RST after the first data",
            Self::Silent => "no data came back",
            Self::Carried => "data came back",
            Self::OwnAnswer => "a row of the application's own answers",
        }
    }
}

/// What a record means.
#[must_use]
pub fn recorded(record: &Record) -> ExplainedAnswer {
    let place = |place: &Option<String>| place.as_deref().map(|place| clean(place, LONGEST));
    let mut line = record.what.words().to_owned();
    if let Some(why) = place(&record.why) {
        line = format!("{line} ({why})");
    }
    let ends: Vec<String> =
        [place(&record.from), place(&record.to)].into_iter().flatten().collect();
    if !ends.is_empty() {
        line = format!("{}: {line}", ends.join(" -> "));
    }
    ExplainedAnswer { line, kind: PastedKind::Record, meaning: Err(record.what.meaning()) }
}
