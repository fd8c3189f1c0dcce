//! The resolvers of macOS in its dynamic store.

use serde_json::Value;

use super::{Store, port, resolver_file, text, texts};
use crate::platform::{ScopedResolver, ScopedResolvers};

/// The beginning of the keys of network services.
const SERVICES: &str = "State:/Network/Service/";
/// The order of the first domain of a service that names none, and how far services are apart (configd,
/// `dns-configuration.c`: before the default of 200000).
const FIRST_ORDER: u32 = 100_000;
const NEXT_SERVICE: u32 = 200;

/// The resolvers of the store and of the files, each with its name and text.
pub(in crate::platform) fn resolvers(
    store: Option<&Store>,
    files: &[(String, String)],
) -> ScopedResolvers {
    let files = files.iter().filter_map(|(name, text)| resolver_file::read(name, text)).collect();
    let Some(store) = store else {
        let unreadable = Some("the dynamic store of SystemConfiguration cannot be read".to_owned());
        return ScopedResolvers { files, unreadable, ..ScopedResolvers::default() };
    };
    ScopedResolvers { primary: primary(store), services: services(store), files, unreadable: None }
}

fn primary(store: &Store) -> Option<ScopedResolver> {
    let interface = ["IPv4", "IPv6"].iter().find_map(|family| {
        text(store.get(&format!("State:/Network/Global/{family}"))?.get("PrimaryInterface"))
    });
    resolver(store.get("State:/Network/Global/DNS")?, "primary", interface)
}

fn services(store: &Store) -> Vec<ScopedResolver> {
    let ids = store.keys().filter_map(|key| key.strip_prefix(SERVICES)?.strip_suffix("/DNS"));
    ids.zip(0..)
        .filter_map(|(id, number)| {
            let dns = store.get(&format!("{SERVICES}{id}/DNS"))?;
            let of = |family: &str| {
                text(store.get(&format!("{SERVICES}{id}/{family}"))?.get("InterfaceName"))
            };
            let interface =
                text(dns.get("InterfaceName")).or_else(|| of("IPv4").or_else(|| of("IPv6")));
            let found = resolver(dns, id, interface)?;
            Some(ScopedResolver { domains: domains(dns, number)?, ..found })
        })
        .collect()
}

/// What a dictionary of DNS settings says; none where it has no server.
fn resolver(dns: &Value, source: &str, interface: Option<String>) -> Option<ScopedResolver> {
    let servers = texts(dns.get("ServerAddresses"));
    let search = texts(dns.get("SearchDomains"));
    let domain = text(dns.get("DomainName")).into_iter().collect();
    Some(ScopedResolver {
        source: source.to_owned(),
        interface,
        servers,
        port: port(dns.get("ServerPort")),
        domains: Vec::new(),
        search: if search.is_empty() { domain } else { search },
    })
    .filter(|found| !found.servers.is_empty())
}

/// The domains that a service is asked for, with their order; none where the list of orders is of another
/// length, which makes configd pass over the service.
fn domains(dns: &Value, number: u32) -> Option<Vec<(String, u32)>> {
    let domains = texts(dns.get("SupplementalMatchDomains"));
    let orders = match dns.get("SupplementalMatchOrders").and_then(Value::as_array) {
        Some(orders) if orders.len() == domains.len() => Some(orders),
        Some(_) => return None,
        None => None,
    };
    let number_of = |value: &Value| value.as_u64().and_then(|order| u32::try_from(order).ok());
    let of_service = dns.get("SearchOrder").and_then(number_of);
    let usual =
        of_service.unwrap_or(FIRST_ORDER.saturating_add(NEXT_SERVICE.saturating_mul(number)));
    let ordered = domains.into_iter().enumerate().map(|(index, domain)| {
        let own = orders.and_then(|orders| number_of(orders.get(index)?));
        (domain.trim_matches('.').to_owned(), own.unwrap_or(usual))
    });
    Some(ordered.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn laptop() -> Store {
        serde_json::from_str(include_str!("../../../../fixtures/macos/laptop.json")).unwrap()
    }

    #[test]
    fn the_primary_resolver_and_those_of_services_are_read() {
        let file = ("contoso.example".to_owned(), "nameserver 10.1.0.12\n".to_owned());
        let found = resolvers(Some(&laptop()), &[file]);
        let primary = found.primary.unwrap();
        assert_eq!(primary.servers, ["192.168.1.1", "fe80::1%en0"]);
        assert_eq!(primary.interface.as_deref(), Some("en0"));
        assert_eq!(primary.search, ["home.example"]);
        let services: Vec<_> = found
            .services
            .iter()
            .map(|one| (one.interface.as_deref().unwrap(), one.servers.len(), one.domains.len()))
            .collect();
        assert_eq!(services, [("en0", 2, 0), ("utun5", 2, 2), ("en8", 1, 0)]);
        assert_eq!(found.services[1].domains[1], ("openai.azure.com".to_owned(), 100_601));
        assert_eq!(found.files[0].source, "/etc/resolver/contoso.example");
        assert_eq!(found.unreadable, None);
    }

    #[test]
    fn a_store_that_cannot_be_read_is_not_an_empty_one() {
        let found = resolvers(None, &[]);
        assert!(found.unreadable.is_some() && found.primary.is_none());
        let found = resolvers(Some(&Store::new()), &[]);
        assert_eq!(found, ScopedResolvers::default());
    }

    #[test]
    fn services_without_a_server_or_with_a_wrong_list_of_orders_do_not_count() {
        let read = |dns: Value| {
            let store = json!({"State:/Network/Service/X/DNS": dns});
            resolvers(store.as_object(), &[]).services
        };
        assert!(read(json!({"SupplementalMatchDomains": ["a.example"]})).is_empty());
        let wrong = json!({"ServerAddresses": ["10.0.0.1"],
            "SupplementalMatchDomains": ["a.example"], "SupplementalMatchOrders": [1, 2]});
        assert!(read(wrong).is_empty());
        let all = read(json!({"ServerAddresses": ["10.0.0.1"], "ServerPort": 5353,
            "SupplementalMatchDomains": ["", "a.example."]}));
        assert_eq!(all[0].port, Some(5353));
        let usual = |domain: &str| (domain.to_owned(), FIRST_ORDER);
        assert_eq!(all[0].domains, [usual(""), usual("a.example")]);
    }
}
