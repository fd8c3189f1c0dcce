//! Where the name is in the ClientHello. With a post-quantum key share the hello fills two
//! segments, and the order of its extensions changes from one to the next: in some the name (SNI)
//! lies across the boundary or behind it. A filter that reads single packets does not see it
//! there, while it always sees the name of a smaller hello. So the name is kept in the first segment:
//! making another hello costs no packet.

use std::io::{self, IoSlice, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use socket2::Socket;

/// Bytes of the first segment where the connection does not say: less than what any link carries
/// that is in use (IPv6 demands packets of 1280 bytes), and than what tunnels leave of it.
const FIRST_SEGMENT: usize = 1200;
/// Hellos that are made at most. About every second one has the name in front of the large key
/// share, so that 64 in a row without one do not happen.
const HELLOS: usize = 64;

/// Makes `connection` anew until its ClientHello holds the whole name within the first segment of
/// `socket`.
pub fn keep_name_in_first_segment(
    connection: &mut ClientConnection,
    config: &Arc<ClientConfig>,
    name: &ServerName<'static>,
    socket: Option<&Socket>,
) {
    let most = first_segment(socket);
    for _ in 1..HELLOS {
        // A hello without SNI (an address as a name) has nothing to keep together.
        if end_of_name(&peek(connection)).is_none_or(|end| end <= most) {
            return;
        }
        match ClientConnection::new(Arc::clone(config), name.clone()) {
            Ok(another) => *connection = another,
            Err(_) => return,
        }
    }
}

/// Bytes that the first segment of a connection holds, never more than other links carry.
fn first_segment(socket: Option<&Socket>) -> usize {
    #[cfg(unix)]
    let own = socket.and_then(|socket| socket.tcp_mss().ok());
    #[cfg(not(unix))]
    let own: Option<u32> = socket.and(None);
    own.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(FIRST_SEGMENT).min(FIRST_SEGMENT)
}

/// What a connection is about to send, without sending it.
fn peek(connection: &mut ClientConnection) -> Vec<u8> {
    /// Keeps what is written and reports that nothing was taken.
    struct Peek(Vec<u8>);
    impl Write for Peek {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend_from_slice(bytes);
            Ok(0)
        }
        fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            parts.iter().for_each(|part| self.0.extend_from_slice(part));
            Ok(0)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut look = Peek(Vec::new());
    let _ = connection.write_tls(&mut look);
    look.0
}

/// Where the server_name extension of a ClientHello ends (RFC 8446, section 4.1.2; RFC 6066,
/// section 3), in bytes from the start of the TLS record; none where there is no such extension.
fn end_of_name(record: &[u8]) -> Option<usize> {
    const SERVER_NAME: usize = 0;
    let number = |at: usize, bytes: usize| -> Option<usize> {
        let field = record.get(at..at + bytes)?;
        Some(field.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    // Record and handshake headers, version and random.
    let session_id = 5 + 4 + 2 + 32;
    let cipher_suites = session_id + 1 + number(session_id, 1)?;
    let compression = cipher_suites + 2 + number(cipher_suites, 2)?;
    let extensions = compression + 1 + number(compression, 1)?;
    let end = extensions + 2 + number(extensions, 2)?;
    let mut at = extensions + 2;
    while at < end {
        let next = at + 4 + number(at + 2, 2)?;
        if number(at, 2)? == SERVER_NAME {
            return Some(next);
        }
        at = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Arc<ClientConfig> {
        let mut config = ClientConfig::builder_with_provider(crate::wire::tls::provider())
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .expect("versions")
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }

    #[test]
    fn the_name_of_every_hello_is_in_its_first_segment() {
        let config = config();
        let host = "a-rather-long-account-name-of-a-team.cognitiveservices.azure.com";
        let name = ServerName::try_from(host).expect("a name");
        let mut behind = 0;
        for _ in 0..300 {
            let mut connection =
                ClientConnection::new(Arc::clone(&config), name.clone()).expect("a connection");
            behind += u32::from(end_of_name(&peek(&mut connection)).expect("SNI") > FIRST_SEGMENT);
            keep_name_in_first_segment(&mut connection, &config, &name, None);
            let hello = peek(&mut connection);
            assert_eq!(hello, peek(&mut connection), "peeking removes nothing");
            let end = end_of_name(&hello).expect("SNI");
            assert!(end <= FIRST_SEGMENT, "{end} of {}", hello.len());
            assert!(hello[..end].ends_with(host.as_bytes()));
        }
        // Without it, the test would prove nothing.
        #[cfg(feature = "aws_lc_rs")]
        assert!(behind > 0);
        #[cfg(not(feature = "aws_lc_rs"))]
        assert_eq!(behind, 0);
    }

    #[test]
    fn a_hello_that_is_cut_off_has_no_end_of_a_name() {
        let config = config();
        let name = ServerName::try_from("a.openai.azure.com").expect("a name");
        let mut connection = ClientConnection::new(config, name).expect("a connection");
        let hello = peek(&mut connection);
        let end = end_of_name(&hello).expect("SNI");
        for length in 0..hello.len() {
            assert!(end_of_name(&hello[..length]).is_none_or(|found| found == end));
        }
        assert_eq!(end_of_name(&[]), None);
    }
}
