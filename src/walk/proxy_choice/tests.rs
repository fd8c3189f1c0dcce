use super::*;

fn choice(pairs: &[(&str, &str)]) -> Choice {
    let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let target = Target::parse("myacct", None).unwrap();
    decide(&target, &ProxyOption::Env, (&Environment::from_pairs(pairs)).into())
}

#[test]
fn a_variable_applies_with_its_password_masked() {
    let choice = choice(&[("https_proxy", "http://user:canary@proxy.corp:3128")]);
    let proxy = choice.proxy.unwrap();
    assert_eq!((proxy.url.as_str(), proxy.port), ("http://proxy.corp:3128", 3128));
    assert_eq!(proxy.authorization.unwrap().expose(), "Basic dXNlcjpjYW5hcnk=");
    assert_eq!(choice.decision.variables[0].value, "http://***@proxy.corp:3128");
    assert_eq!(choice.decision.reason, ProxyReason::Variable { name: "https_proxy".into() });
}

#[test]
fn a_blank_or_a_line_end_around_a_proxy_is_seen() {
    for value in
        ["http://proxy.corp:3128\r", " http://user:canary@proxy.corp:3128", "proxy.corp:3128 \n"]
    {
        let choice = choice(&[("HTTPS_PROXY", value), ("NO_PROXY", "localhost ")]);
        assert_eq!(choice.proxy.unwrap().port, 3128, "{value:?}");
        let around: Vec<bool> = choice.decision.variables.iter().map(|v| v.blank_around).collect();
        assert_eq!(around, [true, false], "{value:?}");
        assert!(!choice.decision.variables[0].words().contains("canary"));
    }
    assert!(!choice(&[("HTTPS_PROXY", "proxy.corp:3128")]).decision.variables[0].blank_around);
}

#[test]
fn quotation_marks_around_a_list_are_shown() {
    let list = ("NO_PROXY", "\"localhost,myacct.openai.azure.com\"");
    let choice = choice(&[("HTTPS_PROXY", "proxy.corp:3128"), list]);
    let entries: Vec<_> = choice.decision.no_proxy.iter().map(|e| (&*e.entry, e.exempts)).collect();
    assert_eq!(entries, [("\"localhost", false), ("myacct.openai.azure.com\"", false)]);
}

#[test]
fn no_proxy_is_tested_entry_by_entry() {
    let choice = choice(&[
        ("HTTPS_PROXY", "proxy.corp:3128"),
        ("NO_PROXY", "localhost, 10.0.0.0/8,myacct.openai.azure.com:443,.openai.azure.com"),
    ]);
    assert!(choice.proxy.is_none());
    let exempts: Vec<bool> = choice.decision.no_proxy.iter().map(|e| e.exempts).collect();
    assert_eq!(exempts, [false, false, false, true]);
    assert_eq!(choice.decision.reason, ProxyReason::Exempted { entry: ".openai.azure.com".into() });
    assert!(choice.decision.no_proxy[2].client_semantics.is_some());
}

#[test]
fn a_long_list_is_read_to_its_end() {
    let list = |n: usize, last: &str| {
        (0..n).map(|i| format!("h{i}.corp.example,")).collect::<String>() + last
    };
    let proxy = ("HTTPS_PROXY", "proxy.corp:3128");
    let late = choice(&[proxy, ("NO_PROXY", &list(900, ".openai.azure.com"))]);
    assert!(late.proxy.is_none());
    assert!(late.decision.no_proxy.iter().any(|entry| entry.exempts));
    let beyond = choice(&[proxy, ("NO_PROXY", &list(9000, ".openai.azure.com"))]);
    let said = beyond.decision.no_proxy.last().and_then(|entry| entry.client_semantics.clone());
    assert!(said.is_some_and(|words| words.contains("were not read")));
}

#[test]
fn no_form_of_a_proxy_url_shows_its_password() {
    for url in [
        "http://user:canary@h:1",
        "http://user:can@canary@h:1",
        "http://user:can,canary@h:1",
        "http://user:canary/x@h:1",
        "http://user:canary://x@h:1",
        "user:canary@h:1",
        "user:canary://x@h:1",
        "http://canary@h:1",
        "3kT7pQx9Zb2LmN8vR4sW6yC1dF5gH0jKaB3eD7iJ9canary2qU4wXz6A",
        "http://3kT7pQx9Zb2LmN8vR4sW6yC1dF5gH0jKaB3eD7iJ9canary2qU4wXz6A:3128",
        "gopher://user:canary@h:1",
        "http://user:canary@h o:1",
        "http://user:%63canary@h:1",
        "http://user:canary@",
    ] {
        for name in ["HTTPS_PROXY", "ALL_PROXY", "http_proxy", "NO_PROXY"] {
            let choice = choice(&[(name, url)]);
            let shown = format!("{choice:?}");
            assert!(!shown.contains("canary"), "{name}={url}: {shown}");
        }
    }
}

#[test]
fn a_token_behind_the_proxys_host_is_not_shown() {
    for url in [
        "http://h:1/?token=canary",
        "http://h:1?token=canary",
        "http://h:1/canary",
        "http://h:1\\canary",
        "http://h:1#canary",
        "h:1/canary",
    ] {
        let choice = choice(&[("HTTPS_PROXY", url), ("http_proxy", url)]);
        let shown = format!("{choice:?}");
        assert!(!shown.contains("canary"), "{url}: {shown}");
        assert!(shown.contains("h:1"), "{url}: {shown}");
    }
    let whole = choice(&[("HTTPS_PROXY", "http://h:1/")]).decision.variables;
    assert_eq!(whole[0].value, "http://h:1/");
}

#[test]
fn a_number_that_may_be_a_password_is_not_shown() {
    for url in ["http://bob:51234", "bob:51234", "http://bob:51234/", "socks5://bob:51234"] {
        let choice = choice(&[("HTTPS_PROXY", url), ("http_proxy", url), ("NO_PROXY", url)]);
        let shown = format!("{:?}", choice.decision);
        assert!(!shown.contains("51234") && shown.contains("bob"), "{url}: {shown}");
        assert_eq!(choice.proxy.map(|proxy| proxy.port), Some(51234), "{url}");
    }
    for url in ["proxy:3128", "http://proxy:8080", "proxy.corp:51234", "localhost:51234", "p:81"] {
        let shown = choice(&[("HTTPS_PROXY", url)]).decision.variables[0].value.clone();
        assert_eq!(shown, url);
    }
    assert_eq!(parse("10.0.0.8:51234").unwrap().url, "http://10.0.0.8:51234");
    // With a user before it the number can only be the port.
    assert_eq!(parse("http://bob:x@proxy:51234").unwrap().url, "http://proxy:51234");
}

#[test]
fn slips_in_names_are_seen() {
    let choice = choice(&[("HTTP_PORXY", "x"), ("HTTPS_PROXI", "x"), ("FTP_PROXY", "x")]);
    assert_eq!(choice.decision.misspelt, ["HTTPS_PROXI", "HTTP_PORXY"]);
}

#[test]
fn socks_and_https_proxies_are_named() {
    assert_eq!(parse("socks5h://p:1080").unwrap().scheme, ProxyScheme::Socks);
    assert_eq!(parse("https://p").unwrap().port, 443);
    assert_eq!(parse("p:8080").unwrap().scheme, ProxyScheme::Http);
    assert!(parse("gopher://p").is_none());
}
