//! The table of refusals: what an answer is, by its text, signatures and status.

use crate::evidence::http::Purpose;
use crate::evidence::identity::CredentialKind::{ApiKey, Token};
use crate::services::refusal::{Blames, Condition, Leaves, Refusal};

const fn http(id: &'static str, facts: &'static str, first: u16, last: u16) -> Refusal {
    Refusal::http(id, facts, first, last)
}

const fn identity(id: &'static str, facts: &'static str, first: u16, last: u16) -> Refusal {
    Refusal::identity(id, facts, first, last)
}

/// The texts by which the service reports a missing role.
const ROLE_WORDS: &[&str] =
    &["lacks the required data action", "principal does not have access to api/operation"];

/// What API Management says where a call has no key of its own.
const NO_SUBSCRIPTION: &[&str] =
    &["missing subscription key", "missing application credentials or subscription key"];

/// Something in front answered.
const fn front(facts: &'static str, first: u16, last: u16) -> Refusal {
    http("http-front-answered", facts, first, last).leaves(Leaves::FrontAsks)
}

/// A success that is not proved.
const fn unproved(facts: &'static str, first: u16, last: u16) -> Refusal {
    http("http-success-unproved", facts, first, last).leaves(Leaves::Unproved)
}

/// A gateway requires its own key.
const fn gateway_key(facts: &'static str, first: u16, last: u16) -> Refusal {
    identity("identity-gateway-key", facts, first, last).leaves(Leaves::FrontAsks)
}

/// A gateway requires its own token.
const fn gateway_token(facts: &'static str, first: u16, last: u16) -> Refusal {
    identity("identity-gateway-token", facts, first, last).leaves(Leaves::FrontAsks)
}

/// This kind of account has no list.
const fn no_list(facts: &'static str, first: u16, last: u16) -> Refusal {
    http("http-list-not-offered", facts, first, last).leaves(Leaves::ListUntested)
}

/// The refusal speaks of another kind of credential than the one that was sent, whichever row it is of.
pub(super) const REPLACED: Refusal =
    identity("identity-credential-replaced", "H37", 400, 403).whole();

/// The same of a row that does not hold for every call: the other caller's rights are by operation, too.
pub(super) const REPLACED_BY_OPERATION: Refusal =
    identity("identity-credential-replaced", "H37", 400, 403);

/// The table. Order matters: only the first row that matches counts.
pub(super) const REFUSALS: &[Refusal] = &[
    // Statuses that only intermediaries send.
    front("W15", 407, 407),
    front("W15", 511, 511),
    // 2xx without what was asked for.
    front("W6", 200, 299).only(&[Condition::Page]),
    http("http-body-incomplete", "", 200, 299).leaves(Leaves::Path).only(&[Condition::Incomplete]),
    unproved("W23", 200, 299).only(&[Condition::Coded]),
    front("W6", 200, 299).only(&[Condition::NoJson]),
    front("W6, G1, G17", 200, 299).only(&[
        Condition::List,
        Condition::Unfulfilled,
        Condition::NoServiceHeaders,
    ]),
    unproved("G1, G17, G2c", 200, 299).only(&[Condition::Unfulfilled]),
    // 2xx with it, from something that does not behave like the service.
    unproved("G13", 200, 299).only(&[Condition::ErrorToo]),
    unproved("H8, H28", 200, 299).only(&[Condition::NotSent]),
    unproved("H8", 200, 299).only(&[Condition::DeadToken]),
    unproved("H8", 200, 299).only(&[Condition::OtherAudience]),
    unproved("G1", 201, 299),
    unproved("G18", 200, 299).only(&[Condition::OtherType]),
    unproved("G1", 200, 299).only(&[Condition::For(Purpose::Models), Condition::EmptyList]),
    unproved("W1", 200, 299).only(&[Condition::List, Condition::OriginOpen]),
    // It answers a condition that no call makes, and leads nowhere.
    http("http-unexpected-status", "", 304, 304),
    http("http-redirect", "", 300, 399),
    // Refusals about the account itself, whatever was requested.
    http("http-managed-identity-off", "X19", 400, 403).codes(&["managedidentityisnotenabled"]),
    http("http-managed-identity-off", "X19", 400, 403).words(&["managedidentityisnotenabled"]),
    http("http-outbound-restricted", "H6", 400, 400)
        .words(&["outbound network access is restricted"]),
    // A refusal inside the answer, of a call that one service made for another: what it quotes must
    // not be taken for the answer's own.
    http("http-leg-to-search", "H25", 400, 599)
        .words(&["call to get azure search index failed", "azure search error: "]),
    http("http-leg-of-skill", "H26, H36", 400, 599).words(&[
        "web api response status: '",
        "could not execute skill because the web api request failed",
        "could not complete vectorization action",
    ]),
    http("http-deployment-retired", "H31", 410, 410).codes(&["modeldeprecated"]),
    // 400 about the caller.
    identity("identity-tenant-mismatch", "H10", 400, 401)
        .whole()
        .blames(Blames::Rights)
        .codes(&["tenant provided in token does not match resource token"])
        .about(Token),
    identity("identity-tenant-mismatch", "H10", 400, 401)
        .whole()
        .blames(Blames::Rights)
        .words(&["does not match resource tenant"])
        .about(Token),
    identity("identity-custom-subdomain", "H14", 400, 401)
        .whole()
        .words(&["custom subdomain for token authentication"])
        .about(Token),
    http("http-unexpected-status", "G2a", 400, 400)
        .words(&["api-version query parameter is not allowed"]),
    // The customer's own gateway requires its key, sent or not.
    gateway_key("W7", 401, 401).header("www-authenticate", "azureapimanagementkey"),
    gateway_key("W7, W8, Z100", 401, 401).words(NO_SUBSCRIPTION).only(&[Condition::Flat]),
    gateway_key("W7, W8", 403, 403).words(NO_SUBSCRIPTION).only(&[Condition::NoServiceHeaders]),
    // LiteLLM gives out keys of its own, and quotes what it gets from the service behind it.
    gateway_key("W19", 400, 401).words(&[
        "litellm virtual key expected",
        "invalid proxy server token passed",
        "authentication error, no api key passed in",
    ]),
    // The policies of such a gateway, by the texts of its error table.
    http("http-gateway-ip-filter", "W17", 401, 403)
        .blames(Blames::Network)
        .words(&["failed to establish ip address for the caller", "caller ip address is blocked"]),
    http("http-gateway-ip-filter", "W17", 401, 403)
        .blames(Blames::Network)
        .words(&["is not allowed. access denied"])
        .only(&[Condition::Begins("caller ip address ")]),
    http("http-call-quota", "W17, H33", 403, 403)
        .words(&["out of call volume quota", "out of bandwidth quota"]),
    gateway_token("W17", 401, 403).words(&[
        "jwt not present",
        "jwt not found in the request",
        "jwt is missing the following claims",
    ]),
    gateway_token("Z101", 401, 403)
        .words(&["unauthorized. access token is missing or invalid"])
        .only(&[Condition::Flat, Condition::NoServiceHeaders]),
    gateway_token("W17", 401, 403)
        .words(&["is not allowed. access denied"])
        .only(&[Condition::Begins("claim ")]),
    gateway_token("W17", 401, 403)
        .words(&["idx10"])
        .only(&[Condition::Flat, Condition::NoServiceHeaders]),
    http("http-gateway-header", "W17", 400, 403)
        .words(&["was not found in the request. access denied", "is not allowed. access denied"])
        .only(&[Condition::Begins("header ")]),
    // A login that the service does not support.
    front("W6", 401, 401).only(&[Condition::Login]),
    // 401 to a call without a credential: which server sent it.
    identity("identity-not-tested", "H28, H8", 401, 401).leaves(Leaves::CallerUntested).only(&[
        Condition::NotSent,
        Condition::AsksWho,
        Condition::OriginKnown,
    ]),
    identity("identity-not-tested", "H28, W2", 401, 401)
        .leaves(Leaves::CallerUntested)
        .only(&[Condition::NotSent, Condition::ServiceHeaders]),
    front("W6, H28", 401, 401).only(&[Condition::NotSent]),
    // 401 and 403 to a credential, with the service's text.
    identity("identity-role-missing", "H11, H12, H13", 401, 403)
        .blames(Blames::Rights)
        .words(ROLE_WORDS)
        .about(Token),
    identity("identity-role-missing", "H11, H12", 401, 401)
        .blames(Blames::Rights)
        .codes(&["permissiondenied"])
        .about(Token),
    identity("identity-keys-disabled", "H15", 401, 403)
        .whole()
        .blames(Blames::Rights)
        .codes(&["authenticationtypedisabled"])
        .about(ApiKey),
    identity("identity-keys-disabled", "H15", 401, 403)
        .whole()
        .blames(Blames::Rights)
        .words(&["key based authentication is disabled"])
        .about(ApiKey),
    identity("identity-token-refused", "H8, H9", 401, 401)
        .blames(Blames::Credential)
        .words(&["access token is missing", "audience is incorrect"])
        .only(&[Condition::Token]),
    identity("identity-key-refused", "H7", 401, 401)
        .blames(Blames::Credential)
        .words(&["or wrong api endpoint"])
        .only(&[Condition::Key]),
    // To a token: the gateway sent a key of its own, or none of the two.
    identity("identity-key-refused", "H7, H37", 401, 401)
        .blames(Blames::Credential)
        .words(&["or wrong api endpoint"])
        .only(&[Condition::Sent, Condition::Token, Condition::Gateway])
        .about(ApiKey),
    gateway_key("W8", 401, 401)
        .words(&["invalid subscription key. make sure to provide a valid key"])
        .only(&[Condition::Flat, Condition::NoServiceHeaders]),
    identity("identity-key-refused", "H7", 401, 401)
        .blames(Blames::Credential)
        .words(&["invalid subscription key"])
        .only(&[Condition::Key]),
    identity("identity-unauthorized", "", 401, 401).blames(Blames::Credential),
    // 403: because of the network, or for another reason.
    http("http-network-perimeter", "X15", 403, 403)
        .blames(Blames::Network)
        .words(&["network security perimeter"]),
    http("http-temporarily-blocked", "X16, H30", 403, 403).whole().words(&["temporarily blocked"]),
    http("http-outbound-restricted", "H6", 403, 403)
        .words(&["outbound network access is restricted"]),
    http("http-vnet-endpoint", "H5", 403, 403)
        .blames(Blames::Network)
        .words(&["a virtual network is configured for this resource"]),
    http("http-endpoint-not-approved", "H4, H4a", 403, 403)
        .blames(Blames::Network)
        .words(&["traffic is not from an approved private endpoint"]),
    http("http-public-access-disabled", "H1", 403, 403)
        .blames(Blames::Network)
        .words(&["public access is disabled", "public network access is disabled"]),
    http("http-network-rules", "H2, H3", 403, 403)
        .blames(Blames::Network)
        .words(&["virtual network/firewall rules"]),
    http("http-network-rules", "W3", 403, 403)
        .blames(Blames::Network)
        .header("policy-id", "throwexceptionduetotrafficdenied"),
    front("W6, W12", 403, 403).only(&[Condition::Front]),
    http("http-forbidden", "T26", 403, 403).only(&[Condition::Frame]),
    http("http-forbidden", "W2, T26", 403, 403).only(&[Condition::ServiceHeaders]),
    front("W6", 403, 403),
    // The deployment's own answers.
    http("http-deployment-missing", "H16", 400, 404)
        .leaves(Leaves::Caller)
        .codes(&["deploymentnotfound"])
        .only(&[Condition::For(Purpose::Deployment)]),
    http("http-deployment-missing", "H16", 404, 404)
        .leaves(Leaves::Caller)
        .words(&["the api deployment for this resource does not exist"])
        .only(&[Condition::For(Purpose::Deployment)]),
    http("http-deployment-inferred", "G2c, H32", 400, 400)
        .leaves(Leaves::Deployment)
        .only(&[Condition::For(Purpose::Deployment), Condition::FromDeployment]),
    http("http-deployment-inferred", "G2c, H32", 422, 422)
        .leaves(Leaves::Deployment)
        .only(&[Condition::For(Purpose::Deployment), Condition::FromDeployment]),
    unproved("G2c", 400, 400).only(&[Condition::For(Purpose::Deployment), Condition::Frame]),
    unproved("G2c", 422, 422).only(&[Condition::For(Purpose::Deployment), Condition::Frame]),
    // 404: host, path, or a list that this kind of account does not have.
    http("http-subdomain-unmapped", "H18", 404, 404).whole().words(&["subdomain does not map"]),
    front("W6, W12", 404, 404).only(&[Condition::Front]),
    no_list("H17, H19", 404, 404).codes(&["404", "resourcenotfound"]).only(&[
        Condition::For(Purpose::Models),
        Condition::ListOptional,
        Condition::ServiceHeaders,
    ]),
    no_list("H17, H19", 404, 404).words(&["resource not found"]).only(&[
        Condition::For(Purpose::Models),
        Condition::ListOptional,
        Condition::NotForeignFlat,
        Condition::OriginKnown,
        Condition::NoGateway,
    ]),
    // The service's own 404 has its error format and its headers.
    front("W6, Z102", 404, 404).only(&[
        Condition::Body,
        Condition::NoFrame,
        Condition::NoServiceHeaders,
    ]),
    http("http-not-found", "H17", 404, 404),
    front("W6", 408, 408).only(&[Condition::Front]),
    front("W6", 408, 408).only(&[Condition::OriginOpen, Condition::NotErrorFrame]),
    http("http-timeout-answer", "H22", 408, 408),
    http("http-timeout-answer", "H22", 400, 599).codes(&["timeout"]),
    // A gateway that was called may have limits of its own; nothing else shows the service's.
    front("W6", 429, 429).only(&[Condition::Front, Condition::NoGateway]),
    front("W6, W21", 429, 429).only(&[Condition::OriginOpen, Condition::NotErrorFrame]),
    http("http-rate-limited", "H20, H21, W5", 429, 429).leaves(Leaves::Path),
    // 5xx: the service's own, or from something in front that did not reach it.
    front("W6, W12, W13, W14, W22, W20", 500, 599).only(&[Condition::Front]),
    front("W9", 500, 500)
        .words(&["internal server error"])
        .only(&[Condition::Flat, Condition::NoServiceHeaders]),
    front("W19", 408, 599)
        .words(&["litellm.apiconnectionerror", "litellm.timeout", "litellm.internalservererror"])
        .only(&[Condition::NoServiceHeaders]),
    front("W10", 500, 599).words(&["a gateway-related error occurred"]),
    front("W6", 502, 502).only(&[Condition::NoFrame, Condition::NoServiceHeaders]),
    front("W6", 504, 504).only(&[Condition::NoFrame, Condition::NoServiceHeaders]),
    front("W6, W21", 500, 599).only(&[Condition::NoFrame, Condition::OriginOpen]),
    http("http-server-error", "H24", 500, 599),
    front("W6, W12", 400, 499).only(&[Condition::Front]),
    http("http-unexpected-status", "", 0, 199),
    http("http-unexpected-status", "", 400, u16::MAX),
];
