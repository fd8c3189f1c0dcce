//! The refusals of Resource Manager, in its own words (facts C14, C36 to C41).

use serde_json::{Value, json};

use super::http::Reply;
use super::resources::MAIL;

fn framed(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": { "code": code, "message": message } }))
}

/// C36.
pub fn wrong_audience(audience: &str) -> Reply {
    framed(
        401,
        "InvalidAuthenticationTokenAudience",
        &format!(
            "The access token has been obtained for wrong audience or resource '{audience}'. It should \
         exactly match with one of the allowed audiences 'https://management.core.windows.net/',\
         'https://management.core.windows.net','https://management.azure.com/',\
         'https://management.azure.com'."
        ),
    )
}

/// C36: the token itself.
pub fn no_token() -> Reply {
    framed(
        401,
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
    )
}

pub fn invalid_token() -> Reply {
    framed(401, "InvalidAuthenticationToken", "The access token is invalid.")
}

pub fn expired_token() -> Reply {
    framed(
        401,
        "ExpiredAuthenticationToken",
        "The access token expiry UTC time '6/1/2026 11:00:00 AM' is earlier than current UTC time \
         '6/1/2026 12:00:00 PM'.",
    )
}

/// C37.
pub fn forbidden(object_id: &str, action: &str, scope: &str) -> Reply {
    framed(
        403,
        "AuthorizationFailed",
        &format!(
            "The client '{MAIL}' with object id '{object_id}' does not have authorization to perform \
         action '{action}' over scope '{scope}' or the scope is invalid. If access was recently \
         granted, please refresh your credentials."
        ),
    )
}

/// C38.
pub fn wrong_tenant(own: &str, wanted: &str) -> Reply {
    framed(
        401,
        "InvalidAuthenticationTokenTenant",
        &format!(
            "The access token is from the wrong issuer 'https://sts.windows.net/{own}/'. It must match \
         the tenant 'https://sts.windows.net/{wanted}/' associated with this subscription. Please \
         use the authority (URL) 'https://login.windows.net/{wanted}' to get the token."
        ),
    )
}

/// C39.
pub fn not_found(kind: &str, name: &str, group: &str) -> Reply {
    framed(
        404,
        "ResourceNotFound",
        &format!(
            "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more \
         details please go to https://aka.ms/ARMResourceNotFoundFix"
        ),
    )
}

/// C39, of a child: each provider has words of its own.
pub fn child_not_found(id: &str) -> Reply {
    framed(404, "NotFound", &format!("Resource {id} not found."))
}

pub fn no_group(group: &str) -> Reply {
    framed(404, "ResourceGroupNotFound", &format!("Resource group '{group}' could not be found."))
}

pub fn no_subscription(id: &str) -> Reply {
    framed(404, "SubscriptionNotFound", &format!("The subscription '{id}' could not be found."))
}

/// C40.
pub fn private_link_restricted() -> Reply {
    framed(
        403,
        "PrivateLinkAccessRestricted",
        "Request originated from private virtual network for resource '/subscriptions', but this \
         resource can not be accessed from a private endpoint.",
    )
}

/// C40.
pub fn public_restricted() -> Reply {
    framed(
        403,
        "PublicNetworkAccessRestricted",
        "Request originated from public network for resource '/subscriptions', but public network \
         access to this resource is disabled.",
    )
}

/// C41.
pub fn throttled() -> Reply {
    framed(
        429,
        "TooManyRequests",
        "The request is being throttled as the limit has been reached for operation type - Read.",
    )
    .with("Retry-After", "1")
    .with("x-ms-ratelimit-remaining-subscription-reads", "0")
}

/// C13.
pub fn graph_throttled() -> Reply {
    framed(
        429,
        "RateLimiting",
        "Please provide below info when asking for support: timestamp = 2026-06-01T12:00:00Z, \
         correlationId = 5a0f2f3c-8d0e-4b57-9f57-3f1d2c1b0a99.",
    )
    .with("Retry-After", "1")
    .with("x-ms-user-quota-remaining", "0")
    .with("x-ms-user-quota-resets-after", "00:00:01")
}

pub fn no_version() -> Reply {
    framed(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )
}

/// A version that a provider has not.
pub fn unknown_version(kind: &str, version: &str, supported: &[&str]) -> Reply {
    let (_, name) = kind.split_once('/').unwrap_or(("", kind));
    framed(
        400,
        "NoRegisteredProviderFound",
        &format!(
            "No registered resource provider found for location 'eastus' and API version '{version}' \
         for type '{name}'. The supported api-versions are '{}'. The supported locations are \
         'eastus, westeurope'.",
            supported.join(", ")
        ),
    )
}

/// A type that a provider has not.
pub fn unknown_type(kind: &str, version: &str) -> Reply {
    let (namespace, name) = kind.split_once('/').unwrap_or(("", kind));
    framed(
        404,
        "InvalidResourceType",
        &format!(
            "The resource type '{name}' could not be found in the namespace '{namespace}' for api \
         version '{version}'. The supported api-versions are '2015-01-01'."
        ),
    )
}

pub fn no_method(method: &str) -> Reply {
    framed(405, "HttpMethodNotAllowed", &format!("The method '{method}' is not allowed."))
}

pub fn bad_request(message: &str) -> Reply {
    framed(400, "BadRequest", message)
}

/// A query that Resource Graph cannot read.
pub fn bad_query(details: Value) -> Reply {
    Reply::json(
        400,
        &json!({ "error": {
            "code": "BadRequest",
            "message": "Please provide below info when asking for support: timestamp = \
                        2026-06-01T12:00:00Z, correlationId = 5a0f2f3c-8d0e-4b57-9f57-3f1d2c1b0a99.",
            "details": details,
        }}),
    )
}

/// C14.
pub fn no_subscriptions(given: &[String]) -> Reply {
    bad_query(json!([{
        "code": "NoValidSubscriptionsInQueryRequest",
        "message": format!(
            "There must be at least one subscription that is eligible to contain resources. \
             Given: '{}'.",
            given.join(",")
        ),
    }]))
}
