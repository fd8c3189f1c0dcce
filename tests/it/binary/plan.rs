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
        format!("POST https://{host}: a token for AZURE_CLIENT_SECRET"),
    ] {
        assert!(direct.contains(&line), "{line}: {direct}");
    }
    // A resolver that was given is asked for the target alone.
    assert!(!direct.contains(&format!("127.0.0.1:5353: A, AAAA {host}")), "{direct}");
    let proxied = plan("http://proxy.corp:3128");
    assert!(proxied.contains(&format!("CONNECT {host}:443")), "{proxied}");
    assert!(!proxied.contains(&format!("A, AAAA {host}")), "{proxied}");
}
