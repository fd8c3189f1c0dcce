//! The call goes through a proxy, and some clients do not read the proxy variables: they connect
//! directly, and nothing shows that this works (facts P4, X25).

use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::vantage::{ClientDecision, ClientProxy, ProxyReason};

use super::client_proxies;

pub(super) const RULE: Rule = rule!(
    "proxy-clients-without-variables",
    Proxy,
    "Some clients do not read the proxy variables that this path needs",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    let through = proxy.applies.as_ref().filter(|_| reading::proxied(e))?;
    // With `--proxy URL`, neither variables nor settings decide.
    let (name, what, without_one): (&str, _, fn(&ClientProxy) -> bool) = match &proxy.reason {
        ProxyReason::Variable { name } => (name, "proxy variable", |client| !client.reads()),
        ProxyReason::System => ("the system's proxy settings", "setting of this user", |client| {
            use ClientDecision::{Ignores, NoVariable};
            matches!(client.decision, Ignores | NoVariable)
        }),
        _ => return None,
    };
    // If the direct path works too, such a client reaches the service.
    let verified = |tls: &crate::evidence::tls::TlsHop| tls.outcome == TlsOutcome::Verified;
    if e.direct.value().and_then(|direct| direct.tls.value()).is_some_and(verified) {
        return None;
    }
    let without: Vec<(usize, &ClientProxy)> =
        proxy.clients.iter().enumerate().filter(|(_, client)| without_one(client)).collect();
    if without.is_empty() {
        return None;
    }
    let names = without.iter().map(|(_, c)| c.client.as_str()).collect::<Vec<_>>().join(", ");
    let verb = |one, several| client_proxies::verb(&names, one, several);
    let (does, bypass) = (verb("does", "do"), verb("bypasses", "bypass"));
    let mut finding = FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        headline::fitting(&[
            format!("{names} {does} not read {name} and {bypass} {through}"),
            format!("{names} {does} not read {name}"),
            "some clients do not read what sets the proxy".to_owned(),
        ]),
    )
    .caveat()
    .fact(format!("the call goes through {through}, set by {name}"))
    .reasoning(format!(
        "by default, {names} {} no {what} and {} to the service directly; this \
         check does not show that the direct path works",
        verb("reads", "read"),
        verb("connects", "connect"),
    ))
    .cites("/vantage/proxy");
    for (index, _) in &without {
        finding = finding.cites(format!("/vantage/proxy/clients/{index}"));
    }
    Some(
        finding
            .owner("Application")
            .step(Step::inspect("see which HTTP client the application uses, and in which version"))
            .step(in_the_client(&proxy.reason).undo("remove the setting again"))
            .check(reading::again_with(e, "--direct")),
    )
}

/// Sets the proxy where such a client reads it.
pub(super) fn in_the_client(reason: &ProxyReason) -> Step {
    let clients = "in Java with -Dhttps.proxyHost and -Dhttps.proxyPort, in Node 24 and later with \
                   NODE_USE_ENV_PROXY=1, in older ones with an agent such as undici's \
                   EnvHttpProxyAgent";
    match reason {
        ProxyReason::System | ProxyReason::Script => Step::local(format!(
            "set HTTPS_PROXY in the environment of such a client, which curl and Go read, or set \
             the proxy in the client itself: {clients}; services that use WinHTTP read `netsh \
             winhttp set proxy`"
        )),
        _ => Step::local(format!("set the proxy in the client itself: {clients}")),
    }
}
