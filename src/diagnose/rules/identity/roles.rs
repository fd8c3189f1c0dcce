//! Which built-in role allows which data action (facts G4, G5, G6).

use crate::diagnose::reading;
use crate::diagnosis::Step;

/// A row: the first pattern that covers an action names the least role that has it.
struct Grant {
    /// The data action below `Microsoft.CognitiveServices/accounts/`; `*` covers anything.
    action: &'static str,
    /// The role.
    role: &'static str,
}

pub(super) const OPENAI_USER: &str = "Cognitive Services OpenAI User";
const OPENAI_CONTRIBUTOR: &str = "Cognitive Services OpenAI Contributor";
const AZURE_AI_USER: &str = "Azure AI User";

const ACCOUNTS: &str = "Microsoft.CognitiveServices/accounts/";

const GRANTS: &[Grant] = &[
    // G4: left out of the user's role in so many words.
    Grant { action: "OpenAI/stored-completions/read", role: OPENAI_CONTRIBUTOR },
    Grant { action: "OpenAI/*/read", role: OPENAI_USER },
    Grant { action: "OpenAI/engines/completions/action", role: OPENAI_USER },
    Grant { action: "OpenAI/engines/search/action", role: OPENAI_USER },
    Grant { action: "OpenAI/engines/generate/action", role: OPENAI_USER },
    Grant { action: "OpenAI/deployments/audio/action", role: OPENAI_USER },
    Grant { action: "OpenAI/deployments/search/action", role: OPENAI_USER },
    Grant { action: "OpenAI/deployments/completions/action", role: OPENAI_USER },
    Grant { action: "OpenAI/deployments/chat/completions/action", role: OPENAI_USER },
    Grant { action: "OpenAI/deployments/realtime/action", role: OPENAI_USER },
    Grant { action: "OpenAI/deployments/extensions/chat/completions/action", role: OPENAI_USER },
    Grant { action: "OpenAI/deployments/embeddings/action", role: OPENAI_USER },
    Grant { action: "OpenAI/images/generations/action", role: OPENAI_USER },
    Grant { action: "OpenAI/assistants/*", role: OPENAI_USER },
    // G5: the user's role does not list responses/write; the contributor's covers OpenAI/*.
    Grant { action: "OpenAI/*", role: OPENAI_CONTRIBUTOR },
    // H13, G6
    Grant { action: "AIServices/*", role: AZURE_AI_USER },
];

/// The least built-in role that has a data action, if the table knows one.
pub(super) fn role_for(action: &str) -> Option<&'static str> {
    let (start, rest) = action.split_at_checked(ACCOUNTS.len())?;
    if !start.eq_ignore_ascii_case(ACCOUNTS) {
        return None;
    }
    GRANTS.iter().find(|grant| covers(grant.action, rest)).map(|grant| grant.role)
}

/// Gives `principal` a role at the account's own scope; `says` begins the words, `kind` is
/// `ServicePrincipal` or `User` where it is known.
pub(super) fn grant(says: &str, principal: &str, kind: Option<&str>, role: &str) -> Step {
    let principal = reading::word(principal);
    // With the kind, a principal that was just made is found as well.
    let assignee = match kind {
        Some(kind) => {
            format!("--assignee-object-id {principal} --assignee-principal-type {kind}")
        }
        None => format!("--assignee {principal}"),
    };
    Step::shared(
        format!("{says} {role}, on this account alone (Terraform: azurerm_role_assignment)"),
        "whoever can act as this identity can then call every deployment of the account",
    )
    .command(format!(
        "az role assignment create {assignee} --role \"{role}\" --scope <account resource id>"
    ))
    .undo(format!(
        "az role assignment delete --assignee {principal} --role \"{role}\" \
         --scope <account resource id>"
    ))
}

/// Whether a pattern with at most one `*` covers an action.
fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    match pattern.split_once('*') {
        None => pattern == action,
        Some((start, end)) => {
            action.len() >= start.len() + end.len()
                && action.starts_with(start)
                && action.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_role_is_named() {
        for (action, role) in [
            ("OpenAI/deployments/chat/completions/action", Some(OPENAI_USER)),
            ("OpenAI/models/read", Some(OPENAI_USER)),
            ("openai/responses/write", Some(OPENAI_CONTRIBUTOR)),
            ("OpenAI/stored-completions/read", Some(OPENAI_CONTRIBUTOR)),
            ("AIServices/agents/read", Some(AZURE_AI_USER)),
            ("Language/query-text/action", None),
        ] {
            assert_eq!(role_for(&format!("{ACCOUNTS}{action}")), role, "{action}");
        }
        assert_eq!(role_for("Microsoft.Search/searchServices/read"), None);
    }
}
