//! What a green walk did not walk: the legs behind a gateway, the calls of others, and calls that
//! last longer than this one (facts W10, T18, H25).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{Expect, TargetKind};

use super::aim::aim;
use super::said::{pointer, walked_private};

pub(super) const RULES: [Rule; 3] = [
    rule!(
        "http-gateway-leg",
        Http,
        "A gateway answers: its own call to the account is another path",
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

/// Whether the main call was accepted, and nothing else was asked to be proved.
fn green(e: &View<'_>) -> bool {
    let main = reading::main_call(e).filter(|call| call.credential_sent && e.http.accepted());
    main.is_some() && e.asked.expect != Expect::Closed
}

fn note(says: String) -> Because {
    Because::new(Level::Note, Sure::Proved, says).not_tested().read_at(pointer(0))
}

fn gateway(e: &View<'_>) -> Option<Because> {
    let aim = aim(e);
    if !aim.is_gateway() || !green(e) {
        return None;
    }
    let because = note(format!("not walked: the leg from {} to the account", aim.name())).known_by(
        "the walk proves the path to the gateway and what it answers (the list may be its own); \
         its call to the account leaves from its own network, by its own resolver and credential",
    );
    Some(match aim.behind(e) {
        Some(command) => because.tells_it(command),
        None => because.tells_it(aim.show(e)),
    })
}

fn other_callers(e: &View<'_>) -> Option<Because> {
    let project = e.target.kind == TargetKind::Project;
    if !green(e) || reading::proxied(e) || !walked_private(e) || aim(e).is_gateway() {
        return None;
    }
    let who = match project {
        true => "agents and the portal's chat",
        false => "the portal's chat and of other services",
    };
    Some(note(format!("not walked: calls of {who}, which have paths of their own")).known_by(
        "a private endpoint serves the networks that reach it; the portal's chat calls \
                 from the browser's network, and agents, AI Search and other services from \
                 networks of their own",
    ))
}

fn long_calls(e: &View<'_>) -> Option<Because> {
    let proxy = e.proxy.saw()?;
    if !green(e) {
        return None;
    }
    Some(
        note(format!("not tested: streaming and calls of minutes through {}", proxy.url))
            .known_by(
                "proxies buffer streams and cut connections that are idle for some minutes; the \
                 walk's calls are short",
            )
            .owner("Application")
            .act(Step::look(
                "make the application's own streaming call with curl -N, through the same proxy",
            ))
            .read_at("/proxy"),
    )
}
