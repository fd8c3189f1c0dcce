//! Which managed identities this machine has (fact C48).

use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::needs::shown;
use crate::evidence::azure::{ResourceId, VirtualMachine};

/// This machine, by its metadata service, with the client ids of its user-assigned identities; none
/// where those were not read.
fn machine<'a>(azure: &AzureView<'a>) -> Option<(&'a VirtualMachine, &'a [String])> {
    let estate = azure.estate();
    let id = estate.this_machine.as_ref()?;
    let machine = estate.machines.iter().find(|machine| machine.id == *id)?;
    Some((machine, machine.user_identities.as_deref()?))
}

fn base(machine: &VirtualMachine, users: &[String]) -> Proof {
    let users = match users {
        [] => "none".to_owned(),
        all => all.join(", "),
    };
    let system = if machine.system_identity.is_some() { "on" } else { "off" };
    Proof::default()
        .fact(format!(
            "{}: system-assigned identity {system}, user-assigned {users}",
            shown(&machine.id)
        ))
        .cites("/estate/machines")
}

/// No identity could be meant.
pub(super) fn missing(_: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let (machine, users) = machine(azure)?;
    let name = machine.id.name();
    if machine.system_identity.is_some() {
        return Some(Ruling::Notes(base(machine, users).reasoning(
            "Azure shows a system-assigned identity, and the metadata service gives none: it was \
             assigned minutes ago, or the program runs on another machine",
        )));
    }
    let count = users.len();
    Some(Ruling::Proves(match count {
        0 => base(machine, users)
            .headline(format!("{name} has no managed identity"))
            .reasoning("Azure shows neither a system-assigned nor a user-assigned identity there"),
        _ => base(machine, users)
            .headline(
                Clause::from(format!(
                    "{name} has user-assigned identities only, and none is named"
                ))
                .or("no system-assigned identity, and none is named"),
            )
            .reasoning(format!(
                "Azure shows no system-assigned identity there, and {count} user-assigned: the \
                 request must name one by its client id"
            )),
    }))
}

/// Several could be meant.
pub(super) fn ambiguous(_: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let (machine, users) = machine(azure).filter(|(_, users)| users.len() > 1)?;
    Some(Ruling::Proves(base(machine, users).reasoning(format!(
        "Azure shows {} user-assigned identities there: name the one that is meant by its client \
         id",
        users.len()
    ))))
}

/// The one that is named is not there.
pub(super) fn not_assigned(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let (machine, users) = machine(azure)?;
    let acquisition = view.identity.acquisition.as_ref()?;
    let client = acquisition.client.as_deref()?;
    let named = client.rsplit('/').next().unwrap_or(client);
    // A request names an identity by its client id, its object id or its resource id.
    let ids = machine.user_identity_ids.iter().map(ResourceId::as_str);
    let texts = users.iter().chain(&machine.user_identity_principals);
    let mut names = texts.chain(&machine.system_identity).map(String::as_str).chain(ids);
    let has = names.any(|one| one.eq_ignore_ascii_case(client));
    let by_object = acquisition.requests.iter().any(|one| one.url.contains("object_id="));
    // How many of the machine's identities show the form of id that was named.
    let shown = match (ResourceId::parse(client), by_object) {
        (Some(_), _) => machine.user_identity_ids.len(),
        (None, true) => machine.user_identity_principals.len(),
        (None, false) => users.len(),
    };
    if !has && shown < users.len() {
        return Some(Ruling::Notes(base(machine, users)));
    }
    Some(match has {
        true => Ruling::Notes(base(machine, users).reasoning(format!(
            "Azure shows {client} assigned, and the metadata service does not have it: it was \
             assigned minutes ago"
        ))),
        false => Ruling::Proves(
            base(machine, users)
                .headline(
                    Clause::from(format!(
                        "identity {named} is not assigned to {}",
                        machine.id.name()
                    ))
                    .or(format!("identity {named} is not assigned here"))
                    .or("the identity is not assigned to this machine"),
                )
                .reasoning(format!(
                    "Azure lists the machine's identities, and {client} is not one"
                )),
        ),
    })
}
