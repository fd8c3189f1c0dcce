//! Why the service answers two calls differently.

use super::{Explanation, Row};
use crate::compare::view::{Party, View};
use crate::evidence::Hop;
use crate::evidence::http::{HttpCall, Purpose};
use crate::render::fact_lines;

pub(super) const ROWS: &[Row] = &[
    Row::new("other-deployment", &[Hop::Http], "Application", other_deployment),
    Row::new("other-request", &[Hop::Http], "Application", other_request),
    Row::new("other-server", &[Hop::Http], "Network", other_server),
    Row::new("service-answer", &[Hop::Http], "Azure platform", answer).general(),
];

/// Facts of the request and of the caller: where one differs, it may be why the answer does.
const REQUEST: &[&str] = &[
    "target.host",
    "target.base_path",
    "http.request",
    "http.credential",
    "identity.outcome",
    "identity.kind",
    "identity.source",
    "identity.tenant",
    "identity.audience",
    "identity.object",
    "identity.application",
    "identity.managed",
    "identity.roles",
];

fn other_deployment(v: &View<'_>) -> Option<Explanation> {
    let named = |party: &Party<'_>| {
        party.e().options.deployment.clone().unwrap_or_else(|| "none".to_owned())
    };
    (v.differs(&["target.deployment"]) && !is_answered_differently(v)).then(|| {
        Explanation::new(format!(
            "{} asks for the deployment {}, {} for {}",
            v.good.letter,
            named(&v.good),
            v.bad.letter,
            named(&v.bad)
        ))
        .because("The two call different deployments")
    })
}

/// Whether both made the same call and got two answers to it, apart from that to the deployment: what
/// only one of them asks as well is no reason for that.
fn is_answered_differently(v: &View<'_>) -> bool {
    let calls = |party: &Party<'_>| -> Vec<HttpCall> {
        party.e().http.value().map(|hop| hop.calls.clone()).unwrap_or_default()
    };
    let status = |call: &HttpCall| call.answer().map(|answer| answer.status);
    let of_bad = calls(&v.bad);
    let of_good = calls(&v.good);
    of_good.iter().filter(|a| a.purpose != Purpose::Deployment).any(|a| {
        let same =
            |b: &&HttpCall| (a.purpose, &a.method, &a.path) == (b.purpose, &b.method, &b.path);
        of_bad
            .iter()
            .find(same)
            .is_some_and(|b| status(a).is_some() && status(b).is_some() && status(a) != status(b))
    })
}

fn other_request(v: &View<'_>) -> Option<Explanation> {
    let ids = ["target.base_path", "target.host", "http.request"];
    let differs = v.shown(&ids);
    let first = differs.first()?;
    (!v.differs(&["target.deployment"])).then(|| {
        Explanation::new(format!("The request differs: {first}"))
            .with(differs.iter().skip(1).cloned().collect())
            .because("The two do not ask for the same thing")
    })
}

/// Another program answered, by the fields that name it.
fn other_server(v: &View<'_>) -> Option<Explanation> {
    let header = |party: &Party<'_>, name: &str| {
        let answer = party.e().http.value()?.main()?.answer()?;
        answer.header(name).map(str::to_owned)
    };
    let name = ["via", "server", "x-powered-by", "x-squid-error", "x-bluecoat-via"]
        .into_iter()
        .find(|name| header(&v.good, name) != header(&v.bad, name))?;
    let words = |party: &Party<'_>| match header(party, name) {
        Some(value) => format!("{}'s answer has {name}: {value}", party.letter),
        None => format!("{}'s has no {name}", party.letter),
    };
    v.bad.e().http.value()?.main()?.answer()?;
    let explanation = Explanation::new(format!("{}, {}", words(&v.bad), words(&v.good)));
    Some(explanation.because("The answers name different servers: another one is in the way"))
}

/// The same request of the same caller, and another answer.
fn answer(v: &View<'_>) -> Option<Explanation> {
    let other_deployment = v.differs(&["target.deployment"]) && !is_answered_differently(v);
    if v.differs(REQUEST) || other_deployment {
        return None;
    }
    let words = |party: &Party<'_>| fact_lines::http(&party.e().http).text;
    let explanation = Explanation::new(format!(
        "The same request: {} gets {}; {} gets {}",
        v.good.letter,
        words(&v.good),
        v.bad.letter,
        words(&v.bad)
    ));
    let either = match v.bad.owner() {
        Some("Network" | "Security" | "DNS" | "Server") => v.either(
            "the network that each call comes from, or what answers on its way",
            "the path, or what answers on it, changed between the two reports",
        ),
        _ => v.either(
            "the network that each call comes from, or the value of the key, which no report holds",
            "the account's settings, its keys or the caller's roles changed between the two reports",
        ),
    };
    Some(
        explanation
            .because(format!(
                "Address, request and credential source are not what differs: {either}"
            ))
            .with(v.shown(&["vantage.source", "dns.addresses"]))
            .decide(v.at_the_same_time())
            .with(v.shown(&["http.message"])),
    )
}
