//! What stands around the name of a secret: the command that sets it, the value that an object has before
//! it, and the cells of a table.

use super::value::Assigned;
use super::{NEAR, is_name};

/// Commands that a name and its value follow: of shells, `setx`, `azd env set`, `user-secrets set`.
const SETS: &[&str] = &["set", "setx", "setenv", "put"];

/// The text with the signs of ASCII where a chat, a mail or a document put those of print: a name and its
/// value are between quotes and blanks.
pub(super) fn with_plain_signs(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' => Some('"'),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => Some('\''),
        '\u{a0}' | '\u{2007}' | '\u{202f}' => Some(' '),
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => None,
        c => Some(c),
    };
    text.chars().filter_map(plain).collect()
}

impl Assigned<'_> {
    /// The word behind a name that a command sets, or that netrc has behind a machine and its login.
    pub(super) fn of_command(&self) -> Option<(usize, usize)> {
        let near = self.start.saturating_sub(NEAR);
        let near = (near..=self.start).find(|at| self.text.is_char_boundary(*at))?;
        let line = self.text[near..self.start].rsplit('\n').next().unwrap_or_default();
        // The name may be the last part of one: `"Db:Password"`.
        let of_name = |c: char| is_name(c) || ":.\"'".contains(c);
        let line = line.trim_end_matches(of_name);
        let is_blank = line.ends_with([' ', '\t']);
        let words = line.split_whitespace().rev().take(8);
        let sets = words.clone().find(|word| !word.starts_with('-'));
        let has = |name: &str| words.clone().any(|word| word == name);
        let is_set = sets.is_some_and(|word| SETS.iter().any(|set| word.eq_ignore_ascii_case(set)));
        // `key` and `secret` alone are words of a sentence: "failed to set key vault references".
        let name = &self.text[self.start..self.end];
        let is_plain =
            self.text[..self.start].ends_with(' ') && name.chars().all(|c| c.is_lowercase());
        let is_netrc = has("machine") && has("login");
        (is_blank && (is_set && !is_plain || is_netrc)).then(|| self.next_word())?
    }

    /// Whether the value is a name again, whose value is in the same object under `value`:
    /// `key="ApiKey" value="..."`.
    pub(super) fn names_another(&self) -> bool {
        let name = self.text.get(self.start..self.end).unwrap_or_default();
        let is_name = ["key", "name", "keyname"].contains(&name.to_ascii_lowercase().as_str());
        let Some((from, to)) = self.value(false).filter(|_| is_name) else { return false };
        let word = &self.text[from..to];
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let plain = word.chars().all(is_name_of_setting) && word.len() < 64 && digits < 3;
        let behind: String = self.rest(to).chars().take(NEAR).collect();
        let object = behind.split(['}', '>', '{', '<']).next().unwrap_or_default();
        let has_value =
            || object.to_ascii_lowercase().contains("value") || self.of_object_before(0).is_some();
        plain && super::Name::new(word).is_secret() && has_value()
    }

    /// Whether the name is itself the value of one, as in `"name": "API_KEY"`.
    pub(super) fn is_value(&self) -> bool {
        let signs = ['"', '\'', '\\', ' '];
        self.text[..self.start].trim_end_matches(signs).ends_with([':', '='])
    }

    /// The value that an object or an element has before the name that names it: `"value": .., "name": ..`.
    /// What is before `from` is passed over.
    pub(super) fn of_object_before(&self, from: usize) -> Option<(usize, usize)> {
        let near = self.start.saturating_sub(NEAR).max(from);
        let near = (near..=self.start).find(|at| self.text.is_char_boundary(*at))?;
        let before = &self.text[near..self.start];
        let opened = near + before.rfind(['{', '<'])?;
        let inside = &self.text[opened..self.start];
        let value = |(at, word): (usize, &str)| {
            let (start, end) = (opened + at, opened + at + word.len());
            let alone =
                !self.text[..start].ends_with(is_name) && !self.rest(end).starts_with(is_name);
            let assigned = Assigned { text: self.text, start, end };
            alone.then(|| assigned.value(false))?.filter(|(_, to)| *to <= self.start)
        };
        inside.match_indices("value").find_map(value)
    }

    /// Behind the mark that ends the cell of a name and begins the next, in a table of HTML or of text.
    pub(super) fn next_cell(&self, at: usize) -> Option<usize> {
        let to = (at + NEAR..).find(|to| self.text.is_char_boundary(*to.min(&self.text.len())))?;
        let rest = &self.text[at..to.min(self.text.len())];
        let length = rest.len();
        if rest.starts_with("</") {
            let of_tags = |c: char| c.is_ascii_alphanumeric() || "</ =\"-".contains(c);
            let cell = rest.trim_start_matches(|c: char| of_tags(c) || c.is_whitespace());
            let cell = cell.strip_prefix('>')?.trim_start();
            let opened = cell.strip_prefix('<')?;
            let (_, inside) = opened.split_once('>').filter(|(tag, _)| tag.len() < 64)?;
            return (!opened.starts_with('/')).then(|| at + length - inside.len());
        }
        let rest = rest.trim_start_matches([' ', '\t']);
        let rest = rest.strip_prefix('|')?.trim_start_matches([' ', '\t']);
        let before = self.text[..self.start].trim_end_matches([' ', '\t', '*', '`']);
        before.ends_with('|').then_some(())?;
        Some(at + length - rest.len())
    }
}

/// Whether a name of a setting has this sign: `ConnectionStrings:Key`, `Db__Key`.
fn is_name_of_setting(c: char) -> bool {
    is_name(c) || c == '.' || c == ':'
}
