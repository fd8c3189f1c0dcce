//! Text for Markdown: the one place where words of a report become inline text, cells and code.
//!
//! Hostile text must not become a link, an image, a heading or HTML, and on GitHub and GitLab not
//! a mention or a reference either. Those two look for `@name` and `#12` in the rendered page, where
//! a backslash is gone, and leave alone only what is code. So a word that could become any of this
//! is written as a code span; that also reads better than a name full of backslashes.

use crate::render::escape;

/// Characters that can make a word anything other than text. A word with one of them is code.
const ACTIVE: &str = "\\`*_{}[]<>|~#!$@&^";
/// Characters that may be before and after a word, and stay outside its code span.
const BEFORE: [char; 3] = ['(', '"', '\''];
const AFTER: [char; 9] = [')', '"', '\'', ',', '.', ';', ':', '?', '\u{2026}'];

/// Words for a paragraph, a heading or an item of a list. They are one line.
pub(in crate::render) fn text(words: &str) -> String {
    inline(words, false)
}

/// Words for a cell of a table.
pub(in crate::render) fn cell(words: &str) -> String {
    inline(words, true)
}

/// A block of code, each line `indent` columns in: `info` names its language. A line feed inside a
/// line is shown as `\u{a}`.
pub(in crate::render) fn fenced<'a>(
    indent: usize,
    info: &str,
    lines: impl Iterator<Item = &'a str>,
) -> String {
    let lines: Vec<_> = lines.map(escape).collect();
    // A fence ends at a line with as many backticks, which the content may contain.
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let margin = " ".repeat(indent);
    let mut out = format!("{margin}{fence}{info}\n");
    for line in lines {
        out.push_str(&format!("{margin}{line}\n"));
    }
    out.push_str(&format!("{margin}{fence}\n"));
    out
}

/// A code span for a command.
pub(in crate::render) fn code(command: &str) -> String {
    code_span(&escape(command), false)
}

fn inline(words: &str, in_cell: bool) -> String {
    let clean = escape(words);
    let mut out = String::with_capacity(clean.len() + 16);
    // Blanks are not kept: four at the start would be a code block, two at the end a line break.
    for word in clean.split_whitespace() {
        let first = out.is_empty();
        if !first {
            out.push(' ');
        }
        push_word(&mut out, word, first, in_cell);
    }
    out
}

fn push_word(out: &mut String, word: &str, first: bool, in_cell: bool) {
    let after = word.trim_start_matches(BEFORE);
    let core = after.trim_end_matches(AFTER);
    // `:a:` is a picture on GitHub, also in the middle of an IPv6 address.
    let picture = word.matches(':').count() > 1 && !is_time(core);
    if is_plain(core) && !picture {
        if first && begins_block(word) {
            // `1.` or `-`: only its last character makes it a marker.
            let (start, last) = word.split_at(word.len() - 1);
            out.push_str(&format!("{start}\\{last}"));
        } else {
            out.push_str(word);
        }
    } else if core.chars().any(char::is_alphanumeric) {
        out.push_str(&word[..word.len() - after.len()]);
        out.push_str(&code_span(core, in_cell));
        out.push_str(&after[core.len()..]);
    } else if word == "->" && !first {
        out.push_str(word);
    } else {
        for character in word.chars() {
            if character.is_ascii_punctuation() {
                out.push('\\');
            }
            out.push(character);
        }
    }
}

/// Whether a word cannot be anything other than text, wherever it is.
fn is_plain(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    !word.contains(|c| ACTIVE.contains(c))
        && !lower.contains("://")
        && !lower.contains("gh-")
        && !lower.starts_with('%')
        && !is_name(word)
}

/// Whether a word is a time of day, `10:00:00`.
fn is_time(word: &str) -> bool {
    word.split(':').all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a word looks like a host name, an address or a file, which many programs make a link of.
fn is_name(word: &str) -> bool {
    let mut parts = word.split('.').peekable();
    let long = |part: &str| part.chars().filter(|c| c.is_alphanumeric()).count() > 1;
    let first = parts.next().unwrap_or_default();
    // Not `e.g.`, and not a number.
    parts.peek().is_some() && word.parse::<f64>().is_err() && (long(first) || parts.any(long))
}

/// Whether a first word would begin a list, a heading's underline or a rule.
fn begins_block(word: &str) -> bool {
    let number = word.trim_end_matches(['.', ')']);
    let item = number.len() < word.len() && number.bytes().all(|byte| byte.is_ascii_digit());
    item || word.bytes().all(|byte| b"-+=".contains(&byte))
}

/// A code span with as many backticks as it needs. In a cell, `|` is escaped even there.
fn code_span(word: &str, in_cell: bool) -> String {
    let ticks = "`".repeat(longest_run(word) + 1);
    let pad = if word.starts_with('`') || word.ends_with('`') { " " } else { "" };
    let word = if in_cell { word.replace('|', "\\|") } else { word.to_owned() };
    format!("{ticks}{pad}{word}{pad}{ticks}")
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_as_they_are() {
        for words in [
            "the public address is wrong (wanted: private), 9 days left, TLS 1.3",
            "an NSG or firewall drops it; or the endpoint is not approved",
            "403 \"Public access is disabled. Please configure it.\"",
            "it took 0.17 s, e.g. here",
        ] {
            assert_eq!(text(words), words);
        }
    }

    #[test]
    fn names_and_active_words_are_code() {
        for (words, wanted) in [
            ("10.1.0.10 gives 20.62.58.5,", "`10.1.0.10` gives `20.62.58.5`,"),
            ("(AZURE_OPENAI_API_KEY)", "(`AZURE_OPENAI_API_KEY`)"),
            ("a -> b.example", "a -> `b.example`"),
            ("see https://evil.example/x", "see `https://evil.example/x`"),
            ("www.evil.example", "`www.evil.example`"),
            ("@team #12 !3 a@b GH-4", "`@team` `#12` `!3` `a@b` `GH-4`"),
            ("fd00::5 and 1:a:2 at 10:00:00", "`fd00::5` and `1:a:2` at 10:00:00"),
            (":tada:", "`:tada`:"),
            ("<b>x</b> &amp; <", "`<b>x</b>` `&amp` \\<"),
            ("![a](b) [c]", "`![a](b` `[c]`"),
            ("a`b ``c`", "``a`b`` ``` ``c` ```"),
            ("x\ny\u{1b}", "`x\\u{a}y\\u{1b}`"),
            ("1. one", "1\\. one"),
            ("- one", "\\- one"),
            ("# one", "\\# one"),
            ("> one", "\\> one"),
            ("*** | ~~~", "\\*\\*\\* \\| \\~\\~\\~"),
            ("  four   blanks  ", "four blanks"),
        ] {
            let written = text(words);
            // A peeled bracket or semicolon stays outside.
            assert!(
                written == wanted || written.replace("`)", "`").replace("`;", "`") == wanted,
                "{words:?}: {written}"
            );
        }
        assert_eq!(cell("a|b |"), "`a\\|b` \\|");
    }

    #[test]
    fn a_fence_is_longer_than_any_inside() {
        let code = fenced(3, "sh", ["a ````b", "c\n```"].into_iter());
        assert_eq!(code, "   `````sh\n   a ````b\n   c\\u{a}```\n   `````\n");
        assert_eq!(longest_run("a ``` b ````` c"), 5);
    }
}
