//! What a walk costs in a process that makes many of them, as `serve` and `watch` do: processor
//! time a walk, one after the other, against servers in processes of their own.
//!
//!     sh benches/walks.sh [WALKS]
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a measurement: it speaks, and reads its own files"
)]

use aoai_probe::credential::ways::Machine;
use aoai_probe::credential::{Choice, Credential, Request};
use aoai_probe::diagnose::diagnose;
use aoai_probe::report::Report;
use aoai_probe::target::Target;
use aoai_probe::walk::plan::Plan;
use aoai_probe::walk::walk;
use aoai_probe::wire::roots::ExtraRoots;
use aoai_probe::world::World;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let count: u32 = words.first().map_or(1000, |word| word.parse().expect("a number of walks"));
    let pem = std::fs::read(std::env::var("LAB").expect("LAB names a folder") + "/root.pem")
        .expect("root.pem is readable");
    let plan = Plan {
        ca_file: Some("root.pem".to_owned()),
        extra_roots: ExtraRoots::from_pem(&pem).expect("root.pem holds a root"),
        ..Plan::default()
    };
    let target = Target::parse("myacct", None).expect("an account");
    let mut world = World::of_this_machine();
    let request = Request {
        choice: Choice::Auto,
        api_key_file: None,
        token_file: None,
        assertion_file: None,
        identity: None,
        machine: Machine { azure: world.azure.answer, arc_agent: world.arc_agent },
        patience: plan.deadline,
    };
    let credential = Credential::find(&request, &world.environment).expect("a credential");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(4)
        .build()
        .expect("a runtime");
    let mut one = || {
        world.now = std::time::SystemTime::now();
        let walk = walk(&target, &plan, &world, &credential, &|_| {});
        let evidence = runtime.block_on(walk);
        let diagnosis = diagnose(&evidence);
        Report::new(evidence, diagnosis)
    };
    let first = one();
    let state = serde_json::to_value(&first.verdict).expect("a verdict")["state"].clone();
    assert_eq!(state, "works", "{:?}", first.verdict);
    let (began, before) = (std::time::Instant::now(), processor_ms());
    for _ in 0..count {
        one();
    }
    let each = |total: f64| total / f64::from(count);
    println!(
        "{count} walks: {:.3} ms processor time and {:.3} ms wall a walk",
        each(processor_ms() - before),
        each(began.elapsed().as_secs_f64() * 1e3),
    );
}

/// User and system time of this process and its threads, in milliseconds (proc_pid_stat(5)).
fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("proc");
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> =
        after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    ticks.iter().sum::<f64>() * 10.0
}
