//! From text to an inventory; every problem is reported with its line.

use crate::sorting;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use toml::Spanned;

use super::refused;
use crate::inventory::document::{Document, Time};
use crate::inventory::{Entry, Inventory, MAX_TARGETS};

/// Problems that are reported; more would not help.
pub(super) const MAX_PROBLEMS: usize = 20;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Reads an inventory.
///
/// # Errors
///
/// At most twenty problems, in the order of the file. No message repeats a value that could be a
/// secret.
pub fn read(text: &str) -> Result<Inventory, Vec<Problem>> {
    let document: Document = match toml::from_str(text) {
        Ok(document) => document,
        Err(error) => return Err(refused::problems(text, &error)),
    };
    let mut reader = Reader { text, starts: starts(text), problems: Vec::new() };
    let inventory = reader.inventory(&document);
    if reader.problems.is_empty() {
        return Ok(inventory);
    }
    sorting::by_key(&mut reader.problems, |problem| (problem.line, problem.message.clone()));
    // A problem of the defaults occurs with every target.
    reader.problems.dedup();
    reader.problems.truncate(MAX_PROBLEMS);
    Err(reader.problems)
}

/// The positions at which all lines but the first begin.
pub(super) fn starts(text: &str) -> Vec<usize> {
    text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next).collect()
}

/// The line of a position.
pub(super) fn line(text: &str, at: usize) -> usize {
    1 + starts(text).partition_point(|start| *start <= at)
}

/// Reads values and collects the problems.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    /// The positions at which all lines but the first begin, computed once: files are long, and every
    /// target has a line.
    pub(super) starts: Vec<usize>,
    pub(super) problems: Vec<Problem>,
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, at: usize, message: impl Into<String>) {
        self.problems.push(Problem { line: self.line(at), message: message.into() });
    }

    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.starts.partition_point(|start| *start <= at)
    }

    /// A value, parsed.
    pub(super) fn value<T, E: fmt::Display>(
        &mut self,
        name: &str,
        text: Option<&Spanned<String>>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = text?;
        match parse(text.get_ref()) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(text.span().start, format!("{name}: {message}"));
                None
            }
        }
    }

    pub(super) fn time(
        &mut self,
        name: &str,
        time: Option<&Spanned<Time>>,
        bounds: std::ops::RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let time = time?;
        let value = match time.get_ref() {
            Time::Text(text) => humantime::parse_duration(text).ok(),
            Time::Seconds(seconds) => Some(Duration::from_secs((*seconds).into())),
            Time::Fraction(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
        };
        let value = value.filter(|value| bounds.contains(value));
        if value.is_none() {
            let (from, to) = (bounds.start(), bounds.end());
            let (from, to) = (humantime::format_duration(*from), humantime::format_duration(*to));
            let message = format!("{name}: a time from {from} to {to}, e.g. \"5s\" or \"200ms\"");
            self.problem(time.span().start, message);
        }
        value
    }

    pub(super) fn count(
        &mut self,
        name: &str,
        count: Option<&Spanned<u32>>,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let count = count?;
        let value = Some(*count.get_ref()).filter(|value| bounds.contains(value));
        if value.is_none() {
            let message = format!("{name}: a number from {} to {}", bounds.start(), bounds.end());
            self.problem(count.span().start, message);
        }
        value
    }

    fn inventory(&mut self, document: &Document) -> Inventory {
        let defaults = &document.defaults;
        let of_one = [&defaults.target, &defaults.name, &defaults.backend];
        let misplaced = ["target", "name", "backend"].into_iter().zip(of_one);
        for (key, value) in misplaced {
            if let Some(value) = value {
                self.problem(value.span().start, format!("'{key}' belongs in a [[target]]"));
            }
        }
        let mut entries = Vec::new();
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        if document.target.is_empty() {
            self.problem(0, "no [[target]] in the file");
        }
        if document.target.len() > MAX_TARGETS {
            self.problem(0, format!("more than {MAX_TARGETS} targets: split the file"));
        }
        for settings in document.target.iter().take(MAX_TARGETS) {
            let at = settings.span().start;
            let Some(entry) = self.entry(at, settings.get_ref(), defaults) else { continue };
            if let Some(first) = lines.get(&entry.name) {
                let message = format!(
                    "the name {} is already used in line {first}: give this target another name",
                    entry.name
                );
                self.problem(at, message);
            }
            lines.insert(entry.name.clone(), entry.line);
            entries.push(entry);
        }
        self.one_service_of_a_key(document, &entries);
        let watch = self.watch(&document.watch);
        let serve = self.serve(&document.serve);
        Inventory { entries, watch, serve }
    }

    /// A key of the defaults is one service's, and goes to no other.
    fn one_service_of_a_key(&mut self, document: &Document, entries: &[Entry]) {
        let defaults = &document.defaults;
        let given = [
            ("api_key_variable", &defaults.api_key_variable),
            ("api_key_file", &defaults.api_key_file),
        ];
        let Some((key, place)) = given.into_iter().find_map(|(k, p)| Some((k, p.as_ref()?))) else {
            return;
        };
        let is_inherited = |entry: &Entry| {
            let place = Some(place.get_ref());
            let of = &entry.credential;
            of.api_key_variable.as_ref() == place || of.api_key_file.as_ref() == place
        };
        let mut first: Option<(&'static str, &str)> = None;
        for entry in entries.iter().filter(|entry| is_inherited(entry)) {
            let Some(keys) = entry.target.keys() else { continue };
            let (of, name) = *first.get_or_insert((keys.of, &entry.name));
            if of != keys.of {
                let message = format!(
                    "{key} of the defaults would go to two services, {of} ({name}) and {} ({}): \
                     name it in the targets",
                    keys.of, entry.name
                );
                self.problem(place.span().start, message);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::SourceChoice;

    fn problems(text: &str) -> Vec<String> {
        read(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_target_inherits_defaults() {
        let inventory = read(
            r#"
            [defaults]
            expect = "private"
            credential = "managed-identity"
            timeout = 2
            labels = { team = "ai" }
            slow = { dns = "200ms" }

            [[target]]
            target = "myacct"

            [[target]]
            target = "other"
            name = "prod west"
            timeout = "1500ms"
            api_key_file = "/run/secrets/key"
            labels = { env = "prod" }
            slow = { tls = 0.5 }
            until = 2026-12-01T00:00:00Z
            "#,
        )
        .unwrap();
        let [first, second] = inventory.entries.as_slice() else { panic!("{inventory:?}") };
        assert_eq!((first.name.as_str(), first.line), ("myacct.openai.azure.com", 9));
        assert_eq!(first.plan.timeout, Duration::from_secs(2));
        assert_eq!(first.credential.choice, SourceChoice::Named("managed-identity".to_owned()));
        assert_eq!((second.name.as_str(), second.line), ("prod west", 12));
        assert_eq!(second.plan.timeout, Duration::from_millis(1500));
        assert_eq!(second.credential.choice, SourceChoice::Auto, "no mixture of two credentials");
        assert_eq!(second.credential.api_key_file.as_deref(), Some("/run/secrets/key"));
        assert_eq!(second.labels.len(), 2);
        assert_eq!(second.plan.limits.dns, Some(Duration::from_millis(200)));
        assert_eq!(second.plan.limits.tls, Some(Duration::from_millis(500)));
        assert!(second.muted_until.is_some());
    }

    #[test]
    fn a_key_of_the_defaults_goes_to_one_service() {
        let both = "[defaults]\napi_key_variable = \"K1\"\n[[target]]\ntarget = \"myacct\"\n[[target]]\n\
                    target = \"s1.search.windows.net\"\n";
        let found = problems(both);
        assert!(found[0].starts_with("line 2: api_key_variable of the defaults"), "{found:?}");
        let own = format!("{both}api_key_variable = \"K2\"\n");
        assert!(read(&own).is_ok());
        assert!(read(&both.replace("s1.search.windows.net", "other")).is_ok());
    }

    #[test]
    fn an_unknown_key_is_reported_with_its_line_and_the_most_similar_key() {
        let found = problems("[defaults]\nexpct = \"any\"\n[[target]]\ntarget = \"myacct\"\n");
        assert_eq!(found, ["line 2: unknown key 'expct'; did you mean 'expect'?"]);
        let found = problems("[watch]\nconfirm = { wlks = 3 }\n[[target]]\ntarget = \"myacct\"");
        assert_eq!(found, ["line 2: unknown key 'wlks'; did you mean 'walks'?"]);
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_not_repeated() {
        const KEY: &str = "0123456789abcdefdeadbeef01234567";
        for text in [
            format!("[[target]]\ntarget = \"myacct\"\napi_key = \"{KEY}\""),
            format!("[[target]]\ntarget = \"myacct\"\napi_key_file = \"{KEY}\""),
            format!("[[target]]\ntarget = \"myacct\"\nname = \"{KEY}\""),
            format!("[[target]]\ntarget = \"{KEY}\""),
            format!("[[target]]\ntarget = \"gw.azure-api.net\"\nbackend = \"{KEY}\""),
            format!("[[target]]\ntarget = \"myacct\"\ndirect = \"{KEY}\""),
            format!("[[target]]\ntarget = \"myacct\"\ndirect = 'x\"{KEY}'"),
            format!("[[target]]\ntarget = \"myacct\"\ndirect = 'x\"{KEY}\"y{KEY}\"z'"),
            format!("[[target]]\ntarget = \"myacct\"\nlabels = {{ a = \"{KEY}\" }}"),
            format!("[[target]]\ntarget = \"myacct\"\n{KEY} = 1"),
        ] {
            let found = problems(&text).join("\n");
            assert!(!found.contains("deadbeef"), "{found}");
        }
    }

    #[test]
    fn a_backend_belongs_to_a_gateway_and_repeats_by_hand() {
        let gateway = "[[target]]\ntarget = \"gw.azure-api.net\"\nbackend = \"myacct\"\n";
        let inventory = read(&format!("{gateway}slow = {{ tls = 0.5 }}\n")).unwrap();
        let plan = &inventory.entries[0].plan;
        assert_eq!(plan.backend.as_ref().unwrap().seen.host, "myacct.openai.azure.com");
        assert_eq!(plan.of_backend().limits, Default::default(), "the gateway's own");
        let options = inventory.entries[0].options();
        assert!(options.contains(&"--backend=myacct".to_owned()), "{options:?}");
        let own = "[[target]]\ntarget = \"ai.corp.example\"\nbackend = \"myacct\"\n";
        assert!(problems(own)[0].starts_with("line 3: backend: only a gateway"), "{own}");
        assert!(read(&format!("{own}service = \"openai\"\n")).is_ok());
        let defaults =
            format!("[defaults]\nbackend = \"myacct\"\n{}", gateway.replace("backend", "name"));
        assert_eq!(problems(&defaults), ["line 2: 'backend' belongs in a [[target]]"]);
        let itself = gateway.replace("\"myacct\"", "\"GW.azure-api.net\"");
        assert_eq!(problems(&itself), ["line 3: backend: names the gateway itself"]);
    }

    #[test]
    fn problems_are_reported_in_the_order_of_lines() {
        let found = problems(
            "[defaults]\ntimeout = \"5x\"\n[[target]]\ntarget = \"a b\"\n[[target]]\n\
             target = \"myacct\"\n[[target]]\ntarget = \"myacct\"\n[[target]]\n",
        );
        let starts: Vec<&str> = found.iter().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(starts, ["line 2", "line 4", "line 7", "line 9"], "{found:#?}");
    }

    #[test]
    fn allowed_names_of_serve_have_no_port_and_are_not_addresses() {
        let of = |hosts: &str| {
            read(&format!("[serve]\nhosts = [{hosts}]\n[[target]]\ntarget = \"myacct\"\n"))
        };
        assert_eq!(of("\"Jump-2\", \"m.example\"").unwrap().serve.hosts, ["jump-2", "m.example"]);
        for bad in ["\"jump-2:9715\"", "\"10.0.0.7\"", "\"https://m.example\"", "\"\"", "\"*\""] {
            let message = of(bad).unwrap_err()[0].to_string();
            assert!(message.starts_with("line 2: serve.hosts: "), "{bad}: {message}");
        }
    }

    #[test]
    fn hostile_text_is_an_error() {
        for text in ["", "\u{0}", "[[target]]", "[[[", "target = 1", "defaults = []", "a\nb"] {
            assert!(read(text).is_err(), "{text:?}");
        }
        let deep = format!("a = {}", "[".repeat(10_000));
        assert!(read(&deep).is_err());
    }
}
