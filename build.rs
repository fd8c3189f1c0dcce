//! Links the released program without tables for unwinding: a panic ends it, so nothing ever reads
//! them, and they are 0.7 MB of it. Neither a profile nor a flag says so to the linker: the tests
//! unwind and are built from the same settings.

use std::path::PathBuf;
use std::{env, fs, io};

/// Both rust-lld and GNU ld add this to their own script.
const SCRIPT: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) } } INSERT AFTER .text;\n";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
        let script = PathBuf::from(folder).join("no-unwind-tables.ld");
        fs::write(&script, SCRIPT)?;
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{}", script.display());
    }
    Ok(())
}
