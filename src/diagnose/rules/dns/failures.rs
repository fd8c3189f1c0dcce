//! Applications get no address because every deciding resolver fails: one row for each way in
//! which the first of them does, read by one function. The rows are in `failing` and
//! `failing_why`.

use crate::diagnose::headline::Clause;
use crate::diagnose::resolver_class::ResolverClass;
use crate::diagnose::view::gives::{self, Asked, Gives};
use crate::diagnose::view::tried;
use crate::diagnose::{Because, View, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::advice::{Resolver, Upstream};
use super::{fate, heard, local_error, words};

/// A way in which the first deciding resolver fails.
pub(in crate::diagnose) struct Row {
    /// Whether it fails in this way.
    pub(super) when: fn(&Asked<'_>) -> bool,
    /// How sure that is.
    pub(super) sure: fn(&Asked<'_>) -> Sure,
    /// What fails, in a clause.
    pub(super) says: fn(&View<'_>, &Asked<'_>) -> Clause,
    /// The experiments that show it, by their ids.
    pub(super) shown_by: &'static [&'static str],
    /// How it is known, whose it is, and what to do.
    pub(super) why: fn(Because, &View<'_>, &Asked<'_>) -> Because,
}

/// The finding of a row, where the first deciding resolver fails in its way.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<Because> {
    let r = first_of_failures(e).filter(|r| (row.when)(r))?;
    let mut because = failure(e, r, (row.sure)(r), (row.says)(e, r));
    for pointer in tried::pointers(e, r.seen, row.shown_by) {
        because = because.read_at(pointer);
    }
    Some((row.why)(because, e, r).check(words::dig(&e.dns.name, r.seen)))
}

/// The first deciding resolver, when applications get no address and no resolver before the
/// last word gives one. An answer with an odd rcode is itself the last word.
fn first_of_failures<'v>(e: &'v View<'_>) -> Option<&'v Asked<'v>> {
    if !e.dns.effective().is_empty() {
        return None;
    }
    if let Some(last_word) = e.dns.decider() {
        return matches!(last_word.gives, Gives::OtherError(_)).then_some(last_word);
    }
    let all = e.dns.deciding();
    if all.iter().any(|r| r.gives.is_answer() || rate_limited(e, r)) {
        return None;
    }
    // What this machine itself could not send has a rule of its own.
    all.into_iter().next().filter(|r| local_error::refused(r.seen).is_none())
}

/// Whether a resolver that left this walk without an answer answered others.
fn rate_limited(e: &View<'_>, r: &Asked<'_>) -> bool {
    matches!(r.gives, Gives::Silent) && heard::other_than_by_us(e, r.seen).is_some()
}

/// The weight of it, and what every resolver and the system gave.
fn failure(e: &View<'_>, r: &Asked<'_>, sure: Sure, says: impl Into<Clause>) -> Because {
    let level = if fate::proxy_name_lost(e) { Level::Broken } else { fate::without_address(e) };
    let mut because = Because::new(level, sure, says);
    for other in e.dns.asked() {
        because = because
            .seen(format!("{} for {}: {}", other.label(), e.dns.name, words::gives(other)))
            .read_at(other.pointer());
    }
    if let Some(code) = reading::system_failed(e) {
        because = because.seen(format!("getaddrinfo says {code}")).read_at("/dns/system");
    }
    if let Some(stub) = &e.vantage.resolver_config.stub
        && stub.address == r.seen.address.ip()
    {
        because = because
            .seen(format!("{} is a stub that asks {}", r.label(), reading::list(&stub.upstreams)))
            .read_at("/vantage/resolver_config/stub");
    }
    because
}

/// What the resolver adds to its answer in extended errors.
pub(super) fn adds(because: Because, r: &Asked<'_>) -> Because {
    match gives::message(r.seen).and_then(words::extended) {
        Some(text) => because.seen(format!("{} adds: {text}", r.label())),
        None => because,
    }
}

/// `10.1.0.10 answers SERVFAIL`.
pub(super) fn answers(_: &View<'_>, r: &Asked<'_>) -> Clause {
    let code = gives::message(r.seen).map_or("an error", |answer| answer.rcode.as_str());
    format!("{} answers {code}", r.label()).into()
}

/// The command that separates a dropped question from a dead resolver.
pub(super) fn probe(e: &View<'_>, r: &Asked<'_>) -> String {
    format!("{} +tcp +time=3 +tries=1", words::dig(&e.dns.name, r.seen))
}

/// What REFUSED from 168.63.129.16 means (facts D55, D67): there is no access list to correct.
pub(super) const OF_AZURE: &str = "it has no access list that anybody could change, and a DNS security \
     policy answers with an alias instead. What is refused is refused by the server to which a \
     forwarding rule of this network sends the question, or by a device on the way that answers in \
     the name of 168.63.129.16, as where the question comes from outside Azure";

/// What to do about a server that refuses.
pub(super) fn refused(because: Because, e: &View<'_>, resolver: &Resolver<'_>) -> Because {
    match resolver.place() {
        _ if resolver.whose.class == ResolverClass::AzureDns => resolver.upstream(
            because.look("see which way the question takes", "ip route get 168.63.129.16"),
            Upstream::Everything,
        ),
        Some(place) => resolver.look(because.owner(resolver.owner())).act(
            Step::shared(
                format!(
                    "{place}: allow this machine{} in the access list of the server that refuses",
                    source(e)
                ),
                "who may use that server: add this one client",
            )
            .undo("take the client out of the list again"),
        ),
        None => resolver.upstream(because, Upstream::Everything),
    }
}

/// This machine's address towards the private side, if the evidence has one.
fn source(e: &View<'_>) -> String {
    e.vantage
        .sources
        .iter()
        .find_map(|s| s.source)
        .map(|address| format!(" ({address})"))
        .unwrap_or_default()
}
