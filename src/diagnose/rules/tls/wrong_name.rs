//! A trusted certificate for other names (facts S2, S4, S18): another service answers.

use super::session;
use crate::diagnose::{FindingBuilder, Rule, View, endpoint_of, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tls::{Certificate, CertificateFault as Fault, TlsHop};
use crate::evidence::{Evidence, tunnel};
use crate::services;

pub(super) const RULE: Rule = rule!(
    "tls-wrong-name",
    Tls,
    "The certificate is for other names: another service answers",
    Code(check)
)
.short("the peer's certificate is for another name")
.yields_to(&["tls-privatelink-name"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (hop, fault) = session::rejected(e)?;
    if *fault != Fault::WrongName {
        return None;
    }
    let leaf = hop.chain.first();
    let finding = session::cite_sibling(shown(e, hop, fault), e);
    let finding = match leaf.and_then(owner) {
        Some((name, Owner { service, .. })) => {
            finding.reasoning(format!("{name} is a name of {service}"))
        }
        None => finding,
    };
    if let Some(alias) = leaf.and_then(|leaf| own_alias(e, leaf)) {
        return Some(account_called_by_another_name(finding, e, &alias));
    }
    let finding = match foreign_alias(e, leaf) {
        Some((alias, service)) => finding.reasoning(format!(
            "the alias chain of {} leads to {alias} ({service}), and the certificate is right for \
             that: the DNS record is wrong, not TLS",
            e.dns.name
        )),
        None => finding,
    };
    let finding = steps(looks(finding, e, leaf.is_some_and(azures)), &e.dns.name);
    Some(session::with_proxy_bypass(finding, e).check(reading::again(e)))
}

/// The certificate, and whose it may be.
fn shown(e: &View<'_>, hop: &TlsHop, fault: &Fault) -> FindingBuilder {
    let leaf = hop.chain.first();
    let names = leaf.map_or_else(|| "other names".to_owned(), session::names);
    let finding =
        session::broken(e, Confidence::Proved, &format!("shows a certificate for {names}"));
    session::cite_certificate(finding, hop, Some(fault))
        .reasoning(format!("a trusted certificate whose names do not cover {}", hop.server_name))
        .reasoning(session::NOTHING_SENT)
        .reasoning(match leaf.is_some_and(azures) {
            true => format!(
                "by its authority or its names it is a certificate of Azure: another service of \
                 Azure may answer at {}, because an A record leads to the wrong one",
                session::peer(e)
            ),
            false => "two causes remain: a gateway or server of your own in front, which has no \
                      certificate for this name, or another server at this address (a wrong A \
                      record)"
                .to_owned(),
        })
        .ruled_out_if(session::public_chain(hop), "interception: a public authority signed it")
}

/// Who gives this address, and whose it is.
fn looks(finding: FindingBuilder, e: &View<'_>, azures: bool) -> FindingBuilder {
    if reading::proxied(e) {
        return finding.owner("Network (proxy)");
    }
    let name = &e.dns.name;
    let finding = finding
        .owner("DNS")
        .inspect("see who gives this address", format!("dig +noall +answer {name}"));
    let Some(ip) = session::address(e).filter(|ip| tunnel::is_private(e, *ip)) else {
        return finding;
    };
    let finding = endpoint_of::look(finding, format!("see which endpoint has {ip}"), ip);
    match azures {
        true => finding,
        false => finding.inspect(
            format!("see whether {ip} belongs to an Application Gateway of your own"),
            "az network application-gateway list --query \"[].{gateway:id, \
             addresses:frontendIPConfigurations[].privateIPAddress}\" -o json",
        ),
    }
}

fn steps(finding: FindingBuilder, name: &str) -> FindingBuilder {
    finding
        .step(
            Step::shared(
                format!(
                    "if the address is not that of {name}'s endpoint, correct the record: see what \
                     else uses it first"
                ),
                "every client that resolves the name",
            )
            .undo("write the old record back: keep a copy of it and its TTL"),
        )
        .step(
            Step::shared(
                "if a gateway of your own answers, give it a certificate for that name",
                "every client of the gateway that asks for the name",
            )
            .or()
            .undo("put back the copy of the old certificate"),
        )
}

/// Whether a certificate belongs to an Azure service. DigiCert signs for any customer, and the
/// server under an app's or a gateway's name is a customer's: neither shows Azure.
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

/// An alias of the name that belongs to another service than the target's, and that the certificate
/// covers.
fn foreign_alias(e: &View<'_>, leaf: Option<&Certificate>) -> Option<(String, &'static str)> {
    let leaf = leaf?;
    let target = e.target.public_suffix.as_deref()?;
    aliases(e).into_iter().find_map(|alias| {
        let Owner { suffix, service, .. } = suffix_of(&alias)?;
        let covered = leaf.names.iter().any(|pattern| covers(pattern, &alias));
        (suffix != target && covered).then_some((alias, service))
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

/// A custom name that is an alias of the account: no certificate of Azure covers it.
fn account_called_by_another_name(
    finding: FindingBuilder,
    e: &View<'_>,
    alias: &str,
) -> FindingBuilder {
    let name = &e.dns.name;
    let finding = finding
        .reasoning(format!(
            "{name} is an alias of {alias}, and the certificate is the right one for that name: \
             the service does not know an alias of your own"
        ))
        .ruled_out_if(
            e.tls.value().is_some_and(session::public_chain),
            "a wrong address: the certificate belongs to the alias's target",
        )
        .owner("Application")
        .inspect("see the alias", format!("dig +noall +answer {name}"))
        .step(
            Step::local("call the account's own name; DNS leads it to the same address")
                .command(format!("export AZURE_OPENAI_ENDPOINT=https://{alias}/"))
                .undo(format!("set it to https://{name}/ again")),
        )
        .step(
            Step::inspect(
                "if the name must stay, put a gateway (API Management, Application Gateway) with a \
             certificate for it in front",
            )
            .or(),
        );
    session::with_proxy_bypass(finding, e).check(reading::again_at(e, alias))
}

/// The owner of the names under a suffix.
#[derive(Debug)]
struct Owner {
    suffix: String,
    service: &'static str,
    runs: Runs,
}

/// Who runs the server under such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// An Azure service.
    Azure,
    /// A customer's own resource: a gateway, an app, a machine.
    Customer,
}

/// Suffixes that no service's profile has.
const OTHERS: &[(&str, &str, Runs)] = &[
    ("core.windows.net", "Azure Storage", Runs::Azure),
    ("azurefd.net", "Front Door, a gateway", Runs::Customer),
    ("cloudapp.azure.com", "a machine or load balancer of its own in Azure", Runs::Customer),
];

/// The first name of a certificate that says whose it is.
fn owner(leaf: &Certificate) -> Option<(&str, Owner)> {
    leaf.names.iter().find_map(|name| Some((name.as_str(), suffix_of(name)?)))
}

/// The owner of a name that says whose it is.
fn suffix_of(name: &str) -> Option<Owner> {
    let known = |suffix: &str| name.strip_suffix(suffix).is_some_and(|front| front.ends_with('.'));
    if let Some(found) = services::find(name).filter(|found| !found.prefix.is_empty()) {
        let runs = found.service.gateway().map_or(Runs::Azure, |_| Runs::Customer);
        return Some(Owner { suffix: found.suffix, service: found.service.name, runs });
    }
    let other = OTHERS.iter().find(|(suffix, ..)| known(suffix));
    other.map(|(suffix, service, runs)| Owner {
        suffix: (*suffix).to_owned(),
        service,
        runs: *runs,
    })
}
