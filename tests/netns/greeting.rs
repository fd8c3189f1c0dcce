//! A server that speaks first, as sshd, an FTP or a mail server does.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// Greets each client and waits until it goes away.
///
/// # Errors
/// The address cannot be listened on.
pub fn serve(at: &str) -> Result<(), String> {
    let listener = TcpListener::bind(at).map_err(|e| format!("{at}: {e}"))?;
    for stream in listener.incoming() {
        std::thread::spawn(move || {
            let Ok(mut stream) = stream else { return };
            if stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n").is_ok() {
                let _ = stream.read(&mut [0; 4096]);
            }
        });
    }
    Ok(())
}
