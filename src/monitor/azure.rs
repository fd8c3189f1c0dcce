//! When the walks of an inventory ask Resource Manager as well: in each run of `check`, and in
//! `watch` and `serve` about a fault, at an interval of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::azure::Scope;
use crate::clouds::Cloud;
use crate::credential::{Credential, CredentialError, CredentialOptions};
use crate::diagnosis::State;
use crate::evidence::Evidence;
use crate::evidence::azure::AzureEvidence;
use crate::inventory::Entry;
use crate::walk;
use crate::walk::plan::Plan;
use crate::world::{Environment, World};

/// The least time that questions are worth beginning with.
const LEAST: Duration = Duration::from_secs(2);

/// When the walks of a walker ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// About each walk: a run of `check`.
    Each,
    /// About a fault, and not again within the target's interval.
    Faults,
}

/// When each target was last asked about. One for the process: walkers run on several threads, and
/// a reload of the inventory makes new ones.
static ASKED: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());

impl Asking {
    /// Whether this walk asks; then none asks again within the interval.
    pub(super) fn takes_turn(self, entry: &Entry, state: State, now: Instant) -> bool {
        let Some(interval) = entry.azure else { return false };
        match self {
            Self::Each => true,
            Self::Faults if state == State::Works => false,
            Self::Faults => {
                let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
                takes(&mut asked, &entry.name, interval, now)
            }
        }
    }
}

fn takes(
    asked: &mut BTreeMap<String, Instant>,
    name: &str,
    interval: Duration,
    now: Instant,
) -> bool {
    let due = |last: &Instant| now.saturating_duration_since(*last) >= interval;
    let turn = asked.get(name).is_none_or(due);
    if turn {
        asked.insert(name.to_owned(), now);
    }
    turn
}

/// Whether a walk came to its end, and enough of its time is left.
pub(super) fn is_worth_asking(walked: &Evidence, left: Option<Duration>) -> bool {
    walked.unfinished.is_none() && left.is_none_or(|left| left >= LEAST)
}

impl Asking {
    /// Asks about a walk of an entry, in what is `left` of its time.
    pub(super) async fn ask(
        self,
        entry: &Entry,
        walked: &Evidence,
        (plan, world): (&Plan, &World),
        environment: &Environment,
        left: Option<Duration>,
    ) -> AzureEvidence {
        let mut plan = plan.clone();
        plan.deadline = left.map_or(plan.deadline, |left| plan.deadline.min(left));
        let cloud = walk::azure::cloud(&walked.target);
        let options = entry.credential.request(world, plan.timeout);
        let credential = match self.credential(&options, environment, cloud) {
            Ok(credential) => credential,
            Err(why) => return walk::azure::not_read(walked, world, &why.to_string()),
        };
        let this_machine = walk::azure::this_machine(world).await;
        let scope = Scope { this_machine, ..Scope::default() };
        walk::azure::read(walked, &plan, world, &credential, &scope).await
    }

    /// Whose token is used: a `check` is run by a person, who may be logged in with the Azure CLI.
    fn credential(
        self,
        options: &CredentialOptions,
        environment: &Environment,
        cloud: Cloud,
    ) -> Result<Credential, CredentialError> {
        match self {
            Self::Each => Credential::find_for_resource_manager(options, None, environment, cloud),
            Self::Faults => {
                Credential::find_for_unattended_resource_manager(options, environment, cloud)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn entry(name: &str, azure: bool) -> Entry {
        let text = format!("[[target]]\ntarget = \"myacct\"\nname = \"{name}\"\nazure = {azure}\n");
        crate::inventory::read(&text).unwrap().entries.remove(0)
    }

    #[test]
    fn a_watch_asks_about_faults_and_once_an_interval() {
        let (now, one) = (Instant::now(), entry("asked-once", true));
        assert!(!Asking::Faults.takes_turn(&one, State::Works, now));
        assert!(Asking::Faults.takes_turn(&one, State::Broken, now));
        assert!(!Asking::Faults.takes_turn(&one, State::Broken, now + HOUR / 2));
        // Another target has its own turn, and a new walker shares them.
        assert!(Asking::Faults.takes_turn(&entry("asked-too", true), State::CannotTell, now));
        assert!(Asking::Faults.takes_turn(&one, State::AtRisk, now + HOUR));
        assert!(!Asking::Faults.takes_turn(&entry("never", false), State::Broken, now));
    }

    #[test]
    fn the_interval_is_an_hour_at_least() {
        let read = |keys: &str| {
            crate::inventory::read(&format!("[[target]]\ntarget = \"myacct\"\n{keys}\n"))
        };
        let interval = |keys: &str| read(keys).unwrap().entries[0].azure;
        assert_eq!(interval(""), None);
        assert_eq!(interval("azure_interval = \"2h\""), None);
        assert_eq!(interval("azure = true"), Some(HOUR));
        assert_eq!(interval("azure = true\nazure_interval = \"2h\""), Some(2 * HOUR));
        assert!(read("azure = true\nazure_interval = \"5m\"").is_err());
    }

    #[test]
    fn a_watch_never_acts_as_the_person_who_is_logged_in() {
        let key = ("AZURE_OPENAI_API_KEY".to_owned(), "k".to_owned());
        let environment = Environment::from_pairs([key]);
        let options = CredentialOptions::default();
        let of = |asking: Asking| asking.credential(&options, &environment, Cloud::Public);
        assert_eq!(of(Asking::Each).unwrap().name(), "azure-cli");
        assert_eq!(of(Asking::Faults).unwrap_err(), CredentialError::NoneForResourceManager);
    }

    #[test]
    fn a_check_asks_in_each_run() {
        let (now, one) = (Instant::now(), entry("checked", true));
        for state in [State::Works, State::Broken, State::Broken] {
            assert!(Asking::Each.takes_turn(&one, state, now));
        }
        assert!(!Asking::Each.takes_turn(&entry("unasked", false), State::Broken, now));
    }
}
