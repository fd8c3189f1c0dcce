//! Clients of Cosmos DB in their direct mode, which connects to other hosts and ports than the call before it
//! (fact T240). They give a connection that they did not get a status of HTTP: no server sent it.

use super::{CallEnd, Unexplained};

/// What such a client prints of its own connection, in lower case.
const OF_MODE: &[&str] = &[
    "rntbd://",
    "goneexception{",
    "azure.documents.transportexception",
    "to establish connections to ",
];
/// What shows that it got none, in lower case.
const NOT_CONNECTED: &[&str] = &[
    "connection refused",
    "connecttimeout",
    "connectexception",
    "connection timed out",
    "connection attempt timed out",
    "connection attempt failed",
    "unable to establish connections to ",
    "no route to host",
    "unreachable",
];

const NOT_REACHED: Unexplained = ended!(
    "tcp",
    "the client of Cosmos DB got no connection in its direct mode",
    unanswered: true,
    "no server answered: ",
    ", whose status in the text is the client's own. That mode uses hosts and ports that Cosmos DB names: 10000 to \
     20000, and with a private endpoint any port. The network lets them through to the addresses of that account \
     (Network), or the client uses gateway mode, which has port 443 alone (application). A check tests that port: \
     aoai-probe <account>.documents.azure.com"
);

/// What a text in lower case shows of a connection in direct mode that was not there.
pub(in crate::diagnose::pasted) fn why(text: &str) -> Option<Unexplained> {
    let shows = |words: &[&str]| words.iter().any(|words| text.contains(words));
    (shows(OF_MODE) && shows(NOT_CONNECTED)).then_some(NOT_REACHED)
}
