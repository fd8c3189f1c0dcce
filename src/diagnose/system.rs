//! Findings in the commands and the words of the system that the walk ran on.
//!
//! Rules write both for Linux. Commands are translated by `commands`; the words below are the only
//! ones that name a part of Linux where another system has its own.

use crate::commands::{self, System, needs};
use crate::diagnosis::{Effect, Finding, Fix, Step};
use crate::evidence::Evidence;
use crate::evidence::vantage::Platform;

/// Words of rules: on Linux, on Windows, on macOS.
const WORDS: &[(&str, &str, &str)] = &[
    ("needs it in its unit", "needs it in its own environment", "needs it in its launchd plist"),
    (
        "in its own unit or app setting",
        "in its own environment or app setting",
        "in its own launchd plist or app setting",
    ),
    ("in the shell or unit of", "in the environment of", "in the environment of"),
    ("(chrony, systemd-timesyncd)", "(Windows Time, w32time)", "(timed)"),
    ("(chrony; else the machine's own service)", "(Windows Time)", "(timed)"),
    (
        "(a DHCP or VPN client, systemd-resolved)",
        "(a DHCP or VPN client, a policy)",
        "(a DHCP or VPN client, a profile)",
    ),
    (
        "(a VPN client, nscd, systemd-resolved)",
        "(a VPN client, the DNS client's cache)",
        "(a VPN client, mDNSResponder's cache)",
    ),
    ("the C library's own question", "Windows' own question", "the system's own question"),
    (
        "according to nsswitch.conf and resolv.conf applications should get the resolvers' answer: \
         a cache (nscd) or an agent on this host",
        "a rule by name (NRPT), the DNS client's cache or an agent on this host",
        "a scoped resolver, mDNSResponder's cache or an agent on this host",
    ),
    (
        "the C library uses EDNS only with `options edns0`; Go programs, systemd-resolved and",
        "the DNS client of Windows uses EDNS only for DNSSEC; Go programs and",
        "the system's own lookup may use EDNS; Go programs and",
    ),
    (
        ", or lower `timeout:` and `attempts:`; if AAAA answers are dropped set \
         `single-request-reopen`; with a search list end the name with a dot or lower `ndots:`",
        "; with a search list end the name with a dot",
        "; with a search list end the name with a dot",
    ),
    (
        "precedence of ::ffff:0:0/96 in gai.conf (keep a copy)",
        "precedence of ::ffff:0:0/96 by `netsh interface ipv6 set prefixpolicy` (note the old one)",
        "or turn IPv6 off by `networksetup -setv6off <service>`",
    ),
    (
        "; if it already has such a route, note it and change that one instead",
        ": the MTU of the interface, for every connection over it; note the old value",
        "; if it already has such a route, note it and change that one instead",
    ),
    (
        "only root and the group himds may read",
        "only administrators and the group Hybrid agent extension applications may read",
        "only root and the group himds may read",
    ),
    ("in /etc/docker/daemon.json", "in the engine's daemon.json", "in the engine's daemon.json"),
    (
        "remove the added file from /usr/local/share/ca-certificates, then repeat",
        "remove the added certificate from the store again",
        "remove the added certificate from the System keychain again",
    ),
    ("the C library", "Windows", "the system"),
];

/// The words of a text for `system`.
fn worded(text: &mut String, system: System) {
    for (linux, windows, macos) in WORDS {
        let own = match system {
            System::Linux => return,
            System::Windows => windows,
            System::MacOs => macos,
        };
        if text.contains(linux) {
            *text = text.replace(linux, own);
        }
    }
}

/// Puts a finding into the commands and words of the machine of a walk, and adds what a command needs:
/// `sudo`, an administrator, an extension of `az`.
pub(super) fn suit(e: &Evidence, finding: &mut Finding) {
    let system = System::of(&e.vantage.os);
    let rights = Rights::of(e, system);
    let steps = finding.fix.iter_mut().flat_map(|fix| &mut fix.steps);
    let there: Vec<bool> = steps.map(|step| std::mem::take(&mut step.elsewhere)).collect();
    if system != System::Linux {
        finding.reasoning.iter_mut().for_each(|text| worded(text, system));
        finding.decide_with.retain_mut(|command| {
            // One that is run on another machine begins with words.
            command.starts_with("on ") || suit_command(command, system)
        });
    }
    finding.decide_with.iter_mut().for_each(|command| rights.give(command));
    let Some(fix) = &mut finding.fix else { return };
    if system != System::Linux && fix.check.as_mut().is_some_and(|one| !suit_command(one, system)) {
        fix.check = None;
    }
    for (step, there) in fix.steps.iter_mut().zip(&there) {
        if system != System::Linux {
            suit_words(step, system);
            if !there {
                suit_step(step, system);
            }
        }
        let rights = if *there { Rights::Sudo } else { rights };
        state_needs(step, rights, system);
    }
    drop_empty(fix);
}

/// How a command gets the rights that it needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rights {
    /// By `sudo` before it.
    Sudo,
    /// By an administrator's shell, which the step names.
    Administrator,
    /// It has them: a container runs its programs as root, or has no way to become root.
    Own,
}

impl Rights {
    fn of(e: &Evidence, system: System) -> Self {
        let contained = [
            Platform::AppService,
            Platform::Functions,
            Platform::ContainerApps,
            Platform::Kubernetes,
            Platform::Container,
        ];
        match system {
            System::Windows => Self::Administrator,
            _ if contained.iter().any(|platform| e.vantage.is_on(*platform)) => Self::Own,
            _ => Self::Sudo,
        }
    }

    /// Writes them into a command.
    fn give(self, command: &mut String) {
        match self {
            Self::Sudo => *command = needs::with_sudo(command),
            Self::Administrator
                if needs::needs_administrator(command) && !command.contains('#') =>
            {
                command.push_str("  # as administrator");
            }
            Self::Administrator | Self::Own => {}
        }
    }
}

/// Adds what the command of a step needs to it or to its text.
fn state_needs(step: &mut Step, rights: Rights, system: System) {
    if step.text.is_empty() {
        return;
    }
    if let Some(command) = &mut step.command {
        if let Some(name) = needs::extension(command, system.shell())
            && !step.text.contains("extension")
        {
            step.text.push_str(&format!(" (az extension {name})"));
        }
        match rights {
            Rights::Administrator if !needs::needs_administrator(command) => {}
            Rights::Administrator if step.text.contains("as administrator") => {}
            Rights::Administrator => step.text.push_str(" (as administrator)"),
            Rights::Sudo | Rights::Own => rights.give(command),
        }
    }
    // Words are no command, and an undo that is one begins with its program.
    step.undo.iter_mut().filter(|_| rights == Rights::Sudo).for_each(|undo| rights.give(undo));
}

/// The command for `system`; false where it has none.
fn suit_command(command: &mut String, system: System) -> bool {
    let suited = commands::suited(command, system).command;
    let has = suited.is_some();
    *command = suited.unwrap_or_default();
    worded(command, system);
    has
}

fn suit_words(step: &mut Step, system: System) {
    worded(&mut step.text, system);
    if let Effect::Shared { affects } = &mut step.effect {
        worded(affects, system);
    }
    step.undo.iter_mut().for_each(|undo| worded(undo, system));
}

fn suit_step(step: &mut Step, system: System) {
    if let Some(command) = &mut step.command {
        let suited = commands::suited(command, system);
        if let Some(text) = suited.text {
            text.clone_into(&mut step.text);
        }
        match suited.command {
            Some(mut own) => {
                worded(&mut own, system);
                *command = own;
            }
            // Without its command a step that only reads says nothing, unless it has other words.
            None if step.effect == Effect::ReadOnly && suited.text.is_none() => step.text.clear(),
            None => step.command = None,
        }
    }
    if let Some(undo) = step.undo.take_if(|undo| commands::is_known(undo)) {
        match commands::suited(&undo, system).command {
            Some(own) => step.undo = Some(own),
            // What cannot be undone there is not advised there.
            None => step.text.clear(),
        }
    }
}

/// Drops the steps that have no text left; the alternative to one of them takes its place.
fn drop_empty(fix: &mut Fix) {
    let mut gone = false;
    for step in &mut fix.steps {
        if gone && step.or {
            step.or = false;
        }
        gone = step.text.is_empty() && !step.or;
    }
    fix.steps.retain(|step| !step.text.is_empty());
}
