//! The chain is accepted by this machine's own store and by no public root (fact S13):
//! applications with roots of their own fail.

use super::untrusted_issuer::{exempt, outermost, trust_in_clients};
use super::{authorities, azure_chain, products, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};
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

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw()?;
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
    let mut because = session::certificate(
        session::finding(e, Level::Risk, Sure::Proved, session::clause(e, &does)),
        hop,
        None,
    )
    .known_by(
        "this machine's store accepts the chain and the public roots do not: clients with \
         bundled roots (Python certifi, the JDK, Node, rustls) fail where browsers and curl work",
    );
    if session::verifies_directly(e) {
        because = because.known_by(
            "directly the same name shows a certificate of a public root: the proxy replaces it",
        );
    } else if let Some(authority) = azure {
        because = because.known_by(azure_chain::missing(authority)).known_by(azure_chain::A_CLAIM);
    } else if e.target.public_suffix.is_some() {
        because = because.known_by(
            "certificates of Azure lead to public roots: something on the way replaces this one",
        );
    }
    let owner = if azure.is_some() { "Server (roots of the clients)" } else { "Security" };
    because = match e.asked.trust {
        Trust::Public => because
            .known_by("the credential was not sent: whoever signed this would read it")
            .owner(owner)
            .look(
                "make the authenticated call all the same, where this authority is meant to read it",
                reading::again_with(e, "--trust system"),
            ),
        Trust::System => because.owner(owner),
    };
    because = match azure {
        Some(authority) => azure_chain::renew_roots(because, e, authority),
        None => because
            .look("see the chain that is sent", session::s_client(e, "-showcerts"))
            .act(exempt(&hop.server_name, ""))
            .act(trust_in_clients("or give")),
    };
    Some(session::beside_the_proxy(because, e).check(reading::again(e)))
}
