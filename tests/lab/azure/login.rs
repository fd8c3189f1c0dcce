//! Entra ID's token endpoint for a client secret, and the metadata service of this machine.

use serde_json::json;

use super::http::{Asked, Reply};
use super::token::AUDIENCES;
use super::{CLIENT, CLIENT_SECRET, Mock, TENANT};

/// The path of a machine's tokens.
const TOKENS: &str = "/metadata/identity/oauth2/token";
/// The path of what a machine is.
const INSTANCE: &str = "/metadata/instance";

/// Whether a token for Resource Manager is wanted, or what this machine is.
pub fn is_for_resource_manager(asked: &Asked) -> bool {
    let scope = asked.form("scope");
    let of_scope = scope.as_deref().and_then(|scope| scope.strip_suffix("/.default"));
    let audience = of_scope.or(asked.query("resource"));
    audience.is_some_and(|audience| AUDIENCES.contains(&audience)) || asked.path == INSTANCE
}

/// The answer of the login host.
pub fn answer(asked: &Asked, mock: &Mock) -> Reply {
    let refused = |code: u32, text: &str| {
        Reply::json(
            400,
            &json!({
                "error": "invalid_request", "error_codes": [code],
                "error_description": format!("AADSTS{code}: {text} Trace ID: 0f0e0d0c"),
            }),
        )
    };
    if asked.path != format!("/{TENANT}/oauth2/v2.0/token") || asked.method != "POST" {
        return Reply::json(404, &json!({}));
    }
    let form = |name: &str| asked.form(name).unwrap_or_default();
    if form("client_id") != CLIENT || form("client_secret") != CLIENT_SECRET {
        return refused(7_000_215, "Invalid client secret provided.");
    }
    let scope = form("scope");
    let Some(audience) = scope.strip_suffix("/.default") else {
        return refused(70_011, "The provided value for the input parameter 'scope' is not valid.");
    };
    Reply::json(
        200,
        &json!({
            "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599,
            "access_token": mock.token(audience),
        }),
    )
}

/// What the metadata service answers where this machine has no identity that could be meant
/// (facts I8, I8a); none where it has one.
pub fn without_identity(asked: &Asked, mock: &Mock) -> Option<Reply> {
    if asked.path != TOKENS {
        return None;
    }
    let refused = |text: &str| {
        Some(Reply::json(400, &json!({ "error": "invalid_request", "error_description": text })))
    };
    let own = mock.identities()?;
    let named = ["client_id", "object_id", "principal_id", "msi_res_id", "mi_res_id"]
        .into_iter()
        .find_map(|name| asked.query(name));
    let is_known = |id: &str| !mock.unknown_identities.iter().any(|unknown| unknown == id);
    let is = |named: &str| {
        let mut all = own.users.iter().flatten().chain(&own.system);
        all.any(|id| id.eq_ignore_ascii_case(named) && is_known(id))
    };
    match named {
        Some(named) if is(named) => None,
        None if own.system.is_some() || own.users.len() == 1 => None,
        None if own.users.len() > 1 => refused(
            "Multiple user assigned identities exist, please specify the clientId / resourceId of \
             the identity in the token request",
        ),
        _ => refused("Identity not found"),
    }
}

/// The answer of the metadata service (fact C47): strings alone, and no id of a network.
pub fn metadata(asked: &Asked, mock: &Mock) -> Reply {
    let forwarded = asked.header("x-forwarded-for").is_some();
    if forwarded || asked.header("metadata") != Some("true") {
        return Reply::json(
            400,
            &json!({ "error": "Bad request. Required metadata header not \
            specified, or the request was forwarded." }),
        );
    }
    if let Some(refused) = without_identity(asked, mock) {
        return refused;
    }
    if asked.path == TOKENS && asked.method == "GET" {
        let resource = asked.query("resource").unwrap_or_default();
        return Reply::json(
            200,
            &json!({
                "access_token": mock.token(resource), "client_id": CLIENT,
                "expires_in": "86399", "expires_on": "4102444800", "resource": resource,
                "token_type": "Bearer",
            }),
        );
    }
    if asked.path != INSTANCE || asked.method != "GET" || !mock.metadata {
        return Reply::json(404, &json!({ "error": "Not found" }));
    }
    let Some((id, address)) = mock.this_machine() else {
        return Reply::json(404, &json!({ "error": "Not found" }));
    };
    let part = |at: usize| id.split('/').nth(at).unwrap_or_default().to_owned();
    Reply::json(
        200,
        &json!({
            "compute": {
                "azEnvironment": "AzurePublicCloud", "location": "eastus", "name": part(8),
                "resourceGroupName": part(4), "resourceId": id, "subscriptionId": part(2),
                "vmId": "2f0e9c1d-0b0a-4f0e-8d0c-1a2b3c4d5e6f", "vmScaleSetName": "",
                "tags": "owner:canary-ann@contoso.example", "tagsList": [],
                "userData": "canary-user-data", "osProfile": { "adminUsername": "canary-admin" },
            },
            "network": { "interface": [{
                "ipv4": {
                    "ipAddress": [{ "privateIpAddress": address, "publicIpAddress": "" }],
                    "subnet": [{ "address": "10.1.0.0", "prefix": "24" }],
                },
                "ipv6": { "ipAddress": [] }, "macAddress": "000D3A1B2C3D",
            }]},
        }),
    )
}
