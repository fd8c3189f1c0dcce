//! What the kernel reports of a socket.
#![allow(unsafe_code, reason = "system calls that no safe wrapper in the tree offers")]

use std::os::fd::AsRawFd;

use super::readers;
use crate::evidence::tcp::TcpInfo;
use crate::platform::IcmpError;

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
    let mut length = buffer.len() as libc::socklen_t;
    // SAFETY: the buffer is ours and its length is given; the kernel writes at most that.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_CONNECTION_INFO,
            buffer.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return None;
    }
    readers::tcp::tcp_info(buffer.get(..length as usize)?)
}
