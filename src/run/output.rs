//! The result as text, in the form that the options ask for.

use super::{Output, Terminal};
use crate::args::{Color, ExitStyleArgument, Format, OutputOptions, Writing};
use crate::render::{self, Style, Verbosity};
use crate::report::{self, ExitStyle, Report};
use crate::world::Environment;

/// How broken hops become exit statuses.
pub(super) const fn exit_style(output: &OutputOptions) -> ExitStyle {
    match output.exit_style {
        ExitStyleArgument::State => ExitStyle::State,
        ExitStyleArgument::Hop => ExitStyle::Hop,
    }
}

/// `again` is the command that checks one of several targets alone, up to its name; empty where there
/// is none.
pub(super) fn written(
    reports: &[Report],
    again: &str,
    output: &OutputOptions,
    environment: &Environment,
    terminal: Terminal,
) -> Result<Output, String> {
    let exit_style = exit_style(output);
    let to_terminal = terminal.out && output.writing.output.is_none();
    let out = match output.format {
        Format::Human => {
            let style = style(&output.writing, environment, to_terminal);
            let overview = match reports.len() > 1 && !output.writing.quiet {
                true => render::summary::overview(reports, again, style),
                false => String::new(),
            };
            overview + &render::human::render(reports, style)
        }
        Format::Html => render::html::render(reports),
        Format::Json => render::json::render(reports).map_err(|e| e.to_string())?,
        Format::JsonLines => render::json_lines::render(reports).map_err(|e| e.to_string())?,
        Format::Nagios => render::nagios::render(reports),
        Format::Prometheus => render::prometheus::render(reports),
        Format::Junit => render::junit::render(reports).map_err(|e| e.to_string())?,
        Format::Github => render::github::annotations(reports),
        Format::Csv => render::csv::render(reports).map_err(|e| e.to_string())?,
        Format::Markdown => render::markdown::render(reports, output.team.map(|t| t.team())),
    };
    let summary = environment.get("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
    let summary = summary.filter(|_| output.format == Format::Github);
    Ok(Output {
        out,
        err: String::new(),
        file: output.writing.output.clone(),
        bundle: None,
        appended: summary.map(|path| (path.to_owned(), render::github::summary(reports))),
        replaces_progress: false,
        status: report::worst(reports, exit_style),
    })
}

/// Whether the result replaces the progress on the terminal.
pub(super) fn replaces_progress(
    output: &OutputOptions,
    environment: &Environment,
    terminal: Terminal,
) -> bool {
    let dumb = environment.get("TERM").is_none_or(|term| term == "dumb");
    terminal.out && !dumb && output.writing.output.is_none() && output.format == Format::Human
}

/// `--color` beats NO_COLOR, which beats CLICOLOR_FORCE (no-color.org, bixense.com/clicolors).
pub(super) fn style(writing: &Writing, environment: &Environment, terminal: bool) -> Style {
    Style {
        verbosity: match (writing.quiet, writing.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        },
        ..style_of(writing.color, environment, terminal)
    }
}

/// The same of a command without output options.
pub(super) fn style_of(color: Color, environment: &Environment, terminal: bool) -> Style {
    let dumb = environment.get("TERM") == Some("dumb");
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if environment.get("NO_COLOR").is_some() => false,
        Color::Auto if environment.get("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        Color::Auto => terminal && !dumb,
    };
    let utf8 = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| environment.get(name))
        .is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
    Style { color, ascii: dumb || !terminal || !utf8, ..Style::default() }
}
