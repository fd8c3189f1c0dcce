//! What a standard HTTP client got where the service refused the walk (experiment `reference-client`).

use std::net::IpAddr;

use crate::diagnose::view::http::Read;
use crate::evidence::Evidence;
use crate::evidence::experiment::ClientCall;
use crate::evidence::http::{HttpAnswer, HttpCall, HttpOutcome, Purpose};

use super::refusals::{Blames, Leaves, refusal};

/// The experiment that calls at another address of the name.
const OTHER_ADDRESS: &str = "other-address";

/// A client's call and its place in the evidence.
pub(in crate::diagnose::rules) struct ClientResult<'e> {
    /// JSON pointer into the report.
    pub(in crate::diagnose::rules) pointer: String,
    /// The call.
    pub(in crate::diagnose::rules) call: &'e ClientCall,
    as_call: HttpCall,
}

/// The call through a proxy.
pub(in crate::diagnose::rules) fn through(e: &Evidence) -> Option<ClientResult<'_>> {
    all(e).find(|called| called.call.proxy.is_some())
}

/// The call without a proxy.
pub(in crate::diagnose::rules) fn direct(e: &Evidence) -> Option<ClientResult<'_>> {
    all(e).find(|called| called.call.proxy.is_none())
}

fn all(e: &Evidence) -> impl Iterator<Item = ClientResult<'_>> {
    let all = e.experiments.clients.iter().enumerate();
    all.filter(|(_, call)| call.id != OTHER_ADDRESS).map(|(index, call)| called(e, index, call))
}

/// The calls at other addresses of the name's effective answer.
pub(in crate::diagnose::rules) fn at_other_addresses(
    e: &Evidence,
) -> impl Iterator<Item = ClientResult<'_>> {
    let effective = e.dns.effective();
    addresses_called(e).filter(move |called| called.peer().is_some_and(|a| effective.contains(&a)))
}

/// The calls at other addresses than the walk's, those that another resolver gives too.
pub(in crate::diagnose::rules) fn addresses_called(
    e: &Evidence,
) -> impl Iterator<Item = ClientResult<'_>> {
    let all = e.experiments.clients.iter().enumerate();
    all.filter(|(_, call)| call.id == OTHER_ADDRESS).map(|(index, call)| called(e, index, call))
}

fn called<'e>(e: &Evidence, index: usize, call: &'e ClientCall) -> ClientResult<'e> {
    ClientResult {
        pointer: format!("/experiments/clients/{index}"),
        call,
        // As the table of refusals reads calls: the first one of a walk, without a credential.
        as_call: HttpCall {
            purpose: e
                .http
                .value()
                .and_then(|http| http.main())
                .map_or(Purpose::Models, |m| m.purpose),
            method: "GET".to_owned(),
            path: String::new(),
            credential_sent: false,
            outcome: call.outcome.clone(),
            took_ms: 0.0,
        },
    }
}

impl ClientResult<'_> {
    /// The address that was called.
    pub(in crate::diagnose::rules) fn peer(&self) -> Option<IpAddr> {
        self.call.peer.as_deref()?.parse().ok()
    }

    /// Its answer, as the calls of the walk are read.
    pub(in crate::diagnose::rules) fn read(&self, e: &Evidence) -> Read<'_> {
        Read { index: 0, call: &self.as_call, row: refusal(e, &self.as_call) }
    }

    /// Whether the service refused it because of where it came from.
    pub(in crate::diagnose::rules) fn refused(&self, e: &Evidence) -> bool {
        refusal(e, &self.as_call).is_some_and(|row| row.blames == Blames::Network)
    }

    /// Whether the service itself accepted it up to authentication.
    pub(in crate::diagnose::rules) fn let_in(&self, e: &Evidence) -> bool {
        let answered = self.as_call.answer().is_some();
        match self.leaves(e) {
            Some(leaves) => matches!(leaves, Leaves::CallerUntested | Leaves::Unproved),
            None => answered,
        }
    }

    /// What its answer leaves of the proof, if it is a refusal.
    pub(in crate::diagnose::rules) fn leaves(&self, e: &Evidence) -> Option<Leaves> {
        refusal(e, &self.as_call).map(|row| row.leaves)
    }

    /// What it got, as text.
    pub(in crate::diagnose::rules) fn describe(&self) -> String {
        match &self.call.outcome {
            HttpOutcome::Answered { answer } => status(answer),
            HttpOutcome::Silent => "no answer".to_owned(),
            HttpOutcome::Closed => "closed without an answer".to_owned(),
            HttpOutcome::Reset => "reset without an answer".to_owned(),
            HttpOutcome::Malformed { message, .. } | HttpOutcome::NotMade { message } => {
                message.clone()
            }
        }
    }
}

fn status(answer: &HttpAnswer) -> String {
    match answer.message() {
        Some(message) => {
            format!("{} \"{}\"", answer.status, super::refusal_match::short(message, 120))
        }
        None => answer.status.to_string(),
    }
}
