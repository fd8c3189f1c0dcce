//! What advice must say differently on each platform: one table, one lookup.
//!
//! A rule asks for a topic and gets the row of the most specific platform that this machine runs
//! in, or none on an ordinary machine, where its own words hold.

use std::net::SocketAddr;

use crate::diagnosis::Step;
use crate::evidence::Evidence;
use crate::evidence::vantage::Platform;

/// What advice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Which nameserver is asked: where that is set so that it lasts.
    ResolverSetting,
    /// Why a nameserver may not answer here.
    ResolverUnanswered,
    /// How this machine's traffic and questions get into the virtual network.
    IntoNetwork,
    /// A line of the hosts file: where it comes from.
    HostsFile,
    /// The clock.
    Clock,
    /// Environment variables, such as those that name a proxy.
    Variables,
    /// What a connection that opens proves.
    ConnectionProof,
    /// Why a connection gets no answer here.
    ConnectionUnanswered,
}

/// What is different on a platform.
#[derive(Debug)]
pub struct Advice {
    /// The platform.
    pub platform: Platform,
    topic: Topic,
    /// Why it is different, in a sentence.
    pub why: &'static str,
    says: &'static str,
    command: Option<&'static str>,
    effect: Effect,
}

#[derive(Debug)]
enum Effect {
    /// It only reads.
    Look,
    /// It changes this machine or container, and how that is undone.
    Local(&'static str),
    /// It changes what others use too, and how that is undone.
    Shared(&'static str, &'static str),
}

use Effect::{Local, Look, Shared};

impl Advice {
    /// The step to take.
    #[must_use]
    pub fn step(&self) -> Step {
        let step = match self.effect {
            Look => Step::look(self.says),
            Local(undo) => Step::local(self.says).undo(undo),
            Shared(affects, undo) => Step::shared(self.says, affects).undo(undo),
        };
        match self.command {
            Some(command) => step.command(command),
            None => step,
        }
    }

    /// The step to take about a connection to `peer`, which the row's texts call `{ip}` and
    /// `{port}`.
    #[must_use]
    pub fn step_towards(&self, peer: SocketAddr) -> Step {
        let (ip, port) = (peer.ip().to_string(), peer.port().to_string());
        let filled = |text: &str| text.replace("{ip}", &ip).replace("{port}", &port);
        let step = self.step();
        Step { says: filled(&step.says), command: step.command.as_deref().map(filled), ..step }
    }
}

/// The subnet whose rules hold for what this machine sends, where Azure shows no network interface
/// of its own for it.
#[must_use]
pub fn subnet(e: &Evidence) -> Option<&'static str> {
    SUBNETS.iter().find(|(platform, _)| e.vantage.is_on(*platform)).map(|(_, subnet)| *subnet)
}

/// Facts X23, X45, X46 and X61.
const SUBNETS: &[(Platform, &str)] = &[
    (Platform::ContainerApps, "the environment's subnet"),
    (Platform::Functions, "the subnet that the app is integrated with"),
    (Platform::AppService, "the subnet that the app is integrated with"),
    (Platform::Kubernetes, "the subnet of the cluster's nodes"),
    (Platform::HostedMachine, "the subnet that the agent or runner was put into"),
];

/// The advice on `topic` for the machine of this walk; none where nothing is different.
#[must_use]
pub fn on(e: &Evidence, topic: Topic) -> Option<&'static Advice> {
    ADVICE.iter().find(|row| row.topic == topic && e.vantage.is_on(row.platform))
}

/// Facts X23, X24, X40 to X46, X61 and X65. Of two rows of a topic the earlier one is the more specific: a
/// Functions app is also an App Service app, and both run in containers.
const ADVICE: &[Advice] = &[
    Advice {
        platform: Platform::ContainerApps,
        topic: Topic::ResolverSetting,
        why: "a container app asks the DNS servers of its environment's virtual network; the file \
              in the container is written anew at each start",
        says: "see which DNS servers the environment's virtual network has: they are shared by every \
               machine in it",
        command: Some("az network vnet show -g <group> -n <vnet> --query dhcpOptions.dnsServers"),
        effect: Look,
    },
    Advice {
        platform: Platform::Functions,
        topic: Topic::ResolverSetting,
        why: "a function app asks the DNS servers of the virtual network that it is integrated \
              with, or those of WEBSITE_DNS_SERVER; the file in the container is written anew",
        says: "see whether the app is integrated with a virtual network, and which DNS servers \
               that has; WEBSITE_DNS_SERVER overrides them",
        command: Some("az functionapp vnet-integration list -g <group> -n <app> -o table"),
        effect: Look,
    },
    Advice {
        platform: Platform::AppService,
        topic: Topic::ResolverSetting,
        why: "a web app asks the DNS servers of the virtual network that it is integrated with, or \
              those of WEBSITE_DNS_SERVER; the file in the container is written anew",
        says: "see whether the app is integrated with a virtual network, and which DNS servers \
               that has; WEBSITE_DNS_SERVER overrides them",
        command: Some("az webapp vnet-integration list -g <group> -n <app> -o table"),
        effect: Look,
    },
    Advice {
        platform: Platform::Kubernetes,
        topic: Topic::ResolverSetting,
        why: "the kubelet writes the file for each pod; what a pod changes in it is lost",
        says: "set it in the pod's `dnsPolicy` and `dnsConfig`, or for the whole cluster in \
               CoreDNS's ConfigMap",
        command: Some("kubectl -n kube-system get configmap coredns coredns-custom -o yaml"),
        effect: Look,
    },
    Advice {
        platform: Platform::Wsl,
        topic: Topic::ResolverSetting,
        why: "WSL writes the file at each start and relays questions to Windows",
        says: "let Windows resolve (`dnsTunneling=true` under [wsl2] in %UserProfile%\\.wslconfig), \
               or set `generateResolvConf=false` under [network] in /etc/wsl.conf and write the \
               file yourself; then `wsl --shutdown`",
        command: None,
        effect: Local("take the settings out again, then `wsl --shutdown`"),
    },
    Advice {
        platform: Platform::Container,
        topic: Topic::ResolverSetting,
        why: "the container runtime writes the file; 127.0.0.11 hands questions on to the host's \
              resolvers, or to 8.8.8.8 where the host has loopback resolvers only",
        says: "give the container its resolver: `--dns <address>`, `dns:` in the compose file, or \
               \"dns\" in /etc/docker/daemon.json of the host",
        command: None,
        effect: Local("start the container as before"),
    },
    Advice {
        platform: Platform::Kubernetes,
        topic: Topic::ResolverUnanswered,
        why: "a NetworkPolicy that allows DNS to the CoreDNS pods alone does not cover a \
              node-local cache: it has an address of the node (169.254.20.10, 169.254.10.10), and \
              policies may be matched after the service address is rewritten",
        says: "see whether a policy allows UDP and TCP 53 to this address and to the pods behind \
               it",
        command: Some("kubectl get networkpolicy -A; kubectl -n kube-system get pods -o wide"),
        effect: Look,
    },
    Advice {
        platform: Platform::Wsl,
        topic: Topic::ResolverUnanswered,
        why: "WSL's relay cuts long answers and may refuse TCP; in NAT mode a VPN client of \
              Windows is not in its way",
        says: "let Windows resolve: `dnsTunneling=true` under [wsl2] in \
               %UserProfile%\\.wslconfig, then `wsl --shutdown`",
        command: None,
        effect: Local("take the setting out again, then `wsl --shutdown`"),
    },
    Advice {
        platform: Platform::Container,
        topic: Topic::ResolverUnanswered,
        why: "127.0.0.11 hands questions on to the host's resolvers, or to 8.8.8.8 where the host \
              has loopback resolvers only: that one may be blocked",
        says: "see which resolvers the host has, and ask them from the host",
        command: Some("docker inspect -f '{{.HostConfig.Dns}}' <container>"),
        effect: Look,
    },
    Advice {
        platform: Platform::ContainerApps,
        topic: Topic::IntoNetwork,
        why: "a container app reaches private endpoints only where its environment is in a virtual \
              network that sees them",
        says: "see which subnet the environment is in; an environment without one must be made \
               anew in a virtual network",
        command: Some(
            "az containerapp env show -g <group> -n <environment> \
             --query properties.vnetConfiguration",
        ),
        effect: Look,
    },
    Advice {
        platform: Platform::Functions,
        topic: Topic::IntoNetwork,
        why: "a function app reaches private endpoints and private zones only through virtual \
              network integration",
        says: "see whether the app is integrated with a virtual network; an address outside RFC \
               1918 also needs all traffic routed there (vnetRouteAllEnabled)",
        command: Some(
            "az functionapp vnet-integration list -g <group> -n <app> -o table; \
             az functionapp config show -g <group> -n <app> --query vnetRouteAllEnabled",
        ),
        effect: Look,
    },
    Advice {
        platform: Platform::AppService,
        topic: Topic::IntoNetwork,
        why: "a web app reaches private endpoints and private zones only through virtual network \
              integration",
        says: "see whether the app is integrated with a virtual network; an address outside RFC \
               1918 also needs all traffic routed there (vnetRouteAllEnabled)",
        command: Some(
            "az webapp vnet-integration list -g <group> -n <app> -o table; \
             az webapp config show -g <group> -n <app> --query vnetRouteAllEnabled",
        ),
        effect: Look,
    },
    Advice {
        platform: Platform::Wsl,
        topic: Topic::IntoNetwork,
        why: "in NAT mode a VPN or zero-trust client of Windows does not carry what WSL sends",
        says: "set `networkingMode=mirrored` under [wsl2] in %UserProfile%\\.wslconfig, then \
               `wsl --shutdown`",
        command: None,
        effect: Local("take the setting out again, then `wsl --shutdown`"),
    },
    Advice {
        platform: Platform::HostedMachine,
        topic: Topic::IntoNetwork,
        why: "a hosted agent or runner is in its provider's network: it reaches a private endpoint \
              only where it was put into a virtual network that sees it, and its public address \
              is another one in each job",
        says: "run the job inside the network: on a self-hosted agent or runner, in a Managed \
               DevOps Pool that is injected into a subnet (Azure Pipelines), or in a runner group \
               with Azure private networking (GitHub)",
        command: None,
        effect: Local("run the job where it ran before"),
    },
    Advice {
        platform: Platform::Kubernetes,
        topic: Topic::HostsFile,
        why: "the kubelet writes the hosts file of a pod",
        says: "see where the line comes from: `hostAliases` of the pod",
        command: Some("kubectl get pod <pod> -o jsonpath='{.spec.hostAliases}'"),
        effect: Look,
    },
    Advice {
        platform: Platform::Wsl,
        topic: Topic::HostsFile,
        why: "WSL writes /etc/hosts from the hosts file of Windows at each start",
        says: "see whether the line is in C:\\Windows\\System32\\drivers\\etc\\hosts: there it lasts",
        command: Some("grep -n . /mnt/c/Windows/System32/drivers/etc/hosts"),
        effect: Look,
    },
    Advice {
        platform: Platform::Container,
        topic: Topic::HostsFile,
        why: "the container runtime writes the hosts file",
        says: "see where the line comes from: `--add-host`, or `extra_hosts:` of the compose file",
        command: Some("docker inspect -f '{{.HostConfig.ExtraHosts}}' <container>"),
        effect: Look,
    },
    Advice {
        platform: Platform::Wsl,
        topic: Topic::Clock,
        why: "the clock of WSL stops while Windows sleeps",
        says: "set it from the hardware clock",
        command: Some("sudo hwclock -s"),
        effect: Local("none: running programs see the time jump"),
    },
    Advice {
        platform: Platform::ContainerApps,
        topic: Topic::Clock,
        why: "a container has its host's clock: the platform keeps it, and nothing in the container \
              can set it",
        says: "restart the revision; where the clock stays wrong, open a support request",
        command: Some("az containerapp revision restart -g <group> -n <app> --revision <revision>"),
        effect: Shared("everyone who uses the app, while it restarts", "none is needed"),
    },
    Advice {
        platform: Platform::Functions,
        topic: Topic::Clock,
        why: "a container has its host's clock: the platform keeps it, and nothing in the app can \
              set it",
        says: "restart the app; where the clock stays wrong, open a support request",
        command: Some("az functionapp restart -g <group> -n <app>"),
        effect: Shared("everyone who uses the app, while it restarts", "none is needed"),
    },
    Advice {
        platform: Platform::AppService,
        topic: Topic::Clock,
        why: "a container has its host's clock: the platform keeps it, and nothing in the app can \
              set it",
        says: "restart the app; where the clock stays wrong, open a support request",
        command: Some("az webapp restart -g <group> -n <app>"),
        effect: Shared("everyone who uses the app, while it restarts", "none is needed"),
    },
    Advice {
        platform: Platform::Kubernetes,
        topic: Topic::Clock,
        why: "a pod has the clock of its node: it is set there",
        says: "see the clock of the node",
        command: Some("kubectl debug node/<node> -it --image=<image> -- date -u"),
        effect: Look,
    },
    Advice {
        platform: Platform::Container,
        topic: Topic::Clock,
        why: "a container has the clock of its host: it is set there",
        says: "on the host, see whether the clock is kept in time",
        command: Some("timedatectl status"),
        effect: Look,
    },
    Advice {
        platform: Platform::Arc,
        topic: Topic::Clock,
        why: "Azure does not keep the clock of an Arc machine: it needs a time server of its own \
              network, and a closed one without any drifts",
        says: "see which time servers it has and whether they answer; where there is none, name one \
               in its time service and let UDP 123 to it through",
        command: Some("chronyc sources -v; timedatectl timesync-status"),
        effect: Look,
    },
    Advice {
        platform: Platform::ContainerApps,
        topic: Topic::Variables,
        why: "variables of a container app are part of its revision",
        says: "see the variables' names where they are set",
        command: Some(
            "az containerapp show -g <group> -n <app> \
             --query 'properties.template.containers[].env[].name'",
        ),
        effect: Look,
    },
    Advice {
        platform: Platform::Functions,
        topic: Topic::Variables,
        why: "variables of a function app are its application settings",
        says: "see the settings' names where they are set",
        command: Some(
            "az functionapp config appsettings list -g <group> -n <app> --query '[].name'",
        ),
        effect: Look,
    },
    Advice {
        platform: Platform::AppService,
        topic: Topic::Variables,
        why: "variables of a web app are its application settings",
        says: "see the settings' names where they are set",
        command: Some("az webapp config appsettings list -g <group> -n <app> --query '[].name'"),
        effect: Look,
    },
    Advice {
        platform: Platform::Kubernetes,
        topic: Topic::Variables,
        why: "variables of a pod come from its specification",
        says: "see the variables' names where they are set",
        command: Some("kubectl get pod <pod> -o jsonpath='{.spec.containers[*].env[*].name}'"),
        effect: Look,
    },
    Advice {
        platform: Platform::ServiceMesh,
        topic: Topic::ConnectionProof,
        why: "a sidecar of the service mesh accepts this machine's connections itself: a connection \
              that opens does not show that the address is reached",
        says: "see what the mesh does with the host: a ServiceEntry or egress rule must name it, or \
               its address must be left out (`traffic.sidecar.istio.io/excludeOutboundIPRanges`, \
               `config.linkerd.io/skip-outbound-ports`)",
        command: Some("kubectl get serviceentry,sidecar,virtualservice -A"),
        effect: Look,
    },
    Advice {
        platform: Platform::ZeroTrust,
        topic: Topic::ConnectionProof,
        why: "a zero-trust client on this machine accepts connections to its tunnel addresses \
              itself: a connection that opens does not show that the service is reached",
        says: "see in the client's own log what it did with the host, and which policy applies",
        command: None,
        effect: Look,
    },
    Advice {
        platform: Platform::ContainerApps,
        topic: Topic::ConnectionUnanswered,
        why: "the environment of the container app is in no virtual network that leads there, or \
              its subnet's NSG or route table stops the connection",
        says: "see which subnet the environment is in: what the app sends follows its NSG and route \
               table; an environment without one reaches no private endpoint",
        command: Some(
            "az containerapp env show -g <group> -n <environment> \
             --query properties.vnetConfiguration",
        ),
        effect: Look,
    },
    Advice {
        platform: Platform::Functions,
        topic: Topic::ConnectionUnanswered,
        why: "the function app has no virtual network integration, or the subnet that it is \
              integrated with does not lead there",
        says: "see whether the app is integrated with a virtual network, and with which subnet; an \
               address outside RFC 1918 also needs all traffic routed there (vnetRouteAllEnabled)",
        command: Some(
            "az functionapp vnet-integration list -g <group> -n <app> -o table; \
             az functionapp config show -g <group> -n <app> --query vnetRouteAllEnabled",
        ),
        effect: Look,
    },
    Advice {
        platform: Platform::AppService,
        topic: Topic::ConnectionUnanswered,
        why: "the web app has no virtual network integration, or the subnet that it is integrated \
              with does not lead there",
        says: "see whether the app is integrated with a virtual network, and with which subnet; an \
               address outside RFC 1918 also needs all traffic routed there (vnetRouteAllEnabled)",
        command: Some(
            "az webapp vnet-integration list -g <group> -n <app> -o table; \
             az webapp config show -g <group> -n <app> --query vnetRouteAllEnabled",
        ),
        effect: Look,
    },
    Advice {
        platform: Platform::Kubernetes,
        topic: Topic::ConnectionUnanswered,
        why: "a NetworkPolicy of the cluster drops what its egress rules do not name, without a \
              word",
        says: "see whether an egress policy selects this pod and whether it allows {ip}/32, TCP \
               {port}: standard policies name addresses, not host names (with Cilium also \
               ciliumnetworkpolicy, with Calico globalnetworkpolicy)",
        command: Some("kubectl get networkpolicy -A -o yaml"),
        effect: Look,
    },
    Advice {
        platform: Platform::Wsl,
        topic: Topic::ConnectionUnanswered,
        why: "in NAT mode a VPN or zero-trust client of Windows does not carry what WSL sends",
        says: "see whether Windows itself reaches it: if it does, WSL's NAT is in the way; if not, \
               the VPN of Windows or the network behind it is",
        command: Some("powershell.exe -Command \"Test-NetConnection {ip} -Port {port}\""),
        effect: Look,
    },
    Advice {
        platform: Platform::HostedMachine,
        topic: Topic::ConnectionUnanswered,
        why: "a hosted agent or runner is in its provider's network, which leads to no private \
              endpoint",
        says: "see where the job runs: a private endpoint is reached from a self-hosted agent or \
               runner, a Managed DevOps Pool in a subnet (Azure Pipelines) or a runner group with \
               Azure private networking (GitHub)",
        command: None,
        effect: Look,
    },
    Advice {
        platform: Platform::Container,
        topic: Topic::ConnectionUnanswered,
        why: "a network of the container runtime on the host covers the address, or the host's \
              firewall does not forward the connection",
        says: "on the host, see whether a container network's prefix covers {ip}, and whether the \
               host itself connects",
        command: Some(
            "docker network ls -q | xargs docker network inspect -f \
             '{{.Name}} {{range .IPAM.Config}}{{.Subnet}} {{end}}'",
        ),
        effect: Look,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Effect as Affects;

    #[test]
    fn each_row_is_the_only_one_of_its_platform_and_topic() {
        for (index, row) in ADVICE.iter().enumerate() {
            let twice = ADVICE[..index]
                .iter()
                .any(|other| (other.platform, other.topic) == (row.platform, row.topic));
            assert!(!twice, "{:?} {:?}", row.platform, row.topic);
        }
    }

    #[test]
    fn what_others_share_has_an_undo_and_commands_are_the_platform_s_own() {
        for row in ADVICE {
            let step = row.step();
            if let Affects::Shared { affects } = &step.effect {
                assert!(!affects.is_empty() && step.undo.is_some(), "{row:?}");
            }
            let command = row.command.unwrap_or_default();
            match row.platform {
                Platform::ContainerApps => assert!(!command.contains("az webapp"), "{row:?}"),
                Platform::Kubernetes => assert!(!command.contains("systemctl"), "{row:?}"),
                _ => {}
            }
            assert!(!command.contains("appsettings list") || command.contains("--query"));
        }
    }
}
