//! The kind of a network adapter, by its type in Windows and by its driver's description.

/// `IF_TYPE_PPP`: dial-up and most of Windows' own VPN connections.
const PPP: u32 = 23;
/// `IF_TYPE_PROP_VIRTUAL`: what a driver of a VPN client calls itself.
const PROPRIETARY_VIRTUAL: u32 = 53;
/// `IF_TYPE_TUNNEL`.
const TUNNEL: u32 = 131;

/// Kinds of tunnel by `TUNNEL_TYPE` (the numbers of IANA's tunnelType, and Microsoft's own).
const TUNNEL_TYPES: &[(i32, &str)] =
    &[(11, "6to4"), (13, "isatap"), (14, "teredo"), (15, "iphttps")];

/// Drivers of VPN clients, by a part of their description, in lower case.
const DRIVERS: &[(&str, &str)] =
    &[("wireguard", "wireguard"), ("wintun", "tun"), ("tap-windows", "tap"), ("tap-", "tap")];

/// The kind of an adapter: by its type (`ppp`, `tunnel`, `teredo`), or by the driver of a VPN client
/// (`wireguard`, `tun`, `tap`); none for a plain device.
pub(in crate::platform) fn kind(
    interface_type: u32,
    tunnel_type: i32,
    description: &str,
) -> Option<&'static str> {
    if let Some((_, kind)) = TUNNEL_TYPES.iter().find(|(number, _)| *number == tunnel_type) {
        return Some(kind);
    }
    let description = description.to_ascii_lowercase();
    let driver = DRIVERS.iter().find(|(part, _)| description.contains(part)).map(|(_, kind)| *kind);
    match interface_type {
        PPP => Some("ppp"),
        TUNNEL => driver.or(Some("tunnel")),
        // Every adapter of this type was made by a program; most are VPN clients'.
        PROPRIETARY_VIRTUAL => driver.or(Some("tun")),
        _ => driver,
    }
}

/// Whether an adapter of this kind is one of Windows' own for IPv6 over IPv4, which are there and
/// down on most machines: that says nothing of a VPN.
pub(in crate::platform) fn is_down_for_good(kind: &str) -> bool {
    TUNNEL_TYPES.iter().any(|(_, known)| *known == kind) || kind == "tunnel"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_of_vpn_clients_are_known_by_type_or_driver() {
        // Type, tunnel type and description, as Get-NetAdapter shows them.
        for (interface_type, tunnel_type, description, wanted) in [
            (6, 0, "Microsoft Hyper-V Network Adapter", None),
            (6, 0, "Hyper-V Virtual Ethernet Adapter", None),
            (71, 0, "Intel(R) Wi-Fi 6 AX201 160MHz", None),
            (24, 0, "Software Loopback Interface 1", None),
            (23, 0, "Contoso VPN", Some("ppp")),
            (53, 0, "WireGuard Tunnel", Some("wireguard")),
            (53, 0, "Wintun Userspace Tunnel", Some("tun")),
            (53, 0, "Tailscale Tunnel", Some("tun")),
            (6, 0, "TAP-Windows Adapter V9", Some("tap")),
            (131, 14, "Microsoft Teredo Tunneling Adapter", Some("teredo")),
            (131, 15, "Microsoft IP-HTTPS Platform Adapter", Some("iphttps")),
            (131, 0, "Some Tunnel", Some("tunnel")),
        ] {
            assert_eq!(kind(interface_type, tunnel_type, description), wanted, "{description}");
        }
        assert!(is_down_for_good("teredo") && !is_down_for_good("ppp"));
    }
}
