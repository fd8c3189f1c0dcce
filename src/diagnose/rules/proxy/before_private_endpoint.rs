//! A proxy carries the call although the name is private from here, and it works (P2, P3).

use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Observed, SkipReason};

use super::{configured_by, no_proxy};

pub(super) const RULE: Rule = rule!(
    "proxy-before-private-endpoint",
    Proxy,
    "A proxy carries the call, although the address is private from here",
    Code(check)
)
.short("the address that the proxy uses is not seen");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.proxy.value()?;
    let answered = match &*e.http {
        Observed::NotAsked { reason: SkipReason::ServiceHasNoCall } => true,
        _ => e.http.let_in() || reading::main_answer(e).is_some_and(|a| a.status == 401),
    };
    if !(hop.tunnel_stands() && reading::tls_verified(e) && reading::some_private(e) && answered) {
        return None;
    }
    let private = reading::list(&e.dns.effective());
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        headline::fitting(&[
            format!("the proxy {} carries the call, although {private} is private", hop.url),
            format!("a proxy carries the call, although {private} is private"),
            "a proxy carries the call, although the address is private".to_owned(),
        ]),
    )
    .fact(format!("proxy {}, {}", hop.url, configured_by(e)))
    .cites("/proxy/value/connect")
    .cites("/dns/selected")
    .reasoning(
        "the service answers through the proxy's tunnel; whether the proxy connects to the \
         private or a public address is not visible from here",
    )
    .owner(no_proxy::owner(e));
    // What --expect says of the address is then neither met nor missed.
    let finding = match e.options.expect.addresses() {
        Some(expected) => {
            finding.untested().fact(format!("--expect: {expected}")).step(Step::inspect(format!(
                "read in the proxy's log to which address it connected for {}",
                e.target.host
            )))
        }
        None => finding.caveat(),
    };
    Some(no_proxy::bypass_advice(finding, e).check(reading::again(e)))
}
