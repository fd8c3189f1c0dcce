//! What an answer means that an application printed, for people.

use colored::Color;

use super::Style;
use super::steps;
use super::text_writer::TextWriter;
use crate::diagnosis::{AnswerMeaning, ExplainedAnswer};

/// What holds for every such text.
const AS_PASTED: &str = "read as it was pasted: who sent it was not checked, and nothing was sent";

/// The first line; then each answer, the outermost first, with what it means; then the fix.
#[must_use]
pub fn render(answers: &[ExplainedAnswer], style: Style) -> String {
    let mut writer = TextWriter::new(style);
    let meanings: Vec<&AnswerMeaning> =
        answers.iter().filter_map(|answer| answer.meaning.as_ref().ok()).collect();
    match meanings.first() {
        Some(meaning) => {
            let what = match meaning.between_services {
                true => "REFUSED between services",
                false => "REFUSED",
            };
            let rest = format!(" ({}): {}", meaning.id, meaning.short);
            writer.write_headline(what, Color::Red, &rest);
        }
        None => {
            let rest = ": nothing in this answer is in the catalogue";
            writer.write_headline("CANNOT TELL", Color::Yellow, rest);
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
    for (number, answer) in answers.iter().enumerate() {
        one(&mut writer, answer, number > 0);
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
    for meaning in meanings {
        writer.write_closing(&format!("aoai-probe explain {}", meaning.id), "");
    }
    writer.finish()
}

fn one(writer: &mut TextWriter, answer: &ExplainedAnswer, inside: bool) {
    writer.set_label(if inside { "inside" } else { "answer" });
    writer.write_text(&answer.line);
    let meaning = match &answer.meaning {
        Ok(meaning) => meaning,
        Err(why) => return writer.write_text(why),
    };
    writer.set_label("means");
    let how = if meaning.by_text { "" } else { ", by its status alone" };
    writer.write_text(&format!("{} ({}){how}", meaning.title, meaning.id));
    for cause in meaning.causes {
        writer.write_after("- ", cause);
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
