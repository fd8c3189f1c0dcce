//! From findings to one verdict: never green unless the walk itself proves it.

use std::collections::BTreeMap;

use crate::diagnosis::{Finding, Level, State, Verdict};
use crate::evidence::dns::ResolverRole;
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{CredentialKind, TokenOutcome, Withheld};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Choice, Evidence, Expect, Hop, Observed, TargetKind, classify, tunnel};

use super::headline::{self, Clause};
use super::rules::http::refusals::{Blames, Leaves};
use super::view::View;
use super::view::http::Read;

/// The verdict. A cause is a finding that no other finding explains.
pub(super) fn of(
    e: &View<'_>,
    findings: &[Finding],
    clauses: &BTreeMap<String, Clause>,
) -> Verdict {
    let line = |state: State, f: &Finding| {
        let clause = clauses.get(&f.id).cloned().unwrap_or_else(|| Clause::from(&f.says));
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
            sure: Some(f.sure),
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
                    sure: Some(f.sure),
                    line: line(State::CannotTell, f),
                };
            }
            return Verdict {
                state: State::CannotTell,
                broken_hop: None,
                cause: None,
                sure: None,
                line: format!("CANNOT TELL: {why}"),
            };
        }
    };
    match cause(Level::Risk) {
        Some(f) => Verdict {
            state: State::AtRisk,
            broken_hop: None,
            cause: Some(f.id.clone()),
            sure: Some(f.sure),
            line: line(State::AtRisk, f),
        },
        None => Verdict {
            state: State::Works,
            broken_hop: None,
            cause: None,
            sure: None,
            line: format!("WORKS: {proof}"),
        },
    }
}

/// The verdict over a walk that did not come to its end.
pub(super) fn unfinished(why: &str) -> Verdict {
    Verdict {
        state: State::CannotTell,
        broken_hop: None,
        cause: None,
        sure: None,
        line: format!("CANNOT TELL: {why}"),
    }
}

fn no_token(e: &Evidence) -> bool {
    e.identity.withheld == Some(Withheld::NoToken)
}

/// A token that was wanted and did not come has a finding, or nothing is proved.
fn token_explained(e: &Evidence, findings: &[Finding]) -> Result<(), String> {
    let named = findings.iter().any(|f| f.hop == Hop::Identity && f.level > Level::Note);
    let how = e.identity.acquisition.as_ref().map(|how| &how.outcome);
    match no_token(e) && e.asked.expect != Expect::Closed {
        // Other risks do not make up for it: the token was never asked for.
        true if matches!(how, Some(TokenOutcome::NotSupported { .. })) => {
            Err("whether a token comes is not known: its way is not walked".to_owned())
        }
        true if !named => Err("no token came, and no rule names the cause".to_owned()),
        _ => Ok(()),
    }
}

/// What the walk proves, in one clause, or why it proves nothing.
fn proof(e: &View<'_>) -> Result<String, String> {
    let tls = match &*e.tls {
        Observed::Ran { saw, .. } => saw,
        Observed::NotReached { stopped_at } => {
            return Err(format!("the walk stopped at {}", stopped_at.name()));
        }
        Observed::NotPossible { says } => return Err(says.clone()),
        Observed::NotAsked { .. } => return Err("TLS was not walked".to_owned()),
    };
    if tls.outcome != TlsOutcome::Verified {
        return Err("the TLS session did not verify, and no rule names the cause".to_owned());
    }
    counted(e)?;
    let way = way(e);
    match &*e.http {
        Observed::NotAsked { by: Choice::ServiceHasNoCall }
            if e.target.kind == TargetKind::Privatelink =>
        {
            Ok(format!(
                "as far as TLS, {way}; no call is made: a privatelink name is not the name that \
                 applications call"
            ))
        }
        Observed::NotAsked { by: Choice::ServiceHasNoCall } => {
            Ok(match e.target.service_name.as_deref() {
                Some(service) => format!("as far as TLS, {way}; no call is made to {service}"),
                None => format!(
                    "{} is not an Azure service name: as far as TLS, {way}; no call is made \
                     (--service says what it is)",
                    e.target.host
                ),
            })
        }
        Observed::Ran { .. } => {
            let main = e.http.main().ok_or("no call was made")?;
            if e.asked.expect == Expect::Closed { closed(e, &main) } else { called(e, &main) }
        }
        Observed::NotReached { stopped_at } => {
            Err(format!("the walk stopped at {}", stopped_at.name()))
        }
        Observed::NotPossible { says } => Err(says.clone()),
        Observed::NotAsked { .. } => Err("the call was not made".to_owned()),
    }
}

/// Whether the address that was walked is one that applications get.
fn counted(e: &Evidence) -> Result<(), String> {
    let walked = e.tcp.saw().and_then(|tcp| tcp.walked);
    let counting = e.dns.effective();
    // Where the system gave none, its failure or silence has a finding of its own.
    match walked.filter(|address| !counting.is_empty() && !counting.contains(address)) {
        Some(other) => Err(format!("{other} was walked, which is not what applications get")),
        None => Ok(()),
    }
}

/// `--expect closed`: only the service's own refusal on its public address is the proof.
fn closed(e: &View<'_>, main: &Read<'_>) -> Result<String, String> {
    if !main.blames(Blames::Network) {
        let status = main.call.answer().map_or(0, |a| a.status);
        return Err(format!(
            "HTTP {status} says neither that the public path is closed nor that it is open"
        ));
    }
    match e.tcp.saw().and_then(|tcp| tcp.walked) {
        Some(address) if tunnel::is_public(e, address) => {
            Ok(format!("closed, as expected: the service refuses {}", way(e)))
        }
        _ => Err("the path that the service refuses is not the public one".to_owned()),
    }
}

/// What the answers prove. Only a reading that is known to be harmless is green.
fn called(e: &View<'_>, main: &Read<'_>) -> Result<String, String> {
    let (way, call) = (way(e), main.call);
    let HttpOutcome::Answered { answer } = &call.outcome else {
        return Err("the call had no answer, and no rule names the cause".to_owned());
    };
    let untested = match e.identity.kind {
        CredentialKind::None => "authentication was not tested",
        _ if no_token(e) => "authentication was not tested: no token came",
        _ => "authentication was not tested: the credential was withheld",
    };
    let unsent = answer.status == 401 && !call.credential_sent;
    let list = match main.row.map(|row| row.leaves) {
        None if call.credential_sent => Ok(way),
        None => Err("the answer came without a credential, which proves nothing".to_owned()),
        // At risk by their own rules; the path stands.
        Some(Leaves::Path | Leaves::Unproved) => Ok(way),
        Some(Leaves::ListUntested) => {
            Ok(format!("{way}; the call was not tested: this kind of account lists no models"))
        }
        Some(Leaves::CallerUntested | Leaves::FrontAsks) if unsent => {
            Ok(format!("{way}; {untested}"))
        }
        _ if e.http.deployment().is_some_and(|read| deployment_answers(&read)) => {
            Ok(format!("{way}; the deployment answers, the list of models is refused"))
        }
        _ => Err(format!("HTTP {} came back, and no rule names the cause", answer.status)),
    }?;
    deployment_proved(e)?;
    Ok(list)
}

/// A deployment that was named has answered, or its call was not due because no credential went
/// out; anything else is not proved, whatever the list says.
fn deployment_proved(e: &View<'_>) -> Result<(), String> {
    let sent = e.http.main().is_some_and(|main| main.call.credential_sent);
    let Some(name) = e.asked.deployment.as_ref().filter(|_| sent) else { return Ok(()) };
    let Some(read) = e.http.deployment() else {
        return Err(format!("the deployment {name} was not called"));
    };
    // At risk by their own rules; the path stands.
    let at_risk = read.leaves(Leaves::Path) || read.leaves(Leaves::Unproved);
    match &read.call.outcome {
        HttpOutcome::Answered { .. } if at_risk || deployment_answers(&read) => Ok(()),
        HttpOutcome::Answered { answer } => Err(format!(
            "HTTP {} came back from the deployment {name}, and no rule names the cause",
            answer.status
        )),
        _ => Err(format!("the deployment {name} had no answer, and no rule names the cause")),
    }
}

/// Whether the call to the deployment shows that it answers.
fn deployment_answers(read: &Read<'_>) -> bool {
    read.accepted() || read.leaves(Leaves::Deployment)
}

/// How the path leads there: privately or publicly, directly or through a proxy.
fn way(e: &Evidence) -> String {
    if let Some(proxy) = e.proxy.saw() {
        return format!("through the proxy {}", proxy.url);
    }
    let attempt = e.tcp.saw().and_then(|tcp| tcp.walked_attempt());
    let Some(address) = e.tcp.saw().and_then(|tcp| tcp.walked) else {
        return "through an unknown address".to_owned();
    };
    let made_up = tunnel::address(e, address).map(|one| one.maker.noun());
    let way = match (classify(address), made_up) {
        (_, Some(noun)) => {
            format!("through the {noun} {address}; the real target is not seen")
        }
        (class, _) if class.is_private() => format!("privately, through {address}"),
        (class, _) if class.is_public() => format!("through the public address {address}"),
        (class, _) => format!("through {address} ({})", class.words()),
    };
    let way = match &e.asked.expect {
        expect @ Expect::Cidr { prefixes } if expect.prefixes_hold(address) == Some(true) => {
            let privately = if classify(address).is_private() { "privately, " } else { "" };
            format!("{privately}through {address}, as expected ({})", prefixes.join(", "))
        }
        _ => way,
    };
    let way = match attempt.and_then(|attempt| attempt.detour.as_ref()) {
        Some(detour) => format!("{way} (--connect-to: {detour})"),
        None => way,
    };
    // What applications of this machine get is another answer: that must be in the line.
    match e.dns.resolvers.iter().find(|r| r.role == ResolverRole::Given) {
        Some(given) if !e.dns.system_addresses().contains(&address) => {
            format!("{way}, as {} answers (this machine gets another answer)", given.label())
        }
        _ => way,
    }
}
