//! What the caller may do: roles over scopes, as Azure's own access control has it.

use super::model::Estate;
use super::resources::Names;
use super::world::Caller;

/// Who asks, with its roles.
#[derive(Debug, Clone)]
pub struct Rights {
    pub object_id: String,
    pub tenant: String,
    grants: Vec<Grant>,
}

#[derive(Debug, Clone)]
struct Grant {
    actions: Vec<String>,
    /// In lower case.
    scope: String,
}

impl Rights {
    /// Reads `role over scope`.
    ///
    /// # Errors
    /// There is no such role or scope.
    pub fn of(caller: &Caller, estate: &Estate) -> Result<Self, String> {
        let grant = |text: &String| {
            let (role, scope) =
                text.split_once(" over ").ok_or_else(|| format!("{text:?}: role over scope"))?;
            let role = estate.roles.get(role).ok_or_else(|| format!("no role {role}"))?;
            let scope = Names(estate).scope(scope)?.to_ascii_lowercase();
            Ok(Grant { actions: role.actions.clone(), scope })
        };
        Ok(Self {
            object_id: caller.object_id.clone(),
            tenant: caller.tenant.clone(),
            grants: caller.may.iter().map(grant).collect::<Result<_, String>>()?,
        })
    }

    /// Whether an action over a scope is allowed.
    pub fn may(&self, action: &str, scope: &str) -> bool {
        let scope = scope.to_ascii_lowercase();
        let holds = |grant: &&Grant| {
            let rest = scope.strip_prefix(grant.scope.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let matches = |grant: &Grant| grant.actions.iter().any(|a| wildcard(a, action));
        self.grants.iter().filter(holds).any(matches)
    }

    /// Whether an action is allowed over anything in a subscription.
    pub fn may_somewhere(&self, action: &str, subscription: &str) -> bool {
        let below = subscription.to_ascii_lowercase();
        let mut grants = self.grants.iter().filter(|grant| grant.scope.starts_with(&below));
        grants.any(|grant| grant.actions.iter().any(|a| wildcard(a, action)))
    }

    /// Whether it sees anything in a subscription.
    pub fn sees(&self, subscription: &str) -> bool {
        let below = subscription.to_ascii_lowercase();
        self.grants.iter().any(|grant| grant.scope.starts_with(&below))
    }
}

/// `*` is any run of characters.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}
