//! The key or token, and its request.

use super::{Fact, Mark, text};
use crate::evidence::identity::{CredentialKind, IdentityHop, Withheld};
use crate::render::token_request;

/// The credential, and whether it was sent.
#[must_use]
pub fn identity(hop: &IdentityHop) -> Fact {
    let mut fact = match &hop.acquisition {
        Some(how) => token_request::fact(hop, how),
        None => available_credential(hop),
    };
    let shown_already = [None, Some(Withheld::NoToken)].contains(&hop.withheld);
    if let Some(why) = hop.withheld.filter(|_| hop.kind != CredentialKind::None && !shown_already) {
        fact.notes.insert(0, format!("not sent: {}", text::withheld(why)));
        // That the path ends before the call is visible from the hop that breaks.
        fact.first = usize::from(why != Withheld::NotReached);
    }
    if let Some(seconds) = hop.claims.as_ref().and_then(|claims| claims.expires_in_s) {
        fact = fact.note(match seconds {
            ..0 => format!("expired {} min ago", seconds.unsigned_abs() / 60),
            _ => format!("expires in {} min", seconds / 60),
        });
    }
    fact
}

/// A credential that needs no request, or none.
fn available_credential(hop: &IdentityHop) -> Fact {
    let mut text = text::credential(hop.kind).to_owned();
    if let Some(source) = &hop.source {
        text.push_str(&format!(" ({source})"));
    }
    let mark = match (hop.kind, hop.withheld) {
        (CredentialKind::None, _) | (_, Some(_)) => Mark::NotDone,
        _ => Mark::Works,
    };
    let mut fact = Fact::new(mark, text, None);
    let old = &hop.configured.old_variables;
    if hop.kind == CredentialKind::None && !old.is_empty() {
        fact = fact.note(format!("for old SDKs, ignored: {}", old.join(", ")));
    }
    fact
}
