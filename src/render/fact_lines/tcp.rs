//! The connection, and the addresses that gave none.

use super::{Fact, MAX_LISTED, Mark, not_done, text};
use crate::evidence::tcp::{TcpAttempt, TcpHop, TcpOutcome};
use crate::evidence::{Evidence, Observed, tunnel};
use crate::render::progress;

/// The connection to the target, which proves nothing if software on this machine accepted it.
#[must_use]
pub fn target_tcp(e: &Evidence) -> Fact {
    let mut fact = tcp(&e.tcp);
    let walked = e.tcp.value().and_then(|tcp| tcp.walked_attempt());
    if let (Some(attempt), Some(who)) = (walked, tunnel::taken_by(e)) {
        fact.text = format!("{}: accepted here, proves nothing", endpoint(attempt));
        fact.notes
            .insert(0, format!("{who} accepted it: this hop shows nothing about the real target"));
        fact.first += 1;
    }
    fact
}

/// The connection on which the walk continued, or why there is none.
#[must_use]
pub fn tcp(observed: &Observed<TcpHop>) -> Fact {
    let Observed::Done { value, took_ms, .. } = observed else {
        return not_done(observed);
    };
    let walked = value.walked_attempt();
    let shown = walked.or(value.attempts.first());
    let mut fact = match (walked, shown) {
        (Some(attempt), _) => Fact::new(Mark::Works, connected(attempt), Some(attempt.took_ms)),
        (None, Some(attempt)) => Fact::new(Mark::Breaks, failed(attempt), Some(*took_ms)),
        (None, None) => Fact::new(Mark::NotDone, "no address to connect to", None),
    };
    // A time is long or short compared with a round trip: if it is long, both are shown.
    if let Some(attempt) = walked {
        fact.notes.extend(repeats(attempt));
    }
    let others = value.attempts.iter().filter(|attempt| {
        !shown.is_some_and(|s| std::ptr::eq(s, *attempt))
            && attempt.outcome != TcpOutcome::Connected
    });
    let others: Vec<String> = others.map(failed).collect();
    // An address that fails next to one that connects is what the reader looks for.
    fact.first = fact.notes.len() + usize::from(!others.is_empty());
    fact.notes.extend(others.iter().take(MAX_LISTED).cloned());
    if others.len() > MAX_LISTED {
        fact.notes.push(match others.len() - MAX_LISTED {
            1 => "and 1 more address".to_owned(),
            more => format!("and {more} more addresses"),
        });
    }
    fact
}

/// What had to be retransmitted, and the round trip for comparison.
fn repeats(attempt: &TcpAttempt) -> Option<String> {
    let syn = attempt.syn_repeats.unwrap_or(0);
    let again = match (syn, attempt.lost()) {
        (0, 0) => return None,
        (0, lost) => format!("{} sent again", text::count(lost.into(), "segment")),
        (syn, 0) => format!("SYN sent {} times", syn + 1),
        (syn, lost) => {
            let more = text::count(lost.into(), "more segment");
            format!("SYN sent {} times, {more} sent again", syn + 1)
        }
    };
    let trip = attempt.info.as_ref().map(|info| {
        format!("; a round trip takes {}", progress::milliseconds(info.round_trip_ms()))
    });
    Some(format!("{again}{}", trip.unwrap_or_default()))
}

fn connected(attempt: &TcpAttempt) -> String {
    let mut text = endpoint(attempt);
    if let Some(source) = attempt.source {
        text.push_str(&format!(" from {source}"));
    }
    if let Some(interface) = &attempt.interface {
        text.push_str(&format!(" ({interface})"));
    }
    text
}

pub(super) fn failed(attempt: &TcpAttempt) -> String {
    match &attempt.outcome {
        TcpOutcome::Unreachable { .. } => {
            format!("{}: {}", endpoint(attempt), text::tcp_outcome(&attempt.outcome))
        }
        outcome => format!("{} {}", endpoint(attempt), text::tcp_outcome(outcome)),
    }
}

/// Where a connection leads.
pub(in crate::render) fn endpoint(attempt: &TcpAttempt) -> String {
    match &attempt.connect_to {
        Some(detour) => format!("{detour} (--connect-to, for {})", attempt.address),
        None => attempt.address.to_string(),
    }
}
