//! Reading a saved report: its evidence alone, since the conclusions are drawn anew.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::json_bounds::{DEEPEST, MAX_LIST, MAX_VALUES, within_bounds};
use super::names::invalid_name;
use super::{MAX_LABEL, MAX_LABELS, bounds, embedded, is_label_name};
use crate::evidence::Evidence;
use crate::files;

/// The major schema version that this tool reads.
const SCHEMA_MAJOR: &str = "1";

/// Largest saved report that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Why a saved report cannot be judged again. The message follows the name of the file and a colon.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot be read: {}", without_number(.0))]
    Io(#[from] io::Error),
    /// More than 16 MiB.
    #[error("larger than 16 MiB, the maximum for reports")]
    TooLarge,
    /// Nothing in it.
    #[error("empty")]
    Empty,
    /// Not JSON.
    #[error("not JSON: unexpected input at line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The JSON text ends too early.
    #[error("truncated: the JSON text ends at line {line}, column {column}, before it is complete")]
    CutOff {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Nested deeper than any report.
    #[error("nested deeper than {DEEPEST} levels, the maximum for reports")]
    TooDeep,
    /// More values than are read.
    #[error("more than {MAX_VALUES} values: split the file")]
    TooManyValues,
    /// A list that no walk makes so long.
    #[error("a list of more than {MAX_LIST} elements in a report, more than a walk keeps")]
    ListTooLong,
    /// An HTML page of something else.
    #[error(
        "an HTML page without a report in it: aoai-probe reads JSON, and pages that --format html \
         wrote"
    )]
    PageWithoutReport,
    /// A page whose JSON has no end.
    #[error("truncated: the HTML page ends before its report is complete")]
    PageCutOff,
    /// JSON of another kind.
    #[error("not a report of aoai-probe: {message}")]
    NotReport {
        /// What is wrong.
        message: String,
    },
    /// A report of a version before the first release, whose fields had other names.
    #[error(
        "a report of a version before 1.0, whose fields had other names: make it again with this \
         aoai-probe, or read it with the one that wrote it"
    )]
    BeforeRelease,
    /// A report of another major schema version.
    #[error("report of schema {found}; this aoai-probe reads schema {SCHEMA_MAJOR}.x")]
    OtherSchema {
        /// The version in the file.
        found: String,
    },
    /// A required field is missing or has another type.
    #[error("report of schema {found} that cannot be judged: {message}")]
    Unfit {
        /// The version in the file.
        found: String,
        /// What is missing or wrong, and where.
        message: String,
    },
}

/// Reads the evidence of a saved report, of an array of them or of one on each line, to be judged
/// again, with the names and labels that they carry.
///
/// # Errors
///
/// Every [`ReadError`]. At most 16 MiB are read.
pub fn read(from: impl Read) -> Result<Vec<SavedReport>, ReadError> {
    let bytes = files::first(from, LARGEST + 1)?;
    if bytes.len() as u64 > LARGEST {
        return Err(ReadError::TooLarge);
    }
    let bytes = files::as_utf8(bytes);
    let text = embedded::json(&bytes)?;
    let Some(first) = text.iter().find(|byte| !byte.is_ascii_whitespace()) else {
        return Err(ReadError::Empty);
    };
    let in_array = *first == b'[';
    within_bounds(text, !in_array)?;
    let version = known_schema(text, in_array)?;
    let saved = each::<SavedReport>(text, in_array)
        .map_err(|error| ReadError::Unfit { found: version.clone(), message: words(&error) })?;
    let unfit = |saved: &SavedReport| {
        invalid_label(saved)
            .or_else(|| bounds::beyond(&saved.evidence))
            .or_else(|| invalid_name(&saved.evidence))
    };
    match saved.iter().find_map(unfit) {
        Some(message) => Err(ReadError::Unfit { found: version, message }),
        None => Ok(saved),
    }
}

/// A part of each report, of an array or one after the other.
fn each<T: DeserializeOwned>(text: &[u8], in_array: bool) -> serde_json::Result<Vec<T>> {
    match in_array {
        true => serde_json::from_slice(text),
        false => serde_json::Deserializer::from_slice(text).into_iter().collect(),
    }
}

/// The part of a report that is judged again, without the old conclusions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SavedReport {
    /// The evidence.
    pub evidence: Evidence,
    /// The name that an inventory gives the target.
    #[serde(default)]
    pub name: Option<String>,
    /// The labels that an inventory gives it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The run of `--anonymise` that replaced its names.
    #[serde(default)]
    pub anonymised: Option<String>,
}

/// A name or a label that an inventory would not allow.
fn invalid_label(saved: &SavedReport) -> Option<String> {
    let long = |text: &str| text.chars().count() > MAX_LABEL;
    if saved.labels.len() > MAX_LABELS {
        return Some(format!("labels: more than {MAX_LABELS}"));
    }
    if saved.name.as_deref().is_some_and(long) {
        return Some(format!("name: longer than {MAX_LABEL} characters"));
    }
    if saved.anonymised.as_deref().is_some_and(long) {
        return Some(format!("anonymised: longer than {MAX_LABEL} characters"));
    }
    let bad = saved.labels.iter().find(|(name, value)| !is_label_name(name) || long(value))?;
    Some(format!("labels contains '{}', which is not valid in an inventory", printable(bad.0)))
}

/// The part of a report that determines how to read the rest.
#[derive(Deserialize)]
struct Header {
    schema_version: String,
    /// Only its keys: before 1.0 they had other names.
    #[serde(default)]
    verdict: BTreeMap<String, IgnoredAny>,
}

/// The schema version of the file, if that of every report in it is supported.
fn known_schema(text: &[u8], in_array: bool) -> Result<String, ReadError> {
    let heads = each::<Header>(text, in_array)
        .map_err(|error| ReadError::NotReport { message: words(&error) })?;
    for head in &heads {
        if head.verdict.contains_key("sure") {
            return Err(ReadError::BeforeRelease);
        }
        if head.schema_version.split('.').next() != Some(SCHEMA_MAJOR) {
            return Err(ReadError::OtherSchema { found: printable(&head.schema_version) });
        }
    }
    heads
        .first()
        .map(|head| printable(&head.schema_version))
        .ok_or(ReadError::NotReport { message: "an empty array".to_owned() })
}

/// An OS error's message without its number.
fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// An error's message, printable and short, since it may quote the file.
fn words(error: &serde_json::Error) -> String {
    printable(&error.to_string())
}

pub(super) fn printable(text: &str) -> String {
    text.chars().take(200).collect::<String>().escape_debug().to_string()
}
