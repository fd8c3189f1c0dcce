//! Addresses: which are connected to, and what is tried where none of them answers.

use std::net::IpAddr;

use super::phases::{Address, Phase};
use super::stalls::Stall;
use super::{Action, ConnectPolicy, Established, Machine, Report};
use crate::evidence::Expect;
use crate::evidence::dns::{SelectedAddress, SystemAnswer};
use crate::evidence::tcp::TcpAttempt;
use crate::walk::experiments::{Subject, Symptom};

/// Where a resolver's answer has more addresses, the walk waits for the order in which `getaddrinfo`
/// gives them to applications: resolvers rotate them, and two walks would try different ones.
const FEW: usize = 16;
/// Addresses of one name that are tried, in order.
const MOST_TRIED: usize = 32;
/// Addresses of one name that experiments examine: a name with many is no reason for more.
const ADDRESSES_EXAMINED: usize = 2;

impl Machine<'_> {
    /// Starts a connection to each address of a resolver's answer that is new.
    pub(super) fn connect_to_answer(&mut self, addresses: &[IpAddr]) {
        let given = self.settings.overriding_resolver.is_some();
        let system_knows_none = self.effective.as_ref().is_some_and(Vec::is_empty);
        if addresses.len() <= FEW || given || system_knows_none {
            self.connect(addresses);
        }
    }

    /// Starts a connection to each address that is new.
    pub(super) fn connect(&mut self, addresses: &[IpAddr]) {
        if !addresses.is_empty() && self.dns.first_address_ms.is_none() {
            self.dns.first_address_ms = Some(self.elapsed_ms());
        }
        // Many addresses of a resolver leave room for those that applications get of them.
        let most = if self.effective.is_some() { MOST_TRIED } else { FEW };
        for address in addresses {
            let wanted = match self.settings.connect {
                ConnectPolicy::Full { .. } | ConnectPolicy::Comparison { public: true } => true,
                ConnectPolicy::Comparison { public: false } => {
                    self.dns.class(*address).is_private()
                }
            };
            if !wanted
                || self.addresses.len() >= most
                || self.addresses.iter().any(|known| known.address == *address)
            {
                continue;
            }
            if self.addresses.is_empty() {
                self.watch(Stall::Connection);
            }
            self.addresses.push(Address::new(*address));
            self.act(Action::Connect { address: *address });
        }
    }

    /// A connection attempt has ended.
    pub(super) fn connected(&mut self, attempt: TcpAttempt, established: Option<Established>) {
        let address = attempt.address.ip();
        if let Some(here) = self.addresses.iter_mut().find(|here| here.address == address) {
            here.attempt = Some(attempt);
            here.phase = match established {
                Some(established) => Phase::Idle { established, arrival: self.arrivals },
                None => Phase::NotConnected,
            };
            self.arrivals += 1;
        }
        if self.selected.is_none() && !self.addresses.iter().any(Address::is_idle) {
            self.no_connection(Symptom::TcpRefused);
        }
    }

    /// Starts experiments at each effective address while none of them accepts a connection; after a
    /// refusal only when all have refused.
    pub(super) fn no_connection(&mut self, symptom: Symptom) {
        let open = self.selected.is_some() || self.addresses.iter().any(Address::is_idle);
        let pending = self.addresses.iter().any(|here| here.attempt.is_none());
        if open || (symptom == Symptom::TcpRefused && pending) {
            return;
        }
        let effective = self.effective.as_deref().unwrap_or_default();
        let subjects: Vec<IpAddr> = self
            .addresses
            .iter()
            .map(|here| here.address)
            .filter(|address| effective.is_empty() || effective.contains(address))
            .take(ADDRESSES_EXAMINED)
            .collect();
        for address in subjects {
            self.experiment(Subject::Address(address), symptom);
        }
        self.suspect_address();
    }

    /// Tries the handshake and the call at other addresses that applications get, once the walk's
    /// own handshake has ended: one of several records may be another resource's.
    pub(super) fn try_other_addresses(&mut self) {
        let (Some(selected), Some(effective)) = (self.selected, &self.effective) else { return };
        if self.addresses[selected].handshake().is_none() {
            return;
        }
        let walked = self.addresses[selected].address;
        let connected = |address: &IpAddr| {
            self.addresses.iter().any(|here| here.address == *address && here.is_connected())
        };
        // What a library that asks any of its nameservers gets from the others comes after them.
        let name = &self.dns.name;
        let any = self.settings.any_nameserver && self.settings.overriding_resolver.is_none();
        let deciding = self.dns.resolvers.iter().filter(|r| any && self.dns.decides(r));
        let mut others: Vec<IpAddr> = Vec::new();
        for address in effective.iter().copied().chain(deciding.flat_map(|r| r.addresses(name))) {
            if address != walked && connected(&address) && !others.contains(&address) {
                others.push(address);
            }
        }
        // That a path is closed is proved by every address of the name, that it is open by one.
        let most = if *self.settings.expect == Expect::Closed { FEW } else { ADDRESSES_EXAMINED };
        others.truncate(most);
        for address in others {
            self.experiment(Subject::Address(address), Symptom::SeveralAddresses);
        }
    }

    /// Asks the resolvers whose answer applications get whether they give this address for any
    /// other name as well.
    pub(super) fn suspect_address(&mut self) {
        self.address_suspect = true;
        let gave: Vec<_> = self
            .dns
            .resolvers
            .iter()
            .filter(|r| self.dns.decides(r) && !r.addresses(&self.dns.name).is_empty())
            .map(|r| r.address)
            .collect();
        let open = self.selected.is_some() || self.addresses.iter().any(Address::is_idle);
        for resolver in gave {
            self.experiment(Subject::Resolver(resolver), Symptom::AddressInDoubt);
            // Another answer of the same resolver may have an address that is alive.
            if !open {
                self.experiment(Subject::Resolver(resolver), Symptom::NotConnected);
            }
        }
    }

    /// The addresses of the walk: those that count first.
    pub(super) fn walked(&self) -> Vec<SelectedAddress> {
        let overridden = self.settings.overriding_resolver.is_some();
        // Where the system gave no word at all, the resolvers' is the best there is.
        let unknown = !matches!(
            self.dns.system.value(),
            Some(SystemAnswer::Addresses { .. } | SystemAnswer::Failed { .. })
        ) && !overridden;
        let effective = self.effective.as_deref().unwrap_or_default();
        let raw = self.dns.resolvers.iter().filter(|r| !overridden && self.dns.decides(r));
        let mut walked: Vec<SelectedAddress> = Vec::new();
        let all = effective
            .iter()
            .map(|a| (*a, true))
            .chain(raw.flat_map(|r| r.addresses(&self.dns.name)).map(|a| (a, unknown)));
        for (address, counts) in all {
            if !walked.iter().any(|w| w.address == address) {
                walked.push(SelectedAddress {
                    address,
                    class: self.dns.class(address),
                    effective: counts,
                });
            }
        }
        walked
    }

    /// Reports that the name is known.
    pub(super) fn report_dns(&mut self) {
        if !self.reported.dns && self.effective.is_some() {
            self.reported.dns = true;
            self.dns.selected = self.walked();
            if matches!(self.settings.connect, ConnectPolicy::Full { .. }) {
                let took = self.dns.first_address_ms.unwrap_or_else(|| self.elapsed_ms());
                self.act(Action::Report(Report::Dns(took)));
            }
        }
    }

    /// Reports that a connection is established, or that no address accepts one.
    pub(super) fn report_tcp(&mut self) {
        let over = self.selected.is_some()
            || (!self.addresses.is_empty()
                && self.addresses.iter().all(|here| here.attempt.is_some()));
        if !self.reported.tcp && over && matches!(self.settings.connect, ConnectPolicy::Full { .. })
        {
            self.reported.tcp = true;
            self.act(Action::Report(Report::Tcp));
        }
    }
}
