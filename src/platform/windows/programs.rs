//! Programs that are run, and their end.
#![allow(unsafe_code, reason = "job objects, which no safe wrapper in the tree offers")]

use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{OpenProcess, PROCESS_SET_QUOTA, PROCESS_TERMINATE};

/// Exit status of what is killed.
const KILLED: u32 = 1;

/// A job object: a program and those that it begins. Windows ends them when the last handle to the
/// job is closed, which is also so where this process is ended from outside.
pub(in crate::platform) struct Group(Option<OwnedHandle>);

impl Group {
    /// The job of a program that has just begun: `cmd.exe` in front of `az.cmd` takes longer to begin
    /// the next program than it takes to be put in here.
    pub(in crate::platform) fn of(leader: u32) -> Self {
        Self(job(leader))
    }

    /// Kills whatever of it still runs.
    pub(in crate::platform) fn kill(&self) {
        if let Some(job) = &self.0 {
            // SAFETY: the handle is that of a job of ours, and open.
            unsafe {
                TerminateJobObject(job.as_raw_handle(), KILLED);
            }
        }
    }
}

/// A job with this process in it; none where the system refuses, as for a process that has ended.
fn job(process: u32) -> Option<OwnedHandle> {
    // SAFETY: without attributes and name nothing is read; a handle that is not null is ours.
    let job = unsafe { owned(CreateJobObjectW(std::ptr::null(), std::ptr::null()))? };
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    // SAFETY: both handles are open and ours, and the structure is of the class that is named.
    unsafe {
        let process = owned(OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, 0, process))?;
        let limited = SetInformationJobObject(
            job.as_raw_handle(),
            JobObjectExtendedLimitInformation,
            (&raw const limits).cast(),
            size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32,
        );
        let assigned = AssignProcessToJobObject(job.as_raw_handle(), process.as_raw_handle());
        (limited != 0 && assigned != 0).then_some(job)
    }
}

/// # Safety
///
/// The handle is null, or open and belongs to no one else.
unsafe fn owned(handle: *mut std::ffi::c_void) -> Option<OwnedHandle> {
    // SAFETY: the caller's promise.
    (!handle.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Nothing to do: the jobs end with this process.
pub const fn end_programs() {}
