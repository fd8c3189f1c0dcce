//! Entra ID refuses: one table, read by the number behind AADSTS, never by its text (facts of
//! section 5.2; Microsoft asks not to rely on the texts, fact I30).

mod rows;

use super::acquisition::{NoToken, Refused, asked_again, authority, level, no_token, source};
use super::credential::{duration, plain_audience};
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::identity::{TokenClaims, TokenPurpose};
use crate::evidence::{Evidence, Hop};

pub(super) use rows::RULES;

/// One reading of a refusal.
struct Row {
    id: &'static str,
    /// The numbers; none for the last rows.
    codes: &'static [u32],
    /// The clause after `no token: `. Words in braces are filled in, here and below.
    says: &'static str,
    /// What it means, in sentences.
    means: &'static [&'static str],
    sure: Sure,
    owner: &'static str,
    /// What to look at: words and command.
    look: &'static [(&'static str, &'static str)],
    /// What to do, in words.
    steps: &'static [&'static str],
    /// What to change: words and command.
    change: &'static [(&'static str, &'static str)],
    shows: Shows,
}

/// What of our side stands beside the refusal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Nothing,
    /// Whether the secret looks like an id.
    Secret,
    /// The assertion's issuer, subject and audience, each beside its expected form.
    Assertion,
    /// The assertion's times and this machine's clock.
    Times,
    /// Where the request came from, as far as we know.
    Egress,
    /// Who answered in place of Entra ID.
    Foreign,
    /// How long to wait.
    Wait,
}

const EXCHANGE: &str = "api://AzureADTokenExchange";

/// The row of a refusal by Entra ID: the first number that has one.
fn row_of(refused: &Refused<'_>) -> &'static Row {
    let by_number = |code: &u32| rows::ROWS.iter().find(|row| row.codes.contains(code)).copied();
    if let Some(row) = refused.refusal.codes.iter().find_map(by_number) {
        return row;
    }
    // Busy in its own words or without a body; a page would be somebody else's.
    let bare = refused.answer().is_some_and(|answer| answer.body_bytes == 0);
    let error = refused.refusal.error.as_deref();
    match (refused.refusal.codes.is_empty(), error) {
        _ if error == Some("temporarily_unavailable") => &rows::THROTTLED,
        (true, None) if bare && matches!(refused.refusal.status, 429 | 503) => &rows::THROTTLED,
        (true, None) => &rows::FOREIGN,
        _ if matches!(refused.refusal.status, 429 | 503) => &rows::THROTTLED,
        _ => &rows::OTHER,
    }
}

fn check(e: &Evidence, row: &'static Row) -> Option<Because> {
    let no = no_token(e)?;
    let refused = no.refusal(&[TokenPurpose::Entra])?;
    if row_of(&refused).id != row.id {
        return None;
    }
    let fill = |text: &str| filled(text, &no, &refused, false);
    let again = asked_again(TokenPurpose::Entra, refused.refusal.status);
    let level = match row.shows {
        // It passes by itself.
        Shows::Wait => Level::Risk,
        _ if again => Level::Risk,
        _ => level(e),
    };
    let says = says(row, &no).unwrap_or_else(|| fill(row.says).replace(" )", ")"));
    let sure = match row.shows {
        // The number proves that the secret is wrong; its form says why.
        Shows::Secret if no.how.secret_is_id || no.how.secret_has_blank_ends => Sure::Inferred,
        _ => row.sure,
    };
    let mut because = refused.seen(no.weighing(level, sure, says));
    for means in row.means {
        because = because.known_by(fill(means));
    }
    if again && row.shows != Shows::Wait {
        because = because.known_by("SDKs ask again at such an answer: the next may hold a token");
    }
    because = shown(row.shows, because, &no, &refused);
    if no.how.assertion_has_blank_ends && !matches!(row.shows, Shows::Wait | Shows::Foreign) {
        because = because
            .seen("the assertion's file begins or ends with a blank or a line end")
            .known_by("it was sent as it stands, as most SDKs send it; no assertion has such ends")
            .read_at("/identity/acquisition/assertion_has_blank_ends")
            .step("write the file without the line end: printf %s in place of echo");
    }
    because = because.owner(row.owner);
    for (says, command) in row.look {
        because = because.look(fill(says), filled(command, &no, &refused, true));
    }
    let (instead, first): (Vec<&&str>, Vec<&&str>) =
        row.steps.iter().partition(|step| step.starts_with("or "));
    for step in first {
        because = because.step(fill(step));
    }
    for (says, command) in row.change {
        because = because.change(fill(says), filled(command, &no, &refused, true));
    }
    for step in instead {
        because = because.step(fill(step));
    }
    Some(because)
}

/// The clause where our side's facts decide what it is.
fn says(row: &Row, no: &NoToken<'_>) -> Option<String> {
    match row.shows {
        Shows::Secret if no.how.secret_is_id => {
            Some(format!("{} holds a secret's id, not its value", source(no.e)))
        }
        Shows::Secret if no.how.secret_has_blank_ends => {
            Some(format!("{} ends with a line end or begins or ends with a blank", source(no.e)))
        }
        Shows::Times => match (skew(no.e), expired(no)) {
            (Some(seconds), _) => Some(format!("this machine's clock is {} wrong", apart(seconds))),
            (None, Some(ago)) => {
                Some(format!("the assertion of {} expired {} ago", source(no.e), duration(ago)))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Seconds that this machine's clock is ahead, where that is enough to spoil an assertion.
fn skew(e: &Evidence) -> Option<i64> {
    e.vantage.clock_ahead_s.filter(|seconds| seconds.unsigned_abs() >= 240)
}

/// How long ago the assertion ended, by the true time.
fn expired(no: &NoToken<'_>) -> Option<u64> {
    let ahead = no.e.vantage.clock_ahead_s.unwrap_or(0);
    let left = no.how.assertion.as_ref()?.expires_in_s?.saturating_add(ahead);
    (left < 0).then_some(left.unsigned_abs())
}

fn apart(seconds: i64) -> String {
    duration(seconds.unsigned_abs())
}

fn shown(shows: Shows, mut because: Because, no: &NoToken<'_>, refused: &Refused<'_>) -> Because {
    match shows {
        Shows::Nothing => because,
        Shows::Secret if no.how.secret_is_id => because
            .known_by("the value has the form of an id: the portal shows one beside each secret")
            .read_at("/identity/acquisition/secret_is_id"),
        Shows::Secret if no.how.secret_has_blank_ends => because
            .known_by("it was sent as it stands, as applications send it; no secret has such ends")
            .read_at("/identity/acquisition/secret_has_blank_ends")
            .step("take the line end out: printf %s in place of echo where the secret is made"),
        Shows::Secret => because.known_by(
            "a secret's id in place of its value has the same number; this value is no id",
        ),
        Shows::Assertion => {
            let Some(claims) = &no.how.assertion else {
                return because.seen("the assertion is no JWT that can be read");
            };
            for line in presented(claims) {
                because = because.seen(line);
            }
            because
                .known_by("issuer, subject and audience must fit a federated credential exactly")
                .read_at("/identity/acquisition/assertion")
        }
        Shows::Times => {
            if let Some(claims) = &no.how.assertion {
                because = because
                    .seen(format!("exp {}", claims.expires.as_deref().unwrap_or("none")))
                    .read_at("/identity/acquisition/assertion");
            }
            match skew(no.e) {
                Some(seconds) => because
                    .known_by(format!(
                        "this machine's clock is {} {} the peer's",
                        apart(seconds),
                        if seconds > 0 { "ahead of" } else { "behind" }
                    ))
                    .read_at("/vantage/clock_ahead_s")
                    .look("see the state of the clock", "timedatectl status"),
                None if no.e.vantage.clock_ahead_s.is_some() => because
                    .ruled_out("a clock that is wrong by minutes: the peer's time agrees with it")
                    .read_at("/vantage/clock_ahead_s"),
                None => because.tells_it("timedatectl status"),
            }
        }
        Shows::Egress => {
            let through = refused.request.path.as_ref().and_then(|path| path.proxy.saw());
            match through {
                Some(proxy) => because.seen(format!(
                    "the request went through {}: Entra ID judges that proxy's address",
                    proxy.url
                )),
                None => because.seen(
                    "no proxy carried the request: Entra ID judges this network's egress address",
                ),
            }
        }
        Shows::Foreign => {
            for name in ["server", "via", "location", "x-squid-error", "proxy-authenticate"] {
                if let Some(value) = refused.header(name) {
                    because = because.seen(format!("{name}: {value}"));
                }
            }
            if let Some(body) = refused.answer().and_then(|a| a.body_excerpt.as_deref()) {
                let words: Vec<&str> = body.split_whitespace().take(30).collect();
                because = because.seen(format!("body: {}", words.join(" ")));
            }
            because
        }
        Shows::Wait => match refused.header("retry-after") {
            Some(wait) => because.seen(format!("retry-after: {wait}")),
            None => because,
        },
    }
}

/// What was presented, each value beside the form that is expected of its issuer (facts I4, I14,
/// I15).
fn presented(claims: &TokenClaims) -> Vec<String> {
    let text = |claim: &Option<String>| claim.clone().unwrap_or_else(|| "none".to_owned());
    let issuer = text(&claims.issuer);
    let form = match issuer.as_str() {
        "https://accounts.google.com" => "the service account's number (21 digits), not its name",
        "https://token.actions.githubusercontent.com" => {
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
        format!("presented issuer   {issuer} ({slash}: it must stand so)"),
        format!("presented subject  {} (form: {form})", text(&claims.subject)),
        format!("presented audience {audience} ({wanted})"),
    ]
}

/// A text with its words in braces filled in; in a command with nothing that a shell reads.
fn filled(text: &str, no: &NoToken<'_>, refused: &Refused<'_>, command: bool) -> String {
    // A whole command, whose words are quoted already.
    if command && text == "{again}" {
        return reading::again(no.e);
    }
    let claims = no.how.assertion.as_ref();
    let claim = |get: fn(&TokenClaims) -> Option<&String>| {
        claims.and_then(get).cloned().unwrap_or_else(|| "<unknown>".to_owned())
    };
    let code = refused.refusal.codes.first().map_or_else(
        || refused.refusal.error.clone().unwrap_or_default(),
        |code| format!("AADSTS{code}"),
    );
    let or = |value: &Option<String>, blank: &str| value.clone().unwrap_or(blank.to_owned());
    let values = [
        ("{client}", or(&no.how.client, "<client id>")),
        ("{tenant}", or(&no.how.tenant, "<tenant>")),
        ("{source}", source(no.e).to_owned()),
        ("{host}", authority(no).to_owned()),
        ("{scope}", no.how.scope.clone()),
        ("{resource}", plain_audience(&no.how.scope).to_owned()),
        ("{issuer}", claim(|c| c.issuer.as_ref())),
        ("{subject}", claim(|c| c.subject.as_ref())),
        ("{audience}", claim(|c| c.audience.as_ref())),
        ("{code}", code),
        ("{number}", refused.refusal.codes.first().map_or("<number>".into(), u32::to_string)),
        ("{status}", refused.refusal.status.to_string()),
    ];
    let mut out = String::new();
    let mut rest = text;
    // One pass: what is filled in is not looked at again.
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match values.iter().find(|(name, _)| from.starts_with(name)) {
            Some((name, value)) => {
                // Some stand inside quotes: what a shell would read is left blank.
                match command && reading::word(value) != *value {
                    true => out.push_str(&format!("<{}>", &name[1..name.len() - 1])),
                    false => out.push_str(value),
                }
                rest = &from[name.len()..];
            }
            None => {
                out.push('{');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

const fn rule(
    row: &'static Row,
    title: &'static str,
    page: &'static str,
    check: fn(&Evidence) -> Option<Because>,
) -> Rule {
    Rule { id: row.id, hop: Hop::Identity, title, page, explains: &[], check }
}

#[cfg(test)]
mod tests {
    use super::rows::{FOREIGN, OTHER, ROWS};

    #[test]
    fn a_number_has_one_row() {
        let mut seen = std::collections::BTreeSet::new();
        for row in ROWS {
            assert!(!row.codes.is_empty(), "{}", row.id);
            for code in row.codes {
                assert!(seen.insert(code), "{code} stands twice");
            }
        }
        assert!(OTHER.codes.is_empty() && FOREIGN.codes.is_empty());
    }
}
