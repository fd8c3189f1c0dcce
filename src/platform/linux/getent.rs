//! The lookup of the applications on a machine with glibc, for a program that is linked with another
//! C library.
//!
//! A static program has the `getaddrinfo` of its own C library on every machine. On one whose
//! applications use glibc, that lookup is not theirs: it does not read nsswitch.conf, asks all
//! nameservers at once, and knows other options. `getent`, which glibc brings, makes theirs.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::evidence::dns::{CODE_CRASHES, CODE_NOT_SHOWN, SystemAnswer};
use crate::files::{self, May};
use crate::platform::run_program;

/// Where glibc's package or distribution puts it; the path that the environment names is not
/// followed.
const PLACES: &[&str] = &["/usr/bin/getent", "/bin/getent", "/run/current-system/sw/bin/getent"];

/// glibc's own lookup ends within this time with three silent nameservers and its usual options.
const LONGEST: Duration = Duration::from_secs(40);

/// More than 64 addresses, and less than a machine without memory notices.
const MOST_BYTES: u64 = 64 << 10;

/// glibc's `getent` on this machine.
#[derive(Debug)]
pub(super) struct Getent {
    path: &'static str,
    /// `2.36`, as it reports it.
    version: String,
    /// Whether it can leave out `AI_ADDRCONFIG` (glibc 2.36 and later), which hides the addresses of
    /// a family that this machine has none of.
    all_families: bool,
}

impl Getent {
    /// That of this machine, looked for once; none where the C library is another one.
    pub(super) fn of_this_machine() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Getent>> = OnceLock::new();
        FOUND.get_or_init(|| PLACES.iter().find_map(|path| Self::at(path))).as_ref()
    }

    fn at(path: &'static str) -> Option<Self> {
        let beginning = files::beginning(path, May::NotBeAPipe, 4096).ok()?;
        if !wants_glibc(&beginning) {
            return None;
        }
        let until = Instant::now() + Duration::from_secs(2);
        let mut asked = Command::new(path);
        asked.arg("--version");
        let output = run_program(asked, until, MOST_BYTES).ok().filter(|o| o.status.success())?;
        let version = version(&String::from_utf8_lossy(&output.stdout))?;
        let mut tried = Command::new(path);
        tried.args(["--no-addrconfig", "ahosts", "127.0.0.1"]);
        let all_families =
            run_program(tried, until, MOST_BYTES).is_ok_and(|output| output.status.success());
        Some(Self { path, version, all_families })
    }

    /// The C library that it asks: `glibc 2.36`.
    pub(super) fn c_library(&self) -> String {
        format!("glibc {}", self.version)
    }

    /// What an application that starts now gets for a name; `None` if it could not be run.
    pub(super) fn lookup(&self, host: &str) -> Option<SystemAnswer> {
        let mut command = Command::new(self.path);
        if self.all_families {
            command.arg("--no-addrconfig");
        }
        command.args(["ahosts", "--", host]);
        match run_program(command, Instant::now() + LONGEST, MOST_BYTES) {
            // glibc's own fault, which ends every other program that looks a name up too.
            Ok(output) if output.status.signal().is_some_and(super::is_fault) => {
                Some(SystemAnswer::Failed { code: CODE_CRASHES.to_owned() })
            }
            Ok(output) => answer(output.status.code(), &String::from_utf8_lossy(&output.stdout)),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                Some(SystemAnswer::Stalled)
            }
            Err(_) => None,
        }
    }
}

/// Whether an ELF file names glibc's loader as its interpreter: Alpine has a `getent` of musl.
fn wants_glibc(beginning: &[u8]) -> bool {
    let loader = b"/ld-linux";
    beginning.starts_with(b"\x7fELF") && beginning.windows(loader.len()).any(|at| at == loader)
}

/// The last word of `getent (Debian GLIBC 2.36-9) 2.36`, if it is a version.
fn version(output: &str) -> Option<String> {
    let last = output.lines().next()?.split_whitespace().last()?;
    let plain = last.contains('.') && last.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| last.to_owned())
}

/// What an exit status and the lines `10.0.0.4  STREAM name` mean.
fn answer(status: Option<i32>, lines: &str) -> Option<SystemAnswer> {
    match status? {
        0 => {
            let mut addresses = Vec::new();
            for line in lines.lines() {
                let mut words = line.split_whitespace();
                let (address, kind) = (words.next(), words.next());
                // A link-local address has the interface behind it: fe80::1%eth0.
                let address = address.and_then(|word| word.split('%').next()?.parse().ok());
                if let (Some(address), Some("STREAM")) = (address, kind)
                    && !addresses.contains(&address)
                    && addresses.len() < 64
                {
                    addresses.push(address);
                }
            }
            Some(SystemAnswer::Addresses { addresses })
        }
        // The same for each EAI code.
        2 => Some(SystemAnswer::Failed { code: CODE_NOT_SHOWN.to_owned() }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_those_of_stream_sockets_in_order() {
        let lines = "10.1.0.4        STREAM account.example\n10.1.0.4        DGRAM  \n\
                     10.1.0.4        RAW    \nfe80::1%eth0    STREAM \n10.1.0.4 STREAM\n";
        assert_eq!(
            answer(Some(0), lines),
            Some(SystemAnswer::Addresses {
                addresses: vec!["10.1.0.4".parse().unwrap(), "fe80::1".parse().unwrap()]
            })
        );
    }

    #[test]
    fn a_failure_claims_no_code_that_getent_did_not_show() {
        assert_eq!(
            answer(Some(2), ""),
            Some(SystemAnswer::Failed { code: "code not shown by getent".to_owned() })
        );
        assert_eq!(answer(Some(1), ""), None, "a wrong use is no answer");
        assert_eq!(answer(None, ""), None, "nor is a signal");
    }

    #[test]
    fn the_version_is_the_last_word() {
        let text = "getent (Debian GLIBC 2.36-9+deb12u14) 2.36\nCopyright (C) 2022 ...\n";
        assert_eq!(version(text), Some("2.36".to_owned()));
        assert_eq!(version("BusyBox v1.36.1 multi-call binary."), None);
    }

    #[test]
    fn a_getent_of_musl_is_not_asked() {
        assert!(wants_glibc(b"\x7fELF\x02\x01/lib64/ld-linux-x86-64.so.2\0"));
        assert!(!wants_glibc(b"\x7fELF\x02\x01/lib/ld-musl-x86_64.so.1\0"));
        assert!(!wants_glibc(b"#!/bin/sh\n# /lib64/ld-linux-x86-64.so.2\n"));
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn the_one_of_this_machine_answers_as_its_c_library_does() {
        // A minimal container has none.
        let Some(getent) = Getent::of_this_machine() else { return };
        assert_eq!(getent.c_library(), super::super::c_library());
        assert_eq!(getent.lookup("127.0.0.1").unwrap(), super::super::lookup("127.0.0.1"));
        // Longer than a name can be: no resolver is asked.
        let failed = getent.lookup(&"a".repeat(300)).unwrap();
        assert_eq!(failed, SystemAnswer::Failed { code: CODE_NOT_SHOWN.to_owned() });
    }
}
