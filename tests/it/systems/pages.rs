//! The findings' pages: a block of commands for Windows behind each for a POSIX shell.

use aoai_probe::commands::{System, is_known, suited};

use super::programs::{ANYWHERE, ON_WINDOWS};
use crate::fixtures::root;

#[test]
fn pages_have_the_command_of_windows_behind_that_of_linux() {
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(root().join("docs/findings")).unwrap() {
        let path = entry.unwrap().path();
        let page = std::fs::read_to_string(&path).unwrap();
        let wanted = with_windows(&page);
        if wanted != page {
            if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
                std::fs::write(&path, wanted).unwrap();
            } else {
                wrong.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    assert!(wrong.is_empty(), "UPDATE_SNAPSHOTS=1 writes them: {wrong:?}");
}

/// The words before the block of commands for Windows.
const ON_WINDOWS_LINE: &str = "On Windows:";

/// The page with a block of commands for Windows behind each block for a POSIX shell.
fn with_windows(page: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        if line == ON_WINDOWS_LINE {
            // Its block is written anew, without the empty lines around it.
            lines.next_if(|line| line.is_empty());
            while lines.next_if(|line| line.starts_with("    ")).is_some() {}
            lines.next_if(|line| line.is_empty());
            continue;
        }
        out.push(line.to_owned());
        let ends = line.starts_with("    ") && !lines.peek().is_some_and(|l| l.starts_with("    "));
        if !ends {
            continue;
        }
        let start = out.iter().rposition(|line| !line.starts_with("    ")).map_or(0, |at| at + 1);
        // A line that is further in continues the one before it.
        let block = out[start..].join("\n").replace("\\\n", "").replace("\n      ", " ");
        let differs = block.lines().map(str::trim).filter(|line| is_linux(line));
        let own: Vec<String> =
            differs.filter_map(|line| suited(line, System::Windows).command).collect();
        // A file that only Linux has.
        let own: Vec<String> = own.into_iter().filter(|one| !one.contains("/etc/")).collect();
        if !own.is_empty() {
            out.extend([String::new(), ON_WINDOWS_LINE.to_owned(), String::new()]);
            out.extend(own.iter().map(|command| format!("    {command}")));
        }
    }
    out.join("\n") + "\n"
}

/// Whether a line of a page is a command that Windows has in another form.
fn is_linux(command: &str) -> bool {
    let first = command.split(' ').next().unwrap_or_default();
    let same = ANYWHERE.contains(&first) || ON_WINDOWS.contains(&first) && first != "ping";
    is_known(command) && (!same || command.contains(" | grep "))
}
