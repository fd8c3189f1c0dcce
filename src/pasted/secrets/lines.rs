//! The later lines of a secret that a terminal, a mail or a log has wrapped.

use super::forms;
use crate::secret::MARK;

/// What may be before a part of a secret in its line, or behind one: quotes, and the frames of boxes.
const FRAME: &[char] = &[' ', '\t', '"', '\'', '`', '|', '\u{2502}', '\u{2503}', '\\'];
/// What may follow a part of a secret directly.
const BEHIND: &[char] = &['"', '\'', '`', ',', ';', ')', '}', ']', '>', '<', '&', '\\'];
/// A word is a part of a secret from this length on, with letters and digits.
const SHORTEST: usize = 8;
/// The same where it has no digits, or where other words follow it.
const LONG: usize = 16;

/// Without the lines that go on with a secret which ends its own line. `text` has the mark in the place of
/// its beginning.
pub(super) fn without_continuations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Whether the line before ended with a secret, and whether it was itself a later part of one.
    let (mut open, mut inside) = (false, false);
    // How much of the line before was of the log that has it.
    let mut logged = 0;
    for line in lines(text) {
        let own = prefix(line);
        let behind = || {
            let (from, to) = part(line.get(own..)?, inside)?;
            Some((own + from, own + to))
        };
        let both = own > 0 && logged > 0;
        let part = open.then(|| part(line, inside).or_else(|| behind().filter(|_| both))).flatten();
        logged = own;
        match part {
            Some((from, to)) => {
                out.push_str(&line[..from]);
                out.push_str(MARK);
                out.push_str(&line[to..]);
                (open, inside) = (ends(line) == to, true);
            }
            None => {
                out.push_str(line);
                (open, inside) = (line[..ends(line)].ends_with(MARK), false);
            }
        }
    }
    out
}

/// How long the words are that a log puts before each line: those of compose (`app-1  | `), of a container
/// runtime (`.. stdout F `) and of syslog (`.. app[1]: `).
fn prefix(line: &str) -> usize {
    const SIGNS: &[(&str, usize)] =
        &[("| ", 48), (" stdout F ", 64), (" stderr F ", 64), ("]: ", 96)];
    let behind = |(sign, most): &(&str, usize)| {
        let at = line.find(sign).filter(|at| (1..*most).contains(at))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || " _.-:+[/".contains(c);
        line[..at].chars().all(plain).then_some(at + sign.len())
    };
    SIGNS.iter().find_map(behind).unwrap_or(0)
}

/// The lines of a text, and those that a text in JSON has as `\n` in it, each with its end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').flat_map(|line| line.split_inclusive("\\n"))
}

/// Where the content of a line ends.
fn ends(line: &str) -> usize {
    let line = line.trim_end();
    let line = line.strip_suffix("\\n").unwrap_or(line);
    let line = line.strip_suffix("\\r").unwrap_or(line);
    line.trim_end_matches(FRAME).len()
}

/// Where a line has a part of the secret of the line before it; `inside`: that was a later part, too.
fn part(line: &str, inside: bool) -> Option<(usize, usize)> {
    let from = line.len() - line.trim_start_matches(FRAME).len();
    let content = line.get(from..ends(line))?;
    if content.starts_with(MARK) {
        return Some((from, from + MARK.len()));
    }
    let signs = |c: char| c.is_ascii_alphanumeric() || "~._-/+=".contains(c);
    let length = content.find(|c| !signs(c)).unwrap_or(content.len());
    let (word, behind) = content.split_at(length);
    if is_assignment(word) || is_number_of_entra(word) {
        return None;
    }
    let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
    let cases = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_end = behind.is_empty() || behind.starts_with(BEHIND);
    let fits = match (is_end, mixed) {
        // The last of several parts may be short.
        (true, _) if inside && word.len() < SHORTEST => true,
        (true, true) => word.len() >= SHORTEST,
        // A word of a program, as DeploymentNotFound, changes its case less often than chance does.
        (true, false) => word.len() >= LONG && cases && forms::changes_by_chance(word),
        (false, mixed) => mixed && cases && word.len() >= LONG,
    };
    (fits && !word.is_empty() && !is_name(word)).then_some((from, from + length))
}

/// `name=value`: base64 has `=` at its end alone.
fn is_assignment(word: &str) -> bool {
    word.trim_end_matches('=').contains('=')
}

/// The number of an error of Entra ID.
fn is_number_of_entra(word: &str) -> bool {
    let digits = word.strip_prefix("AADSTS").unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Names of hosts and files are no part of a secret.
fn is_name(word: &str) -> bool {
    [".com", ".net", ".local", ".py", ".js"].iter().any(|end| word.ends_with(end))
}
