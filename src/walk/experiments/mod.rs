//! Counter-experiments: one more question with two possible answers, put only when the
//! evidence makes it due. What is due is decided here, purely; doing it is `wire`'s.
//!
//! Nothing here sends a secret, and nothing is asked of a host that the walk would not ask.

mod handshakes;

use crate::evidence::experiment::Changed;
use crate::evidence::tls::TlsOutcome;
use crate::services;
use crate::target::Target;

pub(super) use handshakes::{Tried, handshake, seen};

/// What the walk shows while a hop is still under way, or has just ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symptom {
    /// TCP stands and the handshake has been silent for a fifth of its deadline.
    TlsSilent,
    /// The handshake was reset, closed, or refused by an alert about names or versions.
    TlsCut,
}

impl Symptom {
    /// The symptom in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Symptom::TlsSilent => "the handshake is silent for a fifth of its deadline",
            Symptom::TlsCut => "the handshake is reset, closed or refused by an alert",
        }
    }
}

/// One experiment of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Kebab-case id, as the evidence has it.
    pub id: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// The causes that its answer parts.
    pub parts: &'static str,
    /// What it costs: connections to the walked address.
    pub connections: usize,
    /// When it is due.
    pub due: &'static [Symptom],
    /// What it changes, one connection each.
    pub changes: fn(&Target) -> Vec<Changed>,
}

/// Segment sizes tried at once, so that the path MTU is bracketed: those of a bare 1500 link
/// less a little, of common tunnels (1400, 1340, 1280, 1200) and the least that IPv4 promises.
const SEGMENT_SIZES: [u16; 5] = [1360, 1300, 1240, 1160, 536];

/// Every experiment, in the order in which the table of `docs/experiments.md` lists them.
pub const EXPERIMENTS: &[Entry] = &[
    Entry {
        id: "segment-size",
        question: "does the same handshake finish in smaller segments?",
        parts: "an MTU black hole from filters and dead backends; brackets the path MTU",
        connections: SEGMENT_SIZES.len(),
        due: &[Symptom::TlsSilent],
        changes: |_| {
            SEGMENT_SIZES.iter().map(|octets| Changed::SegmentSize { octets: *octets }).collect()
        },
    },
    Entry {
        id: "small-hello",
        question: "is a ClientHello of one segment answered?",
        parts: "a middlebox that cannot take a large ClientHello from the rest",
        connections: 1,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        changes: |_| vec![Changed::SmallHello],
    },
    Entry {
        id: "control-name",
        question: "is the account's sibling name answered at the same address?",
        parts: "a filter on the name from everything that does not look at it",
        connections: 1,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        changes: |target| {
            sibling(target).map(|name| Changed::ServerName { name }).into_iter().collect()
        },
    },
    Entry {
        id: "one-version",
        question: "does the handshake finish with TLS 1.2 alone, or 1.3 alone?",
        parts: "a peer or middlebox that cannot take one version's offer",
        connections: 2,
        due: &[Symptom::TlsCut],
        changes: |_| {
            ["TLS 1.2", "TLS 1.3"]
                .iter()
                .map(|version| Changed::OnlyVersion { version: (*version).to_owned() })
                .collect()
        },
    },
];

/// The experiments that a symptom makes due, each with the changes to make.
#[must_use]
pub fn due(symptom: Symptom, target: &Target) -> Vec<(&'static str, Changed)> {
    EXPERIMENTS
        .iter()
        .filter(|entry| entry.due.contains(&symptom))
        .flat_map(|entry| (entry.changes)(target).into_iter().map(|changed| (entry.id, changed)))
        .collect()
}

/// The symptom of a handshake that has ended, if it is one.
#[must_use]
pub fn symptom(outcome: &TlsOutcome) -> Option<Symptom> {
    match outcome {
        TlsOutcome::Reset | TlsOutcome::Closed => Some(Symptom::TlsCut),
        TlsOutcome::Alert { description } => matches!(
            description.as_str(),
            "handshake_failure" | "unrecognized_name" | "protocol_version" | "internal_error"
        )
        .then_some(Symptom::TlsCut),
        _ => None,
    }
}

/// The account's name under another suffix of the same resource (facts D2, D4): a name of its
/// owner, which the same front end knows.
#[must_use]
pub fn sibling(target: &Target) -> Option<String> {
    let account = target.seen.account.as_deref()?;
    let own = target.seen.public_suffix.as_deref()?;
    let cloud = target.service()?.cloud;
    let family = ["openai", "cognitiveservices", "aiservices"];
    if !family.contains(&target.service()?.id) {
        return None;
    }
    services::SERVICES
        .iter()
        .filter(|service| service.cloud == cloud && family.contains(&service.id))
        .flat_map(|service| service.suffixes)
        .map(|(suffix, _)| *suffix)
        .find(|suffix| *suffix != own)
        .map(|suffix| format!("{account}.{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symptom_makes_its_experiments_due_and_no_others() {
        let target = Target::parse("myacct", None).unwrap();
        let ids = |symptom| {
            let mut ids: Vec<&str> = due(symptom, &target).iter().map(|(id, _)| *id).collect();
            ids.dedup();
            ids
        };
        assert_eq!(ids(Symptom::TlsSilent), ["segment-size", "small-hello", "control-name"]);
        assert_eq!(ids(Symptom::TlsCut), ["small-hello", "control-name", "one-version"]);
        for (outcome, wanted) in [
            (TlsOutcome::Verified, None),
            (TlsOutcome::Reset, Some(Symptom::TlsCut)),
            (TlsOutcome::Closed, Some(Symptom::TlsCut)),
            (TlsOutcome::Alert { description: "bad_certificate".into() }, None),
            (TlsOutcome::PlainHttp { first_line: String::new() }, None),
        ] {
            assert_eq!(symptom(&outcome), wanted, "{outcome:?}");
        }
    }

    #[test]
    fn the_control_name_is_the_accounts_own() {
        let name = |typed| sibling(&Target::parse(typed, None).unwrap());
        assert_eq!(name("myacct").as_deref(), Some("myacct.cognitiveservices.azure.com"));
        assert_eq!(name("a.services.ai.azure.com").as_deref(), Some("a.openai.azure.com"));
        assert_eq!(name("a.openai.azure.us").as_deref(), Some("a.cognitiveservices.azure.us"));
        assert_eq!(name("v.vault.azure.net"), None);
        assert_eq!(name("gateway.corp.example"), None);
    }

    #[test]
    fn the_catalogue_counts_its_connections() {
        let target = Target::parse("myacct", None).unwrap();
        for entry in EXPERIMENTS {
            assert_eq!((entry.changes)(&target).len(), entry.connections, "{}", entry.id);
        }
    }
}
