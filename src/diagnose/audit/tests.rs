//! What an audit makes of parts that were not read, and of zones of other teams.

use std::fs;

use serde_json::{Value, json};

use super::audit;
use crate::audit::Audit;
use crate::diagnosis::State;

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn read(path: &str) -> Value {
    let path = format!("{}/fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The audit of a whole estate with a change to it.
fn audited(change: impl FnOnce(&mut Value)) -> Audit {
    let mut value = read("bases/private.json");
    let mut azure = read("reports/azure.json")["patch"][0]["value"].clone();
    azure["reads"] = json!([]);
    let estate = &mut azure["estate"];
    estate["connections"]["value"].as_array_mut().unwrap().truncate(1);
    estate["interfaces"]["state"] = json!("read");
    change(estate);
    value["azure"] = azure;
    audit(&serde_json::from_value(value).unwrap()).unwrap()
}

fn states(audit: &Audit, id: &str) -> Vec<State> {
    audit.checks.iter().filter(|check| check.id == id).map(|check| check.state).collect()
}

#[test]
fn an_estate_that_was_read_works() {
    let audit = audited(|_| {});
    assert_eq!(audit.state, State::Works, "{:#?}", audit.checks);
}

#[test]
fn what_failed_or_was_cut_is_open() {
    let failed = json!({"state": "failed", "message": "500"});
    let cases: [&dyn Fn(&mut Value); 4] = [
        &|estate| estate["perimeter"] = failed.clone(),
        &|estate| estate["resolver_policies"] = failed.clone(),
        &|estate| {
            estate["rulesets"]["value"][0]["rules"] = json!({"state": "not_asked"});
        },
        &|estate| {
            estate["endpoints"]["state"] = json!("listed");
        },
    ];
    for change in cases {
        let audit = audited(change);
        assert_eq!(audit.state, State::CannotTell, "{:#?}", audit.checks);
        assert_eq!(states(&audit, "reads"), [State::CannotTell]);
    }
}

#[test]
fn an_interface_without_names_has_the_addresses_of_the_targets_name() {
    let audit = audited(|estate| {
        estate["interfaces"]["value"][0]["ip_configurations"][0]["fqdns"] = json!([]);
        estate["zones"]["value"][0]["record"]["value"]["addresses"] = json!(["10.99.9.9"]);
    });
    assert_eq!(states(&audit, "record"), [State::Broken], "{:#?}", audit.checks);
}

#[test]
fn a_zone_of_another_team_is_not_judged() {
    let audit = audited(|estate| {
        let mut other = estate["zones"]["value"][0].clone();
        let theirs = other["id"].as_str().unwrap().replace("rg-zebra-dns", "rg-other");
        other["id"] = json!(theirs);
        other["record"] = json!({"state": "absent"});
        let network = &mut other["links"]["value"][0]["network"];
        *network = json!(network.as_str().unwrap().replace("vnet-zebra-apps", "vnet-other"));
        estate["zones"]["value"].as_array_mut().unwrap().push(other);
    });
    assert_eq!(audit.state, State::Works, "{:#?}", audit.checks);
    let links = audit.checks.iter().find(|check| check.id == "links").unwrap();
    assert!(links.facts.iter().any(|fact| fact.contains("rg-other")), "{:?}", links.facts);
}

#[test]
fn a_perimeter_is_no_open_door() {
    let audit = audited(|estate| {
        estate["account"]["value"]["public_network_access"] = json!("SecuredByPerimeter");
        estate["account"]["value"]["default_action"] = json!("Allow");
    });
    assert_eq!(states(&audit, "public-access"), [State::Works], "{:#?}", audit.checks);
}

#[test]
fn the_undo_of_closing_restores_what_was_read_and_quotes_ids() {
    let audit = audited(|estate| {
        let account = &mut estate["account"]["value"];
        account["public_network_access"] = json!("Enabled");
        account["default_action"] = json!("Allow");
        account["id"] = json!(account["id"].as_str().unwrap().replace("rg-zebra-ai", "ai(rg)"));
    });
    let check = audit.checks.iter().find(|check| check.id == "public-access").unwrap();
    assert_eq!(check.state, State::AtRisk);
    let undo = check.steps[1].undo.as_deref().unwrap();
    assert!(undo.contains("--ids '/subscriptions/") && undo.ends_with("=Enabled"), "{undo}");
}

#[test]
fn a_gateway_whose_routes_drop_what_goes_to_an_endpoint_is_a_risk() {
    let audit = |prefix: &str| {
        audited(|estate| {
            let id = estate["route_tables"][0]["id"].clone();
            estate["route_tables"][0]["routes"] =
                json!([{"name": "r", "prefix": prefix, "next_hop_type": "None", "next_hop": null}]);
            let network = &mut estate["networks"]["value"][0];
            let subnet = format!("{}/subnets/GatewaySubnet", network["id"].as_str().unwrap());
            let mut gateway = network["subnets"][0].clone();
            (gateway["id"], gateway["route_table"]) = (json!(subnet), id);
            network["subnets"].as_array_mut().unwrap().push(gateway);
            // A network with a gateway of its own uses no peer's.
            network["peerings"] = json!([]);
        })
    };
    let dropped = audit("10.3.0.5/32");
    assert_eq!(states(&dropped, "gateway"), [State::AtRisk], "{:#?}", dropped.checks);
    // The endpoint's own route is longer, and its subnet has no network policies for routes.
    let shorter = audit("10.3.0.0/16");
    assert_eq!(states(&shorter, "gateway"), [State::Works], "{:#?}", shorter.checks);
}
