//! A world: what differs from the healthy network, and what the tool must say of it.
//!
//! One strict TOML file a world, named after the operator's mistake.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::azure::world::Azure;
use super::identity::Identity;

/// The account that every world walks to, unless it says otherwise.
pub const TARGET: &str = "myacct.openai.azure.com";
/// Where Azure DNS listens (fact D55).
pub const AZURE_DNS: &str = "168.63.129.16";
/// The resolver of the on-premises network.
pub const RESOLVER: &str = "10.1.0.10";
/// A resolver of the internet, which sees the public zones only.
pub const INTERNET_DNS: &str = "9.9.9.9";
/// The private endpoint's network interface.
pub const ENDPOINT: &str = "10.3.0.5";
/// The public front of the service.
pub const FRONT: &str = "20.62.58.5";
/// The forward proxy.
pub const PROXY: &str = "10.2.0.8";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    pub world: About,
    #[serde(default)]
    pub client: Client,
    #[serde(default)]
    pub azure_dns: AzureDns,
    /// The on-premises resolvers; without any, one unbound that forwards to Azure DNS.
    #[serde(default)]
    pub resolvers: Vec<Resolver>,
    #[serde(default)]
    pub endpoint: Endpoint,
    /// The service's public address, in worlds that lead there.
    pub front: Option<Endpoint>,
    pub proxy: Option<Proxy>,
    /// Who gives tokens, in worlds where the tool has to ask for one.
    pub identity: Option<Identity>,
    /// Azure Resource Manager, which the tool is asked to read: the estate, by default over
    /// `fixtures/estates/kernel-lab.toml`, and what goes wrong.
    pub azure: Option<Azure>,
    #[serde(default)]
    pub router: Router,
    /// Commands run when every server is ready, before the tool is.
    #[serde(default)]
    pub setup: Vec<Setup>,
    pub expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The mistake, in a sentence.
    pub about: String,
}

/// The machine that runs the tool.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    pub target: String,
    /// Lines of /etc/resolv.conf.
    pub resolv_conf: Vec<String>,
    /// Lines added to /etc/hosts.
    pub hosts: Vec<String>,
    /// Environment beside PATH and HOME; `{work}` is the folder of certificates.
    pub env: BTreeMap<String, String>,
    /// Arguments after the target.
    pub args: Vec<String>,
    /// Whether the lab's root is given with `--ca-file`, as if it were a public root.
    pub ca_file: bool,
    pub credential: Credential,
    /// Whether the tool runs in a sandbox without error queue and TCP_INFO.
    pub sandbox: bool,
    /// Whether the tool may open raw sockets: wine needs them for ICMP echo, which Windows lets every
    /// program send.
    pub raw_sockets: bool,
    /// Lines of a program `az`, first on the PATH.
    pub az: Option<Vec<String>>,
    /// The same of a program `azd`.
    pub azd: Option<Vec<String>>,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            target: TARGET.to_owned(),
            resolv_conf: vec![format!("nameserver {RESOLVER}")],
            hosts: Vec::new(),
            env: BTreeMap::new(),
            args: Vec::new(),
            ca_file: true,
            credential: Credential::Key,
            sandbox: false,
            raw_sockets: false,
            az: None,
            azd: None,
        }
    }
}

/// The secret in the client's environment: a canary that must turn up nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The key that the endpoint accepts.
    Key,
    /// A key that the endpoint does not know.
    WrongKey,
    /// A token that the endpoint accepts.
    Token,
    None,
    /// A source that asks for a token, with its variables and files (`identity/client.rs`).
    ClientSecret,
    ClientCertificate,
    WorkloadIdentity,
    AssertionFile,
    GithubActions,
    Google,
    Imds,
    AppService,
    Arc,
    CloudShell,
    MachineLearning,
    ServiceFabric,
    AzureCli,
    AzureDeveloperCli,
}

impl Credential {
    /// Whether an application asks Entra ID itself.
    pub const fn is_of_entra(self) -> bool {
        matches!(
            self,
            Self::ClientSecret
                | Self::ClientCertificate
                | Self::WorkloadIdentity
                | Self::AssertionFile
                | Self::GithubActions
                | Self::Google
        )
    }
}

/// What Azure DNS answers to the virtual network that asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AzureDns {
    /// Whether the private zone is linked to that virtual network.
    pub linked: bool,
    /// Whether a private zone of the name openai.azure.com hides the public one (fact D57).
    pub parent_is_private: bool,
    /// Records of the private zone privatelink.openai.azure.com.
    pub private: Vec<String>,
    /// Records of the public zone openai.azure.com.
    pub public: Vec<String>,
    /// Lines of unbound's `server:` clause.
    pub config: Vec<String>,
}

impl Default for AzureDns {
    fn default() -> Self {
        Self {
            linked: true,
            parent_is_private: false,
            private: vec![format!("myacct 10 IN A {ENDPOINT}")],
            public: vec!["myacct 900 IN CNAME myacct.privatelink".to_owned()],
            config: Vec::new(),
        }
    }
}

/// A resolver of the client's own network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolver {
    pub address: String,
    #[serde(default)]
    pub software: ResolverSoftware,
    /// Where it forwards everything.
    #[serde(default = "azure_dns_address")]
    pub forward: String,
    /// Lines of unbound's `server:` clause, or of dnsmasq.conf.
    #[serde(default)]
    pub config: Vec<String>,
}

fn azure_dns_address() -> String {
    AZURE_DNS.to_owned()
}

impl Resolver {
    /// The healthy one.
    pub fn healthy() -> Self {
        Self {
            address: RESOLVER.to_owned(),
            software: ResolverSoftware::Unbound,
            forward: azure_dns_address(),
            config: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolverSoftware {
    #[default]
    Unbound,
    Dnsmasq,
    /// BIND; a line of `config` that begins with `zone` stands beside its options.
    Bind,
    /// The host is up; nothing listens.
    None,
}

/// A server on port 443.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoint {
    pub software: EndpointSoftware,
    pub certificate: Certificate,
    /// Name of a row of `answers.rs`; the healthy service by default.
    pub answer: Answer,
    /// Lines of nginx's `server` clause in place of the answer's; sections of haproxy.cfg;
    /// arguments of openssl s_server; lines that a scripted server says. `{work}` is the
    /// folder of certificates, `{chain}`, `{key}` and `{both}` the server's own files.
    pub config: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointSoftware {
    #[default]
    Nginx,
    /// nginx without TLS on port 443.
    NginxPlain,
    /// nginx that rejects the handshake of names that it does not serve.
    NginxRefusesName,
    /// haproxy in TCP mode whose backend has no server.
    HaproxyWithoutBackend,
    /// haproxy with the sections of `config`.
    Haproxy,
    /// openssl s_server with the arguments of `config`.
    Openssl,
    /// openssl s_server that speaks TLS 1.1 and no newer version.
    OpensslTls11,
    /// A server that reads the request and never answers.
    OpensslNoAnswer,
    /// A server that speaks first, as sshd does.
    SshGreeting,
    /// PostgreSQL, on its own port.
    Postgresql,
    /// PostgreSQL without TLS.
    PostgresqlPlain,
    /// The host is up; nothing listens.
    None,
}

impl EndpointSoftware {
    /// The port that it listens at.
    pub const fn port(self) -> u16 {
        match self {
            Self::Postgresql | Self::PostgresqlPlain => 5432,
            _ => 443,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certificate {
    #[default]
    Valid,
    WrongName,
    Expired,
    NotYetValid,
    ExpiresSoon,
    SelfSigned,
    /// Signed by itself, and over.
    ExpiredSelfSigned,
    /// The leaf without its intermediate.
    MissingIntermediate,
    /// Issued by the company's inspection proxy.
    Corporate,
    /// The same, and over.
    ExpiredCorporate,
    /// Issued by an inspection product that is known by its name (fact S11).
    Zscaler,
    /// By the names of Azure's own authorities, without the root's copy that others know (X8).
    AzureTopMissing,
    /// By the names of an internal authority of Microsoft's (X9).
    MicrosoftInternal,
    /// By an authority that has the name of one of Azure's, under the company's root.
    NamedAsAzure,
    /// For this account's name alone.
    ExactName,
    /// The name in the subject alone, as certificates were made until 2000 (RFC 2818).
    CommonNameOnly,
    /// A wildcard that stands for two labels, which no client accepts (RFC 6125).
    WildcardTooDeep,
    /// The intermediate has expired.
    ExpiredIntermediate,
    /// The root and foreign certificates come along, in an order of their own.
    ExtraCertificates,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// 200 to the right key or token, 401 to any other.
    #[default]
    Healthy,
    /// H1.
    PublicAccessDisabled,
    /// H2.
    NetworkRules,
    /// H4.
    NotApproved,
    /// H7.
    WrongKey,
    /// H8.
    NoCredential,
    /// H11.
    RoleMissing,
    /// H15.
    KeysDisabled,
    /// H17.
    ResourceNotFound,
    /// H18.
    SubdomainUnmapped,
    /// H20.
    RateLimited,
    /// H24.
    Unavailable,
    /// W12.
    ApplicationGateway,
    /// A redirect to a sign-in page.
    CaptivePortal,
}

/// The forward proxy: squid.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Which resolver it asks.
    #[serde(default = "azure_dns_address")]
    pub resolver: String,
    /// Lines of squid.conf that decide who may do what.
    #[serde(default = "allow_all")]
    pub access: Vec<String>,
}

fn allow_all() -> Vec<String> {
    vec!["http_access allow all".to_owned()]
}

/// The router between all networks.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Router {
    /// Rules of a chain on the forward hook, in nft syntax.
    pub nft: Vec<String>,
    /// One way between the client and its network, in milliseconds.
    pub delay_ms: Option<u32>,
}

/// A command in one namespace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// `router`, `client`, `azure-dns`, `endpoint`, `internet`, `identity`, `management`, `proxy`,
    /// or `resolver-<n>`.
    pub host: String,
    /// `{work}` is the folder of certificates.
    pub run: String,
}

/// What the tool must say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub state: String,
    pub broken_hop: Option<String>,
    pub cause: Option<String>,
    pub exit: i32,
    /// Every finding of the levels risk and broken: one too many fails as one too few does.
    #[serde(default)]
    pub findings: Vec<String>,
    /// Whether the self-cost of the JSON run must agree with the capture.
    #[serde(default)]
    pub cost_agrees: bool,
    /// How sure the cause is: `proved`, `inferred` or `possible`.
    pub confidence: Option<String>,
    /// Notes that must be there.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Words that the human report has.
    #[serde(default)]
    pub stdout_contains: Vec<String>,
    /// UDP datagrams and TCP segments sent at most, repeats apart, by the tool's own count.
    pub packets_at_most: Option<u64>,
    /// What came of asking for a token: `kind` of the outcome in the report.
    pub token: Option<String>,
    /// The longest that a run may take.
    pub within_ms: Option<u64>,
    /// Whether the secret must have reached the endpoint; else it must not have.
    #[serde(default)]
    pub secret_sent: bool,
}

impl World {
    /// Reads one world.
    ///
    /// # Errors
    /// The file cannot be read, or is no world.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
    }
}
