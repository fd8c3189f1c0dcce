//! HTTP/1.1 over whatever stream stands: requests are kept, answers are a world's.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::WRONG_KEY;
use super::answers::{DEPLOYMENTS, MODELS, SERVICE, Scripted, scripted};
pub use super::azure::http::request;
use super::certificates::ESCAPES;
use super::services;
use super::tap::Received;
use super::world::{Answer, Named, Server, Written};

/// What an endless body sends at most.
const ENDLESS: usize = 64 << 20;
/// Bytes of a body that comes one at a time, and the time between them.
const DRIPS: (usize, Duration) = (400, Duration::from_millis(20));

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// FIN.
    Close,
    /// RST.
    Reset,
}

/// Answers requests until the client goes, or the world says to end.
///
/// # Errors
/// The client went away.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    server: &Server,
    date: &str,
    received: &Received,
) -> io::Result<End> {
    loop {
        let Some(request) = request(stream).await? else { return Ok(End::Close) };
        received.request(&request);
        let answer = match &server.deployment {
            Some(answer) if request.starts_with(b"POST ") => answer,
            _ => &server.answer,
        };
        match answer {
            Answer::Written(written) => stream.write_all(&in_full(written, date)).await?,
            Answer::Named(name) => match one(stream, *name, &request, date).await? {
                Some(end) => return Ok(end),
                None => continue,
            },
        }
    }
}

async fn one<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    name: Named,
    request: &[u8],
    date: &str,
) -> io::Result<Option<End>> {
    let text = String::from_utf8_lossy(request).into_owned();
    let lower = text.to_ascii_lowercase();
    match name {
        Named::Account => {
            let known = lower.contains("\r\napi-key:") || lower.contains("\r\nauthorization:");
            let unknown = scripted(Named::Unauthorized).unwrap_or(MODELS);
            let list = if text.starts_with("GET /api/projects/") { DEPLOYMENTS } else { MODELS };
            let answer = match lower.contains(WRONG_KEY) {
                true => scripted(Named::WrongKey).unwrap_or(MODELS),
                false if known => list,
                false => unknown,
            };
            stream.write_all(&of_row(&answer, date)).await?;
        }
        Named::Echo => {
            // The key as it was sent, in a header and in every text of the body.
            let value = |header: &str| {
                text.lines()
                    .find(|line| line.to_ascii_lowercase().starts_with(header))
                    .and_then(|line| line.split_once(": "))
                    .map_or("", |(_, value)| value)
                    .to_owned()
            };
            let key = format!("{}{}", value("api-key"), value("authorization"));
            let body = serde_json::json!({ "error": {
                "code": key, "type": key, "message": text, "innererror": { "code": key },
            }});
            let headers = [
                ("server".to_owned(), key.clone()),
                ("x-request-id".to_owned(), format!("you-sent-{key}")),
            ];
            let written = Written { status: 400, headers: headers.into(), body: body.to_string() };
            stream.write_all(&in_full(&written, date)).await?;
        }
        Named::Escapes => {
            // A header takes no control characters of ASCII; it does take those of C1.
            let hostile = "nginx\u{9b}31m\u{202e}eixn";
            let body = serde_json::json!({ "error": { "code": ESCAPES, "message": ESCAPES }});
            let headers = [
                ("server".to_owned(), hostile.to_owned()),
                ("x-ms-region".to_owned(), hostile.to_owned()),
                ("policy-id".to_owned(), hostile.to_owned()),
            ];
            let written = Written { status: 403, headers: headers.into(), body: body.to_string() };
            stream.write_all(&in_full(&written, date)).await?;
        }
        Named::EndlessBody => {
            stream.write_all(&head(200, "content-type: application/json\r\n", date)).await?;
            let chunk = vec![b' '; 64 << 10];
            for _ in 0..ENDLESS / chunk.len() {
                stream.write_all(&chunk).await?;
            }
            return Ok(Some(End::Close));
        }
        Named::Drip => {
            stream.write_all(&head(200, "content-type: application/json\r\n", date)).await?;
            for _ in 0..DRIPS.0 {
                tokio::time::sleep(DRIPS.1).await;
                stream.write_all(b" ").await?;
                stream.flush().await?;
            }
            return Ok(Some(End::Close));
        }
        Named::LastChunkMissing | Named::LastChunkAwaited | Named::EndsWithTheConnection => {
            let chunked = name != Named::EndsWithTheConnection;
            let mut headers = String::from("content-type: application/json\r\n");
            headers.extend(SERVICE.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
            let body = match chunked {
                true => format!("{:x}\r\n{}\r\n", MODELS.body.len(), MODELS.body),
                false => MODELS.body.to_owned(),
            };
            headers.push_str(if chunked { "transfer-encoding: chunked\r\n" } else { "" });
            stream.write_all(&head(200, &headers, date)).await?;
            stream.write_all(body.as_bytes()).await?;
            stream.flush().await?;
            if name == Named::LastChunkAwaited {
                until_the_client_goes(stream).await?;
            }
            return Ok(Some(End::Close));
        }
        Named::HugeHead => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-filler: ").await?;
            let filler = vec![b'a'; 64 << 10];
            for _ in 0..16 {
                stream.write_all(&filler).await?;
            }
            stream.write_all(b"\r\n\r\n").await?;
        }
        Named::NotHttp => {
            stream.write_all(b"\x05\xff\x00 this is not HTTP\r\n\r\n").await?;
            return Ok(Some(End::Close));
        }
        Named::Close => return Ok(Some(End::Close)),
        Named::Reset => return Ok(Some(End::Reset)),
        Named::Silent => {
            until_the_client_goes(stream).await?;
            return Ok(Some(End::Close));
        }
        name => match scripted(name) {
            Some(answer) => stream.write_all(&of_row(&answer, date)).await?,
            None => match services::answer(name, &services::Request::of(&text)) {
                Some(answer) => stream.write_all(&in_full(&answer, date)).await?,
                None => return Err(io::Error::other(format!("{name:?} has no answer"))),
            },
        },
    }
    stream.flush().await?;
    Ok(None)
}

async fn until_the_client_goes<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut rest = [0_u8; 256];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

fn of_row(answer: &Scripted, date: &str) -> Vec<u8> {
    let service = if answer.service { SERVICE } else { &[] };
    let headers = service
        .iter()
        .chain(answer.headers)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    in_full(&Written { status: answer.status, headers, body: answer.body.to_owned() }, date)
}

fn in_full(written: &Written, date: &str) -> Vec<u8> {
    let mut headers: String =
        written.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    if !written.headers.contains_key("content-type") {
        headers.push_str("content-type: application/json\r\n");
    }
    headers.push_str(&format!("content-length: {}\r\n", written.body.len()));
    let mut bytes = head(written.status, &headers, date);
    bytes.extend_from_slice(written.body.as_bytes());
    bytes
}

fn head(status: u16, headers: &str, date: &str) -> Vec<u8> {
    // A server that goes on for long has no date of its own.
    let now = || httpdate::fmt_http_date(std::time::SystemTime::now());
    let date = if date.is_empty() { now() } else { date.to_owned() };
    format!("HTTP/1.1 {status} Answer\r\n{headers}date: {date}\r\n\r\n").into_bytes()
}
