//! The catalogue is complete: rules, pages, ids and services belong together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use aoai_probe::clouds::Cloud;
use aoai_probe::credential::SOURCES;
use aoai_probe::diagnose::{self, RETIRED, Rule, rules};
use aoai_probe::services::{self, Endpoint};
use aoai_probe::walk::experiments;

use crate::fixtures::root;

/// The parts of a page, in order.
const HEADINGS: &[&str] = &["## What it means", "## How it is known", "## Fix", "## Sources"];

/// Lines of a page, at most: it is read at night.
const LONGEST_PAGE: usize = 60;

fn all() -> Vec<&'static Rule> {
    rules::all().collect()
}

/// Fails with every fault at once.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn ids_are_well_formed_and_unique() {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for rule in all() {
        let id = rule.id;
        if !seen.insert(id) {
            faults.push(format!("{id}: there are two"));
        }
        let kebab = id.split('-').all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        });
        if !kebab {
            faults.push(format!("{id}: not in kebab case"));
        }
        match id.split_once('-') {
            Some((hop, fault)) if hop == rule.hop.name() && !fault.is_empty() => {}
            _ => faults.push(format!("{id}: the id begins with its hop, {}", rule.hop.name())),
        }
        let title = rule.title;
        if title.is_empty() || title.ends_with('.') || title.len() > 100 || !title.is_ascii() {
            faults.push(format!("{id}: a title is one short line without full stop: {title:?}"));
        }
    }
    none(&faults);
}

#[test]
fn rules_come_in_the_order_of_the_walk() {
    let hops: Vec<_> = all().iter().map(|rule| rule.hop).collect();
    let mut order: Vec<_> = hops.clone();
    order.dedup();
    let distinct: BTreeSet<_> = hops.iter().collect();
    assert_eq!(order.len(), distinct.len(), "the rules of a hop stand together: {order:?}");
}

#[test]
fn every_rule_has_its_page_and_every_page_its_rule() {
    let folder = root().join("docs/findings");
    let mut faults = Vec::new();
    for rule in all() {
        let id = rule.id;
        let Ok(page) = fs::read_to_string(folder.join(format!("{id}.md"))) else {
            faults.push(format!("docs/findings/{id}.md is not there"));
            continue;
        };
        if page != rule.page() {
            faults.push(format!("{id}: `page` is not docs/findings/{id}.md"));
        }
        page_faults(id, &page, &mut faults);
    }
    let known: BTreeSet<String> = all().iter().map(|rule| format!("{}.md", rule.id)).collect();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "README.md" && !known.contains(&name) {
            faults.push(format!("docs/findings/{name} belongs to no rule"));
        }
    }
    none(&faults);
}

fn page_faults(id: &str, page: &str, faults: &mut Vec<String>) {
    if page.lines().next() != Some(&format!("# {id}")) {
        faults.push(format!("{id}: the first line of the page is `# {id}`"));
    }
    if page.lines().nth(1) != Some("") || page.lines().nth(2).is_none_or(str::is_empty) {
        faults.push(format!("{id}: after the first line comes an empty one and one sentence"));
    }
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with('#')).skip(1).collect();
    let wanted: Vec<&str> =
        headings.iter().copied().filter(|heading| HEADINGS.contains(heading)).collect();
    if wanted != HEADINGS {
        faults.push(format!("{id}: the page has {HEADINGS:?} in this order, found {headings:?}"));
    }
    for part in page.split("\n## ").skip(1) {
        if part.lines().skip(1).all(|line| line.trim().is_empty()) {
            faults.push(format!("{id}: nothing under {:?}", part.lines().next().unwrap_or("")));
        }
    }
    if page.lines().count() > LONGEST_PAGE {
        faults.push(format!("{id}: {} lines, at most {LONGEST_PAGE}", page.lines().count()));
    }
    if !page.is_ascii() {
        faults.push(format!("{id}: the page has characters outside ASCII"));
    }
    if !page.ends_with('\n') || page.lines().any(|line| line.ends_with(char::is_whitespace)) {
        faults.push(format!("{id}: white space at the end of a line, or no line end at the end"));
    }
    // A command may not be broken; everything else fits a terminal (the voice: 80 columns).
    for line in page.lines().filter(|line| !line.starts_with("    ") && line.len() > 80) {
        faults.push(format!("{id}: wider than 80 columns: {line}"));
    }
}

#[test]
fn what_an_experiment_proves_is_a_finding_whose_page_names_the_experiment() {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in experiments::catalogue() {
        if !seen.insert(entry.id) {
            faults.push(format!("{}: there are two experiments of this id", entry.id));
        }
        if entry.proves.is_empty() {
            faults.push(format!("{}: it proves nothing", entry.id));
        }
        for (finding, _) in entry.proves {
            match all().into_iter().find(|rule| rule.id == *finding) {
                None => faults.push(format!("{}: {finding} is no finding", entry.id)),
                Some(rule) if !rule.page().contains(&format!("`{}`", entry.id)) => {
                    faults.push(format!("{finding}: its page does not name `{}`", entry.id));
                }
                Some(_) => {}
            }
        }
    }
    none(&faults);
}

#[test]
fn explained_symptoms_are_rules() {
    let known: BTreeSet<&str> = all().iter().map(|rule| rule.id).collect();
    let mut faults = Vec::new();
    for rule in all() {
        let mut listed = BTreeSet::new();
        for symptom in rule.symptoms() {
            if !known.contains(symptom) {
                faults.push(format!("{} explains {symptom}, which is no rule", rule.id));
            }
            if symptom == rule.id {
                faults.push(format!("{} explains itself", rule.id));
            }
            if !listed.insert(symptom) {
                faults.push(format!("{} explains {symptom} twice", rule.id));
            }
        }
    }
    none(&faults);
}

#[test]
fn no_two_findings_explain_each_other() {
    let explains: BTreeMap<&str, Vec<&str>> =
        all().iter().map(|rule| (rule.id, rule.symptoms().collect())).collect();
    let mut faults = Vec::new();
    for (id, symptoms) in &explains {
        for symptom in symptoms {
            if id < symptom && explains.get(symptom).is_some_and(|back| back.contains(id)) {
                // With both folded under the other, none would be left as the cause.
                faults.push(format!("{id} and {symptom} explain each other"));
            }
        }
    }
    none(&faults);
}

#[test]
fn rules_yield_to_rules_and_in_no_circle() {
    let sharper: BTreeMap<&str, &[&str]> =
        all().iter().map(|rule| (rule.id, rule.yields_to)).collect();
    let mut faults = Vec::new();
    for rule in all() {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&str> = rule.yields_to.to_vec();
        while let Some(id) = next.pop() {
            match sharper.get(id) {
                None => faults.push(format!("{} yields to {id}, which is no rule", rule.id)),
                Some(_) if id == rule.id => faults.push(format!("{id} yields to itself")),
                Some(further) if reached.insert(id) => next.extend(*further),
                Some(_) => {}
            }
        }
    }
    none(&faults);
}

/// Lists everything that the evidence of a rule's fixtures makes fire, before any yields.
#[test]
fn a_rule_and_what_it_yields_to_fire_on_the_same_evidence_somewhere() {
    let mut faults = Vec::new();
    for rule in all().into_iter().filter(|rule| !rule.yields_to.is_empty()) {
        for sharper in rule.yields_to {
            let both = crate::fixtures::findings(sharper)
                .iter()
                .any(|e| diagnose::fires(rule.id, e) && diagnose::fires(sharper, e));
            if !both {
                faults.push(format!("no fixture of {sharper} makes {} fire too", rule.id));
            }
        }
    }
    none(&faults);
}

#[test]
fn ids_that_pages_and_findings_name_exist() {
    let known: BTreeSet<&str> = all().iter().map(|rule| rule.id).collect();
    let mut faults = Vec::new();
    for rule in all() {
        for word in rule.page().split('`').skip(1).step_by(2) {
            let id = word.strip_prefix("aoai-probe explain ").unwrap_or(word);
            let named = id.split_once('-').is_some_and(|(hop, rest)| {
                rest.contains('-') && known.iter().any(|k| k.starts_with(&format!("{hop}-")))
            });
            let kebab = id.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            if named && kebab && !known.contains(id) {
                faults.push(format!("the page of {} names {id}, which is no rule", rule.id));
            }
        }
    }
    none(&faults);
}

#[test]
fn retired_ids_are_not_in_use() {
    let mut seen = BTreeSet::new();
    for (id, since) in RETIRED {
        assert!(all().iter().all(|rule| rule.id != *id), "{id} is retired and in use");
        assert!(seen.insert(id), "{id} is retired twice");
        assert!(since.starts_with(|c: char| c.is_ascii_digit()), "{id}: since which release?");
    }
}

#[test]
fn facts_that_pages_cite_are_written_down() {
    let facts = facts();
    let mut faults = Vec::new();
    for rule in all() {
        let sources = rule.page().split("\n## Sources\n").nth(1).unwrap_or_default();
        let flat = sources.split_whitespace().collect::<Vec<_>>().join(" ");
        for sentence in flat.split([';', '.']).filter(|s| s.to_ascii_lowercase().contains("fact")) {
            for number in sentence.split(|c: char| !c.is_ascii_alphanumeric()) {
                if is_number(number) && !facts.contains(number) {
                    faults.push(format!("{} cites {number}, which no docs/facts*.md has", rule.id));
                }
            }
        }
        for file in flat.split('`').filter(|w| w.starts_with("docs/") && w.ends_with(".md")) {
            if !root().join(file).exists() {
                faults.push(format!("{} cites {file}, which is not there", rule.id));
            }
        }
    }
    none(&faults);
}

/// The numbers of all facts: at the start of a list item or of a table's row.
fn facts() -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("facts") || !name.ends_with(".md") {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let start = line.trim_start_matches(['|', '-', '*', '#', ' ']);
            let number: String = start.chars().take_while(char::is_ascii_alphanumeric).collect();
            if is_number(&number) {
                numbers.insert(number);
            }
        }
    }
    numbers
}

/// `D32`, `D55a`: a capital letter, a number, perhaps a small letter.
fn is_number(word: &str) -> bool {
    let mut characters = word.chars();
    let letter = characters.next().is_some_and(|c| "DTPSHIWG".contains(c));
    let rest = characters.as_str().trim_end_matches(|c: char| c.is_ascii_lowercase());
    letter
        && !rest.is_empty()
        && rest.len() <= 3
        && rest.chars().all(|c| c.is_ascii_digit())
        && characters.as_str().len() - rest.len() <= 1
}

#[test]
fn services_are_distinguished_by_their_names() {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for service in services::all() {
        // The hosts of revocation data are named by certificates.
        let named = !service.endpoints.is_empty() || service.id == "revocation";
        assert!(named, "{}: no public suffix", service.id);
        assert_eq!(service.id, service.id.to_ascii_lowercase());
        for Endpoint { suffix, zone, group_ids, .. } in service.endpoints {
            // An API is at the names of its account, which do not show it.
            if service.kind != services::Kind::Api {
                let other = seen.insert(suffix, service.id);
                assert_eq!(other, None, "{suffix} is of {} too", service.id);
            }
            assert!(suffix.contains('.') && !suffix.starts_with('.'), "{suffix}");
            assert!(
                zone.is_empty() || zone.starts_with("privatelink."),
                "{suffix}: the zone {zone} does not begin with privatelink"
            );
            assert_eq!(group_ids.is_empty(), zone.is_empty(), "{suffix}");
            for name in [suffix, zone] {
                assert_eq!(**name, name.to_ascii_lowercase(), "{name}");
                assert!(!name.ends_with('.'), "{name}");
            }
            if zone.contains("{region}") && service.id != "containerapps" {
                assert!(suffix.contains("{region}"), "{zone}: the region comes from nowhere");
            }
        }
        for audience in service.audiences.iter().flat_map(|(_, list)| *list) {
            let host = audience.strip_prefix("https://").unwrap_or_default();
            assert!(!host.is_empty() && !host.contains('/'), "{audience}");
        }
        for cloud in Cloud::ALL.into_iter().filter(|cloud| service.is_in(*cloud)) {
            let asked = service.has_call() && !service.asks_anonymously();
            assert_eq!(
                !service.audiences_in(cloud).is_empty(),
                asked,
                "{} in {}: a service whose callers are tested has an audience",
                service.id,
                cloud.name()
            );
        }
        if let Some(resource) = service.resource {
            assert!(resource.kind.starts_with("Microsoft."), "{}", resource.kind);
        }
    }
}

#[test]
fn the_page_of_sources_has_each_source_in_the_order_of_auto() {
    let page = fs::read_to_string(root().join("docs/identity.md")).unwrap();
    let table = page.split("\n## ").next().unwrap_or_default();
    let rows: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .collect();
    let sources: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
    assert_eq!(rows, sources);
    for source in SOURCES {
        let row = table.lines().find(|line| line.starts_with(&format!("| `{}`", source.name)));
        let names = source.variables.iter().chain(source.shared_variables).chain(&source.option);
        for name in names {
            assert!(row.unwrap().contains(&format!("`{name}`")), "{name} in the row {row:?}");
        }
        assert_eq!(row.unwrap().contains("only when named"), source.only_when_named, "{row:?}");
    }
}

#[test]
fn findings_that_the_page_of_sources_names_exist() {
    let page = fs::read_to_string(root().join("docs/identity.md")).unwrap();
    for name in page.split('`').skip(1).step_by(2).filter(|n| n.starts_with("identity-")) {
        let known = match name.strip_suffix('*') {
            Some(begin) => all().iter().any(|rule| rule.id.starts_with(begin)),
            None => all().iter().any(|rule| rule.id == name),
        };
        assert!(known, "{name}");
    }
}

#[test]
fn one_service_is_one_profile() {
    let mut seen = BTreeSet::new();
    for service in services::all() {
        assert!(seen.insert(service.id), "{}", service.id);
        assert!(std::ptr::eq(services::by_id(service.id).unwrap(), service), "{}", service.id);
    }
}
