//! `watch` as operators run it: the real program, real sockets, a lab whose path breaks and
//! mends, and a file that Debian's `sqlite3` looks into.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics and says why; it reads its own files"
)]
#![allow(unreachable_pub, reason = "a binary's modules are reached from nowhere else")]
#![allow(dead_code, reason = "other tests use the rest of the lab")]
#![cfg(unix)]

mod lab;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use aoai_probe::monitor::walker::Walker;
use aoai_probe::monitor::watch::log::Level;
use aoai_probe::monitor::watch::{self, Setup};
use lab::Lab;
use lab::world::World;
use serde_json::Value;

/// In every secret of these tests.
const CANARY: &str = "canary-hook-0b7f3c";
/// No line that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(40);

/// A lab behind a relay that can be broken and mended, and an inventory that leads there.
struct Path443 {
    lab: Lab,
    endpoint: SocketAddr,
    folder: tempfile::TempDir,
    broken: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
    keys: String,
}

impl Path443 {
    fn new() -> Self {
        let text = "about = \"watched\"\n[[resolver]]\nrole = \"given\"\n[private]\n\
                    certificate = \"long-lived\"\n[expect]\nstate = \"works\"\nfindings = []\ncredential_sent = false\n";
        let lab = Lab::start(&Arc::new(World::parse(text).unwrap())).unwrap();
        let arguments = lab.arguments();
        let of = |option: &str| {
            let pairs = arguments.windows(2).filter(move |pair| pair[0] == option);
            pairs.map(|pair| pair[1].clone()).collect::<Vec<_>>()
        };
        let endpoint = of("--connect-to")
            .iter()
            .find_map(|detour| detour.strip_prefix("10.3.0.5:443:")?.parse().ok())
            .unwrap();
        let (broken, connections) = (Arc::default(), Arc::default());
        let relay = relay(endpoint, Arc::clone(&broken), Arc::clone(&connections));
        let folder = tempfile::tempdir().unwrap();
        let keys = format!(
            "resolvers = {:?}\nca_file = {:?}\nproxy = \"none\"\ncredential = \"none\"\n\
             connect_to = [\"10.3.0.5:443:127.0.0.1:{}\"]\ninterval = \"1s\"\ntimeout = \"1s\"\n\
             experiments = false\n",
            of("--resolver"),
            of("--ca-file")[0],
            relay.port(),
        );
        Self { lab, endpoint, folder, broken, connections, keys }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes an inventory of these targets; `more` stands before them.
    fn inventory(&self, names: &[&str], more: &str) -> PathBuf {
        let mut text = format!(
            "[defaults]\n{}\n[watch]\nconfirm = {{ walks = 3, bad = 2, within = \"1h\" }}\n\
             good_again = 1\n{more}\n",
            self.keys
        );
        for name in names {
            text.push_str(&format!(
                "[[target]]\ntarget = \"myacct\"\nname = \"{name}\"\nlabels = {{ team = \"ai\" }}\n"
            ));
        }
        let file = self.file("targets.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    fn watch(&self, config: &Path) -> Watching {
        Watching::begin(self.command(config))
    }

    fn command(&self, config: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aoai-probe"));
        command
            .env_clear()
            .env("HOOK", format!("http://127.0.0.1:1/{CANARY}"))
            .args(["watch", "--config"])
            .arg(config)
            .arg("--history")
            .arg(self.file("history.db"));
        command
    }

    fn history(&self, arguments: &[&str]) -> String {
        let out = Command::new(env!("CARGO_BIN_EXE_aoai-probe"))
            .env_clear()
            .args(["history", "--history"])
            .arg(self.file("history.db"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    fn sqlite3(&self, sql: &str) -> String {
        let out = Command::new("sqlite3").arg(self.file("history.db")).arg(sql).output();
        let out = out.expect("sqlite3 is installed");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }
}

/// Hands connections on to `endpoint`, or ends them after the ClientHello while `broken`.
fn relay(
    endpoint: SocketAddr,
    broken: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            connections.fetch_add(1, Ordering::SeqCst);
            if broken.load(Ordering::SeqCst) {
                std::thread::spawn(move || {
                    let _ = client.read(&mut [0; 2048]);
                    let _ = client.shutdown(Shutdown::Write);
                    let _ = std::io::copy(&mut client, &mut std::io::sink());
                });
                continue;
            }
            let server = TcpStream::connect(endpoint).unwrap();
            for (mut from, mut to) in
                [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
            {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    address
}

/// A `watch` that runs; killed when it is dropped.
struct Watching {
    child: Child,
    lines: mpsc::Receiver<String>,
    heard: Vec<String>,
}

impl Watching {
    fn begin(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = mpsc::channel();
        let out: Box<dyn Read + Send> = Box::new(child.stdout.take().unwrap());
        let err: Box<dyn Read + Send> = Box::new(child.stderr.take().unwrap());
        for from in [out, err] {
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(from).lines() {
                    let _ = tell.send(line.unwrap());
                }
            });
        }
        Self { child, lines, heard: Vec::new() }
    }

    /// The next line with these words in it.
    fn says(&mut self, words: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("nothing says {words:?}:\n{}", self.heard.join("\n"));
            };
            self.heard.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Ends it; everything that it ever said.
    fn ended_by(mut self, signal: &str) -> (ExitStatus, Duration, String) {
        let begun = Instant::now();
        self.signal(signal);
        let status = self.child.wait().unwrap();
        let took = begun.elapsed();
        self.heard.extend(self.lines.iter());
        let said = self.heard.join("\n");
        assert!(!said.contains(CANARY), "a secret in the output:\n{said}");
        (status, took, said)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a receiver of webhooks does with a call.
#[derive(Clone, Copy)]
enum Answers {
    Status(u16),
    Redirect,
    Hangs,
}

/// A receiver of our own: the calls that it got, each with its path and body.
fn receiver(
    mut answers: impl FnMut(usize) -> Answers + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, calls) = mpsc::channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            if head.is_empty() || reader.read_exact(&mut body).is_err() {
                continue;
            }
            let path = head.lines().next().unwrap().to_owned();
            let _ = tell.send((path, serde_json::from_slice(&body).unwrap()));
            let answer = match answers(number) {
                Answers::Status(status) => format!("HTTP/1.1 {status} X\r\n"),
                Answers::Redirect => {
                    format!("HTTP/1.1 307 X\r\nlocation: http://{address}/elsewhere\r\n")
                }
                Answers::Hangs => {
                    std::thread::spawn(move || stream.read(&mut [0]));
                    continue;
                }
            };
            let _ = write!(stream, "{answer}content-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, calls)
}

fn next(calls: &mpsc::Receiver<(String, Value)>) -> (String, Value) {
    calls.recv_timeout(PATIENCE).expect("the webhook is called")
}

#[test]
fn an_outage_is_told_once_with_its_cause_and_its_end() {
    let path = Path443::new();
    let heartbeat = path.file("watch.prom");
    let more = format!("heartbeat = {{ file = {heartbeat:?}, every = \"1s\" }}");
    let mut watch = path.watch(&path.inventory(&["prod"], &more));
    watch.says("watching 1 target");
    path.broken.store(true, Ordering::SeqCst);
    let line = watch.says("prod: BROKEN");
    assert!(line.contains("at tls (tls-closed)"), "{line}");
    let after = path.connections.load(Ordering::SeqCst);
    let open = path.history(&[]);
    assert!(open.contains("prod  BROKEN at tls (tls-closed), page"), "{open}");
    assert!(open.contains("still open") && open.contains("1 incident, 1 open"), "{open}");
    // Several more walks of the same are not told again.
    let end = Instant::now() + PATIENCE;
    while path.connections.load(Ordering::SeqCst) < after + 3 {
        assert!(Instant::now() < end, "walks go on");
        std::thread::yield_now();
    }
    path.broken.store(false, Ordering::SeqCst);
    let line = watch.says("WORKS again after");
    assert!(line.contains("prod: ") && line.contains("(tls-closed)"), "{line}");
    let (status, took, said) = watch.ended_by("-TERM");
    assert!(status.success() && took < Duration::from_secs(2), "{status} after {took:?}\n{said}");
    assert_eq!(said.matches("BROKEN").count(), 1, "{said}");
    assert!(said.ends_with("ended"), "{said}");
    assert_eq!(path.sqlite3("PRAGMA integrity_check"), "ok");
    assert!(!path.file("history.db-wal").exists(), "the history is closed");
    let metrics = std::fs::read_to_string(&heartbeat).unwrap();
    assert!(metrics.contains("\naoai_probe_watch_targets 1\n"), "{metrics}");
    // The evidence is a report that can be judged again.
    let listed: Value = serde_json::from_str(&path.history(&["--format", "json"])).unwrap();
    let incident = &listed["incidents"][0];
    assert_eq!(incident["cause"], "tls-closed");
    assert!(incident["lasted_seconds"].as_f64().unwrap() > 1.0, "{incident}");
    let walk = incident["walk"].as_i64().unwrap().to_string();
    let report = path.file("evidence.json");
    std::fs::write(&report, path.history(&["--walk", &walk])).unwrap();
    let judged = Command::new(env!("CARGO_BIN_EXE_aoai-probe"))
        .args(["diagnose", "-q"])
        .arg(&report)
        .output()
        .unwrap();
    let judged = String::from_utf8(judged.stdout).unwrap();
    assert!(judged.contains("BROKEN at tls (tls-closed)"), "{judged}");
}

#[test]
fn targets_with_one_cause_are_told_as_one() {
    let path = Path443::new();
    let (hook, calls) = receiver(|_| Answers::Status(200));
    let more = "webhook = { url_variable = \"HOOK\" }";
    let config = path.inventory(&["a", "b", "c", "d"], more);
    let mut command = path.command(&config);
    command.env("HOOK", format!("http://{hook}/{CANARY}"));
    path.broken.store(true, Ordering::SeqCst);
    let mut watch = Watching::begin(command);
    let line = watch.says("BROKEN");
    let (called, body) = next(&calls);
    assert!(called.starts_with(&format!("POST /{CANARY} ")), "{called}");
    let told = body["targets"].as_u64().unwrap();
    assert!(told >= 2, "{body:#}");
    assert!(line.contains(&format!("{told} targets: BROKEN: tls-closed (")), "{line}");
    assert_eq!((&body["kind"], &body["severity"]), (&"opened".into(), &"page".into()));
    assert_eq!(body["events"][0]["labels"]["team"], "ai");
    assert_eq!(body["events"][0]["cause"]["finding"], "tls-closed");
    assert!(!body.to_string().contains(CANARY));
    let (status, ..) = watch.ended_by("-INT");
    assert!(status.success());
    assert_eq!(path.sqlite3("SELECT count(*) FROM events WHERE pending"), "0");
}

#[test]
fn a_webhook_that_hangs_fails_or_redirects_holds_nothing_up() {
    let path = Path443::new();
    let hangs_first = |number| match number {
        0 => Answers::Hangs,
        1 => Answers::Status(503),
        2 => Answers::Redirect,
        _ => Answers::Status(204),
    };
    let (hook, calls) = receiver(hangs_first);
    let file = path.file("url");
    std::fs::write(&file, format!("http://{hook}/{CANARY}\n")).unwrap();
    let more = format!("webhook = {{ url_file = {file:?}, shape = \"slack\", timeout = \"1s\" }}");
    let mut watch = path.watch(&path.inventory(&["prod"], &more));
    path.broken.store(true, Ordering::SeqCst);
    watch.says("prod: BROKEN");
    let (_, body) = next(&calls);
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("*page* prod: BROKEN at tls (tls-closed)"), "{text}");
    let walked = path.connections.load(Ordering::SeqCst);
    watch.says("webhook: no answer within 1 s; it is tried again");
    next(&calls);
    next(&calls);
    watch.says("webhook: HTTP 307: it sends elsewhere, which is not followed");
    assert!(path.connections.load(Ordering::SeqCst) > walked, "walks went on meanwhile");
    path.broken.store(false, Ordering::SeqCst);
    let (called, body) = next(&calls);
    assert!(called.contains(CANARY), "nothing was followed: {called}");
    assert!(body["text"].as_str().unwrap().starts_with("*over* prod: WORKS again"), "{body}");
    let (status, _, said) = watch.ended_by("-TERM");
    assert!(status.success(), "{said}");
}

#[test]
fn a_webhook_whose_certificate_is_not_trusted_gets_nothing() {
    let path = Path443::new();
    let config = path.inventory(&["prod"], "webhook = { url_variable = \"HOOK\" }");
    let mut command = path.command(&config);
    // The lab's own server: its chain ends in a root that nobody trusts here.
    command.env("HOOK", format!("https://localhost:{}/{CANARY}", path.endpoint.port()));
    path.broken.store(true, Ordering::SeqCst);
    let mut watch = Watching::begin(command);
    watch.says("webhook: its certificate is not accepted; it is tried again");
    let (status, took, _) = watch.ended_by("-TERM");
    assert!(status.success() && took < Duration::from_secs(2), "{status} {took:?}");
    let mut received = path.lab.received.requests();
    received.push(path.lab.received.open());
    let secret = |octets: &Vec<u8>| String::from_utf8_lossy(octets).contains(CANARY);
    assert!(!received.iter().any(secret), "the URL went to who is not trusted");
    // It is sent after the next start.
    assert_eq!(path.sqlite3("SELECT count(*) FROM events WHERE pending"), "1");
    let (hook, calls) = receiver(|_| Answers::Status(200));
    let mut command = path.command(&config);
    command.env("HOOK", format!("http://{hook}/{CANARY}"));
    let watch = Watching::begin(command);
    assert_eq!(next(&calls).1["kind"], "opened");
    drop(watch.ended_by("-TERM"));
    assert_eq!(path.sqlite3("SELECT count(*) FROM events WHERE pending"), "0");
}

/// A deadline that no clock can hold makes the walk itself panic.
#[test]
fn a_bug_of_ours_in_one_walk_stops_no_other() {
    let path = Path443::new();
    let text = std::fs::read_to_string(path.inventory(&["buggy", "prod"], "")).unwrap();
    let mut inventory = aoai_probe::inventory::read(&text).unwrap();
    inventory.entries[0].plan.deadline = Duration::MAX;
    inventory.entries[0].plan.timeout = Duration::MAX;
    let setup = Setup {
        inventory,
        webhook: None,
        reload: Arc::new(|| Err("not here".to_owned())),
        history: None,
        walker: Arc::new(|| Walker::new(aoai_probe::world::World::of_this_machine)),
        clock: Box::new(std::time::SystemTime::now),
        host: "lab".to_owned(),
        at_once: 8,
    };
    let said = std::cell::RefCell::new(Vec::new());
    let (heard, hear) = (tokio::sync::Notify::new(), |text: &str| text.contains("buggy: CANNOT"));
    let say = |text: &str, _: Level| {
        said.borrow_mut().push(text.to_owned());
        if hear(text) {
            heard.notify_one();
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ends = tokio::time::timeout(PATIENCE, heard.notified());
        tokio::select! {
            ended = watch::watch(setup, &say) => panic!("{ended:?}"),
            told = ends => told.expect("the bug is told"),
        }
    });
    let line = said.borrow().last().unwrap().clone();
    assert!(line.contains("buggy: CANNOT TELL (walk-failed): a bug of ours"), "{line}");
    assert!(path.connections.load(Ordering::SeqCst) >= 2, "prod is walked meanwhile");
}

#[test]
fn kill_9_loses_no_finished_walk_and_the_incident_goes_on() {
    let path = Path443::new();
    let config = path.inventory(&["a", "b"], "");
    path.broken.store(true, Ordering::SeqCst);
    let mut told = 0;
    let mut walks = 0;
    for _ in 0..6 {
        let before = path.connections.load(Ordering::SeqCst);
        let watch = path.watch(&config);
        let end = Instant::now() + PATIENCE;
        while path.connections.load(Ordering::SeqCst) < before + 5 {
            assert!(Instant::now() < end, "walks go on");
            std::thread::yield_now();
        }
        let (status, _, said) = watch.ended_by("-KILL");
        assert!(!status.success());
        told += said.matches("BROKEN").count();
        let made = path.connections.load(Ordering::SeqCst) - before;
        assert_eq!(path.sqlite3("PRAGMA integrity_check"), "ok");
        let kept: usize = path.sqlite3("SELECT count(*) FROM walks").parse().unwrap();
        // Two targets: what was under way when it ended is not finished.
        assert!(kept - walks + 2 >= made, "{made} walks, {} kept", kept - walks);
        walks = kept;
    }
    assert!(told <= 2, "told {told} times");
    assert_eq!(path.sqlite3("SELECT count(*), count(ended) FROM incidents"), "2|0");
    assert_eq!(path.sqlite3("SELECT count(*) FROM machines"), "2");
}

#[test]
fn a_full_disk_stops_no_check() {
    let path = Path443::new();
    let config = path.inventory(&["prod"], "[watch.history]\nkeep_megabytes = 1");
    let disk = path.file("disk");
    std::fs::create_dir(&disk).unwrap();
    let possible = Command::new("unshare").args(["-rm", "true"]).status().unwrap().success();
    if !possible {
        assert!(std::env::var_os("CI").is_none(), "CI needs namespaces (unshare -rm)");
        eprintln!("skipped: namespaces are not permitted here (unshare -rm)");
        return;
    }
    // Full from the start.
    let script = "mount -t tmpfs -o size=4m none \"$1\"; cat /dev/zero 2>/dev/null >\"$1/ballast\"; \
                  shift; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(&disk);
    command.arg(env!("CARGO_BIN_EXE_aoai-probe")).args(["watch", "--config"]).arg(&config);
    command.arg("--history").arg(disk.join("history.db"));
    let mut watch = Watching::begin(command);
    watch.says("the disk is full; walks go on and are kept in memory");
    path.broken.store(true, Ordering::SeqCst);
    watch.says("prod: BROKEN");
    // The disk is another one for us: the process's own view of it leads there.
    let inside = PathBuf::from(format!("/proc/{}/root{}", watch.child.id(), disk.display()));
    std::fs::remove_file(inside.join("ballast")).unwrap();
    let again = watch.says("is written again");
    assert!(again.contains("had waited"), "{again}");
    // And once more, under way.
    let mut ballast = std::fs::File::create(inside.join("ballast")).unwrap();
    while ballast.write_all(&[0; 4096]).is_ok() {}
    drop(ballast);
    watch.says("the disk is full");
    path.broken.store(false, Ordering::SeqCst);
    watch.says("prod: WORKS again");
    std::fs::remove_file(inside.join("ballast")).unwrap();
    watch.says("is written again");
    // The disk goes with the process, but what is open stays.
    let mut history = std::fs::File::open(inside.join("history.db")).unwrap();
    let (status, _, said) = watch.ended_by("-TERM");
    assert!(status.success(), "{said}");
    assert_eq!(said.matches("disk is full").count(), 2, "{said}");
    let mut copy = std::fs::File::create(path.file("history.db")).unwrap();
    std::io::copy(&mut history, &mut copy).unwrap();
    assert_eq!(path.sqlite3("PRAGMA integrity_check"), "ok");
    let incidents = "SELECT count(*), count(evidence), count(ended) FROM incidents";
    assert_eq!(path.sqlite3(incidents), "1|1|1");
}

#[test]
fn sighup_takes_a_good_inventory_over_and_refuses_a_bad_one() {
    let path = Path443::new();
    let config = path.inventory(&["prod", "old"], "");
    let mut watch = path.watch(&config);
    watch.says("watching 2 targets");
    path.broken.store(true, Ordering::SeqCst);
    watch.says("BROKEN");
    std::fs::write(&config, "[[target]]\ntargt = \"x\"\n").unwrap();
    watch.signal("-HUP");
    let refused = watch.says("not taken over");
    assert!(refused.contains("line 2") && refused.contains("targt"), "{refused}");
    // A pipe that nobody writes into holds nothing up.
    let pipe = path.file("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for more in [format!("webhook = {{ url_file = {pipe:?} }}"), String::new()] {
        path.inventory(&["prod", "new"], &more);
        if more.is_empty() {
            std::fs::rename(&pipe, &config).unwrap();
        }
        let begun = Instant::now();
        watch.signal("-HUP");
        watch.says("not taken over: ");
        assert!(watch.heard.last().unwrap().contains("is no regular file"), "{:?}", watch.heard);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    std::fs::remove_file(&config).unwrap();
    path.inventory(&["prod", "new"], "");
    watch.signal("-HUP");
    watch.says("the inventory was read again: watching 2 targets");
    watch.says("the target is not in the inventory any more");
    watch.says("new: BROKEN");
    let (status, ..) = watch.ended_by("-TERM");
    assert!(status.success());
    assert_eq!(
        path.sqlite3("SELECT target, ended IS NULL FROM incidents ORDER BY target"),
        "new|1\nold|0\nprod|1"
    );
    assert_eq!(path.sqlite3("SELECT group_concat(target) FROM machines"), "new,prod");
}

#[test]
fn systemd_is_told_and_the_journal_gets_levels() {
    let path = Path443::new();
    let config = path.inventory(&["prod"], "");
    let socket = path.file("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let heard = || {
        let mut octets = [0; 1024];
        let length = systemd.recv(&mut octets).expect("systemd is told");
        String::from_utf8_lossy(&octets[..length]).trim_end().to_owned()
    };
    let mut command = path.command(&config);
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "1000000");
    let watch = Watching::begin(command);
    assert!(heard().contains("READY=1\nSTATUS=watching 1 target"));
    assert_eq!(heard(), "WATCHDOG=1");
    assert_eq!(heard(), "WATCHDOG=1");
    watch.signal("-HUP");
    let reloading = (0..5).map(|_| heard()).find(|told| told.contains("RELOADING=1")).unwrap();
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    let (_, _, said) = watch.ended_by("-TERM");
    assert!(!said.contains("<6>"), "no journal: no levels\n{said}");
    systemd.set_nonblocking(true).unwrap();
    let mut last = String::new();
    let mut octets = [0; 1024];
    while let Ok(length) = systemd.recv(&mut octets) {
        last = String::from_utf8_lossy(&octets[..length]).trim_end().to_owned();
    }
    assert_eq!(last, "STOPPING=1");
}

#[test]
fn what_is_muted_is_recorded_and_not_told() {
    let path = Path443::new();
    let (hook, calls) = receiver(|_| Answers::Status(200));
    let config = path.inventory(&["prod"], "webhook = { url_variable = \"HOOK\" }");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str("until = 2999-01-01T00:00:00Z\n");
    std::fs::write(&config, text).unwrap();
    path.broken.store(true, Ordering::SeqCst);
    let mut command = path.command(&config);
    command.env("HOOK", format!("http://{hook}/{CANARY}"));
    let mut watch = Watching::begin(command);
    watch.says("(muted) prod: BROKEN");
    path.broken.store(false, Ordering::SeqCst);
    watch.says("(muted) prod: WORKS again");
    let (status, ..) = watch.ended_by("-TERM");
    assert!(status.success());
    assert!(calls.try_recv().is_err(), "nobody was told");
    assert!(path.history(&[]).contains("prod  BROKEN at tls (tls-closed), muted"));
}

#[test]
fn what_cannot_begin_says_why() {
    let path = Path443::new();
    let run = |more: &str, hook: &str| {
        let config = path.inventory(&["prod"], more);
        let mut command = path.command(&config);
        let out = command.env("HOOK", hook).output().unwrap();
        let err = String::from_utf8(out.stderr).unwrap();
        assert!(!err.contains("canary"), "{err}");
        (out.status.code(), err)
    };
    let hook = "webhook = { url_variable = \"HOOK\" }";
    let (status, err) = run(hook, "http://hooks.example/canary");
    assert_eq!(status, Some(64), "{err}");
    assert!(err.contains("the URL in HOOK is not https, and the URL is a secret"), "{err}");
    let (_, err) = run(hook, "canary");
    assert!(err.contains("is no URL"), "{err}");
    let (_, err) = run(hook, "");
    assert!(err.contains("HOOK is not set"), "{err}");
    std::fs::write(path.file("history.db"), "my notes").unwrap();
    let (status, err) = run("", "");
    assert_eq!(status, Some(64), "{err}");
    assert!(err.contains("no SQLite file; it is left alone"), "{err}");
    assert_eq!(std::fs::read_to_string(path.file("history.db")).unwrap(), "my notes");
}
