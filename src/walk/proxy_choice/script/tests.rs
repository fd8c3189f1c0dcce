use std::time::Duration;

use super::*;
use crate::evidence::vantage::{ClientDecision, ProxyReason};
use crate::platform::{ProxySettings, SystemProxies};
use crate::walk::proxy_choice::{clients, decide};
use crate::world::{Environment, ProxyScripts};

const HOST: &str = "myacct.openai.azure.com";

/// The settings of a user: a script, and the proxy that is named besides, if one is.
fn user(servers: &str) -> SystemProxies {
    let user = ProxySettings {
        script: Some("http://pac.corp/proxy.pac".to_owned()),
        servers: (!servers.is_empty()).then(|| servers.to_owned()),
        ..ProxySettings::default()
    };
    SystemProxies { user: Some(user), services: None }
}

/// Scripts of a system that runs them, with the answer for the host.
fn scripts(answer: Option<ScriptAnswer>) -> ProxyScripts {
    let scripts = ProxyScripts::run_by(ScriptRunner::Fixed([].into()));
    scripts.keep(HOST, ScriptRun { answer, took: Duration::from_millis(7) });
    scripts
}

fn proxied(list: &str) -> Option<ScriptAnswer> {
    Some(ScriptAnswer::Proxies(list.to_owned()))
}

#[test]
fn the_proxies_of_a_list_are_those_that_net_takes() {
    for (list, wanted) in [
        ("a:8080", &["a:8080"][..]),
        ("a:8080;b:8080", &["a:8080", "b:8080"]),
        (" a:8080 ; b:8080 ", &["a:8080", "b:8080"]),
        ("a:8080 b:8080", &["a:8080", "b:8080"]),
        ("http=a:80;https=b:81", &["b:81"]),
        ("https=http://b:81", &[]),
        ("http://a:80;https://b:81", &["b:81"]),
        ("HTTPS=b:81", &["b:81"]),
        ("PROXY a:8080; DIRECT", &["a:8080"]),
        ("PROXY a:8080; PROXY b:8080; DIRECT; PROXY c:1", &["a:8080", "b:8080"]),
        ("SOCKS s:1080; PROXY a:8080", &["a:8080"]),
        ("socks=s:1080", &[]),
        ("DIRECT", &[]),
        ("", &[]),
        (";; ;", &[]),
    ] {
        assert_eq!(proxies(list).collect::<Vec<_>>(), wanted, "{list}");
    }
}

#[test]
fn the_answer_decides_where_no_variable_and_no_option_does() {
    let target = Target::parse(HOST, None).unwrap();
    let decided = |answer: Option<ScriptAnswer>, servers: &str, pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let environment = Environment::from_pairs(pairs);
        let (system, scripts) = (user(servers), scripts(answer));
        let settings =
            Settings { environment: &environment, system: Some(&system), scripts: Some(&scripts) };
        let choice = decide(&target, &ProxyOption::Env, settings);
        let all = clients(&target, settings);
        let net = all.into_iter().find(|one| one.client.starts_with(".NET")).unwrap();
        (choice.decision.reason, choice.decision.applies, net)
    };
    let through = |answer, servers: &str| {
        let (reason, applies, net) = decided(answer, servers, &[]);
        assert_eq!(applies, net.proxy, "this program goes as .NET does");
        (reason, applies, net.decision)
    };
    let url = |text: &str| Some(format!("http://{text}"));
    assert_eq!(
        through(proxied("a.corp:8080;b.corp:8080"), "named.corp:1"),
        (ProxyReason::Script, url("a.corp:8080"), ClientDecision::ScriptGives)
    );
    let direct = (ProxyReason::ScriptDirect, None, ClientDecision::ScriptGives);
    assert_eq!(through(Some(ScriptAnswer::Direct), "named.corp:8080"), direct);
    assert_eq!(through(proxied("http=a.corp:8080"), ""), direct);
    // What cannot be had is passed over: the named proxy, or none.
    for passed_over in [Some(ScriptAnswer::Failed(12167)), None] {
        assert_eq!(
            through(passed_over.clone(), "named.corp:8080"),
            (ProxyReason::System, url("named.corp:8080"), ClientDecision::System)
        );
        assert_eq!(
            through(passed_over, ""),
            (ProxyReason::NotConfigured, None, ClientDecision::NoVariable)
        );
    }
    // Where the script's server wants a login, .NET may get it with the user's.
    let (reason, applies, net) = decided(Some(ScriptAnswer::Failed(12015)), "", &[]);
    assert_eq!((reason, applies), (ProxyReason::NotConfigured, None));
    assert_eq!(net.decision, ClientDecision::Script);
    // A variable takes the settings' place.
    let set = [("HTTPS_PROXY", "http://v.corp:3128")];
    let (reason, applies, _) = decided(proxied("a.corp:8080"), "", &set);
    assert_eq!(reason, ProxyReason::Variable { name: "HTTPS_PROXY".to_owned() });
    assert_eq!(applies, url("v.corp:3128"));
}

#[test]
fn a_script_is_run_only_where_it_decides() {
    let environment = Environment::from_pairs([]);
    let variable = [("ALL_PROXY".to_owned(), "http://v:1".to_owned())];
    let variable = Environment::from_pairs(variable);
    let system = user("");
    let (runs, named) = (scripts(None), ProxyScripts::default());
    let to_run = |target: &str, option: &ProxyOption, environment, scripts| {
        let target = Target::parse(target, None).unwrap();
        let settings = Settings { environment, system: Some(&system), scripts: Some(scripts) };
        script_to_run(&target, option, settings).is_some()
    };
    assert!(to_run(HOST, &ProxyOption::Env, &environment, &runs));
    assert!(!to_run(HOST, &ProxyOption::Env, &environment, &named), "nothing here runs it");
    assert!(!to_run(HOST, &ProxyOption::None, &environment, &runs));
    assert!(!to_run(HOST, &ProxyOption::Url("http://p:1".to_owned()), &environment, &runs));
    assert!(!to_run(HOST, &ProxyOption::Env, &variable, &runs));
    let database = "mydb.postgres.database.azure.com";
    assert!(!to_run(database, &ProxyOption::Env, &environment, &runs));
}

#[test]
fn no_answer_shows_a_secret() {
    let target = Target::parse(HOST, None).unwrap();
    let run = ScriptRun {
        answer: proxied("u:canary@a.corp:8080;canary canary@;http://u:canary@b"),
        took: Duration::from_millis(7),
    };
    let shown = evidence(&target, &run);
    assert!(!format!("{shown:?} {run:?}").contains("canary@"), "{shown:?}");
    assert_eq!(shown.url, "https://myacct.openai.azure.com/");
}
