//! What this machine is, its files and its process.

use crate::evidence::vantage::AzureMachine;

/// Not known.
#[must_use]
pub fn azure_machine() -> AzureMachine {
    AzureMachine { answer: None, signs: Vec::new() }
}

/// Nothing to do.
pub fn protect_process() {}

/// The C library: not known here.
#[must_use]
pub fn c_library() -> String {
    String::new()
}

/// Nothing to do.
pub fn default_signals() {}

/// Opens what is no regular file, to write into it.
///
/// # Errors
///
/// Those of the system.
pub fn open_to_write(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).open(path)
}

/// Not known here.
pub fn has_no_reader(_: &std::path::Path, _: &std::io::Error) -> bool {
    false
}

/// Not known here.
pub fn open_files() -> Option<u64> {
    None
}
