//! Linux.
#![allow(unsafe_code, reason = "system calls that no safe wrapper in the tree offers")]

mod group;
mod messages;
mod route;

use std::ffi::CString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, RawFd};

use super::{IcmpError, meaning};
use crate::evidence::dns::SystemAnswer;
use crate::evidence::tcp::{IcmpMeaning, TcpInfo};
use crate::evidence::vantage::AzureMachine;
use crate::files::{self, May};

pub(super) use group::Group;
pub use group::end_programs;
pub use route::{default_gateways, interfaces, routes, tunnels_down};

/// `/etc/resolv.conf` is the resolver configuration (resolv.conf(5)).
pub const READS_RESOLV_CONF: bool = true;

/// The asset tag that Azure gives to every virtual machine (fact T24).
const AZURE_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

/// Signs of an Azure machine, read without a packet (fact T24).
#[must_use]
pub fn azure_machine() -> AzureMachine {
    let tag = files::beginning("/sys/class/dmi/id/chassis_asset_tag", May::NotBeAPipe, 4096);
    match tag {
        Ok(tag) if tag.trim_ascii() == AZURE_ASSET_TAG.as_bytes() => AzureMachine {
            answer: Some(true),
            signs: vec!["the DMI chassis asset tag is Azure's".to_owned()],
        },
        Ok(_) => AzureMachine { answer: Some(false), signs: Vec::new() },
        Err(_) => AzureMachine { answer: None, signs: Vec::new() },
    }
}

/// TCP ports that something listens on in this network namespace: in a pod, its sidecars' too.
#[must_use]
pub fn listening_ports() -> Vec<u16> {
    let mut ports: Vec<u16> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(|path| listening(&beginning(path)))
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The first part of a file of the kernel, which lists listening sockets before all others.
fn beginning(path: &str) -> String {
    let bytes = files::beginning(path, May::NotBeAPipe, 256 << 10).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The local ports of lines of `/proc/net/tcp` in state `0A` (`TCP_LISTEN`).
fn listening(table: &str) -> Vec<u16> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (local, _, state) = (fields.next()?, fields.next()?, fields.next()?);
            let port = u16::from_str_radix(local.rsplit(':').next()?, 16).ok()?;
            (state == "0A").then_some(port)
        })
        .collect()
}

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

/// The C library and its version, e.g. `glibc 2.36`.
#[must_use]
pub fn c_library() -> String {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: the function returns a string of the library, which is never freed.
        let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
        format!("glibc {}", version.to_string_lossy())
    }
    #[cfg(not(target_env = "gnu"))]
    "musl".to_owned()
}

/// Makes the process write no core and deny ptrace to its own user: it holds secrets.
pub fn protect_process() {
    // SAFETY: plain system calls; a failure leaves things as they were.
    unsafe {
        let no: libc::c_ulong = 0; // the call reads whole registers
        libc::prctl(libc::PR_SET_DUMPABLE, no, no, no, no);
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
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
unsafe fn ip_of(address: *const libc::sockaddr) -> Option<IpAddr> {
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

/// Asks the kernel to report ICMP errors of this socket in its error queue, or to stop; false
/// when it refuses (a sandbox), which leaves the socket as it is.
pub fn report_icmp(socket: &impl AsRawFd, version6: bool, on: bool) -> bool {
    let (level, option) = if version6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
    } else {
        (libc::IPPROTO_IP, libc::IP_RECVERR)
    };
    let value: libc::c_int = on.into();
    // SAFETY: the option takes an int, and the pointer is to one.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        ) == 0
    }
}

/// Control messages want the alignment of `cmsghdr`.
#[repr(align(8))]
struct ControlBuffer([u8; 512]);

/// Takes one ICMP error out of a socket's error queue, without waiting.
#[must_use]
pub fn read_icmp(socket: &impl AsRawFd) -> Option<IcmpError> {
    let fd: RawFd = socket.as_raw_fd();
    let mut data = [0_u8; 64];
    let mut control = ControlBuffer([0; 512]);
    let mut part = libc::iovec { iov_base: data.as_mut_ptr().cast(), iov_len: data.len() };
    // SAFETY: all-zero is a valid msghdr.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len() as _;
    // SAFETY: every pointer of the header is to a live buffer of the given length.
    let got =
        unsafe { libc::recvmsg(fd, &raw mut message, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT) };
    if got < 0 {
        return None;
    }
    // SAFETY: the header was filled by recvmsg.
    let mut at = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    while !at.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return headers inside the control buffer.
        let header = unsafe { &*at };
        let version6 = header.cmsg_level == libc::IPPROTO_IPV6;
        let ours = (header.cmsg_level == libc::IPPROTO_IP && header.cmsg_type == libc::IP_RECVERR)
            || (version6 && header.cmsg_type == libc::IPV6_RECVERR);
        let longest = size_of::<libc::sock_extended_err>() + size_of::<libc::sockaddr_in6>();
        // SAFETY: plain arithmetic.
        let least = unsafe { libc::CMSG_LEN(longest as libc::c_uint) } as usize;
        // A cut message ends before its offender does; version 4 has the shorter sockaddr.
        let shorter = size_of::<libc::sockaddr_in6>() - size_of::<libc::sockaddr_in>();
        let whole = header.cmsg_len as usize >= if version6 { least } else { least - shorter };
        if ours && whole {
            // SAFETY: the kernel puts a sock_extended_err and the offender's sockaddr here, of
            // the level's own family, and the message is long enough to hold both.
            let (error, offender) = unsafe {
                let error = libc::CMSG_DATA(at).cast::<libc::sock_extended_err>();
                let offender = error.add(1).cast::<libc::sockaddr>();
                (error.read_unaligned(), ip_of(offender))
            };
            let errno = i32::try_from(error.ee_errno).unwrap_or(0);
            let icmp = matches!(error.ee_origin, 2 | 3); // SO_EE_ORIGIN_ICMP, _ICMP6
            return Some(IcmpError {
                meaning: if icmp {
                    meaning(error.ee_origin == 3, error.ee_type, error.ee_code)
                } else {
                    local_meaning(errno)
                },
                errno,
                from: offender.filter(|_| icmp),
                code: icmp.then_some((error.ee_type, error.ee_code)),
            });
        }
        // SAFETY: as above.
        at = unsafe { libc::CMSG_NXTHDR(&raw const message, at) };
    }
    None
}

fn local_meaning(errno: i32) -> IcmpMeaning {
    match errno {
        libc::ENETUNREACH => IcmpMeaning::NetUnreachable,
        libc::EHOSTUNREACH => IcmpMeaning::HostUnreachable,
        libc::EMSGSIZE => IcmpMeaning::FragmentationNeeded,
        libc::ECONNREFUSED => IcmpMeaning::PortUnreachable,
        _ => IcmpMeaning::Other,
    }
}

/// TCP_INFO of a connection. Fields that this kernel does not have are `None`.
///
/// The offsets are those of `struct tcp_info` in `linux/tcp.h`, which only ever grows at its end.
#[must_use]
pub fn tcp_info(socket: &impl AsRawFd) -> Option<TcpInfo> {
    let mut buffer = [0_u8; 256];
    let mut length = buffer.len() as libc::socklen_t;
    // SAFETY: the buffer is ours and its length is given; the kernel writes at most that.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            buffer.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return None;
    }
    let known = &buffer[..(length as usize).min(buffer.len())];
    let u32_at = |offset: usize| {
        known.get(offset..offset + 4).and_then(|b| b.try_into().ok()).map(u32::from_ne_bytes)
    };
    let u64_at = |offset: usize| {
        known.get(offset..offset + 8).and_then(|b| b.try_into().ok()).map(u64::from_ne_bytes)
    };
    Some(TcpInfo {
        snd_mss: u32_at(16)?,
        pmtu: u32_at(60)?,
        rtt_us: u32_at(68)?,
        total_retrans: u32_at(100)?,
        bytes_acked: u64_at(120),
        bytes_received: u64_at(128),
        segs_out: u32_at(136),
        segs_in: u32_at(140),
        rcv_ooopack: u32_at(224),
        min_rtt_us: u32_at(148),
        dsack_dups: u32_at(216),
        // TCP_ESTABLISHED, TCP_CLOSE_WAIT (net/tcp_states.h), and not TCP_CA_Loss: while a
        // segment is repeated, a FIN waits behind it.
        open: matches!(known, [1 | 8, recovery, ..] if *recovery != 4),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_ports_are_those_in_the_state_listen() {
        let table = "  sl  local_address rem_address   st tx_queue\n\
             0: 00000000:3A99 00000000:0000 0A 00000000:00000000\n\
             1: 0100007F:1F90 0100007F:C350 01 00000000:00000000\n";
        assert_eq!(listening(table), [15001]);
        assert!(listening("").is_empty());
    }

    #[test]
    fn a_listener_of_this_machine_is_seen() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // A sandbox may hide the table: then nothing is known.
        let seen = listening_ports();
        assert!(seen.is_empty() || seen.contains(&port), "{port}: {seen:?}");
    }

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

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a loopback connection to look at")]
    fn tcp_info_describes_a_loopback_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let info = tcp_info(&stream).unwrap();
        assert!(info.snd_mss > 500 && info.pmtu >= 1500, "{info:?}");
        assert_eq!(info.bytes_received, Some(0));
        assert!(info.segs_out >= Some(2), "SYN and ACK: {info:?}");
    }
}
