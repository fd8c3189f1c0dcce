//! Rules whose cause lies at the dns hop.

mod aaaa_only;
mod aaaa_swallowed;
mod address_not_expected;
mod address_stale;
mod advice;
pub(in crate::diagnose::rules) mod answer_expired;
mod answer_out_of_order;
mod answers_others;
mod answers_vary;
mod azure_resolver_outside;
mod bad_address;
pub(in crate::diagnose) mod blocked_by_policy;
mod cname_loop;
mod contradicting_answers;
mod custom_record;
pub(in crate::diagnose) mod downstream;
mod edns_declined;
mod edns_differs;
mod edns_dropped;
mod failure_causes;
mod failure_replies;
pub(in crate::diagnose) mod failures;
mod forged_answer;
mod forwards_privatelink_only;
mod hosts_entry;
mod large_answer;
mod local_error;
mod microsoft_names;
mod name_not_found;
mod no_address;
mod no_internet_names;
mod no_private_endpoint;
mod no_resolver;
mod odd_answer;
mod outside_resolver;
mod parent_zone_shadowed;
mod policy_denial;
mod policy_privatelink_only;
mod private_not_expected;
mod privatelink_forwarder_dead;
mod public_not_expected;
mod public_path;
mod rate_limited;
mod record_gap;
mod record_missing;
mod regional_endpoint;
mod resolver_down;
mod resolver_slow;
mod resolvers_disagree;
mod stub_fails;
mod suffix_not_covered;
mod symptoms;
mod system_differs;
mod system_fails;
mod system_slow;
mod tcp_blocked;
mod text;
mod transports_differ;
mod tunnel_address;
pub(in crate::diagnose) mod unanswered;
mod unusable_address;
mod wildcard_answer;
mod wrong_endpoint;
mod zone_bypassed;
mod zone_falls_back;
mod zone_not_linked;
mod zone_owner;
mod zone_record_changed;
mod zone_twin;

use super::over_limit;
use crate::diagnose::Rule;
use crate::diagnose::view::{libc_lookup, library_waits};

/// The rules of this hop: of two causes at this hop the earlier one here is the verdict's.
pub(super) const RULES: &[Rule] = &[
    no_resolver::RULE,
    azure_resolver_outside::RULE,
    contradicting_answers::RULE,
    transports_differ::RULE,
    forged_answer::RULE,
    wildcard_answer::RULE,
    answers_vary::RULE,
    stub_fails::RULE,
    failure_causes::UDP_FILTERED,
    failure_causes::VALIDATION_FAILS,
    failure_causes::UPSTREAM_DEAD,
    failure_causes::ZONE_FAILS,
    local_error::RULE,
    failure_replies::SILENT,
    failure_replies::PORT_REFUSED,
    failure_replies::UNREACHABLE,
    failure_replies::REFUSED,
    failure_replies::SERVFAIL,
    failure_replies::MALFORMED,
    failure_replies::OTHER,
    tcp_blocked::RULE,
    edns_differs::RULE,
    hosts_entry::RULE,
    blocked_by_policy::RULE,
    cname_loop::RULE,
    wrong_endpoint::RULE,
    zone_bypassed::RULE,
    zone_twin::RULE,
    zone_falls_back::RULE,
    address_stale::RULE,
    zone_record_changed::RULE,
    answer_expired::RULE,
    suffix_not_covered::RULE,
    record_missing::RULE,
    no_internet_names::RULE,
    parent_zone_shadowed::RULE,
    name_not_found::RULE,
    no_address::RULE,
    aaaa_only::RULE,
    system_differs::RULE,
    answer_out_of_order::RULE,
    aaaa_swallowed::RULE,
    system_fails::RULE,
    policy_privatelink_only::RULE,
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
    edns_declined::RULE,
    edns_dropped::RULE,
    resolvers_disagree::RULE,
    system_slow::RULE,
    resolver_slow::RULE,
    custom_record::RULE,
    large_answer::RULE,
    no_private_endpoint::RULE,
    public_path::RULE,
    regional_endpoint::RULE,
    over_limit::DNS,
];
