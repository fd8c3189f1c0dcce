//! What this machine runs in or under, read from plain values: a table of signs.
//!
//! Variables, files, the kernel's name, resolvers, interfaces and listening ports are enough; no
//! packet is sent. What a sign means for the path is not decided here.

use std::net::IpAddr;

use crate::evidence::vantage::{Platform, PlatformSign};
use crate::platform::NetworkInterface;

use super::Environment;

/// What the signs are looked for in.
pub struct Surroundings<'a> {
    /// Environment variables.
    pub environment: &'a Environment,
    /// Whether a file or folder exists; never where paths of Unix mean nothing.
    pub exists: &'a dyn Fn(&str) -> bool,
    /// The program of Azure Arc's agent, where it is installed.
    pub arc_agent: Option<&'a str>,
    /// `/proc/sys/kernel/osrelease`, empty where there is none.
    pub kernel: &'a str,
    /// The configured nameservers.
    pub nameservers: &'a [String],
    /// TCP ports that something on this machine listens on; in a pod those of its sidecars too.
    pub listening: &'a [u16],
    /// Interfaces that are up, with their addresses.
    pub interfaces: &'a [(NetworkInterface, Vec<IpAddr>)],
}

/// One sign.
enum Sign {
    /// A variable that is set.
    Variable(&'static str),
    /// A variable that has this value.
    VariableIs(&'static str, &'static str),
    /// A variable whose value starts with this.
    VariableBegins(&'static str, &'static str),
    /// A variable whose name starts with this.
    VariablePrefix(&'static str),
    /// Azure Arc's agent is installed.
    ArcAgent,
    /// A file or folder.
    File(&'static str),
    /// A word in the kernel's release.
    Kernel(&'static str),
    /// A configured nameserver.
    Nameserver(&'static str),
    /// A port that something listens on.
    Listening(u16, &'static str),
    /// An interface of this name; with a trailing `*`, of a name that begins so. Where the system
    /// says of what kind it is, it must be a tunnel.
    Interface(&'static str, &'static str),
    /// A tunnel interface with an address inside 100.64.0.0/10, 198.18.0.0/15 or 6.6.0.0/16.
    SyntheticTunnel,
}

use Sign::{
    ArcAgent, File, Interface, Kernel, Listening, Nameserver, SyntheticTunnel, Variable,
    VariableBegins, VariableIs, VariablePrefix,
};

/// The signs (facts X6, X23, X24, X40 to X43, X61, X65, X66), the most specific first; one for each platform
/// is kept.
const SIGNS: &[(Platform, Sign)] = &[
    (Platform::Functions, Variable("FUNCTIONS_EXTENSION_VERSION")),
    (Platform::Functions, Variable("FUNCTIONS_WORKER_RUNTIME")),
    (Platform::AppService, Variable("WEBSITE_SITE_NAME")),
    (Platform::AppService, Variable("WEBSITE_INSTANCE_ID")),
    (Platform::ContainerApps, Variable("CONTAINER_APP_NAME")),
    (Platform::ContainerApps, Variable("CONTAINER_APP_REVISION")),
    (Platform::Kubernetes, Variable("KUBERNETES_SERVICE_HOST")),
    (Platform::Kubernetes, File("/var/run/secrets/kubernetes.io/serviceaccount")),
    (Platform::ServiceMesh, VariablePrefix("ISTIO_META_")),
    (Platform::ServiceMesh, VariablePrefix("ISTIO_")),
    (Platform::ServiceMesh, VariablePrefix("LINKERD")),
    (Platform::ServiceMesh, VariablePrefix("ECS_SERVICE_CONNECT_")),
    (Platform::ServiceMesh, Variable("KUMA_DATAPLANE_NAME")),
    (Platform::ServiceMesh, File("/etc/istio/proxy")),
    (Platform::ServiceMesh, File("/var/run/secrets/workload-spiffe-uds")),
    (Platform::ServiceMesh, File("/var/run/linkerd")),
    (Platform::ServiceMesh, Listening(15001, "Envoy's port for outbound connections")),
    (Platform::ServiceMesh, Listening(4140, "Linkerd's port for outbound connections")),
    (Platform::Wsl, Variable("WSL_DISTRO_NAME")),
    (Platform::Wsl, Variable("WSL_INTEROP")),
    (Platform::Wsl, Kernel("microsoft")),
    (Platform::Wsl, Nameserver("10.255.255.254")),
    (Platform::Container, File("/.dockerenv")),
    (Platform::Container, File("/run/.containerenv")),
    (Platform::Container, Nameserver("127.0.0.11")),
    (Platform::ZeroTrust, SyntheticTunnel),
    (Platform::ZeroTrust, Interface("CloudflareWARP", "Cloudflare WARP")),
    (Platform::ZeroTrust, Interface("zcctun*", "Zscaler Client Connector")),
    (Platform::ZeroTrust, Interface("tailscale*", "Tailscale")),
    (Platform::ZeroTrust, Interface("sdwan0", "Twingate")),
    (Platform::ZeroTrust, Nameserver("100.100.100.100")),
    (Platform::Databricks, Variable("DATABRICKS_RUNTIME_VERSION")),
    (Platform::Arc, ArcAgent),
    (Platform::HostedMachine, VariableIs("RUNNER_ENVIRONMENT", "github-hosted")),
    (Platform::HostedMachine, VariableIs("AGENT_ISSELFHOSTED", "0")),
    (Platform::HostedMachine, VariableBegins("AGENT_NAME", "Azure Pipelines")),
    (Platform::HostedMachine, VariableBegins("AGENT_NAME", "Hosted Agent")),
    (Platform::HostedMachine, VariableIs("CODESPACES", "true")),
    (Platform::HostedMachine, Variable("ACC_CLOUD")),
];

/// Variables that Azure Functions' local tools set too: on a developer's machine they are no
/// sign of the platform.
const LOCAL_TOOLS: (&str, &str) = ("AZURE_FUNCTIONS_ENVIRONMENT", "Development");

/// An agent of Azure Pipelines shows with this that it is self-hosted, whatever it is called.
const SELF_HOSTED: (&str, &str) = ("AGENT_ISSELFHOSTED", "1");

/// The platforms that this machine runs in or under, each with its first sign.
#[must_use]
pub fn platforms(seen: &Surroundings<'_>) -> Vec<PlatformSign> {
    let mut found: Vec<PlatformSign> = Vec::new();
    for (platform, sign) in SIGNS {
        if found.iter().any(|known| known.platform == *platform) {
            continue;
        }
        let message = |(name, value): (&str, &str)| seen.environment.get(name) == Some(value);
        let local = match platform {
            Platform::Functions => message(LOCAL_TOOLS),
            Platform::HostedMachine => {
                matches!(sign, VariableBegins("AGENT_NAME", _)) && message(SELF_HOSTED)
            }
            _ => false,
        };
        if let Some(sign) = sign.shown(seen).filter(|_| !local) {
            found.push(PlatformSign { platform: *platform, sign });
        }
    }
    found
}

impl Sign {
    /// The sign in words, where it is there.
    fn shown(&self, seen: &Surroundings<'_>) -> Option<String> {
        match self {
            Variable(name) => seen.environment.get(name).map(|_| format!("{name} is set")),
            VariableIs(name, value) => {
                (seen.environment.get(name) == Some(value)).then(|| format!("{name} is {value}"))
            }
            VariableBegins(name, start) => seen
                .environment
                .get(name)
                .filter(|value| value.starts_with(start))
                .map(|_| format!("{name} begins with {start}")),
            VariablePrefix(start) => seen
                .environment
                .names()
                .find(|name| name.starts_with(start))
                .map(|name| format!("{} is set", crate::evidence::text::clean(name, 64))),
            ArcAgent => seen.arc_agent.map(|path| format!("{path} exists")),
            File(path) => (seen.exists)(path).then(|| format!("{path} exists")),
            Kernel(word) => seen.kernel.to_ascii_lowercase().contains(word).then(|| {
                format!("the kernel is {}", crate::evidence::text::clean(seen.kernel, 64))
            }),
            Nameserver(address) => seen
                .nameservers
                .iter()
                .any(|n| n == address)
                .then(|| format!("{address} is a configured resolver")),
            Listening(port, whose) => {
                seen.listening.contains(port).then(|| format!("port {port} listens here: {whose}"))
            }
            Interface(name, whose) => seen
                .interfaces
                .iter()
                .filter(|(interface, _)| interface.kind.is_none() || interface.is_tunnel())
                .find(|(interface, _)| match name.strip_suffix('*') {
                    Some(start) => interface.name.starts_with(start),
                    None => interface.name == *name,
                })
                .map(|(interface, _)| format!("interface {} of {whose}", interface.name)),
            SyntheticTunnel => seen.interfaces.iter().find_map(|(interface, addresses)| {
                let address = addresses.iter().find(|a| crate::evidence::is_synthetic_pool(**a))?;
                interface
                    .is_tunnel()
                    .then(|| format!("tunnel interface {} has {address}", interface.name))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Machine<'a> {
        variables: &'a [(&'a str, &'a str)],
        files: &'a [&'a str],
        arc_agent: Option<&'a str>,
        kernel: &'a str,
        nameservers: &'a [&'a str],
        listening: &'a [u16],
        interfaces: &'a [(&'a str, Option<&'a str>, &'a str)],
    }

    const BARE: Machine<'static> = Machine {
        variables: &[],
        files: &[],
        arc_agent: None,
        kernel: "6.8.0-1017-azure",
        nameservers: &["10.1.0.10"],
        listening: &[22, 443],
        interfaces: &[("eth0", None, "10.1.0.20")],
    };

    fn seen(machine: &Machine<'_>) -> Vec<PlatformSign> {
        let pairs = machine.variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let nameservers: Vec<String> =
            machine.nameservers.iter().map(|n| (*n).to_owned()).collect();
        let interfaces: Vec<(NetworkInterface, Vec<IpAddr>)> = machine
            .interfaces
            .iter()
            .map(|(name, kind, address)| {
                let kind = kind.map(str::to_owned);
                let interface = NetworkInterface { name: (*name).to_owned(), kind };
                (interface, vec![address.parse().unwrap()])
            })
            .collect();
        platforms(&Surroundings {
            environment: &Environment::from_pairs(pairs),
            exists: &|path| machine.files.contains(&path),
            arc_agent: machine.arc_agent,
            kernel: machine.kernel,
            nameservers: &nameservers,
            listening: machine.listening,
            interfaces: &interfaces,
        })
    }

    fn kinds(machine: &Machine<'_>) -> Vec<Platform> {
        seen(machine).into_iter().map(|sign| sign.platform).collect()
    }

    #[test]
    fn a_virtual_machine_is_no_platform() {
        assert_eq!(kinds(&BARE), []);
    }

    #[test]
    fn each_platform_has_its_sign() {
        use Platform as P;
        let variable = |name| kinds(&Machine { variables: &[(name, "x")], ..BARE });
        assert_eq!(variable("WEBSITE_SITE_NAME"), [P::AppService]);
        assert_eq!(variable("FUNCTIONS_WORKER_RUNTIME"), [P::Functions]);
        assert_eq!(variable("CONTAINER_APP_REVISION"), [P::ContainerApps]);
        assert_eq!(variable("KUBERNETES_SERVICE_HOST"), [P::Kubernetes]);
        assert_eq!(variable("ISTIO_META_CLUSTER_ID"), [P::ServiceMesh]);
        assert_eq!(variable("WSL_DISTRO_NAME"), [P::Wsl]);
        assert_eq!(variable("DATABRICKS_RUNTIME_VERSION"), [P::Databricks]);
        let runner = |of| kinds(&Machine { variables: &[("RUNNER_ENVIRONMENT", of)], ..BARE });
        assert_eq!(runner("github-hosted"), [P::HostedMachine]);
        assert_eq!(runner("self-hosted"), []);
        let agent = |pairs| kinds(&Machine { variables: pairs, ..BARE });
        assert_eq!(agent(&[("AGENT_ISSELFHOSTED", "0")]), [P::HostedMachine]);
        assert_eq!(agent(&[("AGENT_NAME", "Azure Pipelines 2")]), [P::HostedMachine]);
        assert_eq!(agent(&[("AGENT_NAME", "Hosted Agent")]), [P::HostedMachine]);
        assert_eq!(agent(&[("TF_BUILD", "True"), ("AGENT_NAME", "build-01")]), []);
        let own = [("AGENT_NAME", "Azure Pipelines 2"), ("AGENT_ISSELFHOSTED", "1")];
        assert_eq!(agent(&own), []);
        assert_eq!(kinds(&Machine { files: &["/.dockerenv"], ..BARE }), [P::Container]);
        let agent = Some("/opt/azcmagent/bin/himds");
        assert_eq!(kinds(&Machine { arc_agent: agent, ..BARE }), [P::Arc]);
        assert_eq!(kinds(&Machine { nameservers: &["127.0.0.11"], ..BARE }), [P::Container]);
        assert_eq!(kinds(&Machine { kernel: "4.4.0-19041-Microsoft", ..BARE }), [P::Wsl]);
        assert_eq!(kinds(&Machine { listening: &[15001, 15006], ..BARE }), [P::ServiceMesh]);
    }

    #[test]
    fn a_machine_can_have_several_and_each_keeps_its_first_sign() {
        let both = seen(&Machine {
            variables: &[("WEBSITE_SITE_NAME", "x"), ("FUNCTIONS_EXTENSION_VERSION", "~4")],
            files: &["/.dockerenv"],
            nameservers: &["127.0.0.11"],
            ..BARE
        });
        let both: Vec<_> = both.iter().map(|s| (s.platform, s.sign.as_str())).collect();
        assert_eq!(
            both,
            [
                (Platform::Functions, "FUNCTIONS_EXTENSION_VERSION is set"),
                (Platform::AppService, "WEBSITE_SITE_NAME is set"),
                (Platform::Container, "/.dockerenv exists"),
            ]
        );
    }

    #[test]
    fn an_empty_variable_and_the_local_tools_of_functions_are_no_sign() {
        assert_eq!(kinds(&Machine { variables: &[("WEBSITE_SITE_NAME", "")], ..BARE }), []);
        let local = &[
            ("FUNCTIONS_WORKER_RUNTIME", "python"),
            ("AZURE_FUNCTIONS_ENVIRONMENT", "Development"),
        ];
        assert_eq!(kinds(&Machine { variables: local, ..BARE }), []);
    }

    #[test]
    fn a_tunnel_in_a_synthetic_range_is_a_zero_trust_client_and_others_are_not() {
        let with = |interfaces| kinds(&Machine { interfaces, ..BARE });
        assert_eq!(with(&[("tun0", Some("tun"), "100.64.0.1")]), [Platform::ZeroTrust]);
        assert_eq!(with(&[("utun4", None, "100.64.0.1")]), [Platform::ZeroTrust]);
        assert_eq!(with(&[("CloudflareWARP", Some("tun"), "172.16.0.2")]), [Platform::ZeroTrust]);
        assert_eq!(with(&[("tailscale0", Some("tun"), "10.9.0.2")]), [Platform::ZeroTrust]);
        // The name alone makes no client.
        assert_eq!(with(&[("tailscale-br", Some("bridge"), "10.9.0.1")]), []);
        assert_eq!(with(&[("tun0", Some("tun"), "10.8.0.2")]), []);
        // A carrier's shared range (RFC 6598) on an ordinary interface.
        assert_eq!(with(&[("eth0", None, "100.64.0.9")]), []);
    }
}
