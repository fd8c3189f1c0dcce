//! Steps and sentences that several classes share.

use super::Advice::{self, Local, Look, Or, Shared, There};

/// What linking or forwarding a suffix affects.
pub(super) const WHOLE_SUFFIX: &str = "every account of {suffix} for those clients: an account \
                                       without a record in the private zone stops resolving there";
pub(super) const UNLINK: &str =
    "az network private-dns link vnet delete -g <group> -z {zone} -n <link> --yes";
pub(super) const LINK_COMMAND: Option<&str> = Some(
    "az network private-dns link vnet create -g <group> -z {zone} -n <link> -v <vnet id> -e false",
);
/// The steps that several classes share.
pub(super) const LINKS: Advice = Look(
    "see which networks are linked",
    Some("az network private-dns link vnet list -g <group> -z {zone} -o table"),
);
pub(super) const ZONES: Advice = Look(
    "see whether a zone of exactly the name {zone} exists, and no zone {suffix}",
    Some("az network private-dns zone list --query \"[].[name,resourceGroup]\" -o tsv"),
);
pub(super) const ZONE_GROUP: Advice = Look(
    "see whether the endpoint registers its records there (its DNS zone group)",
    Some(
        "az network private-endpoint dns-zone-group list -g <group> --endpoint-name <endpoint> -o \
         table",
    ),
);
pub(super) const RULESETS: Advice = Look(
    "see which forwarding rulesets are linked to this virtual network",
    Some(
        "az dns-resolver forwarding-ruleset list-by-virtual-network -g <group> \
         --virtual-network-name <vnet> -o table",
    ),
);
pub(super) const RULES: Advice = Look(
    "see where their rules send {suffix}, {zone} and `.`: it must not be a dead server, nor the \
     inbound endpoint of the resolver that uses the same ruleset (a loop)",
    Some("az dns-resolver forwarding-rule list -g <group> --ruleset-name <ruleset> -o table"),
);
pub(super) const INBOUND: Advice = Look(
    "find an inbound endpoint to forward to",
    Some(
        "az dns-resolver inbound-endpoint list -g <group> --dns-resolver-name <resolver> -o table",
    ),
);
pub(super) const LINK_THIS: Advice = Shared(
    "link this machine's virtual network, which asks Azure DNS, to {zone} (Terraform: \
     azurerm_private_dns_zone_virtual_network_link)",
    WHOLE_SUFFIX,
    LINK_COMMAND,
    UNLINK,
);
pub(super) const LINK_THAT: Advice = Shared(
    "link the virtual network from which {r} asks Azure DNS to {zone} (Terraform: \
     azurerm_private_dns_zone_virtual_network_link)",
    WHOLE_SUFFIX,
    LINK_COMMAND,
    UNLINK,
);
pub(super) const LINK_FORWARDED: Advice = Or(&Shared(
    "if {suffix} is forwarded there already: link the virtual network of the server that it is \
     forwarded to (Terraform: azurerm_private_dns_zone_virtual_network_link)",
    WHOLE_SUFFIX,
    LINK_COMMAND,
    UNLINK,
));
pub(super) const LINK_NODES: Advice = Or(&Shared(
    "if the nodes ask Azure DNS: link the cluster's virtual network to {zone} (Terraform: \
     azurerm_private_dns_zone_virtual_network_link)",
    WHOLE_SUFFIX,
    LINK_COMMAND,
    UNLINK,
));
pub(super) const LINK_APP: Advice = Shared(
    "link the virtual network of the app, if it uses Azure DNS, to {zone} (Terraform: \
     azurerm_private_dns_zone_virtual_network_link)",
    WHOLE_SUFFIX,
    LINK_COMMAND,
    UNLINK,
);
pub(super) const VPN_DNS: Advice = Or(&Shared(
    "have the VPN's profile set a DNS server that sees the private zone, at least for {suffix} \
     (an inbound endpoint of a DNS Private Resolver, a forwarder in the virtual network)",
    "every client of that profile; for them accounts of {suffix} without a record in the private \
     zone stop resolving",
    None,
    "remove the DNS server from the profile again; clients have to reconnect",
));
pub(super) const CONNECT: Advice = Local(
    "connect this machine to the VPN of the private endpoint's network, or run the application \
     inside that network",
    None,
    "disconnect",
);
pub(super) const OUTSIDE: &str = "this machine is outside the private endpoint's network, or its \
                                  VPN does not set DNS";
pub(super) const SUFFIX_BACK: &str = "remove the forwarder for {suffix} again";
pub(super) const OF_THIS_LIST: &str = "put the old entry back";
pub(super) const VNET_DNS: Advice = Look(
    "see the DNS servers of the virtual network; none means Azure's own",
    Some("az network vnet show -g <group> -n <vnet> --query dhcpOptions.dnsServers -o json"),
);
pub(super) const CLUSTER_LOOK: Advice = Look(
    "see what the cluster's DNS forwards, and where to",
    Some(
        "kubectl -n kube-system get configmap coredns coredns-custom node-local-dns -o yaml --ignore-not-found",
    ),
);
pub(super) const CLUSTER_FORWARD: Advice = Shared(
    "give the cluster's DNS a server block that forwards {suffix} to a resolver that sees the \
     private zone (ConfigMap coredns; coredns-custom on AKS)",
    "every pod of the cluster: for them accounts of {suffix} without a record in the private zone \
     stop resolving",
    None,
    "remove the block and restart CoreDNS",
);
pub(super) const HOST_LISTS: Advice = There(
    "on the container's host: see which resolvers it has",
    Some("cat /etc/resolv.conf /run/systemd/resolve/resolv.conf"),
);
/// A container sees what its host sees: a check there shows where the fault is.
pub(super) const HOST_WALK: Advice = Look(
    "check the path on the host itself: if it is public there too, follow the steps of that \
     report, and the container follows",
    Some("aoai-probe {name}"),
);
/// What listens on the resolver's port of this machine.
pub(super) const LISTENS: Advice =
    Look("see which program answers on this machine", Some("ss -lnup 'sport = :{port}'"));
pub(super) const CONTAINER_DNS: Advice = Local(
    "start this container with a resolver that sees the private zone: `docker run --dns \
     <resolver>`, `dns:` in a compose file",
    None,
    "start it without",
);
pub(super) const DAEMON_DNS: Advice = Or(&Shared(
    "set it for the engine (Docker: \"dns\": [\"<resolver>\"] in /etc/docker/daemon.json; \
     Docker Desktop: its settings; Podman: `dns_servers` in containers.conf), then restart it",
    "every container of the host, all of which restart with the engine",
    None,
    "remove the entry and restart the engine",
));
/// A server that the operator can administer.
pub(super) const OWN_SERVER: &[Advice] = &[
    There("on {r}: see what listens there", Some("ss -lnup 'sport = :{port}'")),
    Local("start the DNS service there, or configure the right resolver here", None, OF_THIS_LIST),
];
pub(super) const PUBLIC_SERVICE: &[Advice] = &[
    Look("see whether another resolver answers", Some("dig {name} @<another resolver>")),
    Local(
        "configure a resolver of this network instead; networks often block DNS to the internet \
         deliberately",
        None,
        OF_THIS_LIST,
    ),
];

/// WSL depends on the Windows host.
pub(super) const WSL: &[Advice] = &[
    Look(
        "on the Windows host: see what the name resolves to there, and by which rule",
        Some("powershell.exe -Command 'Resolve-DnsName {name}; Get-DnsClientNrptPolicy'"),
    ),
    Local(
        "if the host gets the private address: set networkingMode=mirrored and dnsTunneling=true \
         under [wsl2] in .wslconfig of the Windows user; this stops every running distribution",
        Some("wsl.exe --shutdown"),
        "remove the two lines and shut WSL down again",
    ),
    VPN_DNS,
];

/// The forwarding rules of other clouds.
pub(super) const AMAZON_RULES: Advice = Look(
    "see which rules forward names from this VPC, and where to",
    Some("aws route53resolver list-resolver-rules --output table"),
);
pub(super) const GOOGLE_ZONES: Advice = Look(
    "see which zones forward names, and where to",
    Some("gcloud dns managed-zones list; gcloud dns policies list"),
);
pub(super) const ORACLE_RULES: Advice = Look(
    "see which rules forward names from this network, and where to",
    Some("oci dns resolver get --resolver-id <resolver id> --scope PRIVATE"),
);
