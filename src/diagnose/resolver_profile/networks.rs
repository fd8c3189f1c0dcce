//! Resolvers of networks: Azure's, those of virtual and other private networks, and public ones.

use super::Advice::{Local, Look, Or, Shared};
use super::Profile;
use super::shared::*;
use crate::diagnose::resolver_class::ResolverClass::*;

/// The resolver of a network that is not Azure's.
pub(super) const ON_PREMISES: Profile = Profile {
    class: OnPremises,
    owner: "DNS",
    noun: "a resolver of this machine's organisation (no sign shows this machine in Azure)",
    place: Some("on {r}"),
    look: &[],
    runs: OWN_SERVER,
    why_public: &[
        "{r} does not see the private zone: it does not forward {suffix} to a resolver inside the \
         virtual network, or that resolver's network is not linked to {zone}",
        "a correct forwarder can look the same: a server that falls back to root hints (Windows \
         DNS does when its forwarding timeout is 3 s or less) sometimes finds the public address, \
         and caches it",
    ],
    see_private: &[
        Look(
            "on {r}: see where {suffix} is forwarded (Windows DNS: conditional forwarders; dnsmasq \
             `server=`, unbound `forward-zone`, BIND `zone`), and whether that server gives the \
             private address",
            Some("dig {name} @<its forwarder>"),
        ),
        INBOUND,
        Shared(
            "on {r}: forward {suffix}, not only {zone}, to a resolver inside the virtual network: \
             an inbound endpoint of a DNS Private Resolver, or a forwarder machine",
            WHOLE_SUFFIX,
            None,
            SUFFIX_BACK,
        ),
        LINK_FORWARDED,
    ],
};

/// The rows of networks.
pub(super) const PROFILES: &[Profile] = &[
    ON_PREMISES,
    Profile {
        class: VirtualNetwork,
        owner: "DNS",
        noun: "a resolver at a private address (this machine is in Azure)",
        place: Some("on {r}"),
        look: &[],
        runs: OWN_SERVER,
        why_public: &[
            "{r} does not see the private zone: the virtual network from which it asks Azure DNS \
             is not linked to {zone}, or it does not forward {suffix} to 168.63.129.16",
        ],
        see_private: &[
            LINKS,
            LINK_THAT,
            Or(&Shared(
                "if {r} asks another server for {suffix}: forward {suffix} to 168.63.129.16 if \
                 {r} runs in Azure, else to an inbound endpoint",
                WHOLE_SUFFIX,
                None,
                SUFFIX_BACK,
            )),
        ],
    },
    Profile {
        class: AzureDns,
        owner: "DNS",
        noun: "Azure's own resolver: it uses the private zones and forwarding rulesets that are \
               linked to the virtual network that asks",
        place: Some("in the forwarding rulesets linked to this machine's virtual network"),
        look: &[RULESETS, RULES],
        runs: &[
            Look("see this machine's route to it", Some("ip route get 168.63.129.16")),
            Look("see whether a local firewall drops it", Some("nft list ruleset")),
            Look(
                "see whether a network security group denies the tag AzurePlatformDNS",
                Some("az network nic list-effective-nsg -g <group> -n <nic> -o json"),
            ),
        ],
        why_public: &[
            "168.63.129.16 answers for the network that asks: this machine's virtual network is \
             not linked to {zone}, or a forwarding ruleset linked to it sends {suffix} elsewhere, \
             or the zone is missing or has another name",
        ],
        see_private: &[LINKS, RULESETS, RULES, ZONES, ZONE_GROUP, LINK_THIS],
    },
    Profile {
        class: Router,
        owner: "Network",
        noun: "the default gateway itself, the router of this local network",
        place: Some("in the settings of the router {r}"),
        look: &[],
        runs: &[Look(
            "see on the router's pages whether its DNS and its internet link are up",
            None,
        )],
        why_public: &[OUTSIDE],
        see_private: &[
            Look("see whether a VPN is up, and which resolver it sets", Some("resolvectl status")),
            CONNECT,
            VPN_DNS,
            Or(&Shared(
                "in an office whose router has a tunnel to that network: forward {suffix} on \
                 the router to a resolver there",
                WHOLE_SUFFIX,
                None,
                SUFFIX_BACK,
            )),
        ],
    },
    Profile {
        class: LocalNetwork,
        owner: "Network",
        noun: "at an address of the local network: its router, or a server there (a Pi-hole, a \
               domain controller)",
        place: Some("on the device that has {r} in the local network"),
        look: &[Look("see which device has the address", Some("ip neigh"))],
        runs: &[Look(
            "see which device has the address, and whether its DNS is up",
            Some("ip neigh"),
        )],
        why_public: &[
            "at home: this machine is outside the private endpoint's network, or its VPN does not \
             set DNS",
            "in an office: {r} does not forward {suffix} to a resolver inside the virtual network, \
             or that resolver's network is not linked to {zone}",
        ],
        see_private: &[
            Look("see whether a VPN is up, and which resolver it sets", Some("resolvectl status")),
            CONNECT,
            VPN_DNS,
            Or(&Shared(
                "in an office with a tunnel to that network: have {r} forward {suffix}, not \
                 only {zone}, to a resolver inside the virtual network",
                WHOLE_SUFFIX,
                None,
                SUFFIX_BACK,
            )),
            LINK_FORWARDED,
        ],
    },
    Profile {
        class: Public,
        owner: "Network",
        noun: "a public resolver",
        place: None,
        look: &[],
        runs: PUBLIC_SERVICE,
        why_public: &[OUTSIDE],
        see_private: &[
            Look(
                "see what sets the resolver, and whether a VPN is up that sets another",
                Some("resolvectl status"),
            ),
            CONNECT,
            VPN_DNS,
            Or(&Local(
                "configure a resolver that sees the private zone instead of {r}",
                None,
                OF_THIS_LIST,
            )),
        ],
    },
    Profile {
        class: PublicOfAzureMachine,
        owner: "DNS",
        noun: "a public resolver, although this machine is in Azure",
        place: None,
        look: &[VNET_DNS],
        runs: PUBLIC_SERVICE,
        why_public: &[
            "this machine is in Azure and asks {r}: the DNS servers of its virtual network or \
             network interface, or its own configuration, contain it instead of Azure's resolver",
        ],
        see_private: &[
            VNET_DNS,
            Look(
                "see whether the network interface has its own DNS servers",
                Some("az network nic show -g <group> -n <nic> --query dnsSettings -o json"),
            ),
            Shared(
                "set Azure's own resolver, or a server that forwards to it (Terraform: \
                 azurerm_virtual_network_dns_servers)",
                "every machine of the virtual network, as soon as it renews its DHCP lease",
                Some("az network vnet update -g <group> -n <vnet> --dns-servers <server>"),
                "the same command with the old list",
            ),
        ],
    },
];
