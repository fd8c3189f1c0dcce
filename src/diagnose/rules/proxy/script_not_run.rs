//! The system's proxy settings name a script that chooses the proxy, and this check did not run it
//! (facts P13, P160).

use crate::commands::System;
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::vantage::ProxyReason;

pub(super) const RULE: Rule = rule!(
    "proxy-script-not-run",
    Proxy,
    "A script chooses the proxy of some clients, and was not run",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    // A variable or an option takes the settings' place.
    let by_settings = matches!(
        proxy.reason,
        ProxyReason::NotConfigured | ProxyReason::System | ProxyReason::SystemExempted { .. }
    );
    let script = proxy.system.as_ref()?.user.as_ref()?.script.as_ref().filter(|_| by_settings)?;
    let (host, port) = (&e.target.host, e.target.port);
    let way = match &proxy.applies {
        Some(url) => format!("this check went through {url}"),
        None => "this check connected directly".to_owned(),
    };
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Inferred,
            headline::fitting(&[
                format!(
                    ".NET and browsers choose the proxy by the script {script}, which was not run"
                ),
                ".NET and browsers choose the proxy by a script, which was not run".to_owned(),
            ]),
        )
        .caveat()
        .fact(format!("the system's proxy settings name the script {script}; {way}"))
        .reasoning(
            ".NET's HttpClient and browsers ask the script for each call where no variable names a \
             proxy; curl, Go, Node and Python do not, so both ways may be in use",
        )
        .cites("/vantage/proxy/system/user/script")
        .owner("Application")
        .step(Step::inspect(match System::of(&e.vantage.os) {
            System::MacOs => format!(
                "open the script and see what its FindProxyForURL gives for https://{host}:{port}/ \
                 (DIRECT means none)"
            ),
            System::Windows | System::Linux => format!(
                "see which proxy the script gives, in PowerShell (the address itself means none): \
                 [System.Net.WebRequest]::GetSystemWebProxy().GetProxy('https://{host}:{port}/')"
            ),
        }))
        .decide_with(reading::again_with(e, "--proxy <URL of that proxy>")),
    )
}
