//! What servers receive, kept for the promises about secrets.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Everything that the servers of a lab received.
#[derive(Clone, Default)]
pub struct Received(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    open: Vec<u8>,
    requests: Vec<Vec<u8>>,
    connects: Vec<Vec<u8>>,
}

impl Received {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that crossed the wire in the open: outside TLS, or before a handshake ended.
    pub fn open(&self) -> Vec<u8> {
        self.lock().open.clone()
    }

    /// Requests inside TLS.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        self.lock().requests.clone()
    }

    /// What the proxy was asked.
    pub fn connects(&self) -> Vec<Vec<u8>> {
        self.lock().connects.clone()
    }

    /// Keeps a request.
    pub fn request(&self, bytes: &[u8]) {
        self.lock().requests.push(bytes.to_vec());
    }

    /// Keeps a question to the proxy.
    pub fn connect(&self, bytes: &[u8]) {
        self.lock().connects.push(bytes.to_vec());
    }
}

/// A stream whose received bytes are kept.
pub struct Tap<S> {
    inner: S,
    received: Received,
}

impl<S> Tap<S> {
    /// Puts one on a stream.
    pub fn new(inner: S, received: Received) -> Self {
        Self { inner, received }
    }

    /// The stream.
    pub const fn stream(&self) -> &S {
        &self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.received.lock().open.extend_from_slice(&buffer.filled()[before..]);
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
