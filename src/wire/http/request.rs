//! What is sent: a call of the plan, with its credential or without, and a request whose headers and
//! body may be secret.

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};

use crate::evidence::http::Purpose;
use crate::secret::Secret;

/// What this tool calls itself.
pub const AGENT: &str = concat!("aoai-probe/", env!("CARGO_PKG_VERSION"));

/// How a credential goes into a request.
#[derive(Debug, Clone, Copy)]
pub enum Authentication<'a> {
    /// Without one.
    None,
    /// In a header of the service's own, such as `api-key`.
    ApiKey(&'static str, &'a Secret),
    /// `Authorization: Bearer <token>`.
    Bearer(&'a Secret),
}

impl<'a> Authentication<'a> {
    pub(super) const fn secret(self) -> Option<&'a Secret> {
        match self {
            Authentication::None => None,
            Authentication::ApiKey(_, secret) | Authentication::Bearer(secret) => Some(secret),
        }
    }
}

/// A request to make.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it proves.
    pub purpose: Purpose,
    /// Path and query.
    pub path: String,
    /// A JSON body makes it a POST.
    pub body: Option<String>,
    /// Header fields of the service's own.
    pub headers: Vec<(&'static str, String)>,
}

impl Call {
    pub(super) fn request(
        &self,
        host: &str,
        authentication: Authentication<'_>,
    ) -> Result<Request<Full<Bytes>>, String> {
        let mut builder = Request::builder()
            .method(if self.body.is_some() { "POST" } else { "GET" })
            .uri(&self.path)
            .header(HOST, host)
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "application/json");
        if self.body.is_some() {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in &self.headers {
            builder = builder.header(*name, value);
        }
        match authentication {
            Authentication::None => {}
            Authentication::ApiKey(header, key) => {
                builder = builder.header(header, sensitive(key.expose())?);
            }
            Authentication::Bearer(token) => {
                // One allocation: a string that grows leaves copies behind.
                let token = token.expose();
                let mut value = zeroize::Zeroizing::new(String::with_capacity(7 + token.len()));
                value.push_str("Bearer ");
                value.push_str(token);
                builder = builder.header(AUTHORIZATION, sensitive(&value)?);
            }
        }
        let body = self.body.clone().unwrap_or_default();
        builder.body(Full::new(Bytes::from(body))).map_err(|e| e.to_string())
    }
}

/// A request whose headers and body may be secret.
#[derive(Debug, Clone, Copy)]
pub struct SecretRequest<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Header fields.
    pub headers: &'a [(String, Secret)],
    /// The body.
    pub body: Option<&'a Secret>,
    /// Bytes of the answer's body that are read.
    pub body_limit: usize,
}

impl SecretRequest<'_> {
    pub(super) fn request(&self, host: &str) -> Result<Request<Full<Bytes>>, String> {
        let mut builder = Request::builder().method(self.method).uri(self.path);
        let named = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if !named("host") {
            builder = builder.header(HOST, host);
        }
        if !named("user-agent") {
            builder = builder.header(USER_AGENT, AGENT);
        }
        for (name, value) in self.headers {
            // The length is counted from the body.
            if !name.eq_ignore_ascii_case("content-length") {
                builder = builder.header(name.as_str(), sensitive(value.expose())?);
            }
        }
        let body = self.body.map(|body| body.expose().to_owned()).unwrap_or_default();
        builder.body(Full::new(Bytes::from(body))).map_err(|e| e.to_string())
    }
}

fn sensitive(value: &str) -> Result<HeaderValue, String> {
    let mut header = HeaderValue::from_str(value)
        .map_err(|_| "the credential cannot be put into a header".to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}
