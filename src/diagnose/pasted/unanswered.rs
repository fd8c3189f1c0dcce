//! What clients print where no server answered (fact H114): the hop at which the call ended, and no cause.

/// Words in lower case, and what they show. The first row that fits counts: a message names its first
/// cause last.
const ROWS: &[(&[&str], &str)] = &[
    (
        &[
            "getaddrinfo",
            "name or service not known",
            "nodename nor servname",
            "temporary failure in name resolution",
            "name does not resolve",
            "no such host",
            "enotfound",
            "eai_again",
            "unknownhostexception",
            "could not resolve host",
            "remote name could not be resolved",
            "11001",
        ],
        "no server answered: the client found no address for the name (dns). A check from the \
         application's machine walks that path: aoai-probe <host>",
    ),
    (
        &[
            "certificate_verify_failed",
            "x509:",
            "pkix path",
            "unable_to_get_issuer_cert",
            "unable to get local issuer",
            "unable to verify the first certificate",
            "self-signed certificate",
            "self_signed_cert",
            "self signed certificate",
            "remote certificate is invalid",
            "ssl certificate problem",
        ],
        "no server answered: the client does not trust the certificate that it was shown (tls). A \
         check from the application's machine shows the chain: aoai-probe <host>",
    ),
    (
        &[
            "sslhandshakeexception",
            "ssl connection could not be established",
            "handshake failure",
            "tls handshake timeout",
            "sslv3_alert",
            "wrong_version_number",
        ],
        "no server answered: the handshake failed (tls). A check from the application's machine walks \
         that path: aoai-probe <host>",
    ),
    (
        &[
            "econnrefused",
            "connection refused",
            "actively refused",
            "no route to host",
            "network is unreachable",
            "etimedout",
            "connection timed out",
            "connect timeout",
            "connecttimeout",
            "connection attempt failed",
            "i/o timeout",
            "failed to connect to",
            "10060",
            "10061",
        ],
        "no server answered: the client got no connection (tcp). A check from the application's machine \
         walks that path: aoai-probe <host>",
    ),
    (
        &[
            "connection reset",
            "econnreset",
            "unexpected eof",
            "remote end closed",
            "socket hang up",
        ],
        "no server answered: the connection ended before an answer. A check from the application's \
         machine walks that path: aoai-probe <host>",
    ),
    (
        &["apiconnectionerror", "connection error", "apitimeouterror", "request timed out"],
        "no server answered, and the text does not show at which hop the call ended. A check from the \
         application's machine walks the path: aoai-probe <host>",
    ),
];

/// At which hop a call ended without an answer.
pub fn why(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    // A number is one of its own, and no part of an id or a time.
    let alone = |(at, word): (usize, &str)| {
        let joins = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        !text[..at].ends_with(joins) && !text[at + word.len()..].starts_with(joins)
    };
    let says = |words: &&str| match words.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.match_indices(*words).any(alone),
        false => text.contains(words),
    };
    ROWS.iter().find(|(words, _)| words.iter().any(&says)).map(|(_, why)| *why)
}
