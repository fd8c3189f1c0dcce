//! Whether an account has the name that was called, and under which endpoint (facts C20, C23).

use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::reading;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::needs::shown;
use crate::evidence::azure::{Account, Answer};

/// The host of an endpoint's URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

fn has_host(account: &Account, name: &str) -> bool {
    account.endpoints.iter().any(|url| host(url).eq_ignore_ascii_case(name))
}

/// Whether the account answers to the name: it is listed, or begins with the account's own
/// subdomain, of which `endpoints` does not list every name (fact C20).
fn answers_to(account: &Account, name: &str) -> bool {
    let label = name.split('.').next().unwrap_or_default();
    let own = account.custom_subdomain.as_deref().unwrap_or_default();
    has_host(account, name) || (!own.is_empty() && own.eq_ignore_ascii_case(label))
}

/// What Azure shows of the account, where the service does not know the name, or offers less there.
pub(super) fn account(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let target = &view.target.host;
    let name = reading::account(view);
    let unmapped =
        crate::diagnose::rules::http::refusal_match::find_refusal(view, "http-subdomain-unmapped")
            .is_some();
    let account = match &azure.estate().account {
        Answer::Read { value } => value,
        Answer::Refused { refusal } => {
            let action = "Microsoft.CognitiveServices/accounts/read";
            let right = refusal.action.as_deref().unwrap_or(action);
            let scope = refusal.scope.as_deref().unwrap_or("the account");
            return Some(Ruling::Open(vec![format!("{right} over {scope}")]));
        }
        _ => return deleted(azure, name).filter(|_| unmapped),
    };
    let kind = account.kind.as_deref().unwrap_or("not shown");
    let state = account.provisioning_state.as_deref().unwrap_or("not shown");
    let endpoints: Vec<&str> = account.endpoints.iter().take(4).map(|url| host(url)).collect();
    let base = Proof::default()
        .fact(format!("{}: kind {kind}, state {state}", shown(&account.id)))
        .fact(format!("its endpoints: {}", endpoints.join(", ")))
        .cites("/estate/account");
    if unmapped && state.eq_ignore_ascii_case("ResolvingDNS") {
        return Some(Ruling::Proves(
            base.headline(format!("{name} is not ready: ResolvingDNS"))
                .reasoning("Azure has the account, and its name is not published yet: wait"),
        ));
    }
    // A list without an entry shows no other name.
    let own = endpoints.first().copied()?;
    if !answers_to(account, target) {
        return Some(Ruling::Proves(
            base.headline(
                Clause::from(format!("{name}'s endpoint is {own}"))
                    .or("the account has another endpoint"),
            )
            .reasoning(format!(
                "Azure shows the account's own endpoint, and {target} is none of its names: calls \
                 go to {own}"
            )),
        ));
    }
    if !has_host(account, target) {
        return Some(Ruling::Notes(base));
    }
    if unmapped {
        return Some(Ruling::Notes(
            base.ruled_out(
                "a misspelt or deleted name: Azure shows the account with this endpoint",
            )
            .reasoning(
                "Azure and the service disagree: the account was created or changed minutes \
                     ago, or the service does not serve it on this path",
            ),
        ));
    }
    Some(Ruling::Notes(
        base.ruled_out("another resource of that name: Azure shows the account with this endpoint"),
    ))
}

/// An account of that name that was deleted. Names are used again, so the one that was called may be
/// another.
fn deleted(azure: &AzureView<'_>, name: &str) -> Option<Ruling> {
    let deleted = azure.estate().deleted.proved()?;
    deleted.iter().find(|one| one.eq_ignore_ascii_case(name))?;
    Some(Ruling::Suggests(
        Proof::default()
            .fact(format!("{name} is among the deleted accounts of the subscription"))
            .reasoning(format!(
                "an account {name} was deleted, and can be recovered: its name answers nothing \
                 until it is recovered or made again"
            ))
            .cites("/estate/deleted"),
    ))
}

/// Whether the account has a subdomain of its own.
pub(super) fn subdomain(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let account = azure.estate().account.proved()?;
    let name = account.id.name();
    let base = Proof::default().cites("/estate/account");
    let own = account.custom_subdomain.as_deref().filter(|subdomain| !subdomain.is_empty());
    let Some(own) = own else {
        return Some(Ruling::Proves(
            base.headline(format!("{name} has no custom subdomain"))
                .fact(format!("{}: customSubDomainName is empty", shown(&account.id)))
                .reasoning(
                    "tokens, network rules and private endpoints need an account with a custom \
                     subdomain, and Azure shows that this one has none",
                ),
        ));
    };
    let endpoint = account.endpoints.first().map(|url| host(url))?;
    let proof = base.fact(format!("{name}: customSubDomainName {own}, endpoint {endpoint}"));
    match answers_to(account, &view.target.host) {
        true => Some(Ruling::Notes(
            proof.ruled_out("an account without a subdomain: Azure shows one, and it was called"),
        )),
        false => Some(Ruling::Proves(proof.reasoning(format!(
            "the account's own name is {endpoint}; {} is not",
            view.target.host
        )))),
    }
}
