//! A trusted certificate, but for other names (facts S2, S4, S18): another service answers.

use super::session;
use crate::diagnose::{Because, Rule, View, endpoint_of, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::{Certificate, CertificateFault as Fault};
use crate::evidence::{Evidence, tunnel};

pub(super) const RULE: Rule = rule!(
    "tls-wrong-name",
    Tls,
    "The certificate is for other names: another service answers",
    Code(check)
)
.short("the peer's certificate is for another name")
.yields_to(&["tls-privatelink-name"]);

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, fault) = session::rejected(e)?;
    if *fault != Fault::WrongName {
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
    let azures = leaf.is_some_and(azures);
    because = because.known_by(if azures {
        format!(
            "by its authority or its names it is a certificate of Azure: another service of Azure \
             may answer at {}, by an A record that leads to the wrong one",
            session::peer(e)
        )
    } else {
        "which of two is open: a gateway or server of your own in front, which has no certificate \
         for this name, or another server at this address (a wrong A record)"
            .to_owned()
    });
    because = because
        .ruled_out_if(session::public_chain(hop), "interception: a public authority signed it");
    because = session::sibling(because, e);
    if let Some((name, Owner { service, .. })) = leaf.and_then(owner) {
        because = because.known_by(format!("{name} is a name of {service}"));
    }
    let name = &e.dns.name;
    if let Some(alias) = leaf.and_then(|leaf| own_alias(e, leaf)) {
        return Some(account_called_by_another_name(because, e, &alias));
    }
    if let Some((alias, service)) = foreign_alias(e, leaf) {
        because = because.known_by(format!(
            "the alias chain of {name} leads to {alias} ({service}), and the certificate is right \
             for that: the DNS record is wrong, not TLS"
        ));
    }
    because = because.owner(if reading::proxied(e) { "Network (proxy)" } else { "DNS" });
    if !reading::proxied(e) {
        because = because.look("see who gives this address", format!("dig +noall +answer {name}"));
        if let Some(address) = session::address(e).filter(|a| tunnel::is_private(e, *a)) {
            because =
                endpoint_of::look(because, format!("see which endpoint has {address}"), address);
        }
    }
    if let Some(ip) = session::address(e).filter(|ip| tunnel::is_private(e, *ip))
        && !azures
        && !reading::proxied(e)
    {
        because = because.look(
            format!("see whether {ip} is an Application Gateway's of your own"),
            "az network application-gateway list --query \
             \"[].{gateway:id, addresses:frontendIPConfigurations[].privateIPAddress}\" -o json",
        );
    }
    Some(
        session::beside_the_proxy(
            because
                .act(
                    Step::shared(
                        format!(
                            "where the address is not that of {name}'s endpoint, correct the \
                             record: see what else uses it first"
                        ),
                        "every client that resolves the name",
                    )
                    .undo("write the old record back: keep a copy of it and its TTL"),
                )
                .act(
                    Step::shared(
                        "or, where a gateway of your own answers, give it a certificate for that \
                         name",
                        "every client of the gateway that asks for the name",
                    )
                    .undo("put back the copy of the old certificate"),
                ),
            e,
        )
        .check(reading::again(e)),
    )
}

/// Whether a certificate is a service of Azure's. DigiCert signs for anyone who pays, and what
/// answers under an app's or a gateway's name is a customer's: neither shows Azure.
fn azures(leaf: &Certificate) -> bool {
    match owner(leaf) {
        Some((_, owner)) => owner.runs == Runs::Azure,
        None => session::microsofts_issuer(leaf),
    }
}

/// An alias of a custom name that is the account's own name and that the certificate covers.
fn own_alias(e: &View<'_>, leaf: &Certificate) -> Option<String> {
    let own = e.target.public_suffix.is_none();
    aliases(e).into_iter().find(|alias| {
        own && !alias.contains(".privatelink.")
            && suffix_of(alias).is_some()
            && leaf.names.iter().any(|pattern| covers(pattern, alias))
    })
}

/// An alias of the name that is another service's than the target, and that the certificate
/// covers.
fn foreign_alias(e: &View<'_>, leaf: Option<&Certificate>) -> Option<(String, &'static str)> {
    let leaf = leaf?;
    let target = e.target.public_suffix.as_deref()?;
    aliases(e).into_iter().find_map(|alias| {
        let Owner { suffix, service, .. } = suffix_of(&alias)?;
        let covered = leaf.names.iter().any(|pattern| covers(pattern, &alias));
        (*suffix != target && covered).then_some((alias, *service))
    })
}

/// The aliases that the deciding resolvers give for the name.
fn aliases(e: &Evidence) -> Vec<String> {
    e.dns
        .deciding()
        .filter_map(|(_, resolver)| resolver.a_answer())
        .flat_map(|answer| answer.chain(&e.dns.name).aliases)
        .map(|alias| alias.trim_end_matches('.').to_ascii_lowercase())
        .collect()
}

/// Whether a certificate's name covers a host: itself, or its first label by a wildcard (RFC 6125,
/// section 6.4.3).
fn covers(pattern: &str, host: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    match pattern.strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(_, parent)| parent == rest),
        None => pattern == host,
    }
}

/// A name of one's own that is an alias of the account: no certificate of Azure covers it.
fn account_called_by_another_name(because: Because, e: &View<'_>, alias: &str) -> Because {
    let name = &e.dns.name;
    let because = because
        .known_by(format!(
            "{name} is an alias of {alias}, and the certificate is the right one for that name: \
             an alias of one's own is no name that the service knows"
        ))
        .ruled_out_if(
            e.tls.saw().is_some_and(session::public_chain),
            "a wrong address: the certificate is that of the alias's target",
        )
        .owner("Application")
        .look("see the alias", format!("dig +noall +answer {name}"))
        .act(
            Step::local("call the account's own name; DNS leads it to the same address")
                .command(format!("export AZURE_OPENAI_ENDPOINT=https://{alias}/"))
                .undo(format!("set it to https://{name}/ again")),
        )
        .act(Step::look(
            "or, where the name has to stay, a gateway (API Management, Application Gateway) with \
             a certificate for it has to stand in front",
        ));
    session::beside_the_proxy(because, e).check(reading::again_at(e, alias))
}

/// Whose names end in a suffix.
#[derive(Debug, PartialEq, Eq)]
struct Owner {
    suffix: &'static str,
    service: &'static str,
    runs: Runs,
}

/// Who decides what answers under such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// A service of Azure's.
    Azure,
    /// A customer's own resource: a gateway, an app, a machine.
    Customer,
}

const fn azure(suffix: &'static str, service: &'static str) -> Owner {
    Owner { suffix, service, runs: Runs::Azure }
}

const fn customer(suffix: &'static str, service: &'static str) -> Owner {
    Owner { suffix, service, runs: Runs::Customer }
}

/// Services of Azure, and what stands in front of one.
const OWNERS: &[Owner] = &[
    azure("openai.azure.com", "Azure OpenAI"),
    azure("cognitiveservices.azure.com", "Azure AI services"),
    azure("services.ai.azure.com", "Azure AI Foundry"),
    azure("api.azureml.ms", "an Azure ML workspace"),
    azure("search.windows.net", "Azure AI Search"),
    azure("vault.azure.net", "Key Vault"),
    azure("vaultcore.azure.net", "Key Vault"),
    azure("core.windows.net", "Azure Storage"),
    azure("documents.azure.com", "Cosmos DB"),
    azure("database.windows.net", "Azure SQL"),
    azure("servicebus.windows.net", "Service Bus or Event Hubs"),
    azure("azurecr.io", "Container Registry"),
    customer("azure-api.net", "API Management, a gateway"),
    customer("azurefd.net", "Front Door, a gateway"),
    customer("azurewebsites.net", "App Service"),
    customer("azurecontainerapps.io", "Container Apps"),
    customer("cloudapp.azure.com", "a machine or load balancer of its own in Azure"),
];

/// The first name of a certificate that says whose it is.
fn owner(leaf: &Certificate) -> Option<(&str, &'static Owner)> {
    leaf.names.iter().find_map(|name| Some((name.as_str(), suffix_of(name)?)))
}

/// The owner of a name that says whose it is.
fn suffix_of(name: &str) -> Option<&'static Owner> {
    let known = |suffix: &str| name.strip_suffix(suffix).is_some_and(|front| front.ends_with('.'));
    OWNERS.iter().find(|owner| known(owner.suffix))
}
