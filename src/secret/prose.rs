//! Ordinary words of sentences, which a secret that is made of words must not take out of messages.

/// Whether what is found in `text` between two offsets is an ordinary word of a sentence, or a part
/// of one: letters alone in small letters, the first perhaps a capital, among other words. The
/// value of a field (`key=word`, `key: word`, `'word'`) is not.
pub(super) fn is_word(text: &str, (from, to): (usize, usize)) -> bool {
    let (Some(before), Some(found), Some(after)) =
        (text.get(..from), text.get(from..to), text.get(to..))
    else {
        return false;
    };
    let letters = |text: &str| text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let behind = before.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    let (before, begin) = before.split_at(before.len() - behind);
    let (end, after) = after.split_at(letters(after));
    let small = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    let word = format!("{begin}{found}{end}");
    let plain = letters(&word) == word.len() && word.get(1..).is_some_and(small);
    plain && stands_among_words(before, after)
}

fn stands_among_words(before: &str, after: &str) -> bool {
    let goes_on = after
        .strip_prefix([' ', '\n'])
        .is_some_and(|rest| rest.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()));
    let ends = {
        let rest = after.strip_prefix(['.', ',', ';', ':', '!', '?', ')']).unwrap_or(after);
        rest.is_empty() || rest.starts_with([' ', '\n'])
    };
    let quoted = before.ends_with(['"', '\'', '(']) || before.is_empty();
    let spaced = before.ends_with([' ', '\n']);
    match before.trim_end().bytes().last() {
        Some(b'=') => false,
        // The value of a field, or the first word of a sentence after a number or a heading.
        Some(b':') => spaced && goes_on,
        _ => (spaced && ends) || (quoted && goes_on),
    }
}

#[cfg(test)]
mod tests {
    use super::is_word;

    #[test]
    fn a_word_of_a_sentence_is_no_value() {
        let word = |text: &str| {
            let from = text.to_ascii_lowercase().find("signature").unwrap();
            is_word(text, (from, from + "signature".len()))
        };
        for sentence in [
            "AADSTS50013: Assertion failed signature validation.",
            "AADSTS50013: Signature validation failed",
            "no signature.",
            "two signatures, both wrong",
            "Signature missing",
        ] {
            assert!(word(sentence), "{sentence}");
        }
        for value in [
            "key=signature",
            "key = signature is wrong",
            "password: signature",
            "'signature'",
            "signature",
            "bob:signature@proxy",
            "signature...",
            "xSignature here",
            "a signature1 here",
            "a SIGNATURE here",
            "header-signature here",
        ] {
            assert!(!word(value), "{value}");
        }
    }
}
