//! A credential is in hand and was kept back.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::Evidence;
use crate::evidence::identity::Withheld;

use super::credential::credential;

pub(super) const RULE: Rule = rule!(
    "identity-withheld",
    Identity,
    "The credential was kept back: authentication was not tested",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let (why, tells) = match e.identity.withheld? {
        // The walk says these in other words.
        Withheld::NotReached | Withheld::ServiceHasNoCall | Withheld::NoToken => return None,
        Withheld::OnlySystemStoreAccepts => (
            "only this machine's own store accepts the certificate chain",
            reading::again_with(e, "--trust system"),
        ),
        Withheld::AddressNotConfirmed => (
            "the system's resolver did not give the address that was walked",
            format!("getent ahosts {}", e.target.host),
        ),
    };
    Some(
        Because::new(
            Level::Note,
            Sure::Proved,
            format!("authentication was not tested: {}", short_why(e)),
        )
        .seen(format!("{} was not sent", credential(e)))
        .known_by(why)
        .known_by("a secret goes only to a peer that is proved to be the target")
        .tells_it(tells)
        .not_tested()
        .read_at("/identity/withheld"),
    )
}

fn short_why(e: &Evidence) -> &'static str {
    match e.identity.withheld {
        Some(Withheld::OnlySystemStoreAccepts) => "kept back, only the system's store accepts TLS",
        _ => "kept back, the address is not the one that applications get",
    }
}
