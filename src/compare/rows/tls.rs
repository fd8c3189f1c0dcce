//! The handshake and the certificate.

use crate::compare::row::{Item, Reading, Row, keyed, milliseconds, one, ordered, unordered};
use crate::evidence::tls::{Certificate, CertificateFault, Negotiated, Store, TlsHop, TlsOutcome};
use crate::evidence::{Observed, SkipReason};
use crate::render::text;
use crate::report::Report;

pub(super) const ROWS: &[Row] = &[
    Row::new("tls.outcome", "handshake", |r| outcome(&r.evidence.tls)).outcome(),
    Row::new("tls.public_roots", "verified by public roots", |r| {
        let public = hop(r)?.verdicts.iter().find(|one| one.store == Store::Public)?;
        one(verdict(public.fault.as_ref()))
    })
    .outcome(),
    Row::new("tls.store", "verified by", |r| {
        let others = hop(r)?.verdicts.iter().filter(|one| one.store != Store::Public);
        let item = |one: &crate::evidence::tls::StoreVerdict| {
            Item::new(one.store.describe(), verdict(one.fault.as_ref()))
        };
        Some(others.map(item).collect())
    }),
    Row::new("tls.accepted_by", "store that accepted it", |r| {
        one(hop(r)?.accepted_by.map_or("none", Store::describe))
    }),
    Row::new("tls.bundle", "verified by the CA bundle", |r| {
        let bundles = &hop(r)?.bundles;
        let item = |one: &crate::evidence::tls::BundleVerdict| {
            Item::new(format!("{} ({})", one.by, one.path), verdict(one.fault.as_ref()))
        };
        Some(bundles.iter().map(item).collect())
    }),
    Row::new("tls.version", "version", |r| one(negotiated(r)?.version.as_str())),
    Row::new("tls.suite", "cipher suite", |r| one(&negotiated(r)?.cipher_suite)),
    Row::new("tls.group", "key exchange group", |r| {
        one(negotiated(r)?.group.as_deref().unwrap_or("none"))
    }),
    Row::new("tls.alpn", "application protocol", |r| {
        one(negotiated(r)?.alpn.as_deref().unwrap_or("none"))
    }),
    Row::new("tls.issuer", "issuer", |r| one(&leaf(r)?.issuer)),
    Row::new("tls.subject", "subject", |r| one(&leaf(r)?.subject)),
    Row::new("tls.names", "names of the certificate", |r| unordered(&leaf(r)?.names)),
    Row::new("tls.covers", "covers the target", |r| {
        one(if leaf(r)?.covers_target { "yes" } else { "no" })
    })
    .covered_by(&["tls.names"]),
    Row::new("tls.expiry", "certificate expires", |r| one(&leaf(r)?.not_after)),
    Row::new("tls.chain", "chain above the certificate", |r| {
        let hop = hop(r)?;
        hop.chain.first()?;
        ordered(hop.chain.iter().skip(1).map(|certificate| certificate.subject.as_str()))
    }),
    Row::new("tls.root", "top of the chain is issued by", |r| one(&hop(r)?.chain.last()?.issuer))
        .covered_by(&["tls.chain"]),
    Row::new("tls.name", "name sent as SNI", |r| one(&hop(r)?.server_name))
        .covered_by(&["target.host"]),
    Row::new("tls.time", "time of the handshake", |r| milliseconds(r.evidence.tls.took_ms()))
        .jitter(100.0),
    Row::new("tls.direct", "direct handshake, next to the proxied one", |r| {
        outcome(&r.evidence.direct.value()?.tls)
    }),
    Row::new("tls.backend", "handshake with the backend", |r| {
        outcome(&r.evidence.backend.as_deref()?.tls)
    }),
    Row::new("tls.original", "handshake with the original name", |r| {
        outcome(&r.evidence.original.as_deref()?.tls)
    }),
];

fn hop(r: &Report) -> Option<&TlsHop> {
    r.evidence.tls.value()
}

fn leaf(r: &Report) -> Option<&Certificate> {
    hop(r)?.chain.first()
}

fn negotiated(r: &Report) -> Option<&Negotiated> {
    hop(r)?.negotiated.as_ref()
}

fn verdict(fault: Option<&CertificateFault>) -> String {
    match fault {
        None => "yes".to_owned(),
        Some(fault) => format!("no: {}", fault.describe()),
    }
}

/// How the handshake ended, without counts of bytes.
fn outcome(tls: &Observed<TlsHop>) -> Reading {
    match tls {
        Observed::Done { value, .. } => {
            let key = match &value.outcome {
                TlsOutcome::ConnectionLost { .. } => "connection lost".to_owned(),
                other => text::handshake(other),
            };
            keyed(text::tls_outcome(value), key)
        }
        Observed::NotAsked { reason: SkipReason::DirectPathIsPublic } => None,
        other => one(text::not_done(other).unwrap_or_default()),
    }
}
