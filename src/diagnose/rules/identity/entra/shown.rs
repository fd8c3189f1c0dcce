//! Facts of this machine that are shown next to Entra ID's refusal.

use super::super::acquisition::{NoToken, source};
use super::super::credential::{duration, plain_audience};
use super::super::profiles::profile;
use super::{Row, Shows, Word};
use crate::diagnose::{FindingBuilder, reading};
use crate::evidence::Evidence;
use crate::evidence::identity::TokenClaims;

const EXCHANGE: &str = "api://AzureADTokenExchange";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// The clause where our side's facts decide what it is.
pub(super) fn message(row: &Row, no: &NoToken<'_>) -> Option<String> {
    match row.shows {
        Shows::Secret if no.how.secret_is_id => {
            Some(format!("{} holds a secret's id, not its value", source(no.e)))
        }
        Shows::Secret if no.how.secret_has_blank_ends => {
            Some(format!("{} ends with a line end or begins or ends with a blank", source(no.e)))
        }
        Shows::Times => match (skew(no), expired(no)) {
            (Some(seconds), _) => Some(format!(
                "the assertion was signed by a clock that is {} wrong",
                duration(seconds.unsigned_abs())
            )),
            (None, Some(ago)) => {
                Some(format!("the assertion of {} expired {} ago", source(no.e), duration(ago)))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Seconds that this machine's clock is ahead, where that is enough to spoil an assertion that
/// this machine made itself. Another issuer writes the times of its own clock.
fn skew(no: &NoToken<'_>) -> Option<i64> {
    let own = profile(&no.how.source).signs_assertion;
    no.e.vantage.clock_ahead_s.filter(|seconds| own && seconds.unsigned_abs() >= 240)
}

/// How long ago the assertion ended, by the true time.
fn expired(no: &NoToken<'_>) -> Option<u64> {
    let ahead = no.e.vantage.clock_ahead_s.unwrap_or(0);
    let left = no.how.assertion.as_ref()?.expires_in_s?.saturating_add(ahead);
    (left < 0).then_some(left.unsigned_abs())
}

pub(super) fn shown(shows: Shows, finding: FindingBuilder, word: &Word<'_>) -> FindingBuilder {
    let no = &word.no;
    match shows {
        Shows::Nothing => finding,
        Shows::Secret if no.how.secret_is_id => finding
            .reasoning("the value has the form of an id: the portal shows one next to each secret")
            .cites("/identity/acquisition/secret_is_id"),
        Shows::Secret if no.how.secret_has_blank_ends => finding
            .reasoning("it was sent unchanged, as applications send it; no secret has such ends")
            .cites("/identity/acquisition/secret_has_blank_ends"),
        // What a program sent is not known.
        Shows::Secret if word.answer.is_none() => finding,
        Shows::Secret => finding.reasoning(
            "a secret's id in place of its value gives the same number; this value is not an id",
        ),
        Shows::Assertion | Shows::Claims => assertion(finding, no, word, shows),
        Shows::Times => times(finding, no),
        Shows::Egress => egress(finding, word),
        Shows::Foreign => foreign(finding, word),
        Shows::Wait => match word.answer.and_then(|answer| answer.header("retry-after")) {
            Some(wait) => finding.fact(format!("retry-after: {wait}")),
            None => finding,
        },
    }
}

fn assertion(
    mut finding: FindingBuilder,
    no: &NoToken<'_>,
    word: &Word<'_>,
    shows: Shows,
) -> FindingBuilder {
    let Some(claims) = &no.how.assertion else {
        return match word.answer {
            Some(_) => finding.fact("the assertion is not a JWT that can be read"),
            None => finding,
        };
    };
    for line in presented(claims) {
        finding = finding.fact(line);
    }
    finding = finding.cites("/identity/acquisition/assertion");
    // Where the assertion itself fails, Entra ID has not compared them.
    if shows == Shows::Assertion {
        finding = finding
            .reasoning("issuer, subject and audience must fit a federated credential exactly");
    }
    if word.number().is_some_and(|n| matches!(n, 70_021 | 700_213 | 7_002_138))
        && let Some(subject) = claims.subject.as_deref()
        && let Some((other, repository)) = of_github(subject)
    {
        finding = finding
            .fact(format!("the same subject {other}"))
            .reasoning(
                "possible: GitHub writes ids into the subject of repositories that were created, \
                 renamed or transferred after 2026-07-15, and of those alone; a credential in the \
                 other form does not fit, in either direction",
            )
            .inspect(
                "see the repository's ids, to compare with the credential's subject",
                format!("gh api repos/{repository} --jq '{{owner:.owner.id,repository:.id}}'"),
            );
    }
    finding
}

/// The other form of a subject of GitHub's, in words, and `OWNER/REPO` (fact X14):
/// `repo:OWNER@<id>/REPO@<id>:...` or names alone.
fn of_github(subject: &str) -> Option<(String, String)> {
    let (repository, rest) = subject.strip_prefix("repo:")?.split_once(':')?;
    let (owner, name) = repository.split_once('/')?;
    let bare = |text: &str| -> (String, bool) {
        match text.rsplit_once('@') {
            Some((bare, id)) if !id.is_empty() && id.bytes().all(|c| c.is_ascii_digit()) => {
                (bare.to_owned(), true)
            }
            _ => (text.to_owned(), false),
        }
    };
    let ((owner, ids_of_owner), (name, ids_of_name)) = (bare(owner), bare(name));
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let other = match ids_of_owner || ids_of_name {
        true => format!("with names alone: repo:{owner}/{name}:{rest}"),
        false => format!("with ids: repo:{owner}@<owner id>/{name}@<repository id>:{rest}"),
    };
    let repository = match plain(&owner) && plain(&name) {
        true => format!("{owner}/{name}"),
        false => "<owner>/<repository>".to_owned(),
    };
    Some((other, repository))
}

fn times(mut finding: FindingBuilder, no: &NoToken<'_>) -> FindingBuilder {
    if let Some(claims) = &no.how.assertion {
        finding = finding
            .fact(format!("exp {}", claims.expires.as_deref().unwrap_or("none")))
            .cites("/identity/acquisition/assertion");
    }
    let clock = no.e.vantage.clock_ahead_s;
    match (skew(no), clock) {
        (Some(seconds), _) => finding
            .reasoning(format!(
                "this machine made the assertion, and its clock is {} {} the peer's",
                duration(seconds.unsigned_abs()),
                if seconds > 0 { "ahead of" } else { "behind" }
            ))
            .cites("/vantage/clock_ahead_s")
            .inspect("see the state of the clock", "timedatectl status"),
        (None, Some(seconds)) if seconds.unsigned_abs() < 240 => finding
            .ruled_out("a clock that is wrong by minutes: the peer's time agrees with it")
            .cites("/vantage/clock_ahead_s"),
        // Another issuer made it: this machine's clock has no part in its times.
        (None, Some(_)) => finding,
        (None, None) => finding.decide_with("timedatectl status"),
    }
}

fn egress(finding: FindingBuilder, word: &Word<'_>) -> FindingBuilder {
    let Some(answer) = word.answer else {
        return finding.fact("a program made the request: its path is not known");
    };
    match answer.request.path.as_ref().and_then(|path| path.proxy.value()) {
        Some(proxy) => finding.fact(format!(
            "the request went through {}: Entra ID judges that proxy's address",
            proxy.url
        )),
        None => finding
            .fact("no proxy carried the request: Entra ID judges this network's egress address"),
    }
}

fn foreign(mut finding: FindingBuilder, word: &Word<'_>) -> FindingBuilder {
    let Some(answer) = word.answer else { return finding };
    for name in ["server", "via", "location", "x-squid-error", "proxy-authenticate"] {
        if let Some(value) = answer.header(name) {
            finding = finding.fact(format!("{name}: {value}"));
        }
    }
    if let Some(body) = answer.answer().and_then(|a| a.body_excerpt.as_deref()) {
        let words: Vec<&str> = body.split_whitespace().take(30).collect();
        finding = finding.fact(format!("body: {}", words.join(" ")));
    }
    finding
}

/// Where an issuer publishes its metadata (OpenID Connect Discovery, section 4).
pub(super) fn metadata_of(issuer: &str) -> String {
    let issuer = match reading::word(issuer) == issuer {
        true => issuer,
        false => "<issuer>",
    };
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// What was presented, each value with the form that is expected of its issuer (facts I4, I14,
/// I15).
fn presented(claims: &TokenClaims) -> Vec<String> {
    let text = |claim: &Option<String>| claim.clone().unwrap_or_else(|| "none".to_owned());
    let issuer = text(&claims.issuer);
    let form = match issuer.as_str() {
        "https://accounts.google.com" => "the service account's number (21 digits), not its name",
        GITHUB => {
            "repo:ORG/REPO:ref:refs/heads/BRANCH, :environment:NAME or :pull_request, as the job is"
        }
        text if text.contains("oic.") && text.contains("azure") => {
            "system:serviceaccount:NAMESPACE:SERVICEACCOUNT of the pod"
        }
        _ if claims.subject.as_deref().is_some_and(|s| s.starts_with("system:serviceaccount:")) => {
            "system:serviceaccount:NAMESPACE:SERVICEACCOUNT of the pod"
        }
        _ => "as the issuer writes it, capitals included",
    };
    let slash = match issuer.ends_with('/') {
        true => "with its slash at the end",
        false => "without a slash at the end",
    };
    let audience = text(&claims.audience);
    let wanted = match plain_audience(&audience) == EXCHANGE {
        true => "as it is mostly configured".to_owned(),
        false => format!("mostly wanted: {EXCHANGE}"),
    };
    vec![
        format!("presented issuer   {issuer} ({slash}: it must be exactly so)"),
        format!("presented subject  {} (form: {form})", text(&claims.subject)),
        format!("presented audience {audience} ({wanted})"),
    ]
}

/// Whether this machine's clock spoiled an assertion that the machine made itself.
pub(in crate::diagnose::rules::identity) fn clock_spoils(e: &Evidence) -> bool {
    Word::of(e).is_some_and(|word| {
        let times = word.row().is_some_and(|(_, row)| row.shows == Shows::Times);
        times && skew(&word.no).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::{metadata_of, of_github};

    #[test]
    fn a_subject_of_github_has_two_forms() {
        let (other, repository) = of_github("repo:Contoso@1234/chat@99:environment:prod").unwrap();
        assert_eq!(other, "with names alone: repo:Contoso/chat:environment:prod");
        assert_eq!(repository, "Contoso/chat");
        let (other, _) = of_github("repo:contoso/chat:ref:refs/heads/main").unwrap();
        let with_ids = "with ids: repo:contoso@<owner id>/chat@<repository id>:ref:refs/heads/main";
        assert_eq!(other, with_ids);
        let (_, repository) = of_github("repo:a$(x)/b:pull_request").unwrap();
        assert_eq!(repository, "<owner>/<repository>");
        assert!(of_github("system:serviceaccount:default:app").is_none());
    }

    #[test]
    fn metadata_stands_below_the_issuer_with_one_slash() {
        let page = "https://a.example/x/.well-known/openid-configuration";
        assert_eq!(metadata_of("https://a.example/x/"), page);
        assert_eq!(metadata_of("https://a.example/x"), page);
        assert_eq!(metadata_of("$(reboot)"), "<issuer>/.well-known/openid-configuration");
    }
}
