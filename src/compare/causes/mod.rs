//! What can explain that two reports differ at a hop: rows, a file a hop.
//!
//! Every row that fits the first hop with a different outcome is named. Where several fit, each is
//! only possible. A row states what the two reports show; it is proved where they allow nothing
//! else, and where the report that does not work breaks at this hop. That report has a cause of its
//! own: where another team can change that one, a difference that is not proved is only possible,
//! and that team is named. Nothing explains a hop behind the one that is broken.

mod dns;
mod http;
mod identity;
mod proxy;
mod tcp;
mod tls;

use super::view::View;
use crate::comparison::{Cause, Fact};
use crate::diagnosis::Confidence;
use crate::evidence::Hop;
use crate::report::Report;

/// What can explain a difference.
struct Row {
    id: &'static str,
    /// The hops at which it shows.
    explains: &'static [Hop],
    owner: &'static str,
    /// Whether it only says that nothing more specific is known: left out where another row fits.
    general: bool,
    check: fn(&View<'_>) -> Option<Explanation>,
}

impl Row {
    const fn new(
        id: &'static str,
        explains: &'static [Hop],
        owner: &'static str,
        check: fn(&View<'_>) -> Option<Explanation>,
    ) -> Self {
        Self { id, explains, owner, general: false, check }
    }

    const fn general(mut self) -> Self {
        self.general = true;
        self
    }
}

/// What a row found.
struct Explanation {
    /// Both sides in one sentence, without a full stop.
    headline: String,
    reasoning: Vec<String>,
    decide_with: Vec<String>,
    proved: bool,
    /// Whether an option of one of the two commands is what differs.
    by_option: bool,
}

impl Explanation {
    fn new(headline: String) -> Self {
        Self {
            headline,
            reasoning: Vec::new(),
            decide_with: Vec::new(),
            proved: false,
            by_option: false,
        }
    }

    fn proved_if(mut self, proved: bool) -> Self {
        self.proved = proved;
        self
    }

    fn because(mut self, reasoning: impl Into<String>) -> Self {
        self.reasoning.push(reasoning.into());
        self
    }

    /// Facts that differ as well, a line each.
    fn with(mut self, facts: Vec<String>) -> Self {
        self.reasoning.extend(facts);
        self
    }

    /// Where only one side was given this option, it is what differs: the reasoning names it.
    fn by_option(mut self, v: &View<'_>, option: &'static str) -> Self {
        self.by_option = v.differs(&[option]);
        self.with(v.shown(&[option]))
    }

    fn decide(mut self, how: impl IntoIterator<Item = String>) -> Self {
        self.decide_with.extend(how);
        self
    }
}

const ROWS: &[&[Row]] = &[dns::ROWS, tcp::ROWS, proxy::ROWS, tls::ROWS, identity::ROWS, http::ROWS];

/// Findings of what comes and goes: a report that has one may differ from the next one by chance.
const COME_AND_GO: &[&str] = &["dns-answers-vary", "dns-rate-limited", "tls-fails-now-and-then"];

/// The reports that show themselves that what differs at this hop comes and goes, in words.
fn by_chance(a: &Report, b: &Report, hop: Hop) -> Option<String> {
    let shown = |letter: &str, report: &Report| {
        let mut all = report.findings.iter();
        let found = all.find(|f| f.hop == hop && COME_AND_GO.contains(&f.id.as_str()))?;
        Some(format!(
            "{letter} itself shows that this comes and goes ({}): the two may differ by chance, with \
             nothing changed between them",
            found.id
        ))
    };
    shown("A", a).or_else(|| shown("B", b))
}

/// Every cause that fits.
pub(super) fn causes(a: &Report, b: &Report, facts: &[Fact], first: Option<Hop>) -> Vec<Cause> {
    let (Some(view), Some(hop)) = (View::of(a, b, facts), first) else { return Vec::new() };
    // A caller that is refused is broken at identity, and seen in the answer to its call.
    let seen_at = view.bad.report.verdict.broken_hop.map(|broken| match broken {
        Hop::Identity => Hop::Http,
        other => other,
    });
    if seen_at.is_some_and(|broken| broken < hop) {
        return Vec::new();
    }
    let rows = ROWS.iter().copied().flatten().filter(|row| row.explains.contains(&hop));
    let mut found: Vec<(&Row, Explanation)> =
        rows.filter_map(|row| Some((row, (row.check)(&view)?))).collect();
    if found.iter().any(|(row, _)| !row.general) {
        found.retain(|(row, _)| !row.general);
    }
    let chance = by_chance(a, b, hop);
    let alone = found.len() == 1 && chance.is_none();
    // What is proved of the difference is no proof for a cause at another hop.
    let breaks_here = view.bad.report.cause().is_some_and(|cause| cause.hop == hop);
    let cause = |(row, mut found): (&Row, Explanation)| {
        let owner = if found.by_option { "Application" } else { row.owner };
        let proved = alone && found.proved && breaks_here;
        let settled = proved || found.by_option;
        found.reasoning.extend(chance.clone());
        let diagnosed = view.bad.owner().filter(|team| !settled && *team != owner);
        if diagnosed.is_some() {
            let id = view.bad.report.verdict.cause.as_deref().unwrap_or_default();
            let letter = view.bad.letter;
            found.reasoning.push(format!(
                "{letter} judged alone: {id}, which this difference is not shown to cause"
            ));
        }
        Cause {
            id: row.id,
            hop,
            confidence: match (alone && diagnosed.is_none(), proved) {
                (false, _) => Confidence::Possible,
                (true, true) => Confidence::Proved,
                (true, false) => Confidence::Inferred,
            },
            headline: found.headline,
            reasoning: found.reasoning,
            decide_with: found.decide_with,
            owner: diagnosed.unwrap_or(owner),
        }
    };
    found.into_iter().map(cause).collect()
}
