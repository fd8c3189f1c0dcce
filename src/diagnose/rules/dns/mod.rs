//! Rules whose cause lies at the dns hop.

mod aaaa_only;
mod aaaa_swallowed;
mod address_not_expected;
mod advice;
mod answers_everything;
mod answers_vary;
mod azure_resolver_outside;
mod blocked_by_policy;
mod cname_loop;
mod edns_dropped;
mod failing;
mod failing_why;
pub(in crate::diagnose) mod failures;
mod fate;
mod forged_answer;
mod forwards_privatelink_only;
mod heard;
mod hosts_pin;
mod lacking;
mod local_error;
mod missing;
mod name_not_found;
mod no_address;
mod no_internet_names;
mod no_private_endpoint;
mod no_resolver;
mod outside_resolver;
mod own_record;
mod parent_zone_shadowed;
mod predict;
mod private_not_expected;
mod privatelink_forwarder_dead;
mod public_not_expected;
mod public_path;
mod rate_limited;
mod record_missing;
mod regional_endpoint;
mod resolver_down;
mod resolver_slow;
mod resolvers_disagree;
mod suffix_left_out;
mod symptoms;
mod system_differs;
mod system_fails;
mod system_slow;
mod tcp_blocked;
mod tunnel_address;
mod two_answers;
pub(in crate::diagnose) mod unanswered;
mod unusable_address;
mod words;
mod zone_not_linked;

use super::over_limit;
use crate::diagnose::Rule;

/// The rules of this hop: of two causes at this hop the earlier one here is the verdict's.
pub(super) const RULES: &[Rule] = &[
    no_resolver::RULE,
    azure_resolver_outside::RULE,
    two_answers::RULE,
    forged_answer::RULE,
    answers_everything::RULE,
    answers_vary::RULE,
    failing_why::UDP_FILTERED,
    failing_why::VALIDATION_FAILS,
    failing_why::UPSTREAM_DEAD,
    failing_why::ZONE_FAILS,
    local_error::RULE,
    failing::SILENT,
    failing::PORT_REFUSED,
    failing::UNREACHABLE,
    failing::REFUSED,
    failing::SERVFAIL,
    failing::MALFORMED,
    failing::OTHER,
    tcp_blocked::RULE,
    hosts_pin::RULE,
    blocked_by_policy::RULE,
    cname_loop::RULE,
    suffix_left_out::RULE,
    record_missing::RULE,
    no_internet_names::RULE,
    parent_zone_shadowed::RULE,
    name_not_found::RULE,
    no_address::RULE,
    aaaa_only::RULE,
    system_differs::RULE,
    aaaa_swallowed::RULE,
    system_fails::RULE,
    forwards_privatelink_only::RULE,
    privatelink_forwarder_dead::RULE,
    outside_resolver::RULE,
    zone_not_linked::RULE,
    public_not_expected::RULE,
    address_not_expected::RULE,
    private_not_expected::RULE,
    tunnel_address::RULE,
    unusable_address::RULE,
    rate_limited::RULE,
    resolver_down::RULE,
    edns_dropped::RULE,
    resolvers_disagree::RULE,
    system_slow::RULE,
    resolver_slow::RULE,
    own_record::RULE,
    no_private_endpoint::RULE,
    public_path::RULE,
    regional_endpoint::RULE,
    over_limit::DNS,
];
