//! The handshake in smaller segments: two sizes at once, then sizes between the two that differ in
//! the time that remains, so that the path MTU is nearly known at the cost of few packets.

use crate::sorting;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::super::context::Context;
use super::{ExperimentResult, handshakes};
use crate::evidence::experiment::{HandshakeExperiment, Variation};

/// The first sizes: what tunnels usually carry (IPv6 guarantees packets of 1280), and the least that
/// IPv4 hosts must accept.
const FIRST: [u16; 2] = [1240, 536];
/// The largest segment of a link of 1500 bytes: the size of the handshake that hangs.
const WHOLE: u16 = 1460;
/// The first size tried above the first ones: what Azure's VPN carries (fact T16).
const TUNNEL: u16 = 1360;
/// Sizes tried between the bounds, one after another.
const FINER: usize = 2;
/// Bounds as close as this need not be narrowed.
const NARROW: u16 = 24;
/// Repeats of the largest size that is answered: of several servers, one that works may have answered it
/// by chance.
const REPEATS: usize = 2;
/// Sizes at most.
const SIZES: usize = FIRST.len() + FINER;
/// Handshakes at most.
pub(super) const MOST: usize = SIZES + REPEATS;
/// How much slower than an answered size another one may be before the next is tried; it continues
/// all the same, and its own result is what is recorded.
const SLOWER: Duration = Duration::from_millis(100);

/// Searches; ends within `timeout`.
pub(super) async fn bisect_segment_size(
    context: &Context<'_>,
    id: &'static str,
    address: IpAddr,
    timeout: Duration,
) -> ExperimentResult {
    let began = Instant::now();
    let one = |bytes| {
        let left = timeout.saturating_sub(began.elapsed());
        handshakes::handshake(context, address, id, Variation::SegmentSize { bytes }, left)
    };
    let mut running: FuturesUnordered<_> = FIRST.into_iter().map(one).collect();
    let mut sizes: Vec<u16> = FIRST.to_vec();
    let mut done: Vec<HandshakeExperiment> = Vec::new();
    let mut choose: Option<Instant> = None;
    // How long an answered one takes at most; not known before the first.
    let mut slower: Option<Duration> = None;
    let mut repeats = 0;
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
                // All have ended: there is nothing to wait for.
                if done.len() < sizes.len() + repeats || choose.is_none() {
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
            // Where three sizes are answered, a fourth is not worth its cost.
            let all = sizes.len() > FIRST.len() && sizes.iter().all(|size| answered(*size));
            sizes.len() < SIZES && !all
        }) {
            sizes.push(next);
            running.push(one(next));
            choose = slower.map(|wait| Instant::now() + wait);
        } else if let Some(largest) = sizes.iter().copied().filter(|size| answered(*size)).max()
            && repeats == 0
        {
            repeats = REPEATS;
            running.extend(std::iter::repeat_n(largest, REPEATS).map(one));
        }
    }
    sorting::by_key(&mut done, |tried| (tried.started_ms, std::cmp::Reverse(of(tried))));
    ExperimentResult::Handshakes(done)
}

/// The size of an experiment.
fn of(tried: &HandshakeExperiment) -> Option<u16> {
    match tried.variation {
        Variation::SegmentSize { bytes } => Some(bytes),
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
    fn the_interval_between_the_bounds_is_halved() {
        assert_eq!(bisect(&[1240, 536], |_| false), None);
        assert_eq!(bisect(&[1240, 536], |size| size == 536), Some(888));
        assert_eq!(bisect(&[1240, 536], |_| true), Some(1360));
        assert_eq!(bisect(&[1240, 536, 1360], |size| size < 1300), Some(1300));
        assert_eq!(bisect(&[1240, 536, 1348], |size| size < 1300), Some(1292));
        assert_eq!(bisect(&[1240, 536, 1260], |size| size < 1250), None);
    }
}
