//! What the evidence leaves open is asked, and what it does not is not.

use serde_json::{Value, json};

use super::estate::{SUBSCRIPTION, account, estate, id, interface, interface_json, network};
use super::walk;
use crate::azure::Scope;
use crate::evidence::azure::Answer;

fn silent_tcp() -> Value {
    json!({"tcp": {"value": {"selected": null, "attempts": [{"address": "10.3.0.5:443",
        "connect_to": null, "outcome": {"kind": "timed_out"}, "source": "10.3.0.4",
        "interface": "eth0", "started_ms": 1.0, "took_ms": 1.0, "info": null}]}},
        "http": {"state": "not_reached", "stopped_at": "tcp", "value": null}})
}

fn refused(status: u16) -> Value {
    let answer = json!({"status": status, "headers": [], "error": null, "models": null,
        "payload": null, "body_bytes": 0, "body_complete": true, "body_excerpt": null});
    json!({"http": {"value": {"calls": [{"purpose": "models", "method": "GET", "path": "/",
        "credential_sent": true, "outcome": {"kind": "answered", "answer": answer},
        "took_ms": 1.0}]}}})
}

#[tokio::test]
async fn a_silent_address_leads_to_the_rules_at_both_ends_and_to_the_next_hop() {
    let (mut fake, scope) = estate();
    let table = id("net-rg", "Microsoft.Network/routeTables/rt");
    let appliance = id("hub-rg", "Microsoft.Compute/virtualMachines/nva");
    fake.resource(
        &table,
        json!({"routes": [
        {"name": "to-nva", "properties": {"addressPrefix": "10.3.0.0/16",
            "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.2.4"}},
        {"name": "elsewhere", "properties": {"addressPrefix": "192.168.0.0/16",
            "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.2.9"}}]}),
    );
    let subnet = format!("{}/subnets/apps", network("spoke"));
    let spoke = json!({"id": network("spoke"), "properties": {"subnets": [{"id": subnet,
        "properties": {"addressPrefix": "10.3.0.0/28", "routeTable": {"id": table},
            "networkSecurityGroup":
                {"id": id("net-rg", "Microsoft.Network/networkSecurityGroups/apps-nsg")}}}]}});
    fake.with(&network("spoke"), spoke);
    fake.resource(
        &interface("nva-nic"),
        interface_json(
            "10.0.2.4",
            &subnet,
            json!({"virtualMachine": {"id": appliance}, "enableIPForwarding": false}),
        ),
    );
    fake.get(
        &format!("{appliance}/instanceView"),
        json!({"id": format!("{appliance}/instanceView"),
            "statuses": [{"code": "PowerState/deallocated"}]}),
    );
    let estate = fake.ask(&walk(silent_tcp()), &scope).await;
    assert_eq!(estate.security_groups.len(), 1);
    assert_eq!(estate.route_tables[0].routes.len(), 2);
    let nva = estate.machines.iter().find(|machine| machine.id.name() == "nva").unwrap();
    assert_eq!(nva.power_state.as_deref(), Some("deallocated"));
    let nic = estate.interfaces.items().iter().find(|one| one.id.name() == "nva-nic").unwrap();
    assert_eq!((nic.read, nic.forwards), (true, Some(false)));
    assert_eq!(fake.count("10.0.2.9"), 0, "a next hop of another prefix is no matter");
    assert!(!matches!(estate.changes, Answer::NotAsked));
}

#[tokio::test]
async fn a_refusal_leads_to_the_roles_of_the_token_s_own_identity() {
    let (mut fake, scope) = estate();
    let oid = "99999999-0000-0000-0000-000000000000";
    let role = "/providers/Microsoft.Authorization/roleDefinitions/5e0bd9bd";
    let assignments = format!("{}/providers/Microsoft.Authorization/roleAssignments", account());
    fake.get(
        &assignments,
        json!({"value": [{"properties": {"roleDefinitionId": role,
        "scope": account(), "createdOn": "2026-11-21T09:58:00Z", "condition": null}}]}),
    );
    fake.get(
        &format!("/subscriptions/{SUBSCRIPTION}{role}"),
        json!({"properties":
        {"roleName": "Cognitive Services OpenAI User", "permissions":
            [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*/read"],
                "notDataActions": []}]}}),
    );
    fake.get(
        &format!("{}/networkSecurityPerimeterConfigurations", account()),
        json!({"value": []}),
    );
    let mut patch = refused(401);
    patch["identity"] = json!({"claims": {"object": oid, "roles": []}});
    let estate = fake.ask(&walk(patch), &scope).await;
    let roles = estate.roles.proved().unwrap();
    assert_eq!(roles[0].role.as_deref(), Some("Cognitive Services OpenAI User"));
    assert_eq!(roles[0].data_actions.as_ref().unwrap().len(), 1);
    assert_eq!(fake.count(&format!("assignedTo(%27{oid}%27)")), 1);
    assert_eq!(estate.perimeter, Answer::Absent, "the whole collection is empty");
    assert_eq!(estate.deployments, Answer::NotAsked);
    // An id that is none is not put into a filter.
    let mut patch = refused(401);
    patch["identity"] = json!({"claims": {"object": "x') or true", "roles": []}});
    assert_eq!(fake.ask(&walk(patch), &scope).await.roles, Answer::NotAsked);
}

#[tokio::test]
async fn a_missing_deployment_leads_to_the_list_of_them() {
    let (mut fake, scope) = estate();
    fake.get(
        &format!("{}/deployments", account()),
        json!({"value": [{"name": "gpt",
        "sku": {"name": "GlobalStandard", "capacity": 10}, "properties":
            {"provisioningState": "Succeeded", "model": {"name": "gpt-4o"}}}]}),
    );
    let estate = fake.ask(&walk(refused(404)), &scope).await;
    assert_eq!(estate.deployments.proved().unwrap()[0].capacity, Some(10));
    assert_eq!(estate.roles, Answer::NotAsked);
}

#[tokio::test]
async fn a_public_answer_leads_to_resolvers_and_rulesets() {
    let (mut fake, scope) = estate();
    fake.hide_rows("dns-nic");
    let resolver = id("dns-rg", "Microsoft.Network/dnsResolvers/r");
    let inbound = format!("{resolver}/inboundEndpoints/in");
    fake.resource(
        &resolver,
        json!({"dnsResolverState": "Connected",
        "virtualNetwork": {"id": network("hub")}}),
    );
    let properties = json!({"ipConfigurations": [{"privateIpAddress": "10.1.0.10"}]});
    fake.resource(&inbound, properties.clone());
    fake.get(
        &format!("{resolver}/inboundEndpoints"),
        json!({"value": [{"id": inbound, "name": "in", "properties": properties}]}),
    );
    let linked =
        |name: &str| id("dns-rg", &format!("Microsoft.Network/dnsForwardingRulesets/{name}"));
    for (name, to) in [("near", network("hub")), ("far", network("elsewhere"))] {
        let ruleset = linked(name);
        fake.resource(&ruleset, json!({}));
        fake.get(
            &format!("{ruleset}/virtualNetworkLinks"),
            json!({"value": [
            {"id": format!("{ruleset}/virtualNetworkLinks/l"), "properties":
                {"virtualNetwork": {"id": to}}}]}),
        );
        fake.get(
            &format!("{ruleset}/forwardingRules"),
            json!({"value": [{"name": "r", "properties":
            {"domainName": "openai.azure.com.", "forwardingRuleState": "Enabled",
                "targetDnsServers": [{"ipAddress": "10.9.0.4", "port": 53}]}}]}),
        );
    }
    let public = json!({"dns": {"selected": [{"address": "20.62.58.5", "class": "public",
        "effective": true}]}});
    let estate = fake.ask(&walk(public), &scope).await;
    let inbound = &estate.inbound_endpoints.items()[0];
    assert!(inbound.read && inbound.network.as_ref().unwrap().name() == "hub");
    let rulesets = estate.rulesets.items();
    let near = rulesets.iter().find(|one| one.id.name() == "near").unwrap();
    assert_eq!(near.rules.proved().unwrap()[0].domain, "openai.azure.com");
    let far = rulesets.iter().find(|one| one.id.name() == "far").unwrap();
    assert_eq!(far.rules, Answer::NotAsked, "it is linked to another network");
    assert_eq!(estate.resolver_policies, Answer::NotVisible);
}

#[tokio::test]
async fn what_is_in_effect_is_computed_by_its_own_switch_alone() {
    let (mut fake, scope) = estate();
    let nic = interface("jump-nic");
    fake.get(
        &format!("{nic}/effectiveRouteTable"),
        json!({"value": [{"state": "Active",
        "addressPrefix": ["10.3.0.5/32"], "nextHopType": "InterfaceEndpoint"}]}),
    );
    fake.get(&format!("{nic}/effectiveNetworkSecurityGroups"), json!({"value": []}));
    let without = fake.ask(&walk(silent_tcp()), &scope).await;
    assert_eq!(without.effective_routes, Answer::NotAsked);
    let scope = Scope { effective: true, ..scope };
    let with = fake.ask(&walk(silent_tcp()), &scope).await;
    assert_eq!(with.effective_routes.proved().unwrap()[0].next_hop_type, "InterfaceEndpoint");
    let unnamed = Scope { this_machine: None, ..scope };
    let mut elsewhere = walk(silent_tcp());
    elsewhere.vantage.host = "pod-7".to_owned();
    let by_address = fake.ask(&elsewhere, &unnamed).await;
    assert_eq!(by_address.effective_routes, Answer::NotAsked, "it may be a stranger's interface");
}
