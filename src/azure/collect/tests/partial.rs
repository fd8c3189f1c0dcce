//! A caller that sees a part.

use std::time::Duration;

use serde_json::json;

use super::estate::{
    SUBSCRIPTION, ZONE, account, add_zone, endpoint, estate, interface, network, zone,
};
use super::walk;
use crate::azure::Scope;
use crate::evidence::azure::{Answer, ResourceId};

#[tokio::test]
async fn an_account_that_is_not_visible_hides_nothing_else() {
    let (mut fake, scope) = estate();
    fake.hide_rows("Microsoft.CognitiveServices");
    fake.hide_rows("privateEndpoints");
    fake.refuse(&format!("/subscriptions/{SUBSCRIPTION}/providers"));
    fake.refuse(&account());
    let estate = fake.ask(&walk(json!({})), &scope).await;
    // The collection of the subscription that is visible was asked, and refused.
    assert!(matches!(estate.account, Answer::Refused { .. }), "{:?}", estate.account);
    assert_eq!((&estate.connections, &estate.roles), (&Answer::NotAsked, &Answer::NotAsked));
    assert!(!estate.zones.items().is_empty() && !estate.interfaces.items().is_empty());
}

#[tokio::test]
async fn an_account_that_resource_graph_does_not_know_yet_is_in_its_subscription() {
    let (mut fake, scope) = estate();
    fake.hide_rows("Microsoft.CognitiveServices");
    let row = json!({"id": account(), "properties": {"customSubDomainName": "myacct"}});
    let accounts =
        format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.CognitiveServices/accounts");
    fake.get(&accounts, json!({"value": [row]}));
    let estate = fake.ask(&walk(json!({})), &scope).await;
    assert_eq!(estate.account.proved().unwrap().id.as_str(), account());
    // Where it is not, deleted ones are looked for.
    fake.get(&accounts, json!({"value": []}));
    let deleted = accounts.replace("/accounts", "/deletedAccounts");
    fake.get(&deleted, json!({"value": [{"name": "myacct"}]}));
    let estate = fake.ask(&walk(json!({})), &scope).await;
    assert_eq!(estate.account, Answer::NotVisible);
    assert_eq!(estate.deleted, Answer::Read { value: vec!["myacct".to_owned()] });
}

#[tokio::test]
async fn a_reader_of_the_account_s_group_alone_learns_which_zone_it_may_not_see() {
    let (mut fake, scope) = estate();
    for hidden in ["/resourceGroups/dns-rg", "jump", "virtualNetworks"] {
        fake.hide_rows(hidden);
    }
    fake.refuse(&zone(ZONE));
    fake.refuse(&interface("jump-nic"));
    let (estate, reads) = fake.collect(&walk(json!({})), &scope, Duration::from_secs(30)).await;
    let zones = estate.zones.items();
    assert_eq!(zones[0].id.as_str(), zone(ZONE), "the zone group names it");
    assert!(matches!(zones[0].links, Answer::Refused { .. }));
    assert!(matches!(zones[0].record, Answer::Refused { .. }));
    assert!(matches!(estate.zones, Answer::Listed { .. }));
    let refused = reads.iter().find(|read| read.path.contains("virtualNetworkLinks")).unwrap();
    assert_eq!((refused.status, refused.action.as_deref()), (Some(403), Some("some/read")));
    assert!(refused.scope.as_ref().unwrap().contains(ZONE));
}

#[tokio::test]
async fn no_visible_zone_is_no_proof() {
    let (mut fake, scope) = estate();
    fake.hide_rows("privateDnsZones");
    fake.get(&format!("{}/privateDnsZoneGroups", endpoint()), json!({"value": []}));
    let estate = fake.ask(&walk(json!({})), &scope).await;
    assert_eq!(estate.zones, Answer::NotVisible);
    assert_eq!(estate.endpoints.proved().unwrap()[0].zone_groups.proved(), Some(&Vec::new()));
}

#[tokio::test]
async fn an_endpoint_that_may_not_be_read_is_listed_and_no_more() {
    let (mut fake, scope) = estate();
    fake.refuse(&endpoint());
    let estate = fake.ask(&walk(json!({})), &scope).await;
    let Answer::Listed { value } = &estate.endpoints else { panic!("{:?}", estate.endpoints) };
    assert!(!value[0].read && matches!(value[0].zone_groups, Answer::Refused { .. }));
    // Nor is its row visible: the refusal is what is known.
    fake.hide_rows("privateEndpoints/pe");
    let estate = fake.ask(&walk(json!({})), &scope).await;
    assert!(matches!(estate.endpoints, Answer::Refused { .. }));
    assert!(estate.connections.proved().is_some());
}

#[tokio::test]
async fn a_get_wins_over_an_older_row() {
    let (mut fake, scope) = estate();
    // A zone that is gone, and one of a sibling without the record.
    add_zone(&mut fake, "privatelink.cognitiveservices.azure.com", &network("hub"), None);
    let gone = zone("openai.azure.com");
    fake.row(json!({"id": gone, "properties": {}}));
    let scope = Scope { audit: true, ..scope };
    let estate = fake.ask(&walk(json!({})), &scope).await;
    let find = |name: &str| estate.zones.items().iter().find(|zone| zone.name == name).unwrap();
    assert_eq!(find("openai.azure.com").links, Answer::Absent);
    let sibling = find("privatelink.cognitiveservices.azure.com");
    assert!(sibling.links.proved().is_some() && sibling.record == Answer::Absent);
}

#[tokio::test]
async fn two_networks_of_equal_prefix_are_both_kept() {
    let (mut fake, _) = estate();
    fake.hide_rows("jump-nic");
    let twin = json!({"addressSpace": {"addressPrefixes": ["10.3.0.0/16"]}, "subnets": []});
    fake.resource(&network("twin"), twin);
    fake.resource(&network("other"), json!({"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}));
    let estate = fake.ask(&walk(json!({})), &Scope::default()).await;
    let names: Vec<&str> = estate.networks.items().iter().map(|one| one.id.name()).collect();
    assert_eq!(names, ["spoke", "twin"]);
    assert!(matches!(estate.networks, Answer::Listed { .. }));
    assert!(estate.networks.items().iter().all(|network| network.read));
}

#[tokio::test]
async fn a_caller_of_another_tenant_learns_the_right_one() {
    let (mut fake, scope) = estate();
    let tenant = "22222222-0000-0000-0000-000000000000";
    let message = format!(
        "The access token is from the wrong issuer 'https://sts.windows.net/x/'. It must match \
         the tenant 'https://sts.windows.net/{tenant}/' associated with this subscription."
    );
    let error = json!({"error": {"code": "InvalidAuthenticationTokenTenant", "message": message}});
    fake.answer(&format!("/subscriptions/{SUBSCRIPTION}"), 401, error);
    let scope = Scope { account: ResourceId::parse(&account()), ..scope };
    let estate = fake.ask(&walk(json!({})), &scope).await;
    assert_eq!(estate.tenant, Answer::Read { value: tenant.to_owned() });
}
