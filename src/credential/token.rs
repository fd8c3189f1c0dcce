//! A token that was asked for, and the connections that its request left behind.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::evidence::identity::Acquisition;
use crate::evidence::tcp::TcpAttempt;
use crate::secret::Secret;

/// A token that is asked for once, by the first that needs it.
pub(super) type TokenSlot = Rc<OnceCell<Rc<AcquiredToken>>>;

/// What asking for a token led to.
#[derive(Debug)]
pub struct AcquiredToken {
    /// The token.
    pub token: Option<Secret>,
    /// How it was asked for.
    pub evidence: RefCell<Acquisition>,
    /// Connections that nothing waited for, since the answer came over another one. How they end
    /// is evidence, too.
    pub late: RefCell<Vec<LateConnection>>,
    /// Done when the last of them is in the evidence.
    pub finished: OnceCell<()>,
}

/// A connection of a token request that was under way when its answer came.
#[derive(Debug)]
pub struct LateConnection {
    /// The index of its request.
    pub request: usize,
    /// How it ended; none where the walk itself recorded it.
    pub attempt: JoinHandle<Option<TcpAttempt>>,
}
