//! What this machine is, and its process.
#![allow(
    unsafe_code,
    reason = "the version of the system, which no safe wrapper in the tree tells"
)]

use crate::evidence::vantage::AzureMachine;
use crate::platform::unix;

/// Not known: a Mac shows no asset tag of Azure's.
#[must_use]
pub fn azure_machine() -> AzureMachine {
    AzureMachine { answer: None, signs: Vec::new() }
}

/// What resolves names for applications, with the version of macOS, e.g. `libSystem of macOS 14.5`.
#[must_use]
pub fn c_library() -> String {
    let mut version = [0_u8; 64];
    let mut length = version.len();
    // SAFETY: the name ends with a zero; the buffer is ours and its length is given.
    let result = unsafe {
        libc::sysctlbyname(
            c"kern.osproductversion".as_ptr(),
            version.as_mut_ptr().cast(),
            &raw mut length,
            std::ptr::null_mut(),
            0,
        )
    };
    let text = version.split(|byte| *byte == 0).next().unwrap_or_default();
    match (result, std::str::from_utf8(text)) {
        (0, Ok(version)) if !version.is_empty() => format!("libSystem of macOS {version}"),
        _ => "libSystem".to_owned(),
    }
}

/// Not known: macOS counts no such time.
#[must_use]
pub const fn processor_time() -> Option<crate::evidence::vantage::ProcessorTime> {
    None
}

/// Makes the process write no core. A debugger gets at it only with the rights of an administrator or of
/// a developer (`DevToolsSecurity`). It outlives a limit of the size of files.
pub fn protect_process() {
    unix::write_no_core();
    unix::outlive_file_size_limit();
}

/// Not known: the list of listening sockets is not read here.
#[must_use]
pub const fn listening_ports() -> Vec<u16> {
    Vec::new()
}
