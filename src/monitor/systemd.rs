//! Notifications to systemd, by the protocol of sd_notify(3).

/// What systemd is notified of.
#[derive(Debug, Clone, Copy)]
pub enum SystemdState<'a> {
    /// The start or the reload is complete. With text for `systemctl status`.
    Ready(&'a str),
    /// For the watchdog: the process makes progress.
    Alive,
    /// The inventory is being reloaded; [`SystemdState::Ready`] follows.
    Reloading,
    /// The shutdown has begun.
    Stopping,
}

/// Notifies systemd; does nothing if it has not started this process.
#[cfg(unix)]
pub fn notify(state: SystemdState<'_>) {
    use sd_notify::NotifyState;
    // Without the variable or a listener there is nothing to do.
    let _ = match state {
        SystemdState::Ready(status) => {
            sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(status)])
        }
        SystemdState::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
        SystemdState::Reloading => match NotifyState::monotonic_usec_now() {
            Ok(now) => sd_notify::notify(&[NotifyState::Reloading, now]),
            Err(error) => Err(error),
        },
        SystemdState::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
    };
}

/// This system has no systemd.
#[cfg(not(unix))]
pub fn notify(_: SystemdState<'_>) {}

/// Half of the interval in which systemd's watchdog expects a notification.
#[cfg(unix)]
pub fn watchdog() -> Option<std::time::Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

/// This system has no systemd.
#[cfg(not(unix))]
pub fn watchdog() -> Option<std::time::Duration> {
    None
}
