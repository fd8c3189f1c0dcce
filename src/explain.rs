//! `explain`: the page of one finding, and the list of all.

use textwrap::Options;

use crate::diagnose::{RETIRED, rule, rules};
use crate::evidence::text::repeatable;
use crate::sorting;

/// Widest line of the list, in columns.
const WIDTH: usize = 80;

/// Ids named at most when an id is unknown.
const NEAREST: usize = 3;

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPage {
    /// The id was given once and is not any more.
    #[error("{id} is retired: no finding has had this id since {since}")]
    Retired {
        /// The id.
        id: &'static str,
        /// The release that dropped it.
        since: &'static str,
    },
    /// No finding ever had this id.
    #[error("no finding is called {id:?}{}", near(.nearest))]
    Unknown {
        /// What was asked for.
        id: String,
        /// The ids that look most like it, the nearest first.
        nearest: Vec<&'static str>,
    },
}

fn near(ids: &[&str]) -> String {
    match ids {
        [] => "; `aoai-probe explain --list` shows all".to_owned(),
        _ => format!("; similar: {}", ids.join(", ")),
    }
}

/// The page of a finding, the same bytes as `docs/findings/<id>.md`.
///
/// # Errors
///
/// [`NoPage`] when the id is retired, or when there is none of that name.
pub fn page(id: &str) -> Result<&'static str, NoPage> {
    let id = id.trim().to_ascii_lowercase();
    if let Some(rule) = rule(&id) {
        return Ok(rule.page());
    }
    match RETIRED.iter().find(|(retired, _)| *retired == id) {
        Some((id, since)) => Err(NoPage::Retired { id, since }),
        None => Err(NoPage::Unknown { nearest: nearest(&id), id: repeatable(&id).to_owned() }),
    }
}

/// The ids that look most like `id`: those that contain it, then by edit distance.
#[must_use]
pub fn nearest(id: &str) -> Vec<&'static str> {
    // A third of the letters may be wrong: more, and the suggestion is a guess.
    let furthest = (id.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &'static str)> = rules::all()
        .filter_map(|rule| {
            let contains = id.len() > 2 && rule.id.contains(id);
            let distance = if contains { 0 } else { strsim::damerau_levenshtein(rule.id, id) };
            (distance <= furthest).then_some((distance, rule.id))
        })
        .collect();
    sorting::ascending(&mut near);
    near.into_iter().take(NEAREST).map(|(_, id)| id).collect()
}

/// Every finding: id, hop and title in columns, at most 80 wide; retired ids at the end.
#[must_use]
pub fn list() -> String {
    let ids = rules::all().map(|rule| rule.id).chain(RETIRED.iter().map(|(id, _)| *id));
    let column = ids.map(str::len).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules::all() {
        row(&mut text, column, rule.id, rule.hop.name(), rule.title);
    }
    for (id, since) in RETIRED {
        row(&mut text, column, id, "-", &format!("retired since {since}"));
    }
    text
}

/// The findings of one hop.
#[must_use]
pub fn list_of(hop: &str) -> String {
    let of_hop = || rules::all().filter(|rule| rule.hop.name() == hop);
    let column = of_hop().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in of_hop() {
        row(&mut text, column, rule.id, rule.hop.name(), rule.title);
    }
    text
}

fn row(text: &mut String, column: usize, id: &str, hop: &str, title: &str) {
    let start = format!("{id:column$}  {hop:8}  ");
    let next = " ".repeat(start.len());
    let options = Options::new(WIDTH).initial_indent(&start).subsequent_indent(&next);
    text.push_str(&textwrap::fill(title, options));
    text.push('\n');
}
