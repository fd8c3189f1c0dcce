//! What ends a run early: SIGINT and SIGTERM.

/// The signal that ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Ended {
    /// The exit status that shells give such a run: 128 and the signal's number.
    pub(super) const fn status(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Waits for one of them. Where the system does not let it, the run goes to its end.
#[cfg(unix)]
pub(super) async fn ended() -> Ended {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Ended::Interrupt,
        _ = terminate.recv() => Ended::Terminate,
    }
}

/// Waits for one of them. Where the system does not let it, the run goes to its end.
#[cfg(not(unix))]
pub(super) async fn ended() -> Ended {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Ended::Interrupt,
        Err(_) => std::future::pending().await,
    }
}
