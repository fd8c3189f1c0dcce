//! Whether the account exists, and under which name.

use crate::diagnose::account;
use crate::diagnose::azure::zone_steps::place;
use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::reading::{self, word};
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::needs::missing;
use crate::diagnosis::Step;
use crate::evidence::azure::Account;

use super::{named, open};

/// Whether an account has the name, had it, or will have it.
pub(super) fn exists(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let estate = azure.estate();
    let name = reading::account(e);
    // Other services' resources are not among the accounts that were read.
    if !account::resource(e).kind.starts_with("Microsoft.CognitiveServices") {
        return None;
    }
    if let Some(account) = estate.account.known() {
        return Some(of_account(e, azure, account));
    }
    let deleted = estate.deleted.proved()?.iter().find(|one| one.eq_ignore_ascii_case(name));
    if deleted.is_some() {
        // Names are used again: another account may have this one, out of sight.
        return Some(Ruling::Suggests(
            Proof::default()
                .headline(format!("{name} was deleted, and can still be recovered"))
                .fact(format!("{name} is among the deleted accounts of the subscription"))
                .reasoning("a deleted account's name does not exist until it is recovered")
                .cites("/estate/deleted")
                .owner("Azure platform")
                .step(
                    Step::inspect("see when it was deleted, its group and its region")
                        .command(account::list_deleted(e)),
                ),
        ));
    }
    open([missing(&estate.account, "Microsoft.CognitiveServices/accounts/read", name)])
}

fn of_account(e: &View<'_>, azure: &AzureView<'_>, account: &Account) -> Ruling {
    let estate = azure.estate();
    let id = &account.id;
    let proof = Proof::default()
        .fact(format!("the account {} exists", named(id)))
        .cites("/estate/account")
        .step(Step::inspect("see its endpoints").command(format!(
            "az cognitiveservices account show {} -n {} --query properties.endpoints",
            place(id),
            word(id.name())
        )));
    let read = estate.account.proved().is_some();
    let ruling = |proof: Proof| match read {
        true => Ruling::Proves(proof),
        false => Ruling::Suggests(proof),
    };
    let state = account.provisioning_state.as_deref().unwrap_or_default();
    if state.eq_ignore_ascii_case("ResolvingDNS") {
        return ruling(
            proof
                .headline(format!("{} is being created: its name does not exist yet", id.name()))
                .fact(format!("its state is {state}"))
                .reasoning("Azure is still publishing the account's name")
                .ruled_out("a misspelt account")
                .owner("Azure platform")
                .step(Step::inspect("wait some minutes, then check again")),
        );
    }
    let host = &e.dns.name;
    let is_host = |endpoint: &&String| {
        let rest = endpoint.split("://").nth(1).unwrap_or(endpoint);
        let end = rest.find(['/', ':']).unwrap_or(rest.len());
        rest.get(..end).is_some_and(|name| name.eq_ignore_ascii_case(host))
    };
    let subdomain = account.custom_subdomain.as_deref().is_some_and(|name| !name.is_empty());
    if account.endpoints.iter().any(|endpoint| is_host(&endpoint)) {
        return Ruling::Notes(
            Proof { steps: Vec::new(), ..proof }
                .fact(format!("{host} is one of its endpoints"))
                .reasoning(
                    "the account has this name, so the resolver, or a server that it asks, denies \
                     a name that exists",
                )
                .strikes("the name is misspelt")
                .ruled_out("a misspelt or deleted account"),
        );
    }
    let endpoints = account.endpoints.join(", ");
    let proof = proof
        .fact(format!("its endpoints: {endpoints}"))
        .ruled_out("a deleted account")
        .owner("Application");
    // `endpoints` does not list every name that begins with the account's subdomain.
    let own = account.custom_subdomain.as_deref().unwrap_or_default();
    let is_own = subdomain && host.split('.').next().is_some_and(|l| l.eq_ignore_ascii_case(own));
    let ruling = |proof: Proof| match is_own {
        true => Ruling::Suggests(proof),
        false => ruling(proof),
    };
    match (subdomain, account.endpoints.first()) {
        (_, None) => Ruling::Notes(proof),
        (true, Some(endpoint)) => ruling(
            proof
                .headline(
                    Clause::from(format!("the account's endpoint is {endpoint}"))
                        .or("the account has another endpoint than this name"),
                )
                .reasoning(format!("{host} is none of the account's endpoints"))
                .step(
                    Step::local(format!("configure {endpoint} in the application"))
                        .undo("put the old endpoint back"),
                ),
        ),
        (false, Some(endpoint)) => ruling(
            proof
                .headline(
                    Clause::from(format!("{} has no custom subdomain", id.name()))
                        .or("the account has no custom subdomain"),
                )
                .reasoning(format!(
                    "without a custom subdomain the account has only the regional endpoint \
                     {endpoint}, and no name of its own"
                ))
                .step(
                    Step::local(format!("configure {endpoint} in the application"))
                        .undo("put the old endpoint back"),
                ),
        ),
    }
}
