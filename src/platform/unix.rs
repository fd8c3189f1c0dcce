//! What Unix systems have in common.
#![allow(unsafe_code, reason = "system calls that no safe wrapper in the tree offers")]

mod group;

use std::ffi::CString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use crate::evidence::dns::SystemAnswer;

pub(super) use group::Group;
pub use group::end_programs;

/// The host name, empty when the kernel does not report it.
#[must_use]
pub fn host_name() -> String {
    let mut buffer = [0_u8; 256];
    // SAFETY: the buffer is ours and its length is given; the last byte stays zero.
    let result = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) };
    if result != 0 {
        return String::new();
    }
    let end = buffer.iter().position(|b| *b == 0).unwrap_or(buffer.len());
    String::from_utf8_lossy(&buffer[..end]).into_owned()
}

/// The number of an interface in this process's own network namespace, as glibc finds it: /sys may
/// show those of another one (containers, `ip netns exec`).
#[must_use]
pub fn interface_index(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: the string ends with a zero and lives through the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    (index != 0).then_some(index)
}

/// Unix has no service control manager.
#[must_use]
pub fn run_as_service(_: fn() -> u8) -> Option<u8> {
    None
}

/// Nothing to do: without an event log of the system, standard error is enough.
pub const fn write_event(_: &str, _: bool) {}

/// Every terminal does.
pub const fn shows_codes<S>(_: &S) -> bool {
    true
}

/// What the kernel gives for an option of TCP, in `buffer`.
pub(super) fn tcp_option<'b>(
    socket: &impl AsRawFd,
    option: libc::c_int,
    buffer: &'b mut [u8],
) -> Option<&'b [u8]> {
    let mut length = libc::socklen_t::try_from(buffer.len()).ok()?;
    // SAFETY: the buffer is ours and its length is given; the kernel writes at most that.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            option,
            buffer.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    (result == 0).then_some(())?;
    buffer.get(..length as usize)
}

/// Makes the process write no core: it holds secrets.
pub(super) fn write_no_core() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a plain system call, which reads that structure alone; a failure leaves things as they
    // were.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
    }
}

/// Makes a write beyond the largest size of a file (`ulimit -f`) an error, which is reported, and not
/// the end of the process.
pub(super) fn outlive_file_size_limit() {
    // SAFETY: a plain system call; a failure leaves things as they were.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// Gives SIGINT and SIGTERM back to the system: the next one ends the process at once.
pub fn default_signals() {
    // SAFETY: plain system calls; a failure leaves things as they were.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::signal(libc::SIGTERM, libc::SIG_DFL);
    }
}

/// Opens a file that is not a regular one, to write into it; never waits for a pipe's reader.
///
/// # Errors
///
/// Those of the system; a pipe without a reader is one ([`has_no_reader`]).
pub fn open_to_write(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path)
}

/// Whether a pipe could not be opened because no program reads from it.
pub fn has_no_reader(path: &std::path::Path, error: &std::io::Error) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let is_pipe = || std::fs::metadata(path).is_ok_and(|about| about.file_type().is_fifo());
    error.raw_os_error() == Some(libc::ENXIO) && is_pipe()
}

/// Raises the limit of open files to the hard limit, and returns it: many walks have many sockets.
pub fn open_files() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the calls read and write that one structure; a failure leaves things as they were.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 {
            return None;
        }
        let wider = libc::rlimit { rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const wider) == 0 {
            return Some(wider.rlim_cur);
        }
    }
    Some(limit.rlim_cur)
}

/// `getaddrinfo` for a stream socket: what an application on this machine gets. Blocks, up to
/// 20 s and more with silent resolvers.
#[must_use]
#[allow(unreachable_pub, reason = "with musl, Linux's own function is the one that is exported")]
pub fn lookup(host: &str) -> SystemAnswer {
    thread_resolver::reset();
    let Ok(name) = CString::new(host) else {
        return SystemAnswer::Failed { code: "EAI_NONAME".to_owned() };
    };
    // SAFETY: all-zero is a valid addrinfo.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list: *mut libc::addrinfo = std::ptr::null_mut();
    // SAFETY: the name is a C string, the hints are initialised, the list is ours to free.
    let code = unsafe {
        libc::getaddrinfo(name.as_ptr(), std::ptr::null(), &raw const hints, &raw mut list)
    };
    if code != 0 {
        return SystemAnswer::Failed { code: eai_name(code) };
    }
    let mut addresses = Vec::new();
    let mut at = list;
    while !at.is_null() && addresses.len() < 64 {
        // SAFETY: getaddrinfo's list is valid until freeaddrinfo.
        let entry = unsafe { &*at };
        // SAFETY: ai_addr points to a sockaddr of ai_addrlen bytes.
        if let Some(address) = unsafe { ip_of(entry.ai_addr) }
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
        at = entry.ai_next;
    }
    // SAFETY: the list came from getaddrinfo and is freed once.
    unsafe { libc::freeaddrinfo(list) };
    SystemAnswer::Addresses { addresses }
}

/// What glibc keeps for each thread between two lookups: that a resolver did not answer A and AAAA
/// at once, and so is asked for one after the other; and the configuration, which a thread with
/// such a memory no longer reads anew when `/etc/resolv.conf` changes.
///
/// Each lookup has to begin as that of an application that has just started, on whatever thread it
/// runs. Closing and initialising the thread's state (resolver(3)) does just that: since glibc 2.26
/// it takes the configuration that all threads share, read again if the file has changed. musl keeps
/// nothing.
#[cfg(target_env = "gnu")]
mod thread_resolver {
    use std::ffi::{c_int, c_ulong};

    /// The beginning of `struct __res_state`, which is public (resolv.h).
    #[repr(C)]
    pub(super) struct State {
        retrans: c_int,
        retry: c_int,
        pub(super) options: c_ulong,
    }

    /// `RES_INIT` among the options: the state has been initialised.
    pub(super) const INITIALISED: c_ulong = 1;

    unsafe extern "C" {
        /// The state of the calling thread, `&_res`.
        pub(super) fn __res_state() -> *mut State;
        fn __res_nclose(state: *mut State);
        fn __res_ninit(state: *mut State) -> c_int;
    }

    /// Forgets it, before each lookup. A thread's state stays all zero until a lookup initialises
    /// it, which one that nscd answers, a number or one without a free descriptor does not: closing
    /// such a state would close descriptor 0.
    pub(super) fn reset() {
        // SAFETY: the state is this thread's own and begins as `State` says; both functions take one
        // that was initialised, and a failure leaves it to be initialised later.
        unsafe {
            let state = __res_state();
            if (*state).options & INITIALISED != 0 {
                __res_nclose(state);
                __res_ninit(state);
            }
        }
    }
}

#[cfg(not(target_env = "gnu"))]
mod thread_resolver {
    pub(super) const fn reset() {}
}

fn eai_name(code: i32) -> String {
    match code {
        libc::EAI_NONAME => "EAI_NONAME",
        libc::EAI_AGAIN => "EAI_AGAIN",
        libc::EAI_FAIL => "EAI_FAIL",
        libc::EAI_NODATA => "EAI_NODATA",
        libc::EAI_MEMORY => "EAI_MEMORY",
        libc::EAI_FAMILY => "EAI_FAMILY",
        libc::EAI_SERVICE => "EAI_SERVICE",
        libc::EAI_SYSTEM => "EAI_SYSTEM",
        other => return format!("EAI {other}"),
    }
    .to_owned()
}

/// The address in a sockaddr.
///
/// # Safety
///
/// `address` is null or points to a sockaddr as long as its family says.
pub(super) unsafe fn ip_of(address: *const libc::sockaddr) -> Option<IpAddr> {
    if address.is_null() {
        return None;
    }
    // SAFETY: every sockaddr begins with its family.
    let family = unsafe { (*address).sa_family };
    match i32::from(family) {
        libc::AF_INET => {
            // SAFETY: the family says that this is a sockaddr_in.
            let v4 = unsafe { address.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(IpAddr::V4(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr))))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that this is a sockaddr_in6.
            let v6 = unsafe { address.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(IpAddr::V6(Ipv6Addr::from(v6.sin6_addr.s6_addr)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn getaddrinfo_reads_the_hosts_file() {
        assert_eq!(
            lookup("127.0.0.1"),
            SystemAnswer::Addresses { addresses: vec!["127.0.0.1".parse().unwrap()] }
        );
        assert!(matches!(lookup("no\0name"), SystemAnswer::Failed { .. }));
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn a_lookup_begins_without_what_the_thread_learnt_before() {
        /// `RES_SNGLKUP`: A and AAAA one after the other.
        const SINGLE: libc::c_ulong = 0x0020_0000;
        // SAFETY: the state of this thread begins so, and nothing else refers to it.
        let options = || unsafe { &mut (*thread_resolver::__res_state()).options };
        let _ = lookup("localhost");
        let configured = *options();
        *options() ^= SINGLE;
        let _ = lookup("localhost");
        assert_eq!(*options(), configured);
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn a_state_that_no_lookup_initialised_is_left_alone() {
        // A numeric name is answered without it, as is any name that nscd knows.
        let after = std::thread::spawn(|| {
            // SAFETY: the state of this thread, which nothing else refers to.
            let options = || unsafe { (*thread_resolver::__res_state()).options };
            let before = options();
            let _ = lookup("127.0.0.1");
            let _ = lookup("127.0.0.1");
            (before, options())
        });
        assert_eq!(after.join().unwrap(), (0, 0));
        // SAFETY: only asks whether the descriptor is open.
        assert!(unsafe { libc::fcntl(0, libc::F_GETFD) } >= 0, "standard input was closed");
    }
}
