//! `watch` and `serve` with `azure = true`, as an operator runs them in this lab's network: what
//! Resource Manager is asked is counted there, and what they write shows no secret.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::inside;
use super::network::{on, run};
use super::resource_manager;
use super::run_tool::{CANARY, contains, environment};
use super::servers::Servers;
use super::world::World;

/// Where the webhooks of `watch` go, in the client's network.
const RECEIVER: &str = "127.0.0.1:9780";
/// Where `serve` listens there.
const SERVE: &str = "127.0.0.1:9715";
/// What is waited for takes no longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Walks of the target that a monitor must have made: more than confirm an incident, so that the one
/// that asked is no longer among them.
const WALKS: usize = 7;

/// A fault, one whose finding only Azure's answer gives, and a path on which nothing is wrong.
pub const WORLDS: [&str; 3] =
    ["azure-zone-not-linked", "azure-resolver-forwards-to-the-internet", "azure-healthy"];

/// Runs both monitors over a world, each after the other, and judges what they asked and wrote.
///
/// # Errors
/// What differs from what an operator may expect.
pub fn judge(world: &str, work: &Path, binary: &Path) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/netns/worlds");
    let mut world = World::read(&folder.join(world).with_extension("toml"))?;
    if let Some(azure) = &mut world.azure {
        azure.client_secret = true;
        azure.asks.clear();
    }
    let is_broken = world.expect.state == "broken";
    let mut servers = inside::build(&mut world, work)?;
    let monitors = Monitors { world: &world, work, binary, is_broken };
    monitors.inventory()?;
    let own = std::env::current_exe().map_err(|e| e.to_string())?.display().to_string();
    let bodies = work.join("webhooks.received").display().to_string();
    servers.start("receiver", "client", &own, &["--receiver", RECEIVER, &bodies])?;
    monitors.ready("receiver.log")?;
    let watched = monitors.watch(&mut servers)?;
    let asked = conversations(work);
    monitors.is_asked("watch", asked, usize::from(is_broken))?;
    let served = monitors.serve(&mut servers)?;
    monitors.is_asked("serve", conversations(work) - asked, usize::from(is_broken))?;

    let mut differs = Vec::new();
    let kept = monitors.history()?;
    if let Some(azure) = &world.azure {
        resource_manager::judge(azure, work, &mut differs);
    }
    if is_broken && !served.contains("Azure") {
        differs.push(format!("the pages of serve show nothing of Azure:\n{served}"));
    }
    for (name, text) in [("watch", &watched), ("serve", &served), ("history", &kept.to_string())] {
        if text.contains(CANARY) {
            differs.push(format!("a secret or a tag is in what {name} writes"));
        }
    }
    for file in ["webhooks.received", "watch.prom", "history.db", "history.db-wal", "serve.log"] {
        let bytes = fs::read(work.join(file)).unwrap_or_default();
        if contains(&bytes, CANARY.as_bytes()) {
            differs.push(format!("a secret or a tag is in {file}"));
        }
    }
    let hooks = fs::read_to_string(work.join("webhooks.received")).unwrap_or_default();
    let events = |kind: &str| hooks.matches(&format!("\"kind\":\"{kind}\"")).count();
    let cause = world.expect.cause.clone().unwrap_or_default();
    let named = hooks.contains(&format!("\"finding\":\"{cause}\""));
    if named != is_broken || events("sharpened") > 0 {
        differs.push(format!("the webhooks, of one incident with one cause: {hooks}"));
    }
    if is_broken && kept["verdict"]["cause"] != cause.as_str() {
        differs.push(format!("the evidence of the incident: {}", kept["verdict"]));
    }
    if differs.is_empty() { Ok(()) } else { Err(differs.join("\n")) }
}

/// How often Resource Manager was turned to: each time, what the caller sees is asked first.
fn conversations(work: &Path) -> usize {
    resource_manager::requests(work)
        .iter()
        .filter(|read| read.contains("resourcecontainers"))
        .count()
}

struct Monitors<'a> {
    world: &'a World,
    work: &'a Path,
    binary: &'a Path,
    is_broken: bool,
}

impl Monitors<'_> {
    fn inventory(&self) -> Result<(), String> {
        let text = format!(
            "[defaults]\nca_file = \"{0}/root.pem\"\nazure = true\ninterval = \"1s\"\n\
             timeout = \"2s\"\n[watch]\nconfirm = {{ walks = 3, bad = 2, within = \"1h\" }}\n\
             webhook = {{ url_variable = \"HOOK\" }}\n\
             heartbeat = {{ file = \"{0}/watch.prom\", every = \"1s\" }}\n\
             [[target]]\ntarget = \"{1}\"\nname = \"prod\"\n",
            self.work.display(),
            self.world.client.target
        );
        fs::write(self.work.join("targets.toml"), text).map_err(|e| format!("targets.toml: {e}"))
    }

    /// Starts the tool as the client would.
    fn start(&self, name: &str, words: &[&str]) -> Result<Child, String> {
        let log = fs::File::create(self.work.join(format!("{name}.log")));
        let log = log.map_err(|e| format!("{name}: {e}"))?;
        let both = log.try_clone().map_err(|e| format!("{name}: {e}"))?;
        let mut args = words.iter().map(|&word| word.to_owned()).collect();
        let mut command = environment(&self.world.client, self.binary, &mut args, self.work)?;
        command.env("HOOK", format!("http://{RECEIVER}/hook"));
        let child = command.args(&args).stdout(log).stderr(both).spawn();
        child.map_err(|e| format!("{name}: {e}"))
    }

    /// `watch`, until it has walked often enough. What it said.
    fn watch(&self, servers: &mut Servers) -> Result<String, String> {
        let words = ["watch", "--config", "targets.toml", "--history", "history.db"];
        let mut child = self.start("watch", &words)?;
        let walked = || self.walks() >= WALKS;
        let said = || !self.is_broken || self.text("webhooks.received").contains("opened");
        let done = self.until(servers, || walked() && said());
        end(&mut child)?;
        done.map(|()| self.text("watch.log"))
    }

    /// `serve`, scraped as often. What it answered.
    fn serve(&self, servers: &mut Servers) -> Result<String, String> {
        let mut child = self.start("serve", &["serve", "--config", "targets.toml"])?;
        let get =
            |path: &str| run(on("client", "curl").args(["-sf", &format!("http://{SERVE}{path}")]));
        let up = self.until(servers, || get("/-/healthy").is_ok());
        let mut answers = String::new();
        let scraped = up.and_then(|()| {
            for _ in 0..WALKS {
                answers.push_str(&get("/probe?target=prod&debug=true")?);
            }
            for path in ["/", "/target?name=prod", "/metrics"] {
                answers.push_str(&get(path)?);
            }
            Ok(())
        });
        end(&mut child)?;
        scraped.map(|()| answers)
    }

    /// The report that is the evidence of the incident, from the history; null without one.
    fn history(&self) -> Result<Value, String> {
        let tool = |words: &[&str]| {
            let mut command = on("client", &self.binary.display().to_string());
            command.current_dir(self.work).args(["history", "--history", "history.db"]);
            run(command.args(words))
        };
        let read = |text: String| serde_json::from_str::<Value>(&text).map_err(|e| e.to_string());
        let listed = read(tool(&["--format", "json"])?)?;
        match listed["incidents"][0]["walk"].as_i64() {
            Some(walk) => read(tool(&["--walk", &walk.to_string()])?),
            None => Ok(Value::Null),
        }
    }

    /// Walks in the history so far.
    fn walks(&self) -> usize {
        let count = "import sqlite3; print(sqlite3.connect('file:history.db?mode=ro', uri=True)\
                     .execute('SELECT count(*) FROM walks').fetchone()[0])";
        let mut python = std::process::Command::new("python3");
        // There is none before the first one is written.
        let said = run(python.current_dir(self.work).args(["-c", count])).unwrap_or_default();
        said.trim().parse().unwrap_or(0)
    }

    fn text(&self, file: &str) -> String {
        fs::read(self.work.join(file))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn ready(&self, log: &str) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        while !self.text(log).contains("listening") {
            if Instant::now() > end {
                return Err(format!("{log}: nothing listens"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn until(&self, servers: &mut Servers, holds: impl Fn() -> bool) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        while !holds() {
            servers.all_run()?;
            if Instant::now() > end {
                let logs = [self.text("watch.log"), self.text("serve.log")].join("\n");
                return Err(format!("not within {PATIENCE:?}:\n{logs}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn is_asked(&self, who: &str, got: usize, wanted: usize) -> Result<(), String> {
        match got == wanted {
            true => Ok(()),
            false => Err(format!(
                "{who} turned to Resource Manager {got} times, wanted {wanted}:\n{}",
                self.text(&format!("{who}.log"))
            )),
        }
    }
}

/// Ends a monitor as an operator does.
fn end(child: &mut Child) -> Result<(), String> {
    run(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
    let status = child.wait().map_err(|e| e.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("a monitor ended: {status}")) }
}

/// Takes webhooks, and keeps what they bring.
///
/// # Errors
/// The address cannot be listened on, or the file not be written.
pub fn receive(at: &str, file: &str) -> Result<(), String> {
    let listener = TcpListener::bind(at).map_err(|e| format!("{at}: {e}"))?;
    let mut kept = fs::File::create(file).map_err(|e| format!("{file}: {e}"))?;
    println!("listening");
    for mut stream in listener.incoming().flatten() {
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        let whole = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).to_lowercase();
            let (head, body) = text.split_once("\r\n\r\n")?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?;
            (body.len() >= length.trim().parse().ok()?).then_some(())
        };
        while whole(&bytes).is_none() {
            match stream.read(&mut part) {
                Ok(length) if length > 0 => bytes.extend_from_slice(&part[..length]),
                _ => break,
            }
        }
        kept.write_all(&bytes).map_err(|e| format!("{file}: {e}"))?;
        // A caller that went away has had its say.
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    Ok(())
}
