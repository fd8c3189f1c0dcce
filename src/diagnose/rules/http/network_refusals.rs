//! The service refuses because of where the call came from (facts H1-H5, W3, T21, X1, X15). The
//! refusals differ in their words; what they mean follows from the address that was called.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Expect, TargetKind};

use super::aim::aim;
use super::network_fix;
use super::said::{Said, place, said, walked_private};

/// One of the refusals.
pub(in crate::diagnose) struct Row {
    pub(super) id: &'static str,
    /// What the service says, as the second half of a clause.
    clause: &'static str,
    /// What it means, as a sentence.
    means: &'static str,
}

pub(super) const PUBLIC_ACCESS: Row = Row {
    id: "http-public-access-disabled",
    clause: "public access is disabled",
    means: "the account takes calls through its private endpoints only, and this call did not \
            come through one of them",
};

pub(super) const NETWORK_RULES: Row = Row {
    id: "http-network-rules",
    clause: "its network rules do not allow this network",
    means: "the account takes calls from selected networks only, and this network is not one of \
            them",
};

pub(super) const NOT_APPROVED: Row = Row {
    id: "http-endpoint-not-approved",
    clause: "not from an approved private endpoint",
    means: "the service does not count this call among those of an approved private endpoint; \
            the same words answer calls on the public side, calls to a wrong address of the right \
            endpoint, and calls in the minutes to hours after an endpoint was created",
};

pub(super) const VNET_ENDPOINT: Row = Row {
    id: "http-vnet-endpoint",
    clause: "it wants the account's own subdomain",
    means: "the account has network rules, and such an account must be called by its custom \
            subdomain",
};

pub(super) const PERIMETER: Row = Row {
    id: "http-network-perimeter",
    clause: "a network security perimeter",
    means: "the account is in a network security perimeter, whose access rules decide in place of \
            the account's own network rules (publicNetworkAccess is then SecuredByPerimeter)",
};

pub(super) const RULES: [Rule; 5] = [
    rule!(
        "http-public-access-disabled",
        Http,
        "The service refuses: public access is disabled",
        NetworkRefusal(&PUBLIC_ACCESS)
    )
    .short("403: public access is disabled"),
    rule!(
        "http-network-rules",
        Http,
        "The service refuses: its network rules do not allow this network",
        NetworkRefusal(&NETWORK_RULES)
    )
    .short("403: network rules do not allow this network"),
    rule!(
        "http-endpoint-not-approved",
        Http,
        "The service refuses: the call is not from an approved private endpoint",
        NetworkRefusal(&NOT_APPROVED)
    )
    .short("403: not from an approved private endpoint"),
    rule!(
        "http-vnet-endpoint",
        Http,
        "The service refuses: an account with network rules wants its custom subdomain",
        NetworkRefusal(&VNET_ENDPOINT)
    )
    .short("403: a virtual network is configured for the account"),
    rule!(
        "http-network-perimeter",
        Http,
        "The service refuses: a network security perimeter does not let the call in",
        NetworkRefusal(&PERIMETER)
    )
    .short("403: a network security perimeter refuses the call"),
];

/// Whether the service refuses the call in the words of `refused`.
pub(in crate::diagnose) fn check(e: &View<'_>, refused: &Row) -> Option<Because> {
    // Asked to prove that the path is closed, this refusal is the proof.
    if e.asked.expect == Expect::Closed {
        return None;
    }
    let said = said(e, refused.id)?;
    let gateway = aim(e).is_gateway();
    let (clause, means) = match refused.id == VNET_ENDPOINT.id && own_name(e) {
        true => (
            "a virtual network is configured for the account",
            "the account has network rules, and such an account must be called by its custom \
             subdomain. This name has the form of one: either the account's own subdomain is \
             another, or its rules do not let in where the call came from",
        ),
        false => (refused.clause, refused.means),
    };
    // The refusal is the service's own word; why a private address gets it stays open.
    let sure = if walked_private(e) || gateway { Sure::Inferred } else { said.sure() };
    let says = match gateway {
        true => format!("403 {}, in the words of an account: {clause}", place(e)),
        false => format!("the service refuses the call {}: {clause}", place(e)),
    };
    let egress = egress(&said);
    let mut because = said.because(said.level(e), sure, says).known_by(means);
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

/// Whether the name that was called has the form of an account's own subdomain already.
pub(super) fn own_name(e: &Evidence) -> bool {
    matches!(e.target.kind, TargetKind::Account | TargetKind::Project)
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
