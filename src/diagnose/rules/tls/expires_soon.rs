//! The certificate verifies and ends within a fortnight, or within the inventory's days.

use super::{products, session};
use crate::diagnose::{Because, Rule, View, reading, timing};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule =
    rule!("tls-expires-soon", Tls, "The certificate expires soon", Code(check))
        .about(crate::diagnose::About::Expiry);

/// Days before the end of validity from which on it is said, where no inventory says another
/// number.
const SOON_DAYS: i64 = 14;

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw().filter(|hop| hop.outcome == TlsOutcome::Verified)?;
    let leaf = hop.chain.first()?;
    // Inspection products sign leaves that live for about 14 days, for each session anew
    // (fact S11): their end tells nothing.
    let asked = e.asked.limits.certificate_days.map(i64::from);
    // So do companies' own, under names that nobody knows.
    let always = leaf.is_young() && asked.is_none();
    let soon = (0..asked.unwrap_or(SOON_DAYS)).contains(&leaf.days_left);
    if !soon || always || products::product(hop).is_some() {
        return None;
    }
    Some(
        session::certificate(
            session::finding(
                e,
                Level::Risk,
                Sure::Proved,
                session::clause(
                    e,
                    &format!(
                        "shows a certificate that ends in {}, on {}",
                        timing::days(leaf.days_left.unsigned_abs()),
                        timing::day(&leaf.not_after)
                    ),
                ),
            ),
            hop,
            None,
        )
        .known_by(format!(
            "its notAfter, {}, by this machine's clock {}",
            leaf.not_after, e.started
        ))
        .owner(session::server_owner(e))
        .act(if session::azure_issuer(leaf) && e.target.public_suffix.is_some() {
            Step::look(
                "Azure renews its certificates in time; look again in some days, and see that no \
                 gateway in front serves a stale copy",
            )
        } else {
            session::new_certificate(e, "renew")
        })
        .check(reading::again(e)),
    )
}
