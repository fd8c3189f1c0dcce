//! What the released program may cost. `AOAI_PROBE_BINARY` names it; without it these tests
//! say that they were skipped, and fail in CI.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::Stdio;

use crate::program::alone;

/// The stripped program, in bytes. It carries the page of every finding and the commands of three
/// systems. The questions to Azure Resource Manager and what is made of the answers are 1.7 MB of it.
/// Debian's blackbox_exporter has 14.1 MB.
const LARGEST: u64 = 15_600_000;

/// Processor time of a walk as far as a ClientHello, in milliseconds. aws-lc's own entropy
/// source alone costs 100 ms; `.cargo/config.toml` leaves it out.
const MOST_MS: u64 = 50;

fn released() -> Option<PathBuf> {
    let path = std::env::var_os("AOAI_PROBE_BINARY").map(PathBuf::from);
    if path.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI sets AOAI_PROBE_BINARY");
        eprintln!("skipped: AOAI_PROBE_BINARY does not name a release build");
    }
    path
}

#[test]
fn the_program_is_small() {
    let Some(path) = released() else { return };
    let size = fs::metadata(&path).unwrap().len();
    assert!(size <= LARGEST, "{}: {size} bytes, at most {LARGEST}", path.display());
}

#[cfg(target_os = "linux")]
#[test]
fn a_walk_to_the_handshake_takes_little_processor_time() {
    let Some(path) = released() else { return };
    let folder = tempfile::tempdir().unwrap();
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let (dns, tcp) = (resolver.local_addr().unwrap(), service.local_addr().unwrap());
    std::thread::spawn(move || answer_names(&resolver));
    let hello = std::thread::spawn(move || {
        let mut hello = [0; 5];
        let (mut stream, _) = service.accept().unwrap();
        stream.read_exact(&mut hello).unwrap();
        hello
    });
    let Some(mut command) = alone(&path, folder.path(), false) else { return };
    let mut child = command
        .args(["--timeout", "1", "--credential", "none", "--proxy", "none"])
        .args(["--resolver", &dns.to_string()])
        .args(["--connect-to", &format!("::{}:{}", tcp.ip(), tcp.port())])
        .arg("myacct.openai.azure.com")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    // Its output is closed: it has ended, but is not reaped yet, so the kernel still tells.
    let spent = processor_ms(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(2), "{out}");
    assert!(out.starts_with("BROKEN at tls"), "{out}");
    assert_eq!(hello.join().unwrap()[..3], [0x16, 3, 1], "a TLS handshake record");
    assert!(spent <= MOST_MS, "{spent} ms of processor time, at most {MOST_MS}");
}

/// User and system time of a process, in milliseconds, in steps of 10 (proc_pid_stat(5)).
#[cfg(target_os = "linux")]
fn processor_ms(id: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // Fields 14 and 15; the first one here is field 3. A tick is 10 ms (USER_HZ).
    let ticks = |field: usize| fields[field - 3].parse::<u64>().unwrap();
    (ticks(14) + ticks(15)) * 10
}

/// Answers every A question with 10.3.0.5, and every other one with no record.
fn answer_names(socket: &UdpSocket) {
    let mut bytes = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut bytes) {
        let query = &bytes[..length];
        // Header, then labels up to the empty one, then type and class (RFC 1035, section 4.1).
        let mut at = 12;
        while query[at] != 0 {
            at += usize::from(query[at]) + 1;
        }
        let question = &query[12..at + 5];
        let is_a = query[at + 1..at + 3] == [0, 1];
        let mut reply = query[..2].to_vec();
        reply.extend([0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
        reply.extend(question);
        if is_a {
            reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 3, 0, 5]);
        }
        let _ = socket.send_to(&reply, from);
    }
}
