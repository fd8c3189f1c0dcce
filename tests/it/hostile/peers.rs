//! Servers on loopback, each as ill-behaved as its test wants it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{HOST, TIMES, tool};

/// A resolver and an endpoint, and the file with the root that the endpoint's chain ends in.
pub(super) struct Lab {
    pub(super) resolver: SocketAddr,
    pub(super) endpoint: SocketAddr,
    folder: tempfile::TempDir,
}

pub(super) type Tls = StreamOwned<ServerConnection, TcpStream>;

impl Lab {
    /// A resolver that gives one private address, and an endpoint with a good certificate
    /// that leaves each session to `speak`.
    pub(super) fn with_tls(speak: impl Fn(Tls) + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = KeyPair::generate().expect("a key");
        let mut root = CertificateParams::new(Vec::new()).expect("parameters");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = root.self_signed(&key).expect("a root").pem();
        std::fs::write(folder.path().join("root.pem"), pem).expect("a file");
        let issuer = Issuer::new(root, key);
        let key = KeyPair::generate().expect("a key");
        let leaf = CertificateParams::new(vec![HOST.to_owned()]).expect("parameters");
        let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
        let provider = aoai_probe::wire::tls::provider();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
            )
            .expect("a certificate and its key");
        let config = Arc::new(config);
        let endpoint = tcp(move |stream| {
            let session = ServerConnection::new(Arc::clone(&config)).expect("a session");
            speak(StreamOwned::new(session, stream));
        });
        Self { resolver: dns(good), endpoint, folder }
    }

    /// The same without TLS: each connection is left to `speak`.
    pub(super) fn with_tcp(speak: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self { endpoint: tcp(speak), ..Self::with_tls(drop) }
    }

    /// The tool on its way to this endpoint.
    pub(super) fn tool(&self) -> assert_cmd::Command {
        self.tool_trusting(self)
    }

    /// The same, with the root of another lab.
    pub(super) fn tool_trusting(&self, other: &Self) -> assert_cmd::Command {
        let mut command = tool();
        command
            .arg(HOST)
            .args(TIMES)
            .arg(format!("--resolver={}", self.resolver))
            .arg(format!("--connect-to=:443:127.0.0.1:{}", self.endpoint.port()))
            .arg("--ca-file")
            .arg(other.folder.path().join("root.pem"));
        command
    }
}

/// A TCP server; each connection has a thread of its own.
pub(super) fn tcp(speak: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    let speak = Arc::new(speak);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let speak = Arc::clone(&speak);
            thread::spawn(move || speak(stream));
        }
    });
    address
}

/// Carries what `stream` sends to `to` and back, until either side ends.
pub(super) fn join(stream: &TcpStream, to: SocketAddr) {
    let Ok(there) = TcpStream::connect(to) else { return };
    let copy = |from: &TcpStream, to: &TcpStream| {
        let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Both);
    };
    thread::scope(|scope| {
        scope.spawn(|| copy(stream, &there));
        copy(&there, stream);
    });
}

/// A UDP server that leaves each question to `answer`.
pub(super) fn dns(answer: impl Fn(&UdpSocket, &[u8], SocketAddr) + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = socket.local_addr().expect("its address");
    thread::spawn(move || {
        let mut bytes = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            answer(&socket, &bytes[..length], from);
        }
    });
    address
}

/// One private address for A of the account, none for the rest, and no name that a walk made up.
pub(super) fn good(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    let end = question_end(question);
    let made_up = question[12..].starts_with(b"\x0dx");
    let is_a = question[end - 3] == 1 && !made_up;
    let flags = if made_up { 0x8183 } else { 0x8180 };
    let mut message = header(question, flags, u8::from(is_a));
    message.extend_from_slice(&question[12..end]);
    if is_a {
        message.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 3, 0, 5]);
    }
    let _ = socket.send_to(&message, from);
}

/// A header that answers `question`, with these flags and so many answers.
pub(super) fn header(question: &[u8], flags: u16, answers: u8) -> Vec<u8> {
    let mut message = question[..2].to_vec();
    message.extend_from_slice(&flags.to_be_bytes());
    message.extend_from_slice(&[0, 1, 0, answers, 0, 0, 0, 0]);
    message
}

/// The byte after the question section.
pub(super) fn question_end(question: &[u8]) -> usize {
    let mut at = 12;
    while question[at] != 0 {
        at += usize::from(question[at]) + 1;
    }
    at + 5
}

/// Reads a request's head, and gives it as text.
pub(super) fn head(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") && bytes.len() < 65_536 {
        match stream.read(&mut one) {
            Ok(1) => bytes.push(one[0]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes one byte after another, a pause before each, until the peer goes away.
pub(super) fn drip(stream: &mut impl Write, bytes: impl IntoIterator<Item = u8>) {
    for byte in bytes {
        thread::sleep(std::time::Duration::from_millis(50));
        if stream.write_all(&[byte]).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

/// Writes the same bytes again and again until the peer goes away.
pub(super) fn flood(stream: &mut impl Write, bytes: &[u8]) {
    while stream.write_all(bytes).is_ok() {}
}
