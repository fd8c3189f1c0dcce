//! Whose the address is that the walk went to (facts C18, C24).

use std::net::IpAddr;

use super::commands;
use crate::diagnose::azure::{Proof, Ruling, zone_steps};
use crate::diagnose::reading;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::needs::shown;
use crate::diagnose::view::azure::owner::Owner;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::Record;
use crate::diagnosis::Step;
use crate::evidence::tls::{CertificateFault, TlsOutcome};
use crate::evidence::{TargetKind, tunnel};

/// What the owner of a private address makes of the finding; none for public ones, which no
/// interface has.
pub(super) fn ruling(view: &View<'_>, azure: &AzureView<'_>, ip: IpAddr) -> Option<Ruling> {
    if !tunnel::is_private(view, ip) {
        return None;
    }
    let account = reading::account(view);
    let reached = azure.owner_is_certain(ip);
    let none_of_account = azure.knows_every_address();
    let other = |what: String, headline: String, certain: bool| {
        let fact = format!("{ip} is an address of {what}");
        let proof = match (certain, none_of_account) {
            (true, _) => Proof::default()
                .headline(headline)
                .fact(fact)
                .reasoning(format!(
                    "{} leads to {ip}, which is not {account}'s: the record is outdated or wrong",
                    view.dns.name
                ))
                .ruled_out(NO_FILTER),
            (false, true) => none_has_it(view, azure, ip).fact(fact).reasoning(UNREACHED),
            (false, false) => Proof::default().headline(headline).fact(fact).reasoning(UNREACHED),
        };
        let certain = certain || none_of_account && is_no_front(view, azure, ip);
        Some(of_another(view, azure, ip, proof, certain))
    };
    match azure.owner(ip) {
        Owner::Account(endpoint) => {
            let name = endpoint.id.name();
            let proof = Proof::default()
                .fact(format!("{ip} is an address of {account}'s private endpoint {name}"))
                .cites("/estate/interfaces");
            Some(Ruling::Notes(proof.ruled_out(format!(
                "another service's address: {ip} is that of {account}'s private endpoint"
            ))))
        }
        Owner::OtherEndpoint(id, configuration) => {
            let names = match configuration.fqdns.as_slice() {
                [] => String::new(),
                names => format!(", for {}", names.join(", ")),
            };
            other(
                format!("the private endpoint {}{names}", shown(id)),
                format!("{ip} is the private endpoint {}, not {account}'s", id.name()),
                reached && azure.estate().connections.proved().is_some(),
            )
        }
        Owner::UnknownEndpoint(id, _) => Some(Ruling::Notes(
            Proof::default()
                .fact(format!("{ip} is an address of the private endpoint {}", shown(id)))
                .reasoning(format!(
                    "whether {} is {account}'s is undecided: neither the account's connections \
                     nor what the endpoint leads to are visible",
                    id.name()
                ))
                .cites("/estate/interfaces"),
        )),
        Owner::Relay(id, service) => {
            let leads = match service {
                Some(service) => format!(", which leads to {}", shown(service)),
                None => String::new(),
            };
            let what = format!("the private endpoint {}{leads}", shown(id));
            let clause = format!("{ip} is the private endpoint {}, not {account}'s", id.name());
            in_front(view, azure, ip, what, clause, "a private endpoint of something else")
        }
        Owner::Other(interface) => {
            let id = interface.machine.as_ref().unwrap_or(&interface.id);
            let what = if interface.machine.is_some() { "machine" } else { "interface" };
            let clause = format!("{ip} is the {what} {}, not a private endpoint", id.name());
            in_front(
                view,
                azure,
                ip,
                format!("the {what} {}", shown(id)),
                clause,
                &format!("a {what}"),
            )
        }
        Owner::NotVisible if none_of_account => {
            let (proof, certain) = (none_has_it(view, azure, ip), is_no_front(view, azure, ip));
            Some(of_another(view, azure, ip, proof, certain))
        }
        Owner::Several(interfaces) => {
            let ids: Vec<String> = interfaces.iter().map(|one| shown(&one.id)).collect();
            Some(Ruling::Notes(
                Proof::default()
                    .fact(format!("interfaces in different networks have {ip}: {}", ids.join(", ")))
                    .reasoning(
                        "Azure does not decide whose address it is: which of these networks this \
                         machine's packets reach is not visible",
                    )
                    .cites("/estate/interfaces"),
            ))
        }
        Owner::NotVisible => None,
    }
}

/// The address is that of `what`, which may be in front of the account on purpose.
fn in_front(
    view: &View<'_>,
    azure: &AzureView<'_>,
    ip: IpAddr,
    what: String,
    clause: String,
    kind: &str,
) -> Option<Ruling> {
    let account = reading::account(view);
    let reached = azure.owner_is_certain(ip);
    let fact = format!("{ip} is an address of {what}");
    let proof = Proof::default().fact(fact).cites("/estate/interfaces");
    // The name of a gateway leads to a machine on purpose.
    if view.target.kind == TargetKind::Unknown {
        return Some(Ruling::Notes(proof));
    }
    let proof = proof.headline(clause).reasoning(format!(
        "{} leads to {kind}: unless it is a proxy that hands connections on to {account}, the record \
         is outdated or wrong",
        view.dns.name
    ));
    let proof = if reached { proof } else { proof.reasoning(UNREACHED) };
    Some(of_another(view, azure, ip, proof, reached && shows_another_name(view)))
}

const NO_FILTER: &str = "a packet filter as the first cause: the address is the wrong one";

const UNREACHED: &str = "whether this machine's packets reach that one is not certain: another \
                         network, which is not visible, may have the same address";

fn none_has_it(view: &View<'_>, azure: &AzureView<'_>, ip: IpAddr) -> Proof {
    let account = reading::account(view);
    let proof = Proof::default()
        .headline(format!("{ip} is not an address of {account}'s private endpoints"));
    let leads = format!(
        "{} leads to {ip}, and the interfaces of the account's private endpoints do not have it",
        view.dns.name
    );
    match is_no_front(view, azure, ip) {
        true => proof
            .reasoning(format!("{leads}: the record is outdated or wrong"))
            .ruled_out(NO_FILTER),
        false => proof.reasoning(format!(
            "{leads}: unless a proxy, a load balancer or an application gateway in front of the \
             account has it on purpose, the record is outdated or wrong"
        )),
    }
}

/// Whether nothing that hands connections on to the account can have the address: its certificate
/// is for another name, or the record is in a zone in which the endpoints register themselves.
fn is_no_front(view: &View<'_>, azure: &AzureView<'_>, ip: IpAddr) -> bool {
    let registered = || {
        let case = ZoneCase::of(view, azure)?;
        case.holding(&[ip]).map(|state| azure.is_accounts_zone(state))
    };
    shows_another_name(view) || registered().unwrap_or(false)
}

fn shows_another_name(view: &View<'_>) -> bool {
    let outcome = view.tls.value().map(|hop| &hop.outcome);
    matches!(outcome, Some(TlsOutcome::CertificateRejected { fault: CertificateFault::WrongName }))
}

/// The address is not the account's: the record leads to something else. That this is wrong is
/// not `certain` of what may hand connections on to the account.
fn of_another(
    view: &View<'_>,
    azure: &AzureView<'_>,
    ip: IpAddr,
    proof: Proof,
    certain: bool,
) -> Ruling {
    let account = reading::account(view);
    let name = &view.dns.name;
    let own = azure.addresses_to_write();
    let addresses: Vec<String> = own.iter().map(|one| one.address.to_string()).collect();
    let right = match addresses.as_slice() {
        [] => format!("Azure shows no approved private endpoint of {account} with an address"),
        all => format!("{account}'s private endpoints have {} for {name}", all.join(", ")),
    };
    let mut proof = proof.fact(right).cites("/estate/interfaces").owner("DNS");
    if let Some(one) = own.first() {
        proof = proof.step(
            Step::inspect("see the addresses and names that the account's endpoint has")
                .command(commands::addresses(&one.interface.id)),
        );
    }
    let see = Step::inspect(format!("see where {name} gets the address {ip} from"));
    match (certain, own.first()) {
        (true, Some(one)) => Ruling::Proves(correct_record(view, azure, proof, ip, one.address)),
        (true, None) => Ruling::Proves(proof.step(see)),
        (false, Some(one)) => {
            let on_purpose = Step::inspect(format!(
                "see whether something in front of {account} has {ip} on purpose; if so, repair \
                 that, and leave the record"
            ));
            let proof = proof.step(on_purpose);
            Ruling::Suggests(correct_record(view, azure, proof, ip, one.address))
        }
        (false, None) => Ruling::Suggests(proof.step(see)),
    }
}

/// Corrects the record in the zone that clients see, or should see, where it has the wrong address.
fn correct_record(
    view: &View<'_>,
    azure: &AzureView<'_>,
    proof: Proof,
    wrong: IpAddr,
    right: IpAddr,
) -> Proof {
    let case = ZoneCase::of(view, azure);
    let zone = case.as_ref().and_then(|case| case.linked().or_else(|| case.wanted(azure)));
    let holds = zone.is_some_and(|state| match &state.record {
        Record::Wrong(given) | Record::Given(given) => given.contains(&wrong),
        Record::Right(_) | Record::Absent | Record::Unknown => false,
    });
    if let (Some(case), Some(state), true) = (&case, zone, holds) {
        let steps = zone_steps::correct_record(state, &case.record, &[wrong], right);
        let proof = proof.step(zone_steps::see_record(&state.zone.id, &case.record));
        return steps.into_iter().fold(proof, Proof::step);
    }
    let name = &view.dns.name;
    proof.step(Step::inspect(format!("see where {name} gets the address {wrong} from"))).step(
        Step::shared(
            format!("correct the record of {name} there, from {wrong} to {right}"),
            "every client that gets the name from there",
        )
        .undo("write the old address back: note it first"),
    )
}
