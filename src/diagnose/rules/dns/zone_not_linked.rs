//! A public address although something says that there is a private endpoint (facts D32, D40,
//! D51-D56): the resolver that applications follow does not see the private record.

use std::net::IpAddr;

use crate::diagnose::resolver_class::{self, is_azure_private};
use crate::diagnose::view::gives::{self, Asked, Endpoint};
use crate::diagnose::view::tried;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::{ResolverSeen, Soa};
use crate::evidence::{Expect, TargetKind, classify};

use super::advice::{self, Resolver};
use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, PUBLIC_INSTEAD};
use super::{fate, missing, words};

/// What a public address in the place of the private one leads to.
pub(super) const SYMPTOMS: &[&[&str]] = &[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN, PUBLIC_INSTEAD];

pub(super) const RULE: Rule = rule!(
    "dns-zone-not-linked",
    Dns,
    "There is a private endpoint, but the resolver gives a public address",
    Code(check)
)
.explains_groups(SYMPTOMS)
.yields_to(&[
    "dns-privatelink-forwarder-dead",
    "dns-forwards-privatelink-only",
    "dns-suffix-left-out",
])
.decided_by(&["zone-soa", "privatelink-name", "parent-zone", "sibling-suffix"]);

/// What the resolver's own answers show of the private zone.
enum ZoneView {
    /// It sees the private zone, and gives the public address all the same.
    PrivateZone,
    /// It sees the private zone, whose own record holds the address.
    OwnRecord,
    /// It gives private and public addresses together.
    Both,
    /// It sees the public zone, or was not asked.
    PublicZone,
}

fn check(e: &View<'_>) -> Option<Because> {
    let decider = e.dns.decider()?;
    (!resolver_class::of(e, decider.seen).class.is_outside()).then(|| because(e, decider))?
}

/// The public address of a resolver where something says that there is a private endpoint,
/// whoever the resolver is.
pub(super) fn because(e: &View<'_>, decider: &Asked<'_>) -> Option<Because> {
    let (addresses, outside) = unwanted(e)?;
    let endpoint = gives::endpoint(e)?;
    if matches!((&endpoint, e.target.kind), (Endpoint::Address { .. }, TargetKind::Unknown)) {
        return None;
    }
    // Where the resolver itself gives a private address, something else comes between.
    decider.gives.addresses().iter().find(|a| gives::is_outside(**a))?;
    let name = &e.dns.name;
    let label = decider.label();
    let view = view(decider, name);
    let own_record = matches!(view, ZoneView::OwnRecord);
    let level = match level(e, addresses.len() > outside.len()) {
        // A virtual network may use public space (fact D65), and then this is the right address:
        // silence there is another's fault. The service's own refusal is this one's.
        Level::Broken
            if own_record
                && !fate::refused_by_network(e)
                && matches!(e.asked.expect, Expect::Auto) =>
        {
            Level::Risk
        }
        level => level,
    };
    let says = words::clause(
        match own_record {
            true => format!("the private zone has {}, a public address", words::brief(&outside)),
            false => format!("{label} gives the public address {}", words::brief(&outside)),
        },
        format!("{label} gives a public address"),
    );
    let sure = if own_record { Sure::Possible } else { Sure::Inferred };
    let mut because = Because::new(level, sure, says)
        .seen(chain(decider, name, &outside))
        .read_at(decider.pointer())
        .read_at("/dns/walked");
    if addresses.len() > outside.len() {
        because = because.seen(format!("all that applications get: {}", reading::list(&addresses)));
    }
    if fate::refused_by_network(e)
        && let Some(answer) = reading::main_answer(e)
    {
        because = because
            .seen(format!(
                "the service refuses there: 403 \"{}\"",
                answer.message().unwrap_or("network rules")
            ))
            .read_at("/http");
    }
    let zone = zone(e, &endpoint);
    because = because.known_by(match &endpoint {
        Endpoint::Alias { index, alias } if *index == decider.index => {
            format!("the alias {alias} says that there is a private endpoint")
        }
        Endpoint::Alias { index, alias } => format!(
            "{} shows the alias {alias}, so there is a private endpoint; {label} takes aliases \
             out of its answers, or answers by itself",
            label_of(e, *index)
        ),
        Endpoint::Address { index, address } => format!(
            "{} gives the private address {address}, so there is a private endpoint",
            label_of(e, *index)
        ),
    });
    let (Endpoint::Alias { index, .. } | Endpoint::Address { index, .. }) = &endpoint;
    because = because.read_at(format!("/dns/resolvers/{index}"));
    for (index, text) in words::others(e.dns.asked(), decider.index) {
        because = because.seen(text).read_at(format!("/dns/resolvers/{index}/a"));
    }
    because = soa(because, decider);
    let resolver = Resolver::of(e, decider).about(&zone);
    if resolver.label() != label {
        because = because.read_at("/vantage/resolver_config/stub");
    }
    because = why(fate::reached(because, e, &outside), e, decider, &view, &resolver, &zone);
    if reading::proxied(e) {
        because = because.known_by(
            "a proxy carries the call and asks DNS by itself, so this matters only once the \
             proxy is bypassed",
        );
    }
    // A resolver outside gives the same after the fix: what applications get is what counts.
    Some(because.check(match resolver.whose.class.is_outside() {
        true => reading::again(e),
        false => words::dig(name, decider.seen),
    }))
}

/// The addresses that applications get, and those of them that are not wanted, when a private
/// address may be wanted and some are not private.
pub(super) fn unwanted(e: &View<'_>) -> Option<(Vec<IpAddr>, Vec<IpAddr>)> {
    let addresses = e.dns.effective();
    let mut outside: Vec<IpAddr> =
        addresses.iter().copied().filter(|a| gives::is_outside(*a)).collect();
    match &e.asked.expect {
        Expect::Auto | Expect::Private => {}
        // A virtual network may use public space (fact D65): inside the prefixes is well.
        Expect::Cidr { .. } => {
            let beyond = gives::beyond_prefixes(e, &addresses);
            outside.retain(|a| beyond.contains(a));
        }
        Expect::Public | Expect::Closed | Expect::Any => return None,
    }
    (!outside.is_empty()).then_some((addresses, outside))
}

/// The weight: broken when asked for in so many words, or when the call is kept out there; a
/// risk when the service lets it in, though a 401 proves nothing of its network rules (fact H28).
pub(super) fn level(e: &View<'_>, some_private: bool) -> Level {
    let demanded = matches!(e.asked.expect, Expect::Private | Expect::Cidr { .. });
    if reading::proxied(e) {
        return if demanded { Level::Risk } else { Level::Note };
    }
    // With a private address beside it, what befell the call is of this cause only when it
    // went to the public one.
    let astray = e.tcp.saw().and_then(|tcp| tcp.walked).is_some_and(gives::is_outside);
    let kept_out = fate::kept_out(e) && (!some_private || astray);
    if demanded || kept_out { Level::Broken } else { Level::Risk }
}

pub(super) fn chain(decider: &Asked<'_>, name: &str, outside: &[IpAddr]) -> String {
    let address = words::brief(outside);
    let class = outside.first().map_or("public", |a| words::class_word(*a));
    match decider.seen.privatelink_alias(name) {
        Some(alias) => {
            format!("{name} -> {alias} -> ... -> {address} ({class}; wanted: private)")
        }
        None => format!("{name} -> {address} ({class}; wanted: private)"),
    }
}

fn label_of(e: &View<'_>, index: usize) -> String {
    e.dns.resolvers.get(index).map(ResolverSeen::label).unwrap_or_default()
}

/// The zone that the private record is in: the alias says it best.
fn zone(e: &View<'_>, endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Alias { alias, .. } => alias.split_once('.').map(|(_, zone)| zone.to_owned()),
        Endpoint::Address { .. } => None,
    }
    .unwrap_or_else(|| reading::private_zone(e).to_owned())
}

fn soa(because: Because, decider: &Asked<'_>) -> Because {
    match zone_soa(decider) {
        Some((soa, part)) => because
            .known_by(format!(
                "the zone that {} sees is {} of {}",
                decider.label(),
                soa.zone,
                soa.mname
            ))
            .read_at(format!("/dns/resolvers/{}/{part}", decider.index)),
        None => because,
    }
}

/// The SOA of the privatelink zone that it sees, and where it stands: asked for by itself, or in
/// the empty answer of a family that the zone has no record of.
fn zone_soa<'a>(decider: &Asked<'a>) -> Option<(&'a Soa, &'static str)> {
    let seen = decider.seen;
    let of = |part| reading::message(part).and_then(|answer| answer.soa.as_ref());
    let by_the_way = [(&seen.a, "a"), (&seen.aaaa, "aaaa")]
        .into_iter()
        .filter_map(|(part, place)| Some((of(part)?, place)))
        .find(|(soa, _)| is_azure_private(soa) && missing::is_privatelink_zone(&soa.zone));
    of(&seen.zone_soa).map(|soa| (soa, "zone_soa")).or(by_the_way)
}

fn outside_of(decider: &Asked<'_>) -> Vec<IpAddr> {
    decider.gives.addresses().iter().copied().filter(|a| gives::is_outside(*a)).collect()
}

fn view(decider: &Asked<'_>, name: &str) -> ZoneView {
    let soa = zone_soa(decider).map(|(soa, _)| soa);
    // The public chain goes on from the privatelink name through other aliases (fact D32).
    let ends_there = decider.seen.privatelink_alias(name).is_some_and(|alias| {
        decider.seen.aliases(name).last().is_some_and(|last| last.eq_ignore_ascii_case(&alias))
    });
    match soa {
        _ if decider.gives.addresses().iter().any(|a| classify(*a).is_private()) => ZoneView::Both,
        Some(soa) if is_azure_private(soa) && ends_there => ZoneView::OwnRecord,
        Some(soa) if is_azure_private(soa) => ZoneView::PrivateZone,
        _ => ZoneView::PublicZone,
    }
}

/// What leads to the public address, and the way out.
fn why(
    because: Because,
    e: &View<'_>,
    decider: &Asked<'_>,
    view: &ZoneView,
    resolver: &Resolver<'_>,
    zone: &str,
) -> Because {
    let suffix = reading::public_suffix(e);
    let label = resolver.label();
    // Asked by itself it would be private, if only the forwarding were wrong.
    let alone = tried::privatelink_alone(e, decider.seen)
        .filter(|(_, all)| !all.is_empty() && all.iter().all(|a| gives::is_outside(*a)));
    let because = match alone {
        Some((name, all)) => because
            .known_by(format!("{name} asked by itself is public as well: {}", words::brief(&all)))
            .ruled_out("a resolver that forwards only the privatelink zone"),
        None => because,
    };
    match view {
        ZoneView::OwnRecord => {
            let address = outside_of(decider).first().map_or_else(String::new, IpAddr::to_string);
            let because = because
                .known_by(format!(
                    "the record is in {zone} itself: Azure's public chain goes on from there \
                     through other aliases, and this one ends"
                ))
                .known_by(format!(
                    "either the address of the public front was put into the zone by hand, or the \
                     virtual network uses public space of its own and {address} is the endpoint's"
                ))
                .ruled_out("a link that is missing, or that falls back to the internet")
                .owner("DNS");
            let because = advice::endpoint_addresses(advice::records(because, zone));
            missing::register(
                because.act(Step::look(format!(
                    "if it is the endpoint's, say so in the next walk: --expect {address}/{}",
                    if address.contains(':') { 128 } else { 32 }
                ))),
                zone,
                "create",
                "else have the endpoint's DNS zone group register its own address",
            )
        }
        ZoneView::PrivateZone => {
            let because = because.known_by(format!(
                "{label} sees the private zone: either the zone lacks this record and its link \
                 falls back to the internet (NxDomainRedirect), or {suffix} is forwarded elsewhere \
                 than {zone}, or the zone's own record holds the public address"
            ));
            let because = advice::records(resolver.who(because).owner("DNS"), zone).look(
                "see whether the link falls back",
                format!(
                    "az network private-dns link vnet list -g <group> -z {} --query \
                     \"[].{{link:name,policy:resolutionPolicy}}\" -o table",
                    reading::word(zone)
                ),
            );
            let because = missing::register(
                because,
                zone,
                "create",
                "have the endpoint's DNS zone group register the record",
            );
            match resolver.place() {
                Some(place) => because.act(
                    Step::shared(
                        format!("or {place}: forward {suffix}, not {zone} alone"),
                        advice::whole_suffix(suffix),
                    )
                    .undo(format!("take the forwarder of {suffix} out again")),
                ),
                None => because,
            }
        }
        ZoneView::Both => {
            let record = zone_record(e, decider);
            let outside = outside_of(decider);
            let (address, zone_word) = (words::brief(&outside), reading::word(zone));
            let because = because
                .known_by(format!(
                    "{label} gives private and public addresses together: the zone that it sees \
                     holds both, and calls go now to the one, now to the other"
                ))
                .owner("DNS")
                .look("see every record of the name", words::dig(&e.dns.name, decider.seen));
            let change = |verb: &str| {
                let first = outside.first().map_or_else(String::new, IpAddr::to_string);
                format!(
                    "az network private-dns record-set a {verb}-record -g <group> -z {zone_word} \
                     -n {record} -a {first}"
                )
            };
            advice::records(resolver.who(because), zone).act(
                Step::shared(
                    format!("take {address} out of the record set"),
                    format!("every client of {zone} that reaches the account by that address"),
                )
                .command(change("remove"))
                .undo(change("add")),
            )
        }
        ZoneView::PublicZone => {
            // A private zone of the suffix's own name comes before Azure's public one.
            let own = tried::parent_soa(e, decider.seen)
                .filter(|soa| is_azure_private(soa) && soa.zone.eq_ignore_ascii_case(suffix));
            let because = match own {
                Some(soa) => because.known_by(format!(
                    "{label} sees a private zone {} of your own, which hides Azure's: the name's \
                     record there decides, and no alias leads into {zone}",
                    soa.zone
                )),
                None => because,
            };
            resolver.see_private(because)
        }
    }
}

/// The name of the account's record in the private zone.
fn zone_record(e: &View<'_>, decider: &Asked<'_>) -> String {
    let alias = decider.seen.privatelink_alias(&e.dns.name);
    let name = alias.as_deref().unwrap_or(&e.dns.name);
    reading::word(name.split('.').next().unwrap_or(name))
}
