//! The servers: Resource Manager and the login host over TLS, the metadata service in the clear.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::faults::Outcome;
use super::http::{Asked, Reply, request};
use super::{Mock, login};

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    ResourceManager,
    Login,
    Metadata,
}

/// Whether a request is for a token for Resource Manager, or asks what this machine is.
#[allow(dead_code, reason = "the lab on loopback has a server for each")]
pub fn is_for_resource_manager(request: &[u8]) -> bool {
    Asked::read(request).is_some_and(|asked| login::is_for_resource_manager(&asked))
}

/// Keeps the bytes of each request, with what no client of ours may have asked in it.
pub type Keep = Arc<dyn Fn(&[u8], &[String]) + Send + Sync>;

/// Accepts connections until the lab ends.
pub async fn run(
    listener: TcpListener,
    service: Service,
    mock: Arc<Mock>,
    config: Arc<ServerConfig>,
    keep: Keep,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (mock, config) = (Arc::clone(&mock), Arc::clone(&config));
        let keep = Arc::clone(&keep);
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            // The client's going away is no failure of the lab.
            if service == Service::Metadata {
                let mut stream = stream;
                let _ = serve(&mut stream, service, &mock, &keep).await;
            } else if let Ok(mut session) = TlsAcceptor::from(config).accept(stream).await {
                let _ = serve(&mut session, service, &mock, &keep).await;
                let _ = session.shutdown().await;
            }
        });
    }
}

impl Mock {
    /// What a service answers to a request.
    fn outcome_of(&self, service: Service, asked: &Asked) -> Outcome {
        match service {
            Service::ResourceManager => {
                let one = (asked.method.clone(), asked.target.clone(), asked.body.clone());
                self.state().asked.push(one);
                self.outcome(asked)
            }
            Service::Login => Outcome::Send(login::answer(asked, self), 0),
            Service::Metadata => Outcome::Send(login::metadata(asked, self), 0),
        }
    }

    /// The answer to a request for a token that is for Resource Manager, or that no server of
    /// this machine's identities may answer; and to a question which machine it is. None where
    /// another server of the lab has the answer.
    #[allow(dead_code, reason = "the lab on loopback has no other server")]
    pub fn first_answer(&self, service: Service, request: &[u8]) -> Option<Vec<u8>> {
        let asked = Asked::read(request)?;
        let reply = match service {
            Service::Login if login::is_for_resource_manager(&asked) => login::answer(&asked, self),
            Service::Metadata if login::is_for_resource_manager(&asked) => {
                login::metadata(&asked, self)
            }
            Service::Metadata => login::without_identity(&asked, self)?,
            _ => return None,
        };
        Some(self.signed(reply).bytes(&self.date()))
    }

    fn signed(&self, reply: Reply) -> Reply {
        reply
            .with("x-ms-request-id", "0f0e0d0c-0b0a-4908-8706-050403020100")
            .with("x-ms-correlation-request-id", "5a0f2f3c-8d0e-4b57-9f57-3f1d2c1b0a99")
    }

    fn date(&self) -> String {
        let seconds = u64::try_from(self.now).unwrap_or_default();
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    service: Service,
    mock: &Mock,
    keep: &Keep,
) -> io::Result<()> {
    while let Some(bytes) = request(stream).await? {
        let before = mock.violations().len();
        let outcome = Asked::read(&bytes).map(|asked| mock.outcome_of(service, &asked));
        keep(&bytes, mock.violations().get(before..).unwrap_or_default());
        let Some(outcome) = outcome else { return Ok(()) };
        match outcome {
            Outcome::Send(reply, late) => {
                tokio::time::sleep(Duration::from_millis(late)).await;
                stream.write_all(&mock.signed(reply).bytes(&mock.date())).await?;
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
