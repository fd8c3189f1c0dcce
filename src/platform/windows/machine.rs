//! What this machine is, its files and its process.
#![allow(unsafe_code, reason = "system calls that no safe wrapper in the tree offers")]

use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::ErrorReporting::{WER_FAULT_REPORTING_FLAG_NOHEAP, WerSetFlags};
use windows_sys::Win32::System::SystemInformation::{GetSystemFirmwareTable, OSVERSIONINFOW, RSMB};

use super::readers;
use crate::evidence::vantage::AzureMachine;
use crate::platform::AZURE_ASSET_TAG;

/// The largest firmware table that is read, in bytes.
const MOST_FIRMWARE: u32 = 1 << 20;

/// Not known: Windows counts no such time.
#[must_use]
pub const fn processor_time() -> Option<crate::evidence::vantage::ProcessorTime> {
    None
}

/// Signs of an Azure machine, read without a packet (fact T24).
#[must_use]
pub fn azure_machine() -> AzureMachine {
    match firmware_table().map(|table| readers::smbios::chassis_asset_tag(&table)) {
        Some(Some(tag)) if tag == AZURE_ASSET_TAG => AzureMachine {
            answer: Some(true),
            signs: vec!["the SMBIOS chassis asset tag is Azure's".to_owned()],
        },
        Some(Some(_)) => AzureMachine { answer: Some(false), signs: Vec::new() },
        // A table without a chassis, or none.
        Some(None) | None => AzureMachine { answer: None, signs: Vec::new() },
    }
}

/// The raw SMBIOS table.
fn firmware_table() -> Option<Vec<u8>> {
    // SAFETY: without a buffer the call only gives the size.
    let size = unsafe { GetSystemFirmwareTable(RSMB, 0, std::ptr::null_mut(), 0) };
    if size == 0 || size > MOST_FIRMWARE {
        return None;
    }
    let mut table = vec![0_u8; size as usize];
    // SAFETY: the buffer is ours and its length is given.
    let written = unsafe { GetSystemFirmwareTable(RSMB, 0, table.as_mut_ptr(), size) };
    // More than the size would be the size that it has by now: nothing was written.
    (written > 0 && written <= size).then(|| {
        table.truncate(written as usize);
        table
    })
}

/// Keeps what the process holds out of crash reports: Windows Error Reporting is not started for it,
/// and a report that is made nevertheless has no heap. A debugger, and an administrator who makes a
/// dump of the process, still see everything.
pub fn protect_process() {
    // SAFETY: plain system calls about this process; a failure leaves things as they were.
    unsafe {
        SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
        WerSetFlags(WER_FAULT_REPORTING_FLAG_NOHEAP);
    }
}

/// What resolves names for applications, with the version of Windows, e.g.
/// `Winsock of Windows 10.0.20348`.
#[must_use]
pub fn c_library() -> String {
    let mut version = OSVERSIONINFOW {
        dwOSVersionInfoSize: size_of::<OSVERSIONINFOW>() as u32,
        ..OSVERSIONINFOW::default()
    };
    // SAFETY: the structure is ours and has its size in it.
    if unsafe { RtlGetVersion(&raw mut version) } != 0 {
        return "Winsock".to_owned();
    }
    let OSVERSIONINFOW { dwMajorVersion, dwMinorVersion, dwBuildNumber, .. } = version;
    format!("Winsock of Windows {dwMajorVersion}.{dwMinorVersion}.{dwBuildNumber}")
}

/// Nothing to do: what handled the first Ctrl-C is gone when the run ends, and then the next one
/// ends the process.
pub const fn default_signals() {}

/// Opens what is no regular file, to write into it.
///
/// # Errors
///
/// Those of the system.
pub fn open_to_write(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).open(path)
}

/// Never: a named pipe without a reader is busy, or not there.
pub const fn has_no_reader(_: &std::path::Path, _: &std::io::Error) -> bool {
    false
}

/// No limit is known: Windows bounds handles by memory alone.
pub const fn open_files() -> Option<u64> {
    None
}
