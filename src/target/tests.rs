use super::*;

fn host(typed: &str) -> Result<(String, String, TargetKind), TargetError> {
    Target::parse(typed, None).map(|t| (t.seen.host, t.seen.base_path, t.seen.kind))
}

#[test]
fn the_forms_that_people_type() {
    use TargetKind as K;
    for (typed, name, path, kind) in [
        ("myacct", "myacct.openai.azure.com", "", K::Account),
        ("MyAcct.OpenAI.Azure.com.", "myacct.openai.azure.com", "", K::Account),
        ("https://myacct.openai.azure.com/", "myacct.openai.azure.com", "", K::Account),
        ("myacct.openai.azure.com:443", "myacct.openai.azure.com", "", K::Account),
        ("https://a.openai.azure.com/openai/v1/", "a.openai.azure.com", "/openai/v1", K::Account),
        (
            "https://a.openai.azure.com/openai/deployments/x/chat/completions?api-version=1",
            "a.openai.azure.com",
            "",
            K::Account,
        ),
        (
            "https://a.services.ai.azure.com/api/projects/demo",
            "a.services.ai.azure.com",
            "/api/projects/demo",
            K::Project,
        ),
        ("a.privatelink.openai.azure.com", "a.privatelink.openai.azure.com", "", K::Privatelink),
        (
            "eastus.api.cognitive.microsoft.com",
            "eastus.api.cognitive.microsoft.com",
            "",
            K::Regional,
        ),
        ("v.vault.azure.net", "v.vault.azure.net", "", K::OtherService),
        ("gateway.corp.example", "gateway.corp.example", "", K::Unknown),
        ("b\u{fc}cher.example", "xn--bcher-kva.example", "", K::Unknown),
    ] {
        assert_eq!(host(typed), Ok((name.to_owned(), path.to_owned(), kind)), "{typed}");
    }
}

#[test]
fn what_cannot_be_walked_says_why() {
    let label64 = "a".repeat(64);
    for (typed, wanted) in [
        ("10.3.0.5", "is an address"),
        ("https://10.3.0.5/", "is an address"),
        ("https://[fd00::5]/", "is an address"),
        ("fd00::5", "is an address"),
        ("http://a.openai.azure.com", "begins with https"),
        ("http://litellm:4000", "where the gateway runs"),
        ("https://myacct", "has no domain"),
        ("https://litellm:4000/v1", "has no domain"),
        ("litellm:4000", "has no domain"),
        ("https://https://a.openai.azure.com", "twice"),
        ("https://user:canary@a.openai.azure.com", "leave it out"),
        ("canary@a.openai.azure.com", "leave it out"),
        ("canary@myacct", "leave it out"),
        ("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "looks like an API key"),
        ("3kT7pQx9Zb2LmN8vR4sW6yC1dF5gH0jKaB3eD7iJ9canary2qU4wXz6A", "looks like an API key"),
        ("https://gw.corp/3kT7pQx9Zb2LmN8vR4sW6yC1dF5gH0jKaB3eD7iJ9canaryU/openai", "holds one"),
        ("https://sk-3kT7pQx9Zb2LmN8vR4sW6yC1dF5gH0jKaB3eD7iJ9canaryU/", "looks like an API key"),
        ("user:canary://x@a.openai.azure.com", "leave it out"),
        (&format!("https://a.openai.azure.com/{}", "x".repeat(2048)), "at most 2048"),
        ("http://user:canary@a.openai.azure.com", "leave it out"),
        ("user:canary@https://a.openai.azure.com", "leave it out"),
        ("https:\\\\user:canary@a.openai.azure.com", "leave it out"),
        ("https:///user:canary@a.openai.azure.com/?x=http://y", "leave it out"),
        ("canary@a", "leave it out"),
        ("\"https://a.openai.azure.com/\"", "ends with a quote"),
        ("'https://user:canary@a.openai.azure.com/'", "ends with a quote"),
        ("@Microsoft.KeyVault(SecretUri=https://canary.vault.azure.net/secrets/x)", "reference"),
        ("<your-endpoint>", "word of a template"),
        ("https://<your-resource>.openai.azure.com/", "word of a template"),
        ("${AZURE_OPENAI_ENDPOINT}", "word of a template"),
        ("https://{{resource}}.openai.azure.com", "word of a template"),
        ("a..openai.azure.com", "empty part"),
        (".openai.azure.com", "empty part"),
        (&format!("{label64}.openai.azure.com"), "64 bytes"),
        (&label64, "64 bytes"),
        ("my account", "no account name"),
        ("a b.openai.azure.com", "' '"),
        ("app", "a command comes first"),
        ("diagnose", "a command comes first"),
        ("", "empty"),
    ] {
        let error = host(typed).expect_err(typed).to_string();
        assert!(error.contains(wanted), "{typed}: {error}");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn a_shared_access_signature_is_refused_and_not_repeated() {
    for typed in [
        "https://a.blob.core.windows.net/c/b?sv=2024-11-04&sig=canary%3D",
        "a.blob.core.windows.net?SIG=canary",
        "a.queue.core.windows.net/?comp=list&sig=canary#x",
    ] {
        let error = Target::parse(typed, None).unwrap_err();
        assert_eq!(error, TargetError::Signature);
        assert!(!error.to_string().contains("canary"));
    }
    assert!(Target::parse("https://a.blob.core.windows.net/?comp=list&design=x", None).is_ok());
    let copy = Target::parse("acct-secondary.blob.core.windows.net", None).unwrap();
    assert_eq!(copy.seen.account.as_deref(), Some("acct"));
}

#[test]
fn a_service_has_its_own_port_and_a_typed_one_counts() {
    for (typed, port) in [
        ("s.database.windows.net", 1433),
        ("https://s.database.windows.net/", 1433),
        ("s.database.windows.net:443", 443),
        ("https://s.database.windows.net:443/x", 443),
        ("s.database.windows.net:11000", 11_000),
        ("myacct", 443),
        ("gateway.corp.example:8443", 8443),
    ] {
        assert_eq!(Target::parse(typed, None).unwrap().seen.port, port, "{typed}");
    }
}

#[test]
fn a_query_is_not_kept() {
    let target = Target::parse("myacct?api-key=canary", None).unwrap();
    assert!(!format!("{target:?}").contains("canary"), "{target:?}");
    let typed = "https://a.azure-api.net/openai?subscription-key=canary#canary";
    let target = Target::parse(typed, None).unwrap();
    assert_eq!(target.seen.input, "https://a.azure-api.net/openai");
}

#[test]
fn a_named_service_is_obeyed_at_a_gateway_and_refused_where_the_suffix_contradicts() {
    let seen = |typed, service| Target::parse(typed, Some(service)).map(|t| (t.has_call(), t.seen));
    let (call, gateway) = seen("x.azure-api.net", "openai").unwrap();
    assert_eq!((gateway.kind, call), (TargetKind::Account, true));
    assert_eq!(gateway.suffix_service.as_deref(), Some("apim"));
    assert_eq!(gateway.private_zone.as_deref(), Some("privatelink.azure-api.net"));
    for host in ["x.azurewebsites.net", "x.eastus.azurecontainerapps.io"] {
        assert!(seen(host, "openai").unwrap().0, "{host}");
    }
    let (call, account) = seen("x.cognitiveservices.azure.com", "openai").unwrap();
    assert_eq!((account.suffix_service, call), (None, true));
    let (_, gov) = seen("x.openai.azure.us", "openai").unwrap();
    assert_eq!(gov.cloud.as_deref(), Some("usgov"));
    let (call, regional) = seen("eastus.api.cognitive.microsoft.com", "openai").unwrap();
    assert_eq!((regional.kind, call), (TargetKind::Regional, true));
    for (host, service) in [
        ("x.openai.azure.com", "keyvault"),
        ("x.vault.azure.net", "openai"),
        ("x.azure-api.net", "sql"),
        ("x.privatelink.vaultcore.azure.net", "openai"),
    ] {
        let error = seen(host, service).unwrap_err().to_string();
        assert!(error.contains("by its suffix"), "{error}");
    }
}

#[test]
fn a_named_service_makes_an_unknown_name_an_account() {
    let target = Target::parse("gateway.corp.example", Some("openai")).unwrap();
    assert_eq!((target.seen.kind, target.has_call()), (TargetKind::Account, true));
    assert_eq!(target.seen.private_zone, None);
}

#[test]
fn a_variable_with_the_path_of_a_call_has_more_than_the_endpoint() {
    let beyond = |typed: &str| {
        let target = Target::parse(typed, None).unwrap().named_by("AZURE_OPENAI_ENDPOINT");
        target.seen.beyond.map(|beyond| beyond.path)
    };
    let host = "https://myacct.openai.azure.com";
    for path in ["/openai", "/openai/deployments/gpt-4o/chat/completions", "/openai/v1/models"] {
        assert_eq!(beyond(&format!("{host}{path}/")).as_deref(), Some(path));
    }
    for bare in ["", "/", "/openai/v1", "/openai/v1/", "/openai/v1/?api-version=preview"] {
        assert_eq!(beyond(&format!("{host}{bare}")), None, "{bare}");
    }
    assert_eq!(beyond("myacct"), None);
    let project = "https://myacct.services.ai.azure.com/api/projects/p";
    for base in [project.to_owned(), format!("{project}/openai/v1/")] {
        assert_eq!(beyond(&base), None, "{base}");
    }
}

#[test]
fn a_part_of_a_connection_string_and_a_word_for_no_value_are_no_targets() {
    let string = "https://myacct.openai.azure.com/;AccountKey=canary";
    assert_eq!(Target::parse(string, None).unwrap_err(), TargetError::Key);
    for word in ["None", "null", "undefined", "https://undefined/"] {
        assert_eq!(Target::parse(word, None).unwrap_err(), TargetError::Placeholder, "{word}");
    }
}

#[test]
fn what_a_variable_needed_is_kept_and_what_was_typed_is_not() {
    use crate::evidence::ValueFault::{
        Blank, FinalDot, Fragment, Invisible, LeadingBlank, LineEnd, NoScheme, Query, Tab,
    };
    let host = "https://myacct.openai.azure.com";
    let faults = |value: &str| {
        let target = Target::parse(value, None).unwrap();
        assert_eq!(target.seen.host, "myacct.openai.azure.com", "{value:?}");
        assert_eq!(target.seen.repaired, None, "{value:?}");
        let repaired = target.with_value("AZURE_OPENAI_ENDPOINT", value).seen.repaired;
        repaired.map(|repaired| repaired.faults).unwrap_or_default()
    };
    for (value, expected) in [
        (host.to_owned(), vec![]),
        (format!("{host}/"), vec![]),
        (format!("{host}/openai/v1"), vec![]),
        (format!("{host}/\r"), vec![LineEnd]),
        (format!("{host}\n"), vec![LineEnd]),
        (format!("{host}\t"), vec![Tab]),
        (format!(" {host}"), vec![LeadingBlank]),
        (format!("{host}/ "), vec![Blank]),
        (format!("{host}/\u{a0}"), vec![Blank]),
        (format!("\u{feff}{host}"), vec![Invisible]),
        (format!("{host}\u{b}"), vec![Invisible]),
        (format!("{host}\u{c}"), vec![Invisible]),
        ("https://my\u{200b}acct.openai.azure.com/".to_owned(), vec![Invisible]),
        ("myacct.openai.azure.com".to_owned(), vec![NoScheme]),
        ("myacct".to_owned(), vec![NoScheme]),
        (format!("{host}./"), vec![FinalDot]),
        (format!("{host}/?api-version=2024-10-21"), vec![Query]),
        (format!("{host}/#models\n"), vec![LineEnd, Fragment]),
    ] {
        assert_eq!(faults(&value), expected, "{value:?}");
    }
}
