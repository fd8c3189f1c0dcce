//! The proxy is of a kind that this program does not test: SOCKS, or HTTP over TLS.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::proxy::ProxyScheme;

use super::{configured_by, no_proxy};

pub(super) const RULE: Rule = rule!(
    "proxy-kind-not-walked",
    Proxy,
    "The proxy is of a kind that is not tested (SOCKS, or HTTP over TLS)",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (url, kind) = match (e.proxy.value(), e.vantage.proxy.applies.as_deref()) {
        (Some(hop), _) => match hop.scheme {
            ProxyScheme::Http => return None,
            ProxyScheme::Https => (hop.url.as_str(), "HTTP over TLS"),
            ProxyScheme::Socks => (hop.url.as_str(), "SOCKS"),
        },
        (None, Some(url)) if url.starts_with("socks") => (url, "SOCKS"),
        (None, Some(url)) if url.starts_with("https:") => (url, "HTTP over TLS"),
        _ => return None,
    };
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        super::clause(url, format!("uses {kind}, which is not tested")),
    )
    .fact(format!("proxy {url}, {}", configured_by(e)))
    .cites("/vantage/proxy")
    .cites("/proxy")
    .reasoning("the scheme of its URL")
    .owner(no_proxy::owner(e));
    Some(
        no_proxy::bypass_advice(finding, e)
            .inspect(
                "test the path through the proxy with curl",
                format!(
                    "curl -sv -o /dev/null -x {url} https://{}:{}/",
                    e.target.host, e.target.port
                ),
            )
            .check(reading::again_with(e, "--proxy none")),
    )
}
