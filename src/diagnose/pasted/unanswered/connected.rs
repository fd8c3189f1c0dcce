//! What clients print of a connection that failed, or of a call on it: words, and the sentence of the hop.

use super::{CallEnd, Row, Unexplained};

/// The certificate is not for the name.
pub(super) const OF_NAME: &[&str] = &[
    "remotecertificatenamemismatch",
    "hostname mismatch",
    "doesn't match",
    "certificate is valid for",
    "no subject alternative",
    "no alternative certificate subject name",
    "does not match certificate's altnames",
    "err_tls_cert_altname_invalid",
    "notvalidforname",
    "err_cert_common_name_invalid",
    "sec_e_wrong_principal",
    "0x80090322",
    "hostname_check_failed",
    "sslpeerunverifiedexception",
    // TDS: the same words without the provider are of Kerberos.
    "ssl provider, error: 0 - the target principal name is incorrect",
    "ssl provider, error: 0 -the target principal name is incorrect",
    "ssl provider: the target principal name is incorrect",
];

/// The handshake, the connection, and what came of the call.
pub(super) const ROWS: &[Row] = &[
    (
        &["unsafe legacy renegotiation"],
        no_server!(
            "tls",
            "the client met a server that renegotiates TLS in the old way, as what inspects TLS on the \
             way does and Azure does not"
        ),
    ),
    (
        &[
            "basic constraints of ca cert not marked critical",
            "missing authority key identifier",
            "missing subject key identifier",
            "ca cert does not include key usage",
        ],
        no_server!(
            "tls",
            "the client checks certificates strictly, as Python does from 3.13 on, and one of an \
             authority in the chain is not made as RFC 5280 wants it, mostly that of an inspection"
        ),
    ),
    (
        OF_NAME,
        no_server!(
            "tls",
            "the certificate that the client was shown is not for the name it asked for"
        ),
    ),
    (
        &[
            "err_cert_date_invalid",
            "certificate has expired",
            "cert_has_expired",
            "certificate is not yet valid",
            "cert_not_yet_valid",
            "validity check failed",
            "nottimevalid",
            "invalid peer certificate: expired",
        ],
        no_server!(
            "tls",
            "a certificate of the chain that the client was shown is outside its time of validity: it has \
             expired, or the clock of the application's machine is wrong"
        ),
    ),
    (
        &[
            "err_cert_authority_invalid",
            "certificate_verify_failed",
            "certificate verify failed",
            "x509:",
            "pkix path",
            "unable_to_get_issuer_cert",
            "unable to get local issuer",
            "unable to verify the first certificate",
            "self-signed certificate",
            "self_signed_cert",
            "self signed certificate",
            "untrustedroot",
            "partialchain",
            "trust relationship for the ssl",
            "vertrauensstellung f\u{fc}r den sicheren kanal",
            "vertrauensstellung f\u{fc}r den gesch\u{fc}tzten ssl",
            "relation de confiance pour le canal",
            "relaci\u{f3}n de confianza para el canal",
            "\u{4fe1}\u{983c}\u{95a2}\u{4fc2}\u{3092}\u{78ba}\u{7acb}",
            "ora-29024",
            "nsurlerrordomain code=-1202",
            "{:tls_alert, {:unknown_ca",
            "{tls_alert,{unknown_ca",
            "sec_e_untrusted_root",
            "0x80090325",
            "invalid peer certificate",
        ],
        no_server!("tls", "the client does not trust the certificate that it was shown"),
    ),
    (
        &[
            "revocationstatusunknown",
            "offlinerevocation",
            "crypt_e_revocation_offline",
            "crypt_e_no_revocation_check",
            "unable to check revocation",
        ],
        no_server!(
            "tls",
            "the client could not see whether the certificate is revoked: it reached no OCSP responder \
             or list at port 80, and the chain itself may be right"
        ),
    ),
    (
        &["remote certificate is invalid", "ssl certificate problem"],
        no_server!("tls", "the client does not trust the certificate that it was shown"),
    ),
    (
        &[
            "eof occurred in violation of protocol",
            "ssl_error_syscall",
            "ssl_error_eof",
            "remote party has closed the transport stream",
            "before secure tls connection was established",
            "ssl_connect: connection reset",
            "sslexception: connection reset",
            "no peer certificate available",
        ],
        HANDSHAKE_CUT,
    ),
    (
        &["unrecognized_name", "unrecognized name"],
        no_server!("tls", "what answered does not know the name that the client asked for"),
    ),
    (
        &[
            "handshake operation timed out",
            "tls handshake timeout",
            "ssl connection timeout",
            "handshake timed out after",
            "timed out in state ssl_handshake",
            "pre-login handshake acknowledgement",
            "while ssl handshaking to upstream",
        ],
        HANDSHAKE_SILENT,
    ),
    (
        &[
            "err_ssl_protocol_error",
            "ssl_do_handshake() failed",
            "failed to receive handshake",
            "tlsv1_alert",
            "tlsv1 alert",
            "received fatal alert",
            "reason: layer6",
            "sslhandshakeexception",
            "ssl connection could not be established",
            "handshake failure",
            "sslv3_alert",
            "wrong_version_number",
            "cannot determine the frame size or a corrupted frame",
            "80072f8f",
            "could not create ssl/tls secure channel",
            "gesch\u{fc}tzter ssl/tls-kanal",
            "un canal s\u{e9}curis\u{e9} ssl/tls",
            "un canal seguro ssl/tls",
        ],
        no_server!("tls", "the handshake failed"),
    ),
    (
        &["read timed out. (read timeout="],
        no_server!(
            "tls or http",
            "the connection stood, and no answer came within the client's time, in the handshake or to the \
             call: the text does not show which of them"
        ),
    ),
    (
        &["body timeout error", "und_err_body_timeout"],
        no_server!(
            "http",
            "the answer began, and the rest of it did not come within the client's time"
        ),
    ),
    (
        &[
            "while reading response header from upstream",
            "read etimedout",
            "read timed out",
            "channel response timed out",
            "headers timeout error",
            "und_err_headers_timeout",
            "readtimeout",
            "with 0 bytes received",
        ],
        no_server!(
            "http",
            "the connection stood, and no answer came within the client's time",
            ": the answer takes longer, or the connection was kept idle and a NAT or a firewall on the way has \
             forgotten it, which the first call after a pause and a long call meet. A check walks the \
             path without a pause: aoai-probe <host>"
        ),
    ),
    (
        &[
            "und_err_connect_timeout",
            "connect timeout error (attempted",
            "curl: (28) connection timed out after ",
        ],
        TCP_OR_TLS,
    ),
    (
        &[
            "connecterror: [errno 1]",
            "connecterror: [errno 13]",
            "connect: permission denied",
            "connect: operation not permitted",
            "forbidden by its access permissions",
            "ora-24247",
            "10013",
        ],
        no_server!(
            "tcp",
            "the application's own machine did not let the client open the connection: its packet filter, \
             a security product or the rights of the process did not"
        ),
    ),
    (
        &[
            "cannot assign requested address",
            "eaddrnotavail",
            "only one usage of each socket address",
            "lacked sufficient buffer space",
            "too many open files",
            "10048",
            "10055",
        ],
        no_server!(
            "tcp",
            "the application's own machine had no port, buffer or file left for a connection, so that \
             nothing left it"
        ),
    ),
    (
        &["internalconnectmultipletimeout"],
        no_server!(
            "tcp",
            "Node.js gave up its attempts at the addresses of the name, of which it gives each 250 ms",
            ": a path that needs longer, as through a VPN or to another continent, looks as if it was closed. Where \
             curl connects on the same machine, give Node.js more time (application): \
             NODE_OPTIONS=--network-family-autoselection-attempt-timeout=2000. A check from the application's \
             machine walks that path: aoai-probe <host>"
        ),
    ),
    (
        &[
            "econnrefused",
            "err_connection_refused",
            "err_connection_timed_out",
            "err_address_unreachable",
            "connectionrefused",
            "connection refused",
            "tcp connect error",
            "tcp connect to (",
            "tcptestsucceeded : false",
            "tcptestsucceeded       : false",
            "timed out: operation now in progress",
            "failed to open tcp connection",
            "net::opentimeout",
            "reason: layer4",
            "actively refused",
            "no route to host",
            "network is unreachable",
            "enetunreach",
            "ehostunreach",
            "etimedout",
            "connection timed out",
            "connect timeout",
            "connect timed out",
            "timed out in state connect",
            "connect call failed",
            "connection attempt failed",
            "i/o timeout",
            "failed to connect to",
            "failed to establish a new connection",
            "80072efd",
            "connection with the server could not be established",
            "unable to connect to the remote server",
            "verbindung mit dem remoteserver kann nicht",
            "impossible de se connecter au serveur distant",
            "nsurlerrordomain code=-1004",
            "ora-12535",
            "ora-12541",
            "reset reason: connection timeout",
            "remote connection failure",
            "ws_open_error_underlying_io_open_failed",
            "10060",
            "10061",
        ],
        TCP,
    ),
    (&["connecttimeout"], TCP_OR_TLS),
    (
        &[
            "connection reset",
            "connection was reset",
            "unexpected error occurred on a send",
            "unexpected error occurred on a receive",
            "80072efe",
            "econnreset",
            "err_connection_reset",
            "err_connection_closed",
            "forcibly closed by the remote host",
            "10054",
            "\": eof",
        ],
        CLOSED,
    ),
    (
        &[
            "unexpected eof",
            "remote end closed",
            "socket hang up",
            "server disconnected",
            "peer closed connection",
            "responseended",
            "response ended prematurely",
            "reset reason: connection termination",
            "empty reply from server",
            "err_empty_response",
            "prematurecloseexception",
            "prematurely closed",
            "und_err_socket",
            "other side closed",
            "connectionterminated error_code",
            "was not closed cleanly",
            "server sent goaway",
        ],
        no_server!("http", "the connection ended before the end of an answer"),
    ),
    (
        &[
            "defaultazurecredential failed",
            "defaultazurecredential authentication failed",
            "defaultazurecredential: failed",
        ],
        NO_TOKEN,
    ),
];

pub(super) const HANDSHAKE_CUT: Unexplained =
    no_server!("tls", "the connection was closed in the middle of the handshake");
const TCP_OR_TLS: Unexplained = no_server!(
    "tcp or tls",
    "the client got no connection, or no end of the handshake, within its time: the text does not show which \
     of them"
);
pub(super) const HANDSHAKE_SILENT: Unexplained =
    no_server!("tls", "the handshake got no answer within the client's time");
pub(super) const NO_TOKEN: Unexplained = no_server!(
    "identity",
    "the client has no token: none of the sources that it tried gave one, each with its own reason in the \
     text"
);
pub(super) const TCP: Unexplained = no_server!("tcp", "the client got no connection");
pub(super) const OWN_PORT: Unexplained = no_server!(
    "application",
    "nothing listens at that port of the application's own machine, where a proxy, a \
     gateway or a sidecar should",
    ". In a container the name localhost is the container itself: \
     what runs in another one has its own name"
);
pub(super) const OTHER_PORT: Unexplained = no_server!(
    "proxy",
    "the client got no connection to a port other than 443, mostly that of its proxy"
);
pub(super) const SERVICE_PORT: Unexplained = no_server!(
    "tcp",
    "the client got no connection to the port of a service's own protocol, which is not 443",
    ": a network may let HTTPS through and close that port, and no proxy is in the text. Ask whether the network \
     lets the port through to that address (Network). A check tests the name and the port that it names: \
     aoai-probe <host>"
);
/// In the handshake or behind it.
pub(super) const CLOSED: Unexplained = no_server!(
    "tls or http",
    "the connection was closed or reset, in the handshake or in the call: the text does not show \
             which of them"
);
/// No more than that.
pub(in crate::diagnose::pasted) const NO_HOP: Unexplained = Unexplained::without_end(
    "no server answered, and the text does not show at which hop the call ended. A check from the \
         application's machine walks the path: aoai-probe <host>",
);
