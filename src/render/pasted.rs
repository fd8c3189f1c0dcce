//! What an answer means that an application printed: for people, and as JSON.

use colored::Color;
use serde::Serialize;

use super::steps;
use super::text_writer::TextWriter;
use super::{Style, json};
use crate::diagnosis::{AnswerMeaning, CallEnd, Confidence, ExplainedAnswer, Fix, PastedKind};

/// The version of the JSON; its minor number grows with each field that is added.
const ANSWER_VERSION: &str = "1.2";

/// What holds for every such text.
const AS_PASTED: &str = "read as it was pasted: who sent it was not checked, and nothing was sent";

/// The same of lookups.
const OF_LOOKUPS: &str = "of a lookup, \"this machine\" is the one that made it";

/// Columns of the first line at most.
const HEADLINE: usize = 100;

/// The whole JSON of a pasted text (docs/answers.md).
#[derive(Serialize)]
struct Explained<'a> {
    answer_version: &'static str,
    /// Whether the meaning of any answer is known.
    known: bool,
    /// The answer itself, then what it quotes.
    answers: Vec<Answer<'a>>,
}

/// One answer.
#[derive(Serialize)]
struct Answer<'a> {
    /// Status, code and message on one line.
    answer: &'a str,
    /// What of it was printed.
    kind: &'static str,
    /// What it means, if that is known.
    meaning: Option<Meaning<'a>>,
    /// Why it is not known.
    unknown: Option<&'static str>,
    /// Where its call ended, where that is all that is known.
    ended_at: Option<&'static str>,
}

/// What one answer means.
#[derive(Serialize)]
struct Meaning<'a> {
    finding: &'static str,
    title: &'static str,
    confidence: Confidence,
    read_by: &'static str,
    leg: Leg<'a>,
    refused: &'a str,
    causes: &'a [&'static str],
    testable: &'a str,
    reasoning: &'a [String],
    fix: Option<&'a Fix>,
}

/// The call that was refused.
#[derive(Serialize)]
struct Leg<'a> {
    caller: &'a str,
    callee: &'a str,
    between_services: bool,
}

/// Pretty JSON with a line feed at its end.
///
/// # Errors
///
/// Those of `serde_json`: none are known for answers.
pub fn to_json(answers: &[ExplainedAnswer]) -> Result<String, serde_json::Error> {
    let known = answers.iter().any(|answer| answer.meaning.is_ok());
    let answers = answers.iter().map(Answer::of).collect();
    let explained = Explained { answer_version: ANSWER_VERSION, known, answers };
    Ok(json::escape(&crate::report::json::pretty(&explained)?) + "\n")
}

impl<'a> Answer<'a> {
    fn of(explained: &'a ExplainedAnswer) -> Self {
        Self {
            answer: &explained.line,
            kind: explained.kind.name(),
            meaning: explained.meaning.as_ref().ok().map(Meaning::of),
            unknown: explained.meaning.as_ref().err().map(|why| why.words),
            ended_at: ended(explained).map(|end| end.place),
        }
    }
}

impl<'a> Meaning<'a> {
    fn of(meaning: &'a AnswerMeaning) -> Self {
        let finding = meaning.finding.as_ref();
        Self {
            finding: meaning.id,
            title: meaning.title,
            confidence: meaning.confidence,
            read_by: if meaning.by_text { "text" } else { "status" },
            leg: Leg {
                caller: &meaning.caller,
                callee: &meaning.callee,
                between_services: meaning.between_services,
            },
            refused: &meaning.refused,
            causes: meaning.causes,
            testable: &meaning.testable,
            reasoning: finding.map_or(&[], |finding| &finding.reasoning),
            fix: finding.and_then(|finding| finding.fix.as_ref()),
        }
    }
}

/// The first line; then each answer, the outermost first, with what it means; then the fix.
#[must_use]
pub fn render(answers: &[ExplainedAnswer], style: Style) -> String {
    let mut writer = TextWriter::new(style);
    let meanings: Vec<&AnswerMeaning> =
        answers.iter().filter_map(|answer| answer.meaning.as_ref().ok()).collect();
    match meanings.first() {
        Some(meaning) => {
            let (what, color) = match (meaning.is_answer, meaning.between_services) {
                (false, _) if meaning.is_risk => ("AT RISK", Color::Yellow),
                (false, _) => ("FAILED", Color::Red),
                (true, true) => ("REFUSED between services", Color::Red),
                (true, false) => ("REFUSED", Color::Red),
            };
            // A lookup has its own server and address.
            let own = meaning.finding.as_ref().filter(|_| answers[0].kind != PastedKind::Answer);
            let rest = |words: &str| format!(" ({}): {words}", meaning.id);
            let own = own.map(|finding| rest(&finding.headline));
            let own = own.filter(|rest| what.len() + rest.len() <= HEADLINE);
            writer.write_headline(what, color, &own.unwrap_or_else(|| rest(meaning.short)));
        }
        None => {
            let what = "CANNOT TELL";
            let is_answer = |answer: &ExplainedAnswer| answer.kind == PastedKind::Answer;
            let rest = match answers.iter().find_map(ended) {
                Some(end) => {
                    let before = format!(" ({}): ", end.place);
                    let columns = HEADLINE - what.len() - before.len();
                    before + first_clauses(end.shown, columns)
                }
                None if !answers.iter().any(is_answer) => {
                    ": what was pasted shows no cause".to_owned()
                }
                None => ": nothing in this answer is in the catalogue".to_owned(),
            };
            writer.write_headline(what, Color::Yellow, &rest);
        }
    }
    writer.write_blank_line();
    // The outermost finding with steps: what an answer inside means is an explanation of it.
    let finding = meanings.iter().find_map(|meaning| meaning.finding.as_ref());
    if let Some(finding) = finding {
        steps::owner(&mut writer, finding);
        steps::do_now(&mut writer, finding);
        writer.write_blank_line();
    }
    let mut inside = false;
    for answer in answers {
        one(&mut writer, answer, inside);
        inside |= answer.kind == PastedKind::Answer;
    }
    match (finding, meanings.first()) {
        (Some(finding), _) => {
            writer.write_blank_line();
            writer.set_label("why");
            for sentence in finding.reasoning.iter().filter(|text| !is_shown(&meanings, text)) {
                writer.write_after("- ", sentence);
            }
            if let Some(fix) = &finding.fix {
                steps::fix(&mut writer, fix);
            }
        }
        (None, Some(meaning)) => {
            writer.write_blank_line();
            writer.write_rendered(part(meaning.page, "What it means"));
            writer.write_blank_line();
            writer.write_rendered(part(meaning.page, "Fix"));
        }
        (None, None) => {}
    }
    writer.write_blank_line();
    writer.write_heading(AS_PASTED);
    if finding.is_some() && answers.iter().any(|answer| answer.kind == PastedKind::Lookup) {
        writer.write_heading(OF_LOOKUPS);
    }
    for meaning in meanings {
        writer.write_closing(&format!("aoai-probe explain {}", meaning.id), "");
    }
    writer.finish()
}

/// As much of a sentence as fits, up to the end of a clause.
fn first_clauses(sentence: &str, columns: usize) -> &str {
    let ends = sentence.match_indices([':', ',', ';']).map(|(at, _)| at);
    let last = ends.chain([sentence.len()]).rfind(|end| *end <= columns);
    last.map_or("the call ended there", |end| &sentence[..end])
}

/// Where a call ended that nothing else is known of.
fn ended(answer: &ExplainedAnswer) -> Option<CallEnd> {
    answer.meaning.as_ref().err()?.end
}

fn one(writer: &mut TextWriter, answer: &ExplainedAnswer, inside: bool) {
    let of_tool = answer.kind != PastedKind::Answer;
    writer.set_label(match answer.kind {
        PastedKind::Answer if inside => "inside",
        // The column of labels is narrow.
        PastedKind::Certificate => "shown",
        kind => kind.name(),
    });
    writer.write_text(&answer.line);
    let meaning = match &answer.meaning {
        Ok(meaning) => meaning,
        Err(why) => return writer.write_text(why.words),
    };
    writer.set_label("means");
    if let (true, Some(finding)) = (of_tool, &meaning.finding) {
        writer.write_text(&format!("{} ({})", finding.headline, meaning.id));
        writer.set_label("tests");
        return writer.write_text(&meaning.testable);
    }
    let how = if meaning.by_text { "" } else { ", by its status alone" };
    writer.write_text(&format!("{} ({}){how}", meaning.title, meaning.id));
    for cause in meaning.causes {
        writer.write_after("- ", cause);
    }
    if of_tool {
        writer.set_label("tests");
        return writer.write_text(&meaning.testable);
    }
    writer.set_label("call");
    writer.write_text(&format!("from {} to {}", meaning.caller, meaning.callee));
    writer.set_label("refused");
    writer.write_text(&meaning.refused);
    // A call inside another one is no more testable than that one.
    if !inside {
        writer.set_label("tests");
        writer.write_text(&meaning.testable);
    }
}

/// Whether a sentence is shown next to its answer.
fn is_shown(meanings: &[&AnswerMeaning], sentence: &str) -> bool {
    meanings.iter().any(|meaning| meaning.testable == sentence)
}

/// A part of a page, its heading included.
fn part<'p>(page: &'p str, heading: &str) -> &'p str {
    let start = page.find(&format!("## {heading}\n")).unwrap_or(page.len());
    let rest = &page[start..];
    let end = rest.get(3..).and_then(|rest| rest.find("\n## ")).map_or(rest.len(), |at| at + 4);
    &rest[..end]
}
