//! The forward proxy: CONNECT, and what proxies say to it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::http;
use super::tap::Received;
use super::world::{Proxy, ProxyDoes};

/// Accepts connections until the lab ends; tunnels lead to `to`.
pub async fn run(listener: TcpListener, proxy: Proxy, to: SocketAddr, received: Received) {
    let proxy = Arc::new(proxy);
    while let Ok((stream, _)) = listener.accept().await {
        let (proxy, received) = (Arc::clone(&proxy), received.clone());
        tokio::spawn(async move {
            // The client's going away is no failure of the lab.
            let _ = connection(stream, &proxy, to, &received).await;
        });
    }
}

async fn connection(
    mut stream: TcpStream,
    proxy: &Proxy,
    to: SocketAddr,
    received: &Received,
) -> io::Result<()> {
    let Some(request) = http::request(&mut stream).await? else { return Ok(()) };
    received.connect(&request);
    match proxy.does {
        ProxyDoes::Close => return Ok(()),
        ProxyDoes::NotHttp => return stream.write_all(b"\x05\xff nothing of HTTP\r\n").await,
        ProxyDoes::Silent => {
            let mut rest = [0_u8; 256];
            while stream.read(&mut rest).await? > 0 {}
            return Ok(());
        }
        ProxyDoes::Answer => {}
    }
    let headers: String =
        proxy.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {} {}\r\n{headers}\r\n", proxy.status, proxy.reason);
    stream.write_all(head.as_bytes()).await?;
    if (200..300).contains(&proxy.status) {
        let mut there = lab_connect(to).await?;
        tokio::io::copy_bidirectional(&mut stream, &mut there).await?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the lab's own proxy, on loopback")]
async fn lab_connect(to: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(to).await
}
