//! The forms and files for monitors, read by the monitors themselves: promtool,
//! prometheus-node-exporter, nagios4, Jenkins's schema of JUnit, blackbox_exporter.
//!
//! Nothing here reaches a network: each reads saved reports, or a server on loopback.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use aoai_probe::evidence::{Evidence, Hop, Observed};
use aoai_probe::generate::monitoring;
use aoai_probe::render::{json, junit, metrics, prometheus};
use aoai_probe::report::Report;
use serde_json::Value;

use crate::fixtures::{report, reports, root};
use crate::program::{alone, program, saved};

/// How long another program may take for anything, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// The path of a program, or nothing where it is not installed; with `CI` set it must be.
fn installed(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|p| p.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI needs {name} (sh .ci/packages)");
        eprintln!("skipped: {name} is not installed (sh .ci/packages)");
    }
    found
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program to its end; its output, which must be that of success.
fn went_well(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

fn fleet() -> Vec<Report> {
    let mut all: Vec<Report> = reports()
        .into_iter()
        .map(|(name, mut report)| {
            report.name = Some(name);
            report
        })
        .collect();
    // One target's labels are those of no other.
    all[0].labels.insert("team".to_owned(), "a \"quoted\"\nteam \\ of 7".to_owned());
    all
}

#[test]
fn promtool_finds_nothing_wrong_with_the_metrics() {
    let Some(promtool) = installed("promtool") else { return };
    let mut texts: Vec<String> = fleet().iter().map(metrics::exposition).collect();
    texts.push(prometheus::render(&fleet()));
    for text in texts {
        let mut child = Command::new(&promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        // It warns on standard error and may succeed all the same.
        let says = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && says.is_empty(), "{says}");
    }
}

#[test]
fn promtool_raises_the_alerts_that_are_meant() {
    let Some(promtool) = installed("promtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yml");
    fs::write(&rules, monitoring::prometheus_rules()).unwrap();
    went_well(Command::new(&promtool).args(["check", "rules"]).arg(&rules));
    // `@title x@` and `@fix x@` stand for the catalogue's words.
    let mut test = fs::read_to_string(root().join("tests/monitors/alerts-test.yml")).unwrap();
    for rule in aoai_probe::diagnose::rules::all() {
        let (title, fix) = monitoring::words_of(rule);
        test = test.replace(&format!("@title {}@", rule.id), &title.replace('\'', "''"));
        test = test.replace(&format!("@fix {}@", rule.id), &fix.replace('\'', "''"));
    }
    assert!(!test.contains("@title ") && !test.contains("@fix "), "an id is no finding's");
    let path = folder.path().join("alerts-test.yml");
    fs::write(&path, &test).unwrap();
    went_well(Command::new(&promtool).args(["test", "rules"]).arg(&path));
    // The test can fail.
    fs::write(&path, test.replace("BROKEN at dns", "BROKEN at tcp")).unwrap();
    let status = Command::new(&promtool).args(["test", "rules"]).arg(&path).output().unwrap();
    assert!(!status.status.success());
}

#[test]
fn promtool_reads_every_question_of_the_dashboard() {
    let Some(promtool) = installed("promtool") else { return };
    let dashboard: Value = serde_json::from_str(&monitoring::grafana_dashboard().unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let asked: Vec<&str> =
        panels.iter().filter_map(|panel| panel["targets"][0]["expr"].as_str()).collect();
    for metric in metrics::catalogue() {
        let shown = asked.iter().any(|asks| asks.contains(&format!("{}{{", metric.name)));
        assert!(shown, "{} is in no panel", metric.name);
    }
    let mut rules = String::from("groups:\n- name: dashboard\n  rules:\n");
    for (number, asks) in asked.iter().enumerate() {
        let asks = Value::from(asks.replace("$job", ".*").replace("$instance", ".*"));
        rules.push_str(&format!("  - record: panel_{number}\n    expr: {asks}\n"));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dashboard.yml");
    fs::write(&path, rules).unwrap();
    let says = went_well(Command::new(&promtool).args(["check", "rules"]).arg(&path));
    assert!(says.contains(&format!("{} rules found", asked.len())), "{says}");
    // Ids are unique, and no panel lies over another.
    let mut cells = std::collections::BTreeSet::new();
    for (index, panel) in panels.iter().enumerate() {
        assert_eq!(panel["id"].as_u64(), Some(index as u64 + 1));
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(x < 24 && cells.insert((x, y)), "{} lies over another", panel["title"]);
            }
        }
    }
}

/// Starts an exporter on a free port; the address that it says it listens on.
fn exporter(command: &mut Command) -> (Running, SocketAddr) {
    let mut child = command
        .args(["--web.listen-address=127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let errors = child.stderr.take().unwrap();
    let running = Running(child);
    let (say, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(errors).lines().map_while(Result::ok) {
            let after = line.split("address=").nth(1).map(|rest| rest.trim_matches('"').to_owned());
            if let Some(address) = after.and_then(|text| text.parse::<SocketAddr>().ok()) {
                let _ = say.send(address);
            }
        }
    });
    let address = heard.recv_timeout(PATIENCE).expect("the exporter says where it listens");
    (running, address)
}

/// The body of an answer to a GET.
fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.split(' ').nth(1) == Some("200"), "{head}");
    body.to_owned()
}

/// Series with their labels in order, and their values. No value here holds `,` or `"`.
fn series(text: &str) -> BTreeMap<String, f64> {
    let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    samples
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[test]
fn node_exporter_reads_the_textfile() {
    let Some(node_exporter) = installed("prometheus-node-exporter") else { return };
    let folder = tempfile::tempdir().unwrap();
    let saved: Vec<PathBuf> =
        ["healthy", "tls-rejected"].iter().map(|name| saved(folder.path(), name)).collect();
    let textfiles = folder.path().join("textfile");
    fs::create_dir(&textfiles).unwrap();
    let file = textfiles.join("aoai-probe.prom");
    let output = program()
        .args(["diagnose", "--format", "prometheus", "--output"])
        .arg(&file)
        .args(&saved)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    // The whole fleet of fixtures too, in a file of its own: labels that only some have.
    let mut fleet = fleet();
    for report in &mut fleet {
        report.name = Some(format!("fixture-{}", report.title()));
    }
    fs::write(textfiles.join("fleet.prom"), prometheus::render(&fleet)).unwrap();
    let (_running, address) = exporter(
        Command::new(node_exporter)
            .args(["--collector.disable-defaults", "--collector.textfile"])
            .arg(format!("--collector.textfile.directory={}", textfiles.display())),
    );
    let text = get(address, "/metrics");
    let seen = series(&text);
    assert_eq!(seen.get("node_textfile_scrape_error"), Some(&0.0), "{text}");
    let broken = seen.iter().filter(|(series, value)| {
        series.starts_with("aoai_probe_state{")
            && series.contains("state=\"broken\"")
            && **value == 1.0
    });
    let wanted = fleet.iter().filter(|report| report.exit_status(Default::default()) == 2).count();
    assert_eq!(broken.count(), wanted + 1, "{text}");
    assert!(text.contains("target=\"myacct.openai.azure.com (2)\""), "{text}");
    assert!(text.contains(r#"team="a \"quoted\"\\u{a}team \\ of 7""#), "{text}");
    // Nothing is lost on the way: as many series of ours come out as go in.
    let ours = |text: &str| series(text).keys().filter(|name| !name.starts_with("node_")).count();
    let inside = ours(&fs::read_to_string(&file).unwrap()) + ours(&prometheus::render(&fleet));
    let outside = seen.keys().filter(|name| name.contains("probe_")).count();
    assert_eq!(inside, outside);
}

#[test]
fn nagios_shows_state_and_perfdata() {
    let Some(nagios) = installed("nagios4") else { return };
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let states = [
        ("OK", "healthy", "privately, through 10.3.0.5"),
        ("WARNING", "expires-soon", "tls (tls-expires-soon): "),
        ("CRITICAL", "zone-not-linked", "dns (dns-zone-not-linked): "),
        ("UNKNOWN", "no-tls", "no TLS in this build"),
        ("UNKNOWN", "missing", "cannot be read"),
    ];
    let text = |program: &str, arguments: &[&str]| {
        went_well(Command::new(program).args(arguments)).trim().to_owned()
    };
    let probe = env!("CARGO_BIN_EXE_aoai-probe");
    let mut objects = fs::read_to_string(root().join("tests/monitors/nagios-objects.cfg")).unwrap();
    objects = objects.replace("@probe@", probe);
    for (_, name, _) in states {
        let change: fn(&mut Evidence) = match name {
            "expires-soon" => |e| {
                let Observed::Ran { saw, .. } = &mut e.tls else { panic!("TLS ran") };
                saw.chain[0].days_left = 9;
            },
            "no-tls" => |e| {
                e.tls = Observed::NotPossible { says: "no TLS in this build".to_owned() };
                e.http = Observed::NotReached { stopped_at: Hop::Tls };
            },
            _ => |_| {},
        };
        if name != "missing" {
            let base = if name == "zone-not-linked" { name } else { "healthy" };
            let mut report = report(base);
            change(&mut report.evidence);
            fs::write(here.join(format!("{name}.json")), json::render(&[report]).unwrap()).unwrap();
        }
        objects.push_str(&format!(
            "define service {{\n  use path\n  service_description {name}\n  \
             check_command aoai!{}/{name}.json\n}}\n",
            here.display()
        ));
    }
    fs::write(here.join("objects.cfg"), objects).unwrap();
    fs::create_dir_all(here.join("results")).unwrap();
    let config = fs::read_to_string(root().join("tests/monitors/nagios.cfg")).unwrap();
    let config = config
        .replace("@here@", here.to_str().unwrap())
        .replace("@user@", &text("id", &["-un"]))
        .replace("@group@", &text("id", &["-gn"]));
    let path = here.join("nagios.cfg");
    fs::write(&path, config).unwrap();
    went_well(Command::new("mkfifo").arg(here.join("perfdata")));
    went_well(Command::new(&nagios).arg("-v").arg(&path));
    let child = Command::new(&nagios)
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _running = Running(child);
    // Nagios writes a line for each finished check into the pipe.
    let pipe = here.join("perfdata");
    let (say, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let pipe = fs::File::open(pipe).unwrap();
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = say.send(line);
        }
    });
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while shown.len() < states.len() {
        let line = heard.recv_timeout(PATIENCE).expect("Nagios runs every check");
        let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        shown.insert(fields[0].clone(), fields);
    }
    for (state, name, says) in states {
        let [_, was, output, perfdata, long] = shown[name].as_slice() else {
            panic!("{:?}", shown[name]);
        };
        assert_eq!(was, state, "{name}: {output}");
        assert!(output.starts_with(&format!("AOAI {state}: ")), "{output}");
        assert!(output.contains(says), "{output}");
        if name == "missing" {
            assert_eq!(perfdata, "");
            continue;
        }
        let labels: Vec<&str> = perfdata.split(' ').map(|p| p.split('=').next().unwrap()).collect();
        assert!(labels.starts_with(&["'time'", "'dns'"]), "{perfdata}");
        assert!(perfdata.contains("'time'=0."), "{perfdata}");
        assert!(long.contains("ok  vantage") || long.contains("dns"), "{long}");
    }
}

#[test]
fn junit_is_valid_by_jenkinss_schema() {
    let Some(xmllint) = installed("xmllint") else { return };
    // tests/run.sh takes it from pytest's source package.
    let schema = root().join("target/junit-10.xsd");
    if !schema.exists() {
        assert!(std::env::var_os("CI").is_none(), "CI needs {} (tests/run.sh)", schema.display());
        eprintln!("skipped: {} is not there (tests/run.sh)", schema.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let valid = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let mut command = Command::new(&xmllint);
        command.args(["--noout", "--schema"]).arg(&schema).arg(&path);
        let output = command.output().unwrap();
        let says = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), says)
    };
    for (name, report) in reports() {
        let (ok, says) = valid(&name, &junit::render(&[report]).unwrap());
        assert!(ok, "{says}");
    }
    let several = junit::render(&fleet()).unwrap();
    assert!(valid("several", &several).0);
    assert!(!valid("bad", &several.replace(" errors=", " mistakes=")).0, "the check can fail");
}

/// A server of Python's that answers every GET with 401, over TLS; its port.
const SERVER: &str = r#"
import http.server, ssl, sys
class Refuses(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b'{"error":{"code":"401","message":"Access denied"}}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

/// The server's name, for which a hosts file stands in the place of DNS.
const NAME: &str = "myacct.corp.example";

/// A program in a mount namespace of its own, where the hosts file knows the server's name and
/// no resolver is configured.
fn named(program: &Path, folder: &Path) -> Command {
    let (hosts, resolvers) = (folder.join("hosts"), folder.join("resolv.conf"));
    fs::write(&hosts, format!("127.0.0.1 {NAME}\n")).unwrap();
    fs::write(&resolvers, "").unwrap();
    let script = r#"mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf &&
                    shift 2 && exec "$@""#;
    let mut command = Command::new("unshare");
    command
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .args(["-rm", "sh", "-c", script, "sh"])
        .args([&hosts, &resolvers])
        .arg(program);
    command
}

/// A certificate for that name, valid for a year by any clock of these years.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new([NAME.to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2060, 1, 1);
    let certificate = parameters.self_signed(&key).unwrap();
    let (chain, secret) = (folder.join("chain.pem"), folder.join("key.pem"));
    fs::write(&chain, certificate.pem()).unwrap();
    fs::write(&secret, key.serialize_pem()).unwrap();
    (chain, secret)
}

#[cfg(target_os = "linux")]
#[test]
fn blackbox_exporter_says_the_same_of_the_same_server() {
    let Some(blackbox) = installed("prometheus-blackbox-exporter") else { return };
    let folder = tempfile::tempdir().unwrap();
    if alone(&blackbox, folder.path(), false).is_none() {
        return;
    }
    let (chain, key) = certificate(folder.path());
    let mut server = Command::new("python3")
        .args(["-c", SERVER])
        .args([&chain, &key])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let _server = Running(server);
    let target = format!("https://{NAME}:{}", port.trim());

    let config = folder.path().join("blackbox.yml");
    let module = format!(
        "modules:\n  http:\n    prober: http\n    timeout: 10s\n    http:\n      \
         valid_status_codes: [401]\n      preferred_ip_protocol: ip4\n      \
         tls_config:\n        ca_file: {}\n",
        chain.display()
    );
    fs::write(&config, module).unwrap();
    let mut blackbox = named(&blackbox, folder.path());
    let (_running, address) = exporter(blackbox.arg(format!("--config.file={}", config.display())));
    let theirs = series(&get(address, &format!("/probe?module=http&target={target}")));

    let mut command = named(Path::new(env!("CARGO_BIN_EXE_aoai-probe")), folder.path());
    command
        .args(["--format", "prometheus", "--credential", "none", "--service", "openai"])
        .args(["--timeout", "2", "--ca-file"])
        .arg(&chain)
        .arg(&target);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let label = format!("target=\"{NAME}\"");
    let bare = text.replace(&format!(",{label}"), "").replace(&format!("{{{label}}}"), "");
    let ours = series(&bare);

    // What theirs has and ours has not is known, and has its reason.
    let name = |series: &str| series.split('{').next().unwrap().to_owned();
    let without = [
        // Its own tests of the answer: regular expressions, redirects, length by header.
        "probe_failed_due_to_regex",
        "probe_http_content_length",
        "probe_http_redirects",
    ];
    for series in theirs.keys().filter(|series| !without.contains(&name(series).as_str())) {
        assert!(ours.keys().any(|our| name(our) == name(series)), "{series} is not in {text}");
    }
    // Where both measure the same thing, they say the same.
    assert_eq!(theirs.get("probe_success"), Some(&1.0), "{theirs:?}");
    for same in [
        "probe_ip_protocol",
        "probe_ip_addr_hash",
        "probe_http_status_code",
        "probe_http_ssl",
        "probe_http_version",
        "probe_http_uncompressed_body_length",
        "probe_ssl_earliest_cert_expiry",
        "probe_ssl_last_chain_expiry_timestamp_seconds",
        "probe_tls_version_info{version=\"TLS 1.3\"}",
    ] {
        assert_eq!(ours.get(same), theirs.get(same), "{same} in {text}");
    }
    let phases = ["resolve", "connect", "tls", "processing", "transfer"];
    for phase in phases.map(|phase| format!("probe_http_duration_seconds{{phase=\"{phase}\"}}")) {
        assert!(ours.contains_key(&phase) && theirs.contains_key(&phase), "{phase}");
    }
    let fingerprint = |all: &BTreeMap<String, f64>| {
        let info = all.keys().find(|series| series.starts_with("probe_ssl_last_chain_info{"));
        let (_, rest) = info.unwrap().split_once("fingerprint_sha256=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    assert_eq!(fingerprint(&ours), fingerprint(&theirs));
}
