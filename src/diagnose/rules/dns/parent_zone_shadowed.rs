//! A zone of the operator's own has the name of the public suffix and hides every name that it does
//! not hold (fact D57).

use crate::diagnose::resolver_class::{ResolverClass, is_azure_private};
use crate::diagnose::view::dns_experiments;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::advice::Resolver;
use super::record_gap::{self, RecordGap, Shadow};
use super::{libc_lookup, text};

pub(super) const RULE: Rule = rule!(
    "dns-parent-zone-shadowed",
    Dns,
    "A zone of your own has the name of the public suffix and lacks the account",
    Code(check)
)
.explains(&["dns-system-fails", "dns-resolvers-disagree"])
.explains_groups(record_gap::SYMPTOMS);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (r, RecordGap::ShadowedBy(shadow)) = record_gap::of(e)? else { return None };
    let name = &e.dns.name;
    let suffix = reading::public_suffix(e);
    let label = r.label();
    let (zone, how) = match &shadow {
        Shadow::PrivateZone(soa) => (
            soa.zone.clone(),
            format!("the SOA of {} is that of an Azure private DNS zone", soa.zone),
        ),
        Shadow::ForeignZone(soa) => (
            soa.zone.clone(),
            format!("the SOA of {} names {}, which is not Microsoft's", soa.zone, soa.mname),
        ),
        Shadow::Denied => (
            suffix.to_owned(),
            format!(
                "{label} answers NXDOMAIN for {suffix} too, and names no zone (SOA): it denies the \
                 whole suffix, by a local zone or a block list, or it does not resolve internet \
                 names"
            ),
        ),
        Shadow::Authority => (
            suffix.to_owned(),
            format!(
                "{label} sets AA: it answers as an authority for the name, which a resolver that \
                 looked the name up does not do; a misspelt name would be denied by Microsoft's \
                 zone"
            ),
        ),
    };
    let denied = matches!(shadow, Shadow::Denied);
    let message = if denied {
        text::clause(
            format!("{label} denies {zone} as a whole, not only this name"),
            format!("the resolver denies {suffix} as a whole"),
        )
    } else {
        text::clause(
            format!("{label} answers for {zone} itself and lacks the name"),
            format!("a zone of your own has the name {suffix}"),
        )
    };
    // The SOA of the suffix itself proves it.
    let asked = dns_experiments::suffix_soa(e, r.seen).filter(|soa| {
        matches!(shadow, Shadow::PrivateZone(_))
            && soa.zone.eq_ignore_ascii_case(suffix)
            && is_azure_private(soa)
    });
    let confidence = if asked.is_some() { Confidence::Proved } else { Confidence::Inferred };
    let mut finding = record_gap::finding(e, r, confidence, message).reasoning(how);
    finding = if denied {
        finding.ruled_out("a misspelt account: the suffix itself is denied")
    } else {
        finding.reasoning(format!(
            "a zone of your own named {zone} hides every name under it that it does not hold, \
             Azure's included"
        ))
    };
    for pointer in dns_experiments::pointers(e, r.seen, &["parent-zone"]) {
        finding = finding.cites(pointer);
    }
    if matches!(shadow, Shadow::Authority) {
        finding = finding.decide_with(format!("{} SOA", text::dig(suffix, r.seen)));
    }
    let resolver = Resolver::of(e, r);
    let finding = resolver.who(finding);
    let keep = reading::private_zone(e);
    let finding = match &shadow {
        Shadow::PrivateZone(_) => {
            let zone_word = reading::word(&zone);
            finding
                .owner("DNS")
                .inspect(
                    "find the zone, and which networks are linked to it",
                    format!(
                        "az network private-dns link vnet list -g <group> -z {zone_word} -o table"
                    ),
                )
                .step(
                    Step::shared(
                        format!(
                            "unlink {zone} from this network and keep only {keep}, into which \
                             Azure's own alias leads; first see which of its records other clients \
                             use"
                        ),
                        format!(
                            "every client of that network: names of {suffix} then follow Azure's \
                             public chain, privately where {keep} has a record, else publicly, and \
                             records that exist only in {zone} are lost"
                        ),
                    )
                    .command(format!(
                        "az network private-dns link vnet delete -g <group> -z {zone_word} -n \
                         <link>"
                    ))
                    .undo(format!(
                        "az network private-dns link vnet create -g <group> -z {zone_word} -n \
                         <link> -v <vnet id> -e false"
                    )),
                )
        }
        _ => {
            let finding = finding
                .owner(resolver.owner())
                .inspect("see which zone answers", format!("{} SOA", text::dig(&zone, r.seen)));
            resolver.inspect(finding).step(own_zone(&resolver, &zone, suffix))
        }
    };
    Some(
        libc_lookup::empty_cache(record_gap::search_steps(finding, e), e)
            .check(text::dig(name, r.seen)),
    )
}

/// How to remove a zone that is not an Azure private zone.
fn own_zone(resolver: &Resolver<'_>, zone: &str, suffix: &str) -> Step {
    let (message, undo) = match (resolver.whose.class, resolver.place()) {
        (ResolverClass::AzureDns, Some(place)) => (
            format!("{place}: remove the rule that sends {zone} to a server of your own"),
            "put the rule back".to_owned(),
        ),
        (_, Some(place)) => (
            format!(
                "{place}: remove {zone} from the local zones and block lists (dnsmasq `local=`, \
                 `address=`; unbound `local-zone`), and forward {suffix}"
            ),
            "put the entry back".to_owned(),
        ),
        (_, None) => (
            format!(
                "configure a resolver that does not filter {zone}, or remove {zone} from the \
                 filter in your account with {}",
                resolver.label()
            ),
            "put the old resolver or filter back".to_owned(),
        ),
    };
    Step::shared(message, format!("every name under {zone}, for every client of that resolver"))
        .undo(undo)
}
