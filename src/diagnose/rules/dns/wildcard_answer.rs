//! The resolver gives the same address for a name that does not exist: a captive portal, a
//! sinkhole, or a wildcard record in its own zone (fact D72).

use crate::diagnose::view::dns_experiments;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::TlsOutcome;

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED};
use super::text;

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

/// Whether the server at the address shows that it is not the service.
fn is_another_server(e: &View<'_>) -> bool {
    e.tls.value().is_some_and(|tls| match &tls.outcome {
        TlsOutcome::PlainHttp { .. } | TlsOutcome::NotTls { .. } => true,
        TlsOutcome::CertificateRejected { .. } => {
            tls.chain.first().is_some_and(|leaf| !leaf.covers_target)
        }
        _ => false,
    })
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let r = e.dns.effective_resolver()?;
    let (index, invented, address) =
        dns_experiments::wildcard_match(e, r.seen, r.outcome.addresses())?;
    if !e.dns.effective().contains(&address) {
        return None;
    }
    // A relay for every name may be intended: TLS with the service's certificate shows it. A
    // wildcard that happens to lead to the endpoint is not what drops packets on the way there.
    let own = r.seen.address.ip() == address;
    let level = match reading::proxied(e) || reading::tls_verified(e) {
        true => Level::Note,
        false if own || is_another_server(e) => Level::Broken,
        false => Level::Risk,
    };
    let label = r.label();
    let domain = invented.split_once('.').map_or(invented, |(_, domain)| domain);
    Some(
        FindingBuilder::new(
            level,
            // That the wildcard exists is proved; that it is why the path is broken is not.
            if level == Level::Broken { Confidence::Inferred } else { Confidence::Proved },
            text::clause(
                format!("{label} gives {address} for every name of {domain}"),
                format!("{label} gives {address} for every name"),
            ),
        )
        .fact(format!("{} -> {address} at {label}", e.dns.name))
        .fact(format!("{invented} -> {address} at {label}"))
        .cites(r.pointer())
        .cites(format!("/experiments/questions/{index}"))
        .reasoning(format!(
            "{invented} was made up for this check and does not exist; {label} gives the same \
             address for it"
        ))
        .reasoning(
            "a captive portal before login, a sinkhole, or a wildcard record in the resolver's own \
             zone that leads to a relay answers like this",
        )
        .owner("DNS")
        .inspect("ask for a name that does not exist", text::dig(invented, r.seen))
        .step(Step::local("behind a captive portal: log in there"))
        .step(
            Step::shared(
                format!(
                    "remove the wildcard or redirect for {domain} from {label}, or fix the \
                     relay at {address}"
                ),
                format!("every client of {label}, and every name of {domain}"),
            )
            .or()
            .undo("put the entry back: keep a copy of it"),
        )
        .check(text::dig(&e.dns.name, r.seen)),
    )
}
