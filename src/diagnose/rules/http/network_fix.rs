//! What to do about a network refusal: it depends on where the call went (facts H3, X1, X2, X15,
//! X20, T21).

use std::net::IpAddr;

use crate::diagnose::engines::network_refusal::{Names, Policy, Row, own_name};
use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{FindingBuilder, account, endpoint_of, reading};
use crate::diagnosis::Step;
use crate::evidence::tunnel::{Maker, TunnelAddress};
use crate::evidence::vantage::Platform;
use crate::evidence::{Evidence, classify, tunnel};
use crate::services::Resource;

use super::host_kind::host_kind;
use super::private_path;
use super::reference_client;
use super::refusal_match::{walked, walked_private};

/// Looks at the connections of private endpoints to the account.
fn connections(e: &Evidence) -> String {
    let query = "[].{endpoint:properties.privateEndpoint.id,\
                 state:properties.privateLinkServiceConnectionState.status}";
    format!("{} --query \"{query}\"", account::connections(e))
}

/// Adds the causes that remain, the owner and the steps.
pub(in crate::diagnose) fn by_place(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    egress: Option<IpAddr>,
) -> FindingBuilder {
    if host_kind(e).is_gateway() {
        return behind_gateway(e, finding);
    }
    let finding = match row.names == Names::Subdomain {
        true if !own_name(e) => return subdomain(e, finding),
        true => endpoint(e, finding, "see the account's own endpoint: it should have this name"),
        false => finding,
    };
    // Without the proxy, the same refusal: the proxy makes no difference.
    let past =
        reference_client::direct(e).is_some_and(|direct| reading::proxied(e) && direct.refused(e));
    let private = match past {
        true => e.dns.effective().into_iter().find(|a| tunnel::is_private(e, *a)),
        false => walked(e).filter(|_| walked_private(e)),
    };
    match private {
        None if reading::proxied(e) => through_proxy(e, finding, row, egress),
        Some(address) => privately(e, finding, row, address, egress),
        None => match walked(e).and_then(|address| Some((address, tunnel::address(e, address)?))) {
            Some((address, made)) => through_tunnel(e, finding, row, (address, &made), egress),
            None => publicly(e, finding, row, egress),
        },
    }
}

/// An account's error text at a gateway's name: the gateway's own call was refused.
fn behind_gateway(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    let host_kind = host_kind(e);
    let finding = finding
        .reasoning(format!(
            "{} is not the account: {} answers there. The error text is an account's, so most \
             likely its own call to the account was refused; this machine's path is not the cause",
            e.target.host,
            host_kind.name()
        ))
        .owner("Azure platform")
        .inspect(format!("see {} and its network", host_kind.name()), host_kind.show(e));
    let finding = match host_kind.behind(e) {
        Some(command) => finding.inspect("see which account it calls", command),
        None => finding.step(Step::inspect(format!(
            "ask the team that runs {} which account it calls",
            e.target.host
        ))),
    };
    finding.step(
        Step::inspect("run a check from the gateway's own network to the account's name")
            .command(format!("aoai-probe {}", behind(e))),
    )
}

/// A name of the service behind a gateway, as a placeholder.
pub(super) fn behind(e: &Evidence) -> String {
    if let Some(backend) = &e.backend {
        return reading::word(&backend.target.host);
    }
    let cloud = reading::cloud(e);
    let named = reading::service(e)
        .and_then(|service| service.endpoints.iter().find(|endpoint| endpoint.cloud == cloud));
    let suffix = named.map_or("openai.azure.com", |endpoint| endpoint.suffix);
    format!("<{}>.{suffix}", reading::noun(e))
}

fn endpoint(e: &Evidence, finding: FindingBuilder, message: &str) -> FindingBuilder {
    finding.inspect(message, account::show(e, account::resource(e).endpoint))
}

fn subdomain(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    endpoint(e, finding.owner("Application"), "see the account's own endpoint").step(Step::local(
        format!(
            "replace {} with that endpoint in the application's configuration; keep the old line \
             to undo it",
            e.target.host
        ),
    ))
}

fn through_proxy(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    egress: Option<IpAddr>,
) -> FindingBuilder {
    let finding = finding
        .reasoning(
            "the proxy makes the connection, so the service sees the proxy's network, not this \
             machine's",
        )
        .owner("Network");
    let finding = see_rules(e, finding, row);
    let finding = if e.dns.private_endpoint_seen() {
        finding.step(Step::local(format!(
            "append {} to NO_PROXY so that the call takes the private path: append only this host \
             and keep the list; a variable applies to its own shell, and a service needs it in \
             its unit",
            e.target.host
        )))
    } else {
        finding
    };
    allow(e, finding, row, egress, "allow the proxy's egress address")
}

fn privately(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    address: IpAddr,
    egress: Option<IpAddr>,
) -> FindingBuilder {
    let finding = private_path::causes(e, finding, address, egress, row.names == Names::Endpoint)
        .decide_with(endpoint_of::everywhere(address))
        .decide_with(connections(e))
        .owner("Azure platform");
    let finding = endpoint_of::look(
        finding,
        format!("see which endpoint and which names {address} belongs to"),
        address,
    )
    .inspect("see which endpoints the account has approved", connections(e))
    .step(Step::inspect(
        "if the endpoint or the rules are new, wait and check again: rules take minutes, a new \
         endpoint up to hours",
    ));
    let finding =
        if row.policy == Policy::Perimeter { see_rules(e, finding, row) } else { finding };
    finding
        .inspect(
            "before approving, see who requests it and for what",
            "az network private-endpoint-connection show --id <connection id> --query \
             \"properties.{endpoint:privateEndpoint.id,\
             reason:privateLinkServiceConnectionState.description}\"",
        )
        .step(
            Step::shared(
                "approve the connection, if it is yours and pending (Terraform: \
                 azurerm_private_endpoint)",
                "the whole network of that endpoint, and networks peered with it, get a private \
                 path to the account",
            )
            .command(
                "az network private-endpoint-connection approve --id <connection id> \
                 --description approved",
            )
            .undo("az network private-endpoint-connection reject --id <connection id>"),
        )
        .step(
            Step::shared(
                format!(
                    "correct the record of {} in the private zone to the address that the \
                     endpoint's interface has for this name (Terraform: the \
                     private_dns_zone_group of azurerm_private_endpoint maintains it)",
                    e.target.host
                ),
                "every client that resolves this name through the zone",
            )
            .or()
            .undo(format!("restore the address {address}")),
        )
}

/// A tunnel client or a service mesh generated the address: which address it dials is not visible
/// from here, so neither the zone nor the account's rules come first.
fn through_tunnel(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    (address, made): (IpAddr, &TunnelAddress),
    egress: Option<IpAddr>,
) -> FindingBuilder {
    let (host, takes) = (&e.target.host, made.maker.acceptor());
    let finding = finding
        .reasoning(format!(
            "{address} is a {} ({}): {takes} accepts the connection and opens another one; which \
             address it dials for {host} is not visible from here",
            made.maker.noun(),
            made.sign
        ))
        .cites(made.pointer.clone());
    let finding = match made.maker {
        Maker::Client => {
            finding.owner("Network (VPN or zero-trust client)").step(Step::inspect(format!(
                "see in the client's log or console which address its exit dials for {host}, and \
                 from which network"
            )))
        }
        Maker::Mesh => finding.owner("Network (service mesh)").inspect(
            "see which address the sidecar or the egress gateway dials",
            format!("istioctl proxy-config endpoints <pod>.<namespace> | grep {host}"),
        ),
    };
    let (message, affects) = match made.maker {
        Maker::Client => (
            format!(
                "have only {host} resolved by a resolver that sees the private zone, so that the \
                 tunnel's exit dials the endpoint; or exclude it from the tunnel, if this \
                 machine's own network has the endpoint"
            ),
            format!("every client under the same policy, for {host}"),
        ),
        Maker::Mesh => (
            format!(
                "have the sidecar or egress gateway resolve {host} with a resolver that sees the \
                 private zone (Istio: a ServiceEntry with resolution DNS), so that it dials the \
                 endpoint"
            ),
            format!("every workload in the mesh that calls {host}"),
        ),
    };
    let finding =
        finding.step(Step::shared(message, affects).undo("restore the former rule or entry"));
    let finding = see_rules(e, finding, row);
    allow(e, finding, row, egress, "allow the address that these calls leave from")
}

fn publicly(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    egress: Option<IpAddr>,
) -> FindingBuilder {
    let mut finding = finding.owner("Azure platform");
    if row.names == Names::Endpoint {
        finding = finding
            .reasoning(
                "the call went to the public endpoint, so approving a connection does not help: \
                 either this machine should get the private address (DNS), or the account should \
                 allow this network",
            )
            .reasoning(
                "less likely: an account that was created with public access disabled may never \
                 accept public calls (one report); its rules then look right but have no effect",
            );
    }
    let hosted = platform_advice::on(e, Topic::IntoNetwork);
    let lent = e.vantage.is_on(Platform::HostedMachine);
    if let Some(advice) = hosted {
        finding = finding.reasoning(advice.why);
    }
    finding = alias_unseen(e, finding);
    finding = see_rules(e, finding, row);
    finding = finding.inspect("see which private endpoints the account has", connections(e));
    if let Some(advice) = hosted {
        finding = finding.step(advice.step());
    }
    let in_azure = e.vantage.azure.answer == Some(true);
    let provider = account::resource(e).rules.service_endpoint;
    let public = egress.is_none_or(|ip| classify(ip).is_public());
    if (row.names, row.policy) == (Names::NetworkRules, Policy::NetworkRules)
        && in_azure
        && public
        && !lent
        && !provider.is_empty()
    {
        let value = egress.map_or_else(
            || "a call to a public address".to_owned(),
            |ip| format!("the public address {ip}"),
        );
        finding = finding
            .reasoning(format!(
                "this is an Azure machine and the service saw {value}: a rule for its subnet can \
                 only match if the subnet has the service endpoint {provider}"
            ))
            .inspect(
                "see whether the subnet has the service endpoint, and which others",
                "az network vnet subnet show -g <group> --vnet-name <vnet> -n <subnet> --query \
                 \"serviceEndpoints[].service\"",
            )
            .step(
                Step::shared(
                    "if you want a rule for the subnet, add the service endpoint to the existing \
                     ones (Terraform: azurerm_subnet, service_endpoints)",
                    "every connection from the subnet to any account of this kind: it then comes \
                     from the virtual network, so address rules that allow it today stop \
                     matching, and open connections break",
                )
                .command(format!(
                    "az network vnet subnet update -g <group> --vnet-name <vnet> -n <subnet> \
                     --service-endpoints <those listed> {provider}"
                ))
                .undo("the same command with the former list"),
            );
    }
    finding = finding.step(
        Step::shared(
            if hosted.is_some() {
                "if it has none, give that platform's network a private endpoint with its DNS zone (Terraform: \
                 azurerm_private_endpoint with private_dns_zone_group)"
            } else {
                "if the path should be private, give this network a private endpoint with its DNS \
                 zone (Terraform: azurerm_private_endpoint with private_dns_zone_group)"
            },
            format!(
                "every client in the virtual network: once {} is linked, accounts of the suffix \
                 without a record in it stop resolving",
                reading::private_zone(e)
            ),
        )
        .undo("remove the zone's link, then the endpoint"),
    );
    // The next job on a hosted machine calls from another address, which others use too.
    if !lent {
        finding = allow(e, finding, row, egress, "allow this network's egress address");
    }
    if row.policy == Policy::Perimeter {
        return finding.step(Step::inspect(
            "wait and check again: changes to a perimeter took over 14 minutes in one report",
        ));
    }
    finding.step(Step::inspect("wait and check again: changes to network rules take a few minutes"))
}

/// Where no resolver was seen, neither was an alias: first find out whether this network should get
/// a private address, which the name's alias shows.
fn alias_unseen(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    if !e.dns.resolvers.is_empty() {
        return finding;
    }
    finding
        .reasoning(
            "no resolver was seen here, so it is not known whether there is a private endpoint \
             whose address this network should get",
        )
        .inspect(
            "see whether the name has a privatelink alias: if it has, there is a private endpoint \
             that this network's DNS does not lead to",
            format!("nslookup {}", reading::word(&e.target.host)),
        )
        .inspect(
            "see the same with that network's resolver",
            reading::again_with(e, "--resolver <address>"),
        )
}

/// A step that shows the rules that decide.
fn see_rules(e: &Evidence, finding: FindingBuilder, row: &Row) -> FindingBuilder {
    if row.policy == Policy::Perimeter {
        return finding
            .inspect(
                "see the account's perimeter and its access mode",
                "az network perimeter association list -g <group> --perimeter-name <perimeter> \
                 --query \"[].{resource:privateLinkResource.id,mode:accessMode,\
                 profile:profile.id}\"",
            )
            .inspect(
                "see the access rules of that profile",
                "az network perimeter profile access-rule list -g <group> \
                 --perimeter-name <perimeter> --profile-name <profile>",
            );
    }
    let look = match account::resource(e).rules.is_none() {
        true => "see whether public access is on",
        false => {
            "see whether public access is on (rules only have effect then), and which networks are \
             allowed"
        }
    };
    finding.inspect(look, account::show_networks(e))
}

/// Allows an egress address, as an alternative to the private path of the steps before it.
fn allow(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    egress: Option<IpAddr>,
    message: &str,
) -> FindingBuilder {
    let source = egress.map_or_else(|| "<egress address>".to_owned(), |ip| ip.to_string());
    if row.policy == Policy::Perimeter {
        return finding.step(
            Step::shared(
                format!("{message} (Terraform: azurerm_network_security_perimeter_access_rule)"),
                "every resource in that profile, and every client behind that address",
            )
            .or()
            .command(format!(
                "az network perimeter profile access-rule create -n <rule> -g <group> \
                 --perimeter-name <perimeter> --profile-name <profile> \
                 --address-prefixes \"[{source}/32]\""
            ))
            .undo(
                "az network perimeter profile access-rule delete -n <rule> -g <group> \
                 --perimeter-name <perimeter> --profile-name <profile>",
            ),
        );
    }
    // Network rules, including those for subnets with a service endpoint, only have effect while
    // public access is on: allowing an address before that changes nothing.
    let closed = row.names == Names::PublicAccess;
    let Resource { terraform, rules, .. } = account::resource(e);
    if closed && rules.is_none() {
        return finding.step(
            Step::shared(
                format!(
                    "if public calls are intended, turn public access on (Terraform: {terraform}): \
                     there are no rules that let selected networks in"
                ),
                "the account gets a public endpoint again, for every caller with a credential",
            )
            .undo("turn public access off again"),
        );
    }
    let finding = if closed {
        finding
            .reasoning(
                "while public access is off, the account's network rules have no effect: neither \
                 an allowed address nor a subnet with a service endpoint lets a call in",
            )
            .step(
                Step::shared(
                    format!(
                        "if public calls are intended, first turn public access on for \
                         selected networks only (default action Deny; Terraform: {terraform}, \
                         public_network_access_enabled and {})",
                        rules.terraform
                    ),
                    "the account gets a public endpoint again, for the networks in its rules; \
                     with the default action Allow, for every caller with a credential",
                )
                .undo("turn public access off again"),
            )
    } else {
        finding
    };
    // Where public access is off, this is the second step of that way.
    let then = if closed { "then " } else { "" };
    let joined = |step: Step| if closed { step } else { step.or() };
    // A private address comes from a subnet with a service endpoint; rules for addresses take public
    // ones alone.
    let private = egress.is_some_and(|ip| classify(ip).is_private());
    if private && !rules.subnet.0.is_empty() {
        let (add, remove) = account::rule(e, rules.subnet, "");
        return finding.step(joined(
            Step::shared(
                format!(
                    "{then}allow the subnet of {source}: the service sees this address, so the subnet \
                     has a service endpoint, and a rule for a private address is refused \
                     (Terraform: {terraform}, {})",
                    rules.terraform
                ),
                "the account becomes reachable for every machine in that subnet",
            )
            .command(add)
            .undo(remove),
        ));
    }
    if rules.address.0.is_empty() {
        return finding;
    }
    let (add, remove) = account::rule(e, rules.address, &source);
    finding.step(joined(
        Step::shared(
            format!("{then}{message} (Terraform: {terraform}, {})", rules.terraform),
            "the account becomes reachable for every client behind that address, including other \
             parties behind a shared NAT or proxy",
        )
        .command(add)
        .undo(remove),
    ))
}
