//! The queries of Resource Graph (fact sheet, Q0 to Q9). Only checked values go into one: a query
//! that would hold another is none, and its question is not asked (fact C8).
//!
//! They use neither `join` nor `mv-expand` (fact C16): arrays are read in Rust.

use std::net::IpAddr;

use crate::evidence::azure::ResourceId;

/// Q0: the subscriptions that the caller sees.
#[must_use]
pub fn subscriptions() -> Option<String> {
    let query = "ResourceContainers | where type =~ 'microsoft.resources/subscriptions' \
                 | project id, subscriptionId, tenantId | order by id asc";
    Some(query.to_owned())
}

/// Q1: the account of a host name and its first label.
#[must_use]
pub fn account(label: &str, host: &str) -> Option<String> {
    let (label, host) = (checked(label)?, checked(host)?);
    Some(format!(
        "Resources | where type =~ 'microsoft.cognitiveservices/accounts' \
         | where tostring(properties.customSubDomainName) =~ '{label}' \
         or tostring(properties.endpoint) contains '//{host}/' \
         or tostring(properties.endpoints) contains '//{host}/' \
         | project id, tenantId, location, kind, properties | order by id asc"
    ))
}

/// Q2: private endpoints of the account, connected automatically or by request.
#[must_use]
pub fn private_endpoints(account: &ResourceId) -> Option<String> {
    let id = checked(account.as_str())?;
    Some(format!(
        "Resources | where type =~ 'microsoft.network/privateendpoints' \
         | where tostring(properties.privateLinkServiceConnections) contains '{id}\"' \
         or tostring(properties.manualPrivateLinkServiceConnections) contains '{id}\"' \
         | project id, location, properties | order by id asc"
    ))
}

/// Q3: the network interfaces that have one of these addresses.
#[must_use]
pub fn interfaces(addresses: &[IpAddr]) -> Option<String> {
    let filter = holding(addresses)?;
    Some(format!(
        "Resources | where type =~ 'microsoft.network/networkinterfaces' | where {filter} \
         | project id, properties | order by id asc"
    ))
}

/// Q3 for the instances of scale sets, nodes of AKS among them.
#[must_use]
pub fn scale_set_interfaces(addresses: &[IpAddr]) -> Option<String> {
    let filter = holding(addresses)?;
    Some(format!(
        "ComputeResources | where type =~ \
         'microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces' \
         | where {filter} | project id, properties | order by id asc"
    ))
}

fn holding(addresses: &[IpAddr]) -> Option<String> {
    let one = |address: &IpAddr| {
        format!("tostring(properties.ipConfigurations) contains '\"{address}\"'")
    };
    let all: Vec<String> = addresses.iter().map(one).collect();
    (!all.is_empty()).then(|| all.join(" or "))
}

/// Q4: private zones of these names, and their links.
#[must_use]
pub fn zones(names: &[String]) -> Option<String> {
    let names = quoted(names.iter().map(String::as_str))?;
    Some(format!(
        "Resources | where type in~ ('microsoft.network/privatednszones', \
         'microsoft.network/privatednszones/virtualnetworklinks') \
         | extend zone = tolower(tostring(split(id, '/')[8])) | where zone in ({names}) \
         | project id, type, zone, properties | order by id asc"
    ))
}

/// Q5: A record sets of this name in every zone that the caller sees.
#[must_use]
pub fn records(name: &str) -> Option<String> {
    let name = checked(name)?;
    Some(format!(
        "DnsResources | where type =~ 'microsoft.network/privatednszones/a' \
         | where id endswith '/{name}' | project id, properties | order by id asc"
    ))
}

/// Q6: virtual networks. Equal prefixes are common.
#[must_use]
pub fn networks() -> Option<String> {
    let query = "Resources | where type =~ 'microsoft.network/virtualnetworks' \
                 | project id, location, properties | order by id asc";
    Some(query.to_owned())
}

/// Q7: what may answer or forward DNS in Azure, and policies that block names.
#[must_use]
pub fn resolvers() -> Option<String> {
    let query = "Resources | where type in~ ('microsoft.network/dnsresolvers', \
                 'microsoft.network/dnsresolvers/inboundendpoints', \
                 'microsoft.network/dnsforwardingrulesets', \
                 'microsoft.network/dnsresolverpolicies/virtualnetworklinks', \
                 'microsoft.network/azurefirewalls', 'microsoft.network/firewallpolicies') \
                 | project id, type, properties | order by id asc";
    Some(query.to_owned())
}

/// Q8: the network security perimeter of the account.
#[must_use]
pub fn perimeter(account: &ResourceId) -> Option<String> {
    let id = checked(account.as_str())?;
    Some(format!(
        "NetworkResources \
         | where type =~ 'microsoft.network/networksecurityperimeters/resourceassociations' \
         | where tostring(properties.privateLinkResource.id) =~ '{id}' \
         | project id, properties | order by id asc"
    ))
}

/// Q9: what changed in the last hour, the newest first.
#[must_use]
pub fn changes(ids: &[ResourceId]) -> Option<String> {
    let ids = quoted(ids.iter().map(ResourceId::as_str))?;
    Some(format!(
        "ResourceChanges | extend at = todatetime(properties.changeAttributes.timestamp), \
         target = tolower(tostring(properties.targetResourceId)) \
         | where at > ago(1h) and target in ({ids}) \
         | project id, at, target, changeType = tostring(properties.changeType), \
         changes = properties.changes | order by at desc"
    ))
}

/// The texts in lower case, quoted; none where there are none, or where one may not go into a query.
fn quoted<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let one = |text| Some(format!("'{}'", checked(text)?.to_ascii_lowercase()));
    let all: Option<Vec<String>> = texts.map(one).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.join(", "))
}

/// The text, if it may go into a query.
fn checked(text: &str) -> Option<&str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._/()-".contains(c);
    (!text.is_empty() && text.len() <= 1000 && text.chars().all(allowed)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_change_a_query_is_not_asked() {
        assert!(account("myacct", "myacct.openai.azure.com").is_some());
        for bad in ["", "x' or true", "x\"", "x|y", "x\ny", "x\\", "é", "a b", "x;y"] {
            assert!(account(bad, "myacct.openai.azure.com").is_none(), "{bad}");
            assert!(account("myacct", bad).is_none() && records(bad).is_none(), "{bad}");
            assert!(zones(&["azure.com".to_owned(), bad.to_owned()]).is_none(), "{bad}");
        }
        let id: ResourceId = serde_json::from_str("\"/subscriptions/x' or true\"").unwrap();
        assert!(private_endpoints(&id).is_none() && perimeter(&id).is_none());
        assert!(changes(&[id]).is_none() && changes(&[]).is_none() && interfaces(&[]).is_none());
    }

    #[test]
    fn a_query_compares_without_case() {
        let zone = zones(&["PrivateLink.openai.azure.com".to_owned()]).unwrap();
        assert!(zone.contains("zone in ('privatelink.openai.azure.com')"), "{zone}");
        let address = interfaces(&["10.3.0.5".parse().unwrap(), "fd00::5".parse().unwrap()]);
        assert!(address.unwrap().contains("contains '\"10.3.0.5\"' or "));
    }
}
