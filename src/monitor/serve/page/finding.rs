//! The page of a finding, as `explain` prints it, in HTML. HTML inside the Markdown stays text.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Parser, Tag};

use super::frame;
use crate::explain;

/// The page; none if no finding has this id.
pub(in crate::monitor::serve) fn page(id: &str) -> Option<Markup> {
    let text = explain::page(id).ok()?;
    let events = Parser::new(text).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            // The pages are in one folder here, too.
            let dest_url = match dest_url.strip_suffix(".md") {
                Some(page) => CowStr::from(page.to_owned()),
                None => dest_url,
            };
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        event => event,
    });
    let mut markdown = String::new();
    pulldown_cmark::html::push_html(&mut markdown, events);
    let body = html! { article { (PreEscaped(markdown)) } };
    Some(frame(id, "../", None, &body))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::rules;

    #[test]
    fn every_finding_has_a_page_without_a_broken_link() {
        for rule in rules::all() {
            let page = super::page(rule.id).unwrap().into_string();
            assert!(page.contains(&format!("<h1>{}</h1>", rule.id)), "{}", rule.id);
            assert!(!page.contains(".md\""), "{}", rule.id);
        }
        assert!(super::page("no-such").is_none());
    }
}
