//! Parts as an inventory: what `generate inventory` prints, and what `app` walks.

use std::collections::BTreeSet;

use super::{Origin, PART, Part, UNUSED, USED};
use crate::inventory;

/// The inventory of `parts`. Its text holds names alone, never a key.
#[must_use]
pub fn document(parts: &[Part]) -> String {
    let mut out = String::from(
        "# What the application calls. Credentials are named here, never written: see\n\
         # docs/inventory.md for `api_key_file`, `api_key_variable` and `credential`.\n",
    );
    let mut names = BTreeSet::new();
    for part in parts {
        let name = name(part, &names);
        out.push_str(&one(part, &name));
        names.insert(name);
    }
    out
}

/// The URL of a part.
#[must_use]
pub fn url(part: &Part) -> String {
    let seen = &part.target.seen;
    let port = if has_own_port(part) { String::new() } else { format!(":{}", seen.port) };
    format!("https://{}{port}{}", seen.host, seen.base_path)
}

/// Whether its port is the one that its service has by itself.
fn has_own_port(part: &Part) -> bool {
    part.target.seen.port == part.target.service().map_or(443, |service| service.port)
}

/// Its name, which no other part has: its host, or its URL where the host alone, given as a target,
/// leads elsewhere. Not every URL is a legal name.
fn name(part: &Part, taken: &BTreeSet<String>) -> String {
    let seen = &part.target.seen;
    let url = url(part);
    let is_host = seen.base_path.is_empty() && has_own_port(part);
    let name = if !is_host && inventory::is_name(&url) { &url } else { &seen.host };
    let numbered = (2_usize..).map(|number| format!("{name} ({number})"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

fn one(part: &Part, name: &str) -> String {
    let mut out = format!("\n# {}\n[[target]]\ntarget = {}\n", origin(part), text(&url(part)));
    if name != part.target.seen.host {
        out.push_str(&format!("name = {}\n", text(name)));
    }
    if let Some(service) = part.service {
        out.push_str(&format!("service = {}\n", text(service)));
    }
    if !part.may_be_private() {
        // A host without private endpoints is public, and its address is no fault.
        out.push_str("expect = \"any\"\n");
    }
    if let Some(credential) = part.credential {
        // The key and the token of the account are for no other name.
        out.push_str(&format!("credential = {}\n", text(credential)));
    }
    let used = if part.is_used() { String::new() } else { format!(", {USED} = \"{UNUSED}\"") };
    out.push_str(&format!("labels = {{ {PART} = {}{used} }}\n", text(&part.label)));
    out
}

fn origin(part: &Part) -> String {
    match part.origin {
        Origin::CommandLine => "from the command line".to_owned(),
        Origin::Variable(name) => format!("from {name}"),
        Origin::Credential => "the credential requests its token there".to_owned(),
        Origin::Certificate => {
            "named by a certificate, for clients that check revocation".to_owned()
        }
        Origin::Implied if part.is_account() => {
            "another name of the account; nothing that is configured uses it".to_owned()
        }
        Origin::Implied => "where a token would be requested".to_owned(),
    }
}

/// A string of TOML: one of JSON is one of TOML's basic strings as well.
fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}
