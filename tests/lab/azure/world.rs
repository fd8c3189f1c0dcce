//! What a world says of Azure: the estate, what the caller may read of it, and what goes wrong.

use std::path::Path;

use serde::Deserialize;
use toml::Table;

use super::model::Estate;

/// `[azure]` of a world: where it is, the tool is asked to read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Azure {
    /// What differs from the base estate: tables are merged, everything else is replaced.
    pub estate: Table,
    /// Paths of tables that the base has and this estate has not, e.g. `zones.openai.links.hub`.
    pub remove: Vec<String>,
    /// Who asks.
    pub caller: Caller,
    /// What goes wrong.
    pub fault: Vec<Fault>,
    /// Rows that Resource Graph does not have yet, by the end of their ids: it learns of changes
    /// late (fact C1).
    pub graph_lacks: Vec<String>,
    /// Items of a page of a collection or query.
    pub page: Option<usize>,
    /// Whether this machine's metadata service says which machine it is.
    pub metadata: Option<bool>,
    /// Who asks, and when.
    pub asks_from: From,
    /// Whether the token is requested with a client secret, not with the machine's identity.
    pub client_secret: bool,
    /// Options besides `--azure`.
    pub arguments: Vec<String>,
    /// Reads that must have been made, by a part of their path or query.
    pub asks: Vec<String>,
    /// How the first line of `aoai-probe azure` begins over this estate; not run without it.
    pub audit: Option<String>,
    /// Reads that must not have been made.
    pub asks_not: Vec<String>,
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// The walk's own machine, of the saved report, in which the addresses of loopback are those of
    /// the estate.
    #[default]
    Report,
    /// An administrator's machine, of the same report.
    Elsewhere,
    /// The walk itself, in the same run: its resolvers are on loopback.
    Run,
}

/// Who asks Resource Manager.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Caller {
    /// Its object id.
    pub object_id: String,
    /// Its tenant.
    pub tenant: String,
    /// Rights, as `role over scope`: a role of the estate, and a scope such as
    /// `subscriptions/prod`, `groups/net-rg` (of `prod`), `accounts/myacct`, or an id.
    pub may: Vec<String>,
}

impl Default for Caller {
    fn default() -> Self {
        Self {
            object_id: super::CALLER.to_owned(),
            tenant: super::TENANT.to_owned(),
            may: vec!["Reader over subscriptions/prod".to_owned()],
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Where: a part of the path, or of a query, without regard to case; everywhere without it.
    #[serde(default)]
    pub at: String,
    /// What.
    pub does: Does,
    /// How long, in milliseconds.
    #[serde(default)]
    pub ms: u64,
}

/// What an answer is in place of the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Does {
    /// The first time: 429 with `Retry-After`.
    ThrottleOnce,
    /// Each time: 429 with `Retry-After`.
    Throttle,
    /// The right one, late.
    Slow,
    /// None.
    Silent,
    /// A close.
    Close,
    /// 200 and bytes that are no JSON.
    Garbage,
    /// 200 and JSON of another shape.
    OtherShape,
    /// 200 and a sign-in page.
    Html,
    /// 302 to another host.
    Redirect,
    /// The right one with a `nextLink` to another host.
    HostileNextLink,
    /// 500.
    ServerError,
    /// 403, fact C40, for what arrives through Resource Manager's own private link.
    PrivateLinkRestricted,
    /// 403, fact C40, for what arrives publicly.
    PublicRestricted,
    /// 403 as for a caller without the right.
    Refuse,
    /// 404 as for a resource that is not there.
    Absent,
    /// 400: the only version is an older one.
    OlderVersion,
    /// 200 with terminal escapes in every text.
    Escapes,
    /// 200 whose body has no end.
    Endless,
}

impl Azure {
    /// The estate: the base with what differs.
    ///
    /// # Errors
    /// The base cannot be read, or the whole is no estate.
    pub fn estate(&self) -> Result<Estate, String> {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/estates/healthy.toml");
        let text =
            std::fs::read_to_string(&base).map_err(|e| format!("{}: {e}", base.display()))?;
        let mut all: Table = text.parse().map_err(|e| format!("{}: {e}", base.display()))?;
        for path in &self.remove {
            remove(&mut all, path).ok_or_else(|| format!("{path} is not in the base"))?;
        }
        merge(&mut all, &self.estate);
        Estate::deserialize(all).map_err(|e| e.to_string())
    }
}

/// Names of zones have dots: a part of the path is quoted where it has some.
fn remove(all: &mut Table, path: &str) -> Option<()> {
    let mut parts: Vec<String> = Vec::new();
    let mut quoted = false;
    let mut part = String::new();
    for c in path.chars() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    let mut at = all;
    for parent in parts {
        at = at.get_mut(&parent)?.as_table_mut()?;
    }
    at.remove(&part).map(drop)
}

fn merge(base: &mut Table, patch: &Table) {
    for (key, value) in patch {
        match (base.get_mut(key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            _ => drop(base.insert(key.clone(), value.clone())),
        }
    }
}
