//! What the tools print around names and addresses (fact D224). Windows prints the labels of nslookup in its
//! own language.

use crate::evidence::dns::Rcode;

/// Labels before a colon, in lower case, of the server that was asked.
pub(super) const SERVER: &[&str] = &[
    "server",
    "serveur",
    "servidor",
    "serwer",
    "\u{30b5}\u{30fc}\u{30d0}\u{30fc}",
    "\u{670d}\u{52a1}\u{5668}",
    "\u{4f3a}\u{670d}\u{5668}",
    "\u{c11c}\u{bc84}",
];
/// Of the name that has the addresses.
pub(super) const NAME: &[&str] = &[
    "name",
    "nom",
    "nombre",
    "nome",
    "nazwa",
    "\u{540d}\u{524d}",
    "\u{540d}\u{79f0}",
    "\u{540d}\u{7a31}",
    "\u{c774}\u{b984}",
];
/// Of addresses; old BusyBox numbers them.
pub(super) const ADDRESS: &[&str] =
    &["address", "addresses", "ip4address", "ip6address", "ipaddress"];
/// Of the names that lead to it.
pub(super) const ALIASES: &[&str] = &["alias", "aliases"];
/// Of the name that an alias leads to, and of a zone's server, in Resolve-DnsName.
pub(super) const NAME_HOST: &str = "namehost";
pub(super) const PRIMARY_SERVER: &str = "primaryserver";

/// The programs that look a name up.
pub(super) const PROGRAMS: &[&str] = &[
    "nslookup",
    "nslookup.exe",
    "nameresolver",
    "nameresolver.exe",
    "dig",
    "resolve-dnsname",
    "getent",
];
/// The one that takes the kind of records without an option.
pub(super) const DIG: &str = "dig";
/// Options before the kind of records; it may be the next word.
pub(super) const KIND: &[&str] = &["-type=", "-querytype=", "-query=", "-q=", "-type", "-t"];
/// The same in nslookup's own prompt.
pub(super) const SET_KIND: &[&str] =
    &["set type=", "set querytype=", "set query=", "set q=", "set ty="];
/// Kinds of records that hold no IPv4 address.
pub(super) const OTHER_KINDS: &[&str] = &[
    "AAAA", "CNAME", "TXT", "SOA", "NS", "MX", "SRV", "PTR", "CAA", "HTTPS", "SVCB", "DS", "DNSKEY",
];
/// One whose name is also a word: it begins its line, behind a prompt.
pub(super) const HOST: &str = "host";

/// How a lookup fails, in lower case, with the code. None of them is of another tool.
pub(super) const FAILURES: &[(&str, Rcode)] = &[
    (": nxdomain", Rcode::NxDomain),
    (": non-existent domain", Rcode::NxDomain),
    (": dns name does not exist", Rcode::NxDomain),
    ("not found: 3(nxdomain)", Rcode::NxDomain),
    (": servfail", Rcode::ServFail),
    (": server failed", Rcode::ServFail),
    ("not found: 2(servfail)", Rcode::ServFail),
    (": refused", Rcode::Refused),
    (": query refused", Rcode::Refused),
    ("not found: 5(refused)", Rcode::Refused),
    (": no answer", Rcode::NoError),
];
/// What begins such a line, in lower case.
pub(super) const OF_FAILURE: &[&str] = &["** ", "*** ", "host ", "resolve-dnsname", "nslookup: "];
/// What begins it where the aliases of the answer are not shown, in lower case: nslookup of Windows, and
/// Resolve-DnsName.
pub(super) const WITHOUT_ALIASES: &[&str] = &["*** ", "resolve-dnsname"];
/// What is printed where no server answers, in lower case.
pub(super) const SILENT: &[&str] = &[
    "no response from server",
    "no servers could be reached",
    "dns request timed out",
    "communications error to",
    "timed-out",
];
/// What is printed of a connection that the server closed, in lower case.
pub(super) const CLOSED: &str = ": end of file";

/// What clients print before a host, and what is around the address behind it, in lower case.
pub(super) const CONNECTED: &[(&str, char, char)] = &[
    ("connected to ", '(', ')'),
    ("connection to ", '(', ')'),
    ("connect to ", '(', ')'),
    ("ping ", '(', ')'),
    ("pinging ", '[', ']'),
    ("traceroute to ", '(', ')'),
    ("tracing route to ", '[', ']'),
];
/// The labels of Test-NetConnection for a host and the address that was tried.
pub(super) const COMPUTER: &str = "computername";
pub(super) const REMOTE: &str = "remoteaddress";
