//! A zone of one's own has the name of the public suffix and hides every name that it does not
//! hold (fact D57).

use crate::diagnose::resolver_class::{ResolverClass, is_azure_private};
use crate::diagnose::view::tried;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::advice::Resolver;
use super::missing::{self, Missing, Shadow};
use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-parent-zone-shadowed",
    Dns,
    "A zone of your own has the name of the public suffix and lacks the account",
    Code(check)
)
.explains(&["dns-system-fails", "dns-resolvers-disagree"]);

fn check(e: &View<'_>) -> Option<Because> {
    let (r, Missing::ShadowedBy(shadow)) = missing::of(e)? else { return None };
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
                "{label} answers NXDOMAIN for {suffix} itself too, and names no zone (SOA): it \
                 denies the whole suffix, by a local zone or a block list, or it resolves no \
                 names of the internet"
            ),
        ),
        Shadow::Authority => (
            suffix.to_owned(),
            format!(
                "{label} sets AA: it answers as an authority for the name, which a resolver that \
                 looked it up does not do; a misspelt name would be denied by Microsoft's zone"
            ),
        ),
    };
    let denied = matches!(shadow, Shadow::Denied);
    let says = if denied {
        words::clause(
            format!("{label} denies {zone} as a whole, not this name alone"),
            format!("the resolver denies {suffix} as a whole"),
        )
    } else {
        words::clause(
            format!("{label} answers for {zone} itself and lacks the name"),
            format!("a zone of your own has the name {suffix}"),
        )
    };
    // Its SOA, asked for by the suffix's own name, is the zone's word.
    let asked = tried::parent_soa(e, r.seen).filter(|soa| {
        matches!(shadow, Shadow::PrivateZone(_))
            && soa.zone.eq_ignore_ascii_case(suffix)
            && is_azure_private(soa)
    });
    let sure = if asked.is_some() { Sure::Proved } else { Sure::Inferred };
    let mut because = missing::because(e, r, sure, says).known_by(how);
    because = if denied {
        because.ruled_out("a misspelt account: the suffix itself is denied")
    } else {
        because.known_by(format!(
            "a zone of your own named {zone} hides every name under it that it does not hold, \
             Azure's included"
        ))
    };
    for pointer in tried::pointers(e, r.seen, &["parent-zone"]) {
        because = because.read_at(pointer);
    }
    if matches!(shadow, Shadow::Authority) {
        because = because.tells_it(format!("{} SOA", words::dig(suffix, r.seen)));
    }
    let resolver = Resolver::of(e, r);
    let because = resolver.who(because);
    let keep = reading::private_zone(e);
    let because = match &shadow {
        Shadow::PrivateZone(_) => {
            let zone_word = reading::word(&zone);
            because
                .owner("DNS")
                .look(
                    "find the zone, and which networks are linked to it",
                    format!(
                        "az network private-dns link vnet list -g <group> -z {zone_word} -o table"
                    ),
                )
                .act(
                    Step::shared(
                        format!(
                            "unlink {zone} from this network and keep only {keep}, which Azure's \
                             own alias leads into; first see which records {zone} holds that \
                             others use"
                        ),
                        format!(
                            "every client of that network: names of {suffix} then come from the \
                             internet, and records that only {zone} holds are gone"
                        ),
                    )
                    .command(format!(
                        "az network private-dns link vnet delete -g <group> -z {zone_word} -n <link>"
                    ))
                    .undo(format!(
                        "az network private-dns link vnet create -g <group> -z {zone_word} -n \
                         <link> -v <vnet id> -e false"
                    )),
                )
        }
        _ => {
            let because = because
                .owner(resolver.owner())
                .look("see whose zone answers", format!("{} SOA", words::dig(&zone, r.seen)));
            resolver.look(because).act(own_zone(&resolver, &zone, suffix))
        }
    };
    Some(because.check(words::dig(name, r.seen)))
}

/// How a zone that is not an Azure private zone is taken out of the way.
fn own_zone(resolver: &Resolver<'_>, zone: &str, suffix: &str) -> Step {
    let (says, undo) = match (resolver.whose.class, resolver.place()) {
        (ResolverClass::AzureDns, Some(place)) => (
            format!("{place}: take out the rule that sends {zone} to a server of your own"),
            "put the rule back".to_owned(),
        ),
        (_, Some(place)) => (
            format!(
                "{place}: take {zone} out of the local zones and block lists (dnsmasq `local=`, \
                 `address=`; unbound `local-zone`), and have {suffix} forwarded"
            ),
            "put the entry back".to_owned(),
        ),
        (_, None) => (
            format!(
                "configure a resolver that does not filter {zone}, or take {zone} out of the \
                 filter in the account that you have with {}",
                resolver.label()
            ),
            "put the old resolver or filter back".to_owned(),
        ),
    };
    Step::shared(says, format!("every name under {zone}, for every client of that resolver"))
        .undo(undo)
}
