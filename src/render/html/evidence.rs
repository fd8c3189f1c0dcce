//! All evidence, folded by hop: the lines of `-v`.

use maud::{Markup, html};

use crate::evidence::Evidence;
use crate::render::text_writer::{BLOCK_COLUMN, TextWriter};
use crate::render::{Style, verbose};

/// The blocks that have anything to show.
pub(super) fn evidence(e: &Evidence) -> Markup {
    // The browser wraps.
    let style = Style { width: 1 << 20, ..Style::default() };
    html! {
        h3 { "Evidence" }
        @for (name, write) in verbose::BLOCKS {
            @let mut writer = TextWriter::new(style);
            @let () = write(&mut writer, e);
            @let text = writer.finish();
            @if !text.trim().is_empty() {
                details.evidence {
                    summary { (name) }
                    @for line in text.lines().filter(|line| !line.trim().is_empty()) {
                        @let line = without_label(line);
                        @let indent = line.len() - line.trim_start().len();
                        p class={ "indent-" (indent.min(6)) } { (line.trim_start()) }
                    }
                }
            }
        }
    }
}

/// The line without the columns of the label; a heading has none.
fn without_label(line: &str) -> &str {
    match line.as_bytes().get(BLOCK_COLUMN - 1) {
        Some(b' ') => line.get(BLOCK_COLUMN..).unwrap_or(line),
        _ => line,
    }
}
