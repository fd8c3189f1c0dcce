//! Proxy variables that apply to the platform's own address (fact I8f).

use super::acquisition::host;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::identity::{TokenOutcome, TokenPurpose};

pub(super) const RULE: Rule = rule!(
    "identity-metadata-proxied",
    Identity,
    "A proxy variable applies to the platform's own metadata address",
    Code(check)
)
.short("a proxy applies to the metadata service");

/// A risk: the token came straight from the address, and SDKs ask a proxy for it.
fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let how = e.identity.acquisition.as_ref()?;
    if how.outcome != TokenOutcome::Acquired {
        return None;
    }
    // Google's and GitHub's are asked by the application itself.
    let asked_by_sdks =
        |purpose| !matches!(purpose, TokenPurpose::GoogleIdentity | TokenPurpose::GitHubIdentity);
    let (index, request, variable) =
        how.requests.iter().enumerate().find_map(|(index, request)| {
            let variable = request.proxied_by.as_deref()?;
            asked_by_sdks(request.purpose).then_some((index, request, variable))
        })?;
    let place = host(&request.url);
    let bare = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => place.rsplit_once(':').map_or(place, |(bare, _)| bare),
    };
    Some(
        FindingBuilder::new(
            Level::Risk,
            Confidence::Inferred,
            format!("{variable} applies to {place}: SDKs ask a proxy for the token"),
        )
        .fact(format!("this check went straight to {place} and obtained a token"))
        .fact(format!("{variable} is set, and NO_PROXY does not exempt {bare}"))
        .reasoning("the SDK for Python reads these variables for the platform's addresses, too")
        .reasoning("the address answers this machine alone: a proxy elsewhere cannot ask there")
        .cites(format!("/identity/acquisition/requests/{index}/proxied_by"))
        .owner("Application")
        .step(Step::local(format!(
            "append {bare} to NO_PROXY and no_proxy, and keep its present entries; it applies to \
             that shell, and a service needs it in its unit"
        )))
        .check(reading::again(e)),
    )
}
