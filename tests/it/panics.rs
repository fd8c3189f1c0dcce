//! A bug of ours in one walk, in a program that is built as the released one is:
//! `AOAI_PROBE_PANIC` names it (`tests/panic`). Without it these tests report that they were
//! skipped, and fail in CI.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// No answer that is waited for takes longer.
const LONGEST: Duration = Duration::from_secs(60);
/// Where the bug is.
const PLACE: &str = "a bug of ours at tests/panic/program.rs:";

fn built() -> Option<PathBuf> {
    let path = std::env::var_os("AOAI_PROBE_PANIC").map(PathBuf::from);
    if path.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI sets AOAI_PROBE_PANIC");
        eprintln!("skipped: AOAI_PROBE_PANIC does not name a release build of tests/panic");
    }
    path
}

/// The program while it runs; killed when the test ends before it.
struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    fn begin(program: &PathBuf, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.env_clear().args(arguments).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
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
        Self { child, lines }
    }

    /// The next line.
    fn line(&self) -> String {
        let line = self.lines.recv_timeout(LONGEST).unwrap();
        assert!(!line.contains("canary") && !line.contains("panicked"), "{line}");
        line
    }

    /// Ends it as systemd does; its exit status.
    fn ends(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An inventory of three targets; only `buggy` has this machine read again for each of its walks.
/// Its resolver refuses every question at once.
fn inventory(folder: &tempfile::TempDir) -> (UdpSocket, String) {
    // A port that is taken and not served: the kernel answers for a socket connected elsewhere.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect("127.0.0.1:9").unwrap();
    let resolver = socket.local_addr().unwrap();
    let text = format!(
        "[defaults]\nresolvers = [\"{resolver}\"]\ntimeout = \"2s\"\nexperiments = false\n\
         credential = \"none\"\ninterval = \"20s\"\n\
         [watch]\nconfirm = {{ walks = 3, bad = 2, within = \"1h\" }}\n\
         [serve]\nlisten = \"127.0.0.1:0\"\nrefresh = \"off\"\n\
         [[target]]\nname = \"buggy\"\ntarget = \"myacct1\"\ninterval = \"1s\"\n\
         [[target]]\nname = \"alpha\"\ntarget = \"myacct2\"\n\
         [[target]]\nname = \"beta\"\ntarget = \"myacct3\"\n"
    );
    let file = folder.path().join("targets.toml");
    std::fs::write(&file, text).unwrap();
    (socket, file.to_str().unwrap().to_owned())
}

#[test]
fn in_a_watch_it_is_an_incident_of_its_target_and_the_others_are_walked_on() {
    let Some(program) = built() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_socket, config) = inventory(&folder);
    // The first call is that of the start, the second and third are those of the second and third
    // walk of `buggy`.
    let mut watch = Running::begin(&program, &["watch", &config, "2", "3"]);
    let buggy = format!("buggy: CANNOT TELL (walk-failed): {PLACE}");
    let mut waits = vec![(&*buggy, "ended this walk"), ("BROKEN", "alpha"), ("BROKEN", "beta")];
    while !waits.is_empty() {
        let line = watch.line();
        assert!(!line.contains("bug of ours") || line.starts_with("buggy: "), "{line}");
        waits.retain(|(one, other)| !(line.contains(one) && line.contains(other)));
    }
    assert_eq!(watch.ends(), Some(0));
}

#[test]
fn a_scraper_gets_cannot_tell_for_its_target_and_the_other_targets_as_ever() {
    let Some(program) = built() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_socket, config) = inventory(&folder);
    // The first call is the server's own, the second the first walk's.
    let mut serve = Running::begin(&program, &["serve", &config, "2", "2"]);
    let at = serve.line();
    let message = get(&at, "/probe?target=buggy");
    assert!(message.starts_with("HTTP/1.1 200 "), "{message}");
    for line in ["probe_success 0", "aoai_probe_state{state=\"cannot_tell\"} 1"] {
        assert!(message.contains(line), "{line} is not in {message}");
    }
    let page = get(&at, "/target?name=buggy");
    assert!(page.contains(PLACE) && !page.contains("canary"), "{page}");
    // The same thread walks on.
    for name in ["alpha", "beta", "buggy"] {
        let message = get(&at, &format!("/probe?target={name}"));
        assert!(message.contains("aoai_probe_state{state=\"broken\"} 1"), "{message}");
    }
    assert_eq!(serve.ends(), Some(0));
}

#[test]
fn it_ends_a_run_of_one_walk_with_status_70_and_no_report() {
    let Some(program) = built() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (socket, _) = inventory(&folder);
    let resolver = socket.local_addr().unwrap().to_string();
    let ran = Command::new(program).args(["check", &resolver, "0", "0"]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!((ran.status.code(), &*out), (Some(70), ""), "{err}");
    assert!(err.starts_with("aoai-probe: this is a bug of ours at "), "{err}");
    assert!(err.ends_with("; the walk was not judged\n") && err.lines().count() == 1, "{err}");
}

/// The body of an answer.
fn get(at: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(LONGEST)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
