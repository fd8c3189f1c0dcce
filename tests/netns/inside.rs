//! One world from beginning to end, inside namespaces of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use super::count::Sent;
use super::network::{self, on, shell};
use super::run_tool::{self, CANARY, KEY, Run, administrator, contains, tool};
use super::servers::Servers;
use super::world::{ENDPOINT, EndpointSoftware, Expect, Resolver, World};
use super::{certificates, dns, endpoint, identity, proxy, resource_manager, screen};

/// Builds the world, runs the tool in it and returns what differs from the expectation.
///
/// # Errors
/// The world cannot be built, or the tool says something else than expected.
pub fn judge(file: &Path, work: &Path, binary: &Path) -> Result<(), String> {
    let mut world = World::read(file)?;
    if world.world.about.trim().is_empty() {
        return Err("a world says in `about` what the mistake is".to_owned());
    }
    let mut servers = build(&mut world, work)?;
    let capture = Capture::start()?;
    network::break_it(&world, work)?;

    let mut json = tool(binary, &world.client, work, &["--format", "json"])?;
    let first = capture.stop()?;
    let capture = Capture::start()?;
    let elsewhere = world.azure.as_ref().filter(|azure| resource_manager::asks_elsewhere(azure));
    let (human, verbose) = if let Some(azure) = elsewhere {
        fs::write(work.join("report.json"), &json.stdout).map_err(|e| e.to_string())?;
        json = administrator(binary, azure, work, &["--format", "json"])?;
        let human = administrator(binary, azure, work, &[])?;
        (human, administrator(binary, azure, work, &["-v"])?)
    } else if serves_one_at_a_time(&world) {
        (tool(binary, &world.client, work, &[])?, tool(binary, &world.client, work, &["-v"])?)
    } else {
        std::thread::scope(|scope| {
            let verbose = scope.spawn(|| tool(binary, &world.client, work, &["-v"]));
            let human = tool(binary, &world.client, work, &[])?;
            let verbose = verbose.join().map_err(|_| "a run ended in a panic".to_owned())??;
            Ok::<_, String>((human, verbose))
        })?
    };
    let plan = tool(binary, &world.client, work, &["--plan"])?;
    let in_the_clear = first.secret || capture.stop()?.secret;
    servers.all_run()?;

    let mut differs = Vec::new();
    verdict(&world, &json, &human, &mut differs);
    if world.expect.cost_agrees {
        let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap_or_default();
        differs.extend(cost_differs(self_cost(&report), counted(&report, first.sent)));
    }
    secrets(&world, work, in_the_clear, &[&json, &human, &verbose, &plan], &mut differs);
    if let Some(identity) = &world.identity {
        let walks = if elsewhere.is_some() { 1 } else { 3 };
        identity::judge(identity, work, walks, &mut differs);
    }
    if let Some(azure) = &world.azure {
        if let Some(wanted) = &azure.audit {
            let audit = run_tool::audit(binary, &world.client, azure, work)?;
            if !audit.stdout.starts_with(wanted.as_str()) || audit.stdout.contains(CANARY) {
                differs.push(format!("audit: wanted {wanted:?}\n{}{}", audit.stdout, audit.stderr));
            }
        }
        resource_manager::judge(azure, work, &mut differs);
    }
    if differs.is_empty() {
        return Ok(());
    }
    let mut report = format!("{}\n", differs.join("\n"));
    for run in [&json, &human] {
        report.push_str(&format!(
            "\n$ {}   (exit {:?}, {:?})\n{}{}",
            run.command, run.status, run.took, run.stdout, run.stderr
        ));
    }
    if std::env::var_os("AOAI_PROBE_LAB_LOGS").is_some() {
        for entry in fs::read_dir(work).map_err(|e| e.to_string())?.flatten() {
            if entry.path().extension().is_some_and(|e| e == "log") {
                let text = fs::read_to_string(entry.path()).unwrap_or_default();
                report.push_str(&format!("\n== {}\n{text}", entry.path().display()));
            }
        }
    }
    Err(report)
}

/// A secret that crosses the network in the clear is found: else no world proves anything.
///
/// # Errors
/// It is not found.
pub fn check_the_watch(work: &Path) -> Result<(), String> {
    let mut world: World =
        toml::from_str("world.about = 'healthy'\nexpect.state = 'works'\nexpect.exit = 0\n")
            .map_err(|e| e.to_string())?;
    let _servers = build(&mut world, work)?;
    let quiet = Capture::start()?;
    if quiet.stop()?.secret {
        return Err("the watch sees a secret where nothing is sent".to_owned());
    }
    let capture = Capture::start()?;
    let url = format!("http://{ENDPOINT}:443/");
    let header = format!("api-key: {KEY}");
    let sent = on("client", "curl").args(["-s", "-o", "/dev/null", "-H", &header, &url]).status();
    sent.map_err(|e| format!("curl: {e}"))?;
    if capture.stop()?.secret {
        Ok(())
    } else {
        Err("the watch does not see the secret".to_owned())
    }
}

/// Builds the world up to the point where all of it works.
///
/// # Errors
/// It cannot be built.
pub fn build(world: &mut World, work: &Path) -> Result<Servers, String> {
    if world.resolvers.is_empty() {
        world.resolvers.push(Resolver::healthy());
    }
    resource_manager::prepare(world);
    // `ip netns` keeps its names in /run, squid its memory in /dev/shm.
    shell("mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev/shm")?;
    network::build(world)?;
    let authorities = certificates::write(work)?;
    let mut servers = Servers::new(work);
    if let Some(delay) = world.router.delay_ms {
        let own = std::env::current_exe().map_err(|e| e.to_string())?.display().to_string();
        let args = ["--delay-link", "link0", "far", &delay.to_string()];
        servers.start("link", "router", &own, &args)?;
    }
    dns::start(world, work, &mut servers)?;
    endpoint::start(world, work, &authorities, &mut servers)?;
    resource_manager::start(world.azure.as_ref(), work, &authorities, &mut servers)?;
    identity::start(world.identity.as_ref(), work, &authorities, &mut servers)?;
    proxy::start(world, work, &mut servers)?;
    dns::ready(world)?;
    endpoint::ready(world, &mut servers)?;
    identity::ready(world.identity.as_ref(), work, &mut servers)?;
    resource_manager::ready(world.azure.as_ref(), &mut servers)?;
    proxy::ready(world, &mut servers)?;
    run_tool::dress(&world.client, work)?;
    Ok(servers)
}

/// `openssl s_server` has one client at a time.
fn serves_one_at_a_time(world: &World) -> bool {
    matches!(
        world.endpoint.software,
        EndpointSoftware::OpensslTls11
            | EndpointSoftware::OpensslNoAnswer
            | EndpointSoftware::Openssl
    )
}

/// The verdict, the findings, the exit status and the first line.
fn verdict(world: &World, json: &Run, human: &Run, differs: &mut Vec<String>) {
    let expect = &world.expect;
    let mut same = |what: &str, wanted: &dyn std::fmt::Debug, got: &dyn std::fmt::Debug| {
        let (wanted, got) = (format!("{wanted:?}"), format!("{got:?}"));
        if wanted != got {
            differs.push(format!("{what}: wanted {wanted}, got {got}"));
        }
    };
    same("exit status with --format json", &Some(expect.exit), &json.status);
    same("exit status", &Some(expect.exit), &human.status);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap_or_default();
    // Several targets are a list; each must be as the world says.
    let reports = report.as_array().map_or(std::slice::from_ref(&report), Vec::as_slice);
    for report in reports {
        one_report(expect, report, &mut same);
    }
    if let Some(most) = expect.within_ms
        && let Some(took) = reports[0]["evidence"]["cost"]["took_ms"].as_f64()
        && took
            > std::time::Duration::from_millis(most + emulation_ms(&reports[0])).as_secs_f64() * 1e3
    {
        differs.push(format!("the walk took {took} ms, wanted at most {most} ms"));
    }

    if reports.len() == 1 {
        first_line(expect, human, differs);
        match serde_json::from_str(&json.stdout) {
            Ok(report) => differs.extend(screen::faults(&report, &human.stdout)),
            Err(e) => differs.push(format!("the report in JSON: {e}")),
        }
    }
    // Where a line is wrapped depends on what comes before.
    let words = human.stdout.split_whitespace().filter(|word| *word != "\\");
    let unwrapped = words.collect::<Vec<_>>().join(" ");
    for words in &expect.stdout_contains {
        if !human.stdout.contains(words) && !unwrapped.contains(words) {
            differs.push(format!("the human report lacks {words:?}"));
        }
    }
}

/// Compares what is wanted with what came.
type Same<'a> = dyn FnMut(&str, &dyn std::fmt::Debug, &dyn std::fmt::Debug) + 'a;

fn one_report(expect: &Expect, report: &serde_json::Value, same: &mut Same<'_>) {
    let verdict = &report["verdict"];
    same("verdict.state", &Some(expect.state.as_str()), &verdict["state"].as_str());
    same("verdict.broken_hop", &expect.broken_hop.as_deref(), &verdict["broken_hop"].as_str());
    same("verdict.cause", &expect.cause.as_deref(), &verdict["cause"].as_str());
    if let Some(kind) = &expect.token {
        let outcome = &report["evidence"]["identity"]["acquisition"]["outcome"]["kind"];
        same("outcome of the token", &Some(kind.as_str()), &outcome.as_str());
    }
    let all = || report["findings"].as_array().into_iter().flatten();
    if let Some(wanted) = &expect.confidence {
        let cause = all().find(|finding| finding["id"] == verdict["cause"]);
        let confidence = cause.and_then(|finding| finding["confidence"].as_str());
        same("confidence of the cause", &Some(wanted.as_str()), &confidence);
    }
    let is_there = |note: &str| all().any(|f| f["id"] == note && f["level"] == "note");
    for note in &expect.notes {
        same("notes", &Some(note.as_str()), &is_there(note).then_some(note.as_str()));
    }
    let mut wanted: Vec<&str> = expect.findings.iter().map(String::as_str).collect();
    let mut got: Vec<&str> = all()
        .filter(|f| matches!(f["level"].as_str(), Some("risk" | "broken")))
        .filter_map(|f| f["id"].as_str())
        .collect();
    wanted.sort_unstable();
    got.sort_unstable();
    same("findings of levels risk and broken", &wanted, &got);

    if let Some(most) = expect.packets_at_most {
        let cost = &report["evidence"]["cost"];
        let count = |v: &serde_json::Value| v.as_u64().unwrap_or(0);
        let sent = count(&cost["datagrams_sent"]) + count(&cost["segments_sent"]);
        let within = format!("1 to {most}");
        let got = if (1..=most).contains(&sent) { within.clone() } else { sent.to_string() };
        same("packets sent, repeats apart", &within, &got);
    }
}

fn first_line(expect: &Expect, human: &Run, differs: &mut Vec<String>) {
    let first = human.stdout.lines().next().unwrap_or_default();
    let begins = match (expect.state.as_str(), &expect.broken_hop, &expect.cause) {
        ("broken", Some(hop), Some(cause)) => format!("BROKEN at {hop} ({cause}): "),
        ("at_risk", _, Some(_)) => "AT RISK at ".to_owned(),
        ("works", _, None) => "WORKS: ".to_owned(),
        ("cannot_tell", _, None) => "CANNOT TELL: ".to_owned(),
        other => format!("<an expectation that makes sense, not {other:?}>"),
    };
    if !first.starts_with(&begins) {
        differs.push(format!("first line: wanted {begins:?}..., got {first:?}"));
    }
}

/// The secret: in no output, in no packet as it is, on no command line; at the endpoint only
/// where the certificate verified and the world says so.
fn secrets(
    world: &World,
    work: &Path,
    in_the_clear: bool,
    runs: &[&Run],
    differs: &mut Vec<String>,
) {
    let made = world.identity.as_ref().map(|_| identity::made(work)).unwrap_or_default();
    for run in runs {
        for (stream, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
            if text.contains(CANARY) || made.iter().any(|secret| text.contains(secret)) {
                differs.push(format!("{stream} of `{}` shows the secret", run.command));
            }
        }
        if let Some(line) = &run.leaked_in {
            differs.push(format!("the secret stood on a command line: {line}"));
        }
        if run.stderr.contains("panicked") {
            differs.push(format!("`{}` panicked", run.command));
        }
    }
    if in_the_clear {
        differs.push("the secret crossed the network in the clear".to_owned());
    }
    let arrived = ["endpoint.access.log", "front.access.log", "endpoint.log", "front.log"]
        .iter()
        .any(|log| fs::read(work.join(log)).is_ok_and(|text| contains(&text, CANARY.as_bytes())));
    if arrived != world.expect.secret_sent {
        differs.push(format!(
            "secret_sent: wanted {}, but the server's log says {arrived}",
            world.expect.secret_sent
        ));
    }
}

/// What a capture showed.
pub struct Seen {
    /// A frame showed the secret.
    pub secret: bool,
    /// What the client sent.
    pub sent: Sent,
}

/// What a bound on time leaves to wine, whose server answers each system call of the program.
fn emulation_ms(report: &serde_json::Value) -> u64 {
    let os = report["evidence"]["vantage"]["os"].as_str().unwrap_or_default();
    if os.starts_with("windows") { 500 } else { 0 }
}

/// The packets that the report says were sent.
pub fn self_cost(report: &serde_json::Value) -> u32 {
    let cost = &report["evidence"]["cost"];
    let number = |name: &str| cost[name].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    number("datagrams_sent") + number("segments_sent")
}

/// What of a capture the report counts: where a system does not count TCP's segments (wine), datagrams
/// alone.
fn counted(report: &serde_json::Value, sent: Sent) -> Sent {
    match report["evidence"]["cost"]["segments_sent"].is_null() {
        true => Sent { segments: 0, ..sent },
        false => sent,
    }
}

/// How self-cost and capture differ, if they do. When a connection ends, an acknowledgement
/// may go out or not, as the peer's last segments come before our FIN or after it: one of
/// ten packets is left to that.
pub fn cost_differs(cost: u32, sent: Sent) -> Option<String> {
    let wire = sent.segments + sent.datagrams;
    let left = (wire / 10).max(2);
    // What was for a neighbour that does not answer was sent and never left.
    let differs = if sent.nobody > 0 { wire > cost + left } else { cost.abs_diff(wire) > left };
    differs.then(|| format!("the tool says {cost} packets, the wire {sent:?}"))
}

/// Every frame at the client's interface.
pub struct Capture {
    child: Child,
    words: BufReader<ChildStdout>,
}

impl Capture {
    /// Begins.
    ///
    /// # Errors
    /// The interface cannot be watched.
    pub fn start() -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|e| e.to_string())?;
        let mut child = on("client", &own.display().to_string())
            .args(["--watch-packets", "eth0", network::CLIENT, network::CLIENT6])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("capture: {e}"))?;
        let stdout = child.stdout.take().ok_or("capture: no stdout")?;
        let mut words = BufReader::new(stdout);
        let mut line = String::new();
        words.read_line(&mut line).map_err(|e| format!("capture: {e}"))?;
        if line.trim() == "watching" { Ok(Self { child, words }) } else { Err(line) }
    }

    /// Ends, and says what was seen.
    ///
    /// # Errors
    /// The capture broke.
    pub fn stop(mut self) -> Result<Seen, String> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.words.read_to_string(&mut said).map_err(|e| format!("capture: {e}"))?;
        self.child.wait().map_err(|e| format!("capture: {e}"))?;
        let secret = said.lines().any(|line| line == "secret");
        let last = said.lines().find_map(|line| line.strip_prefix("sent ")).unwrap_or_default();
        let counts: Vec<u32> = last.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [segments, again, after, datagrams, system, nobody] = counts[..] else {
            return Err(format!("capture: {said}"));
        };
        Ok(Seen { secret, sent: Sent { segments, again, after, datagrams, system, nobody } })
    }
}
