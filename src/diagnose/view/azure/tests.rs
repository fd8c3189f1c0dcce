//! Security groups, routes and roles as Azure evaluates them.

use std::net::IpAddr;

use super::access::{PublicAccess, matches, public_access};
use super::packet_rules::{Access, Packet, decide, decide_in_effect};
use crate::evidence::azure::{Account, NetworkRule, ResourceId};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn rule(priority: u32, access: &str, to: &str, ports: &str) -> NetworkRule {
    NetworkRule {
        name: format!("{access}-{priority}"),
        direction: "Outbound".to_owned(),
        access: access.to_owned(),
        priority,
        protocol: "Tcp".to_owned(),
        sources: vec!["*".to_owned()],
        destinations: vec![to.to_owned()],
        destination_ports: vec![ports.to_owned()],
        source_ports: Vec::new(),
        group: None,
    }
}

fn out<'a>(to: &str, network: &'a [String]) -> Packet<'a> {
    Packet {
        direction: "Outbound",
        source: ip("10.3.0.4"),
        destination: ip(to),
        port: 443,
        virtual_network: network,
    }
}

fn access(rules: &[NetworkRule], to: &str, network: &[&str]) -> Access {
    let network: Vec<String> = network.iter().map(|n| (*n).to_owned()).collect();
    decide(rules.iter(), &out(to, &network)).access
}

#[test]
fn the_lowest_number_that_matches_decides() {
    let rules = [
        rule(200, "Deny", "10.3.0.0/24", "*"),
        rule(100, "Allow", "10.3.0.5", "400-500"),
        rule(4096, "Allow", "*", "*"),
    ];
    assert_eq!(access(&rules, "10.3.0.5", &[]), Access::Allow);
    assert_eq!(access(&rules, "10.3.0.6", &[]), Access::Deny);
    assert_eq!(access(&rules, "10.4.0.6", &[]), Access::Allow);
}

#[test]
fn a_rule_for_another_direction_protocol_or_port_does_not_count() {
    let mut udp = rule(100, "Deny", "*", "*");
    udp.protocol = "Udp".to_owned();
    let mut inbound = rule(101, "Deny", "*", "*");
    inbound.direction = "Inbound".to_owned();
    let other = rule(102, "Deny", "*", "80,8080");
    let last = rule(4096, "Allow", "*", "443");
    assert_eq!(access(&[udp, inbound, other, last], "10.3.0.5", &[]), Access::Allow);
}

#[test]
fn a_rule_for_some_source_ports_may_match() {
    let mut some = rule(100, "Deny", "*", "443");
    let last = rule(4096, "Allow", "*", "*");
    for (range, wanted) in
        [("1024-2000", Access::MayMatch), ("*", Access::Deny), ("0-65535", Access::Deny)]
    {
        some.source_ports = vec![range.to_owned()];
        assert_eq!(access(&[some.clone(), last.clone()], "10.3.0.5", &[]), wanted, "{range}");
    }
}

#[test]
fn a_tag_may_match_and_decides_nothing_against_another_rule() {
    let tag = rule(100, "Deny", "AzureCloud", "443");
    let all = |access| rule(65500, access, "*", "*");
    assert_eq!(access(&[tag.clone(), all("Allow")], "10.3.0.5", &[]), Access::MayMatch);
    assert_eq!(access(&[tag.clone(), all("Deny")], "10.3.0.5", &[]), Access::Deny);
    assert_eq!(access(&[tag], "10.3.0.5", &[]), Access::MayMatch);
    let group = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/\
                 applicationSecurityGroups/web";
    let group = rule(100, "Deny", group, "443");
    assert_eq!(access(&[group, all("Allow")], "10.3.0.5", &[]), Access::MayMatch);
}

#[test]
fn the_network_and_the_internet_are_decided_by_the_prefixes_of_the_network() {
    let rules = [
        rule(65000, "Allow", "VirtualNetwork", "*"),
        rule(65001, "Allow", "Internet", "*"),
        rule(65500, "Deny", "*", "*"),
    ];
    assert_eq!(access(&rules, "10.3.0.5", &["10.3.0.0/16"]), Access::Allow);
    assert_eq!(access(&rules, "20.62.58.5", &["10.3.0.0/16"]), Access::Allow);
    // A network behind a gateway is in the tag too, and is not seen here.
    assert_eq!(access(&rules, "10.9.0.5", &["10.3.0.0/16"]), Access::MayMatch);
    let no_internet = [rule(100, "Deny", "Internet", "*"), rule(65500, "Allow", "*", "*")];
    assert_eq!(access(&no_internet, "10.3.0.5", &["10.3.0.0/16"]), Access::Allow);
    assert_eq!(access(&no_internet, "20.62.58.5", &["10.3.0.0/16"]), Access::Deny);
}

#[test]
fn of_the_rules_in_effect_each_group_must_let_the_packet_pass() {
    let group = |name: &str| {
        ResourceId::parse(&format!(
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/\
             networkSecurityGroups/{name}"
        ))
    };
    let mut allows = rule(100, "Allow", "*", "*");
    allows.group = group("a");
    let mut denies = rule(4000, "Deny", "10.3.0.5/32", "443");
    denies.group = group("b");
    let mut rest = rule(65500, "Allow", "*", "*");
    rest.group = group("b");
    let rules = [allows, denies, rest];
    let network = Vec::new();
    let decided = decide_in_effect(&rules, &out("10.3.0.5", &network)).unwrap();
    assert_eq!((decided.access, decided.rule.unwrap().priority), (Access::Deny, 4000));
    let passed = decide_in_effect(&rules, &out("10.3.0.6", &network)).unwrap();
    assert_eq!(passed.access, Access::Allow);
}

#[test]
fn a_star_of_a_role_is_any_run() {
    for (pattern, text, wanted) in [
        ("Microsoft.CognitiveServices/*", "Microsoft.CognitiveServices/accounts/x/read", true),
        (
            "Microsoft.CognitiveServices/accounts/OpenAI/*/read",
            "microsoft.cognitiveservices/accounts/openai/models/read",
            true,
        ),
        (
            "Microsoft.CognitiveServices/accounts/OpenAI/*/read",
            "Microsoft.CognitiveServices/accounts/OpenAI/models/write",
            false,
        ),
        ("*", "anything", true),
        ("*/read", "a/write", false),
        ("a/b", "a/b", true),
        ("a/b", "a/b/c", false),
        ("", "a", false),
    ] {
        assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
    }
}

#[test]
fn an_address_is_let_in_by_a_prefix_of_the_accounts_rules() {
    let id = "/subscriptions/1/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a";
    let account = |access: &str, default: &str, rules: &[&str]| Account {
        id: ResourceId::parse(id).unwrap(),
        kind: None,
        location: None,
        custom_subdomain: None,
        endpoints: Vec::new(),
        public_network_access: Some(access.to_owned()),
        default_action: Some(default.to_owned()),
        ip_rules: rules.iter().map(|r| (*r).to_owned()).collect(),
        subnet_rules: Vec::new(),
        keys_disabled: None,
        provisioning_state: None,
    };
    let from = ip("203.0.113.9");
    for (access, default, rules, wanted) in [
        ("Enabled", "Deny", &["203.0.113.0/28"][..], PublicAccess::Listed),
        ("Enabled", "Deny", &["203.0.113.8"][..], PublicAccess::NotListed),
        ("Enabled", "Allow", &[][..], PublicAccess::Open),
        ("Disabled", "Allow", &["203.0.113.9"][..], PublicAccess::Off),
        ("SecuredByPerimeter", "Deny", &["203.0.113.9"][..], PublicAccess::Perimeter),
    ] {
        assert_eq!(public_access(&account(access, default, rules), from), wanted);
    }
}
