//! The host behind a gateway, walked from here as well (`--backend`): what that shows of the gateway's
//! own call, and what it does not (facts W10, W18, H91).

use crate::diagnose::{FindingBuilder, Rule, View, judge, reading};
use crate::diagnosis::{Confidence, Diagnosis, Level, State};
use crate::evidence::{Evidence, Hop};

use super::answered_by::{AnsweredBy, answered_by, is_page};
use super::host_kind::host_kind;
use super::origin::{Origin, origin};
use super::refusal_match;

pub(super) const RULE: Rule = rule!(
    "http-gateway-backend",
    Http,
    "The host behind a gateway was checked from here: not the gateway's own path",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    // A backend has none of its own; a saved report that says so is not followed into its depths.
    let backend = e.backend.as_deref().filter(|backend| backend.backend.is_none())?;
    let seen = judge(backend);
    let host = &backend.target.host;
    let gateway = host_kind(e).name();
    let another = "the gateway takes its own path";
    let message = match (what(backend, &seen), seen.verdict.state) {
        (Seen::Account, _) => format!("{host} answers from here; {another}"),
        (Seen::Something, _) => format!("what answers at {host} from here may not be the account"),
        (Seen::Fails, State::Broken) => {
            format!("{host} is broken from here{}; {another}", at(&seen))
        }
        (Seen::Fails, _) => format!("{host} from here: cannot tell; {another}"),
    };
    let mut finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        refusal_match::short(&message, 100),
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

/// Whether the account itself answered there: by what only it sends, or in an error format or with a list
/// from Azure's own host. A page, or the signature of something in front, shows no account (fact H91).
pub(super) fn account_answers(backend: &Evidence) -> bool {
    let service = reading::service(backend);
    reading::main_answer(backend).is_some_and(|answer| {
        let in_front = is_page(answer)
            || matches!(
                answered_by(service, answer),
                AnsweredBy::Product(_) | AnsweredBy::Another { .. }
            );
        let own = answer.error.is_some() || answer.payload.is_some();
        match origin(backend, answer) {
            Origin::Headers => !in_front,
            Origin::Certificate | Origin::Gateway => !in_front && own,
            Origin::Open => false,
        }
    })
}

/// What answered at the backend, from here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// The account.
    Account,
    /// Something that nothing shows to be the account.
    Something,
    /// The walk there breaks, or proves nothing.
    Fails,
}

/// What answered there, by the verdict on its walk and the sender of its answer.
fn what(backend: &Evidence, seen: &Diagnosis) -> Seen {
    match seen.verdict.state {
        State::Works | State::AtRisk if account_answers(backend) => Seen::Account,
        State::Works | State::AtRisk => Seen::Something,
        State::Broken | State::CannotTell => Seen::Fails,
    }
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
    match (e.http.accepted(), answered, what(backend, seen)) {
        (_, _, Seen::Something) => format!(
            "at {host} something answers here, and nothing in its answer shows that it is the account: \
             a page or a server in front may have sent it. So this compares nothing"
        ),
        (true, _, Seen::Account) => format!(
            "both paths work from here: this machine could call {host} past {gateway} as well"
        ),
        (true, _, Seen::Fails) => format!(
            "the gateway's answer was accepted, so a failure of {host} from here concerns this \
             machine's own path to it: that path may be closed on purpose"
        ),
        (false, true, Seen::Account) => format!(
            "{host} exists and answers here, up to its request for a credential: what remains is \
             {gateway} itself, or its own DNS, network or credential"
        ),
        (false, true, Seen::Fails) => format!(
            "{host} fails from here too{}; whether {gateway} fails for the same reason is not \
             known: its path is another one",
            at(seen)
        ),
        (false, false, Seen::Account) => format!(
            "{gateway} gave no answer, and {host} answers here: the break is on the way to \
             {gateway}, or in it"
        ),
        (false, false, Seen::Fails) => format!(
            "neither {gateway} nor {host} answers here: what both paths share is this machine, its \
             resolvers and its way out"
        ),
    }
}
