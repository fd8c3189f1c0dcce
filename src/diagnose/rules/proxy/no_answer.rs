//! The proxy takes the connection and never answers CONNECT.

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::proxy::ConnectOutcome;

use super::{connections, exempt};

pub(super) const RULE: Rule = rule!(
    "proxy-no-answer",
    Proxy,
    "The proxy takes the connection and does not answer CONNECT",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.proxy.saw()?;
    let (says, first, second) = match hop.connect.saw()? {
        ConnectOutcome::Silent => (
            "does not answer CONNECT",
            "it waits for its own connection to the target, which something drops",
            "it waits for its own resolver",
        ),
        ConnectOutcome::Closed => (
            "closes the connection without an answer to CONNECT",
            "this machine is not among its clients",
            "the port wants TLS or SOCKS, not plain HTTP",
        ),
        ConnectOutcome::Reset => (
            "resets the connection without an answer to CONNECT",
            "this machine is not among its clients, or a firewall reads the CONNECT line",
            "the port wants TLS or SOCKS, not plain HTTP",
        ),
        ConnectOutcome::Answered { .. } | ConnectOutcome::NotHttp { .. } => return None,
    };
    let because = Because::new(
        Level::Broken,
        Sure::Possible,
        headline::fitting(&[format!("the proxy {} {says}", hop.url), format!("the proxy {says}")]),
    )
    .seen(format!("proxy {}, {}", hop.url, connections::put_by(e)))
    .seen(format!("CONNECT {}:{}: {says}", e.target.host, e.target.port))
    .read_at("/vantage/proxy")
    .read_at("/proxy/saw/connect")
    .known_by(first)
    .known_by(format!("or {second}"))
    .tells_it(format!(
        "curl -sv -o /dev/null --max-time 60 -x {} https://{}:{}/",
        hop.url, e.target.host, e.target.port
    ))
    .ruled_out(format!("the way to the proxy: {} takes the connection", hop.url))
    .owner(exempt::owner(e));
    Some(
        exempt::way_around(because, e)
            .act(Step::look("read the proxy's own log for this machine and this minute"))
            .check(reading::again(e)),
    )
}
