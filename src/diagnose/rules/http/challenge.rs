//! The challenge of a 401 (RFC 9110, section 11.6.1) that names the tenant and the resource whose
//! tokens are taken (fact G10).

use crate::evidence::http::HttpAnswer;

/// A parameter of the Bearer challenge.
fn parameter<'a>(answer: &'a HttpAnswer, name: &str) -> Option<&'a str> {
    let challenge = answer.header("www-authenticate")?;
    let (scheme, parameters) = challenge.trim_start().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    // Storage separates them by blanks alone (fact Z24).
    parameters.split([',', ' ']).find_map(|one| {
        let (key, value) = one.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"'))
    })
}

/// The tenant whose tokens are taken: the last part of the authority's URL, where it is an id.
pub(in crate::diagnose::rules) fn tenant(answer: &HttpAnswer) -> Option<&str> {
    let authority = parameter(answer, "authorization");
    let authority = authority.or_else(|| parameter(answer, "authorization_uri"))?;
    let authority = authority.trim_end_matches('/').trim_end_matches("/oauth2/authorize");
    let tenant = authority.rsplit('/').next()?;
    (super::refusal_match::tenants(tenant).next() == Some(tenant)).then_some(tenant)
}

/// The audience of the tokens that are taken.
pub(in crate::diagnose::rules) fn resource(answer: &HttpAnswer) -> Option<&str> {
    let resource = parameter(answer, "resource").or_else(|| parameter(answer, "resource_id"));
    resource.filter(|resource| resource.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::http::Header;

    fn answer(challenge: &str) -> HttpAnswer {
        HttpAnswer {
            status: 401,
            headers: vec![Header {
                name: "www-authenticate".to_owned(),
                value: challenge.to_owned(),
            }],
            error: None,
            models: None,
            payload: None,
            body_bytes: 0,
            body_complete: true,
            body_excerpt: None,
        }
    }

    #[test]
    fn a_challenge_names_tenant_and_audience() {
        let id = "12345678-1234-1234-1234-123456789012";
        let vault = answer(&format!(
            "Bearer authorization=\"https://login.windows.net/{id}\", \
             resource=\"https://vault.azure.net\""
        ));
        assert_eq!(tenant(&vault), Some(id));
        assert_eq!(resource(&vault), Some("https://vault.azure.net"));
        let storage = answer(&format!(
            "Bearer authorization_uri=https://login.microsoftonline.com/{id}/oauth2/authorize \
             resource_id=https://storage.azure.com"
        ));
        assert_eq!(tenant(&storage), Some(id));
        assert_eq!(resource(&storage), Some("https://storage.azure.com"));
        for other in [
            "Basic realm=\"x\"",
            "Bearer",
            "Bearer authorization=\"https://login.windows.net/common\"",
            "Bearer authorization=\"\"",
        ] {
            assert_eq!(tenant(&answer(other)), None, "{other}");
        }
    }
}
