//! A bug of ours, met with a secret in hand: its place is said, never its message.

use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::mpsc;

use aoai_probe::panics::Bug;
use aoai_probe::secret::Secret;

const CANARY: &str = "canary-in-hand-9f8e7d6c5b4a";

/// A failure with a secret in it.
fn failed<T>(with: T) -> Result<(), T> {
    Err(with)
}

#[test]
fn a_panic_says_its_place_and_nothing_of_its_message() {
    let bugs: [fn(); 4] = [
        || panic!("the token is {CANARY}"),
        || std::panic::panic_any(CANARY.to_owned()),
        || failed(CANARY.to_owned()).unwrap(),
        || failed(Secret::new(CANARY.to_owned())).expect(CANARY),
    ];
    let (tell, told) = mpsc::channel();
    let own = std::thread::current().id();
    // The hook is the process's: other tests' panics keep theirs.
    let before = std::sync::Arc::new(take_hook());
    let others = std::sync::Arc::clone(&before);
    set_hook(Box::new(move |info| match std::thread::current().id() == own {
        true => {
            let _ = tell.send((Bug::of(info).to_string(), info.to_string()));
        }
        false => others(info),
    }));
    for bug in bugs {
        assert!(catch_unwind(bug).is_err());
    }
    drop(take_hook());
    set_hook(Box::new(move |info| before(info)));
    let said: Vec<(String, String)> = told.try_iter().collect();
    assert_eq!(said.len(), 4);
    for (ours, _) in &said {
        assert!(!ours.contains("canary"), "{ours}");
        assert!(ours.contains("a bug of ours at ") && ours.contains(".rs:"), "{ours}");
    }
    // Else the test would prove nothing.
    assert!(said.iter().filter(|(_, whole)| whole.contains(CANARY)).count() >= 3, "{said:?}");
}
