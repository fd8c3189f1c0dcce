//! What two reports show together, in sentences: also that they show no cause.

use super::view;
use crate::comparison::{Cause, Difference, Fact};
use crate::diagnosis::State;
use crate::evidence::Hop;
use crate::report::Report;

pub(super) fn notes(
    a: &Report,
    b: &Report,
    result: Difference,
    causes: &[Cause],
    facts: &[Fact],
    first_hop: Option<Hop>,
) -> Vec<String> {
    let mut notes: Vec<String> = [('A', a), ('B', b)]
        .into_iter()
        .filter_map(|(letter, r)| {
            let why = r.evidence.unfinished.as_ref()?;
            Some(format!(
                "{letter} was not walked to its end ({why}): its later hops show nothing."
            ))
        })
        .collect();
    let works = |r: &Report| matches!(r.verdict.state, State::Works | State::AtRisk);
    let difference = first_hop.map_or_else(
        || "the difference".to_owned(),
        |hop| format!("the difference at {}", hop.name()),
    );
    notes.extend(match (works(a), works(b)) {
        _ if causes.len() > 1 => Some(format!(
            "The reports differ in several things that can explain {difference}: each is \
             possible, and none is proved."
        )),
        _ if !causes.is_empty() => None,
        (true, true) if result == Difference::Same => None,
        (true, true) if a.verdict.state == b.verdict.state => {
            Some("Both paths work: no difference is a fault.".to_owned())
        }
        (true, true) => Some(format!(
            "Both paths work, one of them at risk. {}",
            unexplained(a, b, &difference)
        )),
        (false, false) => Some(neither(a, b, facts, first_hop)),
        _ if a.verdict.state == State::CannotTell || b.verdict.state == State::CannotTell => Some(
            "One report could not be judged, so the difference is no evidence of a fault."
                .to_owned(),
        ),
        _ if result == Difference::Same => None,
        _ => Some(unexplained(a, b, &difference)),
    });
    notes
}

/// The cause of the report that works less well, and that it is not what differs.
fn unexplained(a: &Report, b: &Report, difference: &str) -> String {
    let less = a.verdict.state.weight() < b.verdict.state.weight();
    let (letter, bad) = if less { ('A', a) } else { ('B', b) };
    let cause = bad.verdict.cause.as_deref().unwrap_or(&bad.verdict.line);
    format!(
        "{letter} judged alone: {cause}; none of the causes that a comparison knows explains \
         {difference}."
    )
}

/// Neither report shows a path that works.
fn neither(a: &Report, b: &Report, facts: &[Fact], first_hop: Option<Hop>) -> String {
    let way = match (&a.verdict.cause, &b.verdict.cause) {
        (Some(one), Some(other)) if one == other && a.verdict.state == State::Broken => {
            let hop = first_hop.map(Hop::name);
            if let Some(hop) = hop.filter(|hop| facts.iter().any(|f| f.outcome && f.part == *hop)) {
                return format!(
                    "Both are broken by {one}, but differ at {hop}: compare each with a good one."
                );
            }
            return format!(
                "Both are broken in the same way ({one}), {} apart: the cause is in both reports.",
                view::apart(a, b)
            );
        }
        _ => "Neither report shows a path that works",
    };
    format!("{way}, so no difference can be shown to be the cause: compare each with a good one.")
}
