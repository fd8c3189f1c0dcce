//! The proxy wants a login: 407 (fact W15; RFC 9110, section 15.5.8).

use crate::diagnose::{Because, Rule, View, headline};
use crate::diagnosis::{Step, Sure};

use super::answers::{Why, refusal};
use super::exempt;

pub(super) const RULE: Rule =
    rule!("proxy-auth-required", Proxy, "The proxy wants a login (407)", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let refusal = refusal(e).filter(|r| r.why() == Why::Login)?;
    let schemes: Vec<&str> = refusal
        .all("proxy-authenticate")
        .iter()
        .filter_map(|value| value.split_whitespace().next())
        .collect();
    let named = match schemes.as_slice() {
        [] => "no scheme named".to_owned(),
        some => some.join(", "),
    };
    let url = &refusal.hop.url;
    let says =
        if refusal.hop.has_password { "refuses the login that is set" } else { "wants a login" };
    let because = refusal
        .broken(
            e,
            Sure::Proved,
            headline::fitting(&[
                format!("the proxy {url} {says} (407: {named})"),
                format!("the proxy {says} (407)"),
            ]),
        )
        .known_by(format!("its own words: 407, Proxy-Authenticate: {named}"));
    let basic = schemes.iter().any(|s| s.eq_ignore_ascii_case("basic"));
    Some(if !schemes.is_empty() && !basic {
        because.act(Step::local(format!(
            "the proxy offers {named} and not Basic: most SDKs speak only Basic; exempt the \
             service, or let a local proxy do the login"
        )))
    } else if refusal.hop.has_password {
        because.act(Step::look("see that the proxy's user and password are right and not locked"))
    } else if exempt::is_private(e) {
        because.act(Step::local(
            "or give the proxy's URL its user and password, where policy wants it",
        ))
    } else {
        because.act(Step::local("give the proxy's URL its user and password")).act(
            Step::shared(
                "or let this machine in without a login, by its one address",
                "whoever uses this machine's address passes the proxy unnamed",
            )
            .undo("remove the exception again"),
        )
    })
}
