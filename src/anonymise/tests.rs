//! Values that a reader would recognise, before and after.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::addresses::Addresses;
use super::words::Words;
use super::*;

fn anonymiser() -> Anonymiser {
    let mut words = Words::new();
    words.replace("myacct", "account");
    words.replace("jump-01", "host");
    words.replace("gpt-4o", "deployment");
    words.replace("public", "account");
    Anonymiser { addresses: Addresses::new(&BTreeSet::new()), words, run: RandomState::new() }
}

fn texts(cases: &[(&str, &str)]) {
    let mut anonymiser = anonymiser();
    for (text, new) in cases {
        assert_eq!(anonymiser.prose(text, Whose::Sentence), *new, "{text}");
    }
}

#[test]
fn names_keep_what_is_azures() {
    texts(&[
        ("myacct.openai.azure.com", "account-1.openai.azure.com"),
        ("MyAcct.PrivateLink.openai.azure.com.", "account-1.privatelink.openai.azure.com."),
        ("login.microsoftonline.com", "login.microsoftonline.com"),
        ("https://myacct.openai.azure.com:443/", "https://account-1.openai.azure.com:443/"),
        ("contoso.onmicrosoft.com", "name-1.onmicrosoft.com"),
        ("proxy.corp.contoso.com", "name-2.name-3.name-1.com.example"),
        ("other.contoso.com and .contoso.com", "name-4.name-1.com.example and .name-1.com.example"),
        ("*.openai.azure.com,localhost", "*.openai.azure.com,localhost"),
        ("http://alice:secret@proxy:3128", "http://user-1:user-2@name-2:3128"),
        ("alice@contoso.com", "user-1@name-1.com.example"),
    ]);
}

#[test]
fn messages_of_services_and_programs_stay() {
    for text in [
        "Access denied due to Virtual Network/Firewall rules.",
        "Public access is disabled. Please configure private endpoint.",
        "AADSTS7000215: Invalid client secret provided.",
        "HTTP/1.1 403 Forbidden",
        "squid/5.7",
        "Microsoft.CognitiveServices/accounts/OpenAI/models/read",
        "Permission denied (os error 13)",
        "C=US, O=Zscaler Inc., CN=Zscaler Root CA",
        "/etc/resolv.conf",
        "/run/systemd/resolve/resolv.conf",
        "max-age=300; includeSubDomains; preload",
        "\\u{1b}[31m",
    ] {
        assert_eq!(anonymiser().prose(text, Whose::Sentence), text);
    }
}

#[test]
fn what_is_not_known_is_replaced() {
    texts(&[
        ("the directory 'Contoso Ltd' was not found", "the directory 'word-1 Ltd' was not found"),
        ("/home/alice/corp.pem", "/home/user-1/corp.pem"),
        ("C:\\Users\\Alice\\key.pem", "C:\\Users\\user-1\\key.pem"),
        ("~bob/key", "~user-2/key"),
        ("jump-01 and JUMP-01", "host-1 and host-1"),
        ("/openai/deployments/gpt-4o/chat", "/openai/deployments/deployment-1/chat"),
        ("deployments%2Fgpt-4o%2Fchat", "deployments/deployment-1/chat"),
        ("ip-10-0-0-1", "id-1"),
        ("request 7f3a9c21d4e5", "request id-2"),
        ("6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f", "00000000-0000-4000-8000-000000000001"),
        // A resource may have an ordinary word for a name: in a sentence the word stays.
        ("public access to 'public'", "public access to 'account-2'"),
    ]);
}

#[test]
fn addresses_keep_their_class_and_their_networks() {
    let mut known = BTreeSet::new();
    for text in ["10.1.0.10", "10.1.0.20", "10.3.0.5", "192.168.1.1", "20.62.58.5", "fd00:1::5"] {
        known.insert(text.parse::<IpAddr>().unwrap());
    }
    for _ in 0..20 {
        let mut addresses = Addresses::new(&known);
        let mut map = |text: &str| addresses.address(text.parse().unwrap());
        for address in &known {
            let image = map(&address.to_string());
            assert_ne!(image, *address);
            assert!(!known.contains(&image), "{image}");
            let class = crate::evidence::classify;
            assert_eq!(class(image), class(*address), "{address} {image}");
        }
        let shared = |a: IpAddr, b: IpAddr| match (a, b) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u32::from(a) ^ u32::from(b)).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a) ^ u128::from(b)).leading_zeros(),
            _ => 0,
        };
        for (a, b) in [("10.1.0.10", "10.1.0.20"), ("10.1.0.10", "10.3.0.5")] {
            let before = shared(a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(shared(map(a), map(b)), before, "{a} {b}");
        }
        for fixed in ["168.63.129.16", "127.0.0.53", "8.8.8.8", "169.254.169.254", "::1", "fe80::1"]
        {
            assert_eq!(map(fixed).to_string(), fixed);
        }
        assert_eq!(map("64:ff9b::a03:5"), nat64(map("10.3.0.5")));
        let network = addresses.network("10.3.0.0/24".parse().unwrap());
        assert_eq!(network, network.trunc());
        assert!(network.contains(&addresses.address("10.3.0.5".parse().unwrap())));
        for whole in ["0.0.0.0/0", "10.0.0.0/8", "100.64.0.0/10", "::/0"] {
            assert_eq!(addresses.network(whole.parse().unwrap()).to_string(), whole);
        }
    }
}

fn nat64(address: IpAddr) -> IpAddr {
    let IpAddr::V4(v4) = address else { panic!("{address}") };
    let prefix = 0x64_ff9b_u128 << 96;
    IpAddr::V6((prefix | u128::from(u32::from(v4))).into())
}

#[test]
fn reverse_names_are_those_of_the_new_address() {
    let mut anonymiser = anonymiser();
    let new = anonymiser.prose("10.1.0.10", Whose::Sentence);
    let spelt: Vec<&str> = new.rsplit('.').collect();
    let reversed = anonymiser.prose("10.0.1.10.in-addr.arpa", Whose::Sentence);
    assert_eq!(reversed, format!("{}.in-addr.arpa", spelt.join(".")));
}

#[test]
fn addresses_are_replaced_whatever_surrounds_them() {
    for text in [
        "10.66.77.0/255.255.255.0",
        "10.66.77.1-10.66.77.9",
        "10.66.77.88-10.66.77.99",
        "10.66.77.88\u{2013}10.66.77.99",
        "10.66.77.88..10.66.77.99",
        "10.66.77.88/10.66.77.99",
        "10.66.77.88_1",
        "10.66.77.88@x",
        "src10.66.77.88",
        "a10.66.77.88b",
        "v10.66.77.88:443/24",
        "10.66.77.88%3A80",
        "%31%30.66.77.88",
        "10.66.77.88%eth0",
        "10.66.077.088",
        "10.66.77.",
        "net10.66.77.x",
        "10.66.77.880",
        "110.66.77.8888",
        "10,66,77,88",
        "a=10,66,77,88;",
        "10/66/77/88",
        "10|66|77|88",
        "10-66-77-88-10-66-77-99",
        "src10_66_77_88",
        "51.77.13.91-51.77.13.95",
        "51.77.13.0-51.77.13.255",
        "fd12:3456::1-fd12:3456::2",
        "srcfd12:3456::1",
        "[fd12:3456::1]:443/x",
        "fd12:3456::1%3A80",
        "x=fd12:3456:0:0:0:0:10.66.77.88.",
        "a8:bb:cc:dd:ee:01",
        "maca8-bb-cc-dd-ee-01x",
        "0x0A42584D",
        "ip0x0a42584d",
        "AS64512",
        "2026-11-21T12:00:00+02:00",
        "12:00:00 +0530",
        "12:00:00-05:00",
        "GMT+0200",
        "UTC+02:00",
        "utc+2",
        "2026-11-21T12:00:00.123+02:00",
        "12:00:00,5+02",
        "http://10.66.77.88-10.66.77.99:80/a10.66.77.88",
        "/var/10.66.77.88-x/y",
        "10.66.77.88://x",
        "contoso://x",
        "(src=10.66.77.88;dst=51.77.13.91)",
    ] {
        for whose in [Whose::Sentence, Whose::Typed, Whose::Owner] {
            let new = anonymiser().prose(text, whose).to_lowercase();
            for own in [
                "10.66.77",
                "66.077",
                "66-77",
                "66_77",
                "66,77",
                "66/77",
                "66|77",
                "51.77.13",
                "fd12:3456",
                "a8:bb",
                "a8-bb",
                "0a42584d",
                "64512",
                "+02",
                "+2",
                "+05",
                "-05",
                "contoso",
            ] {
                assert!(!new.contains(own), "{text} {whose:?}: {new}");
            }
        }
    }
    let new = anonymiser().prose("10.66.77.1-10.66.77.9", Whose::Sentence);
    assert!(new.starts_with("10.") && new.contains(".1-10.") && new.ends_with(".9"), "{new}");
    let new = anonymiser().prose("10.66.77.0/255.255.255.0", Whose::Sentence);
    assert!(new.ends_with(".0/255.255.255.0"), "{new}");
    let new = anonymiser().prose("10.66.77.88%3A80", Whose::Sentence);
    assert!(new.ends_with(".88:80"), "{new}");
}

#[test]
fn what_looks_like_an_address_stays() {
    for text in [
        "io::Error",
        "HTTP/1.1 200",
        "2026-11-21T12:00:00Z",
        "Sat, 21 Nov 2026 12:00:00 +0000",
        "TLS 1.3",
        "127.0.0.1:8080",
        "[::1]:53",
    ] {
        assert_eq!(anonymiser().prose(text, Whose::Sentence), text);
    }
}

#[test]
fn names_of_two_letters_are_replaced() {
    let mut anonymiser = anonymiser();
    for (text, new) in [
        ("O=BP, CN=BP CA", "O=word-1, CN=word-1 CA"),
        ("C=DE, O=BP, OU=HQ", "C=ZZ, O=word-1, OU=word-2"),
        ("O=3M", "O=word-3"),
        ("O=H&M", "O=word-4&word-5"),
        ("O=7-11, O=WE", "O=word-6, O=word-7"),
        (
            "O=Target Corporation, CN=Shell Issuing CA 2",
            "O=word-8 Corporation, CN=word-9 Issuing CA 2",
        ),
        (
            "DC=shell, serialNumber=12345, postalCode=2040",
            "DC=word-9, serialNumber=word-10, word-11=word-12",
        ),
        ("C=US, O=DigiCert Inc, CN=DigiCert Global Root G2", ""),
        ("C=US, O=Let's Encrypt, CN=R3", ""),
    ] {
        let mut value = serde_json::json!({ "chain": [{ "issuer": text }] });
        anonymiser.field(&mut value, "", "");
        let new = if new.is_empty() { text } else { new };
        assert_eq!(value["chain"][0]["issuer"], new);
    }
    let mut value =
        serde_json::json!({ "name": "NO_PROXY", "value": "bp,it, 10.66.77.0/24,.corp" });
    anonymiser.field(&mut value, "variables", "");
    let new = value["value"].as_str().unwrap();
    assert!(new.starts_with("word-1,name-") && new.ends_with(".0/24,.corp"), "{new}");
    assert_eq!(anonymiser.prose("/v1/bp01", Whose::Typed), "/v1/word-13");
}

#[test]
fn staff_ids_and_machines_of_two_letters_and_digits_are_replaced() {
    let mut anonymiser = anonymiser();
    for (text, own) in [
        ("User: DE\\ab1234", "ab1234"),
        ("Blocked by UK02FW", "uk02fw"),
        ("at PC4711", "4711"),
        ("by hq-dc1-fw2", "fw2"),
        ("in rg-hub-we-01", "rg-hub"),
        ("hq1", "hq1"),
        ("MISS from bp01:3128", "bp01"),
        ("\\\\fs01\\share", "fs01"),
        ("call 1234-5678", "1234"),
        ("or 089-12345-678", "12345"),
        ("or (425) 555-0100", "0100"),
    ] {
        let new = anonymiser.prose(text, Whose::Sentence);
        assert!(!new.to_lowercase().contains(own), "{text}: {new}");
    }
    for (name, value, new) in [
        ("via", "1.1 uk02fw (squid/5.7)", "1.1 word-2 (squid/5.7)"),
        ("server", "HQ-PX01", "word-7"),
        ("server", "istio-envoy", "istio-envoy"),
        ("server", "Zscaler/6.2", "Zscaler/6.2"),
        ("proxy-status", "squid; error=dns_error; rcode=NXDOMAIN", ""),
    ] {
        let mut header = serde_json::json!({ "headers": [{ "name": name, "value": value }] });
        anonymiser.field(&mut header, "", "");
        let kept = header["headers"][0]["value"].as_str().unwrap().to_owned();
        match new {
            "" => assert_eq!(kept, value),
            "word-7" => assert!(kept.starts_with("word-"), "{kept}"),
            new => assert_eq!(
                kept.replace(|c: char| c.is_ascii_digit(), ""),
                new.replace(|c: char| c.is_ascii_digit(), "")
            ),
        }
    }
}

#[test]
fn names_of_two_capitals_are_replaced_in_a_sentence() {
    for (text, new) in [
        ("Access denied by BP Proxy, BP IT", "Access denied by word-1 Proxy, word-1 IT"),
        ("Basic realm=\"BP Proxy\"", "Basic realm=\"word-1 Proxy\""),
        ("Country: DE, Site: UK", "word-1: word-2, Site: word-3"),
    ] {
        assert_eq!(anonymiser().prose(text, Whose::Sentence), new);
    }
}

#[test]
fn the_query_of_a_url_in_a_sentence_is_part_of_the_url() {
    let text = "see https://block.contoso.com/?user=ab1234&src=10.66.77.88&cat=hub or the hub";
    let new = anonymiser().prose(text, Whose::Sentence);
    for own in ["ab1234", "10.66.77", "cat=hub", "contoso"] {
        assert!(!new.contains(own), "{new}");
    }
    assert!(new.ends_with(" or the hub"), "{new}");
    let text = "https://myacct.openai.azure.com/openai/models?api-version=2024-10-21-preview";
    assert!(anonymiser().prose(text, Whose::Typed).ends_with("?api-version=2024-10-21-preview"));
}

#[test]
fn the_hosts_line_and_the_version_keep_only_known_words() {
    let mut value = serde_json::json!({
        "nsswitch_hosts": "files mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns bpname",
        "options": { "api_version": "2024-10-21-preview" },
    });
    let old = value.clone();
    anonymiser().field(&mut value, "", "");
    let line = old["nsswitch_hosts"].as_str().unwrap().replace("bpname", "word-1");
    assert_eq!(value["nsswitch_hosts"], line);
    assert_eq!(value["options"], old["options"]);
    let mut value = serde_json::json!({ "options": { "api_version": "contosocorp" } });
    anonymiser().field(&mut value, "", "");
    assert_eq!(value["options"]["api_version"], "word-1");
}

#[test]
fn ids_of_resources_keep_their_types_and_no_name() {
    let id = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/hub/providers/\
              Microsoft.Network/virtualNetworks/network/subnets/AzureFirewallSubnet";
    let new = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/group-1/providers/\
               Microsoft.Network/virtualNetworks/vnet-1/subnets/AzureFirewallSubnet";
    let mut anonymiser = anonymiser();
    let mut value = serde_json::json!({ "zones": { "state": "read", "value": [{
        "id": id, "links": { "state": "read", "value": [{ "id": id, "network": id }] },
    }] } });
    anonymiser.field(&mut value, "estate", "azure");
    let zone = &value["zones"]["value"][0];
    let link = &zone["links"]["value"][0];
    assert_eq!([&zone["id"], &link["id"], &link["network"]], [new, new, new]);
    let text = format!("no right over scope '{id}'");
    assert_eq!(anonymiser.prose(&text, Whose::Sentence), format!("no right over scope '{new}'"));
    for kind in TYPES {
        let id = format!("/subscriptions/0/resourceGroups/hub/providers/{kind}/hub");
        let new = anonymiser.path(&id);
        for part in kind.split('/').filter(|part| *part != "x") {
            assert!(new.contains(&format!("/{part}/")), "{part} in {new}");
        }
        assert!(!new.contains("/hub"), "{new}");
    }
    let zone = "/providers/Microsoft.Network/privateDnsZones/privatelink.openai.azure.com/A/myacct";
    let new = anonymiser.path(&format!("/subscriptions/0/resourceGroups/hub{zone}"));
    assert!(new.ends_with(&zone.replace("myacct", "account-1")), "{new}");
}

/// Types of resources that the evidence of Resource Manager names.
const TYPES: &[&str] = &[
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.CognitiveServices/accounts/x/privateEndpointConnections",
    "Microsoft.CognitiveServices/accounts/x/deployments",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/dnsForwardingRulesets",
    "Microsoft.Network/dnsForwardingRulesets/x/forwardingRules",
    "Microsoft.Network/dnsResolvers",
    "Microsoft.Network/dnsResolvers/x/inboundEndpoints",
    "Microsoft.Network/dnsResolverPolicies",
    "Microsoft.Network/dnsResolverPolicies/x/dnsSecurityRules",
    "Microsoft.Network/dnsResolverDomainLists",
    "Microsoft.Network/firewallPolicies",
    "Microsoft.Network/networkInterfaces",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/networkSecurityGroups/x/securityRules",
    "Microsoft.Network/networkSecurityPerimeters",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/x/virtualNetworkLinks",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateEndpoints/x/privateDnsZoneGroups",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/virtualNetworks/x/virtualNetworkPeerings",
    "Microsoft.Network/virtualNetworks/x/subnets",
];

#[test]
fn words_of_resource_manager_stay() {
    for text in WORDS_OF_ARM.split(' ') {
        assert_eq!(anonymiser().prose(text, Whose::Sentence), text);
    }
    let mut value = serde_json::json!({
        "estate": { "rules": [{ "destination_ports": ["443", "1024-65535", "*"] }] }
    });
    let old = value.clone();
    anonymiser().field(&mut value, "azure", "evidence");
    assert_eq!(value, old);
}

/// Words that rules compare.
const WORDS_OF_ARM: &str = "InProgress Completed Default NxDomainRedirect Connected Initiated \
    Disconnected FullyInSync LocalNotInSync RemoteNotInSync LocalAndRemoteNotInSync running stopped \
    deallocated deallocating Enabled Disabled NetworkSecurityGroupEnabled RouteTableEnabled Inbound \
    Outbound Allow Deny Tcp Udp Icmp * VnetLocal Internet VirtualAppliance VirtualNetworkGateway \
    InterfaceEndpoint None User Active Invalid OpenAI AIServices Succeeded Failed ResolvingDNS \
    Updating Creating Running Paused GlobalStandard Enforced Learning Audit Block Alert Create \
    Update Delete account properties.publicNetworkAccess VirtualNetwork AzureLoadBalancer \
    AzureCloud AzureCognitiveServices AzureActiveDirectory AzurePlatformDNS AzureFrontDoor \
    AzurePlatformIMDS AzureResourceManager Microsoft.CognitiveServices \
    Microsoft.CognitiveServices/accounts/OpenAI/*/read Microsoft.CognitiveServices/* \
    Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action \
    AuthorizationFailed SubscriptionNotFound Microsoft.Network/privateEndpoints/read \
    Microsoft.Network/dnsForwardingRulesets/forwardingRules/read";
