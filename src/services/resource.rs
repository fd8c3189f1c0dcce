//! A resource of a service, as `az` and Resource Manager name it, and how its network rules are changed.

/// Resources of a service as `az` and Resource Manager name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// Provider and type.
    pub kind: &'static str,
    /// The group of `az` commands; empty where none is known here.
    pub az: &'static str,
    /// What one is called in a sentence.
    pub noun: &'static str,
    /// The property that holds its endpoint.
    pub endpoint: &'static str,
    /// Its resource in Terraform.
    pub terraform: &'static str,
    /// The metric of Azure Monitor that has the time of its answers.
    pub latency_metric: &'static str,
    /// The JMESPath of its public access and network rules.
    pub networks: &'static str,
    /// How its network rules are changed.
    pub rules: Rules,
    /// Whether `az <group> list` needs no group of resources.
    pub lists_all: bool,
    /// Whether deleted ones can be listed and recovered for some time.
    pub recoverable: bool,
    /// Whether one has a tenant of its own, which it keeps when its subscription moves.
    pub own_tenant: bool,
    /// What has its private endpoints in its place, in a sentence; empty where it has them itself.
    pub endpoints_at: &'static str,
}

/// How the network rules of a resource are changed: what follows the group of `az` commands, and what
/// takes it back. `{name}` is the resource, `{address}` an address; empty where there is no such rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Their argument in Terraform.
    pub terraform: &'static str,
    /// Allows an address.
    pub address: (&'static str, &'static str),
    /// Allows a subnet.
    pub subnet: (&'static str, &'static str),
    /// The service endpoint that such a subnet needs; empty where there is none.
    pub service_endpoint: &'static str,
}

impl Rules {
    /// What has no rules for networks: it is open to the public or closed to it.
    pub(super) const NONE: Self =
        Self { terraform: "", address: ("", ""), subnet: ("", ""), service_endpoint: "" };

    /// Whether there are none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

/// The rules of resources whose `az` commands have `network-rule`.
pub(super) const NETWORK_RULE: Rules = Rules {
    terraform: "network_acls",
    address: (
        "network-rule add -n {name} -g <group> --ip-address {address}",
        "network-rule remove -n {name} -g <group> --ip-address {address}",
    ),
    subnet: (
        "network-rule add -n {name} -g <group> --subnet <subnet id>",
        "network-rule remove -n {name} -g <group> --subnet <subnet id>",
    ),
    service_endpoint: "",
};

/// Public access and network rules where `az` shows the resource as Resource Manager does.
pub(super) const NETWORKS: &str = "properties.{access:publicNetworkAccess,rules:networkAcls}";

impl Resource {
    pub(super) const fn of_type(kind: &'static str) -> Self {
        Self {
            kind,
            az: "",
            noun: "resource",
            endpoint: "",
            terraform: "",
            latency_metric: "",
            networks: "",
            rules: Rules { service_endpoint: "", ..NETWORK_RULE },
            lists_all: true,
            recoverable: false,
            own_tenant: false,
            endpoints_at: "",
        }
    }
}
