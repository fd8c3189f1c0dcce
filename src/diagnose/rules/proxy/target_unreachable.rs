//! The proxy cannot connect to the target (fact W14: ERR_CONNECT_FAIL; any other 5xx).

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Step, Sure};

use super::answers::{Refusal, Why, refusal};
use super::exempt;

pub(super) const RULE: Rule =
    rule!("proxy-target-unreachable", Proxy, "The proxy cannot connect to the target", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let refusal = refusal(e).filter(|r| r.why() == Why::TargetUnreachable)?;
    let (host, port, status) = (&e.target.host, e.target.port, refusal.status);
    let mut because = refusal
        .broken(
            e,
            Sure::Proved,
            headline::fitting(&[
                format!("the proxy {} cannot connect to {host} ({status})", refusal.hop.url),
                format!("the proxy cannot connect to {host} ({status})"),
                format!("the proxy cannot connect to the target ({status})"),
            ]),
        )
        .known_by(match errno(&refusal) {
            Some(words) => format!("its own words: {status}, {words}"),
            None => format!("its own words: {status}; which address it tried it does not say"),
        });
    if exempt::is_private(e) {
        because = because.known_by(format!(
            "{} is private: the proxy needs a route into the virtual network to reach it, or \
             resolves the name to a public address that its own firewall blocks",
            reading::list(&e.dns.effective())
        ));
    }
    Some(
        because
            .look(
                "on the proxy's own machine",
                format!("curl -sv -o /dev/null https://{host}:{port}/"),
            )
            .act(
                Step::shared(
                    format!("let the proxy out to {host}:{port}, and give it a route there"),
                    "every client of the proxy can reach this host",
                )
                .undo("remove the rule and the route again")
                .opens(),
            ),
    )
}

/// The errno that squid's error ends in (Linux numbers).
fn errno(refusal: &Refusal<'_>) -> Option<&'static str> {
    match refusal.header("x-squid-error")?.split_whitespace().nth(1)? {
        "110" => Some("its connection timed out (110)"),
        "111" => Some("its connection was refused (111)"),
        "101" => Some("it has no route to the network (101)"),
        "113" => Some("it has no route to the host (113)"),
        _ => None,
    }
}
