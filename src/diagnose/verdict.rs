//! From findings to one verdict: never green unless the walk itself proves it.

use std::collections::BTreeMap;

use crate::diagnosis::{Finding, Level, State, Verdict};
use crate::evidence::dns::ResolverRole;
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{CredentialKind, TokenOutcome, Withheld};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Evidence, Expect, Hop, Observed, SkipReason, TargetKind, tunnel};
use crate::services::{Opening, Service};

use super::headline::{self, Clause};
use super::reading;
use super::rules::http::not_closed;
use super::rules::http::origin::{Origin, origin};
use super::rules::http::refusals::{Blames, Leaves};
use super::view::View;
use super::view::http::{OwnCall, Read};

/// The verdict. A cause is a finding that no other finding explains.
pub(super) fn of(
    e: &View<'_>,
    findings: &[Finding],
    clauses: &BTreeMap<String, Clause>,
) -> Verdict {
    let line = |state: State, f: &Finding| {
        let clause = clauses.get(&f.id).cloned().unwrap_or_else(|| Clause::from(&f.headline));
        headline::line(state, f.hop, &f.id, &clause)
    };
    let cause = |level: Level| {
        findings
            .iter()
            .filter(|f| f.level == level && f.explained_by.is_none())
            .min_by_key(|f| f.hop)
    };
    if let Some(f) = cause(Level::Broken) {
        return Verdict {
            state: State::Broken,
            broken_hop: Some(f.hop),
            cause: Some(f.id.clone()),
            confidence: Some(f.confidence),
            line: line(State::Broken, f),
        };
    }
    let proof = match proof(e).and_then(|proof| token_explained(e, findings).map(|()| proof)) {
        Ok(proof) => proof,
        Err(why) => {
            let own = findings.iter().filter(|f| f.untested && f.explained_by.is_none());
            if let Some(f) = own.min_by_key(|f| f.hop) {
                return Verdict {
                    state: State::CannotTell,
                    broken_hop: None,
                    cause: Some(f.id.clone()),
                    confidence: Some(f.confidence),
                    line: line(State::CannotTell, f),
                };
            }
            return Verdict {
                state: State::CannotTell,
                broken_hop: None,
                cause: None,
                confidence: None,
                line: plain_line(State::CannotTell, why),
            };
        }
    };
    match cause(Level::Risk) {
        Some(f) => Verdict {
            state: State::AtRisk,
            broken_hop: None,
            cause: Some(f.id.clone()),
            confidence: Some(f.confidence),
            line: line(State::AtRisk, f),
        },
        None => Verdict {
            state: State::Works,
            broken_hop: None,
            cause: None,
            confidence: None,
            line: plain_line(State::Works, proof),
        },
    }
}

/// The verdict for a walk that did not finish.
pub(super) fn unfinished(why: &str) -> Verdict {
    Verdict {
        state: State::CannotTell,
        broken_hop: None,
        cause: None,
        confidence: None,
        line: plain_line(State::CannotTell, why),
    }
}

/// The first line where no finding is the cause.
fn plain_line(state: State, message: impl Into<Clause>) -> String {
    let start = format!("{}: ", state.words());
    let message: Clause = message.into();
    format!("{start}{}", message.behind(&start))
}

fn no_token(e: &Evidence) -> bool {
    e.identity.withheld == Some(Withheld::NoToken)
}

/// A token that was requested and not obtained has a finding; otherwise nothing is proved.
fn token_explained(e: &Evidence, findings: &[Finding]) -> Result<(), String> {
    let named = findings.iter().any(|f| f.hop == Hop::Identity && f.level > Level::Note);
    let how = e.identity.acquisition.as_ref().map(|how| &how.outcome);
    match no_token(e) && e.options.expect != Expect::Closed {
        // Other risks do not replace it: the token was never requested.
        true if matches!(how, Some(TokenOutcome::NotSupported { .. })) => {
            Err("whether a token can be obtained is not known: this way of getting one is not \
                 tested"
                .to_owned())
        }
        true if !named => Err("no token was obtained, and no rule explains why".to_owned()),
        _ => Ok(()),
    }
}

/// What the walk proves, in one clause, or why it proves nothing.
fn proof(e: &View<'_>) -> Result<Clause, String> {
    let tls = match &*e.tls {
        Observed::Done { value, .. } => value,
        Observed::NotReached { stopped_at } => {
            return Err(format!("the check stopped at {}", stopped_at.name()));
        }
        Observed::NotPossible { message } => return Err(message.clone()),
        Observed::NotAsked { reason: SkipReason::TlsInsideProtocol } => {
            return Err(connected_alone(e));
        }
        Observed::NotAsked { .. } => return Err("TLS was not tested".to_owned()),
    };
    if tls.outcome != TlsOutcome::Verified {
        return Err("the TLS session did not verify, and no rule explains why".to_owned());
    }
    tested_effective_address(e)?;
    expectation_tested(e)?;
    let way = describe_path(e);
    match &*e.http {
        // Only a refusal of the service proves that; a handshake shows that the address is open.
        Observed::NotAsked { reason: SkipReason::ServiceHasNoCall }
            if e.options.expect == Expect::Closed =>
        {
            Err("the address accepts TLS, and without a call nothing shows whether the service \
                 refuses it"
                .to_owned())
        }
        Observed::NotAsked { reason: SkipReason::ServiceHasNoCall }
            if e.target.kind == TargetKind::Privatelink =>
        {
            Ok(way.map(|way| {
                format!(
                    "up to TLS, {way}; no call is made: a privatelink name is not the name that \
                     applications call"
                )
            }))
        }
        Observed::NotAsked { reason: SkipReason::ServiceHasNoCall } => {
            let service = e.target.service_name.as_deref();
            let rest = service.map_or_else(
                || "no call to an unknown service (--service)".to_owned(),
                |service| format!("no call is made to {service}"),
            );
            Ok(way.map(|way| format!("up to TLS, {way}; {rest}")))
        }
        Observed::Done { .. } => {
            let main = e.http.main().ok_or("no call was made")?;
            if e.options.expect == Expect::Closed {
                prove_closed(e, &main)
            } else {
                prove_accepted(e, &main)
            }
        }
        Observed::NotReached { stopped_at } => {
            Err(format!("the check stopped at {}", stopped_at.name()))
        }
        Observed::NotPossible { message } => Err(message.clone()),
        Observed::NotAsked { .. } => Err("the call was not made".to_owned()),
    }
}

/// What a connection alone shows: anything that listens there accepts it.
fn connected_alone(e: &View<'_>) -> String {
    let reason = match reading::service(e).map(|service| service.opening) {
        Some(Opening::Protocol(name)) => format!("TLS begins inside {name}"),
        Some(Opening::Clear(name)) => format!("this service is {name}"),
        _ => "TLS begins inside another protocol".to_owned(),
    };
    let Some(attempt) = e.tcp.value().and_then(|tcp| tcp.walked_attempt()) else {
        return format!("{reason}, which is not spoken here");
    };
    let at = match &attempt.connect_to {
        Some(detour) => format!("{detour} (--connect-to)"),
        None => attempt.address.to_string(),
    };
    format!("{at} accepts a connection; who answers is not known, as {reason}")
}

/// Whether the address that was walked is one that applications get.
fn tested_effective_address(e: &Evidence) -> Result<(), String> {
    let walked = e.tcp.value().and_then(|tcp| tcp.selected);
    let effective = e.dns.effective();
    // If the system returned none, its failure or silence has its own finding.
    match walked.filter(|address| !effective.is_empty() && !effective.contains(address)) {
        Some(other) => Err(format!(
            "{other} was tested, which is not an address that applications \
                                    get"
        )),
        None => Ok(()),
    }
}

/// Whether the address that `--expect` is about was seen: a proxy resolves the name by its own DNS.
fn expectation_tested(e: &Evidence) -> Result<(), String> {
    match (e.options.expect.addresses(), e.proxy.value()) {
        (Some(expected), Some(proxy)) => Err(format!(
            "the proxy {} resolves the name itself: whether it reaches {expected} is not visible here",
            proxy.url
        )),
        _ => Ok(()),
    }
}

/// `--expect closed`: only the service's own refusal at its public address proves it.
fn prove_closed(e: &View<'_>, main: &Read<'_>) -> Result<Clause, String> {
    if !main.blames(Blames::Network) {
        let status = main.call.answer().map_or(0, |a| a.status);
        return Err(format!(
            "HTTP {status} shows neither that the public path is closed nor that it is open"
        ));
    }
    if main.call.answer().is_some_and(|answer| origin(e, answer) == Origin::Open) {
        return Err(
            "neither headers nor the certificate show that the service sent the refusal".to_owned()
        );
    }
    match e.tcp.value().and_then(|tcp| tcp.selected) {
        Some(address) if tunnel::is_public(e, address) => match not_closed::not_seen_closed(e) {
            // One address that is open opens the path.
            Some((other, why)) => {
                Err(format!("{address} refuses, and whether {other} does is not known: {why}"))
            }
            None => Ok(describe_path(e)
                .map(|way| format!("closed, as expected: the service refuses {way}"))),
        },
        _ => match e.proxy.value() {
            Some(proxy) => {
                Err(format!("which address the proxy {} used is not visible here", proxy.url))
            }
            None => Err("the path that the service refuses is not the public one".to_owned()),
        },
    }
}

/// What the answers prove. Only a classification that is known to be harmless is green.
fn prove_accepted(e: &View<'_>, main: &Read<'_>) -> Result<Clause, String> {
    let (way, call) = (describe_path(e), main.call);
    let HttpOutcome::Answered { answer } = &call.outcome else {
        return Err("the call had no answer, and no rule explains why".to_owned());
    };
    let untested = match e.identity.kind {
        CredentialKind::None => "authentication was not tested",
        _ if no_token(e) => "authentication was not tested: no token was obtained",
        _ => "authentication was not tested: the credential was withheld",
    };
    let row = main.row.map(|row| row.leaves);
    let asks_who = row == Some(Leaves::CallerUntested) || answer.status == 401;
    let unsent = asks_who && !call.credential_sent;
    let list = match row {
        None if !(200..300).contains(&answer.status) => {
            Err(format!("HTTP {} came back, and no rule explains why", answer.status))
        }
        None if call.credential_sent => Ok(way),
        None => Err("the answer came without a credential, which proves nothing".to_owned()),
        // At risk by their own rules; the path works.
        Some(Leaves::Path | Leaves::Unproved) => Ok(way),
        Some(Leaves::ListUntested) => Ok(way.map(|way| {
            format!("{way}; the call was not tested: this kind of account lists no models")
        })),
        Some(Leaves::CallerUntested | Leaves::FrontAsks) if unsent => {
            match reading::service(e).filter(|service| !service.asks_network_first()) {
                Some(service) if service.asks_anonymously() => Err(format!(
                    "no caller is tested at {}, and its 401 proves nothing of its rules",
                    service.name
                )),
                Some(service) if service.keys.is_none() => Err(format!(
                    "{} takes tokens alone, and none was sent: its rules were not tested",
                    service.name
                )),
                Some(service) => Err(format!(
                    "neither a key nor a token was sent: the rules of {} were not tested",
                    service.name
                )),
                None => Ok(way.map(|way| format!("{way}; {untested}"))),
            }
        }
        // Below the call to the deployment is judged by itself.
        _ if e.http.own_call(e) != OwnCall::NotMade => Ok(way.map(|way| {
            let list = match answer.status {
                404 | 405 | 410 | 501 => "not offered",
                400..=499 => "refused",
                _ => "not given",
            };
            format!("{way}; only the list of models is {list}")
        })),
        _ => Err(format!("HTTP {} came back, and no rule explains why", answer.status)),
    }?;
    deployment_proved(e)?;
    Ok(list)
}

/// A named deployment has answered, or was not called because no credential was sent; anything else
/// is not proved, whatever the list shows.
fn deployment_proved(e: &View<'_>) -> Result<(), String> {
    let sent = e.http.main().is_some_and(|main| main.call.credential_sent);
    let has_some = reading::service(e).is_none_or(Service::has_deployments);
    let Some(name) = e.options.deployment.as_ref().filter(|_| sent && has_some) else {
        return Ok(());
    };
    let Some(read) = e.http.deployment() else {
        return Err(format!("the deployment {name} was not called"));
    };
    // At risk by their own rules; the path works.
    let at_risk = read.leaves(Leaves::Path) || read.leaves(Leaves::Unproved);
    match &read.call.outcome {
        HttpOutcome::Answered { .. } if at_risk || deployment_answers(&read) => Ok(()),
        HttpOutcome::Answered { answer } => Err(format!(
            "HTTP {} came back from the deployment {name}, and no rule explains why",
            answer.status
        )),
        _ => Err(format!("the deployment {name} did not answer, and no rule explains why")),
    }
}

/// Whether the call to the deployment shows that it answers.
fn deployment_answers(read: &Read<'_>) -> bool {
    read.accepted() || read.leaves(Leaves::Deployment)
}

/// How the path leads there: privately or publicly, directly or through a proxy.
fn describe_path(e: &Evidence) -> Clause {
    if let Some(proxy) = e.proxy.value() {
        return format!("through the proxy {}", proxy.url).into();
    }
    let attempt = e.tcp.value().and_then(|tcp| tcp.walked_attempt());
    let Some(address) = e.tcp.value().and_then(|tcp| tcp.selected) else {
        return "through an unknown address".into();
    };
    let made_up = tunnel::address(e, address).map(|one| one.maker.noun());
    let way = match (e.dns.class(address), made_up) {
        (_, Some(noun)) => {
            format!("through the {noun} {address}; the real target is not visible")
        }
        (class, _) if class.is_private() => format!("privately, through {address}"),
        (class, _) if class.is_public() => format!("through the public address {address}"),
        (class, _) => format!("through {address} ({})", class.words()),
    };
    let way = match &e.options.expect {
        expect @ Expect::Cidr { prefixes } if expect.prefixes_hold(address) == Some(true) => {
            let privately = if e.dns.class(address).is_private() { "privately, " } else { "" };
            format!("{privately}through {address}, as expected ({})", prefixes.join(", "))
        }
        _ => way,
    };
    let way = match attempt.and_then(|attempt| attempt.connect_to.as_ref()) {
        // Where the room is short, the line of the connection shows it too.
        Some(detour) => Clause::from(format!("{way} (--connect-to: {detour})")).or(way),
        None => way.into(),
    };
    // Applications on this machine get another answer: the line must show that.
    match e.dns.resolvers.iter().find(|r| r.role == ResolverRole::Given) {
        Some(given) if !e.dns.system_addresses().contains(&address) => way.map(|way| {
            format!("{way}, as {} answers (this machine gets another answer)", given.label())
        }),
        _ => way,
    }
}
