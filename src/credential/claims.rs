//! A token's claims, read without being verified: facts to compare, nothing to trust.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::evidence::identity::TokenClaims;
use crate::evidence::text::clean;
use crate::evidence::text::rfc3339;

/// The claims of a JWT (RFC 7519); none when the value is not a JWT.
#[must_use]
pub fn read(token: &str, now: SystemTime) -> Option<TokenClaims> {
    let mut parts = token.split('.');
    let (header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let json = |part: &str| -> Option<Value> {
        let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    json(header)?.get("alg")?;
    let payload = json(payload)?;
    let text = |name: &str| payload.get(name)?.as_str().map(|value| clean(value, 300));
    let seconds = |name: &str| payload.get(name)?.as_i64();
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    Some(TokenClaims {
        audience: match payload.get("aud") {
            Some(Value::Array(list)) => {
                list.first().and_then(Value::as_str).map(|value| clean(value, 300))
            }
            _ => text("aud"),
        },
        issuer: text("iss"),
        subject: text("sub"),
        tenant: text("tid"),
        object: text("oid"),
        application: text("appid").or_else(|| text("azp")),
        subject_kind: text("idtyp").or_else(|| text("scp").map(|_| "user".to_owned())),
        version: text("ver"),
        managed_identity: text("xms_mirid"),
        roles: payload
            .get("roles")
            .and_then(Value::as_array)
            .map(|list| {
                list.iter().filter_map(Value::as_str).take(20).map(|r| clean(r, 100)).collect()
            })
            .unwrap_or_default(),
        scopes: text("scp"),
        expires: seconds("exp").map(rfc3339),
        expires_in_s: seconds("exp").map(|at| at.saturating_sub(now)),
        not_before_in_s: seconds("nbf").map(|at| at.saturating_sub(now)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn claims_are_read_and_a_key_is_not_a_token() {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let token = format!(
            "{}.{}.sig",
            part(r#"{"alg":"RS256","typ":"JWT"}"#),
            part(
                r#"{"aud":"https://cognitiveservices.azure.com","tid":"t","exp":1000,"nbf":2000}"#
            )
        );
        let claims = read(&token, SystemTime::UNIX_EPOCH + Duration::from_secs(1500)).unwrap();
        assert_eq!(claims.audience.as_deref(), Some("https://cognitiveservices.azure.com"));
        assert_eq!((claims.expires_in_s, claims.not_before_in_s), (Some(-500), Some(500)));
        assert_eq!(claims.expires.as_deref(), Some("1970-01-01T00:16:40Z"));
        assert_eq!(read("0123456789abcdef0123456789abcdef", SystemTime::UNIX_EPOCH), None);
        assert_eq!(read("a.b.c", SystemTime::UNIX_EPOCH), None);
    }
}
