//! Lines for the journal, a file, or a terminal.

use crate::evidence::text::{clean, rfc3339};
use crate::monitor::event::{Event, Kind, Severity};

/// The longest line, in characters.
const LONGEST: usize = 4_000;

/// The importance of a line: the levels of syslog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A page.
    Critical,
    /// A problem of this tool itself.
    Error,
    /// A ticket.
    Warning,
    /// Something ended well.
    Notice,
    /// For the record.
    Info,
}

impl Level {
    /// Its number in syslog: the lower, the more important.
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

/// One line: for the journal it starts with its level, elsewhere with the time.
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
