//! What clients print where no connection was tried: words, and the sentence of the hop that they show.

use super::{CallEnd, Row, Unexplained};

/// What no check of a variable shows: the code gives a header what is no text.
const NO_TEXT: Unexplained = ended!("application", "the application gave a header a value that is no text, as a number, or \
                       None where a variable is not set", unanswered: false, "nothing was sent: ", "");
/// What ends before a connection: settings, tokens, the proxy and the name.
pub(super) const BEFORE: &[Row] = &[
    (
        // Fact H212.
        &["web api skill response is invalid"],
        ended!(
            "Azure platform",
            "AI Search called a host for a skill and got no answer that it can use",
            ": what the text says of a name or \
             a connection is of that call, which the application did not make and no client can test. Reports \
             have a wrong URI in the skill, a private endpoint without a shared private link, and a deployment at \
             its rate limit"
        ),
    ),
    (
        &["was denied based on workspace private link configuration"],
        ended!(
            "dns or proxy",
            "the workspace of Azure Machine Learning refuses: it lets in calls through its private endpoints alone, and \
         this one was not, since the name led elsewhere or a proxy carried it",
            ". A check from the application's machine shows which: aoai-probe <host>"
        ),
    ),
    (
        &["invalid port:", "unknown scheme for proxy url", "socksio", "proxy url had"],
        no_server!(
            "proxy",
            "the client cannot use a proxy variable as it is set, NO_PROXY included"
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
        &["please run 'az login' to setup account", "please run \"az login\" to setup account"],
        no_server!(
            "identity",
            "the client has no token: az has no login of this user on the application's machine; az login \
             gives one, for a person alone"
        ),
    ),
    (
        &["not logged in, run `azd auth login` to login"],
        no_server!(
            "identity",
            "the client has no token: azd has no login of this user on the application's machine; azd auth \
             login gives one"
        ),
    ),
    (
        &[
            "unknownhostexception: www.example.com",
            "connection refused: www.example.com",
            "www.example.com/<unresolved>",
        ],
        OF_JAVA,
    ),
    (
        &[
            "error setting certificate file",
            "error setting certificate verify locations",
            "could not find a suitable tls ca certificate bundle",
            "load_verify_locations(",
            "trustanchors parameter must be non-empty",
        ],
        no_server!(
            "tls",
            "the client cannot read the file of roots that a variable or an option names, or finds none in \
             it"
        ),
    ),
    (
        &[
            "no such file or directory: '/var/run/secrets/azure/tokens",
            "open /var/run/secrets/azure/tokens",
            "azure-identity-token (no such file",
        ],
        no_server!(
            "identity",
            "the client has no token: the file of workload identity is not in the container, which gets it \
             where its pod has the label azure.workload.identity/use and a service account with the client \
             id"
        ),
    ),
    (
        &[
            "err_proxy_connection_failed",
            "cannot connect to proxy",
            "could not resolve proxy",
            "unable to connect to proxy",
            "connection to proxy closed",
            "proxyconnect tcp",
            "connection timed out: proxy",
            "connection refused: proxy",
        ],
        no_server!(
            "proxy",
            "the client got no connection to its proxy, and of the service nothing is shown"
        ),
    ),
    (
        &["err_tunnel_connection_failed"],
        no_server!("proxy", "the proxy of the client did not open the tunnel to the host"),
    ),
    (
        &[
            "err_name_not_resolved",
            "getaddrinfo",
            "nameresolutionerror",
            "name or service not known",
            "nodename nor servname",
            "temporary failure in name resolution",
            "name does not resolve",
            "no such host",
            "enotfound",
            "eai_again",
            "unknownhostexception",
            "could not resolve host",
            "could not resolve address for ",
            "could not translate host name",
            "unknown mysql server host",
            "cannot resolve host name",
            "dns: overflow unpacking",
            "remote name could not be resolved",
            "der remotename konnte nicht aufgel",
            "le nom distant n'a pas pu \u{ea}tre r\u{e9}solu",
            "impossible de r\u{e9}soudre le nom distant",
            "no se puede resolver el nombre remoto",
            "\u{30ea}\u{30e2}\u{30fc}\u{30c8}\u{540d}\u{3092}\u{89e3}\u{6c7a}",
            "resolving timed out after",
            "80072ee7",
            "name or address could not be resolved",
            "\u{4e0d}\u{77e5}\u{9053}\u{8fd9}\u{6837}\u{7684}\u{4e3b}\u{673a}",
            "failed host lookup",
            "nsurlerrordomain code=-1003",
            "ora-12545",
            "nxdomain",
            "host not found: ",
            "no such host is known",
            "non-existent domain",
            "server can't find ",
            "failed to lookup address information",
            "no resolver defined to resolve ",
            "domain name not found",
            "could not contact dns",
            "timeout while contacting dns",
            "dnsnameresolver",
            "cannot unmarshal dns message",
            "system.net.dns.",
            ":53: i/o timeout",
            ";; communications error to",
            ";; no servers could be reached",
            ";; connection timed out; no servers",
            ";; truncated, retrying in tcp mode",
            "dial tcp: lookup ",
            "errorcode: tryagain",
            "socketexception: resource temporarily unavailable",
            "socketexception : resource temporarily unavailable",
            "could not be resolved (",
            "host not found in upstream",
            "11001",
        ],
        no_server!("dns", "the client found no address for the name"),
    ),
];

/// No name that a resolver outside could know.
pub(super) const NO_HOST: Unexplained = not_sent!(
    "what the client looked up is a word without a domain: `https` of an endpoint with two schemes, the \
     account's name without its suffix, or the name of a container in another network"
);
/// The library asks for a token by a request to a host that has no part in it (fact H181).
const OF_JAVA: Unexplained = no_server!(
    "identity",
    "to obtain a token, azure-identity for Java looks up www.example.com, and this \
     network does not resolve or reach that name",
    ". A check of the account does not show it. \
     Resolve that one name, or give the client a supplier that calls getToken of the credential itself"
);
