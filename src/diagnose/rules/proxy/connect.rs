//! The proxy takes the connection, and its answer to CONNECT does not come or is not HTTP.

use crate::diagnose::headline::Clause;
use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::proxy::{ConnectOutcome, ProxyHop};

use super::{connections, exempt};

pub(super) const NO_ANSWER: Rule = rule!(
    "proxy-no-answer",
    Proxy,
    "The proxy takes the connection and does not answer CONNECT",
    Code(no_answer)
);

pub(super) const NOT_HTTP: Rule =
    rule!("proxy-not-http", Proxy, "What answers on the proxy's port is not HTTP", Code(not_http));

/// One way of not answering.
struct Unanswered {
    outcome: ConnectOutcome,
    says: &'static str,
    /// Why, the likelier reason first.
    why: [&'static str; 2],
}

const UNANSWERED: &[Unanswered] = &[
    Unanswered {
        outcome: ConnectOutcome::Silent,
        says: "does not answer CONNECT",
        why: [
            "it waits for its own connection to the target, which something drops",
            "it waits for its own resolver",
        ],
    },
    Unanswered {
        outcome: ConnectOutcome::Closed,
        says: "closes the connection without an answer to CONNECT",
        why: [
            "this machine is not among its clients",
            "the port wants TLS or SOCKS, not plain HTTP",
        ],
    },
    Unanswered {
        outcome: ConnectOutcome::Reset,
        says: "resets the connection without an answer to CONNECT",
        why: [
            "this machine is not among its clients, or a firewall reads the CONNECT line",
            "the port wants TLS or SOCKS, not plain HTTP",
        ],
    },
];

fn no_answer(e: &View<'_>) -> Option<Because> {
    let hop = e.proxy.saw()?;
    let outcome = hop.connect.saw()?;
    let Unanswered { says, why: [first, second], .. } =
        UNANSWERED.iter().find(|row| row.outcome == *outcome)?;
    let clause =
        headline::fitting(&[format!("the proxy {} {says}", hop.url), format!("the proxy {says}")]);
    let because = stopped(e, hop, Sure::Possible, clause)
        .seen(format!("CONNECT {}:{}: {says}", e.target.host, e.target.port))
        .known_by(*first)
        .known_by(format!("or {second}"))
        .tells_it(format!(
            "curl -sv -o /dev/null --max-time 60 -x {} https://{}:{}/",
            hop.url, e.target.host, e.target.port
        ))
        .ruled_out(format!("the way to the proxy: {} takes the connection", hop.url));
    Some(
        exempt::way_around(because, e)
            .act(Step::look("read the proxy's own log for this machine and this minute"))
            .check(reading::again(e)),
    )
}

fn not_http(e: &View<'_>) -> Option<Because> {
    let hop = e.proxy.saw()?;
    let ConnectOutcome::NotHttp { says } = hop.connect.saw()? else { return None };
    let clause = headline::fitting(&[
        format!("{} is no HTTP proxy: its answer to CONNECT is not HTTP", hop.url),
        "the proxy's answer to CONNECT is not HTTP".to_owned(),
    ]);
    let because =
        stopped(e, hop, Sure::Proved, clause).seen(format!("its answer: {says}")).known_by(
            "an HTTP proxy answers CONNECT with a status line: this port speaks SOCKS, TLS (then \
             its URL begins with https://), or something else",
        );
    Some(
        exempt::way_around(because, e)
            .act(Step::local(format!(
                "correct the proxy's scheme and port ({})",
                connections::put_by(e)
            )))
            .check(reading::again(e)),
    )
}

/// A finding on a proxy that opened no tunnel.
fn stopped(e: &Evidence, hop: &ProxyHop, sure: Sure, says: Clause) -> Because {
    Because::new(Level::Broken, sure, says)
        .seen(format!("proxy {}, {}", hop.url, connections::put_by(e)))
        .read_at("/vantage/proxy")
        .read_at("/proxy/saw/connect")
        .owner(exempt::owner(e))
}
