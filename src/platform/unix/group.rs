//! Process groups that end with this process, also where a signal ends it.

use std::sync::Once;
use std::sync::atomic::{AtomicI32, Ordering};

/// How many running programs are known; any beyond end by themselves.
const MOST: usize = 64;
/// The groups that run now; 0 is a free place.
static RUNNING: [AtomicI32; MOST] = [const { AtomicI32::new(0) }; MOST];

/// Signals by which people and service managers end a program.
const ENDING: [libc::c_int; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];

/// A process group that this process began.
pub(in crate::platform) struct Group {
    id: libc::pid_t,
    place: Option<&'static AtomicI32>,
}

impl Group {
    /// The group of a program that was begun as its leader.
    pub(in crate::platform) fn of(leader: u32) -> Self {
        static HANDLED: Once = Once::new();
        HANDLED.call_once(handle);
        let id = i32::try_from(leader).unwrap_or(0);
        let free = |place: &&AtomicI32| {
            place.compare_exchange(0, id, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        };
        Self { id, place: RUNNING.iter().find(free) }
    }

    /// Kills whatever of it still runs.
    pub(in crate::platform) fn kill(&self) {
        kill(self.id);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            place.store(0, Ordering::SeqCst);
        }
    }
}

/// Kills the groups that still run: this process is about to end.
pub fn end_programs() {
    for place in &RUNNING {
        kill(place.swap(0, Ordering::SeqCst));
    }
}

fn kill(id: libc::pid_t) {
    // 0 would be our own group, 1 that of init.
    if id > 1 {
        // SAFETY: a plain system call; a group that is gone is no error for us.
        unsafe {
            libc::killpg(id, libc::SIGKILL);
        }
    }
}

/// Takes over signals that would end this process; a signal that is handled or ignored already stays
/// so.
fn handle() {
    for signal in ENDING {
        // SAFETY: all-zero is a valid sigaction; the calls read and write that structure alone.
        unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, std::ptr::null(), &raw mut now) != 0
                || now.sa_sigaction != libc::SIG_DFL
            {
                continue;
            }
            let mut ours: libc::sigaction = std::mem::zeroed();
            ours.sa_sigaction = ended as extern "C" fn(libc::c_int) as libc::sighandler_t;
            ours.sa_flags = libc::SA_RESTART;
            libc::sigaction(signal, &raw const ours, std::ptr::null_mut());
        }
    }
}

/// Kills the programs, then lets the signal do what it does by itself. Calls nothing that a
/// handler may not call (signal-safety(7)).
extern "C" fn ended(signal: libc::c_int) {
    // SAFETY: as in `handle`; `raise` is delivered when this handler returns.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        let known = libc::sigaction(signal, std::ptr::null(), &raw mut now) == 0;
        let ours = ended as extern "C" fn(libc::c_int) as libc::sighandler_t;
        if !known || now.sa_sigaction != ours {
            // Another handler was installed since and called this one: the signal does not end us.
            return;
        }
        end_programs();
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &raw const default, std::ptr::null_mut());
        libc::raise(signal);
    }
}
