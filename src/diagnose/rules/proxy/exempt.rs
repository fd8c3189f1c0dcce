//! Whether the call could go without the proxy, and how NO_PROXY says so (facts P2-P4).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::diagnose::{Because, reading};
use crate::diagnosis::Step;
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Evidence, tunnel};

/// What the direct path beside the proxied one shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose::rules) enum Direct {
    /// TLS verified there: the application can go without the proxy.
    Verified(IpAddr),
    /// TCP connects there.
    Connected(IpAddr),
    /// The name leads to a private address from here; the path to it is not proved.
    Private(IpAddr),
    /// Nothing speaks for it.
    Unknown,
}

/// What the direct path shows.
pub(in crate::diagnose::rules) fn direct(e: &Evidence) -> Direct {
    if let Some(path) = e.direct.saw()
        && let Some(address) = path.tcp.saw().and_then(|tcp| tcp.walked)
    {
        let verified = path.tls.saw().is_some_and(|tls| tls.outcome == TlsOutcome::Verified);
        return if verified { Direct::Verified(address) } else { Direct::Connected(address) };
    }
    match e.dns.effective().into_iter().find(|a| tunnel::is_private(e, *a)) {
        Some(address) => Direct::Private(address),
        None => Direct::Unknown,
    }
}

/// Whether the target is private from here, so that no proxy is needed to reach it.
pub(in crate::diagnose::rules) fn is_private(e: &Evidence) -> bool {
    reading::some_private(e)
}

/// The team that mends a proxy's failure: where the target is private the application's
/// own settings are the fault, else the proxy.
pub(in crate::diagnose::rules) fn owner(e: &Evidence) -> &'static str {
    if is_private(e) { "Application" } else { "Network (proxy)" }
}

/// Whether the target is an Azure AI account, in any cloud.
pub(in crate::diagnose::rules) fn is_azure_ai(e: &Evidence) -> bool {
    matches!(e.target.service.as_deref(), Some("openai" | "cognitiveservices" | "aiservices"))
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
        .iter()
        .map(|other| format!("{}.{other}", reading::account(e)))
        .collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(
            ", and so do the account's other names if they are called: {}",
            names.join(", ")
        ),
    }
}

/// The step that exempts the one host and keeps the entries that are there.
pub(in crate::diagnose::rules) fn step(e: &Evidence, says: &str) -> Step {
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
    let both = if held.len() > 1 { " (NO_PROXY and no_proxy alike)" } else { "" };
    Step::local(format!(
        "{says}{both}: it holds for this shell and what it starts; a service needs it in its own \
         unit or app setting{}",
        others(e)
    ))
    .command(format!("export {name}=\"${{{name}:+${name},}}\"{host}"))
    .undo(format!("export {name}=\"${{{name}%,*}}\", or open a new shell"))
}

/// Adds what the direct path shows, and how to take it where it is private.
pub(in crate::diagnose::rules) fn way_around(because: Because, e: &Evidence) -> Because {
    let mut because = match direct(e) {
        Direct::Verified(address) => because
            .seen(format!(
                "directly, without the proxy: {address} connects and its certificate verifies"
            ))
            .read_at("/direct"),
        Direct::Connected(address) => because
            .seen(format!("directly, without the proxy: {address} connects"))
            .read_at("/direct"),
        Direct::Private(address) => because
            .seen(format!("{} is {address} from here, a private address", e.dns.name))
            .read_at("/dns/walked"),
        Direct::Unknown => return because,
    };
    if !is_private(e) {
        return because;
    }
    for (index, entry) in e.vantage.proxy.no_proxy.iter().enumerate() {
        let Ok(net) = entry.entry.parse::<IpNet>() else { continue };
        if !entry.exempts && e.dns.effective().iter().any(|a| net.contains(a)) {
            because = because
                .seen(format!(
                    "{} holds {net}, which exempts URLs with an address in them, not {}",
                    variable(e),
                    e.target.host
                ))
                .read_at(format!("/vantage/proxy/no_proxy/{index}"));
        }
    }
    because
        .look("walk without the proxy first", reading::again_with(e, "--proxy none"))
        .act(step(e, "exempt the host from the proxy where the application gets its environment"))
}
