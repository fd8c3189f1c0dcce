//! What clients of other protocols than HTTP print: databases, AMQP, shares, echo requests and traces; and what
//! shows no hop at all.

use super::connected::HANDSHAKE_SILENT;
use super::{CallEnd, NO_HOP, Row, Unexplained};

/// What a database server itself refuses.
pub(super) const DATABASES: &[Row] = &[
    (
        // Facts H191, H210.
        &[
            "deny public network access is set to yes",
            "the public network interface on this server is not accessible",
        ],
        ended!(
            "dns",
            "the SQL server refuses: its public access is off, and the call reached its public side, so that the name \
         led to a public address there",
            ". A check from the application's machine shows where it leads: \
         aoai-probe <server>"
        ),
    ),
    (
        // Fact H191.
        &[
            "is not allowed to access the server",
            "is not allowed to connect to this mysql server",
            "no pg_hba.conf entry for host",
        ],
        ended!(
            "Azure platform",
            "the database server refuses the address that it sees: its network rules do not have it",
            ". Where the application should use a private endpoint, the name led to a public address \
         there (dns): aoai-probe <server>, from the application's machine"
        ),
    ),
    (
        // Fact H211.
        &[
            "error 40532",
            "error number:40532",
            "error: 40532",
            "(40532)",
            "error 40971",
            "error: 40971",
            "error number:40971",
            "(40971)",
        ],
        ended!(
            "application",
            "Azure SQL answered, and has no server of the name that the client gave it",
            ": it takes what is before \
         the first dot of the host for the name of the server. A name of one's own must begin with the server's \
         name, an address has none, and a login of the form user@server overrides it. The path as far as \
         Azure SQL works"
        ),
    ),
    (
        // Fact T241.
        &[" (redirected from "],
        ended!(
            "tcp",
            "Azure SQL answered at port 1433 and sent the client on to another host and port, where it got no \
             connection",
            unanswered: true,
            "no server answered: ",
            ": the connection policy Redirect does that, as its default does inside Azure. The network lets ports 11000 \
             to 11999 through, to a private endpoint 1433 to 65535 (Network), or the server gets the policy Proxy. See \
             it first: az sql server conn-policy show -g <group> -s <server>"
        ),
    ),
    (
        // Fact H230.
        &["unauthorized network access to workspace"],
        ended!(
            "dns or proxy",
            "the workspace of Databricks refuses the network that the call came from: where it has a private endpoint, \
             the name led elsewhere or a proxy carried the call",
            ". A check from the application's machine shows which: aoai-probe <host>"
        ),
    ),
];

/// What is looked for where nothing else fits.
pub(super) const LAST: &[Row] = &[
    (
        // Fact T55.
        &[
            "unable to open authentication session on connection",
            "please confirm target hostname exists",
            "proton.engine.transportexception",
            "servicecommunicationproblem",
        ],
        ended!(
            "dns or tcp",
            "the client of Event Hubs or Service Bus got no AMQP connection",
            unanswered: true,
            "no server answered: ",
            ": the name had no address there, or its port is closed on the way. AMQP uses port 5671; where a network \
         lets only 443 through, the client has to use AMQP over WebSockets (application). A check tests the name \
         and port 443: aoai-probe <namespace>"
        ),
    ),
    (
        // Fact T242.
        &[
            "broker may not be available",
            "brokers are down",
            "timed out waiting for a node assignment",
            "not present in metadata after",
        ],
        ended!(
            "dns or tcp",
            "the client of Kafka got no connection to Event Hubs",
            unanswered: true,
            "no server answered: ",
            ": the name had no address there, or port 9093 is closed on the way. A check tests the name and port 443: \
             aoai-probe <namespace>"
        ),
    ),
    (
        // Fact T243.
        &[
            "unabletoconnect on ",
            "it was not possible to connect to the redis server",
            "unable to connect to redis",
            "redisconnectionexception: unable to connect to ",
            "redis.exceptions.timeouterror: timeout connecting to server",
        ],
        ended!(
            "dns, tcp or tls",
            "the client of Redis got no connection",
            unanswered: true,
            "no server answered: ",
            ": its text does not show at which hop. With a private endpoint, port 6380 (10000 in Azure Managed Redis) \
             is the one that must be open. A check walks the name, that port and its TLS: aoai-probe <host>"
        ),
    ),
    (
        // Fact T244.
        &[
            "login timeout expired",
            "error: 40 - could not open a connection",
            "can't connect to mysql server on",
            "can't connect to server on",
            "serverselectiontimeouterror",
            "mongoserverselectionerror",
            "while waiting for a server that matches",
        ],
        ended!(
            "dns, tcp or tls",
            "the client of a database got no connection",
            unanswered: true,
            "no server answered: ",
            ": its text does not show at which hop. A check walks the name and the port of that database: \
             aoai-probe <host>"
        ),
    ),
    (
        // Fact S110: where nothing else is shown, the frame that waited shows the hop.
        &["establishsslconnectionasync", "forceauthenticationasync", "receivehandshakeframeasync"],
        HANDSHAKE_SILENT,
    ),
    (
        // Fact S110.
        &["connecttotcphostasync", "waitforconnectwithcancellation"],
        no_server!(
            "dns or tcp",
            "the client waited for the address of the name or for its connection until its time was over"
        ),
    ),
    (
        // Fact T215.
        &[
            "mount error(110)",
            "mount error(111)",
            "mount error(112)",
            "mount error(113)",
            "mount error(115)",
            "system error 53 has occurred",
            "system error 67 has occurred",
            "systemfehler 53 aufgetreten",
            "systemfehler 67 aufgetreten",
        ],
        ended!(
            "dns or tcp",
            "the client of Azure Files got no SMB connection",
            unanswered: true,
            "no server answered: ",
            ": the name had no address there, or port 445 is closed on the way, as many networks and providers \
         close it. A check tests the name and port 443: aoai-probe <account>.file.core.windows.net"
        ),
    ),
    (
        // Fact T216.
        &[
            "destination host unreachable",
            "destination net unreachable",
            "destination port unreachable",
            "packet filtered",
            "communication prohibited by filter",
            "ms !x",
            "ms !h",
            "ms !n",
        ],
        ended!(
            "tcp",
            "a router on the way, or the machine itself, reports that it does not carry packets to that address",
            ". \
         The address from which the report comes is in its line: one of the machine itself means that it has no \
         route, or no neighbour with that address. A check walks the path by TCP: aoai-probe <host>"
        ),
    ),
    (
        &[
            "packets transmitted, 0 received",
            "bytes of data: request timed out",
            "over a maximum of 30 hops",
            " hops max, ",
            "loss% snt",
        ],
        Unexplained::without_end(
            "echo requests and traces show nothing of the call: a private endpoint answers no echo request, the public \
         side of a service need not, and no router inside Azure shows itself, so that a trace that ends in \
         asterisks is what a healthy path shows too. A check walks the path by TCP: aoai-probe <host>",
        ),
    ),
    (
        &[
            "apiconnectionerror",
            "connection error",
            "apitimeouterror",
            "80072ee2",
            "request timed out",
            "httpclient.timeout",
            "client.timeout",
            "context deadline exceeded",
            "cannot connect to host",
            "no connection to the remote host",
            "error sending request for url",
            "unable to connect. is the computer able to access the url",
            "did not observe any item or terminal signal within",
            "it exceeded the configured timeout of",
        ],
        NO_HOP,
    ),
];
