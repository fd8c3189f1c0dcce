//! Wire parity: the Azure SDK for Python and the tool, against the same servers, field by field.
//! Every difference stands with its reason in docs/parity.md, and nothing else does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::Service;
use super::client::CLIENT_SECRET;
use crate::inside::build;
use crate::run_tool::{self, contains};
use crate::world::{Credential, World};

/// The sources that both have. A user-assigned identity is one of its own.
const SOURCES: &[(&str, Credential)] = &[
    ("client-secret", Credential::ClientSecret),
    ("client-certificate", Credential::ClientCertificate),
    ("workload-identity", Credential::WorkloadIdentity),
    ("assertion-file", Credential::AssertionFile),
    ("imds", Credential::Imds),
    ("imds-user-assigned", Credential::Imds),
    ("app-service", Credential::AppService),
    ("arc", Credential::Arc),
    ("cloud-shell", Credential::CloudShell),
    ("machine-learning", Credential::MachineLearning),
    ("machine-learning-user-assigned", Credential::MachineLearning),
    ("azure-cli", Credential::AzureCli),
    ("azure-developer-cli", Credential::AzureDeveloperCli),
    ("openai-key", Credential::Key),
    ("openai-token", Credential::Token),
];

/// The Python that has the SDK.
pub fn python() -> Option<PathBuf> {
    let python = root().join("target/venv/bin/python");
    let has = std::process::Command::new(&python)
        .args(["-c", "import azure.identity, openai"])
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    has.then_some(python)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs every source twice and compares.
///
/// # Errors
/// A source fails, or a difference and the page do not agree.
pub fn inside(work: &Path, binary: &Path) -> Result<(), String> {
    let mut world: World = toml::from_str(
        "world.about = 'parity'\nexpect.state = 'works'\nexpect.exit = 0\n\
         identity.target = true\nendpoint.software = 'none'\n",
    )
    .map_err(|e| e.to_string())?;
    let _servers = build(&mut world, work)?;
    let python = python().ok_or("no Python with the SDK")?;
    let mut found = BTreeSet::new();
    for (source, credential) in SOURCES {
        world.client.credential = *credential;
        world.client.az = (*source == "azure-cli").then(|| vec![super::client::az_answers()]);
        world.client.azd =
            (*source == "azure-developer-cli").then(|| vec![super::client::azd_answers()]);
        world.client.args = match *source {
            "imds-user-assigned" | "machine-learning-user-assigned" => {
                vec!["--identity".to_owned(), super::CLIENT.to_owned()]
            }
            "openai-key" | "openai-token" => {
                vec!["--api-version".to_owned(), "2024-10-21".to_owned()]
            }
            _ => Vec::new(),
        };
        let sdk = {
            let mut arguments = Vec::new();
            let mut command = run_tool::environment(&world.client, &python, &mut arguments, work)?;
            command
                .arg(root().join("tests/netns/identity/parity.py"))
                .arg(source)
                .env("REQUESTS_CA_BUNDLE", work.join("root.pem"))
                .env("SSL_CERT_FILE", work.join("root.pem"))
                .env("ASSERTION", work.join("assertion.jwt"))
                .env("USER_ASSIGNED", super::CLIENT);
            let out = command.output().map_err(|e| format!("python: {e}"))?;
            let requests = taken(work, source);
            if !out.status.success() {
                return Err(format!(
                    "{source}: the SDK failed\n{}\n{requests:#?}",
                    String::from_utf8_lossy(&out.stderr)
                ));
            }
            requests
        };
        let run = run_tool::tool(binary, &world.client, work, &[])?;
        if !run.stdout.starts_with("WORKS")
            || contains(run.stdout.as_bytes(), CLIENT_SECRET.as_bytes())
        {
            return Err(format!("{source}: {}\n{}{}", run.command, run.stdout, run.stderr));
        }
        differences(source, &sdk, &taken(work, source), &mut found);
    }
    let page = fs::read_to_string(root().join("docs/parity.md")).unwrap_or_default();
    compare_with(&page, &found)
}

/// Fields of each request, by who was asked, method and path.
type Requests = BTreeMap<String, BTreeMap<String, String>>;

/// What was asked since last time; the logs are emptied.
fn taken(work: &Path, source: &str) -> Requests {
    let mut all = Requests::new();
    let mut put = |name: String, fields: BTreeMap<String, String>| {
        let names = std::iter::once(name.clone()).chain((2..).map(|n| format!("{name} ({n})")));
        if let Some(free) = names.into_iter().find(|name| !all.contains_key(name)) {
            all.insert(free, fields);
        }
    };
    for service in Service::ALL {
        let log = work.join(service.log());
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(&log);
        // The service is asked by both, but for a token's sake by the tool alone.
        if service == Service::Target && !source.starts_with("openai-") {
            continue;
        }
        for line in text.lines() {
            let Ok(asked) = serde_json::from_str::<Value>(line) else { continue };
            let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
            let mut fields = BTreeMap::new();
            for kind in ["query", "headers", "form"] {
                for pair in asked[kind].as_array().into_iter().flatten() {
                    let part = |at: usize| pair[at].as_str().unwrap_or_default();
                    field(&format!("{kind}.{}", part(0)), part(1), &mut fields);
                }
            }
            let path = text("path").replace(super::TENANT, "{tenant}");
            put(format!("{} {path}", text("method")), fields);
        }
    }
    for (program, first) in [("az", "account "), ("azd", "auth ")] {
        let log = work.join(format!("{program}.log"));
        let Ok(text) = fs::read_to_string(&log) else { continue };
        let _ = fs::remove_file(&log);
        if let Some(line) = text.lines().find(|line| line.starts_with(first)) {
            put(program.to_owned(), BTreeMap::from([("arguments".to_owned(), line.to_owned())]));
        }
    }
    all
}

/// A field; an assertion of the application's own is taken apart, what is new each time is named.
fn field(name: &str, value: &str, into: &mut BTreeMap<String, String>) {
    let json = |part: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let parts: Vec<&str> = value.split('.').collect();
    if let ("form.client_assertion", [header, payload, _]) = (name, parts.as_slice())
        && let (Some(Value::Object(header)), Some(Value::Object(claims))) =
            (json(header), json(payload))
        && claims.get("iss").and_then(Value::as_str) == Some(super::CLIENT)
    {
        let seconds = |name: &str| claims.get(name).and_then(Value::as_f64).unwrap_or_default();
        let life = format!("{:.0} s after iat", seconds("exp") - seconds("iat"));
        for (kind, object) in [("header", &header), ("claim", &claims)] {
            for (key, value) in object {
                let shown = match (key.as_str(), value) {
                    ("jti" | "nbf" | "iat", _) => "given".to_owned(),
                    ("exp", _) => life.clone(),
                    ("x5t" | "x5t#S256", _) => "the thumbprint".to_owned(),
                    (_, Value::String(text)) => text.replace(super::TENANT, "{tenant}"),
                    (_, other) => other.to_string(),
                };
                into.insert(format!("{name} {kind} {key}"), shown);
            }
        }
        return;
    }
    let shown = match name {
        "headers.client-request-id"
        | "headers.x-ms-client-request-id"
        | "headers.content-length"
        | "headers.user-agent"
        | "headers.x-client-ver"
        | "headers.x-client-os"
        | "headers.x-stainless-arch"
        | "headers.x-stainless-package-version"
        | "headers.x-stainless-runtime-version"
        | "headers.x-client-current-telemetry"
        | "headers.x-client-last-telemetry" => "given".to_owned(),
        _ => value.to_owned(),
    };
    into.insert(name.to_owned(), shown);
}

/// A difference: source, request, field, the SDK's value and ours.
type Difference = [String; 5];

fn differences(source: &str, sdk: &Requests, ours: &Requests, found: &mut BTreeSet<Difference>) {
    const ABSENT: &str = "-";
    let mut add = |request: &str, field: &str, sdk: &str, ours: &str| {
        // A cell of the page is one line without bars.
        let cell = |text: &str| text.replace('|', "/");
        found.insert([source, request, field, sdk, ours].map(cell));
    };
    let names: BTreeSet<&String> = sdk.keys().chain(ours.keys()).collect();
    for name in names {
        match (sdk.get(name), ours.get(name)) {
            (Some(theirs), Some(ours)) => {
                let fields: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
                for field in fields {
                    let value = |side: &BTreeMap<String, String>| {
                        side.get(field).map_or(ABSENT, String::as_str).to_owned()
                    };
                    let (theirs, ours) = (value(theirs), value(ours));
                    if theirs != ours {
                        add(name, field, &theirs, &ours);
                    }
                }
            }
            (Some(_), None) => add(name, "the request", "made", ABSENT),
            (None, _) => add(name, "the request", ABSENT, "made"),
        }
    }
}

/// The page's rows and the differences found must cover each other.
fn compare_with(page: &str, found: &BTreeSet<Difference>) -> Result<(), String> {
    let rows: Vec<Vec<String>> = page
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("| ---"))
        .skip(1)
        .map(|line| {
            line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
        })
        .collect();
    let fits = |row: &Vec<String>, difference: &Difference| {
        row.len() == 6
            && !row[5].is_empty()
            && row.iter().zip(difference).all(|(cell, value)| {
                cell == "any"
                    || cell == value
                    || cell.strip_suffix('*').is_some_and(|begin| value.starts_with(begin))
                    || cell.split(", ").any(|one| one == value)
            })
    };
    let mut wrong: Vec<String> = found
        .iter()
        .filter(|difference| !rows.iter().any(|row| fits(row, difference)))
        .map(|difference| format!("not on the page: | {} | |", difference.join(" | ")))
        .collect();
    wrong.extend(
        rows.iter()
            .filter(|row| !found.iter().any(|difference| fits(row, difference)))
            .map(|row| format!("no longer so: | {} |", row.join(" | "))),
    );
    if wrong.is_empty() { Ok(()) } else { Err(format!("docs/parity.md:\n{}", wrong.join("\n"))) }
}
