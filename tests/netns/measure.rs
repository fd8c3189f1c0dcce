//! What the tool costs, with its peers beside it in the same run (`benches/walk.sh`).
//!
//! The walk is timed over a link of our own that delays each frame by 20 ms; processor time
//! and memory are taken on loopback, where nothing waits.
#![allow(unsafe_code, reason = "wait4 alone tells a child's processor time to the microsecond")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::identity::LOGIN;
use super::network::{on, run, shell};
use super::run_tool::{self, KEY};
use super::servers::Servers;
use super::world::{Client, ENDPOINT, TARGET};
use super::{certificates, dns, endpoint, identity};

const RUNS: usize = 20;
/// The resolver of this lab: the endpoint's neighbour.
const RESOLVER: &str = "10.3.0.10";
/// One way through the link, in milliseconds.
const ONE_WAY: &str = "20";

/// Builds the namespaces and measures inside.
///
/// # Errors
/// Something cannot be measured, or a bar is passed.
pub fn outside() -> Result<(), String> {
    let work = tempfile::tempdir().map_err(|e| e.to_string())?;
    let own = own();
    let folder = work.path().display().to_string();
    let status = super::namespaces(&[&own, "--measure-inside", &folder])
        .status()
        .map_err(|e| e.to_string())?;
    if status.success() { Ok(()) } else { Err("not within every bar".to_owned()) }
}

fn own() -> String {
    std::env::current_exe().map(|p| p.display().to_string()).unwrap_or_default()
}

/// Measures, and prints the table.
///
/// # Errors
/// Something cannot be measured, or a bar is passed.
pub fn inside(work: &Path, binary: &Path) -> Result<(), String> {
    let _servers = build(work)?;
    let ca = work.join("root.pem").display().to_string();
    let tool = binary.display().to_string();
    let url = format!("https://{TARGET}/openai/models?api-version=2024-10-21");
    let header = format!("api-key: {KEY}");
    let walk = [tool.as_str(), TARGET, "--ca-file", &ca];
    let curl = ["curl", "-sf", "--cacert", &ca, "-H", &header, "-o", "/dev/null", &url];
    let connect = format!("{ENDPOINT}:443");
    let s_client =
        ["openssl", "s_client", "-connect", &connect, "-servername", TARGET, "-CAfile", &ca];
    let version = [tool.as_str(), "--version"];

    let mut round_trips = run(on("client", &own()).args(["--cost", "rtt", &connect]))?
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect::<Vec<f64>>();
    let rtt = median(&mut round_trips);
    let with_token = ["env", "-u", "AZURE_OPENAI_API_KEY"];
    let with_token = [&with_token[..], &walk].concat();
    let with_deployment = [&walk[..], &["--deployment", "gpt-4o"]].concat();
    let far = costs("client", &[&walk, &curl, &with_token, &with_deployment])?;
    let near = costs("endpoint", &[&walk, &curl, &s_client, &version])?;
    let memory: Vec<f64> = [walk.as_slice(), &curl, &s_client]
        .iter()
        .map(|command| peak_memory(command, work))
        .collect::<Result<_, _>>()?;

    println!("{}", machine());
    println!("round trip {rtt:.1} ms over the delay link; medians of {RUNS} runs, in turn\n");
    println!("{:<44} {:>10} {:>10}", "", "measured", "bar");
    let mut within = true;
    let mut row = |what: &str, measured: f64, unit: &str, bar: Option<f64>| {
        let word = match bar {
            Some(bar) if measured > bar => {
                within = false;
                "OVER"
            }
            Some(_) => "ok",
            None => "",
        };
        let bar = bar.map_or_else(String::new, |bar| format!("{bar:.1} {unit}"));
        println!("{what:<44} {:>10} {bar:>10}  {word}", format!("{measured:.1} {unit}"));
    };
    row("healthy walk over the delay link", far[0].wall, "ms", Some(4.0 * rtt + 10.0));
    row("  curl --cacert, the same call", far[1].wall, "ms", None);
    row("healthy walk with a token of Entra ID", far[2].wall, "ms", Some(far[0].wall + rtt + 10.0));
    row("healthy walk with --deployment", far[3].wall, "ms", Some(5.0 * rtt + 10.0));
    row("healthy walk on loopback, wall", near[0].wall, "ms", None);
    row("healthy walk on loopback, user + system", near[0].processor, "ms", Some(5.0));
    row("  curl --cacert, the same call", near[1].processor, "ms", None);
    row("  openssl s_client, handshake alone", near[2].processor, "ms", None);
    row("healthy walk, peak resident memory", memory[0], "MiB", Some(10.0));
    row("  curl --cacert, the same call", memory[1], "MiB", None);
    row("  openssl s_client, handshake alone", memory[2], "MiB", None);
    row("--version, user + system", near[3].processor, "ms", Some(2.0));
    if within { Ok(()) } else { Err("over a bar".to_owned()) }
}

/// Client and endpoint at the two ends of the delay link; the resolver beside the endpoint.
fn build(work: &Path) -> Result<Servers, String> {
    shell(
        "mount -t tmpfs tmpfs /run && ip link set lo up
        for host in client endpoint; do
            ip netns add $host
            ip link add to-$host type veth peer name eth0 netns $host
            ip link set to-$host up
            ip -n $host link set lo up
            ip -n $host link set eth0 up
            # The link carries frames as they are: whole checksums, no merged segments.
            nsenter --net=/run/netns/$host ethtool -K eth0 tx off tso off gso off gro off
        done
        ip -n client address add 10.3.0.4/24 dev eth0
        ip -n endpoint address add 10.3.0.5/24 dev eth0
        ip -n endpoint address add 10.3.0.10/24 dev eth0",
    )?;
    // Who gives tokens is as far away as the endpoint.
    shell(&format!(
        "ip -n endpoint address add {LOGIN}/32 dev lo
        ip -n client route add {LOGIN}/32 via {ENDPOINT}"
    ))?;
    let authorities = certificates::write(work)?;
    let mut servers = Servers::new(work);
    servers.start(
        "link",
        "router",
        &own(),
        &["--delay-link", "to-client", "to-endpoint", ONE_WAY],
    )?;
    dns::healthy("endpoint", RESOLVER, work, &mut servers)?;
    endpoint::healthy(work, &authorities, &mut servers)?;
    identity::login_alone(work, &authorities, &mut servers)?;
    // Two hundred connections at 40 ms, until the servers at the far end are up.
    let ready = on("client", &own()).args(["--cost", "rtt", &format!("{ENDPOINT}:443")]).output();
    if !ready.is_ok_and(|out| out.status.success()) {
        servers.all_run()?;
        return Err("the endpoint does not answer over the delay link".to_owned());
    }
    let client =
        Client { resolv_conf: vec![format!("nameserver {RESOLVER}")], ..Client::default() };
    run_tool::dress(&client, work)?;
    Ok(servers)
}

/// Medians of one command.
struct Cost {
    /// Milliseconds from start to end.
    wall: f64,
    /// Milliseconds of user and system time.
    processor: f64,
}

/// Runs the commands in turn on a host, and takes the medians.
fn costs(host: &str, commands: &[&[&str]]) -> Result<Vec<Cost>, String> {
    let mut command = on(host, &own());
    command.args(["--cost", "run"]).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("AZURE_OPENAI_API_KEY", KEY);
    // The key comes first; without it, this.
    identity::application(&mut command);
    for words in commands {
        command.arg("--next").args(*words);
    }
    let out = run(&mut command)?;
    let mut samples: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); commands.len()];
    for line in out.lines() {
        let mut words = line.split(' ').map(str::parse::<f64>);
        if let (Some(Ok(index)), Some(Ok(wall)), Some(Ok(processor))) =
            (words.next(), words.next(), words.next())
        {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an index that we printed"
            )]
            let sample = &mut samples[index as usize];
            sample.0.push(wall);
            sample.1.push(processor);
        }
    }
    Ok(samples
        .iter_mut()
        .map(|(wall, processor)| Cost { wall: median(wall), processor: median(processor) })
        .collect())
}

/// What runs on the host: `rtt <address>` or `run (--next <command>...)...`.
///
/// # Errors
/// A command fails.
pub fn cost(args: &[&str]) -> Result<(), String> {
    match args {
        ["rtt", address] => {
            let at = address.parse().map_err(|e| format!("{address}: {e}"))?;
            let one = || {
                let began = Instant::now();
                std::net::TcpStream::connect_timeout(&at, std::time::Duration::from_secs(1))
                    .map(|_| milliseconds(began))
            };
            // The first one asks for the neighbour's address, or finds nobody listening yet.
            (0..200).find_map(|_| one().ok()).ok_or("nobody listens")?;
            for _ in 0..RUNS {
                println!("{}", one().map_err(|e| e.to_string())?);
            }
            Ok(())
        }
        ["run", commands @ ..] => {
            let commands: Vec<&[&str]> =
                commands.split(|word| *word == "--next").filter(|c| !c.is_empty()).collect();
            // The first round fills caches and is not counted.
            for round in 0..=RUNS {
                for (index, command) in commands.iter().enumerate() {
                    let (wall, processor) = once(command)?;
                    if round > 0 {
                        println!("{index} {wall} {processor}");
                    }
                }
            }
            Ok(())
        }
        _ => Err("--cost rtt|run".to_owned()),
    }
}

fn once(command: &[&str]) -> Result<(f64, f64), String> {
    let began = Instant::now();
    let child = Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{command:?}: {e}"))?;
    let id = libc::pid_t::try_from(child.id()).map_err(|e| e.to_string())?;
    let mut status = 0;
    // SAFETY: the child is ours and nobody else waits for it; both outputs live on the stack.
    let (done, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(id, &raw mut status, 0, &raw mut usage), usage)
    };
    let wall = milliseconds(began);
    if done != id || status != 0 {
        return Err(format!("{command:?}: wait status {status}"));
    }
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of a short run")]
    let time = |t: libc::timeval| t.tv_sec as f64 * 1e3 + t.tv_usec as f64 / 1e3;
    Ok((wall, time(usage.ru_utime) + time(usage.ru_stime)))
}

/// Peak resident memory in MiB, by a parent that is itself small: a child begins with its
/// parent's peak.
fn peak_memory(command: &[&str], work: &Path) -> Result<f64, String> {
    let file = work.join("memory");
    let mut peaks = Vec::new();
    for _ in 0..RUNS {
        on("endpoint", "/usr/bin/time")
            .args(["-f", "%M", "-o"])
            .arg(&file)
            .args(command)
            .env("AZURE_OPENAI_API_KEY", KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|e| format!("time: {e}"))?;
        let text = fs::read_to_string(&file).map_err(|e| format!("time: {e}"))?;
        let last = text.lines().last().unwrap_or_default();
        peaks.push(last.parse::<f64>().map_err(|e| format!("time said {text:?}: {e}"))? / 1024.0);
    }
    Ok(median(&mut peaks))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The machine, in one line.
fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let count = processors.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{count} x {model}, Linux {}, load {}",
        kernel.trim(),
        load.split(' ').next().unwrap_or_default()
    )
}
