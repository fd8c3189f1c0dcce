//! An account of another kind has no list of models: not tested, and not broken (H17, H19).

use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Level, Sure};

use super::said::said;

pub(super) const RULE: Rule = rule!(
    "http-list-not-offered",
    Http,
    "This kind of account has no list of models: the call is not tested",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let service = e.target.service_name.as_deref().unwrap_or("this service");
    Some(
        said.because(
            Level::Note,
            Sure::Inferred,
            format!("not tested: {service} lists no models at {}", e.target.host),
        )
        .known_by(
            "the service answers in its own error format that it has no such resource: the path \
             leads there, the credential was not put to the test",
        )
        .not_tested(),
    )
}
