//! Reports without what identifies their owner: `--anonymise`.
//!
//! Evidence in, evidence out: `run` judges it again, and verdict, cause and findings stay the
//! same. A value is replaced by the same one wherever it occurs in a run, in a field, in a message
//! or in a path; the class of an address, the networks that addresses share and the suffixes of
//! Azure stay. Every word that is not known to be harmless is replaced, so that a new field or
//! message is not kept by accident. The mapping is random for each run, and nothing keeps it.
//!
//! | file | what it does |
//! | --- | --- |
//! | `known` | what stays: data |
//! | `fields` | which fields are not free text, and which name something by one word |
//! | `addresses` | addresses and prefixes |
//! | `names` | DNS names |
//! | `words` | replacements by number, and words that identify no one |
//! | `prose` | texts, URLs and paths |
//! | `inside` | addresses inside a text, whatever surrounds them |
//! | `azure/` | what Resource Manager says, and ids of resources |

mod addresses;
mod azure;
mod fields;
mod inside;
mod known;
mod names;
mod prose;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use serde_json::Value;

use self::addresses::Addresses;
use self::prose::Whose;
use self::words::Words;
use crate::report::{self, Report, SavedReport, part};
use crate::services;

/// The replacements of one run.
pub struct Anonymiser {
    addresses: Addresses,
    words: Words,
    /// A random key of the run, for the id of its replacements.
    run: RandomState,
}

impl Anonymiser {
    /// Replacements for the reports of a run. What only later reports hold is replaced as well, and
    /// as far as possible related in the same way.
    ///
    /// # Errors
    ///
    /// Those of writing a report as JSON: none are known.
    pub fn new(reports: &[Report]) -> Result<Self, String> {
        let mut addresses = BTreeSet::new();
        let mut words = Words::new();
        for report in reports {
            let value = value_of(report)?;
            fields::find_names(&value, &mut words);
            find_addresses(&value["evidence"], &mut addresses);
        }
        Ok(Self { addresses: Addresses::new(&addresses), words, run: RandomState::new() })
    }

    /// Gives a target of an inventory, which will be walked later, its name.
    pub fn add_target(&mut self, name: &str) {
        self.words.replace(name, "target");
    }

    /// A report with what identifies its owner replaced, to be judged again.
    ///
    /// # Errors
    ///
    /// Why the result is no report: one that this tool would not read either.
    pub fn report(&mut self, report: &Report) -> Result<SavedReport, String> {
        let mut value = value_of(report)?;
        fields::find_names(&value, &mut self.words);
        let mut new = serde_json::Map::new();
        for key in ["schema_version", "evidence", "name", "labels"] {
            if let Some(mut part) = value.get_mut(key).map(Value::take) {
                match key {
                    "labels" => part = self.labels(&part),
                    "schema_version" => {}
                    _ => self.field(&mut part, key, ""),
                }
                new.insert(key.to_owned(), part);
            }
        }
        let text = serde_json::to_string(&Value::Object(new)).map_err(|e| e.to_string())?;
        let read = report::read(text.as_bytes()).map_err(|e| e.to_string())?;
        let mut saved = read.into_iter().next().ok_or("no report")?;
        // Names that two runs replaced stay those of two runs.
        let run = self.run.hash_one(&report.anonymised);
        saved.anonymised = Some(format!("{run:016x}"));
        Ok(saved)
    }

    /// A text of the run with the same replacements: an option, a path, a message.
    pub fn text(&mut self, text: &str) -> String {
        self.prose(text, Whose::Typed)
    }

    /// A name of this kind, replaced whatever it is.
    pub fn named(&mut self, name: &str, kind: &'static str) -> String {
        self.words.replace(name, kind)
    }

    fn labels(&mut self, labels: &Value) -> Value {
        let mut new = serde_json::Map::new();
        for (name, value) in labels.as_object().into_iter().flatten() {
            let name = match self.words.is_ordinary(name) {
                true => name.clone(),
                false => self.words.replace_by(name, "label-name", |n| format!("label_{n}")),
            };
            let value = value.as_str().unwrap_or_default();
            let value = match is_of_an_application(&name, value) {
                true => value.to_owned(),
                false => self.words.replace(value, "label"),
            };
            new.insert(name, Value::from(value));
        }
        Value::Object(new)
    }
}

/// Whether a label is one that `app` itself gives: what a report is of, and that it does not count.
fn is_of_an_application(name: &str, value: &str) -> bool {
    match name {
        part::PART => {
            value == part::LOGIN || value == part::HOST || services::by_id(value).is_some()
        }
        part::USED => value == part::UNUSED,
        _ => false,
    }
}

fn value_of(report: &Report) -> Result<Value, String> {
    let text = report::json::compact(report).map_err(|e| e.to_string())?;
    serde_json::from_slice(text.as_bytes()).map_err(|e| e.to_string())
}

/// Every address that a text of its own is.
fn find_addresses(value: &Value, found: &mut BTreeSet<IpAddr>) {
    match value {
        Value::String(text) => {
            let socket = text.parse().map(|socket: std::net::SocketAddr| socket.ip());
            let network = text.parse().map(|network: ipnet::IpNet| network.addr());
            found.extend(text.parse().ok().or(socket.ok()).or(network.ok()));
        }
        Value::Array(list) => list.iter().for_each(|one| find_addresses(one, found)),
        Value::Object(fields) => fields.values().for_each(|one| find_addresses(one, found)),
        _ => {}
    }
}
