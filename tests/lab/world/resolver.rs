//! A resolver of a world: which zones it sees, and what is wrong with it.

use std::net::Ipv4Addr;

use serde::Deserialize;

/// A resolver.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resolver {
    /// How it comes to be asked.
    pub role: Role,
    /// Which zones it sees.
    pub sees: View,
    /// Records of its own: `name type data`; a name here hides what the view says of it.
    pub records: Vec<String>,
    /// Private zones of its own.
    pub private_zones: Vec<String>,
    /// How it behaves.
    pub does: ResolverDoes,
    /// How it behaves when it is asked for AAAA.
    pub aaaa: Option<ResolverDoes>,
    /// An extended DNS error in every answer (RFC 8914).
    pub extended_error: Option<(u16, String)>,
    /// Before each answer over UDP for the account's A record comes one with this address, from the resolver's
    /// own address, as a device on the way makes it.
    pub injected: Option<Ipv4Addr>,
    /// Nothing listens on its TCP port.
    pub tcp_closed: bool,
    /// Addresses in its answer for the target, in place of one.
    pub flood: u8,
    /// Aliases are followed in the public zones, as by a forwarder's upstream (fact D54).
    pub follows_publicly: bool,
    /// Questions for AAAA are answered from the public zones, as by a second server behind its address.
    pub aaaa_publicly: bool,
    /// Whether it knows Resource Manager and the login host.
    #[serde(skip)]
    pub knows_azure: bool,
}

/// How a resolver comes to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// resolv.conf.
    #[default]
    Configured,
    /// `--resolver`.
    Given,
}

/// Which zones a resolver sees: the chains are those of facts D30 to D33 of `docs/facts.md`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// The private zone with the endpoint's record.
    #[default]
    Private,
    /// The public zones; the account has a private endpoint.
    Public,
    /// The public zones; the account has no private endpoint.
    NoEndpoint,
    /// The private zone without the endpoint's record.
    RecordMissing,
    /// The public zones; there is no such account.
    NoAccount,
    /// A private zone named as the public one, without the account.
    ParentShadowed,
    /// The account's name exists and has no address.
    NoData,
    /// Its own records alone.
    Nothing,
}

/// How a resolver behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolverDoes {
    /// It answers.
    #[default]
    Answer,
    /// It hears and says nothing.
    Silent,
    /// Its port is closed.
    Closed,
    /// It knows the names of A questions each third time, as one server of three would.
    Forgets,
    /// REFUSED.
    Refuse,
    /// SERVFAIL.
    Servfail,
    /// NOTIMP.
    Notimp,
    /// NXDOMAIN.
    Denies,
    /// FORMERR to every question with EDNS.
    DeclinesEdns,
    /// Bytes that are no DNS message.
    Garbage,
    /// A name whose compression pointer points at itself.
    CompressionLoop,
    /// TC in every answer over UDP.
    Truncate,
    /// An answer from another address comes first.
    ForgedFirst,
    /// Answers come from another address only.
    ForgedOnly,
}
