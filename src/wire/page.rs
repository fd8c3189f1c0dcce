//! The words of a page that is made for a person.

/// Elements whose text is not shown on the page.
const UNSEEN: &[&str] = &["script", "style", "title"];

/// What a person reads of a page: without tags, comments and blanks; its title where it has no other text.
/// A text that is no page is left as it is.
#[must_use]
pub(super) fn words(page: &str) -> String {
    let text = without(page, UNSEEN);
    if text.is_empty() { without(page, &UNSEEN[..2]) } else { text }
}

/// The text outside the tags and the `unseen` elements.
fn without(page: &str, unseen: &[&str]) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let Some(tag) = Some(tag).filter(|tag| tag.starts_with(begins_a_tag)) else {
            text.push('<');
            rest = tag;
            continue;
        };
        text.push(' ');
        rest = after(tag, unseen);
    }
    text.push_str(rest);
    let text = ENTITIES.iter().fold(text, |text, (name, letter)| text.replace(name, letter));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The usual entities; the one of the ampersand last, since it may begin another.
const ENTITIES: &[(&str, &str)] = &[
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
];

fn begins_a_tag(letter: char) -> bool {
    letter.is_ascii_alphabetic() || matches!(letter, '/' | '!' | '?')
}

/// What follows a tag, whose `<` is not in `tag`, and the text that it hides.
fn after<'a>(tag: &'a str, unseen: &[&str]) -> &'a str {
    if let Some(comment) = tag.strip_prefix("!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let rest = tag.split_once('>').map_or("", |(_, rest)| rest);
    let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
    if !unseen.iter().any(|unseen| name.eq_ignore_ascii_case(unseen)) {
        return rest;
    }
    let end = format!("</{}", name.to_ascii_lowercase());
    let at = rest.to_ascii_lowercase().find(&end);
    at.map_or("", |at| rest[at..].split_once('>').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_page_is_read_as_a_person_does() {
        for (page, read) in [
            ("", ""),
            ("Access denied\r\n", "Access denied"),
            ("<title>403</title>\n<h1>Access&nbsp;denied</h1>", "Access denied"),
            ("<title>403 Forbidden</title><script>x</script>", "403 Forbidden"),
            ("<style>p { x }</style><p>a</p><SCRIPT src='x'>1<2</Script >b", "a b"),
            ("a<!-- <p>no</p> -->b", "a b"),
            ("1 < 2 and <b", "1 < 2 and"),
            ("&lt;b&gt; &amp;lt;", "<b> &lt;"),
            ("<style>never closed", ""),
        ] {
            assert_eq!(words(page), read, "{page}");
        }
    }
}
