//! `watch`, `serve` and `check` with a bug: reading this machine panics at some calls. Cargo leaves
//! panics of its test programs as they are, whatever the profile says; this one is built as the
//! released program is. `tests/it/panics.rs` drives it:
//!
//! ```sh
//! panic watch|serve CONFIG FIRST LAST
//! panic check RESOLVER 0 0
//! ```
//!
//! The calls from FIRST to LAST panic.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test's own program, for whose mistakes a panic will do"
)]

use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use aoai_probe::args::Cli;
use aoai_probe::inventory::{self, Inventory};
use aoai_probe::monitor::serve::{Server, bind};
use aoai_probe::monitor::signals::Signals;
use aoai_probe::monitor::walker::Walker;
use aoai_probe::monitor::watch::{self, Setup, Webhooks};
use aoai_probe::world::World;
use aoai_probe::{panics, run};
use clap::Parser;

static CALLS: AtomicU32 = AtomicU32::new(0);

/// Reads this machine, or panics with what nothing may repeat.
fn look(bad: &RangeInclusive<u32>) -> World {
    let call = CALLS.fetch_add(1, Ordering::SeqCst) + 1;
    assert!(!bad.contains(&call), "canary: the message may hold a secret");
    World::of_this_machine()
}

fn main() -> ExitCode {
    panics::install(|bug| eprintln!("{}", bug.report()));
    let words: Vec<String> = std::env::args().collect();
    let [_, command, config, first, last] = words.as_slice() else {
        panic!("panic watch|serve|check CONFIG FIRST LAST");
    };
    let bad = first.parse().unwrap()..=last.parse().unwrap();
    let run = || match command.as_str() {
        "watch" => watch(read(config), bad),
        "serve" => serve(read(config), bad),
        _ => check(config),
    };
    panics::program(run).map_or(ExitCode::from(run::BUG), ExitCode::from)
}

fn read(config: &str) -> Inventory {
    inventory::read(&std::fs::read_to_string(config).unwrap()).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn watch(inventory: Inventory, bad: RangeInclusive<u32>) -> u8 {
    let setup = Setup {
        inventory,
        webhooks: Webhooks::default(),
        reload: Arc::new(|| Err("not here".to_owned())),
        history: None,
        history_given: false,
        walker: Arc::new(move || {
            let bad = bad.clone();
            Walker::new(move || look(&bad))
        }),
        clock: Box::new(SystemTime::now),
        host: "lab".to_owned(),
        concurrency: 8,
    };
    runtime().block_on(watch::watch(setup, &|line, _| println!("{line}"))).unwrap();
    0
}

fn serve(inventory: Inventory, bad: RangeInclusive<u32>) -> u8 {
    let settings = inventory.serve.clone();
    runtime().block_on(async {
        let listener = bind(settings.listen).unwrap();
        println!("{}", listener.local_addr().unwrap());
        let mut signals = Signals::new().unwrap();
        let server = Server::start(inventory, &settings, Arc::new(move || look(&bad))).unwrap();
        let next = async || signals.next().await;
        server.run(listener, next, || Err("not here".to_owned()), |line| eprintln!("{line}")).await;
    });
    0
}

/// One walk, at the end of time: a second later there is no clock.
fn check(resolver: &str) -> u8 {
    let words = ["aoai-probe", "--resolver", resolver, "--credential", "none", "myacct"];
    let arguments = Cli::parse_from(words).check;
    let last = SystemTime::UNIX_EPOCH + Duration::new(i64::MAX as u64, 999_999_999);
    let world = World { now: last, ..World::of_this_machine() };
    let done = run::check_in(&arguments, world, run::Terminal::default(), &|_| {}).unwrap();
    print!("{}", done.out);
    done.status
}
