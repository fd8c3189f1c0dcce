//! The script (PAC) of the user's proxy settings: what runs it, and what it gave for each host.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::platform::{self, ScriptAnswer};

/// What runs the script, and what it gave so far.
#[derive(Debug, Clone, Default)]
pub struct ProxyScripts {
    /// What runs it.
    pub runner: ScriptRunner,
    /// The latest run for each host, which the parts of a walk share; none while it is under way.
    runs: Arc<Mutex<BTreeMap<String, Option<ScriptRun>>>>,
}

/// What runs the script.
#[derive(Debug, Clone, Default)]
pub enum ScriptRunner {
    /// Nothing: it is named alone.
    #[default]
    Nothing,
    /// The system, on a thread of its own.
    System,
    /// Fixed answers by host; a host that is not there is asked directly.
    Fixed(BTreeMap<String, ScriptAnswer>),
}

/// One run of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptRun {
    /// What came of it; none where it was not waited for any longer.
    pub answer: Option<ScriptAnswer>,
    /// How long it took.
    pub took: Duration,
}

impl ProxyScripts {
    /// What the system has for it.
    #[must_use]
    pub fn of_this_system() -> Self {
        Self::run_by(match platform::RUNS_PROXY_SCRIPTS {
            true => ScriptRunner::System,
            false => ScriptRunner::Nothing,
        })
    }

    /// Scripts that `runner` runs.
    #[must_use]
    pub fn run_by(runner: ScriptRunner) -> Self {
        Self { runner, ..Self::default() }
    }

    /// Notes that it is run for `host` now.
    pub fn begin(&self, host: &str) {
        self.runs().insert(host.to_owned(), None);
    }

    /// Keeps what it gave for `host`.
    pub fn keep(&self, host: &str, run: ScriptRun) {
        self.runs().insert(host.to_owned(), Some(run));
    }

    /// What it gave for `host`, if it was run for it.
    #[must_use]
    pub fn run_for(&self, host: &str) -> Option<ScriptRun> {
        self.runs().get(host).cloned().flatten()
    }

    /// Whether it is being run for `host`.
    #[must_use]
    pub fn is_run_for(&self, host: &str) -> bool {
        self.runs().get(host).is_some_and(Option::is_none)
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<String, Option<ScriptRun>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
