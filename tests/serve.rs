//! `serve` as a scraper, a browser and a stranger meet it: a real server before the lab.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics and says why"
)]
#![allow(unreachable_pub, dead_code, reason = "the other tests use the rest of the lab")]

mod lab;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aoai_probe::inventory::{self, ServeSettings};
use aoai_probe::monitor::serve::{Server, WorldReader};
use aoai_probe::monitor::signals::Signal;
use lab::world::World;
use lab::{CANARY, Lab};

/// A server in a thread, and the lab that it walks to.
struct Running {
    at: SocketAddr,
    tell: tokio::sync::mpsc::UnboundedSender<Signal>,
    thread: std::thread::JoinHandle<()>,
    /// What is read at the next reload; nothing readable, unless a test says otherwise.
    inventory: Arc<Mutex<Result<String, String>>>,
    lab: Lab,
}

impl Running {
    /// Serves targets `names` that all are the target of `world`.
    fn start(world: &str, names: &[&str], concurrency: usize, queue: usize) -> Self {
        let settings = ServeSettings { concurrency, queue, ..ServeSettings::default() };
        Self::with(world, settings, |lab| document(lab, names))
    }

    /// Serves what `document` makes of the lab.
    fn with(world: &str, settings: ServeSettings, document: impl FnOnce(&Lab) -> String) -> Self {
        let file = format!("{}/fixtures/scenarios/{world}.toml", env!("CARGO_MANIFEST_DIR"));
        let lab = Lab::start(&Arc::new(World::read(Path::new(&file)).unwrap())).unwrap();
        let text = document(&lab);
        let inventory = inventory::read(&text).unwrap();
        let outside = lab.world();
        let look: WorldReader = Arc::new(move || outside.clone());
        let unreadable: Result<String, String> = Err("line 3: what is this?".to_owned());
        let reread = Arc::new(Mutex::new(unreadable));
        let next_inventory = Arc::clone(&reread);
        let (tell, told) = tokio::sync::mpsc::unbounded_channel();
        let (ready, when_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                let server = Server::start(inventory, &settings, look).unwrap();
                let told = tokio::sync::Mutex::new(told);
                let next = async || told.lock().await.recv().await.unwrap_or(Signal::Stop);
                let reload = move || {
                    let text = next_inventory.lock().unwrap().clone()?;
                    Ok((inventory::read(&text).unwrap(), Vec::new()))
                };
                server.run(listener, next, reload, |_| {}).await;
            });
        });
        Self { at: when_ready.recv().unwrap(), tell, thread, inventory: reread, lab }
    }

    /// Sends bytes, and reads to the end.
    fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // A server may answer before it has read all.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!answer.contains(CANARY), "{answer}");
        answer
    }

    /// Status and whole answer of a GET.
    fn get(&self, path: &str, fields: &str) -> (u16, String) {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
        let answer = self.raw(request.as_bytes());
        let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok());
        (status.unwrap_or_else(|| panic!("{answer:?}")), answer)
    }

    /// Has it read another inventory, and waits until it has.
    fn reload(&self, text: String, targets: f64) {
        *self.inventory.lock().unwrap() = Ok(text);
        self.tell.send(Signal::Reload).unwrap();
        while self.number("aoai_probe_serve_targets") != targets {}
    }

    /// A number of its own.
    fn number(&self, series: &str) -> f64 {
        let (_, text) = self.get("/metrics", "");
        let line = text.lines().find_map(|line| line.strip_prefix(series));
        line.unwrap_or_else(|| panic!("{series}: {text}")).trim().parse().unwrap()
    }

    /// Ends it, and says how long that took.
    fn stop(self) -> Duration {
        let began = Instant::now();
        self.tell.send(Signal::Stop).unwrap();
        self.thread.join().unwrap();
        began.elapsed()
    }
}

/// The lab's command line as an inventory.
fn document(lab: &Lab, names: &[&str]) -> String {
    let words = lab.arguments();
    let values = |option: &str| -> Vec<String> {
        words.windows(2).filter(|pair| pair[0] == option).map(|pair| pair[1].clone()).collect()
    };
    let mut text = format!(
        "[defaults]\nresolvers = {:?}\nconnect_to = {:?}\ntimeout = \"{}s\"\n",
        values("--resolver"),
        values("--connect-to"),
        values("--timeout")[0]
    );
    for file in values("--ca-file") {
        text.push_str(&format!("ca_file = {file:?}\n"));
    }
    for name in names {
        text.push_str(&format!("[[target]]\ntarget = {:?}\nname = {name:?}\n", words[0]));
    }
    text.replace("resolvers = []\n", "")
}

#[test]
fn a_target_that_cannot_be_walked_any_more_keeps_no_earlier_result_on_the_pages() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "0123456789abcdef0123456789abcdef").unwrap();
    let settings = ServeSettings { refresh: None, ..ServeSettings::default() };
    let running = Running::with("healthy-private", settings, |lab| {
        format!("{}api_key_file = {:?}\n", document(lab, &["one"]), file.to_str().unwrap())
    });
    assert_eq!(running.get("/probe?target=one", "").0, 200);
    assert!(!running.get("/", "").1.contains("CANNOT TELL"));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(running.get("/probe?target=one", "").0, 500);
    for page in ["/", "/target?name=one"] {
        let (_, shown) = running.get(page, "");
        assert!(shown.contains("CANNOT TELL") && shown.contains("not walked: "), "{page}: {shown}");
        assert!(shown.contains("No such file"), "{page}: {shown}");
    }
    running.stop();
}

#[test]
fn a_scrape_gets_the_walk_of_its_own_target() {
    let server = Running::start("healthy-private", &["prod"], 8, 8);
    for word in ["prod", "myacct.openai.azure.com", "MYACCT.openai.azure.com"] {
        let (status, text) = server.get(&format!("/probe?target={word}"), "");
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("\nprobe_success 1\n"), "{text}");
    }
    let (status, text) = server.get("/probe?target=prod&debug=true", "");
    assert!(status == 200 && text.contains("WORKS: privately, through 10.3.0.5"), "{text}");
    for path in [
        "/probe",
        "/probe?target=",
        "/probe?target=example.com",
        "/probe?target=https://10.0.0.1/",
        "/probe?target=prod&target=prod",
        "/probe?target=%ff%fe",
        "/probe?target=%00",
    ] {
        assert_eq!(server.get(path, "").0, 400, "{path}");
    }
    for bad in ["0", "-1", "NaN", "inf", "x"] {
        let field = format!("X-Prometheus-Scrape-Timeout-Seconds: {bad}\r\n");
        assert_eq!(server.get("/probe?target=prod", &field).0, 400, "{bad}");
    }
    let (status, _) =
        server.get("/probe?target=prod", "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n");
    assert_eq!(status, 200);
    let long = format!("GET /probe?target={} HTTP/1.1\r\n\r\n", "a".repeat(10 << 20));
    let answer = server.raw(long.as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(
        server
            .raw(
                b"POST /probe?target=prod HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            .contains("405")
    );
    assert_eq!(server.get("/-/healthy", "").0, 200);
    assert!(server.stop() < Duration::from_secs(2));
}

#[test]
fn a_broken_path_is_answered_with_its_cause_and_pages_name_it() {
    let server = Running::start("zone-not-linked", &["prod"], 8, 8);
    let (status, text) = server.get("/probe?target=prod", "");
    assert_eq!(status, 200);
    assert!(text.contains("\nprobe_success 0\n"), "{text}");
    assert!(text.contains("finding=\"dns-zone-not-linked\""), "{text}");
    for path in ["/", "/target?name=prod", "/finding/dns-zone-not-linked"] {
        let (status, page) = server.get(path, "");
        assert_eq!(status, 200, "{path}");
        assert!(page.contains("content-security-policy: default-src 'none'"), "{page}");
        assert!(page.contains("dns-zone-not-linked"), "{page}");
        assert!(!page.contains("<script") && !page.contains("style=\""), "{page}");
    }
    let (_, page) = server.get("/target?name=prod", "");
    for part in ["BREAKS HERE", "<ol class=\"steps\">", "href=\"finding/dns-zone-not-linked\""] {
        assert!(page.contains(part), "{part} is not on the target's page: {page}");
    }
    for path in ["/target?name=%3Cb%3E", "/finding/%3Cb%3E", "/finding/no-such", "/nowhere"] {
        let (status, page) = server.get(path, "");
        assert!(status == 404 && !page.contains("<b>"), "{page}");
    }
    server.tell.send(Signal::Reload).unwrap();
    while server.number("aoai_probe_serve_config_last_reload_successful") > 0.0 {}
    assert_eq!(server.get("/probe?target=prod", "").0, 200, "the old inventory stays");
    server.stop();
}

/// The verdict is the gateway's; what its backend showed from here is with it.
#[test]
fn the_backend_of_a_gateway_is_walked_with_it() {
    let world = "gateway-fails-and-its-backend-answers-here";
    let server = Running::with(world, ServeSettings::default(), |lab| {
        document(lab, &["gateway"]) + "service = \"openai\"\nbackend = \"myacct\"\n"
    });
    let (_, text) = server.get("/probe?target=gateway&debug=true", "");
    assert!(text.contains("\nprobe_success 0\n"), "{text}");
    assert!(text.contains("the backend myacct.openai.azure.com"), "{text}");
    let (_, page) = server.get("/target?name=gateway", "");
    for part in ["http-front-answered", "http-gateway-backend", "the backend myacct"] {
        assert!(page.contains(part), "{part} is not on the target's page: {page}");
    }
    server.stop();
}

#[test]
fn scrapes_share_a_walk_are_queued_and_are_rejected() {
    // Silence lasts as long as the hop's deadline.
    let server = Running::start("endpoint-silent", &["a", "b", "c"], 1, 1);
    std::thread::scope(|scope| {
        let one = scope.spawn(|| server.get("/probe?target=a", "").0);
        while server.number("aoai_probe_serve_walks_in_flight") < 1.0 {}
        let shares = scope.spawn(|| server.get("/probe?target=a", "").0);
        let waits = scope.spawn(|| server.get("/probe?target=b", "").0);
        while server.number("aoai_probe_serve_walks_waiting") < 1.0
            || server.number("aoai_probe_serve_probes_shared_total") < 1.0
        {}
        let (status, answer) = server.get("/probe?target=c", "");
        assert_eq!(status, 503);
        assert!(answer.contains("retry-after: 1"), "{answer}");
        assert_eq!([one.join().unwrap(), shares.join().unwrap(), waits.join().unwrap()], [200; 3]);
    });
    // A client that goes away ends a walk that no other client waits for.
    let mut stream = TcpStream::connect(server.at).unwrap();
    stream.write_all(b"GET /probe?target=c HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    while server.number("aoai_probe_serve_walks_in_flight") < 1.0 {}
    drop(stream);
    while server.number("aoai_probe_serve_walks_given_up_total") < 1.0 {}
    // And the end waits for no silent walk.
    let mut stream = TcpStream::connect(server.at).unwrap();
    stream.write_all(b"GET /probe?target=a HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    while server.number("aoai_probe_serve_walks_in_flight") < 1.0 {}
    assert!(server.stop() < Duration::from_secs(2));
}

#[test]
fn a_target_that_is_not_scraped_is_walked_for_the_pages() {
    let refresh = Some(Duration::from_secs(1));
    let settings = ServeSettings { refresh, ..ServeSettings::default() };
    let labelled = |lab: &Lab| {
        let labels = "labels = { team = \"ai\" }\n";
        let muted = format!("{labels}until = 2999-01-01T00:00:00Z\n");
        document(lab, &["one", "two", "quiet"])
            .replace("name = \"one\"\n", &format!("name = \"one\"\n{labels}"))
            .replace("name = \"quiet\"\n", &format!("name = \"quiet\"\n{muted}"))
    };
    let server = Running::with("zone-not-linked", settings, labelled);
    let page = || server.get("/", "").1;
    while page().contains("not walked yet") {}
    let page = page();
    let walks = || server.number("aoai_probe_serve_walks_total{state=\"broken\"}");
    let walked = walks();
    assert!(page.contains("<b>2</b> broken") && page.contains("<b>1</b> muted"), "{page}");
    assert!(page.contains("2 broken - aoai-probe"), "{page}");
    assert!(page.contains("Causes of several targets"), "{page}");
    assert!(page.contains("dns-zone-not-linked</a>, resolver 127.0.0."), "{page}");
    assert!(page.contains(": 2 targets: one, two<"), "{page}");
    assert!(page.contains("team=ai"), "{page}");
    // And again, as long as it is not scraped.
    while walks() < walked + 3.0 {}
    server.stop();
}

#[test]
fn a_target_that_is_changed_or_removed_leaves_nothing_behind() {
    let server = Running::start("healthy-private", &["prod", "same"], 8, 8);
    for name in ["prod", "same"] {
        assert_eq!(server.get(&format!("/probe?target={name}"), "").0, 200);
    }
    let shown = |name: &str| server.get(&format!("/target?name={name}"), "").1;
    let (old, same) = ("WORKS</span>: privately", "Last walks");
    assert!(shown("prod").contains(old) && shown("same").contains(old));
    // Its name now stands for another host; a third is new, so that the reload is seen.
    let text = document(&server.lab, &["prod", "same", "new"]);
    let other = text.replacen("target = \"myacct", "target = \"other", 1);
    assert_ne!(text, other);
    server.reload(other, 3.0);
    let page = shown("prod");
    assert!(!page.contains(old) && !page.contains(same), "{page}");
    assert!(shown("same").contains(old), "what did not change stays");
    server.stop();
}

#[test]
fn a_target_removed_during_its_walk_does_not_come_back() {
    let server = Running::start("endpoint-silent", &["a", "b"], 8, 8);
    std::thread::scope(|scope| {
        let one = scope.spawn(|| server.get("/probe?target=a", "").0);
        while server.number("aoai_probe_serve_walks_in_flight") < 1.0 {}
        server.reload(document(&server.lab, &["b"]), 1.0);
        assert_eq!(one.join().unwrap(), 200, "who asked is answered");
    });
    server.reload(document(&server.lab, &["a", "b"]), 2.0);
    let (_, page) = server.get("/target?name=a", "");
    assert!(!page.contains("Last walks"), "{page}");
    server.stop();
}

#[test]
fn a_page_that_has_rebound_its_name_reads_nothing() {
    let server = Running::start("healthy-private", &["prod"], 8, 8);
    for path in ["/", "/metrics", "/probe?target=prod&debug=true", "/target?name=prod"] {
        let request = |host: &str| {
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        };
        let port = server.at.port();
        let answer = server.raw(request(&format!("evil.example:{port}")).as_bytes());
        assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
        assert!(!answer.contains("prod") && !answer.contains("myacct"), "{answer}");
        let answer = server.raw(request(&server.at.to_string()).as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    server.stop();
}

#[test]
fn a_client_that_goes_away_with_pipelined_requests_ends_its_walk() {
    let server = Running::start("endpoint-silent", &["a"], 8, 8);
    let mut stream = TcpStream::connect(server.at).unwrap();
    let request = "GET /probe?target=a HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.repeat(2).as_bytes()).unwrap();
    while server.number("aoai_probe_serve_walks_in_flight") < 1.0 {}
    drop(stream);
    let walked = |state: &str| format!("aoai_probe_serve_walks_total{{state=\"{state}\"}}");
    while server.number("aoai_probe_serve_walks_in_flight") > 0.0 {}
    assert_eq!(server.number("aoai_probe_serve_walks_given_up_total"), 1.0);
    assert_eq!(server.number(&walked("broken")), 0.0);
    server.stop();
}

#[test]
fn a_slow_reload_delays_no_answer() {
    let server = Running::start("healthy-private", &["prod"], 8, 8);
    let reading = server.inventory.lock().unwrap();
    server.tell.send(Signal::Reload).unwrap();
    for _ in 0..20 {
        assert_eq!(server.get("/-/healthy", "").0, 200);
    }
    assert_eq!(server.get("/probe?target=prod", "").0, 200);
    drop(reading);
    // What was read was no inventory.
    while server.number("aoai_probe_serve_config_last_reload_successful") > 0.0 {}
    server.stop();
}
