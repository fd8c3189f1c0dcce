//! A path that the service wants with a prefix at an account's own name (fact H19).

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{Evidence, Hop};

use super::paths;
use super::said::said;

pub(super) const RULE: Rule = Rule {
    id: "http-path-prefix",
    hop: Hop::Http,
    title: "The path needs its prefix at an account's own name",
    page: include_str!("../../../../docs/findings/http-path-prefix.md"),
    explains: &["http-not-found"],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let path = &e.target.base_path;
    let prefixed = paths::translator(path)?;
    let (said, level) = match said(e, "http-not-found") {
        Some(said) => (said, Level::Broken),
        None => (said(e, "http-list-not-offered")?, Level::Risk),
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
