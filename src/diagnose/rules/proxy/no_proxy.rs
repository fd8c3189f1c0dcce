//! Whether the call could bypass the proxy, and the NO_PROXY entry for it (facts P2-P4).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::commands::System;
use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, reading};
use crate::diagnosis::Step;
use crate::evidence::dns::is_within;
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::tls::TlsOutcome;
use crate::evidence::vantage::ProxyReason;
use crate::evidence::{Evidence, tunnel};

/// What the direct path, tested in addition to the proxied one, shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Direct {
    /// TLS verified there: the application can go without the proxy.
    Verified(IpAddr),
    /// TCP connects there, and no handshake was made.
    Connected(IpAddr),
    /// It fails there as well: no connection, or no session that verifies.
    Fails(IpAddr, &'static str),
    /// The name leads to a private address from here; the path to it is not proved.
    Private(IpAddr),
    /// Nothing suggests that it works.
    Unknown,
}

/// What the direct path shows.
pub(in crate::diagnose) fn direct(e: &Evidence) -> Direct {
    if let Some(path) = e.direct.value()
        && let Some(tcp) = path.tcp.value()
    {
        match (tcp.selected, tcp.attempts.first()) {
            (Some(address), _) => {
                return match path.tls.value().map(|tls| &tls.outcome) {
                    Some(TlsOutcome::Verified) => Direct::Verified(address),
                    Some(outcome) => Direct::Fails(address, handshake(outcome)),
                    None => Direct::Connected(address),
                };
            }
            (None, Some(attempt)) => {
                let does = match attempt.outcome {
                    TcpOutcome::TimedOut => "does not answer",
                    _ => "does not connect",
                };
                return Direct::Fails(attempt.address.ip(), does);
            }
            (None, None) => {}
        }
    }
    match e.dns.effective().into_iter().find(|a| tunnel::is_private(e, *a)) {
        Some(address) => Direct::Private(address),
        None => Direct::Unknown,
    }
}

/// How a handshake on the direct path fails.
const fn handshake(outcome: &TlsOutcome) -> &'static str {
    match outcome {
        TlsOutcome::Silent => "connects, and does not answer the ClientHello",
        TlsOutcome::CertificateRejected { .. } => "connects, and its certificate is rejected",
        _ => "connects, and TLS fails there",
    }
}

/// Whether the target has a private address from here that `--expect` does not forbid.
pub(in crate::diagnose) fn leads_privately(e: &Evidence) -> bool {
    e.dns.effective().iter().any(|a| tunnel::is_private(e, *a) && !resolver_view::unwanted(e, *a))
}

/// Whether the call would do better without the proxy, as far as is known: it would go to a private
/// address that is wanted, and the direct path was not seen to fail.
pub(in crate::diagnose) fn would_help(e: &Evidence) -> bool {
    leads_privately(e) && !matches!(direct(e), Direct::Fails(..))
}

/// Whether the target is private from here.
pub(in crate::diagnose) fn is_private(e: &Evidence) -> bool {
    reading::some_private(e)
}

/// The team that fixes a proxy's failure: the application's own settings are at fault where the call
/// needs no proxy, the proxy elsewhere.
pub(in crate::diagnose) fn owner(e: &Evidence) -> &'static str {
    if would_help(e) { "Application" } else { "Network (proxy)" }
}

/// The name of the variable as this environment spells it.
fn variable(e: &Evidence) -> &str {
    e.vantage
        .proxy
        .variables
        .iter()
        .find(|v| v.name.eq_ignore_ascii_case("no_proxy"))
        .map_or("NO_PROXY", |v| v.name.as_str())
}

/// The account's names under the other suffixes of its cloud, which an entry for one host does not
/// cover.
fn others(e: &Evidence) -> String {
    let suffix = e.target.public_suffix.as_deref().unwrap_or_default();
    let names: Vec<String> = crate::services::other_names(suffix)
        .map(|other| format!("{}.{other}", reading::account(e)))
        .collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(
            ", and so do the account's other names, if they are called: {}",
            names.join(", ")
        ),
    }
}

/// The step that exempts the one host and keeps the entries that are there.
pub(in crate::diagnose) fn step(e: &Evidence, message: &str) -> Step {
    if e.vantage.proxy.reason == ProxyReason::System {
        let place = match System::of(&e.vantage.os) {
            System::MacOs => {
                "in System Settings > Network > the service > Details > Proxies, append {host} to the \
                 hosts that bypass the proxy"
            }
            System::Windows | System::Linux => {
                "on Windows, append {host} to the exceptions in Settings > Network & internet > Proxy"
            }
        };
        return Step::local(format!(
            "{message}: {}; this applies to every program of this user that reads these settings{}",
            place.replace("{host}", &e.target.host),
            others(e)
        ))
        .undo("take the entry out again");
    }
    // The list of exceptions does not count where a script gives the proxy.
    if e.vantage.proxy.reason == ProxyReason::Script {
        let host = &e.target.host;
        return Step::shared(
            format!(
                "exempt the host from the proxy in the script of the settings: return DIRECT for {host}, as the \
                 owner of the script decides{}",
                others(e)
            ),
            "every client whose settings name the script connects to this host without the proxy",
        )
        .undo("take the condition out of the script again");
    }
    let name = variable(e);
    let host = reading::word(&e.target.host);
    let held: Vec<&str> = e
        .vantage
        .proxy
        .variables
        .iter()
        .filter(|v| v.name.eq_ignore_ascii_case("no_proxy"))
        .map(|v| v.name.as_str())
        .collect();
    let both = if held.len() > 1 { " (both NO_PROXY and no_proxy)" } else { "" };
    Step::local(format!(
        "{message}{both}: this applies to the current shell and the programs it starts; a service \
         needs it in its own unit or app setting{}",
        others(e)
    ))
    .command(format!("export {name}=\"${{{name}:+${name},}}\"{host}"))
    .undo(format!("open a new shell, or take {host} out of {name} again"))
}

/// Adds what the direct path shows, and how to use it where it is private.
pub(in crate::diagnose) fn bypass_advice(finding: FindingBuilder, e: &Evidence) -> FindingBuilder {
    let mut finding = match direct(e) {
        Direct::Verified(address) => finding
            .fact(format!(
                "directly, without the proxy, {address} connects and its certificate verifies"
            ))
            .cites("/direct"),
        Direct::Connected(address) => finding
            .fact(format!("directly, without the proxy, {address} connects"))
            .cites("/direct"),
        Direct::Fails(address, does) => {
            finding.fact(format!("directly, without the proxy, {address} {does}")).cites("/direct")
        }
        Direct::Private(address) => finding
            .fact(format!("{} resolves to the private address {address} from here", e.dns.name))
            .cites("/dns/selected"),
        Direct::Unknown => return finding,
    };
    if !would_help(e) {
        return finding;
    }
    let aliases: Vec<String> =
        e.dns.resolvers.iter().flat_map(|r| r.aliases(&e.dns.name)).collect();
    for (index, entry) in e.vantage.proxy.no_proxy.iter().enumerate() {
        let Ok(net) = entry.entry.parse::<IpNet>() else {
            let bare = entry.entry.trim_matches(['"', '\'']);
            let zone = bare.trim_start_matches('*').trim_start_matches('.');
            let quoted = bare != entry.entry && is_within(&e.target.host, zone);
            if quoted && !entry.exempts {
                finding = finding
                    .fact(format!(
                        "{} contains {}: the quotation mark is part of the value, and no client takes it \
                         off",
                        variable(e),
                        entry.entry
                    ))
                    .cites(format!("/vantage/proxy/no_proxy/{index}"));
            }
            let of_alias = zone.contains('.') && aliases.iter().any(|alias| is_within(alias, zone));
            if of_alias && !entry.exempts {
                finding = finding
                    .fact(format!(
                        "{} contains {}, where the alias of {} is: clients compare the name that they \
                         call, not its alias",
                        variable(e),
                        entry.entry,
                        e.target.host
                    ))
                    .cites(format!("/vantage/proxy/no_proxy/{index}"));
            }
            continue;
        };
        if !entry.exempts && e.dns.effective().iter().any(|a| net.contains(a)) {
            finding = finding
                .fact(format!(
                    "{} contains {net}, which exempts URLs with an IP address, not {}",
                    variable(e),
                    e.target.host
                ))
                .cites(format!("/vantage/proxy/no_proxy/{index}"));
        }
    }
    finding
        .inspect("first check without the proxy", reading::again_with(e, "--proxy none"))
        .step(step(e, "exempt the host from the proxy in the application's environment"))
}
