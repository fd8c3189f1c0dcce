//! The account itself: whether it is there, and whom it lets in.

use super::open;
use crate::audit::AuditCheck;
use crate::diagnose::again::word;
use crate::diagnose::view::azure::AzureView;
use crate::diagnosis::{State, Step};
use crate::evidence::azure::{Account, Answer};

/// The account is there, ready, and has a name of its own.
pub(super) fn account(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let host = &view.walk.target.host;
    let account = match &view.account {
        Answer::Read { value } => value,
        Answer::Listed { value } => {
            let says = format!("Resource Graph lists {}, and it was not read", value.id.name());
            return vec![AuditCheck::new("account", State::CannotTell, says)];
        }
        Answer::Absent => {
            let says = format!("Resource Manager knows no account with this id for {host}");
            return vec![AuditCheck::new("account", State::Broken, says)];
        }
        other => {
            let deleted = view.deleted.items().iter().any(|name| {
                view.walk.target.account.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name))
            });
            let says = match deleted {
                true => format!("the account of {host} is deleted, and can be recovered"),
                false => open(other, "account"),
            };
            let state = if deleted { State::Broken } else { State::CannotTell };
            return vec![AuditCheck::new("account", state, says)];
        }
    };
    let id = &account.id;
    let kind = account.kind.as_deref().unwrap_or("unknown kind");
    let place = account.location.as_deref().unwrap_or("unknown region");
    let about = format!("{} ({kind}, {place}) in resource group {}", id.name(), id.group());
    let ready = account.provisioning_state.as_deref();
    let first = match ready {
        Some("Succeeded") | None => AuditCheck::new("account", State::Works, about),
        Some(state) => AuditCheck::new("account", State::AtRisk, format!("{about}: {state}")),
    };
    let mut checks = vec![first.fact(id.as_str())];
    if account.custom_subdomain.as_deref().is_none_or(str::is_empty) {
        let says = "it has no custom subdomain: private endpoints and Entra tokens need one";
        let look = format!(
            "az resource show --ids {} --query properties.customSubDomainName",
            word(id.as_str())
        );
        let check = AuditCheck::new("custom-subdomain", State::Broken, says)
            .step(Step::inspect("see whether it has one").command(look));
        checks.push(check);
    }
    checks
}

/// Who may call it from outside its private endpoints.
pub(super) fn public_access(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let Some(account) = view.account.proved() else { return Vec::new() };
    let is = |value: &Option<String>, word: &str| {
        value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case(word))
    };
    let rules = rules(account);
    let access = account.public_network_access.as_deref().unwrap_or_default();
    let (state, says) = if is(&account.public_network_access, "Disabled") {
        (State::Works, "public access is disabled: only private endpoints lead to it".to_owned())
    } else if is(&account.public_network_access, "SecuredByPerimeter") {
        by_perimeter(view)
    } else if is(&account.default_action, "Deny") {
        (State::Works, format!("public access is restricted to {rules}"))
    } else if access.is_empty() {
        (State::CannotTell, "the account does not say whether public access is enabled".to_owned())
    } else if is(&account.public_network_access, "Enabled") {
        (State::AtRisk, "public access is enabled from everywhere".to_owned())
    } else {
        (State::CannotTell, format!("public access is {access}, which is not judged"))
    };
    let mut check = AuditCheck::new("public-access", state, says);
    if state == State::AtRisk {
        let id = word(account.id.as_str());
        check = check
            .step(
                Step::inspect(
                    "see how often it is called and which APIs (calls over private endpoints count \
                     too: a diagnostic setting logs where a call comes from)",
                )
                .command(format!(
                    "az monitor metrics list --resource {id} --metric TotalCalls --dimension ApiName"
                )),
            )
            .step(
                Step::shared(
                    "close it",
                    "every client of the account that does not come through a private endpoint",
                )
                .command(format!(
                    "az resource update --ids {id} --set properties.publicNetworkAccess=Disabled"
                ))
                .undo(format!(
                    "az resource update --ids {id} --set properties.publicNetworkAccess={}",
                    word(access)
                )),
            );
    }
    account.ip_rules.iter().for_each(|rule| check.facts.push(format!("ip rule {rule}")));
    account.subnet_rules.iter().for_each(|rule| check.facts.push(format!("subnet rule {rule}")));
    vec![check]
}

/// What a perimeter lets in, where it decides in place of the account's own rules.
fn by_perimeter(view: &AzureView<'_>) -> (State, String) {
    match &view.perimeter {
        Answer::Read { value } => {
            let name = value.id.as_ref().map_or("a perimeter", |id| id.name());
            (State::Works, format!("public access is decided by the rules of {name}"))
        }
        Answer::Absent => (
            State::CannotTell,
            "public access is SecuredByPerimeter, and the account is in no perimeter".to_owned(),
        ),
        other => (
            State::CannotTell,
            format!("public access is SecuredByPerimeter; {}", open(other, "its perimeter")),
        ),
    }
}

fn rules(account: &Account) -> String {
    let of = |number: usize, noun: &str| match number {
        0 => None,
        1 => Some(format!("1 {noun}")),
        more => Some(format!("{more} {noun}s")),
    };
    let parts: Vec<String> =
        [of(account.ip_rules.len(), "address rule"), of(account.subnet_rules.len(), "subnet")]
            .into_iter()
            .flatten()
            .collect();
    if parts.is_empty() { "no one".to_owned() } else { parts.join(" and ") }
}

/// Whether it takes keys. Neither is a fault.
pub(super) fn keys(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let Some(account) = view.account.proved() else { return Vec::new() };
    let says = match account.keys_disabled {
        Some(true) => "keys are refused: clients need an Entra token",
        Some(false) | None => "keys are accepted, and Entra tokens too",
    };
    vec![AuditCheck::new("keys", State::Works, says)]
}

/// Its network security perimeter.
pub(super) fn perimeter(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let Some(perimeter) = view.perimeter.known() else { return Vec::new() };
    let name = perimeter.id.as_ref().map_or("a perimeter", |id| id.name());
    let mode = perimeter.access_mode.as_deref().unwrap_or("an unknown mode");
    let says = format!("in the network security perimeter {name}, mode {mode}");
    let rules = perimeter.inbound_prefixes.iter().map(|prefix| format!("lets in {prefix}"));
    let check = AuditCheck::new("perimeter", State::Works, says);
    vec![rules.fold(check, AuditCheck::fact)]
}
