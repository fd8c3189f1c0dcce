//! Commands over several lines, so that they paste as they are.

use std::str::CharIndices;

use textwrap::core::display_width;

use super::powershell;
use super::progress::wrap;

/// Columns that a continuation line begins further in.
pub(super) const CONTINUED: usize = 2;

/// The shell that reads a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shell {
    /// `sh` and its relatives.
    #[default]
    Posix,
    /// PowerShell, on machines with Windows.
    PowerShell,
}

impl Shell {
    /// The shell of a machine, by the system that its report names.
    #[must_use]
    pub fn of(os: &str) -> Self {
        let windows = os.get(..7).is_some_and(|name| name.eq_ignore_ascii_case("windows"));
        if windows { Self::PowerShell } else { Self::Posix }
    }

    /// What a line that is continued ends with; also what keeps the next character from ending a
    /// word.
    const fn escape(self) -> char {
        match self {
            Self::Posix => '\\',
            Self::PowerShell => '`',
        }
    }
}

/// A command of a report, which is for a POSIX shell, on one line as `shell` reads it.
#[must_use]
pub fn suited(command: &str, shell: Shell) -> String {
    let command = one_line(command);
    match shell {
        Shell::Posix => command,
        Shell::PowerShell => powershell::translated(&command),
    }
}

/// The command in lines of at most `whole` columns, without indentation: the first as it is, each
/// further one [`CONTINUED`] columns further in. Lines end between words, never in quotes, so a word
/// that is too long keeps its line long. A comment follows on lines of its own.
#[must_use]
pub fn lines(command: &str, whole: usize, shell: Shell) -> Vec<String> {
    let command = one_line(command);
    let mut words = words(&command, shell);
    let comment = words.pop_if(|last| last.starts_with('#'));
    let mut lines: Vec<Vec<&str>> = vec![Vec::new()];
    for (number, word) in words.iter().enumerate() {
        let indent = if lines.len() > 1 { CONTINUED } else { 0 };
        // The last line ends without the mark of a continuation and its blank.
        let room = whole.saturating_sub(indent + if number + 1 < words.len() { 2 } else { 0 });
        let Some(line) = lines.last_mut() else { break };
        let length: usize = line.iter().map(|word| display_width(word) + 1).sum();
        if line.is_empty() || length + display_width(word) <= room {
            line.push(word);
            continue;
        }
        // An option and its value stay together where a line holds both.
        let option = line.pop_if(|last| {
            let both = CONTINUED + display_width(last) + 1 + display_width(word) + 2;
            last.starts_with('-') && !word.starts_with('-') && both <= whole
        });
        lines.push(option.into_iter().chain([*word]).collect());
    }
    let last = lines.len().saturating_sub(1);
    let ends = |number| if number < last { format!(" {}", shell.escape()) } else { String::new() };
    let joined = lines.iter().enumerate().map(|(n, line)| format!("{}{}", line.join(" "), ends(n)));
    let mut lines: Vec<String> = joined.collect();
    let comment = comment.map(|comment| comment.trim_start_matches(['#', ' ']));
    let room = whole.saturating_sub(CONTINUED + 2).max(20);
    let comments = comment.into_iter().flat_map(|comment| wrap(comment, room));
    lines.extend(comments.map(|line| format!("# {line}")));
    lines
}

/// A command on one line, without the `\\` at line ends.
fn one_line(command: &str) -> String {
    let parts: Vec<&str> = command.split("\\\n").map(str::trim).collect();
    parts.join(" ")
}

/// The words of a command as they are typed, quotes included; a comment is one word.
pub(super) fn words(command: &str, shell: Shell) -> Vec<&str> {
    let mut words = Vec::new();
    let mut begin = None;
    let mut quote = None;
    let mut rest = command.char_indices();
    while let Some((at, character)) = rest.next() {
        if begin.is_none() && quote.is_none() && character == '#' {
            words.push(&command[at..]);
            return words;
        }
        if character == ' ' && quote.is_none() {
            words.extend(begin.take().map(|begin| &command[begin..at]));
            continue;
        }
        begin = begin.or(Some(at));
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '<') => skip_placeholder(command, at, &mut rest),
            (None | Some('"'), _) if character == shell.escape() => {
                rest.next();
            }
            _ => {}
        }
    }
    words.extend(begin.map(|begin| &command[begin..]));
    words
}

/// Goes on behind a placeholder such as `<resource group>`, which is one word.
fn skip_placeholder(command: &str, at: usize, rest: &mut CharIndices<'_>) {
    let inside = command[at..].split_once('>').map(|(inside, _)| &inside[1..]);
    let name = |c: char| c.is_alphanumeric() || " -_.'".contains(c);
    if let Some(inside) = inside.filter(|name_| !name_.is_empty() && name_.chars().all(name)) {
        for _ in 0..=inside.chars().count() {
            rest.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_between_words() {
        let command = "az network private-dns link vnet list -g <resource group> -z zone -o table";
        assert_eq!(
            lines(command, 50, Shell::Posix),
            ["az network private-dns link vnet list \\", "-g <resource group> -z zone -o table"]
        );
        assert_eq!(lines(command, 80, Shell::Posix), [command]);
        assert_eq!(
            lines("grep 'a b  c d' file | sort", 14, Shell::PowerShell),
            ["grep `", "'a b  c d' `", "file | sort"]
        );
    }

    #[test]
    fn quotes_and_comments_stay_whole() {
        let quoted = r"echo 'a'\''b c' d";
        assert_eq!(words(quoted, Shell::Posix), ["echo", r"'a'\''b c'", "d"]);
        assert_eq!(words("a \"b \\\" c\" d", Shell::Posix), ["a", "\"b \\\" c\"", "d"]);
        assert_eq!(words("ip a  # as root: b", Shell::Posix), ["ip", "a", "# as root: b"]);
        assert_eq!(words("a </dev/null b", Shell::Posix), ["a", "</dev/null", "b"]);
        assert_eq!(words("a#b c\\ d", Shell::Posix), ["a#b", "c\\ d"]);
    }

    #[test]
    fn a_comment_has_lines_of_its_own() {
        assert_eq!(
            lines("ip route show  # as root: what redirects the port", 30, Shell::Posix),
            ["ip route show", "# as root: what redirects", "# the port"]
        );
    }

    #[test]
    fn what_a_rule_continues_is_continued_anew() {
        let command = "az x -g <group> \\\n  -z zone";
        assert_eq!(lines(command, 80, Shell::Posix), ["az x -g <group> -z zone"]);
    }
}
