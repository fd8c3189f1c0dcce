//! The service refuses because of where the call came from (facts H1-H5, W3, T21). The four
//! refusals differ in their words; what they mean follows from the address that was called.

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Expect, Hop, classify};

use super::arrival;
use super::clients;
use super::said::{Said, place, said, walked, walked_private};

struct Refused {
    id: &'static str,
    /// What the service says, as the second half of a clause.
    clause: &'static str,
    /// What it means, as a sentence.
    means: &'static str,
}

const PUBLIC_ACCESS: Refused = Refused {
    id: "http-public-access-disabled",
    clause: "public access is disabled",
    means: "the account takes calls through its private endpoints only, and this call did not \
            come through one of them",
};

const NETWORK_RULES: Refused = Refused {
    id: "http-network-rules",
    clause: "its network rules do not allow this network",
    means: "the account takes calls from selected networks only, and this network is not one of \
            them",
};

const NOT_APPROVED: Refused = Refused {
    id: "http-endpoint-not-approved",
    clause: "not from an approved private endpoint",
    means: "the account is isolated, and the call came through no private endpoint that it \
            approved",
};

const VNET_ENDPOINT: Refused = Refused {
    id: "http-vnet-endpoint",
    clause: "it wants the account's own subdomain",
    means: "the account has network rules, and such an account must be called by its custom \
            subdomain",
};

const fn rule(
    id: &'static str,
    title: &'static str,
    page: &'static str,
    check: fn(&Evidence) -> Option<Because>,
) -> Rule {
    Rule { id, hop: Hop::Http, title, page, explains: &[], check }
}

pub(super) const RULES: [Rule; 4] = [
    rule(
        PUBLIC_ACCESS.id,
        "The service refuses: public access is disabled",
        include_str!("../../../../docs/findings/http-public-access-disabled.md"),
        |e| check(e, &PUBLIC_ACCESS),
    ),
    rule(
        NETWORK_RULES.id,
        "The service refuses: its network rules do not allow this network",
        include_str!("../../../../docs/findings/http-network-rules.md"),
        |e| check(e, &NETWORK_RULES),
    ),
    rule(
        NOT_APPROVED.id,
        "The service refuses: the call is not from an approved private endpoint",
        include_str!("../../../../docs/findings/http-endpoint-not-approved.md"),
        |e| check(e, &NOT_APPROVED),
    ),
    rule(
        VNET_ENDPOINT.id,
        "The service refuses: an account with network rules wants its custom subdomain",
        include_str!("../../../../docs/findings/http-vnet-endpoint.md"),
        |e| check(e, &VNET_ENDPOINT),
    ),
];

fn check(e: &Evidence, refused: &Refused) -> Option<Because> {
    // Asked to prove that the path is closed, this refusal is the proof.
    if e.asked.expect == Expect::Closed {
        return None;
    }
    let said = said(e, refused.id)?;
    // The refusal is the service's own word; why a private address gets it stays open.
    let sure = if walked_private(e) { Sure::Inferred } else { said.sure() };
    let says = format!("the service refuses the call {}: {}", place(e), refused.clause);
    let mut because = said.because(said.level(e), sure, says).known_by(refused.means);
    because = because.known_by(how(&said));
    if let Some(egress) = egress(&said) {
        because = because.seen(format!("the service saw the call come from {egress}"));
    }
    because = because.ruled_out("key and role: this refusal is about the network");
    because = by_place(e, because, refused, egress(&said));
    Some(because.check(reading::again(e)))
}

/// How the reading is known.
fn how(said: &Said<'_>) -> &'static str {
    match (said.answer.error.is_some(), said.row.header) {
        (_, Some(_)) => "the service marks its network decisions with the header policy-id",
        (true, None) => "these are the service's own words, in its own frame",
        (false, None) => "these are the service's words, though not in its frame",
    }
}

/// Our address as the service saw it (fact H3).
fn egress(said: &Said<'_>) -> Option<std::net::IpAddr> {
    let (_, rest) = said.answer.message()?.split_once("Your IP address is ")?;
    let word = rest.split_whitespace().next()?;
    word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).parse().ok()
}

fn by_place(
    e: &Evidence,
    because: Because,
    refused: &Refused,
    egress: Option<std::net::IpAddr>,
) -> Because {
    let account = reading::account(e);
    let access = format!(
        "az cognitiveservices account show -n {account} -g <group> \
         --query properties.publicNetworkAccess"
    );
    let rules = format!("az cognitiveservices account network-rule list -n {account} -g <group>");
    let connections = "az network private-endpoint-connection list --id <account resource id>";
    if refused.id == VNET_ENDPOINT.id {
        return because
            .owner("Application")
            .look(
                "see the account's own endpoint",
                format!(
                    "az cognitiveservices account show -n {account} -g <group> \
                     --query properties.endpoint"
                ),
            )
            .step(format!("call that endpoint instead of {}", e.target.host));
    }
    // Past the proxy the same refusal: the proxy is not what makes the difference.
    let past = clients::direct(e).is_some_and(|direct| reading::proxied(e) && direct.refused(e));
    let private = match past {
        true => reading::counting(e).into_iter().find(|a| classify(*a).is_private()),
        false => walked(e).filter(|_| walked_private(e)),
    };
    if reading::proxied(e) && private.is_none() {
        let because = because
            .known_by(
                "the proxy makes the connection: the service sees the proxy's network, not this \
                 machine's",
            )
            .owner("Network")
            .look("see what the account allows", rules);
        let because = if e.dns.private_endpoint_seen() {
            because.step(format!(
                "exempt {} from the proxy (NO_PROXY), so that the call takes the private path",
                e.target.host
            ))
        } else {
            because
        };
        return because.step("let the account allow the proxy's egress address, if it is to be so");
    }
    if let Some(address) = private {
        return arrival::parts(e, because, address, egress)
            .tells_it(connections)
            .tells_it(format!(
                "az network private-endpoint list --query \"[?contains(to_string(@), \
                 '{address}')].privateLinkServiceConnections[0].privateLinkServiceId\""
            ))
            .owner("Azure")
            .look("see which endpoints the account has approved", connections)
            .step("wait ten minutes and walk again, if the rules were just changed")
            .change(
                "approve the endpoint, if it waits for it",
                "az network private-endpoint-connection approve --id <connection id> \
                 --description approved",
            )
            .step(format!("or correct the record of {} in the private zone", e.target.host));
    }
    let source = egress.map_or_else(|| "<egress address>".to_owned(), |ip| ip.to_string());
    because
        .owner("Azure")
        .look("see whether public access is on", access)
        .look("see which networks are allowed", rules)
        .look("see which private endpoints there are", connections)
        .step("give this network a private endpoint and its DNS zone, if the path is to be private")
        .change(
            "or allow this network's egress address",
            format!(
                "az cognitiveservices account network-rule add -n {account} -g <group> \
                 --ip-address {source}"
            ),
        )
        .step("changes of network rules take some minutes to act")
}
