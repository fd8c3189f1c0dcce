//! A connection with two users: hyper reads and writes, and the server notices when the client
//! goes away.
//!
//! hyper does not read further while it answers and already holds bytes of the next request, so
//! it does not notice that the client has gone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The half for hyper.
pub(super) struct Stream(Arc<TcpStream>);

/// The half that watches the client.
pub(super) struct Client(Arc<TcpStream>);

/// Both halves of a connection.
pub(super) fn shared(stream: TcpStream) -> (Stream, Client) {
    let stream = Arc::new(stream);
    (Stream(Arc::clone(&stream)), Client(stream))
}

impl Client {
    /// Waits until the client will send nothing more: it has closed its side, or is gone.
    #[cfg(target_os = "linux")]
    pub(super) async fn closed(&self) {
        let ready = self.0.ready(tokio::io::Interest::PRIORITY).await;
        // Urgent data wakes it as well; no HTTP client sends any.
        if ready.is_ok_and(|ready| !ready.is_read_closed()) {
            std::future::pending().await
        }
    }

    /// On other systems only hyper notices.
    #[cfg(not(target_os = "linux"))]
    pub(super) async fn closed(&self) {
        std::future::pending().await
    }
}

impl Client {
    /// Bytes that the client has acknowledged; none where the system does not report it.
    pub(super) fn bytes_acknowledged(&self) -> Option<u64> {
        crate::platform::tcp_info(&*self.0)?.bytes_acked
    }

    /// Whether the client has sent data that is not read yet.
    pub(super) fn has_unread_data(&self) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        socket2::SockRef::from(&*self.0).peek(&mut byte).is_ok_and(|peeked| peeked > 0)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read(into.initialize_unfilled()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read.map(|bytes| into.advance(bytes))),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write_vectored(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(socket2::SockRef::from(&*self.0).shutdown(std::net::Shutdown::Write))
    }
}
