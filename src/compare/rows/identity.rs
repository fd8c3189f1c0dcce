//! Who is calling.

use crate::compare::row::{Item, Reading, Row, keyed, one, optional, unordered};
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{
    Acquisition, CredentialForm, CredentialKind, IdentityHop, TokenClaims, TokenOutcome, Withheld,
};
use crate::render::text;
use crate::report::Report;

pub(super) const ROWS: &[Row] = &[
    Row::new("identity.outcome", "credential in hand", outcome).outcome(),
    Row::new("identity.kind", "kind of credential", |r| one(text::credential(hop(r).kind)))
        .covered_by(&["identity.outcome"]),
    Row::new("identity.source", "source", |r| optional(hop(r).source.as_ref())),
    Row::new("identity.form", "looks like", |r| {
        one(format!("{:?}", hop(r).looks_like?).to_lowercase())
    }),
    Row::new("identity.tenant", "tenant", |r| {
        let claimed = hop(r).claims.as_ref().and_then(|claims| claims.tenant.as_ref());
        optional(claimed.or_else(|| asked(r)?.tenant.as_ref()))
    }),
    Row::new("identity.audience", "audience of the token", |r| {
        optional(claims(r)?.audience.as_ref())
    }),
    Row::new("identity.issuer", "issuer of the token", |r| optional(claims(r)?.issuer.as_ref())),
    Row::new("identity.object", "caller (object id)", |r| optional(claims(r)?.object.as_ref())),
    Row::new("identity.application", "application id", |r| {
        let claimed = hop(r).claims.as_ref().and_then(|claims| claims.application.as_ref());
        optional(claimed.or_else(|| asked(r)?.client.as_ref()))
    }),
    Row::new("identity.managed", "managed identity", |r| {
        optional(claims(r)?.managed_identity.as_ref())
    }),
    Row::new("identity.subject", "subject of the token", |r| optional(claims(r)?.subject.as_ref()))
        .covered_by(&["identity.object"]),
    Row::new("identity.caller", "kind of caller", |r| optional(claims(r)?.subject_kind.as_ref())),
    Row::new("identity.version", "version of the token", |r| optional(claims(r)?.version.as_ref())),
    Row::new("identity.roles", "roles in the token", |r| unordered(&claims(r)?.roles)),
    Row::new("identity.scopes", "scopes in the token", |r| {
        unordered(claims(r)?.scopes.iter().flat_map(|scopes| scopes.split_whitespace()))
    }),
    Row::new("identity.expired", "token by its own dates", |r| {
        let claims = claims(r)?;
        one(match (claims.expires_in_s?, claims.not_before_in_s) {
            (..=0, _) => "expired",
            (_, Some(1..)) => "not yet valid",
            _ => "valid",
        })
    })
    .outcome(),
    Row::new("identity.withheld", "credential not sent", |r| match hop(r).withheld {
        // Follows from the hop that is broken.
        Some(Withheld::NotReached | Withheld::NoToken) => None,
        Some(why) => one(text::withheld(why)),
        None => one("no"),
    }),
    Row::new("identity.trimmed", "blanks or line ends around the value", |r| {
        one(if hop(r).trimmed.is_some() { "yes" } else { "no" })
    }),
    Row::new("identity.file_mode", "file that other users can read", |r| {
        optional(hop(r).file_mode_open.as_ref())
    }),
    Row::new("identity.skipped", "other source", |r| {
        let skipped = &hop(r).skipped_sources;
        Some(skipped.iter().map(|one| Item::new(&one.source, &one.reason)).collect())
    }),
    Row::new("identity.environment", "variables of credentials", environment),
    Row::new("identity.scope", "scope that was asked for", |r| one(&asked(r)?.scope)),
    Row::new("identity.secret", "client secret", |r| {
        let asked = asked(r)?;
        one(match (asked.secret_stands_for, asked.secret_is_id, asked.secret_has_blank_ends) {
            (Some(CredentialForm::Reference), ..) => "is a reference to a vault",
            (Some(CredentialForm::Placeholder), ..) => "is a placeholder",
            (Some(_), ..) => "is no secret, by its form",
            (_, true, _) => "has the form of an id",
            (_, _, true) => "begins or ends with a blank",
            _ => "has the usual form",
        })
    }),
    Row::new("identity.assertion", "assertion", |r| {
        let asked = asked(r)?;
        let claims = asked.assertion.as_ref()?;
        let ends = if asked.assertion_has_blank_ends { ", with blanks around it" } else { "" };
        let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        one(format!(
            "issuer {}, subject {}, audience {}{ends}",
            part(&claims.issuer),
            part(&claims.subject),
            part(&claims.audience)
        ))
    }),
    Row::new("identity.sdk", "refused by the Azure SDK for Rust", |r| {
        optional(asked(r)?.sdk_refuses.as_ref())
    }),
    Row::new("identity.request", "request for a token", requests).common(),
];

fn hop(r: &Report) -> &IdentityHop {
    &r.evidence.identity
}

fn claims(r: &Report) -> Option<&TokenClaims> {
    hop(r).claims.as_ref()
}

pub(in crate::compare) fn asked(r: &Report) -> Option<&Acquisition> {
    hop(r).acquisition.as_ref()
}

/// Whether there is a credential, or why a token was not obtained.
fn outcome(r: &Report) -> Reading {
    let hop = hop(r);
    let failed = match asked(r).map(|asked| &asked.outcome) {
        None | Some(TokenOutcome::Acquired) => {
            let key = if hop.kind == CredentialKind::None { "none" } else { "some" };
            return keyed(text::credential(hop.kind), key);
        }
        Some(TokenOutcome::Refused) => match refusal(r) {
            code if code.is_empty() => "refused".to_owned(),
            code => format!("refused: {code}"),
        },
        Some(TokenOutcome::NotAnswered) => "the request was not answered".to_owned(),
        Some(
            TokenOutcome::Unusable { message }
            | TokenOutcome::NotAsked { message }
            | TokenOutcome::NotSupported { message },
        ) => message.clone(),
    };
    one(format!("no token: {failed}"))
}

/// The codes of the last refusal.
fn refusal(r: &Report) -> String {
    let requests = asked(r).map(|asked| asked.requests.as_slice()).unwrap_or_default();
    let last = requests.iter().rev().find_map(|one| one.outcome.as_ref()?.refusal.as_ref());
    let Some(refusal) = last else { return String::new() };
    let codes = refusal.codes.iter().map(|code| format!("AADSTS{code}"));
    codes.chain(refusal.error.clone()).collect::<Vec<_>>().join(" ")
}

/// Each request by its host, with the answer's status.
fn requests(r: &Report) -> Reading {
    let one = |request: &crate::evidence::identity::TokenRequest| {
        let without_scheme = request.url.split_once("://").map_or("", |(_, rest)| rest);
        let host = without_scheme.split(['/', '?']).next().unwrap_or_default();
        let ended = match request.outcome.as_ref().map(|answer| &answer.http) {
            Some(HttpOutcome::Answered { answer }) => format!("answers {}", answer.status),
            Some(other) => text::http_outcome(other),
            None => "not reached".to_owned(),
        };
        Item::new(host, ended)
    };
    Some(asked(r)?.requests.iter().map(one).collect())
}

/// Variables of credentials that are set or incomplete.
fn environment(r: &Report) -> Reading {
    let configured = &hop(r).configured;
    let incomplete = configured
        .incomplete
        .iter()
        .map(|one| format!("{} lacks {}", one.source, one.missing.join(" and ")));
    let authority = match (&configured.authority_host, configured.authority_host_empty) {
        (Some(host), _) => Some(format!("AZURE_AUTHORITY_HOST {host}")),
        (None, true) => Some("AZURE_AUTHORITY_HOST empty".to_owned()),
        (None, false) => None,
    };
    let others = configured.old_variables.iter().chain(&configured.token_proxy).cloned();
    unordered(incomplete.chain(authority).chain(others))
}
