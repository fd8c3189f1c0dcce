//! What a watch reads from a walk.

use aoai_probe::diagnose::{self, diagnose, rules};
use aoai_probe::monitor::observation::{Observation, SERVICE};
use aoai_probe::report::Report;

use crate::fixtures::evidence;

fn observed(fixture: &str) -> Observation {
    let evidence = serde_json::from_value(evidence(fixture)).unwrap();
    let diagnosis = diagnose(&evidence);
    Observation::of("prod", &Report::new(evidence, diagnosis), 0, 0, false)
}

#[test]
fn the_end_of_a_certificate_is_read_unless_an_inspection_product_made_it() {
    let certificate = |of| observed(&format!("findings/tls-expires-soon/{of}.json")).certificate;
    let seen = certificate("fires-nine-days").unwrap();
    assert_eq!((seen.days_left, seen.fewer_than), (9, None));
    let limited = certificate("fires-limit-of-sixty-days").unwrap();
    assert_eq!(limited.fewer_than, Some(60));
    // A new one with each session, for days: a ticket a walk.
    assert_eq!(certificate("quiet-inspection"), None);
}

/// 429, 5xx and slowness are the service's, whatever rules come.
#[test]
fn load_and_slowness_are_kept_apart_from_the_path() {
    for id in SERVICE {
        assert!(diagnose::rule(id).is_some(), "{id} is no rule");
    }
    let words = ["-slow", "-over-limit", "-rate-limited", "-throttled", "-server-error"];
    let of_service = |id: &&str| words.iter().any(|word| id.ends_with(word));
    let apart: Vec<&str> = rules::all().map(|rule| rule.id).filter(of_service).collect();
    let missing: Vec<&&str> = apart.iter().filter(|id| !SERVICE.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?} would page for the path");
}
