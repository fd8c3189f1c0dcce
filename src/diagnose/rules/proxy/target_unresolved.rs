//! The proxy has no address for the target (fact W14: ERR_DNS_FAIL; RFC 9209: dns_error).

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Step, Sure};

use super::answers::{Why, refusal};

pub(super) const RULE: Rule = rule!(
    "proxy-target-unresolved",
    Proxy,
    "The proxy cannot resolve the target's name",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let refusal = refusal(e).filter(|r| r.why() == Why::TargetUnresolved)?;
    let host = &e.target.host;
    let here = e.dns.effective();
    // ERR_CANNOT_FORWARD: no way to the target, which with NXDOMAIN is all that squid says.
    let outright = refusal.squid() != Some("ERR_CANNOT_FORWARD");
    let mut because = refusal
        .broken(
            e,
            if outright { Sure::Proved } else { Sure::Inferred },
            headline::fitting(&[
                format!("the proxy {} cannot resolve {host}", refusal.hop.url),
                format!("the proxy cannot resolve {host}"),
                "the proxy cannot resolve the target's name".to_owned(),
            ]),
        )
        .known_by(if outright {
            "the proxy says so"
        } else {
            "squid has no way forward: it says so when its resolver has no address for the \
             name, or when it may go out only through a parent proxy that it does not have"
        })
        .known_by(
            "with a proxy the name is resolved by the proxy's resolver, not by \
             this machine's",
        );
    if !here.is_empty() {
        because = because
            .known_by(format!("the name itself is there: from here it is {}", reading::list(&here)))
            .read_at("/dns/walked");
    }
    Some(
        because
            .act(Step::look(format!(
                "on the proxy: see whether its resolver follows {host} to the end of its aliases"
            )))
            .act(
                Step::shared(
                    "correct the proxy's resolver, or what it forwards to",
                    "every name that the proxy resolves; a private zone that it sees answers for \
                     every account of its suffix",
                )
                .undo("restore the proxy's former resolver configuration"),
            ),
    )
}
