use super::*;

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
