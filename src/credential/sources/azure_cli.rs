//! The account that the Azure CLI is logged in with, in the tenant that it is logged in to
//! (facts I12, I12b).

use std::sync::Arc;

use azure_identity::{AzureCliCredential, AzureCliCredentialOptions, Executor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Detected, Source, chain};
use crate::credential::program::{Program, ProgramFlow, SdkCredential};
use crate::secret::Secret;

pub(super) const SOURCE: Source = Source {
    name: "azure-cli",
    title: "the account of `az login`; only when named",
    only_when_named: true,
    detect: |_| Some(Detected::flow(AZ.name, ProgramFlow(&AZ))),
    class: Some(chain::AZURE_CLI),
    ..Source::BASE
};

const AZ: Program = Program {
    name: "az",
    credential: |executor: Arc<dyn Executor>| -> SdkCredential {
        Ok(AzureCliCredential::new(Some(AzureCliCredentialOptions {
            executor: Some(executor),
            ..AzureCliCredentialOptions::default()
        }))?)
    },
    passed: &[],
    set: &[],
    token,
    error: |_| None,
};

/// What is read of an answer.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "accessToken")]
    access_token: String,
    /// A null is distinguished from an absent field: the SDKs read the other field only where
    /// this one is absent.
    #[serde(default, deserialize_with = "present")]
    expires_on: Option<Value>,
    #[serde(rename = "expiresOn")]
    expires: Option<String>,
}

fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// The token in an answer, where the SDK for Python takes it: with `expires_on` as a number, also
/// within quotes, else with `expiresOn` (fact I12a). The SDK for Rust wants `tokenType` and a
/// number for `expires_on`.
fn token(stdout: &[u8]) -> Option<Secret> {
    let answer: Answer = serde_json::from_slice(stdout).ok()?;
    let token = Secret::new(answer.access_token);
    let taken = match &answer.expires_on {
        Some(Value::Number(_)) => true,
        Some(Value::String(text)) => text.trim().parse::<i64>().is_ok(),
        Some(_) => false,
        None => answer.expires.as_deref().is_some_and(is_local_time),
    };
    let whole = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic());
    (taken && whole(token.expose())).then_some(token)
}

/// Whether a text has the form `2099-12-31 00:00:00.000000`.
fn is_local_time(text: &str) -> bool {
    let form: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let fraction = form.strip_prefix("0000-00-00 00:00:00.");
    fraction.is_some_and(|digits| (1..=6).contains(&digits.len()) && !digits.contains(|c| c != '0'))
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn a_token_is_taken_where_the_sdk_for_python_takes_it() {
        let taken = |rest: &str| {
            let answer = format!("{{\"accessToken\": \"canary\"{rest}}}");
            token(answer.as_bytes()).map(|token| token.expose().to_owned())
        };
        for good in [
            r#", "expiresOn": "2099-12-31 00:00:00.000000", "tokenType": "Bearer""#,
            r#", "expires_on": 4102444800"#,
            r#", "expires_on": "4102444800""#,
            r#", "expires_on": 4102444800, "expiresOn": "soon""#,
        ] {
            assert_eq!(taken(good).as_deref(), Some("canary"), "{good}");
        }
        for bad in [
            "",
            r#", "expiresOn": "2099-12-31 00:00:00""#,
            r#", "expires_on": null, "expiresOn": "2099-12-31 00:00:00.000000""#,
            r#", "expires_on": "soon", "expiresOn": "2099-12-31 00:00:00.000000""#,
        ] {
            assert_eq!(taken(bad), None, "{bad}");
        }
        assert!(token(br#"{"accessToken": "", "expires_on": 4102444800}"#).is_none());
    }
}
