//! Servers on port 443: TLS and HTTP as the service has them, or whatever else stands there.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::http::{self, End};
use super::tap::{Received, Tap};
use super::world::{Server, TARGET, Tls};

/// Accepts connections until the lab ends.
pub async fn run(
    listener: TcpListener,
    server: Server,
    config: Arc<ServerConfig>,
    date: String,
    received: Received,
) {
    let server = Arc::new(server);
    while let Ok((stream, _)) = listener.accept().await {
        let (server, config) = (Arc::clone(&server), Arc::clone(&config));
        let (date, received) = (date.clone(), received.clone());
        tokio::spawn(async move {
            // The client's going away is no failure of the lab.
            let _ = connection(stream, &server, config, &date, &received).await;
        });
    }
}

async fn connection(
    stream: TcpStream,
    server: &Server,
    config: Arc<ServerConfig>,
    date: &str,
    received: &Received,
) -> io::Result<()> {
    // As real front ends do: else a delayed ACK costs 40 ms.
    stream.set_nodelay(true)?;
    let cut = cut(&stream, server.tls).await?;
    let mut stream = Tap::new(stream, received.clone());
    if cut {
        client_hello(&mut stream).await?;
        return reset(stream.stream());
    }
    // Alerts of RFC 8446, section 6: level fatal, then the description.
    let alert = |description: u8| vec![21, 3, 3, 0, 2, 2, description];
    let message: Vec<u8> = match server.tls {
        Tls::Handshake | Tls::OtherProtocol | Tls::ResetLarge | Tls::ResetNameInFirstSegment => {
            let mut session = TlsAcceptor::from(config).accept(stream).await?;
            let end = http::serve(&mut session, server, date, received).await?;
            if end == End::Reset {
                reset(session.get_ref().0.stream())?;
            } else {
                session.shutdown().await?;
            }
            return Ok(());
        }
        Tls::Greeting => {
            stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n").await?;
            return until_closed(&mut stream).await;
        }
        Tls::Silent => return until_closed(&mut stream).await,
        Tls::Reset => {
            client_hello(&mut stream).await?;
            return reset(stream.stream());
        }
        Tls::Close => Vec::new(),
        Tls::PlainHttp => b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\n\
                            Connection: close\r\n\r\n"
            .to_vec(),
        Tls::Garbage => b"\x00\x01\x02\x03 nothing that TLS knows".to_vec(),
        Tls::UnrecognizedName => alert(112),
        Tls::ProtocolVersion => alert(70),
        Tls::HandshakeFailure => alert(40),
    };
    client_hello(&mut stream).await?;
    stream.write_all(&message).await?;
    stream.shutdown().await
}

/// Reads the ClientHello to its end: a close with unread bytes would be a reset.
async fn client_hello<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut header = [0_u8; 5];
    stream.read_exact(&mut header).await?;
    let mut record = vec![0_u8; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    stream.read_exact(&mut record).await.map(drop)
}

/// Whether a filter in front of the server resets this connection for its ClientHello.
async fn cut(stream: &TcpStream, tls: Tls) -> io::Result<bool> {
    if !matches!(tls, Tls::ResetLarge | Tls::ResetNameInFirstSegment) {
        return Ok(false);
    }
    // Loopback carries the whole hello in one segment; a link of 1500 bytes carries this much.
    let mut first = [0_u8; SEGMENT];
    let mut length = stream.peek(&mut first).await?;
    while length < 5 {
        stream.readable().await?;
        length = stream.peek(&mut first).await?;
    }
    let holds = |name: &[u8]| first[..length].windows(name.len()).any(|part| part == name);
    Ok(match tls {
        Tls::ResetLarge => u16::from_be_bytes([first[3], first[4]]) > LARGE,
        _ => holds(TARGET.as_bytes()),
    })
}

/// Bytes above which a filter takes a ClientHello for a large one.
const LARGE: u16 = 1000;
/// Bytes of the first segment, timestamps left out.
const SEGMENT: usize = 1448;

async fn until_closed<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut rest = [0_u8; 256];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Makes the close that follows a reset.
fn reset(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
