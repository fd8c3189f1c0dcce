//! `getaddrinfo` fails though the resolvers answer (nsswitch.conf(5)), or no resolver could be
//! asked beside it.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::{DnsOutcome, Rcode, SystemAnswer};
use crate::evidence::vantage::FileState;

use super::{fate, predict, words};

pub(super) const RULE: Rule =
    rule!("dns-system-fails", Dns, "The system's own lookup fails", Code(check))
        .explains(&["dns-system-slow"]);

/// In place of an error code.
const STALLED: &str = "no answer in time";

fn check(e: &View<'_>) -> Option<Because> {
    let code = match e.dns.system.saw()? {
        SystemAnswer::Failed { code } => code.as_str(),
        SystemAnswer::Addresses { addresses } if addresses.is_empty() => "no addresses",
        SystemAnswer::Addresses { .. } => return None,
        SystemAnswer::Stalled => STALLED,
    };
    if !e.dns.effective().is_empty() {
        return None;
    }
    let deciding = e.dns.deciding();
    let decider = e.dns.decider().filter(|r| !r.gives.addresses().is_empty());
    // Where the resolvers fail too, the way in which they do is the finding.
    if decider.is_none() && !deciding.is_empty() {
        return None;
    }
    let level = if fate::proxy_name_lost(e) { Level::Broken } else { fate::without_address(e) };
    let unseen = e.vantage.resolver_config.state == FileState::NotRead && deciding.is_empty();
    if unseen {
        return Some(without_sight(e, code, level));
    }
    let says = match &decider {
        Some(r) => words::clause(
            format!("getaddrinfo fails ({code}), though {} gives {}", r.label(), words::gives(r)),
            format!("getaddrinfo fails ({code}), though {} answers", r.label()),
        ),
        None => words::clause(
            format!("getaddrinfo fails ({code}), and no resolver could be asked"),
            "getaddrinfo fails, and no resolver could be asked",
        ),
    };
    let stalled = code == STALLED;
    let sure = if stalled { Sure::Inferred } else { Sure::Proved };
    let mut because = Because::new(level, sure, says)
        .seen(format!("getaddrinfo for {}: {code}", e.dns.name))
        .read_at("/dns/system");
    for r in &deciding {
        because = because.seen(format!("{}: {}", r.label(), words::gives(r))).read_at(r.pointer());
    }
    // An answer with an error beside one with an address: the rcode may be what ends the lookup.
    for r in &deciding {
        for (kind, outcome) in failed_answers(r) {
            because = because.known_by(format!(
                "{} answers {kind} with {outcome}: some C libraries end the lookup there",
                r.label()
            ));
        }
    }
    let not_reached = predict::dns_not_reached(e.vantage.nsswitch_hosts.as_deref());
    because = match (&e.vantage.nsswitch_hosts, not_reached) {
        (Some(line), Some(why)) => because
            .seen(format!("nsswitch.conf: hosts: {line}"))
            .read_at("/vantage/nsswitch_hosts")
            .known_by(format!("{why}: applications never ask the resolvers")),
        // EAI_AGAIN: `dns` was asked and got no answer that it could use. A sandbox that forbids
        // the C library a socket option (IP_RECVERR) ends its lookups so, as a filter does.
        (line, None) if code == "EAI_AGAIN" => {
            if let Some(line) = line {
                because = because
                    .seen(format!("nsswitch.conf: hosts: {line}"))
                    .read_at("/vantage/nsswitch_hosts");
            }
            because.known_by(
                "EAI_AGAIN: a service of the hosts line was asked and got no answer, or was not \
                 allowed to ask (a local firewall, a sandbox); which of them is not known",
            )
        }
        (Some(line), None) => because
            .seen(format!("nsswitch.conf: hosts: {line}"))
            .read_at("/vantage/nsswitch_hosts")
            .known_by(
                "a service before `dns` in the hosts line of nsswitch.conf, a local daemon, or a \
                 local firewall ends the lookup",
            ),
        (None, _) => because.known_by(
            "the C library reads another configuration than the resolver list, or a local daemon \
             ends the lookup",
        ),
    };
    let not_asked = predict::dns_not_reached(e.vantage.nsswitch_hosts.as_deref()).is_some();
    let step = match code == "EAI_AGAIN" && !not_asked {
        true => Step::look(
            "see where the C library's own question ends: an agent or daemon on this host, its \
             firewall, or a sandbox that forbids a system call",
        ),
        false => Step::local(
            "put `dns` into the hosts line, and fix or restart the local resolver daemon \
             (systemd-resolved, nscd, sssd)",
        )
        .undo("put the old line back: keep a copy of the file"),
    };
    let mut because = because
        .owner("Server")
        .look("see what applications get", format!("getent ahosts {}", e.dns.name))
        .look("see the order of name services", "grep ^hosts: /etc/nsswitch.conf");
    if let Some(advice) = platform_advice::on(e, Topic::ResolverUnanswered) {
        because = because.known_by(advice.why).act(advice.step());
    }
    Some(because.act(step).check(format!("getent ahosts {}", e.dns.name)))
}

/// Where the system's resolvers are not read, its own answer is all that there is.
fn without_sight(e: &View<'_>, code: &str, level: Level) -> Because {
    Because::new(
        level,
        Sure::Inferred,
        words::clause(
            format!("the system's own lookup fails ({code}); its resolvers are not seen"),
            "the system's own lookup fails; its resolvers are not seen",
        ),
    )
    .seen(format!("the system's lookup of {}: {code}", e.dns.name))
    .read_at("/dns/system")
    .read_at("/vantage/resolver_config/state")
    .known_by(
        "this system keeps its resolvers elsewhere than this program looks: whether one is silent, \
         refuses or knows no such name is not seen",
    )
    .act(Step::look(format!(
        "ask as applications do: Resolve-DnsName {0} (Windows), dscacheutil -q host -a name {0} \
         (macOS)",
        e.dns.name
    )))
    .owner("DNS")
    .act(Step::look(
        "see the resolvers: Get-DnsClientServerAddress (Windows), scutil --dns (macOS)",
    ))
    .look("ask one of them by itself", reading::again_with(e, "--resolver <address>"))
    .check(reading::again(e))
}

/// Answers of a resolver that are an error, by the type asked.
fn failed_answers(r: &gives::Asked<'_>) -> Vec<(&'static str, String)> {
    [("A", &r.seen.a), ("AAAA", &r.seen.aaaa)]
        .into_iter()
        .filter_map(|(kind, observed)| match &observed.saw()?.outcome {
            DnsOutcome::Answered { answer } if answer.rcode != Rcode::NoError => {
                Some((kind, answer.rcode.to_string()))
            }
            _ => None,
        })
        .collect()
}
