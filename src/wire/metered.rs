//! A stream that counts bytes and keeps the first ones that came in.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many of the first bytes read are kept.
const FIRST_BYTES_KEPT: usize = 256;

/// How many bytes are read before other tasks and the clock run: with a peer that floods, the reader
/// would never yield.
const READ_BUDGET: usize = 16 << 10;

/// What went through.
#[derive(Debug, Default, Clone)]
pub struct Traffic {
    /// Bytes written.
    pub sent: u64,
    /// Bytes read.
    pub received: u64,
    /// The first bytes read.
    pub first: Vec<u8>,
}

impl Traffic {
    /// Whether more came than was kept.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.first.len() as u64 != self.received
    }
}

/// A handle to what went through a [`MeteredStream`].
#[derive(Debug, Default, Clone)]
pub struct TrafficCounter(Arc<Mutex<Traffic>>);

impl TrafficCounter {
    /// What went through up to now.
    #[must_use]
    pub fn read(&self) -> Traffic {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream under a [`TrafficCounter`].
#[derive(Debug)]
pub struct MeteredStream<S> {
    inner: S,
    meter: TrafficCounter,
    /// Bytes read since the reader last yielded.
    unyielded: usize,
}

impl<S> MeteredStream<S> {
    /// Meters `inner`.
    pub fn new(inner: S) -> (Self, TrafficCounter) {
        let meter = TrafficCounter::default();
        (Self { inner, meter: meter.clone(), unyielded: 0 }, meter)
    }

    fn count_sent(&self, result: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(written)) = result {
            self.meter.lock().sent += *written as u64;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MeteredStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unyielded >= READ_BUDGET {
            self.unyielded = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(context, buffer);
        let new = &buffer.filled()[before..];
        self.unyielded = if result.is_pending() { 0 } else { self.unyielded + new.len() };
        if !new.is_empty() {
            let mut traffic = self.meter.lock();
            traffic.received += new.len() as u64;
            let room = FIRST_BYTES_KEPT.saturating_sub(traffic.first.len());
            traffic.first.extend_from_slice(&new[..new.len().min(room)]);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MeteredStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.count_sent(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(context, parts);
        self.count_sent(&result);
        result
    }

    // The records of one flight leave in one segment, as those of other clients do.
    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
