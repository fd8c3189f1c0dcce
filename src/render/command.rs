//! Commands over several lines, so that they paste as they are.

use textwrap::core::display_width;

use super::progress::wrap;
pub use crate::commands::Shell;
use crate::commands::words::{one_line, words};

/// Columns that a continuation line begins further in.
pub(super) const CONTINUED: usize = 2;

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
