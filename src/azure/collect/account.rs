//! The account: how it is found, and what is read of it.

use futures_util::join;
use serde_json::Value;

use super::joined::{all, each, understood, without_value};
use super::met::{AccountName, account_name};
use super::questions::Questions;
use crate::azure::allowed::{ACCOUNT, ACCOUNTS, CONNECTIONS, DELETED_ACCOUNTS, SUBSCRIPTION};
use crate::azure::{graph, resources};
use crate::evidence::azure::{Account, Answer, Estate, ResourceId};

/// Subscriptions whose accounts are read one by one, at most.
const SUBSCRIPTIONS: usize = 5;

/// What the search for the account found.
#[derive(Default)]
pub(super) struct Found {
    /// Its id.
    pub(super) id: Option<ResourceId>,
    /// Its row of Resource Graph.
    row: Option<Account>,
    /// The tenant of its subscription, by that row.
    tenant: Option<String>,
    /// What a GET of it answered, where that came first.
    read: Option<Answer<Value>>,
    /// The answer where there is none.
    none: Answer<Account>,
}

/// The subscriptions that the caller sees (fact C15).
pub(super) async fn subscriptions(q: &Questions<'_, '_>) -> Answer<Vec<String>> {
    let rows = q.graph("the subscriptions that are visible", graph::subscriptions()).await;
    each(rows, |row| {
        let id = resources::text(row, "subscriptionId")?;
        id_of_subscription(&id).map(|_| id)
    })
}

/// The account by its id, or by its name in Resource Graph.
pub(super) async fn find(q: &Questions<'_, '_>) -> Found {
    if let Some(id) = &q.scope.account {
        return given(q, id).await;
    }
    let Some(name) = &q.met.account else { return Found::default() };
    let query = graph::account(&name.label, &name.host);
    let rows = q.graph("the account that has the target's name", query).await;
    pick(name, rows, Answer::NotVisible)
}

/// The account whose id was given: only where it is the target's, as far as both are known. What is
/// read of another one would be proofs about the wrong account.
async fn given(q: &Questions<'_, '_>, id: &ResourceId) -> Found {
    let read = q.reader.get(ACCOUNT, id).await;
    let account = read.known().and_then(resources::account);
    let failed = |message: &str| Answer::Failed { message: message.to_owned() };
    let none = match (&q.met.account, account) {
        (Some(name), Some(account)) if !has_name(&account, name) && !is_named(&account, name) => {
            failed("this id is not the target's account: the target is no endpoint of it")
        }
        // Most accounts have the name of their subdomain: an id is all that is known of this one.
        (Some(name), None) if name.regional || !id.name().eq_ignore_ascii_case(&name.label) => {
            match read {
                Answer::Refused { .. } => without_value(read),
                _ => failed("the account of this id could not be read: it may not be the target's"),
            }
        }
        _ => return Found { id: Some(id.clone()), read: Some(read), ..Found::default() },
    };
    Found { none, ..Found::default() }
}

/// The account in the collections of the subscriptions, where Resource Graph shows none: it learns of
/// changes late, and it may be out of reach.
pub(super) async fn search(
    q: &Questions<'_, '_>,
    visible: &Answer<Vec<String>>,
    found: Found,
) -> Found {
    let ids = subscriptions_to_read(q, visible);
    let is_open = found.id.is_none() && q.scope.account.is_none() && !ids.is_empty();
    let Some(name) = q.met.account.as_ref().filter(|_| is_open) else {
        return found;
    };
    let lists = ids.iter().map(|id| q.reader.list(ACCOUNTS, id));
    let accounts = all(futures_util::future::join_all(lists).await);
    // That these subscriptions have none says nothing of others.
    let none = match found.none {
        Answer::NotVisible if accounts.known().is_none() => without_value(accounts.clone()),
        none => none,
    };
    pick(name, accounts, none)
}

/// The subscriptions that are asked one by one: the one that was given, else those that are visible
/// where they are few.
fn subscriptions_to_read(q: &Questions<'_, '_>, visible: &Answer<Vec<String>>) -> Vec<ResourceId> {
    let given = q.scope.subscription.as_slice();
    let few = Some(visible.items()).filter(|visible| visible.len() <= SUBSCRIPTIONS);
    let names = if given.is_empty() { few.unwrap_or_default() } else { given };
    names.iter().filter_map(|name| id_of_subscription(name)).collect()
}

fn id_of_subscription(name: &str) -> Option<ResourceId> {
    ResourceId::parse(&format!("/subscriptions/{name}")).filter(|_| !name.contains('/'))
}

/// The account of that name among the rows.
fn pick(name: &AccountName, rows: Answer<Vec<Value>>, none: Answer<Account>) -> Found {
    let Some(values) = rows.known() else {
        let none = if none == Answer::NotVisible { without_value(rows) } else { none };
        return Found { none, ..Found::default() };
    };
    let mut named: Vec<(&Value, Account)> = values
        .iter()
        .filter_map(|value| Some((value, resources::account(value)?)))
        .filter(|(_, account)| has_name(account, name))
        .collect();
    // A custom subdomain belongs to one account alone; other endpoints can be shared.
    if named.len() > 1 && !name.regional {
        named.retain(|(_, account)| has_subdomain(account, name));
    }
    match named.pop() {
        Some((value, account)) if named.is_empty() => Found {
            id: Some(account.id.clone()),
            tenant: resources::text(value, "tenantId"),
            row: Some(account),
            ..Found::default()
        },
        Some(_) => {
            let count = named.len() + 1;
            let message = format!("{count} accounts have this name: give the id of one");
            Found { none: Answer::Failed { message }, ..Found::default() }
        }
        None => Found { none, ..Found::default() },
    }
}

fn has_name(account: &Account, name: &AccountName) -> bool {
    let is_host = |url: &String| {
        let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', ':']).next());
        host.is_some_and(|host| host.eq_ignore_ascii_case(&name.host))
    };
    (!name.regional && has_subdomain(account, name)) || account.endpoints.iter().any(is_host)
}

/// Whether an account without a subdomain has the target's name as its own: tokens are refused there,
/// and the account is still the one that is meant.
fn is_named(account: &Account, name: &AccountName) -> bool {
    let has_none = account.custom_subdomain.as_deref().is_none_or(str::is_empty);
    has_none && !name.regional && account.id.name().eq_ignore_ascii_case(&name.label)
}

fn has_subdomain(account: &Account, name: &AccountName) -> bool {
    let own = account.custom_subdomain.as_deref();
    own.is_some_and(|own| own.eq_ignore_ascii_case(&name.label))
}

/// The account, its connections, and the tenant of its subscription.
pub(super) async fn read(q: &Questions<'_, '_>, found: Found, estate: &mut Estate) {
    let Found { id, row, tenant, read, none } = found;
    let Some(id) = id else {
        estate.account = none;
        estate.tenant = tenant_of(q, None, None).await;
        return;
    };
    let (account, connections, tenant) = join!(
        async {
            match read {
                Some(read) => read,
                None => q.reader.get(ACCOUNT, &id).await,
            }
        },
        q.reader.list(CONNECTIONS, &id),
        tenant_of(q, Some(&id), tenant),
    );
    // Its own JSON has the connections too, should they not be for this caller.
    let within = account.known().map(resources::connections_within);
    let account = understood(account, resources::account);
    estate.account = match (account, row) {
        (account @ (Answer::Read { .. } | Answer::Absent), _) => account,
        (_, Some(row)) => Answer::Listed { value: row },
        (account, None) => account,
    };
    estate.connections = match (each(connections, resources::connection), within) {
        (connections @ Answer::Read { .. }, _) => connections,
        (_, Some(value)) if !value.is_empty() => Answer::Listed { value },
        (connections, _) => connections,
    };
    estate.tenant = tenant;
}

/// The tenant of a subscription. Resource Manager also names it to a caller of another tenant
/// (fact C38).
async fn tenant_of(
    q: &Questions<'_, '_>,
    account: Option<&ResourceId>,
    listed: Option<String>,
) -> Answer<String> {
    let given = q.scope.subscription.as_deref();
    let name = account.map(ResourceId::subscription).or(given);
    let Some(id) = name.and_then(id_of_subscription) else { return Answer::NotAsked };
    let answer = q.reader.get(SUBSCRIPTION, &id).await;
    let named = answer.refusal().and_then(|refusal| refusal.tenant.clone());
    match (understood(answer, |value| resources::text(value, "tenantId")), named, listed) {
        (read @ Answer::Read { .. }, ..) => read,
        (_, Some(value), _) => Answer::Read { value },
        (_, None, Some(value)) => Answer::Listed { value },
        (other, None, None) => other,
    }
}

/// Deleted accounts of the subscriptions that may have had the account.
pub(super) async fn deleted(q: &Questions<'_, '_>, estate: &Estate) -> Answer<Vec<String>> {
    let is_gone = matches!(estate.account, Answer::Absent | Answer::NotVisible);
    let known = q.scope.account.as_ref().and_then(|id| id_of_subscription(id.subscription()));
    if !is_gone || (known.is_none() && q.met.account.is_none()) {
        return Answer::NotAsked;
    }
    let ids = match known {
        Some(id) => vec![id],
        None => subscriptions_to_read(q, &estate.subscriptions),
    };
    let lists = ids.iter().map(|id| q.reader.list(DELETED_ACCOUNTS, id));
    each(all(futures_util::future::join_all(lists).await), resources::deleted_account)
}

/// The name under which an account that was given by its id has hosts.
pub(super) fn name_of(account: &Account) -> Option<AccountName> {
    let hosts = account.endpoints.iter().filter_map(|url| url.strip_prefix("https://"));
    let mut names = hosts.filter_map(|rest| account_name(rest.split(['/', ':']).next()?));
    names.find(|name| !name.regional)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(name: &str, subdomain: &str, endpoint: &str) -> Value {
        let id = format!(
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/{name}"
        );
        json!({"id": id, "tenantId": "t", "properties":
            {"customSubDomainName": subdomain, "endpoint": endpoint}})
    }

    #[test]
    fn the_account_is_the_one_that_has_the_subdomain() {
        let name = account_name("myacct.privatelink.openai.azure.com").unwrap();
        assert_eq!(name.host, "myacct.openai.azure.com");
        let rows = vec![
            row("other", "other", "https://other.openai.azure.com/"),
            row("a", "MYACCT", "https://MYACCT.openai.azure.com/"),
        ];
        let found = pick(&name, Answer::Listed { value: rows }, Answer::NotVisible);
        assert_eq!(found.id.unwrap().name(), "a");
    }

    #[test]
    fn of_accounts_that_share_a_regional_host_none_is_chosen() {
        let name = account_name("eastus.api.cognitive.microsoft.com").unwrap();
        let shared = "https://eastus.api.cognitive.microsoft.com/";
        let one =
            vec![row("a", "", shared), row("b", "eastus", "https://eastus.openai.azure.com/")];
        let found = pick(&name, Answer::Listed { value: one.clone() }, Answer::NotVisible);
        assert_eq!(found.id.unwrap().name(), "a");
        let two = vec![one[0].clone(), row("c", "", shared)];
        let found = pick(&name, Answer::Listed { value: two }, Answer::NotVisible);
        assert!(found.id.is_none() && matches!(found.none, Answer::Failed { .. }));
    }
}
