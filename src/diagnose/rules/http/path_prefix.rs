//! A path that the service wants with a prefix at an account's own name (fact H19).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::said::said;
use super::{list_not_offered, not_found, paths};

pub(super) const RULE: Rule = rule!(
    "http-path-prefix",
    Http,
    "The path needs its prefix at an account's own name",
    Code(check)
)
.explains(&["http-not-found"])
.short("404: the path may lack its prefix");

fn check(e: &View<'_>) -> Option<Because> {
    let path = &e.target.base_path;
    let prefixed = paths::translator(path)?;
    let (said, level) = match said(e, not_found::RULE.id) {
        Some(said) => (said, Level::Broken),
        None => (said(e, list_not_offered::RULE.id)?, Level::Risk),
    };
    Some(
        said.because(
            level,
            Sure::Inferred,
            format!("404 below {path}: at an account's own name it is {prefixed}"),
        )
        .known_by(
            "Translator's operations stand at the root of its shared host \
             (api.cognitive.microsofttranslator.com) and below /translator/text/v3.0 at an \
             account's own name, where they get 404 without it",
        )
        .read_at("/target/base_path")
        .owner("Application")
        .act(Step::local(format!(
            "put {prefixed} into the application's configuration in place of {path} (keep the old \
             line to undo it)"
        )))
        .check(reading::again(e)),
    )
}
