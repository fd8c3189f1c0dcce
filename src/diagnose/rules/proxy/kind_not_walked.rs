//! The proxy in the way is of a kind that this program does not walk: SOCKS, or HTTP over
//! TLS.

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::proxy::ProxyScheme;

use super::{connections, exempt};

pub(super) const RULE: Rule = rule!(
    "proxy-kind-not-walked",
    Proxy,
    "The proxy is of a kind that is not walked (SOCKS, or HTTP over TLS)",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let (url, kind) = match (e.proxy.saw(), e.vantage.proxy.applies.as_deref()) {
        (Some(hop), _) => match hop.scheme {
            ProxyScheme::Http => return None,
            ProxyScheme::Https => (hop.url.as_str(), "HTTP over TLS"),
            ProxyScheme::Socks => (hop.url.as_str(), "SOCKS"),
        },
        (None, Some(url)) if url.starts_with("socks") => (url, "SOCKS"),
        (None, Some(url)) if url.starts_with("https:") => (url, "HTTP over TLS"),
        _ => return None,
    };
    let because = Because::new(
        Level::Note,
        Sure::Proved,
        headline::fitting(&[
            format!("the proxy {url} is {kind}, which is not walked"),
            format!("the proxy is {kind}, which is not walked"),
        ]),
    )
    .seen(format!("proxy {url}, {}", connections::put_by(e)))
    .read_at("/vantage/proxy")
    .read_at("/proxy")
    .known_by("the scheme of its URL")
    .owner(exempt::owner(e));
    Some(
        exempt::way_around(because, e)
            .look(
                "test the path through the proxy with curl",
                format!(
                    "curl -sv -o /dev/null -x {url} https://{}:{}/",
                    e.target.host, e.target.port
                ),
            )
            .check(reading::again_with(e, "--proxy none")),
    )
}
