//! What each client would do with the proxy variables, and with the system's settings where it
//! reads them, as far as its sources and tests show.
//! Pure. `tests/netns` holds the predictions against the clients themselves.

mod call;
mod rules;

use super::shown::ListMask;
use super::system::server;
use super::{Settings, parse};
use crate::evidence::vantage::{ClientDecision, ClientProxy};
use crate::platform::ProxySettings;
use crate::services::Opening;
use crate::target::Target;

use call::{Call, Decided};
use rules::{curl, dotnet, go, httpx, node, own, requests, winhttp};

/// One client: its name, the version that the predictions were tested against, its rule.
struct Client {
    name: &'static str,
    tested: Option<&'static str>,
    decide: fn(&Call<'_>) -> Decided,
}

const CLIENTS: &[Client] = &[
    Client { name: "curl", tested: Some("7.88.1"), decide: curl },
    Client { name: "Python httpx", tested: Some("0.23.3"), decide: httpx },
    Client { name: "Python requests", tested: Some("2.28.1"), decide: requests },
    Client { name: "Go net/http", tested: Some("1.19"), decide: go },
    Client { name: "Node fetch", tested: Some("20"), decide: |_| Decided::Ignores },
    Client { name: ".NET HttpClient", tested: None, decide: dotnet },
    Client { name: "Java", tested: None, decide: |_| Decided::Ignores },
    Client { name: "aoai-probe", tested: Some(env!("CARGO_PKG_VERSION")), decide: own },
];

/// Node 24 and later, where the variables are switched on (`NODE_USE_ENV_PROXY=1`).
const NODE_BY_VARIABLES: Client = Client { name: "Node fetch", tested: None, decide: node };

/// What calls by WinHTTP: most services of Windows. No variable counts for it.
const WINHTTP: Client = Client { name: "WinHTTP services", tested: None, decide: winhttp };

/// What each client would do; nothing where no variable and no setting names a proxy.
#[must_use]
pub fn clients(target: &Target, settings: Settings<'_>) -> Vec<ClientProxy> {
    let Settings { environment, system, .. } = settings;
    let set = |name: &str| {
        let name = name.to_ascii_lowercase();
        matches!(name.as_str(), "https_proxy" | "http_proxy" | "all_proxy")
    };
    let named = |one: &ProxySettings| one.script.is_some() || server(one).is_some();
    let by_system =
        system.is_some_and(|all| [&all.user, &all.services].into_iter().flatten().any(named));
    let by_variable = environment.names().any(|name| set(name) && environment.get(name).is_some());
    // What is not reached by HTTP has clients that read none of it.
    if (!by_variable && !by_system) || target.opening() != Opening::Https {
        return Vec::new();
    }
    let host = target.seen.host.as_str();
    let call = Call { target, host, port: target.seen.port, environment, system, settings };
    let by_environment = environment.get("NODE_USE_ENV_PROXY") == Some("1");
    CLIENTS
        .iter()
        .map(|client| match client.name == NODE_BY_VARIABLES.name && by_environment {
            true => &NODE_BY_VARIABLES,
            false => client,
        })
        // Windows alone has them.
        .chain((by_system && system.is_some_and(|all| all.services.is_some())).then_some(&WINHTTP))
        .map(|client| {
            let (proxy, decision) = evidence((client.decide)(&call));
            ClientProxy {
                client: client.name.to_owned(),
                tested: client.tested.map(str::to_owned),
                proxy,
                decision,
            }
        })
        .collect()
}

fn evidence(decided: Decided) -> (Option<String>, ClientDecision) {
    match decided {
        Decided::Ignores => (None, ClientDecision::Ignores),
        Decided::NoVariable => (None, ClientDecision::NoVariable),
        Decided::Cancelled { variable } => (None, ClientDecision::Cancelled { variable }),
        Decided::Through { variable, value } => match parse(&value) {
            Some(proxy) => (Some(proxy.url), ClientDecision::Variable { name: variable }),
            None => {
                let message = format!("{variable} is no URL of a proxy");
                (None, ClientDecision::Fails { message })
            }
        },
        Decided::System { server } => match parse(&server) {
            Some(proxy) => (Some(proxy.url), ClientDecision::System),
            None => {
                let message = "the system's settings name no proxy that can be read".to_owned();
                (None, ClientDecision::Fails { message })
            }
        },
        Decided::SystemExempted { entry } => (None, ClientDecision::SystemExempted { entry }),
        Decided::Script => (None, ClientDecision::Script),
        Decided::ScriptDirect => (None, ClientDecision::ScriptGives),
        Decided::ScriptGives { server } => match parse(&server) {
            Some(proxy) => (Some(proxy.url), ClientDecision::ScriptGives),
            None => {
                let message = "the script gives no proxy that can be read".to_owned();
                (None, ClientDecision::Fails { message })
            }
        },
        Decided::Exempted { variable, entry, list } => {
            let entry = ListMask::of(&list).entry(&entry);
            (None, ClientDecision::Exempted { variable, entry })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemProxies;
    use crate::world::Environment;

    /// The clients that go through a proxy, of those that were tested and read the variables.
    fn through(pairs: &[(&str, &str)]) -> Vec<String> {
        let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let target = Target::parse("myacct.openai.azure.com", None).unwrap();
        clients(&target, (&Environment::from_pairs(pairs)).into())
            .into_iter()
            .filter(|one| one.tested.is_some() && one.proxy.is_some())
            .map(|one| one.client)
            .collect()
    }

    #[test]
    fn clients_differ_where_they_are_known_to() {
        let all = ["curl", "Python httpx", "Python requests", "Go net/http", "aoai-probe"];
        let url = "http://p:3128";
        assert!(through(&[("NO_PROXY", "*")]).is_empty());
        assert_eq!(through(&[("HTTPS_PROXY", url)]), all);
        assert!(!through(&[("ALL_PROXY", url)]).contains(&"Go net/http".to_owned()));
        assert!(through(&[("HTTP_PROXY", url)]).is_empty());
        for (no_proxy, directly) in [
            (".openai.azure.com", &all[..]),
            ("*.openai.azure.com", &["Go net/http"]),
            ("openai.azure.com.", &["curl"]),
            ("myacct.openai.azure.com:443", &["Go net/http"]),
            ("10.0.0.0/8", &[]),
        ] {
            let through = through(&[("HTTPS_PROXY", url), ("NO_PROXY", no_proxy)]);
            let wanted: Vec<&str> =
                all.into_iter().filter(|client| !directly.contains(client)).collect();
            // What this tool itself does is hyper-util's matter.
            let known = |client: &&String| client.as_str() != "aoai-probe";
            assert!(
                through.iter().filter(known).eq(wanted.iter().filter(|c| **c != "aoai-probe")),
                "{no_proxy}: {through:?}"
            );
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let target = Target::parse("myacct", None).unwrap();
        let pairs = [("HTTPS_PROXY", "http://u:canary@p:1"), ("NO_PROXY", "http://u:canary@h")];
        let pairs = pairs.map(|(n, v)| (n.to_owned(), v.to_owned()));
        let environment = Environment::from_pairs(pairs);
        let shown = format!("{:?}", clients(&target, (&environment).into()));
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn where_no_variable_is_set_some_clients_read_the_settings_of_windows() {
        let target = Target::parse("myacct.openai.azure.com", None).unwrap();
        let with = |pairs: &[(&str, &str)], user: ProxySettings, services: &str| {
            let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            let services = ProxySettings {
                servers: (!services.is_empty()).then(|| services.to_owned()),
                ..ProxySettings::default()
            };
            let system = SystemProxies { user: Some(user), services: Some(services) };
            let environment = Environment::from_pairs(pairs);
            let (environment, system) = (&environment, Some(&system));
            let all = clients(&target, Settings { environment, system, scripts: None });
            let through = all.iter().filter(|one| one.proxy.is_some());
            let through: Vec<String> = through.map(|one| one.client.clone()).collect();
            let script = all.iter().any(|one| one.decision == ClientDecision::Script);
            (through, script)
        };
        let user = |bypass: &str| ProxySettings {
            servers: Some("proxy.corp:8080".to_owned()),
            bypass: Some(bypass.to_owned()),
            ..ProxySettings::default()
        };
        let readers = ["Python httpx", "Python requests", ".NET HttpClient", "aoai-probe"];
        assert_eq!(with(&[], user("<local>"), "").0, readers);
        // httpx does not read the list of what is asked directly.
        assert_eq!(with(&[], user("*.azure.com"), "").0, ["Python httpx"]);
        // A variable takes the settings' place; NO_PROXY alone does for Python.
        let set = with(&[("NO_PROXY", "localhost")], user(""), "").0;
        assert_eq!(set, [".NET HttpClient", "aoai-probe"]);
        assert_eq!(with(&[], ProxySettings::default(), "p:1").0, ["WinHTTP services"]);
        let script = Some("http://wpad.corp/p.pac".to_owned());
        let scripted = with(&[], ProxySettings { script, ..user("") }, "");
        assert_eq!(scripted.0, ["Python httpx", "Python requests", "aoai-probe"]);
        assert!(scripted.1);
    }
}
