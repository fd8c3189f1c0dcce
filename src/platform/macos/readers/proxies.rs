//! The proxy settings of macOS (`scutil --proxy` shows them).

use serde_json::Value;

use super::{Store, port, text, texts};
use crate::platform::ProxySettings;

/// Where the store has them.
pub(in crate::platform) const KEY: &str = "State:/Network/Global/Proxies";

/// The kinds of proxy that an https call may use: the scheme that WinINET has for it, and the beginning of
/// the names of its values.
const KINDS: &[(&str, &str)] = &[("http", "HTTP"), ("https", "HTTPS"), ("socks", "SOCKS")];

/// The settings in the form in which Windows has them: one list of proxies by scheme, and one of what is
/// asked directly.
pub(in crate::platform) fn proxies(store: &Store) -> Option<ProxySettings> {
    let values = store.get(KEY)?.as_object()?;
    let on = |name: &str| match values.get(name) {
        Some(Value::Number(number)) => number.as_i64() != Some(0),
        Some(value) => value.as_bool() == Some(true),
        None => false,
    };
    let servers = KINDS.iter().filter(|(_, name)| on(&format!("{name}Enable")));
    let servers: Vec<String> = servers
        .filter_map(|(scheme, name)| {
            let host = text(values.get(&format!("{name}Proxy")))?;
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            Some(match port(values.get(&format!("{name}Port"))) {
                Some(port) => format!("{scheme}={host}:{port}"),
                None => format!("{scheme}={host}"),
            })
        })
        .collect();
    let mut bypass = texts(values.get("ExceptionsList"));
    if on("ExcludeSimpleHostnames") {
        bypass.push("<local>".to_owned());
    }
    let listed = |list: Vec<String>| Some(list.join(";")).filter(|list| !list.is_empty());
    Some(ProxySettings {
        auto_detect: on("ProxyAutoDiscoveryEnable"),
        script: text(values.get("ProxyAutoConfigURLString"))
            .filter(|_| on("ProxyAutoConfigEnable")),
        servers: listed(servers),
        bypass: listed(bypass),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(values: Value) -> Option<ProxySettings> {
        let mut store = Store::new();
        store.insert(KEY.to_owned(), values);
        proxies(&store)
    }

    #[test]
    fn settings_are_read_as_far_as_they_are_switched_on() {
        let made = include_str!("../../../../fixtures/macos/laptop.json");
        let store: Store = serde_json::from_str(made).unwrap();
        let settings = proxies(&store).unwrap();
        assert_eq!(
            settings.servers.as_deref(),
            Some("http=proxy.corp.contoso.example:8080;https=proxy.corp.contoso.example:8080")
        );
        assert_eq!(settings.bypass.as_deref(), Some("*.local;169.254/16;<local>"));
        assert_eq!((settings.auto_detect, settings.script), (false, None));
    }

    #[test]
    fn a_machine_without_a_proxy_has_empty_settings() {
        let off = json!({"HTTPSEnable": 0, "HTTPSProxy": "p.corp", "HTTPSPort": 8080,
            "ProxyAutoConfigEnable": 0, "ProxyAutoConfigURLString": "http://wpad.corp/p.pac"});
        assert_eq!(read(off), Some(ProxySettings::default()));
        assert_eq!(read(json!([1])), None);
        assert_eq!(proxies(&Store::new()), None);
    }

    #[test]
    fn scripts_and_other_kinds_are_read() {
        let settings = read(json!({"ProxyAutoDiscoveryEnable": 1, "ProxyAutoConfigEnable": true,
            "ProxyAutoConfigURLString": "http://wpad.corp/p.pac",
            "SOCKSEnable": 1, "SOCKSProxy": "fd00::5", "SOCKSPort": 1080,
            "HTTPSEnable": 1, "HTTPSProxy": "p.corp"}))
        .unwrap();
        assert!(settings.auto_detect);
        assert_eq!(settings.script.as_deref(), Some("http://wpad.corp/p.pac"));
        assert_eq!(settings.servers.as_deref(), Some("https=p.corp;socks=[fd00::5]:1080"));
    }
}
