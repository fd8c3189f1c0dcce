//! The host behind a gateway, walked from here as well (`--backend`): what that shows of the gateway's
//! own call, and what it does not (facts W10, W18).

use crate::diagnose::{FindingBuilder, Rule, View, judge, reading};
use crate::diagnosis::{Confidence, Diagnosis, Level, State};
use crate::evidence::{Evidence, Hop};

use super::host_kind::host_kind;
use super::refusal_match;

pub(super) const RULE: Rule = rule!(
    "http-gateway-backend",
    Http,
    "The host behind a gateway was checked from here, which is not the gateway's way",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    // A backend has none of its own; a saved report that says so is not followed into its depths.
    let backend = e.backend.as_deref().filter(|backend| backend.backend.is_none())?;
    let seen = judge(backend);
    let host = &backend.target.host;
    let gateway = host_kind(e).name();
    let message = match seen.verdict.state {
        State::Works | State::AtRisk => format!("{host} answers from here"),
        State::CannotTell => format!("{host} from here: cannot tell"),
        State::Broken => format!("{host} is broken from here{}", at(&seen)),
    };
    let mut finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        refusal_match::short(&format!("{message}; the gateway's own way is another"), 100),
    )
    .fact(format!("{host} from here, without a credential: {}", seen.verdict.line))
    .reasoning(compared(e, backend, &seen, gateway))
    .reasoning(format!(
        "what this does not show: {gateway} resolves {host} by its own DNS, calls it from its own \
         network and signs in with its own credential; only a check from that network tests its way"
    ))
    .cites("/backend");
    if let Some(command) = host_kind(e).behind(e) {
        finding = finding.decide_with(command);
    }
    // Where the gateway breaks, the comparison belongs next to its cause.
    Some(match e.http.accepted() {
        true => finding.not_tested(),
        false => finding.caveat(),
    })
}

/// Where the backend's walk breaks, for a headline.
fn at(seen: &Diagnosis) -> String {
    let hop = seen.verdict.broken_hop.map_or("", Hop::name);
    match &seen.verdict.cause {
        Some(cause) => format!(" at {hop} ({cause})"),
        None => String::new(),
    }
}

/// What the two walks side by side show.
fn compared(e: &View<'_>, backend: &Evidence, seen: &Diagnosis, gateway: &str) -> String {
    let host = &backend.target.host;
    let answered = reading::main_answer(e).is_some();
    let sound = matches!(seen.verdict.state, State::Works | State::AtRisk);
    match (e.http.accepted(), answered, sound) {
        (true, _, true) => format!(
            "both paths work from here: this machine could call {host} past {gateway} as well"
        ),
        (true, _, false) => format!(
            "the gateway's answer was accepted, so a failure of {host} from here concerns this \
             machine's own path to it: that path may be closed on purpose"
        ),
        (false, true, true) => format!(
            "{host} exists and answers here, up to its request for a credential: what remains is \
             {gateway} itself, or its own DNS, network or credential"
        ),
        (false, true, false) => format!(
            "{host} fails from here too{}; whether {gateway} fails for the same reason is not \
             known: its path is another one",
            at(seen)
        ),
        (false, false, true) => format!(
            "{gateway} gave no answer, and {host} answers here: the break is on the way to \
             {gateway}, or in it"
        ),
        (false, false, false) => format!(
            "neither {gateway} nor {host} answers here: what both paths share is this machine, its \
             resolvers and its way out"
        ),
    }
}
