//! `--format nagios`: what a monitor that runs plugins can read, whatever went wrong.

use super::{Output, USAGE};
use crate::render;

/// Whether `--format nagios` is among the arguments, even if others are wrong.
pub(super) fn is_requested(arguments: &[std::ffi::OsString]) -> bool {
    let separate = arguments.windows(2).any(|two| two[0] == "--format" && two[1] == "nagios");
    separate || arguments.iter().any(|one| one == "--format=nagios")
}

/// The output for a monitor: Nagios treats an unknown status as CRITICAL, and shows only standard
/// output.
pub(super) fn plugin_output(done: Output) -> Output {
    let (out, status) = match done.status {
        USAGE => (render::nagios::unknown(&done.err), 3),
        _ if !render::nagios::is_output(&done.out) => return done,
        status => render::nagios::with_status(&done.out, status, &done.err),
    };
    let file = done.file.filter(|_| done.status != USAGE);
    Output { out, err: String::new(), file, status, ..done }
}
