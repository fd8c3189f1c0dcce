//! What a watch reads from a walk.

use aoai_probe::diagnose::{About, diagnose, rules};
use aoai_probe::monitor::observation::Observation;
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
fn load_and_slowness_are_not_about_the_path() {
    let words = ["-slow", "-over-limit", "-rate-limited", "-throttled", "-server-error"];
    let missing: Vec<&str> = rules::all()
        .filter(|rule| words.iter().any(|word| rule.id.ends_with(word)))
        .filter(|rule| rule.about != About::Load)
        .map(|rule| rule.id)
        .collect();
    assert!(missing.is_empty(), "{missing:?} would page for the path");
}
