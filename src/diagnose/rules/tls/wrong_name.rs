//! A trusted certificate, but for other names (facts S2, S4, S18): another service answers.

use super::session;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::tls::{Certificate, CertificateFault as Fault, Store};
use crate::evidence::{Evidence, Hop, TargetKind};

pub(super) const RULE: Rule = Rule {
    id: "tls-wrong-name",
    hop: Hop::Tls,
    title: "The certificate is for other names: another service answers",
    page: include_str!("../../../../docs/findings/tls-wrong-name.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let (hop, fault) = session::rejected(e)?;
    if *fault != Fault::WrongName || e.target.kind == TargetKind::Privatelink {
        return None;
    }
    let leaf = hop.chain.first();
    let names = leaf.map_or_else(|| "other names".to_owned(), session::names);
    let mut because = session::certificate(
        session::broken(e, Sure::Proved, &format!("shows a certificate for {names}")),
        hop,
        Some(fault),
    )
    .known_by(format!("a trusted certificate whose names do not cover {}", hop.server_name))
    .known_by(session::NOTHING_SENT);
    because = if leaf.is_some_and(session::azure_issuer) {
        because.known_by(format!(
            "an authority of Azure signed it, so {} is likely another service of Azure, and the A \
             record that leads there is wrong",
            session::peer(e)
        ))
    } else {
        because.known_by(
            "likely another server has this address (a wrong A record), or a gateway in front serves \
             its default certificate because it does not know the name",
        )
    };
    let public = hop
        .verdicts
        .iter()
        .any(|verdict| verdict.store == Store::Public && verdict.fault == Some(Fault::WrongName));
    if public {
        because = because.ruled_out("interception: a public authority signed it");
    }
    because = session::sibling(because, e);
    if let Some((name, service)) = leaf.and_then(owner) {
        because = because.known_by(format!("{name} is a name of {service}"));
    }
    because = because.owner(if reading::proxied(e) { "Proxy" } else { "DNS" });
    let name = &e.dns.name;
    if !reading::proxied(e) {
        because =
            because.look("see who gives this address", format!("dig +noall +answer {name}")).look(
                "see which endpoint has the address",
                "az network private-endpoint list --query \"[].{name:name, \
                 addresses:customDnsConfigs[].ipAddresses[], \
                 fqdns:customDnsConfigs[].fqdn}\" -o json",
            );
    }
    Some(
        session::beside_the_proxy(
            because.step(format!(
                "correct the record of {name}, or the gateway's certificate for that name"
            )),
            e,
        )
        .check(reading::again(e)),
    )
}

/// Whose names end so: a service of Azure, or what stands in front of one.
const OWNERS: &[(&str, &str)] = &[
    ("openai.azure.com", "Azure OpenAI"),
    ("cognitiveservices.azure.com", "Azure AI services"),
    ("services.ai.azure.com", "Azure AI Foundry"),
    ("api.azureml.ms", "an Azure ML workspace"),
    ("search.windows.net", "Azure AI Search"),
    ("vault.azure.net", "Key Vault"),
    ("vaultcore.azure.net", "Key Vault"),
    ("core.windows.net", "Azure Storage"),
    ("documents.azure.com", "Cosmos DB"),
    ("database.windows.net", "Azure SQL"),
    ("servicebus.windows.net", "Service Bus or Event Hubs"),
    ("azurecr.io", "Container Registry"),
    ("azure-api.net", "API Management, a gateway"),
    ("azurefd.net", "Front Door, a gateway"),
    ("azurewebsites.net", "App Service"),
    ("azurecontainerapps.io", "Container Apps"),
    ("cloudapp.azure.com", "a machine or load balancer of its own in Azure"),
];

/// The first name of a certificate that says whose it is.
fn owner(leaf: &Certificate) -> Option<(&str, &'static str)> {
    leaf.names.iter().find_map(|name| {
        let known =
            |suffix: &str| name.strip_suffix(suffix).is_some_and(|front| front.ends_with('.'));
        let (_, service) = OWNERS.iter().find(|(suffix, _)| known(suffix))?;
        Some((name.as_str(), *service))
    })
}
