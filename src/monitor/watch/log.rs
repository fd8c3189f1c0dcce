//! Lines for the journal, for a file, or for a terminal.

use crate::evidence::text::{clean, rfc3339};
use crate::monitor::event::{Event, Kind, Severity};

/// Longest line, in characters.
const LONGEST: usize = 4_000;

/// How much a line matters: the levels of syslog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A page.
    Critical,
    /// This tool itself fails at something.
    Error,
    /// A ticket.
    Warning,
    /// Something ended well.
    Notice,
    /// For the record.
    Info,
}

impl Level {
    /// Its number in syslog: the lower, the worse.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Critical => 2,
            Self::Error => 3,
            Self::Warning => 4,
            Self::Notice => 5,
            Self::Info => 6,
        }
    }

    /// Whether it is about this tool, and belongs on standard error.
    #[must_use]
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::Error)
    }

    pub(super) fn of(event: &Event) -> Self {
        match (event.muted, event.kind, event.severity) {
            (true, ..) => Self::Info,
            (_, Kind::Closed, _) => Self::Notice,
            (_, _, Severity::Page) => Self::Critical,
            (_, _, Severity::Ticket | Severity::Owner) => Self::Warning,
            (_, _, Severity::Info) => Self::Info,
        }
    }
}

/// One line: for the journal with its level in front, elsewhere with the time.
#[must_use]
pub fn line(text: &str, level: Level, journal: bool, now: i64) -> String {
    let text = clean(text, LONGEST);
    match journal {
        true => format!("<{}>{text}", level.number()),
        false => format!("{} {text}", rfc3339(now.div_euclid(1000))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("a\nb", Level::Critical, true, 0), "<2>a\\u{a}b");
        assert_eq!(line("a", Level::Info, false, 1_999), "1970-01-01T00:00:01Z a");
    }
}
