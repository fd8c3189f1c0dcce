//! A public address although something shows that there is a private endpoint (facts D32, D40,
//! D51-D56): the resolver that applications use does not see the private record.

mod causes;
mod zone_view;

use std::net::IpAddr;

use crate::diagnose::resolver_class;
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::{self, Endpoint, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::dns::{ResolverEvidence, record_and_zone, shows_endpoint};
use crate::evidence::{Expect, TargetKind};

use super::advice::Resolver;
use super::symptoms::{LOST, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, PUBLIC_INSTEAD};
use super::{custom_record, downstream, record_gap, text};

use causes::{mixed_records, own_record, own_server, public_zone, record_not_used};
pub(super) use zone_view::zone_soa;
use zone_view::{ZoneView, zone_view};

/// What a public address in place of the private one leads to.
pub(super) const SYMPTOMS: &[&[&str]] =
    &[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN, PUBLIC_INSTEAD, LOST];

pub(super) const RULE: Rule = rule!(
    "dns-zone-not-linked",
    Dns,
    "There is a private endpoint, but the resolver gives a public address",
    Code(check)
)
.explains_groups(SYMPTOMS)
.yields_to(&[
    "dns-policy-privatelink-only",
    "dns-privatelink-forwarder-dead",
    "dns-forwards-privatelink-only",
    "dns-suffix-left-out",
    "dns-zone-bypassed",
    "dns-zone-twin",
    "dns-zone-falls-back",
])
.decided_by(&["zone-soa", "privatelink-name", "parent-zone", "sibling-suffix"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let effective = e.dns.effective_resolver()?;
    let hidden = custom_record::hides_zone(effective, &e.dns.name)
        || resolver_class::of(e, effective.seen).class.is_outside();
    (!hidden).then(|| finding(e, effective))?
}

/// The finding where a resolver of any class gives a public address, and something shows that
/// there is a private endpoint.
pub(super) fn finding(e: &View<'_>, r: &ResolverView<'_>) -> Option<FindingBuilder> {
    let (addresses, outside) = unwanted(e)?;
    let endpoint = resolver_view::endpoint(e)?;
    if matches!((&endpoint, e.target.kind), (Endpoint::Address { .. }, TargetKind::Unknown)) {
        return None;
    }
    // Where the resolver itself gives a private address, something else changes the answer.
    r.outcome.addresses().iter().find(|a| resolver_view::could_be_public(**a))?;
    let view = zone_view(r, &e.dns.name);
    let zone = zone(e, &endpoint);
    let resolver = Resolver::of(e, r).about(&zone);
    let mut finding = headline(e, r, view, &addresses, &outside);
    finding = refusal(finding, e);
    finding = endpoint_shown_by(finding, e, r, &endpoint);
    finding = other_name(soa(finding, r), e, &zone);
    if resolver.label() != r.label() {
        finding = finding.cites("/vantage/resolver_config/stub");
    }
    finding = asked_directly(downstream::rule_out_route(finding, e, &outside), e, r);
    finding = match view {
        ZoneView::OwnRecord => own_record(finding, r, &zone),
        ZoneView::OwnServer => own_server(finding, e, r, &zone),
        ZoneView::PrivateZone => record_not_used(finding, e, &resolver, &zone),
        ZoneView::Both => mixed_records(finding, e, r, &resolver, &zone),
        ZoneView::PublicZone => public_zone(finding, e, r, &resolver, &zone),
    };
    if reading::proxied(e) {
        finding = finding.reasoning(
            "a proxy carries the call and resolves the name itself, so this matters only once the \
             proxy is bypassed",
        );
    }
    finding = downstream::and_the_right_address_fails(finding, e, &[]);
    // A resolver outside the network gives the same after the fix: what applications get counts.
    Some(finding.check(match resolver.whose.class.is_outside() {
        true => reading::again(e),
        false => text::dig(&e.dns.name, r.seen),
    }))
}

fn headline(
    e: &View<'_>,
    r: &ResolverView<'_>,
    view: ZoneView,
    addresses: &[IpAddr],
    outside: &[IpAddr],
) -> FindingBuilder {
    let own_record = view == ZoneView::OwnRecord;
    let level = match level(e, addresses.len() > outside.len()) {
        // A virtual network may use public space (fact D65), and then this is the right address:
        // silence there has another cause. A refusal by the service itself is caused by this.
        Level::Broken
            if own_record
                && !downstream::refused_by_network(e)
                && matches!(e.options.expect, Expect::Auto) =>
        {
            Level::Risk
        }
        level => level,
    };
    let label = r.label();
    let message = text::clause(
        match own_record {
            true => format!("the private zone has {}, a public address", text::brief(outside)),
            false => format!("{label} gives the public address {}", text::brief(outside)),
        },
        format!("{label} gives a public address"),
    );
    let confidence = if own_record { Confidence::Possible } else { Confidence::Inferred };
    let finding = FindingBuilder::new(level, confidence, message)
        .fact(chain(r, &e.dns.name, outside))
        .cites(r.pointer())
        .cites("/dns/selected");
    let made = outside.iter().find_map(|a| Some((a, e.dns.made_from(*a)?)));
    let finding = match made {
        Some((address, inner)) => finding.fact(format!(
            "{address} leads to {inner}: a resolver with DNS64 generates it from the IPv4 record"
        )),
        None => finding,
    };
    match addresses.len() > outside.len() {
        true => finding.fact(format!("applications get: {}", reading::list(addresses))),
        false => finding,
    }
}

/// The service's own refusal at the public address.
fn refusal(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    match reading::main_answer(e) {
        Some(answer) if downstream::refused_by_network(e) => finding
            .fact(format!(
                "the service refuses there: 403 \"{}\"",
                answer.message().unwrap_or("network rules")
            ))
            .reasoning(downstream::REFUSAL_IS_EXPECTED)
            .cites("/http"),
        _ => finding,
    }
}

/// What shows that there is a private endpoint.
fn endpoint_shown_by(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    endpoint: &Endpoint,
) -> FindingBuilder {
    let label = r.label();
    let mut finding = finding.reasoning(match endpoint {
        Endpoint::Alias { alias, .. } if !shows_endpoint(alias) => format!(
            "the alias {alias} is there with and without a private endpoint: --expect private asks \
             for one"
        ),
        Endpoint::Alias { index, alias } if *index == r.index => {
            format!("the alias {alias} shows that there is a private endpoint")
        }
        Endpoint::Alias { index, alias } => format!(
            "{} shows the alias {alias}, so there is a private endpoint; {label} removes aliases \
             from its answers, or answers from its own data",
            label_of(e, *index)
        ),
        Endpoint::Address { index, address } => format!(
            "{} gives the private address {address}, so there is a private endpoint",
            label_of(e, *index)
        ),
        Endpoint::Azure { name, .. } => format!(
            "the account has the approved private endpoint {name}, so Azure's own answer has an \
             alias: {label} removes aliases from its answers, or answers from its own data"
        ),
    });
    finding = finding.cites(match endpoint {
        Endpoint::Alias { index, .. } | Endpoint::Address { index, .. } => {
            format!("/dns/resolvers/{index}")
        }
        Endpoint::Azure { index, .. } => format!("/azure/estate/connections/value/{index}"),
    });
    for (index, text) in text::other_answers(e.dns.resolver_views(), r.index) {
        finding = finding.fact(text).cites(format!("/dns/resolvers/{index}/a"));
    }
    finding
}

/// What the resolver gives for the privatelink name: it would be private if only the forwarding
/// of the original name were wrong.
fn asked_directly(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let public = |all: &[IpAddr]| all.iter().all(|a| resolver_view::could_be_public(*a));
    match dns_experiments::privatelink_name_answer(e, r.seen) {
        Some((name, all)) if !all.is_empty() && public(&all) => finding
            .reasoning(format!(
                "asked for {name} directly, it is public too: {}",
                text::brief(&all)
            ))
            .ruled_out("a resolver that forwards only the privatelink zone"),
        _ => finding,
    }
}

/// The addresses that applications get, and those of them that are not wanted, when a private
/// address may be wanted and some are not private.
pub(super) fn unwanted(e: &View<'_>) -> Option<(Vec<IpAddr>, Vec<IpAddr>)> {
    let addresses = e.dns.effective();
    let mut outside: Vec<IpAddr> =
        addresses.iter().copied().filter(|a| resolver_view::leads_outside(e, *a)).collect();
    match &e.options.expect {
        Expect::Auto | Expect::Private => {}
        // A virtual network may use public space (fact D65): inside the prefixes is as expected.
        Expect::Cidr { .. } => {
            let beyond = resolver_view::outside_prefixes(e, &addresses);
            outside.retain(|a| beyond.contains(a));
        }
        Expect::Public | Expect::Closed | Expect::Any => return None,
    }
    (!outside.is_empty()).then_some((addresses, outside))
}

/// The level: broken when `--expect` asks for a private address, or when the call is blocked
/// there; a risk when the service lets it in, though a 401 proves nothing about its network rules
/// (fact H28).
pub(super) fn level(e: &View<'_>, some_private: bool) -> Level {
    let demanded = matches!(e.options.expect, Expect::Private | Expect::Cidr { .. });
    if reading::proxied(e) {
        return if demanded { Level::Risk } else { Level::Note };
    }
    // Where a private address was given too, this explains the call's failure only if the call
    // went to the public one.
    let astray = e
        .tcp
        .value()
        .and_then(|tcp| tcp.selected)
        .is_some_and(|a| resolver_view::leads_outside(e, a));
    let blocked = downstream::call_is_blocked(e) && (!some_private || astray);
    if demanded || blocked { Level::Broken } else { Level::Risk }
}

pub(super) fn chain(r: &ResolverView<'_>, name: &str, outside: &[IpAddr]) -> String {
    let address = text::brief(outside);
    // One that DNS64 made leads to a public address, of whatever class it is itself.
    let word = outside.first().map_or("public", |a| text::class_word(*a));
    let class = if word == "private" { "public" } else { word };
    match r.seen.privatelink_alias(name) {
        Some(alias) => {
            format!("{name} -> {alias} -> ... -> {address} ({class}; wanted: private)")
        }
        None => format!("{name} -> {address} ({class}; wanted: private)"),
    }
}

fn label_of(e: &View<'_>, index: usize) -> String {
    e.dns.resolvers.get(index).map(ResolverEvidence::label).unwrap_or_default()
}

/// The zone that the private record is in: by the alias, else by the service.
fn zone(e: &View<'_>, endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Alias { alias, .. } => record_and_zone(alias).map(|(_, zone)| zone.to_owned()),
        Endpoint::Address { .. } | Endpoint::Azure { .. } => None,
    }
    .unwrap_or_else(|| reading::private_zone(e).to_owned())
}

/// Where the alias leads into a zone under another suffix: one that is named after the public suffix has no
/// effect, and a forwarder for that suffix alone is not enough (facts D272, D275).
fn other_name(finding: FindingBuilder, e: &View<'_>, zone: &str) -> FindingBuilder {
    let of_zone = || Some((e.target.public_suffix.as_deref()?, zone.strip_prefix("privatelink.")?));
    let Some((suffix, parent)) = of_zone().filter(|(suffix, parent)| suffix != parent) else {
        return finding;
    };
    let finding = finding.reasoning(format!(
        "the zone has to be named {zone}: one that is named privatelink.{suffix} has no effect on this \
         name"
    ));
    if text::is_within(suffix, parent) || text::is_within(parent, suffix) {
        return finding;
    }
    finding.reasoning(format!(
        "a server that forwards by zone and follows aliases itself, as Windows DNS and unbound do, has to \
         forward {parent} as well as {suffix}"
    ))
}

fn soa(finding: FindingBuilder, r: &ResolverView<'_>) -> FindingBuilder {
    match zone_soa(r) {
        Some((soa, part)) => finding
            .reasoning(format!("{} sees {}", r.label(), record_gap::zone_words(soa)))
            .cites(format!("/dns/resolvers/{}/{part}", r.index)),
        None => finding,
    }
}
