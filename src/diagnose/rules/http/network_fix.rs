//! What to do about a refusal that is about the network: it follows from where the call went
//! (facts H3, X1, X2, X15, X20, T21).

use std::net::IpAddr;

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{Because, account, endpoint_of, reading};
use crate::diagnosis::Step;
use crate::evidence::tunnel::{Maker, TunnelAddress};
use crate::evidence::vantage::Platform;
use crate::evidence::{Evidence, classify, tunnel};

use super::aim::aim;
use super::arrival;
use super::clients;
use super::network_refusals::{
    NETWORK_RULES, NOT_APPROVED, PERIMETER, PUBLIC_ACCESS, Row, VNET_ENDPOINT, own_name,
};
use super::said::{walked, walked_private};

/// Looks at the connections of private endpoints to the account.
const CONNECTIONS: &str = "az network private-endpoint-connection list --id <account resource id> --query \
     \"[].{endpoint:properties.privateEndpoint.id,\
     state:properties.privateLinkServiceConnectionState.status}\"";

/// Adds the causes that remain, the owner and the steps.
pub(super) fn by_place(
    e: &Evidence,
    because: Because,
    refused: &Row,
    egress: Option<IpAddr>,
) -> Because {
    if aim(e).is_gateway() {
        return behind_gateway(e, because);
    }
    let because = match refused.id == VNET_ENDPOINT.id {
        true if !own_name(e) => return subdomain(e, because),
        true => endpoint(e, because, "see the account's own endpoint: its name should be this one"),
        false => because,
    };
    // Past the proxy the same refusal: the proxy is not what makes the difference.
    let past = clients::direct(e).is_some_and(|direct| reading::proxied(e) && direct.refused(e));
    let private = match past {
        true => e.dns.effective().into_iter().find(|a| tunnel::is_private(e, *a)),
        false => walked(e).filter(|_| walked_private(e)),
    };
    match private {
        None if reading::proxied(e) => through_proxy(e, because, refused, egress),
        Some(address) => privately(e, because, refused, address, egress),
        None => match walked(e).and_then(|address| Some((address, tunnel::address(e, address)?))) {
            Some((address, made)) => through_tunnel(e, because, refused, (address, &made), egress),
            None => publicly(e, because, refused, egress),
        },
    }
}

/// The words of an account at a gateway's name: the gateway's own call was refused.
fn behind_gateway(e: &Evidence, because: Because) -> Because {
    let aim = aim(e);
    let because = because
        .known_by(format!(
            "{} is not the account: {} answers there. These words are an account's, so its own \
             call to the account was most likely refused; this machine's path to it is not the \
             cause",
            e.target.host,
            aim.name()
        ))
        .owner("Azure platform")
        .look(format!("see {} and its network", aim.name()), aim.show(e));
    let because = match aim.behind(e) {
        Some(command) => because.look("see which account it calls", command),
        None => because
            .act(Step::look(format!("ask who runs {} which account it calls", e.target.host))),
    };
    because.act(
        Step::look("walk from the gateway's own network to the account's name")
            .command("aoai-probe <account>.openai.azure.com"),
    )
}

fn endpoint(e: &Evidence, because: Because, says: &str) -> Because {
    because.look(says, account::show(e, "properties.endpoint"))
}

fn subdomain(e: &Evidence, because: Because) -> Because {
    endpoint(e, because.owner("Application"), "see the account's own endpoint").act(Step::local(
        format!(
            "put that endpoint into the application's configuration in place of {}; keep the old \
             line to undo it",
            e.target.host
        ),
    ))
}

fn through_proxy(e: &Evidence, because: Because, refused: &Row, egress: Option<IpAddr>) -> Because {
    let because = because
        .known_by(
            "the proxy makes the connection: the service sees the proxy's network, not this \
             machine's",
        )
        .owner("Network");
    let because = see_rules(e, because, refused);
    let because = if e.dns.private_endpoint_seen() {
        because.act(Step::local(format!(
            "append {} to NO_PROXY, so that the call takes the private path: append the one host \
             and keep the list; a variable applies to its shell, a service needs it in its unit",
            e.target.host
        )))
    } else {
        because
    };
    allow(e, because, refused, egress, "or allow the proxy's egress address")
}

fn privately(
    e: &Evidence,
    because: Because,
    refused: &Row,
    address: IpAddr,
    egress: Option<IpAddr>,
) -> Because {
    let because = arrival::causes(e, because, address, egress, refused.id == NOT_APPROVED.id)
        .tells_it(endpoint_of::everywhere(address))
        .tells_it(CONNECTIONS)
        .owner("Azure platform");
    let because = endpoint_of::look(
        because,
        format!("see which endpoint and which names {address} belongs to"),
        address,
    )
    .look("see which endpoints the account has approved", CONNECTIONS)
    .act(Step::look(
        "wait and walk again, if endpoint or rules are new: rules take minutes, a new \
             endpoint up to hours",
    ));
    let because = if refused.id == PERIMETER.id { see_rules(e, because, refused) } else { because };
    because
        .look(
            "before an approval, see who requests it and for what",
            "az network private-endpoint-connection show --id <connection id> --query \
             \"properties.{endpoint:privateEndpoint.id,\
             reason:privateLinkServiceConnectionState.description}\"",
        )
        .act(
            Step::shared(
                "approve the connection, if it is yours and waits for it (Terraform: \
                 azurerm_private_endpoint)",
                "the whole network of that endpoint, and networks that are peered with it, get a \
                 private path to the account",
            )
            .command(
                "az network private-endpoint-connection approve --id <connection id> \
                 --description approved",
            )
            .undo("az network private-endpoint-connection reject --id <connection id>"),
        )
        .act(
            Step::shared(
                format!(
                    "or correct the record of {} in the private zone to the address that the \
                     endpoint's interface has for this name (Terraform: azurerm_private_endpoint \
                     with its private_dns_zone_group keeps it right)",
                    e.target.host
                ),
                "every client that resolves this name through the zone",
            )
            .undo(format!("put the address {address} back")),
        )
}

/// The address is one that a tunnel's client or a service mesh made up: which address it dials for
/// it is not seen from here, so neither the zone nor the account's rules come first.
fn through_tunnel(
    e: &Evidence,
    because: Because,
    refused: &Row,
    (address, made): (IpAddr, &TunnelAddress),
    egress: Option<IpAddr>,
) -> Because {
    let (host, takes) = (&e.target.host, made.maker.acceptor());
    let because = because
        .known_by(format!(
            "{address} is a {} ({}): {takes} takes the connection and makes another one, and \
             which address it dials for {host} is not seen from here",
            made.maker.noun(),
            made.sign
        ))
        .read_at(made.pointer.clone());
    let because = match made.maker {
        Maker::Client => {
            because.owner("Network (VPN or zero-trust client)").act(Step::look(format!(
                "see in the client's log or console which address its exit dials for {host}, and \
                 from which network"
            )))
        }
        Maker::Mesh => because.owner("Network (service mesh)").look(
            "see which address the sidecar or the egress gateway dials",
            format!("istioctl proxy-config endpoints <pod>.<namespace> | grep {host}"),
        ),
    };
    let (says, affects) = match made.maker {
        Maker::Client => (
            format!(
                "have {host} alone resolved where the private zone is seen, so that the exit dials \
                 the endpoint; or leave it out of the tunnel, where this machine's own network \
                 has the endpoint"
            ),
            format!("every client of the same policy, for {host}"),
        ),
        Maker::Mesh => (
            format!(
                "have the sidecar or egress gateway resolve {host} where the private zone is seen \
                 (Istio: a ServiceEntry with resolution DNS), so that it dials the endpoint"
            ),
            format!("every workload of the mesh that calls {host}"),
        ),
    };
    let because =
        because.act(Step::shared(says, affects).undo("put the rule or entry back as it was"));
    let because = see_rules(e, because, refused);
    allow(e, because, refused, egress, "or allow the address that such calls leave from")
}

fn publicly(e: &Evidence, because: Because, refused: &Row, egress: Option<IpAddr>) -> Because {
    let mut because = because.owner("Azure platform");
    if refused.id == NOT_APPROVED.id {
        because = because
            .known_by(
                "the call went to the public side, so an approval does not help it: either this \
                 machine should get the private address (DNS), or the account should allow this \
                 network",
            )
            .known_by(
                "less likely: an account that was created with public access disabled may never \
                 take public calls (one report); its rules then look right and do not act",
            );
    }
    let hosted = platform_advice::on(e, Topic::IntoNetwork);
    let lent = e.vantage.is_on(Platform::HostedMachine);
    if let Some(advice) = hosted {
        because = because.known_by(advice.why);
    }
    because = alias_unseen(e, because);
    because = see_rules(e, because, refused);
    because = because.look("see which private endpoints there are", CONNECTIONS);
    if let Some(advice) = hosted {
        because = because.act(advice.step());
    }
    let in_azure = e.vantage.azure.answer == Some(true);
    let public = egress.is_none_or(|ip| classify(ip).is_public());
    if refused.id == NETWORK_RULES.id && in_azure && public && !lent {
        let saw = egress.map_or_else(
            || "a call to a public address".to_owned(),
            |ip| format!("the public address {ip}"),
        );
        because = because
            .known_by(format!(
                "this is an Azure machine and the service saw {saw}: a rule for its subnet can \
                 only match when the subnet has the service endpoint Microsoft.CognitiveServices"
            ))
            .look(
                "see whether the subnet has the service endpoint, and which others",
                "az network vnet subnet show -g <group> --vnet-name <vnet> -n <subnet> --query \
                 \"serviceEndpoints[].service\"",
            )
            .act(
                Step::shared(
                    "if a rule for the subnet is wanted, add the service endpoint to those that \
                     are there (Terraform: azurerm_subnet, service_endpoints)",
                    "each connection of the whole subnet to any account of this kind: it then \
                     comes from the virtual network, so that address rules which allow it today \
                     stop matching, and open connections break",
                )
                .command(
                    "az network vnet subnet update -g <group> --vnet-name <vnet> -n <subnet> \
                     --service-endpoints <those listed> Microsoft.CognitiveServices",
                )
                .undo("the same command with the list as it was"),
            );
    }
    because = because.act(
        Step::shared(
            if hosted.is_some() {
                "or give the network of that platform a private endpoint with its DNS zone \
                 (Terraform: azurerm_private_endpoint with private_dns_zone_group)"
            } else {
                "give this network a private endpoint with its DNS zone, if the path is to be \
                 private (Terraform: azurerm_private_endpoint with private_dns_zone_group)"
            },
            format!(
                "every client of the virtual network: once {} is linked, accounts of the suffix \
                 without a record there stop resolving",
                reading::private_zone(e)
            ),
        )
        .undo("remove the zone's link, then the endpoint"),
    );
    // The next job of a hosted machine calls from another address, which others use too.
    if !lent {
        because = allow(e, because, refused, egress, "or allow this network's egress address");
    }
    if refused.id == PERIMETER.id {
        return because.act(Step::look(
            "wait and walk again: changes of a perimeter took over 14 minutes in one report",
        ));
    }
    because.act(Step::look("wait and walk again: changes of network rules take some minutes"))
}

/// Where no resolver was seen, neither was an alias: whether this network should get a private
/// address is the first question, and the name answers it.
fn alias_unseen(e: &Evidence, because: Because) -> Because {
    if !e.dns.resolvers.is_empty() {
        return because;
    }
    because
        .known_by(
            "no resolver was seen here, so whether there is a private endpoint, whose address this \
             network should then get, is not known",
        )
        .look(
            "see whether the name has an alias below privatelink: then there is a private endpoint, \
             and the DNS of this network does not lead to it",
            format!("nslookup {}", reading::word(&e.target.host)),
        )
        .look(
            "see the same as the resolver of that network shows it",
            reading::again_with(e, "--resolver <address>"),
        )
}

/// A step that shows the rules which decide.
fn see_rules(e: &Evidence, because: Because, refused: &Row) -> Because {
    if refused.id == PERIMETER.id {
        return because
            .look(
                "see the perimeter of the account and its access mode",
                "az network perimeter association list -g <group> --perimeter-name <perimeter> \
                 --query \"[].{resource:privateLinkResource.id,mode:accessMode,\
                 profile:profile.id}\"",
            )
            .look(
                "see the access rules of that profile",
                "az network perimeter profile access-rule list -g <group> \
                 --perimeter-name <perimeter> --profile-name <profile>",
            );
    }
    because.look(
        "see whether public access is on (rules act only then), and which networks are allowed",
        account::show(e, account::NETWORK),
    )
}

/// A step that lets an egress address in.
fn allow(
    e: &Evidence,
    because: Because,
    refused: &Row,
    egress: Option<IpAddr>,
    says: &str,
) -> Because {
    let source = egress.map_or_else(|| "<egress address>".to_owned(), |ip| ip.to_string());
    if refused.id == PERIMETER.id {
        return because.act(
            Step::shared(
                format!("{says} (Terraform: azurerm_network_security_perimeter_access_rule)"),
                "every resource of that profile, and every client behind that address",
            )
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
    // Network rules, those of subnets with a service endpoint among them, act only while public
    // access is on: an address that is allowed before changes nothing.
    let closed = refused.id == PUBLIC_ACCESS.id;
    let because = if closed {
        because
            .known_by(
                "public access is off, and while it is, the account's network rules do not act: \
                 neither an allowed address nor a subnet with a service endpoint lets a call in",
            )
            .act(
                Step::shared(
                    "or, if public calls are meant: turn public access on for selected networks \
                     alone (default action Deny), first (Terraform: azurerm_cognitive_account, \
                     public_network_access_enabled and network_acls)",
                    "the account gets a public side again, for the networks that its rules name; \
                     with the default action Allow for everyone who has a key",
                )
                .undo("turn public access off again"),
            )
    } else {
        because
    };
    let says = match says.strip_prefix("or ").filter(|_| closed) {
        Some(rest) => format!("then {rest}"),
        None => says.to_owned(),
    };
    because.act(
        Step::shared(
            format!("{says} (Terraform: azurerm_cognitive_account, network_acls)"),
            "the account, for every client behind that address: behind a shared NAT or proxy, \
             those of others too",
        )
        .command(account::command(e, "network-rule add", &format!("--ip-address {source}")))
        .undo(account::command(
            e,
            "network-rule remove",
            &format!("--ip-address {source}"),
        )),
    )
}
