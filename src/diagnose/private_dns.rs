//! Commands of `az` about the records of private zones.

use std::net::IpAddr;

/// A change of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Change {
    Add,
    Remove,
}

/// Adds an address to the record that `place` names (group, zone and record), or removes it. The type
/// of the record is that of the address: `az` refuses an IPv6 address in an A record.
#[must_use]
pub(in crate::diagnose) fn change_record(change: Change, place: &str, address: IpAddr) -> String {
    let kind = if address.is_ipv6() { "aaaa" } else { "a" };
    let verb = match change {
        Change::Add => "add-record",
        Change::Remove => "remove-record",
    };
    format!("az network private-dns record-set {kind} {verb} {place} -a {address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_record_is_that_of_its_address() {
        for (address, kind) in [("10.3.0.5", "a"), ("fd00::5", "aaaa")] {
            let command = change_record(Change::Add, "-g x -z y -n z", address.parse().unwrap());
            let wanted = format!(
                "az network private-dns record-set {kind} add-record -g x -z y -n z -a {address}"
            );
            assert_eq!(command, wanted);
        }
    }
}
