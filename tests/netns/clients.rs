//! What the clients themselves do with the proxy variables, against what we say they would.
//!
//! Three proxies on loopback write down who came; the name resolves nowhere, so a client that
//! goes past them ends at once.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use aoai_probe::evidence::vantage::ClientDecision;
use aoai_probe::target::Target;
use aoai_probe::walk::proxy_choice;
use aoai_probe::world::Environment;

use super::network::run;

const HOST: &str = "myacct.openai.azure.com";

/// The environments: names and values; `{a}`, `{b}` and `{c}` are the proxies.
const ENVIRONMENTS: &[&[(&str, &str)]] = &[
    &[("HTTPS_PROXY", "{a}")],
    &[("https_proxy", "{a}")],
    &[("ALL_PROXY", "{a}")],
    &[("all_proxy", "{a}")],
    &[("HTTP_PROXY", "{a}")],
    &[("http_proxy", "{a}")],
    &[("HTTPS_PROXY", "{a}"), ("https_proxy", "{b}")],
    &[("HTTPS_PROXY", "{a}"), ("ALL_PROXY", "{b}")],
    &[("HTTP_PROXY", "{a}"), ("ALL_PROXY", "{b}")],
    &[("https_proxy", ""), ("HTTPS_PROXY", "{a}")],
    &[("https_proxy", "{a}"), ("HTTPS_PROXY", "")],
    &[("HTTPS_PROXY", "")],
    &[("Https_Proxy", "{a}")],
    // A port of loopback without a scheme.
    &[("HTTPS_PROXY", "{bare}")],
    // NO_PROXY, in the forms that people write.
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "myacct.openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("no_proxy", "myacct.openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "MyAcct.OpenAI.Azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", ".openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "ai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", ".myacct.openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "*")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "localhost,*")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "*.openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "*openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "10.0.0.0/8")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "10.3.0.5")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "myacct.openai.azure.com:443")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "myacct.openai.azure.com:8443")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "openai.azure.com.")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "localhost, .openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "localhost .openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "localhost,,openai.azure.com,")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "localhost;openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "::1")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "fd00::/8,.openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "privatelink.openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", ".openai.azure.com"), ("no_proxy", "localhost")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", "localhost"), ("no_proxy", ".openai.azure.com")],
    &[("HTTPS_PROXY", "{a}"), ("NO_PROXY", ".openai.azure.com"), ("no_proxy", "")],
];

/// Compares; in network and mount namespaces of its own.
///
/// # Errors
/// A client did something else than predicted, or is not installed.
pub fn compare(work: &Path) -> Result<(), String> {
    run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    // Past the proxies the name leads to where nobody listens: that ends at once.
    let hosts = work.join("hosts");
    std::fs::write(&hosts, format!("127.0.0.1 localhost\n127.0.0.99 {HOST}\n"))
        .map_err(|e| e.to_string())?;
    run(Command::new("mount").arg("--bind").arg(&hosts).arg("/etc/hosts"))?;
    let url = format!("https://{HOST}/");
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let clients = [
        ("curl", Program::Each(words(&["curl", "-s", "-m", "5", &url]))),
        ("Python httpx", Program::Lasting(script("httpx"))),
        ("Python requests", Program::Lasting(script("requests"))),
        ("Go net/http", Program::Each(vec![build_go(work)?])),
        (
            "Node fetch",
            Program::Each(words(&["node", "-e", &format!("fetch('{url}').catch(() => 0)")])),
        ),
    ];
    let differs = std::thread::scope(|scope| {
        let all: Vec<_> = clients
            .iter()
            .map(|(client, program)| scope.spawn(move || one(client, program, work)))
            .collect();
        all.into_iter()
            .map(|one| one.join().unwrap_or_else(|_| Err("a client's thread panicked".to_owned())))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let differs = differs.concat();
    if differs.is_empty() { Ok(()) } else { Err(differs.join("\n")) }
}

/// How a client is run.
enum Program {
    /// One process a call, its environment as it is.
    Each(Vec<String>),
    /// A Python program that takes environments line by line.
    Lasting(String),
}

/// One client, at proxies of its own: what differs from the prediction.
fn one(client: &str, program: &Program, work: &Path) -> Result<Vec<String>, String> {
    let target = Target::parse(HOST, None).map_err(|e| e.to_string())?;
    let came: Arc<Mutex<Vec<u16>>> = Arc::default();
    let ports = (0..3).map(|_| proxy(Arc::clone(&came))).collect::<Result<Vec<u16>, _>>()?;
    let mut lasting = match program {
        Program::Lasting(script) => Some(Lasting::start(script)?),
        Program::Each(_) => None,
    };
    let mut differs = Vec::new();
    for environment in ENVIRONMENTS {
        // Node ignores them all: a few environments show it.
        if client == "Node fetch" && environment.len() > 1 {
            continue;
        }
        let values: BTreeMap<String, String> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), filled(value, &ports)))
            .collect();
        let variables = Environment::from_pairs(values.clone());
        let predicted = proxy_choice::clients(&target, (&variables).into());
        let predicted = predicted.iter().find(|one| one.client == client);
        if let Ok(mut came) = came.lock() {
            came.clear();
        }
        let made = match (&mut lasting, program) {
            (Some(lasting), _) => lasting.call(&values)?,
            (None, Program::Each(command)) => {
                Command::new(&command[0])
                    .args(&command[1..])
                    .env_clear()
                    .env("PATH", "/usr/local/bin:/usr/bin:/bin")
                    .env("HOME", work)
                    .envs(&values)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .map_err(|e| format!("{}: {e}", command[0]))?;
                true
            }
            (None, Program::Lasting(_)) => return Err("not started".to_owned()),
        };
        let did = came.lock().ok().and_then(|came| came.first().copied());
        let said = predicted
            .and_then(|one| one.proxy.as_deref())
            .and_then(|url| url.rsplit_once(':')?.1.parse::<u16>().ok());
        let fails = predicted.is_some_and(|o| matches!(o.decision, ClientDecision::Fails { .. }));
        if did != said || fails == made {
            differs.push(format!(
                "{client} with {environment:?}: went through {did:?} (made: {made}), \
                 we say {said:?}: {predicted:?}"
            ));
        }
    }
    Ok(differs)
}

/// A Python program that makes one call for each line of environment.
struct Lasting {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Lasting {
    fn start(script: &str) -> Result<Self, String> {
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", script])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("python3: {e}"))?;
        let answers = BufReader::new(child.stdout.take().ok_or("python3: no stdout")?);
        Ok(Self { child, answers })
    }

    /// Whether a client could be made at all.
    fn call(&mut self, environment: &BTreeMap<String, String>) -> Result<bool, String> {
        let line = serde_json::to_string(environment).map_err(|e| e.to_string())?;
        let stdin = self.child.stdin.as_mut().ok_or("python3: no stdin")?;
        writeln!(stdin, "{line}").map_err(|e| format!("python3: {e}"))?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(|e| format!("python3: {e}"))?;
        match answer.trim() {
            "made" => Ok(true),
            "fails" => Ok(false),
            other => Err(format!("python3 says {other:?}: is the module installed?")),
        }
    }
}

fn filled(value: &str, ports: &[u16]) -> String {
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    value
        .replace("{a}", &url(ports[0]))
        .replace("{b}", &url(ports[1]))
        .replace("{bare}", &format!("127.0.0.1:{}", ports[2]))
}

/// A proxy that refuses everyone, and writes down that somebody came.
fn proxy(came: Arc<Mutex<Vec<u16>>>) -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Ok(mut came) = came.lock() {
                came.push(port);
            }
            let _ = refuse(stream);
        }
    });
    Ok(port)
}

fn refuse(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// `made`, or `fails` where the client cannot be made with an environment.
fn script(client: &str) -> String {
    let make = match client {
        "httpx" => "httpx.Client(timeout=5)",
        _ => "requests.Session()",
    };
    format!(
        "import os, sys, json, {client}\nfor line in sys.stdin:\n os.environ.clear()\n \
         os.environ.update(json.loads(line))\n said = 'made'\n try:\n  client = {make}\n  \
         try:\n   client.get('https://{HOST}/')\n  except Exception:\n   pass\n \
         except Exception:\n  said = 'fails'\n print(said, flush=True)\n"
    )
}

fn build_go(work: &Path) -> Result<String, String> {
    let source = work.join("client.go");
    let text = format!(
        "package main\nimport \"net/http\"\nfunc main() {{ http.Get(\"https://{HOST}/\") }}\n"
    );
    std::fs::write(&source, text).map_err(|e| e.to_string())?;
    let program = work.join("go-client").display().to_string();
    run(Command::new("go")
        .args(["build", "-o", &program])
        .arg(&source)
        .env("GOCACHE", work.join("go-cache"))
        .env("GO111MODULE", "off"))?;
    Ok(program)
}
