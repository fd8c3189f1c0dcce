//! How a token was requested: the most important fact, and with `-v` each request with its hops.

use super::fact_lines::{self, Fact};
use super::progress::{Mark, milliseconds};
use super::text;
use super::text_writer::TextWriter;
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{
    Acquisition, Configured, CredentialForm, CredentialKind, IdentityHop, TokenClaims,
    TokenOutcome, TokenPurpose, TokenRequest,
};
use crate::evidence::{Evidence, Observed};

/// The identity line if a token was requested.
pub(super) fn fact(hop: &IdentityHop, how: &Acquisition) -> Fact {
    let source = hop.source.as_deref().unwrap_or(&how.source);
    let (mark, text) = match (&how.outcome, hop.kind) {
        (TokenOutcome::Acquired, _) => {
            let kept = if hop.withheld.is_some() { Mark::NotDone } else { Mark::Works };
            (kept, format!("Entra token ({source})"))
        }
        (_, CredentialKind::None) => {
            (Mark::NotDone, format!("no credential ({source} returns none)"))
        }
        _ => (Mark::Breaks, format!("no token ({source}): {}", failure(how))),
    };
    let notes = who(how, hop.claims.as_ref()).into_iter().collect();
    Fact { mark, text, brief: None, notes, first: 0, took_ms: Some(how.took_ms) }
}

/// Why there is no token, in short.
fn failure(how: &Acquisition) -> String {
    let last = how.requests.last();
    let place = last.map_or_else(|| "the request".to_owned(), |r| host(&r.url).to_owned());
    match &how.outcome {
        TokenOutcome::Acquired => String::new(),
        TokenOutcome::NotAsked { .. } | TokenOutcome::NotSupported { .. } => {
            "not requested".to_owned()
        }
        TokenOutcome::Unusable { .. } => format!("{place} returns none"),
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

/// The identity: application or user, its tenant, the managed identity.
fn who(how: &Acquisition, claims: Option<&TokenClaims>) -> Option<String> {
    let of = |claim: fn(&TokenClaims) -> Option<&String>| claims.and_then(claim).cloned();
    let client = of(|c| c.application.as_ref()).or_else(|| how.client.clone());
    let tenant = of(|c| c.tenant.as_ref()).or_else(|| how.tenant.clone());
    let kind = match claims.and_then(|c| c.subject_kind.as_deref()) {
        Some("user") => "user of application",
        // The only source with a client and no tenant.
        _ if how.client.is_some() && how.tenant.is_none() => "managed identity",
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
pub(super) fn block(writer: &mut TextWriter, how: &Acquisition) {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    writer.write_text(&format!("token of {}, {}", how.source, milliseconds(how.took_ms)));
    writer.write_indented(
        2,
        &format!("tenant {}, client {}", or_none(&how.tenant), or_none(&how.client)),
    );
    writer.write_indented(2, &format!("scope {}", how.scope));
    if how.secret_is_id {
        writer.write_indented(2, "the secret has the form of an id");
    }
    match how.secret_stands_for {
        Some(CredentialForm::Reference) => {
            writer.write_indented(2, "the secret is a reference to a vault");
        }
        Some(CredentialForm::Placeholder) => {
            writer.write_indented(2, "the secret is a placeholder")
        }
        Some(_) => writer.write_indented(2, "the secret is none, by its form"),
        None => {}
    }
    if how.secret_has_blank_ends {
        writer.write_indented(2, "the secret begins or ends with a blank or a line end");
    }
    if how.assertion_has_blank_ends {
        writer.write_indented(2, "the assertion's file begins or ends with a blank or a line end");
    }
    if let Some(claims) = &how.assertion {
        writer.write_indented(2, "the assertion:");
        for (name, value) in [
            ("iss", &claims.issuer),
            ("sub", &claims.subject),
            ("aud", &claims.audience),
            ("exp", &claims.expires),
        ] {
            if let Some(value) = value {
                writer.write_indented(4, &format!("{name} {value}"));
            }
        }
    }
    for one in &how.requests {
        request(writer, one);
    }
    let outcome = match &how.outcome {
        TokenOutcome::Acquired => "a token was returned".to_owned(),
        TokenOutcome::Refused => "refused".to_owned(),
        TokenOutcome::NotAnswered => "not answered".to_owned(),
        TokenOutcome::Unusable { message } => format!("no token in the answer: {message}"),
        TokenOutcome::NotAsked { message } | TokenOutcome::NotSupported { message } => {
            format!("not requested: {message}")
        }
    };
    writer.write_indented(2, &outcome);
}

fn request(writer: &mut TextWriter, one: &TokenRequest) {
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
    writer.write_indented(
        2,
        &format!("{purpose}: {} {}, {}", one.method, one.url, milliseconds(one.took_ms)),
    );
    if let Some(path) = &one.path {
        hops(writer, path);
    }
    if let Some(attempt) = &one.tcp {
        let how = text::tcp_outcome(&attempt.outcome);
        writer.write_indented(
            4,
            &format!("tcp {}: {how}, {}", attempt.address, milliseconds(attempt.took_ms)),
        );
    }
    let Some(answer) = &one.outcome else {
        writer.write_indented(4, "the request was not made");
        return;
    };
    match &answer.refusal {
        // A token is not a list of models.
        None => match &answer.http {
            HttpOutcome::Answered { answer } => {
                writer.write_indented(4, &answer.status.to_string())
            }
            other => writer.write_indented(4, &text::http_outcome(other)),
        },
        Some(refusal) => {
            let codes: Vec<String> = refusal.codes.iter().map(|c| format!("AADSTS{c}")).collect();
            let error = refusal.error.as_deref().unwrap_or("no error field");
            writer.write_indented(4, &format!("{} {error} {}", refusal.status, codes.join(" ")));
            for (name, value) in [
                ("message", &refusal.description),
                ("correlation id", &refusal.correlation_id),
                ("trace id", &refusal.trace_id),
            ] {
                if let Some(value) = value {
                    writer.write_indented(4, &format!("{name}: {value}"));
                }
            }
            for header in &refusal.headers {
                writer.write_indented(4, &format!("{}: {}", header.name, header.value));
            }
        }
    }
}

/// The hops to a host with a name, one line each.
fn hops(writer: &mut TextWriter, path: &Evidence) {
    let mut line = |name: &str, fact: Fact| {
        let took = fact.took_ms.map(|ms| format!(", {}", milliseconds(ms))).unwrap_or_default();
        writer.write_indented(4, &format!("{name} {}{took}", fact.text));
        for note in &fact.notes {
            writer.write_indented(6, note);
        }
    };
    let proxied = matches!(path.proxy, Observed::Done { .. });
    if proxied {
        line("proxy", fact_lines::proxy(&path.proxy));
    } else {
        line("dns", fact_lines::target_dns(path));
        line("tcp", fact_lines::target_tcp(path));
    }
    line("tls", fact_lines::tls(&path.tls));
    if let Some(why) = path.identity.withheld {
        writer.write_indented(4, &format!("withheld: {}", text::withheld(why)));
    }
}

/// What the environment contains besides the credential that is used.
pub(super) fn configured(writer: &mut TextWriter, configured: &Configured) {
    for half in &configured.incomplete {
        let near = match half.near_misses.is_empty() {
            true => String::new(),
            false => format!("; similar names: {}", half.near_misses.join(", ")),
        };
        let empty = match half.empty.is_empty() {
            true => String::new(),
            false => format!("; set but empty: {}", half.empty.join(", ")),
        };
        writer.write_text(&format!(
            "{} incomplete: {} set, {} missing{empty}{near}",
            half.source,
            half.set.join(", "),
            half.missing.join(", ")
        ));
    }
    if !configured.old_variables.is_empty() {
        writer
            .write_text(&format!("for old SDKs, ignored: {}", configured.old_variables.join(", ")));
    }
    if !configured.token_proxy.is_empty() {
        writer.write_text(&format!(
            "of a token proxy, not used: {}",
            configured.token_proxy.join(", ")
        ));
    }
    if let Some(authority) = &configured.authority_host {
        writer.write_text(&format!("AZURE_AUTHORITY_HOST={authority}"));
    }
}
