//! The name is private from here, but the proxy uses the public address and the service refuses
//! there (facts P2, P3, T13; hint 8).

use std::net::IpAddr;

use crate::diagnose::rules::http::{self, reference_client};
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::classify;

use super::no_proxy;

pub(super) const RULE: Rule = rule!(
    "proxy-resolves-publicly",
    Proxy,
    "The proxy uses the public address, although the name is private from here",
    Code(check)
)
.explains_groups(&[http::NETWORK_REFUSALS]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.proxy.value()?;
    let answer = reading::main_answer(e).filter(|_| e.http.refused_by_network())?;
    // Where the public address is the expected one, or the name is public from here too, that is not
    // the fault.
    if !no_proxy::leads_privately(e) {
        return None;
    }
    // Refused without the proxy too: something else is the cause.
    let past = reference_client::direct(e);
    if past.as_ref().is_some_and(|past| past.refused(e)) {
        return None;
    }
    let private = reading::list(&e.dns.effective());
    let message = answer.message().unwrap_or("network rules");
    let both = reference_client::through(e).filter(|through| through.refused(e)).zip(past.as_ref());
    let contrast = both.filter(|(_, past)| past.let_in(e));
    // The call is accepted without the proxy, and the refusal shows that it came publicly: a proxy
    // that reaches another account's endpoint would get another error text.
    let publicly = caller(message).is_some() || message.to_lowercase().contains("public access");
    let mut finding = FindingBuilder::new(
        Level::Broken,
        if contrast.is_some() && publicly { Confidence::Proved } else { Confidence::Inferred },
        headline::fitting(&[
            format!("the proxy {} reaches the service publicly, not at {private}", hop.url),
            format!("the proxy reaches the service publicly, not at {private}"),
            "the proxy reaches the service publicly, not at its private address".to_owned(),
        ]),
    )
    .fact(format!(
        "through the proxy {} the service refuses: {} \"{message}\"",
        hop.url, answer.status
    ))
    .cites("/dns/selected")
    .cites("/proxy/value/connect")
    .cites("/http/value/calls/0/outcome/answer")
    .reasoning(
        "the proxy resolves the name itself: this machine's private answer is not used, and the \
         service refuses as it does at its public address",
    );
    if let Some((through, past)) = contrast {
        finding = finding
            .reasoning(format!(
                "a call without a credential (reference-client) is refused through the proxy and \
                 accepted without it: {}",
                past.describe()
            ))
            .cites(through.pointer)
            .cites(past.pointer.clone());
    }
    if !matches!(no_proxy::direct(e), no_proxy::Direct::Private(_)) {
        finding = finding
            .fact(format!("{} resolves to the private address {private} from here", e.dns.name));
    }
    if let Some(address) = caller(message) {
        finding = finding.reasoning(format!(
            "the service saw the call coming from the public address {address}, so not through a \
             private endpoint"
        ));
    }
    let finding =
        finding.ruled_out("the key, the token and the role as the cause").owner(no_proxy::owner(e));
    let own_zone = Step::shared(
        "let the proxy's own resolver use the private zone, and give the proxy a route to the \
         private endpoint",
        "the zone is then authoritative for every account of its suffix: those without a record in \
         it stop resolving for all clients of the proxy",
    )
    .undo("remove the link or the forwarder, and the route, again");
    let own_zone = if no_proxy::would_help(e) { own_zone.or() } else { own_zone };
    let look = Step::inspect(format!(
        "read in the proxy's log to which address it connected for {}",
        e.target.host
    ));
    let finding = no_proxy::bypass_advice(finding, e);
    let finding = if no_proxy::would_help(e) { finding } else { finding.step(look) };
    Some(finding.step(own_zone).check(reading::again(e)))
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
