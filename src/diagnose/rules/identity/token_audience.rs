//! The token is for another service (facts H8, I17, G2b).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::{Evidence, TargetKind};

use super::credential::{claims, credential, look_at_token, plain_audience, rejected, scope};
use super::token_refused::named_audience;

pub(super) const RULE: Rule =
    rule!("identity-token-audience", Identity, "The token is for another audience", Code(check))
        .explains(&["identity-token-refused", "identity-unauthorized"])
        .short("the token is for another audience");

/// Foundry's audience, which Azure OpenAI takes as well (fact G2b): never at fault.
const FOUNDRY: &str = "https://ai.azure.com";

/// The audience of the token, where it is that of another service.
pub(in crate::diagnose::rules) fn other_audience(e: &Evidence) -> Option<&str> {
    let audience = claims(e)?.audience.as_deref()?;
    let is = plain_audience(audience);
    // An application's id as audience cannot be compared with a URL.
    if e.identity.wanted_audiences.is_empty() || !is.contains(':') {
        return None;
    }
    let wanted = |candidate: &str| plain_audience(candidate).eq_ignore_ascii_case(is);
    let foundry = e.target.kind != TargetKind::Project && wanted(FOUNDRY);
    (!foundry && !e.identity.wanted_audiences.iter().any(|a| wanted(a))).then_some(audience)
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = rejected(e)?;
    let audience = other_audience(e)?;
    let is = plain_audience(audience);
    let wanted = |candidate: &str| plain_audience(candidate).eq_ignore_ascii_case(is);
    let project = e.target.kind == TargetKind::Project;
    // It may name two, of which the path decides (fact X18).
    let named = named_audience(&said).filter(|named| named.starts_with("https://"));
    if !project && named.is_some_and(|named| named.split(" or ").any(|one| wanted(one.trim()))) {
        return None;
    }
    let mut finding = said
        .finding(
            said.level(e),
            if named.is_some() && !project { Confidence::Proved } else { Confidence::Inferred },
            format!("{} is for {is}", credential(e)),
        )
        .fact(format!("aud {audience}"))
        .cites("/identity/claims/audience")
        .cites("/identity/wanted_audiences");
    finding = match named {
        Some(named) => {
            finding.reasoning(format!("the service names the audience it wants: {named}"))
        }
        None => finding.reasoning(format!(
            "the service refuses the token, and tokens for it are issued for {}",
            e.identity.wanted_audiences.join(" or ")
        )),
    };
    if project {
        finding = finding.reasoning(
            "the audience follows the path: a Foundry project takes https://ai.azure.com alone, \
             paths of Azure OpenAI take https://cognitiveservices.azure.com too",
        );
    }
    Some(
        finding
            .owner("Application")
            .inspect("get a token for the right audience", look_at_token(e))
            .step(Step::local(format!(
                "set the scope of the application's credential to {}",
                scope(e)
            )))
            .check(reading::again(e)),
    )
}
