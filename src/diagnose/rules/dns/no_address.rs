//! The name exists and has no address: an empty record set, a filter that removes private addresses
//! from answers, or a server that does not resolve.

use crate::diagnose::view::resolver_view;
use crate::diagnose::view::withheld::{self, Withheld};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tunnel;

use super::advice::Resolver;
use super::record_gap::{self, RecordGap};
use super::{policy_denial, text};

pub(super) const RULE: Rule =
    rule!("dns-no-address", Dns, "The name exists, but the answer holds no address", Code(check))
        .explains(&["dns-system-fails", "dns-resolvers-disagree"])
        .explains_groups(record_gap::SYMPTOMS)
        .decided_by(&["zone-soa", "privatelink-name", "parent-zone"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (r, RecordGap::Address) = record_gap::of(e)? else { return None };
    let name = &e.dns.name;
    let label = r.label();
    let withheld = withheld::by_filter(e, r.seen);
    let beside = || reading::message(&r.seen.aaaa).filter(|_| withheld.is_some());
    let answer = resolver_view::message(r.seen).or_else(beside)?;
    let alias = r.seen.aliases(name).pop();
    let private_elsewhere = e
        .dns
        .resolver_views()
        .iter()
        .any(|other| other.outcome.addresses().iter().any(|a| tunnel::is_private(e, *a)));
    let filtered = answer.extended_errors.iter().any(|error| (15..=18).contains(&error.code));
    let lame = !answer.recursion_available && !answer.authoritative;
    let in_zone = answer.soa.as_ref().is_some_and(|soa| record_gap::is_privatelink_zone(&soa.zone));
    let blocked = policy_denial::blocked(e, r, answer).filter(|_| withheld.is_none());
    let elsewhere =
        record_gap::rewritten_to(e, r).filter(|_| withheld.is_none() && blocked.is_none());
    if let Some(last) = elsewhere {
        let message = text::clause(
            format!("{label} leads the name to {last}, which has no address"),
            "the resolver leads the name to another one, which has no address",
        );
        let finding = record_gap::finding(e, r, Confidence::Inferred, message);
        let finding = policy_denial::led_elsewhere(finding, e, r, &last, "has no address");
        return Some(record_gap::search_steps(finding, e).check(text::dig(name, r.seen)));
    }
    let may_filter = withheld.is_some() || !lame && blocked.is_none();
    let (confidence, message, why) = if let Some(how) = withheld {
        (
            Confidence::Inferred,
            match how {
                Withheld::Denied(rcode) => format!(
                    "{label} answers {rcode} for A alone, as a filter of private addresses does"
                ),
                Withheld::Dropped => format!(
                    "{label} is silent for A of this name alone, as a filter of private addresses is"
                ),
            },
            why_withheld(&label, how),
        )
    } else if blocked.is_some() {
        (
            Confidence::Inferred,
            format!("{label} gives {name} alone no address, as a policy does"),
            "private addresses are not removed in general: the answer without one is for this name"
                .to_owned(),
        )
    } else if may_filter && (private_elsewhere || filtered) {
        (
            Confidence::Inferred,
            format!("{label} answers without the address, as a filter would"),
            "a filter removes the private address from the answer: protection against DNS \
             rebinding (dnsmasq `stop-dns-rebind`, unbound `private-address`), or a policy"
                .to_owned(),
        )
    } else if in_zone {
        (
            Confidence::Inferred,
            format!("{label} sees the private zone, and the name has no A record there"),
            "the privatelink zone holds the name without an A record: an empty or partly deleted \
             record set"
                .to_owned(),
        )
    } else if lame {
        (
            Confidence::Inferred,
            format!("{label} gives no address and offers no recursion"),
            format!(
                "{label} sets neither RA nor AA: it is a name server for other zones, not a \
                 resolver, or it does not resolve for this machine"
            ),
        )
    } else {
        let message = match (&alias, answer.soa.is_some()) {
            (Some(_), _) => format!("{label} gives an alias and no address"),
            (None, _) => format!("{label} answers that the name has no address"),
        };
        let mut why = "either the record set has no A record, or a filter removed a private \
                       address from the answer (dnsmasq `stop-dns-rebind`, unbound \
                       `private-address`)"
            .to_owned();
        if answer.soa.is_none() {
            why.push_str(
                "; a zone without the record would name itself (SOA), and the answer names none",
            );
        }
        (Confidence::Possible, message, why)
    };
    let short = match (withheld, &blocked) {
        (Some(Withheld::Denied(rcode)), _) => {
            format!("{rcode} for A alone, as from a filter of private addresses")
        }
        (Some(Withheld::Dropped), _) => {
            "silence for A alone, as from a filter of private addresses".to_owned()
        }
        (None, Some(_)) => {
            "the resolver gives this one name no address, as a policy does".to_owned()
        }
        (None, None) => "the answer holds no address".to_owned(),
    };
    let message = text::clause(message, short);
    let mut finding = record_gap::finding(e, r, confidence, message);
    if let Some(alias) = &alias {
        finding = finding.fact(format!("{name} -> {alias} -> nothing"));
    }
    let by_address = blocked.as_ref().is_none_or(|blocked| blocked.record.is_some());
    if by_address {
        finding = finding.reasoning(why);
    }
    if confidence == Confidence::Possible {
        finding = finding
            .decide_with(format!(
                "az network private-dns record-set a list -g <group> -z {} -o table",
                reading::private_zone(e)
            ))
            .decide_with("on the server that answers: grep -rE 'rebind|private-address' /etc");
    }
    let check = text::dig(name, r.seen);
    if let Some(blocked) = blocked {
        finding = blocked.add(finding, e, r);
        return Some(record_gap::search_steps(finding, e).check(check));
    }
    let resolver = Resolver::of(e, r);
    finding = resolver.who(finding);
    finding = if in_zone && !filtered && !private_elsewhere && withheld.is_none() {
        finding
            .owner("DNS")
            .inspect(
                "see which records the zone has",
                format!(
                    "az network private-dns record-set a list -g <group> -z {} -o table",
                    reading::private_zone(e)
                ),
            )
            .step(
                Step::shared(
                    "have the endpoint's DNS zone group register the A record again (Terraform: \
                     `private_dns_zone_group` of `azurerm_private_endpoint`)",
                    "every client of the zone, for the names of this endpoint",
                )
                .undo("delete the zone group again: its records go with it"),
            )
    } else {
        finding = finding.owner(resolver.owner()).inspect("see the answer in full", check.clone());
        finding = match may_filter {
            true => allow_addresses(finding, e, &resolver),
            false => resolver.inspect(finding),
        };
        if withheld.is_some() {
            return Some(record_gap::search_steps(finding, e).check(check));
        }
        finding.step(match may_filter {
            true => Step::shared(
                "add the A record of the name, or configure a resolver that resolves",
                "every client of that zone or resolver",
            )
            .or()
            .undo("remove the record, or set the old resolver again"),
            false => Step::local(format!(
                "configure a resolver that resolves in place of {label}, or have {label} resolve for \
                 this machine (its `recursion` and access list)"
            ))
            .undo("set the old resolver again"),
        })
    };
    Some(record_gap::search_steps(finding, e).check(check))
}

/// The step that lets private addresses through. Settings of a third party's resolver cannot be changed.
pub(super) fn allow_addresses(
    finding: FindingBuilder,
    e: &View<'_>,
    resolver: &Resolver<'_>,
) -> FindingBuilder {
    let finding = resolver.inspect(finding.owner(resolver.owner()));
    let (suffix, label) = (reading::public_suffix(e), resolver.label());
    let Some(place) = resolver.place() else { return finding };
    finding.step(
        Step::shared(
            format!(
                "{place}: allow private addresses for {suffix}: dnsmasq \
                 `rebind-domain-ok=/{suffix}/`, unbound `private-domain: \"{suffix}\"`, BIND \
                 `except-from`; or an exception to the rule about addresses (the module `rebinding` of \
                 Knot Resolver has none, and is unloaded for all names)"
            ),
            format!(
                "every client of {label}: answers for {suffix} are no longer protected against DNS \
                 rebinding"
            ),
        )
        .undo("remove the line again"),
    )
}

/// How it is known that a private address is kept back, and what looks the same.
pub(super) fn why_withheld(label: &str, how: Withheld<'_>) -> String {
    let known = format!(
        "{label} itself has the zone's word that the name exists (NOERROR for AAAA, with the SOA of \
         the zone)"
    );
    match how {
        Withheld::Denied(rcode) => format!(
            "{known}, and each question for A ends in {rcode}: protection against DNS rebinding (BIND \
             `deny-answer-addresses`, Knot Resolver's `rebinding`), or a rule about addresses in answers \
             (unbound `response-ip`, `rpz-ip` of a response policy zone), denies the answer that holds a \
             private address; a server that fails for A alone for another reason looks the same, and its \
             log says which it is"
        ),
        Withheld::Dropped => format!(
            "{known}, and answers A of a name in another zone, but no question for A of this one: a rule \
             about addresses in answers (unbound `response-ip` with `deny`), or a firewall at {label} or \
             in front of it that protects against DNS rebinding, drops the answer that holds a private \
             address; an upstream that is slow for A alone, or loses such questions, looks the same"
        ),
    }
}
