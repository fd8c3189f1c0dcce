//! The processes of a world. They end with its process namespace.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::network::on;

/// Everything that was started, with its output in `<name>.log`.
pub struct Servers {
    work: PathBuf,
    running: Vec<(String, Child)>,
}

impl Servers {
    pub fn new(work: &Path) -> Self {
        Self { work: work.to_owned(), running: Vec::new() }
    }

    /// Starts a program on a host.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(
        &mut self,
        name: &str,
        host: &str,
        program: &str,
        args: &[&str],
    ) -> Result<(), String> {
        let log = File::create(self.log(name)).map_err(|e| format!("{name}: {e}"))?;
        let both = log.try_clone().map_err(|e| format!("{name}: {e}"))?;
        let child = on(host, program)
            .args(args)
            // Held open: openssl s_server ends when its input does.
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(both)
            .spawn()
            .map_err(|e| format!("{program}: {e}"))?;
        self.running.push((name.to_owned(), child));
        Ok(())
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.work.join(format!("{name}.log"))
    }

    /// Waits until something listens.
    ///
    /// # Errors
    /// A server has ended, or none listens within ten seconds.
    pub fn listens(&mut self, address: &str) -> Result<(), String> {
        let at: SocketAddr = address.parse().map_err(|e| format!("{address}: {e}"))?;
        for _ in 0..1000 {
            if TcpStream::connect_timeout(&at, Duration::from_secs(1)).is_ok() {
                return Ok(());
            }
            self.all_run()?;
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("nothing listens at {address}"))
    }

    /// # Errors
    /// One of the servers has ended.
    pub fn all_run(&mut self) -> Result<(), String> {
        for (name, child) in &mut self.running {
            if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
                let log = fs::read_to_string(self.work.join(format!("{name}.log")));
                return Err(format!("{name} ended: {status}\n{}", log.unwrap_or_default()));
            }
        }
        Ok(())
    }
}
