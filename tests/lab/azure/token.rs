//! Tokens of the lab: JWTs whose claims are read and whose signature says where they belong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::http::{Asked, Reply};
use super::rights::Rights;
use super::{SIGNATURE, errors, world::Caller};

/// Audiences of Resource Manager (facts C36, C50).
pub const AUDIENCES: [&str; 4] = [
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
    "https://management.azure.com/",
    "https://management.azure.com",
];

/// A token for an audience, from a minute ago for an hour.
pub fn of(audience: &str, caller: &Caller, now: i64) -> String {
    let claims = json!({
        "aud": audience,
        "iss": format!("https://sts.windows.net/{}/", caller.tenant),
        "tid": caller.tenant, "oid": caller.object_id, "upn": super::resources::MAIL,
        "appid": "11111111-2222-3333-4444-555555555555",
        "nbf": now - 60, "exp": now + 3600, "ver": "1.0",
    });
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.{SIGNATURE}", part(json!({ "typ": "JWT", "alg": "RS256" })), part(claims))
}

/// Whether a request has a token for Resource Manager, now.
pub fn check(asked: &Asked, rights: &Rights, now: i64) -> Result<(), Reply> {
    let token = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let token = token.ok_or_else(errors::no_token)?;
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Option<Value> = payload.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let claims = claims.ok_or_else(errors::invalid_token)?;
    let audience = claims["aud"].as_str().unwrap_or_default();
    if !AUDIENCES.contains(&audience) {
        return Err(errors::wrong_audience(audience));
    }
    if claims["exp"].as_i64().is_none_or(|at| at <= now) {
        return Err(errors::expired_token());
    }
    match claims["oid"].as_str() == Some(rights.object_id.as_str()) {
        true => Ok(()),
        false => Err(errors::invalid_token()),
    }
}
