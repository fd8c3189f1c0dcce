//! One ticket: what was tried, what was seen, why it is this team's, and what to do.

use super::audience::{self, Subject};
use super::writer::Writer;
use super::{escape, hop_rows, tried};
use crate::diagnosis::{Confidence, Effect, Finding, Fix, State, Step};
use crate::evidence::Hop;
use crate::render::progress::Mark;
use crate::render::{azure, caveats, hop_table, human, steps};
use crate::report::Report;

/// The ticket for `team`; without one, for the team that owns the cause.
pub(super) fn write(writer: &mut Writer, report: &Report, team: Option<&str>) {
    match &report.name {
        Some(name) => write_named(writer, name, report, team),
        None => write_titled(writer, &report.verdict.line, report, team),
    }
}

/// The ticket with the target's name in its title.
pub(super) fn write_named(writer: &mut Writer, name: &str, report: &Report, team: Option<&str>) {
    write_titled(writer, &format!("{name}: {}", report.verdict.line), report, team);
}

fn write_titled(writer: &mut Writer, title: &str, report: &Report, team: Option<&str>) {
    writer.heading(1, title);
    if let Some(until) = &report.muted_until {
        writer.paragraph(&format!("Muted until {until}: does not affect the exit status."));
    }
    match audience::subject(report, team) {
        Subject::Finding(finding) => for_owner(writer, report, finding),
        Subject::Symptom(finding) => {
            let team = team.unwrap_or_default();
            let headline = in_full(finding);
            writer.paragraph(&format!(
                "Nothing here is for the {team} team to fix: {headline} is a symptom of the cause."
            ));
            for_another(writer, report);
        }
        Subject::Nothing => nothing(writer, report, team),
    }
    also(writer, report, team);
    limits(writer, report);
    footer(writer, report);
}

/// `dns (dns-zone-not-linked): the headline`.
fn in_full(finding: &Finding) -> String {
    format!("{} ({}): {}", finding.hop.name(), finding.id, finding.headline)
}

fn for_owner(writer: &mut Writer, report: &Report, finding: &Finding) {
    let team = finding.fix.as_ref().map_or("", Fix::team);
    let owner = finding.fix.as_ref().map_or("", |fix| fix.owner.as_str());
    let sure = finding.confidence.word();
    match owner.is_empty() {
        true => writer.paragraph(&format!("No team is known to own this. Confidence: {sure}.")),
        false => {
            let part = owner.strip_prefix(team).unwrap_or_default();
            writer.paragraph(&format!("For the {team} team{part}. Confidence: {sure}."));
        }
    }
    if report.verdict.cause.as_deref() != Some(finding.id.as_str()) {
        writer.paragraph(&format!(
            "This is about {}. The verdict above has another cause{}.",
            in_full(finding),
            report.cause().map(owner_of).unwrap_or_default(),
        ));
    }
    tried::section(writer, report);
    seen(writer, report, &finding.facts);
    let whose = if team.is_empty() { "the cause".into() } else { format!("for the {team} team") };
    writer.heading(2, &format!("Why this is {whose}"));
    why(writer, finding);
    decide(writer, finding);
    if let Some(fix) = &finding.fix {
        procedure(writer, report, finding, fix);
    }
    not_to_change(writer, report, finding);
}

/// `; owner: Network`.
fn owner_of(finding: &Finding) -> String {
    match &finding.fix {
        Some(fix) if !fix.owner.is_empty() => format!("; owner: {}", fix.owner),
        _ => String::new(),
    }
}

/// The report for a team that owns nothing of it.
fn nothing(writer: &mut Writer, report: &Report, team: Option<&str>) {
    match (report.cause(), team, report.verdict.state) {
        (Some(cause), Some(team), _) => {
            writer.paragraph(&match cause.confidence {
                Confidence::Proved | Confidence::Inferred => {
                    format!("Nothing here is for the {team} team.")
                }
                Confidence::Possible => format!(
                    "Nothing here is shown to be for the {team} team. The cause is not proved: what \
                     decides is below."
                ),
            });
            return for_another(writer, report);
        }
        (None, _, State::Works | State::AtRisk) => {
            let calls = report.evidence.http.value().map(|hop| hop.calls.as_slice());
            let sent = calls.unwrap_or_default().iter().any(|call| call.credential_sent);
            let caller = if sent { ", with this caller" } else { "" };
            writer.paragraph(&format!(
                "Nothing to fix. This proves the path from this machine{caller}, at this time; it \
                 does not prove other clients, subnets or resolvers."
            ));
        }
        _ => writer.paragraph(
            "No cause is known, so this is for no team yet. Change nothing because of this report.",
        ),
    }
    tried::section(writer, report);
    seen(writer, report, &[]);
}

/// The cause, for a team that does not own it.
fn for_another(writer: &mut Writer, report: &Report) {
    if let Some(cause) = report.cause() {
        let sure = cause.confidence.word();
        writer.paragraph(&format!(
            "The cause: {}{}. Confidence: {sure}.",
            in_full(cause),
            owner_of(cause)
        ));
        tried::section(writer, report);
        seen(writer, report, &cause.facts);
        if cause.confidence != Confidence::Proved {
            decide(writer, cause);
        }
    }
}

fn seen(writer: &mut Writer, report: &Report, facts: &[String]) {
    writer.heading(2, "What was seen");
    for fact in facts {
        writer.item(fact);
    }
    writer.raw_block(&hop_rows(report));
}

fn why(writer: &mut Writer, finding: &Finding) {
    match finding.confidence {
        Confidence::Proved => {}
        Confidence::Inferred => writer.paragraph("The evidence points there:"),
        Confidence::Possible => {
            writer.paragraph("Possible, and not decided by what was seen:");
        }
    }
    if finding.reasoning.is_empty() {
        writer.item(&finding.headline);
    }
    for line in &finding.reasoning {
        writer.item(line);
    }
    if !finding.ruled_out.is_empty() {
        writer.paragraph(&format!("Ruled out: {}.", finding.ruled_out.join("; ")));
    }
}

fn decide(writer: &mut Writer, finding: &Finding) {
    if finding.decide_with.is_empty() && finding.azure.is_none() {
        return;
    }
    writer.heading(2, "What would decide");
    if !finding.decide_with.is_empty() {
        writer.paragraph("These commands change nothing. They separate the causes that remain:");
    }
    for command in &finding.decide_with {
        writer.command(0, command);
    }
    if let Some(azure) = &finding.azure {
        writer.paragraph(azure);
    }
}

/// The steps before the change, the change, and the check after it.
fn procedure(writer: &mut Writer, report: &Report, finding: &Finding, fix: &Fix) {
    let changes = |step: &Step| step.effect != Effect::ReadOnly;
    let first_change = fix.steps.iter().position(changes).unwrap_or(fix.steps.len());
    // An alternative stays with the step that it replaces.
    let cut = (0..=first_change).rev().find(|at| fix.steps.get(*at).is_none_or(|step| !step.or));
    let (before, change) = fix.steps.split_at(cut.unwrap_or_default());
    writer.heading(2, "Before: look, change nothing");
    writer.paragraph(&expected_before(report, finding));
    if before.is_empty() && fix.check.is_some() {
        writer.paragraph("The check at the end shows it before the change, too.");
    }
    numbered(writer, before);
    if !change.is_empty() {
        writer.heading(2, "Fix");
        numbered(writer, change);
    }
    writer.heading(2, "After: check");
    if let Some(check) = &fix.check {
        writer.command(0, check);
    }
    let undo = if change.is_empty() { "" } else { "undo the change and " };
    writer.paragraph(&format!(
        "Then the same check from {} no longer reports {}. A fault further on, which this one hid, \
         is a new report. Otherwise {undo}reopen this ticket with the new report.",
        report.evidence.vantage.host, finding.id
    ));
}

/// What the reader sees if the diagnosis is right.
fn expected_before(report: &Report, finding: &Finding) -> String {
    let mut words =
        format!("If the diagnosis is right, what you see agrees with this: {}.", finding.headline);
    // The line of the vantage point shows where, and never what is wrong.
    if finding.hop != Hop::Vantage {
        let fact = hop_table::fact(report, finding.hop);
        words.push_str(&format!(" At {} this check saw: {}.", finding.hop.name(), fact.text));
    }
    words.push_str(" If it does not agree, change nothing and answer with what you see.");
    words
}

fn numbered(writer: &mut Writer, all: &[Step]) {
    let mut number = 0;
    for step in all {
        let mark = steps::effect(step);
        match step.or && number > 0 {
            true => writer.continued("or ", &step.text, mark),
            false => {
                number += 1;
                writer.numbered(number, &step.text, mark);
            }
        }
        if let Some(command) = &step.command {
            writer.command(3, command);
        }
        if let Effect::Shared { affects } = &step.effect {
            writer.continued_item("affects", affects);
        }
        match &step.undo {
            Some(undo) if steps::is_command(undo) => writer.continued_item_command("undo", undo),
            Some(undo) => writer.continued_item("undo", undo),
            None => {}
        }
    }
}

/// What the walk showed to be right, and what is a symptom alone.
fn not_to_change(writer: &mut Writer, report: &Report, finding: &Finding) {
    let mut lines: Vec<String> = Vec::new();
    let hops = |wanted: &dyn Fn(Hop) -> bool| -> String {
        let names = Hop::ALL.into_iter().filter(|hop| wanted(*hop)).map(Hop::name);
        names.collect::<Vec<_>>().join(", ")
    };
    // Its line shows that a credential is there, not that it is accepted.
    let works = |hop: Hop| hop != Hop::Identity && hop_table::fact(report, hop).mark == Mark::Works;
    let sound = hops(&|hop| works(hop) && hop < finding.hop);
    if !sound.is_empty() {
        lines.push(format!("{sound}: tested, nothing is wrong there"));
    }
    let later = hops(&|hop| works(hop) && hop > finding.hop);
    if !later.is_empty() {
        let at = finding.hop.name();
        let tested = if later.contains(',') { "they are" } else { "it is" };
        lines.push(format!(
            "{later}: nothing is wrong on the path as it is now; {tested} tested again when {at} \
             is fixed"
        ));
    }
    for hop in Hop::ALL {
        if let Some(cause) = hop_table::explained_by(report, hop) {
            let (name, cause) = (hop.name(), cause.name());
            lines.push(format!("{name}: a symptom of {cause}; it needs no change of its own"));
        }
    }
    let steps = finding.fix.iter().flat_map(|fix| &fix.steps);
    let mut affected: Vec<&str> = Vec::new();
    for step in steps {
        if let Effect::Shared { affects } = &step.effect
            && !affected.contains(&affects.as_str())
        {
            affected.push(affects);
            lines.push(format!("what a shared change of the fix affects as well: {affects}"));
        }
    }
    if lines.is_empty() {
        return;
    }
    writer.heading(2, "What not to change");
    for line in lines {
        writer.item(&line);
    }
}

fn also(writer: &mut Writer, report: &Report, team: Option<&str>) {
    let subject = match audience::subject(report, team) {
        Subject::Finding(finding) => Some(finding.id.as_str()),
        _ => report.verdict.cause.as_deref(),
    };
    // The cause of the verdict is named already.
    let others: Vec<&Finding> =
        report.secondary_findings().filter(|f| Some(f.id.as_str()) != subject).collect();
    if others.is_empty() {
        return;
    }
    writer.heading(2, "Also found");
    for finding in others {
        writer.item(&format!("{}{}", human::secondary_line(finding), owner_of(finding)));
    }
}

fn limits(writer: &mut Writer, report: &Report) {
    let mut lines = caveats::lines(report, true);
    let said = report.evidence.azure.as_deref();
    let missing = said.map(azure::missing).unwrap_or_default();
    lines.extend(missing.iter().map(|right| format!("the caller may not read Azure: {right}")));
    if lines.is_empty() {
        return;
    }
    writer.heading(2, "Limits");
    for line in lines {
        writer.item(&line);
    }
}

fn footer(writer: &mut Writer, report: &Report) {
    writer.raw_block("---\n");
    writer.paragraph(&human::footer(report));
    if let Some(id) = &report.verdict.cause {
        let command = format!("aoai-probe explain {id}");
        writer.raw_block(&format!("More: {}\n", escape::code(&command)));
    }
}
