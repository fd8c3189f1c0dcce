//! `check --count`: the same walk again and again, as `ping` does it.
//!
//! Each walk is fresh: this machine's settings are read again, and no socket, answer or session is
//! kept. A token is kept while it is valid, as an application keeps it; one that was not obtained is
//! requested again.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::anonymous::Anonymous;
use super::interruption::{Interruption, interrupted};
use super::output::{exit_style, style, written};
use super::target_walks::{Shown, Walks};
use super::{Output, Progress, Terminal, judged, runtime};
use crate::args::{Format, OutputOptions};
use crate::credential::Credential;
use crate::evidence::Evidence;
use crate::evidence::identity::TokenOutcome;
use crate::platform;
use crate::render::repeated::{self, Statistics};
use crate::render::{human, json, json_lines};
use crate::report::{Report, Worst};
use crate::target::Target;
use crate::walk::plan::Plan;
use crate::world::{Environment, World};

/// From the start of one walk to the start of the next, without `--interval`.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);
/// A token that is valid for less than this is requested again, in seconds.
const TOKEN_MARGIN_S: i64 = 300;

/// Repeated walks of one target.
pub(super) struct Repeated<'a> {
    pub(super) target: &'a Target,
    pub(super) plan: &'a Plan,
    /// Reads this machine's settings.
    pub(super) read_world: &'a dyn Fn() -> World,
    /// Finds the credential anew; none if that is not possible.
    pub(super) find_credential: &'a dyn Fn(&World) -> Option<Credential>,
    pub(super) count: u32,
    pub(super) interval: Duration,
    pub(super) output: &'a OutputOptions,
    pub(super) terminal: Terminal,
    pub(super) progress: &'a dyn Fn(Progress<'_>),
}

/// What is kept of the walks.
#[derive(Default)]
struct Kept {
    statistics: Statistics,
    worst: Worst,
    /// What replaces names, with `--anonymise`.
    anonymous: Option<Anonymous>,
    /// Every report, for JSON.
    reports: Vec<Report>,
    /// JSON Lines that go to a file, at the end.
    lines: String,
}

impl Repeated<'_> {
    /// Walks and renders. The first walk is in `world`, with `credential`; `warning` is about it.
    pub(super) fn run(
        &self,
        world: &World,
        credential: Credential,
        warning: &str,
    ) -> Result<Output, String> {
        let runtime = runtime()?;
        let mut kept = Kept::default();
        if self.output.anonymise {
            let name = std::iter::once(self.target.seen.host.as_str());
            kept.anonymous = Some(Anonymous::of_targets(name)?);
        }
        let ended = runtime.block_on(self.walks(world.clone(), credential, &mut kept))?;
        // A lookup that still blocks must not delay the end of the process.
        runtime.shutdown_background();
        let mut done = self.rendered(&mut kept, world)?;
        done.status = kept.worst.status();
        done.err = match &mut kept.anonymous {
            Some(anonymous) => anonymous.text(warning) + &anonymous.warning(),
            None => warning.to_owned(),
        };
        if let Some(ended) = ended {
            platform::default_signals();
            let (walked, of) = (kept.statistics.checks, self.count);
            done.err.push_str(&format!("aoai-probe: interrupted: {walked} of {of} checks\n"));
            done.status = ended.status();
        }
        Ok(done)
    }

    /// Makes the walks, until a signal ends them.
    async fn walks(
        &self,
        mut world: World,
        mut credential: Credential,
        kept: &mut Kept,
    ) -> Result<Option<Interruption>, String> {
        // Between two walks the signals are received here.
        let mut stop = pin!(interrupted());
        // From the first poll on, none is lost.
        if let Poll::Ready(ended) = futures_util::poll!(&mut stop) {
            return Ok(Some(ended));
        }
        for number in 1..=self.count {
            let started = Instant::now();
            let (evidence, ended) = self.one(number, &world, &credential).await;
            // A walk that was interrupted shows nothing, unless it is the only one.
            if ended.is_none() || number == 1 {
                let renew = must_renew(&evidence);
                let report = judged(evidence);
                self.keep(number, report, &world.environment, kept)?;
                if renew && ended.is_none() && number < self.count {
                    credential = (self.find_credential)(&world).unwrap_or(credential);
                }
            }
            if ended.is_some() || number == self.count {
                return Ok(ended);
            }
            let pause = pause(started.elapsed(), self.interval);
            let ended = tokio::select! {
                biased;
                ended = &mut stop => Some(ended),
                () = tokio::time::sleep(pause) => None,
            };
            if ended.is_some() {
                return Ok(ended);
            }
            world = (self.read_world)();
        }
        Ok(None)
    }

    /// One walk, and the signal that ended it.
    async fn one(
        &self,
        number: u32,
        world: &World,
        credential: &Credential,
    ) -> (Evidence, Option<Interruption>) {
        let show = |shown: Shown<'_>| {
            if let Shown::Waits(line) = shown {
                (self.progress)(Progress::Status(&format!("  {number}/{}{line}", self.count)));
            }
        };
        let watched = self.is_watched().then_some(&show as &dyn Fn(Shown<'_>));
        let walks = Walks { plan: self.plan, world, credential: &|_| credential, show: watched };
        let (mut evidence, ended) = walks.walk(std::slice::from_ref(self.target)).await;
        (evidence.remove(0), ended)
    }

    fn is_watched(&self) -> bool {
        self.terminal.err && !self.output.writing.quiet
    }

    /// Counts a report, and shows it.
    fn keep(
        &self,
        number: u32,
        report: Report,
        environment: &Environment,
        kept: &mut Kept,
    ) -> Result<(), String> {
        kept.worst.count(&report, exit_style(self.output));
        let report = match &mut kept.anonymous {
            Some(anonymous) => anonymous.report(&report)?,
            None => report,
        };
        if self.is_watched() {
            let style = style(&self.output.writing, environment, self.terminal.err);
            let line = repeated::line(number, self.count, &report, style);
            (self.progress)(Progress::Line(&line));
        }
        kept.statistics.count(&report);
        match (self.output.format, &self.output.writing.output) {
            (Format::JsonLines, None) => {
                let line = json_lines::line(&report).map_err(|e| e.to_string())?;
                (self.progress)(Progress::Result(&line));
            }
            (Format::JsonLines, Some(_)) => {
                kept.lines.push_str(&json_lines::line(&report).map_err(|e| e.to_string())?);
            }
            (Format::Json, _) => kept.reports.push(report),
            _ => {}
        }
        Ok(())
    }

    /// The result: the summary and the report that it shows; for programs every report; for
    /// monitors and people elsewhere, the report alone.
    fn rendered(&self, kept: &mut Kept, world: &World) -> Result<Output, String> {
        let shown = kept.statistics.shown().map(|(_, report)| report.clone());
        let shown: Vec<Report> = shown.into_iter().collect();
        let file = self.output.writing.output.clone();
        let out = match self.output.format {
            Format::Json => json::array(&kept.reports).map_err(|e| e.to_string())?,
            Format::JsonLines => std::mem::take(&mut kept.lines),
            Format::Human => {
                let to_terminal = self.terminal.out && file.is_none();
                let style = style(&self.output.writing, &world.environment, to_terminal);
                let mut out = repeated::summary(&kept.statistics, style);
                if !self.output.writing.quiet {
                    out.push('\n');
                    out.push_str(&human::render(&shown, style));
                }
                out
            }
            _ => return written(&shown, "", self.output, &world.environment, self.terminal),
        };
        Ok(Output { out, file, ..Output::default() })
    }
}

/// How long to wait after a walk: `interval` is from start to start. A walk that took longer is
/// followed by the next one at once, and none is made up for.
fn pause(took: Duration, interval: Duration) -> Duration {
    interval.saturating_sub(took)
}

/// Whether the next walk needs another token than this one used.
fn must_renew(evidence: &Evidence) -> bool {
    let Some(how) = &evidence.identity.acquisition else { return false };
    let left = evidence.identity.claims.as_ref().and_then(|claims| claims.expires_in_s);
    how.outcome != TokenOutcome::Acquired || left.is_some_and(|left| left < TOKEN_MARGIN_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_from_start_to_start() {
        let ms = Duration::from_millis;
        for (took, wanted) in [(0, 1000), (300, 700), (1000, 0), (5000, 0)] {
            assert_eq!(pause(ms(took), ms(1000)), ms(wanted), "{took} ms");
        }
    }
}
