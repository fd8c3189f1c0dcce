//! Peers that never come to an end: the walk does, by its own deadlines.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::thread;
use std::time::Instant;

use super::peers::{Lab, dns, drip, flood, head, header, question_end, tcp};
use super::{BOUND, HOST, TIMES, run, tool};

#[test]
fn an_endpoint_that_drips_its_handshake() {
    // The head of a TLS record and then its body, an byte at a time.
    let record = || [22, 3, 3, 64, 0].into_iter().chain(std::iter::repeat(0));
    let lab = Lab::with_tcp(move |mut stream| drip(&mut stream, record()));
    let (_, shown) = run(&mut lab.tool());
    assert!(shown.starts_with("BROKEN at tls"), "{shown}");
}

#[test]
fn an_endpoint_that_floods_its_handshake() {
    let records = [22, 3, 3, 0, 4, 2, 255, 255, 255].repeat(1000);
    let lab = Lab::with_tcp(move |mut stream| flood(&mut stream, &records));
    let (_, shown) = run(&mut lab.tool());
    assert!(shown.starts_with("BROKEN at tls"), "{shown}");
}

#[test]
fn a_service_that_drips_or_floods_its_answer() {
    type Speak = fn(&mut dyn Write);
    let kinds: [(&str, Speak); 7] = [
        ("head dripped", |mut tls| drip(&mut tls, b"HTTP/1.1 200 OK\r\n".iter().copied().cycle())),
        ("body dripped", |mut tls| {
            let _ = write!(tls, "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
            drip(&mut tls, std::iter::repeat(b' '));
        }),
        ("endless 1xx", |mut tls| flood(&mut tls, b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")),
        ("endless head", |mut tls| {
            let _ = write!(tls, "HTTP/1.1 200 OK\r\n");
            flood(&mut tls, b"x-request-id: abcdefgh\r\n");
        }),
        ("one long field", |mut tls| {
            let _ = write!(tls, "HTTP/1.1 200 OK\r\nserver: ");
            flood(&mut tls, &[b'a'; 4096]);
        }),
        ("endless body", |mut tls| {
            let _ = write!(tls, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            flood(&mut tls, b"5\r\n[[[[[\r\n");
        }),
        ("endless trailers", |mut tls| {
            let _ = write!(tls, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n");
            flood(&mut tls, b"a: b\r\n");
        }),
    ];
    for (kind, speak) in kinds {
        let lab = Lab::with_tls(move |mut tls| {
            let _ = head(&mut tls);
            speak(&mut tls);
        });
        let (output, shown) = run(&mut lab.tool());
        assert!(matches!(output.status.code(), Some(1 | 2)), "{kind}: {shown}");
        assert!(shown.contains("at http (http-"), "{kind}: {shown}");
    }
}

#[test]
fn a_proxy_that_drips_or_floods_its_answer() {
    for endless in [false, true] {
        let proxy = tcp(move |mut stream| {
            let _ = head(&mut stream);
            match endless {
                true => flood(&mut stream, b"HTTP/1.1 100 Continue\r\n\r\n"),
                false => drip(&mut stream, b"HTTP/1.1 200 OK\r\n".iter().copied().cycle()),
            }
        });
        let mut command = tool();
        command.args([HOST, "--resolver=127.0.0.1:1"]).args(TIMES);
        let (_, shown) = run(command.env("HTTPS_PROXY", format!("http://{proxy}")));
        assert!(shown.starts_with("BROKEN at proxy"), "{endless}: {shown}");
    }
}

#[test]
fn a_resolver_that_floods() {
    // Answers to nobody's question, as fast as they can be written, for longer than the walk.
    let resolver = dns(|socket, _, from| {
        let socket = socket.try_clone().expect("a handle");
        thread::spawn(move || {
            let began = Instant::now();
            while began.elapsed() < BOUND * 2 {
                let _ = socket.send_to(&[0; 12], from);
            }
        });
    });
    let mut command = tool();
    command.args([HOST, &format!("--resolver={resolver}")]).args(TIMES);
    let (_, shown) = run(&mut command);
    assert!(shown.starts_with("BROKEN at dns"), "{shown}");
}

#[test]
fn a_resolver_that_stalls_over_tcp() {
    type Speak = fn(&mut dyn Write);
    let kinds: [(&str, Speak); 3] = [
        ("a length and nothing", |stream| {
            let _ = stream.write_all(&[255, 255]);
            thread::sleep(BOUND);
        }),
        ("a long answer dripped", |mut stream| drip(&mut stream, std::iter::repeat(255))),
        ("garbage without end", |mut stream| flood(&mut stream, &[0; 4096])),
    ];
    for (kind, speak) in kinds {
        let resolver = truncating(speak);
        let mut command = tool();
        command.args([HOST, &format!("--resolver={resolver}")]).args(TIMES);
        let (_, shown) = run(&mut command);
        assert!(shown.starts_with("BROKEN at dns"), "{kind}: {shown}");
    }
}

/// A resolver whose every answer over UDP is truncated, and which leaves TCP to `speak`.
fn truncating(speak: fn(&mut dyn Write)) -> SocketAddr {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let Ok(socket) = UdpSocket::bind(address) else { continue };
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let _ = stream.read(&mut [0; 512]);
                    speak(&mut stream);
                });
            }
        });
        thread::spawn(move || {
            let mut bytes = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let question = &bytes[..length];
                let mut message = header(question, 0x8380, 0);
                message.extend_from_slice(&question[12..question_end(question)]);
                let _ = socket.send_to(&message, from);
            }
        });
        return address;
    }
}

#[test]
fn answers_made_to_hurt_a_parser() {
    type Make = fn(&[u8], &[u8]) -> Vec<u8>;
    let kinds: [(&str, Make); 5] = [
        ("a name that points at itself", |question, asked| {
            let mut message = header(question, 0x8180, 1);
            let at = 12 + asked.len();
            message.extend_from_slice(asked);
            message.extend_from_slice(&[0xc0 | (at >> 8) as u8, at as u8, 0, 1, 0, 1]);
            message.extend_from_slice(&[0, 0, 0, 60, 0, 4, 10, 3, 0, 5]);
            message
        }),
        ("an alias of itself", |question, asked| {
            let mut message = header(question, 0x8180, 1);
            message.extend_from_slice(asked);
            message.extend_from_slice(&[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12]);
            message
        }),
        ("two hundred records", |question, asked| {
            let mut message = header(question, 0x8180, 200);
            message.extend_from_slice(asked);
            for last in 0..200 {
                message.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                message.extend_from_slice(&[127, 0, 0, last]);
            }
            message
        }),
        ("escapes in an alias", |question, asked| {
            let mut message = header(question, 0x8180, 1);
            message.extend_from_slice(asked);
            let alias = b"\x1b]0;x\x07\x1b[2J$(reboot)`id`";
            message.extend_from_slice(&[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0]);
            message.extend_from_slice(&[alias.len() as u8 + 2, alias.len() as u8]);
            message.extend_from_slice(alias);
            message.push(0);
            message
        }),
        ("a header that counts what is not there", |question, asked| {
            let mut message = header(question, 0x8180, 255);
            message.extend_from_slice(asked);
            message
        }),
    ];
    for (kind, make) in kinds {
        let resolver = dns(move |socket, question, from| {
            let asked = &question[12..question_end(question)];
            let _ = socket.send_to(&make(question, asked), from);
        });
        for format in ["--format=human", "--format=json"] {
            let mut command = tool();
            command.args([HOST, "-v", format, "--connect-to=::127.0.0.1:1"]).args(TIMES);
            let (output, shown) = run(command.arg(format!("--resolver={resolver}")));
            assert_ne!(output.status.code(), Some(0), "{kind}: {shown}");
            for raw in ["\u{1b}", "\u{7}", "$(reboot)", "`id`"] {
                assert!(!shown.contains(raw), "{kind}: {raw:?} in {shown}");
            }
        }
    }
}

#[test]
fn many_targets_are_walked_some_at_a_time() {
    let mut command = tool();
    command.args(["--resolver=127.0.0.1:1", "--timeout=0.2", "--deadline=0.5", "--format=json"]);
    command.args((0..40).map(|number| format!("acct{number}")));
    let (output, _) = run(&mut command);
    let reports: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(reports.len(), 40);
    assert_eq!(reports[39]["evidence"]["target"]["account"], "acct39");
    let mut command = tool();
    let (output, shown) = run(command.args((0..10_000).map(|number| format!("acct{number}"))));
    assert_eq!(output.status.code(), Some(64), "{shown}");
    assert!(shown.contains("10000 targets"), "{shown}");
}

/// An ICMP error that ends no question (a parameter problem) once held the walk for ever. A raw
/// socket sends it, so this needs a network namespace of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_stray_icmp_error_does_not_hold_the_walk() {
    let unshare = |script: &str| {
        let exe = std::env::current_exe().expect("this test");
        std::process::Command::new("unshare")
            .args(["-rn", "sh", "-c", script])
            .arg(exe)
            .output()
            .expect("unshare runs")
    };
    if !unshare("ip link set lo up").status.success() {
        eprintln!("skipped: no network namespace may be made here");
        return;
    }
    let output = unshare(
        "ip link set lo up; exec \"$0\" --exact --ignored hostile::stall::inside_the_namespace",
    );
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "a_stray_icmp_error_does_not_hold_the_walk runs it in a namespace"]
fn inside_the_namespace() {
    use socket2::{Domain, Protocol, Socket, Type};
    let raw = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).expect("raw socket");
    let resolver = dns(move |socket, question, from| {
        let here = socket.local_addr().expect("its address");
        let length = |header: usize| u16::try_from(question.len() + header).expect("short");
        // The header of the question's packet and the first bytes of what it carried.
        let mut message = vec![12, 0, 0, 0, 0, 0, 0, 0, 0x45, 0];
        message.extend(length(28).to_be_bytes());
        message.extend([0, 1, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        for field in [from.port(), here.port(), length(8), 0] {
            message.extend(field.to_be_bytes());
        }
        let sum: u32 =
            message.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        let checksum = !u16::try_from((folded & 0xffff) + (folded >> 16)).expect("16 bits");
        message[2..4].copy_from_slice(&checksum.to_be_bytes());
        let to = SocketAddr::from(([127, 0, 0, 1], 0));
        raw.send_to(&message, &to.into()).expect("it is sent");
    });
    let mut command = tool();
    command.args([HOST, &format!("--resolver={resolver}")]).args(TIMES);
    let (_, shown) = run(&mut command);
    assert!(shown.starts_with("BROKEN at dns (dns-resolver-silent)"), "{shown}");
}
