//! Which shell reads a command, and the words of one as they are typed.

use std::str::CharIndices;

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
        super::System::of(os).shell()
    }

    /// What a line that is continued ends with; also what keeps the next character from ending a
    /// word.
    #[must_use]
    pub const fn escape(self) -> char {
        match self {
            Self::Posix => '\\',
            Self::PowerShell => '`',
        }
    }
}

/// A command on one line, without the `\\` at line ends.
#[must_use]
pub fn one_line(command: &str) -> String {
    let parts: Vec<&str> = command.split("\\\n").map(str::trim).collect();
    parts.join(" ")
}

/// The words of a command as they are typed, quotes included; a comment is one word.
#[must_use]
pub fn words(command: &str, shell: Shell) -> Vec<&str> {
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
    fn quotes_and_comments_stay_whole() {
        let quoted = r"echo 'a'\''b c' d";
        assert_eq!(words(quoted, Shell::Posix), ["echo", r"'a'\''b c'", "d"]);
        assert_eq!(words("a \"b \\\" c\" d", Shell::Posix), ["a", "\"b \\\" c\"", "d"]);
        assert_eq!(words("ip a  # as root: b", Shell::Posix), ["ip", "a", "# as root: b"]);
        assert_eq!(words("a </dev/null b", Shell::Posix), ["a", "</dev/null", "b"]);
        assert_eq!(words("a#b c\\ d", Shell::Posix), ["a#b", "c\\ d"]);
    }
}
