//! How a call ended that got no answer, or none that clients read.

use std::io;

use crate::evidence::http::{Beginning, HttpOutcome};
use crate::evidence::text::clean;
use crate::wire::tls;

/// Bytes of a head that httpx reads, and openai for Python with it (fact P202).
const HEAD_OF_CLIENTS: usize = 100 << 10;

/// The kind of a failure, by type.
pub(in crate::wire) fn outcome_of(error: &hyper::Error) -> HttpOutcome {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return match io.kind() {
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe => HttpOutcome::Reset,
                io::ErrorKind::UnexpectedEof => HttpOutcome::Closed,
                _ if tls::alert_of(error).is_some() => HttpOutcome::Closed,
                io::ErrorKind::TimedOut => HttpOutcome::Silent,
                _ => malformed(clean(&io.to_string(), 200)),
            };
        }
        source = cause.source();
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return HttpOutcome::Closed;
    }
    if error.is_parse_too_large() {
        return large_head();
    }
    malformed(clean(&error.to_string(), 200))
}

fn large_head() -> HttpOutcome {
    let message = "its head has more than 100 KB, or more than 1000 fields".to_owned();
    HttpOutcome::Malformed { message, begins: Beginning::LargeHead }
}

/// The outcome of an answer that was read, and that the clients of the SDKs do not read: its head is too
/// large, or the `first` bytes on the connection are an empty line.
pub(super) fn unread_by_clients(headers: &hyper::HeaderMap, first: &[u8]) -> Option<HttpOutcome> {
    // Each field with its colon, blank and line end.
    let bytes: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > HEAD_OF_CLIENTS {
        return Some(large_head());
    }
    (beginning(first) != Beginning::Http).then(|| HttpOutcome::Malformed {
        message: "an empty line comes before its status line".to_owned(),
        begins: Beginning::Http,
    })
}

pub(super) const fn malformed(message: String) -> HttpOutcome {
    HttpOutcome::Malformed { message, begins: Beginning::Other }
}

/// The outcome with what the `first` bytes on the connection were: bytes that are not HTTP say more than
/// how the connection ended.
pub(super) fn begun(outcome: HttpOutcome, first: &[u8]) -> HttpOutcome {
    let begins = beginning(first);
    match outcome {
        HttpOutcome::Malformed { message, begins: Beginning::Other } => {
            HttpOutcome::Malformed { message, begins }
        }
        HttpOutcome::Closed | HttpOutcome::Reset
            if !first.is_empty() && begins != Beginning::Http =>
        {
            let message = "the connection ended after bytes that are not an answer".to_owned();
            HttpOutcome::Malformed { message, begins }
        }
        other => other,
    }
}

fn beginning(first: &[u8]) -> Beginning {
    match first {
        [b'H', b'T', b'T', b'P', b'/', ..] => Beginning::Http,
        // SETTINGS on stream 0, in whole parameters of six bytes (RFC 9113, section 6.5).
        [0, high, low, 4, 0, 0, 0, 0, 0, ..] if u16::from_be_bytes([*high, *low]) % 6 == 0 => {
            Beginning::Http2
        }
        _ => Beginning::Other,
    }
}
