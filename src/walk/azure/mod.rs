//! Reads of Azure Resource Manager, over the same wire as the walk: its hops are evidence, and the
//! token leaves over a session that verified, to the cloud's own host alone.

mod conversation;
mod metadata;

use std::time::Instant;

use super::context::WalkKind;
use super::hops::{Start, walk_to};
use super::plan::Plan;
use crate::azure::Scope;
use crate::clouds::Cloud;
use crate::credential::Credential;
use crate::evidence::azure::{AzureEvidence, Caller, Estate};
use crate::evidence::identity::{CredentialKind, TokenOutcome};
use crate::evidence::repeat::Repeat;
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::{Evidence, Expect, Observed};
use crate::target::Target;
use crate::world::World;

pub use metadata::this_machine;

use conversation::Conversation;

/// The cloud whose Resource Manager knows a target; the public one for a name that does not say.
#[must_use]
pub fn cloud(target: &crate::evidence::TargetInfo) -> Cloud {
    target.cloud.as_deref().and_then(Cloud::named).unwrap_or(Cloud::Public)
}

/// Asks Resource Manager what the evidence of a walk leaves open. `credential` is one for Resource
/// Manager. What fails is evidence, too.
pub async fn read(
    walked: &Evidence,
    plan: &Plan,
    world: &World,
    credential: &Credential,
    scope: &Scope,
) -> AzureEvidence {
    let since = Instant::now();
    let host = cloud(&walked.target).resource_manager();
    let mut evidence = nothing(host, world);
    let Ok(target) = Target::parse(&format!("https://{host}"), None) else {
        evidence.stopped = Some(format!("{host} is no target"));
        return evidence;
    };
    let base = Plan { resolvers: Vec::new(), direct: false, ..plan.clone() };
    let options = base.way_options(&world.connect_overrides);
    let plan = Plan {
        expect: Expect::Any,
        deployment: None,
        repeat: Repeat { options, inventory: None },
        ..base
    };
    let start = Start {
        target: &target,
        plan: &plan,
        world,
        credential,
        observe: &|_| {},
        since,
        kind: WalkKind::Request,
    };
    let deadline = since.checked_add(plan.deadline).unwrap_or(since);
    let conversation = Conversation { host, walked, scope, deadline };
    let way = walk_to(start, &conversation).await;
    let claims = way.evidence.identity.claims.as_ref();
    let claim = |of: fn(&crate::evidence::identity::TokenClaims) -> Option<&String>| {
        claims.and_then(of).cloned()
    };
    evidence.caller.object_id = claim(|claims| claims.object.as_ref());
    evidence.caller.tenant = claim(|claims| claims.tenant.as_ref());
    let caller_of_target = walked.identity.claims.as_ref().and_then(|c| c.object.as_ref());
    evidence.caller.calls_target = match (&evidence.caller.object_id, caller_of_target) {
        (Some(reads), Some(calls)) => Some(reads.eq_ignore_ascii_case(calls)),
        _ => None,
    };
    match way.reply {
        Some((reads, estate)) => (evidence.reads, evidence.estate) = (reads, estate),
        None => evidence.stopped = Some(why_not(&way.evidence, host)),
    }
    evidence.path = Some(Box::new(way.evidence));
    evidence.took_ms = since.elapsed().as_secs_f64() * 1e3;
    evidence
}

/// What is known where no question can be asked, with the reason.
#[must_use]
pub fn not_read(walked: &Evidence, world: &World, why: &str) -> AzureEvidence {
    let nothing = nothing(cloud(&walked.target).resource_manager(), world);
    AzureEvidence { stopped: Some(crate::evidence::text::clean(why, 400)), ..nothing }
}

fn nothing(host: &str, world: &World) -> AzureEvidence {
    AzureEvidence {
        at: crate::evidence::text::rfc3339(seconds(world.now)),
        host: host.to_owned(),
        caller: Caller::default(),
        path: None,
        stopped: None,
        reads: Vec::new(),
        estate: Estate::default(),
        took_ms: 0.0,
    }
}

fn seconds(time: std::time::SystemTime) -> i64 {
    let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// Why nothing was read, by how far the way to Resource Manager led.
fn why_not(way: &Evidence, host: &str) -> String {
    let identity = &way.identity;
    if identity.kind == CredentialKind::None && identity.acquisition.is_none() {
        return "there is no credential for Resource Manager".to_owned();
    }
    match identity.acquisition.as_ref().map(|acquisition| &acquisition.outcome) {
        Some(TokenOutcome::Acquired) | None => {}
        Some(TokenOutcome::Refused) => {
            let answers = identity.acquisition.iter().flat_map(|a| &a.requests);
            let refusals = answers.filter_map(|r| r.outcome.as_ref()?.refusal.as_ref());
            let codes: Vec<String> =
                refusals.flat_map(|r| &r.codes).map(|code| format!("AADSTS{code}")).collect();
            return match codes.as_slice() {
                [] => format!("no token for Resource Manager: {} refuses it", token_host(way)),
                codes => format!("no token for Resource Manager: {}", codes.join(", ")),
            };
        }
        Some(TokenOutcome::NotAnswered) => {
            return format!("no token for Resource Manager: {} does not answer", token_host(way));
        }
        Some(
            TokenOutcome::Unusable { message }
            | TokenOutcome::NotAsked { message }
            | TokenOutcome::NotSupported { message },
        ) => return format!("no token for Resource Manager: {message}"),
    }
    if let Some(why) = identity.withheld {
        return format!("the token was not sent to {host}: {}", withheld_words(why));
    }
    let not_done = |done: bool, what: &str| (!done).then(|| format!("{host} {what}"));
    let proxied = matches!(way.proxy, Observed::Done { .. });
    not_done(proxied || !way.dns.selected.is_empty(), "has no address here")
        .or_else(|| {
            let connected = way.tcp.value().is_some_and(|hop| {
                hop.attempts.iter().any(|attempt| attempt.outcome == TcpOutcome::Connected)
            });
            not_done(proxied || connected, "does not accept a connection")
        })
        .or_else(|| {
            let verified = way.tls.value().is_some_and(|hop| hop.accepted_by.is_some());
            not_done(verified, "could not be verified by its certificate")
        })
        .unwrap_or_else(|| format!("{host} could not be asked in the time that there was"))
}

/// The host that was asked last for a token.
fn token_host(way: &Evidence) -> String {
    let last =
        way.identity.acquisition.as_ref().and_then(|acquisition| acquisition.requests.last());
    let url = last.and_then(|request| url::Url::parse(&request.url).ok());
    let host = url.as_ref().and_then(url::Url::host_str);
    host.unwrap_or("the source of tokens").to_owned()
}

const fn withheld_words(why: crate::evidence::identity::Withheld) -> &'static str {
    use crate::evidence::identity::Withheld;
    match why {
        Withheld::OnlySystemStoreAccepts => {
            "only this machine's own store accepts its certificate (--trust system)"
        }
        Withheld::AddressNotConfirmed => "applications do not get its address",
        _ => "the way to it was not complete",
    }
}
