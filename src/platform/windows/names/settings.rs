//! Adapters and registry values, read and not interpreted.

use std::net::IpAddr;

use ipconfig::{IfType, OperStatus};
use windows_registry::{Key, LOCAL_MACHINE};

use crate::platform::{Adapter, RegistryRule, ResolverSettings, SystemResolvers};

/// Settings of the DNS client by group policy.
const POLICY: &str = r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient";
/// Those of the DNS client service.
const SERVICE: &str = r"SYSTEM\CurrentControlSet\Services\Dnscache\Parameters";
/// DNS over HTTPS by interface, below the service.
const OVER_HTTPS: &str = r"SYSTEM\CurrentControlSet\Services\Dnscache\InterfaceSpecificParameters";
/// Those of TCP/IP.
const TCPIP: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
/// The rules of the Name Resolution Policy Table, below [`POLICY`] and [`SERVICE`].
const RULES: &str = "DnsPolicyConfig";

/// Values of which the evidence tells, in the place where each of them is.
const VALUES: &[(&str, &str)] = &[
    (POLICY, "DoHPolicy"),
    (POLICY, "DisableSmartNameResolution"),
    (POLICY, "AppendToMultiLabelName"),
    (SERVICE, "EnableAutoDoh"),
    (SERVICE, "DisableParallelAandAAAA"),
    (SERVICE, "MaxNegativeCacheTtl"),
];

/// Rules, and adapters' servers over HTTPS, that are read at most.
const MOST: usize = 1000;

/// What this machine has configured.
#[must_use]
pub fn resolver_settings() -> Option<SystemResolvers> {
    let adapters = ipconfig::get_adapters();
    let text = |path: &str, name: &str| {
        let value = LOCAL_MACHINE.open(path).and_then(|key| key.get_string(name)).ok()?;
        Some(value).filter(|value| !value.trim().is_empty())
    };
    Some(SystemResolvers::Windows(ResolverSettings {
        adapters_unreadable: adapters.as_ref().err().map(ToString::to_string),
        adapters: adapters.unwrap_or_default().iter().map(adapter).collect(),
        search_list: text(POLICY, "SearchList").or_else(|| text(TCPIP, "SearchList")),
        domain: text(POLICY, "PrimaryDnsSuffix")
            .or_else(|| text(TCPIP, "Domain"))
            .or_else(|| text(TCPIP, "DhcpDomain")),
        group_rules: rules(POLICY),
        local_rules: rules(SERVICE),
        values: VALUES
            .iter()
            .filter_map(|(path, name)| {
                let value = LOCAL_MACHINE.open(path).and_then(|key| key.get_u32(name)).ok()?;
                Some(((*name).to_owned(), value))
            })
            .collect(),
        database_path: text(TCPIP, "DataBasePath"),
    }))
}

fn adapter(seen: &ipconfig::Adapter) -> Adapter {
    let id = seen.adapter_name();
    let interface = LOCAL_MACHINE.open(format!(r"{TCPIP}\Interfaces\{id}"));
    let suffix = |name: &str| {
        let value = interface.as_ref().ok()?.get_string(name).ok()?;
        Some(value).filter(|value| !value.trim().is_empty())
    };
    Adapter {
        name: seen.friendly_name().to_owned(),
        index: seen.ipv6_if_index(),
        up: seen.oper_status() == OperStatus::IfOperStatusUp,
        loopback: seen.if_type() == IfType::SoftwareLoopback,
        metric_v4: seen.ipv4_metric(),
        metric_v6: seen.ipv6_metric(),
        addresses: seen.ip_addresses().to_vec(),
        servers: seen.dns_servers().to_vec(),
        over_https: ["Doh", "Doh6"].iter().flat_map(|family| over_https(id, family)).collect(),
        suffix: suffix("Domain").or_else(|| suffix("DhcpDomain")),
    }
}

/// The servers for which an adapter has settings of DNS over HTTPS: the names of keys.
fn over_https(id: &str, family: &str) -> Vec<IpAddr> {
    let path = format!(r"{OVER_HTTPS}\{id}\DohInterfaceSettings\{family}");
    let Ok(key) = LOCAL_MACHINE.open(path) else { return Vec::new() };
    let names: Vec<String> = key.keys().map(|all| all.take(MOST).collect()).unwrap_or_default();
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

fn rules(below: &str) -> Vec<RegistryRule> {
    let Ok(all) = LOCAL_MACHINE.open(format!(r"{below}\{RULES}")) else { return Vec::new() };
    let keys: Vec<String> = all.keys().map(|keys| keys.take(MOST).collect()).unwrap_or_default();
    keys.into_iter().filter_map(|key| Some(rule(&all.open(&key).ok()?, key))).collect()
}

fn rule(values: &Key, key: String) -> RegistryRule {
    let text = |name: &str| values.get_string(name).ok();
    RegistryRule {
        key,
        name: values.get_multi_string("Name").unwrap_or_default(),
        config_options: values.get_u32("ConfigOptions").unwrap_or_default(),
        generic_dns_servers: text("GenericDNSServers"),
        direct_access_dns_servers: text("DirectAccessDNSServers"),
    }
}
