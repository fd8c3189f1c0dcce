//! What several causes ask of a pair: the side that works and the side that does not.

use std::net::IpAddr;

use crate::comparison::Fact;
use crate::diagnosis::{State, TEAMS};
use crate::evidence::dns::{ResolverEvidence, ResolverRole};
use crate::evidence::text::{span, unix_seconds};
use crate::evidence::{Evidence, classify};
use crate::render::text;
use crate::report::Report;

/// Walks that began within this time saw the same state of the network, as far as can be known.
const SAME_TIME_S: u64 = 15 * 60;

/// One side of a pair.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party<'a> {
    /// `A` or `B`.
    pub(super) letter: char,
    pub(super) report: &'a Report,
}

/// A pair of which one side works.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// The side that works.
    pub(super) good: Party<'a>,
    /// The side that is broken, or at risk where the other one works.
    pub(super) bad: Party<'a>,
    facts: &'a [Fact],
}

impl<'a> View<'a> {
    /// None where no side is known to work better than the other one.
    pub(super) fn of(a: &'a Report, b: &'a Report, facts: &'a [Fact]) -> Option<Self> {
        let (a, b) = (Party { letter: 'A', report: a }, Party { letter: 'B', report: b });
        let (good, bad) = if a.report.verdict.state.weight() > b.report.verdict.state.weight() {
            (a, b)
        } else {
            (b, a)
        };
        let rank = |party: Party<'_>| party.report.verdict.state;
        let unfinished = [a, b].iter().any(|one| one.e().unfinished.is_some());
        let known = matches!(rank(good), State::Works | State::AtRisk)
            && matches!(rank(bad), State::Broken | State::AtRisk)
            && rank(good) != rank(bad);
        (known && !unfinished).then_some(Self { good, bad, facts })
    }

    /// Whether any of these facts differs.
    pub(super) fn differs(&self, ids: &[&str]) -> bool {
        self.facts.iter().any(|fact| ids.contains(&fact.id))
    }

    /// Whether the addresses that the two get can be why they differ: they are of different kinds, or
    /// the walked ones differ where each has its own meaning. Public front ends are many, and equal
    /// as long as they accept connections.
    pub(super) fn leads_elsewhere(&self) -> bool {
        let (good, bad) = (self.good.address(), self.bad.address());
        let private = bad.is_some_and(|bad| classify(bad.ip()).is_private());
        self.differs(&["dns.outcome"]) || good != bad && (private || self.differs(&["tcp.outcome"]))
    }

    /// The facts of these ids that differ, as `what: A x, B y`, the side that works first.
    pub(super) fn shown(&self, ids: &[&str]) -> Vec<String> {
        let facts = self.facts.iter().filter(|fact| ids.contains(&fact.id));
        let line = |fact: &Fact| {
            let value = |party: &Party<'_>| {
                let value = if party.letter == 'A' { &fact.a } else { &fact.b };
                format!("{} {}", party.letter, value.as_deref().unwrap_or("none"))
            };
            format!("{}: {}, {}", fact.name(), value(&self.good), value(&self.bad))
        };
        facts.map(line).collect()
    }

    /// Whether one machine made both reports: it has the same name, one that names a machine, and
    /// calls from the same address, as far as that is known.
    pub(super) fn same_machine(&self) -> bool {
        let host = &self.good.e().vantage.host;
        let names_one = !host.is_empty() && host.split('.').next() != Some("localhost");
        let sources = self.good.source().zip(self.bad.source());
        names_one && *host == self.bad.e().vantage.host && sources.is_none_or(|(a, b)| a == b)
    }

    /// Whether both walks began at about the same time.
    pub(super) fn same_time(&self) -> bool {
        apart_s(self.good.report, self.bad.report).is_some_and(|apart| apart <= SAME_TIME_S)
    }

    /// Where the difference may be: in what is between the machines, or in what changed in between.
    pub(super) fn either(&self, of_machine: &str, of_time: &str) -> String {
        match (self.same_machine(), self.same_time()) {
            (true, _) => of_time.to_owned(),
            (false, true) => of_machine.to_owned(),
            (false, false) => format!(
                "{of_machine}; or, as the reports are {} apart, {of_time}",
                apart(self.good.report, self.bad.report)
            ),
        }
    }

    /// What separates the two cases of [`Self::either`].
    pub(super) fn at_the_same_time(&self) -> Option<String> {
        (!self.same_machine() && !self.same_time()).then(|| {
            "check from both machines within a few minutes, and compare these reports".to_owned()
        })
    }

    /// The target's host.
    pub(super) fn host(&self) -> &'a str {
        &self.bad.report.evidence.target.host
    }
}

impl<'a> Party<'a> {
    pub(super) fn e(&self) -> &'a Evidence {
        &self.report.evidence
    }

    /// The resolver whose answer applications get: the first one that they ask and that answers,
    /// and behind a stub on this machine the first upstream.
    pub(super) fn resolver(&self) -> Option<&'a ResolverEvidence> {
        let dns = &self.e().dns;
        let answered = |one: &&ResolverEvidence| one.a_answer().is_some();
        let asked: Vec<&ResolverEvidence> = dns.deciding().map(|(_, one)| one).collect();
        let first = asked.iter().copied().find(answered).or(asked.first().copied())?;
        if !first.address.ip().is_loopback() {
            return Some(first);
        }
        let upstream = || dns.resolvers.iter().filter(|r| r.role == ResolverRole::StubUpstream);
        Some(upstream().find(answered).or(upstream().next()).unwrap_or(first))
    }

    /// What applications get, in words.
    pub(super) fn gets(&self) -> String {
        let e = self.e();
        let addresses = e.dns.effective();
        if !addresses.is_empty() {
            return text::classed_addresses(&addresses, 3);
        }
        match self.resolver() {
            Some(resolver) => text::question(&resolver.a),
            None => text::system(&e.dns.system),
        }
    }

    /// Whether applications get what this resolver answers.
    pub(super) fn obtained_from(&self, resolver: &ResolverEvidence) -> bool {
        let given = resolver.addresses(&self.e().dns.name);
        let effective = self.e().dns.effective();
        match effective.is_empty() {
            true => given.is_empty(),
            false => effective.iter().any(|address| given.contains(address)),
        }
    }

    /// The entry of the hosts file that applications get.
    pub(super) fn pinned(&self) -> Option<IpAddr> {
        let effective = self.e().dns.effective();
        let lines = &self.e().vantage.hosts.lines;
        lines.iter().map(|line| line.address).find(|address| effective.contains(address))
    }

    /// The team that can change its own cause.
    pub(super) fn owner(&self) -> Option<&'static str> {
        let team = self.report.cause()?.fix.as_ref()?.team();
        TEAMS.into_iter().find(|one| *one == team)
    }

    /// The address that was walked, or the first that was tried in vain.
    pub(super) fn address(&self) -> Option<std::net::SocketAddr> {
        let tcp = self.e().tcp.value()?;
        tcp.walked_attempt().or(tcp.attempts.first()).map(|attempt| attempt.address)
    }

    /// Where its connections come from.
    pub(super) fn source(&self) -> Option<IpAddr> {
        super::rows::towards(self.report)?.source
    }
}

/// Whether two lists of addresses have the same kinds in them: private, public, none.
pub(super) fn same_kind(a: &[IpAddr], b: &[IpAddr]) -> bool {
    let has = |all: &[IpAddr], private: bool| {
        all.iter().any(|address| classify(*address).is_private() == private)
    };
    has(a, true) == has(b, true) && has(a, false) == has(b, false)
}

/// Seconds between the beginnings of two walks.
pub(super) fn apart_s(a: &Report, b: &Report) -> Option<u64> {
    let began = |r: &Report| unix_seconds(&r.evidence.started);
    Some(began(a)?.abs_diff(began(b)?))
}

/// The time between two walks, for people.
pub(super) fn apart(a: &Report, b: &Report) -> String {
    apart_s(a, b).map_or_else(|| "an unknown time".to_owned(), span)
}

/// How far ahead or behind a clock is, for people.
pub(super) fn ahead(seconds: i64) -> String {
    let direction = if seconds < 0 { "behind" } else { "ahead" };
    format!("{} {direction}", span(seconds.unsigned_abs()))
}
