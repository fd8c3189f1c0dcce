//! The service refuses because of where the call came from: a row each (facts H1-H5, W3, T21, X1,
//! X15). The refusals differ in their text; what they mean depends on the address that was called.

use crate::diagnose::Rule;
use crate::diagnose::engines::network_refusal::{Names, Policy, Row};

const PUBLIC_ACCESS: Row = Row {
    names: Names::PublicAccess,
    policy: Policy::NetworkRules,
    clause: "public access is disabled",
    means: "the account accepts calls only through its private endpoints, and this call did not \
            come through one of them",
};

const NETWORK_RULES: Row = Row {
    names: Names::NetworkRules,
    policy: Policy::NetworkRules,
    clause: "its network rules do not allow this network",
    means: "the account accepts calls only from selected networks, and this network is not one of \
            them",
};

const NOT_APPROVED: Row = Row {
    names: Names::Endpoint,
    policy: Policy::NetworkRules,
    clause: "not from an approved private endpoint",
    means: "the service does not recognise this call as coming from an approved private endpoint; \
            it also gives this error for calls to the public endpoint, for calls to a wrong \
            address of the right endpoint, and for minutes to hours after an endpoint was created",
};

const VNET_ENDPOINT: Row = Row {
    names: Names::Subdomain,
    policy: Policy::NetworkRules,
    clause: "it requires the account's own subdomain",
    means: "the account has network rules, so it must be called by its custom subdomain",
};

const PERIMETER: Row = Row {
    names: Names::NetworkRules,
    policy: Policy::Perimeter,
    clause: "a network security perimeter",
    means: "the account is in a network security perimeter, whose access rules replace the \
            account's own network rules (publicNetworkAccess is then SecuredByPerimeter)",
};

/// What Azure shows contradicts the refusal.
const CONTRADICTIONS: &[&str] = &["http-refused-though-approved", "http-refused-though-allowed"];

pub(super) const RULES: [Rule; 5] = [
    rule!(
        "http-public-access-disabled",
        Http,
        "The service refuses: public access is disabled",
        NetworkRefusal(&PUBLIC_ACCESS)
    )
    .short("403: public access is disabled")
    .yields_to(CONTRADICTIONS),
    rule!(
        "http-network-rules",
        Http,
        "The service refuses: its network rules do not allow this network",
        NetworkRefusal(&NETWORK_RULES)
    )
    .short("refused: network rules do not allow this network")
    .yields_to(CONTRADICTIONS),
    rule!(
        "http-endpoint-not-approved",
        Http,
        "The service refuses: the call is not from an approved private endpoint",
        NetworkRefusal(&NOT_APPROVED)
    )
    .short("403: not from an approved private endpoint")
    .yields_to(&["http-refused-though-approved"]),
    rule!(
        "http-vnet-endpoint",
        Http,
        "The service refuses: an account with network rules requires its custom subdomain",
        NetworkRefusal(&VNET_ENDPOINT)
    )
    .short("403: a virtual network is configured for the account"),
    rule!(
        "http-network-perimeter",
        Http,
        "The service refuses: a network security perimeter blocks the call",
        NetworkRefusal(&PERIMETER)
    )
    .short("403: a network security perimeter refuses the call"),
];
