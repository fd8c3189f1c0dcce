//! One question over TCP (RFC 7766).

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::message::Question;
use crate::evidence::dns::Answer;
use crate::platform;
use crate::wire::words;

/// Asks over a connection of its own; `segments` becomes the number that this machine sent.
///
/// # Errors
///
/// Why no answer came, in words.
#[expect(clippy::disallowed_methods, reason = "the caller holds the deadline")]
pub(super) async fn ask_tcp(
    server: SocketAddr,
    question: &Question,
    segments: &mut u32,
) -> Result<Answer, String> {
    // A SYN, whatever comes of it.
    *segments = 1;
    let mut stream = TcpStream::connect(server).await.map_err(tcp_words)?;
    let first_sent = |stream: &TcpStream| platform::tcp_info(stream).and_then(|i| i.first_sent());
    // The question follows, and our deadline may come before its answer.
    *segments = first_sent(&stream).map_or(*segments, |sent| sent + 1);
    let answer = query_over_tcp(&mut stream, question).await;
    *segments = first_sent(&stream).unwrap_or(*segments);
    answer
}

/// One question over an established connection.
///
/// # Errors
///
/// Why no answer came, in words.
pub(super) async fn query_over_tcp(
    stream: &mut TcpStream,
    question: &Question,
) -> Result<Answer, String> {
    let length = u16::try_from(question.bytes.len()).map_err(|e| e.to_string())?;
    let mut out = length.to_be_bytes().to_vec();
    out.extend_from_slice(&question.bytes);
    stream.write_all(&out).await.map_err(tcp_words)?;
    let length = stream.read_u16().await.map_err(tcp_words)?;
    let mut bytes = vec![0_u8; usize::from(length)];
    stream.read_exact(&mut bytes).await.map_err(tcp_words)?;
    question.read(&bytes).map_err(|_| "the answer over TCP is malformed".to_owned())
}

fn tcp_words(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the resolver's TCP port refuses".to_owned(),
        io::ErrorKind::UnexpectedEof => "the resolver closed the connection".to_owned(),
        _ => words(&error),
    }
}
