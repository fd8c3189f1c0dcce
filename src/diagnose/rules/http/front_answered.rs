//! Something other than the service gave the answer (facts W6, W9-W16): a proxy, a web
//! application firewall, a gateway, a login page.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{Evidence, TargetKind};

use super::answered_by::{AnsweredBy, is_page};
use super::refusals::asks_for_login;
use super::said::{Said, place, said};

pub(super) const RULE: Rule = rule!(
    "http-front-answered",
    Http,
    "Something in front of the service gave the answer",
    Code(check)
)
.short("the answer is not known to come from the service");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let who = said.who();
    let product = who.product();
    let status = said.answer.status;
    // A bare 401 to a call without a credential is what the service would say as well: only
    // who said it is open.
    let unproved = status == 401
        && !asks_for_login(said.answer)
        && !(is_page(said.answer) && product.is_some());
    let name = match (product, &who) {
        (Some(mark), _) => mark.product,
        (None, AnsweredBy::GatewayFrame) => "an API Management gateway",
        (None, _) => "something in front",
    };
    let (level, says) = if unproved {
        (
            Level::Risk,
            format!("401 {} without a word of the service: who answers is open", place(e)),
        )
    } else {
        (Level::Broken, clause(&said, name))
    };
    let sure = if unproved {
        Sure::Possible
    } else if product.is_some_and(|mark| mark.verified) || status == 407 {
        Sure::Proved
    } else {
        Sure::Inferred
    };
    let mut because = said.because(level, sure, says);
    for name in ["server", "via", "x-squid-error", "www-authenticate", "proxy-authenticate"] {
        if let Some(line) = said.header_line(name) {
            because = because.seen(line);
        }
    }
    because = because.known_by(how(&said));
    because = match product {
        Some(mark) if mark.verified => {
            because.known_by(format!("the mark in the answer is that of {}", mark.product))
        }
        Some(mark) => because.known_by(format!("the mark in the answer hints at {}", mark.product)),
        None => because.tells_it(format!("curl -sv https://{}/ -o /dev/null", e.target.host)),
    };
    because = because.ruled_out("DNS, TCP and TLS: the certificate covers the name");
    if workspace(e, &said) {
        because = because.known_by(
            "nginx's own 403 at a Foundry name was reported from the front end of a workspace (hub \
             or project): its network rules, not those of Azure OpenAI, then refuse the call",
        );
    }
    Some(fix(e, &said, because, name).check(reading::again(e)))
}

fn clause(said: &Said<'_>, name: &str) -> String {
    match said.answer.status {
        407 => format!("{name} wants a proxy login inside the tunnel"),
        401 if asks_for_login(said.answer) => format!("{name} wants its own login: 401"),
        403 => format!("{name} refuses the call: 403"),
        status @ 500..=599 => format!("{name} answers {status} in place of the service"),
        status @ 200..=299 => format!("{name} answers {status} with no list of the service's"),
        status => format!("{name} answers {status} in place of the service"),
    }
}

/// Whether the answer may be that of a workspace's front end (fact W16).
fn workspace(e: &Evidence, said: &Said<'_>) -> bool {
    let foundry = e.target.kind == TargetKind::Project
        || matches!(e.target.service.as_deref(), Some("aiservices" | "azureml"));
    let nginx = said.who().product().is_some_and(|mark| mark.product == "nginx");
    foundry && nginx && said.answer.status == 403 && is_page(said.answer)
}

fn how(said: &Said<'_>) -> &'static str {
    match said.answer.status {
        407 => "a 407 comes from a proxy, never from the service",
        401 if asks_for_login(said.answer) => {
            "the service knows keys and bearer tokens; a Basic, Digest, NTLM or Negotiate login is \
             something else's"
        }
        401 => "no JSON frame and no header of the service says that this 401 is its own",
        _ if said.answer.error.is_some() => {
            "the frame and the words are those of API Management, without the service's headers"
        }
        200..=299 => "the call succeeds by its status, but the body is not the service's list",
        _ if is_page(said.answer) => "the service answers with JSON; this is a page for people",
        _ => "the answer has neither the service's error format nor a header of the service",
    }
}

fn fix(e: &Evidence, said: &Said<'_>, because: Because, name: &str) -> Because {
    let host = &e.target.host;
    let because = because.owner("Network").act(Step::look(match said.who().product() {
        Some(_) => format!("find out which team runs {name} on the way to {host}"),
        None => format!("find out what is on the way to {host}, and which team runs it"),
    }));
    let because = match workspace(e, said) {
        true => because.look(
            "or see whether the workspace takes calls from this network",
            "az ml workspace show -n <workspace> -g <group> --query public_network_access",
        ),
        false => because,
    };
    match said.answer.status {
        500..=599 => because.look(
            "from where it runs, see whether it reaches the service",
            format!("aoai-probe {}", reading::word(host)),
        ),
        200..=299 => because.act(Step::look(
            "look for a captive portal, a login page or a wrong backend: each does this",
        )),
        _ => because.act(
            Step::shared(
                format!(
                    "let it pass this call: {} to {host}, this one host; the block may be \
                     deliberate: ask the team that made it first",
                    said.call.method
                ),
                "every client behind it may then call this account",
            )
            .undo("take the rule out again")
            .opens(),
        ),
    }
}
