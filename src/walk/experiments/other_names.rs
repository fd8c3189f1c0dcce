//! Names that an experiment asks for in place of the target's: those of the same account under other
//! suffixes, and names that have nothing to do with it.

use crate::services;
use crate::target::Target;

/// The account's name under another suffix of the same resource (facts D2, D4): it has the same
/// owner, and the same front end knows it.
#[must_use]
pub fn sibling(target: &Target) -> Option<String> {
    siblings(target).into_iter().next()
}

/// The account's names under every other suffix of the same resource.
#[must_use]
pub fn siblings(target: &Target) -> Vec<String> {
    let (Some(account), Some(own)) = (&target.seen.account, &target.seen.public_suffix) else {
        return Vec::new();
    };
    services::other_names(own).map(|suffix| format!("{account}.{suffix}")).collect()
}

/// Names that a filter for the target's name would let through: the login host of its cloud
/// (fact D24), which allow lists of Azure users contain, and a name that is reserved for examples
/// (RFC 2606), which block lists do not contain.
#[must_use]
pub fn unrelated_names(target: &Target) -> Vec<String> {
    vec![target.cloud().login_host().to_owned(), "example.com".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sibling_name_belongs_to_the_same_account() {
        let name = |typed| sibling(&Target::parse(typed, None).unwrap());
        assert_eq!(name("myacct").as_deref(), Some("myacct.cognitiveservices.azure.com"));
        assert_eq!(name("a.services.ai.azure.com").as_deref(), Some("a.openai.azure.com"));
        assert_eq!(name("a.openai.azure.us").as_deref(), Some("a.cognitiveservices.azure.us"));
        assert_eq!(name("v.vault.azure.net"), None);
        assert_eq!(name("gateway.corp.example"), None);
    }
}
