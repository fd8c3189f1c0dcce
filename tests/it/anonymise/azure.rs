//! What Resource Manager says, anonymised: every field, and how the ids belong together.

use std::collections::BTreeSet;
use std::fs;

use aoai_probe::evidence::Evidence;
use aoai_probe::evidence::azure::ResourceId;
use serde_json::Value;

use super::{PARTS, PLANTED, anonymised, judged, outputs, places};
use crate::fixtures::root;

/// A report in which every field of what Resource Manager says has a value.
fn azure() -> Evidence {
    crate::fixtures::report("azure").evidence
}

/// The places of texts below `schema`, without indices: `/estate/zones/links/state`.
fn places_of_schema(schema: &Value, root: &Value, place: &str, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        if !pointer.ends_with("/Evidence") {
            places_of_schema(root.pointer(pointer).unwrap(), root, place, found);
        }
        return;
    }
    let is_text = schema["type"] == "string"
        || schema["type"].as_array().is_some_and(|types| types.contains(&"string".into()));
    if is_text {
        found.insert(place.to_owned());
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        let all = schema[key].as_array().into_iter().flatten();
        all.for_each(|one| places_of_schema(one, root, place, found));
    }
    if schema["items"].is_object() {
        places_of_schema(&schema["items"], root, place, found);
    }
    for (key, one) in schema["properties"].as_object().into_iter().flatten() {
        let below = if key == "value" { place.to_owned() } else { format!("{place}/{key}") };
        places_of_schema(one, root, &below, found);
    }
}

/// A place without indices, as [`places_of_schema`] has it.
fn plain(place: &str) -> String {
    let index = |part: &&str| part.parse::<usize>().is_err() && *part != "value";
    place.split('/').filter(index).collect::<Vec<_>>().join("/")
}

#[test]
fn the_report_of_azure_has_every_field() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(root().join("docs/report.schema.json")).unwrap())
            .unwrap();
    let pointer = schema.pointer("/$defs/AzureEvidence").expect("the schema names it so");
    let mut wanted = BTreeSet::new();
    places_of_schema(pointer, &schema, "", &mut wanted);
    let mut found = Vec::new();
    places(&serde_json::to_value(azure().azure).unwrap(), "", &mut found);
    let found: BTreeSet<String> = found.iter().map(|place| plain(place)).collect();
    // An answer that is none, and why nothing was read, are of other fixtures. A rule in a group's
    // own list names no group.
    let elsewhere = [
        "/refusal/",
        "/message/",
        "/stopped/",
        "/endpoints/status/other/",
        "/security_groups/rules/group/",
    ];
    wanted.retain(|place| !elsewhere.iter().any(|part| format!("{place}/").contains(part)));
    let missing: Vec<_> = wanted.difference(&found).collect();
    assert!(wanted.len() > 100, "{}", wanted.len());
    assert!(missing.is_empty(), "fixtures/reports/azure.json has no {missing:?}");
}

#[test]
fn nothing_that_resource_manager_says_identifies_the_owner() {
    let before = judged(azure());
    let after = anonymised(&before).unwrap();
    let out = outputs(&after).to_lowercase();
    for name in ["zebra", "myacct", "jump-01", "westeurope", "tuned", "0a1b", "77aa", "12ab"] {
        assert!(!out.contains(name), "{name}: {}", serde_json::to_string(&after.evidence).unwrap());
    }
    // What says nothing of the owner, and what rules compare, stays.
    let new = serde_json::to_value(&after.evidence.azure).unwrap();
    for (place, text) in [
        ("/host", "management.azure.com"),
        ("/reads/1/question", "the account"),
        ("/reads/4/question", "private zones and their links"),
        ("/reads/6/question", "a record set of a private DNS zone"),
        ("/reads/8/code", "AuthorizationFailed"),
        ("/estate/account/value/kind", "OpenAI"),
        ("/estate/account/value/public_network_access", "Disabled"),
        ("/estate/connections/value/0/status", "approved"),
        ("/estate/connections/value/1/description", "Auto-Approved"),
        ("/estate/deployments/value/0/model", "gpt-4o"),
        ("/estate/deployments/value/0/sku", "GlobalStandard"),
        ("/estate/zones/value/0/name", "privatelink.openai.azure.com"),
        ("/estate/networks/value/0/prefixes/0", "10."),
        ("/estate/security_groups/0/rules/0/sources/1", "VirtualNetwork"),
        ("/estate/security_groups/0/rules/0/destinations/0", "AzureCloud."),
        ("/estate/security_groups/0/rules/0/destination_ports/1", "8000-9000"),
        ("/estate/security_groups/0/rules/1/name", "AllowVnetOutBound"),
        ("/estate/roles/value/0/role", "Cognitive Services OpenAI User"),
        ("/estate/roles/value/0/created", "2026-11-20T08:15:30Z"),
        ("/estate/roles/value/0/data_actions/0", "Microsoft.CognitiveServices/accounts/OpenAI/*"),
        ("/estate/changes/value/0/properties/0", "properties.publicNetworkAccess"),
    ] {
        let found = new.pointer(place).and_then(Value::as_str).unwrap_or_default();
        assert!(found.starts_with(text), "{place}: {found}");
    }
    let id = new.pointer("/estate/zones/value/0/links/value/0/id").unwrap().as_str().unwrap();
    let form = [
        "/subscriptions/00000000-0000-4000-8000-",
        "/resourceGroups/group-",
        "/providers/\
        Microsoft.Network/privateDnsZones/privatelink.openai.azure.com/virtualNetworkLinks/link-",
    ];
    assert!(form.iter().all(|part| id.contains(part)), "{id}");
    assert!(ResourceId::parse(id).is_some(), "{id}");
}

#[test]
fn ids_and_prefixes_stay_related() {
    let after = anonymised(&judged(azure())).unwrap();
    let estate = &after.evidence.azure.as_deref().unwrap().estate;
    let endpoint = &estate.endpoints.items()[0];
    assert_eq!(estate.connections.items()[0].endpoint.as_ref(), Some(&endpoint.id));
    assert_eq!(&endpoint.targets[0], &estate.account.known().unwrap().id);
    let network = &estate.networks.items()[0];
    assert_eq!(endpoint.subnet.as_ref(), Some(&network.subnets[0].id));
    assert_eq!(network.subnets[0].id.up_to("virtualNetworks").as_ref(), Some(&network.id));
    let zone = &estate.zones.items()[0];
    assert_eq!(zone.links.items()[0].network.as_ref(), Some(&network.id));
    let prefix: ipnet::IpNet = network.subnets[0].prefixes[0].parse().unwrap();
    let whole: ipnet::IpNet = network.prefixes[0].parse().unwrap();
    let interfaces = estate.interfaces.items();
    for interface in interfaces {
        assert!(prefix.contains(&interface.ip_configurations[0].address));
    }
    assert!(whole.contains(&prefix) && whole.prefix_len() == 16 && prefix.prefix_len() == 24);
    let record = zone.record.known().unwrap();
    assert_eq!(record.addresses[0], interfaces[0].ip_configurations[0].address);
    assert_eq!(record.id.name(), after.evidence.target.account.as_deref().unwrap());
    // The same machine as in the evidence of the path.
    assert_eq!(estate.inbound_endpoints.items()[0].addresses[0].to_string(), {
        let resolver = &after.evidence.vantage.resolver_config.nameservers[0];
        resolver.to_string()
    });
}

#[test]
fn no_name_survives_in_any_field_of_azure() {
    let original = serde_json::to_value(azure()).unwrap();
    let mut all = Vec::new();
    places(&original, "", &mut all);
    all.retain(|place| place.starts_with("/azure/"));
    let forms: [fn(&str) -> String; 3] = [
        |_| PLANTED.to_owned(),
        |_| "zqkanary-prod".to_owned(),
        |_| {
            "/subscriptions/5f9e9e9e-0000-4000-8000-00000000ee05/resourceGroups/zqkanary/providers/\
             Microsoft.Network/virtualNetworks/hub-zqkanary/subnets/zqkanary"
                .to_owned()
        },
    ];
    let (mut left, mut count) = (Vec::new(), 0);
    for place in &all {
        for form in forms {
            let mut planted = original.clone();
            *planted.pointer_mut(place).unwrap() = Value::from(form(""));
            // A field of a closed set of words takes no other.
            let Ok(planted) = serde_json::from_value::<Evidence>(planted) else { continue };
            let report = judged(planted);
            let once = || -> Option<String> {
                let evidence = anonymised(&report).ok()?.evidence;
                Some(serde_json::to_string(&evidence).unwrap().to_lowercase())
            };
            let Some(value) = once() else { continue };
            count += 1;
            // Keys are random: with one in thousands another address happens to get the prefix that
            // was planted, and with the next one it does not.
            let parts = PARTS.iter().chain(&["zqkanary", "5f9e9e9e"]);
            let parts = parts.filter(|part| value.contains(**part));
            let parts = parts.filter(|part| once().is_none_or(|again| again.contains(**part)));
            left.extend(parts.map(|part| format!("{place}: {part}")));
        }
    }
    assert!(count > 300, "{count}");
    assert!(left.is_empty(), "{}", left.join("\n"));
}

#[test]
fn a_new_field_of_azure_is_no_exception() {
    // A field that is not there yet is a text of the user's, where it stands and however deep.
    let before = judged(azure());
    let mut value = serde_json::to_value(&before).unwrap();
    let text = "10.66.77.88 zqkanary vnet-zebra-hub";
    value["evidence"]["azure"]["estate"]["account"]["value"]["kind"] = Value::from(text);
    let report: Evidence = serde_json::from_value(value["evidence"].take()).unwrap();
    let out = serde_json::to_string(&anonymised(&judged(report)).unwrap().evidence).unwrap();
    assert!(!out.contains("zqkanary") && !out.contains("10.66.77") && !out.contains("zebra"));
}
