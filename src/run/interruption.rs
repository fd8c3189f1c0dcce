//! Signals that end a run early: SIGINT and SIGTERM, and what a console of Windows has in their place.

/// The signal that ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interruption {
    /// SIGINT: Ctrl-C; Ctrl-Break.
    Interrupt,
    /// SIGTERM; the console closes, or the machine shuts down.
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

/// Waits for one of them; forever if the system does not allow handling them. A console that closes
/// and a machine that shuts down leave a few seconds.
#[cfg(windows)]
pub(super) async fn interrupted() -> Interruption {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
    let signals = (ctrl_c(), ctrl_break(), ctrl_close(), ctrl_shutdown());
    let (Ok(mut interrupt), Ok(mut pause), Ok(mut close), Ok(mut shutdown)) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Interruption::Interrupt,
        _ = pause.recv() => Interruption::Interrupt,
        _ = close.recv() => Interruption::Terminate,
        _ = shutdown.recv() => Interruption::Terminate,
    }
}
