//! The servers: HTTP/1.1 by hand, each request kept in the log of whom it was for.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use crate::azure::Mock;
use crate::azure::server::{Service as OfAzure, is_for_resource_manager};
use crate::resource_manager;
use crate::world::ENDPOINT;

use super::client::ARC_CHALLENGE;
use super::{Fault, GITHUB, Identity, LOGIN, METADATA, Service, entra, metadata};

/// A request, taken apart.
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub form: Vec<(String, String)>,
    /// All of it.
    pub bytes: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        one(&self.headers, name)
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        one(&self.query, name)
    }

    pub fn form(&self, name: &str) -> Option<&str> {
        one(&self.form, name)
    }
}

/// The value of a field that stands there once.
fn one<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = fields.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let first = found.next();
    if found.next().is_some() { None } else { first }
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![("Content-Type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: body.to_string() }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// What every server of this process knows.
pub struct Known {
    pub work: PathBuf,
    pub identity: Identity,
    /// Resource Manager, where the world has Azure: its tokens come from these servers, too.
    pub azure: Option<Mock>,
}

/// Serves one of the two places until the world ends.
///
/// # Errors
/// An address cannot be listened on, or a file is missing.
pub fn serve(place: &str, work: &str) -> Result<(), String> {
    let work = PathBuf::from(work);
    let text = std::fs::read_to_string(work.join("identity.json")).map_err(|e| e.to_string())?;
    let identity = serde_json::from_str(&text).map_err(|e| format!("identity.json: {e}"))?;
    let azure = resource_manager::mock(&work)?;
    let known = Arc::new(Known { work, identity, azure });
    let tls = tls(&known.work, if place == "target" { "endpoint" } else { "login" })?;
    let places: &[(Service, String, bool)] = &match place {
        "cloud" => vec![
            (Service::Login, format!("{LOGIN}:443"), true),
            (Service::Github, format!("{GITHUB}:443"), true),
            (Service::Imds, format!("{METADATA}:80"), false),
        ],
        "login" => vec![(Service::Login, format!("{LOGIN}:443"), true)],
        "target" => vec![(Service::Target, format!("{ENDPOINT}:443"), true)],
        _ => vec![
            (Service::AppService, "127.0.0.1:8081".to_owned(), false),
            (Service::Arc, "127.0.0.1:40342".to_owned(), false),
            (Service::CloudShell, "127.0.0.1:50342".to_owned(), false),
            (Service::MachineLearning, "127.0.0.1:46808".to_owned(), false),
        ],
    };
    for (service, at, with_tls) in places {
        if known.identity.absent.contains(service) {
            continue;
        }
        let listener = TcpListener::bind(at).map_err(|e| format!("{at}: {e}"))?;
        let (known, service) = (Arc::clone(&known), *service);
        let tls = with_tls.then(|| Arc::clone(&tls));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (known, tls) = (Arc::clone(&known), tls.clone());
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    let _ = match tls {
                        None => talk(stream, service, &known),
                        Some(tls) => match rustls::ServerConnection::new(tls) {
                            Ok(session) => {
                                talk(rustls::StreamOwned::new(session, stream), service, &known)
                            }
                            Err(_) => None,
                        },
                    };
                });
            }
        });
    }
    println!("listening");
    loop {
        std::thread::park();
    }
}

/// The settings of a server with this certificate.
///
/// # Errors
/// A file is missing, or is no certificate.
pub fn tls(work: &Path, name: &str) -> Result<Arc<rustls::ServerConfig>, String> {
    let chain = CertificateDer::pem_file_iter(work.join(format!("{name}.chain.pem")))
        .and_then(Iterator::collect)
        .map_err(|e| format!("{name}.chain.pem: {e}"))?;
    let key = PrivateKeyDer::from_pem_file(work.join(format!("{name}.key.pem")))
        .map_err(|e| format!("{name}.key.pem: {e}"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map(Arc::new)
        .map_err(|e| format!("TLS: {e}"))
}

/// One connection, request after request.
fn talk<S: Read + Write>(mut stream: S, service: Service, known: &Known) -> Option<()> {
    loop {
        let asked = read(&mut stream)?;
        // One address, two clouds: the path says whose metadata service is meant.
        let service = match service {
            Service::Imds if asked.path.starts_with("/computeMetadata/") => Service::Google,
            other => other,
        };
        let is_of_azure = known.azure.is_some() && is_for_resource_manager(&asked.bytes);
        match is_of_azure {
            true => resource_manager::keep(&known.work, place(service), &asked.bytes, &[]),
            false => keep(service, &asked, known)?,
        }
        let fault = known.identity.answers.get(&service).copied();
        if let Some(fault) = fault
            && odd(&mut stream, fault).is_some()
        {
            return None;
        }
        // What a machine is, and what tokens it may have, is another question.
        let of_token = asked.path != "/metadata/instance";
        let scripted = fault.filter(|_| of_token).and_then(|fault| scripted(fault, service));
        if scripted.is_none()
            && let Some(answer) = of_azure(service, &asked, known)
        {
            stream.write_all(&answer).and_then(|()| stream.flush()).ok()?;
            continue;
        }
        let answer = scripted.unwrap_or_else(|| match service {
            Service::Login => entra::answer(&asked, known),
            _ => metadata::answer(service, &asked),
        });
        write(&mut stream, &answer)?;
    }
}

/// The name of a place in the log of requests for Resource Manager.
const fn place(service: Service) -> &'static str {
    match service {
        Service::Login => "login",
        _ => "metadata",
    }
}

/// What the estate of the world has to answer before the server itself.
fn of_azure(service: Service, asked: &Asked, known: &Known) -> Option<Vec<u8>> {
    let service = match service {
        Service::Login => OfAzure::Login,
        Service::Imds => OfAzure::Metadata,
        _ => return None,
    };
    known.azure.as_ref()?.first_answer(service, &asked.bytes)
}

/// How long a slow service thinks.
const SLOW: Duration = Duration::from_millis(1500);

/// Answers that are no answers. Some when the connection has been used up.
fn odd<S: Read + Write>(stream: &mut S, fault: Fault) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    match fault {
        Fault::Silent => {
            let _ = stream.read(&mut [0; 1]);
        }
        Fault::Huge => {
            let _ =
                stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes());
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            while stream.write_all(chunk.as_bytes()).is_ok() {}
        }
        Fault::HugeHead => {
            let _ = stream.write_all(head.as_bytes());
            let line = format!("X-Filler: {}\r\n", "a".repeat(4000));
            while stream.write_all(line.as_bytes()).is_ok() {}
        }
        Fault::Drip => {
            let _ = stream.write_all(format!("{head}Content-Length: 100000\r\n\r\n").as_bytes());
            while stream.write_all(b" ").and_then(|()| stream.flush()).is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Fault::Slow => {
            std::thread::sleep(SLOW);
            return None;
        }
        _ => return None,
    }
    Some(())
}

fn scripted(fault: Fault, service: Service) -> Option<Answer> {
    let page = |status, text: &str| Answer {
        status,
        headers: vec![("Content-Type", "text/html".to_owned())],
        body: format!("<html><head><title>{text}</title></head><body>{text}</body></html>"),
    };
    let metadata_error =
        |text: &str| json!({ "error": "invalid_request", "error_description": text });
    Some(match fault {
        Fault::NotJson => Answer {
            status: 200,
            headers: vec![("Content-Type", "text/plain".to_owned())],
            body: "all is well".to_owned(),
        },
        Fault::NoToken => Answer::json(200, &json!({ "token_type": "Bearer", "expires_in": 3599 })),
        // A host of the lab that keeps what arrives.
        Fault::Redirect => page(307, "Temporary Redirect")
            .with("Location", "https://myacct.openai.azure.com/collect"),
        Fault::BlockPage => page(403, "Blocked by the company's policy"),
        Fault::ChallengeElsewhere => Answer::json(401, &json!({})).with(
            "WWW-Authenticate",
            "Basic realm=/var/opt/azcmagent/tokens/../../../../etc/hostname.key",
        ),
        Fault::ChallengeEmpty => metadata::challenge("").ok()?,
        Fault::ChallengeLineEnd => metadata::challenge(&format!("{ARC_CHALLENGE}\n")).ok()?,
        Fault::ChallengeLink => {
            return metadata::linked().err().map(|error| page(500, &error));
        }
        Fault::BadRequestPage => page(400, "Bad Request"),
        Fault::TokenAlone => Answer::json(
            200,
            &json!({
                "access_token": crate::run_tool::token(), "token_type": "Bearer",
                "expires_in": 3599, "expires_on": 4_102_444_800_u64,
            }),
        ),
        Fault::BadGateway => page(502, "Bad Gateway"),
        Fault::IdentityNotFound => Answer::json(400, &metadata_error("Identity not found")),
        Fault::Throttled if service == Service::Login => {
            entra::refusal(429, "temporarily_unavailable", 90055, "Tenant throttled")
                .with("Retry-After", "17")
        }
        Fault::Throttled => {
            Answer::json(429, &metadata_error("Too many requests")).with("Retry-After", "17")
        }
        Fault::WrongSecret => entra::refusal(
            401,
            "invalid_client",
            7_000_215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the \
             client secret value, not the client secret ID, for a secret added to app \
             '11111111-2222-3333-4444-555555555555'.",
        ),
        Fault::ExpiredSecret => entra::refusal(
            401,
            "invalid_client",
            7_000_222,
            "The provided client secret keys for app '11111111-2222-3333-4444-555555555555' are \
             expired.",
        ),
        Fault::ConditionalAccess => entra::refusal(
            400,
            "invalid_grant",
            53_003,
            "Access has been blocked by Conditional Access policies.",
        ),
        Fault::IssuerUnreachable => entra::refusal(
            400,
            "invalid_request",
            501_661,
            "Request to External OIDC endpoint failed.",
        ),
        Fault::NoUserAssigned => Answer::json(
            400,
            &json!({
                "statusCode": 400,
                "message": "No User Assigned or Delegated Managed Identity found for specified \
                            ClientId/ResourceId/PrincipalId.",
                "correlationId": "8997f3a2-4774-4406-bcc2-14da6f7c387a",
            }),
        ),
        Fault::FetchFailed => Answer::json(
            500,
            &json!({ "message": "An unexpected error occured while fetching the AAD Token" }),
        ),
        Fault::Silent | Fault::Huge | Fault::HugeHead | Fault::Drip | Fault::Slow => return None,
    })
}

fn read<S: Read>(stream: &mut S) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(n) if n > 0 && bytes.len() < 1 << 16 => bytes.extend_from_slice(&part[..n]),
            _ => return None,
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = one(&headers, "content-length").map_or(Some(0), |n| n.parse().ok())?;
    let mut body = bytes.split_off(end + 4);
    let mut whole = bytes;
    while body.len() < length {
        let mut part = vec![0; length - body.len()];
        match stream.read(&mut part) {
            Ok(n) if n > 0 => body.extend_from_slice(&part[..n]),
            _ => return None,
        }
    }
    let fields = |text: &[u8]| {
        url::form_urlencoded::parse(text)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    whole.extend_from_slice(&body);
    Some(Asked {
        method,
        path: path.to_owned(),
        query: fields(query.as_bytes()),
        headers,
        form: fields(&body),
        bytes: whole,
    })
}

fn keep(service: Service, asked: &Asked, known: &Known) -> Option<()> {
    let line = json!({
        "method": asked.method, "path": asked.path, "query": asked.query,
        "headers": asked.headers, "form": asked.form,
    });
    let mut file =
        OpenOptions::new().create(true).append(true).open(known.work.join(service.log())).ok()?;
    file.write_all(format!("{line}\n").as_bytes()).ok()
}

fn write<S: Write>(stream: &mut S, answer: &Answer) -> Option<()> {
    let headers: String =
        answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let text = format!(
        "HTTP/1.1 {} Answer\r\n{headers}Content-Length: {}\r\n\r\n{}",
        answer.status,
        answer.body.len(),
        answer.body
    );
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).ok()
}
