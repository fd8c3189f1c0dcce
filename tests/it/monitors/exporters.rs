//! node_exporter reads the textfile; blackbox_exporter says the same of the same server.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use aoai_probe::render::prometheus;

use super::{PATIENCE, Running, fleet, installed, samples};
use crate::program::{alone, program, saved};

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

/// Series with their labels, and their values.
fn series(text: &str) -> BTreeMap<String, f64> {
    samples(text).into_iter().collect()
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

/// A certificate for that name, valid by any clock of these years.
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
