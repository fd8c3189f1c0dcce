//! Runs the tool as a user would: without capabilities, in the client's network, with the
//! client's own resolver configuration and environment.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::azure::world::Azure;
use super::network::{on, run};
use super::world::{Client, Credential, INTERNET_DNS};

/// What every planted secret contains, and nothing else does.
pub const CANARY: &str = "canary-";
/// The key that the endpoint accepts.
pub const KEY: &str = "canary-key-7d41b6f0c2a94be1";
const WRONG_KEY: &str = "canary-wrong-key-9b1f";

/// The token that the endpoint accepts: a JWT for the right audience.
pub fn token() -> String {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    format!(
        "{}.{}.canary-token-signature",
        part(r#"{"typ":"JWT","alg":"RS256"}"#),
        part(
            r#"{"aud":"https://cognitiveservices.azure.com","iss":"https://sts.windows.net/6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f/","tid":"6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f","oid":"7d1c8e0a-5a86-4b52-bb1c-3c4f3c1f9a11","appid":"11111111-2222-3333-4444-555555555555","idtyp":"app","nbf":1700000000,"exp":4102444800,"ver":"1.0"}"#
        )
    )
}

/// Puts the client's files in place of this machine's, for this mount namespace only.
///
/// # Errors
/// A file cannot be written or mounted.
pub fn dress(client: &Client, work: &Path) -> Result<(), String> {
    let hosts = format!("127.0.0.1 localhost\n{}\n", client.hosts.join("\n"));
    let resolv_conf = client.resolv_conf.join("\n") + "\n";
    for (path, text) in [
        ("/etc/resolv.conf", resolv_conf.as_str()),
        ("/etc/hosts", &hosts),
        ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ] {
        let own = work.join(path.trim_start_matches('/').replace('/', "."));
        fs::write(&own, text).map_err(|e| format!("{}: {e}", own.display()))?;
        let over = mount_point(Path::new(path))?;
        run(Command::new("mount").arg("--bind").arg(&own).arg(&over))?;
    }
    Ok(())
}

/// What lies behind a symbolic link such as systemd-resolved's, which may lead into /run,
/// where this world has a file system of its own.
fn mount_point(path: &Path) -> Result<PathBuf, String> {
    let Ok(link) = fs::read_link(path) else { return Ok(path.to_owned()) };
    let target = path.parent().unwrap_or(Path::new("/")).join(link);
    if !target.exists() {
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        fs::write(&target, "").map_err(|e| format!("{}: {e}", target.display()))?;
    }
    fs::canonicalize(&target).map_err(|e| format!("{}: {e}", target.display()))
}

/// One run of the tool.
pub struct Run {
    pub command: String,
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    /// A process whose command line showed the secret while the tool ran.
    pub leaked_in: Option<String>,
}

/// Runs the tool once.
///
/// # Errors
/// It cannot be started.
pub fn tool(binary: &Path, client: &Client, work: &Path, extra: &[&str]) -> Result<Run, String> {
    let mut args = vec![client.target.clone()];
    args.extend(client.args.iter().cloned());
    if client.ca_file {
        args.push("--ca-file".to_owned());
        args.push(work.join("root.pem").display().to_string());
    }
    args.extend(extra.iter().map(|a| (*a).to_owned()));
    let mut command = environment(client, binary, &mut args, work)?;
    command.args(&args);
    finished(command, &args)
}

/// `aoai-probe azure`: no path is walked, and what Azure alone says is judged.
///
/// # Errors
/// It cannot be started.
pub fn audit(binary: &Path, client: &Client, azure: &Azure, work: &Path) -> Result<Run, String> {
    let mut args = vec!["azure".to_owned(), client.target.clone()];
    args.extend(azure.options().into_iter().filter(|option| option != "--azure"));
    args.extend(["--ca-file".to_owned(), work.join("root.pem").display().to_string()]);
    let mut command = environment(client, binary, &mut args, work)?;
    command.args(&args);
    finished(command, &args)
}

/// Asks Resource Manager about a saved report on an administrator's machine: in the internet's
/// network, with its resolver, and with none of the client's secrets.
///
/// # Errors
/// It cannot be started.
pub fn administrator(
    binary: &Path,
    azure: &Azure,
    work: &Path,
    extra: &[&str],
) -> Result<Run, String> {
    let mut args = vec!["diagnose".to_owned(), "report.json".to_owned()];
    args.extend(azure.options());
    args.extend(["--ca-file".to_owned(), work.join("root.pem").display().to_string()]);
    args.extend(extra.iter().map(|a| (*a).to_owned()));
    let resolv_conf = work.join("administrator.resolv.conf");
    fs::write(&resolv_conf, format!("nameserver {INTERNET_DNS}\n"))
        .map_err(|e| format!("{}: {e}", resolv_conf.display()))?;
    let over = mount_point(Path::new("/etc/resolv.conf"))?;
    let script = format!(
        "mount --bind {} {} && exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all \
         \"$@\"",
        resolv_conf.display(),
        over.display()
    );
    let mut command = on("internet", "unshare");
    command.args(["--mount", "sh", "-euc", &script, "sh"]).arg(binary).args(&args);
    outside(&mut command, work);
    command.envs(azure.environment());
    finished(command, &args)
}

/// Runs it to its end.
fn finished(mut command: Command, args: &[String]) -> Result<Run, String> {
    let began = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{command:?}: {e}"))?;
    let reader = |stream: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(mut stream) = stream {
                let _ = stream.read_to_end(&mut text);
            }
            String::from_utf8_lossy(&text).into_owned()
        })
    };
    let stdout = reader(child.stdout.take().map(|s| Box::new(s) as _));
    let stderr = reader(child.stderr.take().map(|s| Box::new(s) as _));
    let mut leaked_in = None;
    let status = loop {
        leaked_in = leaked_in.or_else(secret_on_a_command_line);
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = began.elapsed();
    let text = |t: std::thread::JoinHandle<String>| t.join().unwrap_or_default();
    Ok(Run {
        command: format!("aoai-probe {}", args.join(" ")),
        status: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
        took,
        leaked_in,
    })
}

/// A program as the client would start it, with the client's credential; `args` gets what the
/// credential wants as arguments.
///
/// # Errors
/// A file of the credential cannot be written.
pub fn environment(
    client: &Client,
    binary: &Path,
    args: &mut Vec<String>,
    work: &Path,
) -> Result<Command, String> {
    // Root in this namespace, but with no capability: what an ordinary user may do.
    let own = std::env::current_exe().map_err(|e| e.to_string())?.display().to_string();
    let sandbox = [own.as_str(), "--sandbox"].into_iter().filter(|_| client.sandbox);
    let kept = if client.raw_sockets { ",+net_raw" } else { "" };
    let mut command = on("client", "setpriv");
    command
        .args(["--no-new-privs", &format!("--bounding-set=-all{kept}"), "--inh-caps=-all"])
        .args(sandbox)
        .arg(binary);
    outside(&mut command, work);
    match client.credential {
        Credential::Key => command.env("AZURE_OPENAI_API_KEY", KEY),
        Credential::WrongKey => command.env("AZURE_OPENAI_API_KEY", WRONG_KEY),
        Credential::Token => command.env("AZURE_OPENAI_AD_TOKEN", token()),
        _ => &mut command,
    };
    super::identity::configure(client, work, &mut command, args)?;
    for (name, value) in &client.env {
        command.env(name, value.replace("{work}", &work.display().to_string()));
    }
    Ok(command)
}

/// What every run has around it.
fn outside(command: &mut Command, work: &Path) {
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", work)
        .current_dir(work)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
}

/// Reads every command line of this process namespace.
fn secret_on_a_command_line() -> Option<String> {
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        let mut line = Vec::new();
        if fs::File::open(entry.path().join("cmdline"))
            .and_then(|mut f| f.read_to_end(&mut line))
            .is_ok()
            && contains(&line, CANARY.as_bytes())
        {
            return Some(String::from_utf8_lossy(&line).replace('\0', " "));
        }
    }
    None
}

/// Whether `needle` occurs in `bytes`.
pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
