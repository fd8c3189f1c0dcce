//! A 403 in the service's frame for a reason that the catalogue does not know (fact T26).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::aim::aim;
use super::said::{place, said};

pub(super) const RULE: Rule = rule!(
    "http-forbidden",
    Http,
    "The service answers 403 for a reason that is not in the catalogue",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    Some(
        said.because(
            said.level(e),
            Sure::Possible,
            format!("the call {} is refused with 403, for an unknown reason", place(e)),
        )
        .known_by(
            "the answer has an error frame, but none of the words by which the service names its \
             network rules, its keys or a missing role",
        )
        .known_by(
            "three causes remain: an IP filter of a gateway in front, a policy of the account, or a \
             network decision in words that are not in the catalogue; a missing role is less \
             likely, since this service reports it as 401 PermissionDenied",
        )
        .tells_it(aim(e).show(e))
        .tells_it("az network perimeter association list -g <group> --perimeter-name <perimeter>")
        .owner("Azure platform")
        .look(format!("see {} and its network rules", aim(e).name()), aim(e).show(e))
        .act(Step::look(format!(
            "give the message above to the team that runs {}",
            aim(e).name()
        )))
        .check(reading::again(e)),
    )
}
