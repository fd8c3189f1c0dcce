//! The frame of every page, and what several pages show alike.

use std::time::Instant;

use maud::{Markup, html};

use crate::render::html::document;

/// The style of these pages, after that of every page.
const STYLE: &str = include_str!("style.css");
/// The icon of the browser's tab.
pub(in crate::monitor::serve) const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\">\
    <path d=\"M2 8h3l2-5 3 10 2-5h2\" fill=\"none\" stroke=\"#2b7de9\" stroke-width=\"2\"/></svg>";

/// The style sheet.
pub(in crate::monitor::serve) fn style() -> String {
    format!("{}{STYLE}", crate::render::html::STYLE)
}

/// The frame of a page. `up` is the relative path to the folder of the first page. A page that
/// changes is reloaded after `reload` seconds.
pub(super) fn frame(title: &str, up: &str, reload: Option<&str>, body: &Markup) -> Markup {
    let head = html! {
        @if let Some(seconds) = reload { meta http-equiv="refresh" content=(seconds); }
        link rel="stylesheet" href={ (up) "style.css" };
        link rel="icon" type="image/svg+xml" href={ (up) "icon.svg" };
    };
    let body = html! {
        header { a href={ (up) "./" } { "aoai-probe" } }
        main { (body) }
        footer { "aoai-probe " (env!("CARGO_PKG_VERSION")) }
    };
    document(title, &head, &body)
}

/// The page for a path that does not exist.
pub(in crate::monitor::serve) fn missing(message: &str, up: &str) -> Markup {
    frame("not found", up, None, &html! { h1 { "Not found" } p { (message) } })
}

/// The time since `at`, for people.
pub(super) fn ago(at: Instant) -> String {
    match at.elapsed().as_secs() {
        s @ 0..120 => format!("{s} s ago"),
        s @ 120..7200 => format!("{} min ago", s / 60),
        s => format!("{} h ago", s / 3600),
    }
}

/// A query of one name and value.
pub(super) fn query(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}
