//! What clients of other protocols than HTTP print: databases, AMQP, shares, echo requests and traces; and what
//! shows no hop at all.

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
];

/// What is looked for where nothing else fits.
pub(super) const LAST: &[Row] = &[
    (
        // Fact T55.
        &[
            "unable to open authentication session on connection",
            "please confirm target hostname exists",
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
        ],
        NO_HOP,
    ),
];
