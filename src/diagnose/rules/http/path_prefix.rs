//! A path that needs a prefix at an account's own name (fact H19).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};

use super::refusal_match::find_refusal;
use super::{list_not_offered, not_found, translator_path};

pub(super) const RULE: Rule = rule!(
    "http-path-prefix",
    Http,
    "The path needs its prefix at an account's own name",
    Code(check)
)
.explains(&["http-not-found"])
.short("404: the path may lack its prefix");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let path = &e.target.base_path;
    let prefixed = translator_path::translator(path)?;
    let (refusal, level) = match find_refusal(e, not_found::RULE.id) {
        Some(refusal) => (refusal, Level::Broken),
        None => (find_refusal(e, list_not_offered::RULE.id)?, Level::Risk),
    };
    Some(
        refusal.finding(
            level,
            Confidence::Inferred,
            format!("404 for {path}: at an account's own name, the path is {prefixed}"),
        )
        .reasoning(
            "Translator's operations are at the root of its shared host \
             (api.cognitive.microsofttranslator.com) and under /translator/text/v3.0 at an \
             account's own name, which answers 404 without that prefix",
        )
        .cites("/target/base_path")
        .owner("Application")
        .step(Step::local(format!(
            "replace {path} with {prefixed} in the application's configuration (keep the old line \
             to undo it)"
        )))
        .check(reading::again(e)),
    )
}
