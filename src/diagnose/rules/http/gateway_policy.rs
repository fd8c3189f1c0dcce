//! Refusals of API Management's own policies, in the words of its error table (fact W17): one row
//! each, since they differ in what they look at.

use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{Evidence, Expect};

use super::aim::{Aim, aim};
use super::answered_by::service_headers;
use super::said::{Said, said, short};

pub(super) const RULES: [Rule; 3] = [
    rule!(
        "http-gateway-ip-filter",
        Http,
        "An API Management gateway does not let this address in (ip-filter)",
        Code(ip_filter)
    )
    .short("403: a gateway's ip-filter refuses this address"),
    rule!("http-call-quota", Http, "A quota of calls or bandwidth is used up", Code(quota))
        .short("403: a quota is used up"),
    rule!(
        "http-gateway-header",
        Http,
        "An API Management gateway wants a header, or another value of it",
        Code(header)
    )
    .short("a gateway requires a header of its own"),
];

/// The command that shows a gateway's policy for all of its APIs; it only reads.
pub(in crate::diagnose::rules) const POLICY: &str = "az rest --method get --url \"<gateway resource id>/policies/policy?\
     api-version=2022-08-01&format=rawxml\"";

/// What the gateway is called: the host itself, or something in front of the account.
pub(in crate::diagnose::rules) fn gateway(e: &Evidence) -> String {
    match aim(e) {
        Aim::Account => format!("an API Management gateway in front of {}", e.target.host),
        _ => format!("the API Management gateway behind {}", e.target.host),
    }
}

/// The text between two parts of the message.
fn between<'e>(said: &Said<'e>, before: &str, after: &str) -> Option<&'e str> {
    let (_, rest) = said.answer.message()?.split_once(before)?;
    let (found, _) = rest.split_once(after)?;
    (!found.trim().is_empty()).then(|| found.trim())
}

fn ip_filter(e: &View<'_>) -> Option<Because> {
    // Asked to prove that the path is closed, this refusal is the proof.
    if e.asked.expect == Expect::Closed {
        return None;
    }
    let said = said(e, RULES[0].id)?;
    let address = between(&said, "IP address ", " is not allowed")
        .and_then(|word| word.parse::<std::net::IpAddr>().ok());
    let shown = address.map_or_else(|| "this address".to_owned(), |ip| ip.to_string());
    let says = format!("a gateway's ip-filter does not let {shown} in");
    let mut because = said
        .because(Level::Broken, said.sure(), says)
        .known_by(format!(
            "these are the words of API Management's policy ip-filter: {} looked at the source \
             address and at nothing else yet; no call went to the account",
            gateway(e)
        ))
        .ruled_out("key and role as the cause: the answer names the address");
    if reading::proxied(e) {
        because = because.known_by("the proxy makes the connection: the address is the proxy's");
    } else if let Some(ip) = address {
        because = because.seen(format!("the gateway saw the call come from {ip}"));
    }
    let change = Step::shared(
        format!(
            "if this network is meant to call it, add {} to the policy's ip-filter; another client \
             behind the same address is then let in too",
            address.map_or_else(|| "<egress address>".to_owned(), |ip| ip.to_string())
        ),
        "every client behind that address, for each API that the policy covers",
    )
    .undo("take the address out of the policy again");
    Some(
        because
            .owner("Application")
            .look("see the gateway's policy (products, APIs and operations have their own)", POLICY)
            .act(change)
            .act(Step::look(
                "or call it from a network that it lets in; a gateway behind Application Gateway \
                 or Front Door sees the address of that, unless its policy reads a header",
            ))
            .check(reading::again(e)),
    )
}

fn quota(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULES[1].id)?;
    let own = service_headers(said.answer) && aim(e) == Aim::Account;
    let left = between(&said, "replenished in ", ".")
        .or_else(|| between(&said, "replenished in ", " ."))
        .map(|time| short(time, 24))
        .or_else(|| said.answer.header("retry-after").map(|s| format!("{} s", short(s, 12))));
    let until = left.map_or_else(String::new, |left| format!(", more in {left}"));
    let kind = match said.answer.message().is_some_and(|m| m.contains("bandwidth")) {
        true => "bandwidth",
        false => "calls",
    };
    let says = format!("403: the quota of {kind} is used up{until}");
    let mut because = said
        .because(Level::Broken, said.sure(), says)
        .ruled_out("network, key and role as the cause: the answer names the quota");
    if let Some(line) = said.header_line("retry-after") {
        because = because.seen(line);
    }
    because = because.owner("Application");
    because = if own {
        because
            .known_by(
                "the service's own front end counts the calls of the account's pricing tier; the \
                 free tier (F0) has a fixed quota for a period",
            )
            .look("see the account's tier", account::show(e, "sku"))
            .act(Step::look("wait until the quota is replenished; retries do not help before"))
            .act(
                Step::shared(
                    "or move the account to a paid tier (Terraform: azurerm_cognitive_account, \
                     sku_name)",
                    "each call is billed from then on, for every client of the account",
                )
                .undo("some kinds of account have no way back to F0: ask before"),
            )
    } else {
        because
            .known_by(format!(
                "these are the words of API Management's policy quota: {} counts the calls of its \
                 own subscription (product); the account's rate limits answer 429",
                gateway(e)
            ))
            .look("see the gateway's policy (products, APIs and operations have their own)", POLICY)
            .act(Step::look("wait until the quota is replenished; retries do not help before"))
            .act(
                Step::shared(
                    "or raise the quota of the product that this key belongs to",
                    "what every subscription of that product may spend",
                )
                .undo("set the former quota again"),
            )
    };
    Some(because.check(reading::again(e)))
}

fn header(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULES[2].id)?;
    let missing = between(&said, "Header ", " was not found");
    let says = match (missing, between(&said, "Header ", " value of")) {
        (Some(name), _) => format!("a gateway wants the header {}", short(name, 50)),
        (None, Some(name)) => {
            format!("a gateway does not take this value of the header {}", short(name, 40))
        }
        (None, None) => "a gateway does not take a header of this call".to_owned(),
    };
    Some(
        said.because(said.level(e), Sure::Inferred, says)
            .known_by(format!(
                "these are the words of API Management's policy check-header: {} refuses by \
                 itself; no call went to the account",
                gateway(e)
            ))
            .known_by(
                "this tool sends the headers of the service's own API; what a gateway wants in \
                 addition it cannot send, and the application may",
            )
            .owner("Application")
            .look("see the gateway's policy (products, APIs and operations have their own)", POLICY)
            .act(Step::look(
                "see whether the application sends the header: an SDK adds one with its option for \
                 default headers",
            ))
            .check(reading::again(e)),
    )
}
