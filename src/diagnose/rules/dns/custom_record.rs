//! An address without the alias of Azure's own answer: a record of the operator's own, often for a
//! gateway in front, in a hand-made zone or in an old view (facts D30-D33, D57, D58).

use std::net::IpAddr;

use crate::diagnose::reading::word;
use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::is_privatelink;
use crate::evidence::{Expect, TargetKind, classify, tunnel};

use super::advice::Resolver;
use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, PUBLIC_INSTEAD};
use super::{downstream, microsoft_names, text, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-own-record",
    Dns,
    "The address comes without the alias of Azure's own answer: a record of your own",
    Code(check)
)
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER, NOT_LET_IN, PUBLIC_INSTEAD])
.yields_to(&["dns-zone-bypassed", "dns-wrong-endpoint", "dns-address-stale"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    // A gateway inside a virtual network has the operator's own records by design.
    if e.target.private_zone.is_none()
        || host_kind(e).is_gateway()
        || matches!(
            e.target.kind,
            TargetKind::Privatelink | TargetKind::Unknown | TargetKind::Regional
        )
    {
        return None;
    }
    let name = &e.dns.name;
    let r = e.dns.effective_resolver()?;
    // A VPN client on this machine synthesises answers without aliases.
    let made_up = r.outcome.addresses().iter().any(|a| tunnel::address(e, *a).is_some());
    if made_up {
        return None;
    }
    if let Some(why) = rewritten(e, r) {
        return Some(instead(e, r, &why));
    }
    if r.seen.privatelink_alias(name).is_some() {
        return None;
    }
    let private = r.outcome.addresses().iter().find(|a| classify(**a).is_private());
    match private {
        Some(private) => Some(
            note(e, r, private)
                .reasoning(match alias_of_other_family(e, r) {
                    Some(alias) if !resolver_view::keeps_aliases(r.seen, name) => format!(
                        "the same resolver gives the alias {alias} for the other address family, \
                         without an address: this is a record of your own, for the endpoint or for \
                         a gateway in front, or the resolver removes aliases from answers that \
                         have addresses"
                    ),
                    Some(alias) => format!(
                        "the same resolver gives the alias {alias} for the other address family, \
                         so it does not remove aliases: this is a record of your own, for the \
                         endpoint or for a gateway in front"
                    ),
                    None => "Azure's own answer has an alias; this one is a record of your own, \
                             for the endpoint or for a gateway in front, or the resolver removes \
                             aliases from answers"
                        .to_owned(),
                })
                .reasoning("such a record is not updated when the endpoint is created anew"),
        ),
        None => outside(e, r),
    }
}

/// What shows that a private address, at which the service is not reached, took the place of another.
enum Rewritten {
    /// The same resolver gives this address for the privatelink name.
    Record(String, IpAddr),
    /// Azure's public chain ends at it, at this alias.
    Chain(String),
    /// It is the resolver's own, or the privatelink name, asked directly, leads to the same alias.
    Page,
}

/// Whether the answer with a private address was rewritten on the way, or by the resolver, and the
/// service is not there (facts D198, D199).
fn rewritten(e: &View<'_>, r: &ResolverView<'_>) -> Option<Rewritten> {
    let given = r.outcome.addresses();
    // A relay of the operator's own that takes the connection is where the fault is.
    let fails = downstream::service_not_reached(e)
        && !downstream::handshake_is_cut(e)
        && !downstream::refused_by_network(e);
    let used = e.dns.effective().iter().any(|a| given.contains(a));
    if !fails || !used || !given.iter().all(|a| classify(*a).is_private()) {
        return None;
    }
    // An answer to every name is no word about this one.
    if dns_experiments::wildcard_match(e, r.seen, given).is_some() {
        return None;
    }
    let aliases = r.seen.aliases(&e.dns.name);
    let public = |alias: &String| !is_privatelink(alias) && microsoft_names::ends_chain(alias);
    if let Some(last) = aliases.last().filter(|last| public(last)) {
        return Some(Rewritten::Chain(last.clone()));
    }
    // A record behind the privatelink name is in that zone, or where that zone leads.
    if aliases.iter().any(|alias| is_privatelink(alias)) {
        return None;
    }
    if let Some((name, Some(other))) = dns_experiments::record_in_private_zone(e, r.seen)
        && !given.contains(&other)
    {
        return Some(Rewritten::Record(name.to_owned(), other));
    }
    let same = aliases.last().is_some_and(|last| {
        dns_experiments::privatelink_name_aliases(e, r.seen).last() == Some(last)
    });
    (same || given.contains(&r.seen.address.ip())).then_some(Rewritten::Page)
}

/// The finding on an answer that was rewritten.
fn instead(e: &View<'_>, r: &ResolverView<'_>, why: &Rewritten) -> FindingBuilder {
    let (name, label) = (&e.dns.name, r.label());
    let given = text::brief(r.outcome.addresses());
    let resolver = Resolver::of(e, r);
    let message = match why {
        Rewritten::Record(_, other) => text::clause(
            format!("{label} gives {given} for the name, and {other} for the privatelink name"),
            "the name and its privatelink name have different private addresses",
        ),
        Rewritten::Chain(_) => text::clause(
            format!("{label} gives the private address {given} at the end of Azure's public chain"),
            "Azure's public chain ends at a private address",
        ),
        Rewritten::Page => text::clause(
            format!("{label} leads the name to {given}, as to a block page"),
            "the resolver leads the name elsewhere, as to a block page",
        ),
    };
    let aliases = r.seen.aliases(name);
    let path: Vec<_> = [name].into_iter().chain(&aliases).map(String::as_str).collect();
    let mut finding = FindingBuilder::new(Level::Broken, Confidence::Inferred, message)
        .fact(format!("{} -> {given} at {label}", path.join(" -> ")))
        .cites(r.pointer());
    if r.outcome.addresses().contains(&r.seen.address.ip()) {
        finding = finding.fact(format!("{given} is the resolver's own address"));
    }
    finding = resolver.who(finding);
    let finding = match why {
        Rewritten::Record(record, other) => dns_experiments::pointers(
            e,
            r.seen,
            &["privatelink-name"],
        )
        .into_iter()
        .fold(finding, FindingBuilder::cites)
        .fact(format!("{record} asked directly: {other}"))
        .reasoning(format!(
            "the private zone has {other} for this account, and {label}, or a server or firewall that \
             it asks through, puts {given} in its place: a block page, a response policy, local data, \
             an old record; the service is not reached at {given}"
        ))
        .inspect("compare the two answers", text::dig(record, r.seen)),
        Rewritten::Chain(last) => finding
            .reasoning(format!(
                "{last} is Microsoft's, and its address is public: {label}, or a firewall that \
                 translates addresses in DNS answers on the way (DNS doctoring, `alias`, NAT with DNS \
                 rewriting), or local data puts {given} in its place; the service is not reached there"
            ))
            .reasoning("a record in the private zone would end the chain before that name"),
        Rewritten::Page => finding
            .reasoning(format!(
                "the answer does not pass Azure's own alias: {label}, or a server that it asks, puts \
                 {given} in its place (a block page, a response policy, local data), for the \
                 privatelink name too, or with its own address; the service is not reached there"
            ))
            .decide_with(format!("dig {} @<another resolver>", word(name))),
    };
    let finding = finding
        .reasoning(format!(
            "a gateway or relay of your own may have {given} on purpose: then the record is right, and \
             what is there fails"
        ))
        .owner(resolver.owner())
        .inspect("see the whole answer", text::dig(name, r.seen));
    resolver.inspect(finding).step(exempt(e, r, &resolver, &given)).check(text::dig(name, r.seen))
}

/// The step that takes the name out of what rewrites its answer.
fn exempt(e: &View<'_>, r: &ResolverView<'_>, resolver: &Resolver<'_>, given: &str) -> Step {
    let (name, label) = (&e.dns.name, r.label());
    Step::shared(
        format!(
            "{}: find what puts {given} in the answer for {name} (also a firewall between it and its \
             upstream), and exempt this name, once the owner agrees: a block may be deliberate",
            resolver.place().unwrap_or_else(|| format!("at {label}"))
        ),
        format!("every client of {label}, for this name only"),
    )
    .undo("remove the exception again")
}

/// A record that may be on purpose: where the service is not reached there, the report shows it.
fn note(e: &View<'_>, r: &ResolverView<'_>, private: &IpAddr) -> FindingBuilder {
    let note = finding(e, r, Level::Note, private);
    let fails = downstream::service_not_reached(e) || downstream::certificate_unknown(e);
    if fails { note.caveat() } else { note }
}

fn finding(e: &View<'_>, r: &ResolverView<'_>, level: Level, address: &IpAddr) -> FindingBuilder {
    let noted = level == Level::Note && classify(*address).is_private();
    let kind = if noted { "the privatelink" } else { "any" };
    let bare = format!("{} gives {address} without {kind} alias", r.label());
    let message = match r.seen.aliases(&e.dns.name).last().filter(|_| noted) {
        Some(last) => {
            text::clause(format!("{} gives {address} by its alias {last}", r.label()), bare)
        }
        None => bare.into(),
    };
    FindingBuilder::new(level, Confidence::Inferred, message)
        .fact(format!("{} -> {} at {}", e.dns.name, text::outcome(r), r.label()))
        .cites(r.pointer())
}

/// Azure's alias in the resolver's answer for the other address family: this family has a record of
/// its own.
fn alias_of_other_family(e: &View<'_>, r: &ResolverView<'_>) -> Option<String> {
    let beside = resolver_view::own_record_beside_alias(r.seen, &e.dns.name);
    r.seen.any_privatelink_alias(&e.dns.name).filter(|_| beside)
}

/// Whether the resolver's own record hides the private zone. A resolver that only removes aliases
/// looks the same, unless it keeps them in the other family's answer or sees the private zone.
pub(super) fn hides_zone(r: &ResolverView<'_>, name: &str) -> bool {
    resolver_view::own_record_beside_alias(r.seen, name)
        && (resolver_view::keeps_aliases(r.seen, name) || sees_private_zone(r))
}

/// Whether the private zone of Azure is what the resolver sees: its link is not the cause.
fn sees_private_zone(r: &ResolverView<'_>) -> bool {
    zone_not_linked::zone_soa(r).is_some_and(|(soa, _)| is_azure_private(soa))
}

/// What the alias of the other family shows of the private endpoint, and of this answer.
fn what_alias_shows(e: &View<'_>, r: &ResolverView<'_>) -> &'static str {
    if resolver_view::keeps_aliases(r.seen, &e.dns.name) {
        "that alias shows that there is a private endpoint, and that the resolver does not remove \
         aliases"
    } else if sees_private_zone(r) {
        "that alias shows that there is a private endpoint, and the resolver sees the private \
         zone; if it removes aliases from answers that have addresses, the zone's own record holds \
         the public address"
    } else {
        "that alias shows that there is a private endpoint; or the resolver removes aliases from \
         answers that have addresses: then the private zone is not linked to its network"
    }
}

/// Whether what is at the address may be a relay whose own target fails: it took the connection, or
/// nothing is there, and no other server and no refusal of the service was seen.
fn may_be_relay(e: &View<'_>) -> bool {
    downstream::handshake_is_cut(e) || downstream::no_connection(e)
}

/// The privatelink name, where the resolver gives it the same public address, without an alias too.
fn whole_suffix_at<'a>(
    e: &'a View<'_>,
    r: &'a ResolverView<'_>,
    address: &IpAddr,
) -> Option<&'a str> {
    let (name, given) = dns_experiments::privatelink_name_answer(e, r.seen)?;
    let bare = dns_experiments::privatelink_name_aliases(e, r.seen).is_empty();
    (bare && given.contains(address)).then_some(name)
}

/// A public address without any alias, at which the service is not reached or refuses the call: an
/// account's public name is an alias in each of Azure's chains (facts D30-D33).
fn outside(e: &View<'_>, r: &ResolverView<'_>) -> Option<FindingBuilder> {
    let of_account = matches!(e.target.kind, TargetKind::Account | TargetKind::Project);
    let bare = r.seen.a_answer().is_some_and(|a| a.chain(&e.dns.name).aliases.is_empty());
    let address = r.outcome.addresses().iter().find(|a| resolver_view::could_be_public(**a))?;
    let used = e.dns.effective().contains(address);
    let wanted = !matches!(e.options.expect, Expect::Public | Expect::Closed | Expect::Any);
    let hidden = alias_of_other_family(e, r);
    if !of_account || !bare || !used || !wanted {
        return None;
    }
    // A relay of the operator's own may have a public address on purpose, as a private one may: where
    // what is there shows nothing of itself, the later hops say what fails.
    let relay = downstream::service_not_reached(e) && may_be_relay(e);
    let page = whole_suffix_at(e, r, address).filter(|_| hidden.is_none());
    let other_root = downstream::certificate_unknown(e) && page.is_some();
    if (relay && page.is_none() || other_root) && hidden.is_none() {
        return Some(
            note(e, r, address)
                .reasoning(
                    "Azure's own answer has an alias; this is a record of your own, for a relay or \
                     a gateway in front with a public address, or an old one, the address of a block \
                     page, or the resolver removes aliases from answers",
                )
                .reasoning("such a record does not follow the account's own address"),
        );
    }
    // Where the alias shows a private endpoint, the public address is not wanted either way.
    let level = match (downstream::service_not_reached(e), hidden.is_some()) {
        (true, _) => Level::Broken,
        (false, true) => zone_not_linked::level(e, false),
        (false, false) => return None,
    };
    let resolver = Resolver::of(e, r);
    let finding = match (&hidden, page) {
        (Some(alias), _) => finding(e, r, level, address)
            .fact(format!("{alias} is the alias in its answer for the other address family"))
            .reasoning(what_alias_shows(e, r))
            .reasoning(
                "a device on the way that answers this question in the resolver's place would look \
                 the same",
            )
            .decide_with(format!("{} +tcp", text::dig(&e.dns.name, r.seen)))
            .cites(format!("/dns/resolvers/{}", r.index)),
        (None, Some(other)) => dns_experiments::pointers(e, r.seen, &["privatelink-name"])
            .into_iter()
            .fold(finding(e, r, level, address), FindingBuilder::cites)
            .fact(format!("{other} asked directly: {address}, without an alias"))
            .decide_with(format!("dig {} @<another resolver>", e.dns.name)),
        (None, None) => finding(e, r, level, address)
            .reasoning(
                "or the resolver removes aliases from its answers: then the private zone is not \
                 linked to its network, or there is no private endpoint yet",
            )
            .decide_with(format!("dig {} @<another resolver>", e.dns.name)),
    };
    let finding = if relay {
        finding
            .reasoning(
                "a relay or a gateway of your own in front of the account may have this address on \
                 purpose: then the record is right, and what is there fails",
            )
            .step(Step::inspect(format!(
                "see whether something in front of the account has {address} on purpose; if so, \
                 repair that, and leave the record"
            )))
    } else {
        finding
    };
    if page.is_some() {
        let (label, name) = (r.label(), &e.dns.name);
        return Some(
            resolver
                .who(finding)
                .reasoning(format!(
                    "Azure answers for both names with an alias: {label}, or a server that it asks, \
                     answers for the whole suffix with {address} (a block page, a sinkhole, a response \
                     policy, local data)"
                ))
                .owner(resolver.owner())
                .inspect("see the whole answer", text::dig(name, r.seen))
                .step(exempt(e, r, &resolver, &address.to_string()))
                .check(text::dig(name, r.seen)),
        );
    }
    Some(
        resolver
            .who(finding)
            .reasoning(format!(
                "Azure always answers for the name of an account with an alias: this is a record \
                 of {} itself (local data, a view, a response policy), perhaps older than the \
                 private endpoint",
                r.label()
            ))
            .owner(resolver.owner())
            .inspect("see the whole answer", text::dig(&e.dns.name, r.seen))
            .step(
                Step::shared(
                    format!(
                        "{}: remove the record of {}, so that Azure DNS is asked for it; first see \
                         with `--resolver` what Azure DNS answers",
                        resolver.place().unwrap_or_else(|| format!("at {}", r.label())),
                        e.dns.name
                    ),
                    format!("every client of {}, for this name only", r.label()),
                )
                .undo("put the record back: note its address and TTL first"),
            )
            .check(text::dig(&e.dns.name, r.seen)),
    )
}
