//! Walks entries of an inventory, and decides what the walks share.
//!
//! They share the machine's facts (resolver configuration, hosts file, environment, routes, roots), read
//! once a round, and credentials, found once a round for targets with the same way to them, with their
//! tokens; one in a file is read by each walk. Nothing about a target's own path is shared: every walk
//! asks for its names, connects to its addresses and makes its handshakes anew, without TLS resumption.
//! What the roots said of a chain holds for a round as the roots themselves do.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use super::azure::{self, Asking};
use crate::blocking;
use crate::credential::{self, API_KEY_VARIABLE, Credential, CredentialError};
use crate::diagnose::diagnose;
use crate::evidence::{Evidence, Trust, text};
use crate::files::{self, May};
use crate::inventory::{CredentialReference, Entry};
use crate::panics::{self, Bug};
use crate::report::Report;
use crate::walk::plan::Plan;
use crate::walk::proxy_choice::ProxyOption;
use crate::walk::{self, HopDone};
use crate::wire::peer_limit::PeerLimiter;
use crate::wire::roots::ExtraRoots;
use crate::wire::tally::Tally;
use crate::world::{self, ConnectOverride, Environment, World};

/// How long the machine's facts and a token are shared, and never longer than half of the interval:
/// the walks of a target must be independent, or one bad answer would count as several walks.
const SHARING_TIME: Duration = Duration::from_secs(30);
/// How long reading a file for a walk may take: all walks of the thread wait for it.
const FILE_TIMEOUT: Duration = Duration::from_secs(1);
/// Walks that are in their dns hop at the same time, with one resolver.
const WALKS_PER_RESOLVER: usize = 32;
/// How long a walk without an answer from its resolver counts.
const RESOLVER_HOLD: Duration = Duration::from_millis(100);
/// Connections to one address that are being opened at the same time.
const CONNECTIONS_PER_ADDRESS: usize = 32;
/// How long an unanswered connection counts. Short compared with the timeout of a hop, so that
/// waiting for a turn never looks like silence.
const ADDRESS_HOLD: Duration = Duration::from_millis(20);

/// Why there is no report of a walk. Neither reason is a fault of the path.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotWalked {
    /// A file or a credential that it needs is not available; with the reason.
    #[error("{0}")]
    Lacks(String),
    /// Its name, or another word of it, holds a secret, which a report of it would show; with the
    /// reason.
    #[error("{0}")]
    HoldsSecret(String),
    /// A panic.
    #[error("{0} ended this walk")]
    Bug(Bug),
}

impl From<String> for NotWalked {
    fn from(why: String) -> Self {
        Self::Lacks(why)
    }
}

impl From<CredentialError> for NotWalked {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Misplaced(_) | CredentialError::Repeated { .. } => {
                Self::HoldsSecret(error.to_string())
            }
            _ => Self::Lacks(error.to_string()),
        }
    }
}

/// Walks entries, on one thread.
pub struct Walker {
    /// Reads the outside.
    read_world: Box<dyn Fn() -> World>,
    world: RefCell<Option<(Instant, World)>>,
    credentials: RefCell<HashMap<CredentialSharing, (Instant, Rc<Credential>)>>,
    roots: RefCell<BTreeMap<String, (Instant, ExtraRoots)>>,
    resolvers: PeerLimiter,
    addresses: Arc<PeerLimiter>,
    tally: Arc<Tally>,
    asking: Asking,
}

/// What two walks that may share a credential have in common: its source, and everything that
/// determines the way to its token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CredentialSharing {
    reference: CredentialReference,
    keys: Option<&'static [&'static str]>,
    resolvers: Vec<SocketAddr>,
    proxy: Option<String>,
    system_store: bool,
    ca_file: Option<String>,
    connect_to: Vec<ConnectOverride>,
    experiments: bool,
    timeout: Duration,
    deadline: Duration,
}

impl CredentialSharing {
    fn of(entry: &Entry) -> Self {
        let plan = &entry.plan;
        Self {
            reference: entry.credential.clone(),
            keys: entry.target.keys().map(|keys| keys.variables),
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
    /// A walker in the world that `read_world` reads.
    #[must_use]
    pub fn new(read_world: impl Fn() -> World + 'static) -> Self {
        Self {
            read_world: Box::new(read_world),
            world: RefCell::default(),
            credentials: RefCell::default(),
            roots: RefCell::default(),
            resolvers: PeerLimiter::new(WALKS_PER_RESOLVER, RESOLVER_HOLD),
            addresses: Arc::new(PeerLimiter::new(CONNECTIONS_PER_ADDRESS, ADDRESS_HOLD)),
            tally: Arc::default(),
            asking: Asking::Faults,
        }
    }

    /// A walker in a fixed world, whose clock alone advances: for one run.
    #[must_use]
    pub fn in_world(world: World) -> Self {
        let began = Instant::now();
        let walker = Self::new(move || {
            let mut world = world.clone();
            world.now += began.elapsed();
            world
        });
        Self { asking: Asking::Each, ..walker }
    }

    /// The world of a walk that begins now.
    #[must_use]
    pub fn world(&self) -> World {
        self.world_of(SHARING_TIME)
    }

    /// The same, not older than `age`.
    fn world_of(&self, age: Duration) -> World {
        let mut kept = self.world.borrow_mut();
        let young = kept.take_if(|(read, _)| read.elapsed() < age);
        // Read before the old one is dropped: a panic in there belongs to the walk that reads.
        let (read, world) = match young {
            Some(young) => young,
            None => {
                let read = Instant::now();
                (read, (self.read_world)())
            }
        };
        let (read, world) = kept.insert((read, world));
        let mut world = world.clone();
        world.now += read.elapsed();
        world.peer_limiter = Some(Arc::clone(&self.addresses));
        world.tally = Some(Arc::clone(&self.tally));
        world
    }

    /// The clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.world().now
    }

    /// Reads what an entry names and has not been read yet: its roots and its credential.
    ///
    /// # Errors
    ///
    /// What is missing or wrong; never a part of a secret.
    pub fn prepare(&self, entry: &Entry) -> Result<(), String> {
        panics::caught(|| self.read(entry)).unwrap_or_else(|bug| Err(bug.to_string()))
    }

    fn read(&self, entry: &Entry) -> Result<(), String> {
        let world = self.world();
        // First of all: no message about a file may repeat the value of a key.
        credential::leaked_into_args(&world.environment, &entry.typed_words())
            .map_err(|e| e.to_string())?;
        self.plan(&entry.plan)?;
        self.credential(entry, &world).map(|_| ()).map_err(|why| why.to_string())
    }

    /// Walks `entry` and judges the evidence. `within` shortens the whole walk.
    ///
    /// # Errors
    ///
    /// [`NotWalked`]; it does not affect later walks.
    pub async fn walk(&self, entry: &Entry, within: Option<Duration>) -> Result<Report, NotWalked> {
        match panics::caught_in(self.walk_unprotected(entry, within)).await {
            Ok(walked) => walked,
            Err(bug) => Err(NotWalked::Bug(bug)),
        }
    }

    /// The report of a target that was not walked: CANNOT TELL, with the reason.
    #[must_use]
    pub fn not_walked(&self, entry: &Entry, why: &str) -> Report {
        let why = format!("not walked: {}", text::clean(why, 400));
        let (none, seen) = (Credential::none(), walk::Seen::default());
        let world = self.world();
        let evidence = walk::unfinished(&entry.target, &entry.plan, &world, &none, seen, why);
        report(entry, evidence, world.now)
    }

    async fn walk_unprotected(
        &self,
        entry: &Entry,
        within: Option<Duration>,
    ) -> Result<Report, NotWalked> {
        let began = Instant::now();
        let mut plan = self.plan(&entry.plan)?;
        if let Some(within) = within {
            plan.deadline = plan.deadline.min(within);
            plan.timeout = plan.timeout.min(within);
        }
        let world = self.world();
        let names = plan.backend.iter().chain([&entry.target]).map(|target| &target.seen.host);
        let asked = names.flat_map(|name| plan.resolvers(&world, name));
        let asked = asked.map(|(resolver, _)| resolver.ip());
        let permits = self.resolvers.acquire(asked.collect::<Vec<IpAddr>>()).await;
        // The clock, the world and the credential are those at the begin of this walk.
        let mut world = self.world_of(age(entry));
        world.connect_overrides.splice(..0, entry.connect_to.iter().cloned());
        let credential = self.credential(entry, &world)?;
        let held = RefCell::new(permits);
        let observe = |finished: HopDone<'_>| {
            if matches!(finished, HopDone::Dns(..)) {
                held.take();
            }
        };
        // On the heap: the walks of a fleet are moved with what holds them.
        let walk = walk::walk(&entry.target, &plan, &world, &credential, &observe);
        let mut walk = Box::pin(walk);
        let mut hold = pin!(tokio::time::sleep(RESOLVER_HOLD));
        let mut waits = true;
        let mut evidence = poll_fn(|context| {
            if waits && hold.as_mut().poll(context).is_ready() {
                waits = false;
                held.take();
            }
            match walk.as_mut().poll(context) {
                Poll::Ready(evidence) => Poll::Ready(evidence),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        let left = within.map(|within| within.saturating_sub(began.elapsed()));
        if entry.azure.is_some() && azure::is_worth_asking(&evidence, left) {
            let state = diagnose(&evidence).verdict.state;
            if self.asking.takes_turn(entry, state, Instant::now()) {
                let environment = environment(entry, &world.environment)?;
                let with = (&plan, &world);
                let said = self.asking.ask(entry, &evidence, with, &environment, left).await;
                evidence.azure = Some(Box::new(said));
            }
        }
        Ok(report(entry, evidence, world.now))
    }

    /// The plan, with the roots from its file.
    fn plan(&self, plan: &Plan) -> Result<Plan, String> {
        let mut plan = plan.clone();
        if let Some(path) = plan.ca_file.clone() {
            let mut roots = self.roots.borrow_mut();
            // Roots may be renewed while a monitor runs.
            roots.retain(|_, (read, _)| read.elapsed() < SHARING_TIME);
            plan.extra_roots = match roots.get(&path) {
                Some((_, known)) => known.clone(),
                None => {
                    let new = world::ca_file(&path, May::BeAFile, FILE_TIMEOUT)
                        .map_err(|message| format!("ca_file {path}: {message}"))?;
                    roots.insert(path, (Instant::now(), new.clone()));
                    new
                }
            };
        }
        Ok(plan)
    }

    /// The credential of an entry: one of this round that was found, and whose token was requested, in
    /// the same way, else a new one.
    fn credential(&self, entry: &Entry, world: &World) -> Result<Rc<Credential>, NotWalked> {
        let way = CredentialSharing::of(entry);
        let typed = entry.typed_words();
        let mut credentials = self.credentials.borrow_mut();
        credentials.retain(|_, (found, _)| found.elapsed() < SHARING_TIME);
        let known = credentials.get(&way).filter(|(found, _)| found.elapsed() < age(entry));
        if let Some((_, credential)) = known {
            credential.leaked_into_args(&typed)?;
            return Ok(Rc::clone(credential));
        }
        let environment = environment(entry, &world.environment)?;
        credential::leaked_into_args(&environment, &typed)?;
        let reference = &entry.credential;
        let files = [
            ("api_key_file", &reference.api_key_file),
            ("token_file", &reference.token_file),
            ("assertion_file", &reference.assertion_file),
        ];
        for (key, path) in files.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?))) {
            let from = path.clone();
            // A pipe without a writer would block every walk.
            blocking::run_with_timeout(FILE_TIMEOUT, move || files::regular(from))
                .map_err(|_| "cannot be read: no answer within a second".to_owned())
                .and_then(|regular| regular.map_err(|error| files::why(&error)))
                .map_err(|message| format!("{key} {path}: {message}"))?;
        }
        let request = entry.credential.request(world, FILE_TIMEOUT);
        let request = request.for_service(entry.target.service());
        let credential = Credential::find(&request, &environment)?;
        credential.leaked_into_args(&typed)?;
        let credential = Rc::new(credential);
        // A key or a token in a file is read for each walk: it may have been renewed.
        if !credential.is_of_file() {
            credentials.insert(way, (Instant::now(), Rc::clone(&credential)));
        }
        Ok(credential)
    }
}

/// The report of a walk of `entry` that began at `now`.
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

/// The age, at most, of what a walk of `entry` shares.
fn age(entry: &Entry) -> Duration {
    SHARING_TIME.min(entry.interval / 2)
}

/// The environment of a walk whose key is in a variable of another name.
///
/// # Errors
///
/// That variable is not set.
pub fn environment(entry: &Entry, environment: &Environment) -> Result<Environment, String> {
    // A name in the inventory says for which target the key is.
    let keys = entry.target.keys();
    let own = keys.map_or(API_KEY_VARIABLE, |keys| keys.variables[0]);
    match &entry.credential.api_key_variable {
        None => Ok(environment.clone()),
        Some(variable) if environment.get(variable).is_none() => {
            Err(format!("api_key_variable: {variable} is not set"))
        }
        Some(variable) => Ok(environment.with_renamed(variable, own)),
    }
}
