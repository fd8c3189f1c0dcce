//! Which proxy applies to a target, and why. Pure: variables and settings in, decision out.
//!
//! The matching is hyper-util's, the code that reqwest runs; NO_PROXY is tested entry by
//! entry, since it never reports which one matched.

mod clients;
mod plain;
mod script;
mod shown;
mod system;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use ipnet::IpNet;
use url::Url;

use crate::evidence::proxy::ProxyScheme;
use crate::evidence::text::{clean, holds_at_sign};
use crate::evidence::vantage::{NoProxyEntry, ProxyDecision, ProxyReason};
use crate::platform::SystemProxies;
use crate::secret::{Secret, has_form_of_a_key, holds_long_key};
use crate::services::Opening;
use crate::target::Target;
use crate::world::{Environment, ProxyScripts, ScriptRun, World};

use shown::{ListMask, NOT_SHOWN};

pub use clients::clients;
pub use plain::plain_through;
pub use script::{script_to_run, url_to_ask};
pub use shown::shown_variables;

/// `--proxy`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProxyOption {
    /// By the variables.
    #[default]
    Env,
    /// No proxy.
    None,
    /// This one.
    Url(String),
}

/// Where a machine says which proxy applies.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// The variables.
    pub environment: &'a Environment,
    /// The system's own settings; none where it has variables alone.
    pub system: Option<&'a SystemProxies>,
    /// The script that they may name, as far as it was run.
    pub scripts: Option<&'a ProxyScripts>,
}

impl<'a> Settings<'a> {
    /// The address of the script that the user's settings name.
    fn script(&self) -> Option<&'a str> {
        self.system?.user.as_ref()?.script.as_deref()
    }

    /// The latest run of the script for a host.
    fn script_run(&self, host: &str) -> Option<ScriptRun> {
        self.scripts?.run_for(host)
    }
}

impl<'a> From<&'a World> for Settings<'a> {
    fn from(world: &'a World) -> Self {
        Self {
            environment: &world.environment,
            system: world.system_proxies.as_ref(),
            scripts: Some(&world.proxy_scripts),
        }
    }
}

impl<'a> From<&'a Environment> for Settings<'a> {
    fn from(environment: &'a Environment) -> Self {
        Self { environment, system: None, scripts: None }
    }
}

/// A proxy to walk through.
#[derive(Debug)]
pub struct Proxy {
    /// Without user name and password.
    pub url: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Kind.
    pub scheme: ProxyScheme,
    /// `Basic ...`, ready for Proxy-Authorization.
    pub authorization: Option<Secret>,
    /// Whether the port is not shown, since it may be a password.
    pub hides_port: bool,
}

impl Proxy {
    /// Whether this version walks through a proxy of this kind.
    #[must_use]
    pub fn is_walked(&self) -> bool {
        self.scheme == ProxyScheme::Http
    }
}

/// The decision: evidence, and the proxy itself.
#[derive(Debug)]
pub struct Choice {
    /// The evidence.
    pub decision: ProxyDecision,
    /// The proxy that applies.
    pub proxy: Option<Proxy>,
}

/// The variables that name a proxy for https, in the order in which they are read. Small letters
/// come first in curl, Python's clients, .NET and Node, and only Go reads the capitals first
/// (facts P4a, P4b).
const PROXY_VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const NO_PROXY_VARIABLES: [&str; 2] = ["no_proxy", "NO_PROXY"];
/// Those for plain requests, which are shown for comparison.
const HTTP_VARIABLES: [&str; 2] = ["http_proxy", "HTTP_PROXY"];

/// Decides: by the option, else by the variables, else by the system's settings for this user.
#[must_use]
pub fn decide(target: &Target, option: &ProxyOption, settings: Settings<'_>) -> Choice {
    let environment = settings.environment;
    let host = target.seen.host.as_str();
    let variables = shown_variables(environment);
    let no_proxy_value = NO_PROXY_VARIABLES.iter().find_map(|name| environment.get(name));
    let entries: Vec<NoProxyEntry> =
        no_proxy_value.map(|value| entries(target, value)).unwrap_or_default();
    let configured =
        PROXY_VARIABLES.iter().find_map(|name| environment.get(name).map(|value| (*name, value)));
    let (reason, proxy) = match (option, configured) {
        (ProxyOption::None, _) => (ProxyReason::OptionNone, None),
        (ProxyOption::Url(url), _) => (ProxyReason::OptionUrl, parse(url)),
        (ProxyOption::Env, _) if target.opening() != Opening::Https => (ProxyReason::NotHttp, None),
        (ProxyOption::Env, None) => match system::decide(settings, host) {
            Some((reason, server)) => (reason, server.as_deref().and_then(parse)),
            None => (ProxyReason::NotConfigured, None),
        },
        (ProxyOption::Env, Some((name, value))) => {
            match entries.iter().find(|entry| entry.exempts) {
                Some(entry) => (ProxyReason::Exempted { entry: entry.entry.clone() }, None),
                None => (ProxyReason::Variable { name: name.to_owned() }, parse(value)),
            }
        }
    };
    Choice {
        decision: ProxyDecision {
            variables,
            applies: proxy.as_ref().map(|proxy| proxy.url.clone()),
            reason,
            no_proxy: entries,
            misspelt: misspelt(environment),
            clients: Vec::new(),
            system: system::evidence(settings, target),
        },
        proxy,
    }
}

/// Reads a proxy's URL; a bare `host:port` means http, as every client has it.
#[must_use]
pub fn parse(text: &str) -> Option<Proxy> {
    let text = text.trim();
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&url).ok()?;
    let (scheme, default_port) = match url.scheme() {
        "http" => (ProxyScheme::Http, 80),
        "https" => (ProxyScheme::Https, 443),
        "socks4" | "socks4a" | "socks5" | "socks5h" | "socks" => (ProxyScheme::Socks, 1080),
        _ => return None,
    };
    // An `@` behind the host is that of a password which ended the host early.
    let behind = [Some(url.path()), url.query(), url.fragment()];
    if behind.into_iter().flatten().any(holds_at_sign) {
        return None;
    }
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    // A key in the place of the host would be asked of a name server. The URL has it in lower case.
    if has_form_of_a_key(&host) || holds_long_key(text.rsplit('@').next().unwrap_or(text)) {
        return None;
    }
    let port = url.port().unwrap_or(default_port);
    // The matcher decodes user name and password and builds the header's value.
    let authorization = Matcher::builder()
        .all(text)
        .build()
        .intercept(&Uri::from_static("https://proxied.invalid"))
        .and_then(|intercept| {
            let value = intercept.basic_auth()?;
            Some(Secret::new(value.to_str().ok()?.to_owned()))
        });
    let shown_host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let hides_port = !holds_at_sign(text) && may_be_a_password(&host, url.port());
    let shown_port = match hides_port {
        true => NOT_SHOWN.to_owned(),
        false => port.to_string(),
    };
    Some(Proxy {
        url: format!("{}://{shown_host}:{shown_port}", url.scheme()),
        host,
        port,
        scheme,
        authorization,
        hides_port,
    })
}

/// Ports on which proxies are known to listen: numbers that are no password.
const PROXY_PORTS: &[u16] = &[
    1080, 3128, 3129, 3130, 8000, 8008, 8080, 8081, 8082, 8083, 8084, 8085, 8088, 8090, 8118, 8123,
    8443, 8800, 8880, 8888, 8889, 9000, 9080, 9090, 9128, 9400, 9443, 9480, 10080,
];

/// Whether what reads as `host:port` may be a user name and a numeric password whose host was left
/// out (`http://bob:1234`): a name of one label, and four or five digits that are no port which
/// proxies use. Such a number is tried as a port and shown nowhere.
fn may_be_a_password(host: &str, port: Option<u16>) -> bool {
    let named = !host.contains(['.', ':']) && !host.eq_ignore_ascii_case("localhost");
    named && port.is_some_and(|port| port > 999 && !PROXY_PORTS.contains(&port))
}

/// Bytes of NO_PROXY that are read: more than any list that people keep, and a bound on the work.
const NO_PROXY_READ: usize = 64 * 1024;
/// How many entries that decide nothing are kept as evidence.
const ENTRIES_KEPT: usize = 200;

/// NO_PROXY entry by entry: all of them are read, and those that decide are kept wherever they
/// stand.
fn entries(target: &Target, value: &str) -> Vec<NoProxyEntry> {
    let Ok(uri) = format!("https://{}", target.seen.host).parse::<Uri>() else {
        return Vec::new();
    };
    let mut end = value.len().min(NO_PROXY_READ);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let (read, left) = value.split_at(end);
    let mask = ListMask::of(value);
    let mut kept: Vec<NoProxyEntry> = Vec::new();
    let mut others = 0_usize;
    for entry in read.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let matcher = Matcher::builder().all("http://proxy.invalid:1").no(entry).build();
        let exempts = matcher.intercept(&uri).is_none();
        others += usize::from(!exempts);
        // One that exempts is enough: the first decides.
        if exempts || others <= ENTRIES_KEPT {
            let entry = NoProxyEntry {
                entry: mask.entry(entry),
                exempts,
                client_semantics: dialect(entry),
            };
            kept.push(entry);
            if exempts && others > ENTRIES_KEPT {
                break;
            }
        }
    }
    if !left.is_empty() {
        kept.push(NoProxyEntry {
            entry: "...".to_owned(),
            exempts: false,
            client_semantics: Some(format!("{} more bytes of the list were not read", left.len())),
        });
    }
    kept
}

/// Where clients differ on an entry (fact P4).
fn dialect(entry: &str) -> Option<String> {
    let port = entry.rsplit_once(':').is_some_and(|(host, port)| {
        !host.contains(':') && !port.is_empty() && port.chars().all(|c| c.is_ascii_digit())
    });
    if entry.contains("://") {
        Some("a URL here is read by httpx alone".to_owned())
    } else if port {
        Some("an entry with a port is matched by Go and Java only".to_owned())
    } else if entry.contains('/') && entry.parse::<IpNet>().is_ok() {
        Some("a prefix matches only a URL that holds an address; httpx reads none".to_owned())
    } else if entry.contains('*') && entry != "*" {
        Some("a wildcard inside an entry is read by few clients; use a leading dot".to_owned())
    } else if entry.contains(char::is_whitespace) || entry.contains(';') {
        Some("entries are separated by commas".to_owned())
    } else {
        None
    }
}

/// Variables that look like a misspelt proxy variable (fact P7): one letter more, less or
/// other, or two swapped.
fn misspelt(environment: &Environment) -> Vec<String> {
    const KNOWN: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
    const OTHERS: [&str; 2] = ["FTP_PROXY", "RSYNC_PROXY"];
    // An environment has many names, and a monitor decides this in every walk: most names are
    // passed over by their length (a letter has up to four bytes).
    environment
        .names()
        .filter(|name| (7..=15).contains(&name.len()))
        .filter(|name| {
            let is = |known: &&str| name.eq_ignore_ascii_case(known);
            let upper = |c: char| if c.is_ascii() { c.to_ascii_uppercase() as u8 } else { b'?' };
            let letters: Vec<u8> = name.chars().map(upper).collect();
            !KNOWN.iter().chain(&OTHERS).any(is)
                && KNOWN.iter().any(|right| is_typo_of(&letters, right.as_bytes()))
        })
        .map(|name| clean(name, 60))
        .take(10)
        .collect()
}

/// Whether two words differ by one letter, or by two neighbours swapped.
fn is_typo_of(a: &[u8], b: &[u8]) -> bool {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    match (&a[..a.len() - end], &b[..b.len() - end]) {
        ([], [_]) | ([_], []) | ([_], [_]) => true,
        ([x, y], [z, w]) => x == w && y == z,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
