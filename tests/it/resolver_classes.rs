//! Every rule about resolvers over every class of resolver: what is advised must be possible
//! where that resolver is, and say what else it affects.

use std::fs;

use aoai_probe::diagnose::diagnose;
use aoai_probe::diagnose::resolver_class::{self, ResolverClass};
use aoai_probe::diagnosis::{Effect, Finding};
use aoai_probe::evidence::Evidence;
use serde_json::{Value, json};

use crate::fixtures::{evidence, root};

/// The rules whose advice follows from the class.
const RULES: &[&str] = &[
    "dns-zone-not-linked",
    "dns-outside-resolver",
    "dns-forwards-privatelink-only",
    "dns-privatelink-forwarder-dead",
    "dns-parent-zone-shadowed",
    "dns-no-internet-names",
    "dns-record-missing",
    "dns-azure-resolver-outside",
    "dns-suffix-left-out",
    "dns-udp-filtered",
    "dns-validation-fails",
    "dns-upstream-dead",
    "dns-zone-fails",
    "dns-resolver-silent",
    "dns-resolver-port-refused",
    "dns-resolver-unreachable",
    "dns-refused",
    "dns-servfail",
    "dns-malformed-answer",
    "dns-error-answer",
    "dns-public-not-expected",
    "dns-resolvers-disagree",
    "dns-name-not-found",
    "dns-resolver-down",
    "dns-no-address",
    "dns-own-record",
    "dns-system-differs",
    "dns-two-answers",
];

/// Teams that exist.
const TEAMS: &[&str] =
    &["DNS", "Network", "Security", "Azure platform", "Identity", "Application", "Server"];

/// A class, the address that has it, and what of the machine makes it so.
struct Place {
    class: ResolverClass,
    address: &'static str,
    azure: bool,
    platform: Option<&'static str>,
    gateway: bool,
    search: &'static str,
    /// Another default gateway.
    beside: Option<&'static str>,
}

const fn place(class: ResolverClass, address: &'static str) -> Place {
    Place {
        class,
        address,
        azure: false,
        platform: None,
        gateway: false,
        search: "corp.example",
        beside: None,
    }
}

fn places() -> Vec<Place> {
    use ResolverClass as Class;
    let on = |class, address, platform| Place { platform: Some(platform), ..place(class, address) };
    vec![
        Place { azure: true, ..place(Class::AzureDns, "168.63.129.16") },
        Place { azure: true, ..place(Class::VirtualNetwork, "10.1.0.10") },
        place(Class::OnPremises, "10.1.0.10"),
        Place { gateway: true, ..place(Class::Router, "192.168.1.1") },
        Place { beside: Some("fe80::1"), ..place(Class::Router, "fd00::1") },
        Place { beside: Some("192.168.1.254"), ..place(Class::LocalNetwork, "192.168.1.1") },
        Place { beside: Some("192.168.7.1"), ..place(Class::OnPremises, "192.168.1.1") },
        Place { beside: Some("2003:a::9"), ..place(Class::LocalNetwork, "2003:a::53") },
        Place { beside: Some("10.1.0.1"), ..place(Class::OnPremises, "10.1.0.10") },
        place(Class::Public, "8.8.8.8"),
        place(Class::Public, "2606:4700:4700::1111"),
        place(Class::Public, "130.149.7.7"),
        Place { beside: Some("130.149.7.1"), ..place(Class::OnPremises, "130.149.7.7") },
        Place { beside: Some("8.8.8.1"), ..place(Class::Public, "8.8.8.8") },
        Place { azure: true, ..place(Class::PublicOfAzureMachine, "1.1.1.1") },
        on(Class::PublicOfContainer, "8.8.4.4", "container"),
        on(Class::PublicOfPod, "9.9.9.9", "kubernetes"),
        on(Class::PublicOfApp, "8.8.8.8", "app_service"),
        on(Class::PublicOfWsl, "8.8.8.8", "wsl"),
        place(Class::ContainerEngine, "127.0.0.11"),
        Place { gateway: true, ..on(Class::ContainerEngine, "10.89.0.1", "container") },
        on(Class::ContainerEngine, "192.168.65.7", "container"),
        place(Class::Stub, "127.0.0.53"),
        place(Class::LocalServer, "127.0.0.1"),
        place(Class::LocalServer, "127.0.1.1"),
        Place { gateway: true, ..place(Class::MachineHost, "192.168.122.1") },
        Place { azure: true, ..on(Class::HostedMachine, "168.63.129.16", "hosted_machine") },
        Place { azure: true, ..on(Class::VirtualNetwork, "10.9.0.4", "hosted_machine") },
        place(Class::NodeCache, "169.254.20.10"),
        place(Class::NodeCache, "169.254.10.10"),
        on(Class::ClusterDns, "10.0.0.10", "kubernetes"),
        place(Class::WslRelay, "10.255.255.254"),
        Place { gateway: true, ..on(Class::WslRelay, "172.20.0.1", "wsl") },
        place(Class::ZeroTrust, "100.100.100.100"),
        place(Class::ZeroTrust, "100.64.0.3"),
        on(Class::AppService, "169.254.129.2", "functions"),
        on(Class::AppService, "168.63.129.16", "app_service"),
        on(Class::ContainerApps, "100.100.224.10", "container_apps"),
        on(Class::ContainerApps, "168.63.129.16", "container_apps"),
        place(Class::AmazonVpc, "169.254.169.253"),
        Place { search: "eu-west-1.compute.internal", ..place(Class::AmazonVpc, "10.20.0.2") },
        Place { search: "ec2.internal", ..place(Class::AmazonVpc, "172.31.16.18") },
        Place { search: "ec2.internal", ..place(Class::OnPremises, "10.20.0.10") },
        Place {
            search: "compute.internal",
            azure: true,
            ..place(Class::VirtualNetwork, "10.20.0.2")
        },
        Place {
            search: "c.my-project.google.internal",
            ..place(Class::GoogleCloud, "169.254.169.254")
        },
        Place { search: "hub.oraclevcn.com", ..place(Class::OracleCloud, "169.254.169.254") },
        place(Class::OtherCloud, "169.254.169.254"),
        place(Class::LinkLocal, "169.254.7.7"),
    ]
}

/// The evidence of a fixture, seen from such a place.
fn moved(fixture: &Value, to: &Place) -> Evidence {
    let socket = match to.address.contains(':') {
        true => format!("[{}]:53", to.address),
        false => format!("{}:53", to.address),
    };
    let text = fixture.to_string().replace("10.1.0.10:53", &socket);
    let text = text.replace("\"10.1.0.10\"", &format!("\"{}\"", to.address));
    let mut value: Value = serde_json::from_str(&text).unwrap();
    let vantage = &mut value["vantage"];
    vantage["azure"]["answer"] = json!(to.azure);
    vantage["resolver_config"]["stub"] = Value::Null;
    vantage["resolver_config"]["search"] = json!([to.search]);
    // Other links than the place's would make another class of it.
    for source in vantage["sources"].as_array_mut().unwrap() {
        source["source"] = json!("10.3.0.4");
        source["route"] = Value::Null;
    }
    vantage["platforms"] = match to.platform {
        Some(platform) => json!([{"platform": platform, "sign": "a test"}]),
        None => json!([]),
    };
    vantage["default_gateways"] = match to.beside {
        Some(other) => json!([other]),
        None if to.gateway => json!([to.address]),
        None => json!([]),
    };
    serde_json::from_value(value).unwrap()
}

fn fixtures() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for rule in RULES {
        let folder = root().join("fixtures/findings").join(rule);
        for file in fs::read_dir(&folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if name.starts_with("fires-") {
                let name = format!("findings/{rule}/{name}");
                let value = evidence(&name);
                // The places are those of Linux machines.
                let os = value["vantage"]["os"].as_str().unwrap_or_default();
                if os.starts_with("linux") {
                    all.push((name, value));
                }
            }
        }
    }
    all
}

/// Every sentence and command of a finding.
fn texts(finding: &Finding) -> Vec<String> {
    let mut all = vec![finding.headline.clone()];
    for part in [&finding.facts, &finding.reasoning, &finding.ruled_out, &finding.decide_with] {
        all.extend(part.iter().cloned());
    }
    for step in finding.fix.iter().flat_map(|fix| &fix.steps) {
        all.push(step.text.clone());
        all.extend(step.command.clone());
        all.extend(step.undo.clone());
        if let Effect::Shared { affects } = &step.effect {
            all.push(affects.clone());
        }
    }
    all
}

#[test]
fn advice_is_possible_where_the_resolver_is() {
    let fixtures = fixtures();
    for place in places() {
        let mut checked = 0;
        for (name, value) in &fixtures {
            let e = moved(value, &place);
            let address: std::net::IpAddr = place.address.parse().unwrap();
            let Some(r) = e.dns.resolvers.iter().find(|r| r.address.ip() == address) else {
                continue;
            };
            let class = resolver_class::of(&e, r).class;
            // What such a resolver cannot know makes it one of the inside.
            let inside = [ResolverClass::VirtualNetwork, ResolverClass::OnPremises];
            let answered = e.dns.resolvers.iter().any(|r| {
                r.address.ip() == aoai_probe::evidence::AZURE_DNS && r.a_answer().is_some()
            });
            assert!(
                class == place.class || inside.contains(&class) || answered,
                "{name} at {address}: {class:?}, wanted {:?}",
                place.class
            );
            for finding in &diagnose(&e).findings {
                if RULES.contains(&finding.id.as_str()) {
                    check(finding, class, place.address, name);
                    checked += usize::from(class == place.class);
                }
            }
        }
        assert!(checked >= 15, "{:?} at {}: {checked} findings", place.class, place.address);
    }
}

fn check(finding: &Finding, class: ResolverClass, address: &str, fixture: &str) {
    let at = format!("{} at {address} ({class:?}), {fixture}", finding.id);
    let inside = [ResolverClass::VirtualNetwork, ResolverClass::OnPremises];
    for text in texts(finding) {
        assert!(
            inside.contains(&class) || !text.contains(&format!("virtual network of {address}")),
            "{at}: {text}"
        );
        for administers in [format!("on {address}:"), format!("on {address} ")] {
            assert!(
                inside.contains(&class) || !text.starts_with(&administers),
                "no operator can log on there: {at}: {text}"
            );
        }
        assert!(
            !class.is_outside() || !text.contains("link vnet create"),
            "no link makes it see a private zone: {at}: {text}"
        );
        for blank in ["{r}", "{suffix}", "{zone}", "{name}"] {
            assert!(!text.contains(blank), "{at}: {text}");
        }
        // A command may have a comment.
        assert!(!text.replace("  # ", " # ").contains("  "), "{at}: {text}");
    }
    let Some(fix) = &finding.fix else { return };
    assert!(TEAMS.contains(&fix.owner.as_str()), "{at}: {}", fix.owner);
    assert!(!fix.steps.is_empty(), "{at}: no step");
    for step in &fix.steps {
        match &step.effect {
            Effect::ReadOnly => {}
            Effect::Local | Effect::Shared { .. } => {
                assert!(step.undo.is_some(), "{at}: no way back: {}", step.text);
            }
        }
    }
}

/// A stub is what its upstreams are, and its own name stays on the page.
#[test]
fn a_stub_is_what_it_asks() {
    for (upstreams, class) in [
        (json!(["8.8.8.8", "8.8.4.4"]), ResolverClass::Public),
        (json!(["10.1.0.10"]), ResolverClass::OnPremises),
        (json!(["10.1.0.10", "192.168.1.1"]), ResolverClass::Stub),
        (json!(["192.168.1.1"]), ResolverClass::Router),
        (json!(["168.63.129.16"]), ResolverClass::AzureDns),
    ] {
        let fixture = evidence("findings/dns-zone-not-linked/fires-public-refused.json");
        let mut value: Value =
            serde_json::from_str(&fixture.to_string().replace("10.1.0.10:53", "127.0.0.53:53"))
                .unwrap();
        value["vantage"]["azure"]["answer"] = json!(false);
        value["vantage"]["default_gateways"] = json!(["192.168.1.1"]);
        value["vantage"]["resolver_config"]["stub"] =
            json!({"address": "127.0.0.53", "upstreams": upstreams, "read_from": null});
        let e: Evidence = serde_json::from_value(value).unwrap();
        let whose = resolver_class::of(&e, &e.dns.resolvers[0]);
        assert_eq!(whose.class, class, "{upstreams}");
        // Where its upstreams differ it is the stub that chooses: the page is about that one.
        let label = match class {
            ResolverClass::Stub => whose.label.starts_with("127.0.0.53 (stub of "),
            _ => whose.label.ends_with("(behind the stub 127.0.0.53)"),
        };
        assert!(label, "{}", whose.label);
    }
}
