//! The proxy accepts the connection, and its answer to CONNECT does not come or is not HTTP.

use crate::diagnose::headline::Clause;
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Evidence;
use crate::evidence::proxy::{ConnectOutcome, ProxyHop};

use super::{configured_by, no_proxy};

pub(super) const NO_ANSWER: Rule = rule!(
    "proxy-no-answer",
    Proxy,
    "The proxy accepts the connection and does not answer CONNECT",
    Code(no_answer)
);

pub(super) const NOT_HTTP: Rule =
    rule!("proxy-not-http", Proxy, "What answers on the proxy's port is not HTTP", Code(not_http));

pub(super) const MALFORMED: Rule = rule!(
    "proxy-answer-malformed",
    Proxy,
    "Strict clients cannot read the proxy's answer to CONNECT",
    Code(malformed)
);

/// One way of not answering.
struct Unanswered {
    outcome: ConnectOutcome,
    message: &'static str,
    /// The possible causes, the more likely one first.
    why: [&'static str; 2],
}

const UNANSWERED: &[Unanswered] = &[
    Unanswered {
        outcome: ConnectOutcome::Silent,
        message: "does not answer CONNECT",
        why: [
            "it waits for its own connection to the target, which is dropped",
            "it waits for its own resolver",
        ],
    },
    Unanswered {
        outcome: ConnectOutcome::Closed,
        message: "closes the connection without an answer to CONNECT",
        why: [
            "this machine is not among its clients",
            "the port expects TLS or SOCKS, not plain HTTP",
        ],
    },
    Unanswered {
        outcome: ConnectOutcome::Reset,
        message: "resets the connection without an answer to CONNECT",
        why: [
            "this machine is not among its clients, or a firewall reads the CONNECT line",
            "the port expects TLS or SOCKS, not plain HTTP",
        ],
    },
];

fn no_answer(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.proxy.value()?;
    let outcome = hop.connect.value()?;
    let Unanswered { message, why: [first, second], .. } =
        UNANSWERED.iter().find(|row| row.outcome == *outcome)?;
    let finding = stopped(e, hop, Confidence::Possible, super::clause(&hop.url, message))
        .fact(format!("CONNECT {}:{}: {message}", e.target.host, e.target.port))
        .reasoning(*first)
        .reasoning(format!("or {second}"));
    Some(
        no_proxy::bypass_advice(compared_with_curl(finding, e, hop, 60), e)
            .step(Step::inspect("search the proxy's own log for this machine and this time"))
            .check(reading::again(e)),
    )
}

fn not_http(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.proxy.value()?;
    let ConnectOutcome::NotHttp { message } = hop.connect.value()? else { return None };
    let clause = headline::fitting(&[
        format!("{} is not an HTTP proxy: its answer to CONNECT is not HTTP", hop.url),
        "the proxy's answer to CONNECT is not HTTP".to_owned(),
    ]);
    let finding = stopped(e, hop, Confidence::Proved, clause)
        .fact(format!("its answer: {message}"))
        .reasoning(
            "an HTTP proxy answers CONNECT with a status line: this port speaks SOCKS, TLS (then \
             its URL begins with https://), or something else",
        );
    Some(
        no_proxy::bypass_advice(finding, e)
            .step(Step::local(format!(
                "correct the proxy's scheme and port ({})",
                configured_by(e)
            )))
            .check(reading::again(e)),
    )
}

fn malformed(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.proxy.value()?;
    let ConnectOutcome::Malformed { message } = hop.connect.value()? else { return None };
    let clause = super::clause(&hop.url, "answers CONNECT with HTTP that clients cannot read")
        .or("strict clients cannot read the proxy's answer to CONNECT");
    let finding = stopped(e, hop, Confidence::Inferred, clause)
        .fact(format!("its answer to CONNECT {}:{}: {message}", e.target.host, e.target.port))
        .reasoning(
            "it begins as HTTP does, so a proxy, or a gateway in front of it, answers; this tool and \
             strict clients cannot read the rest",
        )
        .reasoning("a client that is more lenient may open the tunnel all the same");
    Some(
        no_proxy::bypass_advice(compared_with_curl(finding, e, hop, 20), e)
            .step(Step::inspect(format!(
                "ask the team that runs the proxy which device sends this answer for {}:{}",
                e.target.host, e.target.port
            )))
            .check(reading::again(e)),
    )
}

/// Curl decides within so many seconds, and that the proxy accepts connections is known.
fn compared_with_curl(
    finding: FindingBuilder,
    e: &Evidence,
    hop: &ProxyHop,
    seconds: u32,
) -> FindingBuilder {
    finding
        .decide_with(format!(
            "curl -sv -o /dev/null --max-time {seconds} -x {} https://{}:{}/",
            hop.url, e.target.host, e.target.port
        ))
        .ruled_out(format!("the path to the proxy: {} accepts the connection", hop.url))
}

/// A finding on a proxy that opened no tunnel.
fn stopped(
    e: &Evidence,
    hop: &ProxyHop,
    confidence: Confidence,
    message: Clause,
) -> FindingBuilder {
    FindingBuilder::new(Level::Broken, confidence, message)
        .fact(format!("proxy {}, {}", hop.url, configured_by(e)))
        .cites("/vantage/proxy")
        .cites("/proxy/value/connect")
        .owner(no_proxy::owner(e))
}
