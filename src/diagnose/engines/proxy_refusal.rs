//! What a proxy's answer to CONNECT means.
//!
//! The status decides; squid's `X-Squid-Error` (fact W14) and the `Proxy-Status` field of RFC 9209
//! add details where they are present.

use crate::diagnose::headline::Clause;
use crate::diagnose::rules::http::refusal_match::short;
use crate::diagnose::rules::proxy::{configured_by, no_proxy};
use crate::diagnose::view::View;
use crate::diagnose::{FindingBuilder, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Evidence;
use crate::evidence::http::Header;
use crate::evidence::proxy::{ConnectOutcome, ProxyHop};

/// One meaning of an answer.
pub(in crate::diagnose) struct Row {
    /// What the answer means.
    pub(in crate::diagnose) why: Why,
    /// How sure it is.
    pub(in crate::diagnose) confidence: fn(&Refusal<'_>) -> Confidence,
    /// The clause of the first line.
    pub(in crate::diagnose) message: fn(&Refusal<'_>, &View<'_>) -> Clause,
    /// Adds what it means and what to do.
    pub(in crate::diagnose) facts: fn(FindingBuilder, &Refusal<'_>, &View<'_>) -> FindingBuilder,
}

/// An answer that opened no tunnel.
pub(in crate::diagnose) struct Refusal<'a> {
    pub(in crate::diagnose) hop: &'a ProxyHop,
    pub(in crate::diagnose) status: u16,
    /// The status 1xx that came first.
    pub(in crate::diagnose) informational: Option<u16>,
    pub(in crate::diagnose) reason: &'a str,
    headers: &'a [Header],
    /// The words of the page that came with it.
    page: Option<&'a str>,
}

/// Why the tunnel was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Why {
    /// The proxy requires a login.
    Login,
    /// The proxy has no address for the target.
    TargetUnresolved,
    /// The proxy could not connect to the target.
    TargetUnreachable,
    /// The proxy's rules forbid it, or it does not support CONNECT.
    Denied,
}

/// The refusal, if CONNECT was answered by one.
pub(in crate::diagnose) fn refusal(e: &Evidence) -> Option<Refusal<'_>> {
    let hop = e.proxy.value()?;
    match hop.connect.value()? {
        outcome if outcome.opens_tunnel() => None,
        ConnectOutcome::Answered { status, informational, reason, headers, page } => {
            Some(Refusal {
                hop,
                status: *status,
                informational: *informational,
                reason,
                headers,
                page: page.as_deref(),
            })
        }
        _ => None,
    }
}

impl Refusal<'_> {
    /// A header's first value.
    pub(in crate::diagnose) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.name == name).map(|h| h.value.as_str())
    }

    /// Every value of a header.
    pub(in crate::diagnose) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|h| h.name == name).map(|h| h.value.as_str()).collect()
    }

    /// Squid's error name, without its errno.
    pub(in crate::diagnose) fn squid(&self) -> Option<&str> {
        self.header("x-squid-error")?.split_whitespace().next()
    }

    /// The error type of the last proxy on the path (RFC 9209, section 2.3).
    fn proxy_status(&self) -> Option<&str> {
        self.header("proxy-status")?
            .split([';', ','])
            .filter_map(|part| part.trim().strip_prefix("error="))
            .next_back()
    }

    /// Whether squid found no way to go on, which it does not explain (fact P203): its resolver answered
    /// NXDOMAIN, or no parent proxy answers.
    pub(in crate::diagnose) fn finds_no_way(&self) -> bool {
        self.squid() == Some("ERR_CANNOT_FORWARD")
    }

    /// Whether the proxy itself says that it forbids this.
    pub(in crate::diagnose) fn says_denied(&self) -> bool {
        matches!(self.squid(), Some("ERR_ACCESS_DENIED"))
            || matches!(
                self.proxy_status(),
                Some("http_request_denied" | "destination_ip_prohibited")
            )
    }

    /// Why the tunnel was not opened.
    pub(in crate::diagnose) fn why(&self) -> Why {
        if self.status == 407 {
            return Why::Login;
        }
        self.reported().unwrap_or(match self.status {
            // 501, 505: it does not support CONNECT; 511: a portal requires a login first.
            501 | 505 | 511 => Why::Denied,
            500.. => Why::TargetUnreachable,
            _ => Why::Denied,
        })
    }

    /// The reason that the answer's fields give, where they give one: a status alone does not say
    /// whether the proxy or a server in front of it sent it.
    pub(in crate::diagnose) fn reported(&self) -> Option<Why> {
        match (self.squid(), self.proxy_status()) {
            (Some("ERR_DNS_FAIL"), _) | (_, Some("dns_error" | "dns_timeout")) => {
                Some(Why::TargetUnresolved)
            }
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
            ) => Some(Why::TargetUnreachable),
            _ => self.says_denied().then_some(Why::Denied),
        }
    }

    /// The answer as a fact: status, reason and the headers that say why.
    pub(in crate::diagnose) fn describe(&self) -> String {
        let mut words = format!("CONNECT answered {} {}", self.status, self.reason);
        if let Some(first) = self.informational {
            words = format!("CONNECT answered {first}, then {} {}", self.status, self.reason);
        }
        for name in ["x-squid-error", "proxy-status", "server", "via", "location"] {
            if let Some(value) = self.header(name) {
                words.push_str(&format!(", {name}: {value}"));
            }
        }
        if let Some(page) = self.page {
            words.push_str(&format!(", page: {}", short(page, 240)));
        }
        words
    }

    /// A broken proxy hop with the facts of the answer, and how to bypass it.
    pub(in crate::diagnose) fn broken(
        &self,
        e: &Evidence,
        confidence: Confidence,
        message: impl Into<Clause>,
    ) -> FindingBuilder {
        let finding = FindingBuilder::new(Level::Broken, confidence, message)
            .fact(format!("proxy {}, {}", self.hop.url, configured_by(e)))
            .fact(format!("{}:{}: {}", e.target.host, e.target.port, self.describe()))
            .cites("/vantage/proxy")
            .cites("/proxy/value/connect")
            .ruled_out(format!("the path to the proxy: {} answers", self.hop.url))
            .owner(no_proxy::owner(e));
        no_proxy::bypass_advice(finding, e).check(reading::again(e))
    }
}

/// Whether the proxy's answer has the row's meaning.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<FindingBuilder> {
    let refusal = refusal(e).filter(|refusal| refusal.why() == row.why)?;
    let finding = refusal.broken(e, (row.confidence)(&refusal), (row.message)(&refusal, e));
    Some((row.facts)(finding, &refusal, e))
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
            dns: Observed::NotPossible { message: String::new() },
            tcp: Observed::NotPossible { message: String::new() },
            connect: Observed::NotPossible { message: String::new() },
        };
        let headers = [Header { name: name.to_owned(), value: value.to_owned() }];
        let refusal = Refusal {
            hop: &hop,
            status,
            informational: None,
            reason: "",
            headers: &headers,
            page: None,
        };
        refusal.why()
    }

    #[test]
    fn every_refusal_has_one_meaning() {
        for (status, name, value, meaning) in [
            (407, "x-squid-error", "ERR_CACHE_ACCESS_DENIED 0", Why::Login),
            (403, "x-squid-error", "ERR_ACCESS_DENIED 0", Why::Denied),
            (503, "x-squid-error", "ERR_DNS_FAIL 0", Why::TargetUnresolved),
            (503, "x-squid-error", "ERR_CONNECT_FAIL 111", Why::TargetUnreachable),
            (500, "x-squid-error", "ERR_CANNOT_FORWARD 0", Why::TargetUnreachable),
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
            (204, "server", "x", Why::Denied),
        ] {
            assert_eq!(why(status, name, value), meaning, "{status} {name}: {value}");
        }
    }
}
