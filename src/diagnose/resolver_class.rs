//! Whose resolver it is. The cause of a wrong answer, its owner and the commands follow from that;
//! no rule looks at a resolver's address itself.

mod links;

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;

use crate::commands::System;
use crate::evidence::dns::{Answer, DnsOutcome, Exchange, ResolverEvidence, ResolverRole, Soa};
use crate::evidence::vantage::Platform;
use crate::evidence::{AZURE_DNS, AddressClass, Evidence, classify, tunnel};

/// The primary server of every Azure private DNS zone.
const PRIVATE_ZONE: &str = "azureprivatedns.net";

/// The class of a resolver: one for each kind of advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolverClass {
    /// 168.63.129.16: answers for the virtual network that asks (fact D55a).
    AzureDns,
    /// A private address, asked from a machine in Azure.
    VirtualNetwork,
    /// A private address, or one in this machine's own public prefix, asked from a machine that is
    /// not known to be in Azure.
    OnPremises,
    /// The default gateway itself: a home or office router.
    Router,
    /// On the machine's local network, and not the default gateway: another address of the router,
    /// or a server there.
    LocalNetwork,
    /// A public address.
    Public,
    /// A public address in the settings of an Azure machine or its network.
    PublicOfAzureMachine,
    /// A public address in a container: Docker's fallback (fact X24), or set for it.
    PublicOfContainer,
    /// A public address in a pod of Kubernetes.
    PublicOfPod,
    /// A public address in an app of App Service or Functions.
    PublicOfApp,
    /// A public address in the Windows Subsystem for Linux.
    PublicOfWsl,
    /// The embedded resolver of Docker (127.0.0.11) or Podman (the gateway of its networks).
    ContainerEngine,
    /// systemd-resolved with unknown upstreams, or a stub whose upstreams are of several classes.
    Stub,
    /// Another resolver on this machine: dnsmasq, unbound, an agent.
    LocalServer,
    /// The resolver of a virtual machine's host (VirtualBox, QEMU, libvirt).
    MachineHost,
    /// Azure's resolver, or one in front of it, on a hosted machine (runner, Codespace, Cloud
    /// Shell).
    HostedMachine,
    /// The DNS cache of a Kubernetes node (facts D70, X24).
    NodeCache,
    /// The DNS of a Kubernetes cluster.
    ClusterDns,
    /// WSL's relay to the resolvers of the Windows host (fact X23).
    WslRelay,
    /// The resolver of a zero-trust or VPN client (facts D66, X6).
    ZeroTrust,
    /// The resolver of App Service or Functions.
    AppService,
    /// The resolver of a Container Apps environment.
    ContainerApps,
    /// The resolver of an Amazon VPC (facts D90, D96).
    AmazonVpc,
    /// The resolver of a Google Cloud network (facts D90, D96).
    GoogleCloud,
    /// The resolver of an Oracle virtual cloud network (facts D90, D96).
    OracleCloud,
    /// The resolver of another cloud (fact D90).
    OtherCloud,
    /// Another link-local address: a router or a service of this link.
    LinkLocal,
}

impl ResolverClass {
    /// Every class.
    pub const ALL: [Self; 27] = [
        Self::AzureDns,
        Self::VirtualNetwork,
        Self::OnPremises,
        Self::Router,
        Self::LocalNetwork,
        Self::Public,
        Self::PublicOfAzureMachine,
        Self::PublicOfContainer,
        Self::PublicOfPod,
        Self::PublicOfApp,
        Self::PublicOfWsl,
        Self::ContainerEngine,
        Self::Stub,
        Self::LocalServer,
        Self::MachineHost,
        Self::HostedMachine,
        Self::NodeCache,
        Self::ClusterDns,
        Self::WslRelay,
        Self::ZeroTrust,
        Self::AppService,
        Self::ContainerApps,
        Self::AmazonVpc,
        Self::GoogleCloud,
        Self::OracleCloud,
        Self::OtherCloud,
        Self::LinkLocal,
    ];

    /// Whether it has a public address.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(
            self,
            Self::Public
                | Self::PublicOfAzureMachine
                | Self::PublicOfContainer
                | Self::PublicOfPod
                | Self::PublicOfApp
                | Self::PublicOfWsl
        )
    }

    /// Whether it is outside every network that a private endpoint serves, so that no change at the
    /// private zone helps.
    #[must_use]
    pub const fn is_outside(self) -> bool {
        self.is_public() || matches!(self, Self::Router)
    }
}

/// A resolver with its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The class; for a stub whose upstreams are known and of one class, theirs.
    pub class: ResolverClass,
    /// The resolver as people write it; for a stub its upstreams, with the stub's name.
    pub label: String,
    /// Its operator, where its address is well known.
    pub operator: Option<&'static str>,
}

impl Whose {
    /// What it is, to follow its label and "is", e.g. `a public resolver (Google)`.
    #[must_use]
    pub fn noun(&self) -> String {
        let noun = super::resolver_profile::of(self.class).noun;
        match self.operator {
            Some(operator) => format!("{noun} ({operator})"),
            None => noun.to_owned(),
        }
    }
}

/// Rows by the prefix that an address lies in; the prefixes are read once.
type Prefixes<T> = LazyLock<Vec<(IpNet, T)>>;

fn read<T: Copy>(rows: &[(&str, T)]) -> Vec<(IpNet, T)> {
    rows.iter().filter_map(|(prefix, row)| Some((prefix.parse().ok()?, *row))).collect()
}

/// The operators of the most common public resolvers and VPN clients' resolvers.
static OPERATORS: Prefixes<&'static str> = LazyLock::new(|| {
    read(&[
        ("8.8.8.8/32", "Google"),
        ("8.8.4.4/32", "Google"),
        ("2001:4860:4860::/64", "Google"),
        ("1.1.1.0/30", "Cloudflare"),
        ("1.0.0.0/30", "Cloudflare"),
        ("2606:4700:4700::/64", "Cloudflare"),
        ("9.9.9.8/29", "Quad9"),
        ("149.112.112.0/24", "Quad9"),
        ("2620:fe::/48", "Quad9"),
        ("208.67.222.0/24", "OpenDNS"),
        ("208.67.220.0/24", "OpenDNS"),
        ("2620:119:35::/48", "OpenDNS"),
        ("2620:119:53::/48", "OpenDNS"),
        ("4.2.2.0/29", "Level 3"),
        ("64.6.64.6/32", "Vercara"),
        ("64.6.65.6/32", "Vercara"),
        ("94.140.14.0/23", "AdGuard"),
        ("45.90.28.0/22", "NextDNS"),
        ("76.76.2.0/24", "Control D"),
        ("76.76.10.0/24", "Control D"),
        ("185.228.168.0/23", "CleanBrowsing"),
        ("194.242.2.0/24", "Mullvad"),
        ("77.88.8.0/24", "Yandex"),
        ("223.5.5.5/32", "AliDNS"),
        ("223.6.6.6/32", "AliDNS"),
        ("119.29.29.29/32", "DNSPod"),
        ("114.114.114.114/31", "114DNS"),
        ("100.100.100.100/32", "Tailscale"),
        ("fd7a:115c:a1e0::53/128", "Tailscale"),
        ("127.0.2.2/31", "Cloudflare WARP"),
        ("169.254.169.253/32", "Amazon"),
        ("fd00:ec2::253/128", "Amazon"),
        ("100.100.2.136/32", "Alibaba Cloud"),
        ("100.100.2.138/32", "Alibaba Cloud"),
    ])
});

/// Addresses whose class does not depend on where they are asked, narrower prefixes first.
static KNOWN: Prefixes<ResolverClass> = LazyLock::new(|| {
    read(&[
        ("168.63.129.16/32", ResolverClass::AzureDns),
        ("127.0.0.11/32", ResolverClass::ContainerEngine),
        ("127.0.2.2/31", ResolverClass::ZeroTrust),
        ("169.254.20.10/32", ResolverClass::NodeCache),
        ("169.254.10.10/31", ResolverClass::NodeCache),
        ("169.254.169.253/32", ResolverClass::AmazonVpc),
        ("169.254.169.254/32", ResolverClass::OtherCloud),
        ("fd00:ec2::253/128", ResolverClass::AmazonVpc),
        ("100.100.2.136/32", ResolverClass::OtherCloud),
        ("100.100.2.138/32", ResolverClass::OtherCloud),
        ("10.255.255.254/32", ResolverClass::WslRelay),
        ("fd7a:115c:a1e0::53/128", ResolverClass::ZeroTrust),
        ("6.6.0.0/16", ResolverClass::ZeroTrust),
        ("198.18.0.0/15", ResolverClass::ZeroTrust),
    ])
});

/// Search domains that clouds give their machines (fact D96).
const CLOUD_DOMAINS: &[(&str, ResolverClass)] = &[
    ("ec2.internal", ResolverClass::AmazonVpc),
    ("compute.internal", ResolverClass::AmazonVpc),
    ("google.internal", ResolverClass::GoogleCloud),
    ("oraclevcn.com", ResolverClass::OracleCloud),
];

/// The address at which several clouds answer: the machine's search domains show which.
static METADATA: Prefixes<()> = LazyLock::new(|| read(&[("169.254.169.254/32", ())]));

/// The stub addresses of systemd-resolved.
static SYSTEMD: Prefixes<()> =
    LazyLock::new(|| read(&[("127.0.0.53/32", ()), ("127.0.0.54/32", ())]));

/// Resolvers other than 127.0.0.11 that an engine gives its containers: those of Docker Desktop's
/// own network, slirp4netns and pasta (fact X60).
static ENGINES: Prefixes<()> =
    LazyLock::new(|| read(&[("192.168.65.0/24", ()), ("10.0.2.3/32", ()), ("169.254.1.1/32", ())]));

/// Resolvers of a virtual machine's host, each with the machine's gateway: user mode networks of
/// VirtualBox, QEMU and Lima, and libvirt's default network (fact X60).
const MACHINE_HOSTS: [(&str, &str); 3] =
    [("10.0.2.3", "10.0.2.2"), ("192.168.5.3", "192.168.5.2"), ("192.168.122.1", "192.168.122.1")];

/// Podman's networks, whose gateway serves DNS to their containers.
static PODMAN: Prefixes<()> = LazyLock::new(|| read(&[("10.88.0.0/14", ())]));

fn row<T: Copy>(table: &Prefixes<T>, address: IpAddr) -> Option<T> {
    let address = address.to_canonical();
    table.iter().find(|(net, _)| net.contains(&address)).map(|(_, row)| *row)
}

/// Whose resolver `r` is.
#[must_use]
pub fn of(e: &Evidence, r: &ResolverEvidence) -> Whose {
    let address = r.address.ip();
    let stub = e.vantage.resolver_config.stub.as_ref();
    let upstreams = match stub {
        Some(stub) if stub.address == address && !stub_fails(e, r) => stub.upstreams.as_slice(),
        _ => &[],
    };
    let Some((first, rest)) = upstreams.split_first() else {
        let class = class(e, address);
        // An answer that an internet resolver cannot know shows that something inside answers
        // instead.
        let class = match class.is_outside() && sees_inside(e, r) {
            true => inside(e),
            false => class,
        };
        return Whose { class, label: r.label(), operator: row(&OPERATORS, address) };
    };
    let of_first = class(e, *first);
    let class = match rest.iter().all(|other| class(e, *other) == of_first) {
        true => of_first,
        false => ResolverClass::Stub,
    };
    let list: Vec<String> = upstreams.iter().map(IpAddr::to_string).collect();
    Whose {
        class: if class.is_outside() && sees_inside(e, r) { inside(e) } else { class },
        // Where they differ, the label is the stub's.
        label: match class {
            ResolverClass::Stub => format!("{} (stub of {})", r.label(), list.join(", ")),
            _ => format!("{} (behind the stub {})", list.join(", "), r.label()),
        },
        operator: row(&OPERATORS, *first).filter(|_| rest.is_empty()),
    }
}

/// Whether `r` is a stub that fails by itself: its port is closed, or each upstream that was asked
/// directly answers the question that the stub does not.
#[must_use]
pub fn stub_fails(e: &Evidence, r: &ResolverEvidence) -> bool {
    let is_stub =
        e.vantage.resolver_config.stub.as_ref().is_some_and(|stub| stub.address == r.address.ip());
    let answers = |other: &ResolverEvidence| {
        other.a.value().and_then(Exchange::answer).is_some_and(|answer| answer.rcode.is_answer())
    };
    let Some(asked) = r.a.value().filter(|_| is_stub && !answers(r)) else { return false };
    let upstreams = || e.dns.resolvers.iter().filter(|r| r.role == ResolverRole::StubUpstream);
    asked.outcome == DnsOutcome::PortRefused
        || upstreams().next().is_some() && upstreams().all(answers)
}

/// Whether this machine is in Azure: by its own signs, its platform, or an answer from
/// 168.63.129.16, which answers only inside a virtual network (fact D55).
#[must_use]
pub fn in_azure(e: &Evidence) -> bool {
    let hosted = [Platform::AppService, Platform::Functions, Platform::ContainerApps];
    e.vantage.azure.answer == Some(true)
        || hosted.iter().any(|platform| e.vantage.is_on(*platform))
        || e.dns.resolvers.iter().any(|r| {
            r.address.ip() == AZURE_DNS
                && [&r.a, &r.aaaa].iter().any(|x| x.value().and_then(Exchange::answer).is_some())
        })
}

fn inside(e: &Evidence) -> ResolverClass {
    if in_azure(e) { ResolverClass::VirtualNetwork } else { ResolverClass::OnPremises }
}

/// Whether this machine has a cluster's search list, as a pod does (fact D70).
fn in_pod(e: &Evidence) -> bool {
    e.vantage.is_on(Platform::Kubernetes)
        || e.vantage.resolver_config.search.iter().any(|domain| {
            let domain = domain.trim_end_matches('.').to_ascii_lowercase();
            domain.starts_with("svc.") || domain.contains(".svc.")
        })
}

fn class(e: &Evidence, address: IpAddr) -> ResolverClass {
    use ResolverClass as Class;
    let on = |platform| e.vantage.is_on(platform);
    let app = on(Platform::AppService) || on(Platform::Functions);
    let kind = classify(address);
    let local = matches!(kind, AddressClass::Loopback | AddressClass::Unspecified);
    let link_local = kind == AddressClass::LinkLocal;
    // The platform puts its own resolver in front of the network's.
    let azures = address.to_canonical() == AZURE_DNS;
    if (local || link_local || azures) && app {
        return Class::AppService;
    }
    // Its apps ask the DNS of the underlying cluster, which customers cannot administer.
    let of_cluster = in_pod(e) && kind.is_private();
    if (local || link_local || azures || of_cluster || kind == AddressClass::SharedPrivate)
        && on(Platform::ContainerApps)
    {
        return Class::ContainerApps;
    }
    if (local || azures) && on(Platform::HostedMachine) {
        return Class::HostedMachine;
    }
    if let Some(class) = of_cloud(e, address).or_else(|| row(&KNOWN, address)) {
        return class;
    }
    let gateway = is_default_gateway(e, address) && !kind.is_public();
    if on(Platform::Wsl) && gateway {
        return Class::WslRelay;
    }
    if in_pod(e) && kind.is_private() {
        return Class::ClusterDns;
    }
    // With the host's network, a container's gateway is the host's router.
    if on(Platform::Container) && gateway && row(&PODMAN, address).is_some() {
        return Class::ContainerEngine;
    }
    if on(Platform::Container) && row(&ENGINES, address).is_some() {
        return Class::ContainerEngine;
    }
    if !in_azure(e) && is_machine_host(e, address) {
        return Class::MachineHost;
    }
    match kind {
        _ if row(&SYSTEMD, address).is_some() && System::of(&e.vantage.os) == System::Linux => {
            Class::Stub
        }
        AddressClass::Loopback | AddressClass::Unspecified => Class::LocalServer,
        // In Azure the gateway of a subnet does not serve DNS.
        _ if (gateway || links::shares_the_gateways_interface(e, address)) && !in_azure(e) => {
            Class::Router
        }
        _ if !in_azure(e) && links::in_local_network(e, address) => Class::LocalNetwork,
        AddressClass::SharedPrivate => Class::ZeroTrust,
        AddressClass::Private | AddressClass::UniqueLocal => inside(e),
        AddressClass::LinkLocal => Class::LinkLocal,
        _ if app => Class::PublicOfApp,
        _ if in_pod(e) => Class::PublicOfPod,
        _ if on(Platform::Wsl) => Class::PublicOfWsl,
        _ if on(Platform::Container) => Class::PublicOfContainer,
        _ if in_azure(e) => Class::PublicOfAzureMachine,
        // An organisation with its own public addresses has servers there too.
        _ if row(&OPERATORS, address).is_none() && links::in_own_prefix(e, address) => {
            Class::OnPremises
        }
        _ => Class::Public,
    }
}

/// The cloud whose resolver has this address, by the search domain that the cloud gives its
/// machines: the metadata address, or in an Amazon VPC the second address after the start of a
/// range of 16 or more (fact D90).
fn of_cloud(e: &Evidence, address: IpAddr) -> Option<ResolverClass> {
    let mut search = e.vantage.resolver_config.search.iter();
    let cloud = search.find_map(|domain| {
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        let within = |of: &str| domain == of || domain.ends_with(&format!(".{of}"));
        CLOUD_DOMAINS.iter().find(|(of, _)| within(of)).map(|(_, cloud)| *cloud)
    })?;
    let base_plus_two = match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() && v4.octets()[3] % 16 == 2,
        IpAddr::V6(_) => false,
    };
    let there =
        row(&METADATA, address).is_some() || (cloud == ResolverClass::AmazonVpc && base_plus_two);
    (there && !in_azure(e)).then_some(cloud)
}

fn is_machine_host(e: &Evidence, address: IpAddr) -> bool {
    MACHINE_HOSTS.iter().any(|(resolver, gateway)| {
        let same = |text: &str, ip: IpAddr| text.parse() == Ok(ip.to_canonical());
        same(resolver, address) && gateway.parse().is_ok_and(|ip| is_default_gateway(e, ip))
    })
}

fn is_default_gateway(e: &Evidence, address: IpAddr) -> bool {
    let default = |prefix: &str| matches!(prefix, "0.0.0.0/0" | "::/0");
    e.vantage.default_gateways.contains(&address)
        || e.vantage.sources.iter().filter_map(|source| source.route.as_ref()).any(|route| {
            route.gateway == Some(address) && route.prefix.as_deref().is_some_and(default)
        })
}

/// Whether an SOA belongs to an Azure private DNS zone.
#[must_use]
pub fn is_azure_private(soa: &Soa) -> bool {
    let mname = soa.mname.to_ascii_lowercase();
    mname == PRIVATE_ZONE
        || mname.ends_with(&format!(".{PRIVATE_ZONE}"))
        || soa.rname.to_ascii_lowercase().starts_with("azureprivatedns-host")
}

/// Whether an answer of this resolver shows an Azure private zone or a private address.
fn sees_inside(e: &Evidence, r: &ResolverEvidence) -> bool {
    let private = |answer: &Answer| answer.soa.as_ref().is_some_and(is_azure_private);
    let tried = || e.experiments.questions.iter().filter(|tried| tried.resolver == r.address);
    let of_account = tried().filter(|t| matches!(&*t.id, "privatelink-name" | "sibling-suffix"));
    let of_account = of_account
        .filter_map(|tried| Some(tried.exchange.answer()?.chain(&tried.exchange.name).addresses));
    let own = r.addresses(&e.dns.name);
    of_account.flatten().chain(own).any(|a| tunnel::is_private(e, a))
        || [&r.a, &r.aaaa, &r.zone_soa]
            .into_iter()
            .filter_map(|x| x.value())
            .chain(tried().map(|tried| &tried.exchange))
            .filter_map(Exchange::answer)
            .any(private)
}
