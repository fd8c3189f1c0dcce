//! TCP ports on loopback that accept, refuse or stay silent.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use super::world::Port;

/// A port, and what keeps it as it is.
pub struct Opened {
    /// Where.
    pub address: SocketAddr,
    /// For the ports that accept.
    pub listener: Option<TcpListener>,
    /// Sockets that keep a port closed or its queue full.
    pub kept: Vec<Socket>,
}

/// Opens a port of this kind.
///
/// # Errors
/// A socket cannot be had.
pub fn open(port: Port) -> io::Result<Opened> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket
        .local_addr()?
        .as_socket()
        .ok_or_else(|| io::Error::other("an IPv4 socket has an IPv4 address"))?;
    match port {
        Port::Open => {
            socket.listen(64)?;
            socket.set_nonblocking(true)?;
            let listener = Some(TcpListener::from_std(socket.into())?);
            Ok(Opened { address, listener, kept: Vec::new() })
        }
        // Bound and not listening: the kernel answers SYN with RST.
        Port::Closed => Ok(Opened { address, listener: None, kept: vec![socket] }),
        // Nobody accepts, and the queue of accepted connections is full: the kernel drops
        // every further SYN.
        Port::Silent => {
            socket.listen(0)?;
            let mut kept = vec![socket];
            for _ in 0..4 {
                let filler = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
                filler.set_nonblocking(true)?;
                let _ = filler.connect(&address.into());
                kept.push(filler);
            }
            Ok(Opened { address, listener: None, kept })
        }
    }
}
