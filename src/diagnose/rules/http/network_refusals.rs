//! The service refuses because of where the call came from (facts H1-H5, W3, T21, X1, X15). The
//! refusals differ in their words; what they mean follows from the address that was called.

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Expect, Hop};

use super::aim::aim;
use super::network_fix;
use super::said::{Said, place, said, walked_private};

/// One of the refusals.
pub(super) struct Refused {
    pub(super) id: &'static str,
    /// What the service says, as the second half of a clause.
    clause: &'static str,
    /// What it means, as a sentence.
    means: &'static str,
}

pub(super) const PUBLIC_ACCESS: Refused = Refused {
    id: "http-public-access-disabled",
    clause: "public access is disabled",
    means: "the account takes calls through its private endpoints only, and this call did not \
            come through one of them",
};

pub(super) const NETWORK_RULES: Refused = Refused {
    id: "http-network-rules",
    clause: "its network rules do not allow this network",
    means: "the account takes calls from selected networks only, and this network is not one of \
            them",
};

pub(super) const NOT_APPROVED: Refused = Refused {
    id: "http-endpoint-not-approved",
    clause: "not from an approved private endpoint",
    means: "the service does not count this call among those of an approved private endpoint; \
            the same words answer calls on the public side, calls to a wrong address of the right \
            endpoint, and calls in the minutes to hours after an endpoint was created",
};

pub(super) const VNET_ENDPOINT: Refused = Refused {
    id: "http-vnet-endpoint",
    clause: "it wants the account's own subdomain",
    means: "the account has network rules, and such an account must be called by its custom \
            subdomain",
};

pub(super) const PERIMETER: Refused = Refused {
    id: "http-network-perimeter",
    clause: "a network security perimeter",
    means: "the account is in a network security perimeter, whose access rules decide in place of \
            the account's own network rules (publicNetworkAccess is then SecuredByPerimeter)",
};

const fn rule(
    id: &'static str,
    title: &'static str,
    page: &'static str,
    check: fn(&Evidence) -> Option<Because>,
) -> Rule {
    Rule { id, hop: Hop::Http, title, page, explains: &[], check }
}

pub(super) const RULES: [Rule; 5] = [
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
    rule(
        PERIMETER.id,
        "The service refuses: a network security perimeter does not let the call in",
        include_str!("../../../../docs/findings/http-network-perimeter.md"),
        |e| check(e, &PERIMETER),
    ),
];

fn check(e: &Evidence, refused: &Refused) -> Option<Because> {
    // Asked to prove that the path is closed, this refusal is the proof.
    if e.asked.expect == Expect::Closed {
        return None;
    }
    let said = said(e, refused.id)?;
    let gateway = aim(e).is_gateway();
    // The refusal is the service's own word; why a private address gets it stays open.
    let sure = if walked_private(e) || gateway { Sure::Inferred } else { said.sure() };
    let says = match gateway {
        true => format!("403 {}, in the words of an account: {}", place(e), refused.clause),
        false => format!("the service refuses the call {}: {}", place(e), refused.clause),
    };
    let egress = egress(&said);
    let mut because = said.because(said.level(e), sure, says).known_by(refused.means);
    because = because.known_by(how(&said));
    if let Some(egress) = egress {
        because = because.seen(format!("the service saw the call come from {egress}"));
    }
    if said.call.credential_sent {
        because = because.ruled_out("key and role as the cause: the answer names the network");
    }
    because = because.known_by(
        "what still works: the portal and Studio list, deploy and delete over the control \
             plane (management.azure.com), which this refusal does not touch",
    );
    because = network_fix::by_place(e, because, refused, egress);
    Some(because.check(reading::again(e)))
}

/// How the reading is known.
fn how(said: &Said<'_>) -> &'static str {
    match (said.answer.error.is_some(), said.row.header) {
        (_, Some(_)) => "the service marks its network decisions with the header policy-id",
        (true, None) => "these are the service's own words, in its own error format",
        (false, None) => "these are the service's words, though not in its error format",
    }
}

/// Our address as the service saw it (fact H3).
fn egress(said: &Said<'_>) -> Option<std::net::IpAddr> {
    let (_, rest) = said.answer.message()?.split_once("Your IP address is ")?;
    let word = rest.split_whitespace().next()?;
    word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).parse().ok()
}
