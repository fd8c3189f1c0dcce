//! The calls and their answers.

use crate::evidence::http::HttpHop;
use crate::render::progress::milliseconds;
use crate::render::text;
use crate::render::text_writer::TextWriter;

pub(super) fn http(writer: &mut TextWriter, hop: &HttpHop) {
    for call in &hop.calls {
        let sent = if call.credential_sent { "with" } else { "without" };
        writer.write_text(&format!(
            "{}: {} {} {sent} the credential, {}",
            text::purpose(call.purpose),
            call.method,
            call.path,
            milliseconds(call.took_ms)
        ));
        writer.write_indented(2, &text::http_call(call));
        let Some(answer) = call.answer() else { continue };
        for header in &answer.headers {
            writer.write_indented(2, &format!("{}: {}", header.name, header.value));
        }
        if let Some(error) = &answer.error {
            let parts = [
                ("code", &error.code),
                ("type", &error.kind),
                ("message", &error.message),
                ("innererror", &error.inner_code),
                ("activityId", &error.activity_id),
            ];
            for (name, value) in parts {
                if let Some(value) = value {
                    writer.write_indented(2, &format!("error {name}: {value}"));
                }
            }
        }
        if let Some(excerpt) = &answer.body_excerpt {
            writer.write_indented(2, &format!("body begins: {excerpt}"));
        }
        let end = if answer.body_complete { "complete" } else { "not complete" };
        writer.write_indented(
            2,
            &format!("{} of body, {end}", text::count(answer.body_bytes, "byte")),
        );
    }
    if hop.calls.is_empty() {
        writer.write_text("no call was made");
    }
}
