//! Advice that cannot hurt, and claims that the evidence carries: over every fixture.

use std::collections::BTreeSet;

use aoai_probe::commands::Shell;
use aoai_probe::diagnose::diagnose;
use aoai_probe::diagnose::headline::LONGEST;
use aoai_probe::diagnosis::{Effect, is_team};
use aoai_probe::evidence::{Evidence, Expect, Hop};

use crate::fixtures::{all_findings, evidence};

#[path = "../lab/advice.rs"]
pub(crate) mod checks;

/// Fails with every fault, each once, with the first fixture that shows it.
fn none(faults: impl IntoIterator<Item = (String, String, String)>) {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for (fixture, id, message) in faults {
        if seen.insert((id.clone(), message.clone())) {
            lines.push(format!("{id}: {message}\n    ({fixture})"));
        }
    }
    lines.sort();
    assert!(lines.is_empty(), "{} faults:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn advice_cannot_hurt() {
    none(all_findings().into_iter().flat_map(|(name, e)| {
        let faults = checks::faults(&diagnose(&e).findings);
        faults.into_iter().map(move |(id, message)| (name.clone(), id, message))
    }));
}

/// Whoever asks whether the public path refuses is not told to open it.
#[test]
fn a_check_that_the_path_is_closed_opens_nothing() {
    let opens = |message: &str| {
        [" through at", " through, for", "machine through", "it pass", "proxy out", "one FQDN"]
            .iter()
            .chain(&["NAT gateway", "ServiceEntry"])
            .any(|words| message.contains(words))
    };
    let mut shut = 0;
    let mut faults = Vec::new();
    for (name, mut e) in all_findings() {
        e.options.expect = Expect::Closed;
        for finding in diagnose(&e).findings {
            if !matches!(finding.hop, Hop::Tcp | Hop::Proxy | Hop::Tls | Hop::Http) {
                continue;
            }
            let steps = finding.fix.map(|fix| fix.steps).unwrap_or_default();
            shut += usize::from(steps.iter().any(|s| s.text.contains("open nothing")));
            assert!(!steps.first().is_some_and(|step| step.or), "{name}: {steps:?}");
            faults.extend(
                steps
                    .into_iter()
                    .filter(|s| matches!(s.effect, Effect::Shared { .. }) && opens(&s.text))
                    .map(|s| (name.clone(), finding.id.clone(), s.text)),
            );
        }
    }
    assert!(shut > 0);
    none(faults);
}

/// Where nothing says that the service answered, its account's key is not to be handed out.
#[test]
fn a_gateway_with_keys_of_its_own_is_not_given_the_accounts() {
    let name = "findings/identity-unauthorized/fires-gateway-with-keys-of-its-own.json";
    let e: Evidence = serde_json::from_value(evidence(name)).unwrap();
    let commands = checks::commands(&diagnose(&e).findings);
    assert!(commands.iter().all(|(_, c)| !c.contains("keys list")), "{commands:?}");
}

#[test]
fn owners_are_teams() {
    for (owner, known) in [
        ("DNS", true),
        ("Network (VPN / ExpressRoute)", true),
        ("Network (firewall", false),
        ("Proxy", false),
        ("Azure", false),
        ("", false),
    ] {
        assert_eq!(is_team(owner), known, "{owner}");
    }
    none(all_findings().into_iter().flat_map(|(name, e)| {
        let fixes = diagnose(&e).findings.into_iter().filter_map(|f| Some((f.id, f.fix?.owner)));
        let wrong = fixes.filter(|(_, owner)| !is_team(owner));
        wrong.map(move |(id, owner)| (name.clone(), id, format!("{owner:?} is not a team")))
    }));
}

/// Findings whose first step changes something, each with the reason why there is nothing to look
/// at before.
const NOTHING_TO_SEE_FIRST: &[(&str, &str)] = &[
    ("http-path-prefix", "the report shows the path that was called"),
    ("identity-half-configured", "the report lists the variables that are set"),
    ("identity-key-file-open", "the report shows who may read the file"),
    ("identity-key-is-token", "the report shows the form of the value"),
    ("identity-key-trimmed", "the report shows what was cut off"),
    ("identity-metadata-proxied", "the report shows the proxy variables"),
    ("identity-other-source", "the report lists the variables that are set"),
    ("identity-token-is-key", "the report shows the form of the value"),
    ("identity-way-not-walked", "nothing is broken: it is a limit of the walk"),
];

#[test]
fn the_first_step_looks() {
    let mut acts = BTreeSet::new();
    let faults: Vec<_> = all_findings()
        .into_iter()
        .flat_map(|(name, e)| {
            let fixes = diagnose(&e).findings.into_iter().filter_map(|f| Some((f.id, f.fix?)));
            let first = fixes.filter_map(|(id, fix)| Some((id, fix.steps.into_iter().next()?)));
            let acting = first.filter(|(_, step)| step.effect != Effect::ReadOnly);
            acting.map(move |(id, step)| (name.clone(), id, step)).collect::<Vec<_>>()
        })
        .filter(|(_, id, step)| {
            acts.insert(id.clone());
            // What others share is never changed unseen.
            let shared = matches!(step.effect, Effect::Shared { .. });
            shared || !NOTHING_TO_SEE_FIRST.iter().any(|(known, _)| known == id)
        })
        .map(|(name, id, step)| (name, id, format!("begins with a change: {}", step.text)))
        .collect();
    none(faults);
    let stale = NOTHING_TO_SEE_FIRST.iter().filter(|(id, _)| !acts.contains(*id));
    assert_eq!(stale.collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "begin with a look");
}

#[test]
fn the_first_line_has_100_columns_at_most() {
    none(all_findings().into_iter().filter_map(|(name, e)| {
        let verdict = diagnose(&e).verdict;
        let long = verdict.line.chars().count() > LONGEST;
        long.then(|| (name, verdict.cause.unwrap_or_default(), verdict.line))
    }));
}

/// Names and addresses of usual length leave room for one of the wordings.
#[test]
fn the_first_line_says_the_cause_whole() {
    none(all_findings().into_iter().filter_map(|(name, e)| {
        let verdict = diagnose(&e).verdict;
        let cut = verdict.line.ends_with("...");
        cut.then(|| (name, verdict.cause.unwrap_or_default(), verdict.line))
    }));
}

#[test]
fn a_shell_reads_every_command() {
    let mut commands = BTreeSet::new();
    // Those of Windows are for PowerShell, which `systems` has a parser of.
    for (_, e) in all_findings() {
        if Shell::of(&e.vantage.os) == Shell::Posix {
            commands.extend(checks::commands(&diagnose(&e).findings));
        }
    }
    let wrong = checks::unreadable(&commands);
    none(wrong.into_iter().map(|(id, message)| (String::new(), id, message)));
}

#[test]
fn what_is_ruled_out_was_seen() {
    none(all_findings().into_iter().flat_map(|(name, e)| {
        let faults = checks::unfounded(&e, &diagnose(&e).findings);
        faults.into_iter().map(move |(id, message)| (name.clone(), id, message))
    }));
}

#[test]
fn a_command_that_changes_something_is_known() {
    for (command, verb) in [
        ("az network private-endpoint-connection approve --id <id>", Some("approve")),
        ("az network private-dns link vnet list -g set -o table", None),
        ("sudo ip route replace default via 10.0.0.1", Some("replace")),
        ("ip route get 10.0.0.1", None),
        ("NO_PROXY=a aoai-probe x", None),
        ("export NO_PROXY=$NO_PROXY,a", Some("export")),
        ("dig a; systemctl restart unbound", Some("restart")),
        ("echo 1 > /etc/x", Some("> /etc/x")),
        ("curl -s https://<host>/ 2>&1 >/dev/null | head", None),
        ("az login --identity", Some("login")),
        ("Set-DnsClientServerAddress -InterfaceIndex 1", Some("Set-DnsClientServerAddress")),
    ] {
        assert_eq!(checks::changes(command).as_deref(), verb, "{command}");
    }
    assert!(checks::syntax_error("echo 'a").is_some());
    assert!(
        checks::syntax_error(&checks::without_placeholders("az vm list -g <resource group>"))
            .is_none()
    );
}

/// The texts of a fixture's own finding, in the order of its steps.
fn steps(id: &str, fixture: &str) -> Vec<String> {
    let value = evidence(&format!("findings/{id}/{fixture}.json"));
    let all = diagnose(&serde_json::from_value(value).unwrap()).findings;
    let fix = all.into_iter().find(|finding| finding.id == id).and_then(|finding| finding.fix);
    fix.map(|fix| fix.steps.into_iter().map(|step| step.text).collect()).unwrap_or_default()
}

#[test]
fn an_address_is_allowed_only_after_public_access_is_on() {
    for fixture in ["fires-public", "fires-proxied"] {
        let steps = steps("http-public-access-disabled", fixture);
        let at = |words: &str| steps.iter().position(|message| message.contains(words));
        let (on, allow) = (at("turn public access on"), at("egress address"));
        assert!(on.is_some() && allow > on, "{fixture}: {steps:#?}");
    }
}

#[test]
fn a_hosted_agent_is_sent_into_the_network_and_its_passing_address_is_not_allowed() {
    let steps = steps("http-network-rules", "fires-hosted-agent");
    let first = |words: &str| steps.iter().find(|message| message.contains(words));
    assert!(first("Managed DevOps Pool").is_some(), "{steps:#?}");
    assert_eq!(first("egress address"), None);
    assert_eq!(first("service endpoint"), None);
}

#[test]
fn what_listens_is_looked_up_at_the_port_at_which_the_resolver_was_asked() {
    let mut looked_up = 0;
    for (name, mut e) in all_findings() {
        e.dns.resolvers.iter_mut().for_each(|resolver| resolver.address.set_port(5353));
        let findings = diagnose(&e).findings;
        let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
        let steps = fixes.flat_map(|fix| &fix.steps);
        for command in steps.filter_map(|step| step.command.as_deref()) {
            if command.contains("sport = ") {
                looked_up += 1;
                assert!(command.contains(":5353'"), "{name}: {command}");
            }
        }
    }
    assert!(looked_up > 0);
}
