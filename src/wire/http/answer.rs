//! What of an answer is kept as evidence: some header fields, the error, the kind of a payload, the
//! start of a page; each redacted, escaped and bounded.

use hyper::Response;
use hyper::header::HeaderValue;
use serde_json::Value;

use crate::evidence::http::{Header, HttpAnswer, Payload};
use crate::secret::Redactor;
use crate::wire::{error_body, payload, redacted, redacted_start, without_link_values, xml};

/// How many bytes of a body that is not JSON are read for its excerpt.
const BODY_EXCERPT: usize = 16 << 10;
/// Header fields kept as evidence.
const MOST_HEADERS: usize = 40;

/// Header fields that show who answered and why; others are not kept.
pub(crate) const KEPT_HEADERS: &[&str] = &[
    "apim-request-id",
    "azure-openai-deployment-utilization",
    "azureml-model-session",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "docker-distribution-api-version",
    "elapsed-time",
    "location",
    "microsoft-azure-api-management-correlation-id",
    "policy-id",
    "proxy-authenticate",
    "proxy-status",
    "retry-after",
    "retry-after-ms",
    "server",
    "strict-transport-security",
    "sync-token",
    "via",
    "www-authenticate",
    "x-azure-ref",
    "x-bluecoat-via",
    "x-cache",
    "x-content-type-options",
    "x-envoy-upstream-service-time",
    "x-litellm-call-id",
    "x-litellm-version",
    "x-ms-client-request-id",
    "x-ms-correlation-request-id",
    "x-ms-error-code",
    "x-ms-gatewayversion",
    "x-ms-keyvault-network-info",
    "x-ms-keyvault-region",
    "x-ms-region",
    "x-ms-request-id",
    "x-ms-version",
    "x-powered-by",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "x-request-id",
    "x-squid-error",
];

/// The header fields that show who answered and why, redacted, escaped and bounded.
pub(in crate::wire) fn kept_headers(
    headers: &hyper::HeaderMap,
    redactor: &Redactor<'_>,
) -> Vec<Header> {
    headers
        .iter()
        .filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()))
        .take(MOST_HEADERS)
        .map(|(name, value)| {
            let value = without_link_values(&String::from_utf8_lossy(value.as_bytes()));
            Header { name: name.as_str().to_owned(), value: redacted(&value, 300, redactor) }
        })
        .collect()
}

/// An answer that did not come over a connection of ours: a program printed it.
pub(crate) fn printed_answer(
    status: u16,
    headers: &[(String, String)],
    body: &str,
    redactor: &Redactor<'_>,
) -> HttpAnswer {
    let named = headers.iter().filter_map(|(name, value)| {
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    });
    let (mut head, ()) = Response::new(()).into_parts();
    head.status = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::BAD_REQUEST);
    head.headers.extend(named);
    answer(&head, body.as_bytes(), true, redactor)
}

pub(in crate::wire) fn answer(
    head: &hyper::http::response::Parts,
    body: &[u8],
    complete: bool,
    redactor: &Redactor<'_>,
) -> HttpAnswer {
    // A parser may ignore the mark (RFC 8259, section 8.1), and clients do.
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let json: Option<Value> = serde_json::from_slice(text).ok();
    let xml = match json {
        Some(_) => None,
        None => std::str::from_utf8(body).ok().and_then(xml::read),
    };
    let models = json
        .as_ref()
        .and_then(|v| {
            ["data", "value", "filesystems", "items"].iter().find_map(|list| v.get(*list))
        })
        .and_then(Value::as_array)
        .map(|list| u32::try_from(list.len()).unwrap_or(u32::MAX))
        .or(xml.as_ref().and_then(|xml| xml.entries));
    let known = json.is_some() || xml.is_some();
    let excerpt = (!known && !body.is_empty()).then(|| {
        let text = String::from_utf8_lossy(&body[..body.len().min(BODY_EXCERPT)]);
        // The line ends of a page carry nothing: a space reads better.
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let text = without_link_values(&words.join(" "));
        redacted_start(&text, body.len() > BODY_EXCERPT, 300, redactor)
    });
    HttpAnswer {
        status: head.status.as_u16(),
        headers: kept_headers(&head.headers, redactor),
        error: json
            .as_ref()
            .and_then(|v| error_body::of_json(v, redactor))
            .or_else(|| xml.as_ref().and_then(|xml| error_body::of_xml(xml, redactor))),
        models,
        payload: match &xml {
            Some(xml) => xml.entries.map(|_| Payload::Listing),
            None => json.as_ref().map(payload::of),
        },
        body_bytes: body.len() as u64,
        body_complete: complete,
        body_excerpt: excerpt,
    }
}
