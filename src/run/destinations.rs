//! The files that a run writes: none of them may be one that it reads, or another that it writes.

use std::path::{Path, PathBuf};

use crate::args::{Format, OutputOptions, Writing};

/// Checks `--output` and `--bundle` before anything is walked: that their folders exist, and that
/// neither would replace the other one or one of `inputs` (each with the words for it). A report
/// that is judged again may replace itself, as JSON and with all its names.
///
/// # Errors
///
/// Which file, and why.
pub(super) fn check(output: &OutputOptions, inputs: &[(&str, &str)]) -> Result<(), String> {
    let file = output.writing.output.as_deref();
    let keeps = output.format == Format::Json && !output.anonymise;
    check_all([("--output", file), ("--bundle", output.bundle.as_deref())], inputs, keeps)
}

/// The same of a command that writes one file, which is not a report.
///
/// # Errors
///
/// Which file, and why.
pub(super) fn check_file(writing: &Writing, inputs: &[(&str, &str)]) -> Result<(), String> {
    check_all([("--output", writing.output.as_deref())], inputs, false)
}

fn check_all<const FILES: usize>(
    to: [(&str, Option<&str>); FILES],
    inputs: &[(&str, &str)],
    keeps: bool,
) -> Result<(), String> {
    let to: Vec<(&str, &str)> =
        to.into_iter().filter_map(|(option, file)| Some((option, file?))).collect();
    for (option, file) in &to {
        if Path::new(file).is_dir() {
            return Err(format!("{option} {file}: is a directory"));
        }
        let folder = Path::new(file).parent().filter(|folder| !folder.as_os_str().is_empty());
        let Some(folder) = folder else { continue };
        match std::fs::metadata(folder) {
            Ok(there) if there.is_dir() => {}
            Ok(_) => return Err(format!("{option} {file}: {} is a file", folder.display())),
            Err(error) => return Err(format!("{option} {file}: {}", crate::wire::words(&error))),
        }
    }
    if let [(_, one), (_, other)] = to.as_slice()
        && same(one, other)
    {
        return Err(format!("--output and --bundle are the same file, {one}"));
    }
    for (option, file) in &to {
        for (what, input) in inputs {
            let again = *option == "--output" && *what == "report" && keeps;
            if same(file, input) && !again {
                return Err(format!("{option} {file} would replace the {what} that is read"));
            }
        }
    }
    Ok(())
}

/// Whether both are one regular file, whatever it is called.
fn same(one: &str, other: &str) -> bool {
    let place = |file: &str| -> Option<PathBuf> {
        let path = std::fs::canonicalize(file).or_else(|_| std::path::absolute(file)).ok()?;
        // A device or a pipe may be written to twice.
        std::fs::metadata(&path).map_or(true, |there| there.is_file()).then_some(path)
    };
    place(one).is_some_and(|one| Some(one) == place(other))
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn one_file_is_recognised_under_two_names() {
        assert!(same("./Cargo.toml", "Cargo.toml"));
        assert!(same("not-there", "./not-there"));
        assert!(!same("Cargo.toml", "Cargo.lock"));
        assert!(!same("/dev/null", "/dev/null"));
    }
}
