//! Linux.
#![allow(unsafe_code, reason = "system calls that no safe wrapper in the tree offers")]

mod answers;
#[cfg(any(test, not(target_env = "gnu")))]
mod getent;
#[cfg(target_env = "gnu")]
mod hosts_line;
mod messages;
mod route;

use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use super::unix::ip_of;
use super::{AZURE_ASSET_TAG, IcmpError, SystemResolvers, meaning};
use crate::evidence::dns::SystemAnswer;
use crate::evidence::tcp::{IcmpMeaning, TcpInfo};
#[cfg(not(target_env = "gnu"))]
use crate::evidence::vantage::BY_GETENT;
use crate::evidence::vantage::{AzureMachine, ProcessorTime};
use crate::files::{self, May};
use crate::sorting;

pub(super) use super::unix::Group;
pub use super::unix::{
    default_signals, end_programs, has_no_reader, host_name, interface_index, open_files,
    open_to_write, run_as_service, shows_codes, write_event,
};
pub use route::{default_gateways, interfaces, route_changes, routes, tunnels_down};

/// `/etc/resolv.conf` is the resolver configuration (resolv.conf(5)).
pub const READS_RESOLV_CONF: bool = true;

/// None: the resolvers are those of `/etc/resolv.conf`.
#[must_use]
pub const fn resolver_settings() -> Option<SystemResolvers> {
    None
}

/// None: programs read variables alone.
#[must_use]
pub const fn system_proxies() -> Option<super::SystemProxies> {
    None
}

/// Scripts that choose a proxy are named and not run.
pub const RUNS_PROXY_SCRIPTS: bool = false;

/// None: see [`RUNS_PROXY_SCRIPTS`].
#[must_use]
pub const fn proxy_by_script(_: &str, _: &str, _: Duration) -> Option<super::ScriptAnswer> {
    None
}

/// The library that answers [`lookup`].
#[must_use]
#[cfg(target_env = "gnu")]
pub fn lookup_by() -> Option<String> {
    Some(c_library())
}

/// The library that answers [`lookup`], and whether `getent` asks it.
#[must_use]
#[cfg(not(target_env = "gnu"))]
pub fn lookup_by() -> Option<String> {
    let by_getent = getent::Getent::of_this_machine().is_some();
    Some(format!("{}{}", c_library(), if by_getent { BY_GETENT } else { "" }))
}

/// What this thread had of the processors since it began (schedstat; Linux,
/// Documentation/scheduler/sched-stats.rst). The time for which the CPU limit of its control group held it
/// counts as waiting (fact T190).
#[must_use]
pub fn processor_time() -> Option<ProcessorTime> {
    thread_local! {
        static STATISTICS: Option<std::fs::File> =
            files::open("/proc/thread-self/schedstat", May::BeAnything).ok();
    }
    STATISTICS.with(|file| {
        let mut text = [0; 96];
        let length = file.as_ref()?.read_at(&mut text, 0).ok()?;
        let words = str::from_utf8(text.get(..length)?).ok()?;
        let mut nanoseconds = words.split_whitespace();
        let mut next_ms = || Some(nanoseconds.next()?.parse::<f64>().ok()? / 1e6);
        Some(ProcessorTime { ran_ms: next_ms()?, waited_ms: next_ms()? })
    })
}

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
    let mut ports = route::listeners().unwrap_or_else(|| {
        // A kernel without sock_diag. Reading its tables takes milliseconds: it goes through the empty
        // places for all connections that the machine could have.
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        tables.iter().flat_map(|path| listening(&beginning(path))).collect()
    });
    sorting::ascending(&mut ports);
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

/// The C library that answers [`lookup`] and its version, e.g. `glibc 2.36`.
#[must_use]
#[cfg(target_env = "gnu")]
pub fn c_library() -> String {
    // SAFETY: the function returns a string of the library, which is never freed.
    let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
    format!("glibc {}", version.to_string_lossy())
}

/// The C library that answers [`lookup`] and its version: `musl 1.2.5`, or that of the machine's
/// applications.
#[must_use]
#[cfg(not(target_env = "gnu"))]
pub fn c_library() -> String {
    getent::Getent::of_this_machine().map_or_else(linked_library, getent::Getent::c_library)
}

/// musl's version, which it keeps for its loader: a static program can read it.
#[cfg(not(target_env = "gnu"))]
fn linked_library() -> String {
    #[cfg(target_feature = "crt-static")]
    {
        unsafe extern "C" {
            static __libc_version: std::ffi::c_char;
        }
        // SAFETY: the symbol is the first byte of a string constant of musl (src/internal/version.c).
        let version = unsafe { std::ffi::CStr::from_ptr(&raw const __libc_version) };
        format!("musl {}", version.to_string_lossy())
    }
    #[cfg(not(target_feature = "crt-static"))]
    "musl".to_owned()
}

/// What an application on this machine gets for a name: from glibc, where the machine has it,
/// else from the C library of this program. Blocks as that does.
#[must_use]
#[cfg(not(target_env = "gnu"))]
pub fn lookup(host: &str) -> SystemAnswer {
    getent::Getent::of_this_machine()
        .and_then(|getent| getent.lookup(host))
        .unwrap_or_else(|| super::unix::lookup(host))
}

/// What an application on this machine gets for a name, from glibc, where it does not kill the process
/// that asks. Blocks as that does.
#[must_use]
#[cfg(target_env = "gnu")]
pub fn lookup(host: &str) -> SystemAnswer {
    match hosts_line::is_odd() {
        true => hosts_line::lookup_in_a_copy(host),
        false => super::unix::lookup(host),
    }
}

/// Whether a signal is for a fault of the program itself.
const fn is_fault(signal: libc::c_int) -> bool {
    matches!(signal, libc::SIGSEGV | libc::SIGBUS | libc::SIGABRT | libc::SIGILL | libc::SIGFPE)
}

/// Makes the process write no core and deny ptrace to its own user: it holds secrets. It outlives a
/// limit of the size of files.
pub fn protect_process() {
    // SAFETY: a plain system call; a failure leaves things as they were.
    unsafe {
        let no: libc::c_ulong = 0; // the call reads whole registers
        libc::prctl(libc::PR_SET_DUMPABLE, no, no, no, no);
    }
    super::unix::write_no_core();
    super::unix::outlive_file_size_limit();
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
    let known = super::unix::tcp_option(socket, libc::TCP_INFO, &mut buffer)?;
    let u32_at = |offset: usize| {
        known.get(offset..offset + 4).and_then(|b| b.try_into().ok()).map(u32::from_ne_bytes)
    };
    let u64_at = |offset: usize| {
        known.get(offset..offset + 8).and_then(|b| b.try_into().ok()).map(u64::from_ne_bytes)
    };
    Some(TcpInfo {
        snd_mss: u32_at(16)?,
        pmtu: Some(u32_at(60)?),
        rtt_us: u32_at(68)?,
        total_retrans: Some(u32_at(100)?),
        bytes_retrans: None,
        syn_retrans: None,
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
    fn the_time_on_a_processor_is_counted_where_the_kernel_shows_it() {
        let before = processor_time();
        // A sandbox may hide it.
        assert_eq!(before.is_some(), std::path::Path::new("/proc/thread-self/schedstat").exists());
        let Some(before) = before else { return };
        let mut after = before;
        while after.ran_ms <= before.ran_ms {
            after = processor_time().unwrap();
        }
        assert!(after.waited_ms >= before.waited_ms, "{after:?} after {before:?}");
    }

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
    #[expect(clippy::disallowed_methods, reason = "a loopback connection to look at")]
    fn tcp_info_describes_a_loopback_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let info = tcp_info(&stream).unwrap();
        assert!(info.snd_mss > 500 && info.pmtu >= Some(1500), "{info:?}");
        assert_eq!(info.bytes_received, Some(0));
        assert!(info.segs_out >= Some(2), "SYN and ACK: {info:?}");
    }
}
