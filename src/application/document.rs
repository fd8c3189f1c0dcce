//! Parts as an inventory: what `generate inventory` prints, and what `app` walks.

use super::{Origin, PART, Part, UNUSED, USED};

/// The inventory of `parts`. Its text holds names alone, never a key.
#[must_use]
pub fn document(parts: &[Part]) -> String {
    let mut out = String::from(
        "# What the application calls. Credentials are named here, never written: see\n\
         # docs/inventory.md for `api_key_file`, `api_key_variable` and `credential`.\n",
    );
    for part in parts {
        out.push_str(&one(part));
    }
    out
}

fn one(part: &Part) -> String {
    let seen = &part.target.seen;
    let port = if seen.port == 443 { String::new() } else { format!(":{}", seen.port) };
    let url = format!("https://{}{port}{}", seen.host, seen.base_path);
    let mut out = format!("\n# {}\n[[target]]\ntarget = {}\n", origin(part), text(&url));
    if !seen.base_path.is_empty() || !port.is_empty() {
        // Its name alone, given as a target, has to lead to the same place.
        out.push_str(&format!("name = {}\n", text(&url)));
    }
    if let Some(service) = part.service {
        out.push_str(&format!("service = {}\n", text(service)));
    }
    if !part.may_be_private() {
        // A host without private endpoints is public, and its address is no fault.
        out.push_str("expect = \"any\"\n");
    }
    if !part.is_used() {
        // No key goes to a name that is not configured.
        out.push_str("credential = \"none\"\n");
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
