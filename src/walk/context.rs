//! What the parts of one walk share, and the single steps on a connection that all of them take.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::crypto::CryptoProvider;
use socket2::Socket;

use super::machine::{ConnectPolicy, ExperimentPolicy, Settings};
use super::plan::Plan;
use super::{HopDone, vantage};
use crate::credential::Credential;
use crate::evidence::tcp::TcpAttempt;
use crate::evidence::tls::TlsHop;
use crate::secret::{Redactor, Secret};
use crate::target::Target;
use crate::wire::connect::{self, Connection};
use crate::wire::pace::Pace;
use crate::wire::roots::Roots;
use crate::wire::session::{ReleasePolicy, Route, Verified};
use crate::wire::tls::{self, Handshake, Hello, Versions};
use crate::wire::tls_request::TlsRequest;
use crate::world::{self, World};

/// What a walk is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WalkKind {
    /// It is the one that the user asked for.
    Primary,
    /// That one is compared with it: it makes no experiments.
    Reference,
    /// It leads to a host that answers a request of this tool, for a token or of Resource Manager,
    /// and ends with the answer.
    Request,
}

/// Everything that the parts of one walk share.
pub(super) struct Context<'a> {
    pub(super) target: &'a Target,
    pub(super) plan: &'a Plan,
    pub(super) world: &'a World,
    pub(super) credential: &'a Credential,
    pub(super) observe: &'a dyn Fn(HopDone<'_>),
    pub(super) since: Instant,
    pub(super) roots: Arc<Roots>,
    pub(super) provider: Arc<CryptoProvider>,
    /// The password of the proxy in the way: a peer behind it may know it.
    pub(super) proxy_password: Option<&'a Secret>,
    pub(super) kind: WalkKind,
    /// Further connections of the calls, kept for what the kernel counts.
    pub(super) extra_sockets: RefCell<Vec<Arc<Socket>>>,
    /// Spaces further questions to a resolver.
    pub(super) pace: Pace,
}

impl Context<'_> {
    /// Milliseconds since the walk began.
    pub(super) fn elapsed_ms(&self) -> f64 {
        self.since.elapsed().as_secs_f64() * 1e3
    }

    /// The deadline of a hop that begins now: its own, or what is left of the whole walk's.
    pub(super) fn hop_timeout(&self) -> Duration {
        self.plan.timeout.min(self.plan.deadline.saturating_sub(self.since.elapsed()))
    }

    /// The secrets of this walk that are known from its beginning.
    pub(super) fn redactor(&self) -> Redactor<'_> {
        Redactor::default().with(self.credential.secret()).with(self.proxy_password)
    }

    /// This machine's clock, now.
    pub(super) fn now(&self) -> SystemTime {
        self.world.now + self.since.elapsed()
    }

    /// Where a connection to `address` for the target really goes.
    pub(super) fn connect_to(&self, address: IpAddr) -> (SocketAddr, SocketAddr) {
        let logical = SocketAddr::new(address, self.target.seen.port);
        (logical, self.world.connect_to(&self.target.seen.host, logical))
    }

    /// What must hold for a secret to leave; `effective` are the addresses that applications get.
    pub(super) fn release_policy<'e>(&self, effective: &'e [IpAddr]) -> ReleasePolicy<'e> {
        ReleasePolicy { trusts_system: self.roots.trusts_system(), effective }
    }

    /// Everything that the machine of the direct path must know of the walk.
    pub(super) fn settings(&self, connect: ConnectPolicy) -> Settings<'_> {
        let (plan, world) = (self.plan, self.world);
        let name = self.target.seen.host.as_str();
        let full = matches!(connect, ConnectPolicy::Full { .. });
        let own_path = full && self.kind != WalkKind::Reference;
        let resolvers = plan.resolvers(world, name).into_iter();
        let scope = |address| world::scope(&world.resolver_config, address);
        Settings {
            target: self.target,
            resolvers: resolvers.map(|(address, role)| (address, role, scope(address))).collect(),
            overriding_resolver: plan.resolvers.first().copied(),
            uses_tcp: world.asks_over_tcp(),
            pinned: vantage::hosts(&world.hosts, &[name]).lines.iter().map(|l| l.address).collect(),
            expect: &plan.expect,
            connect,
            experiments: match (own_path, plan.experiments, plan.deep) {
                (false, ..) => ExperimentPolicy::NotHere,
                (true, false, _) => ExperimentPolicy::Declined,
                (true, true, false) => ExperimentPolicy::Default,
                (true, true, true) => ExperimentPolicy::Deep,
            },
            ends_with_call: self.kind == WalkKind::Request,
            any_nameserver: world.asks_any_nameserver(),
            timeout: plan.timeout,
            deadline: plan.deadline,
            stall_after: plan.stall_after(),
        }
    }

    /// A connection within the deadline of its hop.
    pub(super) async fn connect(
        &self,
        logical: SocketAddr,
        to: SocketAddr,
    ) -> (TcpAttempt, Option<Connection>) {
        connect::connect(logical, to, None, self.since, self.hop_timeout()).await
    }

    /// What a handshake for the target's name asks for.
    pub(super) fn handshake_request(&self, timeout: Duration) -> Handshake<'_> {
        Handshake {
            server_name: &self.target.seen.host,
            roots: Arc::clone(&self.roots),
            provider: Arc::clone(&self.provider),
            now: self.now(),
            timeout,
            hello: Hello::Full,
            versions: Versions::Both,
            alpn: self.target.opening().alpn(),
            first: self
                .target
                .opening()
                .tls_request()
                .map(|ask| TlsRequest { sends: ask.sends, allows: ask.allows }),
            redactor: self.redactor(),
        }
    }

    /// A handshake for the target's name.
    pub(super) async fn handshake(
        &self,
        route: Route,
        socket: Option<&Socket>,
    ) -> (TlsHop, Option<Verified>) {
        let request = self.handshake_request(self.hop_timeout());
        tls::handshake(route, socket, &request).await
    }
}
