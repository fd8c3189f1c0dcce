//! What an XML body of Azure Storage, or of a service that answers like it, holds: an error, or a list.

use quick_xml::Reader;
use quick_xml::events::Event;

/// An XML body of a known form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// The error in it.
    pub(super) error: Option<Error>,
    /// Entries of the list that it is.
    pub(super) entries: Option<u32>,
}

/// An error.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Error {
    pub(super) code: Option<String>,
    /// The message, and the details that come with it.
    pub(super) message: Option<String>,
}

/// Entries of lists: containers, shares and queues (fact Z22).
const ENTRIES: &[&str] = &["Container", "Share", "Queue"];

/// Elements of an error with a text for people.
const MESSAGES: &[&str] = &["Message", "Detail", "AuthenticationErrorDetail"];

/// Reads a body; none where it is not of a known form, or not as a whole.
pub(super) fn read(text: &str) -> Option<Body> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('<') {
        return None;
    }
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let (mut root, mut error, mut entries) = (None, Error::default(), 0_u32);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                // HTML and other documents are not read to their end.
                if path.is_empty() && !["Error", "EnumerationResults"].contains(&name.as_str()) {
                    return None;
                }
                entries += u32::from(path.len() == 2 && ENTRIES.contains(&name.as_str()));
                root.get_or_insert_with(|| name.clone());
                path.push(name);
            }
            Event::Empty(_) if path.is_empty() => return None,
            Event::End(_) => drop(path.pop()),
            Event::Text(text) if path.len() == 2 => {
                let text = text.decode().ok()?;
                add(&mut error, &path[1], text.trim());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match root?.as_str() {
        _ if !path.is_empty() => None,
        "Error" => Some(Body { error: Some(error), entries: None }),
        _ => Some(Body { error: None, entries: Some(entries) }),
    }
}

/// Adds the text of an element of an error.
fn add(error: &mut Error, element: &str, text: &str) {
    if element == "Code" {
        error.code.get_or_insert_with(String::new).push_str(text);
    } else if MESSAGES.contains(&element) && !text.is_empty() {
        let message = error.message.get_or_insert_with(String::new);
        if !message.is_empty() {
            message.push(' ');
        }
        message.push_str(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_and_a_list_are_read_and_nothing_else() {
        let error = read(
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>InvalidAuthenticationInfo\
             </Code><Message>Server failed.\nRequestId:1</Message><AuthenticationErrorDetail>Audience \
             validation failed.</AuthenticationErrorDetail></Error>",
        );
        let error = error.unwrap().error.unwrap();
        assert_eq!(error.code.as_deref(), Some("InvalidAuthenticationInfo"));
        let message = error.message.unwrap();
        assert_eq!(message, "Server failed. RequestId:1 Audience validation failed.");
        let list = read(
            "<?xml version=\"1.0\"?><EnumerationResults ServiceEndpoint=\"https://a/\"><MaxResults>1\
             </MaxResults><Containers><Container><Name>a</Name></Container></Containers><NextMarker/>\
             </EnumerationResults>",
        );
        assert_eq!(list, Some(Body { error: None, entries: Some(1) }));
        for other in [
            "",
            "text",
            "{}",
            "<html><Error/></html>",
            "<Error>",
            "<Error/>",
            "<EnumerationResults><Containers>",
            "<!DOCTYPE html><html>",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
