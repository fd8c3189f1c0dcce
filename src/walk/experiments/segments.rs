//! The handshake in smaller segments: two sizes at once, then inside the bracket in the time
//! that is left, so that the path MTU is known nearly at the cost of few packets.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::super::context::Context;
use super::{ExperimentResult, handshakes};
use crate::evidence::experiment::{Changed, TriedHandshake};

/// Sizes that begin it: what tunnels carry as a rule (IPv6 promises packets of 1280), and the
/// least that IPv4 hosts must take.
const FIRST: [u16; 2] = [1240, 536];
/// The largest segment of a link of 1500 octets: the size of the handshake that hangs.
const WHOLE: u16 = 1460;
/// The first size tried above the first ones: what Azure's VPN carries (fact T16).
const TUNNEL: u16 = 1360;
/// Sizes tried inside the bracket, one after another.
const FINER: usize = 2;
/// A bracket as narrow as this tells nothing more.
const NARROW: u16 = 24;
/// Handshakes at most.
pub(super) const MOST: usize = FIRST.len() + FINER;
/// What a size may be slower than one that was answered before it is passed over; it goes on
/// all the same, and its own end is what counts.
const SLOWER: Duration = Duration::from_millis(100);

/// Searches; ends within `timeout`.
pub(super) async fn bisect_segment_size(
    context: &Context<'_>,
    id: &'static str,
    address: IpAddr,
    timeout: Duration,
) -> ExperimentResult {
    let began = Instant::now();
    let one = |octets| {
        let left = timeout.saturating_sub(began.elapsed());
        handshakes::handshake(context, address, id, Changed::SegmentSize { octets }, left)
    };
    let mut running: FuturesUnordered<_> = FIRST.into_iter().map(one).collect();
    let mut sizes: Vec<u16> = FIRST.to_vec();
    let mut done: Vec<TriedHandshake> = Vec::new();
    let mut choose: Option<Instant> = None;
    // How long one that is answered takes at most; not known before one is.
    let mut slower: Option<Duration> = None;
    loop {
        let ended = match choose {
            Some(until) => tokio::time::timeout_at(until.into(), running.next()).await,
            None => Ok(running.next().await),
        };
        match ended {
            Ok(Some((ExperimentResult::Handshake(tried, _), _))) => {
                if tried.answered() {
                    let wait = Duration::from_millis(tried.took_ms) * 2 + SLOWER;
                    slower = Some(slower.map_or(wait, |known| known.max(wait)));
                    choose = Some(Instant::now() + wait);
                }
                done.push(tried);
                // All are in: nothing is gained by waiting.
                if done.len() < sizes.len() || choose.is_none() {
                    continue;
                }
            }
            Ok(Some(_)) => continue,
            Ok(None) => break,
            Err(_) => {}
        }
        choose = None;
        let answered = |size: u16| done.iter().any(|x| x.answered() && of(x) == Some(size));
        if let Some(next) = bisect(&sizes, answered).filter(|_| {
            // Where three sizes are answered, a fourth costs more than it tells.
            let all = sizes.len() > FIRST.len() && sizes.iter().all(|size| answered(*size));
            sizes.len() < MOST && !all
        }) {
            sizes.push(next);
            running.push(one(next));
            choose = slower.map(|wait| Instant::now() + wait);
        }
    }
    done.sort_by_key(|tried| (tried.started_ms, std::cmp::Reverse(of(tried))));
    ExperimentResult::Handshakes(done)
}

/// The size of an experiment.
fn of(tried: &TriedHandshake) -> Option<u16> {
    match tried.changed {
        Changed::SegmentSize { octets } => Some(octets),
        _ => None,
    }
}

/// The middle between the largest size that is answered and the next one that is not; none
/// when nothing is answered, or nothing is between.
fn bisect(sizes: &[u16], answered: impl Fn(u16) -> bool) -> Option<u16> {
    let low = sizes.iter().copied().filter(|size| answered(*size)).max()?;
    if low == FIRST[0] && sizes.iter().all(|size| *size <= low) {
        return Some(TUNNEL);
    }
    let high = sizes.iter().copied().filter(|size| *size > low).min().unwrap_or(WHOLE);
    (high - low > NARROW).then(|| u16::midpoint(low, high) & !3)
}

#[cfg(test)]
mod tests {
    use super::bisect;

    #[test]
    fn the_bracket_is_halved() {
        assert_eq!(bisect(&[1240, 536], |_| false), None);
        assert_eq!(bisect(&[1240, 536], |size| size == 536), Some(888));
        assert_eq!(bisect(&[1240, 536], |_| true), Some(1360));
        assert_eq!(bisect(&[1240, 536, 1360], |size| size < 1300), Some(1300));
        assert_eq!(bisect(&[1240, 536, 1348], |size| size < 1300), Some(1292));
        assert_eq!(bisect(&[1240, 536, 1260], |size| size < 1250), None);
    }
}
