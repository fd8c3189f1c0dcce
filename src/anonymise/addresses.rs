//! Addresses, mapped so that the class of each and the networks that they share stay: two
//! addresses with a common prefix have one of the same length afterwards (as in Crypto-PAn, Xu and
//! others 2002), and what rules recognise by its value stays as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::IpNet;

use super::known;
use crate::evidence::{AddressClass, class_ranges, classify};
use crate::sorting;

/// Keys that are tried, so that no address of the reports needs an exception.
const KEYS: usize = 64;
/// Keys for one address that needs an exception.
const ROUNDS: u32 = 4096;
/// Addresses that a key is chosen for, at most.
const MOST_KNOWN: usize = 512;

/// The ranges that addresses stay in, each as its first address, whose first bit is the highest one,
/// and its length.
struct Ranges {
    v4: Vec<(u128, u8)>,
    v6: Vec<(u128, u8)>,
}

static RANGES: LazyLock<Ranges> = LazyLock::new(|| {
    let mut ranges = Ranges { v4: Vec::new(), v6: Vec::new() };
    let more = known::RANGES.iter().filter_map(|range| range.parse().ok());
    for range in class_ranges().chain(more) {
        match range {
            IpNet::V4(net) => {
                ranges.v4.push((u128::from(u32::from(net.addr())) << 96, net.prefix_len()))
            }
            IpNet::V6(net) => ranges.v6.push((u128::from(net.addr()), net.prefix_len())),
        }
    }
    ranges
});

/// The mapping of one run. Its key is random, and nothing keeps it.
pub(super) struct Addresses {
    key: RandomState,
    /// What was mapped, and its image.
    mapped: BTreeMap<u32, u32>,
    /// What is no image: those that are taken, and the addresses of the reports.
    taken: BTreeSet<u32>,
}

impl Addresses {
    /// A mapping that needs no exception for these addresses, if one is found.
    pub(super) fn new(known: &BTreeSet<IpAddr>) -> Self {
        let v4 = known.iter().filter_map(|address| match address {
            IpAddr::V4(v4) => Some(u32::from(*v4)),
            IpAddr::V6(_) => None,
        });
        let taken = sorting::set(v4);
        let with_key = |key| Self { key, mapped: BTreeMap::new(), taken: taken.clone() };
        let fits = |one: &Self| {
            known.iter().take(MOST_KNOWN).all(|address| match address {
                IpAddr::V4(v4) => {
                    let own = u32::from(*v4);
                    let image = one.permuted(own, 0);
                    is_fixed(*address) || is_like(own, image) && !taken.contains(&image)
                }
                IpAddr::V6(_) => true,
            })
        };
        (0..KEYS)
            .map(|_| with_key(RandomState::new()))
            .find(fits)
            .unwrap_or_else(|| with_key(RandomState::new()))
    }

    /// The image of an address; the same for the same one.
    pub(super) fn address(&mut self, address: IpAddr) -> IpAddr {
        if is_fixed(address) {
            return address;
        }
        match address {
            IpAddr::V4(v4) => IpAddr::V4(self.v4(v4)),
            IpAddr::V6(v6) => IpAddr::V6(self.v6(v6)),
        }
    }

    /// The image of a prefix, or of an address with the length of its network.
    pub(super) fn network(&mut self, network: IpNet) -> IpNet {
        let image = self.address(network.addr());
        let image = IpNet::new(image, network.prefix_len()).unwrap_or(network);
        match network.trunc() == network {
            true if network.prefix_len() == network.max_prefix_len() => image,
            true => image.trunc(),
            false => image,
        }
    }

    fn v4(&mut self, address: Ipv4Addr) -> Ipv4Addr {
        let own = u32::from(address);
        if let Some(image) = self.mapped.get(&own) {
            return Ipv4Addr::from(*image);
        }
        // An exception breaks the relation of this network to others, never that of two addresses
        // in it.
        let image = (0..ROUNDS)
            .map(|round| self.permuted(own, round))
            .find(|image| is_like(own, *image) && !self.taken.contains(image))
            .unwrap_or(own & 0xff00_0000);
        self.mapped.insert(own, image);
        self.taken.insert(image);
        Ipv4Addr::from(image)
    }

    /// The last byte of a private address stays: rules know gateways by it.
    fn permuted(&self, own: u32, round: u32) -> u32 {
        let end = if classify(IpAddr::V4(own.into())).is_private() { 24 } else { 32 };
        (self.flipped(u128::from(own) << 96, end, (4, round), &RANGES.v4) >> 96) as u32
    }

    /// An address whose first bit is the highest one, each bit changed or not as the bits before it
    /// decide, unless that leads out of a range that the address is in.
    fn flipped(&self, own: u128, end: u8, salt: (u8, u32), ranges: &[(u128, u8)]) -> u128 {
        (0..end).fold(own, |image, at| {
            let mask = u128::MAX.checked_shl(128 - u32::from(at)).unwrap_or(0);
            let before = own & mask;
            let holds_range =
                ranges.iter().any(|(start, length)| *length > at && start & mask == before);
            let flips = !holds_range && self.key.hash_one((salt, at, before)) & 1 == 1;
            image ^ (u128::from(flips) << (127 - at))
        })
    }

    fn v6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        let own = u128::from(address);
        let (network, interface) = ((own >> 64) as u64, own as u64);
        let network = match classify(IpAddr::V6(address)) {
            AddressClass::LinkLocal => network,
            _ => (self.flipped(own, 64, (6, 0), &RANGES.v6) >> 64) as u64,
        };
        // Rules compare interface identifiers (fe80::1, fd00::1) and the IPv4 address at the end
        // (NAT64); any other identifier may come from the hardware.
        let interface = match (interface >> 32, interface as u32) {
            (0, low) if low < 0x1_0000 => interface,
            (0xffff, low) | (0, low) => {
                let IpAddr::V4(inner) = self.address(IpAddr::V4(low.into())) else {
                    return address;
                };
                interface & !0xffff_ffff | u64::from(u32::from(inner))
            }
            _ => self.key.hash_one((7, interface)) | 1 << 63,
        };
        Ipv6Addr::from(u128::from(network) << 64 | u128::from(interface))
    }
}

/// Whether an address stays as it is: rules know it by its value, or it names no machine.
pub(super) fn is_fixed(address: IpAddr) -> bool {
    let kept = |prefix: &&str| prefix.parse::<IpNet>().is_ok_and(|net| net.contains(&address));
    let class = classify(address);
    let of_v4 = matches!(class, AddressClass::LinkLocal) && address.is_ipv4();
    of_v4
        || is_netmask(address)
        || matches!(class, AddressClass::Loopback | AddressClass::Unspecified)
        || known::ADDRESSES.iter().any(kept)
}

/// Whether an address is the mask of a network of at least a /8.
fn is_netmask(address: IpAddr) -> bool {
    let IpAddr::V4(v4) = address else { return false };
    let mask = u32::from(v4);
    mask.leading_ones() >= 8 && mask.leading_ones() + mask.trailing_zeros() >= 32
}

/// Whether an image may take the place of an address: another one, of the same class, which no
/// rule knows by its value, and in the same range where a rule knows the range.
fn is_like(own: u32, image: u32) -> bool {
    let (from, to) = (IpAddr::V4(own.into()), IpAddr::V4(image.into()));
    let in_network =
        |prefix: &&str, ip: IpAddr| prefix.parse::<IpNet>().is_ok_and(|net| net.contains(&ip));
    // A range for documentation is one network.
    let one_network = classify(from) == AddressClass::Documentation;
    (own >> 8 != image >> 8 || one_network && own != image)
        && classify(from) == classify(to)
        && !is_fixed(to)
        && known::NETWORKS.iter().all(|net| in_network(net, from) == in_network(net, to))
}
