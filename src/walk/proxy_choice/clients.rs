//! What each client would do with the proxy variables, and with the system's settings where it
//! reads them, as far as its sources and tests show.
//! Pure. `tests/netns` holds the predictions against the clients themselves.

use super::shown::ListMask;
use super::system::{SystemChoice, server};
use super::{PROXY_VARIABLES, ProxyOption, Settings, decide, parse};
use crate::evidence::text::clean;
use crate::evidence::vantage::{ClientDecision, ClientProxy, ProxyReason};
use crate::platform::{ProxySettings, SystemProxies};
use crate::services::Opening;
use crate::target::Target;
use crate::world::Environment;

/// One client: its name, the version that the predictions were tested against, its rule.
struct Client {
    name: &'static str,
    tested: Option<&'static str>,
    decide: fn(&Call<'_>) -> Decided,
}

/// The call that a client would make: an https URL whose host is a name.
struct Call<'a> {
    target: &'a Target,
    host: &'a str,
    port: u16,
    environment: &'a Environment,
    system: Option<&'a SystemProxies>,
}

/// What a client decides: which variable, and which entry of NO_PROXY against it.
enum Decided {
    Ignores,
    NoVariable,
    Cancelled { variable: String },
    Through { variable: String, value: String },
    Exempted { variable: String, entry: String, list: String },
    System { server: String },
    SystemExempted { entry: String },
    Script,
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
    let Settings { environment, system } = settings;
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
    let call = Call { target, host, port: target.seen.port, environment, system };
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
        Decided::Exempted { variable, entry, list } => {
            let entry = ListMask::of(&list).entry(&entry);
            (None, ClientDecision::Exempted { variable, entry })
        }
    }
}

impl Call<'_> {
    /// The first of the variables that is set and not empty.
    fn first(&self, names: &[&str]) -> Option<(String, String)> {
        names.iter().find_map(|name| {
            self.environment.get(name).map(|value| ((*name).to_owned(), value.to_owned()))
        })
    }

    /// Decides by lists of variables and a test of NO_PROXY that gives the entry which exempts.
    fn by(
        &self,
        proxies: &[&str],
        no_proxies: &[&str],
        exempts: impl Fn(&str) -> Option<String>,
    ) -> Decided {
        let Some((variable, value)) = self.first(proxies) else { return Decided::NoVariable };
        through_unless((variable, value), self.first(no_proxies), exempts)
    }

    /// What Python's urllib reads for `https`, `all` or `no`: any spelling, but the lower-case
    /// one wins, and an empty one takes the others away.
    fn python(&self, kind: &str) -> Option<(String, String)> {
        let wanted = format!("{kind}_proxy");
        if self.environment.names().any(|name| name == wanted) {
            return self.first(&[&wanted]);
        }
        let name = self
            .environment
            .names()
            .filter(|name| name.eq_ignore_ascii_case(&wanted))
            .find(|name| self.environment.get(name).is_some())?;
        self.first(&[name])
    }

    /// What Python's clients do without a variable: they read this user's settings, as far as those
    /// name a proxy. One variable, NO_PROXY too, and the settings are not read.
    fn python_settings(&self, heeds_bypass: bool) -> Decided {
        let cancelled = |kind: &str| {
            let (lower, upper) = (format!("{kind}_proxy"), format!("{kind}_PROXY").to_uppercase());
            let takes_away = self.environment.is_empty(&lower) && self.first(&[&upper]).is_some();
            takes_away.then_some(lower)
        };
        if let Some(variable) = cancelled("https").or_else(|| cancelled("all")) {
            return Decided::Cancelled { variable };
        }
        if self.python("no").is_some() || self.python("http").is_some() {
            return Decided::NoVariable;
        }
        let user = self.system.and_then(|system| system.user.as_ref());
        match SystemChoice::of(user, self.host) {
            SystemChoice::Exempted(_) if !heeds_bypass => user
                .and_then(server)
                .map_or(Decided::NoVariable, |server| Decided::System { server }),
            choice => choice.into(),
        }
    }

    /// Whether the host is the name, or lies below it.
    fn is_or_below(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        !name.is_empty() && (self.host == name || self.is_below(&name))
    }

    fn is_below(&self, name: &str) -> bool {
        self.host
            .strip_suffix(&name.to_ascii_lowercase())
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.') && !name.is_empty())
    }
}

impl From<SystemChoice<'_>> for Decided {
    fn from(choice: SystemChoice<'_>) -> Self {
        match choice {
            SystemChoice::None => Self::NoVariable,
            SystemChoice::Through(server) => Self::System { server },
            SystemChoice::Exempted(entry) => Self::SystemExempted { entry: clean(entry, 255) },
        }
    }
}

fn through_unless(
    (variable, value): (String, String),
    no_proxy: Option<(String, String)>,
    exempts: impl Fn(&str) -> Option<String>,
) -> Decided {
    if let Some((variable, list)) = no_proxy
        && let Some(entry) = exempts(&list)
    {
        return Decided::Exempted { variable, entry, list };
    }
    Decided::Through { variable, value }
}

/// Entries between commas, without the blanks around them.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// The entry with its dots at both ends taken off, as curl compares it.
fn undotted(entry: &str) -> &str {
    let entry = entry.strip_suffix('.').unwrap_or(entry);
    entry.strip_prefix('.').unwrap_or(entry)
}

fn curl(call: &Call<'_>) -> Decided {
    let proxies = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    call.by(&proxies, &["no_proxy", "NO_PROXY"], |list| {
        if list == "*" {
            return Some(list.to_owned());
        }
        let blank = |c: char| matches!(c, ',' | ' ' | '\t');
        list.split(blank).find(|entry| call.is_or_below(undotted(entry))).map(str::to_owned)
    })
}

fn httpx(call: &Call<'_>) -> Decided {
    let Some(proxy) = call.python("https").or_else(|| call.python("all")) else {
        return call.python_settings(false);
    };
    through_unless(proxy, call.python("no"), |list| {
        if entries(list).any(|entry| entry == "*") {
            return Some("*".to_owned());
        }
        let matches = |entry: &&str| match entry.strip_prefix('.') {
            Some(name) => call.is_below(name),
            None => call.is_or_below(entry),
        };
        entries(list).find(matches).map(str::to_owned)
    })
}

fn requests(call: &Call<'_>) -> Decided {
    let Some(proxy) = call.python("https").or_else(|| call.python("all")) else {
        return call.python_settings(true);
    };
    // Its own test: whether the host's text ends with the entry's, be it in mid-word.
    if let Some((variable, list)) = call.first(&["no_proxy", "NO_PROXY"]) {
        let bare = list.replace(' ', "");
        let with_port = format!("{}:{}", call.host, call.port);
        let ends = |entry: &&str| {
            call.host.ends_with(*entry) || (call.port != 443 && with_port.ends_with(*entry))
        };
        if let Some(entry) = bare.split(',').filter(|entry| !entry.is_empty()).find(ends) {
            return Decided::Exempted { variable, entry: entry.to_owned(), list };
        }
    }
    // Then urllib's.
    through_unless(proxy, call.python("no"), |list| {
        if list == "*" {
            return Some(list.to_owned());
        }
        entries(list)
            .find(|entry| call.is_or_below(entry.trim_start_matches('.')))
            .map(str::to_owned)
    })
}

fn go(call: &Call<'_>) -> Decided {
    call.by(&["HTTPS_PROXY", "https_proxy"], &["NO_PROXY", "no_proxy"], |list| {
        if let Some(all) = entries(list).find(|entry| *entry == "*") {
            return Some(all.to_owned());
        }
        let matches = |entry: &&str| {
            let (host, port) = match entry.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') => (host, Some(port)),
                _ => (*entry, None),
            };
            if port.is_some_and(|port| !port.is_empty() && port != call.port.to_string()) {
                return false;
            }
            let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
            match host.strip_prefix('.') {
                Some(name) => call.is_below(name),
                None => call.is_or_below(host),
            }
        };
        entries(list).find(matches).map(str::to_owned)
    })
}

/// As undici's EnvHttpProxyAgent has it.
fn node(call: &Call<'_>) -> Decided {
    let proxies = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"];
    call.by(&proxies, &["no_proxy", "NO_PROXY"], |list| {
        if list == "*" {
            return Some(list.to_owned());
        }
        let matches = |entry: &&str| {
            let (host, port) = entry.rsplit_once(':').unwrap_or((entry, ""));
            if !port.is_empty() && port != call.port.to_string() {
                return false;
            }
            match host.strip_prefix('*').unwrap_or(host) {
                suffix if suffix.starts_with('.') => {
                    call.host.ends_with(&suffix.to_ascii_lowercase())
                }
                name => call.host == name.to_ascii_lowercase(),
            }
        };
        list.split([',', ' ', '\t']).filter(|e| !e.is_empty()).find(matches).map(str::to_owned)
    })
}

/// The variables where one is set, else this user's settings, whose script comes first.
fn dotnet(call: &Call<'_>) -> Decided {
    let any = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"];
    if call.first(&any).is_none() {
        let user = call.system.and_then(|system| system.user.as_ref());
        return match user.is_some_and(|user| user.script.is_some()) {
            true => Decided::Script,
            false => SystemChoice::of(user, call.host).into(),
        };
    }
    let proxies = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    call.by(&proxies, &["no_proxy", "NO_PROXY"], |list| {
        let matches = |entry: &&str| match entry.strip_prefix('.') {
            Some(name) => call.is_or_below(name),
            None => call.host.eq_ignore_ascii_case(entry),
        };
        entries(list).find(matches).map(str::to_owned)
    })
}

fn winhttp(call: &Call<'_>) -> Decided {
    let services = call.system.and_then(|system| system.services.as_ref());
    match SystemChoice::of(services, call.host) {
        SystemChoice::None => Decided::Ignores,
        choice => choice.into(),
    }
}

fn own(call: &Call<'_>) -> Decided {
    let settings = Settings { environment: call.environment, system: call.system };
    let decision = decide(call.target, &ProxyOption::Env, settings).decision;
    let Some((variable, value)) = call.first(&PROXY_VARIABLES) else {
        let user = call.system.and_then(|system| system.user.as_ref());
        return SystemChoice::of(user, call.host).into();
    };
    match decision.reason {
        ProxyReason::Exempted { entry } => {
            let (variable, list) = call.first(&super::NO_PROXY_VARIABLES).unwrap_or_default();
            Decided::Exempted { variable, entry, list }
        }
        _ => Decided::Through { variable, value },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let all =
                clients(&target, Settings { environment: &environment, system: Some(&system) });
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
