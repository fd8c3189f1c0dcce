//! What clients print where no server answered (facts H114, H154, S57): the hop at which the call ended,
//! and no cause.

/// A row: words in lower case, and what they show.
type Row = (&'static [&'static str], &'static str);

/// The hop of a row, in the sentence of `why`; what comes before and after it is the same for all.
macro_rules! no_server {
    ($hop:literal) => {
        concat!(
            "no server answered: ",
            $hop,
            ". A check from the application's machine walks that \
                                               path: aoai-probe <host>"
        )
    };
}

/// The certificate is not for the name.
const OF_NAME: &[&str] = &[
    "remotecertificatenamemismatch",
    "hostname mismatch",
    "doesn't match",
    "certificate is valid for",
    "no subject alternative",
    "no alternative certificate subject name",
    "does not match certificate's altnames",
    "err_tls_cert_altname_invalid",
];

/// What begins a sentence about a value that no client can send, and what ends it.
macro_rules! not_sent {
    ($value:literal) => {
        concat!(
            "nothing was sent: ",
            $value,
            " (application). A check on the application's machine that takes the same variables names the \
             fault: aoai-probe"
        )
    };
}

/// A chain of credentials none of which has a login: which of them was meant, the text does not show.
const CHAIN: &str = "the client has no token: none of the sources of its chain gave one (identity). On a \
                     developer's machine, sign in first: az login, or azd auth login. If this is an Azure \
                     machine or a container of Azure, see in the text what its identity endpoint answered; \
                     where it gave no answer: aoai-probe explain identity-metadata-unreachable";
/// What no check of a variable shows: the code gives a header what is no text.
const NO_TEXT: &str = "nothing was sent: the application gave a header a value that is no text, as a number, or \
                       None where a variable is not set (application)";
/// What a chain of sources prints, in lower case.
const OF_CHAIN: &[&str] =
    &["attempted credentials", "defaultazurecredential", "chainedtokencredential"];
/// What the sources of developers print in such a chain.
const OF_DEVELOPERS: &[&str] = &[
    "run 'az login'",
    "using 'az login'",
    "run \"az login\"",
    "run 'azd auth login'",
    "azure cli not found",
    "azure cli could not be found",
    "azureclicredential",
    "visual studio token provider",
];

/// Whether a text in lower case is of a chain with sources of developers among it, whose platform's
/// endpoint is only one of several.
pub(super) fn is_chain_of_developers(lower: &str) -> bool {
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    says(OF_CHAIN) && says(OF_DEVELOPERS)
}

/// The first row that fits counts: a message names its first cause last.
const ROWS: &[Row] = &[
    (
        &["invalid port:", "unknown scheme for proxy url", "socksio", "proxy url had"],
        no_server!(
            "the client cannot use a proxy variable as it is set, NO_PROXY included (proxy)"
        ),
    ),
    (
        &[
            "missing an 'http://' or 'https://' protocol",
            "unsupportedprotocol",
            "unsupported protocol scheme",
            "expected url scheme 'http' or 'https'",
        ],
        not_sent!(
            "the endpoint that the client was given does not begin with https://, or has a \
                 blank before it"
        ),
    ),
    (
        &[
            "illegal header value b''",
            "illegal header value b'bearer'",
            "illegal header value b'bearer '",
            "illegal header value b'bearer  '",
        ],
        not_sent!("the key or token is empty"),
    ),
    (&["must be of type str or bytes", "header value must be str or bytes"], NO_TEXT),
    (
        &[
            "illegal header value",
            "invalid header value",
            "invalidheader",
            "invalid header field value",
            "invalid character in header content",
            "new-line characters are not allowed in header values",
        ],
        not_sent!(
            "the key or token has a character that no header can have, mostly a line end or a blank at its \
                 end"
        ),
    ),
    (
        &[
            "invalidurl",
            "invalid non-printable ascii character",
            "invalid idna hostname",
            "err_invalid_url",
        ],
        not_sent!(
            "the endpoint that the client was given, or a proxy variable, has a character or a port that no \
                 URL can have, mostly a line end"
        ),
    ),
    (
        &[
            "no such file or directory: '/var/run/secrets/azure/tokens",
            "open /var/run/secrets/azure/tokens",
            "azure-identity-token (no such file",
        ],
        no_server!(
            "the client has no token: the file of workload identity is not in the container, which gets it \
             where its pod has the label azure.workload.identity/use and a service account with the client \
             id (identity)"
        ),
    ),
    (
        &[
            "cannot connect to proxy",
            "could not resolve proxy",
            "unable to connect to proxy",
            "proxyconnect tcp",
            "connection timed out: proxy",
            "connection refused: proxy",
        ],
        no_server!(
            "the client got no connection to its proxy, and of the service nothing is shown (proxy)"
        ),
    ),
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
            "domain name not found",
            "could not contact dns",
            "timeout while contacting dns",
            "dnsnameresolver",
            "cannot unmarshal dns message",
            "system.net.dns.",
            ":53: i/o timeout",
            "dial tcp: lookup ",
            "could not be resolved (",
            "host not found in upstream",
            "11001",
        ],
        no_server!("the client found no address for the name (dns)"),
    ),
    (
        &["unsafe legacy renegotiation"],
        no_server!(
            "the client met a server that renegotiates TLS in the old way, as what inspects TLS on the \
             way does and Azure does not (tls)"
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
            "the client checks certificates strictly, as Python does from 3.13 on, and one of an \
             authority in the chain is not made as RFC 5280 wants it, mostly that of an inspection (tls)"
        ),
    ),
    (
        OF_NAME,
        no_server!(
            "the certificate that the client was shown is not for the name it asked for (tls)"
        ),
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
            "untrustedroot",
            "partialchain",
            "trust relationship for the ssl",
            "sec_e_untrusted_root",
            "0x80090325",
        ],
        no_server!("the client does not trust the certificate that it was shown (tls)"),
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
            "the client could not see whether the certificate is revoked: it reached no OCSP responder \
             or list at port 80, and the chain itself may be right (tls)"
        ),
    ),
    (
        &["remote certificate is invalid", "ssl certificate problem"],
        no_server!("the client does not trust the certificate that it was shown (tls)"),
    ),
    (
        &[
            "eof occurred in violation of protocol",
            "ssl_error_syscall",
            "ssl_error_eof",
            "remote party has closed the transport stream",
            "before secure tls connection was established",
        ],
        no_server!("the connection was closed in the middle of the handshake (tls)"),
    ),
    (
        &["unrecognized_name", "unrecognized name"],
        no_server!("what answered does not know the name that the client asked for (tls)"),
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
        no_server!("the handshake failed (tls)"),
    ),
    (
        &[
            "read etimedout",
            "read timed out",
            "channel response timed out",
            "headers timeout error",
            "und_err_headers_timeout",
            "readtimeout",
            "with 0 bytes received",
        ],
        no_server!("the connection stood, and no answer came within the client's time (http)"),
    ),
    (
        &[
            "econnrefused",
            "connection refused",
            "actively refused",
            "no route to host",
            "network is unreachable",
            "enetunreach",
            "ehostunreach",
            "und_err_connect_timeout",
            "etimedout",
            "connection timed out",
            "connect timeout",
            "connecttimeout",
            "connect call failed",
            "connection attempt failed",
            "i/o timeout",
            "failed to connect to",
            "reset reason: connection timeout",
            "remote connection failure",
            "ws_open_error_underlying_io_open_failed",
            "10060",
            "10061",
        ],
        TCP,
    ),
    (
        &[
            "connection reset",
            "econnreset",
            "unexpected eof",
            "remote end closed",
            "socket hang up",
            "server disconnected",
            "peer closed connection",
            "responseended",
            "response ended prematurely",
            "reset reason: connection termination",
            "empty reply from server",
            "prematurecloseexception",
            "prematurely closed",
            "und_err_socket",
            "other side closed",
        ],
        no_server!("the connection ended before the end of an answer (http)"),
    ),
    (
        &[
            "defaultazurecredential failed",
            "defaultazurecredential authentication failed",
            "defaultazurecredential: failed",
        ],
        NO_TOKEN,
    ),
    (
        &[
            "apiconnectionerror",
            "connection error",
            "apitimeouterror",
            "request timed out",
            "httpclient.timeout",
            "client.timeout",
            "context deadline exceeded",
            "cannot connect to host",
            "no connection to the remote host",
        ],
        "no server answered, and the text does not show at which hop the call ended. A check from the \
         application's machine walks the path: aoai-probe <host>",
    ),
];

const NO_TOKEN: &str = no_server!(
    "the client has no token: none of the sources that it tried gave one, each with its own reason in the \
     text (identity)"
);
const TCP: &str = no_server!("the client got no connection (tcp)");
const OTHER_PORT: &str = no_server!(
    "the client got no connection to a port other than 443, mostly that of its proxy (proxy)"
);

/// At which hop a call ended without an answer.
pub fn why(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    if !is_chain_of_developers(&text) {
        return row(&text);
    }
    // What else failed in it than the platform's endpoint is the cause that it shows.
    let others = without_platform(&text);
    row(&others).filter(|why| *why != NO_TOKEN).or(Some(CHAIN))
}

/// A chain in lower case without what it prints of the platform's endpoint.
fn without_platform(chain: &str) -> String {
    let mut is_of_platform = false;
    let words = chain.split_whitespace().filter(|word| {
        if word.contains("managedidentitycredential") {
            is_of_platform = true;
        } else if *word == "-" || word.ends_with("credential:") || word.ends_with("error:") {
            is_of_platform = false;
        }
        !is_of_platform
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The first row that fits a text in lower case.
fn row(text: &str) -> Option<&'static str> {
    // A number is one of its own, and no part of an id or a time.
    let alone = |(at, word): (usize, &str)| {
        let joins = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        !text[..at].ends_with(joins) && !text[at + word.len()..].starts_with(joins)
    };
    let says = |words: &&str| match words.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.match_indices(*words).any(alone),
        false => text.contains(words),
    };
    let (_, why) = ROWS.iter().find(|(words, _)| words.iter().any(&says))?;
    Some(if std::ptr::eq(*why, TCP) && is_of_another_port(text) { OTHER_PORT } else { why })
}

/// The same without what is the same in all: a part of another sentence.
pub(super) fn hop(text: &str) -> Option<&'static str> {
    let why = why(text)?;
    let hop =
        why.strip_prefix("no server answered: ").and_then(|rest| rest.split_once(". A check"));
    Some(hop.map_or("no more is shown than that it got no answer", |(hop, _)| hop))
}

/// Whether a text in lower case is of a certificate for another name.
pub(super) fn is_of_name(lower: &str) -> bool {
    OF_NAME.iter().any(|words| lower.contains(words))
}

/// Whether all addresses in a text have a port, and none has that of the service.
fn is_of_another_port(text: &str) -> bool {
    let ports =
        text.split(|c: char| !(c.is_ascii_digit() || ".:".contains(c))).filter_map(|word| {
            let (address, port) = word.trim_end_matches([':', '.']).split_once(':')?;
            address.parse::<std::net::Ipv4Addr>().ok()?;
            port.parse::<u16>().ok()
        });
    let ports: Vec<u16> = ports.collect();
    !ports.is_empty() && !ports.contains(&443)
}
