//! Entra ID refuses: one table, read by the number behind AADSTS, never by its text (facts of
//! section 5.2; Microsoft asks not to rely on the texts, fact I30). Numbers that `az`
//! or `azd` print are read by the same table.

mod rows;
mod shown;
mod step;

use super::acquisition::source;
use super::acquisition::{NoToken, Refused, asked_again, authority, bare_words, level, no_token};
use super::credential::plain_audience;
use super::profiles::program;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Evidence;
use crate::evidence::identity::{TokenClaims, TokenOutcome, TokenPurpose};
use step::Do;

pub(super) use rows::RULES;
pub(super) use shown::clock_spoils;

/// One reading of a refusal.
pub(in crate::diagnose) struct Row {
    /// The numbers, each with what it means; none for the last rows. Words in braces are filled
    /// in, here and below.
    codes: &'static [(u32, &'static str)],
    /// The clause after `no token: `.
    message: &'static str,
    /// What all of its numbers mean, in sentences.
    means: &'static [&'static str],
    confidence: Confidence,
    owner: &'static str,
    /// What to do, those that only read first.
    steps: &'static [Do],
    shows: Shows,
    /// Whether it also reads answers that no number decides.
    without: Option<Without>,
}

/// What an answer lacks, for a row that reads it without a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    /// A number that has a row.
    KnownNumber,
    /// A number, and the field `error`.
    AnyNumber,
    /// Time: Entra ID is busy.
    Time,
}

impl Row {
    fn meaning(&self, number: u32) -> Option<&'static str> {
        self.codes.iter().find(|(code, _)| *code == number).map(|(_, meaning)| *meaning)
    }
}

/// Facts of this machine that are shown next to the refusal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Nothing,
    /// Whether the secret looks like an id.
    Secret,
    /// The assertion's issuer, subject and audience, each with its expected form.
    Assertion,
    /// The same, and Entra ID has not compared them: the assertion itself fails.
    Claims,
    /// The assertion's times and this machine's clock.
    Times,
    /// Where the request came from, as far as we know.
    Egress,
    /// The server that answered in place of Entra ID.
    Foreign,
    /// How long to wait.
    Wait,
}

/// Entra ID's refusal: in its answer to a request of ours, or printed by a program.
struct Word<'e> {
    no: NoToken<'e>,
    /// The numbers behind AADSTS, in order.
    codes: Vec<u32>,
    /// The answer; none where a program had it.
    answer: Option<Refused<'e>>,
    /// A program's name and what it printed.
    printed: Option<(&'static str, String)>,
}

impl<'e> Word<'e> {
    fn of(e: &'e Evidence) -> Option<Self> {
        let no = no_token(e)?;
        if let Some(answer) = no.refusal(&[TokenPurpose::Entra]) {
            let codes = answer.refusal.codes.clone();
            return Some(Self { no, codes, answer: Some(answer), printed: None });
        }
        let printed = printed(&no)?;
        let codes = numbers(&printed.1);
        (!codes.is_empty()).then_some(Self { no, codes, answer: None, printed: Some(printed) })
    }

    /// The number that decides: the first that has a row, else the first.
    fn number(&self) -> Option<u32> {
        let known = |code: &&u32| rows::of_number(**code).is_some();
        self.codes.iter().find(known).or_else(|| self.codes.first()).copied()
    }

    /// What the field `error` of the answer means by itself, and where to look.
    fn by_error(&self) -> Option<(&'static str, &'static [Do])> {
        let error = self.answer.as_ref()?.refusal.error.as_deref()?;
        let (_, meaning, looks) = rows::BY_ERROR.iter().find(|(name, ..)| *name == error)?;
        Some((meaning, looks))
    }

    /// Whether it is about the secret itself. By 7000222 the value was a secret once: not this.
    fn refuses_the_secret(&self) -> bool {
        match self.number().and_then(rows::of_number) {
            Some((id, _)) => id == "identity-secret-wrong",
            None => {
                let answer = self.answer.as_ref();
                answer.is_some_and(|a| a.refusal.error.as_deref() == Some("invalid_client"))
            }
        }
    }

    /// The row that reads it, with the id of its finding.
    fn row(&self) -> Option<(&'static str, &'static Row)> {
        self.number()
            .and_then(rows::of_number)
            .or_else(|| rows::without(self.answer.as_ref().map_or(Without::KnownNumber, lacks)))
    }
}

/// Whether Entra ID judged the client secret, and does not know it.
pub(super) fn refuses_the_secret(e: &Evidence) -> bool {
    Word::of(e).is_some_and(|word| word.refuses_the_secret())
}

/// What a program printed in place of a token, with the program's name.
fn printed(no: &NoToken<'_>) -> Option<(&'static str, String)> {
    let program = program(&no.how.source)?;
    match &no.how.outcome {
        TokenOutcome::NotAsked { message } | TokenOutcome::Unusable { message } => {
            Some((program.name, bare_words(message)))
        }
        _ => None,
    }
}

/// The finding of the first number in a text that has a row, or that of any number.
pub(in crate::diagnose) fn finding_of(text: &str) -> Option<&'static str> {
    let numbers = numbers(text);
    let known = numbers.iter().find_map(|number| rows::of_number(*number));
    let any = || rows::without(Without::KnownNumber);
    numbers.first()?;
    known.or_else(any).map(|(id, _)| id)
}

/// The numbers behind AADSTS in a text, in order.
pub(in crate::diagnose::rules::identity) fn numbers(text: &str) -> Vec<u32> {
    let digits = |rest: &str| -> Option<u32> {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    };
    text.split("AADSTS").skip(1).filter_map(digits).collect()
}

/// What an answer without a known number lacks.
fn lacks(refused: &Refused<'_>) -> Without {
    // Busy by its own message or without a body; a page would be another server's.
    let bare = refused.answer().is_some_and(|answer| answer.body_bytes == 0);
    let busy = matches!(refused.refusal.status, 429 | 503);
    let error = refused.refusal.error.as_deref();
    match (refused.refusal.codes.is_empty(), error) {
        _ if error == Some("temporarily_unavailable") => Without::Time,
        (true, None) if bare && busy => Without::Time,
        (true, None) => Without::AnyNumber,
        _ if busy => Without::Time,
        _ => Without::KnownNumber,
    }
}

/// Whether Entra ID refuses as `row` says.
pub(in crate::diagnose) fn check(
    e: &View<'_>,
    id: &str,
    row: &'static Row,
) -> Option<FindingBuilder> {
    let word = Word::of(e)?;
    word.row().filter(|(read, _)| *read == id)?;
    let no = &word.no;
    let fill = |text: &str| filled(text, &word, false);
    let again = word.answer.is_some_and(|a| asked_again(TokenPurpose::Entra, a.refusal.status));
    let level = match row.shows {
        // It passes by itself.
        Shows::Wait => Level::Risk,
        _ if again => Level::Risk,
        _ => level(e),
    };
    let message = shown::message(row, no)
        .unwrap_or_else(|| fill(row.message).replace(" )", ")").replace("( ", "("));
    let confidence = match row.shows {
        // The number proves that the secret is wrong; its form says why.
        Shows::Secret if no.how.secret_is_id || no.how.secret_has_blank_ends => {
            Confidence::Inferred
        }
        _ => row.confidence,
    };
    let finding = no.with_level(level, confidence, message);
    let mut finding = match (&word.answer, &word.printed) {
        (Some(answer), _) => answer.fact(finding),
        (None, None) => finding,
        (None, Some((program, words))) => finding
            .fact(format!("{program} says: {words}"))
            .reasoning(format!(
                "{program} prints Entra ID's number; its advice to log in again may not fit it"
            ))
            .cites("/identity/acquisition/outcome/message"),
    };
    if let Some((number, meaning)) = word.number().and_then(|n| Some((n, row.meaning(n)?))) {
        finding = finding.reasoning(format!("Entra ID's own number {number}: {}", fill(meaning)));
    }
    // Of the request that a program made, nothing is known.
    let foreign = row.shows == Shows::Foreign && word.answer.is_none();
    for means in row.means.iter().filter(|_| !foreign) {
        finding = finding.reasoning(fill(means));
    }
    let meant = word.by_error().filter(|_| row.without == Some(Without::KnownNumber));
    if let Some((meaning, _)) = meant {
        finding = finding.reasoning(fill(meaning));
    }
    if again && row.shows != Shows::Wait {
        finding = finding.reasoning("SDKs ask again at such an answer: the next may hold a token");
    }
    finding = shown::shown(row.shows, finding, &word);
    let line_end =
        no.how.assertion_has_blank_ends && !matches!(row.shows, Shows::Wait | Shows::Foreign);
    if line_end {
        finding = finding
            .fact("the assertion's file begins or ends with a blank or a line end")
            .reasoning("it was sent unchanged, as most SDKs send it; no assertion has such ends")
            .cites("/identity/acquisition/assertion_has_blank_ends");
    }
    finding = finding.owner(row.owner);
    let steps =
        || row.steps.iter().map(|step| (step, step.filled(fill, |t| filled(t, &word, true))));
    for step in meant.iter().flat_map(|(_, looks)| *looks) {
        finding = finding.step(step.filled(fill, |t| filled(t, &word, true)));
    }
    for (_, step) in steps().filter(|(step, _)| step.only_reads()) {
        finding = finding.step(step);
    }
    if line_end {
        finding = finding.step(Step::local(
            "write the assertion's file without the line end: printf %s in place of echo",
        ));
    }
    if row.shows == Shows::Secret && no.how.secret_has_blank_ends {
        finding = finding.step(Step::local(
            "take the line end out where the secret is made (printf %s in place of echo), and \
             restart what reads it",
        ));
    }
    for (_, step) in steps().filter(|(step, _)| !step.only_reads()) {
        finding = finding.step(step);
    }
    Some(finding)
}

/// A text with its words in braces filled in; in a command with nothing that a shell reads.
fn filled(text: &str, word: &Word<'_>, command: bool) -> String {
    let no = &word.no;
    let claims = no.how.assertion.as_ref();
    let claim = |get: fn(&TokenClaims) -> Option<&String>, blank: &str| {
        claims.and_then(get).cloned().unwrap_or_else(|| blank.to_owned())
    };
    let refusal = word.answer.map(|answer| answer.refusal);
    let error = refusal.and_then(|refusal| refusal.error.clone()).unwrap_or_default();
    let code = word.number().map_or(error, |code| format!("AADSTS{code}"));
    let or = |value: &Option<String>, blank: &str| value.clone().unwrap_or(blank.to_owned());
    let issuer = claim(|c| c.issuer.as_ref(), "<issuer>");
    let values = [
        ("{client}", or(&no.how.client, "<client id>")),
        ("{tenant}", or(&no.how.tenant, "<tenant>")),
        ("{source}", source(no.e).to_owned()),
        ("{host}", authority(no).to_owned()),
        ("{scope}", no.how.scope.clone()),
        ("{resource}", plain_audience(&no.how.scope).to_owned()),
        ("{metadata}", shown::metadata_of(&issuer)),
        ("{issuer}", issuer),
        ("{subject}", claim(|c| c.subject.as_ref(), "<subject>")),
        ("{audience}", claim(|c| c.audience.as_ref(), "<audience>")),
        ("{code}", code),
        ("{number}", word.number().map_or("<number>".into(), |n| n.to_string())),
        ("{status}", refusal.map(|r| r.status.to_string()).unwrap_or_default()),
        ("{again}", reading::again(no.e)),
    ];
    let mut out = String::new();
    let mut rest = text;
    // One pass: what is filled in is not looked at again.
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match values.iter().find(|(name, _)| from.starts_with(name)) {
            Some((name, value)) => {
                // Some are inside quotes: what a shell would read is left blank.
                // The command that repeats the walk is whole already.
                let whole = *name == "{again}";
                match command && !whole && reading::word(value) != *value {
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

#[cfg(test)]
mod tests {
    use super::numbers;
    use super::{Without, rows};

    #[test]
    fn a_number_has_one_row() {
        let mut seen = std::collections::BTreeSet::new();
        for (id, row) in rows::all() {
            assert!(!row.codes.is_empty() || row.without.is_some(), "{id}");
            for (code, meaning) in row.codes {
                assert!(seen.insert(code), "{code} is in two rows");
                assert!(!meaning.is_empty() && !meaning.ends_with('.'), "{code}");
            }
        }
        for what in [Without::KnownNumber, Without::AnyNumber, Without::Time] {
            assert!(rows::without(what).is_some());
        }
    }

    #[test]
    fn each_number_stands_on_its_page() {
        for (id, row) in rows::all() {
            let page = crate::diagnose::rule(id).unwrap().page();
            for (code, _) in row.codes {
                assert!(page.contains(&code.to_string()), "{code} on the page of {id}");
            }
        }
    }

    #[test]
    fn numbers_are_read_in_order_wherever_they_stand() {
        let text = "ERROR: AADSTS50076: Due to ... (AADSTS700082) AADSTS: run az login";
        assert_eq!(numbers(text), [50_076, 700_082]);
        assert!(numbers("please run az login").is_empty());
        assert!(numbers("AADSTS99999999999999").is_empty());
    }
}
