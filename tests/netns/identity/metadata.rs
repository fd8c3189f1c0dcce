//! The metadata services of platforms, and GitHub's issuer: what they document, checked.

use std::fs;

use serde_json::json;

use super::client::{
    ARC_CHALLENGE, EXCHANGE, FEDERATED, GITHUB_REQUEST, IDENTITY_HEADER, MSI_SECRET, assertion,
};
use super::server::{Answer, Asked};
use super::{CLIENT, RESOURCE, Service};
use crate::answers;
use crate::run_tool::{KEY, token};

const OBJECT: &str = "7d1c8e0a-5a86-4b52-bb1c-3c4f3c1f9a11";
const RESOURCE_ID: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourcegroups/rg/\
                           providers/Microsoft.ManagedIdentity/userAssignedIdentities/chat";
const ARC_FILE: &str = "/var/opt/azcmagent/tokens/f0c3.key";

/// The answer of a healthy service.
pub fn answer(service: Service, asked: &Asked) -> Answer {
    // A metadata service answers whoever asks it directly, and nobody else (fact P8).
    if ["x-forwarded-for", "via", "forwarded"].iter().any(|name| asked.header(name).is_some()) {
        return Answer::json(403, &json!({ "error": "forwarded" }));
    }
    let answered = match service {
        Service::Imds => imds(asked),
        Service::AppService => app_service(asked),
        Service::Arc => arc(asked),
        Service::CloudShell => cloud_shell(asked),
        Service::MachineLearning => machine_learning(asked),
        Service::Google => google(asked),
        Service::Github => github(asked),
        Service::Target => target(asked),
        Service::Login => Err("not here".to_owned()),
    };
    answered.unwrap_or_else(|text| {
        Answer::json(400, &json!({ "error": "invalid_request", "error_description": text }))
    })
}

fn wants(holds: bool, text: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(text.to_owned()) }
}

fn known_queries(asked: &Asked, known: &[&str]) -> Result<(), String> {
    match asked.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(format!("unknown parameter {name}")),
        None => Ok(()),
    }
}

fn identity_is_here(asked: &Asked, resource_id: &str) -> Result<(), String> {
    let fits = |name: &str, id: &str| asked.query(name).is_none_or(|value| value == id);
    wants(
        fits("client_id", CLIENT) && fits("object_id", OBJECT) && fits(resource_id, RESOURCE_ID),
        "Identity not found",
    )
}

fn imds(asked: &Asked) -> Result<Answer, String> {
    wants(asked.method == "GET" && asked.path == "/metadata/identity/oauth2/token", "Not found")?;
    wants(asked.header("metadata") == Some("true"), "Required metadata header not specified")?;
    let version = asked.query("api-version").unwrap_or_default();
    wants(["2018-02-01", "2019-08-01"].contains(&version), "Bad api-version")?;
    wants(asked.query("resource") == Some(RESOURCE), "The requested resource is unknown")?;
    known_queries(
        asked,
        &["api-version", "resource", "client_id", "object_id", "msi_res_id", "mi_res_id"],
    )?;
    identity_is_here(asked, "msi_res_id")?;
    Ok(Answer::json(
        200,
        &json!({
            "access_token": token(), "client_id": CLIENT, "expires_in": "86399",
            "expires_on": "4102444800", "ext_expires_in": "86399", "not_before": "1700000000",
            "resource": RESOURCE, "token_type": "Bearer",
        }),
    ))
}

fn app_service(asked: &Asked) -> Result<Answer, String> {
    if asked.header("x-identity-header") != Some(IDENTITY_HEADER) {
        return Ok(Answer::json(401, &json!({ "statusCode": 401, "message": "Unauthorized" })));
    }
    wants(asked.method == "GET" && asked.path == "/msi/token", "Not found")?;
    wants(asked.query("api-version") == Some("2019-08-01"), "Bad api-version")?;
    wants(asked.query("resource") == Some(RESOURCE), "The requested resource is unknown")?;
    known_queries(asked, &["api-version", "resource", "client_id", "principal_id", "mi_res_id"])?;
    identity_is_here(asked, "mi_res_id")?;
    Ok(Answer::json(
        200,
        &json!({
            "access_token": token(), "expires_on": "4102444800", "resource": RESOURCE,
            "token_type": "Bearer", "client_id": CLIENT,
        }),
    ))
}

/// The challenge of Azure Arc's agent, whose file holds this.
///
/// # Errors
/// The file cannot be written.
pub fn challenge(content: &str) -> Result<Answer, String> {
    fs::write(ARC_FILE, content).map_err(|e| e.to_string())?;
    let realm = format!("Basic realm={ARC_FILE}");
    Ok(Answer::json(401, &json!({})).with("WWW-Authenticate", &realm))
}

/// Makes the challenge's file a link to another, once.
///
/// # Errors
/// It cannot be made.
pub fn linked() -> Result<(), String> {
    match std::os::unix::fs::symlink("/var/opt/azcmagent/challenge", ARC_FILE) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(e.to_string()),
        _ => Ok(()),
    }
}

fn arc(asked: &Asked) -> Result<Answer, String> {
    wants(asked.method == "GET" && asked.path == "/metadata/identity/oauth2/token", "Not found")?;
    wants(asked.header("metadata") == Some("true"), "Required metadata header not specified")?;
    let version = asked.query("api-version").unwrap_or_default();
    wants(["2019-11-01", "2020-06-01", "2021-02-01"].contains(&version), "Bad api-version")?;
    wants(asked.query("resource") == Some(RESOURCE), "The requested resource is unknown")?;
    known_queries(asked, &["api-version", "resource"])?;
    let Some(authorization) = asked.header("authorization") else {
        return challenge(ARC_CHALLENGE);
    };
    if authorization != format!("Basic {ARC_CHALLENGE}") {
        return Ok(Answer::json(403, &json!({ "error": "unauthorized_client" })));
    }
    Ok(Answer::json(
        200,
        &json!({
            "access_token": token(), "expires_on": "4102444800", "expires_in": "86400",
            "not_before": "1700000000", "resource": RESOURCE, "token_type": "Bearer",
        }),
    ))
}

fn cloud_shell(asked: &Asked) -> Result<Answer, String> {
    wants(asked.method == "POST" && asked.path == "/oauth2/token", "Not found")?;
    wants(asked.header("metadata") == Some("true"), "Required metadata header not specified")?;
    wants(asked.form("resource") == Some(RESOURCE), "The requested resource is unknown")?;
    wants(asked.form.len() == 1, "unknown field")?;
    Ok(Answer::json(
        200,
        &json!({
            "access_token": token(), "expires_in": "3599", "expires_on": "4102444800",
            "not_before": "1700000000", "resource": RESOURCE, "token_type": "Bearer",
        }),
    ))
}

fn machine_learning(asked: &Asked) -> Result<Answer, String> {
    if asked.header("secret") != Some(MSI_SECRET) {
        return Ok(Answer::json(401, &json!({ "statusCode": 401, "message": "Unauthorized" })));
    }
    wants(asked.method == "GET" && asked.path == "/MSI/auth", "Not found")?;
    wants(asked.header("metadata").is_none(), "unknown header Metadata")?;
    wants(asked.query("api-version") == Some("2017-09-01"), "Bad api-version")?;
    wants(asked.query("resource") == Some(RESOURCE), "The requested resource is unknown")?;
    known_queries(asked, &["api-version", "resource", "clientid"])?;
    wants(asked.query("clientid").is_none_or(|id| id == CLIENT), "No such identity")?;
    Ok(Answer::json(
        200,
        &json!({
            "access_token": token(), "expires_on": "4102444800", "resource": RESOURCE,
            "token_type": "Bearer",
        }),
    ))
}

fn google(asked: &Asked) -> Result<Answer, String> {
    let path = "/computeMetadata/v1/instance/service-accounts/default/identity";
    if asked.header("metadata-flavor") != Some("Google") {
        return Ok(Answer { status: 403, headers: Vec::new(), body: "Forbidden".to_owned() });
    }
    wants(asked.method == "GET" && asked.path == path, "Not found")?;
    wants(
        ["metadata.google.internal", "169.254.169.254"]
            .contains(&asked.header("host").unwrap_or_default()),
        "unknown host",
    )?;
    wants(asked.query("audience") == Some(EXCHANGE), "non-empty audience parameter required")?;
    known_queries(asked, &["audience", "format", "licenses"])?;
    let (issuer, subject) = FEDERATED[1];
    let answer = Answer {
        status: 200,
        headers: vec![("Content-Type", "text/html".to_owned())],
        body: assertion(issuer, subject),
    };
    Ok(answer.with("Metadata-Flavor", "Google").with("Server", "Metadata Server for VM"))
}

fn github(asked: &Asked) -> Result<Answer, String> {
    if asked.header("authorization") != Some(&format!("Bearer {GITHUB_REQUEST}")) {
        return Ok(Answer::json(401, &json!({ "message": "Unauthorized" })));
    }
    wants(asked.method == "GET" && asked.path == "/53//idtoken/8e3d/1f60", "Not found")?;
    wants(asked.query("api-version") == Some("2.0"), "Bad api-version")?;
    wants(asked.query("audience") == Some(EXCHANGE), "Bad audience")?;
    let (issuer, subject) = FEDERATED[2];
    Ok(Answer::json(200, &json!({ "count": 1857, "value": assertion(issuer, subject) })))
}

fn target(asked: &Asked) -> Result<Answer, String> {
    let bearer = format!("Bearer {}", token());
    wants(
        asked.header("api-key") == Some(KEY) || asked.header("authorization") == Some(&bearer),
        "Access denied",
    )?;
    wants(asked.method == "GET" && asked.path == "/openai/models", "Not found")?;
    let answer = Answer {
        status: 200,
        headers: answers::FRONT_HEADERS.iter().map(|(n, v)| (*n, (*v).to_owned())).collect(),
        body: answers::MODELS.to_owned(),
    };
    Ok(answer.with("Content-Type", "application/json").with("x-ms-region", "East US"))
}
