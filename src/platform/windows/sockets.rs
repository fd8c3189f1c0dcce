//! What the kernel reports of a socket.
#![allow(unsafe_code, reason = "system calls that no safe wrapper in the tree offers")]

use std::mem::offset_of;
use std::os::windows::io::{AsRawSocket as _, AsSocket};

use windows_sys::Win32::Networking::WinSock::{
    ICMP_ERROR_INFO, IPPROTO_ICMPV6, IPPROTO_TCP, SIO_TCP_INFO, SO_TYPE, SOCK_STREAM, SOCKET,
    SOL_SOCKET, TCP_FAIL_CONNECT_ON_ICMP_ERROR, TCP_ICMP_ERROR_INFO, TCP_INFO_v0,
    TCPSTATE_CLOSE_WAIT, TCPSTATE_ESTABLISHED, WSAIoctl, getsockopt, setsockopt,
};

use super::addresses;
use crate::evidence::tcp::TcpInfo;
use crate::platform::{IcmpError, meaning};

/// Asks the system to end a connection attempt at an ICMP error, and to keep that error for
/// [`read_icmp`]; false where it cannot: before Windows 10 2004 and Windows Server 2022, and for
/// UDP.
pub fn report_icmp(socket: &impl AsSocket, _version6: bool, on: bool) -> bool {
    let value = u32::from(on);
    is_tcp(socket)
        // SAFETY: the option takes a DWORD, and the pointer is to one.
        && unsafe {
            setsockopt(
                number(socket),
                IPPROTO_TCP,
                TCP_FAIL_CONNECT_ON_ICMP_ERROR,
                (&raw const value).cast(),
                size_of::<u32>() as i32,
            ) == 0
        }
}

/// The ICMP error that a connection attempt met; none where it met none, where this version of
/// Windows does not report it, and for UDP.
#[must_use]
pub fn read_icmp(socket: &impl AsSocket) -> Option<IcmpError> {
    if !is_tcp(socket) {
        return None;
    }
    let mut error = ICMP_ERROR_INFO::default();
    let mut length = size_of::<ICMP_ERROR_INFO>() as i32;
    // SAFETY: the buffer is ours and its length is given; every pattern of bits is an
    // ICMP_ERROR_INFO.
    let result = unsafe {
        getsockopt(
            number(socket),
            IPPROTO_TCP,
            TCP_ICMP_ERROR_INFO,
            (&raw mut error).cast(),
            &raw mut length,
        )
    };
    // Without an error the address has no family.
    let from = addresses::read(&error.srcaddress).filter(|_| result == 0)?;
    let version6 = error.protocol == IPPROTO_ICMPV6;
    Some(IcmpError {
        meaning: meaning(version6, error.r#type, error.code),
        errno: 0,
        from: Some(from),
        code: Some((error.r#type, error.code)),
    })
}

/// A buffer for TCP_INFO_v0: as bytes, for what the system writes into a `bool` is not ours.
#[repr(align(8))]
struct Counters([u8; size_of::<TCP_INFO_v0>()]);

impl Counters {
    fn u32(&self, at: usize) -> Option<u32> {
        self.0.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
    }

    fn u64(&self, at: usize) -> Option<u64> {
        self.0.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes)
    }
}

/// TCP_INFO of a connection (`SIO_TCP_INFO`, Windows 10 1703, Windows Server 2016). What Windows does
/// not count is `None`: segments, what the peer acknowledged, the path MTU.
#[must_use]
pub fn tcp_info(socket: &impl AsSocket) -> Option<TcpInfo> {
    let version = 0_u32;
    let mut counters = Counters([0; size_of::<TCP_INFO_v0>()]);
    let mut written = 0_u32;
    // SAFETY: both buffers are ours, and their lengths are given; the call does not return before it
    // is done, since it has neither an OVERLAPPED nor a completion routine.
    let result = unsafe {
        WSAIoctl(
            number(socket),
            SIO_TCP_INFO,
            (&raw const version).cast(),
            size_of::<u32>() as u32,
            counters.0.as_mut_ptr().cast(),
            counters.0.len() as u32,
            &raw mut written,
            std::ptr::null_mut(),
            None,
        )
    };
    if result != 0 || (written as usize) < offset_of!(TCP_INFO_v0, SynRetrans) {
        return None;
    }
    let state = counters.u32(offset_of!(TCP_INFO_v0, State))?.cast_signed();
    let measured = |us: &u32| *us != u32::MAX;
    Some(TcpInfo {
        snd_mss: counters.u32(offset_of!(TCP_INFO_v0, Mss))?,
        pmtu: None,
        rtt_us: counters.u32(offset_of!(TCP_INFO_v0, RttUs)).filter(measured).unwrap_or(0),
        total_retrans: None,
        bytes_retrans: counters.u32(offset_of!(TCP_INFO_v0, BytesRetrans)).map(u64::from),
        syn_retrans: counters.0.get(offset_of!(TCP_INFO_v0, SynRetrans)).copied().map(u32::from),
        bytes_acked: None,
        bytes_received: counters.u64(offset_of!(TCP_INFO_v0, BytesIn)),
        segs_out: None,
        segs_in: None,
        rcv_ooopack: None,
        min_rtt_us: counters.u32(offset_of!(TCP_INFO_v0, MinRttUs)).filter(measured),
        dsack_dups: None,
        open: matches!(state, TCPSTATE_ESTABLISHED | TCPSTATE_CLOSE_WAIT),
    })
}

/// Whether it is a stream socket: Windows takes options of TCP on others for something else.
fn is_tcp(socket: &impl AsSocket) -> bool {
    let mut kind = 0_i32;
    let mut length = size_of::<i32>() as i32;
    // SAFETY: the option gives an int, and the pointer is to one.
    let result = unsafe {
        getsockopt(number(socket), SOL_SOCKET, SO_TYPE, (&raw mut kind).cast(), &raw mut length)
    };
    result == 0 && kind == SOCK_STREAM
}

fn number(socket: &impl AsSocket) -> SOCKET {
    socket.as_socket().as_raw_socket() as SOCKET
}
