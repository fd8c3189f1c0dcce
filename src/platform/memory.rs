//! What happens when there is no memory left.
#![allow(unsafe_code, reason = "an allocator is unsafe to write")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write as _;

/// Exit status of a run that the machine gave no memory (sysexits.h, EX_SOFTWARE, as for every
/// end that is not the path's fault).
const NO_MEMORY: i32 = 70;

/// The system's allocator. Where it has no memory left, the process reports that and exits: the
/// default is an abort, which looks like a crash.
#[derive(Debug, Clone, Copy)]
pub struct Allocator;

// SAFETY: every call is the system allocator's own; a null pointer is never returned.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        there(unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        there(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        there(unsafe { System.realloc(pointer, layout, size) })
    }
}

#[expect(clippy::exit, clippy::disallowed_methods, reason = "without memory there is no way back")]
fn there(pointer: *mut u8) -> *mut u8 {
    if pointer.is_null() {
        // Standard error has no buffer: writing to it takes no memory.
        let _ = std::io::stderr()
            .write_all(b"aoai-probe: this machine gives no more memory; nothing was judged\n");
        std::process::exit(NO_MEMORY);
    }
    pointer
}
