//! The proxy settings of Windows and macOS, which some clients read where no variable is set (facts P13,
//! P160). Pure; what a setting means is WinINET's own reading of it.

use url::Url;

use super::script::{self, Given};
use super::shown::{NOT_SHOWN, masked};
use super::{Settings, parse};
use crate::evidence::text::clean;
use crate::evidence::vantage::{ProxyReason, SystemProxyEvidence, SystemProxySettings};
use crate::platform::ProxySettings;
use crate::target::Target;

/// Entries of a list that are kept as evidence.
const ENTRIES_KEPT: usize = 50;

/// What the settings of a user or of services give for a call.
pub(super) enum SystemChoice<'a> {
    /// No proxy is named.
    None,
    /// This one, as it is written.
    Through(String),
    /// This entry exempts the target.
    Exempted(&'a str),
}

impl<'a> SystemChoice<'a> {
    /// The choice for an https call to `host`, by the proxy that is named and the list of what is
    /// asked directly.
    pub(super) fn of(settings: Option<&'a ProxySettings>, host: &str) -> Self {
        let Some(proxy) = settings.and_then(server) else { return Self::None };
        match settings.and_then(|settings| exempting(settings, host)) {
            Some(entry) => Self::Exempted(entry),
            None => Self::Through(proxy),
        }
    }
}

/// The proxy for https of a setting: the only one, that of its scheme, or the SOCKS server.
pub(super) fn server(settings: &ProxySettings) -> Option<String> {
    let entries: Vec<&str> = parts(settings.servers.as_deref()?).collect();
    let of = |scheme: &str| {
        entries.iter().find_map(|entry| {
            let (name, server) = entry.split_once('=')?;
            name.trim().eq_ignore_ascii_case(scheme).then(|| server.trim())
        })
    };
    let for_all = entries.iter().find(|entry| !entry.contains('='));
    let plain = of("https").or(for_all.copied()).map(str::to_owned);
    let socks = || of("socks").map(|server| format!("socks://{server}"));
    plain.or_else(socks).filter(|server| !server.is_empty())
}

/// The entry by which a host is asked directly.
fn exempting<'a>(settings: &'a ProxySettings, host: &str) -> Option<&'a str> {
    parts(settings.bypass.as_deref()?).find(|entry| {
        let bare = entry.split_once("://").map_or(*entry, |(_, host)| host);
        match bare.eq_ignore_ascii_case("<local>") {
            true => !host.contains('.'),
            false => matches(bare.as_bytes(), host.as_bytes()),
        }
    })
}

/// Entries between semicolons or blanks.
fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ';' || c.is_whitespace()).filter(|entry| !entry.is_empty())
}

/// Whether a pattern, in which `*` stands for any text, is the whole of a name.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // The last `*`, and how much of the name it stands for so far.
    let (mut at, mut of, mut star) = (0, 0, None);
    while at < name.len() {
        if pattern.get(of) == Some(&b'*') {
            star = Some((of, at));
            of += 1;
        } else if pattern.get(of).is_some_and(|c| c.eq_ignore_ascii_case(&name[at])) {
            (at, of) = (at + 1, of + 1);
        } else if let Some((place, taken)) = star {
            star = Some((place, taken + 1));
            (at, of) = (taken + 1, place + 1);
        } else {
            return false;
        }
    }
    pattern[of..].iter().all(|c| *c == b'*')
}

/// The settings as evidence, without passwords.
pub(super) fn evidence(settings: Settings<'_>, target: &Target) -> Option<SystemProxyEvidence> {
    let (system, host) = (settings.system?, target.seen.host.as_str());
    let shown = |settings: Option<&ProxySettings>| settings.map(|one| shown(one, host));
    let seen = SystemProxyEvidence {
        user: shown(system.user.as_ref()),
        services: shown(system.services.as_ref()),
        script: settings.script_run(host).map(|run| script::evidence(target, &run)),
    };
    (seen.user.is_some() || seen.services.is_some()).then_some(seen)
}

fn shown(settings: &ProxySettings, host: &str) -> SystemProxySettings {
    let bypass = settings.bypass.as_deref().unwrap_or_default();
    SystemProxySettings {
        auto_detect: settings.auto_detect,
        script: settings.script.as_deref().map(shown_script),
        proxy: server(settings).map(|server| match parse(&server) {
            Some(proxy) => clean(&proxy.url, 300),
            None => masked(&server),
        }),
        bypass: parts(bypass).take(ENTRIES_KEPT).map(|entry| clean(entry, 255)).collect(),
        exempted_by: exempting(settings, host).map(|entry| clean(entry, 255)),
    }
}

/// The URL of a script, without what may be a secret in it.
fn shown_script(text: &str) -> String {
    let Ok(mut url) = Url::parse(text.trim()) else { return NOT_SHOWN.to_owned() };
    let bare = url.set_username("").and_then(|()| url.set_password(None)).is_ok();
    if !bare && !matches!(url.scheme(), "file") {
        return NOT_SHOWN.to_owned();
    }
    url.set_query(None);
    url.set_fragment(None);
    clean(url.as_str(), 300)
}

/// The proxy that the user's settings give, where `--proxy` leaves it to the machine and no variable
/// decides: their script's answer, as .NET's HttpClient has it, else the named one, which Python's clients
/// take too.
pub(super) fn decide(settings: Settings<'_>, host: &str) -> Option<(ProxyReason, Option<String>)> {
    match script::given(settings, host) {
        Some(Given::Through(server)) => return Some((ProxyReason::Script, Some(server))),
        Some(Given::Direct) => return Some((ProxyReason::ScriptDirect, None)),
        Some(Given::Unknown | Given::Nothing) | None => {}
    }
    let user = settings.system.and_then(|system| system.user.as_ref());
    match SystemChoice::of(user, host) {
        SystemChoice::Through(server) => Some((ProxyReason::System, Some(server))),
        SystemChoice::Exempted(entry) => {
            Some((ProxyReason::SystemExempted { entry: clean(entry, 255) }, None))
        }
        SystemChoice::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemProxies;
    use crate::world::Environment;

    const HOST: &str = "myacct.openai.azure.com";

    fn settings(servers: &str, bypass: &str) -> ProxySettings {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ProxySettings { servers: text(servers), bypass: text(bypass), ..ProxySettings::default() }
    }

    #[test]
    fn the_proxy_for_https_is_found_in_every_form_of_the_setting() {
        for (servers, wanted) in [
            ("", None),
            ("proxy.corp:8080", Some("proxy.corp:8080")),
            ("http://proxy.corp:8080", Some("http://proxy.corp:8080")),
            ("http=a:80;https=b:81;ftp=c:82", Some("b:81")),
            ("http=a:80 HTTPS=b:81", Some("b:81")),
            ("http=a:80", None),
            ("http=a:80;proxy.corp:8080", Some("proxy.corp:8080")),
            ("socks=s:1080", Some("socks://s:1080")),
            ("https=;http=a:80", None),
        ] {
            assert_eq!(server(&settings(servers, "")).as_deref(), wanted, "{servers}");
        }
    }

    #[test]
    fn an_entry_exempts_the_names_that_its_stars_stand_for() {
        for (bypass, host, exempt) in [
            ("*.openai.azure.com", HOST, true),
            ("*.OpenAI.azure.com", HOST, true),
            ("openai.azure.com", HOST, false),
            ("*openai*", HOST, true),
            ("*", HOST, true),
            ("10.*;<local>", HOST, false),
            ("<local>", "intranet", true),
            ("https://*.azure.com", HOST, true),
            ("localhost; *.azure.com", HOST, true),
            ("*a*b*c", "axxbyyc", true),
            ("*a*b*c", "axxbyy", false),
        ] {
            let choice = settings("p:1", bypass);
            let choice = SystemChoice::of(Some(&choice), host);
            assert_eq!(matches!(choice, SystemChoice::Exempted(_)), exempt, "{bypass} {host}");
        }
    }

    #[test]
    fn a_user_s_proxy_is_walked_and_not_that_of_services() {
        let environment = Environment::from_pairs([]);
        let decided = |system: &SystemProxies| {
            let environment = &environment;
            decide(Settings { environment, system: Some(system), scripts: None }, HOST)
        };
        let user = SystemProxies { user: Some(settings("p.corp:8080", "")), services: None };
        assert_eq!(decided(&user), Some((ProxyReason::System, Some("p.corp:8080".to_owned()))));
        // What services have is not what a program of this user gets.
        let services = SystemProxies { user: None, services: Some(settings("p.corp:8080", "")) };
        assert_eq!(decided(&services), None);
    }

    #[test]
    fn no_setting_shows_a_secret() {
        let user = ProxySettings {
            script: Some("http://u:canary@wpad.corp/p.pac?token=canary".to_owned()),
            ..settings("http://u:canary@p:8080", "*.corp")
        };
        let system = SystemProxies { user: Some(user), services: Some(settings("p", "")) };
        let environment = Environment::from_pairs([]);
        let settings = Settings { environment: &environment, system: Some(&system), scripts: None };
        let target = Target::parse(HOST, None).unwrap();
        let shown = evidence(settings, &target).unwrap();
        let user = shown.user.as_ref().unwrap();
        assert_eq!(user.script.as_deref(), Some("http://wpad.corp/p.pac"));
        assert_eq!(user.proxy.as_deref(), Some("http://p:8080"));
        assert!(!format!("{shown:?} {system:?}").contains("canary"));
    }
}
