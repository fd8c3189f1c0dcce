//! A path to the lab that can be broken and repaired, and the inventory and history of its watch.

use std::io::Read;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use crate::lab::Lab;
use crate::lab::world::World;
use crate::watching::{PATIENCE, Watching};

/// In every secret of these tests.
pub const CANARY: &str = "canary-hook-0b7f3c";

/// A lab behind a relay that can be broken and mended, and an inventory that leads there.
pub struct Path443 {
    pub lab: Lab,
    pub endpoint: SocketAddr,
    pub folder: tempfile::TempDir,
    pub broken: Arc<AtomicBool>,
    pub silent: Arc<AtomicBool>,
    pub connections: Arc<AtomicUsize>,
    pub keys: String,
}

impl Path443 {
    pub fn new() -> Self {
        let text = "about = \"watched\"\n[[resolver]]\nrole = \"given\"\n[private]\n\
                    certificate = \"long-lived\"\n[expect]\nstate = \"works\"\nfindings = []\ncredential_sent = false\n";
        let lab = Lab::start(&Arc::new(World::parse(text).unwrap())).unwrap();
        let arguments = lab.arguments();
        let of = |option: &str| {
            let pairs = arguments.windows(2).filter(move |pair| pair[0] == option);
            pairs.map(|pair| pair[1].clone()).collect::<Vec<_>>()
        };
        let endpoint = of("--connect-to")
            .iter()
            .find_map(|detour| detour.strip_prefix("10.3.0.5:443:")?.parse().ok())
            .unwrap();
        let (broken, silent, connections) = (Arc::default(), Arc::default(), Arc::default());
        let clones = (Arc::clone(&broken), Arc::clone(&silent), Arc::clone(&connections));
        let relay = relay(endpoint, clones.0, clones.1, clones.2);
        let folder = tempfile::tempdir().unwrap();
        let keys = format!(
            "resolvers = {:?}\nca_file = {:?}\nproxy = \"none\"\ncredential = \"none\"\n\
             connect_to = [\"10.3.0.5:443:127.0.0.1:{}\"]\ninterval = \"1s\"\ntimeout = \"1s\"\n\
             experiments = false\n",
            of("--resolver"),
            of("--ca-file")[0],
            relay.port(),
        );
        Self { lab, endpoint, folder, broken, silent, connections, keys }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes an inventory of these targets; `more` stands before them.
    pub fn inventory(&self, names: &[&str], more: &str) -> PathBuf {
        let mut text = format!(
            "[defaults]\n{}\n[watch]\nconfirm = {{ walks = 3, bad = 2, within = \"1h\" }}\n\
             good_again = 1\n{more}\n",
            self.keys
        );
        for name in names {
            text.push_str(&format!(
                "[[target]]\ntarget = \"myacct\"\nname = \"{name}\"\nlabels = {{ team = \"ai\" }}\n"
            ));
        }
        let file = self.file("targets.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    pub fn watch(&self, config: &Path) -> Watching {
        Watching::begin(self.command(config))
    }

    pub fn command(&self, config: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aoai-probe"));
        command
            .env_clear()
            .env("HOOK", format!("http://127.0.0.1:1/{CANARY}"))
            .args(["watch", "--config"])
            .arg(config)
            .arg("--history")
            .arg(self.file("history.db"));
        command
    }

    /// Waits until `more` connections came.
    pub fn connects(&self, more: usize) {
        let before = self.connections.load(Ordering::SeqCst);
        let end = Instant::now() + PATIENCE;
        while self.connections.load(Ordering::SeqCst) < before + more {
            assert!(Instant::now() < end, "walks go on");
            std::thread::yield_now();
        }
    }

    pub fn history(&self, arguments: &[&str]) -> String {
        let out = Command::new(env!("CARGO_BIN_EXE_aoai-probe"))
            .env_clear()
            .args(["history", "--history"])
            .arg(self.file("history.db"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    pub fn sqlite3(&self, sql: &str) -> String {
        let out = Command::new("sqlite3").arg(self.file("history.db")).arg(sql).output();
        let out = out.expect("sqlite3 is installed");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }
}

/// Hands connections on to `endpoint`; ends them after the ClientHello while `broken`, and never
/// answers while `silent`.
fn relay(
    endpoint: SocketAddr,
    broken: Arc<AtomicBool>,
    silent: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            connections.fetch_add(1, Ordering::SeqCst);
            if silent.load(Ordering::SeqCst) {
                std::thread::spawn(move || std::io::copy(&mut client, &mut std::io::sink()));
                continue;
            }
            if broken.load(Ordering::SeqCst) {
                std::thread::spawn(move || {
                    let _ = client.read(&mut [0; 2048]);
                    let _ = client.shutdown(Shutdown::Write);
                    let _ = std::io::copy(&mut client, &mut std::io::sink());
                });
                continue;
            }
            let server = TcpStream::connect(endpoint).unwrap();
            for (mut from, mut to) in
                [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
            {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    address
}
