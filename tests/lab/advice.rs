//! Advice that cannot hurt, and claims that the evidence carries: held over every finding that
//! fixtures and worlds bring out.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use aoai_probe::diagnosis::{Confidence, Effect, Finding, Step};
use aoai_probe::evidence::http::HttpOutcome;
use aoai_probe::evidence::tcp::{TcpHop, TcpOutcome};
use aoai_probe::evidence::tls::{CertificateFault, TlsOutcome};
use aoai_probe::evidence::{Evidence, Hop, Observed};

/// Programs and the words that make a command of them one that changes something. A word that
/// ends with `*` is a beginning.
const CHANGING: &[(&str, &[&str])] = &[
    (
        "az",
        &[
            "add",
            "approve",
            "assign",
            "attach",
            "create",
            "delete",
            "detach",
            "disable",
            "enable",
            "failover",
            "flush",
            "import",
            "link",
            "login",
            "logout",
            "purge",
            "recover",
            "regenerate",
            "reject",
            "remove",
            "renew",
            "replace",
            "reset",
            "restart",
            "scale",
            "set",
            "start",
            "stop",
            "unlink",
            "update",
            "upgrade",
        ],
    ),
    ("ip", &["add", "append", "change", "del", "delete", "flush", "replace", "set"]),
    (
        "systemctl",
        &[
            "daemon-reload",
            "disable",
            "edit",
            "enable",
            "kill",
            "mask",
            "reload",
            "restart",
            "revert",
            "set-property",
            "start",
            "stop",
            "unmask",
        ],
    ),
    ("resolvectl", &["flush-caches", "reset-*", "revert"]),
    (
        "kubectl",
        &[
            "annotate", "apply", "cordon", "create", "delete", "drain", "edit", "label", "patch",
            "replace", "rollout", "scale", "set",
        ],
    ),
    ("docker", &["kill", "restart", "rm", "run", "start", "stop", "update"]),
    ("iptables", &["-A", "-D", "-F", "-I", "-R"]),
    ("nft", &["add", "delete", "flush", "insert", "replace"]),
    ("sysctl", &["-w", "--write"]),
    ("ethtool", &["-K", "-G", "-C", "-s"]),
    ("nmcli", &["add", "delete", "down", "edit", "modify", "reload", "up"]),
    ("timedatectl", &["set-*"]),
    ("chronyc", &["burst", "makestep", "online"]),
    ("date", &["-s", "--set*"]),
    ("sed", &["-i*"]),
    ("curl", &["-X", "-d", "--data*", "--request", "-T"]),
    ("gh", &["create", "delete", "edit", "set"]),
    ("terraform", &["apply", "destroy", "import", "taint"]),
    ("wsl", &["--shutdown", "--terminate", "--update"]),
    ("wsl.exe", &["--shutdown", "--terminate", "--update"]),
    ("dnscmd", &["/clearcache", "/config", "/recordadd", "/recorddelete", "/zoneadd"]),
];

/// Programs that always change something, by their name or its beginning.
const ALWAYS: &[&str] = &[
    "Add-*",
    "Clear-*",
    "New-*",
    "Remove-*",
    "Restart-*",
    "Set-*",
    "Start-*",
    "Stop-*",
    "apt",
    "apt-get",
    "chmod",
    "chown",
    "cp",
    "dhclient",
    "dnf",
    "export",
    "kill",
    "ln",
    "mkdir",
    "mv",
    "rm",
    "rmdir",
    "service",
    "setx",
    "shutdown",
    "tee",
    "touch",
    "unset",
    "update-ca-certificates",
    "update-ca-trust",
    "yum",
];

/// What is wrong with the advice of a finding, each with the finding's id.
pub(crate) fn faults(findings: &[Finding]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for finding in findings {
        let mut fault = |message: String| all.push((finding.id.clone(), message));
        let steps = || finding.fix.iter().flat_map(|fix| &fix.steps);
        if steps().next().is_some_and(|first| first.or) {
            fault("begins with an alternative, to nothing".to_owned());
        }
        for step in steps() {
            of_step(step).into_iter().for_each(&mut fault);
        }
        let check = finding.fix.iter().filter_map(|fix| fix.check.as_ref());
        for command in finding.decide_with.iter().chain(check) {
            if let Some(verb) = changes(command) {
                fault(format!("{verb:?} changes something in what should only show: {command}"));
            }
        }
        let open: BTreeSet<&String> = finding.decide_with.iter().collect();
        for out in &finding.ruled_out {
            if open.contains(out) || finding.headline == *out {
                fault(format!("is ruled out and open at once: {out}"));
            }
        }
    }
    all
}

/// What is wrong with a step.
fn of_step(step: &Step) -> Vec<String> {
    let mut all = Vec::new();
    let message = &step.text;
    if message.starts_with("or ") || message.starts_with("or, ") {
        all.push(format!("an alternative that is not marked as one: {message}"));
    }
    let verb = step.command.as_deref().and_then(changes);
    match (&step.effect, verb) {
        (Effect::ReadOnly, Some(verb)) => {
            let command = step.command.as_deref().unwrap_or_default();
            all.push(format!("{verb:?} changes something in a step that only looks: {command}"));
        }
        (Effect::Shared { affects }, _) if affects.trim().is_empty() => {
            all.push(format!("a shared step does not say what it affects: {message}"));
        }
        (Effect::Shared { .. }, _) if step.undo.as_deref().is_none_or(|u| u.trim().is_empty()) => {
            all.push(format!("a shared step has no way back: {message}"));
        }
        _ => {}
    }
    let shows = |text: &str| ["read-only", "only reads"].iter().any(|word| text.contains(word));
    if step.effect != Effect::ReadOnly
        && (shows(message) || step.command.as_deref().is_some_and(shows))
    {
        all.push(format!("a step that changes something calls itself read-only: {message}"));
    }
    if message.trim().is_empty() {
        all.push("a step without words".to_owned());
    }
    all
}

/// The word by which a command changes something, if it does.
pub(crate) fn changes(command: &str) -> Option<String> {
    if let Some(file) = written_to(command) {
        return Some(format!("> {file}"));
    }
    let joined = command.replace("\\\n", " ");
    let parts = joined.split(['|', ';', '\n', '(', ')', '`']).flat_map(|part| part.split("&&"));
    parts.into_iter().find_map(|part| {
        let mut words = part
            .split_whitespace()
            .skip_while(|word| ["sudo", "do", "then", "$"].contains(word) || is_assignment(word));
        let program = words.next()?;
        if ALWAYS.iter().any(|known| matches(known, program)) {
            return Some(program.to_owned());
        }
        let (_, verbs) = CHANGING.iter().find(|(known, _)| *known == program)?;
        let found = |word: &&str| verbs.iter().any(|verb| matches(verb, word));
        match program {
            // The last word of az before its first option is the verb; behind it are values.
            "az" => words.take_while(|word| !word.starts_with('-')).last().filter(found),
            _ => words.find(found),
        }
        .map(str::to_owned)
    })
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn matches(known: &str, word: &str) -> bool {
    match known.strip_suffix('*') {
        Some(beginning) => word.starts_with(beginning),
        None => word == known,
    }
}

/// The file that a command writes with `>`.
fn written_to(command: &str) -> Option<String> {
    let bare = without_placeholders(command).replace("2>&1", "").replace("1>&2", "");
    let behind = outside_quotes(&bare);
    let (_, file) = behind.split_once('>')?;
    let file = file.trim_start_matches('>').split_whitespace().next().unwrap_or_default();
    (file != "/dev/null").then(|| file.to_owned())
}

/// The command with what stands in quotes left out.
fn outside_quotes(command: &str) -> String {
    let mut quote = None;
    command
        .chars()
        .filter(|c| match quote {
            Some(open) if *c == open => {
                quote = None;
                false
            }
            Some(_) => false,
            None if ['\'', '"'].contains(c) => {
                quote = Some(*c);
                false
            }
            None => true,
        })
        .collect()
}

/// The command with each `<placeholder>` as one plain word.
pub(crate) fn without_placeholders(command: &str) -> String {
    let mut out = String::new();
    let mut rest = command;
    while let Some((before, inside)) = rest.split_once('<') {
        out.push_str(before);
        match inside.split_once('>') {
            Some((name, after)) if !name.contains(['\n', '\'', '"', '/', ';']) => {
                out.push_str("placeholder");
                rest = after;
            }
            _ => {
                out.push('<');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Every command of a finding: of its steps, its check, and of what would decide.
pub(crate) fn commands(findings: &[Finding]) -> Vec<(String, String)> {
    let of = |finding: &Finding| {
        let fix = finding.fix.iter();
        let steps = fix.clone().flat_map(|fix| &fix.steps).filter_map(|s| s.command.clone());
        let checks = fix.filter_map(|fix| fix.check.clone());
        let all = steps.chain(checks).chain(finding.decide_with.iter().cloned());
        all.map(|command| (finding.id.clone(), command)).collect::<Vec<_>>()
    };
    findings.iter().flat_map(of).collect()
}

/// The commands that a shell does not even read, with what it says: all of them in one script,
/// each as a function of its own, then one by one where that script is refused.
pub(crate) fn unreadable(commands: &BTreeSet<(String, String)>) -> Vec<(String, String)> {
    let bare: Vec<String> = commands.iter().map(|(_, c)| without_placeholders(c)).collect();
    let whole: String = bare.iter().map(|c| format!("f() {{\n{c}\n}}\n")).collect();
    if syntax_error(&whole).is_none() {
        return Vec::new();
    }
    let wrong = |(one, bare): (&(String, String), &String)| {
        let error = syntax_error(bare)?;
        Some((one.0.clone(), format!("a shell cannot read it: {}: {error}", one.1)))
    };
    commands.iter().zip(&bare).filter_map(wrong).collect()
}

pub(crate) fn syntax_error(script: &str) -> Option<String> {
    let mut shell = Command::new("sh");
    let mut child = shell.arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Claims that the evidence does not carry, each with the finding's id.
pub(crate) fn unfounded(e: &Evidence, findings: &[Finding]) -> Vec<(String, String)> {
    let verified = [Some(&e.tls), e.direct.value().map(|path| &path.tls)]
        .into_iter()
        .chain([e.original.as_deref().map(|original| &original.tls)])
        .flatten()
        .any(|tls| tls.value().is_some_and(|hop| hop.outcome == TlsOutcome::Verified))
        || e.experiments
            .handshakes
            .iter()
            .any(|one| one.tls.as_ref().is_some_and(|tls| tls.outcome == TlsOutcome::Verified));
    // Where the name alone is wrong, the authority has been accepted.
    let authority = e.tls.value().is_some_and(|hop| {
        matches!(&hop.outcome, TlsOutcome::CertificateRejected { fault }
            if *fault != CertificateFault::UnknownIssuer)
    });
    let judged = e.http.value().is_some_and(|hop| {
        let answered = |outcome: &HttpOutcome| matches!(outcome, HttpOutcome::Answered { .. });
        hop.calls.iter().any(|call| call.credential_sent && answered(&call.outcome))
    });
    // Whatever comes back shows that there is a route: an answer, a refusal, a router's word.
    let tcp = |hop: &Observed<TcpHop>| {
        let back = |hop: &TcpHop| {
            hop.attempts.iter().any(|attempt| match &attempt.outcome {
                TcpOutcome::Connected | TcpOutcome::Refused | TcpOutcome::Reset => true,
                TcpOutcome::Unreachable { icmp } => icmp.from.is_some(),
                TcpOutcome::TimedOut | TcpOutcome::LocalError { .. } => false,
            })
        };
        hop.value().is_some_and(back)
    };
    let connected = tcp(&e.tcp)
        || e.direct.value().is_some_and(|path| tcp(&path.tcp))
        || e.proxy.value().is_some_and(|proxy| tcp(&proxy.tcp))
        || !e.experiments.traces.is_empty();
    let answered = e.experiments.questions.iter().any(|one| one.exchange.answer().is_some());
    let local = e.vantage.sources.iter().any(|source| source.source.is_some());
    let claims: [(&[&str], bool, &str); 3] = [
        (&["certificate", "certificates"], verified, "no certificate verified"),
        (&["key", "keys"], judged, "no credential was put to the service"),
        (&["route", "routes"], connected, "nothing came back"),
    ];
    let mut all = Vec::new();
    for finding in findings {
        // What the control plane shows of a route needs no packet.
        let by_azure = e.azure.is_some() && finding.cites.iter().any(|at| at.contains("/azure/"));
        for out in &finding.ruled_out {
            // Behind the colon stands the evidence; before it, what is ruled out.
            let mut what = out.split(':').next().unwrap_or(out).to_ascii_lowercase();
            if authority {
                what = what.replace("certificate authority", "authority");
            }
            let words = || what.split(|c: char| !c.is_ascii_alphanumeric());
            let named = |all: &[&str]| words().any(|word| all.contains(&word));
            for (nouns, carried, why) in claims {
                let carried = carried
                    || nouns.contains(&"route")
                        && (local && what.contains("on this machine")
                            || by_azure
                            || answered && finding.hop == Hop::Dns);
                if !carried && named(nouns) {
                    all.push((finding.id.clone(), format!("rules out {out:?}, and {why}")));
                }
            }
        }
        let decides = |f: &Finding| {
            let steps = f.fix.iter().flat_map(|fix| &fix.steps);
            !f.decide_with.is_empty() || steps.into_iter().any(|s| s.effect == Effect::ReadOnly)
        };
        if finding.confidence == Confidence::Possible && !decides(finding) {
            all.push((finding.id.clone(), "is possible, and nothing would decide".to_owned()));
        }
    }
    all
}
