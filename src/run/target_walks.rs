//! Walks of targets from the command line: concurrent, and shown while they run. A signal ends them,
//! and the results so far are kept.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::interruption::{Interruption, interrupted};
use crate::credential::Credential;
use crate::evidence::{Evidence, Hop};
use crate::monitor::round::run_concurrently;
use crate::target::Target;
use crate::walk::plan::Plan;
use crate::walk::{self, HopDone, Seen, proxy_choice};
use crate::world::World;

/// Walks at the same time: each takes a thread, a dozen sockets and more.
const CONCURRENCY: usize = 16;
/// How often the wait for a silent hop is shown.
const TICK: Duration = Duration::from_secs(1);

/// What is shown of a walk.
pub(super) enum Shown<'a> {
    /// A hop that has just finished.
    Hop(HopDone<'a>),
    /// The hop that is silent, and for how long.
    Waits(String),
}

/// How targets are walked.
pub(super) struct Walks<'a> {
    pub(super) plan: &'a Plan,
    pub(super) world: &'a World,
    /// The credential of each target.
    pub(super) credential: &'a dyn Fn(&Target) -> &'a Credential,
    /// Shows the progress, if there is one target.
    pub(super) show: Option<&'a dyn Fn(Shown<'_>)>,
}

/// The walk of one target, as far as it has got.
#[derive(Default)]
struct Walk {
    began: Option<Instant>,
    seen: Seen,
    evidence: Option<Evidence>,
}

impl Walks<'_> {
    /// Walks them; returns the evidence of each, in order, and the signal that ended the run.
    pub(super) async fn walk(&self, targets: &[Target]) -> (Vec<Evidence>, Option<Interruption>) {
        let walks: Vec<RefCell<Walk>> = targets.iter().map(|_| RefCell::default()).collect();
        let start = Instant::now();
        let all = async {
            let each = targets.iter().zip(&walks).map(|(target, walk)| async move {
                let mut world = self.world.clone();
                world.now += start.elapsed();
                self.one(target, &world, walk).await;
            });
            run_concurrently(each, CONCURRENCY, drop).await;
        };
        let interruption = tokio::select! {
            biased;
            interruption = interrupted() => Some(interruption),
            () = all => None,
            never = self.ticks(targets, &walks) => match never {},
        };
        let evidence = targets.iter().zip(walks).map(|(target, walk)| {
            let Walk { began, seen, evidence } = walk.into_inner();
            evidence.unwrap_or_else(|| {
                let why = match began {
                    Some(began) => format!(
                        "interrupted after {:.1} s, while {} was under way",
                        began.elapsed().as_secs_f64(),
                        self.waits_at(target, &seen)
                    ),
                    None => "interrupted before this walk began".to_owned(),
                };
                let credential = (self.credential)(target);
                walk::unfinished(target, self.plan, self.world, credential, seen, why)
            })
        });
        (evidence.collect(), interruption)
    }

    async fn one(&self, target: &Target, world: &World, walk: &RefCell<Walk>) {
        walk.borrow_mut().began = Some(Instant::now());
        let observe = |finished: HopDone<'_>| {
            walk.borrow_mut().seen.keep(finished);
            if let Some(show) = self.show {
                show(Shown::Hop(finished));
            }
        };
        let credential = (self.credential)(target);
        let evidence = walk::walk(target, self.plan, world, credential, &observe).await;
        walk.borrow_mut().evidence = Some(evidence);
    }

    /// The hop that is waited for: that of the proxy, too, while its script is run.
    fn waits_at(&self, target: &Target, seen: &Seen) -> &'static str {
        if self.world.proxy_scripts.is_run_for(&target.seen.host) {
            return Hop::Proxy.name();
        }
        let choice = proxy_choice::decide(target, &self.plan.proxy, self.world.into());
        seen.waits_at(choice.proxy.is_some()).name()
    }

    /// Shows every second which hop is silent.
    async fn ticks(&self, targets: &[Target], walks: &[RefCell<Walk>]) -> std::convert::Infallible {
        let (Some(show), [target], [walk]) = (self.show, targets, walks) else {
            return std::future::pending().await;
        };
        let began = Instant::now();
        loop {
            tokio::time::sleep(TICK).await;
            let hop = self.waits_at(target, &walk.borrow().seen);
            let seconds = began.elapsed().as_secs();
            show(Shown::Waits(format!("  {hop:<9} no answer yet, {seconds} s")));
        }
    }
}
