//! What an address is: private, public, or of no use to a client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Azure's own resolver (fact D55).
pub const AZURE_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16));

/// The class of an address, as far as a private path is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressClass {
    /// RFC 1918.
    Private,
    /// 100.64.0.0/10 (RFC 6598): private here, though VPN clients also make answers up in it.
    SharedPrivate,
    /// fc00::/7 (RFC 4193).
    UniqueLocal,
    /// Globally routable.
    Public,
    /// 127.0.0.0/8, ::1.
    Loopback,
    /// 169.254.0.0/16, fe80::/10.
    LinkLocal,
    /// 0.0.0.0/8, ::.
    Unspecified,
    /// 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32.
    Documentation,
    /// 198.18.0.0/15 (RFC 2544): answers made up by VPN and zero-trust clients.
    Benchmarking,
    /// 6.6.0.0/16: answers made up by Entra Global Secure Access (fact X6).
    Synthetic,
    /// Multicast, broadcast and reserved.
    Reserved,
}

impl AddressClass {
    /// Whether a private endpoint may have such an address.
    #[must_use]
    pub const fn is_private(self) -> bool {
        matches!(self, Self::Private | Self::SharedPrivate | Self::UniqueLocal)
    }

    /// Whether this is an ordinary public address.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Public)
    }

    /// Whether no service of Azure can be behind it from another machine.
    #[must_use]
    pub const fn is_unusable(self) -> bool {
        !self.is_private() && !self.is_public()
    }

    /// The class in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::SharedPrivate => "private, shared range 100.64.0.0/10",
            Self::UniqueLocal => "private, ULA",
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Unspecified => "unspecified",
            Self::Documentation => "documentation range",
            Self::Benchmarking => "benchmarking range 198.18.0.0/15, often synthetic",
            Self::Synthetic => "synthetic range 6.6.0.0/16",
            Self::Reserved => "reserved or multicast",
        }
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, len: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), len)
}

const V4: &[(Ipv4Net, AddressClass)] = &[
    (v4(10, 0, 0, 0, 8), AddressClass::Private),
    (v4(172, 16, 0, 0, 12), AddressClass::Private),
    (v4(192, 168, 0, 0, 16), AddressClass::Private),
    (v4(100, 64, 0, 0, 10), AddressClass::SharedPrivate),
    (v4(127, 0, 0, 0, 8), AddressClass::Loopback),
    (v4(169, 254, 0, 0, 16), AddressClass::LinkLocal),
    (v4(0, 0, 0, 0, 8), AddressClass::Unspecified),
    (v4(192, 0, 2, 0, 24), AddressClass::Documentation),
    (v4(198, 51, 100, 0, 24), AddressClass::Documentation),
    (v4(203, 0, 113, 0, 24), AddressClass::Documentation),
    (v4(198, 18, 0, 0, 15), AddressClass::Benchmarking),
    (v4(6, 6, 0, 0, 16), AddressClass::Synthetic),
    (v4(224, 0, 0, 0, 3), AddressClass::Reserved),
];

const fn v6(s: [u16; 8], len: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), len)
}

const V6: &[(Ipv6Net, AddressClass)] = &[
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), AddressClass::UniqueLocal),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), AddressClass::LinkLocal),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), AddressClass::Loopback),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), AddressClass::Unspecified),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), AddressClass::Documentation),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), AddressClass::Documentation),
    (v6([0x0100, 0, 0, 0, 0, 0, 0, 0], 64), AddressClass::Reserved),
    (v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), AddressClass::Reserved),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), AddressClass::Reserved),
];

/// 64:ff9b::/96, the well-known NAT64 prefix (RFC 6052).
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// The IPv4 address inside a NAT64 or IPv4-mapped address.
#[must_use]
pub fn embedded_ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(a) if NAT64.contains(&a) => {
            let o = a.octets();
            Some(Ipv4Addr::new(o[12], o[13], o[14], o[15]))
        }
        IpAddr::V6(a) => a.to_ipv4_mapped(),
    }
}

/// The IPv4 addresses that an IPv6 address holds if it was made under a network's own prefix: one for
/// each length that a prefix may have (RFC 6052, section 2.2), where what is left is 0.
#[must_use]
pub fn translations(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bytes = address.octets();
    // Byte 8 is left out of the shorter ones, and is 0.
    const PLACES: [[usize; 4]; 6] = [
        [12, 13, 14, 15],
        [4, 5, 6, 7],
        [5, 6, 7, 9],
        [6, 7, 9, 10],
        [7, 9, 10, 11],
        [9, 10, 11, 12],
    ];
    let fits = |places: &&[usize; 4]| {
        places[3] == 15 || bytes[8] == 0 && bytes[places[3] + 1..].iter().all(|byte| *byte == 0)
    };
    let inner = |p: &[usize; 4]| Ipv4Addr::from(p.map(|at| bytes[at]));
    PLACES.iter().filter(fits).map(inner).collect()
}

/// The class of an address; one inside 64:ff9b::/96 is judged by the IPv4 inside it.
#[must_use]
pub fn classify(address: IpAddr) -> AddressClass {
    match (address, embedded_ipv4(address)) {
        (_, Some(inner)) => classify(IpAddr::V4(inner)),
        (IpAddr::V4(a), _) => V4
            .iter()
            .find(|(net, _)| net.contains(&a))
            .map_or(AddressClass::Public, |(_, class)| *class),
        (IpAddr::V6(a), _) => V6
            .iter()
            .find(|(net, _)| net.contains(&a))
            .map_or(AddressClass::Public, |(_, class)| *class),
    }
}

/// Ranges in which VPN and zero-trust clients make addresses up (facts X6, X44): 100.64.0.0/10
/// (Zscaler, Tailscale, WARP), 198.18.0.0/15, 6.6.0.0/16 (Entra Global Secure Access).
const SYNTHETIC: &[Ipv4Net] = &[v4(100, 64, 0, 0, 10), v4(198, 18, 0, 0, 15), v4(6, 6, 0, 0, 16)];

/// Whether VPN and zero-trust clients make addresses up in this one's range. In 100.64.0.0/10
/// that alone decides nothing: virtual networks and carriers use it too.
#[must_use]
pub fn is_synthetic_pool(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(a) if SYNTHETIC.iter().any(|net| net.contains(&a)))
}

/// Ranges in which service meshes make addresses up (fact X70): 240.0.0.0/4 (Kuma, Consul; Istio
/// takes 240.240.0.0/16 of it) and 2001:2::/48 (Istio). No machine has an address there.
const MESH: (Ipv4Net, Ipv6Net) = (v4(240, 0, 0, 0, 4), v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48));

/// Whether service meshes make addresses up in this one's range.
#[must_use]
pub fn is_mesh_pool(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => MESH.0.contains(&a) && !a.is_broadcast(),
        IpAddr::V6(a) => MESH.1.contains(&a),
    }
}

/// Every range that has a meaning of its own here: those of the classes, of meshes and of NAT64.
pub fn class_ranges() -> impl Iterator<Item = IpNet> {
    let v4 = V4.iter().map(|(net, _)| IpNet::V4(*net));
    let v6 = V6.iter().map(|(net, _)| IpNet::V6(*net));
    v4.chain(v6).chain([IpNet::V4(MESH.0), IpNet::V6(MESH.1), IpNet::V6(NAT64)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6052, section 2.4.
    #[test]
    fn every_length_of_a_prefix_holds_the_address() {
        let inner = Ipv4Addr::new(192, 0, 2, 33);
        for text in [
            "2001:db8:c000:221::",
            "2001:db8:1c0:2:21::",
            "2001:db8:122:c000:2:2100::",
            "2001:db8:122:3c0:0:221::",
            "2001:db8:122:344:c0:2:2100::",
            "2001:db8:122:344::192.0.2.33",
        ] {
            assert!(translations(text.parse().unwrap()).contains(&inner), "{text}");
        }
        assert!(!translations("2001:db8:c000:221::1".parse().unwrap()).contains(&inner));
    }

    #[test]
    fn classes_follow_the_registries() {
        for (text, class) in [
            ("10.3.0.5", AddressClass::Private),
            ("172.31.255.255", AddressClass::Private),
            ("172.32.0.1", AddressClass::Public),
            ("192.168.1.1", AddressClass::Private),
            ("100.64.0.1", AddressClass::SharedPrivate),
            ("100.128.0.1", AddressClass::Public),
            ("20.62.58.5", AddressClass::Public),
            ("198.19.0.1", AddressClass::Benchmarking),
            ("6.6.0.12", AddressClass::Synthetic),
            ("6.7.0.1", AddressClass::Public),
            ("169.254.169.254", AddressClass::LinkLocal),
            ("fd00::5", AddressClass::UniqueLocal),
            ("2603:1030::5", AddressClass::Public),
            ("64:ff9b::a03:5", AddressClass::Private),
            ("64:ff9b::143e:3a05", AddressClass::Public),
            ("::ffff:10.0.0.1", AddressClass::Private),
            ("::1", AddressClass::Loopback),
            ("0.0.0.0", AddressClass::Unspecified),
            ("255.255.255.255", AddressClass::Reserved),
            ("240.240.10.7", AddressClass::Reserved),
            ("2001:2::7", AddressClass::Reserved),
        ] {
            assert_eq!(classify(text.parse().unwrap()), class, "{text}");
        }
    }
}
