//! The token of a walk: requested once a scope, while names, connections and handshakes of the
//! target are under way.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use super::evidence::record_late_connection;
use super::refusal::outcome;
use super::send;
use crate::credential::acquire::{self, AcquireParams};
use crate::credential::outbound::Reply;
use crate::credential::{AcquiredToken, LateConnection};
use crate::evidence::identity::{Acquisition, TokenRequest};
use crate::walk::context::Context;

/// The requests of one token, and the connections that were under way when their answers came.
#[derive(Default)]
pub(super) struct RequestLog {
    pub(super) sent: RefCell<Vec<TokenRequest>>,
    pub(super) late: RefCell<Vec<LateConnection>>,
}

/// How long a step of a token request may take.
pub(super) fn remaining_budget(context: &Context<'_>) -> Duration {
    context.plan.timeout.min(deadline(context).saturating_sub(context.since.elapsed()))
}

/// When a step that begins now must have ended: never in the last quarter of what is left of
/// the walk, since the target's own call comes after it.
pub(super) fn deadline(context: &Context<'_>) -> Duration {
    let rest = context.plan.deadline.saturating_sub(context.since.elapsed());
    context.plan.deadline.saturating_sub(rest / 4)
}

/// The token of the walk's credential, if it was acquired already.
pub(in crate::walk) fn at_hand(context: &Context<'_>) -> Option<Rc<AcquiredToken>> {
    context.credential.flow()?;
    let scope = context.credential.scope(context.target)?;
    context.credential.token_slot(&scope).get().cloned()
}

/// The token of the walk's credential, asked for once for each scope, by the first that needs it;
/// none where the credential is not a token, or is at hand.
pub(in crate::walk) async fn acquired(context: &Context<'_>) -> Option<Rc<AcquiredToken>> {
    let flow = context.credential.flow()?;
    let scope = context.credential.scope(context.target)?;
    let slot = context.credential.token_slot(&scope);
    let acquired = slot.get_or_init(|| async {
        let started = Instant::now();
        let log = RequestLog::default();
        let authority = context.credential.authority(context.target);
        let params = AcquireParams {
            scope: &scope,
            authority: &authority,
            provider: &context.provider,
            timeout: remaining_budget(context),
            now: context.now(),
            environment: &context.world.environment,
        };
        let send = |request| -> std::pin::Pin<Box<dyn Future<Output = Option<Reply>> + '_>> {
            Box::pin(send::send(context, request, &log))
        };
        let result = acquire::acquire(flow, &params, &send).await;
        let RequestLog { sent, late } = log;
        let requests: Vec<TokenRequest> = sent.take();
        let (tenant, client) = context.credential.ids();
        let outcome = outcome(result.outcome, requests.last());
        let evidence = Acquisition {
            source: context.credential.name().to_owned(),
            tenant,
            client,
            scope: scope.clone(),
            secret_is_id: context.credential.secret_is_id(),
            secret_stands_for: context.credential.secret_stands_for(),
            secret_has_blank_ends: context.credential.secret_has_blank_ends(),
            assertion: result.notes.assertion,
            assertion_has_blank_ends: result.notes.assertion_has_blank_ends,
            sdk_refuses: result.notes.sdk_refuses,
            requests,
            outcome,
            took_ms: started.elapsed().as_secs_f64() * 1e3,
        };
        Rc::new(AcquiredToken {
            token: result.token,
            evidence: RefCell::new(evidence),
            late,
            finished: OnceCell::new(),
        })
    });
    Some(Rc::clone(acquired.await))
}

/// [`acquired`], once the connections that nothing waited for have ended. The call is made
/// meanwhile.
pub(in crate::walk) async fn finished(context: &Context<'_>) -> Option<Rc<AcquiredToken>> {
    let acquired = acquired(context).await?;
    let finish = || async {
        for LateConnection { request, attempt } in acquired.late.take() {
            if let Ok(Some(attempt)) = attempt.await {
                let mut evidence = acquired.evidence.borrow_mut();
                let request = evidence.requests.get_mut(request);
                if let Some(path) = request.and_then(|request| request.path.as_mut()) {
                    record_late_connection(path, attempt);
                }
            }
        }
    };
    acquired.finished.get_or_init(finish).await;
    Some(acquired)
}
