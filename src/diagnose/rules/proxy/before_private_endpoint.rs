//! A proxy carries the call although the name is private from here, and it works (P2, P3).

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Choice, Observed};

use super::{connections, exempt};

pub(super) const RULE: Rule = rule!(
    "proxy-before-private-endpoint",
    Proxy,
    "A proxy carries the call although the address is private from here",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.proxy.saw()?;
    let answered = match &*e.http {
        Observed::NotAsked { by: Choice::ServiceHasNoCall } => true,
        _ => {
            reading::service_accepted(e) || reading::main_answer(e).is_some_and(|a| a.status == 401)
        }
    };
    if !(hop.tunnel_stands() && reading::tls_verified(e) && reading::some_private(e) && answered) {
        return None;
    }
    let private = reading::list(&e.dns.effective());
    let because = Because::new(
        Level::Note,
        Sure::Proved,
        headline::fitting(&[
            format!("the proxy {} carries the call, though {private} is private", hop.url),
            format!("a proxy carries the call, though {private} is private"),
            "a proxy carries the call, though the address is private".to_owned(),
        ]),
    )
    .caveat()
    .seen(format!("proxy {}, {}", hop.url, connections::put_by(e)))
    .read_at("/proxy/saw/connect")
    .read_at("/dns/walked")
    .known_by(
        "the tunnel stands and the service answers through it; which address the proxy took, \
         private or public, does not show from here",
    )
    .owner("Application");
    Some(exempt::way_around(because, e).check(reading::again(e)))
}
