//! Resource Manager: who asks, what, and the resource or collection that answers.

use serde_json::{Value, json};

use super::http::{Asked, Reply};
use super::resources::kind_of;
use super::{HOST, Mock, effective, errors, graph, token, versions};

/// The path of Resource Graph, in lower case.
pub const GRAPH_PATH: &str = "/providers/microsoft.resourcegraph/resources";

impl Mock {
    /// The right answer to a request; what no client of ours may ask is a violation besides.
    pub fn answer(&self, asked: &Asked) -> Reply {
        let host = asked.header("host").unwrap_or_default();
        if host.trim_end_matches(":443") != HOST {
            self.violation(format!("the host {host}"));
        }
        if let Err(refused) = token::check(asked, &self.rights, self.now) {
            return refused;
        }
        let Some(version) = asked.query("api-version") else {
            self.violation(format!("no version: {}", asked.target));
            return errors::no_version();
        };
        let path = asked.path.trim_end_matches('/').to_owned();
        let lower = path.to_ascii_lowercase();
        if lower == GRAPH_PATH {
            return match asked.method.as_str() {
                "POST" if versions::GRAPH.contains(&version) => graph::answer(self, asked),
                "POST" => self.other_version(
                    "Microsoft.ResourceGraph/resources",
                    version,
                    versions::GRAPH,
                ),
                method => self.other_method(method, &path),
            };
        }
        let computes = ["/effectiveroutetable", "/effectivenetworksecuritygroups"]
            .iter()
            .any(|end| lower.ends_with(end));
        if asked.method != if computes { "POST" } else { "GET" } {
            return self.other_method(&asked.method, &path);
        }
        if lower != "/subscriptions" && !lower.starts_with("/subscriptions/") {
            self.violation(format!("no such path: {path}"));
            return errors::unknown_type(&path, version);
        }
        let kind = collection_kind(&path);
        let Some(known) = versions::find(&kind) else {
            self.violation(format!("no such type: {kind} in {path}"));
            return errors::unknown_type(&kind, version);
        };
        if !known.versions.contains(&version) {
            return self.other_version(&kind, version, known.versions);
        }
        if computes {
            return effective::compute(self, &path, version);
        }
        if kind.ends_with("/operationResults") {
            return effective::result(self, &path);
        }
        self.get(asked, &path, known)
    }

    fn other_method(&self, method: &str, path: &str) -> Reply {
        self.violation(format!("{method} {path}"));
        errors::no_method(method)
    }

    fn other_version(&self, kind: &str, version: &str, supported: &[&str]) -> Reply {
        self.violation(format!("version {version} of {kind}"));
        errors::unknown_version(kind, version, supported)
    }

    fn get(&self, asked: &Asked, path: &str, kind: &versions::Kind) -> Reply {
        if path.eq_ignore_ascii_case("/subscriptions") {
            let seen = self.resources.iter().filter(|r| r.kind == kind.name);
            let seen = seen.filter(|r| self.rights.sees(&r.id)).map(|r| r.body.clone()).collect();
            return self.page(asked, seen, kind);
        }
        let subscription = path.split('/').take(3).collect::<Vec<_>>().join("/");
        let id = subscription.rsplit('/').next().unwrap_or_default();
        let Some(own) = self.resources.get(&subscription) else {
            return errors::no_subscription(id);
        };
        let tenant = own.body["tenantId"].as_str().unwrap_or_default();
        if tenant != self.rights.tenant {
            return errors::wrong_tenant(&self.rights.tenant, tenant);
        }
        let is_collection = is_collection(path);
        let action = format!("{}/read", kind.name);
        let scope = match is_collection {
            true => parent(path),
            false => path.to_owned(),
        };
        // Roles are read through any scope of the subscription that they are granted over (C43).
        let allowed = match kind.name {
            "Microsoft.Authorization/roleDefinitions" => {
                self.rights.may_somewhere(&action, &own.id)
            }
            _ => self.rights.may(&action, &scope),
        };
        if !allowed {
            return errors::forbidden(&self.rights.object_id, &action, &scope);
        }
        if let Some(missing) = self.missing_parent(&scope, is_collection) {
            return missing;
        }
        match (is_collection, kind.name) {
            (true, "Microsoft.Authorization/roleAssignments") => self.assignments(asked, &scope),
            (true, "Microsoft.Authorization/denyAssignments") => self.denies(asked, &scope, kind),
            (true, "Microsoft.Authorization/permissions") => self.page(
                asked,
                vec![json!({ "actions": ["*/read"], "notActions": [],
                    "dataActions": [], "notDataActions": [] })],
                kind,
            ),
            (true, "Microsoft.CognitiveServices/deletedAccounts") => {
                let deleted =
                    "Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts";
                let all = self.resources.below(&scope, deleted);
                self.page(asked, all.into_iter().map(|r| r.body.clone()).collect(), kind)
            }
            (true, name) => {
                let all = self.resources.below(&scope, name);
                let shown = all.into_iter().filter(|r| self.rights.may(&action, &r.id));
                self.page(asked, shown.map(|r| r.body.clone()).collect(), kind)
            }
            (false, _) => match self.resources.get(path) {
                Some(resource) => Reply::json(200, &resource.body),
                None => self.not_found(path, kind.name),
            },
        }
    }

    /// Whether what a collection belongs to is not there.
    fn missing_parent(&self, scope: &str, is_collection: bool) -> Option<Reply> {
        let group = segment(scope, "resourcegroups")?;
        let subscription = scope.split('/').take(3).collect::<Vec<_>>().join("/");
        let below = format!("{subscription}/resourceGroups/{group}/").to_ascii_lowercase();
        if !self.resources.iter().any(|r| r.id.to_ascii_lowercase().starts_with(&below)) {
            return Some(errors::no_group(group));
        }
        let is_resource = scope.to_ascii_lowercase().contains("/providers/");
        (is_collection && is_resource && self.resources.get(scope).is_none())
            .then(|| self.not_found(scope, &kind_of(scope)))
    }

    fn not_found(&self, path: &str, kind: &str) -> Reply {
        let name = path.rsplit('/').next().unwrap_or_default();
        match kind.matches('/').count() {
            1 => errors::not_found(kind, name, segment(path, "resourcegroups").unwrap_or("")),
            _ => errors::child_not_found(path),
        }
    }

    /// Assignments over a scope, the inherited ones too (fact C30).
    fn assignments(&self, asked: &Asked, scope: &str) -> Reply {
        let filter = asked.query("$filter").unwrap_or_default();
        let wanted = filter.strip_prefix("assignedTo('").and_then(|rest| rest.strip_suffix("')"));
        let Some(wanted) = wanted else {
            self.violation(format!("the filter {filter:?}"));
            return errors::bad_request("The filter is not supported.");
        };
        let lower = scope.to_ascii_lowercase();
        let all = self.assigned.iter().filter(|(id, principals)| {
            let over = id.split("/providers/microsoft.authorization/").next().unwrap_or_default();
            let rest = lower.strip_prefix(over);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                && principals.iter().any(|p| p == wanted)
        });
        let bodies = all.filter_map(|(id, _)| Some(self.resources.get(id)?.body.clone())).collect();
        let kind = versions::find("Microsoft.Authorization/roleAssignments");
        kind.map_or_else(errors::no_token, |kind| self.page(asked, bodies, kind))
    }

    /// Deny assignments at a scope and above it (fact C64).
    fn denies(&self, asked: &Asked, scope: &str, kind: &versions::Kind) -> Reply {
        if asked.query("$filter") != Some("atScope()") {
            self.violation("deny assignments without atScope()".to_owned());
            return errors::bad_request("The filter is not supported.");
        }
        let lower = scope.to_ascii_lowercase();
        let all = self.resources.iter().filter(|one| {
            let id = one.id.to_ascii_lowercase();
            let over = id.split_once("/providers/microsoft.authorization/denyassignments/");
            let rest = over.and_then(|(over, _)| lower.strip_prefix(over));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        self.page(asked, all.map(|one| one.body.clone()).collect(), kind)
    }

    /// A page of a collection.
    fn page(&self, asked: &Asked, items: Vec<Value>, kind: &versions::Kind) -> Reply {
        let start: usize = asked.query("$skiptoken").and_then(|t| t.parse().ok()).unwrap_or(0);
        let size = if kind.paged { self.page } else { usize::MAX };
        let end = items.len().min(start.saturating_add(size));
        let mut body = json!({ "value": items.get(start..end).unwrap_or_default() });
        if end < items.len() {
            let own: Vec<&str> =
                asked.target.split('&').filter(|part| !part.contains("skip")).collect();
            body["nextLink"] = format!("https://{HOST}{}&$skipToken={end}", own.join("&")).into();
        }
        Reply::json(200, &body)
    }
}

/// Whether a path names a collection: its provider is followed by types and names in turn.
fn is_collection(path: &str) -> bool {
    let Some((_, rest)) = split_last_provider(path) else { return false };
    // An interface's instance view has no name of its own.
    !rest.to_ascii_lowercase().ends_with("/instanceview") && rest.matches('/').count() % 2 == 1
}

/// What a collection belongs to: a resource, a group, or a subscription.
fn parent(path: &str) -> String {
    let Some((before, rest)) = split_last_provider(path) else { return path.to_owned() };
    match rest.matches('/').count() {
        1 => before.to_owned(),
        _ => path.rsplit_once('/').map_or(path, |(parent, _)| parent).to_owned(),
    }
}

fn split_last_provider(path: &str) -> Option<(&str, &str)> {
    let at = path.to_ascii_lowercase().rfind("/providers/")?;
    Some((&path[..at], &path[at + "/providers/".len()..]))
}

/// Provider and type of an id or a collection, as the table spells it.
fn collection_kind(path: &str) -> String {
    let Some((_, rest)) = split_last_provider(path) else {
        return match path.matches('/').count() {
            1 | 2 => "Microsoft.Resources/subscriptions".to_owned(),
            _ => "Microsoft.Resources/subscriptions/resourceGroups".to_owned(),
        };
    };
    let mut segments = rest.split('/');
    let mut kind = segments.next().unwrap_or_default().to_owned();
    while let Some(segment) = segments.next() {
        kind.push('/');
        kind.push_str(segment);
        segments.next();
    }
    versions::find(&kind).map_or(kind, |known| known.name.to_owned())
}

/// The segment after a key.
pub fn segment<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    let mut segments = path.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case(key))?;
    segments.next()
}
