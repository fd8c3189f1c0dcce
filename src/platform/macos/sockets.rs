//! What the kernel reports of a socket.

use std::os::fd::AsRawFd;

use super::readers;
use crate::evidence::tcp::TcpInfo;
use crate::platform::{IcmpError, unix};

/// Nothing to ask for: macOS has no queue of the errors of a socket.
pub const fn report_icmp<S>(_socket: &S, _version6: bool, _on: bool) -> bool {
    false
}

/// None.
#[must_use]
pub const fn read_icmp<S>(_socket: &S) -> Option<IcmpError> {
    None
}

/// What `TCP_CONNECTION_INFO` tells of a connection.
#[must_use]
pub fn tcp_info(socket: &impl AsRawFd) -> Option<TcpInfo> {
    let mut buffer = [0_u8; 256];
    let known = unix::tcp_option(socket, libc::TCP_CONNECTION_INFO, &mut buffer)?;
    readers::tcp::tcp_info(known)
}
