//! The call goes to a public address although the account has a private endpoint, and the operator
//! has no expectation (`--expect any`; facts D30, H1).

use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::Expect;

use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-public-path",
    Dns,
    "The call goes to a public address, and the account has a private endpoint",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let endpoint = gives::endpoint(e)?;
    if e.asked.expect != Expect::Any || !reading::public_only(e) || reading::proxied(e) {
        return None;
    }
    let public = e.dns.effective();
    let mut because = Because::new(
        Level::Note,
        Sure::Inferred,
        words::clause(
            format!(
                "the path to {} is public: the account has a private endpoint elsewhere",
                words::brief(&public)
            ),
            "the path is public: the account has a private endpoint elsewhere",
        ),
    )
    .caveat()
    .read_at("/dns/walked");
    because = match endpoint {
        gives::Endpoint::Alias { index, alias } => {
            because.seen(format!("alias {alias}")).read_at(format!("/dns/resolvers/{index}"))
        }
        gives::Endpoint::Address { index, address } => because
            .seen(format!("{} gives {address}", e.dns.resolvers[index].label()))
            .read_at(format!("/dns/resolvers/{index}")),
    };
    Some(
        because
            .known_by(
                "--expect any accepts either path; clients inside the private endpoint's network \
                 take the private one, which this walk did not test",
            )
            .tells_it(reading::again_with(e, "--expect private")),
    )
}
