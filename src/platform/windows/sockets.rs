//! What the kernel reports of a socket.

use crate::evidence::tcp::TcpInfo;
use crate::platform::IcmpError;

/// Nothing to ask for.
pub fn report_icmp<S>(_socket: &S, _version6: bool, _on: bool) -> bool {
    false
}

/// None.
#[must_use]
pub fn read_icmp<S>(_socket: &S) -> Option<IcmpError> {
    None
}

/// None.
#[must_use]
pub fn tcp_info<S>(_socket: &S) -> Option<TcpInfo> {
    None
}
