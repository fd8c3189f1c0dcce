//! A variable that looks like a misspelt proxy variable (fact P7): clients ignore it.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Level, Step, Sure};

pub(super) const RULE: Rule = rule!(
    "vantage-proxy-variable-misspelt",
    Vantage,
    "A proxy variable looks misspelt",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let names = &e.vantage.proxy.misspelt;
    let first = names.first()?;
    let says = format!("the variable {first} looks misspelt, and no client reads it");
    let mut because = Because::new(
        Level::Note,
        Sure::Inferred,
        if says.len() <= 100 { says } else { "a proxy variable looks misspelt".to_owned() },
    )
    .seen(format!("set: {}", names.join(", ")))
    .read_at("/vantage/proxy/misspelt")
    .known_by("clients read HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case")
    .owner("Server")
    .look("see the variables' names", "env | cut -d= -f1 | grep -i 'pro\\?x'");
    if let Some(advice) = platform_advice::on(e, Topic::Variables) {
        because = because.known_by(advice.why).act(advice.step());
    }
    Some(
        because.act(
            Step::local("correct its name, or unset it, where the service gets its variables")
                .undo("set it as it was"),
        ),
    )
}
