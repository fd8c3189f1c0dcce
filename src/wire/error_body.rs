//! The error in a body, in the frames that Azure's services use.

use serde_json::Value;

use super::{redacted, xml};
use crate::evidence::http::{ErrorBody, ErrorFrame};
use crate::secret::Redactor;

/// Characters that are kept of a text. The account's answer about its own call to a search service
/// has the status of that call behind some 650 characters of advice (fact H25).
const TEXT: usize = 1000;

/// The error in an XML body (fact Z20).
pub(super) fn of_xml(xml: &xml::Body, redactor: &Redactor<'_>) -> Option<ErrorBody> {
    let error = xml.error.as_ref()?;
    let text = |text: &Option<String>| text.as_ref().map(|text| redacted(text, TEXT, redactor));
    Some(ErrorBody {
        frame: ErrorFrame::Xml,
        code: text(&error.code),
        kind: None,
        message: text(&error.message),
        inner_code: None,
        activity_id: None,
    })
}

/// The error in a body, in any of the frames that Azure uses (fact G13).
pub(super) fn of_json(value: &Value, redactor: &Redactor<'_>) -> Option<ErrorBody> {
    let text = |value: Option<&Value>| match value? {
        Value::String(text) => Some(redacted(text, TEXT, redactor)),
        Value::Number(number) => Some(redacted(&number.to_string(), TEXT, redactor)),
        _ => None,
    };
    // Tables put a prefix before the name (fact Z21), registries a list around it (fact Z31).
    let wrapped = value.get("error").or_else(|| value.get("odata.error"));
    let wrapped = wrapped.or_else(|| value.get("errors").and_then(|errors| errors.get(0)));
    if let (None, Some(problem)) = (wrapped, problem(value, &text)) {
        return Some(problem);
    }
    let (frame, inside) = match (wrapped, value.get("statusCode"), value.get("code")) {
        (Some(inside @ Value::Object(_)), _, _) => (ErrorFrame::Error, inside),
        (_, Some(_), _) => (ErrorFrame::Flat, value),
        (_, _, Some(_)) => (ErrorFrame::Bare, value),
        _ => return None,
    };
    let code = match frame {
        ErrorFrame::Flat => text(inside.get("statusCode")),
        _ => text(inside.get("code")),
    };
    Some(ErrorBody {
        frame,
        code,
        kind: text(inside.get("type")),
        message: text(inside.get("message").map(|text| text.get("value").unwrap_or(text))),
        inner_code: inside
            .get("innererror")
            .or_else(|| inside.get("inner_error"))
            .and_then(|inner| text(inner.get("code"))),
        activity_id: text(value.get("activityId")),
    })
}

/// Problem details (RFC 9457), as App Configuration sends them (fact Z41).
fn problem(value: &Value, text: &impl Fn(Option<&Value>) -> Option<String>) -> Option<ErrorBody> {
    let kind = value.get("type")?.as_str()?;
    value.get("title")?.as_str()?;
    value.get("status")?.as_u64()?;
    let code = kind.rsplit('/').next().map(Value::from);
    Some(ErrorBody {
        frame: ErrorFrame::Problem,
        code: text(code.as_ref()),
        kind: text(value.get("type")),
        message: text(value.get("title")),
        inner_code: None,
        activity_id: None,
    })
}
