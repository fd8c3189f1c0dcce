//! The service refuses because of where the call came from.

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::network_fix;
use crate::diagnose::rules::http::refusal_match::{
    MatchedRefusal, find_refusal, place, walked_private,
};
use crate::diagnose::view::View;
use crate::diagnose::{FindingBuilder, reading};
use crate::diagnosis::Confidence;
use crate::evidence::{Evidence, Expect, TargetKind};
use crate::services::Service;

/// One of the refusals.
pub(in crate::diagnose) struct Row {
    /// What the service names as its reason.
    pub(in crate::diagnose) names: Names,
    /// Where the rules that refuse are set.
    pub(in crate::diagnose) policy: Policy,
    /// What the service reports, as the second half of a clause.
    pub(in crate::diagnose) clause: &'static str,
    /// What it means, as a sentence.
    pub(in crate::diagnose) means: &'static str,
}

/// What a refusal names as its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Names {
    /// Public access is off: the account's network rules have no effect until it is on.
    PublicAccess,
    /// Rules that do not include the network.
    NetworkRules,
    /// A private endpoint that the call did not come through.
    Endpoint,
    /// The name that was called, which is not the account's own.
    Subdomain,
}

/// Where the rules that refuse are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Policy {
    /// At the account.
    NetworkRules,
    /// At its network security perimeter.
    Perimeter,
}

/// Whether the service sends the refusal `id`, which `row` describes.
pub(in crate::diagnose) fn check(e: &View<'_>, id: &str, row: &Row) -> Option<FindingBuilder> {
    // Asked to prove that the path is closed, this refusal is the proof.
    if e.options.expect == Expect::Closed {
        return None;
    }
    let refusal = find_refusal(e, id)?;
    let gateway = host_kind(e).is_gateway();
    let (clause, means) = match row.names == Names::Subdomain && own_name(e) {
        true => (
            "a virtual network is configured for the account",
            "the account has network rules, so it must be called by its custom subdomain. This \
             name has the form of one: either the account's subdomain is different, or its rules \
             do not allow the network that the call came from",
        ),
        false => (row.clause, row.means),
    };
    // The refusal is the service's own; why it comes at a private address is not known.
    let confidence =
        if walked_private(e) || gateway { Confidence::Inferred } else { refusal.confidence() };
    let message = match gateway {
        true => {
            format!("403 {}, with {} error text: {clause}", place(e), a_nouns(reading::noun(e)))
        }
        false => format!("the service refuses the call {}: {clause}", place(e)),
    };
    let egress = egress(&refusal);
    let mut finding = refusal.finding(refusal.level(e), confidence, message).reasoning(means);
    finding = finding.reasoning(how(&refusal));
    if !gateway && row.policy == Policy::NetworkRules && row.names == Names::NetworkRules {
        let open = reading::service(e).map_or(&[][..], |service| service.forbidden);
        finding = open.iter().fold(finding, |finding, cause| finding.reasoning(*cause));
    }
    finding = refusal.row.open.iter().fold(finding, |finding, other| finding.reasoning(*other));
    if let Some(egress) = egress {
        finding = finding.fact(format!("the service saw the call coming from {egress}"));
    }
    if refusal.call.credential_sent {
        finding = finding.ruled_out(
            "the key and the role as the cause: the answer names the \
                                     network",
        );
    }
    if reading::service(e).is_none_or(Service::is_account) {
        finding = finding.reasoning(format!(
            "what still works: in the portal and Studio, listing, deploying and deleting use the \
         control plane ({}), which this refusal does not affect",
            reading::cloud(e).resource_manager()
        ));
    }
    finding = network_fix::by_place(e, finding, row, egress);
    Some(finding.about_a(reading::noun(e)).check(reading::again(e)))
}

/// `an account's`, `a vault's`.
fn a_nouns(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}'s")
}

/// Whether the name that was called has the form of an account's own subdomain already.
pub(in crate::diagnose) fn own_name(e: &Evidence) -> bool {
    matches!(e.target.kind, TargetKind::Account | TargetKind::Project)
}

/// How the reading is known.
fn how(refusal: &MatchedRefusal<'_>) -> &'static str {
    match (refusal.answer.error.is_some(), refusal.row.header) {
        (_, Some(_)) => "the service marks its network decisions with the policy-id header",
        (true, None) => "the service itself sent this text, in its own error format",
        (false, None) => "this is the service's error text, although not in its error format",
    }
}

/// Texts that come before it (facts H3, G21, Z26, Z31).
const EGRESS: &[&str] = &[
    "Your IP address is ",
    "Client address: ",
    "originated from IP ",
    "originated from client IP ",
    "client with IP ",
];

/// Our address as the service saw it.
pub(in crate::diagnose) fn egress(refusal: &MatchedRefusal<'_>) -> Option<std::net::IpAddr> {
    let message = refusal.answer.message()?;
    let (_, rest) = EGRESS.iter().find_map(|before| message.split_once(before))?;
    // A line end may have been escaped.
    let rest = rest.trim_start_matches(['\'', '"']);
    let word = rest.split(|c: char| c.is_whitespace() || c == '\\').next()?;
    word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).parse().ok()
}
