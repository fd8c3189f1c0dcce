//! Private zones, resolvers, rulesets and DNS security policies.

use serde_json::{Value, json};

use super::{Names, Resources};

pub(super) fn add(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    zones(names, all)?;
    resolvers(names, all)?;
    rulesets(names, all)?;
    policies(names, all)
}

fn zones(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (key, zone) in &names.0.zones {
        let id = names.zone(key)?;
        let name = id.rsplit('/').next().unwrap_or_default().to_owned();
        all.add(
            &id,
            Some("Resources"),
            json!({ "location": "global", "properties": {
                "maxNumberOfRecordSets": 25000, "numberOfRecordSets": zone.records.len() + 1,
                // Not to be relied on (fact C19).
                "numberOfVirtualNetworkLinks": 0,
                "provisioningState": "Succeeded", "internalId": "SW1tdXRhYmxl",
            }}),
        );
        for (link, one) in &zone.links {
            let id = format!("{id}/virtualNetworkLinks/{link}");
            all.add(
                &id,
                Some("Resources"),
                json!({ "location": "global", "properties": {
                    "provisioningState": "Succeeded", "registrationEnabled": false,
                    "virtualNetwork": Names::reference(names.network(&one.network))?,
                    "resolutionPolicy": one.policy.as_deref().unwrap_or("Default"),
                    "virtualNetworkLinkState": one.state.as_deref().unwrap_or("Completed"),
                }}),
            );
        }
        for (record, addresses) in &zone.records {
            let id = format!("{id}/A/{record}");
            let list: Vec<Value> = addresses.iter().map(|a| json!({ "ipv4Address": a })).collect();
            all.add(
                &id,
                Some("DnsResources"),
                json!({ "properties": {
                    "fqdn": format!("{record}.{name}."), "ttl": 10, "aRecords": list,
                    "isAutoRegistered": false, "metadata": { "creator": super::MAIL },
                }}),
            );
        }
        let soa = format!("{id}/SOA/@");
        all.add(&soa, None, json!({ "properties": { "fqdn": format!("{name}."), "ttl": 3600 } }));
    }
    Ok(())
}

fn resolvers(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (key, resolver) in &names.0.resolvers {
        let id = names.resolver(key)?;
        let network = Names::reference(names.network(&resolver.network))?;
        all.add(
            &id,
            Some("Resources"),
            json!({ "properties": {
                "provisioningState": "Succeeded", "virtualNetwork": network,
                "dnsResolverState": resolver.state.as_deref().unwrap_or("Connected"),
            }}),
        );
        for (name, address) in &resolver.inbound {
            let id = format!("{id}/inboundEndpoints/{name}");
            let subnet = format!("{}/subnets/inbound", names.network(&resolver.network)?);
            all.add(
                &id,
                Some("Resources"),
                json!({ "location": "eastus", "properties": {
                    "provisioningState": "Succeeded",
                    // Here it is `privateIpAddress`, elsewhere `privateIPAddress` (fact C26).
                    "ipConfigurations": [{
                        "privateIpAddress": address, "privateIpAllocationMethod": "Static",
                        "subnet": { "id": subnet },
                    }],
                }}),
            );
        }
    }
    Ok(())
}

fn rulesets(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (key, ruleset) in &names.0.rulesets {
        let id = names.ruleset(key)?;
        all.add(
            &id,
            Some("Resources"),
            json!({ "properties": {
                "provisioningState": "Succeeded", "dnsResolverOutboundEndpoints": [],
            }}),
        );
        for (name, rule) in &ruleset.rules {
            let servers: Vec<Value> =
                rule.servers.iter().map(|ip| json!({ "ipAddress": ip, "port": 53 })).collect();
            all.add(
                &format!("{id}/forwardingRules/{name}"),
                None,
                json!({ "properties": {
                    "provisioningState": "Succeeded", "domainName": rule.domain,
                    "targetDnsServers": servers, "metadata": { "creator": super::MAIL },
                    "forwardingRuleState": rule.state.as_deref().unwrap_or("Enabled"),
                }}),
            );
        }
        for (name, network) in &ruleset.links {
            all.add(
                &format!("{id}/virtualNetworkLinks/{name}"),
                None,
                json!({ "properties": {
                    "provisioningState": "Succeeded",
                    "virtualNetwork": Names::reference(names.network(network))?,
                }}),
            );
        }
    }
    Ok(())
}

fn policies(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (key, list) in &names.0.domain_lists {
        let id = names.domain_list(key)?;
        let mut properties = json!({ "provisioningState": "Succeeded" });
        match &list.domains {
            Some(domains) => properties["domains"] = json!(domains),
            None => properties["domainsUrl"] = "https://lists.example/canary-signature".into(),
        }
        all.add(&id, Some("Resources"), json!({ "properties": properties }));
    }
    for (key, policy) in &names.0.resolver_policies {
        let id = names.resolver_policy(key)?;
        all.add(
            &id,
            Some("Resources"),
            json!({ "properties": {
                "provisioningState": "Succeeded",
            }}),
        );
        for (at, (name, rule)) in policy.rules.iter().enumerate() {
            let id = format!("{id}/dnsSecurityRules/{name}");
            let lists: Vec<Value> = rule
                .lists
                .iter()
                .map(|key| Names::reference(names.domain_list(key)))
                .collect::<Result<_, _>>()?;
            all.add(
                &id,
                Some("Resources"),
                json!({ "location": "eastus", "properties": {
                    "provisioningState": "Succeeded", "priority": 100 + at,
                    "action": { "actionType": rule.action },
                    "dnsResolverDomainLists": lists,
                    "dnsSecurityRuleState": rule.state.as_deref().unwrap_or("Enabled"),
                }}),
            );
        }
        for (name, network) in &policy.links {
            let id = format!("{id}/virtualNetworkLinks/{name}");
            all.add(
                &id,
                Some("Resources"),
                json!({ "location": "eastus", "properties": {
                    "provisioningState": "Succeeded",
                    "virtualNetwork": Names::reference(names.network(network))?,
                }}),
            );
        }
    }
    Ok(())
}
