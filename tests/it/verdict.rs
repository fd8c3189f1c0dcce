//! Never green unless proved: what a verdict rests on, taken away piece by piece.

use aoai_probe::diagnose::diagnose;
use aoai_probe::diagnosis::{Level, State, Verdict};
use serde_json::{Value, json};

use crate::fixtures::evidence;

fn verdict(change: impl FnOnce(&mut Value)) -> Verdict {
    let mut value = evidence("bases/private.json");
    change(&mut value);
    diagnose(&serde_json::from_value(value).unwrap()).verdict
}

#[test]
fn a_deployment_that_was_named_has_to_answer() {
    let not_called = verdict(|e| e["options"]["deployment"] = json!("gpt-4o"));
    assert_eq!(not_called.state, State::CannotTell, "{}", not_called.line);
    assert!(not_called.line.contains("gpt-4o was not called"), "{}", not_called.line);
    let with = |outcome: Value| {
        verdict(|e| {
            e["options"]["deployment"] = json!("gpt-4o");
            let mut call = e["http"]["value"]["calls"][0].clone();
            call["purpose"] = json!("deployment");
            call["outcome"] = outcome;
            e["http"]["value"]["calls"].as_array_mut().unwrap().push(call);
        })
    };
    for outcome in
        [json!({"kind": "silent"}), json!({"kind": "not_made", "message": "no time left"})]
    {
        let line = with(outcome.clone());
        assert_ne!(line.state, State::Works, "{outcome}: {}", line.line);
    }
}

#[test]
fn an_address_that_applications_do_not_get_proves_nothing() {
    let other = verdict(|e| {
        e["dns"]["selected"] = json!([
            {"address": "10.3.0.9", "class": "private", "effective": true},
            {"address": "10.3.0.5", "class": "private", "effective": false}
        ]);
        e["dns"]["system"]["value"]["addresses"] = json!(["10.3.0.9"]);
    });
    assert_ne!(other.state, State::Works, "{}", other.line);
}

#[test]
fn a_redirected_connection_is_named() {
    let line =
        verdict(|e| e["tcp"]["value"]["attempts"][0]["connect_to"] = json!("127.0.0.1:8443")).line;
    assert!(line.contains("(--connect-to: 127.0.0.1:8443)"), "{line}");
}

#[test]
fn a_privatelink_name_is_not_said_to_be_a_service_without_a_call() {
    let line = verdict(|e| {
        e["target"]["kind"] = json!("privatelink");
        e["http"] = json!({"state": "not_asked", "reason": "service_has_no_call"});
        e["identity"]["kind"] = json!("none");
    })
    .line;
    assert!(!line.contains("no call is made to Azure OpenAI"), "{line}");
}

/// Findings of which a note limits what a green walk proves, or concerns another client.
const LIMITS: &[&str] = &[
    "dns-aaaa-swallowed",
    "dns-edns-dropped",
    "dns-hosts-pin",
    "dns-no-private-endpoint",
    "dns-public-path",
    "dns-regional-endpoint",
    "dns-resolvers-disagree",
    "http-data-not-tested",
    "http-inference-not-tested",
    "http-list-not-offered",
    "http-long-calls",
    "http-origin-unproved",
    "http-other-callers",
    "identity-not-tested",
    "identity-withheld",
    "proxy-before-private-endpoint",
    "proxy-exempted",
    "proxy-no-proxy-dialect",
    "proxy-not-walked",
    "tcp-terminated-on-the-way",
];

#[test]
fn a_note_that_limits_a_green_walk_is_a_caveat() {
    let mut seen = std::collections::BTreeSet::new();
    for id in LIMITS {
        let folder = crate::fixtures::root().join("fixtures/findings").join(id);
        for file in std::fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let value = evidence(&format!("findings/{id}/{name}"));
            let all = diagnose(&serde_json::from_value(value).unwrap()).findings;
            let notes = all.iter().filter(|f| f.id == *id && f.level == Level::Note);
            for finding in notes {
                // One that leaves the path untested makes it CANNOT TELL instead.
                let limits = finding.caveat.is_some() || finding.untested;
                assert!(limits, "{id}/{name}: {finding:#?}");
                seen.insert(*id);
            }
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), LIMITS);
}

#[test]
fn an_address_of_the_expected_prefix_is_as_expected() {
    let at = |address: &str, prefix: &str| {
        verdict(|e| {
            let text = serde_json::to_string(e).unwrap().replace("10.3.0.5", address);
            *e = serde_json::from_str(&text).unwrap();
            e["options"]["expect"] = json!({"kind": "cidr", "prefixes": [prefix]});
        })
        .line
    };
    let public = at("11.20.0.5", "11.0.0.0/8");
    assert_eq!(public, "WORKS: through 11.20.0.5, as expected (11.0.0.0/8)");
    let private = at("10.3.0.5", "10.3.0.0/24");
    assert_eq!(private, "WORKS: privately, through 10.3.0.5, as expected (10.3.0.0/24)");
}
