//! Never green unless proved: what a verdict rests on, taken away piece by piece.

use aoai_probe::diagnose::diagnose;
use aoai_probe::diagnosis::{State, Verdict};
use serde_json::{Value, json};

use crate::fixtures::evidence;

fn verdict(change: impl FnOnce(&mut Value)) -> Verdict {
    let mut value = evidence("bases/private.json");
    change(&mut value);
    diagnose(&serde_json::from_value(value).unwrap()).verdict
}

#[test]
fn a_deployment_that_was_named_has_to_answer() {
    let not_called = verdict(|e| e["asked"]["deployment"] = json!("gpt-4o"));
    assert_eq!(not_called.state, State::CannotTell, "{}", not_called.line);
    assert!(not_called.line.contains("gpt-4o was not called"), "{}", not_called.line);
    let with = |outcome: Value| {
        verdict(|e| {
            e["asked"]["deployment"] = json!("gpt-4o");
            let mut call = e["http"]["saw"]["calls"][0].clone();
            call["purpose"] = json!("deployment");
            call["outcome"] = outcome;
            e["http"]["saw"]["calls"].as_array_mut().unwrap().push(call);
        })
    };
    for outcome in [json!({"kind": "silent"}), json!({"kind": "not_made", "says": "no time left"})]
    {
        let line = with(outcome.clone());
        assert_ne!(line.state, State::Works, "{outcome}: {}", line.line);
    }
}

#[test]
fn an_address_that_applications_do_not_get_proves_nothing() {
    let other = verdict(|e| {
        e["dns"]["walked"] = json!([
            {"address": "10.3.0.9", "class": "private", "counts": true},
            {"address": "10.3.0.5", "class": "private", "counts": false}
        ]);
        e["dns"]["system"]["saw"]["addresses"] = json!(["10.3.0.9"]);
    });
    assert_ne!(other.state, State::Works, "{}", other.line);
}

#[test]
fn a_redirected_connection_is_named() {
    let line = verdict(|e| e["tcp"]["saw"]["attempts"][0]["detour"] = json!("127.0.0.1:8443")).line;
    assert!(line.contains("(--connect-to: 127.0.0.1:8443)"), "{line}");
}

#[test]
fn a_privatelink_name_is_not_said_to_be_a_service_without_a_call() {
    let line = verdict(|e| {
        e["target"]["kind"] = json!("privatelink");
        e["http"] = json!({"state": "not_asked", "by": "service_has_no_call"});
        e["identity"]["kind"] = json!("none");
    })
    .line;
    assert!(!line.contains("no call is made to Azure OpenAI"), "{line}");
}
