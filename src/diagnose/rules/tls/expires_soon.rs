//! The certificate verifies and expires within two weeks, or within the days that the inventory
//! sets.

use super::{products, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading, timing};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule =
    rule!("tls-expires-soon", Tls, "The certificate expires soon", Code(check))
        .about(crate::diagnose::About::Expiry);

/// Days before the expiry from which on it is reported, where no inventory sets another number.
const SOON_DAYS: i64 = 14;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tls.value().filter(|hop| hop.outcome == TlsOutcome::Verified)?;
    let leaf = hop.chain.first()?;
    // Inspection products sign a new leaf for each session, valid for about 14 days (fact S11): its
    // expiry means nothing.
    let asked = e.options.limits.certificate_days.map(i64::from);
    // So do companies' own products, under unknown names.
    let always = leaf.is_young() && asked.is_none();
    let soon = (0..asked.unwrap_or(SOON_DAYS)).contains(&leaf.days_left);
    if !soon || always || products::product(hop).is_some() {
        return None;
    }
    Some(
        session::cite_certificate(
            session::finding(
                e,
                Level::Risk,
                Confidence::Proved,
                session::clause(
                    e,
                    &format!(
                        "has a certificate expiring in {}, on {}",
                        timing::days(leaf.days_left.unsigned_abs()),
                        timing::day(&leaf.not_after)
                    ),
                ),
            ),
            hop,
            None,
        )
        .reasoning(format!(
            "its notAfter, {}, by this machine's clock {}",
            leaf.not_after, e.started
        ))
        .owner(session::server_owner(e))
        .step(if session::azure_issuer(leaf) && e.target.public_suffix.is_some() {
            Step::inspect(
                "Azure renews its certificates in time; check again in some days, and check that no \
                 gateway in front serves an old copy",
            )
        } else {
            session::new_certificate(e, "renew")
        })
        .check(reading::again(e)),
    )
}
