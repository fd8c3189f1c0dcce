//! The system's proxy settings name a script that chooses the proxy, and this check does not know what
//! it gives: on macOS, where WinHTTP was not asked, and where the script's server wants a login (facts P13,
//! P160, P191).

use crate::commands::System;
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::vantage::{ProxyDecision, ProxyReason, ScriptEvidence};

pub(super) const RULE: Rule = rule!(
    "proxy-script-not-run",
    Proxy,
    "A script chooses the proxy of some clients, and was not run",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    let (script, run) = named(proxy)?;
    // Anything else that WinHTTP made of it is what .NET gets, too.
    let wants_login = match run {
        Some(run) if run.outcome.wants_login() => true,
        Some(_) => return None,
        None => false,
    };
    let why = match wants_login {
        true => "whose server wants a login",
        false => "which was not run",
    };
    let (host, port) = (&e.target.host, e.target.port);
    let way = match &proxy.applies {
        Some(url) => format!("this check went through {url}"),
        None => "this check connected directly".to_owned(),
    };
    let mut finding = FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        headline::fitting(&[
            format!(".NET and browsers choose the proxy by the script {script}, {why}"),
            format!(".NET and browsers choose the proxy by a script, {why}"),
        ]),
    )
    .caveat()
    .fact(format!("the system's proxy settings name the script {script}; {way}"))
    .reasoning(
        ".NET's HttpClient and browsers ask the script for each call where no variable names a proxy; \
         curl, Go, Node and Python do not, so both ways may be in use",
    )
    .cites("/vantage/proxy/system/user/script");
    if let Some(run) = run {
        finding = finding
            .fact(format!("asked by this check, WinHTTP reports: {}", run.outcome.words()))
            .reasoning(
                "to a server that wants a login, .NET gives that of this user; this check gives none, so \
                 .NET may get the script",
            )
            .cites("/vantage/proxy/system/script");
    }
    Some(
        finding
            .owner("Application")
            .step(Step::inspect(match System::of(&e.vantage.os) {
                System::MacOs => format!(
                    "open the script and see what its FindProxyForURL gives for \
                     https://{host}:{port}/ (DIRECT means none)"
                ),
                System::Windows | System::Linux => format!(
                    "see which proxy the script gives, in PowerShell (the address itself means none): \
                     [System.Net.WebRequest]::GetSystemWebProxy().GetProxy('https://{host}:{port}/')"
                ),
            }))
            .decide_with(reading::again_with(e, "--proxy <URL of that proxy>")),
    )
}

/// The script that decides for clients which run scripts, and what WinHTTP made of it: none where an
/// option or a variable takes the settings' place, or the script gave the way.
pub(super) fn named(proxy: &ProxyDecision) -> Option<(&String, Option<&ScriptEvidence>)> {
    let by_settings = matches!(
        proxy.reason,
        ProxyReason::NotConfigured | ProxyReason::System | ProxyReason::SystemExempted { .. }
    );
    let system = proxy.system.as_ref().filter(|_| by_settings)?;
    Some((system.user.as_ref()?.script.as_ref()?, system.script.as_ref()))
}
