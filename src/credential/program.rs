//! A source that is a program: it is run as the Azure SDK runs it (facts I12, I34), with the
//! variables that it needs and no others.

use std::ffi::OsStr;
use std::io;
use std::process::Output;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_identity::Executor;

use super::acquire::{AcquireError, AcquireNotes, AcquireParams};
use super::destinations::Destination;
use super::flow::{Acquiring, Authority, TokenFlow};
use super::outbound::SendRequest;
use super::sdk::{Sdk, shown};
use crate::blocking;
use crate::platform;
use crate::secret::Secret;
use crate::world::Environment;

/// Bytes of a program's output that are read.
const MAX_OUTPUT: u64 = 1 << 20;

/// A credential of the SDK, or why it cannot be made.
pub(super) type SdkCredential = azure_core::Result<Arc<dyn TokenCredential>>;

/// A program that prints a token.
pub(super) struct Program {
    /// Its name on the PATH.
    pub(super) name: &'static str,
    /// The SDK's credential that runs it.
    pub(super) credential: fn(Arc<dyn Executor>) -> SdkCredential,
    /// Variables that it gets beyond [`PASSED`].
    pub(super) passed: &'static [&'static str],
    /// Variables that are set for it.
    pub(super) set: &'static [(&'static str, &'static str)],
    /// The token in its output, where another SDK than that for Rust takes it.
    pub(super) token: fn(&[u8]) -> Option<Secret>,
    /// The error in what it prints, where it prints one in a form of its own.
    pub(super) error: fn(&str) -> Option<String>,
}

/// Variables that every program gets, in any letter case; it gets no others. Among those are keys
/// of other targets and addresses with secrets in them, under names that only an inventory knows,
/// so a list of what to withhold would not do.
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
    // Its proxy, and the roots that it trusts.
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

/// Prefixes of such variables: locale, and settings of the Azure CLI.
const PASSED_PREFIXES: &[&str] =
    &["LC_", "AZURE_CORE_", "AZURE_CLI_", "AZURE_DEFAULTS_", "AZURE_LOGGING_"];

impl Program {
    /// What of an environment it gets.
    fn environment(&self, environment: &Environment) -> Vec<(String, String)> {
        let passed = |name: &str| {
            let name = name.to_ascii_uppercase();
            PASSED.contains(&name.as_str())
                || self.passed.contains(&name.as_str())
                || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        };
        let given = environment
            .names()
            .filter(|name| passed(name))
            .filter_map(|name| Some((name.to_owned(), environment.get(name)?.to_owned())));
        let set = self.set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        given.chain(set).collect()
    }
}

/// The token of a program.
pub(super) struct ProgramFlow(pub(super) &'static Program);

impl std::fmt::Debug for ProgramFlow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ProgramFlow").field(&self.0.name).finish()
    }
}

impl TokenFlow for ProgramFlow {
    fn destinations(&self, _: &str, _: &Authority) -> Vec<Destination> {
        vec![Destination::program(self.0.name)]
    }

    fn acquire<'a>(
        &'a self,
        params: &'a AcquireParams<'_>,
        send: &'a SendRequest<'_>,
        notes: &'a mut AcquireNotes,
    ) -> Acquiring<'a> {
        Box::pin(token(self.0, params, send, notes))
    }
}

async fn token(
    program: &'static Program,
    params: &AcquireParams<'_>,
    send: &SendRequest<'_>,
    notes: &mut AcquireNotes,
) -> Result<Secret, AcquireError> {
    let output = ProgramOutput::default();
    let runner = ProgramRunner {
        program,
        environment: program.environment(params.environment),
        until: Instant::now() + params.timeout,
        output: output.clone(),
    };
    let sdk = Sdk::program((program.credential)(Arc::new(runner)));
    // No request of ours was made: the words are the program's, or the SDK's about them.
    let why = match sdk.map_err(AcquireError::NotAsked)?.token(params.scope, send).await {
        Err(AcquireError::Unusable(why)) => why,
        other => return other,
    };
    // The SDK names the kind of an error of ours first.
    let ours = ["timed out error: ", "invalid data error: "];
    let bare = ours.iter().find_map(|kind| why.strip_prefix(kind)).unwrap_or(&why);
    let printed = output.take();
    if let Some(token) = printed.token {
        notes.sdk_refuses = Some(bare.to_owned());
        return Ok(token);
    }
    Err(AcquireError::NotAsked(match (printed.error, bare) {
        (Some(error), _) => shown(&error),
        (None, "") => "it printed neither a token nor a reason".to_owned(),
        (None, bare) => bare.to_owned(),
    }))
}

/// Runs a program for the SDK.
struct ProgramRunner {
    program: &'static Program,
    /// Its environment, whole.
    environment: Vec<(String, String)>,
    /// When it must have ended.
    until: Instant,
    output: ProgramOutput,
}

impl std::fmt::Debug for ProgramRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A proxy's address may hold a password.
        f.debug_struct("ProgramRunner").field("until", &self.until).finish_non_exhaustive()
    }
}

/// What a program printed, whatever the SDK for Rust makes of it.
#[derive(Debug, Clone, Default)]
struct ProgramOutput(Arc<Mutex<Printed>>);

#[derive(Debug, Default)]
struct Printed {
    token: Option<Secret>,
    error: Option<String>,
}

impl ProgramOutput {
    fn take(&self) -> Printed {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, printed: Printed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = printed;
    }
}

#[async_trait]
impl Executor for ProgramRunner {
    async fn run(&self, shell: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        let mut command = std::process::Command::new(shell);
        command.args(args);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        let until = self.until;
        let run = move || platform::run_program(command, until, MAX_OUTPUT);
        let ended = blocking::run_blocking(run);
        let fail = |kind: io::ErrorKind, why: &'static str| Err(io::Error::new(kind, why));
        // The thread ends it at the same moment; on a busy machine its answer comes later.
        let ended = tokio::time::timeout_at(until.into(), ended).await;
        match ended.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).flatten() {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                fail(io::ErrorKind::TimedOut, "it did not end within the deadline")
            }
            Ok(out)
                if out.status.success()
                    && serde_json::from_slice::<serde::de::IgnoredAny>(&out.stdout).is_err() =>
            {
                fail(io::ErrorKind::InvalidData, "its answer is not JSON")
            }
            Ok(out) => {
                self.output.put(match out.status.success() {
                    true => Printed { token: (self.program.token)(&out.stdout), error: None },
                    false => Printed { token: None, error: self.error(&out) },
                });
                Ok(out)
            }
            failed => failed,
        }
    }
}

impl ProgramRunner {
    /// The error of a run that failed, from either stream.
    fn error(&self, out: &Output) -> Option<String> {
        let read = |stream: &[u8]| (self.program.error)(&String::from_utf8_lossy(stream));
        read(&out.stdout).or_else(|| read(&out.stderr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELL: Program = Program {
        name: "sh",
        credential: |_| unreachable!("the test runs it itself"),
        passed: &["AZD_CONFIG_DIR"],
        set: &[("NO_COLOR", "true")],
        token: |_| None,
        error: |_| None,
    };

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_gets_what_it_needs_and_no_secret_whatever_its_name() {
        let pairs = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/a"),
            ("https_proxy", "http://10.0.0.1:3128"),
            ("LC_ALL", "C"),
            ("AZURE_CONFIG_DIR", "/home/a/.azure"),
            ("AZD_CONFIG_DIR", "/home/a/.azd"),
            ("AZD_AUTH_KEY", "canary"),
            ("AZURE_CLIENT_SECRET", "canary"),
            ("TEAM_B_KEY", "canary"),
            ("WEBHOOK", "https://hooks.example/canary"),
            ("AZURE_OPENAI_API_KEY", "canary"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let runner = ProgramRunner {
            program: &SHELL,
            environment: SHELL.environment(&Environment::from_pairs(pairs)),
            until: Instant::now() + std::time::Duration::from_secs(20),
            output: ProgramOutput::default(),
        };
        let script = [OsStr::new("-c"), OsStr::new("env; exit 1")];
        let out = runner.run(OsStr::new("/bin/sh"), &script).await.unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        for passed in [
            "HOME=/home/a",
            "https_proxy=http://10.0.0.1:3128",
            "LC_ALL=C",
            "AZD_CONFIG_DIR=/home/a/.azd",
            "NO_COLOR=true",
        ] {
            assert!(text.contains(passed), "{text}");
        }
        assert!(text.contains("AZURE_CONFIG_DIR=") && !text.contains("canary"), "{text}");
    }
}
