//! What a resolver is in Azure, and what its configuration there explains.

use std::net::IpAddr;

use crate::diagnose::azure::zone_steps::place;
use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::reading::{self, word};
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::dns::Server;
use crate::diagnose::view::azure::needs::missing;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::Forwarded;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnosis::{Effect, Step};
use crate::evidence::azure::{Firewall, InboundEndpoint, ResourceId};

use super::links::domain;
use super::{by_origin, named, not_placed, not_seen, open, who};

/// A resolver that does not answer: a stopped machine, a firewall whose DNS proxy is off, an inbound
/// endpoint.
pub(super) fn silent(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let fails = |r: &&ResolverView<'_>| r.outcome.addresses().is_empty() && !r.outcome.is_answer();
    let r = e.dns.deciding().into_iter().find(fails)?;
    let (label, address) = (r.label(), r.seen.address.ip());
    let all = azure.servers_at(address);
    let [server] = all.as_slice() else {
        return match all.is_empty() {
            true => not_seen(azure, &label),
            false => Some(Ruling::Notes(Proof::default().fact(format!(
                "{label} may be {}: networks with the same addresses",
                all.iter().map(Server::noun).collect::<Vec<_>>().join(" or ")
            )))),
        };
    };
    let proof =
        Proof::default().fact(format!("{label} is {}", server.noun())).cites(server.pointer());
    match server {
        Server::Machine(interface) => {
            let id = interface.machine.as_ref()?;
            let machine = azure.machines.iter().find(|one| one.id == *id);
            let state = machine.and_then(|one| one.power_state.as_deref());
            let ruling = stopped(proof, &label, id, state);
            Some(if_it_answers(azure, server, address, ruling))
        }
        Server::Firewall(firewall) => {
            Some(if_it_answers(azure, server, address, proxy(proof, &label, firewall)))
        }
        Server::Inbound(endpoint) => Some(inbound(proof, &label, endpoint)),
        Server::AzureDns => None,
    }
}

/// A proof stands where this server certainly is the one at the address: other networks may have the
/// same address, and then nothing is to be changed at this one.
fn if_it_answers(
    azure: &AzureView<'_>,
    server: &Server<'_>,
    address: IpAddr,
    ruling: Ruling,
) -> Ruling {
    match ruling {
        Ruling::Proves(mut proof) if !azure.answers_here(server, address) => {
            proof.steps.retain(|step| step.effect == Effect::ReadOnly);
            Ruling::Suggests(Proof { headline: None, owner: None, ..proof }.reasoning(format!(
                "it is not certain that {address} is this one: its network is not known to be \
                 this machine's or connected to it, or Azure's own answer about it was not read"
            )))
        }
        other => other,
    }
}

fn stopped(proof: Proof, label: &str, id: &ResourceId, state: Option<&str>) -> Ruling {
    let Some(state) = state else { return Ruling::Notes(proof) };
    let name = id.name();
    let see = Step::inspect(format!("see the state of {name}")).command(format!(
        "az vm get-instance-view {} -n {} --query \
         \"instanceView.statuses[].displayStatus\" -o tsv",
        place(id),
        word(name)
    ));
    if state.eq_ignore_ascii_case("running") {
        return Ruling::Notes(
            proof
                .fact(format!("{} is running", named(id)))
                .ruled_out("a resolver whose machine is stopped"),
        );
    }
    Ruling::Proves(
        proof
            .headline(
                Clause::from(format!("{label} is {name}, which is {state}"))
                    .or(format!("the resolver's machine is {state}")),
            )
            .fact(format!("{} is {state}", named(id)))
            .reasoning(format!("a machine that is {state} answers no question"))
            .cites("/estate/machines")
            .owner("DNS")
            .step(see)
            .step(
                Step::shared(
                    format!("start {name}; first find out who stopped it and why"),
                    format!("every client of {label}; the machine is billed while it runs"),
                )
                .command(format!("az vm start {} -n {}", place(id), word(name)))
                .undo(format!("az vm deallocate {} -n {}", place(id), word(name))),
            ),
    )
}

fn proxy(proof: Proof, label: &str, firewall: &Firewall) -> Ruling {
    let name = firewall.id.name();
    match firewall.dns_proxy {
        Some(false) => {
            let proof = proof
                .headline(
                    Clause::from(format!("{label} is the firewall {name}, whose DNS proxy is off"))
                        .or("the resolver is an Azure Firewall whose DNS proxy is off"),
                )
                .fact(format!("the DNS proxy of {} is off", named(&firewall.id)))
                .reasoning("an Azure Firewall answers DNS only with its DNS proxy turned on")
                .owner("Network");
            let Some(policy) = &firewall.policy else { return Ruling::Proves(proof) };
            let policy_place = format!("{} -n {}", place(policy), word(policy.name()));
            let update = |on: bool| {
                format!("az network firewall policy update {policy_place} --enable-dns-proxy {on}")
            };
            Ruling::Proves(
                proof
                    .step(
                        Step::inspect(format!("see the DNS settings of {}", policy.name()))
                            .command(format!(
                                "az network firewall policy show {policy_place} --query dnsSettings"
                            )),
                    )
                    .step(
                        Step::shared(
                            format!("turn the DNS proxy of {} on", policy.name()),
                            "every firewall that has this policy: each then answers DNS for its clients",
                        )
                        .command(update(true))
                        .undo(update(false)),
                    ),
            )
        }
        Some(true) => Ruling::Notes(
            proof
                .fact(format!("the DNS proxy of {name} is on; it asks {}", servers(firewall)))
                .ruled_out("a DNS proxy that is off"),
        ),
        None => Ruling::Notes(proof),
    }
}

fn servers(firewall: &Firewall) -> String {
    match firewall.dns_servers.is_empty() {
        true => "Azure DNS".to_owned(),
        false => firewall.dns_servers.join(", "),
    }
}

fn inbound(proof: Proof, label: &str, endpoint: &InboundEndpoint) -> Ruling {
    let proof = match &endpoint.network {
        Some(network) => proof.fact(format!("its resolver is in {}", named(network))),
        None => proof,
    };
    match endpoint.state.as_deref() {
        Some(state) if !state.eq_ignore_ascii_case("Connected") => {
            Ruling::Suggests(proof.fact(format!("the state of that resolver is {state}")))
        }
        _ => Ruling::Notes(proof.reasoning(format!(
            "{label} is a managed service that answers on port 53: what drops the questions is on \
             the way to it (a route, a security group of its subnet, a missing peering)"
        ))),
    }
}

/// Which servers this machine could ask instead of 168.63.129.16.
pub(super) fn rather(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let zone = reading::private_zone(e);
    let mut proof = Proof::default().cites("/estate/inbound_endpoints");
    for endpoint in azure.estate().inbound_endpoints.items().iter().take(5) {
        let (Some(address), Some(network)) = (endpoint.addresses.first(), &endpoint.network) else {
            continue;
        };
        let zones = azure.zones_named(zone, Some(network));
        let sees = zones
            .iter()
            .any(|state| matches!(state.link, crate::diagnose::view::azure::zones::Link::Done(_)));
        proof = proof.fact(format!(
            "{address} is the inbound endpoint {} in {}{}",
            endpoint.id.name(),
            named(network),
            if sees { format!(", which is linked to {zone}") } else { String::new() }
        ));
    }
    (!proof.facts.is_empty()).then_some(Ruling::Notes(proof))
}

/// Which server the resolver asks, and by which rule.
pub(super) fn upstream(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let r = e.dns.deciding().into_iter().next()?;
    let from = azure.asked_from(r);
    let Some(origin) = from.one() else {
        return match azure.servers_at(r.seen.address.ip()).as_slice() {
            [Server::Firewall(firewall)] => Some(Ruling::Notes(
                Proof::default()
                    .fact(format!(
                        "{} is the Azure Firewall {}; it asks {}",
                        r.label(),
                        firewall.id.name(),
                        servers(firewall)
                    ))
                    .cites("/estate/firewalls"),
            )),
            _ => None,
        };
    };
    let proof = Proof::default().fact(who(&r.label(), origin)).cites(origin.server.pointer());
    let Some(one) = azure.forwarded(&origin.network, &e.dns.name) else {
        return match origin.server {
            Server::Machine(_) => Some(Ruling::Notes(proof.reasoning(
                "its forwarders are configured on that machine, where Azure does not show them",
            ))),
            _ => Some(Ruling::Notes(proof)),
        };
    };
    let targets = one.rule.targets.join(", ");
    let proof = proof
        .fact(rule_words(&one, &origin.network))
        .reasoning(format!(
            "the longest suffix that matches {} is this rule's, so the question goes to {targets}, \
             which does not answer",
            e.dns.name
        ))
        .cites("/estate/rulesets")
        .step(see_rules(one.ruleset.id.clone()));
    Some(Ruling::Suggests(proof))
}

/// Which ruleset forwards the privatelink name and not the public one.
pub(super) fn forwards(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let case = ZoneCase::of(e, azure)?;
    let Some(origin) = case.origin() else { return not_placed(azure, &case) };
    let network = &origin.network;
    let suffix = reading::public_suffix(e);
    let zone_rule = azure.forwarded(network, &case.zone).filter(|one| !one.rule.domain.is_empty());
    let name_rule = azure.forwarded(network, &e.dns.name);
    let base =
        Proof::default().fact(who(&case.resolver.label(), origin)).cites(origin.server.pointer());
    let Some(one) = zone_rule else {
        let refused = azure.rulesets_of(network).map(|ruleset| {
            missing(
                &ruleset.rules,
                "Microsoft.Network/dnsForwardingRulesets/forwardingRules/read",
                &ruleset.id,
            )
        });
        return open(refused).or(match origin.server {
            Server::Machine(_) => Some(Ruling::Notes(base.reasoning(
                "its forwarders are configured on that machine, where Azure does not show them",
            ))),
            _ => None,
        });
    };
    let proof = base.fact(rule_words(&one, network)).cites("/estate/rulesets");
    if name_rule.is_some_and(|rule| !rule.rule.domain.is_empty()) {
        return Some(Ruling::Notes(proof));
    }
    let id = &one.ruleset.id;
    let rule_place = format!("{} --ruleset-name {}", place(id), word(id.name()));
    let rule_name = word(&suffix.replace('.', "-"));
    let targets: Vec<String> = one.rule.targets.iter().map(|target| json_target(target)).collect();
    let proof = proof
        .fact(format!("{} has no rule for {suffix}", id.name()))
        .reasoning(format!(
            "Azure DNS in {} answers the public name itself and follows the alias; only questions \
             for {} go to {}",
            network.name(),
            domain(&one.rule.domain),
            one.rule.targets.join(", ")
        ))
        .owner("DNS")
        .step(see_rules(id.clone()))
        .step(
            Step::shared(
                format!("add a rule for {suffix} with the same targets to {}", id.name()),
                format!(
                    "every network that is linked to that ruleset: an account of {suffix} without \
                     a record in the private zone stops resolving there"
                ),
            )
            .command(format!(
                "az dns-resolver forwarding-rule create {rule_place} -n {rule_name} --domain-name \
                 {} --forwarding-rule-state Enabled --target-dns-servers {}",
                word(&format!("{suffix}.")),
                word(&format!("[{}]", targets.join(",")))
            ))
            .undo(format!("az dns-resolver forwarding-rule delete {rule_place} -n {rule_name} -y")),
        );
    Some(match one.ruleset.rules.proved() {
        Some(_) => by_origin(origin, proof),
        None => Ruling::Suggests(proof),
    })
}

fn json_target(target: &str) -> String {
    let (address, port) = target.rsplit_once(':').unwrap_or((target, "53"));
    let address = address.trim_matches(['[', ']']);
    format!("{{ip-address:{address},port:{port}}}")
}

fn rule_words(one: &Forwarded<'_>, network: &ResourceId) -> String {
    format!(
        "the ruleset {} of {} sends {} to {} (rule {})",
        one.ruleset.id.name(),
        network.name(),
        domain(&one.rule.domain),
        one.rule.targets.join(", "),
        one.rule.name
    )
}

fn see_rules(ruleset: ResourceId) -> Step {
    Step::inspect(format!("see the rules of {}", ruleset.name())).command(format!(
        "az dns-resolver forwarding-rule list {} --ruleset-name {} -o table",
        place(&ruleset),
        word(ruleset.name())
    ))
}
