//! The console.
#![allow(unsafe_code, reason = "the mode of a console, which no safe wrapper in the tree tells")]

use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::System::Console::{
    ENABLE_PROCESSED_OUTPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING, GetConsoleMode, SetConsoleMode,
};

/// Makes a console read the codes of a terminal, which it shows as text otherwise; false where it
/// cannot. What is no console is left alone.
pub fn shows_codes(stream: &impl AsRawHandle) -> bool {
    let handle = stream.as_raw_handle();
    let mut mode = 0;
    // SAFETY: the handle is the stream's, and the mode ours.
    unsafe {
        if GetConsoleMode(handle, &raw mut mode) == 0 {
            return true;
        }
        let wanted = mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
        SetConsoleMode(handle, wanted) != 0
    }
}
