//! The reports as JSON inside the page, and the page's end.

use maud::{Markup, PreEscaped, html};

use crate::render::json_lines;
use crate::report::{EMBEDDED_BEGIN, EMBEDDED_END, Report};

/// The JSON in an element that is data: browsers do not run it.
///
/// `<`, `>` and `&` are only inside strings, where JSON has its own escapes for them, so that
/// nothing in a report can end the element. U+2028 and U+2029 are escaped by [`json_lines::line`].
pub(super) fn json(reports: &[Report]) -> Markup {
    let lines: Result<Vec<String>, _> = reports.iter().map(json_lines::line).collect();
    let Ok(lines) = lines else { return html! {} };
    let text = format!("[{}]", lines.join(","));
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    PreEscaped(format!("{EMBEDDED_BEGIN}{text}{EMBEDDED_END}"))
}

pub(super) fn footer() -> Markup {
    html! {
        footer {
            "This page contains the report as JSON: "
            code { "aoai-probe diagnose FILE.html" } " judges it again, "
            code { "--format json" } " extracts it."
        }
    }
}
