//! What findings say of each credential source, and of it alone: one row a source. The rules see
//! evidence and nothing else, so this is the only place of theirs that knows sources by name.

use super::platform;
use super::program::{AZ, AZD, Program};
use crate::diagnose::FindingBuilder;
use crate::diagnosis::Step;

/// A source, as findings need it.
pub(super) struct Profile {
    /// Its name for `--credential`.
    name: &'static str,
    /// What evidence calls it where it is configured. What a machine has by itself is not
    /// configured by a user and is not here.
    label: Option<&'static str>,
    /// The program that prints its token.
    program: Option<&'static Program>,
    /// Whether the platform sets a part of its variables by itself.
    pub(super) platform_sets_part: bool,
    /// Whether `DefaultAzureCredential` for Python ends at a variable of it that is set and empty;
    /// it goes on where one is not set (fact I2a).
    pub(super) empty_breaks_sdk: bool,
    /// Whether openai for Python sends its variable, set and empty, in place of a key (fact I111).
    pub(super) empty_is_sent: bool,
    /// Whether this machine signs its assertion, with the times of its own clock.
    pub(super) signs_assertion: bool,
    /// Whether the platform chooses the identity where none is named.
    pub(super) is_managed: bool,
    /// Whether applications may ask a cluster's token proxy in place of Entra ID (fact I4a).
    pub(super) has_token_proxy: bool,
    /// Owner and steps where it could not be asked for.
    pub(super) not_asked: fn(FindingBuilder, label: &str) -> FindingBuilder,
    /// Steps where it is configured in part; none where the variables alone say what to do.
    pub(super) incomplete: Option<fn(FindingBuilder) -> FindingBuilder>,
}

const BASE: Profile = Profile {
    name: "",
    label: None,
    program: None,
    platform_sets_part: false,
    empty_breaks_sdk: false,
    empty_is_sent: false,
    signs_assertion: false,
    is_managed: false,
    has_token_proxy: false,
    not_asked: |finding, label| {
        finding
            .owner("Application")
            .step(Step::inspect(format!(
                "see what {label} names: the file must exist and be readable"
            )))
            .step(Step::inspect("check that AZURE_TENANT_ID and AZURE_CLIENT_ID are bare ids"))
    },
    incomplete: None,
};

const PROFILES: &[Profile] = &[
    Profile { name: "api-key-file", ..BASE },
    Profile { name: "token-file", ..BASE },
    Profile { name: "api-key", label: Some("AZURE_OPENAI_API_KEY"), ..BASE },
    Profile { name: "token", label: Some("AZURE_OPENAI_AD_TOKEN"), empty_is_sent: true, ..BASE },
    Profile { name: "assertion-file", ..BASE },
    Profile {
        name: "client-secret",
        label: Some("AZURE_CLIENT_SECRET"),
        empty_breaks_sdk: true,
        ..BASE
    },
    Profile {
        name: "client-certificate",
        label: Some("AZURE_CLIENT_CERTIFICATE_PATH"),
        empty_breaks_sdk: true,
        signs_assertion: true,
        not_asked: |finding, _| {
            finding
                .owner("Application")
                .inspect(
                    "see what the file holds (never its key)",
                    "openssl x509 -noout -subject -enddate -in \"$AZURE_CLIENT_CERTIFICATE_PATH\"",
                )
                .or_inspect(
                    "where it is PKCS#12 (asks for its password)",
                    "openssl pkcs12 -info -nokeys -in \"$AZURE_CLIENT_CERTIFICATE_PATH\"",
                )
                .step(Step::local(
                    "write one file, PEM or PKCS#12, with the certificate and its RSA key, that \
                     only its owner can read; its password goes into \
                     AZURE_CLIENT_CERTIFICATE_PASSWORD",
                ))
        },
        ..BASE
    },
    Profile {
        name: "workload-identity",
        label: Some("AZURE_FEDERATED_TOKEN_FILE"),
        has_token_proxy: true,
        not_asked: |finding, _| {
            finding
                .owner("Azure platform")
                .inspect(
                    "see what the pod got",
                    "kubectl get pod <pod> -n <namespace> -o yaml | grep -A3 -e azure.workload \
                     -e AZURE_",
                )
                .step(platform::annotate_service_account())
                .step(platform::label_pod())
        },
        incomplete: Some(|finding| {
            finding.step(platform::annotate_service_account()).step(platform::label_pod())
        }),
        ..BASE
    },
    Profile {
        name: "github-actions",
        label: Some("ACTIONS_ID_TOKEN_REQUEST_URL"),
        platform_sets_part: true,
        ..BASE
    },
    Profile { name: "google", label: Some("the Google metadata server"), ..BASE },
    Profile {
        name: "managed-identity",
        label: Some("IDENTITY_ENDPOINT"),
        is_managed: true,
        not_asked: |finding, _| {
            finding.owner("Azure platform").step(Step::inspect(
                "check that the variable is the platform's own, not the name of a proxy or sidecar",
            ))
        },
        incomplete: Some(|finding| {
            finding
                .step(Step::local("start the process with the platform's whole environment"))
                .step(Step::inspect(
                    "see whether the app has an identity at all: without one, the platform sets \
                     none of these variables",
                ))
        }),
        ..BASE
    },
    Profile { name: "azure-cli", program: Some(&AZ), ..BASE },
    Profile { name: "azure-developer-cli", program: Some(&AZD), ..BASE },
];

/// The profile of a source. A report may name one that is not known here.
pub(super) fn profile(name: &str) -> &'static Profile {
    PROFILES.iter().find(|profile| profile.name == name).unwrap_or(&BASE)
}

/// The program behind a source.
pub(super) fn program(name: &str) -> Option<&'static Program> {
    profile(name).program
}

/// The name for `--credential` of a source that evidence calls `label`.
pub(super) fn name_of(label: &str) -> Option<&'static str> {
    PROFILES.iter().find(|profile| profile.label == Some(label)).map(|profile| profile.name)
}

#[cfg(test)]
mod tests {
    use super::PROFILES;
    use crate::credential::SOURCES;

    #[test]
    fn each_source_has_its_profile() {
        let profiles: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        let sources: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
        assert_eq!(profiles, sources);
    }
}
