//! Signals that end a run early: SIGINT and SIGTERM.

/// The signal that ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interruption {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Interruption {
    /// The exit status that shells report for it: 128 plus the number of the signal.
    pub(super) const fn status(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Waits for one of them; forever if the system does not allow handling them.
#[cfg(unix)]
pub(super) async fn interrupted() -> Interruption {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Interruption::Interrupt,
        _ = terminate.recv() => Interruption::Terminate,
    }
}

/// Waits for one of them; forever if the system does not allow handling them.
#[cfg(not(unix))]
pub(super) async fn interrupted() -> Interruption {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Interruption::Interrupt,
        Err(_) => std::future::pending().await,
    }
}
