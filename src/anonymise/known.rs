//! What stays as it is: data of Azure and of the internet, never of a customer.

/// Addresses that rules and readers know by their value: of Azure, of other clouds, of container
/// engines and hypervisors, and of public resolvers.
pub(super) const ADDRESSES: &[&str] = &[
    "168.63.129.16/32",
    "10.255.255.254/32",
    "10.0.2.2/31",
    "10.0.2.15/32",
    "192.168.5.2/31",
    "192.168.122.1/32",
    "192.168.65.0/24",
    "192.168.127.0/24",
    "172.17.0.1/32",
    "100.100.100.100/32",
    "100.100.2.136/32",
    "100.100.2.138/32",
    "240.240.0.0/16",
    "192.0.2.1/32",
    "192.0.0.170/31",
    "8.8.8.8/32",
    "8.8.4.4/32",
    "1.1.1.0/30",
    "1.0.0.0/30",
    "9.9.9.8/29",
    "149.112.112.0/24",
    "208.67.222.0/24",
    "208.67.220.0/24",
    "4.2.2.0/29",
    "64.6.64.6/32",
    "64.6.65.6/32",
    "94.140.14.0/23",
    "45.90.28.0/22",
    "76.76.2.0/24",
    "76.76.10.0/24",
    "185.228.168.0/23",
    "194.242.2.0/24",
    "77.88.8.0/24",
    "223.5.5.5/32",
    "223.6.6.6/32",
    "119.29.29.29/32",
    "114.114.114.114/31",
    "2001:4860:4860::/64",
    "2606:4700:4700::/64",
    "2620:fe::/48",
    "2620:119:35::/48",
    "2620:119:53::/48",
    "fd7a:115c:a1e0::53/128",
    "fd00:ec2::253/128",
    "fd00:ec2::254/128",
    "2001:db8::1/128",
];

/// Networks that rules know, larger than one address: what is in one stays in it, and nothing else
/// comes into it.
pub(super) const NETWORKS: &[&str] = &["10.88.0.0/14", "172.17.0.0/16"];

/// Ranges in which an address stays although they are no class of their own: what is routed, local
/// networks that an administrator chose, and the addresses that interfaces give themselves.
pub(super) const RANGES: &[&str] = &["2000::/3", "fd00::/8", "fe80::/64"];

/// Ids that Microsoft gives to all: of its tenants, applications and roles.
pub(super) const GUIDS: &[&str] = &[
    "00000000-0000-0000-0000-000000000000",
    // The tenants of Microsoft accounts and of Microsoft's services.
    "9188040d-6c67-4c5b-b112-36a304b66dad",
    "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    // Cognitive Services, Key Vault, Resource Manager, the command line.
    "7d312290-28c8-473c-a0ed-8e53749b6d6d",
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
];

/// Domains under which Microsoft, other clouds and registries have names of their own: the domain
/// stays, and what comes before it is replaced, except for [`LABELS`]. The suffixes of services
/// are in their profiles.
pub(super) const DOMAINS: &[&str] = &[
    "aka.ms",
    "akadns.net",
    "akamaiedge.net",
    "amazonaws.com",
    "azmk8s.io",
    "azure-api.net",
    "azure-dns.com",
    "azure-dns.info",
    "azure-dns.net",
    "azure-dns.org",
    "azure.cn",
    "azure.com",
    "azure.net",
    "azure.us",
    "azurecontainerapps.io",
    "azurecr.io",
    "azureedge.net",
    "azurefd.net",
    "azureprivatedns.net",
    "azurewebsites.net",
    "blockpolicy.azuredns.invalid",
    "chinacloudapi.cn",
    "cloudapp.azure.com",
    "cloudapp.net",
    "cloudapp.usgovcloudapi.net",
    "cloudflare.com",
    "cluster.local",
    "compute.internal",
    "digicert.com",
    "ec2.internal",
    "example.com",
    "github.com",
    "githubusercontent.com",
    "google.com",
    "google.internal",
    "googleapis.com",
    "gserviceaccount.com",
    "gtld-servers.net",
    "in-addr.arpa",
    "internal.cloudapp.net",
    "ip6.arpa",
    "ipv4only.arpa",
    "kubernetes.io",
    "lencr.org",
    "letsencrypt.org",
    "microsoft.com",
    "microsoft.us",
    "microsoftonline.cn",
    "microsoftonline.com",
    "microsoftonline.us",
    "msedge.net",
    "msidentity.com",
    "onmicrosoft.com",
    "oraclevcn.com",
    "reddog.microsoft.com",
    "root-servers.net",
    "t-msedge.net",
    "trafficmanager.net",
    "usgovcloudapi.net",
    "verisign-grs.com",
    "visualstudio.com",
    "windows.com",
    "windows.net",
];

/// Labels that say what a name is for, not whose it is.
pub(super) const LABELS: &[&str] = &[
    "accounts",
    "actions",
    "ags",
    "ai",
    "api",
    "applicationproxy",
    "arpa",
    "azureprivatedns-host",
    "azuredns-hostmaster",
    "azureadtokenexchange",
    "azureadtokenexchangechina",
    "azureadtokenexchangeusgov",
    "blob",
    "cloudapp",
    "cluster",
    "cog",
    "cognitive",
    "cognitiveservices",
    "core",
    "data",
    "dns",
    "domains",
    "file",
    "gateway",
    "global",
    "google",
    "graph",
    "hostmaster",
    "internal",
    "invalid",
    "local",
    "localhost",
    "login",
    "management",
    "metadata",
    "msnhst",
    "nstld",
    "oic",
    "openai",
    "partner",
    "prd",
    "private",
    "privatelink",
    "prod",
    "prod-aks",
    "scm",
    "services",
    "sts",
    "svc",
    "tm",
    "token",
    "vault",
    "vaultcore",
    "vnet",
    "www",
];

/// Last labels of names that exist nowhere outside their network: they stay.
pub(super) const INNER: &[&str] = &[
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intra",
    "intranet",
    "invalid",
    "lab",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "svc",
    "test",
];

/// Last labels that everybody uses: they stay, and `.example` follows, so that no replaced name
/// is one of the internet.
pub(super) const GENERIC: &[&str] = &[
    "ai", "app", "biz", "cloud", "com", "dev", "edu", "gov", "info", "int", "io", "mil", "net",
    "org",
];

/// Endings of files, where the last label of a text with dots may be one.
pub(super) const FILES: &[&str] = &[
    "aspx", "bin", "cer", "cfg", "conf", "crl", "crt", "csv", "d", "der", "dll", "env", "exe",
    "gz", "html", "htm", "ini", "js", "json", "jwt", "key", "log", "md", "p12", "pem", "pfx",
    "php", "py", "rs", "sh", "so", "sock", "sys", "toml", "txt", "xml", "yaml", "yml",
];

/// Segments of a path after which a name of the customer's comes, and what it is called instead.
pub(super) const BEFORE_NAMES: &[(&str, &str)] = &[
    ("accounts", "account"),
    ("deployments", "deployment"),
    ("home", "user"),
    ("namespaces", "name"),
    ("projects", "project"),
    ("resourcegroups", "group"),
    ("serviceaccounts", "name"),
    ("sites", "name"),
    ("userassignedidentities", "identity"),
    ("users", "user"),
    ("vaults", "account"),
    ("workspaces", "name"),
];

/// Beginnings of the names that systems and programs give to interfaces.
pub(super) const INTERFACES: &[&str] = &[
    "awdl",
    "bond",
    "br",
    "bridge",
    "cali",
    "cilium",
    "cloudflarewarp",
    "cni",
    "docker",
    "dummy",
    "en",
    "eno",
    "enp",
    "ens",
    "eth",
    "flannel",
    "gif",
    "gpd",
    "ib",
    "ipsec",
    "labnet",
    "llw",
    "lo",
    "lxcbr",
    "lxdbr",
    "macvlan",
    "nat64",
    "podman",
    "ppp",
    "tailscale",
    "tap",
    "team",
    "tun",
    "twingate",
    "utun",
    "veth",
    "virbr",
    "vlan",
    "vpn",
    "wg",
    "wl",
    "wlan",
    "wlp",
    "wt",
    "wwan",
    "zcctun",
];

/// Words of this program's pages that are names in examples: they identify as any other name.
pub(super) const EXAMPLES: &[&str] =
    &["acme", "alice", "contoso", "fabrikam", "jump", "myacct", "myapp", "myvault"];

/// Keys of a distinguished name that have two letters.
pub(super) const KEYS: &[&str] = &["CN", "DC", "OU", "ST"];

/// Words in the names of public certificate authorities and of products that inspect TLS, in lower
/// case, with the words that both use for what a certificate is for.
pub(super) const AUTHORITIES: &str = "
actalis amazon apple avast azure baltimore barracuda blue burp buypass certigna certum charles
check cisco cloudflare coat comodo cybertrust digicert encrypt entrust eset fiddlerroot forcepoint
fortigate fortinet geotrust globalsign godaddy google goskope gts harica iboss identrust isrg
kaspersky let letsencrypt mcafee menlo microsoft mitmproxy msft netskope networks palo alto
portswigger proxysg quovadis rapidssl s sectigo skyhigh sophos squid ssl starfield swisssign
symantec telia thawte trustwave umbrella usertrust verisign websense zerossl zscaler
ame aoc assurance authority basic ca certificate certification client cloud cn corporation dh do
domain dv ecc ecdsa encryption ev extended filter for gateway gbl global high hybrid inc infra
intermediate internet issuing it llc limited ltd mixed not ocsp of organization ov point primary
proxy public ra root rsa secure security server service services sha signing subordinate suite
teams tls trust validated validation web xtls
";

/// What a number follows in the names of a series of authorities: `Root G2`, `R3`, `WR1`.
pub(super) const SERIES: &[&str] = &["e", "g", "r", "we", "wr", "x", "ye", "yr"];

/// Words of one or two letters with digits that number no one and no machine.
pub(super) const NUMBERED: &[&str] = &[
    "ca1", "ca2", "el7", "el8", "el9", "g1", "g2", "g3", "h2", "h3", "ip4", "ip6", "k8s", "md5",
    "p256", "p384", "s3", "v1", "v2", "v3", "v4", "v5", "v6", "x509", "x64", "x86",
];

/// What follows the number of a duration or of a size.
pub(super) const UNITS: &[&str] = &[
    "B", "GB", "KB", "MB", "d", "h", "kB", "kb", "m", "mb", "ms", "nd", "ns", "rd", "s", "st",
    "th", "us", "x",
];

/// What the name after a segment of a path, in lower case, is the name of.
pub(super) fn kind_after(segment: &str) -> Option<&'static str> {
    BEFORE_NAMES.iter().find(|(before, _)| *before == segment).map(|(_, kind)| *kind)
}
