//! A credential is in hand and was kept back.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Evidence;
use crate::evidence::identity::Withheld;
use crate::services;

use super::credential::credential;

pub(super) const RULE: Rule = rule!(
    "identity-withheld",
    Identity,
    "The credential was kept back: authentication was not tested",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (why, tells) = match e.identity.withheld? {
        // Other findings report these.
        Withheld::NotReached | Withheld::ServiceHasNoCall | Withheld::NoToken => return None,
        Withheld::ServiceTakesNoKey => (
            "the service takes tokens alone: a key would be wrong there, and is not its to see"
                .to_owned(),
            reading::again_with(e, "--credential managed-identity"),
        ),
        Withheld::CallerNotTested => {
            let service = e.target.service_name.as_deref().unwrap_or("this service");
            return Some(
                FindingBuilder::new(
                    Level::Note,
                    Confidence::Proved,
                    format!("authentication was not tested: no caller is tested at {service}"),
                )
                .fact(format!("{} was not sent", credential(e)))
                .reasoning("the call goes without a credential: it tests the path alone")
                .not_tested()
                .cites("/identity/withheld"),
            );
        }
        Withheld::KeyOfAnotherService => (
            format!(
                "it is a key of another service: {}'s own would be in {}",
                e.target.service_name.as_deref().unwrap_or("the service"),
                own_variables(e)
            ),
            reading::again_with(e, "--credential azure-cli"),
        ),
        Withheld::OnlySystemStoreAccepts => (
            "only this machine's own store accepts the certificate chain".to_owned(),
            reading::again_with(e, "--trust system"),
        ),
        Withheld::AddressNotConfirmed => (
            "the system's resolver did not give the address that was used".to_owned(),
            format!("getent ahosts {}", e.target.host),
        ),
    };
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Proved,
            format!("authentication was not tested: {}", short_why(e)),
        )
        .fact(format!("{} was not sent", credential(e)))
        .reasoning(why)
        .reasoning("a secret goes only to a peer that is proved to be the target")
        .decide_with(tells)
        .not_tested()
        .cites("/identity/withheld"),
    )
}

/// The variables that hold a key of the target's service.
fn own_variables(e: &Evidence) -> String {
    let keys = services::keys_of(reading::service(e));
    keys.map(|keys| keys.variables.join(", ")).unwrap_or_default()
}

fn short_why(e: &Evidence) -> &'static str {
    match e.identity.withheld {
        Some(Withheld::OnlySystemStoreAccepts) => "kept back, only the system's store accepts TLS",
        Some(Withheld::KeyOfAnotherService) => "kept back, the key is another service's",
        Some(Withheld::ServiceTakesNoKey) => "kept back, the service takes tokens and no keys",
        _ => "kept back, the address is not the one that applications get",
    }
}
