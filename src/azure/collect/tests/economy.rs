//! What is asked, and how often.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::estate::{account, add_zone, endpoint, estate, interface, machine, network};
use super::walk;
use crate::azure::Scope;
use crate::evidence::azure::{Answer, ConnectionStatus, ReadKind, ResourceId};

#[tokio::test]
async fn a_walk_that_works_needs_few_reads_and_every_id_is_right() {
    let (fake, scope) = estate();
    let (estate, reads) = fake.collect(&walk(json!({})), &scope, Duration::from_secs(30)).await;
    assert_eq!(estate.subscriptions.items(), [super::estate::SUBSCRIPTION]);
    let read = estate.account.proved().expect("the account");
    assert_eq!(read.id.as_str(), account());
    let connections = estate.connections.proved().expect("the connections");
    assert_eq!(connections[0].status, ConnectionStatus::Approved);
    let endpoints = estate.endpoints.proved().expect("each of the connections' endpoints was read");
    assert_eq!(endpoints[0].id.as_str(), endpoint());
    assert!(endpoints[0].read && endpoints[0].zone_groups.proved().is_some());
    let names: BTreeSet<&str> = estate.interfaces.items().iter().map(|one| one.id.name()).collect();
    assert_eq!(names, BTreeSet::from(["pe-nic", "jump-nic", "dns-nic"]));
    assert!(estate.interfaces.items().iter().all(|one| one.read), "each by a GET");
    assert!(matches!(estate.interfaces, Answer::Listed { .. }), "but they are never all");
    let zones = estate.zones.items();
    assert_eq!(zones.len(), 1);
    assert_eq!(zones[0].links.proved().unwrap()[0].network, ResourceId::parse(&network("hub")));
    assert_eq!(zones[0].record.proved().unwrap().addresses.len(), 1);
    assert_eq!(estate.machines[0].id.as_str(), machine());
    assert_eq!(estate.networks.items()[0].id.as_str(), network("spoke"));
    assert_eq!(estate.tenant, Answer::Read { value: "tenant-1".to_owned() });
    assert_eq!(estate.changes, Answer::NotAsked);
    let count = reads.len();
    assert!((12..=20).contains(&count), "{count} reads: {reads:#?}");
    assert!(reads.iter().all(|read| read.kind != ReadKind::Effective));
    println!("{count} reads");
}

#[tokio::test]
async fn zones_of_other_services_are_read_where_something_is_at_fault() {
    let sibling = "privatelink.cognitiveservices.azure.com";
    let below = format!("{sibling}/virtualNetworkLinks?");
    let (mut fake, scope) = estate();
    add_zone(&mut fake, sibling, &network("hub"), Some("10.3.0.5"));
    let listed = fake.ask(&walk(json!({})), &scope).await;
    let zone = listed.zones.items().iter().find(|zone| zone.name == sibling).expect("its row");
    assert!(matches!(zone.links, Answer::Listed { .. }));
    assert_eq!(fake.count(&below), 0);
    let public = json!({"dns": {"selected": [{"address": "20.62.58.5", "class": "public",
        "effective": true}]}});
    fake.ask(&walk(public), &scope).await;
    assert_eq!(fake.count(&below), 1);
}

#[tokio::test]
async fn nothing_is_asked_twice() {
    let broken = json!({"tcp": {"value": {"attempts": [{"address": "10.3.0.5:443",
        "connect_to": null, "outcome": {"kind": "timed_out"}, "source": "10.3.0.4",
        "interface": "eth0", "started_ms": 1.0, "took_ms": 1.0, "info": null}]}}});
    for (patch, audit, effective) in
        [(json!({}), false, false), (json!({}), true, true), (broken, false, true)]
    {
        let (fake, scope) = estate();
        let scope = Scope { audit, effective, ..scope };
        fake.ask(&walk(patch), &scope).await;
        let sent = fake.sent.borrow();
        let different: BTreeSet<&String> = sent.iter().collect();
        assert_eq!(different.len(), sent.len(), "{sent:#?}");
    }
}

#[tokio::test]
async fn an_audit_asks_everything_without_a_walk() {
    let (fake, scope) = estate();
    let scope = Scope { audit: true, this_machine: None, ..scope };
    let none = json!({"tcp": {"state": "not_asked", "reason": "option", "value": null},
        "http": {"state": "not_asked", "reason": "option", "value": null},
        "dns": {"resolvers": [], "selected": [],
            "system": {"state": "not_asked", "reason": "option", "value": null}},
        "vantage": {"sources": [], "resolver_config": {"nameservers": []}}});
    let estate = fake.ask(&walk(none), &scope).await;
    assert!(estate.account.proved().is_some());
    assert_eq!(estate.security_groups.len(), 1, "that of the endpoint's subnet");
    assert!(!matches!(estate.deployments, Answer::NotAsked));
    assert!(!matches!(estate.perimeter, Answer::NotAsked));
    assert!(!matches!(estate.changes, Answer::NotAsked));
    assert_eq!(estate.interfaces.items()[0].id.as_str(), interface("pe-nic"));
    assert!(estate.interfaces.proved().is_some(), "all of them from GETs");
}

#[tokio::test]
async fn an_account_that_is_given_is_not_searched_for() {
    let (fake, scope) = estate();
    let scope = Scope { account: ResourceId::parse(&account()), ..scope };
    let custom = json!({"target": {"host": "ai.contoso.example", "kind": "unknown",
        "account": null, "public_suffix": null, "private_zone": null}});
    let estate = fake.ask(&walk(custom), &scope).await;
    assert!(estate.account.proved().is_some());
    assert_eq!(fake.count("customSubDomainName"), 0);
    assert!(estate.zones.items()[0].record.proved().is_some(), "by the account's own name");
}

#[tokio::test]
async fn an_id_of_another_account_is_not_read_as_the_targets() {
    let (mut fake, scope) = estate();
    let other = account().replace("myacct", "another");
    fake.with(
        &other,
        json!({"id": other, "properties": {"customSubDomainName": "another",
            "endpoint": "https://another.openai.azure.com/"}}),
    );
    fake.get(&format!("{other}/privateEndpointConnections"), json!({"value": []}));
    let scope = Scope { account: ResourceId::parse(&other), ..scope };
    let said = fake.ask(&walk(json!({})), &scope).await;
    assert!(matches!(said.account, Answer::Failed { .. }), "{:?}", said.account);
    assert_eq!(said.connections, Answer::NotAsked);
    assert_eq!(fake.count("another/privateEndpointConnections"), 0);
    // What the id names cannot be read, and its name is not the target's.
    fake.refuse(&other);
    let said = fake.ask(&walk(json!({})), &scope).await;
    assert!(matches!(said.account, Answer::Refused { .. }), "{:?}", said.account);
    assert_eq!(said.connections, Answer::NotAsked);
}

#[tokio::test]
async fn a_custom_domain_leads_to_the_account_through_its_alias() {
    let (fake, scope) = estate();
    let mut patch = json!({"target": {"host": "ai.contoso.example", "kind": "unknown",
        "account": null, "public_suffix": null, "private_zone": null},
        "dns": {"name": "ai.contoso.example"}});
    let base = walk(json!({}));
    let mut resolvers = serde_json::to_value(&base.dns.resolvers).unwrap();
    let records = &mut resolvers[0]["a"]["value"]["outcome"]["answer"]["records"];
    let alias = json!({"name": "ai.contoso.example", "kind": "CNAME", "ttl": 60,
        "data": "myacct.openai.azure.com"});
    records.as_array_mut().unwrap().insert(0, alias);
    patch["dns"]["resolvers"] = resolvers;
    let estate = fake.ask(&walk(patch), &scope).await;
    assert!(estate.account.proved().is_some());
    assert!(fake.count("'contoso.example'") == 1, "its own zone is asked for too");
}
