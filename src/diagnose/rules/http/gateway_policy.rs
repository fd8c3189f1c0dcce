//! Refusals of API Management's own policies, recognised by the texts of its error table (fact
//! W17).

use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Evidence, Expect};

use super::host_kind::{HostKind, host_kind};
use super::refusal_match::{MatchedRefusal, find_refusal, short};

pub(in crate::diagnose) const RULES: [Rule; 3] = [
    rule!(
        "http-gateway-ip-filter",
        Http,
        "An API Management gateway blocks this address (ip-filter)",
        Code(ip_filter)
    )
    .short("403: a gateway's ip-filter refuses this address"),
    rule!("http-call-quota", Http, "A quota of calls or bandwidth is used up", Code(quota))
        .short("403: a quota is used up"),
    rule!(
        "http-gateway-header",
        Http,
        "An API Management gateway requires a header, or another value of it",
        Code(header)
    )
    .short("a gateway requires a header of its own"),
];

/// A gateway's policy for all of its APIs: what to look at, and the command, which is read-only.
const SEE_POLICY: (&str, &str) =
    ("see the gateway's policy (products, APIs and operations have their own)", POLICY);

pub(in crate::diagnose::rules) const POLICY: &str = "az rest --method get --url \"<gateway resource id>/policies/policy?\
     api-version=2022-08-01&format=rawxml\"";

/// The gateway's name for people: the host itself, or something in front of the account.
pub(in crate::diagnose::rules) fn gateway(e: &Evidence) -> String {
    match host_kind(e) {
        HostKind::Account => format!("an API Management gateway in front of {}", e.target.host),
        _ => format!("the API Management gateway behind {}", e.target.host),
    }
}

/// The text between two parts of the message.
fn between<'e>(refusal: &MatchedRefusal<'e>, before: &str, after: &str) -> Option<&'e str> {
    let (_, rest) = refusal.answer.message()?.split_once(before)?;
    let (found, _) = rest.split_once(after)?;
    (!found.trim().is_empty()).then(|| found.trim())
}

fn ip_filter(e: &View<'_>) -> Option<FindingBuilder> {
    // Asked to prove that the path is closed, this refusal is the proof.
    if e.options.expect == Expect::Closed {
        return None;
    }
    let refusal = find_refusal(e, RULES[0].id)?;
    let address = between(&refusal, "IP address ", " is not allowed")
        .and_then(|word| word.parse::<std::net::IpAddr>().ok());
    let shown = address.map_or_else(|| "this address".to_owned(), |ip| ip.to_string());
    let message = format!("a gateway's ip-filter blocks {shown}");
    let mut finding = refusal
        .finding(Level::Broken, refusal.confidence(), message)
        .reasoning(format!(
            "this text comes from API Management's ip-filter policy: {} checked only the source \
             address; no call went to the account",
            gateway(e)
        ))
        .ruled_out("the key and the role as the cause: the answer names the address");
    if reading::proxied(e) {
        finding =
            finding.reasoning("the proxy makes the connection, so the address is the proxy's");
    } else if let Some(ip) = address {
        finding = finding.fact(format!("the gateway saw the call coming from {ip}"));
    }
    let change = Step::shared(
        format!(
            "if this network should be allowed to call it, add {} to the policy's ip-filter; \
             other clients behind the same address are then allowed too",
            address.map_or_else(|| "<egress address>".to_owned(), |ip| ip.to_string())
        ),
        "every client behind that address, for each API under the policy",
    )
    .undo("remove the address from the policy again");
    Some(
        finding
            .owner("Application")
            .inspect(SEE_POLICY.0, SEE_POLICY.1)
            .step(change)
            .step(
                Step::inspect(
                    "call it from an allowed network; a gateway behind Application Gateway or \
                 Front Door sees their address, unless its policy reads a header",
                )
                .or(),
            )
            .check(reading::again(e)),
    )
}

fn quota(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULES[1].id)?;
    let own = refusal.own_headers() && host_kind(e) == HostKind::Account;
    let left = between(&refusal, "replenished in ", ".")
        .or_else(|| between(&refusal, "replenished in ", " ."))
        .map(|time| short(time, 24))
        .or_else(|| refusal.answer.header("retry-after").map(|s| format!("{} s", short(s, 12))));
    let until = left.map_or_else(String::new, |left| format!(", more in {left}"));
    let kind = match refusal.answer.message().is_some_and(|m| m.contains("bandwidth")) {
        true => "bandwidth",
        false => "calls",
    };
    let message = format!("403: the quota of {kind} is used up{until}");
    let mut finding = refusal
        .finding(Level::Broken, refusal.confidence(), message)
        .ruled_out("network, key and role as the cause: the answer names the quota");
    if let Some(line) = refusal.header_line("retry-after") {
        finding = finding.fact(line);
    }
    finding = finding.owner("Application");
    finding = if own {
        finding
            .reasoning(
                "the service's own front end counts calls by the account's pricing tier; the free \
                 tier (F0) has a fixed quota per period",
            )
            .inspect("see the account's tier", account::show(e, "sku"))
            .step(Step::inspect(
                "wait until the quota is replenished; retries do not help until then",
            ))
            .step(
                Step::shared(
                    "move the account to a paid tier (Terraform: azurerm_cognitive_account, \
                     sku_name)",
                    "each call is billed from then on, for every client of the account",
                )
                .or()
                .undo("some kinds of account cannot return to F0: ask first"),
            )
    } else {
        finding
            .reasoning(format!(
                "this text comes from API Management's quota policy: {} counts the calls of its \
                 own subscription (product); the account's rate limits answer 429",
                gateway(e)
            ))
            .inspect(SEE_POLICY.0, SEE_POLICY.1)
            .step(Step::inspect(
                "wait until the quota is replenished; retries do not help until then",
            ))
            .step(
                Step::shared(
                    "raise the quota of the product that this key belongs to",
                    "the limit of every subscription to that product",
                )
                .or()
                .undo("restore the former quota"),
            )
    };
    Some(finding.check(reading::again(e)))
}

fn header(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULES[2].id)?;
    let missing = between(&refusal, "Header ", " was not found");
    let message = match (missing, between(&refusal, "Header ", " value of")) {
        (Some(name), _) => format!("a gateway requires the header {}", short(name, 50)),
        (None, Some(name)) => {
            format!("a gateway does not accept this value of the header {}", short(name, 40))
        }
        (None, None) => "a gateway does not accept a header of this call".to_owned(),
    };
    Some(
        refusal
            .finding(refusal.level(e), Confidence::Inferred, message)
            .reasoning(format!(
                "this text comes from API Management's check-header policy: {} itself refuses; no \
                 call went to the account",
                gateway(e)
            ))
            .reasoning(
                "this tool sends only the headers of the service's own API; the application may \
                 send what the gateway requires in addition",
            )
            .owner("Application")
            .inspect(SEE_POLICY.0, SEE_POLICY.1)
            .step(Step::inspect(
                "see whether the application sends the header: SDKs have an option for default \
                 headers",
            ))
            .check(reading::again(e)),
    )
}
