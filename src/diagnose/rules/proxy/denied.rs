//! The proxy answers and does not open the tunnel: its rules, a block page, or something
//! that is no forward proxy at all (fact W14).

use crate::diagnose::{Because, Rule, View, headline};
use crate::diagnosis::{Step, Sure};

use super::answers::{Why, refusal};

pub(super) const RULE: Rule =
    rule!("proxy-denied", Proxy, "The proxy refuses to open the tunnel", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let refusal = refusal(e).filter(|r| r.why() == Why::Denied)?;
    let (status, host, port) = (refusal.status, &e.target.host, e.target.port);
    let url = &refusal.hop.url;
    let (says, meaning, step) = match status {
        400 | 404 | 405 | 501 | 505 => (
            "does not do CONNECT",
            format!("{status} to CONNECT is what a web server answers that is no forward proxy"),
            Step::look(format!("see that {url} is the forward proxy, not another service's port")),
        ),
        300..=399 | 511 => (
            "sends a login page instead of a tunnel",
            format!("{status} in place of a tunnel: a portal or block page wants a person"),
            Step::shared(
                "let this machine through without a page, by its one address",
                "whoever uses this machine's address passes the proxy without a login",
            )
            .undo("remove the exception again")
            .opens(),
        ),
        _ => (
            "denies the tunnel",
            format!("its own words: {status}; a rule of the proxy forbids {host}:{port}"),
            super::opening(host, port),
        ),
    };
    Some(
        refusal
            .broken(
                e,
                Sure::Proved,
                headline::fitting(&[
                    format!("the proxy {url} {says} ({status})"),
                    format!("the proxy {says} ({status})"),
                ]),
            )
            .known_by(meaning)
            .act(step),
    )
}
