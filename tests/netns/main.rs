//! The kernel lab: the tool, as a user runs it, in network worlds of real software.
//!
//! Each file of `worlds/` is one operator's mistake. Its world is built in user, network,
//! mount and process namespaces of its own, without root: unbound and dnsmasq resolve, nginx
//! is the service, squid the proxy, nft the firewall. This binary runs itself again inside
//! (`--inside <world>`); `--shell <world>` gives a shell there in place of the tool.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    clippy::disallowed_methods,
    reason = "a test program of its own: it speaks, ends and reads the environment itself"
)]
#![allow(unreachable_pub, reason = "a binary's modules are reached from nowhere else")]

mod answers;
mod application;
#[path = "../lab/azure/mod.rs"]
#[allow(dead_code, reason = "the lab on loopback looks at more of it")]
mod azure;
mod certificates;
mod clients;
mod count;
mod dns;
mod endpoint;
mod greeting;
mod identity;
mod inside;
mod measure;
mod monitors;
mod network;
mod packet;
mod postgresql;
mod proxy;
mod resource_manager;
mod run_tool;
mod sandbox;
#[path = "../lab/screen.rs"]
mod screen;
mod servers;
mod speed;
mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

/// A world that is not judged by then fails.
const DEADLINE: Duration = Duration::from_secs(30);
/// The comparison with other clients compiles one of them.
const CLIENTS_DEADLINE: Duration = Duration::from_secs(120);

/// Programs that the worlds are made of; `.ci/packages` installs them.
const PROGRAMS: &[&str] = &[
    "curl", "dnsmasq", "ethtool", "faketime", "go", "haproxy", "ip", "iptables", "named", "nft",
    "nginx", "node", "nsenter", "openssl", "python3", "setpriv", "squid", "unbound", "unshare",
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["--inside", world, work] => inside::judge(Path::new(world), Path::new(work), &binary()),
        ["--check-the-watch", work] => inside::check_the_watch(Path::new(work)),
        ["--clients", work] => clients::compare(Path::new(work)),
        ["--shell"] => list(),
        ["--shell", world] => shell(world),
        ["--shell-inside", world, work] => shell_inside(world, work),
        ["--greeting", at] => greeting::serve(at),
        ["--identity", place, work] => identity::serve(place, work),
        ["--monitors", world, work] => monitors::judge(world, Path::new(work), &binary()),
        ["--application", work] => application::judge(Path::new(work), &binary()),
        ["--receiver", at, file] => monitors::receive(at, file),
        ["--resource-manager", work] => resource_manager::serve(work),
        ["--parity-inside", work] => identity::parity::inside(Path::new(work), &binary()),
        ["--delay-link", left, right, delay] => packet::delay_link(left, right, delay),
        ["--watch-packets", interface, own @ ..] => packet::watch(interface, own),
        ["--sandbox", command @ ..] => sandbox::run(command),
        ["--speed"] => speed::outside(""),
        ["--speed", filter] => speed::outside(filter),
        ["--speed-inside", world, work, deadline] => {
            speed::inside(Path::new(world), Path::new(work), deadline, &binary())
        }
        ["--measure"] => measure::outside(),
        ["--measure-inside", work] => measure::inside(Path::new(work), &binary()),
        ["--cost", rest @ ..] => measure::cost(rest),
        _ => return tests(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

/// The tool under test.
fn binary() -> PathBuf {
    std::env::var_os("AOAI_PROBE_BINARY")
        .map(PathBuf::from)
        .or_else(|| option_env!("CARGO_BIN_EXE_aoai-probe").map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("aoai-probe"))
}

fn tests() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // More than two worlds at a time would measure each other.
    arguments.test_threads = Some(arguments.test_threads.unwrap_or(2).min(2));
    if let Some(reason) = not_possible().filter(|_| !arguments.list) {
        println!("skipped: {reason}");
        return match std::env::var_os("CI") {
            Some(_) => ExitCode::FAILURE,
            None => ExitCode::SUCCESS,
        };
    }
    let folder = std::env::var_os("AOAI_PROBE_WORLDS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/netns/worlds"),
        PathBuf::from,
    );
    let mut files: Vec<PathBuf> = match std::fs::read_dir(&folder) {
        Ok(entries) => entries.flatten().map(|e| e.path()).collect(),
        Err(e) => {
            eprintln!("{}: {e}", folder.display());
            return ExitCode::FAILURE;
        }
    };
    files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let mut trials: Vec<Trial> = files
        .into_iter()
        .map(|file| {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let file = file.display().to_string();
            Trial::test(name, move || inside_namespaces(&["--inside", &file], DEADLINE))
        })
        .collect();
    trials.push(Trial::test("the-watch-sees-a-secret-in-the-clear", || {
        inside_namespaces(&["--check-the-watch"], DEADLINE)
    }));
    trials.push(Trial::test("clients-read-the-proxy-variables-as-we-say", || {
        inside_namespaces(&["--clients"], CLIENTS_DEADLINE)
    }));
    for world in monitors::WORLDS {
        trials.push(Trial::test(format!("monitors-ask-azure-once-over-{world}"), move || {
            inside_namespaces(&["--monitors", world], CLIENTS_DEADLINE)
        }));
    }
    trials.push(Trial::test("everything-that-an-application-calls", || {
        inside_namespaces(&["--application"], DEADLINE)
    }));
    trials.push(Trial::test("parity-with-the-sdk-for-python", || {
        match identity::parity::python() {
            None if std::env::var_os("CI").is_some() => {
                Err("azure-identity is not installed in target/venv".into())
            }
            None => {
                println!("skipped: azure-identity is not installed in target/venv");
                Ok(())
            }
            Some(_) => inside_namespaces(&["--parity-inside"], CLIENTS_DEADLINE),
        }
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Why no world can be built on this machine.
fn not_possible() -> Option<String> {
    let out = namespaces(&["true"]).output();
    match out {
        Err(e) => return Some(format!("unshare: {e}")),
        Ok(out) if !out.status.success() => {
            let words = String::from_utf8_lossy(&out.stderr).trim().to_owned();
            return Some(format!("namespaces are not permitted here: {words}"));
        }
        Ok(_) => {}
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&path()).collect();
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .copied()
        .filter(|p| !folders.iter().any(|folder| folder.join(p).exists()))
        .collect();
    (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")))
}

/// PATH with the folders of system programs, which an ordinary user's may lack.
fn path() -> String {
    let own = std::env::var("PATH").unwrap_or_default();
    format!("{own}:/usr/local/sbin:/usr/sbin:/sbin")
}

/// A program in namespaces of its own; it ends when this process does.
pub fn namespaces(command: &[&str]) -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["-rnm", "--pid", "--fork", "--mount-proc", "--kill-child", "--"]).args(command);
    unshare.env("PATH", path());
    unshare
}

/// This binary again, in namespaces of its own, with a folder to work in as last argument.
fn inside_namespaces(args: &[&str], deadline: Duration) -> Result<(), Failed> {
    let work = tempfile::tempdir()?;
    let own = std::env::current_exe()?.display().to_string();
    let folder = work.path().display().to_string();
    let command: Vec<&str> =
        [own.as_str()].into_iter().chain(args.iter().copied()).chain([folder.as_str()]).collect();
    let child = namespaces(&command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let id = child.id();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(deadline) {
        Ok(out) => {
            let out = out?;
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&out.stderr),
                String::from_utf8_lossy(&out.stdout)
            );
            if out.status.success() { Ok(()) } else { Err(text.into()) }
        }
        Err(_) => {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
            Err(format!("not judged within {deadline:?}").into())
        }
    }
}

/// The worlds that there are, each with what is wrong in it.
fn list() -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/netns/worlds");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|e| e.to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    for file in files {
        let about = world::World::read(&file)?.world.about;
        println!("{}  {about}", file.file_stem().unwrap_or_default().to_string_lossy());
    }
    Ok(())
}

/// A world to look around in: `cargo test --test netns -- --shell <world>`.
fn shell(name: &str) -> Result<(), String> {
    let work = tempfile::tempdir().map_err(|e| e.to_string())?;
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let (own, folder) = (own.display().to_string(), work.path().display().to_string());
    let status = namespaces(&[&own, "--shell-inside", name, &folder]).status();
    status.map(|_| ()).map_err(|e| e.to_string())
}

fn shell_inside(name: &str, work: &str) -> Result<(), String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/netns/worlds")
        .join(name)
        .with_extension("toml");
    let mut world = world::World::read(&file)?;
    let _servers = inside::build(&mut world, Path::new(work))?;
    network::break_it(&world, Path::new(work))?;
    let program = binary();
    let programs = program.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let path = std::env::var("PATH").unwrap_or_default();
    eprintln!(
        "The client's shell, in the world's folder: aoai-probe is on the PATH, a key in \
         AZURE_OPENAI_API_KEY, the lab's root in root.pem.\n  aoai-probe {} --ca-file root.pem {}\n\
         The router's side: nsenter --net=/proc/1/ns/net. The worlds: --shell without a name.",
        world.client.target,
        world.client.args.join(" ")
    );
    let shell = std::env::var("SHELL").unwrap_or_else(|_| "sh".to_owned());
    network::on("client", &shell)
        .env("PATH", format!("{programs}:{path}"))
        .env("AZURE_OPENAI_API_KEY", run_tool::KEY)
        .envs(world.azure.iter().flat_map(|azure| azure.environment()))
        .current_dir(work)
        .status()
        .map(|_| ())
        .map_err(|e| e.to_string())
}
