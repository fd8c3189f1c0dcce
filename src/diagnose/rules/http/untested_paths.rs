//! What a green walk did not test: the path behind a gateway, the calls of others, and calls that
//! last longer than this one (facts W10, T18, H25).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Expect, TargetKind};

use super::host_kind::host_kind;
use super::refusal_match::{pointer, walked_private};

pub(super) const RULES: [Rule; 3] = [
    rule!(
        "http-gateway-leg",
        Http,
        "A gateway answers: its own call to the account takes another path",
        Code(gateway)
    ),
    rule!(
        "http-other-callers",
        Http,
        "The portal, agents and other services call from elsewhere",
        Code(other_callers)
    ),
    rule!(
        "http-long-calls",
        Http,
        "Streaming and long calls through the proxy were not tested",
        Code(long_calls)
    ),
];

/// Whether the main call was accepted, and accepting was the expected result.
fn green(e: &View<'_>) -> bool {
    let main = reading::main_call(e).filter(|call| call.credential_sent && e.http.accepted());
    main.is_some() && e.options.expect != Expect::Closed
}

fn note(message: String) -> FindingBuilder {
    FindingBuilder::new(Level::Note, Confidence::Proved, message).not_tested().cites(pointer(0))
}

fn gateway(e: &View<'_>) -> Option<FindingBuilder> {
    let host_kind = host_kind(e);
    if !host_kind.is_gateway() || !green(e) {
        return None;
    }
    let finding = note(format!("not tested: the path from {} to the account", host_kind.name())).reasoning(
        "this check proves the path to the gateway and the gateway's answer (the list may be its \
         own); its call to the account leaves from its own network, with its own resolver and \
         credential",
    );
    Some(match host_kind.behind(e) {
        Some(command) => finding.decide_with(command),
        None => finding.decide_with(host_kind.show(e)),
    })
}

fn other_callers(e: &View<'_>) -> Option<FindingBuilder> {
    let project = e.target.kind == TargetKind::Project;
    // The portal's chat and agents call accounts alone.
    let other = reading::service(e).is_some_and(|service| !service.is_account());
    if other || !green(e) || reading::proxied(e) || !walked_private(e) || host_kind(e).is_gateway()
    {
        return None;
    }
    let who = match project {
        true => "agents and the portal's chat",
        false => "the portal's chat and other services",
    };
    Some(note(format!("not tested: calls from {who}, which take other paths")).reasoning(
        "a private endpoint serves only networks that can reach it; the portal's chat calls from \
         the browser's network, and agents, AI Search and other services from their own networks",
    ))
}

fn long_calls(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = e.proxy.value()?;
    if !green(e) {
        return None;
    }
    Some(
        note(format!("not tested: streaming and long calls through {}", proxy.url))
            .reasoning(
                "proxies buffer streams and close connections that are idle for some minutes; \
                 this tool's calls are short",
            )
            .owner("Application")
            .step(Step::inspect(
                "repeat the application's own streaming call with curl -N, through the same proxy",
            ))
            .cites("/proxy"),
    )
}
