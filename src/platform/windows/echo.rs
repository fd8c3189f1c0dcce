//! ICMP echo requests, which every program may send (`IcmpSendEcho2Ex`, `Icmp6SendEcho2`).
#![allow(unsafe_code, reason = "system calls that no safe wrapper in the tree offers")]

use std::io;
use std::mem::offset_of;
use std::net::{IpAddr, Ipv6Addr};
use std::ptr::{null, null_mut};
use std::time::Duration;

use windows_sys::Win32::Foundation::{GetLastError, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY_LH, IP_OPTION_INFORMATION, IPV6_ADDRESS_EX, Icmp6CreateFile,
    Icmp6SendEcho2, IcmpCloseHandle, IcmpCreateFile, IcmpSendEcho2Ex,
};

use super::{addresses, readers};
use crate::blocking;
use crate::platform::EchoAnswer;

/// What a request carries.
const DATA: [u8; 32] = [0; 32];

/// Room for a reply: its structure, the data, an ICMP error's eight bytes and the system's own status
/// block, as Microsoft's documentation wants it.
const REPLY: usize = if size_of::<ICMP_ECHO_REPLY>() > size_of::<ICMPV6_ECHO_REPLY_LH>() {
    size_of::<ICMP_ECHO_REPLY>()
} else {
    size_of::<ICMPV6_ECHO_REPLY_LH>()
} + DATA.len()
    + 8
    + 2 * size_of::<usize>();

// The reader's places are those of the system's structures.
const _: () = assert!(
    offset_of!(ICMP_ECHO_REPLY, Status) == 4
        && offset_of!(ICMPV6_ECHO_REPLY_LH, Status) == 28
        && offset_of!(IPV6_ADDRESS_EX, sin6_addr) == 6
);

/// As bytes, for only the start of it is read.
#[repr(align(8))]
struct Reply([u8; REPLY]);

/// Sends one echo request with this TTL (hop limit), and returns what comes back; none where nothing
/// does within about `timeout`. The system's call blocks: a thread makes it, which nothing has to wait for.
///
/// # Errors
///
/// The request was not sent.
pub async fn echo(to: IpAddr, ttl: u8, timeout: Duration) -> io::Result<Option<EchoAnswer>> {
    blocking::run_blocking(move || send(to, ttl, timeout)).await?
}

fn send(to: IpAddr, ttl: u8, timeout: Duration) -> io::Result<Option<EchoAnswer>> {
    let version6 = to.is_ipv6();
    let requests = Requests::open(version6)?;
    let options = IP_OPTION_INFORMATION { Ttl: ttl, ..Default::default() };
    let wait = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1);
    let mut reply = Reply([0; REPLY]);
    let replies = match to {
        // SAFETY: the handle is open; the buffers are ours, live until the call has returned, and their
        // lengths are given. Without an event or a routine it returns when it is done.
        IpAddr::V4(to) => unsafe {
            IcmpSendEcho2Ex(
                requests.0,
                null_mut(),
                None,
                null(),
                0,
                u32::from_ne_bytes(to.octets()),
                DATA.as_ptr().cast(),
                DATA.len() as u16,
                &raw const options,
                reply.0.as_mut_ptr().cast(),
                REPLY as u32,
                wait,
            )
        },
        IpAddr::V6(_) => {
            let from = addresses::write(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
            let to = addresses::write(to);
            // SAFETY: as above; both addresses are of IPv6.
            unsafe {
                Icmp6SendEcho2(
                    requests.0,
                    null_mut(),
                    None,
                    null(),
                    &raw const from.Ipv6,
                    &raw const to.Ipv6,
                    DATA.as_ptr().cast(),
                    DATA.len() as u16,
                    &raw const options,
                    reply.0.as_mut_ptr().cast(),
                    REPLY as u32,
                    wait,
                )
            }
        }
    };
    // SAFETY: reads this thread's last error.
    match replies {
        0 => readers::echo::no_answer(unsafe { GetLastError() }),
        _ => readers::echo::answer(&reply.0, version6),
    }
}

/// A handle for requests, which is closed when this is dropped.
struct Requests(HANDLE);

impl Requests {
    fn open(version6: bool) -> io::Result<Self> {
        // SAFETY: takes nothing; the handle is checked.
        let handle = unsafe {
            match version6 {
                false => IcmpCreateFile(),
                true => Icmp6CreateFile(),
            }
        };
        match handle == INVALID_HANDLE_VALUE || handle.is_null() {
            true => Err(io::Error::last_os_error()),
            false => Ok(Self(handle)),
        }
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        // SAFETY: it is open, and closed once.
        unsafe { IcmpCloseHandle(self.0) };
    }
}
