//! The sources of a credential: their order, and which of them are configured. Pure: no file is
//! read, no program runs, nobody is contacted.

use std::time::Duration;

use super::ways::{self, Endpoint, Machine, Proof, Way};
use crate::evidence::identity::Configured;
use crate::world::Environment;

/// The variable that the Azure SDKs read an API key from.
pub const API_KEY_VARIABLE: &str = "AZURE_OPENAI_API_KEY";
/// The variable that the Azure SDKs read a ready token from.
pub const TOKEN_VARIABLE: &str = "AZURE_OPENAI_AD_TOKEN";

/// One way to get a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The word for `--credential`.
    pub name: &'static str,
    /// What it is, for lists.
    pub title: &'static str,
}

/// Every source, in the order in which `auto` tries them; the first that is configured is taken.
pub const SOURCES: &[Source] = &[
    Source { name: "api-key-file", title: "an API key from --api-key-file" },
    Source { name: "token-file", title: "an Entra token from --token-file" },
    Source { name: "api-key", title: "an API key from AZURE_OPENAI_API_KEY" },
    Source { name: "token", title: "an Entra token from AZURE_OPENAI_AD_TOKEN" },
    Source { name: "assertion-file", title: "an assertion from --assertion-file" },
    Source { name: "client-secret", title: "an application with AZURE_CLIENT_SECRET" },
    Source {
        name: "client-certificate",
        title: "an application with AZURE_CLIENT_CERTIFICATE_PATH",
    },
    Source { name: "workload-identity", title: "a pod with AZURE_FEDERATED_TOKEN_FILE" },
    Source { name: "github-actions", title: "a job of GitHub Actions with id-token: write" },
    Source { name: "google", title: "a service account of Google Cloud" },
    Source { name: "managed-identity", title: "a managed identity of the platform" },
    Source { name: "azure-cli", title: "the account of `az login`; only when named" },
];

/// What the user wants to be called as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Choice {
    /// The first configured source.
    #[default]
    Auto,
    /// No credential.
    None,
    /// The source of this name.
    Named(String),
}

/// Where credentials may come from.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `--credential`.
    pub choice: Choice,
    /// `--api-key-file`.
    pub api_key_file: Option<String>,
    /// `--token-file`.
    pub token_file: Option<String>,
    /// `--assertion-file`.
    pub assertion_file: Option<String>,
    /// `--identity`: a user-assigned managed identity.
    pub identity: Option<String>,
    /// What only the machine can say.
    pub machine: Machine,
    /// How long to wait for the end of a pipe.
    pub patience: Duration,
}

/// A source that is configured.
pub(super) struct Found {
    /// What people know it by: a variable, a file.
    pub(super) label: String,
    pub(super) what: What,
}

/// What a source leads to.
pub(super) enum What {
    /// A value in a variable or a file.
    Place { place: String, file: bool },
    /// A token that has to be asked for.
    Token(Way),
}

/// A source, if it is configured.
pub(super) fn look(
    source: &Source,
    request: &Request,
    environment: &Environment,
    named: bool,
) -> Option<Found> {
    let from_file = |path: &String| Found {
        label: if path == "-" { "standard input".to_owned() } else { path.clone() },
        what: What::Place { place: path.clone(), file: true },
    };
    match source.name {
        "api-key-file" => request.api_key_file.as_ref().map(from_file),
        "token-file" => request.token_file.as_ref().map(from_file),
        "api-key" | "token" => {
            let place = place(source.name);
            environment.get(place)?;
            let what = What::Place { place: place.to_owned(), file: false };
            Some(Found { label: place.to_owned(), what })
        }
        "assertion-file" => {
            let path = request.assertion_file.clone()?;
            let tenant = environment.get("AZURE_TENANT_ID")?.to_owned();
            let client = environment.get("AZURE_CLIENT_ID")?.to_owned();
            let named_by = "--assertion-file";
            let proof = Proof::AssertionFile { path: path.clone(), named_by };
            let label = if path == "-" { "standard input".to_owned() } else { path };
            Some(Found { label, what: What::Token(Way::Entra { tenant, client, proof }) })
        }
        name => {
            let identity = request.identity.as_deref();
            let way = ways::way(name, environment, request.machine, named, identity)?;
            Some(Found { label: label(&way).to_owned(), what: What::Token(way) })
        }
    }
}

/// What people know a way by.
const fn label(way: &Way) -> &'static str {
    match way {
        Way::Entra { proof: Proof::ClientSecret(_), .. } => "AZURE_CLIENT_SECRET",
        Way::Entra { proof: Proof::Certificate { .. }, .. } => "AZURE_CLIENT_CERTIFICATE_PATH",
        Way::Entra { proof: Proof::AssertionFile { .. }, .. } => "AZURE_FEDERATED_TOKEN_FILE",
        Way::Entra { proof: Proof::Google, .. } => "the Google metadata server",
        Way::Entra { proof: Proof::GitHub { .. }, .. } => "ACTIONS_ID_TOKEN_REQUEST_URL",
        Way::Managed { endpoint: Endpoint::Imds, .. } => "the metadata service of this machine",
        Way::Managed { endpoint: Endpoint::AppService { .. }, .. } => "IDENTITY_ENDPOINT",
        Way::Managed { endpoint: Endpoint::Arc { .. }, .. } => "the Azure Arc agent",
        Way::Managed {
            endpoint: Endpoint::CloudShell { .. } | Endpoint::MachineLearning { .. },
            ..
        } => "MSI_ENDPOINT",
        Way::Managed { endpoint: Endpoint::ServiceFabric { .. }, .. } => "Service Fabric",
        Way::Cli => "az",
    }
}

/// What a source that was named lacks, in words.
pub(super) fn missing(name: &str, configured: &Configured) -> String {
    if let Some(half) = configured.half.iter().find(|half| half.source == name) {
        let near = match half.near.is_empty() {
            true => String::new(),
            false => format!(" ({} is set)", half.near.join(", ")),
        };
        let how = match half.missing == half.empty {
            true => "set and empty",
            false => "not set",
        };
        return format!("{} is {how}{near}", half.missing.join(" and "));
    }
    let wanted = match name {
        "client-secret" => "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        "client-certificate" => {
            "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_CERTIFICATE_PATH"
        }
        "workload-identity" => "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE",
        "github-actions" => {
            "AZURE_TENANT_ID, AZURE_CLIENT_ID, ACTIONS_ID_TOKEN_REQUEST_URL and \
             ACTIONS_ID_TOKEN_REQUEST_TOKEN"
        }
        "google" => "AZURE_TENANT_ID and AZURE_CLIENT_ID",
        "assertion-file" => "--assertion-file, AZURE_TENANT_ID and AZURE_CLIENT_ID",
        name => place(name),
    };
    match wanted.contains(" and ") {
        true => format!("{wanted} are wanted"),
        false => format!("{wanted} is not set"),
    }
}

/// The variable or option behind a source's name.
pub(super) fn place(name: &str) -> &'static str {
    match name {
        "api-key-file" => "--api-key-file",
        "token-file" => "--token-file",
        "api-key" => API_KEY_VARIABLE,
        _ => TOKEN_VARIABLE,
    }
}
