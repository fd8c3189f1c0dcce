//! Entra ID's token endpoint, client credentials alone: every field is checked, and what is
//! wrong is refused with the number that the real one documents.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::client::{ASSERTION_SIGNATURE, CLIENT_SECRET, EXCHANGE, FEDERATED};
use super::server::{Answer, Asked, Known};
use super::{CLIENT, RESOURCE, TENANT};
use crate::run_tool::token;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// A refusal in Entra ID's form.
pub fn refusal(status: u16, error: &str, code: u32, text: &str) -> Answer {
    let (trace, correlation) =
        ("0f0e0d0c-0b0a-0908-0706-050403020100", "5a0f2f3c-8d0e-4b57-9f57-3f1d2c1b0a99");
    Answer::json(
        status,
        &json!({
            "error": error,
            "error_description": format!(
                "AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} \
                 Timestamp: 2026-11-21 10:00:00Z"
            ),
            "error_codes": [code],
            "timestamp": "2026-11-21 10:00:00Z",
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("{AUTHORITY}/error?code={code}"),
        }),
    )
    .with("x-ms-request-id", trace)
}

/// The answer to a request.
pub fn answer(asked: &Asked, known: &Known) -> Answer {
    match asked.path.as_str() {
        // What SDKs look up before they ask.
        "/common/discovery/instance" => Answer::json(
            200,
            &json!({
                "tenant_discovery_endpoint":
                    format!("{AUTHORITY}/{TENANT}/v2.0/.well-known/openid-configuration"),
                "api-version": "1.1",
                "metadata": [{
                    "preferred_network": "login.microsoftonline.com",
                    "preferred_cache": "login.windows.net",
                    "aliases": ["login.microsoftonline.com", "login.windows.net"],
                }],
            }),
        ),
        path if path == format!("/{TENANT}/v2.0/.well-known/openid-configuration") => Answer::json(
            200,
            &json!({
                "token_endpoint": format!("{AUTHORITY}/{TENANT}/oauth2/v2.0/token"),
                "authorization_endpoint": format!("{AUTHORITY}/{TENANT}/oauth2/v2.0/authorize"),
                "device_authorization_endpoint":
                    format!("{AUTHORITY}/{TENANT}/oauth2/v2.0/devicecode"),
                "issuer": format!("{AUTHORITY}/{TENANT}/v2.0"),
            }),
        ),
        path if path == format!("/{TENANT}/oauth2/v2.0/token")
            && asked.header("host") == Some(home(known)) =>
        {
            token_of(asked, known).unwrap_or_else(|refused| refused)
        }
        "/common/oauth2/v2.0/token" => refusal(
            400,
            "unauthorized_client",
            50_194,
            "Application is not configured as a multi-tenant application. Usage of the /common \
             endpoint is not supported.",
        ),
        "/organizations/oauth2/v2.0/token" => {
            let text = "No tenant-identifying information found in either the request or implied.";
            refusal(400, "invalid_request", 50_059, text)
        }
        path if path.ends_with("/oauth2/v2.0/token") => {
            refusal(400, "invalid_request", 90_002, "Tenant not found.")
        }
        _ => Answer::json(404, &json!({})),
    }
}

/// The login host of the cloud that has the tenant.
fn home(known: &Known) -> &'static str {
    match known.identity.government {
        true => "login.microsoftonline.us",
        false => "login.microsoftonline.com",
    }
}

fn token_of(asked: &Asked, known: &Known) -> Result<Answer, Answer> {
    let is = |holds: bool, code: u32, error: &str, text: &str| {
        if holds { Ok(()) } else { Err(refusal(400, error, code, text)) }
    };
    let invalid = "invalid_request";
    let resource = match known.identity.government {
        true => "https://cognitiveservices.azure.us",
        false => RESOURCE,
    };
    let kind = asked.header("content-type").unwrap_or_default();
    is(asked.method == "POST", 900_561, invalid, "The endpoint only accepts POST requests.")?;
    is(
        kind.split(';').next() == Some("application/x-www-form-urlencoded"),
        900_144,
        invalid,
        "The request body must contain the following parameter: 'grant_type'.",
    )?;
    is(
        asked.form("grant_type") == Some("client_credentials"),
        70_003,
        "unsupported_grant_type",
        "The app requested an unsupported grant type.",
    )?;
    is(
        asked.form("client_id") == Some(CLIENT),
        700_016,
        "unauthorized_client",
        "Application with identifier was not found in the directory.",
    )?;
    is(
        asked.form("scope") == Some(&format!("{resource}/.default")),
        500_011,
        "invalid_resource",
        "The resource principal was not found in the tenant.",
    )?;
    match (asked.form("client_secret"), asked.form("client_assertion")) {
        (Some(secret), None) => {
            if secret != CLIENT_SECRET {
                return Err(refusal(
                    401,
                    "invalid_client",
                    7_000_215,
                    "Invalid client secret provided.",
                ));
            }
        }
        (None, Some(assertion)) => {
            is(
                asked.form("client_assertion_type") == Some(ASSERTION_TYPE),
                50_027,
                invalid,
                "Invalid JWT token.",
            )?;
            asserted(assertion, known)
                .map_err(|(code, text)| refusal(401, "invalid_client", code, text))?;
        }
        _ => {
            let text = "The request body must contain: 'client_assertion' or 'client_secret'.";
            return Err(refusal(401, "invalid_client", 7_000_218, text));
        }
    }
    Ok(Answer::json(
        200,
        &json!({
            "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599,
            "access_token": token(),
        }),
    ))
}

/// Whether an assertion stands for the application.
fn asserted(assertion: &str, known: &Known) -> Result<(), (u32, &'static str)> {
    let malformed = (50_027, "Invalid JWT token.");
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, payload, signature] = parts[..] else { return Err(malformed) };
    let json = |part: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let header = json(header).ok_or(malformed)?;
    let claims = json(payload).ok_or(malformed)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    // A NumericDate may have a fraction (RFC 7519, section 2).
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64).map(|at| at as u64);
    if seconds("exp").is_none_or(|at| at <= now) {
        return Err((700_024, "Client assertion is not within its valid time range."));
    }
    if text("iss") == CLIENT {
        let long = seconds("exp").is_some_and(|at| at > now + 24 * 3600);
        let timely = seconds("nbf").is_none_or(|at| at <= now + 300) && !long;
        return match () {
            () if !timely => Err((700_024, "Client assertion is not within its valid time range.")),
            () if text("sub") != CLIENT => {
                Err((700_021, "Client assertion has the wrong subject."))
            }
            () if text("aud") != format!("{AUTHORITY}/{TENANT}/oauth2/v2.0/token") => {
                Err((50_012, "Client assertion audience is wrong."))
            }
            () if text("jti").is_empty() => Err(malformed),
            () => signed(&header, assertion, signature, known),
        };
    }
    let Some((_, subject)) = FEDERATED.iter().find(|(issuer, _)| *issuer == text("iss")) else {
        return Err((700_211, "No matching federated identity record found for presented issuer."));
    };
    match () {
        () if text("sub") != *subject && text("sub").eq_ignore_ascii_case(subject) => Err((
            7_002_138,
            "No matching federated identity record found for presented assertion subject. The \
             subject matches with case-insensitive comparison, but not with case-sensitive \
             comparison.",
        )),
        () if text("sub") != *subject => {
            Err((700_213, "No matching federated identity record found for presented subject."))
        }
        () if text("aud") != EXCHANGE => {
            Err((700_212, "No matching federated identity record found for presented audience."))
        }
        () if signature != ASSERTION_SIGNATURE => {
            Err((50_013, "Assertion failed signature validation."))
        }
        () => Ok(()),
    }
}

/// The signature by the application's certificate, checked by openssl: not by the library that
/// made it.
fn signed(
    header: &Value,
    assertion: &str,
    signature: &str,
    known: &Known,
) -> Result<(), (u32, &'static str)> {
    let wrong = (
        700_027,
        "The certificate with identifier used to sign the client assertion is \
                           not registered on application, or its signature is invalid.",
    );
    let field = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let (digest, thumbprint) = match (field("alg"), field("x5t#S256"), field("x5t")) {
        ("PS256" | "RS256", sha256, "") if !sha256.is_empty() => ("-sha256", sha256),
        ("RS256", "", sha1) => ("-sha1", sha1),
        _ => return Err((50_027, "Invalid JWT token.")),
    };
    let file = |kind: &str| {
        let thread = std::thread::current().id();
        known.work.join(format!("assertion.{thread:?}.{kind}"))
    };
    let (text, binary) = (file("text"), file("signature"));
    let content = assertion.rsplit_once('.').map(|(content, _)| content).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    if fs::write(&text, content).and_then(|()| fs::write(&binary, bytes)).is_err() {
        return Err(wrong);
    }
    let padding =
        if field("alg") == "PS256" { "rsa_padding_mode:pss" } else { "rsa_padding_mode:pkcs1" };
    let mut verify = Command::new("openssl");
    verify.args(["dgst", "-sha256", "-sigopt", padding]);
    if field("alg") == "PS256" {
        verify.args(["-sigopt", "rsa_pss_saltlen:32"]);
    }
    let good = verify
        .arg("-verify")
        .arg(known.work.join("application.pub.pem"))
        .arg("-signature")
        .arg(&binary)
        .arg(&text)
        .output()
        .is_ok_and(|out| out.status.success());
    let registered = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", digest, "-in"])
        .arg(known.work.join("application.crt.pem"))
        .output()
        .ok()
        .and_then(|out| String::from_utf8(out.stdout).ok())
        .and_then(|line| Some(line.trim().split_once('=')?.1.replace(':', "")))
        .unwrap_or_default();
    let presented: String = URL_SAFE_NO_PAD
        .decode(thumbprint.trim_end_matches('='))
        .unwrap_or_default()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    if good && !registered.is_empty() && registered == presented { Ok(()) } else { Err(wrong) }
}
