//! Proxy variables as they are shown: without user names, passwords and what may be one.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::{HTTP_VARIABLES, NO_PROXY_VARIABLES, PROXY_VARIABLES, may_be_a_password, parse};
use crate::evidence::text::{clean, holds_at_sign};
use crate::evidence::vantage::ProxyVariable;
use crate::secret::{has_form_of_a_key, holds_long_key};
use crate::world::Environment;

/// Entries of a list that are looked at for its 300 characters of text: each has a comma.
const ENTRIES_SHOWN: usize = 301;

/// The proxy variables that are set, without user names and passwords.
#[must_use]
pub fn shown_variables(environment: &Environment) -> Vec<ProxyVariable> {
    let known: Vec<&str> = [&PROXY_VARIABLES[..], &HTTP_VARIABLES, &NO_PROXY_VARIABLES].concat();
    // Python reads other spellings too, such as `Https_Proxy`.
    let other = environment.names().filter(|name| {
        !known.contains(name) && known.iter().any(|one| one.eq_ignore_ascii_case(name))
    });
    known
        .iter()
        .copied()
        .chain(other.take(OTHER_SPELLINGS_SHOWN))
        .filter(|name| environment.has(name))
        .filter_map(|name| {
            let value = environment.get(name)?;
            let list = name.eq_ignore_ascii_case("no_proxy");
            let blank_around = !list && value.trim() != value;
            let value = if list { masked_list(value) } else { masked(value) };
            Some(ProxyVariable { name: name.to_owned(), value, blank_around })
        })
        .collect()
}

/// How many variables of other spellings are shown.
const OTHER_SPELLINGS_SHOWN: usize = 8;

/// What is shown in place of a value that may hold a password.
pub(super) const NOT_SHOWN: &str = "[not shown]";

/// A proxy variable's value without user name and password: what is no proxy's URL is not shown
/// at all, for its password may be anywhere in it.
pub(super) fn masked(value: &str) -> String {
    let Some(proxy) = parse(value) else { return NOT_SHOWN.to_owned() };
    let bare = value.trim();
    if proxy.hides_port {
        return clean(&proxy.url, 300);
    }
    match holds_at_sign(bare) || !bare.bytes().all(|c| c.is_ascii_graphic()) {
        true => clean(&proxy.url.replacen("://", "://***@", 1), 300),
        false => clean(&without_path(bare), 300),
    }
}

/// A URL without the part after its host: a proxy does not need it, and it may hold a token.
fn without_path(url: &str) -> String {
    let host = url.find("://").map_or(0, |at| at + "://".len());
    match url[host..].find(['/', '\\', '?', '#']).map(|at| host + at + 1) {
        Some(end) if end < url.len() => format!("{}{NOT_SHOWN}", &url[..end]),
        _ => url.to_owned(),
    }
}

/// NO_PROXY's value, each entry masked.
fn masked_list(list: &str) -> String {
    let mask = ListMask::of(list);
    // What is beyond the bound of the text is not looked at.
    let entries: Vec<String> =
        list.split(',').take(ENTRIES_SHOWN).map(|entry| mask.entry(entry)).collect();
    clean(&entries.join(","), 300)
}

/// What of a list may be shown. A password may hold a comma itself: in a list with an `@` only
/// entries behind it are.
pub(super) struct ListMask<'a> {
    /// The entries behind the last `@`; none where the list holds none.
    behind: Option<BTreeSet<&'a str>>,
}

impl<'a> ListMask<'a> {
    pub(super) fn of(list: &'a str) -> Self {
        let behind = list.split(',').rev().take_while(|entry| !holds_at_sign(entry));
        Self { behind: holds_at_sign(list).then(|| behind.map(str::trim).collect()) }
    }

    /// An entry without user name and password.
    pub(super) fn entry(&self, entry: &str) -> String {
        let bare = entry.trim();
        let shown = self.behind.as_ref().is_none_or(|behind| behind.contains(bare));
        // A file that is read without a shell keeps the quotation marks in the value.
        match shown && is_plain_entry(bare.trim_matches(['"', '\''])) {
            true => clean(entry, 255),
            false => NOT_SHOWN.to_owned(),
        }
    }
}

/// Whether an entry is a name, an address, a prefix or a URL of one: nothing that may be a
/// password.
fn is_plain_entry(entry: &str) -> bool {
    let host = match entry.split_once("://") {
        Some((_, host)) => host.trim_end_matches('/'),
        None => entry,
    };
    let numeric = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if numeric(port) => {
            // No port of a client's target is as likely as a password here.
            if !port.is_empty() && may_be_a_password(name, Some(port.parse().unwrap_or(0))) {
                return false;
            }
            name
        }
        Some(_) => return address || host.parse::<IpNet>().is_ok() || host.starts_with('['),
        None => host,
    };
    let plain = |c: char| c.is_alphanumeric() || " -_.*/;[]:|".contains(c);
    name.chars().all(plain) && !holds_long_key(name) && !has_form_of_a_key(name)
}
