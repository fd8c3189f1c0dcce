//! The address is that of another resource's private endpoint (facts C18, C24).

use crate::diagnose::azure::zone_steps::{self, place};
use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::Record;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Expect, tunnel};

use super::zone_bypassed::OF_WRONG_ADDRESS;
use super::{downstream, text};

pub(super) const RULE: Rule = rule!(
    "dns-wrong-endpoint",
    Dns,
    "The address is that of another resource's private endpoint",
    Code(check)
)
.explains(&[
    "dns-address-not-expected",
    "dns-resolvers-disagree",
    "dns-system-differs",
    "http-subdomain-unmapped",
])
.explains_groups(OF_WRONG_ADDRESS)
.yields_to(&["dns-zone-bypassed", "dns-hosts-pin"])
.short("the address is that of another resource's private endpoint");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let case = ZoneCase::of(e, azure)?;
    if matches!(e.options.expect, Expect::Public | Expect::Closed)
        || downstream::service_answered(e)
    {
        return None;
    }
    let all = e.dns.effective();
    let address = *all.iter().find(|a| tunnel::is_private(e, **a))?;
    let (endpoint, configuration) = azure.endpoint_of_another(address)?;
    // The other resource's account does not know the name (fact H18).
    let unmapped = reading::main_answer(e).is_some_and(|answer| answer.status == 404);
    let broken = downstream::service_not_reached(e) || unmapped;
    let r = case.resolver;
    let headline = Clause::from(format!(
        "{address} belongs to {}, another resource's endpoint",
        endpoint.name()
    ))
    .or(format!("{address} is another resource's private endpoint"));
    let level = if broken { Level::Broken } else { Level::Risk };
    let mut finding = FindingBuilder::new(level, Confidence::Proved, headline)
        .fact(format!("{} -> {} (wrong)", e.dns.name, reading::list(&all)))
        .fact(format!(
            "{address} is the address of the private endpoint {} (resource group {})",
            endpoint.name(),
            endpoint.group()
        ))
        .cites("/dns/selected")
        .cites("/azure/estate/interfaces")
        .cites("/azure/estate/connections")
        .reasoning(
            "all private endpoint connections of the account were read, and this endpoint is in \
             none of them",
        )
        .owner("DNS");
    if !configuration.fqdns.is_empty() {
        finding = finding.fact(format!("it serves {}", configuration.fqdns.join(", ")));
    }
    let right = azure.right_addresses();
    if let Some(one) = right.first() {
        finding = finding.fact(format!(
            "the account's endpoint {} has {} (right)",
            one.endpoint.id.name(),
            one.address
        ));
    }
    finding = finding.inspect(
        format!("see what {} leads to", endpoint.name()),
        format!(
            "az network private-endpoint show {} -n {} --query \
             \"privateLinkServiceConnections[].privateLinkServiceId\" -o tsv",
            place(endpoint),
            reading::word(endpoint.name())
        ),
    );
    let holding = case.zones.iter().find(|state| match &state.record {
        Record::Wrong(given) | Record::Given(given) => given.contains(&address),
        _ => false,
    });
    finding = match (holding, right.first()) {
        (Some(state), Some(one)) => {
            let zone = &state.zone.id;
            let finding = finding
                .fact(format!(
                    "{} (resource group {}) has {} -> {address}",
                    case.zone,
                    zone.group(),
                    case.record
                ))
                .cites(format!("/azure{}/record", state.pointer))
                .step(zone_steps::see_record(zone, &case.record));
            zone_steps::correct_record(state, &case.record, &[address], one.address)
                .into_iter()
                .fold(finding, FindingBuilder::step)
        }
        (_, Some(one)) => finding.step(
            Step::shared(
                format!(
                    "correct the record of {} to {} where {} gets it",
                    e.dns.name,
                    one.address,
                    r.label()
                ),
                format!("every client of {}, for this name only", r.label()),
            )
            .undo("write the old address back: note it first"),
        ),
        (_, None) => finding.step(Step::inspect(
            "find out which endpoint this network should use: none of the account's own is visible \
             with an address for this name",
        )),
    };
    Some(finding.check(text::dig(&e.dns.name, r.seen)))
}
