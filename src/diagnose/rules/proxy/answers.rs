//! What a proxy's answer to CONNECT means, read once for the rules on it.
//!
//! The status decides; squid's `X-Squid-Error` (fact W14) and the `Proxy-Status` field of
//! RFC 9209 say more where they are there.

use crate::diagnose::headline::Clause;
use crate::diagnose::{Because, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::Evidence;
use crate::evidence::http::Header;
use crate::evidence::proxy::{ConnectOutcome, ProxyHop};

use super::{connections, exempt};

/// An answer that opened no tunnel.
pub(super) struct Refusal<'a> {
    pub(super) hop: &'a ProxyHop,
    pub(super) status: u16,
    pub(super) reason: &'a str,
    headers: &'a [Header],
}

/// Why the tunnel was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The proxy wants a login.
    Login,
    /// The proxy has no address for the target.
    TargetUnresolved,
    /// The proxy could not connect to the target.
    TargetUnreachable,
    /// The proxy's rules forbid it, or it does not do CONNECT.
    Denied,
}

/// The refusal, if CONNECT was answered by one.
pub(super) fn refusal(e: &Evidence) -> Option<Refusal<'_>> {
    let hop = e.proxy.saw()?;
    match hop.connect.saw()? {
        ConnectOutcome::Answered { status, reason, headers } if !(200..300).contains(status) => {
            Some(Refusal { hop, status: *status, reason, headers })
        }
        _ => None,
    }
}

impl Refusal<'_> {
    /// A header's first value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.name == name).map(|h| h.value.as_str())
    }

    /// Every value of a header.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|h| h.name == name).map(|h| h.value.as_str()).collect()
    }

    /// Squid's error name, without its errno.
    pub(super) fn squid(&self) -> Option<&str> {
        self.header("x-squid-error")?.split_whitespace().next()
    }

    /// The error type of the last proxy on the way (RFC 9209, section 2.3).
    fn proxy_status(&self) -> Option<&str> {
        self.header("proxy-status")?
            .split([';', ','])
            .filter_map(|part| part.trim().strip_prefix("error="))
            .next_back()
    }

    /// Why the tunnel was not opened.
    pub(super) fn why(&self) -> Why {
        if self.status == 407 {
            return Why::Login;
        }
        match (self.squid(), self.proxy_status()) {
            // squid 5 says ERR_CANNOT_FORWARD where its resolver answers NXDOMAIN.
            (Some("ERR_DNS_FAIL" | "ERR_CANNOT_FORWARD"), _)
            | (_, Some("dns_error" | "dns_timeout")) => Why::TargetUnresolved,
            (Some("ERR_CONNECT_FAIL" | "ERR_SECURE_CONNECT_FAIL" | "ERR_READ_TIMEOUT"), _)
            | (
                _,
                Some(
                    "connection_refused"
                    | "connection_terminated"
                    | "connection_timeout"
                    | "destination_ip_unroutable"
                    | "destination_unavailable",
                ),
            ) => Why::TargetUnreachable,
            (Some("ERR_ACCESS_DENIED"), _)
            | (_, Some("http_request_denied" | "destination_ip_prohibited")) => Why::Denied,
            // 501, 505: it does not know CONNECT; 511: a portal wants a login first.
            _ if self.status >= 500 && !matches!(self.status, 501 | 505 | 511) => {
                Why::TargetUnreachable
            }
            _ => Why::Denied,
        }
    }

    /// The answer as a fact: status, reason and the headers that say why.
    pub(super) fn words(&self) -> String {
        let mut words = format!("CONNECT answered {} {}", self.status, self.reason);
        for name in ["x-squid-error", "proxy-status", "server", "via", "location"] {
            if let Some(value) = self.header(name) {
                words.push_str(&format!(", {name}: {value}"));
            }
        }
        words
    }

    /// A broken proxy hop with the facts of the answer, and the way around it.
    pub(super) fn broken(&self, e: &Evidence, sure: Sure, says: impl Into<Clause>) -> Because {
        let because = Because::new(Level::Broken, sure, says)
            .seen(format!("proxy {}, {}", self.hop.url, connections::put_by(e)))
            .seen(format!("{}:{}: {}", e.target.host, e.target.port, self.words()))
            .read_at("/vantage/proxy")
            .read_at("/proxy/saw/connect")
            .ruled_out(format!("the way to the proxy: {} answers", self.hop.url))
            .owner(exempt::owner(e));
        exempt::way_around(because, e).check(reading::again(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Observed;
    use crate::evidence::proxy::ProxyScheme;

    fn why(status: u16, name: &str, value: &str) -> Why {
        let hop = ProxyHop {
            url: String::new(),
            host: String::new(),
            port: 3128,
            scheme: ProxyScheme::Http,
            has_password: false,
            dns: Observed::NotPossible { says: String::new() },
            tcp: Observed::NotPossible { says: String::new() },
            connect: Observed::NotPossible { says: String::new() },
        };
        let headers = [Header { name: name.to_owned(), value: value.to_owned() }];
        Refusal { hop: &hop, status, reason: "", headers: &headers }.why()
    }

    #[test]
    fn every_refusal_has_one_meaning() {
        for (status, name, value, meaning) in [
            (407, "x-squid-error", "ERR_CACHE_ACCESS_DENIED 0", Why::Login),
            (403, "x-squid-error", "ERR_ACCESS_DENIED 0", Why::Denied),
            (503, "x-squid-error", "ERR_DNS_FAIL 0", Why::TargetUnresolved),
            (503, "x-squid-error", "ERR_CONNECT_FAIL 111", Why::TargetUnreachable),
            (500, "x-squid-error", "ERR_CANNOT_FORWARD 0", Why::TargetUnresolved),
            (502, "proxy-status", "edge; error=dns_error; rcode=NXDOMAIN", Why::TargetUnresolved),
            (502, "proxy-status", "a; error=connection_refused", Why::TargetUnreachable),
            (502, "proxy-status", "a; error=destination_ip_prohibited", Why::Denied),
            (403, "proxy-status", "a; error=connection_timeout", Why::TargetUnreachable),
            (404, "x-squid-error", "ERR_SECURE_CONNECT_FAIL 92", Why::TargetUnreachable),
            (500, "server", "tinyproxy", Why::TargetUnreachable),
            (504, "server", "x", Why::TargetUnreachable),
            (501, "server", "x", Why::Denied),
            (511, "server", "x", Why::Denied),
            (302, "location", "http://portal.example/", Why::Denied),
            (405, "server", "nginx", Why::Denied),
        ] {
            assert_eq!(why(status, name, value), meaning, "{status} {name}: {value}");
        }
    }
}
