//! Refusals of the network: whose endpoint has the address, and what the account's rules say.

use std::net::IpAddr;

use super::super::{commands, connection, whose};
use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::engines::network_refusal::egress;
use crate::diagnose::headline::Clause;
use crate::diagnose::reading;
use crate::diagnose::rules::http::refusal_match::{all_refusals, walked, walked_private};
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::access::{PublicAccess, public_access};
use crate::diagnose::view::azure::here::Here;
use crate::diagnose::view::azure::needs;
use crate::diagnose::view::azure::owner::{EndpointAddress, Owner};
use crate::diagnosis::Step;
use crate::evidence::azure::{Account, Answer, ConnectionStatus, ResourceId};
use crate::evidence::classify;

/// The service's name among service endpoints of a subnet.
const SERVICE_ENDPOINT: &str = "Microsoft.CognitiveServices";

/// The address of a network refusal that names it.
pub(in crate::diagnose::azure) fn seen_from(view: &View<'_>) -> Option<IpAddr> {
    all_refusals(view).find_map(|refusal| egress(&refusal))
}

/// The call went to a private address: whose it is, and whether its connection is approved.
pub(super) fn at_private_address(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let ip = walked(view).filter(|_| walked_private(view))?;
    match azure.owner(ip) {
        Owner::Account(endpoint) => connection::ruling(azure, &endpoint, ip)
            .or_else(|| for_another_name(view, azure, &endpoint, ip))
            .or_else(|| Some(state_not_seen(view, azure, &endpoint, ip))),
        Owner::NotVisible if !azure.knows_every_address() => Some(Ruling::Open(vec![
            "read over the networks that the private endpoints are in".to_owned(),
        ])),
        _ => whose::ruling(view, azure, ip),
    }
}

/// The endpoint has one address for each name of the account, and this one is for another (fact X2).
fn for_another_name(
    view: &View<'_>,
    azure: &AzureView<'_>,
    endpoint: &EndpointAddress<'_>,
    ip: IpAddr,
) -> Option<Ruling> {
    let host = view.target.host.as_str();
    let names = &endpoint.configuration.fqdns;
    let is_host = |name: &String| name.eq_ignore_ascii_case(host);
    let others = azure.account_addresses();
    let right = others
        .iter()
        .find(|one| one.id == endpoint.id && one.configuration.fqdns.iter().any(is_host))?;
    if names.is_empty() || names.iter().any(is_host) {
        return None;
    }
    let right = right.configuration.address;
    let proof = Proof::default()
        .instead()
        .headline(
            Clause::from(format!(
                "{ip} is the endpoint's address for another name; {right} is right"
            ))
            .or(format!("{ip} is the endpoint's address for another name")),
        )
        .fact(format!("{}: {ip} for {}", needs::shown(endpoint.id), names.join(", ")))
        .fact(format!("{}: {right} for {host}", needs::shown(endpoint.id)))
        .reasoning(format!(
            "the endpoint {} has an address for each name of the account, and {host} resolves to \
             that of another name",
            endpoint.id.name()
        ))
        .cites("/estate/interfaces")
        .owner("DNS")
        .step(Step::inspect(format!("see where {host} gets the address {ip} from")))
        .step(
            Step::shared(
                format!(
                    "correct the record of {host} to {right} (Terraform: the \
                     private_dns_zone_group of azurerm_private_endpoint maintains it)"
                ),
                "every client that resolves this name through the zone",
            )
            .undo(format!("restore the address {ip}")),
        );
    let certain = azure.owner_is_certain(ip) || azure.knows_every_address();
    Some(if certain { Ruling::Proves(proof) } else { Ruling::Suggests(proof) })
}

/// The address is the account's; what its connection's state leaves open.
fn state_not_seen(
    view: &View<'_>,
    azure: &AzureView<'_>,
    endpoint: &EndpointAddress<'_>,
    ip: IpAddr,
) -> Ruling {
    let account = reading::account(view);
    let proof = Proof::default()
        .fact(format!("{ip} is an address of {account}'s private endpoint {}", endpoint.id.name()))
        .ruled_out("another account's private endpoint: the address is this account's")
        .cites("/estate/interfaces");
    let id = azure.estate().account.known().map(|account| &account.id);
    let action = "Microsoft.CognitiveServices/accounts/privateEndpointConnections/read";
    match id.and_then(|id| needs::missing(&azure.estate().connections, action, id)) {
        Some(right) if endpoint.connection.is_none() => Ruling::Notes(proof.reasoning(format!(
            "Azure does not decide whether its connection is Approved: {right} is needed"
        ))),
        _ => Ruling::Notes(proof),
    }
}

/// Which rule the call's network lacks.
pub(super) fn rules(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    if walked_private(view) {
        return None;
    }
    let account = match &azure.estate().account {
        Answer::Read { value } => value,
        _ => return None,
    };
    let name = account.id.name();
    let egress = seen_from(view)?;
    let listed = match account.ip_rules.as_slice() {
        [] => "none".to_owned(),
        rules => rules.iter().take(20).cloned().collect::<Vec<_>>().join(", "),
    };
    let base =
        Proof::default().fact(format!("IP rules of {name}: {listed}")).cites("/estate/account");
    let access = public_access(account, egress);
    // Where the address is listed, or the account's own rules do not count, none of them is amiss.
    if access == PublicAccess::NotListed
        && let Some(ruling) = subnet(azure, account, egress, &base)
    {
        return Some(ruling);
    }
    match access {
        PublicAccess::NotListed if classify(egress).is_public() => Some(Ruling::Proves(
            base.headline(
                Clause::from(format!("{egress} is in no IP rule of {name}"))
                    .or(format!("{egress} is in no IP rule of the account")),
            )
            .reasoning(format!(
                "{name} lets in selected networks (default action Deny); the service saw the call \
                 coming from {egress}, which none of its {} IP rules has",
                account.ip_rules.len()
            )),
        )),
        PublicAccess::Perimeter => Some(Ruling::Notes(base.reasoning(
            "public access is SecuredByPerimeter: the perimeter's access rules decide, and the \
             account's IP rules do not count",
        ))),
        _ => Some(Ruling::Notes(base)),
    }
}

/// What the rules for subnets make of this machine's.
fn subnet(
    azure: &AzureView<'_>,
    account: &Account,
    egress: IpAddr,
    base: &Proof,
) -> Option<Ruling> {
    let Here::At(place) = azure.here() else { return None };
    let id: &ResourceId = &place.subnet.id;
    let listed = account.subnet_rules.contains(id);
    let through_endpoint =
        place.subnet.service_endpoints.iter().any(|one| one.eq_ignore_ascii_case(SERVICE_ENDPOINT));
    let short = format!("{}/{}", place.network.id.name(), id.name());
    let (headline, reasoning) = match (listed, through_endpoint) {
        (true, false) => (
            format!("{short} is allowed, but has no service endpoint"),
            format!(
                "the account's rules name this machine's subnet {short}, and the subnet has no \
                 service endpoint {SERVICE_ENDPOINT}: its calls come from {egress}, which no rule \
                 has"
            ),
        ),
        (false, true) if classify(egress).is_private() => (
            format!("the account's rules do not name the subnet {short}"),
            format!(
                "the call comes from {egress} through the service endpoint of {short}, and no \
                 virtual network rule of the account names that subnet"
            ),
        ),
        _ => return None,
    };
    let proof = base
        .clone()
        .headline(headline)
        .fact(format!("this machine's subnet: {short} ({})", id.group()))
        .reasoning(reasoning)
        .cites("/estate/networks");
    Some(if place.certain { Ruling::Proves(proof) } else { Ruling::Suggests(proof) })
}

/// The switch for public access, for a call to the public address.
pub(super) fn switch(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    if walked_private(view) {
        return None;
    }
    let account = azure.estate().account.known()?;
    let name = account.id.name();
    let access = account.public_network_access.as_deref().unwrap_or("not shown");
    let mut proof = Proof::default()
        .fact(format!("publicNetworkAccess of {name}: {access}"))
        .cites("/estate/account");
    let Some(connections) = azure.estate().connections.proved() else {
        return Some(Ruling::Notes(proof));
    };
    let approved: Vec<&str> = connections
        .iter()
        .filter(|one| one.status == ConnectionStatus::Approved)
        .filter_map(|one| one.endpoint.as_ref().map(ResourceId::name))
        .collect();
    proof = match approved.as_slice() {
        [] => proof.fact(format!("{name} has no approved private endpoint")).reasoning(
            "no call can get in: public access is off, and no private endpoint leads in",
        ),
        names => proof
            .fact(format!("approved private endpoints of {name}: {}", names.join(", ")))
            .reasoning(
                "a private path exists, and this call did not take it: its DNS or its proxy",
            ),
    };
    Some(Ruling::Notes(proof.cites("/estate/connections")))
}

/// What is open, where the public path should be closed.
pub(super) fn not_closed(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let account = azure.estate().account.proved()?;
    let name = account.id.name();
    let access = account.public_network_access.as_deref()?;
    let action = account.default_action.as_deref().unwrap_or("Allow");
    let base = Proof::default()
        .fact(format!("{name}: publicNetworkAccess {access}, default action {action}"))
        .cites("/estate/account");
    if access.eq_ignore_ascii_case("Disabled") {
        let since = azure.changed(&account.id).map_or_else(
            || "when it was changed is not visible".to_owned(),
            |span| format!("the account was changed {span} before this check"),
        );
        let address = walked(view).map_or_else(String::new, |ip| format!("{ip} "));
        return Some(Ruling::Notes(
            base.headline(
                Clause::from(format!(
                    "{address}answers, though public access is Disabled in Azure"
                ))
                .or("open, though public access is Disabled in Azure"),
            )
            .reasoning(format!(
                "Azure shows public access Disabled, and the public address still lets calls in: \
                 a change takes minutes to spread, and {since}; or another account answers there"
            )),
        ));
    }
    if access.eq_ignore_ascii_case("SecuredByPerimeter") {
        return Some(secured_by_perimeter(azure, account, base));
    }
    if !access.eq_ignore_ascii_case("Enabled") {
        return Some(Ruling::Notes(base));
    }
    let open = action.eq_ignore_ascii_case("Allow");
    Some(match open {
        true => Ruling::Proves(base.reasoning(format!(
            "{name} lets in every network: public access is {access} and the default action is \
             Allow"
        ))),
        false => {
            let rules = account.ip_rules.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
            Ruling::Proves(base.fact(format!("IP rules: {rules}")).reasoning(format!(
                "{name} lets in selected networks, and the one that this call came from is one of \
                 them"
            )))
        }
    })
}

/// A perimeter decides who gets in; the account's default action does not count.
fn secured_by_perimeter(azure: &AzureView<'_>, account: &Account, mut proof: Proof) -> Ruling {
    let known = azure.estate().perimeter.known();
    let (id, mode) = known.map_or((None, None), |perimeter| {
        (perimeter.id.as_ref(), perimeter.access_mode.as_deref())
    });
    if let Some(id) = id {
        let mode = mode.unwrap_or("not shown");
        proof = proof
            .fact(format!("network security perimeter {}: access mode {mode}", needs::shown(id)))
            .cites("/estate/perimeter");
        let look = Step::inspect("see the perimeter, its inbound rules and who owns it");
        proof = proof.step(look.command(commands::show(id, "{id:id,location:location}")));
    } else {
        proof = proof.step(
            Step::inspect("see which perimeter the account is in")
                .command(commands::show(&account.id, "properties.publicNetworkAccess")),
        );
    }
    Ruling::Notes(
        proof
            .reasoning(
                "public access is SecuredByPerimeter: the perimeter's access rules decide, and the \
                 account's default action does not count",
            )
            .step(Step::inspect(
                "ask the perimeter's owner whether one of its inbound rules is meant to let this \
                 call in; first make sure that every client has a private path",
            ))
            .step(
                Step::shared(
                    "close public access at the account",
                    "every client that calls the account over its public address",
                )
                .command(format!(
                    "az resource update --ids {} --set properties.publicNetworkAccess=Disabled",
                    reading::word(account.id.as_str())
                ))
                .undo("the same command with SecuredByPerimeter; it takes some minutes too")
                .or(),
            )
            .step(Step::inspect("wait some minutes and check again")),
    )
}
