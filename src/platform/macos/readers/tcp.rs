//! `TCP_CONNECTION_INFO`, by the offsets of `struct tcp_connection_info` (netinet/tcp.h): in the `libc`
//! crate its bit field takes fifteen words in place of one (fact T160).

use crate::evidence::tcp::TcpInfo;

/// `TCPS_ESTABLISHED` and `TCPS_CLOSE_WAIT` (netinet/tcp_fsm.h).
const OPEN: [u8; 2] = [4, 5];
/// `TCPCI_FLAG_LOSSRECOVERY`.
const LOSS_RECOVERY: u32 = 1;

/// What it tells; none where it is cut short. Packets are counted with data alone, and the SYN's repeats
/// are not counted: neither is what TCP_INFO means by segments.
pub(in crate::platform) fn tcp_info(bytes: &[u8]) -> Option<TcpInfo> {
    let u32_at = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let u64_at = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
    let recovers = u32_at(8)? & LOSS_RECOVERY != 0;
    Some(TcpInfo {
        // In milliseconds.
        rtt_us: u32_at(44)?.saturating_mul(1000),
        total_retrans: None,
        bytes_retrans: Some(u64_at(72)?),
        syn_retrans: None,
        snd_mss: u32_at(16)?,
        pmtu: None,
        bytes_acked: None,
        bytes_received: Some(u64_at(88)?),
        segs_out: None,
        segs_in: None,
        rcv_ooopack: None,
        min_rtt_us: None,
        dsack_dups: None,
        open: bytes.first().is_some_and(|state| OPEN.contains(state)) && !recovers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An established connection: 14 ms, 2 segments of 1398 bytes sent twice, 5120 bytes received.
    fn made() -> Vec<u8> {
        let words: [u32; 13] = [7, 0, 230, 1398, 1 << 20, 14_480, 65_160, 0, 131_072, 13, 14, 6, 0];
        let counts: [u64; 7] = [9, 8120, 2796, 11, 5120, 0, 2];
        let mut bytes = vec![4, 7, 6, 0];
        bytes.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
        bytes.extend(counts.iter().flat_map(|count| count.to_ne_bytes()));
        bytes
    }

    #[test]
    fn round_trips_and_repeats_are_read() {
        let bytes = made();
        assert_eq!(bytes.len(), 112);
        let info = tcp_info(&bytes).unwrap();
        assert_eq!((info.rtt_us, info.snd_mss, info.bytes_received), (14_000, 1398, Some(5120)));
        assert_eq!((info.repeats(), info.syn_repeats(), info.open), (2, None, true));
        for end in 0..96 {
            assert!(tcp_info(&bytes[..end]).is_none(), "{end}");
        }
    }

    #[test]
    fn a_connection_that_recovers_from_loss_sends_its_fin_later() {
        let mut bytes = made();
        bytes[8..12].copy_from_slice(&1_u32.to_ne_bytes());
        assert!(!tcp_info(&bytes).unwrap().open);
        bytes[8..12].copy_from_slice(&2_u32.to_ne_bytes());
        bytes[0] = 6;
        assert!(!tcp_info(&bytes).unwrap().open);
    }
}
