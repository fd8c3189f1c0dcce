//! From findings to one verdict: never green unless the walk itself proves it.

use crate::diagnosis::{Finding, Level, State, Verdict};
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::CredentialKind;
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Choice, Evidence, Expect, Observed, classify};

use super::reading;

/// The verdict. A cause is a finding that no other finding explains.
pub(super) fn of(e: &Evidence, findings: &[Finding]) -> Verdict {
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
            line: format!("BROKEN at {} ({}): {}", f.hop.name(), f.id, f.says),
        };
    }
    let proof = match proof(e) {
        Ok(proof) => proof,
        Err(why) => {
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
            line: format!("AT RISK at {} ({}): {}", f.hop.name(), f.id, f.says),
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

/// What the walk proves, in one clause, or why it proves nothing.
fn proof(e: &Evidence) -> Result<String, String> {
    let tls = match &e.tls {
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
    let way = way(e);
    match &e.http {
        Observed::NotAsked { by: Choice::ServiceHasNoCall } => {
            let service = e.target.service_name.as_deref().unwrap_or("this unknown suffix");
            Ok(format!("as far as TLS, {way}; no call is made to {service}"))
        }
        Observed::Ran { saw, .. } => {
            let call = saw.main().ok_or("no call was made")?;
            let HttpOutcome::Answered { answer } = &call.outcome else {
                return Err("the call had no answer, and no rule names the cause".to_owned());
            };
            let closed = e.asked.expect == Expect::Closed;
            if closed && reading::network_refusal(answer) {
                return Ok(format!("closed, as expected: the service refuses {way}"));
            }
            if closed {
                return Err(format!(
                    "HTTP {} says neither that the public path is closed nor that it is open",
                    answer.status
                ));
            }
            match answer.status {
                200..=299 if call.credential_sent => Ok(way),
                401 if !call.credential_sent => Ok(match e.identity.kind {
                    CredentialKind::None => format!("{way}; authentication was not tested"),
                    _ => {
                        format!("{way}; authentication was not tested: the credential was withheld")
                    }
                }),
                429 => Ok(way),
                404 if findings_allow_404(e) => Ok(format!(
                    "{way}; the call was not tested: this kind of account lists no models"
                )),
                200..=299 => Ok(format!("{way}; the answer came without a credential")),
                status => Err(format!("HTTP {status} came back, and no rule names the cause")),
            }
        }
        Observed::NotReached { stopped_at } => {
            Err(format!("the walk stopped at {}", stopped_at.name()))
        }
        Observed::NotPossible { says } => Err(says.clone()),
        Observed::NotAsked { .. } => Err("the call was not made".to_owned()),
    }
}

/// An account of another kind than Azure OpenAI has no models list: `not tested`.
fn findings_allow_404(e: &Evidence) -> bool {
    e.target.service.as_deref() != Some("openai")
}

/// How the path leads there: privately or publicly, directly or through a proxy.
fn way(e: &Evidence) -> String {
    if let Some(proxy) = e.proxy.saw() {
        return format!("through the proxy {}", proxy.url);
    }
    match e.tcp.saw().and_then(|tcp| tcp.walked) {
        Some(address) if classify(address).is_private() => format!("privately, through {address}"),
        Some(address) if classify(address).is_public() => {
            format!("through the public address {address}")
        }
        Some(address) => format!("through {address} ({})", classify(address).words()),
        None => "through an unknown address".to_owned(),
    }
}
