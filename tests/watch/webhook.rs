//! Webhooks that take, hang, fail, send elsewhere or cannot be trusted.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::path::{CANARY, Path443};
use crate::receiver::{Answers, next, receiver};
use crate::watching::Watching;

#[test]
fn a_webhook_that_hangs_fails_or_redirects_delays_nothing() {
    let path = Path443::new();
    let hangs_first = |number| match number {
        0 => Answers::Hangs,
        1 => Answers::Status(503),
        2 => Answers::Redirect,
        _ => Answers::Status(204),
    };
    let (hook, calls) = receiver(hangs_first);
    let file = path.file("url");
    std::fs::write(&file, format!("http://{hook}/{CANARY}\n")).unwrap();
    let more = format!("webhook = {{ url_file = {file:?}, shape = \"slack\", timeout = \"1s\" }}");
    let mut watch = path.watch(&path.inventory(&["prod"], &more));
    path.broken.store(true, Ordering::SeqCst);
    watch.message("prod: BROKEN");
    let (_, body) = next(&calls);
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("page: prod: BROKEN at tls (tls-closed)"), "{text}");
    let walked = path.connections.load(Ordering::SeqCst);
    watch.message("webhook: no answer within 1 s; retrying");
    next(&calls);
    next(&calls);
    watch.message("webhook: HTTP 307: a redirect, which is not followed");
    assert!(path.connections.load(Ordering::SeqCst) > walked, "walks went on meanwhile");
    path.broken.store(false, Ordering::SeqCst);
    let (called, body) = next(&calls);
    assert!(called.contains(CANARY), "nothing was followed: {called}");
    assert!(body["text"].as_str().unwrap().starts_with("over: prod: WORKS again"), "{body}");
    let (status, _, said) = watch.ended_by("-TERM");
    assert!(status.success(), "{said}");
}

#[test]
fn a_webhook_can_be_tested_before_an_incident() {
    let path = Path443::new();
    let config = path.inventory(&["prod"], "webhook = { url_variable = \"HOOK\" }");
    let (hook, calls) = receiver(|number| Answers::Status([200, 404][number]));
    for (status, said) in [(0, "the test was accepted"), (2, "the test was not accepted: HTTP 404")]
    {
        let mut command = path.command(&config);
        command.arg("--test-webhook").env("HOOK", format!("http://{hook}/{CANARY}"));
        let output = command.output().unwrap();
        let shown = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(status), "{shown}");
        assert!(shown.contains(said) && !shown.contains(CANARY), "{shown}");
        assert_eq!(next(&calls).1["kind"], "test");
    }
    let mut command = path.command(&path.inventory(&["prod"], ""));
    let output = command.arg("--test-webhook").output().unwrap();
    assert_eq!(output.status.code(), Some(64), "there is none to test");
    assert_eq!(path.connections.load(Ordering::SeqCst), 0, "nothing was walked");
}

#[test]
fn a_webhook_whose_certificate_is_not_trusted_receives_nothing() {
    let path = Path443::new();
    let config = path.inventory(&["prod"], "webhook = { url_variable = \"HOOK\" }");
    let mut command = path.command(&config);
    // The lab's own server: the root of its chain is not trusted here.
    command.env("HOOK", format!("https://localhost:{}/{CANARY}", path.endpoint.port()));
    path.broken.store(true, Ordering::SeqCst);
    let mut watch = Watching::begin(command);
    watch.message("webhook: its certificate is not accepted; retrying");
    let (status, took, _) = watch.ended_by("-TERM");
    assert!(status.success() && took < Duration::from_secs(2), "{status} {took:?}");
    let mut received = path.lab.received.requests();
    received.push(path.lab.received.open());
    let secret = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(CANARY);
    assert!(!received.iter().any(secret), "the URL went to who is not trusted");
    // It is sent after the next start.
    assert_eq!(path.sqlite3("SELECT count(*) FROM events WHERE pending"), "1");
    let (hook, calls) = receiver(|_| Answers::Status(200));
    let mut command = path.command(&config);
    command.env("HOOK", format!("http://{hook}/{CANARY}"));
    let watch = Watching::begin(command);
    assert_eq!(next(&calls).1["kind"], "opened");
    drop(watch.ended_by("-TERM"));
    assert_eq!(path.sqlite3("SELECT count(*) FROM events WHERE pending"), "0");
}

#[test]
fn a_heartbeat_is_called_while_the_watch_works() {
    let path = Path443::new();
    let (hook, calls) = receiver(|number| match number {
        1 => Answers::Hangs,
        2 | 3 => Answers::Status(500),
        _ => Answers::Status(200),
    });
    let more = "heartbeat = { url_variable = \"HOOK\", every = \"1s\" }";
    let mut command = path.command(&path.inventory(&["prod"], more));
    command.env("HOOK", format!("http://{hook}/{CANARY}"));
    path.broken.store(true, Ordering::SeqCst);
    let mut watch = Watching::begin(command);
    let (called, body) = next(&calls);
    assert!(called.starts_with(&format!("POST /{CANARY} ")), "{called}");
    assert_eq!((&body["kind"], &body["version"]), (&"heartbeat".into(), &"1.1".into()));
    assert_eq!(body["watch"]["targets"], 1);
    next(&calls);
    // A receiver that hangs gets the next one when its time is over; walks do not wait for it.
    watch.message("prod: BROKEN");
    watch.message("heartbeat: no answer within 10 s");
    next(&calls);
    next(&calls);
    let (_, body) = next(&calls);
    assert_eq!(body["watch"]["open_incidents"]["page"], 1, "{body}");
    watch.message("heartbeat: the call succeeds again");
    let (status, took, said) = watch.ended_by("-TERM");
    assert!(status.success() && took < Duration::from_secs(2), "{status} {took:?}");
    assert_eq!(said.matches("the next one will be sent").count(), 1, "{said}");
    assert!(!said.contains("webhook:"), "no other webhook is called: {said}");
}
