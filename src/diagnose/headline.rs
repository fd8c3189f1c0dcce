//! The first line of a report. It is read in chats and alerts, so it is never wrapped and has at
//! most 100 columns, its beginning included.

use crate::diagnosis::State;
use crate::evidence::Hop;

/// Columns of the longest first line.
pub const LONGEST: usize = 100;

/// A finding in one clause: several wordings, the fullest first. Which one is printed depends on
/// the room that the finding's state, hop and id leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause(Vec<String>);

impl From<String> for Clause {
    fn from(only: String) -> Self {
        Self(vec![only])
    }
}

impl From<&str> for Clause {
    fn from(only: &str) -> Self {
        Self(vec![only.to_owned()])
    }
}

impl From<&String> for Clause {
    fn from(only: &String) -> Self {
        Self::from(only.as_str())
    }
}

impl Clause {
    /// With a shorter wording, for lines that the others do not fit.
    #[must_use]
    pub fn or(mut self, shorter: impl Into<Self>) -> Self {
        self.0.extend(shorter.into().0);
        self
    }

    /// Each wording in other words.
    #[must_use]
    pub fn map(self, change: impl Fn(String) -> String) -> Self {
        Self(self.0.into_iter().map(change).collect())
    }

    /// The first wording that fits behind `start`. The last one is cut after a word when none does:
    /// names and addresses have no upper bound. The report then holds the whole clause as well.
    #[must_use]
    pub fn behind(&self, start: &str) -> String {
        let room = LONGEST.saturating_sub(start.chars().count());
        if let Some(fits) = self.0.iter().find(|w| w.chars().count() <= room) {
            return fits.clone();
        }
        let shortest = self.0.last().map_or("", String::as_str);
        let kept: String = shortest.chars().take(room.saturating_sub(3)).collect();
        let whole = kept.rfind(' ').filter(|end| *end > kept.len() / 2).map(|end| &kept[..end]);
        format!("{}...", whole.unwrap_or(&kept).trim_end_matches([',', ':', ';']))
    }

    /// The wording for every other place, where no state, hop and id take room.
    #[must_use]
    pub fn alone(&self) -> String {
        self.behind("")
    }
}

/// One clause in several wordings, the fullest first.
#[must_use]
pub fn fitting(wordings: &[String]) -> Clause {
    Clause(wordings.to_vec())
}

/// The first line of a finding.
#[must_use]
pub fn line(state: State, hop: Hop, id: &str, clause: &Clause) -> String {
    let start = start(state, hop, id);
    let message = clause.behind(&start);
    format!("{start}{message}")
}

/// How the first line begins, up to the clause.
#[must_use]
pub fn start(state: State, hop: Hop, id: &str) -> String {
    format!("{} at {} ({id}): ", state.words(), hop.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_leaves_room_for_the_beginning_of_its_line() {
        let start = start(State::Broken, Hop::Tls, "tls-incomplete-chain");
        assert_eq!(start, "BROKEN at tls (tls-incomplete-chain): ");
        let room = LONGEST - start.len();
        let fits = "n".repeat(room);
        assert_eq!(Clause::from(fits.clone()).or("short").behind(&start), fits);
        assert_eq!(Clause::from(format!("{fits}n")).or("short").behind(&start), "short");
        let cut = Clause::from("no such file ".repeat(9)).behind(&start);
        assert!(cut.ends_with("file...") || cut.ends_with("such...") || cut.ends_with("no..."));
        assert!(cut.len() <= room && cut.len() > room - 10, "{cut}");
        assert_eq!(Clause::from("é".repeat(200)).behind(&start).chars().count(), room);
    }
}
