//! A 403 in the service's frame for a reason that the catalogue does not know (fact T26).

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Hop};

use super::said::{place, said};

pub(super) const RULE: Rule = Rule {
    id: "http-forbidden",
    hop: Hop::Http,
    title: "The service answers 403 for a reason that is not in the catalogue",
    page: include_str!("../../../../docs/findings/http-forbidden.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let account = reading::account(e);
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
            "three causes remain: a network security perimeter, an IP filter of a gateway in \
             front, or a policy of the account",
        )
        .ruled_out("a missing role: this service says that with 401 PermissionDenied")
        .tells_it(format!(
            "az cognitiveservices account show -n {account} -g <group> --query \
             \"properties.{{access:publicNetworkAccess,rules:networkAcls}}\""
        ))
        .tells_it("az network perimeter association list -g <group> --perimeter-name <perimeter>")
        .owner("Azure")
        .look(
            "see the account's network rules",
            format!("az cognitiveservices account network-rule list -n {account} -g <group>"),
        )
        .step("give the message above to whoever runs the account or the gateway in front")
        .check(reading::again(e)),
    )
}
