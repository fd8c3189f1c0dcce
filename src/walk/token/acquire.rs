//! The token of a walk: asked for once a scope, while names, connections and handshakes of the
//! target are under way.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use super::evidence::record_late_connection;
use super::refusal::outcome;
use super::send;
use crate::credential::acquire::{self, Wanted};
use crate::credential::request::Reply;
use crate::credential::{Acquired, Late};
use crate::evidence::identity::{Acquisition, TokenRequest};
use crate::walk::context::Context;

/// The requests on the way to a token, and the connections that outlived them.
#[derive(Default)]
pub(super) struct Requests {
    pub(super) seen: RefCell<Vec<TokenRequest>>,
    pub(super) late: RefCell<Vec<Late>>,
}

/// How long a step on the way to a token may take.
pub(super) fn remaining_budget(context: &Context<'_>) -> Duration {
    context.plan.timeout.min(deadline(context).saturating_sub(context.since.elapsed()))
}

/// When a step that begins now must have ended: never in the last quarter of what is left of
/// the walk, for the target's own call comes after it.
pub(super) fn deadline(context: &Context<'_>) -> Duration {
    let rest = context.plan.deadline.saturating_sub(context.since.elapsed());
    context.plan.deadline.saturating_sub(rest / 4)
}

/// The token of the walk's credential, if it was acquired already.
pub(in crate::walk) fn at_hand(context: &Context<'_>) -> Option<Rc<Acquired>> {
    context.credential.way()?;
    let scope = context.credential.scope(context.target)?;
    context.credential.cell(&scope).get().cloned()
}

/// The token of the walk's credential, asked for once for each scope, by the first that needs it;
/// none where the credential is no token, or is at hand.
pub(in crate::walk) async fn acquired(context: &Context<'_>) -> Option<Rc<Acquired>> {
    let way = context.credential.way()?;
    let scope = context.credential.scope(context.target)?;
    let cell = context.credential.cell(&scope);
    let acquired = cell.get_or_init(|| async {
        let started = Instant::now();
        let requests = Requests::default();
        let authority = context.credential.authority(context.target);
        let wanted = Wanted {
            scope: &scope,
            authority: &authority,
            provider: &context.provider,
            patience: remaining_budget(context),
            now: context.now(),
            environment: &context.world.environment,
        };
        let send = |request| -> std::pin::Pin<Box<dyn Future<Output = Option<Reply>> + '_>> {
            Box::pin(send::send(context, request, &requests))
        };
        let came = acquire::acquire(way, &wanted, &send).await;
        let Requests { seen, late } = requests;
        let requests: Vec<TokenRequest> = seen.take();
        let (tenant, client) = context.credential.ids();
        let outcome = outcome(came.outcome, requests.last());
        let evidence = Acquisition {
            source: context.credential.name().to_owned(),
            tenant,
            client,
            scope: scope.clone(),
            secret_is_id: context.credential.secret_is_id(),
            secret_has_blank_ends: context.credential.secret_has_blank_ends(),
            assertion: came.beside.assertion,
            assertion_has_blank_ends: came.beside.assertion_has_blank_ends,
            sdk_refuses: came.beside.sdk_refuses,
            requests,
            outcome,
            took_ms: started.elapsed().as_secs_f64() * 1e3,
        };
        Rc::new(Acquired {
            token: came.token,
            evidence: RefCell::new(evidence),
            late,
            settled: OnceCell::new(),
        })
    });
    Some(Rc::clone(acquired.await))
}

/// [`acquired`], with what became of connections that nothing waited for. The call is made
/// meanwhile.
pub(in crate::walk) async fn finished(context: &Context<'_>) -> Option<Rc<Acquired>> {
    let acquired = acquired(context).await?;
    let finish = || async {
        for Late { request, attempt } in acquired.late.take() {
            if let Ok(Some(attempt)) = attempt.await {
                let mut evidence = acquired.evidence.borrow_mut();
                let request = evidence.requests.get_mut(request);
                if let Some(path) = request.and_then(|request| request.path.as_mut()) {
                    record_late_connection(path, attempt);
                }
            }
        }
    };
    acquired.settled.get_or_init(finish).await;
    Some(acquired)
}
