//! The names under which the server may be addressed.
//!
//! Every page in a browser on this machine can reach a server on loopback: the name of the page may
//! resolve to 127.0.0.1 a minute later (DNS rebinding), and its script then reads the answers. Such
//! a request carries the name of the page as its `Host` and is refused.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

/// Allowed names.
#[derive(Debug)]
pub(super) enum Hosts {
    /// Any name: every client that reaches the address may read.
    Any,
    /// An address, localhost, or one of these names, in lower case.
    These(Vec<String>),
}

impl Hosts {
    /// Those of a server at `address` whose inventory lists `hosts`.
    pub(super) fn of(address: IpAddr, hosts: &[String]) -> Self {
        match hosts.is_empty() && !address.to_canonical().is_loopback() {
            true => Self::Any,
            false => Self::These(hosts.iter().map(|host| host.to_ascii_lowercase()).collect()),
        }
    }

    /// Whether a request addresses this server. Browsers always send `Host`.
    pub(super) fn allow(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let Self::These(names) = self else { return true };
        let named = headers
            .get_all(header::HOST)
            .iter()
            .map(|value| value.to_str().ok().and_then(|text| text.parse::<Authority>().ok()));
        let target = uri.authority().map(|authority| Some(authority.clone()));
        named.chain(target).all(|authority| authority.is_some_and(|a| fits(a.host(), names)))
    }
}

fn fits(host: &str, names: &[String]) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_address = match address {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<IpAddr>().is_ok(),
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    is_address || host == "localhost" || names.contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn answered(address: &str, hosts: &[&str], host: &str) -> bool {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        Hosts::of(address.parse().unwrap(), &hosts).allow(&Uri::from_static("/"), &headers)
    }

    #[test]
    fn a_page_that_rebinds_its_name_reads_nothing() {
        for host in [
            "127.0.0.1:9715",
            "localhost",
            "LOCALHOST:9715",
            "localhost.",
            "[::1]:9715",
            "10.0.0.7",
        ] {
            assert!(answered("127.0.0.1", &[], host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:9715", "localhost.evil.example", ""] {
            assert!(!answered("127.0.0.1", &[], host), "{host:?}");
            assert!(!answered("::ffff:127.0.0.1", &[], host), "{host:?}");
        }
        assert!(answered("127.0.0.1", &["Monitor.example"], "monitor.EXAMPLE:9443"));
        // Beyond loopback every name is allowed until the inventory lists some.
        assert!(answered("0.0.0.0", &[], "jump-2:9715"));
        assert!(!answered("0.0.0.0", &["jump-2"], "evil.example"));
    }

    #[test]
    fn every_name_of_a_request_must_be_allowed() {
        let hosts = Hosts::of(IpAddr::from([127, 0, 0, 1]), &[]);
        let mut headers = HeaderMap::new();
        assert!(hosts.allow(&Uri::from_static("/"), &headers));
        assert!(!hosts.allow(&Uri::from_static("http://evil.example/"), &headers));
        headers.append(header::HOST, HeaderValue::from_static("localhost"));
        headers.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(!hosts.allow(&Uri::from_static("/"), &headers));
    }
}
