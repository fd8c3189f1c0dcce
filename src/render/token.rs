//! How a token was asked for: the one fact of it, and with `-v` each request with its hops.

use super::facts::{self, Fact};
use super::page::Page;
use super::progress::{Mark, milliseconds};
use super::words;
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{
    Acquisition, Configured, CredentialKind, IdentityHop, TokenClaims, TokenOutcome, TokenPurpose,
    TokenRequest,
};
use crate::evidence::{Evidence, Observed};

/// The identity line where a token was asked for.
pub(super) fn fact(hop: &IdentityHop, how: &Acquisition) -> Fact {
    let source = hop.source.as_deref().unwrap_or(&how.source);
    let (mark, text) = match (&how.outcome, hop.kind) {
        (TokenOutcome::Acquired, _) => {
            let kept = if hop.withheld.is_some() { Mark::NotDone } else { Mark::Works };
            (kept, format!("Entra token ({source})"))
        }
        (_, CredentialKind::None) => {
            (Mark::NotDone, format!("no credential ({source} gives none)"))
        }
        _ => (Mark::Breaks, format!("no token ({source}): {}", failure(how))),
    };
    let notes = who(how, hop.claims.as_ref()).into_iter().collect();
    Fact { mark, text, notes, took_ms: Some(how.took_ms) }
}

/// Why there is no token, in a few words.
fn failure(how: &Acquisition) -> String {
    let last = how.requests.last();
    let place = last.map_or_else(|| "the request".to_owned(), |r| host(&r.url).to_owned());
    match &how.outcome {
        TokenOutcome::Acquired => String::new(),
        TokenOutcome::NotAsked { .. } | TokenOutcome::NotSupported { .. } => {
            "not asked for".to_owned()
        }
        TokenOutcome::Unusable { .. } => format!("{place} gives none"),
        TokenOutcome::NotAnswered => format!("no answer from {place}"),
        TokenOutcome::Refused => {
            let refusal = last.and_then(|r| r.outcome.as_ref()?.refusal.as_ref());
            match refusal {
                Some(refusal) => match refusal.codes.first() {
                    Some(code) => format!("{place} refuses, AADSTS{code}"),
                    None => format!("{place} answers {}", refusal.status),
                },
                None => format!("{place} refuses"),
            }
        }
    }
}

/// As whom: application or user, its tenant, the managed identity behind it.
fn who(how: &Acquisition, claims: Option<&TokenClaims>) -> Option<String> {
    let of = |claim: fn(&TokenClaims) -> Option<&String>| claims.and_then(claim).cloned();
    let client = of(|c| c.application.as_ref()).or_else(|| how.client.clone());
    let tenant = of(|c| c.tenant.as_ref()).or_else(|| how.tenant.clone());
    let kind = match claims.and_then(|c| c.subject_kind.as_deref()) {
        Some("user") => "user of application",
        _ if how.source == "managed-identity" => "managed identity",
        _ if claims.is_some_and(|c| c.managed_identity.is_some()) => "managed identity",
        _ => "application",
    };
    match (client, tenant) {
        (Some(client), Some(tenant)) => Some(format!("{kind} {client}, tenant {tenant}")),
        (Some(client), None) => Some(format!("{kind} {client}")),
        _ => None,
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

/// All of it, for `-v`.
pub(super) fn block(page: &mut Page, how: &Acquisition) {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    page.words(&format!("token of {}, {}", how.source, milliseconds(how.took_ms)));
    page.indented(2, &format!("tenant {}, client {}", or_none(&how.tenant), or_none(&how.client)));
    page.indented(2, &format!("scope {}", how.scope));
    if how.secret_is_id {
        page.indented(2, "the secret has the form of an id");
    }
    if how.secret_has_blank_ends {
        page.indented(2, "the secret begins or ends with a blank or a line end");
    }
    if how.assertion_has_blank_ends {
        page.indented(2, "the assertion's file begins or ends with a blank or a line end");
    }
    if let Some(claims) = &how.assertion {
        page.indented(2, "the assertion:");
        for (name, value) in [
            ("iss", &claims.issuer),
            ("sub", &claims.subject),
            ("aud", &claims.audience),
            ("exp", &claims.expires),
        ] {
            if let Some(value) = value {
                page.indented(4, &format!("{name} {value}"));
            }
        }
    }
    for one in &how.requests {
        request(page, one);
    }
    let outcome = match &how.outcome {
        TokenOutcome::Acquired => "a token came".to_owned(),
        TokenOutcome::Refused => "refused".to_owned(),
        TokenOutcome::NotAnswered => "not answered".to_owned(),
        TokenOutcome::Unusable { says } => format!("no token in the answer: {says}"),
        TokenOutcome::NotAsked { says } | TokenOutcome::NotSupported { says } => {
            format!("not asked for: {says}")
        }
    };
    page.indented(2, &outcome);
}

fn request(page: &mut Page, one: &TokenRequest) {
    let purpose = match one.purpose {
        TokenPurpose::Entra => "Entra ID",
        TokenPurpose::Imds => "metadata service",
        TokenPurpose::AppService => "App Service",
        TokenPurpose::Arc => "Azure Arc",
        TokenPurpose::CloudShell => "Cloud Shell",
        TokenPurpose::MachineLearning => "MSI_ENDPOINT",
        TokenPurpose::GoogleIdentity => "Google",
        TokenPurpose::GitHubIdentity => "GitHub",
    };
    page.indented(
        2,
        &format!("{purpose}: {} {}, {}", one.method, one.url, milliseconds(one.took_ms)),
    );
    if let Some(path) = &one.path {
        hops(page, path);
    }
    if let Some(attempt) = &one.tcp {
        let how = words::tcp_outcome(&attempt.outcome);
        page.indented(
            4,
            &format!("tcp {}: {how}, {}", attempt.address, milliseconds(attempt.took_ms)),
        );
    }
    let Some(answer) = &one.outcome else {
        page.indented(4, "the request was not made");
        return;
    };
    match &answer.refusal {
        // What was asked for is no list of models.
        None => match &answer.http {
            HttpOutcome::Answered { answer } => page.indented(4, &answer.status.to_string()),
            other => page.indented(4, &words::http_outcome(other)),
        },
        Some(refusal) => {
            let codes: Vec<String> = refusal.codes.iter().map(|c| format!("AADSTS{c}")).collect();
            let error = refusal.error.as_deref().unwrap_or("no error field");
            page.indented(4, &format!("{} {error} {}", refusal.status, codes.join(" ")));
            for (name, value) in [
                ("it says", &refusal.description),
                ("correlation id", &refusal.correlation_id),
                ("trace id", &refusal.trace_id),
            ] {
                if let Some(value) = value {
                    page.indented(4, &format!("{name}: {value}"));
                }
            }
            for header in &refusal.headers {
                page.indented(4, &format!("{}: {}", header.name, header.value));
            }
        }
    }
}

/// The hops to a host that has a name, a line each.
fn hops(page: &mut Page, path: &Evidence) {
    let mut line = |name: &str, fact: Fact| {
        let took = fact.took_ms.map(|ms| format!(", {}", milliseconds(ms))).unwrap_or_default();
        page.indented(4, &format!("{name} {}{took}", fact.text));
        for note in &fact.notes {
            page.indented(6, note);
        }
    };
    let proxied = matches!(path.proxy, Observed::Ran { .. });
    if proxied {
        line("proxy", facts::proxy(&path.proxy));
    } else {
        line("dns", facts::target_dns(path));
        line("tcp", facts::target_tcp(path));
    }
    line("tls", facts::tls(&path.tls));
    if let Some(why) = path.identity.withheld {
        page.indented(4, &format!("kept back: {}", words::withheld(why)));
    }
}

/// What the environment holds beside the credential that was taken.
pub(super) fn configured(page: &mut Page, configured: &Configured) {
    for half in &configured.half {
        let near = match half.near.is_empty() {
            true => String::new(),
            false => format!("; nearly so named: {}", half.near.join(", ")),
        };
        let empty = match half.empty.is_empty() {
            true => String::new(),
            false => format!("; set and empty: {}", half.empty.join(", ")),
        };
        page.words(&format!(
            "{} in part: {} set, {} missing{empty}{near}",
            half.source,
            half.set.join(", "),
            half.missing.join(", ")
        ));
    }
    if !configured.old_variables.is_empty() {
        page.words(&format!("of old SDKs, not read: {}", configured.old_variables.join(", ")));
    }
    if !configured.token_proxy.is_empty() {
        page.words(&format!("of a token proxy, not asked: {}", configured.token_proxy.join(", ")));
    }
    if let Some(authority) = &configured.authority_host {
        page.words(&format!("AZURE_AUTHORITY_HOST={authority}"));
    }
}
