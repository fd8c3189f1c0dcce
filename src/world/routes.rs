//! Routes that walks in one world share: asked for once, and again after the kernel has reported a
//! change of what they depend on.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::evidence::vantage::{NeighbourState, Route};
use crate::platform::{self, RouteChanges, RouteTowards};

/// Peers whose routes are kept.
const MOST_PEERS: usize = 1024;

/// The routes that were asked for since the last change.
#[derive(Default)]
pub struct SharedRoutes(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// None before the first question, and where the system reports no changes.
    changes: Option<RouteChanges>,
    routes: HashMap<SocketAddr, RouteTowards>,
}

impl std::fmt::Debug for SharedRoutes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedRoutes").finish_non_exhaustive()
    }
}

impl SharedRoutes {
    /// The route towards each peer; none where there is none, or where the system does not report it.
    pub fn towards(&self, peers: &[SocketAddr]) -> Vec<Option<RouteTowards>> {
        self.known().towards(peers)
    }

    /// Looks up a route that will be asked for, where its changes are reported: elsewhere it would be
    /// looked up a second time.
    pub fn look_up_early(&self, peer: SocketAddr) {
        let mut known = self.known();
        if known.sees_changes() {
            known.towards(&[peer]);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether changes are reported from now on. It must be called before the first route is asked
    /// for: a change after it must not go unseen.
    fn sees_changes(&mut self) -> bool {
        if self.changes.is_none() {
            self.changes = platform::route_changes();
        }
        self.changes.is_some()
    }

    fn towards(&mut self, peers: &[SocketAddr]) -> Vec<Option<RouteTowards>> {
        self.sees_changes();
        if self.changes.as_mut().is_some_and(|changed| changed()) {
            self.routes.clear();
        }
        let new: Vec<SocketAddr> =
            peers.iter().copied().filter(|peer| !self.routes.contains_key(peer)).collect();
        if new.is_empty() {
            return peers.iter().map(|peer| self.routes.get(peer).cloned()).collect();
        }
        let found: HashMap<SocketAddr, Option<RouteTowards>> =
            new.iter().copied().zip(platform::routes(&new)).collect();
        let all = peers
            .iter()
            .map(|peer| match found.get(peer) {
                Some(route) => route.clone(),
                None => self.routes.get(peer).cloned(),
            })
            .collect();
        if self.changes.is_some() && self.routes.len() + new.len() <= MOST_PEERS {
            let kept = found.into_iter().filter_map(|(peer, found)| Some((peer, found?)));
            self.routes.extend(kept.filter(|(_, found)| is_settled(&found.route)));
        }
        all
    }
}

/// Whether the next state of the neighbour would be reported: the kernel does not report that it looks
/// for one (`__neigh_event_send`, net/core/neighbour.c).
fn is_settled(route: &Route) -> bool {
    let looked_for = |neighbour: Option<NeighbourState>| {
        matches!(neighbour, Some(NeighbourState::Incomplete | NeighbourState::Failed))
    };
    !looked_for(route.neighbour) && !route.marked.iter().any(|other| looked_for(other.neighbour))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route_with(neighbour: Option<NeighbourState>) -> Route {
        Route {
            prefix: None,
            gateway: None,
            interface: None,
            neighbour,
            port: None,
            marked: Vec::new(),
        }
    }

    #[test]
    fn a_route_that_is_known_is_the_one_that_the_kernel_gives() {
        let routes = SharedRoutes::default();
        let peers = ["127.0.0.1:443", "[::1]:443", "127.0.0.1:8443"];
        let peers: Vec<SocketAddr> = peers.iter().map(|peer| peer.parse().unwrap()).collect();
        let first = routes.towards(&peers[..2]);
        assert_eq!(first, platform::routes(&peers[..2]));
        // Some of them known, in another order, and one twice.
        let mixed = [peers[2], peers[0], peers[2], peers[1]];
        assert_eq!(routes.towards(&mixed), platform::routes(&mixed));
        assert_eq!(routes.towards(&[]), []);
    }

    #[test]
    fn a_route_is_asked_for_again_after_a_change() {
        let peer: SocketAddr = "127.0.0.1:443".parse().unwrap();
        let source = Some("192.0.2.1".parse().unwrap());
        let old = RouteTowards { source, route: route_with(None) };
        let after = |changed: bool| {
            let mut known = Known {
                changes: Some(Box::new(move || changed)),
                routes: HashMap::from([(peer, old.clone())]),
            };
            known.towards(&[peer])
        };
        assert_eq!(after(false), [Some(old.clone())]);
        assert_eq!(after(true), platform::routes(&[peer]));
    }

    #[test]
    fn a_route_whose_neighbour_is_looked_for_is_not_kept() {
        assert!(is_settled(&route_with(None)));
        assert!(is_settled(&route_with(Some(NeighbourState::Reachable))));
        assert!(!is_settled(&route_with(Some(NeighbourState::Incomplete))));
        assert!(!is_settled(&route_with(Some(NeighbourState::Failed))));
    }
}
