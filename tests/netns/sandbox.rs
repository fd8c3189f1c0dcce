//! A sandbox as some container runtimes make one: no error queue of a socket, no TCP_INFO.
#![allow(unsafe_code, reason = "a seccomp filter is installed through prctl alone")]

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// A statement of a classic BPF program (linux/filter.h, linux/seccomp.h).
const fn statement(code: u16, k: u32, yes: u8, no: u8) -> libc::sock_filter {
    libc::sock_filter { code, jt: yes, jf: no, k }
}

/// Loads a word of `struct seccomp_data`.
const LOAD: u16 = 0x20;
/// Jumps when it equals.
const EQUAL: u16 = 0x15;
/// Jumps when one of the bits is set.
const ANY_BIT: u16 = 0x45;
/// Returns.
const RETURN: u16 = 0x06;
const ALLOW: u32 = 0x7fff_0000;
/// The call succeeds and does nothing, as IP_RECVERR does in gVisor.
const WITHOUT_EFFECT: u32 = 0x0005_0000;
const NOT_PERMITTED: u32 = 0x0005_0000 | libc::EPERM as u32;
/// Offset of the call's number, of its second and of its third argument (low words).
const NUMBER: u32 = 0;
const SECOND: u32 = 24;
const THIRD: u32 = 32;

/// Runs a program for which IP_RECVERR and IPV6_RECVERR do nothing, and the error
/// queue and TCP_INFO give EPERM.
///
/// # Errors
/// The filter is not accepted, or the program is not there.
pub fn run(command: &[&str]) -> Result<(), String> {
    let [program, args @ ..] = command else { return Err("--sandbox <program>".to_owned()) };
    let setsockopt = libc::SYS_setsockopt as u32;
    let recvmsg = libc::SYS_recvmsg as u32;
    let getsockopt = libc::SYS_getsockopt as u32;
    let mut filter = [
        // 0
        statement(LOAD, NUMBER, 0, 0),
        statement(EQUAL, getsockopt, 8, 0),  // to 10
        statement(EQUAL, recvmsg, 9, 0),     // to 12
        statement(EQUAL, setsockopt, 0, 12), // to 16
        statement(LOAD, SECOND, 0, 0),
        // 5: setsockopt(2); glibc's own resolver must believe that it has the error queue.
        statement(EQUAL, libc::IPPROTO_IPV6 as u32, 2, 0), // to 8
        statement(LOAD, THIRD, 0, 0),
        statement(EQUAL, libc::IP_RECVERR as u32, 6, 8), // to 14, 16
        statement(LOAD, THIRD, 0, 0),
        statement(EQUAL, libc::IPV6_RECVERR as u32, 4, 6), // to 14, 16
        // 10: getsockopt(2)
        statement(LOAD, THIRD, 0, 0),
        statement(EQUAL, libc::TCP_INFO as u32, 3, 4), // to 15, 16
        // 12: recvmsg(2)
        statement(LOAD, THIRD, 0, 0),
        statement(ANY_BIT, libc::MSG_ERRQUEUE as u32, 1, 2), // to 15, 16
        statement(RETURN, WITHOUT_EFFECT, 0, 0),
        statement(RETURN, NOT_PERMITTED, 0, 0),
        statement(RETURN, ALLOW, 0, 0),
    ];
    let length = u16::try_from(filter.len()).map_err(|e| e.to_string())?;
    let all = libc::sock_fprog { len: length, filter: filter.as_mut_ptr() };
    // SAFETY: plain calls; the filter lives through them.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const all) == 0
    };
    if !done {
        return Err(format!("seccomp: {}", std::io::Error::last_os_error()));
    }
    Err(format!("{program}: {}", Command::new(program).args(args).exec()))
}
