//! Has the script (PAC) of the user's proxy settings run, where it decides which proxy applies. On
//! Windows WinHTTP fetches and runs it; this program reads no script.

use std::time::{Duration, Instant};

use super::plan::Plan;
use super::proxy_choice::{script_to_run, url_to_ask};
use crate::blocking;
use crate::platform::{self, ScriptAnswer};
use crate::target::Target;
use crate::world::{ScriptRun, ScriptRunner, World};

/// Asks what the script gives for the target, and keeps the answer in the world; sends nothing where no
/// script decides. Waits no longer than `timeout`: a call that hangs keeps its thread, and neither
/// the walk nor the end of the process waits for it.
pub(super) async fn run(target: &Target, plan: &Plan, world: &World, timeout: Duration) {
    let Some(script) = script_to_run(target, &plan.proxy, world.into()) else { return };
    let host = &target.seen.host;
    let began = Instant::now();
    world.proxy_scripts.begin(host);
    let answer = match &world.proxy_scripts.runner {
        ScriptRunner::Nothing => None,
        ScriptRunner::Fixed(answers) => {
            Some(answers.get(host).cloned().unwrap_or(ScriptAnswer::Direct))
        }
        ScriptRunner::System => {
            let (script, url) = (script.to_owned(), url_to_ask(target));
            // Less for each phase of the download, so that WinHTTP itself reports what is silent.
            let phase = timeout * 3 / 4;
            let asked =
                blocking::run_blocking(move || platform::proxy_by_script(&script, &url, phase));
            tokio::time::timeout(timeout, asked).await.ok().and_then(Result::ok).flatten()
        }
    };
    world.proxy_scripts.keep(host, ScriptRun { answer, took: began.elapsed() });
}
