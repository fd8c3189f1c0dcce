//! What a walk costs in a process that makes many of them, from an entry of an inventory to its report,
//! as `serve` and `watch` make them: processor time a walk, one after the other, against servers in
//! processes of their own; and what the least that a client can do costs in the same run.
//!
//!     sh benches/walks.sh [WALKS [walk | floor]]
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a measurement: it speaks, and reads its own files"
)]

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use aoai_probe::inventory;
use aoai_probe::monitor::walker::Walker;
use aoai_probe::wire::hello::keep_name_in_first_segment;
use aoai_probe::world::World;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let count: u32 = words.first().map_or(1000, |word| word.parse().expect("a number of walks"));
    let only = words.get(1).map(String::as_str);
    let root = std::env::var("LAB").expect("LAB names a folder") + "/root.pem";
    let pem = std::fs::read(&root).expect("root.pem is readable");
    let inventory = format!("[defaults]\nca_file = {root:?}\n[[target]]\ntarget = \"myacct\"\n");
    let inventory = inventory::read(&inventory).expect("an inventory");
    let entry = &inventory.entries[0];
    let walker = Walker::new(World::of_this_machine);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(4)
        .build()
        .expect("a runtime");
    let mut one = || runtime.block_on(walker.walk(entry, None)).expect("a walk");
    // What is read once, such as the stores of roots, is read by the first walk.
    drop(one());
    let first = one();
    let state = serde_json::to_value(&first.verdict).expect("a verdict")["state"].clone();
    assert_eq!(state, "works", "{:?}", first.verdict);
    let floor = Floor::new(&pem);
    floor.call();
    // Both in turn, in short rounds: what else the machine does meets them alike.
    let (mut walks, mut floors) = (Cost::default(), Cost::default());
    let rounds = if only.is_some() { 1 } else { 10 };
    for round in 0..rounds {
        let count = count / rounds + u32::from(round < count % rounds);
        if only != Some("floor") {
            walks.add(count, &mut one);
        }
        if only != Some("walk") {
            floors.add(count, &mut || floor.call());
        }
    }
    walks.print("walk");
    floors.print("floor");
    if only.is_none() {
        println!("walk / floor: {:.2} of processor time", walks.processor() / floors.processor());
    }
}

/// What `count` times of something cost.
#[derive(Default)]
struct Cost {
    count: u32,
    processor_ms: f64,
    wall_ms: f64,
}

impl Cost {
    fn add<T>(&mut self, count: u32, work: &mut impl FnMut() -> T) {
        let (began, before) = (Instant::now(), processor_ms());
        for _ in 0..count {
            work();
        }
        self.count += count;
        self.processor_ms += processor_ms() - before;
        self.wall_ms += began.elapsed().as_secs_f64() * 1e3;
    }

    fn processor(&self) -> f64 {
        self.processor_ms / f64::from(self.count.max(1))
    }

    fn print(&self, what: &str) {
        if self.count > 0 {
            println!(
                "{} times {what}: {:.3} ms processor time and {:.3} ms wall each",
                self.count,
                self.processor(),
                self.wall_ms / f64::from(self.count),
            );
        }
    }
}

/// The least that a call can cost: rustls alone, with the walk's ClientHello (its name in the first
/// segment), on blocking sockets, after one A and one AAAA question to the same resolver.
struct Floor {
    config: Arc<rustls::ClientConfig>,
    resolver: SocketAddr,
}

const HOST: &str = "myacct.openai.azure.com";

impl Floor {
    fn new(pem: &[u8]) -> Self {
        use rustls::pki_types::pem::PemObject as _;
        let mut roots = rustls::RootCertStore::empty();
        for root in rustls::pki_types::CertificateDer::pem_slice_iter(pem) {
            roots.add(root.expect("a certificate")).expect("a root");
        }
        let mut config =
            rustls::ClientConfig::builder_with_provider(aoai_probe::wire::tls::provider())
                .with_protocol_versions(rustls::DEFAULT_VERSIONS)
                .expect("versions")
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        let resolv_conf = std::fs::read_to_string("/etc/resolv.conf").expect("resolv.conf");
        let nameserver = resolv_conf.lines().find_map(|line| line.strip_prefix("nameserver "));
        let address = nameserver.and_then(|a| a.trim().parse().ok()).expect("a nameserver");
        Self { config: Arc::new(config), resolver: SocketAddr::new(address, 53) }
    }

    fn call(&self) {
        let address = self.resolve();
        let mut tcp = TcpStream::connect(SocketAddr::new(address, 443)).expect("a connection");
        tcp.set_nodelay(true).expect("TCP_NODELAY");
        let name: rustls::pki_types::ServerName<'static> = HOST.try_into().expect("a name");
        let mut tls =
            rustls::ClientConnection::new(Arc::clone(&self.config), name.clone()).expect("TLS");
        keep_name_in_first_segment(&mut tls, &self.config, &name, None);
        let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
        let request = format!(
            "GET /openai/models?api-version=2024-10-21 HTTP/1.1\r\nHost: {HOST}\r\n\
             api-key: canary-key\r\nAccept: application/json\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut part = [0; 4096];
            let length = stream.read(&mut part).expect("an answer");
            assert!(length > 0, "an answer to its end");
            answer.extend_from_slice(&part[..length]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }

    /// The A record, after both questions were answered.
    fn resolve(&self) -> IpAddr {
        let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
        socket.connect(self.resolver).expect("a route");
        for kind in [1_u8, 28] {
            // RFC 1035, section 4.1: an id, recursion desired, one question.
            let mut question = vec![0, kind, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
            for label in HOST.split('.') {
                question.push(u8::try_from(label.len()).expect("a label"));
                question.extend_from_slice(label.as_bytes());
            }
            question.extend_from_slice(&[0, 0, kind, 0, 1]);
            socket.send(&question).expect("sent");
        }
        let mut address = None;
        for _ in 0..2 {
            let mut answer = [0; 1500];
            let length = socket.recv(&mut answer).expect("an answer");
            if answer[1] == 1 {
                // The last record is the A record: its four bytes end the message.
                let last: [u8; 4] = answer[length - 4..length].try_into().expect("four bytes");
                address = Some(last.into());
            }
        }
        address.expect("an A record")
    }
}

/// User and system time of this process and its threads, in milliseconds (proc_pid_stat(5)).
fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("proc");
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> =
        after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    ticks.iter().sum::<f64>() * 10.0
}
