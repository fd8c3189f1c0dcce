//! Signals to a long-running process: to end, or to reload its inventory. On Windows a console and
//! the service control manager give them.

/// A signal, by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, SIGINT, a console that closes, `sc stop`: end.
    Stop,
    /// SIGHUP, `sc control <name> paramchange`: reload the inventory.
    Reload,
}

/// The handled signals.
#[cfg(unix)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Replaces the default handlers.
    ///
    /// # Errors
    ///
    /// The system does not allow it.
    pub fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.hang_up.recv() => Signal::Reload,
        }
    }
}

/// The handled signals: those of a console, and the requests of the service control manager.
#[cfg(windows)]
pub struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    pause: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
    service: crate::platform::ServiceRequests,
}

#[cfg(windows)]
impl Signals {
    /// Replaces the default handlers.
    ///
    /// # Errors
    ///
    /// The system does not allow it.
    pub fn new() -> std::io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self {
            interrupt: ctrl_c()?,
            pause: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
            service: crate::platform::service_requests(),
        })
    }

    /// The next signal. The end of a user's session is none: a service outlives it.
    pub async fn next(&mut self) -> Signal {
        use crate::platform::ServiceRequest;
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.pause.recv() => Signal::Stop,
            _ = self.close.recv() => Signal::Stop,
            _ = self.shutdown.recv() => Signal::Stop,
            asked = self.service.next() => match asked {
                ServiceRequest::Stop => Signal::Stop,
                ServiceRequest::Reload => Signal::Reload,
            },
        }
    }
}
