//! The resolver gives the same address for a name that does not exist: a captive portal, a sinkhole,
//! a wildcard record in its own zone (fact D72).

use crate::diagnose::view::tried;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tls::TlsOutcome;

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED};
use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-answers-everything",
    Dns,
    "The resolver gives the same address for names that do not exist",
    Code(check)
)
.explains(&[
    "dns-unusable-address",
    "dns-own-record",
    "dns-resolvers-disagree",
    "dns-address-not-expected",
    "dns-public-not-expected",
])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER]);

/// Whether what answers at the address shows that it is not the service.
fn somebody_else(e: &View<'_>) -> bool {
    e.tls.saw().is_some_and(|tls| match &tls.outcome {
        TlsOutcome::PlainHttp { .. } | TlsOutcome::NotTls { .. } => true,
        TlsOutcome::CertificateRejected { .. } => {
            tls.chain.first().is_some_and(|leaf| !leaf.covers_target)
        }
        _ => false,
    })
}

fn check(e: &View<'_>) -> Option<Because> {
    let r = e.dns.decider()?;
    let (index, invented, address) = tried::invented(e, r.seen, r.gives.addresses())?;
    if !e.dns.effective().contains(&address) {
        return None;
    }
    // A relay for every name may be meant: TLS with the service's certificate tells. Nor is a star
    // that happens to lead to the endpoint what drops the packets on the way there.
    let own = r.seen.address.ip() == address;
    let level = match reading::proxied(e) || reading::tls_verified(e) {
        true => Level::Note,
        false if own || somebody_else(e) => Level::Broken,
        false => Level::Risk,
    };
    let label = r.label();
    let domain = invented.split_once('.').map_or(invented, |(_, domain)| domain);
    Some(
        Because::new(
            level,
            // That the star is there is proved; that it is why the path is broken is not.
            if level == Level::Broken { Sure::Inferred } else { Sure::Proved },
            words::clause(
                format!("{label} gives {address} for every name of {domain}"),
                format!("{label} gives {address} for every name"),
            ),
        )
        .seen(format!("{} -> {address} at {label}", e.dns.name))
        .seen(format!("{invented} -> {address} at {label}"))
        .read_at(r.pointer())
        .read_at(format!("/experiments/questions/{index}"))
        .known_by(format!(
            "{invented} was made up for this walk and does not exist; {label} gives the same \
             address for it"
        ))
        .known_by(
            "so does a captive portal before its login, a sinkhole, or a wildcard record in a zone \
             of the resolver's own that leads to a relay",
        )
        .owner("DNS")
        .look("ask for a name that does not exist", words::dig(invented, r.seen))
        .act(Step::local("behind a captive portal: log in there"))
        .act(
            Step::shared(
                format!(
                    "or take the wildcard or redirect for {domain} out of {label}, or fix the relay \
                     at {address}"
                ),
                format!("every client of {label}, and every name of {domain}"),
            )
            .undo("put the entry back: keep a copy of it"),
        )
        .check(words::dig(&e.dns.name, r.seen)),
    )
}
