//! Many targets of one run.

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};

use aoai_probe::args::Cli;
use aoai_probe::run::{Terminal, check_in};
use aoai_probe::world::{SystemLookup, World};
use clap::Parser;

/// Targets that are answered at once.
const QUICK: usize = 20;

/// A resolver to which no name exists, and which answers for `silent` only when it has answered for
/// every other target.
fn resolver(socket: &UdpSocket) {
    let mut bytes = [0; 1500];
    let mut answered = BTreeSet::new();
    let mut held: Vec<(Vec<u8>, SocketAddr)> = Vec::new();
    while let Ok((length, from)) = socket.recv_from(&mut bytes) {
        // The first label (RFC 1035, section 4.1.2).
        let label = &bytes[13..13 + usize::from(bytes[12])];
        let mut answer = bytes[..length].to_vec();
        // A response, recursion available, NXDOMAIN.
        (answer[2], answer[3]) = (0x81, 0x83);
        match label == b"silent" && answered.len() < QUICK {
            true => held.push((answer, from)),
            false => {
                let _ = socket.send_to(&answer, from);
                answered.insert(label.to_vec());
            }
        }
        if answered.len() >= QUICK {
            for (answer, from) in held.drain(..) {
                let _ = socket.send_to(&answer, from);
            }
        }
    }
}

#[test]
fn a_silent_target_holds_up_no_other_one() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || resolver(&socket));
    let mut words: Vec<String> =
        ["aoai-probe", "--timeout", "20", "--deadline", "60", "--no-experiments", "-q"]
            .map(str::to_owned)
            .into();
    let options = ["--resolver", &at, "--credential", "none", "--proxy", "none", "silent"];
    words.extend(options.map(str::to_owned));
    words.extend((0..QUICK).map(|number| format!("quick{number}")));
    let lookup = SystemLookup::Fixed(std::collections::BTreeMap::new());
    let world = World { lookup, resolvers: Vec::new(), ..World::of_this_machine() };
    let arguments = Cli::parse_from(words).check;
    let done = check_in(&arguments, world, Terminal::default(), &|_| {}).unwrap();
    // Were it walked alone with the first fifteen, its answer would never come.
    let told =
        done.out.lines().filter(|line| line.contains("BROKEN at dns (dns-name-not-found)")).count();
    assert_eq!(told, QUICK + 1, "{}", done.out);
}
