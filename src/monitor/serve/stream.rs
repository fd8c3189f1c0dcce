//! A connection that two look at: hyper reads and writes, and somebody else sees the client go.
//!
//! hyper reads no further while it answers and holds octets of a next request, so it does not
//! see that nobody is there any more.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The half that hyper has.
pub(super) struct Stream(Arc<TcpStream>);

/// The other, which only waits.
pub(super) struct Client(Arc<TcpStream>);

/// Both halves of a connection.
pub(super) fn shared(stream: TcpStream) -> (Stream, Client) {
    let stream = Arc::new(stream);
    (Stream(Arc::clone(&stream)), Client(stream))
}

impl Client {
    /// Waits until the client will send nothing more: it has closed its side, or is gone.
    #[cfg(target_os = "linux")]
    pub(super) async fn gone(&self) {
        let ready = self.0.ready(tokio::io::Interest::PRIORITY).await;
        // Urgent data wakes it as well; nobody sends such.
        if ready.is_ok_and(|ready| !ready.is_read_closed()) {
            std::future::pending().await
        }
    }

    /// Elsewhere hyper alone sees it.
    #[cfg(not(target_os = "linux"))]
    pub(super) async fn gone(&self) {
        std::future::pending().await
    }
}

impl Client {
    /// Octets that it has taken; None where the system does not say.
    pub(super) fn taken(&self) -> Option<u64> {
        crate::platform::tcp_info(&*self.0)?.bytes_acked
    }

    /// Whether it has sent what nobody has read yet.
    pub(super) fn has_sent(&self) -> bool {
        let mut octet = [std::mem::MaybeUninit::uninit()];
        socket2::SockRef::from(&*self.0).peek(&mut octet).is_ok_and(|octets| octets > 0)
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
                read => return Poll::Ready(read.map(|octets| into.advance(octets))),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(octets)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write_vectored(octets) {
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
