//! `watch` as operators run it: the real program, real sockets, a lab whose path breaks and
//! mends, and a file that Debian's `sqlite3` looks into.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests read and write their own files")]
#![allow(unreachable_pub, dead_code, reason = "other tests use the rest of the lab")]

#[cfg(test)]
#[path = "../lab/mod.rs"]
mod lab;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod path;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod service;
#[cfg(test)]
mod survival;
#[cfg(test)]
mod watching;
#[cfg(test)]
mod webhook;
