//! What a protocol sends before TLS can begin, and the byte with which its peer allows it.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::tls::{Stream, ended};
use crate::evidence::text::clean_bytes;
use crate::evidence::tls::TlsOutcome;

/// A request for TLS.
#[derive(Debug, Clone, Copy)]
pub struct TlsRequest {
    /// What is sent.
    pub sends: &'static [u8],
    /// The byte that allows the handshake.
    pub allows: u8,
}

/// Asks for TLS until `end`; how the handshake ended before it began, where it is not allowed.
pub(super) async fn ask(
    stream: &mut Box<dyn Stream>,
    request: TlsRequest,
    end: Instant,
) -> Result<(), TlsOutcome> {
    match timeout_at(end, answer(stream, request.sends)).await {
        Err(_) => Err(TlsOutcome::Silent),
        Ok(Err(error)) => Err(ended(&error)),
        Ok(Ok(byte)) if byte == request.allows => Ok(()),
        Ok(Ok(other)) => Err(TlsOutcome::NotTls { first_bytes: clean_bytes(&[other], 40) }),
    }
}

/// One byte, and no more: what follows it belongs to the handshake.
async fn answer(stream: &mut Box<dyn Stream>, sends: &[u8]) -> io::Result<u8> {
    stream.write_all(sends).await?;
    stream.flush().await?;
    stream.read_u8().await
}
