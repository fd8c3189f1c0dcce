//! The refusal in an answer that gives no token.

use serde_json::Value;

use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{
    TokenAnswer, TokenOutcome, TokenPurpose, TokenRefusal, TokenRequest,
};
use crate::secret::Redactor;
use crate::wire::http::UnredactedResponse;
use crate::wire::redacted;

/// The refusal in an answer that gives nothing (fact 5.2; RFC 6749, section 5.2).
pub(super) fn refusal(
    purpose: TokenPurpose,
    http: &HttpOutcome,
    answer: &UnredactedResponse,
    redactor: &Redactor<'_>,
) -> Option<TokenRefusal> {
    if (200..300).contains(&answer.status) {
        return None;
    }
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    // Platforms have error formats of their own (facts I9, X10): `message` next to `statusCode`, or an
    // object in `error`. From the login host they would be another server's.
    let platform = purpose != TokenPurpose::Entra;
    let text = |names: &[&str], most: usize| {
        let names = if platform { names } else { names.get(..1)? };
        let value = names.iter().find_map(|name| json.pointer(name)?.as_str())?;
        Some(redacted(value, most, redactor))
    };
    let codes = json.get("error_codes").and_then(Value::as_array).map(|list| {
        list.iter().filter_map(|code| u32::try_from(code.as_u64()?).ok()).take(8).collect()
    });
    let headers = match http {
        HttpOutcome::Answered { answer } => answer.headers.clone(),
        _ => Vec::new(),
    };
    Some(TokenRefusal {
        status: answer.status,
        error: text(&["/error", "/error/code"], 100),
        codes: codes.unwrap_or_default(),
        description: text(&["/error_description", "/message", "/error/message"], 600),
        correlation_id: text(&["/correlation_id", "/correlationId"], 100),
        trace_id: text(&["/trace_id"], 100),
        headers,
    })
}

/// The outcome, with what the last request's evidence adds to it.
pub(super) fn outcome(result: TokenOutcome, last: Option<&TokenRequest>) -> TokenOutcome {
    let answered = last.and_then(|request| request.outcome.as_ref());
    // Arc's agent refuses the first request by design: what went wrong after it is known from this side.
    let challenged = last.is_some_and(|request| request.purpose == TokenPurpose::Arc);
    match result {
        TokenOutcome::Unusable { .. } if challenged && answered.is_some() => result,
        TokenOutcome::Refused | TokenOutcome::Unusable { .. } if last.is_some() => match answered {
            Some(TokenAnswer { refusal: Some(_), .. }) => TokenOutcome::Refused,
            Some(TokenAnswer { http: HttpOutcome::Answered { answer }, .. }) => match result {
                _ if !answer.body_complete => TokenOutcome::Unusable {
                    message: "the answer was not read to its end: too slow or too long".to_owned(),
                },
                TokenOutcome::Unusable { message } => TokenOutcome::Unusable { message },
                _ => TokenOutcome::Unusable { message: "the answer holds no token".to_owned() },
            },
            _ => TokenOutcome::NotAnswered,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::http::HttpAnswer;

    fn refused(purpose: TokenPurpose) -> TokenRequest {
        let answer = HttpAnswer {
            status: 401,
            headers: Vec::new(),
            error: None,
            models: None,
            payload: None,
            body_bytes: 0,
            body_complete: true,
            body_excerpt: None,
        };
        let refusal = TokenRefusal {
            status: 401,
            error: None,
            codes: Vec::new(),
            description: None,
            correlation_id: None,
            trace_id: None,
            headers: Vec::new(),
        };
        let http = HttpOutcome::Answered { answer };
        TokenRequest {
            purpose,
            method: "GET".to_owned(),
            url: String::new(),
            proxied_by: None,
            path: None,
            tcp: None,
            outcome: Some(TokenAnswer { http, refusal: Some(refusal) }),
            started_ms: 0.0,
            took_ms: 0.0,
        }
    }

    #[test]
    fn a_platform_refuses_in_its_own_format() {
        let http = HttpOutcome::Silent;
        let read = |purpose, body: &str| {
            let body = body.as_bytes().to_vec().into();
            let answer = UnredactedResponse { status: 400, headers: Vec::new(), body };
            let refusal = refusal(purpose, &http, &answer, &Redactor::default()).unwrap();
            (refusal.error, refusal.description, refusal.correlation_id)
        };
        let text = |text: &str| Some(text.to_owned());
        let body = r#"{"statusCode":400,"message":"No identity","correlationId":"c"}"#;
        let own = (None, text("No identity"), text("c"));
        assert_eq!(read(TokenPurpose::AppService, body), own);
        assert_eq!(read(TokenPurpose::Entra, body), (None, None, None));
        let nested = r#"{"error":{"code":"x","message":"y"}}"#;
        assert_eq!(read(TokenPurpose::AppService, nested), (text("x"), text("y"), None));
    }

    #[test]
    fn the_challenge_of_arc_is_not_a_refusal() {
        let unusable = || TokenOutcome::Unusable { message: "the file cannot be read".to_owned() };
        assert_eq!(outcome(unusable(), Some(&refused(TokenPurpose::Arc))), unusable());
        let imds = refused(TokenPurpose::Imds);
        assert_eq!(outcome(unusable(), Some(&imds)), TokenOutcome::Refused);
        let arc = refused(TokenPurpose::Arc);
        assert_eq!(outcome(TokenOutcome::Refused, Some(&arc)), TokenOutcome::Refused);
    }
}
