use std::sync::Arc;

use super::*;
use crate::world::World;

fn inventory(names: &[&str]) -> Inventory {
    let targets = names.iter().map(|name| format!("[[target]]\ntarget = \"{name}\"\n"));
    crate::inventory::read(&targets.collect::<String>()).expect("an inventory")
}

fn setup(names: &[&str]) -> Setup {
    Setup {
        inventory: inventory(names),
        webhooks: Webhooks::default(),
        reload: Arc::new(|| Err("not here".to_owned())),
        history: None,
        history_given: false,
        walker: Arc::new(|| Walker::new(World::of_this_machine)),
        clock: Box::new(|| SystemTime::UNIX_EPOCH),
        host: "here".to_owned(),
        concurrency: 8,
    }
}

#[test]
fn a_target_that_is_removed_and_added_during_its_walk_is_scheduled_once() {
    let mut watch = Watch::start(setup(&["alpha", "beta"]), &|_, _| {}).expect("it begins");
    let name = |watch: &Watch<'_>| watch.targets.keys().next().expect("a target").clone();
    let a = name(&watch);
    let due = |watch: &Watch<'_>| watch.due.iter().filter(|(_, other)| *other == a).count();
    let old = TargetKey { name: a.clone(), generation: watch.targets[&a].generation };
    watch.due.retain(|(_, other)| *other != a);
    for names in [&["beta"][..], &["alpha", "beta"]] {
        watch.setup.inventory = inventory(names);
        watch.apply_inventory(&mut BTreeMap::new());
    }
    assert_eq!(due(&watch), 1);
    watch.walk_finished(old, Err("too late".to_owned()));
    assert_eq!((due(&watch), watch.stats.walks), (1, 0));
    let new = TargetKey { name: a.clone(), generation: watch.targets[&a].generation };
    watch.walk_finished(new, Err("in time".to_owned()));
    assert_eq!((due(&watch), watch.stats.walks), (1, 1));
}

#[test]
fn settings_that_a_reload_cannot_change_are_reported() {
    let said = std::cell::RefCell::new(Vec::new());
    let say = |text: &str, level: Level| said.borrow_mut().push((text.to_owned(), level));
    let mut setup = setup(&["alpha"]);
    setup.reload = Arc::new(|| {
        let text = "[watch]\nheartbeat = { every = \"7s\", file = \"/none/x\" }\n[watch.history]\n\
                    keep_days = 3\n[[target]]\ntarget = \"alpha\"\n";
        Ok((crate::inventory::read(text).expect("an inventory"), Webhooks::default()))
    });
    let mut watch = Watch::start(setup, &say).expect("it begins");
    let read = (watch.setup.reload)();
    watch.inventory_read(read.map(|(inventory, webhooks)| (inventory, webhooks, Vec::new())));
    let troubles: Vec<String> = said
        .borrow()
        .iter()
        .filter(|(_, level)| level.is_trouble())
        .map(|(text, _)| text.clone())
        .collect();
    let wanted = ["[watch.history]", "heartbeat.every"];
    assert_eq!(troubles, wanted.map(|what| format!("{what} has changed: restart to apply it")));
}

#[test]
fn a_slow_reload_delays_no_walk() {
    let said = std::cell::RefCell::new(Vec::new());
    let say = |text: &str, _: Level| said.borrow_mut().push(text.to_owned());
    let mut setup = setup(&["alpha"]);
    let (answer, answered) = std::sync::mpsc::channel();
    let answered = std::sync::Mutex::new(answered);
    setup.reload = Arc::new(move || {
        let names: Vec<&str> = answered
            .lock()
            .expect("no panic")
            .recv_timeout(Duration::from_secs(10))
            .map_err(|_| "the loop waited for it".to_owned())?;
        Ok((inventory(&names), Webhooks::default()))
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut watch = Watch::start(setup, &say).expect("it begins");
        // The second signal comes while the first is followed: the file is read twice.
        watch.reload();
        watch.reload();
        assert!(watch.reading.len() == 1 && watch.targets.len() == 1);
        for names in [vec!["alpha", "beta"], vec!["beta"]] {
            answer.send(names.clone()).expect("it listens");
            let read = watch.reading.next().await.expect("it is read");
            watch.inventory_read(read);
            assert_eq!(watch.targets.len(), names.len(), "{:?}", said.borrow());
        }
        assert!(watch.reading.is_empty());
    });
}
