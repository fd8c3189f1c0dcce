//! What the four rules about a missing name or address share: how to read an answer without an
//! address. The SOA of its authority section shows which zone answered (RFC 2308).

use crate::diagnose::headline::Clause;
use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::view::contradictions::is_microsoft_zone;
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::{self, ResolverOutcome, ResolverView};
use crate::diagnose::view::withheld;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::dns::{Answer, Rcode, ResolverRole, Soa, is_privatelink};
use crate::evidence::experiment::QuestionExperiment;

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, OF_SEARCHED_NAME};
use super::{downstream, microsoft_names, policy_denial, text};

/// What a missing address leads to where the C library takes that of another name.
pub(super) const SYMPTOMS: &[&[&str]] =
    &[OF_SEARCHED_NAME, NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER, NOT_LET_IN];

/// Why applications get no address from the resolver whose answer they use.
pub(super) enum RecordGap {
    /// The privatelink zone has no such name, or no address for it.
    Record,
    /// A private or internal zone hides the public suffix or a parent of it.
    ShadowedBy(Shadow),
    /// The root or a top-level domain denies a name that exists on the internet.
    InternetNames(Soa),
    /// The name does not exist.
    Name,
    /// The name exists and has no address.
    Address,
}

/// What shows that a zone of the operator's own answers for a public suffix.
pub(super) enum Shadow {
    /// The SOA is that of an Azure private DNS zone.
    PrivateZone(Soa),
    /// The SOA's primary server is not Microsoft's.
    ForeignZone(Soa),
    /// The suffix itself does not exist there either, and the answer names no zone.
    Denied,
    /// AA is set, with no SOA: a resolver is not an authority for a name that it looked up.
    Authority,
}

/// The resolver that leaves applications without an address, and why.
pub(super) fn of<'v>(e: &'v View<'_>) -> Option<(&'v ResolverView<'v>, RecordGap)> {
    let denied = |r: &&ResolverView<'_>| withheld::by_filter(e, r.seen).is_some();
    let first = || e.dns.deciding().into_iter().next().filter(|_| e.dns.all_fail());
    let r = e.dns.resolver_without_address().or_else(|| first().filter(denied))?;
    let missing = match &r.outcome {
        _ if denied(&r) => RecordGap::Address,
        ResolverOutcome::NoName(answer) if policy_denial::said(e, r, answer).next().is_some() => {
            match r.seen.aliases(&e.dns.name).is_empty() {
                true => name_gap(e, r, answer),
                false => RecordGap::Name,
            }
        }
        ResolverOutcome::NoName(answer) => match in_privatelink(e, r, answer) {
            true => RecordGap::Record,
            false => name_gap(e, r, answer),
        },
        // The privatelink zone's own SOA: the resolver sees the zone, and the zone lacks the
        // address. dnsmasq passes the zone's NXDOMAIN on as an empty answer.
        ResolverOutcome::NoAddress(answer)
            if answer.soa.as_ref().is_some_and(|soa| is_privatelink_zone(&soa.zone)) =>
        {
            RecordGap::Record
        }
        ResolverOutcome::NoAddress(answer) => match shadow(e, r, answer) {
            // An empty answer without an SOA comes from a filter more often than from a zone.
            Some(Shadow::Authority) | None => RecordGap::Address,
            Some(shadow) => RecordGap::ShadowedBy(shadow),
        },
        _ => return None,
    };
    Some((r, missing))
}

/// Why a name outside the privatelink zones is denied.
fn name_gap(e: &View<'_>, r: &ResolverView<'_>, answer: &Answer) -> RecordGap {
    if let Some(soa) = private_root(e, r, answer) {
        RecordGap::InternetNames(soa.clone())
    } else if let Some(shadow) = shadow(e, r, answer) {
        RecordGap::ShadowedBy(shadow)
    } else {
        RecordGap::Name
    }
}

fn in_privatelink(e: &View<'_>, r: &ResolverView<'_>, answer: &Answer) -> bool {
    r.seen.aliases(&e.dns.name).iter().any(|alias| is_privatelink(alias))
        || answer.soa.as_ref().is_some_and(|soa| is_privatelink_zone(&soa.zone))
}

/// Whether a zone's own name begins with `privatelink`, or lies under such a zone.
pub(super) fn is_privatelink_zone(zone: &str) -> bool {
    zone.to_ascii_lowercase().split('.').any(|label| label == "privatelink")
}

/// The domains of the operators of the internet's root and its oldest top-level domains.
const INTERNET_ROOT_OPERATORS: &[&str] =
    &["root-servers.net", "gtld-servers.net", "verisign-grs.com"];

/// The SOA of a root or top-level domain that is not the internet's: by its primary server, or
/// because it denies the domain of a known service, which exists.
fn private_root<'a>(e: &View<'_>, r: &ResolverView<'_>, answer: &'a Answer) -> Option<&'a Soa> {
    let soa = answer.soa.as_ref()?;
    let zone = soa.zone.trim_end_matches('.');
    if rewritten_to(e, r).is_some() {
        return None;
    }
    let name = r.seen.aliases(&e.dns.name).pop().unwrap_or_else(|| e.dns.name.clone());
    let above = zone.is_empty() || (!zone.contains('.') && text::is_within(&name, zone));
    let internets = INTERNET_ROOT_OPERATORS
        .iter()
        .any(|d| text::is_within(&soa.mname, d) || text::is_within(&soa.rname, d));
    let known = name == e.dns.name
        && e.target.public_suffix.as_deref().is_some_and(|suffix| text::is_within(&name, suffix));
    // Other top-level domains have other operators: only the three that Azure uses are listed.
    let azures = zone.is_empty() || matches!(zone, "com" | "net");
    (above && (known || (azures && !internets))).then_some(soa)
}

/// The last alias, where a policy or a record of the operator's own leads a name of Azure there: its
/// denial says nothing of Azure's names.
pub(super) fn rewritten_to(e: &View<'_>, r: &ResolverView<'_>) -> Option<String> {
    e.target.public_suffix.as_ref()?;
    r.seen.aliases(&e.dns.name).pop().filter(|last| !microsoft_names::is_microsofts(e, last))
}

fn shadow(e: &View<'_>, r: &ResolverView<'_>, answer: &Answer) -> Option<Shadow> {
    let suffix = e.target.public_suffix.as_deref()?;
    let name = &e.dns.name;
    if !r.seen.aliases(name).is_empty() || !text::is_within(name, suffix) || is_privatelink(name) {
        return None;
    }
    match &answer.soa {
        // A zone must hold the name; the root and the top level are read by `private_root`.
        Some(soa) if soa.zone.contains('.') && text::is_within(name, &soa.zone) => {
            if policy_denial::denies_its_own_zone(name, answer) {
                None
            } else if is_azure_private(soa) {
                Some(Shadow::PrivateZone(soa.clone()))
            } else if is_microsoft_zone(soa) {
                None
            } else {
                Some(Shadow::ForeignZone(soa.clone()))
            }
        }
        Some(_) => None,
        None => match dns_experiments::suffix_soa(e, r.seen) {
            // The SOA of the suffix, where the answer itself has none.
            Some(soa) if text::is_within(name, &soa.zone) && is_azure_private(soa) => {
                Some(Shadow::PrivateZone(soa.clone()))
            }
            // The suffix is Microsoft's own there: only this name is denied.
            Some(soa) if text::is_within(name, &soa.zone) && is_microsoft_zone(soa) => None,
            _ if answer.rcode == Rcode::NxDomain && dns_experiments::suffix_denied(e, r.seen) => {
                Some(Shadow::Denied)
            }
            _ => answer.authoritative.then_some(Shadow::Authority),
        },
    }
}

/// Whether a zone in which the name can be answered, by its SOA: it is the name's own or above it.
pub(super) fn zone_answered(e: &View<'_>, answer: &Answer) -> bool {
    answer.soa.as_ref().is_some_and(|soa| {
        soa.zone.trim_end_matches('.').is_empty() || text::is_within(&e.dns.name, &soa.zone)
    })
}

/// Whose zone it is.
pub(super) fn zone_words(soa: &Soa) -> String {
    let Soa { zone, mname, .. } = soa;
    if is_azure_private(soa) {
        format!("the private zone {zone}")
    } else if is_microsoft_zone(soa) {
        format!("the public zone {zone} (SOA {mname}), not the private one of that name")
    } else {
        format!("a zone {zone} of {mname}: neither Azure's public one nor a private one of Azure")
    }
}

/// A zone's name for people: that of the root is empty.
pub(super) fn zone_name(zone: &str) -> &str {
    if zone.trim_end_matches('.').is_empty() { "the root" } else { zone }
}

/// The part of the finding that the four rules share: level, confidence, headline, and what every
/// resolver and the system answered.
pub(super) fn finding(
    e: &View<'_>,
    r: &ResolverView<'_>,
    confidence: Confidence,
    message: impl Into<Clause>,
) -> FindingBuilder {
    let mut finding =
        FindingBuilder::new(downstream::level_without_address(e), confidence, message)
            .fact(format!("{} at {}: {}", e.dns.name, r.label(), text::outcome(r)))
            .cites(r.pointer());
    let answer = resolver_view::message(r.seen);
    if let Some(soa) = answer.and_then(|answer| answer.soa.as_ref()) {
        finding = finding
            .fact(format!("the zone that answers: {} of {}", zone_name(&soa.zone), soa.mname))
            .cites(format!("{}/value/outcome/answer/soa", r.pointer()));
    }
    if let Some(text) = answer.and_then(text::extended_errors) {
        finding = finding.fact(format!("{} adds: {text}", r.label()));
    }
    let first = match r.seen.role {
        ResolverRole::Given => "is the one of --resolver",
        _ => "is asked first",
    };
    for (index, text) in text::other_answers(e.dns.resolver_views(), r.index) {
        finding = finding
            .fact(format!("{text}, but {} {first}, and its answer is final", r.label()))
            .cites(format!("/dns/resolvers/{index}/a"));
    }
    if let Some(code) = reading::system_failed(e) {
        finding = finding.fact(format!("getaddrinfo reports {code}")).cites("/dns/system");
    }
    searched(text::ends_lookup(finding, e, r), e)
}

/// The name that the search list led the C library to, in place of one without an address.
fn found_by_search<'a>(e: &'a View<'_>) -> Option<(usize, &'a QuestionExperiment)> {
    let found = dns_experiments::search_domain_match(e, e.dns.system_addresses());
    found.filter(|_| e.dns.found_by_search())
}

/// Says which other name's address applications get, if they do.
pub(super) fn searched(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    let Some((index, tried)) = found_by_search(e) else { return finding };
    let system = e.dns.system_addresses();
    finding
        .fact(format!(
            "{} at {}: {}",
            tried.exchange.name,
            tried.resolver.ip(),
            text::brief(system)
        ))
        .reasoning(format!(
            "applications get {}, which is the address of {}: as the name itself has none, the \
             search list leads them there, most likely to a wildcard record",
            text::brief(system),
            tried.exchange.name
        ))
        .cites(format!("/experiments/questions/{index}"))
        .cites("/dns/system")
}

/// The domain of the search list with which a name was asked for.
pub(super) fn searched_domain(e: &View<'_>, tried: &QuestionExperiment) -> String {
    let own = e.dns.name.trim_end_matches('.').len() + 1;
    tried.exchange.name.get(own..).unwrap_or_default().to_owned()
}

/// The steps that keep the search list from hiding that the name has no address.
pub(super) fn search_steps(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    let Some((_, tried)) = found_by_search(e) else { return finding };
    let domain = searched_domain(e, tried);
    finding
        .inspect(
            "check that there is no address with a final dot, which keeps the search list out",
            format!("getent ahosts {}.", e.dns.name),
        )
        .step(out_of_search_list(&domain, "a name without an address then fails at once"))
        .step(remove_wildcard(&domain))
}

/// Takes a domain out of the search list.
pub(super) fn out_of_search_list(domain: &str, effect: &str) -> Step {
    Step::local(format!(
        "then remove {domain} from this machine's search list, if no program here needs short names \
         of it: {effect}"
    ))
    .undo("put the domain back into the search list")
}

/// Removes the record that answers for every name of a domain of the search list.
pub(super) fn remove_wildcard(domain: &str) -> Step {
    Step::shared(
        format!("remove the wildcard record of {domain}, if it is not needed"),
        format!("every client, for names of {domain} that have no record of their own"),
    )
    .or()
    .undo("put the record back: note its address and TTL first")
}

/// The step that has the endpoint register its record in `zone`; `verb` is `create` or `add`.
pub(super) fn register(
    finding: FindingBuilder,
    zone: &str,
    verb: &str,
    message: &str,
) -> FindingBuilder {
    let group = "az network private-endpoint dns-zone-group";
    let zone_word = reading::word(zone);
    let zone_name = reading::word(&zone.replace('.', "-"));
    let endpoint = "-g <group> --endpoint-name <endpoint> -n default";
    finding.step(
        Step::shared(
            format!("{message} (Terraform: private_dns_zone_group of azurerm_private_endpoint)"),
            format!(
                "every network that is linked to {zone}: the account's name gives the endpoint's \
                 address there, and replaces a record of that name"
            ),
        )
        .command(format!(
            "{group} {verb} {endpoint} --private-dns-zone {zone_word} --zone-name {zone_name}"
        ))
        // The group takes over an existing record, and deletes it when the group is deleted.
        .undo(format!(
            "{}; then restore the record that the zone had for the name before, if any: note it \
             first",
            match verb {
                "add" => format!("{group} remove {endpoint} --zone-name {zone_name}"),
                _ => format!("{group} delete {endpoint}"),
            }
        )),
    )
}

/// The step that shows the zones in which the endpoint registers itself.
pub(super) fn zone_groups(finding: FindingBuilder, message: &str) -> FindingBuilder {
    finding.inspect(
        message,
        "az network private-endpoint dns-zone-group list -g <group> --endpoint-name <endpoint> -o \
         table",
    )
}
