//! A variable that looks like a misspelt proxy variable (fact P7): clients ignore it.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Level, Step};

pub(super) const RULE: Rule = rule!(
    "vantage-proxy-variable-misspelt",
    Vantage,
    "A proxy variable looks misspelt",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let names = &e.vantage.proxy.misspelt;
    let first = names.first()?;
    let message = format!("the variable {first} looks misspelt, and no client reads it");
    let mut finding = FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        if message.len() <= 100 { message } else { "a proxy variable looks misspelt".to_owned() },
    )
    .fact(format!("set: {}", names.join(", ")))
    .cites("/vantage/proxy/misspelt")
    .reasoning("clients read HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case")
    .owner("Server")
    .inspect("see the variables' names", "env | cut -d= -f1 | grep -i 'pro\\?x'");
    if let Some(advice) = platform_advice::on(e, Topic::Variables) {
        finding = finding.reasoning(advice.why).step(advice.step());
    }
    Some(
        finding.step(
            Step::local("correct its name, or unset it, where the service gets its variables")
                .undo("set it as it was"),
        ),
    )
}
