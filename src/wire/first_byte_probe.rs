//! The first byte of a TLS record alone, and whether it is acknowledged: TCP_INFO shows at once what
//! TCP keep-alive would show later. When it is acknowledged our stream is ended, and a live peer ends
//! its own.

use std::io;
use std::time::Duration;

use socket2::Socket;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::words;
use crate::evidence::experiment::HandshakeResult;
use crate::evidence::text::clean_bytes;
use crate::evidence::tls::TlsOutcome;
use crate::platform;

/// A handshake record begins with its content type (RFC 8446, section 5.1).
const FIRST: u8 = 22;
/// How often the kernel is asked; an acknowledgement wakes no task.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Sends the byte and waits for the peer, at most for `timeout`; none where the kernel does not
/// report what was acknowledged.
pub async fn send_one_byte(
    mut stream: TcpStream,
    socket: &Socket,
    timeout: Duration,
) -> Option<HandshakeResult> {
    platform::tcp_info(socket)?.bytes_acked?;
    let mut bytes = [0; 64];
    let ended = tokio::time::timeout(timeout, exchange(&mut stream, socket, &mut bytes)).await;
    let (outcome, received) = match ended {
        Err(_) => (TlsOutcome::Silent, 0),
        Ok(Ok(0)) => (TlsOutcome::Closed, 0),
        Ok(Ok(count)) => {
            let first_bytes = clean_bytes(bytes.get(..count).unwrap_or_default(), 40);
            (TlsOutcome::NotTls { first_bytes }, count)
        }
        Ok(Err(error)) => match error.kind() {
            io::ErrorKind::BrokenPipe => (TlsOutcome::Closed, 0),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                (TlsOutcome::Reset, 0)
            }
            _ => {
                let message = words(&error);
                (TlsOutcome::ConnectionLost { errno: error.raw_os_error(), message }, 0)
            }
        },
    };
    Some(HandshakeResult {
        outcome,
        bytes_sent: 1,
        bytes_received: received as u64,
        tcp_info: platform::tcp_info(socket),
    })
}

/// Until the peer sends something, ends its stream, or the connection breaks.
async fn exchange(stream: &mut TcpStream, socket: &Socket, bytes: &mut [u8]) -> io::Result<usize> {
    stream.write_all(&[FIRST]).await?;
    let mut ended = false;
    loop {
        if ended {
            return stream.read(bytes).await;
        }
        if let Ok(read) = tokio::time::timeout(POLL_INTERVAL, stream.read(bytes)).await {
            return read;
        }
        // The SYN counts as one byte.
        let acknowledged = platform::tcp_info(socket).and_then(|info| info.bytes_acked);
        if acknowledged.is_some_and(|bytes| bytes > 1) {
            ended = true;
            stream.shutdown().await?;
        }
    }
}
