//! The client's side: variables, files and programs of each source, with canaries in them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{CLIENT, Service, TENANT};
use crate::world::{Client, Credential};

/// What Entra ID knows as the application's secret.
pub const CLIENT_SECRET: &str = "canary-client-secret-8Q~x4";
/// App Service's `IDENTITY_HEADER`.
pub const IDENTITY_HEADER: &str = "canary-identity-header-853b9a84";
/// `MSI_SECRET` of Azure Machine Learning.
pub const MSI_SECRET: &str = "canary-msi-secret-2c41";
/// GitHub's `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
pub const GITHUB_REQUEST: &str = "canary-github-request-token";
/// What Azure Arc's agent writes into its challenge file.
pub const ARC_CHALLENGE: &str = "canary-arc-challenge-5f1c";
/// In place of an assertion's signature.
pub const ASSERTION_SIGNATURE: &str = "canary-assertion-signature";
/// The audience of an assertion.
pub const EXCHANGE: &str = "api://AzureADTokenExchange";
/// The token that the service accepts ends so.
const TOKEN_SIGNATURE: &str = "canary-token-signature";

/// The issuer and the subject that Entra ID expects, by the platform.
pub const FEDERATED: &[(&str, &str)] = &[
    (
        "https://eastus.oic.prod-aks.azure.com/6b1d3f8e/0a9e4c8e/",
        "system:serviceaccount:default:chat",
    ),
    ("https://accounts.google.com", "112233445566778899001"),
    ("https://token.actions.githubusercontent.com", "repo:contoso/chat:ref:refs/heads/main"),
];

/// Every secret, and the logs in which it belongs.
pub fn secrets() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let login = Service::Login.log();
    vec![
        ("the client secret", CLIENT_SECRET, vec![login]),
        ("the assertion", ASSERTION_SIGNATURE, vec![login]),
        ("the identity header", IDENTITY_HEADER, vec![Service::AppService.log()]),
        ("the certificate's password", "canary-pfx-password", Vec::new()),
        ("the MSI secret", MSI_SECRET, vec![Service::MachineLearning.log()]),
        ("the request token", GITHUB_REQUEST, vec![Service::Github.log()]),
        ("Arc's challenge", ARC_CHALLENGE, vec![Service::Arc.log()]),
        ("the token", TOKEN_SIGNATURE, vec!["endpoint.access.log"]),
    ]
}

/// A JWT whose signature is a canary.
pub fn assertion(issuer: &str, subject: &str) -> String {
    assertion_until(issuer, subject, NEVER)
}

/// In seconds since 1970: the year 2100.
const NEVER: u64 = 4_102_444_800;

fn assertion_until(issuer: &str, subject: &str, until: u64) -> String {
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!(
        "{}.{}.{ASSERTION_SIGNATURE}",
        part(json!({ "alg": "RS256", "typ": "JWT", "kid": "1" })),
        part(json!({
            "iss": issuer, "sub": subject, "aud": EXCHANGE,
            "iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": until,
        }))
    )
}

/// Assertions that Entra ID does not accept, in files.
///
/// # Errors
/// A file cannot be written.
pub fn other_assertions(work: &Path) -> Result<(), String> {
    let (issuer, subject) = FEDERATED[0];
    for (name, text) in [
        (
            "other-subject.jwt",
            assertion_until(issuer, "system:serviceaccount:default:other", NEVER),
        ),
        ("expired.jwt", assertion_until(issuer, subject, 1_700_003_600)),
        ("other-case.jwt", assertion(issuer, "system:serviceaccount:Default:chat")),
        (
            "github-with-ids.jwt",
            assertion(FEDERATED[2].0, "repo:contoso@1234/chat@987654:ref:refs/heads/main"),
        ),
        ("line-end.jwt", assertion(issuer, subject) + "\n"),
    ] {
        fs::write(work.join(name), text).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}

/// The variables of an application with a client secret.
pub fn application(command: &mut Command) {
    command
        .env("AZURE_TENANT_ID", TENANT)
        .env("AZURE_CLIENT_ID", CLIENT)
        .env("AZURE_CLIENT_SECRET", CLIENT_SECRET);
}

/// Gives the program what its source wants: variables, and arguments after them.
///
/// # Errors
/// A file cannot be written.
pub fn configure(
    client: &Client,
    work: &Path,
    command: &mut Command,
    args: &mut Vec<String>,
) -> Result<(), String> {
    // Written beside and moved: another run may be at it.
    let write = |name: &str, text: &str, mode: u32| {
        let (file, thread) = (work.join(name), std::thread::current().id());
        let beside = work.join(format!("{thread:?}.new"));
        fs::write(&beside, text)
            .and_then(|()| fs::set_permissions(&beside, fs::Permissions::from_mode(mode)))
            .and_then(|()| fs::rename(&beside, &file))
            .map_err(|e| format!("{name}: {e}"))?;
        Ok::<_, String>(file.display().to_string())
    };
    if client.credential.is_of_entra() {
        command.env("AZURE_TENANT_ID", TENANT).env("AZURE_CLIENT_ID", CLIENT);
    }
    for (program, script) in [("az", &client.az), ("azd", &client.azd)] {
        let Some(script) = script else { continue };
        let folder = work.join("bin");
        fs::create_dir_all(&folder).map_err(|e| format!("bin: {e}"))?;
        let log = work.join(format!("{program}.log"));
        // Nothing but the commands of the SDKs: another would be refused by its real counterpart.
        let text = format!(
            "#!/bin/sh\n{{ echo \"$*\"; env; }} >> {}\ncase \"$*\" in {}) ;; *) echo \"unknown \
             arguments: $*\" >&2; exit 64;; esac\n{}\n",
            log.display(),
            arguments(program),
            script.join("\n").replace("{token}", &crate::run_tool::token())
        );
        write(&format!("bin/{program}"), &text, 0o755)?;
        command.env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    }
    let mut named = |source: &str| args.extend(["--credential".to_owned(), source.to_owned()]);
    match client.credential {
        Credential::ClientSecret => {
            command.env("AZURE_CLIENT_SECRET", CLIENT_SECRET);
        }
        Credential::ClientCertificate => {
            let file = work.join("application.pem");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
                .map_err(|e| e.to_string())?;
            command.env("AZURE_CLIENT_CERTIFICATE_PATH", file);
        }
        Credential::WorkloadIdentity => {
            let (issuer, subject) = FEDERATED[0];
            let file = write("azure-identity-token", &assertion(issuer, subject), 0o600)?;
            command.env("AZURE_FEDERATED_TOKEN_FILE", file);
        }
        Credential::AssertionFile => {
            let (issuer, subject) = FEDERATED[0];
            let file = write("assertion.jwt", &assertion(issuer, subject), 0o600)?;
            args.extend(["--assertion-file".to_owned(), file]);
        }
        Credential::GithubActions => {
            command
                .env(
                    "ACTIONS_ID_TOKEN_REQUEST_URL",
                    "https://run-actions-1-azure-eastus.actions.githubusercontent.com/53//idtoken/\
                     8e3d/1f60?api-version=2.0",
                )
                .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", GITHUB_REQUEST);
        }
        Credential::Google => {
            command.env("K_SERVICE", "chat");
        }
        Credential::Imds => named("managed-identity"),
        Credential::AppService => {
            command
                .env("IDENTITY_ENDPOINT", "http://localhost:8081/msi/token")
                .env("IDENTITY_HEADER", IDENTITY_HEADER);
        }
        Credential::Arc => {
            command
                .env("IDENTITY_ENDPOINT", "http://localhost:40342/metadata/identity/oauth2/token")
                .env("IMDS_ENDPOINT", "http://localhost:40342");
        }
        Credential::CloudShell => {
            command.env("MSI_ENDPOINT", "http://localhost:50342/oauth2/token");
        }
        Credential::MachineLearning => {
            command
                .env("MSI_ENDPOINT", "http://127.0.0.1:46808/MSI/auth")
                .env("MSI_SECRET", MSI_SECRET);
        }
        Credential::ServiceFabric => {
            command
                .env("IDENTITY_ENDPOINT", "https://localhost:2377/metadata/identity/oauth2/token")
                .env("IDENTITY_HEADER", IDENTITY_HEADER)
                .env("IDENTITY_SERVER_THUMBPRINT", "5F1C".repeat(10));
        }
        // The CLI is named: it runs a program. The secret is one that it must not see.
        Credential::AzureCli => {
            command.env("AZURE_CLIENT_CERTIFICATE_PASSWORD", CLIENT_SECRET);
            named("azure-cli");
        }
        Credential::AzureDeveloperCli => {
            command.env("AZURE_CLIENT_CERTIFICATE_PASSWORD", CLIENT_SECRET);
            named("azure-developer-cli");
        }
        Credential::Key | Credential::WrongKey | Credential::Token | Credential::None => {}
    }
    Ok(())
}

/// The commands by which SDKs ask a program for a token, as patterns of a shell.
fn arguments(program: &str) -> String {
    let audience = "https://cognitiveservices.azure.com";
    let quoted: Vec<String> = match program {
        "az" => vec![
            format!("account get-access-token -o json --scope {audience}/.default"),
            format!("account get-access-token --output json --resource {audience}"),
        ],
        _ => vec![
            format!("auth token -o json --no-prompt --scope {audience}/.default"),
            format!("auth token --output json --no-prompt --scope {audience}/.default"),
        ],
    };
    quoted.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join("|")
}

/// What `azd auth token` says where someone is logged in.
pub fn azd_answers() -> String {
    let answer = json!({ "token": crate::run_tool::token(), "expiresOn": "2099-12-31T00:00:00Z" });
    format!("cat <<'ANSWER'\n{answer}\nANSWER")
}

/// What `az account get-access-token` says where someone is logged in.
pub fn az_answers() -> String {
    let answer = json!({
        "accessToken": crate::run_tool::token(),
        "expiresOn": "2099-12-31 00:00:00.000000", "expires_on": 4_102_444_800_u64,
        "subscription": "0b1f6471-1bf0-4dda-aec3-111122223333", "tenant": TENANT,
        "tokenType": "Bearer",
    });
    format!("cat <<'ANSWER'\n{answer}\nANSWER")
}
