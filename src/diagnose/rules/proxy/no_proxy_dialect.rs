//! A NO_PROXY entry that clients read in different ways (fact P4).

use crate::diagnose::rules::tcp::wording;
use crate::diagnose::{Because, Rule};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop};

use super::exempt;

pub(super) const RULE: Rule = Rule {
    id: "proxy-no-proxy-dialect",
    hop: Hop::Proxy,
    title: "Clients read an entry of NO_PROXY in different ways",
    page: include_str!("../../../../docs/findings/proxy-no-proxy-dialect.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
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
        wording::fitting(&[
            format!("clients read the NO_PROXY entry {} in different ways", first.entry),
            "clients read an entry of NO_PROXY in different ways".to_owned(),
        ]),
    );
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
            .change("name the public suffixes beside it", exempt::command(e)),
    )
}
