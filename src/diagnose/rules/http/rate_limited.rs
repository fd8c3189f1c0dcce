//! 429: the quota is temporarily used up (facts H20, H21, W5).

use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Level, Step};

use super::answered_by::AnsweredBy;
use super::host_kind::host_kind;
use super::refusal_match::{MatchedRefusal, find_refusal};
use super::refusals::text;

pub(super) const RULE: Rule =
    rule!("http-rate-limited", Http, "The service limits the rate of calls", Code(check))
        .about(crate::diagnose::About::Load)
        .short("429: calls are rate-limited");

/// The headers that show how long to wait and how much is used (fact W5).
const HEADERS: &[&str] = &[
    "retry-after",
    "retry-after-ms",
    "azure-openai-deployment-utilization",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-tokens",
];

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let gateway = host_kind(e).is_gateway();
    let after = wait(&refusal).map_or_else(String::new, |wait| format!(", retry after {wait}"));
    let mut finding = refusal.finding(
        Level::Risk,
        refusal.confidence(),
        format!("429 for {}: {}{after}", refusal.what(), limit(&refusal)),
    );
    for name in HEADERS {
        if let Some(line) = refusal.header_line(name) {
            finding = finding.fact(line);
        }
    }
    finding = finding.reasoning("the answer's status is 429").owner("Application");
    let own = matches!(refusal.who(), AnsweredBy::Service { .. } | AnsweredBy::FrontEnd { .. });
    // An HTML page, or a product's own answer: the service answers with JSON.
    finding = if gateway {
        finding
            .reasoning(
                "a gateway answers there: it may have its own limits, and it may pass on \
                       those of others",
            )
            .inspect(format!("see {}", host_kind(e).name()), host_kind(e).show(e))
            .step(Step::inspect(
                "ask the team that runs it whether this limit is its own or the account's",
            ))
    } else if !own && refusal.answer.error.is_none() {
        finding
            .reasoning(
                "the answer has neither the service's headers nor its error text: a gateway, \
                 proxy or firewall in front may limit calls itself",
            )
            .step(Step::inspect(
                "ask the team that runs the server in front about its own call limit",
            ))
    } else if reading::service(e).is_some_and(|service| !service.has_deployments()) {
        finding
            .step(Step::local(
                "have the application wait as long as retry-after says, retry less often, and keep \
                 what it has read",
            ))
            .step(Step::inspect(
                "find the other callers: the limit counts the calls of all of them together",
            ))
    } else {
        finding
            .inspect(
                "see the quota and what uses it",
                account::command(e, "list-usage", "-o table"),
            )
            .inspect(
                "see the capacity of the deployments",
                account::command(
                    e,
                    "deployment list",
                    "--query \"[].{name:name,capacity:sku.capacity}\" -o table",
                ),
            )
            .step(Step::local(
                "have the application wait as long as retry-after says, and retry less often",
            ))
            .step(
                Step::shared(
                    "raise the deployment's capacity (Terraform: \
                     azurerm_cognitive_deployment, sku)",
                    "the subscription's quota in that region, which other deployments share",
                )
                .or()
                .undo("restore the former capacity"),
            )
    };
    Some(finding.check(reading::again(e)))
}

/// Which limit, by the service's text.
fn limit(refusal: &MatchedRefusal<'_>) -> &'static str {
    const WORDS: &[(&str, &str)] = &[
        ("token rate limit", "the token rate limit is used up"),
        ("call rate limit", "the call rate limit is used up"),
        ("high demand", "the service is under high demand"),
    ];
    let text = text(refusal.answer).unwrap_or_default().to_ascii_lowercase();
    WORDS
        .iter()
        .find(|(words, _)| text.contains(words))
        .map_or("a rate limit is used up", |(_, means)| means)
}

/// How long to wait, from the header, else from the message.
fn wait(refusal: &MatchedRefusal<'_>) -> Option<String> {
    if let Some(seconds) = refusal.answer.header("retry-after").and_then(|v| v.parse::<u64>().ok())
    {
        return Some(format!("{seconds} s"));
    }
    let (_, rest) = refusal.answer.message()?.split_once("retry after ")?;
    let seconds: u64 = rest.split_whitespace().next()?.parse().ok()?;
    Some(format!("{seconds} s"))
}
