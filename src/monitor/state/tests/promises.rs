//! What holds for any sequence of walks.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::*;
use super::{judged, walk};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// For any sequence: never two open incidents, every begin has one end, no page without the walks
    /// that confirm it, and a restart in between changes nothing.
    #[test]
    fn promises_hold_for_any_walks(
        walks in proptest::collection::vec(
            (proptest::char::ranges(vec!['b'..='c', 'o'..='p', 'r'..='r', 'w'..='w', 'w'..='w'].into()),
             0_i64..200_000, any::<bool>(), -1_000_000_i64..1_000_000, any::<bool>()),
            0..200),
    ) {
        let rules = Rules::default();
        let mut machine = TargetState::new("prod");
        let mut other = TargetState::new("prod");
        let (mut mono, mut open) = (0_i64, BTreeSet::new());
        let mut ids = BTreeSet::new();
        let mut states: Vec<(State, i64)> = Vec::new();
        for (letter, pause, muted, wall, restart) in walks {
            mono += pause;
            let path = judged(letter);
            states.push((path.state, mono));
            let seen = Observation { muted, ..walk(path, wall, mono) };
            let told = machine.observe(&seen, &rules);
            prop_assert_eq!(&told, &other.observe(&seen, &rules));
            if restart {
                let text = serde_json::to_string(&other).unwrap();
                let saved: TargetState = serde_json::from_str(&text).unwrap();
                other = saved.resumed(wall, mono, Duration::from_secs(60));
            }
            for event in &told {
                let Some(id) = event.incident.clone() else { continue };
                let new = event.kind == Kind::Opened && ids.insert(id.clone());
                match event.kind {
                    Kind::Opened if new => {
                        prop_assert_eq!(event.confirmed, Some(event.at));
                        prop_assert!(event.began() <= Some(event.at));
                        prop_assert!(open.insert(id), "it was open");
                        prop_assert!(open.len() <= 1, "two are open");
                    }
                    Kind::Opened => prop_assert!(!event.muted && open.contains(&id)),
                    Kind::Closed => prop_assert!(open.remove(&id), "it was not open"),
                    _ => prop_assert!(open.contains(&id)),
                }
                if new && event.severity == Severity::Page {
                    let bad = states.iter().rev().take(5).filter(|s| s.0 == State::Broken).count();
                    prop_assert!(bad >= 2, "a page from one bad walk");
                    let run: Vec<i64> = states.iter().rev()
                        .take_while(|s| s.0 == State::Broken).map(|s| s.1).collect();
                    let lasted = run.first().zip(run.last()).map_or(0, |(a, b)| a - b);
                    prop_assert!(bad >= 3 || lasted >= 120_000);
                }
            }
            let now: BTreeSet<String> = machine.open().map(|(_, i)| i.id.clone()).collect();
            prop_assert_eq!(&now, &open);
            // A track without an incident works or has no condition yet.
            let well = matches!(machine.condition(), None | Some(Condition::Works));
            prop_assert_eq!(well, open.is_empty());
        }
    }
}
