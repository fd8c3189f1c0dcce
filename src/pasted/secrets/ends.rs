//! Where a value ends.

use super::value::{Assigned, ENDS, QUOTES, Quote};
use crate::secret::MARK;

/// Bytes of a word that are read at most.
const LONGEST: usize = 16 << 10;

impl Assigned<'_> {
    /// The end of a value that began behind a quote: that quote again, or the end of the line.
    pub(super) fn closing(&self, from: usize, quote: Quote<'_>) -> usize {
        let rest = self.rest(from);
        let ends = |(at, c): &(usize, char)| {
            let escapes = rest[..*at].bytes().rev().take_while(|byte| *byte == b'\\').count();
            let line = quote.len() < 3 && ['\n', '\r'].contains(c);
            line || rest[*at..].starts_with(quote) && escapes % 2 == 0
        };
        from + rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at)
    }

    /// The end of the last of several values in brackets.
    pub(super) fn last_quote(&self, from: usize, quote: Quote<'_>) -> usize {
        let rest = self.rest(from);
        let end = rest.find([']', ')', '\n', '\r']).unwrap_or(rest.len());
        let last = rest[..end].rfind(quote).unwrap_or(end);
        from + last
    }

    /// The end of a value without quotes. A sign that may separate belongs to it where no other name
    /// follows.
    pub(super) fn unquoted(&self, from: usize, line: bool) -> usize {
        let rest = self.rest(from);
        if line {
            return from + end_of_line(rest);
        }
        let ends = |(at, c): (usize, char)| {
            let quote = |at: usize| rest[at..].trim_start_matches('\\').starts_with(QUOTES);
            c.is_whitespace()
                || QUOTES.contains(&c)
                || c == '\\' && quote(at)
                || ENDS.contains(c) && ends_here(rest, at)
        };
        // Several signs at the beginning are a part of it.
        let signs = rest.find(|c| !ENDS.contains(c)).unwrap_or(rest.len());
        let goes_on =
            rest[signs..].starts_with(|c: char| !c.is_whitespace() && !QUOTES.contains(&c));
        let signs = if signs > 1 && goes_on { signs } else { 0 };
        let end = rest.char_indices().skip_while(|(at, _)| *at < signs).find(|found| ends(*found));
        let end = end.map_or(rest.len(), |(at, _)| at);
        // A scheme is not the value, which follows it.
        let next = rest[end..].trim_start_matches([' ', '\t']);
        let word = super::Name::new(&rest[..end]);
        if word.is_secret() && next.len() < rest.len() - end && !next.starts_with(MARK) {
            let next = self.text.len() - next.len();
            return match self.opening(next) {
                Some((quote, inside)) => self.closing(inside, quote),
                None => self.word(next),
            };
        }
        // A call that gives the value holds it, perhaps as its default.
        match end > 0 && rest[end..].starts_with('(') {
            true => from + rest.find([')', '\n']).unwrap_or(rest.len()),
            false => from + end,
        }
    }

    /// The end of a part of a list, a table or a call, whose parts have `sign` between them.
    pub(super) fn part(&self, at: usize, sign: char) -> usize {
        let rest = self.rest(at);
        let ends =
            |c: char| c == sign || c.is_whitespace() || QUOTES.contains(&c) || ",;()|".contains(c);
        at + rest.find(ends).unwrap_or(rest.len())
    }

    pub(super) fn word(&self, at: usize) -> usize {
        let rest = self.rest(at);
        let mut characters = rest.char_indices();
        let ends =
            |(at, c): &(usize, char)| c.is_whitespace() || "\"'`".contains(*c) || *at >= LONGEST;
        at + characters.find(ends).map_or(rest.len(), |(at, _)| at)
    }
}

/// The end of a line, or of the quotes around it; parts of it may have quotes of their own.
fn end_of_line(text: &str) -> usize {
    let mut inside = false;
    let mut before = ' ';
    let ends = |(_, c): &(usize, char)| {
        let quote = ['"', '\''].contains(c);
        let part = inside || before == '=';
        inside = part && quote != inside;
        // Quotes in quotes are escaped.
        before = if *c == '\\' { before } else { *c };
        ['\n', '\r'].contains(c) || quote && !part
    };
    text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
}

/// Whether a sign ends a value: nothing follows that goes on with it, or another name does.
fn ends_here(rest: &str, at: usize) -> bool {
    let after = &rest[at + 1..];
    let name = after.find(|c: char| !super::is_name(c) && c != ' ').unwrap_or(after.len());
    let goes_on = after.starts_with(|c: char| !c.is_whitespace() && !"\"'`<>{}()[],;&".contains(c));
    !goes_on || after.starts_with('/') || name > 0 && after[name..].starts_with(['=', ':'])
}
