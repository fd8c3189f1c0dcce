//! The rows: facts X23, X24, X40 to X46, X61, X65 and X66.

use super::{Row, Topic, row};
use crate::diagnose::resolver_class::ResolverClass::{ContainerEngine, WslRelay};
use crate::evidence::vantage::Platform::{
    AppService, Arc, Container, ContainerApps, Databricks, Functions, HostedMachine, Kubernetes,
    ServiceMesh, Wsl, ZeroTrust,
};

/// Of two rows of a topic the earlier one is the more specific: an app of Container Apps, App
/// Service or Functions also runs in a container.
pub(super) const ADVICE: &[Row] = &[
    row(
        &[ContainerApps],
        Topic::ResolverSetting,
        "a container app uses the DNS servers of its environment's virtual network; the platform \
         rewrites the file in the container at each start",
        "see which DNS servers the environment's virtual network has; every machine in it shares \
         them",
    )
    .command("az network vnet show -g <group> -n <vnet> --query dhcpOptions.dnsServers"),
    row(
        &[Functions, AppService],
        Topic::ResolverSetting,
        "the app uses the DNS servers of the virtual network that it is integrated with, or those \
         of WEBSITE_DNS_SERVER; the platform rewrites the file in the container at each start",
        "see whether the app is integrated with a virtual network, and which DNS servers that \
         network has; WEBSITE_DNS_SERVER overrides them",
    )
    .command("az {app} vnet-integration list -g <group> -n <app> -o table"),
    row(
        &[Kubernetes],
        Topic::ResolverSetting,
        "the kubelet writes the file for each pod; changes made inside a pod are lost",
        "set the resolver in the pod's `dnsPolicy` and `dnsConfig`, or for the whole cluster in \
         CoreDNS's ConfigMap",
    )
    .command("kubectl -n kube-system get configmap coredns coredns-custom -o yaml"),
    row(
        &[Wsl],
        Topic::ResolverSetting,
        "WSL writes the file at each start and relays DNS queries to Windows",
        WSL_RESOLVER,
    )
    .only_for(&[WslRelay])
    .local("remove the settings again, then run `wsl --shutdown`"),
    row(&[Wsl], Topic::ResolverSetting, "WSL writes the file at each start", WSL_RESOLVER)
        .local("remove the settings again, then run `wsl --shutdown`"),
    row(
        &[Container],
        Topic::ResolverSetting,
        "the container runtime writes the file; its resolver (127.0.0.11 in Docker) forwards queries \
         to the host's resolvers, or to 8.8.8.8 where the host has only loopback resolvers",
        CONTAINER_RESOLVER,
    )
    .only_for(&[ContainerEngine])
    .local("start the container as before"),
    row(
        &[Container],
        Topic::ResolverSetting,
        "the container runtime writes the file: changes made inside the container are lost",
        CONTAINER_RESOLVER,
    )
    .local("start the container as before"),
    row(
        &[Kubernetes],
        Topic::ResolverUnanswered,
        "a NetworkPolicy that allows DNS only to the CoreDNS pods does not cover a node-local \
         cache, which has an address of the node (169.254.20.10, 169.254.10.10); policies may also \
         be evaluated after the service address is rewritten",
        "see whether a policy allows UDP and TCP 53 to this address and to the pods behind it",
    )
    .command("kubectl get networkpolicy -A; kubectl -n kube-system get pods -o wide"),
    row(
        &[Wsl],
        Topic::ResolverUnanswered,
        "WSL's relay truncates long answers and may refuse TCP; in NAT mode, WSL's traffic \
         bypasses a VPN client on Windows",
        WSL_TUNNELS_DNS,
    )
    .only_for(&[WslRelay])
    .local("remove the setting again, then run `wsl --shutdown`"),
    row(
        &[Wsl],
        Topic::ResolverUnanswered,
        "in NAT mode, WSL's traffic bypasses a VPN client on Windows",
        WSL_TUNNELS_DNS,
    )
    .local("remove the setting again, then run `wsl --shutdown`"),
    row(
        &[Container],
        Topic::ResolverUnanswered,
        "the container engine's resolver (127.0.0.11 in Docker) forwards queries to the host's \
         resolvers, or to 8.8.8.8 where the host has only loopback resolvers; 8.8.8.8 may be blocked",
        "see which resolvers the host has, and query them from the host",
    )
    .only_for(&[ContainerEngine])
    .command("docker inspect -f '{{.HostConfig.Dns}}' <container>"),
    row(
        &[ContainerApps],
        Topic::IntoNetwork,
        "a container app reaches a private endpoint only if its environment is in a virtual \
         network with a path to it",
        "see which subnet the environment is in; an environment without one must be recreated in a \
         virtual network",
    )
    .command(ENVIRONMENT),
    row(
        &[Functions, AppService],
        Topic::IntoNetwork,
        "the app reaches private endpoints and private zones only through virtual network \
         integration",
        "see whether the app is integrated with a virtual network; a private endpoint outside RFC \
         1918 ranges also needs all traffic routed there (vnetRouteAllEnabled)",
    )
    .command(INTEGRATION),
    row(
        &[Databricks],
        Topic::IntoNetwork,
        "Databricks' serverless compute is in Databricks' own network: it reaches a private endpoint, or \
         a relay, only by a private endpoint rule of its network connectivity configuration (NCC) \
         that names this host, and only while the state of the rule is ESTABLISHED; a cluster is in \
         the workspace's own network",
        "for serverless compute see the NCC's private endpoint rules in the account console: the \
         domain names of each, and its state (PENDING waits for approval at the resource and is \
         EXPIRED after 14 days; REJECTED and DISCONNECTED carry nothing), and that the workspace \
         has this NCC",
    ),
    row(
        &[Wsl],
        Topic::IntoNetwork,
        "in NAT mode, a VPN or zero-trust client on Windows does not carry WSL's traffic",
        "set `networkingMode=mirrored` under [wsl2] in %UserProfile%\\.wslconfig, then run \
         `wsl --shutdown`",
    )
    .local("remove the setting again, then run `wsl --shutdown`"),
    row(
        &[HostedMachine],
        Topic::IntoNetwork,
        "a hosted agent or runner is in its provider's network: it reaches a private endpoint only \
         if it was placed in a virtual network with a path to it, and its public address changes \
         with each job",
        "run the job inside the network: on a self-hosted agent or runner, in a Managed DevOps Pool \
         that is injected into a subnet (Azure Pipelines), or in a runner group with Azure private \
         networking (GitHub)",
    )
    .local("run the job where it ran before"),
    row(
        &[Kubernetes],
        Topic::HostsFile,
        "the kubelet writes a pod's hosts file",
        "see whether the line comes from the pod's `hostAliases`",
    )
    .command("kubectl get pod <pod> -o jsonpath='{.spec.hostAliases}'"),
    row(
        &[Wsl],
        Topic::HostsFile,
        "at each start, WSL writes /etc/hosts from the hosts file of Windows",
        "see whether the line is in C:\\Windows\\System32\\drivers\\etc\\hosts, and change it there",
    )
    .command("grep -n . /mnt/c/Windows/System32/drivers/etc/hosts"),
    row(
        &[Container],
        Topic::HostsFile,
        "the container runtime writes the hosts file",
        "see where the line comes from: `--add-host`, or `extra_hosts:` in the compose file",
    )
    .command("docker inspect -f '{{.HostConfig.ExtraHosts}}' <container>"),
    row(
        &[Wsl],
        Topic::Clock,
        "WSL's clock stops while Windows sleeps",
        "set it from the hardware clock",
    )
    .command("hwclock -s")
    .local("none: running programs see the time jump"),
    row(
        &[ContainerApps],
        Topic::Clock,
        CONTAINER_CLOCK,
        "restart the revision; if the clock stays wrong, open a support request",
    )
    .command("az containerapp revision restart -g <group> -n <app> --revision <revision>")
    .shared("every user of the app, while it restarts", "not needed"),
    row(
        &[Functions, AppService],
        Topic::Clock,
        CONTAINER_CLOCK,
        "restart the app; if the clock stays wrong, open a support request",
    )
    .command("az {app} restart -g <group> -n <app>")
    .shared("every user of the app, while it restarts", "not needed"),
    row(
        &[Kubernetes],
        Topic::Clock,
        "a pod uses its node's clock, which is set on the node",
        "see the node's clock",
    )
    .command("kubectl debug node/<node> -it --image=<image> -- date -u"),
    row(
        &[Container],
        Topic::Clock,
        "a container uses its host's clock, which is set on the host",
        "on the host, see whether the clock is synchronised",
    )
    .elsewhere("timedatectl status"),
    row(
        &[Arc],
        Topic::Clock,
        "Azure does not set the clock of an Arc machine: it needs a time server on its own network, \
         and without one its clock drifts",
        "see which time servers it has and whether they answer; if there is none, add one to its \
         time service and allow UDP 123 to it",
    )
    .command("chronyc sources -v; timedatectl timesync-status"),
    row(
        &[ContainerApps],
        Topic::Variables,
        "a container app's variables are part of its revision",
        "see the names of the variables where they are set",
    )
    .command(
        "az containerapp show -g <group> -n <app> \
         --query 'properties.template.containers[].env[].name'",
    ),
    row(
        &[Functions, AppService],
        Topic::Variables,
        "the app's variables are its application settings",
        "see the names of the settings where they are set",
    )
    .command("az {app} config appsettings list -g <group> -n <app> --query '[].name'"),
    row(
        &[Kubernetes],
        Topic::Variables,
        "a pod's variables come from its specification",
        "see the names of the variables where they are set",
    )
    .command("kubectl get pod <pod> -o jsonpath='{.spec.containers[*].env[*].name}'"),
    row(
        &[ServiceMesh],
        Topic::ConnectionProof,
        "a service mesh sidecar accepts this machine's connections itself, so an open connection \
         does not show that the address was reached",
        "see how the mesh treats the host: a ServiceEntry or egress rule must name it, or its \
         address must be excluded (`traffic.sidecar.istio.io/excludeOutboundIPRanges`, \
         `config.linkerd.io/skip-outbound-ports`)",
    )
    .command("kubectl get serviceentry,sidecar,virtualservice -A"),
    row(
        &[ZeroTrust],
        Topic::ConnectionProof,
        "a zero-trust client on this machine accepts connections to its tunnel addresses itself, so \
         an open connection does not show that the service was reached",
        "see in the client's own log how it handled the host, and which policy applies",
    ),
    row(
        &[ContainerApps],
        Topic::ConnectionUnanswered,
        "the container app's environment is in no virtual network with a path to the address, or \
         its subnet's NSG or route table blocks the connection",
        "see which subnet the environment is in: its NSG and route table apply to the app's \
         traffic; an environment without a subnet reaches no private endpoint",
    )
    .command(ENVIRONMENT),
    row(
        &[Functions, AppService],
        Topic::ConnectionUnanswered,
        "the app has no virtual network integration, or the subnet that it is integrated with has \
         no path to the address",
        "see whether the app is integrated with a virtual network, and with which subnet; a private \
         endpoint outside RFC 1918 ranges also needs all traffic routed there \
         (vnetRouteAllEnabled)",
    )
    .command(INTEGRATION),
    row(
        &[Kubernetes],
        Topic::ConnectionUnanswered,
        "a NetworkPolicy of the cluster silently drops traffic that its egress rules do not allow",
        "see whether an egress policy selects this pod and whether it allows {ip}/32, TCP {port}: \
         standard policies list addresses, not host names (with Cilium also check \
         ciliumnetworkpolicy, with Calico globalnetworkpolicy)",
    )
    .command("kubectl get networkpolicy -A -o yaml"),
    row(
        &[Wsl],
        Topic::ConnectionUnanswered,
        "in NAT mode, a VPN or zero-trust client on Windows does not carry WSL's traffic",
        "see whether Windows itself can connect: if it can, WSL's NAT is the problem; if not, the \
         VPN on Windows or the network behind it is",
    )
    .command("powershell.exe -Command \"Test-NetConnection {ip} -Port {port}\""),
    row(
        &[Databricks],
        Topic::ConnectionUnanswered,
        "a rule of Databricks' network connectivity configuration (NCC) carries nothing while its state \
         is not ESTABLISHED, or while what it leads to (a load balancer, a relay) has no working \
         backend",
        "for serverless compute see the state of the NCC's private endpoint rule for this host in \
         the account console, and the health of what it leads to",
    ),
    row(
        &[HostedMachine],
        Topic::ConnectionUnanswered,
        "a hosted agent or runner is in its provider's network, which has no path to a private \
         endpoint",
        "see where the job runs: a private endpoint is reached from a self-hosted agent or runner, \
         a Managed DevOps Pool in a subnet (Azure Pipelines) or a runner group with Azure private \
         networking (GitHub)",
    ),
    row(
        &[Container],
        Topic::ConnectionUnanswered,
        "the program runs in a container: a container network on its host may have the address in \
         its prefix, or the host's firewall does not forward the connection",
        "on the host, see whether a container network's prefix includes {ip}, and whether the host \
         itself can connect",
    )
    .elsewhere(
        "docker network ls -q | xargs docker network inspect -f \
         '{{.Name}} {{range .IPAM.Config}}{{.Subnet}} {{end}}'",
    ),
];

const WSL_RESOLVER: &str = "let Windows resolve names (`dnsTunneling=true` under [wsl2] in \
                            %UserProfile%\\.wslconfig), or set `generateResolvConf=false` under \
                            [network] in /etc/wsl.conf and write the file yourself; then run `wsl \
                            --shutdown`";

const WSL_TUNNELS_DNS: &str = "let Windows resolve names: `dnsTunneling=true` under [wsl2] in \
                               %UserProfile%\\.wslconfig, then run `wsl --shutdown`";

const CONTAINER_RESOLVER: &str = "give the container its resolver: `--dns <address>`, `dns:` in the \
                                  compose file, or \"dns\" in /etc/docker/daemon.json on the host";

const ENVIRONMENT: &str = "az containerapp env show -g <group> -n <environment> \
                           --query properties.vnetConfiguration";

const INTEGRATION: &str = "az {app} vnet-integration list -g <group> -n <app> -o table; \
                           az {app} config show -g <group> -n <app> --query vnetRouteAllEnabled";

const CONTAINER_CLOCK: &str = "a container uses its host's clock: the platform sets it, and the \
                               app cannot change it";
