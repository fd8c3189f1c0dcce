//! `--anonymise`: the same conclusions, and nothing left by which the owner is known.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr};

use aoai_probe::anonymise::Anonymiser;
use aoai_probe::diagnose::diagnose;
use aoai_probe::evidence::azure::ResourceId;
use aoai_probe::evidence::{AddressClass, Evidence, classify};
use aoai_probe::render::{self, Style, Verbosity};
use aoai_probe::report::Report;
use serde_json::Value;

use crate::fixtures::{evidence, reports, root};

/// The evidence of every fixture, with its place.
fn all() -> Vec<(String, Evidence)> {
    let mut all: Vec<(String, Evidence)> = reports()
        .into_iter()
        .map(|(name, report)| (format!("reports/{name}"), report.evidence))
        .collect();
    let folder = root().join("fixtures/findings");
    for finding in fs::read_dir(folder).unwrap() {
        let finding = finding.unwrap();
        for file in fs::read_dir(finding.path()).unwrap() {
            let (finding, file) = (finding.file_name(), file.unwrap().file_name());
            let name = format!("findings/{}/{}", finding.display(), file.display());
            let value = evidence(&name);
            all.push((name, serde_json::from_value(value).unwrap()));
        }
    }
    all
}

fn judged(evidence: Evidence) -> Report {
    let diagnosis = diagnose(&evidence);
    Report::new(evidence, diagnosis)
}

/// What was concluded, without the values in it.
fn conclusions(report: &Report) -> Vec<String> {
    let verdict = &report.verdict;
    let mut lines = vec![format!(
        "{:?} {:?} {:?} {:?}",
        verdict.state, verdict.broken_hop, verdict.cause, verdict.confidence
    )];
    lines.extend(report.findings.iter().map(|f| {
        format!(
            "{} {:?} {:?} {:?} {:?} {} {:?} {:?}",
            f.id, f.hop, f.level, f.confidence, f.caveat, f.untested, f.explained_by, f.cites
        )
    }));
    lines
}

fn anonymised(report: &Report) -> Result<Report, String> {
    let mut anonymiser = Anonymiser::new(std::slice::from_ref(report))?;
    let saved = anonymiser.report(report)?;
    let mut new = judged(saved.evidence);
    (new.name, new.labels) = (saved.name, saved.labels);
    Ok(new)
}

#[test]
fn judged_again_the_conclusions_are_the_same() {
    let mut differing = Vec::new();
    let mut count = 0;
    for (name, evidence) in all() {
        let before = judged(evidence);
        let after = anonymised(&before);
        count += 1;
        let new = after.map_or_else(|why| vec![why], |after| conclusions(&after));
        let old = conclusions(&before);
        if old != new {
            let lost: Vec<_> = old.iter().filter(|line| !new.contains(line)).collect();
            let gained: Vec<_> = new.iter().filter(|line| !old.contains(line)).collect();
            differing.push(format!("{name}\n  - {lost:?}\n  + {gained:?}"));
        }
    }
    assert!(count > 1000, "{count}");
    assert!(differing.is_empty(), "{} of {count}:\n{}", differing.len(), differing.join("\n"));
}

/// Addresses that identify no owner: of Azure, of public resolvers, of this machine, for
/// documentation.
fn is_common(address: IpAddr) -> bool {
    let known = ["168.63.129.16", "8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9", "192.0.2.1"];
    let known = known.iter().chain(&["10.255.255.254", "10.0.2.3", "10.0.2.2", "2001:db8::1"]);
    let pools = ["192.168.65.0/24", "240.240.0.0/16", "208.67.222.0/24", "fd00:ec2::/64"];
    let pools = pools.iter().chain(&["100.100.100.100/32", "192.168.122.1/32", "172.17.0.1/32"]);
    let pools = pools.chain(&["192.168.5.2/31", "fd7a:115c:a1e0::53/128", "2620:fe::/48"]);
    let pools = pools.chain(&["fe80::/112"]);
    let inside = |net: &&str| net.parse::<ipnet::IpNet>().unwrap().contains(&address);
    let v4_link_local = address.is_ipv4() && classify(address) == AddressClass::LinkLocal;
    address.is_loopback()
        || address.is_unspecified()
        || v4_link_local
        || known.clone().any(|one| one.parse() == Ok(address))
        || pools.clone().any(inside)
}

/// Values by which a reader would know the owner: each address, id, and name of the evidence.
fn identifying(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let socket = text.parse().map(|socket: SocketAddr| socket.ip());
            if let Some(address) = text.parse::<IpAddr>().ok().or(socket.ok())
                && !is_common(address)
            {
                found.insert(address.to_string());
                if let IpAddr::V4(v4) = address {
                    let [a, b, c, d] = v4.octets();
                    found.insert(format!("{d}.{c}.{b}.{a}.in-addr.arpa"));
                    found.insert(format!("{a}-{b}-{c}-{d}"));
                }
            }
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let guids = words.filter(|w| w.len() == 36 && w.matches('-').count() == 4);
            let known = [
                "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
                // A role that every tenant has.
                "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
            ];
            found.extend(names_of_id(text));
            found.extend(guids.filter(|guid| !known.contains(guid)).map(str::to_owned));
        }
        Value::Array(list) => list.iter().for_each(|one| identifying(one, found)),
        Value::Object(fields) => {
            for (key, one) in fields {
                identifying(one, found);
                let text = one.as_str().unwrap_or_default();
                let own = ["account", "sha256", "deployment"].contains(&key.as_str())
                    || key == "host" && !text.contains("microsoft") && !text.contains("azure");
                // Numbers and single letters are in any output.
                if own && text.len() > 1 && text.contains(char::is_alphabetic) {
                    found.insert(text.to_owned());
                }
                let public = [
                    "Microsoft",
                    "DigiCert",
                    "mitmproxy",
                    "Zscaler",
                    "Baltimore",
                    "R11",
                    "AME INFRA",
                ];
                if key == "issuer_common_name" && !public.iter().any(|one| text.contains(one)) {
                    found.insert(text.to_owned());
                }
                let named = text.split("/home/").nth(1).or(text.split("\\Users\\").nth(1));
                let user = named.and_then(|rest| rest.split(['/', '\\']).next());
                found.extend(user.filter(|user| !user.is_empty()).map(str::to_owned));
            }
            // The machine that a proxy names.
            if fields.get("name").is_some_and(|name| name == "via") {
                let value = fields["value"].as_str().unwrap_or_default();
                let host = value.split(' ').nth(1).filter(|host| host.contains('.'));
                found.extend(host.map(str::to_owned));
            }
        }
        _ => {}
    }
}

/// The names in the id of a resource: of its group, of itself and of what it is in.
fn names_of_id(text: &str) -> Vec<String> {
    if !text.starts_with("/subscriptions/") {
        return Vec::new();
    }
    let path = text.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let named = segments.chunks_exact(2).filter(|pair| {
        let public = ["default", "AzureFirewallSubnet"];
        let provider = pair[0] == "providers";
        // After a provider, type and name have changed places.
        !provider
            && !public.contains(&pair[1])
            && !pair[1].starts_with("Microsoft.")
            // A zone of Azure's own suffixes.
            && !pair[1].ends_with("azure.com")
    });
    let types = ["A", "accounts", "links", "subnets", "privateEndpoints"];
    let names = named.map(|pair| pair[1].to_owned());
    names
        .filter(|name| !types.contains(&name.as_str()) && name.contains(['-', '.']))
        .filter(|name| name.matches('-').count() != 4)
        .collect()
}

/// Every form of output.
fn outputs(report: &Report) -> String {
    let reports = std::slice::from_ref(report);
    let verbose = Style { verbosity: Verbosity::Verbose, ..Style::default() };
    let mut out = render::human::render(reports, verbose);
    out += &render::json::render(reports).unwrap();
    out += &render::json_lines::render(reports).unwrap();
    out += &render::html::render(reports);
    out += &render::markdown::render(reports, None);
    out += &render::nagios::render(reports);
    out += &render::prometheus::render(reports);
    out += &render::junit::render(reports).unwrap();
    out += &render::github::annotations(reports);
    out + &render::github::summary(reports)
}

#[test]
fn nothing_identifies_the_owner() {
    let mut left = Vec::new();
    for (name, evidence) in all() {
        let before = judged(evidence);
        let mut values = BTreeSet::new();
        identifying(&serde_json::to_value(&before.evidence).unwrap(), &mut values);
        let out = outputs(&anonymised(&before).unwrap()).to_lowercase();
        // A value that is an ordinary word, or part of the page's own examples, is none.
        values.retain(|value| !["eastus", "localhost", "gpt-"].contains(&value.as_str()));
        let found = values.iter().filter(|value| {
            out.match_indices(&value.to_lowercase()).any(|(at, found)| {
                let around = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
                !around(out[..at].chars().next_back())
                    && !around(out[at + found.len()..].chars().next())
            })
        });
        left.extend(found.map(|value| format!("{name}: {value}")));
    }
    assert!(left.is_empty(), "{}\n{}", left.len(), left.join("\n"));
}

/// Addresses and names in forms that no field has of its own, and what must be left of none.
const PLANTED: &str = "10.66.77.0/255.255.255.0,10.66.77.1-10.66.77.9 src10.66.77.88_1 \
    10.66.77.88@x 10.66.77.88/10.66.77.99 10.66.77. 10,66,77,88 10.66.77.88%3A80 \
    51.77.13.91-51.77.13.95 fd12:3456::1-fd12:3456::2 srcfd12:3456::1 a8:bb:cc:dd:ee:01 \
    0x0A42584D AS64512 2026-11-21T12:00:00+02:00 zqkanary";
const PARTS: [&str; 9] = [
    "10.66.77",
    "10,66,77",
    "51.77.13",
    "fd12:3456",
    "a8:bb:cc",
    "0a42584d",
    "as64512",
    "00+02:00",
    "zqkanary",
];

/// The fields that take any text and keep it: this program alone writes them.
const CLOSED: &[&str] = &[
    "/started",
    "answer/rcode",
    "calls/method",
    "negotiated/alpn",
    "negotiated/cipher_suite",
    "negotiated/group",
    "negotiated/version",
    "records/kind",
    "target/cloud",
    "target/service",
    "target/service_name",
    "vantage/os",
];

/// Every text of a value, by its place.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(place.to_owned()),
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(n, one)| places(one, &format!("{place}/{n}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(key, one)| {
            places(one, &format!("{place}/{}", key.replace('/', "~1")), found)
        }),
        _ => {}
    }
}

#[test]
fn no_form_of_an_address_survives_in_any_text() {
    let (mut left, mut count, mut kept) = (Vec::new(), 0, BTreeSet::new());
    for name in ["http-forbidden/fires-unknown-words", "tls-untrusted-issuer/fires-corporate"] {
        let original = evidence(&format!("findings/{name}.json"));
        let mut all = Vec::new();
        places(&original, "", &mut all);
        for place in all {
            let mut planted = original.clone();
            *planted.pointer_mut(&place).unwrap() = Value::from(PLANTED);
            // A field of a closed set of words takes no other.
            let Ok(planted) = serde_json::from_value::<Evidence>(planted) else { continue };
            let Ok(new) = anonymised(&judged(planted)) else { continue };
            let value = serde_json::to_value(&new.evidence).unwrap();
            let new_text = value.pointer(&place);
            if new_text.is_none_or(|text| text == PLANTED) {
                let field = |part: &&str| part.parse::<u8>().is_err() && !part.is_empty();
                let mut fields = place.rsplit('/').filter(field);
                let (name, parent) = (fields.next().unwrap(), fields.next().unwrap_or_default());
                kept.insert(format!("{parent}/{name}"));
                continue;
            }
            count += 1;
            let out = outputs(&new).to_lowercase();
            left.extend(
                PARTS
                    .iter()
                    .filter(|part| out.contains(*part))
                    .map(|part| format!("{place}: {part}: {:?}", value.pointer(&place))),
            );
        }
    }
    assert!(count > 60, "{count}");
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    assert_eq!(kept, CLOSED);
    assert!(left.is_empty(), "{}", left.join("\n"));
}

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
            let Ok(new) = anonymised(&judged(planted)) else { continue };
            count += 1;
            let value = serde_json::to_string(&new.evidence).unwrap().to_lowercase();
            let parts = PARTS.iter().chain(&["zqkanary", "5f9e9e9e"]);
            left.extend(
                parts.filter(|part| value.contains(*part)).map(|part| format!("{place}: {part}")),
            );
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
