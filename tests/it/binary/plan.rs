//! `--plan`: what would be contacted, and with whose key.

use std::fs;

use crate::program::{Ran, program, run};

#[test]
fn the_plan_says_what_would_be_contacted() {
    let ran = run(&[
        "check",
        "--plan",
        "--resolver",
        "127.0.0.1:5353",
        "--deployment",
        "gpt-4o",
        "https://myacct.openai.azure.com/?subscription-key=canary",
        "v.vault.azure.net",
        "s.blob.core.windows.net",
        "s.database.windows.net",
    ]);
    for words in [
        "127.0.0.1:5353",
        "--resolver",
        "GET https://myacct.openai.azure.com/openai/models?api-version=",
        "POST https://myacct.openai.azure.com/openai/deployments/gpt-4o/chat/completions",
        "v.vault.azure.net would contact:",
        "GET https://v.vault.azure.net/secrets?api-version=7.4&maxresults=1",
        "s.blob.core.windows.net would contact:",
        "GET https://s.blob.core.windows.net/?comp=list&maxresults=1",
        "s.database.windows.net would contact:",
        "no call is known for this service",
    ] {
        assert!(ran.went_well().contains(words), "{words}: {}", ran.out);
    }
    let proxied = program()
        .args(["--plan", "myacct"])
        .env("HTTPS_PROXY", "http://user:canary@proxy.corp:3128")
        .output()
        .unwrap();
    assert!(Ran::of(proxied).went_well().contains("proxy.corp:3128"));
}

#[test]
fn each_service_gets_its_own_key_and_the_plan_says_where_it_goes() {
    let hosts = ["myacct", "s.search.windows.net", "v.vault.azure.net"];
    let ran = program()
        .args(["--plan", hosts[0], hosts[1], hosts[2]])
        .env("AZURE_OPENAI_API_KEY", "canary-account")
        .env("AZURE_SEARCH_KEY", "canary-search")
        .output()
        .unwrap();
    let ran = Ran::of(ran);
    let plan = ran.went_well();
    for line in [
        "key    from AZURE_OPENAI_API_KEY, in the header api-key",
        "key    from AZURE_SEARCH_KEY, in the header api-key",
        "key    AZURE_OPENAI_API_KEY is not sent: it is for a key of Azure OpenAI",
    ] {
        assert_eq!(plan.matches(line).count(), 1, "{line}: {plan}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "canary").unwrap();
    let shared =
        run(&["--api-key-file", file.path().to_str().unwrap(), "myacct", "s.search.windows.net"]);
    assert!(shared.err.contains("targets with keys of their own"), "{}", shared.err);
}

#[test]
fn the_plan_says_how_the_host_that_gives_tokens_is_found_and_reached() {
    let plan = |proxy: &str| {
        let ran = program()
            .args(["--plan", "--resolver", "127.0.0.1:5353", "myacct.openai.azure.us"])
            .env("AZURE_TENANT_ID", "t")
            .env("AZURE_CLIENT_ID", "c")
            .env("AZURE_CLIENT_SECRET", "canary")
            .env("HTTPS_PROXY", proxy)
            .output()
            .unwrap();
        Ran::of(ran).went_well().to_owned()
    };
    let host = "login.microsoftonline.us";
    let direct = plan("");
    for line in [
        format!("A, AAAA {host}, for the token"),
        format!("getaddrinfo {host}"),
        format!("every address of {host}, port 443"),
        format!("SNI {host}"),
        format!("POST https://{host}: a token, by AZURE_CLIENT_SECRET"),
    ] {
        assert!(direct.contains(&line), "{line}: {direct}");
    }
    // A resolver that was given is asked for the target alone.
    assert!(!direct.contains(&format!("127.0.0.1:5353: A, AAAA {host}")), "{direct}");
    let proxied = plan("http://proxy.corp:3128");
    assert!(proxied.contains(&format!("CONNECT {host}:443")), "{proxied}");
    assert!(!proxied.contains(&format!("A, AAAA {host}")), "{proxied}");
}

/// The plan of a target, with variables set.
fn planned(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = program();
    command.arg("--plan").args(arguments).envs(variables.iter().copied());
    let ran = Ran::of(command.output().unwrap());
    assert!(!ran.went_well().contains("canary"), "{}", ran.out);
    ran.out
}

const APPLICATION: [(&str, &str); 3] = [
    ("AZURE_TENANT_ID", "11111111-2222-3333-4444-555555555555"),
    ("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555"),
    ("AZURE_CLIENT_SECRET", "canary"),
];

#[test]
fn the_plan_says_where_a_token_at_hand_goes() {
    let plan = planned(&["myacct"], &[("AZURE_OPENAI_AD_TOKEN", "canary")]);
    let line = "token  from AZURE_OPENAI_AD_TOKEN, in the header Authorization";
    assert_eq!(plan.matches(line).count(), 1, "{plan}");
    let plan = planned(&["myacct"], &APPLICATION);
    assert!(plan.contains("token  that token, in the header Authorization"), "{plan}");
}

#[test]
fn the_plan_lists_no_token_where_none_is_requested() {
    for target in ["r.redis.cache.windows.net", "p.postgres.database.azure.com", "a.example.com"] {
        let plan = planned(&[target], &APPLICATION);
        assert!(!plan.contains("login.microsoftonline.com"), "{plan}");
        assert!(!plan.contains("token  "), "{plan}");
    }
}

#[test]
fn the_plan_says_where_redirected_connections_go() {
    let override_of = |text: &str| planned(&["--connect-to", text, "myacct"], &[]);
    let host = "myacct.openai.azure.com";
    for (text, line) in [
        (
            "myacct.openai.azure.com:443:10.9.9.9:8443",
            format!("tcp    by --connect-to, the connections for {host} go to 10.9.9.9, port 8443"),
        ),
        (
            "::10.9.9.9:",
            format!("tcp    by --connect-to, the connections for {host} go to 10.9.9.9, port 443"),
        ),
        (
            "10.3.0.5:443::8443",
            format!(
                "tcp    by --connect-to, the connections for {host} to 10.3.0.5 go to the same \
                 address, port 8443"
            ),
        ),
    ] {
        let plan = override_of(text);
        assert!(plan.contains(&line), "{line}: {plan}");
    }
    for other in ["other.example.com:443:10.9.9.9:8443", "myacct.openai.azure.com:80:10.9.9.9:"] {
        assert!(!override_of(other).contains("by --connect-to"), "{other}");
    }
}

#[test]
fn the_plan_lists_what_a_proxy_gets_and_nothing_for_one_that_is_not_walked() {
    let through = |proxy: &str| planned(&["myacct"], &[("HTTPS_PROXY", proxy)]);
    let plan = through("http://user:canary@10.2.0.8:3128");
    assert!(!plan.contains("getaddrinfo 10.2.0.8"), "{plan}");
    assert!(plan.contains(":443, with its user and password in the header Proxy-Authorization"));
    assert!(!through("http://10.2.0.8:3128").contains("Proxy-Authorization"));
    for proxy in ["socks5://proxy.corp:1080", "https://proxy.corp:3128"] {
        let plan = through(proxy);
        assert!(!plan.contains("CONNECT") && !plan.contains("getaddrinfo proxy.corp"), "{plan}");
        assert!(plan.contains("nothing, this kind of proxy is not walked"), "{plan}");
        assert!(plan.contains("http   nothing: "), "{plan}");
        assert!(!plan.contains("http   GET"), "{plan}");
    }
}

#[test]
fn the_plan_lists_no_call_to_a_privatelink_name() {
    let key = [("AZURE_OPENAI_API_KEY", "canary")];
    let plan = planned(&["myacct.privatelink.openai.azure.com"], &key);
    assert!(!plan.contains("http   GET") && !plan.contains("key    "), "{plan}");
    assert!(plan.contains("http   nothing: "), "{plan}");
}

#[test]
fn the_plan_does_not_call_a_failure_what_several_addresses_cause() {
    let plan = planned(&["myacct"], &[]);
    assert!(plan.contains("tls    only with several addresses, other-address: "), "{plan}");
}

#[test]
fn a_credential_that_cannot_be_taken_ends_the_plan_as_it_ends_the_walk() {
    for (source, words) in [
        ("canary", "takes the name of a source"),
        ("client-secret", "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are required"),
    ] {
        run(&["--plan", "--credential", source, "myacct"]).refused(words);
    }
    let mut command = program();
    command.args(["--plan", "myacct"]).env("AZURE_OPENAI_API_KEY", "canary\nkey");
    Ran::of(command.output().unwrap()).refused("AZURE_OPENAI_API_KEY");
}

#[test]
fn the_plan_of_an_inventory_names_the_variable_of_each_targets_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("targets.toml");
    let text = "[[target]]\ntarget = \"acct-a\"\napi_key_variable = \"KEY_OF_A\"\n\n\
                [[target]]\ntarget = \"acct-b\"\napi_key_variable = \"KEY_OF_B\"\n";
    fs::write(&file, text).unwrap();
    let plan = planned(
        &["--config", file.to_str().unwrap()],
        &[("KEY_OF_A", "canary-a"), ("AZURE_OPENAI_API_KEY", "canary-other")],
    );
    assert_eq!(plan.matches("key    from KEY_OF_A, in the header api-key").count(), 1, "{plan}");
    assert!(!plan.contains("AZURE_OPENAI_API_KEY"), "{plan}");
    let unset =
        "acct-b.openai.azure.com would not be walked: api_key_variable: KEY_OF_B is not set";
    assert!(plan.contains(unset), "{plan}");
}
