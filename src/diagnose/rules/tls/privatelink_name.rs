//! The target is a privatelink name, which no certificate covers (facts S1, S3).

use super::session;
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::TargetKind;
use crate::evidence::tls::CertificateFault as Fault;
use crate::services::Service;

pub(super) const RULE: Rule = rule!(
    "tls-privatelink-name",
    Tls,
    "The privatelink name was used, which the certificate does not cover",
    Code(check)
)
.short("no certificate covers a privatelink name");

/// Whether the original name was walked to the same address.
fn same_address(e: &View<'_>) -> bool {
    e.original.as_deref().and_then(session::address).is_some_and(|a| Some(a) == session::address(e))
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (hop, fault) = session::rejected(e)?;
    if *fault != Fault::WrongName || e.target.kind != TargetKind::Privatelink {
        return None;
    }
    let original = match e.original.as_deref() {
        Some(walk) => walk.target.host.clone(),
        None => format!("{}.{}", reading::account(e), reading::public_suffix(e)),
    };
    let verified = e.original.as_deref().is_some_and(reading::tls_verified);
    let confidence = if verified { Confidence::Proved } else { Confidence::Inferred };
    let mut finding = session::cite_certificate(
        session::finding(
            e,
            Level::Broken,
            confidence,
            headline::fitting(&[
                format!("the name is a privatelink name; applications use {original}"),
                "the name is a privatelink name, which applications must not use".to_owned(),
            ]),
        ),
        hop,
        Some(fault),
    );
    finding = if verified {
        finding
            .reasoning(format!("{original} verifies, on the same service: only the name is wrong"))
            .cites("/original/tls")
    } else {
        finding.reasoning(format!(
            "Azure's certificates cover the public names; {} is only an alias inside DNS",
            hop.server_name
        ))
    };
    finding = finding.inspect(
        "see whether the original name leads to the same address",
        format!("dig +noall +answer {original}"),
    );
    finding = if reading::service(e).is_some_and(Service::is_account) {
        finding.step(
            Step::local("use the original name as the endpoint; DNS leads it to the address")
                .command(format!("export AZURE_OPENAI_ENDPOINT=https://{original}/"))
                .undo(format!("export AZURE_OPENAI_ENDPOINT=https://{}/", hop.server_name)),
        )
    } else {
        finding.step(
            Step::local(format!("use {original} in the application"))
                .undo("set the old name again"),
        )
    };
    Some(
        finding
            .ruled_out_if(
                verified && same_address(e),
                format!("address, route and certificate: {original} verifies at the same address"),
            )
            .ruled_out_if(
                !verified && session::public_chain(hop),
                "the certificate authority: a public one signed it, only the name is not covered",
            )
            .reasoning(session::NOTHING_SENT)
            .owner("Application")
            .check(reading::again_at(e, &original)),
    )
}
