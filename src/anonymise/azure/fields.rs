//! What each field below `evidence.azure` holds.

/// What a field holds. Ids and addresses are known by their form, whatever the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A word of Resource Manager's or of this program.
    Word,
    /// An id: a whole word that means nothing but itself.
    Guid,
    /// A DNS name.
    Host,
    /// A name that is a label of DNS names as well.
    Label,
    /// The name of a resource.
    Named(&'static str),
    /// The name of a security rule.
    Rule,
    /// A prefix or a service tag.
    Prefix,
    /// Ports and ranges of them.
    Ports,
    /// An operation, or what needs one.
    Operation,
    /// The name of a model.
    Model,
    /// The name of a role.
    Role,
    /// A time.
    Time,
    /// The place of a property.
    Property,
    /// What a person wrote.
    Free,
    /// A text of the user's.
    Text,
}

/// Fields by their name; `parent/name` where the name alone does not decide.
const FIELDS: &[(What, &[&str])] = &[
    (
        What::Word,
        &[
            "access",
            "access_mode",
            "action",
            "code",
            "default_action",
            "deployment_state",
            "direction",
            "endpoint_policies",
            "group_ids",
            "kind",
            "method",
            "next_hop_type",
            "other",
            "power_state",
            "protocol",
            "provisioning_state",
            "public_network_access",
            "resolution_policy",
            "sku",
            "source",
            "state",
            "status",
            "sync",
        ],
    ),
    (
        What::Guid,
        &[
            "correlation_id",
            "excluded",
            "object_id",
            "principals",
            "subscriptions",
            "system_identity",
            "tenant",
            "user_identities",
            "user_identity_principals",
        ],
    ),
    (What::Host, &["domain", "domains", "fqdns", "host", "zones/name"]),
    (What::Label, &["custom_subdomain", "deleted", "records"]),
    (What::Named("deployment"), &["deployments/name"]),
    (What::Named("deny"), &["denies/name"]),
    (What::Named("name"), &["name"]),
    (What::Named("peering"), &["peerings/name"]),
    (What::Named("region"), &["location"]),
    (What::Named("route"), &["routes/name"]),
    (What::Named("zone-group"), &["zone_groups/group"]),
    (What::Rule, &["rules/name", "effective_rules/name"]),
    (
        What::Prefix,
        &[
            "destinations",
            "dns_servers",
            "inbound_prefixes",
            "ip_rules",
            "prefix",
            "prefixes",
            "sources",
        ],
    ),
    (
        What::Operation,
        &[
            "data_actions",
            "not_data_actions",
            "reads/action",
            "refusal/action",
            "service_endpoints",
        ],
    ),
    (What::Ports, &["destination_ports", "source_ports"]),
    (What::Model, &["model"]),
    (What::Role, &["role"]),
    (What::Time, &["at", "created"]),
    (What::Property, &["properties"]),
    (What::Free, &["description"]),
];

/// What a field holds: a text of the user's where no row says otherwise.
pub(super) fn what(name: &str, parent: &str) -> What {
    let both = format!("{parent}/{name}");
    let find = |wanted: &str| FIELDS.iter().find(|(_, names)| names.contains(&wanted));
    find(&both).or_else(|| find(name)).map_or(What::Text, |(what, _)| *what)
}
