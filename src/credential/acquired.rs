//! A token that was asked for, and what its asking left behind.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::evidence::identity::Acquisition;
use crate::evidence::tcp::TcpAttempt;
use crate::secret::Secret;

/// A token that is asked for once, whoever asks first.
pub(super) type TokenCell = Rc<OnceCell<Rc<Acquired>>>;

/// What came of asking for a token.
#[derive(Debug)]
pub struct Acquired {
    /// The token.
    pub token: Option<Secret>,
    /// How it was asked for.
    pub evidence: RefCell<Acquisition>,
    /// Connections that nothing waited for: the answer came over another one. What becomes of
    /// them is evidence, too.
    pub late: RefCell<Vec<Late>>,
    /// Done when the last of them is in the evidence.
    pub settled: OnceCell<()>,
}

/// A connection on the way to a token that was under way when its answer came.
#[derive(Debug)]
pub struct Late {
    /// Whose it is: the place of the request.
    pub request: usize,
    /// What became of it; none where the walk itself was told.
    pub attempt: JoinHandle<Option<TcpAttempt>>,
}
