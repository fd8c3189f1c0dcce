//! What people type for a target, read into host, port and path.

use std::net::IpAddr;

use url::{Host, Url};

use super::{TargetError, is_no_value};
use crate::secret::has_form_of_a_key;

/// The longest target that is read, in bytes.
pub(super) const LONGEST: usize = 2048;

/// The commands of this program, which come before any option and are no bare account names.
pub const COMMANDS: &[&str] = &[
    "check", "app", "watch", "serve", "history", "explain", "diagnose", "azure", "compare",
    "generate", "help",
];

/// Whether a word of a template is where the host belongs: no name has such brackets. A path may have
/// one, as documentation writes it.
pub(super) fn has_placeholder(typed: &str) -> bool {
    let host = typed.split_once("://").map_or(typed, |(_, behind)| behind);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    [('<', '>'), ('{', '}')].iter().any(|(open, close)| {
        host.split_once(*open).is_some_and(|(_, behind)| behind.contains(*close))
    })
}

/// A bare name: an account, or a host name.
pub(super) fn from_name(typed: &str) -> Result<String, TargetError> {
    let name = typed.strip_suffix('.').unwrap_or(typed);
    if name.contains('.') {
        return host_name(name);
    }
    if COMMANDS.contains(&name) {
        return Err(TargetError::Command(name.to_owned()));
    }
    if is_no_value(name) {
        return Err(TargetError::Placeholder);
    }
    let fits = (2..=64).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match name.len() {
        _ if name.is_empty() => Err(TargetError::EmptyLabel),
        64 if fits => Err(TargetError::LongLabel(64)),
        _ if has_form_of_a_key(name) => Err(TargetError::Key),
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
pub(super) fn from_url(typed: &str) -> Result<(String, Option<u16>, String), TargetError> {
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
    // What is typed counts, also where it is the scheme's own port.
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let typed_port = url.port().or(authority.ends_with(":443").then_some(443));
    let host = if name.contains('.') { host_name(name)? } else { from_name(name)? };
    // A client calls the host of a URL as it stands: an account of that name may be another's.
    if !name.contains('.') && (typed.contains("://") || typed_port.is_some()) {
        return Err(TargetError::OneLabel);
    }
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
pub(super) fn base_path(path: &str) -> String {
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
