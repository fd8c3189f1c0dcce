//! Text as Windows has it: UTF-16 that ends with a zero.
#![allow(unsafe_code, reason = "texts that the system hands out by their first character")]

/// The longest text that is read, in units of UTF-16: more than any path or list of proxies.
const LONGEST: usize = 32 << 10;

/// A text of the system; none for a null pointer.
///
/// # Safety
///
/// The pointer is null, or to units of UTF-16 that end with a zero and live during the call.
pub(super) unsafe fn from_wide(text: *const u16) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise, for every unit up to the zero.
    let length = (0..LONGEST).take_while(|at| unsafe { *text.add(*at) } != 0).count();
    // SAFETY: so many units were just read.
    let units = unsafe { std::slice::from_raw_parts(text, length) };
    Some(String::from_utf16_lossy(units))
}

/// A text for the system, with its zero.
pub(super) fn to_wide(text: &std::ffi::OsStr) -> Vec<u16> {
    use std::os::windows::ffi::OsStrExt as _;
    text.encode_wide().chain([0]).collect()
}
