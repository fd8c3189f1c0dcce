//! The script gives several proxies, of which the first was walked (facts P190, P192).

use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::vantage::{ProxyReason, ScriptOutcome};

pub(super) const RULE: Rule = rule!(
    "proxy-script-others",
    Proxy,
    "The script gives further proxies, which were not tested",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    if proxy.reason != ProxyReason::Script {
        return None;
    }
    let ScriptOutcome::Proxies { proxies } = &proxy.system.as_ref()?.script.as_ref()?.outcome
    else {
        return None;
    };
    let [first, others @ ..] = proxies.as_slice() else { return None };
    let next = others.first()?;
    let list = others.join(", ");
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Inferred,
            headline::fitting(&[
                format!("where {first} does not connect, .NET goes on to {list}, not tested"),
                format!("where {first} does not connect, .NET goes on to {next}, not tested"),
                "where the proxy does not connect, .NET goes on to the script's next, not tested"
                    .to_owned(),
            ]),
        )
        .not_tested()
        .fact(format!("the script gives {first}, which this check went through, then {list}"))
        .reasoning(
            ".NET's HttpClient tries the proxies of the list in their order, and remembers for a while \
             which of them failed",
        )
        .cites("/vantage/proxy/system/script")
        .owner("Network (proxy)")
        .step(Step::inspect(format!("check the way through {next} as well")))
        .decide_with(reading::again_with(e, &format!("--proxy {}", reading::word(next)))),
    )
}
