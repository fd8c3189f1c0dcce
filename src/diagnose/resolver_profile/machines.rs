//! Resolvers that a machine or a platform puts in front of the network's.

use super::Advice::{Local, Look, Or, Shared, There};
use super::Profile;
use super::shared::*;
use crate::diagnose::resolver_class::ResolverClass::*;

/// The rows of machines and platforms.
pub(super) const PROFILES: &[Profile] = &[
    Profile {
        class: PublicOfContainer,
        owner: "Server",
        noun: "a public resolver, asked from a container",
        place: None,
        look: &[HOST_LISTS],
        runs: PUBLIC_SERVICE,
        why_public: &[
            "a container uses the resolvers of its host; Docker gives it 8.8.8.8 and 8.8.4.4 when \
             the host has only loopback resolvers",
            "or the host itself is outside the private endpoint's network, or its VPN does not set \
             DNS",
        ],
        see_private: &[HOST_LISTS, CONTAINER_DNS, DAEMON_DNS],
    },
    Profile {
        class: PublicOfPod,
        owner: "Server",
        noun: "a public resolver, asked from a pod",
        place: None,
        look: &[Look(
            "see the pod's DNS policy",
            Some("kubectl get pod <pod> -o jsonpath='{.spec.dnsPolicy} {.spec.dnsConfig}'"),
        )],
        runs: PUBLIC_SERVICE,
        why_public: &["the pod's dnsPolicy or dnsConfig sets {r} instead of the cluster's DNS"],
        see_private: &[
            Look(
                "see the pod's DNS policy",
                Some("kubectl get pod <pod> -o jsonpath='{.spec.dnsPolicy} {.spec.dnsConfig}'"),
            ),
            Local(
                "give the pod the cluster's DNS (dnsPolicy: ClusterFirst, or \
                 ClusterFirstWithHostNet on the host's network), or a resolver that sees the \
                 private zone (dnsConfig)",
                None,
                "apply the old manifest",
            ),
        ],
    },
    Profile {
        class: PublicOfApp,
        owner: "Azure platform",
        noun: "a public resolver, although the app runs in Azure",
        place: None,
        look: &[],
        runs: PUBLIC_SERVICE,
        why_public: &[
            "the setting WEBSITE_DNS_SERVER, or the virtual network's DNS servers, contain {r}",
        ],
        see_private: &[
            Look(
                "see the app's DNS settings",
                Some(
                    "az webapp config appsettings list -g <group> -n <app> --query \
                     \"[?starts_with(name,'WEBSITE_DNS')]\" -o table",
                ),
            ),
            VNET_DNS,
            Local(
                "remove the setting, so that the app uses the DNS of its virtual network; the app \
                 restarts",
                Some(
                    "az webapp config appsettings delete -g <group> -n <app> --setting-names \
                     WEBSITE_DNS_SERVER",
                ),
                "set it again with its old value",
            ),
        ],
    },
    Profile {
        class: PublicOfWsl,
        owner: "Server",
        noun: "a public resolver, set inside WSL",
        place: None,
        look: &[Look("see what writes resolv.conf", Some("cat /etc/wsl.conf /etc/resolv.conf"))],
        runs: PUBLIC_SERVICE,
        why_public: &[
            "/etc/resolv.conf in WSL contains {r}: the VPN and the DNS rules of the Windows host \
             do not apply to it",
        ],
        see_private: WSL,
    },
    Profile {
        class: WslRelay,
        owner: "Server",
        noun: "the relay of WSL, which asks the resolvers of the Windows host",
        place: Some("on the Windows host, whose resolvers {r} asks"),
        look: &[Look(
            "on the Windows host: see its DNS rules",
            Some("powershell.exe -Command Get-DnsClientNrptPolicy"),
        )],
        runs: &[Look(
            "on the Windows host: see whether the name resolves there",
            Some("powershell.exe -Command Resolve-DnsName {name}"),
        )],
        why_public: &[
            "in NAT mode the DNS rules (NRPT) of a VPN or zero-trust client on the Windows host do \
             not apply to WSL's relay, or the host itself is outside the private endpoint's network",
        ],
        see_private: WSL,
    },
    Profile {
        class: ContainerEngine,
        owner: "Server",
        noun: "the container engine's embedded resolver, which asks the resolvers of the host",
        place: Some("at the resolvers of the container's host, which {r} asks"),
        look: &[HOST_LISTS],
        runs: &[There(
            "on the container's host: see whether the engine runs, and its log",
            Some("journalctl -u docker --since -10min"),
        )],
        why_public: &[
            "{r} forwards the question to the resolvers of the container's host, which do not see \
             the private zone; Docker uses 8.8.8.8 when the host has only loopback resolvers",
        ],
        see_private: &[HOST_LISTS, HOST_WALK, CONTAINER_DNS, DAEMON_DNS],
    },
    Profile {
        class: Stub,
        owner: "Server",
        noun: "a resolver on this machine, which asks others",
        place: Some("on this machine, at the resolvers that {r} asks"),
        look: &[Look("see which resolvers it asks for which link", Some("resolvectl status"))],
        runs: &[
            Look("see what listens on this machine", Some("ss -lnup 'sport = :{port}'")),
            Local(
                "start systemd-resolved again",
                Some("systemctl restart systemd-resolved"),
                "systemctl stop systemd-resolved",
            ),
        ],
        why_public: &[
            "a resolver that {r} asks does not see the private zone; if it has several, it may use \
             the one of another link",
        ],
        see_private: &[
            Look("see which resolvers it asks for which link", Some("resolvectl status")),
            Look(
                "note the domains of the link whose resolver sees the private zone (a VPN's): the \
                 next step overwrites the whole list",
                Some("resolvectl domain <link>"),
            ),
            Local(
                "send {suffix} to that link as well, until it goes down; to keep it, use the \
                 link's settings in the VPN client or NetworkManager",
                Some("resolvectl domain <link> <its domains as noted> '~{suffix}'"),
                "the same command with only the noted domains; `resolvectl revert` would also \
                 remove the link's DNS servers",
            ),
        ],
    },
    Profile {
        class: LocalServer,
        owner: "Server",
        noun: "a resolver on this machine, which asks others",
        place: Some("on this machine, at the resolvers that {r} asks"),
        look: &[LISTENS],
        runs: &[LISTENS, Local("start that program again", None, "stop it again")],
        why_public: &[
            "the upstream of {r} for {suffix} does not see the private zone; its answers do not \
             show which program it is (dnsmasq, unbound, BIND, an agent) and what it forwards",
        ],
        see_private: &[
            LISTENS,
            Look(
                "see in its configuration where {suffix} is forwarded (dnsmasq `server=`, unbound \
                 `forward-zone`, BIND `forwarders`), and whether that server gives the private \
                 address",
                Some("dig {name} @<its forwarder>"),
            ),
            Shared(
                "have it forward {suffix}, not only {zone}, to a resolver that sees the private \
                 zone (168.63.129.16 in a linked virtual network, else an inbound endpoint or the \
                 VPN's resolver)",
                "every client that asks it: for them an account of {suffix} without a record in \
                 the private zone stops resolving",
                None,
                SUFFIX_BACK,
            ),
            LINK_FORWARDED,
        ],
    },
    Profile {
        class: MachineHost,
        owner: "Server",
        noun: "the resolver that this virtual machine's host gives it (VirtualBox, QEMU, libvirt), \
               which asks the resolvers of the host",
        place: Some("at the resolvers of this virtual machine's host, which {r} asks"),
        look: &[],
        runs: &[There("on the host: see whether the name resolves there", Some("dig {name}"))],
        why_public: &[
            "{r} forwards the question to the resolvers of the host, which do not see the private \
             zone; the rules of a VPN client on the host may not apply to it",
        ],
        see_private: &[
            Look(
                "on the host: see what the name resolves to; if it is public there too, the host \
                 is outside the network, or its VPN does not set DNS",
                Some("aoai-probe {name}"),
            ),
            Local(
                "if the host gets the private address: configure the host's resolver in this \
                 virtual machine",
                None,
                OF_THIS_LIST,
            ),
            VPN_DNS,
        ],
    },
    Profile {
        class: HostedMachine,
        owner: "Azure platform",
        noun: "the resolver of a hosted machine (runner or agent, Codespace, Cloud Shell)",
        place: Some("in the virtual network that this hosted machine is in, if it is yours"),
        look: &[],
        runs: &[Look("see the provider's status page", None)],
        why_public: &[
            "a hosted machine is in its provider's network, to which you cannot link a private \
             zone; or it is in a virtual network of yours (GitHub's Azure private networking, a \
             Managed DevOps Pool, Cloud Shell in a virtual network) that is not linked to {zone}",
        ],
        see_private: &[
            Look(
                "see whether this machine is in a virtual network of yours: in GitHub the runner \
                 group's network configuration, in Azure DevOps the pool's, in Cloud Shell its \
                 settings",
                None,
            ),
            Local(
                "if it is not: run this inside the network (a self-hosted runner or agent, a \
                 Managed DevOps Pool in a subnet, a GitHub runner group with Azure private \
                 networking, a jump machine)",
                None,
                "run it here again",
            ),
            Or(&Shared(
                "if it is: link that virtual network, if it uses Azure DNS, to {zone} \
                 (Terraform: azurerm_private_dns_zone_virtual_network_link)",
                WHOLE_SUFFIX,
                LINK_COMMAND,
                UNLINK,
            )),
        ],
    },
    Profile {
        class: NodeCache,
        owner: "Server",
        noun: "the DNS cache of this Kubernetes node (NodeLocal DNSCache, AKS LocalDNS), which \
               asks CoreDNS or the node's resolver",
        place: Some("in the cluster's DNS and at the node's resolver, which {r} asks"),
        look: &[
            CLUSTER_LOOK,
            Look(
                "see whether the cache asks over TCP alone (`force_tcp`): then TCP 53 must be open \
                 from the nodes to what it asks, not only UDP",
                None,
            ),
        ],
        runs: &[Look(
            "see whether the cache and CoreDNS run; a network policy must allow port 53 and the \
             cache's own address",
            Some(
                "kubectl -n kube-system get pods -o wide -l 'k8s-app in (node-local-dns,kube-dns)'",
            ),
        )],
        why_public: &[
            "{r} only caches answers: the resolver that CoreDNS forwards to, or the node's own, \
             does not see the private zone",
        ],
        see_private: &[CLUSTER_LOOK, LINKS, CLUSTER_FORWARD, LINK_NODES],
    },
    Profile {
        class: ClusterDns,
        owner: "Server",
        noun: "the DNS of the Kubernetes cluster (CoreDNS), which forwards names outside the \
               cluster",
        place: Some("in the cluster's DNS (ConfigMap coredns; coredns-custom on AKS)"),
        look: &[CLUSTER_LOOK],
        runs: &[Look(
            "see whether CoreDNS runs; a network policy must allow UDP and TCP 53 to it",
            Some("kubectl -n kube-system get pods -o wide -l k8s-app=kube-dns"),
        )],
        why_public: &[
            "CoreDNS forwards the name to its `forward` servers, or to its node's resolver, and \
             that resolver does not see the private zone",
        ],
        see_private: &[CLUSTER_LOOK, LINKS, CLUSTER_FORWARD, LINK_NODES],
    },
    Profile {
        class: ZeroTrust,
        owner: "Security",
        noun: "at an address that zero-trust and VPN clients use for their own resolver",
        place: Some("in the policy of the client that answers at {r}"),
        look: &[],
        runs: &[Look("see the status of the zero-trust or VPN client on this machine", None)],
        why_public: &[
            "the client's policy does not send {suffix} to a resolver that sees the private zone",
        ],
        see_private: &[
            Look("see in the client's policy which names it resolves privately", None),
            Shared(
                "add {name} to the names that the client resolves inside the private network \
                 (split DNS, a private application); add the whole {suffix} only if every account \
                 of it is reached there",
                "every user of that policy",
                None,
                "remove the name from the policy again",
            ),
        ],
    },
    Profile {
        class: AppService,
        owner: "Azure platform",
        noun: "the platform's resolver, which uses the DNS settings of the virtual network that \
               the app is integrated with",
        place: Some("in the DNS settings of the app and of its virtual network"),
        look: &[VNET_DNS],
        runs: &[Look(
            "see whether the app is integrated with a virtual network, whose DNS it then uses",
            Some("az webapp vnet-integration list -g <group> -n <app> -o table"),
        )],
        why_public: &[
            "the app is not integrated with a virtual network, or the network's DNS does not see \
             {zone}",
        ],
        see_private: &[
            Look(
                "see whether the app is integrated with a virtual network",
                Some("az webapp vnet-integration list -g <group> -n <app> -o table"),
            ),
            VNET_DNS,
            LINKS,
            LINK_APP,
            Or(&Shared(
                "integrate the app with the network (Terraform: virtual_network_subnet_id)",
                "the app's other outgoing calls: with route-all they leave through that network",
                Some(
                    "az webapp vnet-integration add -g <group> -n <app> --vnet <vnet> --subnet \
                     <subnet>",
                ),
                "az webapp vnet-integration remove -g <group> -n <app>",
            )),
        ],
    },
    Profile {
        class: ContainerApps,
        owner: "Azure platform",
        noun: "the resolver of the Container Apps environment, which uses the DNS of its virtual \
               network",
        place: Some("in the DNS settings of the environment's virtual network"),
        look: &[VNET_DNS],
        runs: &[Look(
            "see the network of the environment",
            Some(
                "az containerapp env show -g <group> -n <environment> --query \
                 properties.vnetConfiguration -o json",
            ),
        )],
        why_public: &[
            "the environment has no virtual network of yours, or that network's DNS does not see \
             {zone}",
        ],
        see_private: &[
            Look(
                "see the network of the environment; it cannot be changed later",
                Some(
                    "az containerapp env show -g <group> -n <environment> --query \
                     properties.vnetConfiguration -o json",
                ),
            ),
            VNET_DNS,
            LINKS,
            LINK_APP,
        ],
    },
    Profile {
        class: LinkLocal,
        owner: "Network",
        noun: "at a link-local address: a router or a service of this link",
        place: Some("at what serves {r} on this link"),
        look: &[Look("see which device has the address", Some("ip neigh"))],
        runs: &[Look("see which device has the address", Some("ip neigh"))],
        why_public: &[OUTSIDE],
        see_private: &[
            Look("see which device has the address", Some("ip neigh")),
            CONNECT,
            VPN_DNS,
        ],
    },
];
