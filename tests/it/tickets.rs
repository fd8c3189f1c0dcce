//! Tickets: what they say, and that a linter and a renderer that are not ours read nothing in
//! them that a peer wrote.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use aoai_probe::render::{github, markdown};
use aoai_probe::report::Report;
use serde_json::{Value, json};

use crate::fixtures::{assert_file, report, reports, root, snapshot, strings};
use crate::program::{run, saved, text};

const REFRESH: &str = "UPDATE_SNAPSHOTS=1 cargo test --test it tickets";

/// Everything that could act in Markdown, in HTML or in the places that show it.
const HOSTILE: &str = "](http://evil.example) ![x](http://evil.example/x.png) <img src=x> <b>b</b> \
    <https://evil.example> https://evil.example/a www.evil.example a@evil.example @everyone #1 \
    org/repo#2 GH-3 !4 &5 %6 $7 ~8 :tada: *b* **b** _i_ ~~s~~ `c` ``` ```` [x]: http://evil.example \
    [^1] &lt;b&gt; &#64;all $`x`$ | cell | \\ <!-- c --> <script>alert(1)</script>\n\n# heading\n\n\
    ---\n===\n> quote\n1. one\n- two\n\n    code\n```\n# fenced\n```\n\r\n<div>\u{1b}[31m\u{202e}";

fn ticket(report: &Report, team: Option<&str>) -> String {
    markdown::render(std::slice::from_ref(report), team)
}

/// The sections of a ticket.
fn headings(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("## ")).collect()
}

#[test]
fn a_ticket_has_what_its_reader_needs() {
    let broken = report("zone-not-linked");
    let text = ticket(&broken, None);
    assert_eq!(text, ticket(&broken, Some("DNS")));
    assert_eq!(
        headings(&text),
        [
            "What was tried",
            "What was seen",
            "Why this is for the DNS team",
            "Before: look, change nothing",
            "Fix",
            "After: check",
            "What not to change",
            "Also found"
        ]
    );
    for wanted in [
        "For the DNS team. Confidence: inferred.",
        "- when: 2026-11-21 10:00:00 UTC",
        "- as: API key (`AZURE_OPENAI_API_KEY`)",
        "- http: a symptom of dns; it needs no change of its own",
        "   - undo: remove the forwarder",
        "(shared change)",
        "dig +short myacct.openai.azure.com @10.1.0.10",
    ] {
        assert!(text.contains(wanted), "{wanted:?} is not in:\n{text}");
    }
    // Commands that read come before those that change something.
    let place = |words: &str| text.find(words).unwrap();
    assert!(place("vnet list") < place("## Fix") && place("## Fix") < place("vnet create"));
}

#[test]
fn a_team_gets_what_is_its_own() {
    // The cause is DNS's; a certificate that expires soon is a finding of its own.
    let mut broken = report("zone-not-linked");
    let risk = broken.findings.iter_mut().find(|f| f.id == "tls-expires-soon").unwrap();
    let owner = risk.fix.as_ref().map(|fix| fix.team().to_owned());
    let owner = owner.unwrap_or_else(|| {
        risk.fix = Some(aoai_probe::diagnosis::Fix {
            owner: "Azure platform".to_owned(),
            steps: Vec::new(),
            check: None,
        });
        "Azure platform".to_owned()
    });
    let text = ticket(&broken, Some(&owner));
    assert!(text.contains(&format!("\nFor the {owner} team. ")), "{text}");
    assert!(text.contains("This is about tls (tls-expires-soon)"), "{text}");
    assert!(text.contains("The verdict above has another cause; owner: DNS."), "{text}");
    assert!(text.contains("no longer reports tls-expires-soon"), "{text}");
    let nothing = ticket(&broken, Some("Security"));
    assert!(nothing.contains("Nothing here is for the Security team."), "{nothing}");
    assert!(nothing.contains("owner: DNS. Confidence: inferred."), "{nothing}");
    // Two causes remain, and another team reads which command decides.
    let open = ticket(&report("two-causes"), Some("Azure platform"));
    assert!(headings(&open).contains(&"What would decide"), "{open}");
    let works = ticket(&report("healthy"), Some("DNS"));
    assert!(works.contains("\nNothing to fix. "), "{works}");
    assert!(!works.contains("## Fix") && !works.contains("For the "), "{works}");
}

#[test]
fn several_targets_begin_with_their_causes() {
    let all = [report("healthy"), report("zone-not-linked"), report("tls-rejected")];
    let text = markdown::render(&all, None);
    assert_file(&snapshot("../formats/several.ticket.md"), &text, REFRESH);
    let dns = markdown::render(&all, Some("DNS"));
    assert_eq!(dns.matches("\n## ").count(), 2, "{dns}");
    assert!(dns.contains("\n## Nothing for the DNS team\n"), "{dns}");
}

/// The report with a hostile text in every field that takes one.
fn hostile(report: &Report) -> Report {
    let mut value = serde_json::to_value(report).unwrap();
    let mut places = Vec::new();
    strings(&value, String::new(), &mut places);
    for place in places {
        let field = value.pointer_mut(&place).unwrap();
        let was = field.take();
        *field = json!(format!("{}{HOSTILE}", was.as_str().unwrap()));
        // A closed set of words, an address, or the state that decides what is shown.
        let cause = place == "/verdict/cause" || place.ends_with("/id");
        if cause || serde_json::from_value::<Report>(value.clone()).is_err() {
            *value.pointer_mut(&place).unwrap() = was;
        }
    }
    serde_json::from_value(value).unwrap()
}

/// Runs a script of ours with Python packages that are not; none where they are not installed.
fn python(script: &str, input: &str) -> Option<String> {
    let venv = root().join("target/venv/bin/python");
    let python = if venv.exists() { venv } else { "python3".into() };
    let known = Command::new(&python).args(["-c", "import cmarkgfm, pymarkdown"]).output();
    if !known.is_ok_and(|ran| ran.status.success()) {
        assert!(env::var_os("CI").is_none(), "CI needs cmarkgfm and pymarkdownlnt (tests/run.sh)");
        eprintln!("skipped: cmarkgfm and pymarkdownlnt are not installed");
        return None;
    }
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    assert!(ran.status.success());
    Some(String::from_utf8(ran.stdout).unwrap())
}

/// Per document: how often each element is there, and what GitHub would still act on.
const RENDER: &str = r#"
import collections, html, json, re, sys
import cmarkgfm
from cmarkgfm.cmark import Options
out = []
for text in json.load(sys.stdin):
    page = cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    tags = collections.Counter(re.findall(r'<([a-z][a-z0-9]*)', page))
    prose = re.sub(r'<(code|pre)\b.*?</\1>', ' ', page, flags=re.S)
    prose = html.unescape(re.sub(r'<[^>]*>', ' ', prose))
    acts = re.findall(r'[@#!$%~&]\w|\bGH-\d|:[a-z]+:|https?://|www\.', prose)
    out.append({'tags': tags, 'acts': acts})
json.dump(out, sys.stdout)
"#;

#[test]
fn nothing_hostile_acts_when_a_ticket_is_rendered() {
    let mut pairs: Vec<(String, String, String)> = Vec::new();
    for (name, report) in reports() {
        let bad = hostile(&report);
        // A team that owns nothing of any of them: the hostile owner is no team.
        for team in [None, Some("Security")] {
            pairs.push((format!("{name} {team:?}"), ticket(&report, team), ticket(&bad, team)));
        }
        let two = [report.clone(), report.clone()];
        let bad_two = [bad.clone(), bad.clone()];
        let (two, bad_two) = (markdown::render(&two, None), markdown::render(&bad_two, None));
        pairs.push((format!("{name} twice"), two, bad_two));
        let one = |report: &Report| github::summary(std::slice::from_ref(report));
        pairs.push((format!("{name} summary"), one(&report), one(&bad)));
    }
    let texts: Vec<&String> = pairs.iter().flat_map(|(_, good, bad)| [good, bad]).collect();
    let Some(seen) = python(RENDER, &serde_json::to_string(&texts).unwrap()) else { return };
    let seen: Vec<Value> = serde_json::from_str(&seen).unwrap();
    for ((name, _, bad), pages) in pairs.iter().zip(seen.chunks(2)) {
        assert_eq!(pages[1]["acts"], json!([]), "{name}:\n{bad}");
        for (tag, count) in pages[1]["tags"].as_object().unwrap() {
            let usual = match tag.as_str() {
                // How many words are code follows from the words.
                "code" | "p" => true,
                // A header whose name is hostile is not shown.
                "li" => count.as_u64() <= pages[0]["tags"]["li"].as_u64(),
                tag => pages[0]["tags"][tag] == *count,
            };
            assert!(usual, "{name}: {count} of {tag}: {}\n{bad}", pages[0]["tags"]);
        }
    }
}

/// The linter over documents: each complaint in a line.
const LINT: &str = r#"
import json, os, subprocess, sys, tempfile
with tempfile.TemporaryDirectory() as folder:
    for at, text in enumerate(json.load(sys.stdin)):
        with open(os.path.join(folder, f'{at}.md'), 'w') as file:
            file.write(text)
    # MD013: a line is as long as what it says. MD024: each ticket has the same sections.
    ran = subprocess.run(
        [sys.executable, '-m', 'pymarkdown', '-d', 'md013,md024', 'scan', folder],
        capture_output=True, text=True)
    sys.stdout.write(ran.stdout + ran.stderr)
"#;

#[test]
fn a_linter_has_nothing_to_say_about_tickets() {
    let all = reports();
    let mut texts: Vec<String> = Vec::new();
    for (_, report) in &all {
        texts.extend([None, Some("DNS"), Some("Identity")].map(|team| ticket(report, team)));
    }
    let several: Vec<Report> = all.into_iter().map(|(_, report)| report).collect();
    texts.push(markdown::render(&several, None));
    texts.push(markdown::render(&several, Some("Network")));
    let Some(said) = python(LINT, &serde_json::to_string(&texts).unwrap()) else { return };
    assert_eq!(said, "");
}

#[test]
fn a_ticket_is_for_one_team() {
    let folder = tempfile::tempdir().unwrap();
    let bad = saved(folder.path(), "zone-not-linked");
    let ticket = |team: &str| {
        let ran = run(&["diagnose", "--format", "markdown", "--for", team, text(&bad)]);
        assert_eq!((ran.status, ran.err.as_str()), (2, ""));
        ran.out
    };
    assert!(ticket("dns").contains("\nFor the DNS team. "));
    let other = ticket("security");
    assert!(other.contains("\nNothing here is for the Security team.\n"), "{other}");
    assert!(other.contains("; owner: DNS. "), "{other}");
    for arguments in [
        &["diagnose", "--for", "dns", text(&bad)][..],
        &["--for", "dns", "--format", "json", "myacct"],
        &["check", "--for", "dns", "--config", "no-such.toml"],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.status, 64, "{}", ran.out);
        assert!(ran.err.contains("--for needs --format markdown"), "{}", ran.err);
    }
}
