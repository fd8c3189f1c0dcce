//! The pages of the findings and the schema of reports, packed into the program by `build.rs`.

use std::sync::LazyLock;

/// Names, each with its text, separated by zeros.
static TEXTS: LazyLock<String> = LazyLock::new(|| {
    let packed = include_bytes!(concat!(env!("OUT_DIR"), "/texts.deflate"));
    let text = miniz_oxide::inflate::decompress_to_vec(packed).unwrap_or_default();
    String::from_utf8(text).unwrap_or_default()
});

/// The text of `docs/findings/<name>` or `docs/<name>`; empty for a name that is not packed.
fn text(name: &str) -> &'static str {
    let mut parts = TEXTS.split('\0');
    while let (Some(found), Some(text)) = (parts.next(), parts.next()) {
        if found == name {
            return text;
        }
    }
    ""
}

/// The page of a finding: `docs/findings/<id>.md`.
#[must_use]
pub fn page(id: &str) -> &'static str {
    text(&format!("{id}.md"))
}

/// The JSON schema of a report: `docs/report.schema.json`.
#[must_use]
pub fn report_schema() -> &'static str {
    text("report.schema.json")
}

/// All of them, one after the other.
#[must_use]
pub fn all() -> &'static str {
    &TEXTS
}
