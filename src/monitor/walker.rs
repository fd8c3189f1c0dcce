//! Walks entries of an inventory: what they may share, and what they may not.
//!
//! Shared are the machine's facts (resolver configuration, hosts file, environment, roots),
//! read once a round, and tokens, asked for once a round where the way to them is the same.
//! Never shared is anything about a target's own path: its names are asked, its addresses
//! connected and its handshakes made anew by every walk, without TLS resumption.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use crate::blocking;
use crate::credential::{self, API_KEY_VARIABLE, Credential};
use crate::diagnose::diagnose;
use crate::evidence::{Evidence, Trust, text};
use crate::files::{self, May};
use crate::inventory::{CredentialReference, Entry};
use crate::panics::{self, Bug};
use crate::report::Report;
use crate::walk::plan::Plan;
use crate::walk::proxy_choice::ProxyOption;
use crate::walk::{self, HopDone};
use crate::wire::roots::ExtraRoots;
use crate::wire::tally::Tally;
use crate::wire::turns::Turns;
use crate::world::{self, Detour, Environment, World};

/// How long the machine's facts and a token count at most before they are read and asked for
/// anew, and never longer than half of the interval: each walk of a target is a look of its own,
/// or one bad answer would count as several walks.
const ROUND: Duration = Duration::from_secs(30);
/// How long a file may take that is read for a walk: all walks of the thread wait for it.
const FILE_PATIENCE: Duration = Duration::from_secs(1);
/// Walks that are in their dns hop with one resolver at once.
const WALKS_PER_RESOLVER: usize = 32;
/// How long a walk counts that gets no answer from its resolver.
const RESOLVER_HOLD: Duration = Duration::from_millis(100);
/// Connections to one address that are being opened at once.
const CONNECTIONS_PER_ADDRESS: usize = 32;
/// How long a connection counts that is not answered. Short beside a hop's patience, so that
/// waiting for a turn is never taken for silence.
const ADDRESS_HOLD: Duration = Duration::from_millis(20);

/// Why there is no report of a walk. Neither is a fault of the path.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotWalked {
    /// A file or a credential that it needs cannot be had, in words.
    #[error("{0}")]
    Lacks(String),
    /// A panic.
    #[error("{0} ended this walk")]
    Bug(Bug),
}

/// Walks entries, on one thread.
pub struct Walker {
    /// Reads the outside.
    look: Box<dyn Fn() -> World>,
    world: RefCell<Option<(Instant, World)>>,
    credentials: RefCell<HashMap<Way, (Instant, Rc<Credential>)>>,
    roots: RefCell<BTreeMap<String, (Instant, ExtraRoots)>>,
    resolvers: Turns,
    addresses: Arc<Turns>,
    tally: Arc<Tally>,
}

/// What two walks have in common that may use one token: its source, and all that decides the
/// way to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Way {
    reference: CredentialReference,
    resolvers: Vec<SocketAddr>,
    proxy: Option<String>,
    system_store: bool,
    ca_file: Option<String>,
    connect_to: Vec<Detour>,
    experiments: bool,
    timeout: Duration,
    deadline: Duration,
}

impl Way {
    fn of(entry: &Entry) -> Self {
        let plan = &entry.plan;
        Self {
            reference: entry.credential.clone(),
            resolvers: plan.resolvers.clone(),
            proxy: match &plan.proxy {
                ProxyOption::Env => None,
                ProxyOption::None => Some(String::new()),
                ProxyOption::Url(url) => Some(url.clone()),
            },
            system_store: plan.trust == Trust::System,
            ca_file: plan.ca_file.clone(),
            connect_to: entry.connect_to.clone(),
            experiments: plan.experiments,
            timeout: plan.timeout,
            deadline: plan.deadline,
        }
    }
}

impl Walker {
    /// A walker in the world that `look` reads.
    #[must_use]
    pub fn new(look: impl Fn() -> World + 'static) -> Self {
        Self {
            look: Box::new(look),
            world: RefCell::default(),
            credentials: RefCell::default(),
            roots: RefCell::default(),
            resolvers: Turns::new(WALKS_PER_RESOLVER, RESOLVER_HOLD),
            addresses: Arc::new(Turns::new(CONNECTIONS_PER_ADDRESS, ADDRESS_HOLD)),
            tally: Arc::default(),
        }
    }

    /// A walker in a world that stays as it is, but for its clock.
    #[must_use]
    pub fn in_world(world: World) -> Self {
        let began = Instant::now();
        Self::new(move || {
            let mut world = world.clone();
            world.now += began.elapsed();
            world
        })
    }

    /// The outside of a walk that begins now.
    #[must_use]
    pub fn world(&self) -> World {
        self.world_of(ROUND)
    }

    /// The same, read not longer ago than `age`.
    fn world_of(&self, age: Duration) -> World {
        let mut kept = self.world.borrow_mut();
        let young = kept.take_if(|(read, _)| read.elapsed() < age);
        // Looked for before the old one goes: a bug in there is that of the walk that looks.
        let (read, world) = match young {
            Some(young) => young,
            None => (Instant::now(), (self.look)()),
        };
        let (read, world) = kept.insert((read, world));
        let mut world = world.clone();
        world.now += read.elapsed();
        world.turns = Some(Arc::clone(&self.addresses));
        world.tally = Some(Arc::clone(&self.tally));
        world
    }

    /// The clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.world().now
    }

    /// Reads what an entry names and nothing has read yet: its roots and its credential.
    ///
    /// # Errors
    ///
    /// What is missing or wrong, in words; nothing of a secret.
    pub fn prepare(&self, entry: &Entry) -> Result<(), String> {
        panics::caught(|| self.read(entry)).unwrap_or_else(|bug| Err(bug.to_string()))
    }

    fn read(&self, entry: &Entry) -> Result<(), String> {
        let world = self.world();
        // First: no message about a file may repeat what is the value of a key.
        credential::misplaced(&world.environment, &typed(entry)).map_err(|e| e.to_string())?;
        self.plan(&entry.plan)?;
        self.credential(entry, &world).map(|_| ())
    }

    /// Walks `entry` and judges what was seen. `within` shortens the whole walk.
    ///
    /// # Errors
    ///
    /// [`NotWalked`]; the next walk finds the walker as if this one had not been.
    pub async fn walk(&self, entry: &Entry, within: Option<Duration>) -> Result<Report, NotWalked> {
        match panics::caught_in(self.walk_to_its_end(entry, within)).await {
            Ok(walked) => walked.map_err(NotWalked::Lacks),
            Err(bug) => Err(NotWalked::Bug(bug)),
        }
    }

    /// The report of a target that was not walked: CANNOT TELL, and why.
    #[must_use]
    pub fn not_walked(&self, entry: &Entry, why: &str) -> Report {
        let why = format!("not walked: {}", text::clean(why, 400));
        let (none, seen) = (Credential::none(), walk::Seen::default());
        let world = self.world();
        let evidence = walk::unfinished(&entry.target, &entry.plan, &world, &none, seen, why);
        report(entry, evidence, world.now)
    }

    async fn walk_to_its_end(
        &self,
        entry: &Entry,
        within: Option<Duration>,
    ) -> Result<Report, String> {
        let mut plan = self.plan(&entry.plan)?;
        if let Some(within) = within {
            plan.deadline = plan.deadline.min(within);
            plan.timeout = plan.timeout.min(within);
        }
        let asked = plan.resolvers(&self.world()).into_iter().map(|(resolver, _)| resolver.ip());
        let permits = self.resolvers.take(asked.collect::<Vec<IpAddr>>()).await;
        // The clock, the world and the credential are those of the walk's own begin.
        let mut world = self.world_of(age(entry));
        world.detours.splice(..0, entry.connect_to.iter().cloned());
        let credential = self.credential(entry, &world)?;
        let held = RefCell::new(permits);
        let observe = |finished: HopDone<'_>| {
            if matches!(finished, HopDone::Dns(..)) {
                held.take();
            }
        };
        let mut walk = pin!(walk::walk(&entry.target, &plan, &world, &credential, &observe));
        let mut patience = pin!(tokio::time::sleep(RESOLVER_HOLD));
        let mut waits = true;
        let evidence = poll_fn(|context| {
            if waits && patience.as_mut().poll(context).is_ready() {
                waits = false;
                held.take();
            }
            match walk.as_mut().poll(context) {
                Poll::Ready(evidence) => Poll::Ready(evidence),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        Ok(report(entry, evidence, world.now))
    }

    /// The plan, with the roots that its file holds.
    fn plan(&self, plan: &Plan) -> Result<Plan, String> {
        let mut plan = plan.clone();
        if let Some(path) = plan.ca_file.clone() {
            let mut roots = self.roots.borrow_mut();
            // Roots are renewed while a monitor runs.
            roots.retain(|_, (read, _)| read.elapsed() < ROUND);
            plan.extra_roots = match roots.get(&path) {
                Some((_, known)) => known.clone(),
                None => {
                    let new = world::ca_file(&path, May::BeAFile, FILE_PATIENCE)
                        .map_err(|says| format!("ca_file {path}: {says}"))?;
                    roots.insert(path, (Instant::now(), new.clone()));
                    new
                }
            };
        }
        Ok(plan)
    }

    /// The entry's credential: one of this round whose token has come, or will come, on the same
    /// way, else a new one.
    fn credential(&self, entry: &Entry, world: &World) -> Result<Rc<Credential>, String> {
        let way = Way::of(entry);
        let typed = typed(entry);
        let mut credentials = self.credentials.borrow_mut();
        credentials.retain(|_, (found, _)| found.elapsed() < ROUND);
        let known = credentials.get(&way).filter(|(found, _)| found.elapsed() < age(entry));
        if let Some((_, credential)) = known {
            credential.misplaced(&typed).map_err(|e| e.to_string())?;
            return Ok(Rc::clone(credential));
        }
        let environment = environment(&entry.credential, &world.environment)?;
        credential::misplaced(&environment, &typed).map_err(|e| e.to_string())?;
        let reference = &entry.credential;
        let files = [
            ("api_key_file", &reference.api_key_file),
            ("token_file", &reference.token_file),
            ("assertion_file", &reference.assertion_file),
        ];
        for (key, path) in files.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?))) {
            let from = path.clone();
            // A pipe without a writer would hold up every walk.
            blocking::within("input", FILE_PATIENCE, move || files::regular(from))
                .map_err(|_| "cannot be looked at: no answer within a second".to_owned())
                .and_then(|regular| regular.map_err(|error| files::why(&error)))
                .map_err(|says| format!("{key} {path}: {says}"))?;
        }
        let request = entry.credential.request(world, FILE_PATIENCE);
        let credential = Credential::find(&request, &environment).map_err(|e| e.to_string())?;
        credential.misplaced(&typed).map_err(|e| e.to_string())?;
        let credential = Rc::new(credential);
        // A key or token at hand is read for each walk: it may have been renewed.
        if credential.way().is_some() {
            credentials.insert(way, (Instant::now(), Rc::clone(&credential)));
        }
        Ok(credential)
    }
}

/// What was seen of `entry`, judged, by a walk that began at `now`.
fn report(entry: &Entry, evidence: Evidence, now: SystemTime) -> Report {
    let diagnosis = diagnose(&evidence);
    let mut report = Report::new(evidence, diagnosis);
    report.name = Some(entry.name.clone());
    report.labels.clone_from(&entry.labels);
    report.muted_until = entry.muted_until.filter(|until| *until > now).map(rfc3339);
    report
}

fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    text::rfc3339(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// How old what a walk of `entry` shares may be.
fn age(entry: &Entry) -> Duration {
    ROUND.min(entry.interval / 2)
}

/// What of an entry would be looked up, sent or shown.
fn typed(entry: &Entry) -> Vec<&str> {
    let labels = entry.labels.values().map(String::as_str);
    entry.target.typed().chain(entry.plan.typed()).chain(labels).chain([&*entry.name]).collect()
}

/// The environment of a walk whose key stands in a variable of another name.
fn environment(
    reference: &CredentialReference,
    environment: &Environment,
) -> Result<Environment, String> {
    match &reference.api_key_variable {
        None => Ok(environment.clone()),
        Some(variable) if environment.get(variable).is_none() => {
            Err(format!("api_key_variable: {variable} is not set"))
        }
        Some(variable) => Ok(environment.with_renamed(variable, API_KEY_VARIABLE)),
    }
}
