//! What Azure Resource Manager adds to the findings of the path: it decides what the path can only
//! suggest, strikes out what it refutes, and fills the ids that commands need.
//!
//! A [`Witness`] changes a finding that fired. Where the control plane and the path contradict each
//! other, that is a finding of its own: a rule among the others of its hop, which reads
//! `view.azure` and to which the refuted ones yield.

pub(in crate::diagnose) mod commands;
mod fill;
mod ruling;
pub(in crate::diagnose) mod way_back;
mod witnesses;
pub(in crate::diagnose) mod zone_steps;

use super::finding::FindingBuilder;
use super::rule::Rule;
use super::view::View;
use super::view::azure::AzureView;
use crate::evidence::Evidence;
use crate::services::{self, Kind};

pub(in crate::diagnose) use ruling::{Proof, Ruling};

/// A question that a finding leaves open and Resource Manager may answer.
pub(in crate::diagnose) struct Witness {
    /// Ids of the findings that it is about.
    pub(in crate::diagnose) findings: &'static [&'static str],
    /// The answer; none where it adds nothing.
    pub(in crate::diagnose) ask: fn(&View<'_>, &AzureView<'_>) -> Option<Ruling>,
    /// What Resource Manager would say of it, as an object of "says", in one line of a report; none
    /// where another witness of the same findings says it.
    pub(in crate::diagnose) says: Option<&'static str>,
}

/// What Resource Manager would say of a finding that it may decide, where it was not asked. It knows
/// accounts, and what is around them.
pub(super) fn offer(e: &Evidence, id: &str) -> Option<String> {
    let host = e.target.host.as_str();
    let found = services::find_privatelink(host).or_else(|| services::find(host))?;
    let is_account = matches!(found.service.kind, Kind::Account | Kind::Regional);
    if e.azure.is_some() || !is_account {
        return None;
    }
    let says = witnesses::all().filter(|one| one.findings.contains(&id)).find_map(|one| one.says);
    says.map(|says| format!("with --azure, Azure itself says: {says}"))
}

/// Changes findings by what Resource Manager says, if it was asked.
pub(super) fn apply(view: &View<'_>, fired: &mut [(&'static Rule, FindingBuilder)]) {
    let Some(azure) = &AzureView::new(view) else { return };
    let late = azure.late();
    for (rule, finding) in fired {
        let rulings = witnesses::all()
            .filter(|witness| witness.findings.contains(&rule.id))
            .filter_map(|witness| (witness.ask)(view, azure));
        for ruling in rulings {
            finding.rule(match late {
                Some(seconds) => ruling.asked_late(seconds),
                None => ruling,
            });
        }
        if let Some(changes) = witnesses::changes::recent(azure).filter(|_| finding.is_broken()) {
            finding.append(changes);
        }
        finding.fill(|command| fill::filled(view, azure, command));
    }
}

#[cfg(test)]
mod tests {
    use super::{offer, witnesses};
    use crate::diagnose::rule;
    use crate::evidence::Evidence;

    fn walk(host: &str) -> Evidence {
        let base = include_str!("../../../fixtures/bases/private.json");
        let mut e: Evidence = serde_json::from_str(base).unwrap();
        e.target.host = host.to_owned();
        e
    }

    #[test]
    fn each_finding_that_azure_may_decide_says_so_in_one_line() {
        let e = walk("myacct.openai.azure.com");
        for id in witnesses::all().flat_map(|witness| witness.findings) {
            assert!(rule(id).is_some(), "{id}");
            let line = offer(&e, id).unwrap();
            assert!(line.len() <= 68, "{id}: {line}");
        }
        assert_eq!(offer(&e, "tls-expired"), None);
    }

    #[test]
    fn nothing_is_offered_where_azure_was_asked_or_knows_no_account() {
        assert_eq!(offer(&walk("myvault.vault.azure.net"), "tcp-silent"), None);
        assert_eq!(offer(&walk("proxy.corp.example"), "tcp-silent"), None);
        assert!(offer(&walk("myacct.privatelink.openai.azure.com"), "tcp-silent").is_some());
        let asked = include_str!("../../../fixtures/bases/azure.json");
        assert_eq!(offer(&serde_json::from_str(asked).unwrap(), "tcp-silent"), None);
    }
}
