//! Which service a host name is of: by its public suffix or its private zone.

use super::{Endpoint, Kind, NAME, Service, all};

/// A service found for a host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The service.
    pub service: &'static Service,
    /// Which of its names.
    pub endpoint: &'static Endpoint,
    /// The public suffix, with a region filled in.
    pub suffix: String,
    /// The private zone, with a region filled in; empty for none.
    pub zone: String,
    /// The labels before the suffix.
    pub prefix: String,
    /// The label in the place of the region.
    region: Option<String>,
}

impl Match {
    /// The public name.
    #[must_use]
    pub fn public_name(&self) -> String {
        under(&self.prefix, &self.suffix)
    }

    /// The name that is in the private zone; none where there is no zone, or the record is not known.
    #[must_use]
    pub fn private_name(&self) -> Option<String> {
        let record = fill(self.endpoint.record, self.region.as_deref()).replace(NAME, &self.prefix);
        (!self.zone.is_empty() && !record.is_empty()).then(|| under(&record, &self.zone))
    }

    /// Whether it is the name of the suffix or the zone itself, and of no resource in it.
    #[must_use]
    pub fn is_apex(&self) -> bool {
        self.prefix.is_empty() && self.endpoint.record == NAME
    }
}

/// A name below another, or that one itself.
fn under(name: &str, domain: &str) -> String {
    if name.is_empty() { domain.to_owned() } else { format!("{name}.{domain}") }
}

/// `prefix` of `host` before `pattern`, and the label in the place of `{region}`.
fn strip_pattern(host: &str, pattern: &str) -> Option<(String, Option<String>)> {
    let host: Vec<&str> = host.split('.').collect();
    let pattern: Vec<&str> = pattern.split('.').collect();
    let start = host.len().checked_sub(pattern.len())?;
    let mut region = None;
    for (label, wanted) in host[start..].iter().zip(&pattern) {
        match *wanted {
            "{region}" => region = Some((*label).to_owned()),
            wanted if wanted == *label => {}
            _ => return None,
        }
    }
    Some((host[..start].join("."), region))
}

/// A suffix, a zone or a record with its region.
fn fill(text: &str, region: Option<&str>) -> String {
    text.replace("{region}", region.unwrap_or("{region}"))
}

fn find_by(host: &str, choose: impl Fn(&Endpoint) -> String) -> Option<Match> {
    // A name does not show which API of an account is called.
    all()
        .filter(|service| service.kind != Kind::Api)
        .flat_map(|service| service.endpoints.iter().map(move |endpoint| (service, endpoint)))
        .filter_map(|(service, endpoint)| {
            let pattern = Some(choose(endpoint)).filter(|pattern| !pattern.is_empty())?;
            let (prefix, region) = strip_pattern(host, &pattern)?;
            // The label in the place of a region is the resource's own where nothing is before it.
            if region.is_some() && prefix.is_empty() {
                return None;
            }
            Some(Match {
                service,
                endpoint,
                suffix: fill(endpoint.suffix, region.as_deref()),
                zone: fill(endpoint.zone, region.as_deref()),
                prefix,
                region,
            })
        })
        .min_by_key(|m| m.prefix.len())
}

/// The service of a public host name: the longest suffix wins.
#[must_use]
pub fn find(host: &str) -> Option<Match> {
    find_by(host, |endpoint| endpoint.suffix.to_owned())
}

/// The service of a name inside a privatelink zone.
#[must_use]
pub fn find_privatelink(host: &str) -> Option<Match> {
    find_by(host, |endpoint| match endpoint.record.strip_prefix(NAME) {
        Some(after) => under(after.trim_start_matches('.'), endpoint.zone),
        None if endpoint.record.is_empty() => String::new(),
        None => under(endpoint.record, endpoint.zone),
    })
}

/// The service of an id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Service> {
    all().find(|service| service.id == id)
}

/// The other suffixes under which an account of `suffix` has names, in the same cloud (fact D4).
pub fn other_names(suffix: &str) -> impl Iterator<Item = &'static str> {
    let endpoints = || all().filter(|service| service.kind == Kind::Account).flat_map(endpoints_of);
    let cloud = endpoints().find(|own| own.suffix == suffix).map(|own| own.cloud);
    endpoints()
        .filter(move |other| Some(other.cloud) == cloud)
        .map(|other| other.suffix)
        .filter(move |other| *other != suffix)
}

fn endpoints_of(service: &'static Service) -> std::slice::Iter<'static, Endpoint> {
    service.endpoints.iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMPLS: &str = "privatelink.monitor.azure.com";

    #[test]
    fn the_headers_of_a_signature_are_kept() {
        for (header, _) in all().flat_map(|service| service.signature.headers) {
            assert!(crate::wire::http::KEPT_HEADERS.contains(header), "{header}");
        }
    }

    #[test]
    fn the_longest_suffix_wins_and_regions_fill_in() {
        for (host, id, zone) in [
            ("a.openai.azure.com", "openai", "privatelink.openai.azure.com"),
            ("a.openai.azure.us", "openai", "privatelink.openai.azure.us"),
            ("v.vault.azure.net", "keyvault", "privatelink.vaultcore.azure.net"),
            ("r.westeurope.data.azurecr.io", "acr-data", "privatelink.azurecr.io"),
            ("r.azurecr.io", "acr", "privatelink.azurecr.io"),
            ("r.azurecr.us", "acr", "privatelink.azurecr.us"),
            ("r.usgovvirginia.azurecr.us", "acr-data", "privatelink.azurecr.us"),
            ("x.westeurope.azmk8s.io", "aks", "privatelink.westeurope.azmk8s.io"),
            ("s.scm.azurewebsites.net", "appservice", "privatelink.azurewebsites.net"),
            ("eastus.api.cognitive.microsoft.com", "cognitive-regional", ""),
            ("eastus-8.in.applicationinsights.azure.com", "monitor", AMPLS),
            ("dce-1a2b.eastus-1.ingest.monitor.azure.com", "monitor", AMPLS),
            ("api.monitor.azure.com", "monitor-query", AMPLS),
            ("api.loganalytics.io", "monitor-query", AMPLS),
        ] {
            let found = find(host).unwrap();
            assert_eq!((found.service.id, found.zone.as_str()), (id, zone), "{host}");
        }
        assert_eq!(find("a.opnai.azure.com"), None);
        assert_eq!(find("example.com"), None);
    }

    #[test]
    fn an_accounts_other_names_are_those_of_its_cloud() {
        let others = |suffix| other_names(suffix).collect::<Vec<_>>();
        let public = ["cognitiveservices.azure.com", "services.ai.azure.com"];
        assert_eq!(others("openai.azure.com"), public);
        assert_eq!(others("openai.azure.us"), ["cognitiveservices.azure.us"]);
        assert!(others("azure-api.net").is_empty() && others("x.example").is_empty());
    }

    #[test]
    fn a_privatelink_name_leads_back_to_its_public_one() {
        for (name, suffix) in [
            ("v.privatelink.vaultcore.azure.net", "vault.azure.net"),
            ("v.privatelink.vaultcore.azure.cn", "vault.azure.cn"),
        ] {
            let found = find_privatelink(name).unwrap();
            assert_eq!((found.prefix.as_str(), found.suffix.as_str()), ("v", suffix));
        }
    }

    #[test]
    fn a_zone_may_have_other_records_than_the_names_of_the_suffix() {
        for (public, record) in [
            ("v.vault.azure.net", "v.privatelink.vaultcore.azure.net"),
            ("r.westeurope.data.azurecr.io", "r.westeurope.data.privatelink.azurecr.io"),
            ("dce-1a2b.eastus-1.ingest.monitor.azure.com", "dce-1a2b.eastus-1.ingest"),
            ("eastus-8.in.applicationinsights.azure.com", "eastus-8.in.ai"),
            ("dc.services.visualstudio.com", "global.in.ai"),
            ("api.loganalytics.io", "api"),
        ] {
            let found = find(public).unwrap();
            assert_eq!(found.public_name(), public);
            let private = found.private_name().unwrap();
            assert!(private == record || private == format!("{record}.{AMPLS}"), "{private}");
            assert!(!found.is_apex());
        }
        // Which record this one has is in no source.
        assert_eq!(find("api.loganalytics.azure.com").unwrap().private_name(), None);
        let back = |name: &str| find_privatelink(&format!("{name}.{AMPLS}")).unwrap().public_name();
        assert_eq!(back("eastus-8.in.ai"), "eastus-8.in.applicationinsights.azure.com");
        assert_eq!(back("global.in.ai"), "dc.applicationinsights.azure.com");
        assert_eq!(back("api"), "api.monitor.azure.com");
        assert_eq!(back("live"), "live.monitor.azure.com");
        assert!(find_privatelink(AMPLS).unwrap().is_apex());
    }
}
