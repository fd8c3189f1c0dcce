//! Why a proxy is in one way only, or treats two callers differently.

use super::{Explanation, Row};
use crate::compare::view::{Party, View};
use crate::evidence::Hop;
use crate::evidence::vantage::ProxyReason;
use crate::render::{fact_lines, quoted};

pub(super) const ROWS: &[Row] = &[
    Row::new("no-proxy-entry", &[Hop::Proxy], "Server", no_proxy_entry),
    Row::new("proxy-on-one-side", &[Hop::Proxy], "Server", one_side),
    Row::new("other-proxy", &[Hop::Proxy], "Network", other_proxy),
    Row::new("proxy-answer", &[Hop::Proxy], "Network", proxy_answer),
];

fn applies<'a>(party: &Party<'a>) -> Option<&'a str> {
    party.e().vantage.proxy.applies.as_deref()
}

fn exempted<'a>(party: &Party<'a>) -> Option<&'a str> {
    match &party.e().vantage.proxy.reason {
        ProxyReason::Exempted { entry } => Some(entry),
        _ => None,
    }
}

/// The side with a proxy, the side without one.
fn with_and_without<'v, 'a>(v: &'v View<'a>) -> Option<(&'v Party<'a>, &'v Party<'a>)> {
    match (applies(&v.good), applies(&v.bad)) {
        (Some(_), None) => Some((&v.good, &v.bad)),
        (None, Some(_)) => Some((&v.bad, &v.good)),
        _ => None,
    }
}

fn no_proxy_entry(v: &View<'_>) -> Option<Explanation> {
    let (with, without) = with_and_without(v)?;
    let entry = exempted(without)?;
    let headline = format!(
        "{}'s NO_PROXY entry {entry} exempts the target; {} goes through {}",
        without.letter,
        with.letter,
        applies(with)?
    );
    Some(one_way(v, Explanation::new(headline)))
}

fn one_side(v: &View<'_>) -> Option<Explanation> {
    let (with, without) = with_and_without(v)?;
    if exempted(without).is_some() {
        return None;
    }
    let headline = format!(
        "{} goes through {}, {} connects directly",
        with.letter,
        applies(with)?,
        without.letter
    );
    Some(one_way(v, Explanation::new(headline)))
}

/// Two ways, one of which works. It is proved where the proxy itself is what fails.
fn one_way(v: &View<'_>, explanation: Explanation) -> Explanation {
    let fails = v.bad.report.verdict.broken_hop == Some(Hop::Proxy);
    let repeat = match applies(&v.good) {
        Some(url) => format!("--proxy {}", quoted(url)),
        None => "--proxy none".to_owned(),
    };
    let explanation = explanation
        .because(format!("The two take different ways, and {}'s works", v.good.letter))
        .with(v.shown(&["vantage.proxy_variable", "vantage.no_proxy"]))
        .proved_if(fails);
    match fails {
        true => explanation,
        false => explanation.decide([format!(
            "on {}'s machine: aoai-probe {} {repeat}",
            v.bad.letter,
            quoted(v.host())
        )]),
    }
}

fn other_proxy(v: &View<'_>) -> Option<Explanation> {
    let (good, bad) = (applies(&v.good)?, applies(&v.bad)?);
    (good != bad).then(|| {
        Explanation::new(format!(
            "{} goes through {good}, {} through {bad}",
            v.good.letter, v.bad.letter
        ))
        .because(format!("The two go through different proxies, and {}'s works", v.good.letter))
        .decide([format!(
            "on {}'s machine: aoai-probe {} --proxy {}",
            v.bad.letter,
            quoted(v.host()),
            quoted(good)
        )])
    })
}

fn proxy_answer(v: &View<'_>) -> Option<Explanation> {
    let (good, bad) = (applies(&v.good)?, applies(&v.bad)?);
    let words = |party: &Party<'_>| fact_lines::proxy(&party.e().proxy).text;
    (good == bad && v.differs(&["proxy.outcome"])).then(|| {
        Explanation::new(format!(
            "{}: {}; {}: {}",
            v.good.letter,
            words(&v.good),
            v.bad.letter,
            words(&v.bad)
        ))
        .because(format!(
            "The same proxy does not do the same for both: {}",
            v.either(
                "its rules may depend on the client's address or user, or the way to it differs",
                "its rules, or its own way out, changed between the two reports"
            )
        ))
        .with(v.shown(&["proxy.password", "proxy.addresses", "vantage.source"]))
        .decide(v.at_the_same_time())
    })
}
