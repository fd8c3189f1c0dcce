//! The Azure CLI, run as the Azure SDK runs it (fact I12).

use std::ffi::OsStr;
use std::io;
use std::process::Output;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use azure_identity::Executor;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::blocking;
use crate::platform;
use crate::secret::Secret;
use crate::world::Environment;

/// Octets of a program's output that are read.
const PROGRAM_OUTPUT: u64 = 1 << 20;

/// Variables that the CLI gets, in any case of letters; all others stay with us. Among those are
/// keys of other targets and addresses with secrets in them, under names that only an inventory
/// knows, so no list of what to keep back would do.
const PASSED: &[&str] = &[
    // Where it is, who runs it, where it keeps its login.
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TMP",
    "TEMP",
    "TZ",
    "LANG",
    "LANGUAGE",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "AZURE_CONFIG_DIR",
    "AZURE_EXTENSION_DIR",
    "AZURE_CLOUD_NAME",
    // Cloud Shell's login.
    "MSI_ENDPOINT",
    "ACC_CLOUD",
    "AZUREPS_HOST_ENVIRONMENT",
    // Its way out, and whom it trusts.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    // The interpreter that it runs in.
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONUTF8",
    "PYTHONIOENCODING",
    "VIRTUAL_ENV",
    // What programs of Windows do not start without.
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "USERPROFILE",
    "USERNAME",
    "USERDOMAIN",
    "COMPUTERNAME",
    "HOMEDRIVE",
    "HOMEPATH",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "PROGRAMW6432",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
];

/// Beginnings of such variables: locale, and the CLI's own settings.
const PASSED_BEGINNINGS: &[&str] =
    &["LC_", "AZURE_CORE_", "AZURE_CLI_", "AZURE_DEFAULTS_", "AZURE_LOGGING_"];

/// What of an environment the CLI gets.
#[must_use]
pub(super) fn for_az(environment: &Environment) -> Vec<(String, String)> {
    let passed = |name: &str| {
        let name = name.to_ascii_uppercase();
        PASSED.contains(&name.as_str()) || PASSED_BEGINNINGS.iter().any(|b| name.starts_with(b))
    };
    environment
        .names()
        .filter(|name| passed(name))
        .filter_map(|name| Some((name.to_owned(), environment.get(name)?.to_owned())))
        .collect()
}

/// Runs the CLI with what it needs of our environment.
pub(super) struct Az {
    /// Its environment, whole.
    pub(super) environment: Vec<(String, String)>,
    /// When it must have ended.
    pub(super) until: Instant,
    /// The token that it said.
    pub(super) said: Said,
}

impl std::fmt::Debug for Az {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A proxy's address may hold a password.
        f.debug_struct("Az").field("until", &self.until).finish_non_exhaustive()
    }
}

/// A token that the CLI said, whatever the SDK for Rust makes of the answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Said(Arc<Mutex<Option<Secret>>>);

impl Said {
    /// The token.
    pub(super) fn take(&self) -> Option<Secret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Executor for Az {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        let mut command = std::process::Command::new(program);
        command.args(args);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        let until = self.until;
        let run = move || platform::run_program(command, until, PROGRAM_OUTPUT);
        let told = blocking::apart("az", run);
        let fail = |kind: io::ErrorKind, says: &'static str| Err(io::Error::new(kind, says));
        // The thread ends it at the same moment; on a busy machine its word comes later.
        let told = tokio::time::timeout_at(until.into(), told).await;
        match told.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).flatten() {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                fail(io::ErrorKind::TimedOut, "it did not end within the deadline")
            }
            Ok(out)
                if out.status.success()
                    && serde_json::from_slice::<serde::de::IgnoredAny>(&out.stdout).is_err() =>
            {
                fail(io::ErrorKind::InvalidData, "its answer is no JSON")
            }
            Ok(out) => {
                if out.status.success() {
                    *self.said.0.lock().unwrap_or_else(PoisonError::into_inner) =
                        token(&out.stdout);
                }
                Ok(out)
            }
            failed => failed,
        }
    }
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "accessToken")]
    access_token: String,
    /// A null is told from an absent one: over it, nobody reads the other field.
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
    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_gets_what_it_needs_and_no_secret_whatever_its_name() {
        let pairs = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/a"),
            ("https_proxy", "http://10.0.0.1:3128"),
            ("LC_ALL", "C"),
            ("AZURE_CONFIG_DIR", "/home/a/.azure"),
            ("AZURE_CLIENT_SECRET", "canary"),
            ("TEAM_B_KEY", "canary"),
            ("WEBHOOK", "https://hooks.example/canary"),
            ("AZURE_OPENAI_API_KEY", "canary"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let az = Az {
            environment: for_az(&Environment::from_pairs(pairs)),
            until: Instant::now() + std::time::Duration::from_secs(20),
            said: Said::default(),
        };
        let script = [OsStr::new("-c"), OsStr::new("env; exit 1")];
        let out = az.run(OsStr::new("/bin/sh"), &script).await.unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        for passed in ["HOME=/home/a", "https_proxy=http://10.0.0.1:3128", "LC_ALL=C"] {
            assert!(text.contains(passed), "{text}");
        }
        assert!(text.contains("AZURE_CONFIG_DIR=") && !text.contains("canary"), "{text}");
    }

    #[test]
    fn a_token_is_taken_where_the_sdk_for_python_takes_it() {
        let said = |rest: &str| {
            let answer = format!("{{\"accessToken\": \"canary\"{rest}}}");
            token(answer.as_bytes()).map(|token| token.expose().to_owned())
        };
        for taken in [
            r#", "expiresOn": "2099-12-31 00:00:00.000000", "tokenType": "Bearer""#,
            r#", "expires_on": 4102444800"#,
            r#", "expires_on": "4102444800""#,
            r#", "expires_on": 4102444800, "expiresOn": "soon""#,
        ] {
            assert_eq!(said(taken).as_deref(), Some("canary"), "{taken}");
        }
        for refused in [
            "",
            r#", "expiresOn": "2099-12-31 00:00:00""#,
            r#", "expires_on": null, "expiresOn": "2099-12-31 00:00:00.000000""#,
            r#", "expires_on": "soon", "expiresOn": "2099-12-31 00:00:00.000000""#,
        ] {
            assert_eq!(said(refused), None, "{refused}");
        }
        assert!(token(br#"{"accessToken": "", "expires_on": 4102444800}"#).is_none());
    }
}
