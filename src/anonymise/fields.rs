//! Fields that are not free text: closed words of this program, ids, and names of one word. Every
//! other field is a text, in which only words that are known to be harmless stay.

use serde_json::Value;

use super::prose::Whose;
use super::words::{Words, has_two_letters};
use super::{Anonymiser, azure, known};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A word of this program, of a registry or of a variable's name.
    Closed,
    /// An address, a name, a URL or a path of the user's.
    Typed,
    /// A DNS name or an address.
    Name,
    /// An id: a whole word that means nothing but itself.
    Id,
    /// The name of an interface.
    Interface,
    /// A time of which the day stays: public logs find a certificate by its second.
    Day,
    /// The subject or issuer of a certificate.
    Distinguished,
    /// An organisation that a certificate names.
    Owner,
    /// Anything else.
    Text,
}

/// Fields by their name; `parent/name` where the name alone does not decide.
const FIELDS: &[(Kind, &[&str])] = &[
    (
        Kind::Closed,
        &[
            "accepted_by",
            "begins",
            "by",
            "cipher_suite",
            "class",
            "cloud",
            "empty",
            "frame",
            "negotiated/group",
            "alpn",
            "id",
            "kind",
            "lacks",
            "looks_like",
            "secret_stands_for",
            "lookup_by",
            "matches",
            "meaning",
            "method",
            "misspelt",
            "missing",
            "near_misses",
            "neighbour",
            "old_variables",
            "os",
            "payload",
            "platform",
            "private_zone",
            "probe",
            "proxied_by",
            "public_suffix",
            "purpose",
            "rcode",
            "role",
            "scheme",
            "service",
            "service_name",
            "set",
            "started",
            "state",
            "stopped_at",
            "store",
            "subject_kind",
            "suffix_service",
            "tested",
            "token_proxy",
            "transport",
            "trimmed",
            "trust",
            "variable",
            "version",
            "withheld",
            "faults",
            "expires",
            "file_mode_open",
            "variables/name",
            "decision/name",
            "reason/name",
            "clients/client",
        ],
    ),
    (
        Kind::Typed,
        &[
            "account",
            "base_path",
            "ca_file",
            "connect_to",
            "deployment",
            "file",
            "input",
            "options",
            "path",
            "prefixes",
            "proxy",
            "roles",
            "script",
            "scope",
            "scopes",
            "source",
            "subject",
            "url",
            "variables/value",
            "inventory/name",
            "authority_host",
            "applies",
            "issuer_url",
            "revocation_urls",
            "managed_identity",
            "audience",
            "wanted_audiences",
            "read_from",
            "headers/via",
            "headers/server",
            "headers/proxy-status",
            "headers/x-cache",
            "headers/x-cache-lookup",
            "headers/x-bluecoat-via",
        ],
    ),
    (
        Kind::Name,
        &[
            "host",
            "name",
            "entry",
            "bypass",
            "exempted_by",
            "zone",
            "mname",
            "rname",
            "server_name",
            "search",
            "names",
            "namespace",
            "also",
            "data",
            "hosts",
        ],
    ),
    (
        Kind::Id,
        &[
            "sha256",
            "activity_id",
            "correlation_id",
            "trace_id",
            "tenant",
            "object",
            "application",
            "client",
            "apim-request-id",
            "microsoft-azure-api-management-correlation-id",
            "x-azure-ref",
            "x-ms-client-request-id",
            "x-ms-request-id",
            "x-request-id",
            "azureml-model-session",
        ],
    ),
    (Kind::Interface, &["interface", "interface/name", "resolvers/scope", "tunnels_down"]),
    (Kind::Day, &["not_before", "not_after"]),
    (Kind::Distinguished, &["chain/subject", "chain/issuer"]),
    (Kind::Owner, &["issuer_common_name", "issuer_organization"]),
    (Kind::Text, &["error/kind", "extended_errors/text"]),
];

fn kind(name: &str, parent: &str) -> Kind {
    let both = format!("{parent}/{name}");
    let find = |wanted: &str| FIELDS.iter().find(|(_, names)| names.contains(&wanted));
    find(&both).or_else(|| find(name)).map_or(Kind::Text, |(kind, _)| *kind)
}

impl Anonymiser {
    /// Replaces what a field holds; elements of a list have its name.
    pub(super) fn field(&mut self, value: &mut Value, name: &str, parent: &str) {
        match value {
            Value::String(text) => *text = self.string(text, kind(name, parent)),
            Value::Number(_) if name == "serial" => *value = Value::from(1),
            Value::Array(list) => {
                list.iter_mut().for_each(|one| self.field(one, name, parent));
            }
            Value::Object(_) if name == "azure" && parent != "vantage" => self.azure(value),
            Value::Object(fields) if name == "headers" => {
                let header = fields.get("name").and_then(Value::as_str).map(str::to_owned);
                let header = header.unwrap_or_default();
                if let Some(Value::String(text)) = fields.get_mut("value") {
                    *text = self.header(&header, text);
                }
                if let Some(Value::String(text)) = fields.get_mut("name") {
                    *text = self.prose(text, Whose::Sentence);
                }
            }
            Value::Object(fields) if is_exceptions(fields) => {
                if let Some(Value::String(text)) = fields.get_mut("value") {
                    *text = self.exceptions(text);
                }
            }
            Value::Object(fields) => {
                // Below `done` the value of a hop has the hop's own name.
                for (key, one) in fields.iter_mut() {
                    let of_hop = key == "value" && !one.is_string();
                    let key = if of_hop { name } else { key.as_str() };
                    let above = if of_hop { parent } else { name };
                    self.field(one, key, above);
                }
            }
            _ => {}
        }
    }

    fn string(&mut self, text: &str, kind: Kind) -> String {
        match kind {
            Kind::Closed if text.starts_with('/') => return self.path(text),
            Kind::Closed => return text.to_owned(),
            _ => {}
        }
        if let Some(address) = self.address(text) {
            return address;
        }
        match kind {
            Kind::Closed | Kind::Text => self.prose(text, Whose::Sentence),
            Kind::Typed => self.typed(text),
            Kind::Name => self.host(text),
            Kind::Interface => self.interface(text),
            Kind::Day => match text.get(..11).filter(|day| day.ends_with('T')) {
                Some(day) => format!("{day}00:00:00Z"),
                None => self.prose(text, Whose::Sentence),
            },
            Kind::Id if text.contains(['/', ':', '.', ' ', '=']) => self.typed(text),
            Kind::Id => self.words.id(text),
            Kind::Distinguished => self.distinguished(text),
            Kind::Owner => self.owner(text),
        }
    }

    /// A text of the user's; a single word of it is a name, also where it is an ordinary one.
    pub(super) fn typed(&mut self, text: &str) -> String {
        match self.words.replacement(text) {
            Some(new) => new,
            None => self.prose(text, Whose::Typed),
        }
    }

    /// The hosts of `NO_PROXY`.
    fn exceptions(&mut self, text: &str) -> String {
        let hosts = text.split_inclusive([',', ' ']).map(|entry| {
            let host = entry.trim_end_matches([',', ' ']);
            self.host(host) + &entry[host.len()..]
        });
        hosts.collect()
    }

    fn header(&mut self, name: &str, value: &str) -> String {
        match name {
            // A date as HTTP writes it: its words are those of the calendar.
            "date" if value.len() == 29 && value.ends_with(" GMT") => value.to_owned(),
            "strict-transport-security" => value.to_owned(),
            _ => self.string(value, kind(name, "headers")),
        }
    }

    /// A distinguished name: the country, too, is the owner's.
    fn distinguished(&mut self, text: &str) -> String {
        let parts = text.split(", ").map(|part| match part.split_once('=') {
            Some(("C", "US")) => part.to_owned(),
            Some(("C", _)) => "C=ZZ".to_owned(),
            Some((key, value)) => {
                format!("{}={}", self.prose(key, Whose::Sentence), self.owner(value))
            }
            None => self.owner(part),
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// A name of an owner; a number alone is one as well, or a postal code.
    fn owner(&mut self, text: &str) -> String {
        match text.contains(char::is_alphabetic) || text.is_empty() {
            true => self.prose(text, Whose::Owner),
            false => self.words.replace(text, "word"),
        }
    }
}

/// Whether two letters are the key of a part of a certificate's name, a word of the authorities
/// that everybody has, or an ordinary one, which may mean itself in a sentence.
fn is_public(letters: &str) -> bool {
    let (upper, lower) = (letters.to_ascii_uppercase(), letters.to_ascii_lowercase());
    upper == "US"
        || known::KEYS.contains(&upper.as_str())
        || known::SERIES.contains(&lower.as_str())
        || known::LABELS.contains(&lower.as_str())
        || known::AUTHORITIES.split_whitespace().any(|word| word == lower)
}

/// Whether an object is the variable `NO_PROXY`.
fn is_exceptions(fields: &serde_json::Map<String, Value>) -> bool {
    let name = fields.get("name").and_then(Value::as_str);
    name.is_some_and(|name| name.eq_ignore_ascii_case("no_proxy"))
}

/// Gives the names that a report holds as a whole field their replacements, so that they are found
/// in texts as well.
pub(super) fn find_names(report: &Value, words: &mut Words) {
    if let Some(name) = report.get("name").and_then(Value::as_str) {
        words.replace(name, "target");
    }
    find(&report["evidence"], "", words);
}

fn find(value: &Value, name: &str, words: &mut Words) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| find(one, name, words)),
        Value::Object(fields) => {
            for (key, one) in fields {
                if key == "azure" && name != "vantage" {
                    azure::find_names(one, words);
                }
                if let Some(text) = one.as_str() {
                    find_in(text, key, name, words);
                }
                let of_hop = key == "value";
                find(one, if of_hop { name } else { key }, words);
            }
        }
        _ => {}
    }
}

fn find_in(text: &str, key: &str, parent: &str, words: &mut Words) {
    let mut add = |text: &str, kind| {
        if !text.is_empty() {
            words.replace(text, kind);
        }
    };
    match (parent, key) {
        ("target", "account") => add(text, "account"),
        ("options", "deployment") => add(text, "deployment"),
        ("inventory", "name") => add(text, "target"),
        ("chain", "subject" | "issuer" | "issuer_organization" | "issuer_common_name") => {
            let values = text.split([',', ' ', '=']);
            for word in values.filter(|word| word.len() == 2 && has_two_letters(word, is_public)) {
                add(word, "word");
            }
        }
        ("vantage", "host") => {
            let first = text.split('.').next().unwrap_or_default();
            let plain = first.parse::<u32>().is_err() && !known::LABELS.contains(&first);
            add(if plain { first } else { "" }, "host");
        }
        ("target", "base_path") | ("beyond" | "calls", "path") => {
            let mut before = "";
            for segment in text.split(['/', '?']) {
                known::kind_after(before).into_iter().for_each(|kind| add(segment, kind));
                before = segment;
            }
        }
        _ => {}
    }
}
