//! The account that the Azure Developer CLI is logged in with (facts I34, I34a). Its login is not
//! that of `az` (fact I13).

use std::sync::Arc;

use azure_identity::{AzureDeveloperCliCredential, AzureDeveloperCliCredentialOptions, Executor};
use serde_json::Value;

use super::{Detected, Source, chain};
use crate::credential::program::{Program, ProgramFlow, SdkCredential};

pub(super) const SOURCE: Source = Source {
    name: "azure-developer-cli",
    title: "the account of `azd auth login`; only when named",
    secret_variables: &["AZD_AUTH_KEY"],
    only_when_named: true,
    detect: |_| Some(Detected::flow(AZD.name, ProgramFlow(&AZD))),
    class: Some(chain::AZURE_DEVELOPER_CLI),
    ..Source::BASE
};

const AZD: Program = Program {
    name: "azd",
    credential: |executor: Arc<dyn Executor>| -> SdkCredential {
        Ok(AzureDeveloperCliCredential::new(Some(AzureDeveloperCliCredentialOptions {
            executor: Some(executor),
            ..AzureDeveloperCliCredentialOptions::default()
        }))?)
    },
    passed: &[
        // Where it keeps its login.
        "AZD_CONFIG_DIR",
        "AZD_IN_CLOUDSHELL",
        // The login that an editor lends it.
        "AZD_AUTH_ENDPOINT",
        "AZD_AUTH_KEY",
        "AZD_AUTH_CERT",
        "AZURE_DEV_COLLECT_TELEMETRY",
    ],
    // As the SDK for Python runs it: errors without colours.
    set: &[("NO_COLOR", "true")],
    // Both SDKs want the same two fields.
    token: |_| None,
    error,
};

/// The error in what it prints with `--output json`: the field `error` since 1.23.7, before that
/// `data.message` of its first message that holds a text (fact I34a).
fn error(printed: &str) -> Option<String> {
    // One object a line, or one that is indented.
    let whole = serde_json::from_slice::<Value>(printed.as_bytes()).ok();
    let lines =
        || printed.lines().filter_map(|line| serde_json::from_slice::<Value>(line.as_bytes()).ok());
    let objects = || whole.clone().into_iter().chain(lines());
    let text = |at: &'static str| {
        objects().find_map(|object| {
            let text = object.pointer(at)?.as_str()?.trim().to_owned();
            (!text.is_empty()).then_some(text)
        })
    };
    text("/error").or_else(|| text("/data/message"))
}

#[cfg(test)]
mod tests {
    use super::error;

    #[test]
    fn an_error_is_read_in_each_form_that_versions_print() {
        let message = |text: &str| {
            format!(r#"{{"type":"consoleMessage","timestamp":"t","data":{{"message":"{text}"}}}}"#)
        };
        let structured = r#"{"error":"not logged in","message":"m","suggestion":"s"}"#;
        assert_eq!(error(structured).as_deref(), Some("not logged in"));
        let indented = "{\n  \"error\": \"not logged in\"\n}\n";
        assert_eq!(error(indented).as_deref(), Some("not logged in"));
        let both = format!("{}\n{structured}\n", message(""));
        assert_eq!(error(&both).as_deref(), Some("not logged in"));
        let legacy = message("\\nERROR: fetching token: not logged in\\n");
        assert_eq!(error(&legacy).as_deref(), Some("ERROR: fetching token: not logged in"));
        assert_eq!(error("ERROR: plain words"), None);
    }
}
