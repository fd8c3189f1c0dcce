//! What clients print where no server answered (facts H114, H154, S57): the hop at which the call ended,
//! and no cause.

use std::net::SocketAddrV4;

use crate::diagnosis::{CallEnd, Unexplained};
use crate::services;

/// A row: words in lower case, and what they show.
type Row = (&'static [&'static str], Unexplained);

/// No server answered: the hop, and what is shown of it.
macro_rules! no_server {
    ($place:literal, $shown:literal) => {
        no_server!(
            $place,
            $shown,
            ". A check from the application's machine walks that path: aoai-probe <host>"
        )
    };
    ($place:literal, $shown:literal, $after:literal) => {
        ended!($place, $shown, unanswered: true, "no server answered: ", $after)
    };
}

/// A value that no client can send.
macro_rules! not_sent {
    ($shown:literal) => {
        ended!(
            "application",
            $shown,
            unanswered: false,
            "nothing was sent: ",
            ". A check on the application's machine that takes the same variables names the fault: aoai-probe"
        )
    };
}

mod connected;
mod direct;
mod protocols;
mod rows;

pub(super) use connected::NO_HOP;
use connected::{
    CLOSED, HANDSHAKE_CUT, NO_TOKEN, OF_NAME, OTHER_PORT, OWN_PORT, ROWS, SERVICE_PORT, TCP,
};
pub(super) use direct::why as of_direct_mode;
use protocols::{DATABASES, LAST};
use rows::{BEFORE, NO_HOST};

/// A chain of credentials none of which has a login: which of them was meant, the text does not show.
const CHAIN: Unexplained = ended!(
    "identity",
    "the client has no token: none of the sources of its chain gave one",
    ". On a \
                     developer's machine, sign in first: az login, or azd auth login. If this is an Azure \
                     machine or a container of Azure, see in the text what its identity endpoint answered; \
                     where it gave no answer: aoai-probe explain identity-metadata-unreachable"
);
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

/// At which hop a call ended without an answer.
pub fn why(text: &str) -> Option<Unexplained> {
    let text = text.to_ascii_lowercase();
    if !is_chain_of_developers(&text) {
        return row(&text).or_else(|| of_resource(&text));
    }
    // What else failed in it than the platform's endpoint is the cause that it shows.
    let others = without_platform(&text);
    row(&others).filter(|why| *why != NO_TOKEN).or(Some(CHAIN))
}

/// What az prints of a resource that no call can pass, in lower case without blanks and quotation marks: all
/// of the words, and what they show (facts T1, T2).
const OF_RESOURCES: &[Row] = &[
    (
        &["privatelinkserviceconnectionstate", "status:pending"],
        ended!(
            "Azure platform",
            "a connection of a private endpoint waits for approval, and until then no call passes that endpoint",
            ". Who approves it sees first who requests it"
        ),
    ),
    (
        &["privatelinkserviceconnectionstate", "status:rejected"],
        ended!(
            "Azure platform",
            "a connection of a private endpoint is rejected, and no call passes that endpoint",
            ". Its \
         owner deletes it and makes a new one, which is approved"
        ),
    ),
    (
        &["privatelinkserviceconnectionstate", "status:disconnected"],
        ended!(
            "Azure platform",
            "a connection of a private endpoint is disconnected: the connection was deleted at the resource, and the \
         endpoint that is left passes no call",
            ". Its owner makes a new one"
        ),
    ),
    (
        &["publicnetworkaccess:disabled", "privateendpointconnections:[]"],
        ended!(
            "Azure platform",
            "the resource allows no public access and has no private endpoint connection, so that no network reaches \
         it",
            ""
        ),
    ),
];

/// What a text shows of a resource itself.
fn of_resource(text: &str) -> Option<Unexplained> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
    let shows = |(words, _): &&Row| words.iter().all(|words| plain.contains(words));
    OF_RESOURCES.iter().find(shows).map(|(_, why)| *why)
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
fn row(text: &str) -> Option<Unexplained> {
    // A number is one of its own, and no part of an id or a time.
    let alone = |(at, word): (usize, &str)| {
        let joins = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        !text[..at].ends_with(joins) && !text[at + word.len()..].starts_with(joins)
    };
    let says = |words: &&str| match words.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.match_indices(*words).any(alone),
        false => text.contains(words),
    };
    if let Some(why) = direct::why(text) {
        return Some(why);
    }
    // The first row that fits counts: a message names its first cause last.
    let mut all = DATABASES.iter().chain(BEFORE).chain(ROWS).chain(LAST);
    let (_, why) = all.find(|(words, _)| words.iter().any(&says))?;
    Some(match *why {
        why if why == TCP && is_of_own_port(text) => OWN_PORT,
        why if why == TCP && is_of_another_port(text) => match is_of_service_port(text) {
            true => SERVICE_PORT,
            false => OTHER_PORT,
        },
        why if is_of_dns(&why) && looks_up_a_word(text) => NO_HOST,
        // A reset while the client still connects is in the handshake: a SYN is refused otherwise.
        why if why == CLOSED && SETS_UP.iter().any(|s| text.contains(s)) => HANDSHAKE_CUT,
        why => why,
    })
}

/// What shows, in lower case, that a client was still setting up its connection (fact H182).
const SETS_UP: &[&str] = &[
    "connecterror: [errno 104]",
    "connecterror: [winerror 10054]",
    "curl: (35)",
    "cannot connect to host",
    "client error (connect)",
    "error trying to connect",
    "ssl connection could not be established",
    "starthandshake",
];

/// What comes before the name that a client looked up, in lower case.
const BEFORE_NAME: &[&str] = &[
    "enotfound ",
    "eai_again ",
    "failed to resolve '",
    "unknownhostexception: ",
    "could not resolve host: ",
    "dial tcp: lookup ",
    "cannot connect to host ",
];

/// Whether all names that were looked up in a text in lower case have no domain.
fn looks_up_a_word(text: &str) -> bool {
    let behind = |before: &&'static str| {
        let length = before.len();
        text.match_indices(*before).map(move |(at, _)| &text[at + length..])
    };
    let name = |rest: &str| {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)));
        rest[..end.unwrap_or(rest.len())].to_owned()
    };
    let names: Vec<String> = BEFORE_NAME.iter().flat_map(behind).map(name).collect();
    let is_word = |name: &String| !name.is_empty() && !name.trim_end_matches('.').contains('.');
    !names.is_empty() && names.iter().all(is_word) && !names.iter().any(|name| name == "localhost")
}

/// At which hop a call ended without an answer, as a part of another sentence.
pub(super) fn hop(text: &str) -> Option<String> {
    let end = why(text)?.end.filter(|end| end.unanswered);
    Some(match end {
        Some(CallEnd { place, shown, .. }) => format!("{shown} ({place})"),
        None => "no more is shown than that it got no answer".to_owned(),
    })
}

/// Whether a text shows the hop at which a call ended without an answer.
pub(super) fn shows_hop(text: &str) -> bool {
    why(text).is_some_and(|why| why.end.is_some_and(|end| end.unanswered))
}

/// Whether a call ended at the name.
pub(super) fn is_of_dns(why: &Unexplained) -> bool {
    why.end.is_some_and(|end| end.place == "dns")
}

/// Whether a text in lower case is of a certificate for another name.
pub(super) fn is_of_name(lower: &str) -> bool {
    OF_NAME.iter().any(|words| lower.contains(words))
}

/// Whether all addresses in a text have a port, and none has that of the service.
fn is_of_another_port(text: &str) -> bool {
    let all = sockets(text);
    !all.is_empty() && all.iter().all(|socket| socket.port() != 443)
}

/// Whether one of them has a port of a service's own protocol, which no proxy has.
fn is_of_service_port(text: &str) -> bool {
    sockets(text).iter().any(|socket| services::has_port(socket.port()))
}

/// Whether all of them are of the machine itself.
fn is_of_own_port(text: &str) -> bool {
    let all = sockets(text);
    !all.is_empty() && all.iter().all(|socket| socket.ip().is_loopback())
}

/// The addresses with a port in a text.
fn sockets(text: &str) -> Vec<SocketAddrV4> {
    text.split(|c: char| !(c.is_ascii_digit() || ".:".contains(c)))
        .filter_map(|word| word.trim_end_matches([':', '.']).parse().ok())
        .collect()
}
