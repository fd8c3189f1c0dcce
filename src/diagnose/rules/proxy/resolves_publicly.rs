//! The name is private from here, but the proxy goes to the public address and the service
//! refuses there (facts P2, P3, T13; hint 8).

use std::net::IpAddr;

use crate::diagnose::rules::http::clients;
use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{Expect, classify};

use super::exempt;

pub(super) const RULE: Rule = rule!(
    "proxy-resolves-publicly",
    Proxy,
    "The proxy goes to the public address although the name is private from here",
    Code(check)
)
.explains(&[
    "http-public-access-disabled",
    "http-network-rules",
    "http-network-perimeter",
    "http-endpoint-not-approved",
    "http-vnet-endpoint",
    "http-forbidden",
]);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.proxy.saw()?;
    let answer = reading::main_answer(e).filter(|_| reading::refused_by_network(e))?;
    // With `--expect closed` the refusal is what was to be proved. Where the name is public
    // from here too, the proxy is not what makes the difference.
    if !reading::some_private(e) || e.asked.expect == Expect::Closed {
        return None;
    }
    // Refused past the proxy as well: something else is the cause.
    let past = clients::direct(e);
    if past.as_ref().is_some_and(|past| past.refused(e)) {
        return None;
    }
    let private = reading::list(&e.dns.effective());
    let message = answer.message().unwrap_or("network rules");
    let both = clients::through(e).filter(|through| through.refused(e)).zip(past.as_ref());
    let parted = both.filter(|(_, past)| past.let_in(e));
    // The way past the proxy is what lets the call in, and the refusal says that it came
    // publicly: a proxy that reaches another account's endpoint would be refused in other words.
    let publicly = caller(message).is_some() || message.to_lowercase().contains("public access");
    let mut because = Because::new(
        Level::Broken,
        if parted.is_some() && publicly { Sure::Proved } else { Sure::Inferred },
        headline::fitting(&[
            format!("the proxy {} reaches the service publicly, not at {private}", hop.url),
            format!("the proxy reaches the service publicly, not at {private}"),
            "the proxy reaches the service publicly, not at its private address".to_owned(),
        ]),
    )
    .seen(format!(
        "through the proxy {} the service refuses: {} \"{message}\"",
        hop.url, answer.status
    ))
    .read_at("/dns/walked")
    .read_at("/proxy/saw/connect")
    .read_at("/http/saw/calls/0/outcome/answer")
    .known_by(
        "a proxy resolves the name itself: this machine's private answer is not used, and the \
         service refuses as it does at its public address",
    );
    if let Some((through, past)) = parted {
        because = because
            .known_by(format!(
                "one call without a credential (stock-client) is refused through the proxy and \
                 let in past it: {}",
                past.words()
            ))
            .read_at(through.pointer)
            .read_at(past.pointer.clone());
    }
    if !matches!(exempt::direct(e), exempt::Direct::Private(_)) {
        because = because.seen(format!("{} is {private} from here, a private address", e.dns.name));
    }
    if let Some(address) = caller(message) {
        because = because.known_by(format!(
            "the service saw the call come from {address}, a public address: it did not come \
             through a private endpoint"
        ));
    }
    Some(
        exempt::way_around(because.ruled_out("key, token and role").owner("Application"), e)
            .act(
                Step::shared(
                    "or let the proxy's own resolver see the private zone, and give the proxy a \
                     route to the private endpoint",
                    "the zone then answers for every account of its suffix: those without a record \
                     in it stop resolving for all clients of the proxy",
                )
                .undo("take the link or the forwarder, and the route, away again"),
            )
            .check(reading::again(e)),
    )
}

/// The public address that the service saw, where its message names it (fact H3).
fn caller(message: &str) -> Option<IpAddr> {
    message
        .split_whitespace()
        .filter_map(|word| word.trim_matches(['.', ',', '"', '\'']).parse().ok())
        .find(|address| classify(*address).is_public())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_read_from_the_refusal() {
        let message = "Access denied due to Virtual Network/Firewall rules. Your IP address is \
                       20.51.1.2.";
        assert_eq!(caller(message), Some(IpAddr::from([20, 51, 1, 2])));
        assert_eq!(caller("Your IP address is 10.0.0.4."), None);
    }
}
