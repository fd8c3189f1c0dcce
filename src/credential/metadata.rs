//! Requests to metadata endpoints. They go to fixed or local addresses, in the clear; the SDK for
//! Rust asks App Service and virtual machines itself.

use std::net::Ipv4Addr;

use serde_json::Value;
use url::{Host, Url};

use super::acquire::{AcquireError, AcquireParams};
use super::file;
use super::flow::IdentityId;
use super::outbound::{OutboundRequest, Reply, SendRequest};
use crate::evidence::identity::TokenPurpose;
use crate::evidence::text::clean;
use crate::secret::Secret;
use crate::world::arc;

/// The largest challenge of Arc's agent (fact I10).
const ARC_CHALLENGE: usize = 4096;
/// A virtual machine's metadata service.
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// A header field of a request.
pub(super) fn header(name: &str, value: &str) -> (String, Secret) {
    (name.to_owned(), Secret::new(value.to_owned()))
}

/// Whether a secret can be the value of a header: a variable may hold a line end by mistake.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn fits_a_header(variable: &str, secret: &Secret) -> Result<(), String> {
    match secret.expose().bytes().all(|c| (0x20..0x7f).contains(&c)) {
        true => Ok(()),
        false => Err(format!(
            "{variable} holds a line end or another character that a header cannot have"
        )),
    }
}

/// Why a metadata endpoint's URL is not asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EndpointUnavailable {
    /// No client can ask it.
    Wrong(String),
    /// An application sends its secret there, in the clear or over TLS that it does not verify;
    /// this tool does not.
    Elsewhere(String),
}

/// The address that a metadata endpoint's URL names, if it is one that platforms give: of this
/// machine, of its link, or private (fact I9a). Never a name that DNS would resolve.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn local(variable: &str, text: &str) -> Result<Url, EndpointUnavailable> {
    let wrong = |what: &str| Err(EndpointUnavailable::Wrong(format!("{variable} {what}")));
    let Ok(url) = Url::parse(text) else { return wrong("is not a URL") };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("holds a user name or a password");
    }
    let shown = clean(&url.origin().ascii_serialization(), 100);
    let elsewhere = |what: &str| {
        Err(EndpointUnavailable::Elsewhere(format!("{variable} names {shown}, {what}")))
    };
    match (url.scheme(), url.host()) {
        ("http", Some(Host::Ipv4(ip))) if ip.is_loopback() || is_of_a_platform(ip) => Ok(url),
        ("http", Some(Host::Ipv6(ip)))
            if ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local() =>
        {
            Ok(url)
        }
        ("http", Some(Host::Domain("localhost"))) => Ok(url),
        ("http", Some(Host::Domain(_))) => elsewhere("a name that DNS would resolve"),
        ("http", Some(_)) => elsewhere("an address outside this machine and private networks"),
        ("https", Some(_)) => elsewhere("but platforms serve plain HTTP on local addresses"),
        _ => wrong("is not an HTTP URL"),
    }
}

/// Link-local, private, or shared between carriers: what platforms give to containers.
const fn is_of_a_platform(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    ip.is_link_local() || ip.is_private() || first == 100 && second & 0xc0 == 64
}

fn with(url: &Url, pairs: &[(&str, &str)]) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().extend_pairs(pairs);
    url
}

/// Sends a request; anything but success is a failure that its evidence explains.
async fn answered(send: &SendRequest<'_>, request: OutboundRequest) -> Result<Reply, AcquireError> {
    let reply = send(request).await;
    reply.filter(Reply::is_success).ok_or(AcquireError::RequestFailed)
}

/// The answer to a GET.
pub(super) async fn get(
    send: &SendRequest<'_>,
    purpose: TokenPurpose,
    url: &Url,
    query: &[(&str, &str)],
    headers: Vec<(String, Secret)>,
) -> Result<Reply, AcquireError> {
    let url = with(url, query);
    answered(send, OutboundRequest { purpose, method: "GET", url, headers, form: None }).await
}

/// The URL of a fixed endpoint.
pub(super) fn fixed(url: &str) -> Result<Url, AcquireError> {
    Url::parse(url).map_err(|error| AcquireError::NotAsked(error.to_string()))
}

/// A field of a JSON body, as a secret.
pub(super) fn field(reply: &Reply, name: &str) -> Result<Secret, AcquireError> {
    let unusable = |why: String| Err(AcquireError::Unusable(why));
    let Ok(value) = serde_json::from_slice::<Value>(&reply.body) else {
        return unusable("the answer is not JSON".to_owned());
    };
    match value.get(name).and_then(Value::as_str) {
        Some(token) if !token.is_empty() => Ok(Secret::new(token.to_owned())),
        _ => unusable(format!("the answer has no {name}")),
    }
}

/// A token of Azure Arc: a challenge names a file that only administrators and the agent's group
/// may read (fact I10).
pub(super) async fn arc(
    url: &Url,
    resource: &str,
    send: &SendRequest<'_>,
    params: &AcquireParams<'_>,
) -> Result<Secret, AcquireError> {
    let unusable = |why: String| Err(AcquireError::Unusable(why));
    let request = |authorization: Option<(String, Secret)>| OutboundRequest {
        purpose: TokenPurpose::Arc,
        method: "GET",
        url: with(url, &[("api-version", "2021-02-01"), ("resource", resource)]),
        headers: std::iter::once(header("metadata", "true")).chain(authorization).collect(),
        form: None,
    };
    let challenge = send(request(None)).await.ok_or(AcquireError::RequestFailed)?;
    if challenge.status < 300 {
        return unusable("the agent sent no challenge".to_owned());
    }
    if challenge.status != 401 {
        return Err(AcquireError::RequestFailed);
    }
    let named = challenge.header("www-authenticate").unwrap_or_default();
    let path = named.split_once('=').map(|(_, path)| path.trim_matches('"')).unwrap_or_default();
    let Some(folder) = arc::token_folder(params.environment) else {
        return unusable(
            "PROGRAMDATA, where the agent keeps its challenges, is not set".to_owned(),
        );
    };
    let name = path.strip_prefix(&folder).unwrap_or_default();
    if !name.ends_with(".key") || name.contains(['/', '\\']) || name.contains("..") {
        return unusable(format!(
            "the agent's challenge names {}, which is not a .key file of {folder}",
            clean(path, 100)
        ));
    }
    let key = file::read_blocking("the agent's challenge", path, params.timeout).await;
    let key = key.map_err(AcquireError::Unusable)?;
    if key.len() > ARC_CHALLENGE {
        return unusable(format!("{path} is larger than {ARC_CHALLENGE} bytes"));
    }
    if key.trim().is_empty() {
        return unusable(format!("{path} is empty"));
    }
    // Unchanged: no SDK removes a line end (fact I10a).
    fits_a_header(path, &Secret::new(key.as_str().to_owned())).map_err(AcquireError::Unusable)?;
    let authorization = header("authorization", &format!("Basic {}", key.as_str()));
    field(&answered(send, request(Some(authorization))).await?, "access_token")
}

/// A token of Cloud Shell (fact I11).
pub(super) async fn cloud_shell(
    url: &Url,
    resource: &str,
    send: &SendRequest<'_>,
) -> Result<Secret, AcquireError> {
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
    identity: Option<&IdentityId>,
    send: &SendRequest<'_>,
) -> Result<Secret, AcquireError> {
    let mut query = vec![("api-version", "2019-08-01"), ("resource", resource)];
    query.extend(identity.map(|identity| chosen(identity, "client_id")));
    let headers = vec![header("metadata", "true")];
    let reply = get(send, TokenPurpose::Imds, &fixed(IMDS)?, &query, headers).await?;
    field(&reply, "access_token")
}

/// A token of Azure Machine Learning, or of App Service by its protocol of 2017 (fact I11a).
pub(super) async fn machine_learning(
    url: &Url,
    secret: &Secret,
    resource: &str,
    identity: Option<&IdentityId>,
    send: &SendRequest<'_>,
) -> Result<Secret, AcquireError> {
    let mut query = vec![("api-version", "2017-09-01"), ("resource", resource)];
    query.extend(identity.map(|identity| chosen(identity, "clientid")));
    let headers = vec![header("secret", secret.expose())];
    let reply = get(send, TokenPurpose::MachineLearning, url, &query, headers).await?;
    field(&reply, "access_token")
}

/// The parameter that chooses an identity; `client` is its name for a client id.
fn chosen<'a>(identity: &'a IdentityId, client: &'static str) -> (&'static str, &'a str) {
    match identity {
        IdentityId::Client(id) => (client, id),
        IdentityId::Object(id) => ("object_id", id),
        IdentityId::Resource(id) => ("msi_res_id", id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let unavailable = local("IDENTITY_ENDPOINT", text).unwrap_err();
            matches!(unavailable, EndpointUnavailable::Elsewhere(_))
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
