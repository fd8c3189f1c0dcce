//! Every field of the evidence is compared, or listed here as noise.

use std::collections::BTreeSet;

use aoai_probe::diagnose::diagnose;
use aoai_probe::evidence::Evidence;
use aoai_probe::report::Report;
use serde_json::Value;

use super::{judged, of};
use crate::fixtures::evidence;

/// Fields of the evidence that are in no row, and why. Every other field of a healthy walk makes a
/// difference when it changes.
const NOT_COMPARED: &[(&str, &str)] = &[
    ("/target/input", "what was typed: the host is compared"),
    ("/target/service", "follows from the host"),
    ("/target/cloud", "follows from the host"),
    ("/target/public_suffix", "follows from the host"),
    ("/target/private_zone", "follows from the host"),
    ("/target/account", "follows from the host"),
    ("/started", "a date"),
    ("/vantage/azure/signs", "how it was recognised"),
    ("/vantage/sources/0/towards", "the address is compared at dns and tcp"),
    ("/vantage/resolver_config/path", "shown with the state"),
    ("/vantage/hosts/path", "follows from the system"),
    ("/dns/name", "follows from the host"),
    ("/aaaa/value/outcome/answer/records/0/data", "the aliases of the A answer are compared"),
    ("/tcp/value/attempts/0/address", "shows in the outcome where another one was walked"),
    ("/dns/resolvers/0/role", "follows from the configuration and --resolver"),
    ("/dns/resolvers/0/zone_soa", "asked only where it is needed"),
    ("/dns/selected/0/class", "follows from the address"),
    ("/dns/selected/0/effective", "shows in the addresses that applications get"),
    ("/started_ms", "a time from the walk's start"),
    ("/took_ms", "within jitter: rows compare the times that matter"),
    ("/sent", "counts of packets"),
    ("/name", "names of records show in the chain"),
    ("/kind", "tags of variants: a changed one is another variant"),
    ("/state", "tags of variants"),
    ("/reason", "why a hop was left out follows from the path"),
    ("/ttl", "TTLs"),
    ("/serial", "serial numbers"),
    ("/size", "sizes of messages"),
    ("/soa", "authority section of an answer: the zone has its own question"),
    ("/records_omitted", "shown with the flags"),
    ("/http/value/calls/0/purpose", "follows from the target"),
    ("/tcp/value/attempts/0/source", "shows as the source address of vantage"),
    ("/tcp/value/attempts/0/interface", "shows as the source address of vantage"),
    ("/tcp/value/selected", "shows in the outcome"),
    ("/rtt_us", "within jitter"),
    ("/total_retrans", "counted against repeats of the SYN: compared as some or none"),
    ("/bytes_acked", "counts of bytes"),
    ("/bytes_received", "counts of bytes"),
    ("/bytes_sent", "counts of bytes"),
    ("/body_bytes", "counts of bytes"),
    ("/segs_out", "counts of packets"),
    ("/segs_in", "counts of packets"),
    ("/rcv_ooopack", "counts of packets"),
    ("/tls/value/tcp_info", "compared at tcp"),
    ("/chain_length", "follows from the chain"),
    ("/anchors", "the store's verdict is compared, not its size"),
    ("/issuer_common_name", "part of the issuer"),
    ("/issuer_organization", "part of the issuer"),
    ("/issuer_url", "follows from the issuer"),
    ("/names_count", "follows from the names"),
    ("/not_before", "a date: the end of validity is compared"),
    ("/days_left", "follows from the end of validity and the date"),
    ("/not_yet_valid", "shows in the verdict"),
    ("/self_issued", "follows from subject and issuer"),
    ("/is_ca", "shows in the verdict"),
    ("/sha256", "a serial number"),
    ("/tls/value/chain/1", "of the chain above the certificate the subjects are compared"),
    ("/wanted_audiences", "follows from the service"),
    ("/headers/1", "a date"),
    ("/headers/2", "an id"),
    ("/cost", "what the walk cost"),
];

/// A field that no row covers is found here: each value of a healthy report is changed, alone.
#[test]
fn every_field_is_compared_or_is_noise() {
    let base = evidence("bases/private.json");
    let report = judged(base.clone());
    let mut silent = Vec::new();
    let mut matched = BTreeSet::new();
    for pointer in leaves(&base, String::new()) {
        let listed = NOT_COMPARED.iter().filter(|(part, _)| is_in(&pointer, part));
        let listed: Vec<&str> = listed.map(|(part, _)| *part).collect();
        matched.extend(listed.iter().copied());
        if !listed.is_empty() {
            continue;
        }
        let mut changed = base.clone();
        let value = changed.pointer_mut(&pointer).unwrap();
        *value = match value {
            Value::Bool(yes) => Value::Bool(!*yes),
            Value::Number(_) => 4242.into(),
            Value::String(text) if text.parse::<std::net::IpAddr>().is_ok() => "10.9.9.9".into(),
            Value::String(text) if text.contains(":53") => "10.9.9.9:53".into(),
            Value::String(text) if text.contains(":443") => "10.9.9.9:443".into(),
            Value::String(text) => format!("{text}x").into(),
            _ => continue,
        };
        // What is not a value of its type is no report.
        let Ok(evidence) = serde_json::from_value::<Evidence>(changed) else { continue };
        let diagnosis = diagnose(&evidence);
        let other = Report::new(evidence, diagnosis);
        if of(&report, &other).facts.is_empty() {
            silent.push(pointer);
        }
    }
    assert!(silent.is_empty(), "compared by no row, and not listed as noise: {silent:#?}");
    let unused = NOT_COMPARED.iter().filter(|(part, _)| !matched.contains(part));
    assert_eq!(unused.collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "no field is so named");
}

/// Whether the pointer has these segments, whole and one after the other.
fn is_in(pointer: &str, part: &str) -> bool {
    let (all, part): (Vec<_>, Vec<_>) =
        (pointer.split('/').skip(1).collect(), part.split('/').skip(1).collect());
    all.windows(part.len()).any(|some| *some == *part)
}

fn leaves(value: &Value, at: String) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| leaves(value, format!("{at}/{name}"))).collect()
        }
        Value::Array(all) => {
            let all = all.iter().enumerate();
            all.flat_map(|(index, value)| leaves(value, format!("{at}/{index}"))).collect()
        }
        _ => vec![at],
    }
}
