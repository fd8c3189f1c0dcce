//! A world: what differs from the healthy network, and what the tool must say of it.
//!
//! One strict TOML file a world, named after the operator's mistake.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use serde::Deserialize;

use super::azure::world::Azure;

/// The account that every world walks to, unless it says otherwise.
pub const TARGET: &str = "myacct.openai.azure.com";
/// The private endpoint's address.
pub const ENDPOINT: &str = "10.3.0.5";
/// The address of the service's public front.
pub const FRONT: &str = "20.62.58.5";
/// The address of the forward proxy.
pub const PROXY: &str = "10.2.0.8";

/// What differs from the healthy network.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The mistake, in a sentence.
    pub about: String,
    /// What the user types.
    #[serde(default = "target")]
    pub target: String,
    /// Options after it.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Whether the lab's root is given with `--ca-file`, as if it were a public one.
    #[serde(default = "yes")]
    pub ca_file: bool,
    /// Deadline of a hop; short where something stays silent.
    #[serde(default = "timeout")]
    pub timeout_ms: u64,
    /// The machine.
    #[serde(default)]
    pub machine: Machine,
    /// What is in its environment.
    #[serde(default)]
    pub credential: Credential,
    /// The resolvers; without any, one that sees the private zone.
    #[serde(default)]
    pub resolver: Vec<Resolver>,
    /// What `getaddrinfo` gives: addresses, an EAI code, or `stalls`. Without an entry: what the
    /// first resolver that answers gives.
    #[serde(default)]
    pub system: BTreeMap<String, System>,
    /// The private endpoint, at 10.3.0.5.
    #[serde(default)]
    pub private: Server,
    /// The service's public front, at 20.62.58.5.
    #[serde(default)]
    pub public: Server,
    /// Servers elsewhere.
    #[serde(default)]
    pub server: Vec<Server>,
    /// The forward proxy, at 10.2.0.8; its variable is set.
    pub proxy: Option<Proxy>,
    /// Azure: where it is, the tool is asked to read it.
    pub azure: Option<Azure>,
    /// What the tool must say.
    pub expect: Expect,
}

fn target() -> String {
    TARGET.to_owned()
}

const fn yes() -> bool {
    true
}

/// A healthy walk ends long before it.
const fn timeout() -> u64 {
    4000
}

/// The machine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Machine {
    /// Whether it is Azure's.
    pub azure: bool,
    /// The hosts file.
    pub hosts: String,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Whether the corporate root is in its store.
    pub corporate_root: bool,
    /// How far its clock is ahead of everybody else's, in seconds.
    pub clock_ahead_s: i64,
    /// Nothing stands in resolv.conf.
    pub no_resolver: bool,
    /// resolv.conf may not be read.
    pub resolver_config_unreadable: bool,
    /// The system keeps its resolvers where the program does not look, as Windows does.
    pub resolver_config_not_read: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            azure: true,
            hosts: String::new(),
            environment: BTreeMap::new(),
            corporate_root: false,
            clock_ahead_s: 0,
            no_resolver: false,
            resolver_config_unreadable: false,
            resolver_config_not_read: false,
        }
    }
}

/// What is in the environment; each secret is a canary.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Credential {
    /// Which.
    pub kind: CredentialKind,
    /// Claims of the token that differ.
    pub claims: BTreeMap<String, toml::Value>,
    /// `exp`, from now.
    pub expires_in_s: Option<i64>,
    /// `nbf`, from now.
    pub not_before_in_s: Option<i64>,
}

/// Which secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// AZURE_OPENAI_API_KEY.
    #[default]
    Key,
    /// AZURE_OPENAI_AD_TOKEN, a JWT.
    Token,
    /// The key in AZURE_OPENAI_API_KEY with a line end after it.
    KeyWithLineEnd,
    /// A JWT in AZURE_OPENAI_API_KEY.
    TokenAsKey,
    /// An API key in AZURE_OPENAI_AD_TOKEN.
    KeyAsToken,
    /// AZURE_SEARCH_API_KEY.
    SearchKey,
    /// DOCUMENTINTELLIGENCE_API_KEY.
    DocumentKey,
    /// Neither.
    None,
}

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

/// What `getaddrinfo` gives.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum System {
    /// Addresses.
    Addresses(Vec<IpAddr>),
    /// Addresses that come later than the resolvers' own answers.
    Late {
        /// The addresses.
        addresses: Vec<IpAddr>,
        /// How long the lookup takes, in milliseconds.
        after_ms: u64,
    },
    /// An EAI code, or `stalls`.
    Word(String),
}

/// A server on port 443.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Its addresses, where it is none of the two that every world has.
    pub at: Vec<IpAddr>,
    /// Its port.
    pub port: Port,
    /// What it does when the client begins TLS.
    pub tls: Tls,
    /// What it presents.
    pub certificate: Certificate,
    /// What it answers.
    pub answer: Answer,
    /// What it answers to a deployment's call.
    pub deployment: Option<Answer>,
}

/// A TCP port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Port {
    /// It accepts.
    #[default]
    Open,
    /// It refuses.
    Closed,
    /// Its queue is full: nothing comes back.
    Silent,
}

/// What a server does when the client begins TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// The handshake.
    #[default]
    Handshake,
    /// The handshake, and the alert `no_application_protocol` to a client that names HTTP in it.
    OtherProtocol,
    /// Nothing.
    Silent,
    /// A reset after the ClientHello.
    Reset,
    /// A reset after a ClientHello of more than 1,000 bytes; the handshake with a smaller one.
    ResetLarge,
    /// A reset where the first segment of the ClientHello holds the account's name, else the
    /// handshake.
    ResetNameInFirstSegment,
    /// A close after the ClientHello.
    Close,
    /// An answer in plain HTTP.
    PlainHttp,
    /// Bytes that are nothing.
    Garbage,
    /// It speaks first, as sshd does.
    Greeting,
    /// The alert `unrecognized_name`.
    UnrecognizedName,
    /// The alert `protocol_version`.
    ProtocolVersion,
    /// The alert `handshake_failure`.
    HandshakeFailure,
}

impl Tls {
    /// The application protocol that it takes beside none.
    pub const fn alpn(self) -> &'static str {
        match self {
            Self::OtherProtocol => "redis",
            _ => "http/1.1",
        }
    }
}

/// What a server presents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certificate {
    /// A leaf and its intermediate, under the root of `--ca-file`.
    #[default]
    Valid,
    /// Valid for years before and after, for programs that read the real clock.
    LongLived,
    /// Past its end.
    Expired,
    /// Before its start.
    NotYetValid,
    /// Ends in five days.
    ExpiresSoon,
    /// For another name.
    OtherName,
    /// For the privatelink name alone.
    PrivatelinkName,
    /// Signed by itself.
    SelfSigned,
    /// The leaf without its intermediate.
    MissingIntermediate,
    /// Under the company's own root.
    Corporate,
    /// Under the company's root, by a known inspection product (fact S11).
    Zscaler,
    /// By the names of Azure's own authorities, without the root's copy that others know (X8).
    AzureTopMissing,
    /// Under an authority that is internal to Microsoft by its names (X9).
    MicrosoftInternal,
    /// By an authority that has the name of one of Azure's, under the company's root.
    NamedAsAzure,
    /// A chain of a hundred.
    HundredLong,
    /// Names full of terminal escapes beside the right one.
    Escapes,
    /// Names full of terminal escapes, and not the right one.
    EscapesOtherName,
}

/// What a server answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// A row of `answers.rs`.
    Named(Named),
    /// Written out.
    Written(Written),
}

impl Default for Answer {
    fn default() -> Self {
        Self::Named(Named::Account)
    }
}

/// An answer, written out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Status.
    pub status: u16,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Body.
    #[serde(default)]
    pub body: String,
}

/// Answers that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// 200 and the models to who has a credential, else 401 (H8).
    Account,
    /// H1.
    PublicAccessDisabled,
    /// H2.
    NetworkRules,
    /// H3.
    NetworkRulesWithAddress,
    /// H4.
    NotApproved,
    /// H5.
    VirtualNetworkConfigured,
    /// H7.
    WrongKey,
    /// H8.
    Unauthorized,
    /// H10.
    TenantMismatch,
    /// H11.
    RoleMissing,
    /// H12.
    RoleMissingOld,
    /// H14.
    CustomSubdomain,
    /// H15.
    KeysDisabled,
    /// H16.
    DeploymentNotFound,
    /// G2c.
    EmptyMessages,
    /// H17.
    ResourceNotFound,
    /// H18.
    SubdomainUnmapped,
    /// H20.
    RateLimited,
    /// H22.
    Timeout,
    /// H24, 500.
    InternalError,
    /// H24, 503.
    Unavailable,
    /// W7.
    GatewayKeyMissing,
    /// W12.
    ApplicationGateway,
    /// W13.
    FrontDoor,
    /// A redirect to a sign-in page.
    SignIn,
    /// A sign-in page itself, with 200.
    CaptivePortal,
    /// 400 that repeats the request in header and body.
    Echo,
    /// 200 whose body never ends.
    EndlessBody,
    /// 200 whose body comes a byte at a time.
    Drip,
    /// A head of a megabyte.
    HugeHead,
    /// A search service, strict in what it is asked.
    Search,
    /// The blobs of a storage account, as strict.
    Blob,
    /// The shares of a storage account, as strict.
    Share,
    /// Document Intelligence, as strict.
    DocumentIntelligence,
    /// Content Safety, as strict.
    ContentSafety,
    /// Document Translation, as strict.
    Translator,
    /// A vault, as strict.
    Vault,
    /// A configuration store, as strict.
    ConfigurationStore,
    /// A close before the answer.
    Close,
    /// A reset before the answer.
    Reset,
    /// Silence.
    Silent,
    /// No HTTP.
    NotHttp,
    /// 403 with terminal escapes wherever text can be.
    Escapes,
}

/// The forward proxy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxy {
    /// The variable that names it.
    pub variable: String,
    /// Its value.
    pub url: String,
    /// Its port.
    pub port: Port,
    /// What it does.
    pub does: ProxyDoes,
    /// Where CONNECT leads.
    pub leads_to: LeadsTo,
    /// What it answers to CONNECT.
    pub status: u16,
    /// Its reason phrase.
    pub reason: String,
    /// Its header fields.
    pub headers: BTreeMap<String, String>,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            variable: "HTTPS_PROXY".to_owned(),
            url: "http://proxy.corp.example:3128".to_owned(),
            port: Port::Open,
            does: ProxyDoes::Answer,
            leads_to: LeadsTo::Private,
            status: 200,
            reason: "Connection established".to_owned(),
            headers: BTreeMap::new(),
        }
    }
}

/// What a proxy does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyDoes {
    /// It answers.
    #[default]
    Answer,
    /// It hears and says nothing.
    Silent,
    /// It closes.
    Close,
    /// It speaks something else.
    NotHttp,
}

/// Where a proxy leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeadsTo {
    /// To the private endpoint.
    #[default]
    Private,
    /// To the public front.
    Public,
}

/// What the tool must say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `works`, `at_risk`, `broken`, `cannot_tell`.
    pub state: String,
    /// The hop that is broken.
    pub broken_hop: Option<String>,
    /// The finding that is the cause.
    pub cause: Option<String>,
    /// How sure it is: `proved`, `inferred`, `possible`.
    #[allow(dead_code, reason = "not every binary with the lab looks at it")]
    pub confidence: Option<String>,
    /// Every finding of the levels risk and broken, the explained ones too.
    pub findings: Vec<String>,
    /// Findings that must be among the notes.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Whether the secret must have reached a server in a request; else it must not have.
    pub credential_sent: bool,
}

impl World {
    /// Reads one world.
    ///
    /// # Errors
    /// The file cannot be read, or is no world.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Reads one world from its text.
    ///
    /// # Errors
    /// It is no world.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut world: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        if world.resolver.is_empty() && !world.machine.no_resolver {
            world.resolver.push(Resolver::default());
        }
        for resolver in &mut world.resolver {
            resolver.knows_azure = world.azure.is_some();
        }
        let fixed = [(&mut world.private, ENDPOINT), (&mut world.public, FRONT)];
        for (server, address) in fixed {
            if server.at.is_empty() {
                server.at.push(address.parse().map_err(|e| format!("{address}: {e}"))?);
            }
        }
        Ok(world)
    }
}
