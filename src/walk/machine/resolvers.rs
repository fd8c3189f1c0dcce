//! Names: every resolver and the system at once, and what their answers start.

use std::net::{IpAddr, SocketAddr};

use super::stalls::Stall;
use super::{Action, Machine, Question};
use crate::evidence::dns::{
    Answer, Exchange, LateAnswer, Rcode, ResolverEvidence, ResolverRole, SystemAnswer,
};
use crate::evidence::{Expect, Observed, classify};
use crate::walk::experiments::{Subject, Symptom};

impl Machine<'_> {
    /// Sends every question at once.
    pub(super) fn begin(&mut self) {
        for index in 0..self.dns.resolvers.len() {
            if let Some(message) = unreachable_by_name(&self.dns.resolvers[index]) {
                let resolver = &mut self.dns.resolvers[index];
                resolver.a = Observed::NotPossible { message: message.clone() };
                resolver.aaaa = Observed::NotPossible { message: message.clone() };
                resolver.zone_soa = Observed::NotPossible { message };
                continue;
            }
            self.ask(index, Question::A);
            self.ask(index, Question::Aaaa);
            self.watch(Stall::Resolver(index));
        }
        self.act(Action::LookUp);
    }

    fn ask(&mut self, resolver: usize, question: Question) {
        let server = self.dns.resolvers[resolver].address;
        let uses_tcp = self.uses_tcp(&self.dns.resolvers[resolver]);
        self.act(Action::Ask { resolver, server, question, uses_tcp });
    }

    /// Whether the walk asks this resolver over TCP alone, as the C library does.
    pub(in crate::walk) fn uses_tcp(&self, resolver: &ResolverEvidence) -> bool {
        let by_library = matches!(resolver.role, ResolverRole::Configured | ResolverRole::Given);
        by_library && self.settings.uses_tcp
    }

    /// A resolver's answer to the A question is late.
    pub(super) fn no_a_answer(&mut self, index: usize) {
        let resolver = &self.dns.resolvers[index];
        if resolver.a.value().is_none() {
            self.experiment(Subject::Resolver(resolver.address), Symptom::ResolverSilent);
            self.watch(Stall::AnyAnswer(index));
        }
    }

    /// Nothing has come from a resolver, whatever it was asked.
    pub(super) fn no_answer_at_all(&mut self, index: usize) {
        let resolver = &self.dns.resolvers[index];
        let answered = |exchange: &Exchange| exchange.answer().is_some();
        let any = resolver.a.value().is_some()
            || resolver.aaaa.value().is_some_and(answered)
            || self
                .experiments
                .questions
                .iter()
                .any(|tried| tried.resolver == resolver.address && answered(&tried.exchange));
        if !any {
            self.experiment(Subject::Resolver(resolver.address), Symptom::UdpSilent);
        }
    }

    /// Keeps a second answer to a question, and asks the resolver over TCP which one is its own.
    pub(super) fn answered_again(
        &mut self,
        resolver: usize,
        question: Question,
        answer: LateAnswer,
    ) {
        let entry = &mut self.dns.resolvers[resolver];
        let address = entry.address;
        let asked = if question == Question::A { &mut entry.a } else { &mut entry.aaaa };
        if let Observed::Done { value, .. } = asked {
            value.late.push(answer);
            self.experiment(Subject::Resolver(address), Symptom::TwoAnswers);
        }
    }

    /// A question to a resolver has ended.
    pub(super) fn answered(
        &mut self,
        resolver: usize,
        question: Question,
        seen: Observed<Exchange>,
    ) {
        let entry = &mut self.dns.resolvers[resolver];
        match question {
            Question::A => entry.a = seen,
            Question::Aaaa => entry.aaaa = seen,
            Question::ZoneSoa => {
                entry.zone_soa = seen;
                return;
            }
        }
        self.ask_zones();
        if question == Question::A {
            self.look_into_failure(resolver);
        }
        self.compare_types(resolver);
        self.compare_with_system();
        self.look_into_system();
        // The system's answer may have come first, and led nowhere.
        if self.address_suspect {
            self.suspect_address();
        }
        let entry = &self.dns.resolvers[resolver];
        if !self.dns.decides(entry) {
            return;
        }
        let found = entry.addresses(&self.dns.name);
        let waits = !found.is_empty() && self.dns.system.value().is_none();
        // The answer of `--resolver` overrides others, as soon as it has an address.
        let complete = entry.a.value().is_some() && entry.aaaa.value().is_some();
        if self.settings.overriding_resolver.is_some() && (complete || !found.is_empty()) {
            self.effective = Some(found.clone());
        }
        self.connect_to_answer(&found);
        // The system is late by an address that is known.
        if waits {
            self.watch(Stall::System);
        }
    }

    /// Asks for the SOA of the private zone wherever it would show something, once each.
    fn ask_zones(&mut self) {
        let expected = self.dns.private_endpoint_seen()
            || matches!(self.settings.expect, Expect::Private | Expect::Cidr { .. });
        for index in 0..self.dns.resolvers.len() {
            if !self.zones_asked.contains(&index)
                && self.zone_is_in_doubt(&self.dns.resolvers[index], expected)
            {
                self.zones_asked.push(index);
                self.ask(index, Question::ZoneSoa);
                let unwanted =
                    matches!(self.settings.expect, Expect::Public | Expect::Closed | Expect::Any);
                if !unwanted || self.dns.resolvers[index].addresses(&self.dns.name).is_empty() {
                    let address = self.dns.resolvers[index].address;
                    self.experiment(Subject::Resolver(address), Symptom::NameInDoubt);
                }
            }
        }
    }

    /// Starts the experiments on a resolver that answers with an error.
    fn look_into_failure(&mut self, resolver: usize) {
        let seen = &self.dns.resolvers[resolver];
        let failed = seen.a_answer().is_some_and(|a| !a.rcode.is_answer());
        if failed {
            let address = seen.address;
            self.experiment(Subject::Resolver(address), Symptom::ResolverFails);
        }
    }

    /// Starts the experiments on a resolver whose answers to A and AAAA contradict each other.
    fn compare_types(&mut self, resolver: usize) {
        let seen = &self.dns.resolvers[resolver];
        if seen.contradiction(&self.dns.name).is_some() {
            let address = seen.address;
            self.experiment(Subject::Resolver(address), Symptom::AnswersContradict);
        }
        let seen = &self.dns.resolvers[resolver];
        if seen.a_answer().is_some_and(Answer::is_expired) {
            let address = seen.address;
            self.experiment(Subject::Resolver(address), Symptom::AnswerExpired);
        }
    }

    /// Whether applications get what the resolvers gave, as soon as both are known; starts the
    /// experiments where they do not.
    fn compare_with_system(&mut self) {
        let configured: Vec<&ResolverEvidence> = self
            .dns
            .resolvers
            .iter()
            .filter(|r| matches!(r.role, ResolverRole::Configured | ResolverRole::Assumed))
            .collect();
        let complete = configured.iter().all(|r| r.a.value().is_some() && r.aaaa.value().is_some());
        let system = self.dns.system_addresses();
        if !complete || system.is_empty() || self.settings.overriding_resolver.is_some() {
            return;
        }
        let given: Vec<IpAddr> =
            configured.iter().flat_map(|r| r.addresses(&self.dns.name)).collect();
        let pinned = self.settings.pinned.iter().any(|address| system.contains(address));
        let bare = |a: &IpAddr| self.dns.made_from(*a).map_or(*a, IpAddr::V4);
        let agree = system.iter().any(|a| given.iter().any(|b| bare(a) == bare(b)));
        // Traffic managers turn public addresses.
        let public = |all: &[IpAddr]| all.iter().all(|a| self.dns.class(*a).is_public());
        if agree || pinned || (!given.is_empty() && public(&given) && public(system)) {
            return;
        }
        let asked: Vec<_> =
            configured.iter().filter(|r| r.a_answer().is_some()).map(|r| r.address).collect();
        for address in asked {
            self.experiment(Subject::Resolver(address), Symptom::SystemDiffers);
        }
    }

    /// Starts the experiments on the resolvers that give an address where the system has none.
    pub(super) fn look_into_system(&mut self) {
        let lacks = match self.dns.system.value() {
            Some(SystemAnswer::Addresses { addresses }) => addresses.is_empty(),
            Some(SystemAnswer::Failed { .. }) => true,
            Some(SystemAnswer::Stalled) | None => self.system_late,
        };
        if !lacks || self.settings.uses_tcp || self.settings.overriding_resolver.is_some() {
            return;
        }
        let answering: Vec<SocketAddr> = self
            .dns
            .resolvers
            .iter()
            .filter(|r| matches!(r.role, ResolverRole::Configured | ResolverRole::Assumed))
            .filter(|r| !r.addresses(&self.dns.name).is_empty())
            .map(|r| r.address)
            .collect();
        for address in answering {
            self.experiment(Subject::Resolver(address), Symptom::SystemFails);
        }
    }

    /// Whether a resolver gave no private address although there should be one, or no name.
    fn zone_is_in_doubt(&self, resolver: &ResolverEvidence, expected: bool) -> bool {
        let Some(answer) = resolver.a_answer() else { return false };
        let addresses = answer.chain(&self.dns.name).addresses;
        let none = answer.rcode.is_answer()
            && resolver.aaaa.value().is_some()
            && resolver.addresses(&self.dns.name).is_empty();
        self.settings.target.seen.private_zone.is_some()
            && !addresses.iter().any(|a| classify(*a).is_private())
            && (expected || none || answer.rcode == Rcode::NxDomain)
    }

    /// `getaddrinfo` has ended.
    pub(super) fn system_answered(&mut self, seen: Observed<SystemAnswer>) {
        self.dns.system = seen;
        self.stalls.forget_system();
        self.compare_with_system();
        self.look_into_system();
        if self.settings.overriding_resolver.is_some() {
            return;
        }
        match self.dns.system.value() {
            Some(SystemAnswer::Addresses { addresses }) => {
                let addresses = addresses.clone();
                self.effective = Some(addresses.clone());
                self.connect(&addresses);
            }
            _ => {
                self.effective = Some(Vec::new());
                // What was held back for it is all there is.
                for resolver in 0..self.dns.resolvers.len() {
                    let entry = &self.dns.resolvers[resolver];
                    if matches!(entry.role, ResolverRole::Configured | ResolverRole::Assumed) {
                        self.connect(&entry.addresses(&self.dns.name));
                    }
                }
            }
        }
    }
}

/// Why a resolver at a link-local address cannot be asked: its interface has no number here, and
/// without one the kernel sends nothing.
fn unreachable_by_name(resolver: &ResolverEvidence) -> Option<String> {
    let SocketAddr::V6(v6) = resolver.address else { return None };
    let interface = resolver.scope.as_ref().filter(|_| v6.scope_id() == 0)?;
    Some(format!("this machine shows no interface {interface}"))
}
