//! The calls of the walk, and how the table of refusals classifies each answer.

use std::ops::Deref;

use crate::diagnose::reading;
use crate::diagnose::rules::http::origin::{Origin, origin};
use crate::diagnose::rules::http::refusals::{Blames, Leaves, Refusal, refusal};
use crate::evidence::http::{HttpAnswer, HttpCall, HttpHop};
use crate::evidence::{Evidence, Observed};

/// The http hop, with the classification of each call's answer.
pub(in crate::diagnose) struct HttpView<'a> {
    hop: &'a Observed<HttpHop>,
    /// The row that matches each call's answer, in the order of the calls.
    rows: Vec<Option<&'static Refusal>>,
    /// Whether the refusal of the main call shows that the network rules were passed.
    passed: bool,
}

/// A call with the classification of its answer.
#[derive(Clone, Copy)]
pub(in crate::diagnose) struct Read<'a> {
    /// Its place among the calls.
    pub(in crate::diagnose) index: usize,
    pub(in crate::diagnose) call: &'a HttpCall,
    /// The row that matches its answer; none where it was accepted, or not answered.
    pub(in crate::diagnose) row: Option<&'static Refusal>,
}

/// What the call to the deployment shows, apart from the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum OwnCall {
    /// Nothing: it was not made, not answered, or refused as well.
    NotMade,
    /// Something lets it through; that the account answered is not proved.
    Reached,
    /// The account itself answered that there is no such deployment: its caller is let in.
    Missing,
    /// The account itself answered.
    Answered,
}

impl<'a> HttpView<'a> {
    pub(super) fn new(e: &'a Evidence) -> Self {
        let calls = e.http.value().map(|hop| hop.calls.as_slice()).unwrap_or_default();
        let rows: Vec<_> = calls.iter().map(|call| refusal(e, call)).collect();
        let main = calls.first().and_then(HttpCall::answer).zip(rows.first().copied().flatten());
        let passed = main.is_some_and(|(answer, row)| passed(e, answer, row));
        Self { hop: &e.http, rows, passed }
    }

    /// Every call.
    pub(in crate::diagnose) fn calls(&self) -> impl Iterator<Item = Read<'a>> {
        let calls = self.hop.value().map(|hop| hop.calls.as_slice()).unwrap_or_default();
        let read = |(index, (call, row)): (usize, (&'a HttpCall, &Option<&'static Refusal>))| {
            Read { index, call, row: *row }
        };
        calls.iter().zip(&self.rows).enumerate().map(read)
    }

    /// The main call: list or project.
    pub(in crate::diagnose) fn main(&self) -> Option<Read<'a>> {
        let main = self.hop.value()?.main()?;
        self.calls().find(|read| std::ptr::eq(read.call, main))
    }

    /// The call to the deployment.
    pub(in crate::diagnose) fn deployment(&self) -> Option<Read<'a>> {
        let deployment = self.hop.value()?.deployment()?;
        self.calls().find(|read| std::ptr::eq(read.call, deployment))
    }

    /// What the call to the deployment shows where only the list is refused: an application makes that
    /// call, and need not list models.
    pub(in crate::diagnose) fn own_call(&self, e: &Evidence) -> OwnCall {
        let Some(read) = self.deployment() else { return OwnCall::NotMade };
        let Some(answer) = read.call.answer() else { return OwnCall::NotMade };
        let from_account = matches!(origin(e, answer), Origin::Headers | Origin::Certificate);
        match read.row.map(|row| row.leaves) {
            Some(Leaves::Caller) if from_account => OwnCall::Missing,
            // A limit is no sign that the call would be let in.
            Some(Leaves::Path) if answer.status == 429 => OwnCall::NotMade,
            None | Some(Leaves::Deployment) if from_account => OwnCall::Answered,
            None | Some(Leaves::Deployment | Leaves::Path | Leaves::Unproved) => OwnCall::Reached,
            Some(_) => OwnCall::NotMade,
        }
    }

    /// Whether the service refused the main call because of where it came from (H1-H5, W3).
    pub(in crate::diagnose) fn refused_by_network(&self) -> bool {
        self.main().is_some_and(|main| main.blames(Blames::Network))
    }

    /// Whether the service let the main call in: it accepted it, or refused it with an answer that
    /// shows that its network rules were passed (its own 429, and errors with `x-ms-region`, fact W2).
    pub(in crate::diagnose) fn let_in(&self) -> bool {
        self.main().is_some_and(|main| {
            !main.blames(Blames::Network)
                && main.call.answer().is_some()
                && (main.row.is_none() || self.passed)
        })
    }

    /// Whether the service accepted the main call.
    pub(in crate::diagnose) fn accepted(&self) -> bool {
        self.main().is_some_and(|main| main.accepted())
    }
}

/// Whether a refusal comes from behind the network rules: it names the region, or it is a limit of the
/// service, and not of something in front.
fn passed(e: &Evidence, answer: &HttpAnswer, row: &Refusal) -> bool {
    let service = reading::service(e).filter(|service| service.asks_network_first());
    let region = service.is_some_and(|service| answer.header(service.signature.region).is_some());
    region || row.id == "http-rate-limited" && origin(e, answer) != Origin::Open
}

impl Read<'_> {
    /// Whether the service accepted this call: 2xx with what was asked for.
    pub(in crate::diagnose) fn accepted(&self) -> bool {
        self.call.answer().is_some() && self.row.is_none()
    }

    /// Whether the answer leaves this much of the proof.
    pub(in crate::diagnose) fn leaves(&self, what: Leaves) -> bool {
        self.row.is_some_and(|row| row.leaves == what)
    }

    /// Whether the call was refused for this.
    pub(in crate::diagnose) fn blames(&self, what: Blames) -> bool {
        self.row.is_some_and(|row| row.blames == what)
    }
}

impl Deref for HttpView<'_> {
    type Target = Observed<HttpHop>;

    fn deref(&self) -> &Observed<HttpHop> {
        self.hop
    }
}
