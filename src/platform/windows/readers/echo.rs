//! What `IcmpSendEcho2Ex` and `Icmp6SendEcho2` return: the start of a reply, and a number of Windows'
//! for its kind (`IP_STATUS`, ipexport.h).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::evidence::tcp::IcmpMeaning;
use crate::platform::EchoAnswer;

/// The numbers that are an `IP_STATUS` and no error of another kind.
const STATUSES: std::ops::RangeInclusive<u32> = 11000..=11050;

const NET_UNREACHABLE: u32 = 11002;
const HOST_UNREACHABLE: u32 = 11003;
/// `IP_DEST_PROT_UNREACHABLE`; of IPv6 `IP_DEST_PROHIBITED`.
const PROTOCOL_UNREACHABLE: u32 = 11004;
const PORT_UNREACHABLE: u32 = 11005;
const TOO_BIG: u32 = 11009;
const TIMED_OUT: u32 = 11010;
/// `IP_TTL_EXPIRED_TRANSIT`, of IPv6 `IP_HOP_LIMIT_EXCEEDED`.
const EXPIRED: u32 = 11013;
/// `IP_TIME_EXCEEDED`, which Windows has for IPv6 too.
const TIME_EXCEEDED: u32 = 11041;
/// What wine has for a request that it could not send.
const GENERAL_FAILURE: u32 = 11050;

/// The answer in a reply buffer, an `ICMP_ECHO_REPLY` or `ICMPV6_ECHO_REPLY`; none where nothing came.
///
/// # Errors
///
/// The request was not sent, or the buffer is no reply.
pub(in crate::platform) fn answer(reply: &[u8], version6: bool) -> io::Result<Option<EchoAnswer>> {
    let too_short = || io::Error::from(io::ErrorKind::InvalidData);
    let (from, status) = match version6 {
        false => (IpAddr::V4(Ipv4Addr::from(at::<4>(reply, 0).ok_or_else(too_short)?)), 4),
        // Port and flow come first, unaligned; the scope, and two bytes to align, last.
        true => (IpAddr::V6(Ipv6Addr::from(at::<16>(reply, 6).ok_or_else(too_short)?)), 28),
    };
    let status = u32::from_le_bytes(at::<4>(reply, status).ok_or_else(too_short)?);
    match (status, meaning(status, version6)) {
        (0, _) => Ok(Some(EchoAnswer { from, error: None })),
        // This machine itself may say so, without an address.
        (_, Some(error)) if !from.is_unspecified() => {
            Ok(Some(EchoAnswer { from, error: Some(error) }))
        }
        _ => no_answer(status),
    }
}

/// What it means that a call returned no reply, by its last error: nothing came, or nothing was sent.
///
/// # Errors
///
/// The request was not sent.
pub(in crate::platform) fn no_answer(code: u32) -> io::Result<Option<EchoAnswer>> {
    Err(match code {
        TIMED_OUT => return Ok(None),
        NET_UNREACHABLE => io::ErrorKind::NetworkUnreachable.into(),
        HOST_UNREACHABLE => io::ErrorKind::HostUnreachable.into(),
        // As a number of a socket's error it would have another meaning.
        GENERAL_FAILURE => io::Error::other("the system could not send an ICMP echo request"),
        code if STATUSES.contains(&code) => {
            io::Error::other(format!("the system did not send the ICMP echo request ({code})"))
        }
        code => io::Error::from_raw_os_error(code.cast_signed()),
    })
}

/// The meaning of the message that a status is about; none where it is about none. Windows gives the
/// kind alone: a firewall's refusal by IPv4 is one of the unreachable ones.
fn meaning(status: u32, version6: bool) -> Option<IcmpMeaning> {
    Some(match status {
        NET_UNREACHABLE => IcmpMeaning::NetUnreachable,
        HOST_UNREACHABLE => IcmpMeaning::HostUnreachable,
        PROTOCOL_UNREACHABLE if version6 => IcmpMeaning::AdminProhibited,
        PORT_UNREACHABLE => IcmpMeaning::PortUnreachable,
        TOO_BIG => IcmpMeaning::FragmentationNeeded,
        EXPIRED | TIME_EXCEEDED => IcmpMeaning::TimeExceeded,
        // Other destinations unreachable, parameter problems, source quench.
        PROTOCOL_UNREACHABLE | 11012 | 11014..=11016 | 11040 | 11042 | 11045 => IcmpMeaning::Other,
        _ => return None,
    })
}

fn at<const N: usize>(bytes: &[u8], start: usize) -> Option<[u8; N]> {
    bytes.get(start..start + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The start of an ICMP_ECHO_REPLY: address, status, round trip, size of the data.
    fn v4(from: [u8; 4], status: u32) -> Vec<u8> {
        [&from[..], &status.to_le_bytes(), &[1, 0, 0, 0, 32, 0, 0, 0]].concat()
    }

    /// An ICMPV6_ECHO_REPLY: port, flow, address, scope, two bytes to align, status, round trip.
    fn v6(from: &str, status: u32) -> Vec<u8> {
        let address = from.parse::<Ipv6Addr>().unwrap().octets();
        [&[0; 6][..], &address, &[3, 0, 0, 0, 0, 0], &status.to_le_bytes(), &[1, 0, 0, 0]].concat()
    }

    #[test]
    fn replies_name_who_answered_and_what_it_means() {
        let seen = |reply: &[u8], version6| answer(reply, version6).unwrap();
        let error = |from: &str, error| Some(EchoAnswer { from: from.parse().unwrap(), error });
        for (status, wanted) in [
            (0, None),
            (11013, Some(IcmpMeaning::TimeExceeded)),
            (11002, Some(IcmpMeaning::NetUnreachable)),
            (11003, Some(IcmpMeaning::HostUnreachable)),
            (11004, Some(IcmpMeaning::Other)),
            (11005, Some(IcmpMeaning::PortUnreachable)),
            (11009, Some(IcmpMeaning::FragmentationNeeded)),
            (11014, Some(IcmpMeaning::Other)),
        ] {
            assert_eq!(seen(&v4([10, 9, 0, 2], status), false), error("10.9.0.2", wanted));
        }
        for (status, wanted) in [
            (0, None),
            (11013, Some(IcmpMeaning::TimeExceeded)),
            (11041, Some(IcmpMeaning::TimeExceeded)),
            (11004, Some(IcmpMeaning::AdminProhibited)),
            (11045, Some(IcmpMeaning::Other)),
        ] {
            assert_eq!(seen(&v6("fd00:9::2", status), true), error("fd00:9::2", wanted));
        }
    }

    #[test]
    fn a_request_without_an_answer_is_no_request_that_was_not_sent() {
        assert_eq!(answer(&v4([0; 4], 11010), false).unwrap(), None);
        assert_eq!(no_answer(11010).unwrap(), None);
        let kind = |result: io::Result<_>| result.unwrap_err().kind();
        assert_eq!(kind(no_answer(11003)), io::ErrorKind::HostUnreachable);
        // This machine has no way to it: no other host has answered.
        assert_eq!(kind(answer(&v4([0; 4], 11002), false)), io::ErrorKind::NetworkUnreachable);
        assert_eq!(kind(answer(&[10, 9, 0], false)), io::ErrorKind::InvalidData);
        assert_eq!(kind(answer(&v4([10, 9, 0, 2], 0), true)), io::ErrorKind::InvalidData);
        // A number that is no status is the system's own: access denied, out of memory.
        assert_eq!(no_answer(5).unwrap_err().raw_os_error(), Some(5));
        for status in [11001, 11007, 11050] {
            let words = no_answer(status).unwrap_err().to_string();
            assert!(words.contains("ICMP echo request"), "{status}: {words}");
        }
    }
}
