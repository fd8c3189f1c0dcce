//! Why one caller is known and the other is not.

use super::{Explanation, Row};
use crate::compare::rows;
use crate::compare::view::{Party, View};
use crate::evidence::Hop;
use crate::render::text;

/// Facts about who is calling.
const CALLER: &[&str] = &[
    "identity.tenant",
    "identity.audience",
    "identity.issuer",
    "identity.object",
    "identity.application",
    "identity.managed",
    "identity.caller",
    "identity.roles",
];

pub(super) const ROWS: &[Row] = &[
    Row::new("other-credential", &[Hop::Identity, Hop::Http], "Application", other_credential),
    Row::new("other-caller", &[Hop::Identity, Hop::Http], "Identity", other_caller),
    Row::new("token-answer", &[Hop::Identity], "Identity", token_answer),
];

/// The kind of credential and its source.
fn credential(party: &Party<'_>) -> String {
    let identity = &party.e().identity;
    let kind = text::credential(identity.kind);
    match &identity.source {
        Some(source) => format!("{kind} from {source}"),
        None => kind.to_owned(),
    }
}

/// Whether the caller can be why: a refusal of the network's is the same for every caller.
fn may_be_the_caller(v: &View<'_>) -> bool {
    let answer = || v.bad.e().http.value()?.main()?.answer();
    v.bad.report.verdict.broken_hop != Some(Hop::Http)
        || answer().is_some_and(|answer| answer.status == 401)
}

fn other_credential(v: &View<'_>) -> Option<Explanation> {
    let (good, bad) = (credential(&v.good), credential(&v.bad));
    (good != bad && may_be_the_caller(v)).then(|| {
        Explanation::new(format!("{} uses {good}, {} uses {bad}", v.good.letter, v.bad.letter))
            .because("The two call with different credentials")
            .with(v.shown(CALLER))
            .with(v.shown(&["identity.environment"]))
    })
}

fn other_caller(v: &View<'_>) -> Option<Explanation> {
    let same = credential(&v.good) == credential(&v.bad);
    let differs = v.shown(CALLER);
    let first = differs.first()?;
    (same && may_be_the_caller(v)).then(|| {
        Explanation::new(format!("The caller differs: {first}"))
            .because("The credential comes from the same source, but is of another caller")
            .with(differs.iter().skip(1).cloned().collect())
    })
}

fn token_answer(v: &View<'_>) -> Option<Explanation> {
    let asked = rows::asked(v.bad.report)?;
    let same = rows::asked(v.good.report).is_none_or(|good| good.source == asked.source);
    let outcome = v.shown(&["identity.outcome"]);
    let headline = outcome.first()?.replacen("credential in hand: ", "", 1);
    (same && v.shown(CALLER).is_empty()).then(|| {
        Explanation::new(format!("{headline} ({})", asked.source))
            .because(format!(
                "The same source and caller, and another outcome: {}",
                v.either(
                    "the way to the token endpoint differs, or what the machine presents",
                    "the application, its secret or a policy changed between the two reports"
                )
            ))
            .with(v.shown(&["identity.request", "identity.secret", "identity.assertion"]))
            .decide(v.at_the_same_time())
    })
}
