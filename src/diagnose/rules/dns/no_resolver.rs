//! No nameserver is configured: 127.0.0.1 is asked, as glibc does (resolv.conf(5)).

use crate::commands::System;
use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::library::Library;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::ResolverRole;
use crate::evidence::vantage::FileState;

use super::downstream;

pub(super) const RULE: Rule =
    rule!("dns-no-resolver", Dns, "No nameserver is configured", Code(check)).explains(&[
        "dns-resolver-silent",
        "dns-resolver-port-refused",
        "dns-resolver-unreachable",
        "dns-resolver-down",
        "dns-refused",
        "dns-servfail",
        "dns-malformed-answer",
        "dns-error-answer",
        "dns-system-fails",
        "dns-system-slow",
        "proxy-name-unresolved",
    ]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let config = &e.vantage.resolver_config;
    let assumed = |e: &View<'_>| e.dns.resolvers.iter().any(|r| r.role == ResolverRole::Assumed);
    let by_settings = match System::of(&e.vantage.os) {
        _ if Library::of(e).is_winsock() => Some(&ON_WINDOWS),
        System::MacOs if !assumed(e) => Some(&ON_MACOS),
        _ => None,
    };
    if let Some(words) = by_settings {
        return without_file(e, words);
    }
    // A file that was not read is not empty.
    if !config.nameservers.is_empty() || config.state == FileState::NotRead {
        return None;
    }
    let (index, resolver) =
        e.dns.resolvers.iter().enumerate().find(|(_, r)| r.role == ResolverRole::Assumed)?;
    let answers = e.dns.resolver_views().iter().any(|r| r.index == index && r.outcome.is_answer());
    let level = if answers {
        Level::Note
    } else if reading::proxied(e) {
        if downstream::proxy_name_unresolved(e) { Level::Broken } else { Level::Note }
    } else if e.dns.effective().is_empty() {
        Level::Broken
    } else {
        Level::Risk
    };
    let state = match &config.state {
        FileState::Read => format!("{} names no nameserver", config.path),
        FileState::Missing => format!("there is no {}", config.path),
        FileState::NotRead => return None,
        FileState::Unreadable { message } => format!("{} cannot be read: {message}", config.path),
    };
    let passed_over = (!config.bad_lines.is_empty()).then(|| {
        let lines: Vec<String> = config.bad_lines.iter().map(u32::to_string).collect();
        let (noun, ends) = match lines.len() {
            1 => (
                "line",
                "it ends with a carriage return (CRLF), begins with a blank, or is misspelt",
            ),
            _ => (
                "lines",
                "they end with a carriage return (CRLF), begin with a blank, or are misspelt",
            ),
        };
        format!(
            "the C library ignores {noun} {} of {}: see whether {ends}",
            lines.join(", "),
            config.path
        )
    });
    let label = resolver.label();
    let message = if answers {
        format!("no nameserver is configured; {label} answers nevertheless")
    } else {
        format!("no nameserver is configured, and {label} does not answer")
    };
    // The library may have read a line that this tool cannot.
    let contradicted = !config.bad_lines.is_empty() && !e.dns.system_addresses().is_empty();
    let confidence = if contradicted { Confidence::Inferred } else { Confidence::Proved };
    let mut finding = FindingBuilder::new(level, confidence, message)
        .fact(state)
        .cites("/vantage/resolver_config")
        .cites(format!("/dns/resolvers/{index}/a"));
    if let Some(passed_over) = passed_over {
        finding = finding
            .reasoning(passed_over)
            .inspect("see how its lines end", format!("cat -A {}", reading::word(&config.path)));
    }
    if contradicted {
        finding = finding
            .reasoning(
                "getaddrinfo gives an address: the C library may read one of these lines as a \
                 nameserver, or a cache or another name service has the answer",
            )
            .cites("/dns/system");
    }
    let mut finding = match System::of(&e.vantage.os) {
        System::Linux => finding
            .reasoning(
                "without a nameserver line the C library asks 127.0.0.1, so this tool asked it too",
            )
            .inspect(
                "see which service should write the file",
                format!("ls -l {}", reading::word(&config.path)),
            ),
        System::MacOs | System::Windows => {
            finding.inspect("see which resolvers this machine has", "resolvectl status")
        }
    }
    .owner("Server");
    finding = match platform_advice::on(e, Topic::ResolverSetting) {
        Some(advice) => finding.reasoning(advice.why).step(advice.step()),
        None => finding.step(
            Step::local(
                "configure a resolver that sees the private zone: in the DHCP or network settings, \
                 not by hand in a file that a service writes",
            )
            .undo("set the old value again"),
        ),
    };
    Some(finding.check(reading::again(e)))
}

/// What a system calls its settings that has no file of nameservers.
struct Settings {
    message: &'static str,
    fact: &'static str,
    /// Which servers it does not ask, and that it does not, around their list.
    others: (&'static str, &'static str),
    command: &'static str,
}

const ON_WINDOWS: Settings = Settings {
    message: "no network interface that is up has a DNS server",
    fact: "the network adapters that are up list no DNS server",
    others: ("adapters that are down list", "Windows does not ask those"),
    command: "Get-DnsClientServerAddress",
};

const ON_MACOS: Settings = Settings {
    message: "no network service has a DNS server for this name",
    fact: "neither the primary network service nor one for this name lists a DNS server",
    others: ("other interfaces list", "macOS asks those for connections of that interface alone"),
    command: "resolvectl status",
};

/// No interface that is up has a nameserver, and no rule by name has one for this name.
fn without_file(e: &View<'_>, words: &Settings) -> Option<FindingBuilder> {
    let config = &e.vantage.resolver_config;
    let by_policy = config.policy().is_some_and(|policy| !policy.servers.is_empty());
    let asked = config.nameservers.is_empty() && config.state == FileState::Read && !by_policy;
    if !asked || e.options.resolver_given {
        return None;
    }
    let level = match (e.dns.effective().is_empty(), reading::proxied(e)) {
        (true, false) => Level::Broken,
        (true, true) if downstream::proxy_name_unresolved(e) => Level::Broken,
        _ => Level::Note,
    };
    let mut finding = FindingBuilder::new(level, Confidence::Proved, words.message)
        .fact(words.fact)
        .cites("/vantage/resolver_config")
        .cites("/dns/system");
    if !config.ignored_nameservers.is_empty() {
        finding = finding.reasoning(format!(
            "{} {}: {}",
            words.others.0,
            config.ignored_nameservers.join(", "),
            words.others.1
        ));
    }
    Some(
        finding
            .owner("Server")
            .inspect("see the servers of each interface", words.command)
            .step(
                Step::local(
                    "connect the VPN or the network that brings DNS servers, or give the interface \
                     one that sees the private zone",
                )
                .undo("disconnect it, or set the old value again"),
            )
            .check(reading::again(e)),
    )
}
