//! Names: every resolver and the system at once, and what their answers start.

use std::net::IpAddr;

use super::{Connect, Event, State, Waiting};
use crate::evidence::address::embedded_ipv4;
use crate::evidence::dns::{
    Exchange, LateAnswer, ResolverRole, ResolverSeen, SystemAnswer, WalkedAddress,
};
use crate::evidence::{Expect, Observed, classify};
use crate::walk::Finished;
use crate::walk::experiments::{Subject, Symptom};
use crate::walk::steps::system_answer;
use crate::walk::vantage::hosts as pins;
use crate::wire::connect;
use crate::wire::dns::{self, Kind, Listener};

/// A resolver's answer of more addresses is not tried before `getaddrinfo` says in which order
/// applications meet them: the resolver turns them, and two walks would try others.
const FEW: usize = 16;
/// Addresses of one name that are tried, in order.
const MOST_TRIED: usize = 32;

impl<'a, 'c> State<'a, 'c> {
    /// Sends every question at once.
    pub(super) fn ask(&mut self) {
        for index in 0..self.dns.resolvers.len() {
            let resolver = self.dns.resolvers[index].address;
            self.tickets.push(self.context.world.tally.as_ref().map(|all| all.asks(resolver)));
            self.question(index, Kind::A);
            self.question(index, Kind::Aaaa);
            self.wait(Waiting::Resolver(index));
        }
        let context = self.context;
        self.events.push(Box::pin(async move {
            Event::System(system_answer(context, &context.target.seen.host).await)
        }));
    }

    /// A resolver's answer to the A question is late.
    pub(super) fn resolver_is_silent(&mut self, index: usize) {
        let resolver = &self.dns.resolvers[index];
        if resolver.a.saw().is_none() {
            self.experiment(Subject::Resolver(resolver.address), Symptom::ResolverSilent);
            self.wait(Waiting::AnyAnswer(index));
        }
    }

    /// Nothing has come from a resolver, whatever it was asked.
    pub(super) fn resolver_is_mute(&mut self, index: usize) {
        let resolver = &self.dns.resolvers[index];
        let answered = |exchange: &Exchange| exchange.answer().is_some();
        let any = resolver.a.saw().is_some()
            || resolver.aaaa.saw().is_some_and(answered)
            || self
                .experiments
                .questions
                .iter()
                .any(|tried| tried.resolver == resolver.address && answered(&tried.exchange));
        if !any {
            self.experiment(Subject::Resolver(resolver.address), Symptom::UdpSilent);
        }
    }

    fn question(&self, resolver: usize, kind: Kind) {
        let context = self.context;
        let server = self.dns.resolvers[resolver].address;
        let over_tcp = self.asks_over_tcp(&self.dns.resolvers[resolver]);
        let name = match kind {
            Kind::A | Kind::Aaaa => context.target.seen.host.clone(),
            Kind::Soa | Kind::Ns => context.target.seen.private_zone.clone().unwrap_or_default(),
        };
        match kind {
            // The applications' own questions: a healthy walk waits for nothing.
            Kind::A | Kind::Aaaa => context.pace.asked(server),
            Kind::Soa | Kind::Ns => {}
        }
        self.events.push(Box::pin(async move {
            if matches!(kind, Kind::Soa | Kind::Ns) {
                context.pace.turn(server, context.left()).await;
            }
            let started_ms = context.elapsed_ms();
            let (saw, listener) = match over_tcp {
                false => dns::exchange(server, &name, kind, context.left()).await,
                true => (dns::over_tcp(server, &name, kind, context.left()).await, None),
            };
            let took_ms = context.elapsed_ms() - started_ms;
            let seen = Observed::Ran { started_ms, took_ms, saw };
            Event::Answer { resolver, kind, seen, listener }
        }));
    }

    /// Whether the C library asks this resolver over TCP from the start (`options use-vc`): what
    /// UDP would give is then no matter to applications.
    pub(super) fn asks_over_tcp(&self, resolver: &ResolverSeen) -> bool {
        matches!(resolver.role, ResolverRole::Configured | ResolverRole::Given)
            && self.context.world.resolver_config.options.iter().any(|option| option == "use-vc")
    }

    /// Goes on listening for a second answer to a question, for as long as the walk lasts.
    pub(super) fn listen(&self, resolver: usize, kind: Kind, mut listener: Listener) {
        self.late.push(Box::pin(async move {
            let answer = listener.next().await;
            Event::Late { resolver, kind, answer, listener }
        }));
    }

    /// Keeps a second answer to a question, and asks the resolver over TCP which one is its own.
    pub(super) fn answered_again(&mut self, resolver: usize, kind: Kind, answer: LateAnswer) {
        let entry = &mut self.dns.resolvers[resolver];
        let address = entry.address;
        let asked = if kind == Kind::A { &mut entry.a } else { &mut entry.aaaa };
        if let Observed::Ran { saw, .. } = asked {
            saw.late.push(answer);
            self.experiment(Subject::Resolver(address), Symptom::TwoAnswers);
        }
    }

    pub(super) fn answered(&mut self, resolver: usize, kind: Kind, seen: Observed<Exchange>) {
        let name = self.dns.name.clone();
        let entry = &mut self.dns.resolvers[resolver];
        let heard = seen.saw().is_some_and(|exchange| exchange.answer().is_some());
        if heard {
            self.context.pace.heard(entry.address);
        }
        if let (Some(tally), Some(Some(ticket))) =
            (&self.context.world.tally, self.tickets.get(resolver))
            && heard
        {
            tally.answered(entry.address, *ticket);
        }
        match kind {
            Kind::A => entry.a = seen,
            Kind::Aaaa => entry.aaaa = seen,
            // Only experiments ask for name servers.
            Kind::Soa | Kind::Ns => {
                entry.zone_soa = seen;
                return;
            }
        }
        self.ask_zones();
        self.look_into(resolver, kind);
        // The system's answer may have come first, and led nowhere.
        if self.in_doubt {
            self.address_is_in_doubt();
        }
        let entry = &self.dns.resolvers[resolver];
        let given = self.context.asked_resolver();
        let decides = match given {
            Some(first) => entry.address == first,
            None => matches!(entry.role, ResolverRole::Configured | ResolverRole::Assumed),
        };
        if !decides {
            return;
        }
        let found = entry.addresses(&name);
        // `--resolver` names the answer that counts, as soon as it gives an address.
        let complete = entry.a.saw().is_some() && entry.aaaa.saw().is_some();
        if given.is_some() && (complete || !found.is_empty()) {
            self.counting = Some(found.clone());
        }
        self.use_answer(&found);
    }

    /// Asks for the SOA of the private zone wherever it would tell something, once each.
    fn ask_zones(&mut self) {
        let expected = self.dns.private_endpoint_seen()
            || matches!(self.context.plan.expect, Expect::Private | Expect::Cidr { .. });
        for index in 0..self.dns.resolvers.len() {
            if !self.zones_asked.contains(&index)
                && self.zone_is_in_doubt(&self.dns.resolvers[index], expected)
            {
                self.zones_asked.push(index);
                self.question(index, Kind::Soa);
                let unwanted = matches!(
                    self.context.plan.expect,
                    Expect::Public | Expect::Closed | Expect::Any
                );
                if !unwanted || self.dns.resolvers[index].addresses(&self.dns.name).is_empty() {
                    let address = self.dns.resolvers[index].address;
                    self.experiment(Subject::Resolver(address), Symptom::NameInDoubt);
                }
            }
        }
    }

    /// Starts the experiments on a resolver that answers with an error, and on a system that
    /// gives something else than the resolvers.
    fn look_into(&mut self, resolver: usize, kind: Kind) {
        let seen = &self.dns.resolvers[resolver];
        let failed = kind == Kind::A
            && seen.a_answer().is_some_and(|a| !matches!(a.rcode.as_str(), "NOERROR" | "NXDOMAIN"));
        if failed {
            let address = seen.address;
            self.experiment(Subject::Resolver(address), Symptom::ResolverFails);
        }
        self.compare_with_system();
    }

    /// Whether applications get what the resolvers gave, as soon as both are known.
    fn compare_with_system(&mut self) {
        let configured: Vec<&ResolverSeen> = self
            .dns
            .resolvers
            .iter()
            .filter(|r| matches!(r.role, ResolverRole::Configured | ResolverRole::Assumed))
            .collect();
        let complete = configured.iter().all(|r| r.a.saw().is_some() && r.aaaa.saw().is_some());
        let system = self.dns.system_addresses();
        if !complete || system.is_empty() || self.context.asked_resolver().is_some() {
            return;
        }
        let given: Vec<IpAddr> =
            configured.iter().flat_map(|r| r.addresses(&self.dns.name)).collect();
        let pinned = pins(&self.context.world.hosts, &[&self.dns.name])
            .lines
            .iter()
            .any(|line| system.contains(&line.address));
        let bare = |a: &IpAddr| embedded_ipv4(*a).map_or(*a, IpAddr::V4);
        let agree = system.iter().any(|a| given.iter().any(|b| bare(a) == bare(b)));
        // Traffic managers turn public addresses.
        let public = |all: &[IpAddr]| all.iter().all(|a| classify(*a).is_public());
        if agree || pinned || (!given.is_empty() && public(&given) && public(system)) {
            return;
        }
        let asked: Vec<_> =
            configured.iter().filter(|r| r.a_answer().is_some()).map(|r| r.address).collect();
        for address in asked {
            self.experiment(Subject::Resolver(address), Symptom::SystemDiffers);
        }
    }

    /// Whether a resolver gave no private address although there should be one, or no name.
    fn zone_is_in_doubt(&self, resolver: &ResolverSeen, expected: bool) -> bool {
        let Some(answer) = resolver.a_answer() else { return false };
        let addresses = answer.chain(&self.dns.name).addresses;
        self.context.target.seen.private_zone.is_some()
            && !addresses.iter().any(|a| classify(*a).is_private())
            && (expected || answer.rcode == "NXDOMAIN")
    }

    pub(super) fn system_answered(&mut self, seen: Observed<SystemAnswer>) {
        self.dns.system = seen;
        self.compare_with_system();
        if self.context.asked_resolver().is_some() {
            return;
        }
        match self.dns.system.saw() {
            Some(SystemAnswer::Addresses { addresses }) => {
                let addresses = addresses.clone();
                self.counting = Some(addresses.clone());
                self.use_addresses(&addresses);
            }
            _ => {
                self.counting = Some(Vec::new());
                // What was held back for it is all there is.
                for resolver in 0..self.dns.resolvers.len() {
                    let entry = &self.dns.resolvers[resolver];
                    if matches!(entry.role, ResolverRole::Configured | ResolverRole::Assumed) {
                        self.use_addresses(&entry.addresses(&self.dns.name));
                    }
                }
            }
        }
    }

    /// Starts a connection to each address of a resolver's answer that is new.
    fn use_answer(&mut self, addresses: &[IpAddr]) {
        let given = self.context.asked_resolver().is_some();
        let system_knows_none = self.counting.as_ref().is_some_and(Vec::is_empty);
        if addresses.len() <= FEW || given || system_knows_none {
            self.use_addresses(addresses);
        }
    }

    /// Starts a connection to each address that is new.
    fn use_addresses(&mut self, addresses: &[IpAddr]) {
        let context = self.context;
        if !addresses.is_empty() && self.dns.first_address_ms.is_none() {
            self.dns.first_address_ms = Some(context.elapsed_ms());
        }
        // Many addresses of a resolver leave room for those that applications get of them.
        let most = if self.counting.is_some() { MOST_TRIED } else { FEW };
        for address in addresses {
            let wanted = match self.connect {
                Connect::Always { .. } | Connect::Beside { public: true } => true,
                Connect::Beside { public: false } => classify(*address).is_private(),
            };
            if !wanted
                || self.attempts.len() >= most
                || self.attempts.iter().any(|(a, _)| a == address)
            {
                continue;
            }
            if self.attempts.is_empty() {
                self.wait(Waiting::Connection);
            }
            self.attempts.push((*address, None));
            let address = *address;
            let (logical, to) = context.detour(address);
            self.events.push(match context.errand {
                None => Box::pin(async move {
                    // Its time begins with its turn.
                    let connecting = async {
                        connect::connect(logical, to, None, context.since, context.left()).await
                    };
                    let (attempt, connection) = match &context.world.turns {
                        Some(turns) => turns.during(to.ip(), connecting).await,
                        None => connecting.await,
                    };
                    Event::Connected { address, attempt, connection }
                }),
                Some(slot) => {
                    let connecting =
                        connect::connect(logical, to, None, context.since, context.left());
                    let told = slot.outlives(connecting);
                    Box::pin(async move {
                        match told.await {
                            Ok((attempt, connection)) => {
                                Event::Connected { address, attempt, connection }
                            }
                            // Its task never ends without a word.
                            Err(_) => std::future::pending().await,
                        }
                    })
                }
            });
        }
    }

    pub(super) fn tell_dns(&mut self) {
        if !self.dns_told && self.counting.is_some() {
            self.dns_told = true;
            self.dns.walked = self.walked();
            if matches!(self.connect, Connect::Always { .. }) {
                let took = self.dns.first_address_ms.unwrap_or_else(|| self.context.elapsed_ms());
                (self.context.observe)(Finished::Dns(&self.dns, took));
            }
        }
    }

    /// The addresses of the walk: those that count first.
    pub(super) fn walked(&self) -> Vec<WalkedAddress> {
        // Where the system gave no word at all, the resolvers' is the best there is.
        let unknown = !matches!(
            self.dns.system.saw(),
            Some(SystemAnswer::Addresses { .. } | SystemAnswer::Failed { .. })
        ) && self.context.asked_resolver().is_none();
        let counting = self.counting.as_deref().unwrap_or_default();
        let raw = self.dns.resolvers.iter().enumerate().filter(|(_, r)| {
            matches!(r.role, ResolverRole::Configured | ResolverRole::Assumed)
                && self.context.asked_resolver().is_none()
        });
        let mut walked: Vec<WalkedAddress> = Vec::new();
        let all = counting
            .iter()
            .map(|a| (*a, true))
            .chain(raw.flat_map(|(_, r)| r.addresses(&self.dns.name)).map(|a| (a, unknown)));
        for (address, counts) in all {
            if !walked.iter().any(|w| w.address == address) {
                walked.push(WalkedAddress { address, class: classify(address), counts });
            }
        }
        walked
    }
}
