//! Whatever comes in: parsers never panic, never show a password, never pass on what could
//! move a terminal's cursor. `PROPTEST_CASES` asks for more cases.

use std::time::{Duration, SystemTime};

use aoai_probe::credential::claims;
use aoai_probe::diagnose::diagnose;
use aoai_probe::evidence::text::{clean, clean_bytes, is_unsafe};
use aoai_probe::evidence::vantage::FileState;
use aoai_probe::inventory;
use aoai_probe::render::{
    Style, Verbosity, csv, github, html, human, json, json_lines, junit, markdown, nagios,
    prometheus,
};
use aoai_probe::report::{Report, read};
use aoai_probe::target::Target;
use aoai_probe::wire::roots::ExtraRoots;
use aoai_probe::world::{self, ResolverLibrary, TextFile};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

use crate::fixtures::reports;

/// The same cases in every run: a change fails by what it does, not by chance. Others where more
/// are asked for (`fuzz/run`).
fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let given = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if given { default.cases } else { cases },
        rng_seed: if given { default.rng_seed } else { RngSeed::Fixed(4) },
        failure_persistence: None,
        ..default
    }
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn any_target_is_read_or_refused_in_printable_words(typed in r"\PC{0,80}|.{0,80}") {
        match Target::parse(&typed, None) {
            Ok(target) => {
                let seen = &target.seen;
                prop_assert!(seen.host.is_ascii() && seen.host.len() <= 253, "{}", seen.host);
                prop_assert!(seen.host.split('.').all(|l| (1..=63).contains(&l.len())));
                prop_assert!(!seen.input.chars().any(is_unsafe), "{:?}", seen.input);
                prop_assert!(!seen.base_path.chars().any(is_unsafe), "{:?}", seen.base_path);
            }
            Err(error) => {
                let words = error.to_string();
                prop_assert!(!words.chars().any(char::is_control), "{words:?}");
            }
        }
    }

    #[test]
    fn a_password_in_a_target_is_never_shown(
        scheme in r"(https|http|ftp|HTTPS)?(:|:/|://|:///|:\\\\)?",
        user in r"[a-z:]{0,5}",
        host in r"(myacct|myacct\.openai\.azure\.com|10\.3\.0\.5|\[::1\])",
        rest in r"(|/|/openai/v1|:443/|\?a=b|/\?api-key=canary|#canary)",
    ) {
        let typed = format!("{scheme}{user}canary@{host}{rest}");
        let shown = match Target::parse(&typed, None) {
            Ok(target) => format!("{target:?}"),
            Err(error) => error.to_string(),
        };
        prop_assert!(!shown.contains("canary"), "{typed}: {shown}");
    }

    #[test]
    fn cleaned_text_cannot_move_a_cursor(bytes in any::<Vec<u8>>(), limit in 0_usize..60) {
        let text = clean_bytes(&bytes, limit);
        prop_assert!(!text.chars().any(is_unsafe), "{text:?}");
        // The longest escape of one character, and the mark of a cut.
        prop_assert!(text.chars().count() <= limit * 10 + 6);
        prop_assert_eq!(clean(&text, usize::MAX), text);
    }

    #[test]
    fn any_token_is_read_or_left(token in r"\PC{0,60}|.{0,60}|[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.x") {
        let _ = claims::read(&token, SystemTime::now());
    }

    #[test]
    fn any_claims_are_read_or_left(
        header in r#"\{"alg":("RS256"|1|null)\}"#,
        name in "(aud|iss|tid|exp|nbf|roles|scp|idtyp)",
        value in r#"(-?[0-9]{1,22}(\.5)?|"\PC{0,20}"|\[\]|\["x",1,null\]|null|\{\}|1e308)"#,
        now in any::<u32>(),
    ) {
        use base64::Engine;
        let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let token = format!("{}.{}.", part(&header), part(&format!(r#"{{"{name}":{value}}}"#)));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.into());
        if let Some(claims) = claims::read(&token, now) {
            let seen = serde_json::to_string(&claims).unwrap();
            prop_assert!(!seen.chars().any(char::is_control), "{}", seen);
        }
    }

    #[test]
    fn any_inventory_is_read_or_refused_in_printable_words(text in edited(INVENTORY)) {
        if let Err(problems) = inventory::read(&text) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(!problem.message.chars().any(char::is_control), "{:?}", problem.message);
                prop_assert!(problem.line >= 1 && problem.line <= text.lines().count() + 1);
            }
        }
    }

    #[test]
    fn any_resolver_configuration_is_read(text in edited(RESOLV_CONF)) {
        let file = |text: &str| TextFile {
            path: "/etc/resolv.conf".to_owned(),
            state: FileState::Read,
            text: text.into(),
        };
        let (config, list) = world::resolvers(&file(&text), &file(RESOLV_CONF), ResolverLibrary::Glibc);
        let seen = serde_json::to_string(&config).unwrap();
        prop_assert!(!seen.chars().any(char::is_control), "{}", seen);
        prop_assert!(!list.is_empty() && config.search.len() <= 32 && config.options.len() <= 32);
        if let Some(hosts) = world::nsswitch_hosts(&text) {
            prop_assert!(!hosts.chars().any(is_unsafe), "{hosts:?}");
        }
    }

    #[test]
    fn any_file_of_roots_is_read_or_refused_in_printable_words(text in edited(PEM)) {
        if let Err(message) = ExtraRoots::from_pem(text.as_bytes()) {
            prop_assert!(!message.chars().any(char::is_control), "{message:?}");
        }
    }
}

const INVENTORY: &str = r#"
[defaults]
timeout = "5s"
resolvers = ["10.1.0.10:53"]
connect_to = ["::127.0.0.1:8443"]
[watch]
confirm = { walks = 3, bad = 2, within = "1h" }
webhook = { url_variable = "HOOK", timeout = "5s" }
[serve]
listen = "127.0.0.1:9715"
[[target]]
name = "prod"
target = "myacct"
interval = "60s"
labels = { team = "ai" }
until = 2026-12-01T00:00:00Z
"#;

const RESOLV_CONF: &str = "nameserver 127.0.0.53\nnameserver fe80::1%eth0\nsearch corp.example\n\
                           options ndots:5 timeout:1\nhosts: files dns [NOTFOUND=return]\n";

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2FuYXJ5MB4XDTI2MDEwMTAw\n\
                   -----END CERTIFICATE-----\n";

/// A text with some characters replaced, put in or taken out, and some lines doubled.
fn edited(valid: &'static str) -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0_u8..4, any::<char>());
    prop::collection::vec(edit, 0..6).prop_map(move |edits| {
        let mut all: Vec<char> = valid.chars().collect();
        for (at, how, other) in edits {
            let at = at.index(all.len());
            match how {
                0 => all.insert(at, other),
                1 => drop(all.remove(at)),
                2 => {
                    let line: Vec<char> = all[at..].iter().copied().take(20).collect();
                    all.splice(at..at, line);
                }
                _ => all[at] = other,
            }
        }
        all.into_iter().collect()
    })
}

/// A value in the place of another.
#[derive(Debug, Clone)]
struct Odd {
    text: String,
    number: Value,
    /// Of any kind.
    value: Value,
    /// Whether the kind stays: such a report can still be read.
    same_kind: bool,
}

impl Odd {
    fn replace(&self, place: &mut Value) {
        *place = match place {
            Value::String(_) if self.same_kind => Value::from(self.text.clone()),
            Value::Number(_) if self.same_kind => self.number.clone(),
            Value::Bool(now) if self.same_kind => Value::from(!*now),
            Value::Array(list) if self.same_kind => list.iter().skip(1).cloned().collect(),
            Value::Object(_) if self.same_kind => Value::Null,
            _ => self.value.clone(),
        };
    }
}

fn odd() -> impl Strategy<Value = Odd> {
    let text = prop_oneof![
        Just(String::new()),
        Just("\u{1b}[2J\u{202e}\n\r".to_owned()),
        Just("x".repeat(5000)),
        Just("10.0.0.1".to_owned()),
        Just("203.0.113.9".to_owned()),
        Just("::ffff:10.0.0.1".to_owned()),
        Just("2026-13-45T99:99:99Z".to_owned()),
        Just(".privatelink.openai.azure.com".to_owned()),
        r"\PC{0,30}",
    ];
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1_i64..600).prop_map(Value::from),
    ];
    let value = prop_oneof![
        Just(Value::Null),
        Just(Value::Bool(true)),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        Just(serde_json::json!("text")),
        Just(serde_json::json!(-1)),
    ];
    (text, number, value, prop::bool::weighted(0.9))
        .prop_map(|(text, number, value, same_kind)| Odd { text, number, value, same_kind })
}

/// Places of a JSON text, as pointers.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                places(inner, &format!("{at}/{index}"), into);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                places(inner, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), into);
            }
        }
        _ => {}
    }
}

/// Judges and renders what could be read; nothing of it may panic or reach a terminal raw.
fn judged(bytes: &[u8]) -> Result<(), TestCaseError> {
    let saved = match read(bytes) {
        Ok(saved) => saved,
        Err(error) => {
            let words = error.to_string();
            prop_assert!(!words.chars().any(char::is_control), "{words:?}");
            return Ok(());
        }
    };
    for evidence in saved.into_iter().map(|saved| saved.evidence) {
        let diagnosis = diagnose(&evidence);
        let report = Report::new(evidence, diagnosis);
        for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
            let style = Style { verbosity, ..Style::default() };
            let text = human::render(std::slice::from_ref(&report), style);
            let raw = text.chars().find(|c| *c != '\n' && is_unsafe(*c));
            prop_assert!(raw.is_none(), "{raw:?} in {text}");
        }
        let one = std::slice::from_ref(&report);
        prop_assert!(json::render(one).is_ok());
        for text in [
            json_lines::render(one).unwrap_or_default(),
            nagios::render(one),
            prometheus::render(one),
            junit::render(one).unwrap_or_default(),
            csv::render(one).unwrap_or_default(),
            github::annotations(one),
            github::summary(one),
            markdown::render(one, None),
            markdown::render(one, Some("Azure platform")),
            html::render(one),
        ] {
            let raw = text.chars().find(|c| *c != '\n' && is_unsafe(*c));
            prop_assert!(!text.is_empty() && raw.is_none(), "{raw:?} in {text}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_report_with_other_values_is_judged_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), odd()), 1..5),
    ) {
        let all = reports();
        let (_, report) = which.get(&all);
        let mut value = serde_json::to_value(report).unwrap();
        for (at, odd) in changes {
            let mut all = Vec::new();
            places(&value["evidence"], "/evidence", &mut all);
            if let Some(place) = value.pointer_mut(&all[at.index(all.len())]) {
                odd.replace(place);
            }
        }
        judged(value.to_string().as_bytes())?;
    }

    #[test]
    fn a_report_with_other_bytes_is_judged_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (_, report) = &reports()[0];
        let mut bytes = json::render(std::slice::from_ref(report)).unwrap().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        judged(&bytes)?;
    }
}
