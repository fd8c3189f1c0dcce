//! What the walk met, as far as Resource Manager can say something of it.

use std::net::IpAddr;

use crate::evidence::dns::{DnsOutcome, Exchange, is_privatelink};
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::TokenOutcome;
use crate::evidence::tcp::{TcpAttempt, TcpHop, TcpOutcome};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Evidence, Observed, SkipReason, classify};
use crate::services::{self, Kind, Match};

/// Addresses whose owners are asked for, at most.
const ADDRESSES: usize = 24;
/// Names whose zones and records are asked for, at most.
const NAMES: usize = 16;

/// What the walk met.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// The account's name, by the target or by an alias of it.
    pub(super) account: Option<AccountName>,
    /// Names that have a record in a private zone, if there is one; those of the target first.
    pub(super) names: Vec<String>,
    /// Private addresses that an answer gives the target, or that were connected to.
    pub(super) targets: Vec<IpAddr>,
    /// All private addresses: those, this machine's own, resolvers.
    pub(super) addresses: Vec<IpAddr>,
    /// This machine's own private addresses.
    pub(super) own: Vec<IpAddr>,
    /// This machine's host name, without its domain.
    pub(super) machine: String,
    /// Addresses of resolvers that are asked, except public ones.
    pub(super) resolvers: Vec<IpAddr>,
    /// Those of them that did not answer.
    pub(super) silent_resolvers: Vec<IpAddr>,
    /// `oid` of the token that the target is called with.
    pub(super) principal: Option<String>,
    /// Whether this machine may be in Azure.
    pub(super) may_be_in_azure: bool,
    /// What the walk leaves open.
    pub(super) open: Open,
}

/// What the walk leaves open.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// Applications get no address, or not a private one.
    pub(super) dns: bool,
    /// Applications get no address.
    pub(super) unresolved: bool,
    /// A private address, or the identity provider, took no connection.
    pub(super) tcp: bool,
    /// A call was refused.
    pub(super) access: bool,
    /// A deployment was named or not found, or calls are limited.
    pub(super) deployments: bool,
    /// Anything.
    pub(super) any: bool,
}

/// How an account is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountName {
    /// The first label of its host: its custom subdomain.
    pub(super) label: String,
    /// Its public host name.
    pub(super) host: String,
    /// Whether it is a region's host, which accounts without a custom subdomain share.
    pub(super) regional: bool,
}

impl Met {
    /// What a walk met; the one to the original name of a privatelink name belongs to it.
    #[must_use]
    pub(super) fn of(evidence: &Evidence) -> Self {
        let walks: Vec<&Evidence> =
            [Some(evidence), evidence.original.as_deref()].into_iter().flatten().collect();
        let mut hosts = vec![evidence.target.host.to_ascii_lowercase()];
        for walk in &walks {
            for resolver in &walk.dns.resolvers {
                push_all(&mut hosts, resolver.aliases(&walk.dns.name));
            }
        }
        let account = hosts.iter().find_map(|host| account_name(host));
        let mut met = Self {
            names: names(&hosts, account.as_ref()),
            account,
            machine: evidence.vantage.host.split('.').next().unwrap_or_default().to_owned(),
            principal: evidence.identity.claims.as_ref().and_then(|claims| claims.object.clone()),
            may_be_in_azure: evidence.vantage.azure.answer != Some(false),
            open: open(evidence),
            ..Self::default()
        };
        for walk in walks {
            met.add_addresses(walk);
        }
        met
    }

    fn add_addresses(&mut self, walk: &Evidence) {
        let attempts = || attempts(walk);
        let sources = walk.vantage.sources.iter().filter_map(|towards| towards.source);
        push_private(&mut self.own, sources.chain(attempts().filter_map(|a| a.source)));
        let config = &walk.vantage.resolver_config;
        let configured = config.nameservers.iter().filter_map(|server| server.parse().ok());
        let upstreams = config.stub.iter().flat_map(|stub| stub.upstreams.iter().copied());
        let asked = walk.dns.resolvers.iter().map(|resolver| resolver.address.ip());
        let resolvers = asked.chain(configured).chain(upstreams);
        push_all(&mut self.resolvers, resolvers.filter(|one| !classify(*one).is_public()));
        self.resolvers.truncate(ADDRESSES);
        let silent = walk
            .dns
            .resolvers
            .iter()
            .filter(|resolver| [&resolver.a, &resolver.aaaa].into_iter().any(unanswered));
        push_all(&mut self.silent_resolvers, silent.map(|resolver| resolver.address.ip()));
        let answers = walk.dns.resolvers.iter().flat_map(|r| r.addresses(&walk.dns.name));
        let system = walk.dns.system_addresses().iter().copied();
        let selected = walk.dns.selected.iter().map(|selected| selected.address);
        let connected = attempts().flat_map(|a| [a.address.ip(), a.connected_to().ip()]);
        let pinned = walk.vantage.hosts.lines.iter().map(|line| line.address);
        let all = system.chain(selected).chain(connected).chain(answers).chain(pinned);
        push_private(&mut self.targets, all);
        push_private(&mut self.addresses, self.targets.iter().copied());
        push_private(&mut self.addresses, self.own.iter().copied());
        // The few that no interface can have are one more word of the same query.
        push_all(&mut self.addresses, self.resolvers.iter().copied());
        self.addresses.truncate(ADDRESSES);
    }

    /// The addresses at both ends.
    pub(super) fn ends(&self) -> Vec<IpAddr> {
        self.own.iter().chain(&self.targets).copied().collect()
    }

    /// Learns the name of an account that was given by its id.
    pub(super) fn learn(&mut self, name: AccountName) {
        if self.account.is_none() {
            push_all(&mut self.names, names(&[], Some(&name)));
            self.account = Some(name);
        }
    }

    /// The names of the zones that can hold one of the names, or a name near to it: the names
    /// themselves and their parents, down to two labels.
    #[must_use]
    pub(super) fn zones(&self) -> Vec<String> {
        let mut zones = Vec::new();
        for name in &self.names {
            let mut zone = name.as_str();
            while zone.contains('.') {
                push_all(&mut zones, [zone.to_owned()]);
                zone = zone.split_once('.').map_or("", |(_, parent)| parent);
            }
        }
        zones
    }

    /// Whether a zone can only have the account's names of other services: they matter where
    /// something is at fault.
    pub(super) fn is_sibling(&self, zone: &str) -> bool {
        let Some(own) = &self.account else { return false };
        let there = account_name(&format!("{}.{zone}", own.label));
        there.is_some_and(|there| there.label == own.label && there.host != own.host)
    }

    /// The name of the record set that one of the names has in a zone; `@` for the zone's own name.
    #[must_use]
    pub(super) fn record_in(&self, zone: &str) -> Option<&str> {
        self.names.iter().find_map(|name| match name.strip_suffix(zone)? {
            "" => Some("@"),
            before => before.strip_suffix('.'),
        })
    }
}

/// The account of a host name, public or in a privatelink zone.
pub(super) fn account_name(host: &str) -> Option<AccountName> {
    let found = services::find_privatelink(host).or_else(|| services::find(host))?;
    let Match { service, suffix, prefix, .. } = found;
    let host = format!("{prefix}.{suffix}");
    let regional = service.kind == Kind::Regional;
    let is_account = service.is_account();
    let one_label = !prefix.is_empty() && !prefix.contains('.');
    (is_account && one_label).then_some(AccountName { label: prefix, host, regional })
}

/// The names under which private zones can have the target: its own, those in privatelink zones,
/// and those of the other services that an account has names in (fact D4).
fn names(hosts: &[String], account: Option<&AccountName>) -> Vec<String> {
    let mut names = Vec::new();
    let own = hosts.first().into_iter().cloned();
    let aliases = hosts.iter().filter(|host| is_privatelink(host)).cloned();
    push_all(&mut names, own.chain(aliases));
    let mut publics: Vec<String> = hosts.first().into_iter().cloned().collect();
    if let Some(account) = account.filter(|account| !account.regional) {
        push_all(&mut publics, account_hosts(account));
    }
    for public in publics {
        let private = services::find(&public).and_then(|found| found.private_name());
        push_all(&mut names, private.into_iter().chain([public]));
    }
    names.retain(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)));
    names.truncate(NAMES);
    names
}

/// The public names of an account: that of its service, then those of the others in its cloud.
fn account_hosts(account: &AccountName) -> Vec<String> {
    let suffix = account.host.split_once('.').map_or("", |(_, suffix)| suffix);
    let others = services::other_names(suffix).map(|other| format!("{}.{other}", account.label));
    [account.host.clone()].into_iter().chain(others).collect()
}

fn open(evidence: &Evidence) -> Open {
    let effective = evidence.dns.effective();
    let dns = effective.is_empty() || !effective.iter().all(|a| classify(*a).is_private());
    let refused = |attempt: &TcpAttempt| {
        let to = [attempt.address.ip(), attempt.connected_to().ip()];
        attempt.outcome != TcpOutcome::Connected && to.iter().any(|to| classify(*to).is_private())
    };
    let no_token = evidence
        .identity
        .acquisition
        .as_ref()
        .is_some_and(|acquisition| matches!(acquisition.outcome, TokenOutcome::NotAnswered));
    let calls = evidence.http.value().map_or(&[][..], |http| &http.calls);
    let statuses = || calls.iter().filter_map(|call| Some(call.answer()?.status));
    let answered = |outcome: &HttpOutcome| matches!(outcome, HttpOutcome::Answered { answer } if answer.status < 400);
    let works = match &evidence.http {
        Observed::NotAsked { reason: SkipReason::ServiceHasNoCall } => {
            evidence.tls.value().is_some_and(|tls| tls.outcome == TlsOutcome::Verified)
        }
        _ => !calls.is_empty() && calls.iter().all(|call| answered(&call.outcome)),
    };
    Open {
        dns,
        unresolved: effective.is_empty(),
        tcp: no_token || attempts(evidence).any(refused),
        access: statuses().any(|status| matches!(status, 401 | 403)),
        deployments: evidence.options.deployment.is_some()
            || statuses().any(|status| matches!(status, 404 | 429)),
        any: dns || !works,
    }
}

fn attempts(walk: &Evidence) -> impl Iterator<Item = &TcpAttempt> {
    let direct = walk.direct.value().and_then(|direct| direct.tcp.value());
    let hops: [Option<&TcpHop>; 2] = [walk.tcp.value(), direct];
    hops.into_iter().flatten().flat_map(|hop| &hop.attempts)
}

fn unanswered(asked: &Observed<Exchange>) -> bool {
    asked.value().is_some_and(|exchange| {
        use DnsOutcome::{PortRefused, TimedOut, Unreachable};
        matches!(exchange.outcome, TimedOut | PortRefused | Unreachable { .. })
    })
}

/// Adds what is not there yet.
pub(super) fn push_all<T: PartialEq>(all: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

fn push_private(all: &mut Vec<IpAddr>, more: impl IntoIterator<Item = IpAddr>) {
    push_all(all, more.into_iter().filter(|address| classify(*address).is_private()));
    all.truncate(ADDRESSES);
}
