//! Lookups that may kill the process which makes them.
//!
//! Where the `hosts:` line of nsswitch.conf names no service first (it is empty, or begins with an
//! action), glibc's `getaddrinfo` reads behind the end of its list (fact D210): most programs that look a
//! name up are killed. With a line that is not made of plain names and actions, the lookup is made in a
//! copy of this process, which hands its answer over.

use std::ffi::c_int;
use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::os::fd::{AsRawFd as _, FromRawFd as _};

use crate::evidence::dns::{CODE_CRASHES, CODE_NOT_CALLED, SystemAnswer};
use crate::files::{self, May};

/// Seconds after which the system ends the copy: longer than glibc waits for three silent nameservers.
const LONGEST_S: u32 = 40;

/// More than 64 addresses.
const MOST_BYTES: u64 = 8 << 10;

/// Whether a lookup in this process may kill it.
pub(super) fn is_odd() -> bool {
    let read = files::beginning("/etc/nsswitch.conf", May::NotBeAPipe, 64 << 10);
    let text = read.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    text.lines().filter_map(|line| line.trim_start().strip_prefix("hosts")).any(is_odd_line)
}

/// Whether what is behind `hosts` is anything but names of services with actions behind them.
fn is_odd_line(rest: &str) -> bool {
    // What begins with # is a comment, to the end of the line.
    let rest = rest.split('#').next().unwrap_or_default();
    let Some(line) = rest.trim_start().strip_prefix(':') else { return true };
    let line = line.trim();
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, ' ' | '\t' | '_' | '[' | ']' | '=' | '!')
    };
    !line.starts_with(|c: char| c.is_ascii_alphabetic()) || !line.chars().all(plain)
}

/// What a copy of this process gets for a name, or how it ended.
pub(super) fn lookup_in_a_copy(host: &str) -> SystemAnswer {
    in_a_copy(|| match super::super::unix::lookup(host) {
        SystemAnswer::Addresses { addresses } => {
            addresses.iter().map(|address| format!("{address}\n")).collect()
        }
        SystemAnswer::Failed { code } => code,
        SystemAnswer::Stalled => String::new(),
    })
}

fn in_a_copy(answer: impl FnOnce() -> String) -> SystemAnswer {
    let failed = |code: &str| SystemAnswer::Failed { code: code.to_owned() };
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: the two descriptors are ours to fill.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return failed(CODE_NOT_CALLED);
    }
    // SAFETY: both descriptors have just been opened, and nothing else has them.
    let (mut reading, writing) =
        unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) };
    // SAFETY: the copy looks the name up, writes what it got and ends. glibc makes its own locks, those
    // of its memory among them, usable in the only thread of a copy; one that waits is ended by its alarm.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        // SAFETY: plain system calls; the text lives through the call.
        unsafe {
            // It has what this process has open, and ends with it.
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::signal(libc::SIGALRM, libc::SIG_DFL);
            libc::alarm(LONGEST_S);
            let text = answer();
            libc::write(writing.as_raw_fd(), text.as_ptr().cast(), text.len());
            libc::_exit(0)
        }
    }
    drop(writing);
    if copy < 0 {
        return failed(CODE_NOT_CALLED);
    }
    let mut text = String::new();
    let read = reading.by_ref().take(MOST_BYTES).read_to_string(&mut text);
    match (ended(copy), read) {
        (Some(status), Ok(_)) if libc::WIFEXITED(status) => read_answer(&text),
        (Some(status), _) if super::is_fault(libc::WTERMSIG(status)) => failed(CODE_CRASHES),
        (Some(status), _) if libc::WTERMSIG(status) == libc::SIGALRM => SystemAnswer::Stalled,
        _ => failed(CODE_NOT_CALLED),
    }
}

/// The status with which a copy ended.
fn ended(copy: libc::pid_t) -> Option<c_int> {
    let mut status: c_int = 0;
    loop {
        // SAFETY: the copy is this process's own child, and the status is ours to fill.
        if unsafe { libc::waitpid(copy, &raw mut status, 0) } == copy {
            return Some(status);
        }
        if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
            return None;
        }
    }
}

/// Addresses, one a line, or a code.
fn read_answer(text: &str) -> SystemAnswer {
    let addresses: Option<Vec<IpAddr>> = text.lines().map(|line| line.parse().ok()).collect();
    match addresses {
        Some(addresses) => SystemAnswer::Addresses { addresses },
        None => SystemAnswer::Failed { code: text.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_line_is_not_odd() {
        for (rest, odd) in [
            (": files dns", false),
            (":\tfiles mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns", false),
            (":", true),
            (": ", true),
            (": [NOTFOUND=return] files dns", true),
            (": # files dns", true),
            (": files dns # as the installer left it, 2024", false),
            (": files,dns", true),
            (" files dns", true),
        ] {
            assert_eq!(is_odd_line(rest), odd, "{rest:?}");
        }
    }

    #[test]
    fn a_copy_hands_its_answer_over_and_may_crash() {
        let here = "127.0.0.1";
        assert_eq!(
            lookup_in_a_copy(here),
            SystemAnswer::Addresses { addresses: vec![here.parse().unwrap()] }
        );
        let failed = |code: &str| SystemAnswer::Failed { code: code.to_owned() };
        assert_eq!(in_a_copy(|| "EAI_NONAME".to_owned()), failed("EAI_NONAME"));
        // SAFETY: the signal is for the copy alone.
        let crash = || unsafe {
            libc::signal(libc::SIGSEGV, libc::SIG_DFL);
            libc::raise(libc::SIGSEGV);
            String::new()
        };
        assert_eq!(in_a_copy(crash), failed(CODE_CRASHES));
    }
}
