//! Faults of a certificate whose findings differ in data alone: a row each.

use super::issuer::{Unknown, unknown};
use super::untrusted_issuer::{exempt, trust};
use super::{authorities, azure_chain, products, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tls::{CertificateFault as Fault, TlsHop};

/// A fault of the certificate.
pub(in crate::diagnose) struct Row {
    /// What the rejected session shows, where it is this fault.
    shows: fn(&View<'_>, &TlsHop, &Fault) -> Option<Shown>,
    /// Whether the account's sibling name, at the same address, is part of the evidence.
    with_sibling: bool,
    owner: fn(&View<'_>, &TlsHop) -> &'static str,
    /// What to do.
    advice: fn(FindingBuilder, &View<'_>, &TlsHop) -> FindingBuilder,
}

/// What a rejected session shows.
struct Shown {
    confidence: Confidence,
    /// What the peer does: `shows a self-signed certificate`.
    does: String,
    reasoning: Vec<String>,
}

impl Shown {
    fn new(confidence: Confidence, does: impl Into<String>, reasoning: impl Into<String>) -> Self {
        Self { confidence, does: does.into(), reasoning: vec![reasoning.into()] }
    }

    fn and(mut self, sentence: Option<String>) -> Self {
        self.reasoning.extend(sentence);
        self
    }
}

/// The finding of a row, where the session was rejected for its fault.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<FindingBuilder> {
    let (hop, fault) = session::rejected(e)?;
    let shown = (row.shows)(e, hop, fault)?;
    // A self-signed certificate may be rejected for being a CA; its issuer is the fault.
    let main = if unknown(e).is_some() { &Fault::UnknownIssuer } else { fault };
    let finding = session::broken(e, shown.confidence, &shown.does).cites("/tls/value/outcome");
    let mut finding = session::cite_certificate(finding, hop, Some(main));
    for sentence in shown.reasoning {
        finding = finding.reasoning(sentence);
    }
    if row.with_sibling {
        finding = session::cite_sibling(finding, e);
    }
    finding = finding.reasoning(session::NOTHING_SENT).owner((row.owner)(e, hop));
    finding = (row.advice)(finding, e, hop);
    Some(session::with_proxy_bypass(finding, e).check(reading::again(e)))
}

pub(super) const SELF_SIGNED: Rule = rule!(
    "tls-self-signed",
    Tls,
    "The certificate is self-signed",
    Certificate(&Row {
        shows: self_signed,
        with_sibling: false,
        owner: |e, _| session::owner(e),
        advice: |finding, e, _| {
            finding
                .inspect("see the certificate", session::s_client(e, "-showcerts"))
                .step(Step::inspect(format!("see which server answers at {}", session::peer(e))))
                .step(
                    Step::shared(
                        "if it is your own gateway, give it a certificate from a certificate \
                         authority",
                        "every client of the gateway",
                    )
                    .undo("put back the copy of the old certificate and its key"),
                )
        },
    })
);

/// No authority signed the server's only certificate (fact S10).
fn self_signed(e: &View<'_>, hop: &TlsHop, _: &Fault) -> Option<Shown> {
    unknown(e).filter(|(_, why)| *why == Unknown::SelfSigned)?;
    let leaf = hop.chain.first()?;
    let product =
        products::product(hop).map(|product| format!("its issuer claims to be {}", product.name));
    let azure = e.target.public_suffix.is_some().then(|| {
        "Azure services never use one: another machine has this address, or a gateway or \
         inspecting device answers in its place"
            .to_owned()
    });
    let same = format!("its subject and issuer are the same, {}, and no other came", leaf.subject);
    Some(
        Shown::new(Confidence::Proved, "shows a self-signed certificate", same)
            .and(product)
            .and(azure),
    )
}

pub(super) const INVALID: Rule = rule!(
    "tls-certificate-invalid",
    Tls,
    "The certificate is revoked, wrongly signed, or not made for a server",
    Certificate(&Row {
        shows: invalid,
        with_sibling: false,
        owner: |e, hop| match is_copied(e, hop) {
            true => "Security",
            false => session::server_owner(e),
        },
        advice: |finding, e, _| {
            finding
                .inspect(
                    "see the certificate in full",
                    format!(
                        "{} 2>/dev/null | openssl x509 -noout -text",
                        session::s_client(e, "-showcerts")
                    ),
                )
                .step(session::new_certificate(e, "replace"))
        },
    })
);

fn invalid(e: &View<'_>, hop: &TlsHop, fault: &Fault) -> Option<Shown> {
    let (does, means) = match fault {
        Fault::Revoked => {
            ("shows a revoked certificate", "its authority revoked it before it expired".to_owned())
        }
        Fault::BadSignature => (
            "shows a certificate with a wrong signature",
            "the key of the issuer named in it did not sign it: it is forged or damaged, or the \
             issuer has a new key under the old name"
                .to_owned(),
        ),
        Fault::Other { message } if unknown(e).is_none() => (
            "shows a certificate that is not fit for a server",
            format!("its purpose, form or an extension forbids it: {message}"),
        ),
        _ => return None,
    };
    let copied = is_copied(e, hop).then(|| {
        "its issuers have the names of Azure's own authorities, and the root of that name did not \
         sign them: a device on the way may copy the names"
            .to_owned()
    });
    Some(
        Shown::new(Confidence::Proved, does, means)
            .and(copied)
            .and(hop.chain.first().and_then(|leaf| session::not_azures(e, leaf))),
    )
}

/// Whether the chain has the names of Azure's authorities and not their signature.
fn is_copied(e: &View<'_>, hop: &TlsHop) -> bool {
    session::rejected(e).is_some_and(|(_, fault)| *fault == Fault::BadSignature)
        && authorities::of_azure(hop).is_some()
}

pub(super) const INTERCEPTION: Rule = rule!(
    "tls-interception",
    Tls,
    "An inspection product replaces the certificate",
    Certificate(&Row {
        shows: intercepted,
        with_sibling: true,
        owner: |_, _| "Security",
        advice: |finding, e, hop| {
            let product = products::product(hop).map_or("the product", |product| product.name);
            trust(finding, e, exempt(&hop.server_name, &format!("in {product}: ")))
        },
    })
)
.short("the issuer claims to be an inspection product");

/// The issuer names a product that ends TLS sessions and signs its own certificates (facts
/// S10-S13).
fn intercepted(e: &View<'_>, _: &TlsHop, _: &Fault) -> Option<Shown> {
    let (_, Unknown::Product(product)) = unknown(e)? else { return None };
    let replaced = session::verifies_directly(e);
    let confidence = if replaced { Confidence::Proved } else { Confidence::Inferred };
    Some(
        Shown::new(
            confidence,
            format!("shows a certificate whose issuer claims to be {}", product.name),
            format!(
                "the issuer calls itself {}, a product that decrypts TLS sessions and signs its \
                 own certificates; none of the roots in use has signed for it",
                product.name
            ),
        )
        .and(replaced.then(|| session::PROXY_REPLACES.to_owned())),
    )
}

pub(super) const INTERNAL: Row = Row {
    shows: internal,
    with_sibling: true,
    owner: |_, _| "Azure platform",
    advice: |finding, e, _| {
        finding.inspect("see the chain that is sent", session::s_client(e, "-showcerts")).step(
            Step::inspect(
                "see Azure Service Health for the region, and open a support request with the \
                 chain and the time",
            ),
        )
    },
};

/// A certificate of one of Microsoft's internal authorities (fact X9).
fn internal(e: &View<'_>, hop: &TlsHop, _: &Fault) -> Option<Shown> {
    unknown(e).filter(|(_, why)| *why == Unknown::Internal)?;
    let issuer = authorities::internal(hop).unwrap_or("AME");
    Some(
        Shown::new(
            Confidence::Inferred,
            format!("shows a certificate of {issuer}, internal to Microsoft by its name"),
            "the authorities under AME sign for Microsoft's own machines: where such a certificate \
             reaches the public, the service was deployed with the wrong one",
        )
        .and(Some(azure_chain::A_CLAIM.to_owned()))
        .and(Some(
            "clients outside Microsoft do not have that root, and must not be given it".to_owned(),
        )),
    )
}
