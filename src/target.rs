//! What the user wants walked: parsed, checked, nothing resolved.

use std::net::IpAddr;

use url::{Host, Url};

use crate::clouds::Cloud;
use crate::evidence::text::{begins_as_url, clean, holds_at_sign, repeatable};
use crate::evidence::{TargetInfo, TargetKind};
use crate::services::{self, Keys, Kind, Opening, Service};

/// Words that are commands of other versions of this tool, so no bare account names.
const RESERVED: &[&str] = &["compare"];

/// The longest target that is read, in bytes.
const LONGEST: usize = 2048;
/// Words that are commands of this version: they come first, before any option.
const COMMANDS: &[&str] =
    &["check", "explain", "diagnose", "compare", "generate", "help", "watch", "serve", "history"];

/// Characters of what was typed that are kept and shown.
const LONGEST_SHOWN: usize = 500;

/// A target, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its description, as it goes into the evidence.
    pub seen: TargetInfo,
    /// Its service.
    service: Option<&'static Service>,
    /// The cloud that its suffix names, where the service is there.
    cloud: Option<Cloud>,
    /// For a privatelink name: the original name, which applications must use.
    pub original_host: Option<String>,
}

/// Why a target cannot be walked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// An IP address.
    #[error(
        "{0} is an address: give the name. SNI and certificate are judged against the original \
         name; to force an address use --connect-to NAME:443:{0}:443"
    )]
    Address(IpAddr),
    /// No text.
    #[error("the target is empty")]
    Empty,
    /// A shared access signature.
    #[error(
        "the URL holds a shared access signature (sig=), which is a secret: leave out what follows \
         the `?`. A check with it is not made; the path to the service does not depend on it"
    )]
    Signature,
    /// A URL that is not https.
    #[error("{0}:// is not how Azure OpenAI is reached: the endpoint begins with https://")]
    Scheme(String),
    /// The scheme is there twice.
    #[error("the scheme is there twice: the endpoint is https://<account>.openai.azure.com/")]
    DoubleScheme,
    /// A scheme that is mistyped, such as `https//`.
    #[error("the scheme is mistyped: the endpoint is https://<account>.openai.azure.com/")]
    MistypedScheme,
    /// A user name or password in the URL.
    #[error("the URL holds a user name or password: leave it out, keys come from the environment")]
    UserInfo,
    /// More text than any endpoint has.
    #[error("the target is {0} bytes long; an endpoint URL has at most {LONGEST}")]
    TooLong(usize),
    /// The URL cannot be read.
    #[error("this is not a URL: {0}")]
    Url(String),
    /// A label is longer than 63 bytes.
    #[error("a part of the name is {0} bytes long; a DNS label has at most 63 (RFC 1035)")]
    LongLabel(usize),
    /// The whole name is too long.
    #[error("the name is {0} bytes long; a DNS name has at most 253 (RFC 1035)")]
    LongName(usize),
    /// An empty label.
    #[error("the name has an empty part (two dots in a row, or one at its start)")]
    EmptyLabel,
    /// A character that no host name has.
    #[error("the name has a character that no host name has: {0:?}")]
    Character(char),
    /// Not encodable as an IDN.
    #[error("the name cannot be written in its ASCII form (IDNA): {0}")]
    Idna(String),
    /// A bare account name that is none.
    #[error("{0:?} is no account name: letters, digits and hyphens, 2 to 64 of them")]
    Account(String),
    /// What looks like a key.
    #[error(
        "the target looks like an API key, and was not looked up: keys belong into the \
         environment; for an account of that name write the whole host name"
    )]
    Key,
    /// A word that is a command elsewhere.
    #[error(
        "`{0}` is kept for a command that this version does not have; \
         for an account of that name write {0}.openai.azure.com"
    )]
    Reserved(String),
    /// A command where a target should be.
    #[error(
        "`{0}` is a command, and a command comes first: aoai-probe {0} ...; \
         for an account of that name write {0}.openai.azure.com"
    )]
    Command(String),
    /// A `--service` that the name's suffix contradicts.
    #[error(
        "{host} is a name of {suffix} by its suffix, so --service {service} does not apply to it: \
         leave the option out. It says what answers at a gateway (API Management, App Service, \
         Container Apps) or at a name of your own"
    )]
    OtherService {
        /// The host.
        host: String,
        /// The service of its suffix.
        suffix: &'static str,
        /// What `--service` named.
        service: String,
    },
    /// An unknown `--service`.
    #[error("there is no service {0:?}; one of: {1}")]
    Service(String, String),
}

impl Target {
    /// What of it would be looked up, sent or shown.
    pub fn typed(&self) -> impl Iterator<Item = &str> {
        [&self.seen.input, &self.seen.host, &self.seen.base_path].into_iter().map(String::as_str)
    }

    /// Reads an account name, host name or endpoint URL; `service` is `--service`, which says
    /// what an unknown name is.
    ///
    /// # Errors
    ///
    /// [`TargetError`], in words for the operator; it never repeats a URL's password.
    pub fn parse(typed: &str, service: Option<&str>) -> Result<Self, TargetError> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(TargetError::Empty);
        }
        if typed.len() > LONGEST {
            return Err(TargetError::TooLong(typed.len()));
        }
        // Before anything else: no other message may repeat what comes before an `@`.
        if holds_at_sign(typed) {
            return Err(TargetError::UserInfo);
        }
        if begins_as_url(typed) && !typed.contains("://") {
            return Err(TargetError::MistypedScheme);
        }
        if holds_signature(typed) {
            return Err(TargetError::Signature);
        }
        if let Ok(address) = typed.trim_start_matches('[').trim_end_matches(']').parse() {
            return Err(TargetError::Address(address));
        }
        let (host, port, path) = if typed.contains(['/', ':', '@', '?', '#']) {
            from_url(typed)?
        } else {
            (from_name(typed)?, None, String::new())
        };
        let forced = match service {
            None => None,
            Some(id) => Some(services::by_id(id).ok_or_else(|| {
                let mut ids: Vec<&str> = services::all().map(|service| service.id).collect();
                ids.sort_unstable();
                TargetError::Service(repeatable(id).to_owned(), ids.join(", "))
            })?),
        };
        if let (Some(forced), Some(known)) = (forced, by_suffix(&host)) {
            let known = known.service;
            let fits = forced == known
                || (forced.is_account() && known.is_account())
                || (forced.has_call() && known.gateway().is_some());
            if !fits {
                return Err(TargetError::OtherService {
                    host,
                    suffix: known.name,
                    service: forced.id.to_owned(),
                });
            }
        }
        Ok(Self::build(typed, host, port, &path, forced))
    }

    /// The service that was named for it, where its host does not show that one.
    #[must_use]
    pub fn forced_service(&self) -> Option<&'static Service> {
        let shown = by_suffix(&self.seen.host).map(|found| found.service);
        self.service().filter(|service| shown != Some(*service))
    }

    fn build(
        typed: &str,
        host: String,
        port: Option<u16>,
        path: &str,
        forced: Option<&'static Service>,
    ) -> Self {
        let privatelink = services::find_privatelink(&host).filter(|m| !m.prefix.is_empty());
        let found = services::find(&host);
        let original_host = privatelink.as_ref().map(|m| format!("{}.{}", m.prefix, m.suffix));
        let known = privatelink.as_ref().or(found.as_ref());
        // The suffix knows the cloud; `--service` says the service where it names another.
        let other = forced.filter(|service| known.is_none_or(|m| m.service != *service));
        let service = other.or(known.map(|m| m.service));
        let cloud = known.map(|m| m.endpoint.cloud);
        let gateway = known.filter(|m| other.is_some() && m.service.gateway().is_some());
        // The path after the own name of a service that is not behind a gateway names one of its
        // objects, such as a secret: it does not belong before that service's call.
        let own = match service.map(|service| service.kind) {
            Some(Kind::Other) => other.is_none(),
            Some(Kind::Api) => known.is_some_and(|m| m.service.is_account()),
            _ => false,
        };
        let base_path = if own { String::new() } else { base_path(path) };
        let kind = match (&privatelink, service) {
            (Some(_), _) => TargetKind::Privatelink,
            (None, None) => TargetKind::Unknown,
            (None, _) if known.is_some_and(|m| m.service.kind == Kind::Regional) => {
                TargetKind::Regional
            }
            (None, Some(service)) if !service.is_account() => TargetKind::OtherService,
            (None, Some(_)) if base_path.starts_with("/api/projects/") => TargetKind::Project,
            (None, Some(_)) => TargetKind::Account,
        };
        // A query or fragment is not used, and may hold a key (a gateway's subscription-key).
        let shown = typed.split(['?', '#']).next().unwrap_or(typed);
        let seen = TargetInfo {
            input: clean(shown, LONGEST_SHOWN),
            port: port.or(service.map(|service| service.port)).unwrap_or(443),
            kind,
            service: service.map(|service| service.id.to_owned()),
            suffix_service: gateway.map(|m| m.service.id.to_owned()),
            service_name: service.map(|service| service.name.to_owned()),
            // What --service says of an unknown name is the service, and not its cloud.
            cloud: cloud.map(|cloud| cloud.name().to_owned()),
            public_suffix: known.map(|m| m.suffix.clone()),
            private_zone: known.map(|m| m.zone.clone()).filter(|zone| !zone.is_empty()),
            account: known
                .and_then(|m| m.prefix.split('.').next())
                .map(|label| match service {
                    // The names of a resource's copy in the paired region.
                    Some(service) => label.strip_suffix(service.secondary).unwrap_or(label),
                    None => label,
                })
                .filter(|label| !label.is_empty())
                .map(str::to_owned),
            base_path,
            host,
        };
        let cloud = cloud.filter(|cloud| service.is_some_and(|service| service.is_in(*cloud)));
        Self { seen, service, cloud, original_host }
    }

    /// Its service.
    #[must_use]
    pub const fn service(&self) -> Option<&'static Service> {
        self.service
    }

    /// The keys that a call to it may carry.
    #[must_use]
    pub fn keys(&self) -> Option<&'static Keys> {
        services::keys_of(self.service)
    }

    /// Its cloud, as far as its name shows one.
    #[must_use]
    pub const fn cloud(&self) -> Cloud {
        match self.cloud {
            Some(cloud) => cloud,
            None => Cloud::Public,
        }
    }

    /// How a connection to it begins; by HTTPS where its service is not known.
    #[must_use]
    pub const fn opening(&self) -> Opening {
        match self.service {
            Some(service) => service.opening,
            None => Opening::Https,
        }
    }

    /// Whether its service has a call that proves it.
    #[must_use]
    pub fn has_call(&self) -> bool {
        self.service.is_some_and(Service::has_call)
    }

    /// The target of the original name beside a privatelink one.
    #[must_use]
    pub fn original(&self) -> Option<Self> {
        let host = self.original_host.clone()?;
        Some(Self::build(&host.clone(), host, Some(self.seen.port), "", None))
    }
}

/// Whether a URL's query holds a shared access signature (fact Z29).
fn holds_signature(typed: &str) -> bool {
    let query = typed.split_once('?').map_or("", |(_, query)| query);
    query.split(['&', '?', ';', '#']).any(|pair| {
        pair.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("sig"))
    })
}

/// The service of a name by its suffix, public or privatelink.
fn by_suffix(host: &str) -> Option<services::Match> {
    services::find_privatelink(host)
        .filter(|m| !m.prefix.is_empty())
        .or_else(|| services::find(host))
}

/// A bare name: an account, or a host name.
fn from_name(typed: &str) -> Result<String, TargetError> {
    let name = typed.strip_suffix('.').unwrap_or(typed);
    if name.contains('.') {
        return host_name(name);
    }
    if RESERVED.contains(&name) {
        return Err(TargetError::Reserved(name.to_owned()));
    }
    if COMMANDS.contains(&name) {
        return Err(TargetError::Command(name.to_owned()));
    }
    let fits = (2..=64).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match name.len() {
        _ if name.is_empty() => Err(TargetError::EmptyLabel),
        64 if fits => Err(TargetError::LongLabel(64)),
        // The two forms of Azure's keys: 32 hexadecimal digits, 84 letters and digits.
        32 if name.chars().all(|c| c.is_ascii_hexdigit()) => Err(TargetError::Key),
        _ if fits => Ok(format!("{}.openai.azure.com", name.to_ascii_lowercase())),
        length if length > 64 => Err(TargetError::LongLabel(length)),
        // What has the form of a secret is not repeated.
        _ if looks_secret(name) => Err(TargetError::Key),
        _ => Err(TargetError::Account(name.escape_default().to_string())),
    }
}

/// Whether a word that is no account name may be a secret: no typing error looks like it.
fn looks_secret(word: &str) -> bool {
    let digit = word.chars().any(|c| c.is_ascii_digit());
    let sign = word.chars().any(|c| c.is_ascii_punctuation() && !"-_".contains(c));
    !word.contains(char::is_whitespace) && word.len() >= 16 && (digit || sign)
}

/// A URL, or a name with a port or path.
fn from_url(typed: &str) -> Result<(String, Option<u16>, String), TargetError> {
    let with_scheme =
        if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let (scheme, rest) = with_scheme.split_once("://").unwrap_or(("https", typed));
    if !scheme.eq_ignore_ascii_case("https") {
        // What is no scheme (RFC 3986, section 3.1) may be a password.
        return Err(match scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
            true => TargetError::Scheme(scheme.chars().take(20).collect()),
            false => TargetError::UserInfo,
        });
    }
    if rest.to_ascii_lowercase().starts_with("https:")
        || rest.to_ascii_lowercase().starts_with("http:")
    {
        return Err(TargetError::DoubleScheme);
    }
    let url = Url::parse(&with_scheme).map_err(|e| TargetError::Url(e.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::UserInfo);
    }
    let name = match url.host() {
        Some(Host::Ipv4(a)) => return Err(TargetError::Address(IpAddr::V4(a))),
        Some(Host::Ipv6(a)) => return Err(TargetError::Address(IpAddr::V6(a))),
        Some(Host::Domain(name)) => name.to_owned(),
        None => return Err(TargetError::Empty),
    };
    let name = name.strip_suffix('.').unwrap_or(&name);
    let host = if name.contains('.') { host_name(name)? } else { from_name(name)? };
    // What is typed counts, also where it is the scheme's own port.
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let typed_port = url.port().or(authority.ends_with(":443").then_some(443));
    Ok((host, typed_port, url.path().to_owned()))
}

/// A host name in its ASCII form, with the limits of RFC 1035.
fn host_name(name: &str) -> Result<String, TargetError> {
    if name.split('.').any(str::is_empty) {
        return Err(TargetError::EmptyLabel);
    }
    if let Some(bad) =
        name.chars().find(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !"-._".contains(*c))
    {
        return Err(TargetError::Character(bad));
    }
    let ascii = match Host::parse(name) {
        Ok(Host::Domain(ascii)) => ascii,
        Ok(Host::Ipv4(a)) => return Err(TargetError::Address(IpAddr::V4(a))),
        Ok(Host::Ipv6(a)) => return Err(TargetError::Address(IpAddr::V6(a))),
        Err(e) => return Err(TargetError::Idna(e.to_string())),
    };
    if let Some(long) = ascii.split('.').map(str::len).find(|len| *len > 63) {
        return Err(TargetError::LongLabel(long));
    }
    if ascii.len() > 253 {
        return Err(TargetError::LongName(ascii.len()));
    }
    Ok(ascii.to_ascii_lowercase())
}

/// The path under which calls are made: what SDKs are given as endpoint, without the
/// operation that people paste with it.
fn base_path(path: &str) -> String {
    let path = path.trim_end_matches('/');
    for operation in ["/openai/deployments", "/openai/models", "/openai/v1/"] {
        if let Some(at) = path.find(operation) {
            let keep = if operation == "/openai/v1/" { at + "/openai/v1".len() } else { at };
            return path[..keep].to_owned();
        }
    }
    if let Some(project) = path.strip_prefix("/api/projects/") {
        let project = project.split('/').next().unwrap_or(project);
        return format!("/api/projects/{project}");
    }
    path.strip_suffix("/openai").unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
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
            (
                "https://a.openai.azure.com/openai/v1/",
                "a.openai.azure.com",
                "/openai/v1",
                K::Account,
            ),
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
            (
                "a.privatelink.openai.azure.com",
                "a.privatelink.openai.azure.com",
                "",
                K::Privatelink,
            ),
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
            ("https://https://a.openai.azure.com", "twice"),
            ("https://user:canary@a.openai.azure.com", "leave it out"),
            ("canary@a.openai.azure.com", "leave it out"),
            ("canary@myacct", "leave it out"),
            ("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "looks like an API key"),
            ("user:canary://x@a.openai.azure.com", "leave it out"),
            (&format!("https://a.openai.azure.com/{}", "x".repeat(2048)), "at most 2048"),
            ("http://user:canary@a.openai.azure.com", "leave it out"),
            ("user:canary@https://a.openai.azure.com", "leave it out"),
            ("https:\\\\user:canary@a.openai.azure.com", "leave it out"),
            ("https:///user:canary@a.openai.azure.com/?x=http://y", "leave it out"),
            ("canary@a", "leave it out"),
            ("a..openai.azure.com", "empty part"),
            (".openai.azure.com", "empty part"),
            (&format!("{label64}.openai.azure.com"), "64 bytes"),
            (&label64, "64 bytes"),
            ("my account", "no account name"),
            ("a b.openai.azure.com", "' '"),
            ("compare", "kept for a command"),
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
        let seen =
            |typed, service| Target::parse(typed, Some(service)).map(|t| (t.has_call(), t.seen));
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
}
