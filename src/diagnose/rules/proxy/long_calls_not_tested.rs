//! A proxy carries the call: one short request went through it, and nothing is known of streamed
//! answers and long calls.

use crate::diagnose::rules::tcp::wording;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop};

pub(super) const RULE: Rule = Rule {
    id: "proxy-long-calls-not-tested",
    hop: Hop::Proxy,
    title: "Streamed and long calls through the proxy were not tested",
    page: include_str!("../../../../docs/findings/proxy-long-calls-not-tested.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let hop = e.proxy.saw().filter(|hop| hop.tunnel_stands())?;
    if !reading::tls_verified(e) {
        return None;
    }
    Some(
        Because::new(
            Level::Note,
            Sure::Proved,
            wording::fitting(&[
                format!("not tested: streamed answers and long calls through {}", hop.url),
                "not tested: streamed answers and long calls through the proxy".to_owned(),
            ]),
        )
        .not_tested()
        .seen(format!("{} opened a tunnel, and the call took one short exchange", hop.url))
        .read_at("/proxy/saw/connect")
        .known_by(
            "a proxy may end a tunnel that is idle or that lasts too long, and one that inspects \
             TLS may collect a streamed answer before it passes it on: a short call shows neither",
        ),
    )
}
