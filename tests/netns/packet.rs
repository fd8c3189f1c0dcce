//! Raw frames of an interface: what a capture and a link of our own need (packet(7)).
#![allow(unsafe_code, reason = "packet sockets are reached through libc alone")]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::count::{Counter, Sent};
use super::run_tool::{CANARY, contains};

/// Larger than any frame, segments merged by the kernel included.
const FRAME: usize = 1 << 17;
/// linux/if_packet.h; the libc crate has it for some targets only.
const PACKET_IGNORE_OUTGOING: libc::c_int = 23;

/// A socket that receives every frame of an interface and sends frames as they are.
pub struct Frames {
    file: File,
}

impl Frames {
    /// Opens the interface; `incoming` leaves out the frames that leave through it.
    ///
    /// # Errors
    /// No such interface, or no right to raw frames.
    pub fn open(interface: &str, incoming: bool) -> Result<Self, String> {
        let failed =
            |what: &str| format!("{what} {interface}: {}", std::io::Error::last_os_error());
        let name = std::ffi::CString::new(interface).map_err(|e| e.to_string())?;
        let protocol = (libc::ETH_P_ALL as u16).to_be();
        // SAFETY: plain system calls on values that live through them; the descriptor is
        // owned from the moment when it is known to be one.
        unsafe {
            let socket = libc::socket(
                libc::AF_PACKET,
                libc::SOCK_RAW | libc::SOCK_CLOEXEC,
                libc::c_int::from(protocol),
            );
            if socket < 0 {
                return Err(failed("packet socket for"));
            }
            let socket = OwnedFd::from_raw_fd(socket);
            let mut at: libc::sockaddr_ll = std::mem::zeroed();
            at.sll_family = libc::AF_PACKET as u16;
            at.sll_protocol = protocol;
            at.sll_ifindex = libc::if_nametoindex(name.as_ptr()) as i32;
            if at.sll_ifindex == 0 {
                return Err(failed("interface"));
            }
            let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
            if libc::bind(socket.as_raw_fd(), (&raw const at).cast(), length) != 0 {
                return Err(failed("bind to"));
            }
            if incoming {
                let yes: libc::c_int = 1;
                let length = size_of::<libc::c_int>() as libc::socklen_t;
                let value = (&raw const yes).cast();
                let set = libc::setsockopt(
                    socket.as_raw_fd(),
                    libc::SOL_PACKET,
                    PACKET_IGNORE_OUTGOING,
                    value,
                    length,
                );
                if set != 0 {
                    return Err(failed("PACKET_IGNORE_OUTGOING on"));
                }
            }
            Ok(Self { file: File::from(socket) })
        }
    }

    /// The next frame.
    ///
    /// # Errors
    /// The interface is gone.
    pub fn next<'a>(&mut self, buffer: &'a mut [u8]) -> Result<&'a [u8], String> {
        let length = self.file.read(buffer).map_err(|e| format!("frame: {e}"))?;
        Ok(&buffer[..length])
    }

    /// Sends a frame. One that the interface does not take is lost, as on any link.
    pub fn send(&mut self, frame: &[u8]) {
        let _ = self.file.write(frame);
    }
}

/// Looks into every frame of an interface for a secret until stdin ends, and says for each
/// frame that shows it `secret`; at the end, what the addresses `own` sent.
///
/// # Errors
/// The interface cannot be opened.
pub fn watch(interface: &str, own: &[&str]) -> Result<(), String> {
    let own: Vec<_> = own.iter().filter_map(|address| address.parse().ok()).collect();
    let mut frames = Frames::open(interface, false)?;
    println!("watching");
    let counter = Arc::new(Mutex::new(Counter::new(own)));
    let counts = Arc::clone(&counter);
    std::thread::spawn(move || {
        let mut buffer = vec![0; FRAME];
        while let Ok(frame) = frames.next(&mut buffer) {
            if contains(frame, CANARY.as_bytes()) && !is_of_a_metadata_service(frame) {
                println!("secret");
            }
            if let Ok(mut counter) = counts.lock() {
                counter.frame(frame);
            }
        }
    });
    let mut rest = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut rest);
    // What was sent before the end is in the socket's queue by now; the thread reads on.
    std::thread::sleep(Duration::from_millis(20));
    let sum = counter.lock().map_err(|_| "the counter broke".to_owned())?.sum();
    let Sent { segments, again, after, datagrams, system, nobody } = sum;
    println!("sent {segments} {again} {after} {datagrams} {system} {nobody}");
    Ok(())
}

/// Whether an IPv4 frame comes from or goes to 169.254.169.254, which is asked in the clear by
/// its own rules.
fn is_of_a_metadata_service(frame: &[u8]) -> bool {
    let address = [169, 254, 169, 254];
    frame.get(12..14) == Some(&[8, 0])
        && (frame.get(26..30) == Some(&address) || frame.get(30..34) == Some(&address))
}

/// A link of its own between two interfaces: every frame arrives `delay` later (there is no
/// netem in every kernel).
///
/// # Errors
/// An interface cannot be opened.
pub fn delay_link(left: &str, right: &str, milliseconds: &str) -> Result<(), String> {
    let delay = milliseconds.parse().map(Duration::from_millis).map_err(|e| e.to_string())?;
    println!("carrying");
    std::thread::scope(|scope| {
        let there = scope.spawn(move || carry(left, right, delay));
        let back = scope.spawn(move || carry(right, left, delay));
        for way in [there, back] {
            way.join().map_err(|_| "the link broke".to_owned())??;
        }
        Ok(())
    })
}

fn carry(from: &str, to: &str, delay: Duration) -> Result<(), String> {
    let mut source = Frames::open(from, true)?;
    let mut sink = Frames::open(to, true)?;
    let (sender, receiver) = std::sync::mpsc::channel::<(std::time::Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        for (due, frame) in receiver {
            std::thread::sleep(due.saturating_duration_since(std::time::Instant::now()));
            sink.send(&frame);
        }
    });
    let mut buffer = vec![0; FRAME];
    loop {
        let frame = source.next(&mut buffer)?.to_vec();
        if sender.send((std::time::Instant::now() + delay, frame)).is_err() {
            return Err("the link's other end is gone".to_owned());
        }
    }
}
