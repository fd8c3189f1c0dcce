//! A zone of somebody's own stands for the public suffix and hides every name that it does not
//! hold (fact D57).

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Hop};

use super::missing::{self, Missing, Shadow};
use super::{tried, words};

pub(super) const RULE: Rule = Rule {
    id: "dns-parent-zone-shadowed",
    hop: Hop::Dns,
    title: "A zone of your own stands for the public suffix and lacks the name",
    page: include_str!("../../../../docs/findings/dns-parent-zone-shadowed.md"),
    explains: &["dns-system-fails", "dns-resolvers-disagree"],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
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
                "{label} says NXDOMAIN for {suffix} itself too, and names no zone that says so: \
                 it denies the whole suffix, by a local zone or a block list of its own"
            ),
        ),
        Shadow::Authority => (
            suffix.to_owned(),
            format!(
                "{label} sets AA: it speaks as an authority for the name, which a resolver that \
                 looked it up is not; a misspelt name would be refused by Microsoft's zone"
            ),
        ),
    };
    let denied = matches!(shadow, Shadow::Denied);
    let says = if denied {
        words::clause(
            format!("{label} denies {zone} as a whole, not this name alone"),
            &format!("the resolver denies {suffix} as a whole"),
        )
    } else {
        words::clause(
            format!("{label} answers for {zone} itself and lacks the name"),
            &format!("a zone of your own stands for {suffix}"),
        )
    };
    // Its SOA, asked for by the suffix's own name, is the zone's word.
    let asked = tried::parent_soa(e, r.seen).filter(|soa| {
        matches!(shadow, Shadow::PrivateZone(_))
            && soa.zone.eq_ignore_ascii_case(suffix)
            && missing::is_azure_private(soa)
    });
    let sure = if asked.is_some() { Sure::Proved } else { Sure::Inferred };
    let mut because = missing::because(e, &r, sure, says).known_by(how);
    because = if denied {
        because.ruled_out("a misspelt name: the suffix is there for everybody else")
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
    let look = match &shadow {
        Shadow::PrivateZone(_) => {
            format!("az network private-dns zone list --query \"[?name=='{zone}']\" -o table")
        }
        _ => format!("{} SOA", words::dig(&zone, r.seen)),
    };
    Some(
        because
            .owner("DNS")
            .look("see the zone", look)
            .step(if denied {
                format!(
                    "on {label} (dnsmasq: `local=`, `address=`; unbound: `local-zone`; a block \
                     list) take {zone} or its parent out, and forward it"
                )
            } else {
                format!(
                "take the zone {zone} away and keep only {}, which Azure's own alias leads into; \
                 until then add a record for {name} to it",
                reading::private_zone(e)
            )
            })
            .check(words::dig(name, r.seen)),
    )
}
