//! Values of options, checked. The inventory checks its own by the same functions.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;

use super::With;
use crate::credential::{SourceChoice, has_form_of_a_key, holds_signature, looks_like_a_key};
use crate::evidence::Expect;
use crate::evidence::azure::ResourceId;
use crate::evidence::text::{begins_as_url, holds_at_sign, is_guid};
use crate::walk::proxy_choice::{self, ProxyOption};
use crate::world::ConnectOverride;

pub(crate) fn resolver(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, 53));
    }
    text.parse().map_err(|_| {
        "use the address of a resolver: 10.1.0.10, 10.1.0.10:5353 or [fd00::53]:53".to_owned()
    })
}

/// A service that an application calls: `search=NAME`.
pub(super) fn with(text: &str) -> Result<With, String> {
    let pair = text.split_once('=').map(|(kind, name)| (kind.trim(), name.trim()));
    match pair {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() => {
            Ok(With { kind: kind.to_ascii_lowercase(), name: name.to_owned() })
        }
        _ => Err("the form is KIND=NAME, e.g. search=mysearch or keyvault=myvault".to_owned()),
    }
}

pub(crate) fn subscription(text: &str) -> Result<String, String> {
    match is_guid(text) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("use the id of a subscription: 8-4-4-4-12 hexadecimal digits".to_owned()),
    }
}

pub(crate) fn account_id(text: &str) -> Result<ResourceId, String> {
    let id = ResourceId::parse(text).filter(|id| is_guid(id.subscription()));
    id.filter(|id| id.is_a("Microsoft.CognitiveServices/accounts")).ok_or_else(|| {
        "use the id of an account: /subscriptions/<id>/resourceGroups/<group>/providers/\
         Microsoft.CognitiveServices/accounts/<name>"
            .to_owned()
    })
}

pub(crate) fn expect(text: &str) -> Result<Expect, String> {
    const FORM: &str = "expected auto, private, public, closed, any, or a list of prefixes such as \
                        10.3.0.0/24,fd00::/8";
    Ok(match text {
        "auto" => Expect::Auto,
        "private" => Expect::Private,
        "public" => Expect::Public,
        "closed" => Expect::Closed,
        "any" => Expect::Any,
        prefixes => Expect::Cidr {
            prefixes: prefixes
                .split(',')
                .map(|prefix| {
                    let prefix = prefix.trim();
                    IpNet::from_str(prefix)
                        .or_else(|_| IpAddr::from_str(prefix).map(IpNet::from))
                        .map(|net| net.trunc().to_string())
                        .map_err(|_| FORM.to_owned())
                })
                .collect::<Result<_, _>>()?,
        },
    })
}

pub(crate) fn connect_override(text: &str) -> Result<ConnectOverride, String> {
    const FORM: &str = "the form is HOST:PORT:ADDRESS:PORT; HOST is a name or the address from \
                        DNS, ADDRESS an IP address ([..] for IPv6); each may be empty";
    let parts = split_outside_brackets(text);
    let [host, port, address, to_port] = parts.as_slice() else { return Err(FORM.to_owned()) };
    let number = |text: &str| match text {
        "" => Ok(None),
        text => text.parse::<u16>().map(Some).map_err(|_| FORM.to_owned()),
    };
    let bare = |text: &str| text.trim_start_matches('[').trim_end_matches(']').to_owned();
    let address = match bare(address) {
        empty if empty.is_empty() => None,
        address => Some(address.parse().map_err(|_| FORM.to_owned())?),
    };
    Ok(ConnectOverride {
        host: Some(bare(host).trim_end_matches('.').to_owned()).filter(|host| !host.is_empty()),
        port: number(port)?,
        to_address: address,
        to_port: number(to_port)?,
    })
}

/// The parts between colons; brackets are kept together.
fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ':' && depth == 0
    })
    .collect()
}

pub(crate) fn credential(text: &str) -> Result<SourceChoice, String> {
    Ok(match text {
        "auto" => SourceChoice::Auto,
        "none" => SourceChoice::None,
        name => SourceChoice::Named(name.to_owned()),
    })
}

pub(crate) fn deployment(text: &str) -> Result<String, String> {
    // No deployment has these signs in its name (fact H110), and passwords and signatures have.
    let fits = !text.trim().is_empty()
        && text.len() <= 200
        && !text.chars().any(|c| c.is_ascii_punctuation() && !"-_.()".contains(c))
        && !text.chars().any(char::is_control);
    if has_form_of_a_key(text) {
        Err("this looks like a key: expected the name of a deployment, e.g. gpt-4o".to_owned())
    } else if fits {
        Ok(text.to_owned())
    } else {
        Err("expected the name of a deployment, e.g. gpt-4o".to_owned())
    }
}

pub(crate) fn api_version(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && text.len() <= 40
        && !looks_like_a_key(text)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    if fits {
        Ok(text.to_owned())
    } else {
        Err("expected an api-version such as 2024-10-21".to_owned())
    }
}

pub(crate) fn proxy(text: &str) -> Result<ProxyOption, String> {
    Ok(match text {
        "env" => ProxyOption::Env,
        "none" => ProxyOption::None,
        url if holds_at_sign(url) => {
            return Err("a password does not belong on the command line: set HTTPS_PROXY to \
                        the URL"
                .to_owned());
        }
        url => match proxy_choice::parse(url) {
            Some(proxy) if proxy.hides_port => {
                return Err("this may be a user name and a password, not a host and a port: name \
                            the proxy with its domain, e.g. http://proxy.corp:3128"
                    .to_owned());
            }
            Some(_) => ProxyOption::Url(url.to_owned()),
            None => {
                return Err(
                    "expected the URL of a proxy, such as http://proxy.corp:3128".to_owned()
                );
            }
        },
    })
}

/// Why a word is not taken for the path of a file.
const KEY_FOR_FILE: &str = "this looks like a key or a token: expected the path of the file that \
                            holds it, with a ./ before the name of one in this directory";

/// The path of a file, not a URL. A URL may contain a password, and messages about files repeat
/// their paths.
pub(crate) fn file(text: &str) -> Result<String, String> {
    // A drive letter's colon does not precede a password.
    let password = |(before, behind): (&str, &str)| before.len() > 1 && holds_at_sign(behind);
    if begins_as_url(text) || text.split_once(':').is_some_and(password) {
        return Err("expected the path of a file, not a URL".to_owned());
    }
    let refused = match is_path(text) {
        true => holds_signature(text),
        false => has_form_of_a_key(text),
    };
    match refused {
        true => Err(KEY_FOR_FILE.to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Whether a word says that it is a path, as [`KEY_FOR_FILE`] advises and no key or token does. A key
/// in base64 may begin with a `/`.
fn is_path(text: &str) -> bool {
    let here = ["./", "../", "~/", ".\\", "..\\"].iter().any(|start| text.starts_with(start));
    let drive = text.get(1..3).is_some_and(|sign| [":\\", ":/"].contains(&sign));
    let of_root = |path: &str| {
        let first = path.split('/').next().unwrap_or_default();
        let is_word = first.len() >= 3 && first.bytes().all(|byte| byte.is_ascii_lowercase());
        is_word || path.contains(|c: char| !(c.is_ascii_alphanumeric() || "/+=".contains(c)))
    };
    here || drive || text.strip_prefix('/').is_some_and(of_root)
}

/// A file to read that is named in outputs.
pub(crate) fn named_file(text: &str) -> Result<String, String> {
    match looks_like_a_key(text) && !text.contains('\\') {
        true => Err(KEY_FOR_FILE.to_owned()),
        false => file(text),
    }
}

/// A file to write.
pub(super) fn destination(text: &str) -> Result<String, String> {
    match text {
        "-" => {
            Err("- is no file: without this option the result goes to standard output".to_owned())
        }
        _ => file(text),
    }
}

pub(super) fn since(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "expected a time such as 90min, 24h or 7d".to_owned())
}

/// Between the starts of repeated checks: not so short that they look like a flood.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    const LIMITS: std::ops::RangeInclusive<Duration> =
        Duration::from_millis(200)..=Duration::from_secs(3600);
    let time = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    time.filter(|time| LIMITS.contains(time)).ok_or_else(|| {
        "expected a time from 0.2 s to 1 h: seconds such as 0.5, or 500ms, 5s, 1min".to_owned()
    })
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    const FORM: &str = "expected a time in seconds from 0.05 to 3600, e.g. 2 or 0.5";
    let number = text.strip_suffix('s').unwrap_or(text);
    let value: f64 = number.parse().map_err(|_| FORM.to_owned())?;
    if (0.05..=3600.0).contains(&value) {
        Ok(Duration::from_secs_f64(value))
    } else {
        Err(FORM.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_place_of_another_value_is_refused_and_not_repeated() {
        let long = "3kT7pQx9Zb2LmN8vR4sW6yC1dF5gH0jKaB3eD7iJ9lO2qU4wXz6AJQQJ99BBACYeBjFXJ3w3";
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln";
        let signature = "sv=2022-11-02&ss=b&sig=aB3dE5fG7h";
        for key in ["9f8e7d6c5b4a39281706f5e4d3c2b1a0", long, token, signature] {
            for error in [
                deployment(key).unwrap_err(),
                api_version(key).unwrap_err(),
                file(key).unwrap_err(),
                destination(key).unwrap_err(),
            ] {
                assert!(!error.contains(key), "{error}");
            }
        }
        assert!(deployment("Sup3r~Secret_value.abc").is_err());
        assert!(deployment("gpt-4o_2024.08 (prod)").is_ok());
        assert!(api_version("2024-10-01-preview").is_ok());
        for path in ["./9f8e7d6c5b4a39281706f5e4d3c2b1a0", "2026-11-29.json", "key.txt"] {
            assert!(file(path).is_ok(), "{path}");
        }
        // What the message advises helps, for a key of either form and a token.
        for key in [long, token] {
            for path in [format!("./{key}"), format!("./{key}.pem"), format!("/tmp/x-{key}/ca.pem")]
            {
                assert!(file(&path).is_ok() && destination(&path).is_ok(), "{path}");
                assert!(named_file(&path).is_ok(), "{path}");
            }
        }
        for word in [format!("/{long}"), format!("/x/{long}=="), format!("./{signature}")] {
            assert!(file(&word).is_err(), "{word}");
        }
    }

    #[test]
    fn values_are_checked() {
        assert_eq!(resolver("10.1.0.10").unwrap().to_string(), "10.1.0.10:53");
        assert_eq!(resolver("[fd00::53]").unwrap().to_string(), "[fd00::53]:53");
        assert_eq!(resolver("127.0.0.1:5353").unwrap().port(), 5353);
        assert!(resolver("dns.corp").is_err());
        assert_eq!(
            expect("10.3.0.7/24,fd00::/8").unwrap(),
            Expect::Cidr { prefixes: vec!["10.3.0.0/24".into(), "fd00::/8".into()] }
        );
        assert!(expect("privat").is_err());
        assert_eq!(seconds("0.5").unwrap(), Duration::from_millis(500));
        for bad in ["0", "-1", "NaN", "1e99", "x", ""] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        for (text, ms) in
            [("1", 1000), ("0.2", 200), ("500ms", 500), ("1min", 60_000), ("1h", 3_600_000)]
        {
            assert_eq!(interval(text).unwrap(), Duration::from_millis(ms), "{text}");
        }
        for bad in ["0", "0.1", "-1", "NaN", "inf", "1e99", "3601", "2h", "100ms", "x", ""] {
            assert!(interval(bad).is_err(), "{bad}");
        }
        let d = connect_override("a.openai.azure.com:443:[::1]:8443").unwrap();
        assert_eq!((d.to_address, d.to_port), (Some("::1".parse().unwrap()), Some(8443)));
        assert_eq!(connect_override("::127.0.0.1:8443").unwrap().host, None);
        assert!(connect_override("a:443:b:1").is_err());
        assert!(proxy("http://user:canary@p:1").is_err_and(|e| !e.contains("canary")));
        assert!(proxy("http://bob:51234").is_err_and(|e| !e.contains("51234")));
        assert!(proxy("http://proxy:3128").is_ok() && proxy("http://10.0.0.8:51234").is_ok());
    }
}
