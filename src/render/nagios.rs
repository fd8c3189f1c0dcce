//! The output of a Nagios plugin: `AOAI CRITICAL: <cause> | <perfdata>`, then long text.
//!
//! Grammar of the Monitoring Plugins guidelines and of Nagios 4's plugin API. The exit status
//! of the tool is Nagios's already.

use crate::sorting;
use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Style, escape, hop_table, human, text, titles};
use crate::diagnosis::State;
use crate::evidence::Hop;
use crate::report::{ExitStyle, Report, worst};

/// The start of every output.
const PREFIX: &str = "AOAI ";

/// What Nagios 4 keeps of a plugin's output, in bytes (`MAX_PLUGIN_OUTPUT_LENGTH`), less a reserve
/// for what an agent adds.
const MAX_BYTES: usize = 8000;

/// Bytes of it for performance data: what is cut in the middle is read wrongly.
const MAX_PERFDATA_BYTES: usize = 3500;

/// Bytes of the first line before its `|`.
const MAX_HEADLINE_BYTES: usize = 700;

/// The plugin's output: one target with its whole report, several as a tree, the worst first.
#[must_use]
pub fn render(reports: &[Report]) -> String {
    let (headline, long) = match reports {
        [one] => (format!("{PREFIX}{}: {}", word(one), cause(one)), of_one(one)),
        several => (summary(several), tree(several)),
    };
    // Nagios replaces each semicolon in the first line by a colon, which would change the meaning.
    let mut out = bounded(plain(&headline).replace(';', ","), MAX_HEADLINE_BYTES);
    let perfdata = perfdata(reports);
    if !perfdata.is_empty() {
        out.push_str(" | ");
        out.push_str(&perfdata);
    }
    out.push('\n');
    const CUT: &str = "[...] (truncated: see aoai-probe --format human)\n";
    for line in long.lines().map(|line| plain(line.trim_end())) {
        if out.len() + line.len() + 1 + CUT.len() > MAX_BYTES {
            out.push_str(CUT);
            break;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Whether a text is output of this format.
#[must_use]
pub fn is_output(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The output with the word for the status of the run, which includes targets that could not be
/// walked, followed by the run's messages; and the status as Nagios defines it.
#[must_use]
pub fn with_status(output: &str, exit: u8, messages: &str) -> (String, u8) {
    let exit = match exit {
        0..=3 => exit,
        // `--exit-style hop`.
        10..=60 => 2,
        _ => 3,
    };
    let rest = output.strip_prefix(PREFIX).unwrap_or(output);
    let (_, rest) = rest.split_once(':').unwrap_or(("", rest));
    let mut out = format!("{PREFIX}{}:{rest}", status(exit));
    for line in messages.lines().take(20) {
        out.push_str(&bounded(plain(line), MAX_HEADLINE_BYTES));
        out.push('\n');
    }
    (out, exit)
}

/// The output if the run could not start: UNKNOWN, with the reason.
#[must_use]
pub fn unknown(why: &str) -> String {
    let mut lines = why.lines().filter(|line| !line.trim().is_empty()).map(plain);
    let first = lines.next().unwrap_or_default();
    let first = first.trim_start_matches("aoai-probe: ").trim_start_matches("error: ");
    let mut out = format!("{PREFIX}UNKNOWN: {}\n", bounded(first.to_owned(), MAX_HEADLINE_BYTES));
    for line in lines.take(20) {
        out.push_str(&bounded(line, MAX_HEADLINE_BYTES));
        out.push('\n');
    }
    out
}

/// Nagios's word for a report's state.
const fn word(report: &Report) -> &'static str {
    status(report.exit_status(ExitStyle::State))
}

const fn status(status: u8) -> &'static str {
    match status {
        0 => "OK",
        1 => "WARNING",
        2 => "CRITICAL",
        _ => "UNKNOWN",
    }
}

/// The verdict's line without our word for the state: `dns (dns-zone-not-linked): ...`; whole
/// where a target is muted, since the status says nothing then.
fn cause(report: &Report) -> Cow<'_, str> {
    let line = report.verdict.line.as_str();
    if let Some(until) = &report.muted_until {
        return format!("muted until {until}: {line}").into();
    }
    report.verdict.headline().into()
}

/// Text without characters that have a meaning in plugin output: `|` would start performance data.
fn plain(text: &str) -> String {
    escape(text).replace('|', "\u{a6}")
}

/// The first `most` bytes, whole characters.
fn bounded(text: String, most: usize) -> String {
    match text.char_indices().find(|(at, c)| at + c.len_utf8() > most) {
        None => text,
        Some((at, _)) => format!("{} [...]", &text[..at]),
    }
}

fn of_one(report: &Report) -> String {
    let text = human::render(std::slice::from_ref(report), Style::default());
    text.split_once('\n').map(|(_, body)| body.trim_start_matches('\n').to_owned()).unwrap_or(text)
}

/// The number of targets in each state, and the cause of the worst one.
fn summary(reports: &[Report]) -> String {
    let (muted, not_muted): (Vec<&Report>, Vec<&Report>) =
        reports.iter().partition(|report| report.muted_until.is_some());
    let count = |state: State| not_muted.iter().filter(|r| r.verdict.state == state).count();
    let mut parts: Vec<String> = [
        (State::Broken, "broken"),
        (State::CannotTell, "cannot be judged"),
        (State::AtRisk, "at risk"),
        (State::Works, "works"),
    ]
    .into_iter()
    .filter(|(state, _)| count(*state) > 0)
    .map(|(state, word)| match (count(state), state) {
        (several, State::Works) if several > 1 => format!("{several} work"),
        (number, _) => format!("{number} {word}"),
    })
    .collect();
    if !muted.is_empty() {
        parts.push(format!("{} muted", muted.len()));
    }
    let all = status(worst(reports, ExitStyle::State));
    let mut text = format!(
        "{PREFIX}{all}: {}: {}",
        text::count(reports.len() as u64, "target"),
        parts.join(", ")
    );
    let first = sorted(reports).into_iter().next();
    if let Some((title, report)) = first.filter(|(_, r)| r.severity_rank() < State::Works.weight())
    {
        text.push_str(&format!(". {title}: {}", cause(report)));
    }
    text
}

/// Titles and reports, the worst first, else in their order.
fn sorted(reports: &[Report]) -> Vec<(String, &Report)> {
    let mut all: Vec<(String, &Report)> = titles(reports).into_iter().zip(reports).collect();
    sorting::by_key(&mut all, |(_, report)| report.severity_rank());
    all
}

/// Every target under its state, as the Monitoring Plugins' own trees look.
fn tree(reports: &[Report]) -> String {
    let mut text = String::new();
    for (title, report) in sorted(reports) {
        // A line feed in a name would start a new line.
        let line = format!("\\_ [{}] {}: {}", word(report), escape(&title), escape(&cause(report)));
        text.push_str(&line);
        text.push('\n');
        let fix = report.cause().and_then(|finding| finding.fix.as_ref());
        if let Some((fix, step)) = fix.and_then(|fix| Some((fix, fix.steps.first()?))) {
            text.push_str(&format!(
                "    \\_ fix: {}: {}\n",
                escape(&fix.owner),
                escape(&step.text)
            ));
        }
    }
    text
}

/// Times of the walk and of each hop, with the deadline as their maximum; days of the certificate.
fn perfdata(reports: &[Report]) -> String {
    let mut taken = BTreeSet::new();
    let mut all = String::new();
    for (title, report) in titles(reports).iter().zip(reports) {
        let prefix = match reports.len() {
            1 => String::new(),
            _ => format!("{}::", free(&label(title), &mut taken)),
        };
        let one = of_target(report, &prefix);
        if all.len() + one.len() + 1 > MAX_PERFDATA_BYTES {
            break;
        }
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(&one);
    }
    all
}

#[expect(clippy::cast_precision_loss, reason = "deadlines are some thousand ms")]
fn of_target(report: &Report, prefix: &str) -> String {
    let e = &report.evidence;
    let (timeout, deadline) = (e.options.timeout_ms as f64, e.options.deadline_ms as f64);
    let time = |label: &str, took_ms: f64, most_ms: f64| {
        format!("'{prefix}{label}'={}s;;;0;{}", seconds(took_ms), seconds(most_ms))
    };
    let mut parts = vec![time("time", e.cost.took_ms, deadline)];
    for hop in Hop::ALL {
        if let Some(took_ms) = hop_table::fact(report, hop).took_ms {
            parts.push(time(hop.name(), took_ms, timeout));
        }
    }
    if let Some(leaf) = e.tls.value().and_then(|hop| hop.chain.first()) {
        parts.push(format!("'{prefix}certificate_days'={};;;;", leaf.days_left));
    }
    parts.join(" ")
}

/// Seconds in decimal notation, to a tenth of a millisecond.
fn seconds(ms: f64) -> String {
    let ms = if ms.is_finite() { ms.max(0.0) } else { 0.0 };
    let text = format!("{:.4}", ms / 1e3);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A name as a label, without quotes, `=` or other special characters.
fn label(title: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    title.chars().take(60).map(|c| if fits(c) { c } else { '_' }).collect()
}

fn free(label: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{label}_{number}"));
    let all = std::iter::once(label.to_owned()).chain(numbered);
    let free = all.into_iter().find(|label| !taken.contains(label)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_and_a_point() {
        assert_eq!(seconds(40.12), "0.0401");
        assert_eq!(seconds(5000.0), "5");
        assert_eq!(seconds(-1.0), "0");
        assert_eq!(seconds(f64::NAN), "0");
        assert_eq!(seconds(1e15), "1000000000000");
    }

    #[test]
    fn the_word_is_that_of_the_status() {
        let output = "AOAI OK: 2 targets: 2 work | 'a::time'=1s;;;0;30\n\\_ [OK] a: x\n";
        let (text, exit) = with_status(output, 130, "aoai-probe: interrupted | now\n");
        assert_eq!(exit, 3);
        assert!(text.starts_with("AOAI UNKNOWN: 2 targets: 2 work | 'a::time'="), "{text}");
        assert!(text.ends_with("a: x\naoai-probe: interrupted \u{a6} now\n"), "{text}");
        assert_eq!(with_status(output, 0, ""), (output.to_owned(), 0));
        assert_eq!(with_status(output, 40, "").1, 2);
    }

    #[test]
    fn a_long_headline_ends_between_characters() {
        assert_eq!(bounded("a\u{e4}b".to_owned(), 2), "a [...]");
        assert_eq!(bounded("a\u{e4}b".to_owned(), 4), "a\u{e4}b");
    }
}
