//! A NO_PROXY entry that clients read in different ways (fact P4).

use std::collections::BTreeSet;

use crate::diagnose::{Because, Rule, View, headline};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::vantage::ClientDecision;

use super::{exempt, readers};

pub(super) const RULE: Rule = rule!(
    "proxy-no-proxy-dialect",
    Proxy,
    "Clients read the proxy variables in different ways",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    differing(e).or_else(|| of_the_form(e))
}

/// Clients that go different ways here, by the environment as it is.
fn differing(e: &Evidence) -> Option<Because> {
    let clients = readers::tested(e);
    let ways: BTreeSet<Option<&str>> =
        clients.iter().map(|(_, client)| client.proxy.as_deref()).collect();
    if ways.len() < 2 {
        return None;
    }
    let walked = e.vantage.proxy.applies.as_deref();
    // A way that the walk proved too is no risk, whoever takes it.
    let proved = |way: &Option<&str>| {
        *way == walked
            || (way.is_none() && matches!(exempt::direct(e), exempt::Direct::Verified(_)))
    };
    // A client that does not read a variable at all is as it was made; what is written wrongly
    // is a list that exempts for some, or two spellings that name two proxies.
    let written: BTreeSet<Option<&str>> = clients
        .iter()
        .filter(|(_, client)| client.decision != ClientDecision::NoVariable)
        .map(|(_, client)| client.proxy.as_deref())
        .collect();
    let risk = written.len() > 1 && !written.iter().all(proved);
    let level = if risk { Level::Risk } else { Level::Note };
    let other = ways.iter().copied().find(|way| *way != walked)?;
    let (these, those) = (readers::names(&clients, other), readers::names(&clients, walked));
    let how = |way: Option<&str>| way.map_or("directly".to_owned(), |url| format!("through {url}"));
    let because = Because::new(
        level,
        Sure::Inferred,
        headline::fitting(&[
            format!("{these} go {}, {those} {}", how(other), how(walked)),
            format!("{these} go {}, others {}", how(other), how(walked)),
            format!("clients differ: {these} go {}", how(other)),
            "clients on this machine differ on which proxy carries the call".to_owned(),
        ]),
    )
    .caveat()
    .known_by(
        "the variables have no standard: each client was tried with environments of this form, in \
         the version that is named",
    )
    .owner("Application")
    .look("see the variables as the application gets them", readers::SEE_VARIABLES)
    .act(Step::local("set HTTPS_PROXY and https_proxy alike, and NO_PROXY and no_proxy alike"))
    .act(exempt::step(e, "where the path is private, append the host to the list"));
    Some(readers::seen(because, &clients))
}

/// An entry of a form on which clients differ, without effect here.
fn of_the_form(e: &Evidence) -> Option<Because> {
    let entries: Vec<_> = e
        .vantage
        .proxy
        .no_proxy
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| Some((index, entry, entry.dialect.as_deref()?)))
        .collect();
    let (_, first, _) = entries.first()?;
    let mut because = Because::new(
        Level::Note,
        Sure::Inferred,
        headline::fitting(&[
            format!("clients read the NO_PROXY entry {} in different ways", first.entry),
            "clients read an entry of NO_PROXY in different ways".to_owned(),
        ]),
    )
    .caveat();
    for (index, entry, dialect) in &entries {
        let here = if entry.exempts { "exempts the target" } else { "does not exempt the target" };
        because = because
            .seen(format!("{}: {here} as read here; {dialect}", entry.entry))
            .read_at(format!("/vantage/proxy/no_proxy/{index}"));
    }
    Some(
        because
            .known_by(
                "NO_PROXY has no standard: CIDR prefixes, leading dots, ports and * differ \
                 between clients",
            )
            .owner("Application")
            .look("see the list as the application gets it", readers::SEE_VARIABLES)
            .act(exempt::step(e, "append the host itself, which every client reads")),
    )
}
