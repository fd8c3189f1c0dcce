//! By which values of evidence a reader would know the owner.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use aoai_probe::evidence::{AddressClass, classify};
use serde_json::Value;

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
pub(super) fn identifying(value: &Value, found: &mut BTreeSet<String>) {
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
                // The workspace that no query is for.
                "00000000-0000-0000-0000-000000000000",
            ];
            found.extend(names_of_id(text));
            found.extend(guids.filter(|guid| !known.contains(guid)).map(str::to_owned));
        }
        Value::Array(list) => list.iter().for_each(|one| identifying(one, found)),
        Value::Object(fields) => {
            for (key, one) in fields {
                identifying(one, found);
                let text = one.as_str().unwrap_or_default();
                let of_azure = ["microsoft", "azure", "loganalytics"];
                let own = ["account", "sha256", "deployment"].contains(&key.as_str())
                    || key == "host" && !of_azure.iter().any(|part| text.contains(part));
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
