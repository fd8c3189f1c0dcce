//! 429: the quota is used up for now (facts H20, H21, W5).

use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::aim::aim;
use super::answered_by::AnsweredBy;
use super::refusals::text;
use super::said::{Said, said};

pub(super) const RULE: Rule =
    rule!("http-rate-limited", Http, "The service limits the rate of calls", Code(check))
        .about(crate::diagnose::About::Load)
        .short("429: calls are rate-limited");

/// The headers that tell how long and how much (fact W5).
const HEADERS: &[&str] = &[
    "retry-after",
    "retry-after-ms",
    "azure-openai-deployment-utilization",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-tokens",
];

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let gateway = aim(e).is_gateway();
    let after = wait(&said).map_or_else(String::new, |wait| format!(", retry after {wait}"));
    let mut because = said.because(
        Level::Risk,
        Sure::Proved,
        format!("429 for {}: {}{after}", said.what(), limit(&said)),
    );
    for name in HEADERS {
        if let Some(line) = said.header_line(name) {
            because = because.seen(line);
        }
    }
    because = because.known_by("429 is the status of the answer").owner("Application");
    let own = matches!(said.who(), AnsweredBy::Service { .. } | AnsweredBy::FrontEnd);
    // A page for people, or a product's own answer: the service says it with JSON.
    because = if gateway {
        because
            .known_by("a gateway answers there: it may have limits of its own, and pass on others")
            .look(format!("see {}", aim(e).name()), aim(e).show(e))
            .act(Step::look(
                "ask the team that runs it which limit this is, its own or the account's",
            ))
    } else if !own && said.answer.error.is_none() {
        because
            .known_by(
                "the answer has neither the service's headers nor its words: a gateway, proxy or \
                 firewall in front may count calls by itself",
            )
            .act(Step::look(
                "ask the team that runs the server in front about its own limit of calls",
            ))
    } else {
        because
            .look("see the quota and what uses it", account::command(e, "list-usage", "-o table"))
            .look(
                "see the capacity of the deployments",
                account::command(
                    e,
                    "deployment list",
                    "--query \"[].{name:name,capacity:sku.capacity}\" -o table",
                ),
            )
            .act(Step::local(
                "let the application wait as long as retry-after says, and repeat less",
            ))
            .act(
                Step::shared(
                    "or raise the deployment's capacity (Terraform: \
                     azurerm_cognitive_deployment, sku)",
                    "the quota of the subscription in that region, which its other deployments \
                     share",
                )
                .undo("set the former capacity again"),
            )
    };
    Some(because.check(reading::again(e)))
}

/// Which limit, by the service's words.
fn limit(said: &Said<'_>) -> &'static str {
    const WORDS: &[(&str, &str)] = &[
        ("token rate limit", "the token rate limit is used up"),
        ("call rate limit", "the call rate limit is used up"),
        ("high demand", "the service is under high demand"),
    ];
    let text = text(said.answer).unwrap_or_default().to_ascii_lowercase();
    WORDS
        .iter()
        .find(|(words, _)| text.contains(words))
        .map_or("a rate limit is used up", |(_, means)| means)
}

/// How long to wait, from the header, else from the message.
fn wait(said: &Said<'_>) -> Option<String> {
    if let Some(seconds) = said.answer.header("retry-after").and_then(|v| v.parse::<u64>().ok()) {
        return Some(format!("{seconds} s"));
    }
    let (_, rest) = said.answer.message()?.split_once("retry after ")?;
    let seconds: u64 = rest.split_whitespace().next()?.parse().ok()?;
    Some(format!("{seconds} s"))
}
