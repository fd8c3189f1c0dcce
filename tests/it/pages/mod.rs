//! The pages of `--format html` in Debian's Chromium, which is a parser of HTML that is not ours:
//! what they consist of, what they say on the console and request, and what axe-core finds.
//!
//! `AOAI_PROBE_SCREENSHOTS=FOLDER` keeps pictures and PDFs of them, for eyes.

mod browser;
mod hostile;
mod served;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aoai_probe::diagnose::diagnose;
use aoai_probe::evidence::Evidence;
use aoai_probe::render::html;
use aoai_probe::report::{Report, read};
use base64::Engine as _;
use serde_json::{Value, json};

use crate::fixtures::{evidence, report, reports, root};
use browser::{Browser, View};

const LIGHT: View = View { name: "light", scheme: "light", width: 1200 };
const DARK: View = View { name: "dark", scheme: "dark", width: 1200 };
const PHONE: View = View { name: "phone", scheme: "light", width: 360 };

/// Every element of a page, and every attribute.
const ELEMENTS: &[&str] = &[
    "a", "b", "body", "code", "dd", "desc", "details", "div", "dl", "dt", "footer", "g", "h1",
    "h2", "h3", "head", "html", "li", "main", "meta", "ol", "p", "path", "pre", "rect", "script",
    "section", "span", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead",
    "title", "tr", "ul",
];
const ATTRIBUTES: &[&str] = &[
    "aria-hidden",
    "aria-labelledby",
    "charset",
    "class",
    "colspan",
    "content",
    "d",
    "height",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "preserveAspectRatio",
    "role",
    "rx",
    "scope",
    "text-anchor",
    "type",
    "viewBox",
    "width",
    "x",
    "y",
];

/// The report on the evidence of a fixture.
fn judged(name: &str) -> Report {
    let evidence: Evidence = serde_json::from_value(evidence(name)).unwrap();
    let diagnosis = diagnose(&evidence);
    Report::new(evidence, diagnosis)
}

/// The pages that are looked at: their names, and the reports on them.
fn pages() -> Vec<(&'static str, Vec<Report>)> {
    let mtu = || judged("findings/tls-mtu-black-hole/fires-bracketed.json");
    let mut muted = report("zone-not-linked");
    muted.name = Some("prod-eastus".to_owned());
    muted.muted_until = Some("2026-12-01T08:00:00Z".to_owned());
    muted.labels.insert("team".to_owned(), "ai".to_owned());
    vec![
        ("healthy", vec![report("healthy")]),
        ("dns", vec![report("zone-not-linked")]),
        ("nothing-resolved", vec![report("nothing-resolved")]),
        ("mtu", vec![mtu()]),
        ("proxy", vec![report("proxied")]),
        ("no-token", vec![report("no-token")]),
        ("escapes", vec![report("escapes")]),
        ("several", vec![report("healthy"), muted, mtu(), report("proxied"), mtu()]),
        ("privatelink", vec![report("privatelink-name")]),
        ("none", Vec::new()),
    ]
}

/// Writes a page into a folder; its URL.
fn saved_page(folder: &Path, name: &str, page: &str) -> String {
    let path = folder.join(format!("{name}.html"));
    fs::write(&path, page).unwrap();
    format!("file://{}", path.display())
}

#[test]
fn a_page_holds_the_reports_that_it_shows() {
    for (name, reports) in pages() {
        let read = match read(html::render(&reports).as_bytes()) {
            Ok(read) => read,
            Err(error) => {
                assert!(reports.is_empty(), "{name}: {error}");
                continue;
            }
        };
        let saved: Vec<&Evidence> = read.iter().map(|one| &one.evidence).collect();
        let shown: Vec<&Evidence> = reports.iter().map(|one| &one.evidence).collect();
        assert_eq!(saved, shown, "{name}");
    }
}

#[test]
fn chromium_opens_every_page_and_neither_its_console_nor_axe_has_anything_to_say() {
    let Some(mut browser) = Browser::start() else { return };
    let Some(axe) = axe() else { return };
    let folder = tempfile::tempdir().unwrap();
    let screenshots = std::env::var_os("AOAI_PROBE_SCREENSHOTS").map(PathBuf::from);
    for (name, reports) in pages() {
        let page = saved_page(folder.path(), name, &html::render(&reports));
        for view in [LIGHT, DARK, PHONE] {
            let at = format!("{name}, {}", view.name);
            let (console, requests) = browser.open(&page, view);
            assert!(console.is_empty(), "{at}: {console:#?}");
            assert!(requests.is_empty(), "{at} requests {requests:?}");
            if let Some(folder) = &screenshots {
                keep(&mut browser, folder, name, view);
            }
            shows_all(&mut browser, &at, view);
            // What axe looks at is the same on a phone.
            if view.name != PHONE.name {
                judged_by_axe(&mut browser, &axe, "", &at);
            }
        }
        let pdf = browser.call("Page.printToPDF", json!({"printBackground": false}));
        assert!(bytes(&pdf).starts_with(b"%PDF"), "{name}");
    }
}

#[test]
fn axe_finds_what_is_wrong_with_a_page() {
    let Some(mut browser) = Browser::start() else { return };
    let Some(axe) = axe() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = "<!DOCTYPE html><p style=\"color: #ccc; background: #fff\">faint</p><img>";
    browser.open(&saved_page(folder.path(), "control", page), LIGHT);
    let found = violations(&mut browser, &axe).to_string();
    for id in ["color-contrast", "document-title", "html-has-lang"] {
        assert!(found.contains(id), "{found}");
    }
}

#[test]
fn no_field_of_a_report_can_add_anything_to_a_page() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, _) in reports() {
        let hostile = hostile::everywhere(&report(&name));
        let reports = vec![hostile; 2];
        let page = saved_page(folder.path(), &name, &html::render(&reports));
        for view in [LIGHT, PHONE] {
            let (console, requests) = browser.open(&page, view);
            assert!(console.is_empty() && requests.is_empty(), "{name}: {console:?} {requests:?}");
            let strings = |value: Value| -> BTreeSet<String> {
                let all = value.as_array().unwrap().iter();
                all.map(|one| one.as_str().unwrap().to_owned()).collect()
            };
            let known = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
            let elements = strings(
                browser.evaluate("[...document.querySelectorAll('*')].map(e => e.localName)"),
            );
            let allowed: BTreeSet<String> = known(ELEMENTS);
            assert!(elements.is_subset(&allowed), "{name}: {:?}", elements.difference(&allowed));
            let attributes = strings(browser.evaluate(
                "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())",
            ));
            let allowed: BTreeSet<String> = known(ATTRIBUTES);
            assert!(
                attributes.is_subset(&allowed),
                "{name}: {:?}",
                attributes.difference(&allowed)
            );
            let links = strings(browser.evaluate(
                "[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href'))",
            ));
            assert!(links.iter().all(|link| link.starts_with("#target-")), "{name}: {links:?}");
            let comments = browser.evaluate(
                "document.evaluate('count(//comment())', document).numberValue \
                 + document.querySelectorAll('script').length",
            );
            assert_eq!(comments.as_f64(), Some(1.0), "{name}: the report's JSON and no comment");
            let json = browser.evaluate("document.querySelector('script').textContent");
            let json: Value = serde_json::from_str(json.as_str().unwrap()).unwrap();
            assert_eq!(json, serde_json::to_value(&reports).unwrap(), "{name}");
            shows_all(&mut browser, &name, view);
        }
    }
}

/// Unfolds the page, of which nothing may then be beyond the edge of the screen.
fn shows_all(browser: &mut Browser, at: &str, view: View) {
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
    let wide = browser.evaluate("document.documentElement.scrollWidth");
    assert!(wide.as_u64() <= Some(view.width.into()), "{at} is {wide} pixels wide");
}

/// Fails on what axe finds against any rule but `without`.
fn judged_by_axe(browser: &mut Browser, axe: &str, without: &str, at: &str) {
    let found = violations(browser, axe);
    let all = found.as_array().unwrap().iter();
    let found: Vec<&Value> = all.filter(|one| one[0] != without).collect();
    assert!(found.is_empty(), "{at}: {found:#?}");
}

fn violations(browser: &mut Browser, axe: &str) -> Value {
    browser.evaluate(axe);
    browser.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.id, v.impact, v.help, \
         v.nodes.map(n => n.html).slice(0, 3)]))",
    )
}

/// axe-core, which tests/run.sh takes from a Python package; with `CI` set it must be there.
fn axe() -> Option<String> {
    let path = root().join("target/axe.min.js");
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none(), "CI needs {} (tests/run.sh)", path.display());
        eprintln!("skipped: {} is not there (tests/run.sh)", path.display());
        return None;
    }
    Some(fs::read_to_string(path).unwrap())
}

fn bytes(result: &Value) -> Vec<u8> {
    let data = result["data"].as_str().unwrap();
    base64::engine::general_purpose::STANDARD.decode(data).unwrap()
}

fn keep(browser: &mut Browser, folder: &Path, name: &str, view: View) {
    fs::create_dir_all(folder).unwrap();
    let options = json!({"format": "png", "captureBeyondViewport": true, "clip": {
        "x": 0, "y": 0, "width": view.width, "scale": 1,
        "height": browser.evaluate("document.documentElement.scrollHeight"),
    }});
    let picture = browser.call("Page.captureScreenshot", options);
    fs::write(folder.join(format!("{name}-{}.png", view.name)), bytes(&picture)).unwrap();
    if view.name == "light" {
        let pdf = browser.call("Page.printToPDF", json!({}));
        fs::write(folder.join(format!("{name}.pdf")), bytes(&pdf)).unwrap();
    }
}
