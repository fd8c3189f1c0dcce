//! A public address although something shows that there is a private endpoint (facts D32, D40,
//! D51-D56): the resolver that applications use does not see the private record.

use std::net::IpAddr;

use crate::diagnose::resolver_class::{self, is_azure_private};
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::{self, Endpoint, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{ResolverEvidence, Soa, record_and_zone, shows_endpoint};
use crate::evidence::{Expect, TargetKind, classify};

use super::advice::{self, Resolver};
use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, PUBLIC_INSTEAD};
use super::{custom_record, downstream, record_gap, text, zone_owner};

/// What a public address in place of the private one leads to.
pub(super) const SYMPTOMS: &[&[&str]] = &[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN, PUBLIC_INSTEAD];

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

/// What the resolver's own answers show of the private zone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ZoneView {
    /// It sees the private zone, and gives the public address all the same.
    PrivateZone,
    /// It sees the private zone, whose own record holds the address.
    OwnRecord,
    /// It answers from a zone of that name on a server of the operator's own.
    OwnServer,
    /// It gives private and public addresses together.
    Both,
    /// It sees the public zone, or was not asked.
    PublicZone,
}

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
    finding = soa(finding, r);
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
        addresses.iter().copied().filter(|a| resolver_view::could_be_public(*a)).collect();
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
    let astray =
        e.tcp.value().and_then(|tcp| tcp.selected).is_some_and(resolver_view::could_be_public);
    let blocked = downstream::call_is_blocked(e) && (!some_private || astray);
    if demanded || blocked { Level::Broken } else { Level::Risk }
}

pub(super) fn chain(r: &ResolverView<'_>, name: &str, outside: &[IpAddr]) -> String {
    let address = text::brief(outside);
    let class = outside.first().map_or("public", |a| text::class_word(*a));
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

fn soa(finding: FindingBuilder, r: &ResolverView<'_>) -> FindingBuilder {
    match zone_soa(r) {
        Some((soa, part)) => finding
            .reasoning(format!("{} sees {}", r.label(), record_gap::zone_words(soa)))
            .cites(format!("/dns/resolvers/{}/{part}", r.index)),
        None => finding,
    }
}

/// The SOA of the privatelink zone that the resolver sees, and its field: from the question for
/// it, or from the empty answer for a family that the zone has no record of.
pub(super) fn zone_soa<'a>(r: &ResolverView<'a>) -> Option<(&'a Soa, &'static str)> {
    let seen = r.seen;
    let of = |part| reading::message(part).and_then(|answer| answer.soa.as_ref());
    let by_the_way = [(&seen.a, "a"), (&seen.aaaa, "aaaa")]
        .into_iter()
        .filter_map(|(part, place)| Some((of(part)?, place)))
        .find(|(soa, _)| is_azure_private(soa) && record_gap::is_privatelink_zone(&soa.zone));
    of(&seen.zone_soa).map(|soa| (soa, "zone_soa")).or(by_the_way)
}

fn public_addresses(r: &ResolverView<'_>) -> Vec<IpAddr> {
    let all = r.outcome.addresses().iter().copied();
    all.filter(|a| resolver_view::could_be_public(*a)).collect()
}

fn zone_view(r: &ResolverView<'_>, name: &str) -> ZoneView {
    let soa = zone_soa(r).map(|(soa, _)| soa);
    // The public chain goes on from the privatelink name through other aliases (fact D32).
    let ends_there = r.seen.privatelink_alias(name).is_some_and(|alias| {
        r.seen.aliases(name).last().is_some_and(|last| last.eq_ignore_ascii_case(&alias))
    });
    match soa {
        _ if r.outcome.addresses().iter().any(|a| classify(*a).is_private()) => ZoneView::Both,
        Some(soa) if is_azure_private(soa) && ends_there => ZoneView::OwnRecord,
        Some(soa) if is_azure_private(soa) => ZoneView::PrivateZone,
        Some(soa) if ends_there && !record_gap::is_microsoft_zone(soa) => ZoneView::OwnServer,
        _ => ZoneView::PublicZone,
    }
}

/// The private zone's own record holds a public address.
fn own_record(finding: FindingBuilder, r: &ResolverView<'_>, zone: &str) -> FindingBuilder {
    let address = public_addresses(r).first().map_or_else(String::new, IpAddr::to_string);
    let finding = finding
        .reasoning(format!(
            "the record is in {zone} itself: Azure's public chain continues through other aliases, \
             and this one ends there"
        ))
        .reasoning(format!(
            "either the public front's address was added to the zone by hand, or the virtual \
             network uses public address space of its own and {address} is the endpoint's address"
        ))
        .ruled_out("a missing link, and one that falls back to the internet")
        .owner("DNS");
    let finding = advice::endpoint_addresses(advice::records(finding, zone));
    record_gap::register(
        finding.step(Step::inspect(format!(
            "if {address} is the endpoint's address, say so in the next check: --expect \
             {address}/{}",
            if address.contains(':') { 128 } else { 32 }
        ))),
        zone,
        "create",
        "otherwise have the endpoint's DNS zone group register its own address",
    )
}

/// The record is in a zone on a server of the operator's own.
fn own_server(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    zone: &str,
) -> FindingBuilder {
    let server = zone_soa(r).map_or("<server>", |(soa, _)| soa.mname.as_str());
    let finding = finding.ruled_out("a missing link, and one that falls back to the internet");
    zone_owner::on_own_server(finding, e, zone, server)
}

/// The resolver sees the private zone, and its answer does not come from there.
fn record_not_used(
    finding: FindingBuilder,
    e: &View<'_>,
    resolver: &Resolver<'_>,
    zone: &str,
) -> FindingBuilder {
    let (label, suffix) = (resolver.label(), reading::public_suffix(e));
    let finding = finding.reasoning(format!(
        "{label} sees the private zone: either the zone lacks this record and its link falls back \
         to the internet (NxDomainRedirect), or {suffix} is forwarded to a different server than \
         {zone}, or the zone's own record holds the public address"
    ));
    let finding = advice::records(resolver.who(finding).owner("DNS"), zone).inspect(
        "see whether the link falls back",
        format!(
            "az network private-dns link vnet list -g <group> -z {} --query \
             \"[].{{link:name,policy:resolutionPolicy}}\" -o table",
            reading::word(zone)
        ),
    );
    let finding = record_gap::register(
        finding,
        zone,
        "create",
        "have the endpoint's DNS zone group register the record",
    );
    match resolver.place() {
        Some(place) => finding.step(
            Step::shared(
                format!("{place}: forward {suffix}, not {zone} alone"),
                advice::whole_suffix(suffix),
            )
            .or()
            .undo(format!("remove the forwarder for {suffix} again")),
        ),
        None => finding,
    }
}

/// The zone holds private and public addresses.
fn mixed_records(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    resolver: &Resolver<'_>,
    zone: &str,
) -> FindingBuilder {
    let record = zone_record(e, r);
    let outside = public_addresses(r);
    let (address, zone_word) = (text::brief(&outside), reading::word(zone));
    let finding = finding
        .reasoning(format!(
            "{} gives private and public addresses together: the zone that it sees holds both, so \
             some calls go to one and some to the other",
            resolver.label()
        ))
        .owner("DNS")
        .inspect("see every record of the name", text::dig(&e.dns.name, r.seen));
    let change = |verb: &str| {
        let first = outside.first().map_or_else(String::new, IpAddr::to_string);
        format!(
            "az network private-dns record-set a {verb}-record -g <group> -z {zone_word} -n \
             {record} -a {first}"
        )
    };
    advice::records(resolver.who(finding), zone).step(
        Step::shared(
            format!("remove {address} from the record set"),
            format!("every client of {zone} that reaches the account by that address"),
        )
        .command(change("remove"))
        .undo(change("add")),
    )
}

/// The resolver sees Azure's public zone, or a private one of the suffix's own name before it.
fn public_zone(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    resolver: &Resolver<'_>,
    zone: &str,
) -> FindingBuilder {
    let suffix = reading::public_suffix(e);
    let own = dns_experiments::suffix_soa(e, r.seen)
        .filter(|soa| is_azure_private(soa) && soa.zone.eq_ignore_ascii_case(suffix));
    let finding = match own {
        Some(soa) => finding.reasoning(format!(
            "{} sees a private zone {} of your own, which hides Azure's: the record there decides, \
             and no alias leads into {zone}",
            resolver.label(),
            soa.zone
        )),
        None => finding,
    };
    resolver.see_private(finding)
}

/// The name of the account's record in the private zone.
fn zone_record(e: &View<'_>, r: &ResolverView<'_>) -> String {
    let alias = r.seen.privatelink_alias(&e.dns.name);
    let name = alias.as_deref().unwrap_or(&e.dns.name);
    reading::word(name.split('.').next().unwrap_or(name))
}
