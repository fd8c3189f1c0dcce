//! What the errors of Resource Manager say (facts C14, C36 to C41).

use serde_json::Value;

use crate::evidence::azure::{Answer, Refusal};
use crate::evidence::text::clean;

/// The longest code or version that is kept.
const WORD: usize = 100;

/// `error.code` and `error.message` of a body; of the first detail's code for a query.
pub(super) fn code_and_message(body: &Value) -> (String, String) {
    let error = body.get("error").unwrap_or(body);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let detail = error.get("details").and_then(|list| list.get(0)).and_then(|d| d.get("code"));
    let code = match detail.and_then(Value::as_str) {
        Some("NoValidSubscriptionsInQueryRequest") => {
            "NoValidSubscriptionsInQueryRequest".to_owned()
        }
        _ => text(error.get("code")),
    };
    (clean(&code, WORD), text(error.get("message")))
}

/// The codes of a 404 that say that there is nothing at an id (fact C39); a front or a proxy has
/// other words for a path that it does not serve.
const ABSENT: &[&str] = &[
    "NotFound",
    "ParentResourceNotFound",
    "ResourceGroupNotFound",
    "ResourceNotFound",
    "SubscriptionNotFound",
];

/// The answer that a refusal is.
pub(super) fn answer<T>(status: u16, body: &Value) -> Answer<T> {
    let (code, message) = code_and_message(body);
    match (status, code.as_str()) {
        (_, "NoValidSubscriptionsInQueryRequest") => Answer::NotVisible,
        (404, code) if ABSENT.contains(&code) => Answer::Absent,
        (401 | 403, _) => Answer::Refused {
            refusal: Refusal {
                action: quoted_after(&message, "perform action '"),
                scope: quoted_after(&message, "over scope '"),
                tenant: tenant_of_subscription(&code, &message),
                code,
            },
        },
        (429, _) => Answer::Failed {
            message: "Resource Manager limits this caller's reads (429)".to_owned(),
        },
        (status, "") => Answer::Failed { message: format!("status {status}") },
        (status, code) => Answer::Failed { message: format!("status {status}, {code}") },
    }
}

/// The tenant of the subscription that was asked about (fact C38): Resource Manager names it to a
/// caller of another one.
fn tenant_of_subscription(code: &str, message: &str) -> Option<String> {
    if code != "InvalidAuthenticationTokenTenant" {
        return None;
    }
    let issuer = quoted_after(message, "must match the tenant '")?;
    let tenant = issuer.trim_end_matches('/').rsplit('/').next()?;
    let is_guid = tenant.len() == 36 && tenant.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_guid.then(|| tenant.to_ascii_lowercase())
}

/// The newest version without `-preview` that the refusal of an unknown one names.
pub(super) fn supported_version(status: u16, body: &Value) -> Option<String> {
    let (code, message) = code_and_message(body);
    if !matches!(
        (status, code.as_str()),
        (400, "NoRegisteredProviderFound" | "InvalidApiVersionParameter")
            | (404, "InvalidResourceType")
    ) {
        return None;
    }
    let versions = quoted_after(&message, "supported api-versions are '")
        .or_else(|| quoted_after(&message, "supported versions are '"))?;
    let stable = versions.split(',').map(str::trim).filter(|version| version.len() == 10);
    stable.max().map(str::to_owned)
}

/// The text from `start` to the next quote.
fn quoted_after(message: &str, start: &str) -> Option<String> {
    let lower = message.to_ascii_lowercase();
    let at = lower.find(&start.to_ascii_lowercase())?.checked_add(start.len())?;
    let rest = message.get(at..)?;
    let text = &rest[..rest.find('\'')?];
    (!text.is_empty()).then(|| clean(text, 1000))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_names_action_and_scope_and_not_the_caller() {
        let body = json!({"error": {"code": "AuthorizationFailed", "message":
            "The client 'ann@contoso.example' with object id '1' does not have authorization to \
             perform action 'Microsoft.Network/privateDnsZones/read' over scope '/subscriptions/s' \
             or the scope is invalid. If access was recently granted, please refresh your \
             credentials."}});
        let Answer::Refused { refusal } = answer::<()>(403, &body) else { panic!() };
        assert_eq!(refusal.action.as_deref(), Some("Microsoft.Network/privateDnsZones/read"));
        assert_eq!(refusal.scope.as_deref(), Some("/subscriptions/s"));
        assert!(!format!("{refusal:?}").contains("ann@"), "{refusal:?}");
    }

    #[test]
    fn a_token_of_another_tenant_learns_the_right_one() {
        let body = json!({"error": {"code": "InvalidAuthenticationTokenTenant", "message":
            "The access token is from the wrong issuer 'https://sts.windows.net/\
             22222222-0000-0000-0000-000000000000/'. It must match the tenant \
             'https://sts.windows.net/11111111-0000-0000-0000-00000000000A/' associated with this \
             subscription."}});
        let Answer::Refused { refusal } = answer::<()>(401, &body) else { panic!() };
        assert_eq!(refusal.tenant.as_deref(), Some("11111111-0000-0000-0000-00000000000a"));
    }

    #[test]
    fn an_absence_is_the_word_of_resource_manager_alone() {
        assert_eq!(
            answer::<()>(404, &json!({"error": {"code": "ResourceNotFound"}})),
            Answer::Absent
        );
        for other in [json!(null), json!({"error": {"code": "InvalidResourceType"}})] {
            let answer = answer::<()>(404, &other);
            assert!(matches!(answer, Answer::Failed { .. }), "{other}: {answer:?}");
        }
        let none = json!({"error": {"code": "BadRequest", "details":
            [{"code": "NoValidSubscriptionsInQueryRequest"}]}});
        assert_eq!(answer::<()>(400, &none), Answer::NotVisible);
        assert_eq!(answer::<()>(403, &none), Answer::NotVisible);
    }

    #[test]
    fn the_newest_stable_version_is_taken() {
        let body = json!({"error": {"code": "NoRegisteredProviderFound", "message":
            "No registered resource provider found for location 'x' and API version 'y' for type \
             'z'. The supported api-versions are '2019-05-01, 2023-05-01, 2024-01-01-preview'."}});
        assert_eq!(supported_version(400, &body).as_deref(), Some("2023-05-01"));
        assert_eq!(supported_version(404, &body), None);
    }
}
