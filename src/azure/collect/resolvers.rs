//! Who answers DNS in Azure, and by which rules (facts C26, C27, C49).

use std::net::IpAddr;

use futures_util::future::join_all;
use futures_util::join;
use serde_json::Value;

use super::gathered::Gathered;
use super::interfaces;
use super::joined::{Item, each, list, without_value};
use super::met::push_all;
use super::questions::Questions;
use crate::azure::allowed::{
    DNS_RESOLVER, DOMAIN_LIST, FIREWALL, FIREWALL_POLICY, FORWARDING_RULES, INBOUND_ENDPOINTS,
    RESOLVER_POLICY_RULES, RULESET_LINKS,
};
use crate::azure::{graph, resources};
use crate::evidence::azure::{
    Answer, Estate, Firewall, InboundEndpoint, Interface, ResolverPolicy, ResourceId, Ruleset,
};
use crate::evidence::classify;

/// Resolvers, rulesets, policies, lists and firewalls that are read, at most of each.
const EACH: usize = 6;
/// Rows of inbound endpoints, rulesets and policies that are kept without a read, at most: what is
/// there and was not read stays visible.
const ROWS: usize = 16;

/// Whether a resolver's address is not explained by a machine's interface, or the answers are not
/// those of a private endpoint.
pub(super) fn are_wanted(q: &Questions<'_, '_>, interfaces: &Gathered<Interface>) -> bool {
    let explained = |address: &IpAddr| {
        // A stub on this machine, or Azure's own resolver.
        if !classify(*address).is_private() {
            return true;
        }
        let mut there = interfaces.known().filter(|one| one.machine.is_some());
        there.any(|one| interfaces::has_address(one, &[*address]))
    };
    let unexplained = q.met.resolvers.iter().any(|address| !explained(address));
    q.wants(q.met.open.dns || (unexplained && q.met.open.any))
}

/// The rows of Q7.
pub(super) async fn rows(q: &Questions<'_, '_>, are_wanted: bool) -> Answer<Vec<Value>> {
    match are_wanted {
        true => q.graph("resolvers, rulesets and firewalls", graph::resolvers()).await,
        false => Answer::NotAsked,
    }
}

/// Rows of one type.
fn of_type<'a>(rows: &'a Answer<Vec<Value>>, kind: &str) -> impl Iterator<Item = &'a Value> {
    rows.items().iter().filter(move |row| resources::own_id(row).is_some_and(|id| id.is_a(kind)))
}

/// Reads what the rows lead to. `own` are the networks that this machine is, or may be, in, and
/// `servers` their DNS servers.
pub(super) async fn read(
    q: &Questions<'_, '_>,
    rows: &Answer<Vec<Value>>,
    own: &[ResourceId],
    servers: &[IpAddr],
    estate: &mut Estate,
) {
    if matches!(rows, Answer::NotAsked) {
        return;
    }
    let mut asked = q.met.resolvers.clone();
    push_all(&mut asked, servers.iter().copied());
    // A firewall may ask an inbound endpoint.
    let firewalls = firewalls(q, rows, &asked, &[]).await;
    let further = firewalls.items().iter().flat_map(|one| &one.dns_servers);
    push_all(&mut asked, further.filter_map(|server| server.parse().ok()));
    let inbound = inbound(q, rows, &asked).await;
    // The networks whose Azure DNS may be asked: rules and policies that are linked to others
    // decide nothing here.
    let mut networks = own.to_vec();
    let used = inbound.items().iter().filter(|one| is_one_of(&asked, &one.addresses));
    push_all(&mut networks, used.filter_map(|one| one.network.clone()));
    let behind = firewalls.items().iter().filter_map(|one| one.subnet.as_ref());
    push_all(&mut networks, behind.filter_map(|subnet| subnet.up_to("virtualNetworks")));
    (estate.rulesets, estate.resolver_policies) =
        join!(rulesets(q, rows, &networks), policies(q, rows, &networks));
    (estate.inbound_endpoints, estate.firewalls) = (inbound, firewalls);
}

fn is_one_of(asked: &[IpAddr], addresses: &[IpAddr]) -> bool {
    addresses.iter().any(|address| asked.contains(address))
}

/// The state where a query listed nothing of a type.
fn none<T>(rows: &Answer<Vec<Value>>) -> Answer<T> {
    match rows {
        Answer::Listed { .. } => Answer::NotVisible,
        other => without_value(other.clone()),
    }
}

async fn inbound(
    q: &Questions<'_, '_>,
    rows: &Answer<Vec<Value>>,
    asked: &[IpAddr],
) -> Answer<Vec<InboundEndpoint>> {
    let network = |resolver: &Value| resources::id_at(resolver, "properties.virtualNetwork.id");
    let is_inbound = |row: &&Value| {
        resources::own_id(row).is_some_and(|id| id.segment("inboundEndpoints").is_some())
    };
    let mut listed: Vec<InboundEndpoint> =
        rows.items().iter().filter(is_inbound).filter_map(resources::inbound_endpoint).collect();
    for endpoint in &mut listed {
        let own = endpoint.id.up_to("dnsResolvers");
        let resolver = of_type(rows, DNS_RESOLVER.of).find(|row| resources::own_id(row) == own);
        endpoint.network = resolver.and_then(network);
        endpoint.state =
            resolver.and_then(|one| resources::text(one, "properties.dnsResolverState"));
    }
    listed.truncate(ROWS);
    let mut ids = Vec::new();
    let wanted = listed.iter().filter(|one| q.wants(is_one_of(asked, &one.addresses)));
    push_all(&mut ids, wanted.filter_map(|one| one.id.up_to("dnsResolvers")));
    ids.truncate(EACH);
    let reads = join_all(ids.iter().map(|id| async move {
        let (resolver, endpoints) = join!(
            q.get(DNS_RESOLVER, id, |value| Some(value.clone())),
            q.reader.list(INBOUND_ENDPOINTS, id),
        );
        let Answer::Read { value: resolver } = resolver else { return Vec::new() };
        let Answer::Read { value: endpoints } = endpoints else { return Vec::new() };
        let state = resources::text(&resolver, "properties.dnsResolverState");
        let of_resolver = |one: InboundEndpoint| InboundEndpoint {
            network: network(&resolver),
            state: state.clone(),
            read: true,
            ..one
        };
        endpoints.iter().filter_map(resources::inbound_endpoint).map(of_resolver).collect()
    }))
    .await;
    let mut read: Vec<InboundEndpoint> = reads.into_iter().flatten().collect();
    listed.retain(|row| !read.iter().any(|one| one.id == row.id));
    read.extend(listed);
    match read.is_empty() {
        true => none(rows),
        false => Answer::Listed { value: read },
    }
}

/// The firewalls that have one of the addresses; all in an audit. Those that are `known` are not read
/// again.
pub(super) async fn firewalls(
    q: &Questions<'_, '_>,
    rows: &Answer<Vec<Value>>,
    addresses: &[IpAddr],
    known: &[Firewall],
) -> Answer<Vec<Firewall>> {
    let is_wanted = |one: &Firewall| {
        !known.iter().any(|known| known.id == one.id)
            && q.wants(one.addresses.iter().any(|address| addresses.contains(address)))
    };
    let listed = of_type(rows, FIREWALL.of).filter_map(resources::firewall);
    let listed: Vec<Firewall> = listed.filter(is_wanted).take(EACH).collect();
    let items = join_all(listed.into_iter().map(|row| async move {
        let policy_of_row = row.policy.clone();
        let (get, policy) = join!(q.get(FIREWALL, &row.id, resources::firewall), async {
            match &policy_of_row {
                Some(id) => q.get(FIREWALL_POLICY, id, |value| Some(value.clone())).await,
                None => Answer::NotAsked,
            }
        });
        let listed_policy = of_type(rows, FIREWALL_POLICY.of)
            .find(|one| resources::own_id(one).as_ref() == policy_of_row.as_ref());
        let with_policy = |mut one: Firewall, is_read: bool| {
            let settings = policy.known().or(listed_policy).map(resources::dns_settings);
            // The row's policy was read; a GET may name a newer one.
            let is_its_own = one.policy.is_some() && one.policy == policy_of_row;
            if let Some(settings) = settings.filter(|_| is_its_own) {
                (one.dns_proxy, one.dns_servers) = (Some(settings.proxy), settings.servers);
            }
            one.read = is_read && (one.policy.is_none() || policy.proved().is_some());
            one
        };
        Item { row: Some(with_policy(row, false)), get: get.map(|one| with_policy(one, true)) }
    }))
    .await;
    list(items, false, none(rows))
}

async fn rulesets(
    q: &Questions<'_, '_>,
    rows: &Answer<Vec<Value>>,
    networks: &[ResourceId],
) -> Answer<Vec<Ruleset>> {
    let ids = of_type(rows, "Microsoft.Network/dnsForwardingRulesets");
    let ids: Vec<ResourceId> = ids.filter_map(resources::own_id).take(ROWS).collect();
    let network = |link: &Value| resources::id_at(link, "properties.virtualNetwork.id");
    let rulesets = join_all(ids.into_iter().enumerate().map(|(index, id)| async move {
        if index >= EACH {
            return Ruleset { id, rules: Answer::NotAsked, networks: Answer::NotAsked };
        }
        let links = each(q.reader.list(RULESET_LINKS, &id).await, network);
        let elsewhere = links.proved().is_some_and(|links| {
            !networks.is_empty() && !links.iter().any(|link| networks.contains(link))
        });
        let rules = match q.wants(!elsewhere) {
            true => each(q.reader.list(FORWARDING_RULES, &id).await, resources::forwarding_rule),
            false => Answer::NotAsked,
        };
        Ruleset { id, rules, networks: links }
    }))
    .await;
    match rulesets.is_empty() {
        true => none(rows),
        false => Answer::Listed { value: rulesets },
    }
}

async fn policies(
    q: &Questions<'_, '_>,
    rows: &Answer<Vec<Value>>,
    networks: &[ResourceId],
) -> Answer<Vec<ResolverPolicy>> {
    let mut linked: Vec<ResolverPolicy> = Vec::new();
    for (policy, network) in rows.items().iter().filter_map(resources::policy_link) {
        match linked.iter_mut().find(|one| one.id == policy) {
            Some(known) => push_all(&mut known.networks, [network]),
            None => linked.push(ResolverPolicy {
                id: policy,
                networks: vec![network],
                rules: Answer::NotAsked,
            }),
        }
    }
    let is_near = |policy: &ResolverPolicy| {
        networks.is_empty() || policy.networks.iter().any(|one| networks.contains(one))
    };
    linked.retain(|policy| q.wants(is_near(policy)));
    linked.truncate(ROWS);
    let policies = join_all(linked.into_iter().enumerate().map(|(index, policy)| async move {
        if index >= EACH {
            return policy;
        }
        let rules = q.reader.list(RESOLVER_POLICY_RULES, &policy.id).await;
        ResolverPolicy { rules: each(rules, resources::policy_rule), ..policy }
    }));
    let mut policies = policies.await;
    fill_lists(q, &mut policies).await;
    match policies.is_empty() {
        true => none(rows),
        false => Answer::Listed { value: policies },
    }
}

/// The domains of the lists that enabled rules name, each list once.
async fn fill_lists(q: &Questions<'_, '_>, policies: &mut [ResolverPolicy]) {
    let mut ids = Vec::new();
    let rules = policies.iter().flat_map(|policy| policy.rules.items());
    for rule in rules.filter(|rule| rule.enabled) {
        push_all(&mut ids, rule.lists.iter().map(|list| list.id.clone()));
    }
    ids.truncate(EACH);
    let lists = q.get_all(DOMAIN_LIST, &ids, |value| Some(resources::domains(value))).await;
    for policy in policies {
        policy.rules = std::mem::take(&mut policy.rules).map(|mut rules| {
            for list in rules.iter_mut().flat_map(|rule| &mut rule.lists) {
                let at = ids.iter().position(|id| *id == list.id);
                list.domains = at.and_then(|at| lists.get(at)?.proved().cloned()).flatten();
            }
            rules
        });
    }
}
