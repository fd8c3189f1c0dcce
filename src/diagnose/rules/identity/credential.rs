//! Facts about the credential in hand, as the rules of identity need them.

use super::{az, role_missing, tenant_mismatch};
use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::{MatchedRefusal, all_refusals};
use crate::diagnose::rules::http::refusals::{Blames, text};
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::Confidence;
use crate::evidence::Evidence;
use crate::evidence::http::HttpAnswer;
use crate::evidence::identity::{CredentialKind, TokenClaims};
use crate::evidence::text::is_guid;

/// The credential in words, with its source and never with itself.
pub(super) fn credential(e: &Evidence) -> String {
    let kind = match e.identity.kind {
        CredentialKind::None => return "no credential".to_owned(),
        CredentialKind::ApiKey => "the API key",
        CredentialKind::Token => "the token",
    };
    match e.identity.source.as_deref() {
        Some(source) => format!("{kind} from {source}"),
        None => kind.to_owned(),
    }
}

/// The source of the credential, or a placeholder.
pub(super) fn source(e: &Evidence) -> &str {
    e.identity.source.as_deref().unwrap_or("<source>")
}

/// A token's claims, if the credential is a token.
pub(in crate::diagnose::rules) fn claims(e: &Evidence) -> Option<&TokenClaims> {
    e.identity.claims.as_ref().filter(|_| e.identity.kind == CredentialKind::Token)
}

/// A 401 to the credential that speaks of the credential as such: not of a role, a switched
/// off key or a gateway.
pub(super) fn rejected<'e>(e: &View<'e>) -> Option<MatchedRefusal<'e>> {
    all_refusals(e).find(|said| said.call.credential_sent && said.row.blames == Blames::Credential)
}

/// A caller or tenant that a refusal names, and that is not the one of the token that was sent: the
/// service judged the token of something in between (fact H94).
#[derive(Debug, Clone, Copy)]
pub(super) struct OtherCaller<'a> {
    /// What differs.
    what: &'static str,
    /// What the refusal names.
    named: &'a str,
    /// What the token that was sent holds.
    own: &'a str,
}

/// The other caller or tenant; none where the answer names none, or the token does not show its own.
pub(super) fn other_caller<'a>(e: &'a Evidence, answer: &'a HttpAnswer) -> Option<OtherCaller<'a>> {
    let claims = claims(e)?;
    let message = text(answer)?;
    let (what, named, own, ids) = match tenant_mismatch::token_tenant(message) {
        Some(named) => ("tenant", named, claims.tenant.as_deref()?, [None, None]),
        None => {
            let named = role_missing::named_caller(message).filter(|named| is_guid(named))?;
            let ids = [claims.application.as_deref(), claims.subject.as_deref()];
            ("caller", named, claims.object.as_deref()?, ids)
        }
    };
    let mut own_ids = [Some(own)].into_iter().chain(ids).flatten();
    let is_own = own_ids.any(|id| id.eq_ignore_ascii_case(named));
    (!is_own).then_some(OtherCaller { what, named, own })
}

impl OtherCaller<'_> {
    /// The finding with whose credential was refused, and where to look for it. What is missing, the
    /// service says; which of the two is behind it is certain only where a gateway was called.
    pub(super) fn explain(&self, e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
        let aim = host_kind(e);
        let finding = finding
            .fact(format!("the token that was sent is of {} {}", self.what, self.own))
            .reasoning(format!(
                "this is not the {} of your token: what answers at {} called the service with an \
                 identity of its own, and that one is refused; a change of the token that was sent, or \
                 of its caller's roles, does not help",
                self.what, e.target.host
            ))
            .cites("/identity/claims");
        let finding = match self.what {
            "caller" => finding.inspect("see which identity it is", az::whose(self.named).1),
            _ => finding,
        };
        match aim.is_gateway() {
            true => {
                let (words, command) = aim.keys(e);
                finding.inspect(words, command)
            }
            false => finding
                .reasoning("the host is not that of a gateway: the text may also be a copy")
                .decide_with(format!("curl -sv https://{}/ -o /dev/null", e.target.host)),
        }
    }

    /// Whose identity it is, for first lines that have no room for its id.
    pub(super) fn whose(&self, e: &Evidence) -> &'static str {
        match host_kind(e).is_gateway() {
            true => "the gateway's own identity",
            false => "another caller than the token's",
        }
    }

    /// The confidence of what the service says is missing.
    pub(super) fn confidence(&self, e: &Evidence, confidence: Confidence) -> Confidence {
        match host_kind(e).is_gateway() {
            true => confidence,
            false => Confidence::Inferred,
        }
    }
}

/// Whether the credential never reached the service: no call was made, or none carried it.
pub(super) fn never_sent(e: &Evidence) -> bool {
    e.http.value().is_none_or(|hop| hop.calls.iter().all(|call| !call.credential_sent))
}

/// Seconds from the true time to the token's end, this machine's clock corrected by the
/// peer's; negative when it is past.
pub(in crate::diagnose::rules) fn expires_in(e: &Evidence) -> Option<i64> {
    let ahead = e.vantage.clock_ahead_s.unwrap_or(0);
    claims(e)?.expires_in_s.map(|seconds| seconds.saturating_add(ahead))
}

/// Seconds from the true time to the token's begin; positive when it is still to come.
pub(in crate::diagnose::rules) fn begins_in(e: &Evidence) -> Option<i64> {
    let ahead = e.vantage.clock_ahead_s.unwrap_or(0);
    claims(e)?.not_before_in_s.map(|seconds| seconds.saturating_add(ahead))
}

/// The scope for which a token is to be asked: the preferred audience of the service.
pub(super) fn scope(e: &Evidence) -> String {
    match e.identity.wanted_audiences.first() {
        Some(audience) => reading::word(&format!("{}/.default", plain_audience(audience))),
        None => "<audience>/.default".to_owned(),
    }
}

/// An audience without the scope's end and without a trailing slash.
pub(super) fn plain_audience(audience: &str) -> &str {
    let audience = audience.strip_suffix(".default").unwrap_or(audience);
    audience.trim_end_matches('/')
}

/// Seconds in words: the two largest units.
pub(in crate::diagnose::rules) fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86400, seconds % 86400 / 3600),
    }
}

/// The command that asks the machine's own `az` login for a token and shows who it is.
pub(super) fn look_at_token(e: &Evidence) -> String {
    az::get_access_token(None, &scope(e), "\"{tenant:tenant,expires:expiresOn}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_compare_without_their_ends() {
        for audience in [
            "https://cognitiveservices.azure.com",
            "https://cognitiveservices.azure.com/",
            "https://cognitiveservices.azure.com/.default",
            "https://cognitiveservices.azure.com//.default",
        ] {
            assert_eq!(plain_audience(audience), "https://cognitiveservices.azure.com");
        }
    }

    #[test]
    fn durations_have_two_units() {
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(3_700), "1 h 1 min");
        assert_eq!(duration(90_000), "1 d 1 h");
    }
}
