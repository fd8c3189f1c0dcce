//! A script chose the way of this check, and some clients here run no script: they take another one, and
//! nothing shows that it works (facts P13, P190).

use super::{client_proxies, clients_without};
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::vantage::{ClientDecision, ClientProxy, ProxyReason};

pub(super) const RULE: Rule = rule!(
    "proxy-clients-without-script",
    Proxy,
    "Some clients do not run the script that chooses the proxy",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    let script = match proxy.reason {
        ProxyReason::Script | ProxyReason::ScriptDirect => {
            proxy.system.as_ref()?.user.as_ref()?.script.as_ref()?
        }
        _ => return None,
    };
    // If the direct path works too, a client that takes it reaches the service.
    let verified = |tls: &TlsHop| tls.outcome == TlsOutcome::Verified;
    let direct_works = e.direct.value().and_then(|direct| direct.tls.value()).is_some_and(verified);
    let others: Vec<(usize, &ClientProxy)> = proxy
        .clients
        .iter()
        .enumerate()
        .filter(|(_, client)| {
            use ClientDecision::{Ignores, NoVariable, System, SystemExempted};
            matches!(client.decision, Ignores | NoVariable | System | SystemExempted { .. })
                && client.proxy != proxy.applies
                && !(client.proxy.is_none() && direct_works)
        })
        .collect();
    let (_, first) = others.first()?;
    let how = |way: &Option<String>| match way {
        Some(url) => format!("through {url}"),
        None => "directly".to_owned(),
    };
    let (theirs, ours) = (how(&first.proxy), how(&proxy.applies));
    let names = client_proxies::names(&others, first.proxy.as_deref());
    let run = client_proxies::verb(&names, "runs", "run");
    let go = client_proxies::verb(&names, "goes", "go");
    let mut finding = FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        headline::fitting(&[
            format!("{names} {run} no proxy script and {go} {theirs}, not {ours}"),
            format!("{names} {run} no proxy script and {go} {theirs}"),
            format!("clients that run no proxy script go {theirs}, not {ours}"),
            format!("clients that run no proxy script go {theirs}"),
            "clients that run no proxy script take another way".to_owned(),
        ]),
    )
    .caveat()
    .fact(format!("the script {script} sends this call {ours}; .NET goes that way too, as this check did"))
    .reasoning(
        "curl, Go, Node, Java and Python run no proxy script; this check does not show that their way \
         works",
    )
    .cites("/vantage/proxy");
    finding = client_proxies::seen(finding, &others);
    finding = finding
        .owner("Application")
        .step(Step::inspect("see which HTTP client the application uses, and in which version"));
    Some(match (&first.proxy, &proxy.applies) {
        (None, Some(_)) => finding
            .step(clients_without::in_the_client(&proxy.reason).undo("remove the setting again"))
            .check(reading::again_with(e, "--direct")),
        (None, None) => finding.check(reading::again_with(e, "--proxy none")),
        (Some(url), _) => {
            finding.check(reading::again_with(e, &format!("--proxy {}", reading::word(url))))
        }
    })
}
