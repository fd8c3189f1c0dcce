//! The commands of the rules, as the system of a report has them.
//!
//! A rule writes its command once, as it is typed on Linux. `table` has a row for each such command
//! and a column for each other system; what needs more than a template is in the file of its
//! system. A program that is the same everywhere keeps its name, and for PowerShell every word is
//! quoted anew, so that no text of a report can begin a command; where the program is a `.cmd`, also
//! for `cmd.exe`. A command for which a system has nothing is left out there.

mod macos;
pub mod needs;
mod script;
mod table;
#[cfg(test)]
mod tests;
mod windows;
mod word;
pub mod words;

use script::{Script, Statement};
use table::Form;
pub use words::Shell;

/// The operating system of a machine, as far as its commands differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, and any system that is not known.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl System {
    /// The system that a report names in `vantage.os`, such as `windows x86_64`.
    #[must_use]
    pub fn of(os: &str) -> Self {
        let begins =
            |name: &str| os.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        match (begins("windows"), begins("macos")) {
            (true, _) => Self::Windows,
            (_, true) => Self::MacOs,
            _ => Self::Linux,
        }
    }

    /// The shell that reads its commands.
    #[must_use]
    pub const fn shell(self) -> Shell {
        match self {
            Self::Linux | Self::MacOs => Shell::Posix,
            Self::Windows => Shell::PowerShell,
        }
    }
}

/// A command of a rule on another system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suited {
    /// The command; none where that system has nothing that shows or does the same.
    pub command: Option<String>,
    /// What the step says there, where the command shows or does something else.
    pub text: Option<&'static str>,
}

/// A command of a rule as `system` has it.
#[must_use]
pub fn suited(command: &str, system: System) -> Suited {
    if system == System::Linux {
        return Suited { command: Some(command.to_owned()), text: None };
    }
    let script = Script::read(command);
    let mut suited = Suited::default();
    let mut statements: Vec<(String, &str)> = Vec::new();
    for statement in &script.statements {
        let (text, command) = on(system, statement);
        suited.text = suited.text.or(text);
        if let Some(command) = command.filter(|one| !statements.iter().any(|(own, _)| own == one)) {
            statements.push((command, statement.then));
        }
    }
    suited.command = script.written(system, statements);
    suited
}

/// Whether a text is a command that the table knows, rather than words.
#[must_use]
pub fn is_known(text: &str) -> bool {
    let script = Script::read(text);
    // Words around a command are separated from it by a comma.
    !text.contains(", ")
        && !script.statements.is_empty()
        && script.statements.iter().all(|one| {
            let inner = one.in_sudo();
            let one = inner.as_ref().unwrap_or(one);
            table::find(one).is_some() || one.is_everywhere()
        })
}

/// One statement: another text of its step, and the command.
fn on(system: System, statement: &Statement<'_>) -> (Option<&'static str>, Option<String>) {
    if let Some(inner) = statement.timed() {
        let (text, command) = on(system, &inner);
        let timed = |command: String| match system {
            System::Windows => format!("Measure-Command {{ {command} }}"),
            System::Linux | System::MacOs => format!("time {command}"),
        };
        return (text, command.map(timed));
    }
    // Each system has its own way to more rights, which its form has.
    if let Some(inner) = statement.in_sudo() {
        return on(system, &inner);
    }
    if let Some((variables, inner)) = statement.with_variables() {
        let (text, command) = on(system, &inner);
        return (text, command.map(|command| script::set(system, &variables, &command)));
    }
    let Some((row, found)) = table::find(statement) else {
        return (None, stages(system, statement));
    };
    match row.on(system) {
        Form::Same => (None, statement.same(system)),
        Form::As(template) => (None, Some(found.filled(template, system))),
        Form::Else(text, "") => (Some(text), None),
        Form::Else(text, template) => (Some(text), Some(found.filled(template, system))),
        Form::By(form) => (None, form(&statement.words())),
        Form::Nothing => (None, None),
    }
}

/// A pipeline, program by program: what the first one has no form for is left out whole.
fn stages(system: System, statement: &Statement<'_>) -> Option<String> {
    let [only] = statement.stages.as_slice() else {
        let each = statement.each().map(|stage| on(system, &stage).1);
        return each.collect::<Option<Vec<String>>>().map(|all| all.join(" | "));
    };
    let same = statement.is_everywhere() || statement.is_of(system);
    if !only.is_empty() && same { statement.same(system) } else { None }
}
