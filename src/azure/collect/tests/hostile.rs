//! Answers that are late, cut, limited or not what was asked for.

use std::time::{Duration, Instant};

use serde_json::json;

use super::estate::{ZONE, account, endpoint, estate, interface, network, zone};
use super::{HOST, reply, walk};
use crate::azure::allowed::{CONNECTIONS, Request};
use crate::azure::reader::Sending;
use crate::azure::{Reader, Reply, Scope};
use crate::evidence::azure::{Answer, ResourceId};

#[tokio::test]
async fn a_collection_is_read_to_its_last_page() {
    let (mut fake, scope) = estate();
    let links = format!("{}/virtualNetworkLinks", zone(ZONE));
    let link = |name: &str| {
        json!({"id": format!("{links}/{name}"),
            "properties": {"virtualNetwork": {"id": network(name)}}})
    };
    fake.once(
        &links,
        reply(
            200,
            &json!({"value": [link("a")],
        "nextLink": format!("https://{HOST}{links}?api-version=2024-06-01&$skiptoken=2")}),
        ),
    );
    fake.get(&links, json!({"value": [link("b")]}));
    let estate = fake.ask(&walk(json!({})), &scope).await;
    assert_eq!(estate.zones.items()[0].links.proved().unwrap().len(), 2);
    // A page at another host is not fetched, and half of it proves nothing.
    fake.once(
        &links,
        reply(
            200,
            &json!({"value": [link("a")],
        "nextLink": format!("https://evil.example{links}")}),
        ),
    );
    let estate = fake.ask(&walk(json!({})), &scope).await;
    assert!(matches!(estate.zones.items()[0].links, Answer::Listed { .. }), "by its rows");
}

#[tokio::test]
async fn garbage_is_no_answer_and_hides_no_other() {
    let (mut fake, scope) = estate();
    let garbage = |body: &[u8]| Reply { body: body.to_vec(), ..reply(200, &json!(null)) };
    fake.once(&account(), garbage(b"<html>"));
    fake.once(&format!("{}/privateEndpointConnections", account()), garbage(b"[]"));
    fake.answer(&endpoint(), 200, json!({"id": account(), "properties": {"subnet": 7}}));
    fake.get(&format!("{}/A/myacct", zone(ZONE)), json!({"value": {"aRecords": "x"}}));
    let estate = fake.ask(&walk(json!({})), &scope).await;
    assert!(matches!(estate.account, Answer::Listed { .. }), "its row");
    assert!(matches!(estate.connections, Answer::Failed { .. }), "{:?}", estate.connections);
    assert!(matches!(estate.endpoints, Answer::Listed { .. }), "another resource's JSON");
    assert!(matches!(estate.zones.items()[0].record, Answer::Failed { .. }));
    assert!(estate.zones.items()[0].links.proved().is_some());
}

#[tokio::test]
async fn a_limit_is_waited_for_once() {
    let (mut fake, scope) = estate();
    let limited = |seconds| Reply {
        retry_after: Some(seconds),
        ..reply(429, &json!({"error": {"code": "RateLimiting"}}))
    };
    fake.once(&account(), limited(0));
    // Longer than the time that is left: not waited for.
    fake.once(&endpoint(), limited(3600));
    let estate = fake.ask(&walk(json!({})), &scope).await;
    assert!(estate.account.proved().is_some());
    assert!(matches!(estate.endpoints, Answer::Listed { .. }), "its row");
}

#[tokio::test]
async fn a_deadline_ends_everything_with_what_is_known() {
    let (mut fake, scope) = estate();
    fake.silent = vec!["/virtualNetworkLinks", "/privateEndpoints/"];
    let began = Instant::now();
    let (estate, reads) = fake.collect(&walk(json!({})), &scope, Duration::from_secs(1)).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(estate.account.proved().is_some(), "{:?}", estate.account);
    assert!(estate.zones.items()[0].record.proved().is_some());
    assert!(matches!(estate.zones.items()[0].links, Answer::Listed { .. }), "its rows");
    assert!(matches!(estate.endpoints, Answer::Listed { .. }), "its row");
    assert!(reads.iter().any(|read| read.status.is_none()));
}

#[tokio::test]
async fn no_mail_address_and_no_tag_is_kept() {
    let (mut fake, scope) = estate();
    fake.refuse(&zone(ZONE));
    let estate = fake.collect(&walk(json!({})), &scope, Duration::from_secs(30)).await;
    assert!(!format!("{estate:?}").contains("ann@"));
}

#[tokio::test]
async fn an_answer_without_its_list_or_from_a_front_proves_no_absence() {
    let (mut fake, scope) = estate();
    let perimeter = format!("{}/networkSecurityPerimeterConfigurations", account());
    let connections = format!("{}/privateEndpointConnections", account());
    let audit = Scope { audit: true, ..scope };
    fake.get(&perimeter, json!({}));
    fake.get(&connections, json!({"value": {}}));
    fake.answer(&format!("{}/A/myacct", zone(ZONE)), 404, json!({"message": "no such page"}));
    let estate = fake.ask(&walk(json!({})), &audit).await;
    assert!(matches!(estate.perimeter, Answer::Failed { .. }), "{:?}", estate.perimeter);
    assert!(estate.connections.proved().is_none(), "{:?}", estate.connections);
    let record = &estate.zones.items()[0].record;
    assert!(matches!(record, Answer::Failed { .. }), "{record:?}");
    fake.get(&perimeter, json!({"value": []}));
    assert_eq!(fake.ask(&walk(json!({})), &audit).await.perimeter, Answer::Absent);
}

#[tokio::test]
async fn what_a_server_puts_into_an_address_is_not_recorded() {
    let (mut fake, scope) = estate();
    let computation = format!("{}/effectiveRouteTable", interface("jump-nic"));
    let result = format!(
        "/subscriptions/{}/providers/Microsoft.Network/locations/westeurope/operationResults/1",
        super::estate::SUBSCRIPTION
    );
    let location = format!("https://{HOST}{result}?api-version=2024-05-01&t=1&s=SIGNATURE");
    fake.once(&computation, Reply { location: Some(location), ..reply(202, &json!(null)) });
    fake.get(&result, json!({"value": []}));
    let links = format!("{}/virtualNetworkLinks", zone(ZONE));
    let next = format!("https://{HOST}{links}?api-version=2024-06-01&$skiptoken=SIGNATURE");
    fake.once(&links, reply(200, &json!({"value": [], "nextLink": next})));
    let scope = Scope { effective: true, audit: true, ..scope };
    let (_, reads) = fake.collect(&walk(json!({})), &scope, Duration::from_secs(30)).await;
    assert!(fake.count("SIGNATURE") > 0, "they were followed");
    assert!(!format!("{reads:?}").contains("SIGNATURE"), "{reads:#?}");
}

#[tokio::test]
async fn the_answers_of_a_run_have_a_limit_together() {
    let send = |_: Request| -> Sending<'_> {
        let mut long = reply(200, &json!({"value": []}));
        long.body.resize(9 << 20, b' ');
        Box::pin(async move { Ok(long) })
    };
    let reader = Reader::new(HOST, &send, Instant::now() + Duration::from_secs(60));
    let id = ResourceId::parse(&account()).unwrap();
    let mut read = 0;
    while reader.list(CONNECTIONS, &id).await.proved().is_some() {
        read += 1;
    }
    assert_eq!(read, 7, "64 MiB");
}
