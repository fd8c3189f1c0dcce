//! Tokens of metadata endpoints that the SDK does not know: Azure Arc, Cloud Shell, Machine
//! Learning, Google, GitHub. Requests go to fixed or local addresses, but for GitHub's, which has a name and TLS.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::Value;
use url::{Host, Url};

use super::file;
use super::request::{OutboundRequest, Reply, Send};
use super::ways::UserAssigned;
use crate::evidence::identity::TokenPurpose;
use crate::evidence::text::clean;
use crate::secret::Secret;

/// The audience of an assertion for Entra ID (facts I14, I15).
const EXCHANGE: &str = "api://AzureADTokenExchange";
/// Where Arc's agent keeps its challenges (fact I10).
const ARC_TOKENS: &str = "/var/opt/azcmagent/tokens/";
/// The largest challenge of Arc's agent (fact I10).
const ARC_CHALLENGE: usize = 4096;
/// A virtual machine's metadata service.
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// Google's metadata server; its name is never looked up.
const GOOGLE: &str =
    "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/identity";

/// Why there is no token: an answer that is no use, or a step that could not be done. None when
/// an answer was missing or a refusal: the evidence of the request says which.
pub(super) type NoToken = Option<String>;

fn header(name: &str, value: &str) -> (String, Secret) {
    (name.to_owned(), Secret::new(value.to_owned()))
}

/// Whether a secret can be a header's value: a line end in a variable is a slip of whoever set it.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn fits_a_header(variable: &str, secret: &Secret) -> Result<(), String> {
    match secret.expose().bytes().all(|c| (0x20..0x7f).contains(&c)) {
        true => Ok(()),
        false => {
            Err(format!("{variable} holds a line end or another character that no header has"))
        }
    }
}

/// Why a metadata endpoint's URL is not asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotHere {
    /// No client could ask it.
    Wrong(String),
    /// An application sends its secret there, in the clear or over TLS that nothing verifies; this
    /// tool does not.
    Elsewhere(String),
}

/// The address that a metadata endpoint's URL names, if it is one that platforms give: of this
/// machine, of its link, or private (fact I9a). Never a name that DNS would answer for.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn local(variable: &str, text: &str) -> Result<Url, NotHere> {
    let wrong = |what: &str| Err(NotHere::Wrong(format!("{variable} {what}")));
    let Ok(url) = Url::parse(text) else { return wrong("is no URL") };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("holds a user name or a password");
    }
    let shown = clean(&url.origin().ascii_serialization(), 100);
    let elsewhere =
        |what: &str| Err(NotHere::Elsewhere(format!("{variable} names {shown}, {what}")));
    match (url.scheme(), url.host()) {
        ("http", Some(Host::Ipv4(ip))) if ip.is_loopback() || is_of_a_platform(ip) => Ok(url),
        ("http", Some(Host::Ipv6(ip)))
            if ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local() =>
        {
            Ok(url)
        }
        ("http", Some(Host::Domain("localhost"))) => Ok(url),
        ("http", Some(Host::Domain(_))) => elsewhere("a name that DNS would answer for"),
        ("http", Some(_)) => elsewhere("an address outside this machine and private networks"),
        ("https", Some(_)) => elsewhere("and platforms give plain HTTP on their own addresses"),
        _ => wrong("is no HTTP URL"),
    }
}

/// Link-local, private, or shared between carriers: what platforms hand to their containers.
const fn is_of_a_platform(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    ip.is_link_local() || ip.is_private() || first == 100 && second & 0xc0 == 64
}

fn with(url: &Url, pairs: &[(&str, &str)]) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().extend_pairs(pairs);
    url
}

async fn answered(send: &Send<'_>, request: OutboundRequest) -> Result<Reply, NoToken> {
    let reply = send(request).await.ok_or(None)?;
    match reply.status {
        200..=299 => Ok(reply),
        _ => Err(None),
    }
}

/// A field of a JSON body, as a secret.
fn field(reply: &Reply, name: &str) -> Result<Secret, NoToken> {
    let value: Value = serde_json::from_slice(&reply.body)
        .map_err(|_| Some("the answer is no JSON".to_owned()))?;
    match value.get(name).and_then(Value::as_str) {
        Some(token) if !token.is_empty() => Ok(Secret::new(token.to_owned())),
        _ => Err(Some(format!("the answer has no {name}"))),
    }
}

/// A token of Azure Arc: a challenge names a file that only the agent's own may read (fact I10).
pub(super) async fn arc(
    url: &Url,
    resource: &str,
    send: &Send<'_>,
    patience: Duration,
) -> Result<Secret, NoToken> {
    let request = |authorization: Option<(String, Secret)>| OutboundRequest {
        purpose: TokenPurpose::Arc,
        method: "GET",
        url: with(url, &[("api-version", "2021-02-01"), ("resource", resource)]),
        headers: std::iter::once(header("metadata", "true")).chain(authorization).collect(),
        form: None,
    };
    let challenge = send(request(None)).await.ok_or(None)?;
    if challenge.status != 401 {
        return Err((challenge.status < 300).then(|| "the agent asked no challenge".to_owned()));
    }
    let named = challenge.header("www-authenticate").unwrap_or_default();
    let path = named.split_once('=').map(|(_, path)| path.trim_matches('"')).unwrap_or_default();
    let name = path.strip_prefix(ARC_TOKENS).unwrap_or_default();
    if !name.ends_with(".key") || name.contains(['/', '\\']) || name.contains("..") {
        return Err(Some(format!(
            "the agent's challenge names {}, which is no .key file of {ARC_TOKENS}",
            clean(path, 100)
        )));
    }
    let key = file::read_beside("the agent's challenge", path, patience).await.map_err(Some)?;
    if key.len() > ARC_CHALLENGE {
        return Err(Some(format!("{path} is larger than {ARC_CHALLENGE} octets")));
    }
    if key.trim().is_empty() {
        return Err(Some(format!("{path} is empty")));
    }
    // As it stands: no SDK takes a line end out (fact I10a).
    fits_a_header(path, &Secret::new(key.as_str().to_owned())).map_err(Some)?;
    let authorization = header("authorization", &format!("Basic {}", key.as_str()));
    let reply = answered(send, request(Some(authorization))).await?;
    field(&reply, "access_token")
}

/// A token of Cloud Shell (fact I11).
pub(super) async fn cloud_shell(
    url: &Url,
    resource: &str,
    send: &Send<'_>,
) -> Result<Secret, NoToken> {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("resource", resource)
        .finish();
    let request = OutboundRequest {
        purpose: TokenPurpose::CloudShell,
        method: "POST",
        url: url.clone(),
        headers: vec![
            header("metadata", "true"),
            header("content-type", "application/x-www-form-urlencoded"),
        ],
        form: Some(Secret::new(form)),
    };
    field(&answered(send, request).await?, "access_token")
}

/// A token of a virtual machine's metadata service, as the SDK for Rust asks it (fact I7).
pub(super) async fn imds(
    resource: &str,
    identity: Option<&UserAssigned>,
    send: &Send<'_>,
) -> Result<Secret, NoToken> {
    let base = Url::parse(IMDS).map_err(|e| Some(e.to_string()))?;
    let mut query = vec![("api-version", "2019-08-01"), ("resource", resource)];
    query.extend(identity.map(|identity| match identity {
        UserAssigned::Client(id) => ("client_id", id.as_str()),
        UserAssigned::Object(id) => ("object_id", id.as_str()),
        UserAssigned::Resource(id) => ("msi_res_id", id.as_str()),
    }));
    let request = OutboundRequest {
        purpose: TokenPurpose::Imds,
        method: "GET",
        url: with(&base, &query),
        headers: vec![header("metadata", "true")],
        form: None,
    };
    field(&answered(send, request).await?, "access_token")
}

/// A token of Azure Machine Learning, or of App Service by its protocol of 2017 (fact I11a).
pub(super) async fn machine_learning(
    url: &Url,
    secret: &Secret,
    resource: &str,
    identity: Option<&UserAssigned>,
    send: &Send<'_>,
) -> Result<Secret, NoToken> {
    let mut query = vec![("api-version", "2017-09-01"), ("resource", resource)];
    query.extend(identity.map(|identity| match identity {
        UserAssigned::Client(id) => ("clientid", id.as_str()),
        UserAssigned::Object(id) => ("object_id", id.as_str()),
        UserAssigned::Resource(id) => ("msi_res_id", id.as_str()),
    }));
    let request = OutboundRequest {
        purpose: TokenPurpose::MachineLearning,
        method: "GET",
        url: with(url, &query),
        headers: vec![header("secret", secret.expose())],
        form: None,
    };
    field(&answered(send, request).await?, "access_token")
}

/// An identity token of Google's metadata server: the body itself (fact I14).
pub(super) async fn google(send: &Send<'_>) -> Result<Secret, NoToken> {
    let base = Url::parse(GOOGLE).map_err(|e| Some(e.to_string()))?;
    let request = OutboundRequest {
        purpose: TokenPurpose::GoogleIdentity,
        method: "GET",
        url: with(&base, &[("audience", EXCHANGE), ("format", "full")]),
        headers: vec![
            header("metadata-flavor", "Google"),
            header("host", "metadata.google.internal"),
        ],
        form: None,
    };
    let reply = answered(send, request).await?;
    if reply.header("metadata-flavor").is_none_or(|flavor| flavor != "Google") {
        return Err(Some("who answered is not Google's metadata server".to_owned()));
    }
    let text = std::str::from_utf8(&reply.body).map_err(|_| Some("no text".to_owned()))?.trim();
    match text.split('.').count() {
        3 => Ok(Secret::new(text.to_owned())),
        _ => Err(Some("the answer is no identity token".to_owned())),
    }
}

/// The address that GitHub Actions puts into a job's environment.
///
/// # Errors
///
/// That it is none over TLS; it is not repeated.
pub(super) fn github_url(text: &str) -> Result<Url, String> {
    let bare = |url: &Url| url.username().is_empty() && url.password().is_none();
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && bare(url));
    url.ok_or_else(|| "ACTIONS_ID_TOKEN_REQUEST_URL is no https URL".to_owned())
}

/// An identity token of GitHub Actions (fact I15).
pub(super) async fn github(base: &Url, token: &Secret, send: &Send<'_>) -> Result<Secret, NoToken> {
    let request = OutboundRequest {
        purpose: TokenPurpose::GitHubIdentity,
        method: "GET",
        url: with(base, &[("audience", EXCHANGE)]),
        headers: vec![
            header("authorization", &format!("Bearer {}", token.expose())),
            header("accept", "application/json"),
        ],
        form: None,
    };
    field(&answered(send, request).await?, "value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_asks_over_tls() {
        assert!(github_url("https://pipelines.actions.githubusercontent.com/x?y=z").is_ok());
        for bad in ["", "canary", "http://canary.example/", "https://u:canary@h/"] {
            let says = github_url(bad).unwrap_err();
            assert!(!says.contains("canary") && says.starts_with("ACTIONS_ID"), "{says}");
        }
    }

    #[test]
    fn a_metadata_endpoint_is_an_address_that_platforms_give() {
        for good in [
            "http://127.0.0.1:41741/msi/token",
            "http://169.254.129.2:8081/msi/token",
            "http://172.16.1.3:8081/msi/token",
            "http://100.64.100.2/msi/token",
            "http://[fd00::1]/msi/token",
        ] {
            assert!(local("IDENTITY_ENDPOINT", good).is_ok(), "{good}");
        }
        let name = local("IDENTITY_ENDPOINT", "http://localhost:12356/msi/token/").unwrap();
        assert_eq!(name.host_str(), Some("localhost"));
        let elsewhere = |text| {
            let not_here = local("IDENTITY_ENDPOINT", text).unwrap_err();
            matches!(not_here, NotHere::Elsewhere(_))
        };
        for bad in ["http://u:p@127.0.0.1/", "ftp://127.0.0.1/", "x", "http://"] {
            assert!(!elsewhere(bad), "{bad}");
        }
        for other in [
            "http://localhost.evil.example/",
            "http://evil.example/",
            "https://127.0.0.1/",
            "http://20.0.0.1/",
            "http://100.128.0.1/",
            "http://[2001:db8::1]/",
        ] {
            assert!(elsewhere(other), "{other}");
        }
    }
}
