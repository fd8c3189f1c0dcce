//! What answers CONNECT is not HTTP.

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::proxy::ConnectOutcome;

use super::{connections, exempt};

pub(super) const RULE: Rule =
    rule!("proxy-not-http", Proxy, "What answers on the proxy's port is not HTTP", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.proxy.saw()?;
    let ConnectOutcome::NotHttp { says } = hop.connect.saw()? else { return None };
    let because = Because::new(
        Level::Broken,
        Sure::Proved,
        headline::fitting(&[
            format!("{} is no HTTP proxy: its answer to CONNECT is not HTTP", hop.url),
            "the proxy's answer to CONNECT is not HTTP".to_owned(),
        ]),
    )
    .seen(format!("proxy {}, {}", hop.url, connections::put_by(e)))
    .seen(format!("its answer: {says}"))
    .read_at("/vantage/proxy")
    .read_at("/proxy/saw/connect")
    .known_by(
        "an HTTP proxy answers CONNECT with a status line: this port speaks SOCKS, TLS (then \
         its URL begins with https://), or something else",
    )
    .owner(exempt::owner(e));
    Some(
        exempt::way_around(because, e)
            .act(Step::local(format!(
                "correct the proxy's scheme and port ({})",
                connections::put_by(e)
            )))
            .check(reading::again(e)),
    )
}
