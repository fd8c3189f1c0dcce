//! The proxy has no address for the target (fact W14: ERR_DNS_FAIL; RFC 9209: dns_error).

use crate::diagnose::rules::tcp::wording;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Hop};

use super::answers::{Why, refusal};

pub(super) const RULE: Rule = Rule {
    id: "proxy-target-unresolved",
    hop: Hop::Proxy,
    title: "The proxy cannot resolve the target's name",
    page: include_str!("../../../../docs/findings/proxy-target-unresolved.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let refusal = refusal(e).filter(|r| r.why() == Why::TargetUnresolved)?;
    let host = &e.target.host;
    let here = reading::counting(e);
    let mut because = refusal
        .broken(
            e,
            Sure::Proved,
            wording::fitting(&[
                format!("the proxy {} cannot resolve {host}", refusal.hop.url),
                format!("the proxy cannot resolve {host}"),
                "the proxy cannot resolve the target's name".to_owned(),
            ]),
        )
        .known_by(
            "its own words; with a proxy the name is resolved by the proxy's resolver, not by \
             this machine's",
        );
    if !here.is_empty() {
        because = because
            .known_by(format!("the name itself is there: from here it is {}", reading::list(&here)))
            .read_at("/dns/walked");
    }
    Some(because.step(format!(
        "mend the proxy's DNS: its resolver must follow {host} to the end of its aliases"
    )))
}
