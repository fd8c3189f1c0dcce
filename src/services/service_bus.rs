//! Event Hubs, Service Bus and Relay: namespaces of one suffix (facts Z60 and Z61 in `docs/facts.md`).
//! Applications speak AMQP with them, and which of the three one is, its name does not show: its
//! caller is not tested.

use crate::evidence::http::{ErrorFrame, Purpose};

use super::refusal::{Blames, Condition, Leaves, Refusal};
use super::request::Under;
use super::{OtherPort, Request, Resource, Rules, Service, china, public, usgov};

/// Group id of a namespace.
const NAMESPACE: &[&str] = &["namespace"];

/// The list of queues, without a credential: each of the three asks for one before it looks further.
const REQUESTS: &[Request] = &[Request::get(
    Purpose::Challenge,
    Under::Resource,
    "/$Resources/queues?api-version=2021-05&$top=1",
    "",
)];

const REFUSALS: &[Refusal] = &[
    Refusal::http("http-network-rules", "Z60", 401, 403)
        .blames(Blames::Network)
        .words(&["ip has been prevented to connect"]),
    Refusal::identity("identity-not-tested", "Z61", 401, 401)
        .leaves(Leaves::CallerUntested)
        .words(&["missingtoken"])
        .only(&[Condition::NotSent]),
    Refusal::identity("identity-not-tested", "Z61", 401, 401)
        .leaves(Leaves::CallerUntested)
        .only(&[Condition::NotSent, Condition::Frame]),
];

/// What that refusal leaves open (fact Z60).
const RULES: &[&str] = &[
    "the answer is the same while public access is off altogether, and of a network security perimeter: \
     then no rule for an address has any effect",
    "a namespace of Event Hubs has the same suffix: its commands begin with az eventhubs namespace",
];

/// A namespace as `az` names it.
const RESOURCE: Resource = Resource {
    kind: "Microsoft.ServiceBus/namespaces",
    az: "servicebus namespace",
    noun: "namespace",
    endpoint: "serviceBusEndpoint",
    terraform: "azurerm_servicebus_namespace",
    latency_metric: "",
    networks: "{access:publicNetworkAccess,no_keys:disableLocalAuth}",
    rules: Rules {
        terraform: "network_rule_set",
        address: (
            "network-rule-set ip-rule add --namespace-name {name} -g <group> \
             --ip-rule ip-address={address} action=Allow",
            "network-rule-set ip-rule remove --namespace-name {name} -g <group> \
             --ip-rule ip-address={address} action=Allow",
        ),
        subnet: ("", ""),
        service_endpoint: "Microsoft.ServiceBus",
    },
    lists_all: true,
    recoverable: false,
    own_tenant: false,
    endpoints_at: "",
};

/// Where SDKs connect unless they use WebSockets, and clients of Kafka (fact T55).
const AMQP: &[OtherPort] =
    &[OtherPort { port: 5671, protocol: "AMQP" }, OtherPort { port: 9093, protocol: "Kafka" }];

pub(super) const SERVICES: &[Service] = &[Service::new(
    "servicebus",
    "Event Hubs/Service Bus",
    &[
        public(NAMESPACE, "servicebus.windows.net", "privatelink.servicebus.windows.net"),
        usgov(
            NAMESPACE,
            "servicebus.usgovcloudapi.net",
            "privatelink.servicebus.usgovcloudapi.net",
        ),
        china(NAMESPACE, "servicebus.chinacloudapi.cn", "privatelink.servicebus.chinacloudapi.cn"),
    ],
)
.requests(REQUESTS)
.other_ports(AMQP)
.error_format(ErrorFrame::Xml)
.refusals(REFUSALS)
.forbidden(RULES)
.resource(RESOURCE)];
