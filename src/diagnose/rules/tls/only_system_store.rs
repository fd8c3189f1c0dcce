//! This machine's own store accepts the chain and no public root does (fact S13): applications that
//! bring their own roots fail.

use super::untrusted_issuer::{exempt, outermost, trust_in_clients};
use super::{authorities, azure_chain, ca_bundles, products, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Trust;
use crate::evidence::tls::{Store, TlsOutcome};

pub(super) const RULE: Rule = rule!(
    "tls-only-system-store",
    Tls,
    "Only this machine's own store accepts the certificate",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.explains(&["identity-withheld"])
.short("only this machine's own store accepts the chain");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tls.value()?;
    let refused_publicly =
        hop.verdicts.iter().any(|v| v.store == Store::Public && v.fault.is_some());
    if hop.outcome != TlsOutcome::Verified
        || hop.accepted_by != Some(Store::System)
        || !refused_publicly
    {
        return None;
    }
    let issuer = outermost(hop);
    let does = match products::product(hop) {
        Some(product) => {
            format!(
                "shows a chain that claims to be {}'s; only this machine trusts it",
                product.name
            )
        }
        None => format!("shows a certificate of {issuer}, which only this machine trusts"),
    };
    let azure = authorities::of_azure(hop);
    let mut finding = session::cite_certificate(
        session::finding(e, Level::Risk, Confidence::Proved, session::clause(e, &does)),
        hop,
        None,
    )
    .reasoning(format!(
        "this machine's store accepts the chain and the public roots do not: clients with bundled \
         roots (Python certifi, the JDK, Node, rustls) fail where {} work",
        match ca_bundles::of_the_store(hop) {
            ca_bundles::ALL_OF_THE_STORE => "browsers and curl",
            some => some,
        }
    ));
    if session::verifies_directly(e) {
        finding = finding.reasoning(
            "on the direct path the same name shows a certificate of a public root: the proxy \
             replaces it",
        );
    } else if let Some(authority) = azure {
        finding =
            finding.reasoning(azure_chain::missing(authority)).reasoning(azure_chain::A_CLAIM);
    } else if e.target.public_suffix.is_some() {
        finding = finding.reasoning(
            "Azure's certificates lead to public roots: something on the way replaces this one",
        );
    }
    let owner = if azure.is_some() { "Server (roots of the clients)" } else { "Security" };
    finding = match e.options.trust {
        Trust::Public => finding
            .reasoning("the credential was not sent: the signer of this certificate would read it")
            .owner(owner)
            .inspect(
                "make the authenticated call anyway, if this authority is allowed to read it",
                reading::again_with(e, "--trust system"),
            ),
        Trust::System => finding.owner(owner),
    };
    finding = match azure {
        Some(authority) => azure_chain::renew_roots(finding, e, authority),
        None => finding
            .inspect("see the chain that is sent", session::s_client(e, "-showcerts"))
            .step(exempt(&hop.server_name, ""))
            .step(trust_in_clients().or()),
    };
    Some(session::with_proxy_bypass(finding, e).check(reading::again(e)))
}
