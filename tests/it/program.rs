//! The built program as a user runs it: with an environment of its own, and no network.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use aoai_probe::render::json;

use crate::fixtures::report;

/// The program, with nothing in its environment and nothing on standard input.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aoai-probe"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// What a run of the program gave.
pub(crate) struct Ran {
    /// Exit status.
    pub(crate) status: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    /// Reads what a run gave, and checks what holds for every run.
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        let (out, err) = (text(output.stdout), text(output.stderr));
        let status = output.status.code().unwrap_or_else(|| panic!("{:?}: {err}", output.status));
        for text in [&out, &err] {
            assert!(!text.contains("panicked") && !text.contains("bug of ours at"), "{text}");
            assert!(!text.contains("canary"), "a secret in the output:\n{text}");
        }
        assert_ne!(status, 70, "{err}");
        assert_ne!(status, 101, "{err}");
        Self { status, out, err }
    }

    /// Checks that this was refused as a wrong use, and that standard error says `words`.
    pub(crate) fn refused(&self, words: &str) {
        assert_eq!(self.status, 64, "{}{}", self.out, self.err);
        assert_eq!(self.out, "", "a refusal is on standard error alone");
        assert!(self.err.contains(words), "{words:?} is not in: {}", self.err);
    }

    /// Checks that this went well, and gives standard output.
    pub(crate) fn went_well(&self) -> &str {
        assert_eq!((self.status, self.err.as_str()), (0, ""), "{}", self.out);
        &self.out
    }
}

/// Runs the program with these arguments.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    Ran::of(program().args(arguments).output().unwrap())
}

/// Runs a command to its end with this on its standard input.
pub(crate) fn fed(mut command: Command, input: &[u8]) -> Ran {
    use std::io::Write;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may refuse before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    Ran::of(child.wait_with_output().unwrap())
}

/// Writes a saved report, as `--format json` makes it, into `folder`.
pub(crate) fn saved(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, json::render(&[report(name)]).unwrap()).unwrap();
    path
}

/// A program in user and mount namespaces where no resolver is configured, so that nothing but
/// loopback is ever asked; with `network`, in a network namespace of its own too, where
/// nothing at all can be reached. None where that is not permitted.
pub(crate) fn alone(program: &Path, folder: &Path, network: bool) -> Option<Command> {
    let empty = folder.join("resolv.conf");
    std::fs::write(&empty, "").unwrap();
    let script = r#"mount --bind "$1" /etc/resolv.conf && shift && exec "$@""#;
    let mut command = Command::new("unshare");
    command
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .arg(if network { "-rnm" } else { "-rm" })
        .args(["sh", "-c", script, "sh"])
        .arg(&empty);
    let mut probe = Command::new("unshare");
    probe.args(["-rnm", "sh", "-c", r#"mount --bind "$1" /etc/resolv.conf"#, "sh"]).arg(&empty);
    let possible = probe.stdin(Stdio::null()).output().is_ok_and(|out| out.status.success());
    if !possible {
        assert!(std::env::var_os("CI").is_none(), "CI needs namespaces (unshare -rnm)");
        eprintln!("skipped: namespaces are not permitted here (unshare -rnm)");
        return None;
    }
    command.arg(program);
    Some(command)
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
