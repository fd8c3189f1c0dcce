//! What a service tells systemd, by the protocol of sd_notify(3).

/// What systemd is told.
#[derive(Debug, Clone, Copy)]
pub enum Tell<'a> {
    /// What it asked for works: the start, or the reload. With words for `systemctl status`.
    Ready(&'a str),
    /// The watchdog's sign of life.
    Alive,
    /// The inventory is read again; [`Tell::Ready`] follows.
    Reloading,
    /// The end has begun.
    Stopping,
}

/// Tells it; nothing happens where it did not start us.
#[cfg(unix)]
pub fn tell(tell: Tell<'_>) {
    use sd_notify::NotifyState;
    // Without the variable, or without somebody there, nothing is to be done about it.
    let _ = match tell {
        Tell::Ready(status) => {
            sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(status)])
        }
        Tell::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
        Tell::Reloading => match NotifyState::monotonic_usec_now() {
            Ok(now) => sd_notify::notify(&[NotifyState::Reloading, now]),
            Err(error) => Err(error),
        },
        Tell::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
    };
}

/// There is none on this system.
#[cfg(not(unix))]
pub fn tell(_: Tell<'_>) {}

/// How often systemd wants a sign of life at least, halved.
#[cfg(unix)]
pub fn watchdog() -> Option<std::time::Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

/// There is none on this system.
#[cfg(not(unix))]
pub fn watchdog() -> Option<std::time::Duration> {
    None
}
