//! The walks of targets that were given by hand: side by side, and shown while they are under
//! way. A signal ends them, and what is known by then is kept.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::ends::{Ended, ended};
use crate::credential::Credential;
use crate::evidence::Evidence;
use crate::monitor::round::side_by_side;
use crate::target::Target;
use crate::walk::plan::Plan;
use crate::walk::{self, HopDone, Seen, proxy_choice};
use crate::world::World;

/// Targets that are walked side by side: each takes a thread, a dozen sockets and more.
const AT_ONCE: usize = 16;
/// How often a silent hop is shown.
const TICK: Duration = Duration::from_secs(1);

/// What a watcher of one walk is shown.
pub(super) enum Shown<'a> {
    /// A hop that has just finished.
    Hop(HopDone<'a>),
    /// Which hop is silent, and for how long.
    Waits(String),
}

/// How targets are walked.
pub(super) struct Walks<'a> {
    pub(super) plan: &'a Plan,
    pub(super) world: &'a World,
    pub(super) credential: &'a Credential,
    /// Who watches, where there is one target.
    pub(super) show: Option<&'a dyn Fn(Shown<'_>)>,
}

/// One target's walk, as far as it is.
#[derive(Default)]
struct Walk {
    began: Option<Instant>,
    seen: Seen,
    evidence: Option<Evidence>,
}

impl Walks<'_> {
    /// Walks them; gives the evidence of each, in order, and the signal that ended the run.
    pub(super) async fn walk(&self, targets: &[Target]) -> (Vec<Evidence>, Option<Ended>) {
        let walks: Vec<RefCell<Walk>> = targets.iter().map(|_| RefCell::default()).collect();
        let start = Instant::now();
        let all = async {
            let each = targets.iter().zip(&walks).map(|(target, walk)| async move {
                let mut world = self.world.clone();
                world.now += start.elapsed();
                self.one(target, &world, walk).await;
            });
            side_by_side(each, AT_ONCE, drop).await;
        };
        let ended = tokio::select! {
            biased;
            ended = ended() => Some(ended),
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
                        seen.waits_at(self.proxied(target)).name()
                    ),
                    None => "interrupted before this walk began".to_owned(),
                };
                walk::unfinished(target, self.plan, self.world, self.credential, seen, why)
            })
        });
        (evidence.collect(), ended)
    }

    async fn one(&self, target: &Target, world: &World, walk: &RefCell<Walk>) {
        walk.borrow_mut().began = Some(Instant::now());
        let observe = |finished: HopDone<'_>| {
            walk.borrow_mut().seen.keep(finished);
            if let Some(show) = self.show {
                show(Shown::Hop(finished));
            }
        };
        let evidence = walk::walk(target, self.plan, world, self.credential, &observe).await;
        walk.borrow_mut().evidence = Some(evidence);
    }

    fn proxied(&self, target: &Target) -> bool {
        proxy_choice::decide(target, &self.plan.proxy, &self.world.environment).proxy.is_some()
    }

    /// Shows each second which hop is silent.
    async fn ticks(&self, targets: &[Target], walks: &[RefCell<Walk>]) -> std::convert::Infallible {
        let (Some(show), [target], [walk]) = (self.show, targets, walks) else {
            return std::future::pending().await;
        };
        let proxied = self.proxied(target);
        let began = Instant::now();
        loop {
            tokio::time::sleep(TICK).await;
            let hop = walk.borrow().seen.waits_at(proxied);
            let seconds = began.elapsed().as_secs();
            show(Shown::Waits(format!("  {:<9} no answer yet, {seconds} s", hop.name())));
        }
    }
}
