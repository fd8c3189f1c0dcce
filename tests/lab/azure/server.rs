//! The servers: Resource Manager and the login host over TLS, the metadata service in the clear.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::faults::Outcome;
use super::http::Asked;
use super::{Mock, login};
use crate::lab::http::request;
use crate::lab::tap::Received;

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    ResourceManager,
    Login,
    Metadata,
}

/// Accepts connections until the lab ends.
pub async fn run(
    listener: TcpListener,
    service: Service,
    mock: Arc<Mock>,
    config: Arc<ServerConfig>,
    date: String,
    received: Received,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (mock, config) = (Arc::clone(&mock), Arc::clone(&config));
        let (date, received) = (date.clone(), received.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            // The client's going away is no failure of the lab.
            if service == Service::Metadata {
                let mut stream = stream;
                let _ = serve(&mut stream, service, &mock, &date, &received).await;
            } else if let Ok(mut session) = TlsAcceptor::from(config).accept(stream).await {
                let _ = serve(&mut session, service, &mock, &date, &received).await;
                let _ = session.shutdown().await;
            }
        });
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    service: Service,
    mock: &Mock,
    date: &str,
    received: &Received,
) -> io::Result<()> {
    while let Some(bytes) = request(stream).await? {
        received.request(&bytes);
        let Some(asked) = Asked::read(&bytes) else { return Ok(()) };
        let outcome = match service {
            Service::ResourceManager => {
                let one = (asked.method.clone(), asked.target.clone(), asked.body.clone());
                mock.state().asked.push(one);
                mock.outcome(&asked)
            }
            Service::Login => Outcome::Send(login::answer(&asked, &mock.caller), 0),
            Service::Metadata => Outcome::Send(login::metadata(&asked, mock), 0),
        };
        match outcome {
            Outcome::Send(reply, late) => {
                tokio::time::sleep(Duration::from_millis(late)).await;
                let named = reply
                    .with("x-ms-request-id", "0f0e0d0c-0b0a-4908-8706-050403020100")
                    .with("x-ms-correlation-request-id", "5a0f2f3c-8d0e-4b57-9f57-3f1d2c1b0a99");
                stream.write_all(&named.bytes(date)).await?;
                stream.flush().await?;
            }
            Outcome::Close => return Ok(()),
            Outcome::Silent => {
                let mut rest = [0_u8; 256];
                while stream.read(&mut rest).await? > 0 {}
                return Ok(());
            }
            Outcome::Endless => {
                let head =
                    "HTTP/1.1 200 Answer\r\nContent-Type: application/json\r\n\r\n{\"value\":[";
                stream.write_all(head.as_bytes()).await?;
                for _ in 0..1024 {
                    stream.write_all(&[b' '; 65_536]).await?;
                }
                return Ok(());
            }
        }
    }
    Ok(())
}
