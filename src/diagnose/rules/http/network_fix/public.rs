//! The call went to the public endpoint: a private path for this network, or a rule that lets it in.

use std::net::IpAddr;

use super::account_rules::{allow, see_rules};
use super::connections;
use crate::diagnose::engines::network_refusal::{Names, Policy, Row};
use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{FindingBuilder, account, reading};
use crate::diagnosis::Step;
use crate::evidence::vantage::Platform;
use crate::evidence::{Evidence, classify};

pub(super) fn publicly(
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
    // One for another service of the same resource does not serve this name (fact D273).
    let own = reading::service(e).filter(|service| !service.is_account());
    let of_group = own.and_then(|_| account::group_id(e));
    let of_group = of_group.map_or(String::new(), |group| format!(" for the group `{group}`"));
    finding = finding.step(
        Step::shared(
            format!(
                "{} a private endpoint{of_group} with its DNS zone (Terraform: azurerm_private_endpoint \
                 with private_dns_zone_group)",
                if hosted.is_some() {
                    "if it has none, give that platform's network"
                } else {
                    "if the path should be private, give this network"
                }
            ),
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
