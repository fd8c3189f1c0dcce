//! What a world says of Azure: the estate, what the caller may read of it, and what goes wrong.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::model::Estate;

/// `[azure]` of a world: where it is, the tool is asked to read.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Azure {
    /// The estate that it differs from: a file of `fixtures/estates`, `healthy` without it.
    pub base: Option<String>,
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
    /// Ids of managed identities that the metadata service of this machine does not have yet.
    pub metadata_lacks: Vec<String>,
    /// Who asks, and when: by default about a saved report on loopback, and in the run itself in
    /// the kernel lab.
    pub asks_from: Option<From>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// The walk's own machine, of the saved report, in which the addresses of loopback are those of
    /// the estate.
    Report,
    /// An administrator's machine, of the same report.
    Elsewhere,
    /// The walk itself, in the same run: its resolvers are on loopback.
    Run,
}

/// Who asks Resource Manager.
#[derive(Debug, Clone, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
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
        let mut all = base(self.base.as_deref().unwrap_or("healthy"))?;
        differ(&mut all, &self.remove, &self.estate)?;
        Estate::deserialize(all).map_err(|e| e.to_string())
    }

    /// What has the tool ask.
    pub fn options(&self) -> Vec<String> {
        let source = if self.client_secret { "client-secret" } else { "managed-identity" };
        let mut all = ["--azure", "--azure-credential", source].map(str::to_owned).to_vec();
        all.extend(self.arguments.iter().cloned());
        all
    }

    /// The environment of an application that asks with a client secret.
    pub fn environment(&self) -> Vec<(String, String)> {
        let application = [
            ("AZURE_TENANT_ID", super::TENANT),
            ("AZURE_CLIENT_ID", super::CLIENT),
            ("AZURE_CLIENT_SECRET", super::CLIENT_SECRET),
        ];
        let all = application.into_iter().filter(|_| self.client_secret);
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// An estate of `fixtures/estates`. One that is `over` another differs from that in the same way as
/// a world differs from its base.
fn base(name: &str) -> Result<Table, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/estates");
    let file = folder.join(name).with_extension("toml");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut own: Table = text.parse().map_err(|e| format!("{}: {e}", file.display()))?;
    let Some(over) = own.remove("over") else { return Ok(own) };
    let mut all = base(over.as_str().unwrap_or_default())?;
    let removed = own.remove("remove").and_then(|list| list.as_array().cloned());
    let removed = removed.unwrap_or_default();
    let removed: Vec<String> = removed.iter().filter_map(|p| Some(p.as_str()?.into())).collect();
    differ(&mut all, &removed, &own)?;
    Ok(all)
}

fn differ(all: &mut Table, removed: &[String], changed: &Table) -> Result<(), String> {
    for path in removed {
        remove(all, path).ok_or_else(|| format!("{path} is not in the base"))?;
    }
    merge(all, changed);
    Ok(())
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
