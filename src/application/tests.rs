use super::*;
use crate::args::With;
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Evidence, Observed};
use crate::services;
use crate::world::Environment;

/// In the form of an API key.
const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn hosts(
    typed: &[&str],
    with: &[(&str, &str)],
    variables: &[(&str, &str)],
) -> Result<Vec<String>, String> {
    let typed: Vec<String> = typed.iter().map(|name| (*name).to_owned()).collect();
    let with: Vec<With> = with
        .iter()
        .map(|(kind, name)| With { kind: (*kind).to_owned(), name: (*name).to_owned() })
        .collect();
    let pairs = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let parts = parts(&typed, &with, &Environment::from_pairs(pairs)).map_err(|e| e.to_string())?;
    let used = parts.iter().filter(|part| part.is_used());
    Ok(used.map(|part| format!("{} {}", part.label, part.target.seen.host)).collect())
}

#[test]
fn the_siblings_are_in_the_cloud_of_the_account() {
    let with =
        [("search", "s1"), ("storage", "st1"), ("keyvault", "https://kv1.vault.azure.net/x")];
    let found = hosts(&["myacct"], &with, &[]).unwrap();
    assert_eq!(
        found,
        [
            "openai myacct.openai.azure.com",
            "search s1.search.windows.net",
            "blob st1.blob.core.windows.net",
            "keyvault kv1.vault.azure.net",
        ]
    );
    let found = hosts(&["a.openai.azure.us"], &[("search", "s1")], &[]).unwrap();
    assert_eq!(found[1], "search s1.search.azure.us");
}

#[test]
fn variables_name_parts_and_their_secrets_are_not_read() {
    let storage = "DefaultEndpointsProtocol=https;AccountName=st1;AccountKey=canary==";
    let insights = "InstrumentationKey=canary;IngestionEndpoint=https://eastus-8.in.\
                    applicationinsights.azure.com/";
    let found = hosts(
        &[],
        &[],
        &[
            ("AZURE_OPENAI_ENDPOINT", "https://gateway.corp.example/ai"),
            ("AZURE_SEARCH_SERVICE", "s1"),
            ("AZURE_SEARCH_ENDPOINT", "https://s1.search.windows.net/?sig=canary"),
            ("AZURE_KEY_VAULT_URL", "https://<vault>.vault.azure.net"),
            ("AZURE_STORAGE_CONNECTION_STRING", storage),
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", insights),
        ],
    )
    .unwrap();
    assert_eq!(
        found,
        [
            "openai gateway.corp.example",
            "search s1.search.windows.net",
            "blob st1.blob.core.windows.net",
            "monitor eastus-8.in.applicationinsights.azure.com",
        ]
    );
}

#[test]
fn a_host_of_ones_own_is_what_its_variable_says() {
    let found = hosts(
        &["myacct"],
        &[],
        &[
            ("AZURE_SEARCH_ENDPOINT", "https://gw.corp.example/search?sig=canary"),
            ("AZURE_KEY_VAULT_URL", "https://gw.corp.example/vault"),
            ("AZURE_STORAGE_BLOB_ENDPOINT", "https://st1.blob.core.windows.net/box?sig=canary"),
            ("AZURE_CONTAINER_REGISTRY_ENDPOINT", "registry.corp.example"),
        ],
    )
    .unwrap();
    assert_eq!(
        found,
        [
            "openai myacct.openai.azure.com",
            "search gw.corp.example",
            "blob st1.blob.core.windows.net",
            "keyvault gw.corp.example",
            "host registry.corp.example",
        ]
    );
}

#[test]
fn a_gateway_that_is_typed_stands_for_the_account() {
    let found = hosts(&["https://gw.corp.example/ai"], &[("search", "s1")], &[]).unwrap();
    assert_eq!(found, ["openai gw.corp.example", "search s1.search.windows.net"]);
}

#[test]
fn the_other_names_of_an_account_do_not_count() {
    let parts = parts(&["myacct".to_owned()], &[], &Environment::from_pairs([])).unwrap();
    let unused: Vec<&str> = parts
        .iter()
        .filter(|part| !part.is_used())
        .map(|part| part.target.seen.host.as_str())
        .collect();
    assert_eq!(unused, ["myacct.cognitiveservices.azure.com", "myacct.services.ai.azure.com"]);
    let text = document(&parts);
    assert!(crate::inventory::read(&text).is_ok(), "{text}");
    assert_eq!(text.matches("credential = \"none\"").count(), unused.len(), "{text}");
}

#[test]
fn what_names_nothing_is_an_error() {
    for (typed, with, wanted) in [
        (&[][..], &[][..], "no account"),
        (&["myacct"], &[("serach", "s1")], "the kinds are acr"),
        (&["a.openai.azure.us"], &[("mysql", "m1")], "give the whole host name"),
        (&["myacct"], &[("search", "x.vault.azure.net")], "by its suffix"),
        (&["myacct"], &[("search", KEY)], "looks like an API key"),
        (&["myacct"], &[("search", "https://user:canary@s1.search.windows.net")], "leave it out"),
        (&["10.3.0.5"], &[], "is an address"),
    ] {
        let error = hosts(typed, with, &[]).unwrap_err();
        assert!(error.contains(wanted), "{error}");
        assert!(!error.contains(KEY) && !error.contains("canary"), "{error}");
    }
}

#[test]
fn every_variable_names_a_service_that_there_is() {
    for variable in VARIABLES {
        assert!(services::by_id(variable.service).is_some(), "{}", variable.name);
    }
}

/// The hosts that the key of the account is for.
fn own(typed: &[&str], with: &[(&str, &str)], variables: &[(&str, &str)]) -> Vec<String> {
    let typed: Vec<String> = typed.iter().map(|name| (*name).to_owned()).collect();
    let with = with.iter().map(|(kind, name)| With { kind: (*kind).into(), name: (*name).into() });
    let pairs = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let with: Vec<With> = with.collect();
    let parts = parts(&typed, &with, &Environment::from_pairs(pairs)).unwrap();
    let own = parts.iter().filter(|part| part.is_own && part.is_used());
    own.map(|part| part.target.seen.host.clone()).collect()
}

#[test]
fn the_key_of_the_account_is_for_no_account_of_another_name() {
    let variables = [
        ("AZURE_OPENAI_ENDPOINT", "https://myacct.openai.azure.com"),
        ("AZURE_AI_PROJECT_ENDPOINT", "https://myacct.services.ai.azure.com/api/projects/p"),
        ("FOUNDRY_PROJECT_ENDPOINT", "https://other.services.ai.azure.com/api/projects/p"),
        ("PROJECT_ENDPOINT", "https://tracker.corp.example/p"),
        ("AZURE_DOCUMENTINTELLIGENCE_ENDPOINT", "https://di.cognitiveservices.azure.com"),
        ("AZURE_STORAGE_ACCOUNT", "myacct"),
    ];
    let account = ["myacct.openai.azure.com", "myacct.services.ai.azure.com"];
    assert_eq!(own(&[], &[], &variables), account);
    assert_eq!(own(&[], &[], &variables[2..]), ["other.services.ai.azure.com"]);
    let gateway = [("AZURE_OPENAI_ENDPOINT", "https://gw.corp.example"), variables[1]];
    assert_eq!(own(&[], &[], &gateway), ["gw.corp.example"]);
    let with =
        [("openai", "other"), ("aiservices", "myacct"), ("cognitiveservices", "di.corp.example")];
    assert_eq!(own(&["myacct"], &with, &[]), account);
    let found = hosts(&[], &[], &variables).unwrap();
    assert!(found.contains(&"host tracker.corp.example".to_owned()), "{found:?}");
}

#[test]
fn a_key_in_place_of_a_name_is_neither_looked_up_nor_shown() {
    let search = "Ab0".repeat(17) + "x";
    let long = "Ab01".repeat(21);
    let storage = "c2VjcmV0/c2VjcmV0c2VjcmV0+c2VjcmV0c2VjcmV0==";
    for key in [KEY, &search, &long, storage, "secret/x", "secret_key", "https://secretsecret/"] {
        let variables = ["AZURE_SEARCH_SERVICE", "AZURE_STORAGE_ACCOUNT", "AZURE_SEARCH_ENDPOINT"]
            .map(|name| hosts(&["myacct"], &[], &[(name, key)]).unwrap_err());
        let own = hosts(&[], &[], &[("AZURE_OPENAI_ENDPOINT", key)]).unwrap_err();
        let with = hosts(&["myacct"], &[("search", key)], &[]).unwrap_err();
        for error in variables.into_iter().chain([own, with]) {
            assert!(!error.contains(key) && !error.contains("secret"), "{error}");
        }
    }
    let host = [("AZURE_SEARCH_SERVICE", "https://s1.search.windows.net")];
    assert!(hosts(&["myacct"], &[], &host).is_ok());
    assert!(hosts(&["myacct"], &[], &[("AZURE_SEARCH_SERVICE", "x.corp.example")]).is_err());
}

#[test]
fn connection_strings_name_what_the_sdk_calls() {
    let found = |name, value| hosts(&["myacct"], &[], &[(name, value)]).unwrap().split_off(1);
    let storage = |value| found("AZURE_STORAGE_CONNECTION_STRING", value);
    assert_eq!(
        storage("AccountName=st1;AccountKey=canary==;EndpointSuffix=core.usgovcloudapi.net"),
        ["blob st1.blob.core.usgovcloudapi.net"]
    );
    assert_eq!(
        storage("BlobEndpoint=https://st1.z1.blob.storage.azure.net/;AccountName=st1"),
        ["host st1.z1.blob.storage.azure.net"]
    );
    let insights = |value: &str| {
        let pair = ("APPLICATIONINSIGHTS_CONNECTION_STRING".to_owned(), value.to_owned());
        notes(&Environment::from_pairs([pair]), &[]).concat()
    };
    assert!(insights("InstrumentationKey=canary").contains("no IngestionEndpoint"));
    assert_eq!(insights("InstrumentationKey=x;IngestionEndpoint=https://x.example/"), "");
    assert!(!insights("InstrumentationKey=canary").contains("canary"));
}

#[test]
fn a_host_of_azure_in_a_variable_that_no_row_has_is_named_and_nothing_else_of_its_value() {
    let said = |pairs: &[(&str, &str)], checked: &[&str]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let checked: Vec<String> = checked.iter().map(|host| (*host).to_owned()).collect();
        notes(&Environment::from_pairs(pairs), &checked).concat()
    };
    let pairs = [
        ("OPENAI_BASE_URL", "https://emb.openai.azure.com/openai/v1/?api-key=canary"),
        ("APPSETTING_X", "https://myacct.openai.azure.com/"),
        ("Search__Endpoint", "s.search.windows.net"),
        ("SAS", "https://st.blob.core.windows.net/c?sig=canary"),
    ];
    let notes = said(&pairs, &["myacct.openai.azure.com"]);
    for named in ["OPENAI_BASE_URL names emb.openai", "--with search=s.search", "--with blob=st."] {
        assert!(notes.contains(named), "{notes}");
    }
    assert!(!notes.contains("canary") && !notes.contains("myacct"), "{notes}");
    // The quiet neighbours: what has a row, the application's own host, and what is no host.
    for (name, value) in [
        ("AZURE_SEARCH_ENDPOINT", "https://s.search.windows.net"),
        ("WEBSITE_HOSTNAME", "app.azurewebsites.net"),
        ("OPENAI_BASE_URL", "https://gw.corp.example/v1"),
        ("DB", "Endpoint=https://a.openai.azure.com/;Key=canary"),
        ("AZURE_RESOURCE_NAME", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
    ] {
        assert_eq!(said(&[(name, value)], &[]), "", "{name}");
    }
    let pair = ("AZURE_API_BASE", "https://a.openai.azure.com");
    let error = hosts(&[], &[], &[pair]).unwrap_err().to_string();
    assert!(error.contains("AZURE_API_BASE names one"), "{error}");
    let error = hosts(&[], &[], &[("AZURE_OPENAI_SERVICE", "cog-x")]).unwrap_err().to_string();
    assert!(error.ends_with("aoai-probe app cog-x.openai.azure.com"), "{error}");
    for (value, words) in [
        ("http://litellm:4000", "where the gateway runs"),
        ("https://litellm:4000/v1", "has no domain"),
    ] {
        let error = hosts(&[], &[], &[("AZURE_OPENAI_ENDPOINT", value)]).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn the_inventory_of_any_legal_url_can_be_read() {
    let key = format!("https://gw.corp.example/{KEY}");
    for url in [
        "https://gw.corp.example/team~x",
        "https://gw.corp.example/a%20b",
        "https://gw.corp.example:8443/x;y",
        "https://gw.corp.example/a'b\"c",
        "https://gw.corp.example/plain",
        &key,
    ] {
        let pairs = [
            ("AZURE_OPENAI_ENDPOINT", url),
            ("AZURE_AI_PROJECT_ENDPOINT", "https://gw.corp.example/p;1"),
            ("PROJECT_ENDPOINT", "https://gw.corp.example/p;2"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let parts = parts(&[], &[], &Environment::from_pairs(pairs)).unwrap();
        let text = document(&parts);
        let read = crate::inventory::read(&text).map_err(|e| format!("{e:?}: {text}")).unwrap();
        assert_eq!(parts.len(), read.entries.len());
        for (part, entry) in parts.iter().zip(&read.entries) {
            let place = |t: &Target| (t.seen.host.clone(), t.seen.port, t.seen.base_path.clone());
            assert_eq!(place(&part.target), place(&entry.target), "{text}");
            let service = part.service.map(|id| format!("--service={id}"));
            assert!(service.is_none_or(|option| entry.options().contains(&option)), "{text}");
        }
    }
}

/// A walk whose certificate names these places.
fn certified(urls: &[&str]) -> Evidence {
    let text = include_str!("../../fixtures/bases/private.json");
    let mut evidence: Evidence = serde_json::from_str(text).unwrap();
    let Observed::Done { value: tls, .. } = &mut evidence.tls else { panic!("no handshake") };
    assert_eq!(tls.outcome, TlsOutcome::Verified);
    tls.chain[0].revocation_urls = urls.iter().map(|url| (*url).to_owned()).collect();
    evidence
}

#[test]
fn hosts_of_revocation_come_from_verified_certificates_and_do_not_count() {
    let urls = [
        "http://ocsp.digicert.com",
        "http://crl3.digicert.com/a.crl",
        "http://crl3.digicert.com/b.crl",
        "http://pki.corp.example:8080/c.crl",
        "http://lists.blob.core.windows.net/d.crl",
        "http://10.1.2.3/e.crl",
        "http://user@pki.example/f.crl",
        "not a url",
    ];
    let evidence = certified(&urls);
    let parts = revocation::parts(&revocation::places(&evidence));
    let places = parts.iter().map(|part| (part.target.seen.host.as_str(), part.target.seen.port));
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            ("crl3.digicert.com", 80),
            ("lists.blob.core.windows.net", 80),
            ("ocsp.digicert.com", 80),
            ("pki.corp.example", 8080),
            ("pki.example", 80),
        ]
    );
    assert!(parts.iter().all(|part| !part.is_used() && !part.may_be_private()));
    let inventory = crate::inventory::read(&document(&parts)).unwrap();
    let entry = &inventory.entries[2];
    assert_eq!(entry.name, "ocsp.digicert.com");
    let options = ["--service=revocation", "--credential=none", "--expect=any"];
    assert_eq!(entry.options(), options, "what repeats it by hand");

    let mut unverified = evidence.clone();
    if let Observed::Done { value: tls, .. } = &mut unverified.tls {
        tls.outcome = TlsOutcome::Closed;
    }
    assert!(revocation::places(&unverified).is_empty(), "any chain could name any host");
    let mut proxied = evidence;
    proxied.vantage.proxy.applies = Some("http://proxy.corp.example:3128".to_owned());
    assert!(revocation::places(&proxied).is_empty(), "clients reach them by the proxy");
}
