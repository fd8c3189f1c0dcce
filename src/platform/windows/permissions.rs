//! Who may read a file, by its access control list.
#![allow(unsafe_code, reason = "access control lists, which no safe wrapper in the tree offers")]

use std::path::Path;

use windows_sys::Win32::Foundation::{GENERIC_ALL, GENERIC_READ, LocalFree, NO_ERROR};
use windows_sys::Win32::Security::Authorization::{
    GetEffectiveRightsFromAclW, GetNamedSecurityInfoW, NO_MULTIPLE_TRUSTEE, SE_FILE_OBJECT,
    TRUSTEE_IS_SID, TRUSTEE_IS_WELL_KNOWN_GROUP, TRUSTEE_W,
};
use windows_sys::Win32::Security::{
    ACL, CreateWellKnownSid, DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR,
    SECURITY_MAX_SID_SIZE, WELL_KNOWN_SID_TYPE, WinAuthenticatedUserSid, WinBuiltinUsersSid,
    WinWorldSid,
};
use windows_sys::Win32::Storage::FileSystem::FILE_READ_DATA;

use super::text::to_wide;

/// The groups that hold every user of a machine, by the names that Windows shows in English.
const EVERYBODY: [(WELL_KNOWN_SID_TYPE, &str); 3] = [
    (WinWorldSid, "Everyone"),
    (WinAuthenticatedUserSid, "Authenticated Users"),
    (WinBuiltinUsersSid, "BUILTIN\\Users"),
];

/// Which of the groups that hold every user may read a file; none where none may, or where its
/// access control list is not shown.
#[must_use]
pub fn open_to(path: &Path) -> Vec<&'static str> {
    let name = to_wide(path.as_os_str());
    let mut list: *mut ACL = std::ptr::null_mut();
    let mut descriptor: PSECURITY_DESCRIPTOR = std::ptr::null_mut();
    // SAFETY: the name ends with a zero; the system puts its pointers into ours.
    let result = unsafe {
        GetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            &raw mut list,
            std::ptr::null_mut(),
            &raw mut descriptor,
        )
    };
    if result != NO_ERROR {
        return Vec::new();
    }
    let open = match list.is_null() {
        // No list at all gives every right to everybody.
        true => vec![EVERYBODY[0].1],
        false => EVERYBODY
            .into_iter()
            // SAFETY: the list is in the descriptor, which is freed below.
            .filter(|(group, _)| unsafe { may_read(list, *group) })
            .map(|(_, name)| name)
            .collect(),
    };
    // SAFETY: the descriptor is the system's, and is freed once.
    unsafe { LocalFree(descriptor) };
    open
}

/// Whether a list gives a group the right to read; what is denied comes off.
///
/// # Safety
///
/// The list is a valid one.
unsafe fn may_read(list: *const ACL, group: WELL_KNOWN_SID_TYPE) -> bool {
    // In words, for the alignment of a SID.
    let mut sid = [0_u32; (SECURITY_MAX_SID_SIZE as usize).div_ceil(4)];
    let mut size = size_of_val(&sid) as u32;
    let pointer = sid.as_mut_ptr().cast();
    // SAFETY: the buffer is ours and its size is given.
    if unsafe { CreateWellKnownSid(group, std::ptr::null_mut(), pointer, &raw mut size) } == 0 {
        return false;
    }
    let trustee = TRUSTEE_W {
        pMultipleTrustee: std::ptr::null_mut(),
        MultipleTrusteeOperation: NO_MULTIPLE_TRUSTEE,
        TrusteeForm: TRUSTEE_IS_SID,
        TrusteeType: TRUSTEE_IS_WELL_KNOWN_GROUP,
        ptstrName: sid.as_mut_ptr().cast(),
    };
    let mut rights = 0_u32;
    // SAFETY: the caller's promise; the trustee's SID lives in this function.
    let result = unsafe { GetEffectiveRightsFromAclW(list, &raw const trustee, &raw mut rights) };
    result == NO_ERROR && rights & (FILE_READ_DATA | GENERIC_READ | GENERIC_ALL) != 0
}
