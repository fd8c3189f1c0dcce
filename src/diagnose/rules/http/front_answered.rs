//! Something other than the service sent the answer (facts W6, W9-W16, H92): a proxy, a web application
//! firewall, a gateway, a login page.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Evidence, Expect, TargetKind};

use super::answered_by::{AnsweredBy, is_page};
use super::host_kind::{GATEWAY_TEAM, host_kind};
use super::network_fix;
use super::pages;
use super::refusal_match::{MatchedRefusal, find_refusal, place, request};
use super::refusals::asks_for_login;

pub(super) const RULE: Rule = rule!(
    "http-front-answered",
    Http,
    "Something in front of the service sent the answer",
    Code(check)
)
.short("the answer may not come from the service");

/// What nginx's own 403 may be (fact W16).
pub(in crate::diagnose) const WORKSPACE: &str = "nginx's own 403 at a Foundry name has been reported from the front end of a workspace (hub or \
     project): its network rules, not those of Azure OpenAI, then refuse the call";

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let who = refusal.who();
    let product = who.product();
    let status = refusal.answer.status;
    // To a call without a credential, the service would answer 401 too: only the sender is not
    // known.
    let unproved = status == 401
        && !asks_for_login(refusal.answer)
        && !(is_page(refusal.answer) && product.is_some());
    let name = match (product, &who) {
        (Some(mark), _) => mark.product,
        (None, AnsweredBy::GatewayFrame) => "an API Management gateway",
        (None, AnsweredBy::Another { .. }) => "another service",
        (None, _) => "something in front",
    };
    let (level, message) = if unproved {
        (
            refusal.level(e).min(Level::Risk),
            format!(
                "401 {} without {}: its sender is not known",
                place(e),
                match refusal.answer.error.is_some() {
                    true => "the service's headers",
                    false => "the service's headers or format",
                }
            ),
        )
    } else {
        // What refuses in front shows nothing of the rules that were to be proved.
        let closed = e.options.expect == Expect::Closed;
        let level = if closed { Level::Risk } else { refusal.level(e) };
        (level, clause(&refusal, &who, name))
    };
    let confidence = if unproved {
        Confidence::Possible
    } else if product.is_some_and(|mark| mark.verified) || status == 407 {
        Confidence::Proved
    } else {
        Confidence::Inferred
    };
    let mut finding = refusal.finding(level, confidence, message);
    if e.options.expect == Expect::Closed {
        finding = finding.untested();
    }
    for name in
        ["server", "via", "retry-after", "x-squid-error", "www-authenticate", "proxy-authenticate"]
    {
        if let Some(line) = refusal.header_line(name) {
            finding = finding.fact(line);
        }
    }
    let error = refusal.answer.error.as_ref();
    if let Some(id) = error.and_then(|error| error.activity_id.as_deref()) {
        finding = finding.fact(format!("activityId {id}: the failure is in the gateway's own log"));
    }
    finding = finding.reasoning(how(&refusal));
    if let Some(page) = pages::page(refusal.answer) {
        finding = finding.reasoning(page.means);
    }
    finding = match product {
        Some(mark) if mark.verified => {
            finding.reasoning(format!("the answer carries the signature of {}", mark.product))
        }
        Some(mark) => finding.reasoning(format!("the answer carries a sign of {}", mark.product)),
        None => finding.decide_with(format!("curl -sv https://{}/ -o /dev/null", e.target.host)),
    };
    finding = finding.ruled_out("DNS, TCP and TLS: the certificate covers the name");
    if workspace(e, &refusal) {
        finding = finding.reasoning(WORKSPACE);
    }
    Some(fix(e, &refusal, finding, name).check(reading::again(e)))
}

fn clause(refusal: &MatchedRefusal<'_>, who: &AnsweredBy, name: &str) -> String {
    if refusal.list_alone() {
        return format!("{name} answers {} to the list of models alone", refusal.answer.status);
    }
    if let Some(page) = pages::page(refusal.answer) {
        return format!("{}: {}", pages::clause(page, name), refusal.answer.status);
    }
    match refusal.answer.status {
        407 => format!("{name} requires a proxy login inside the tunnel"),
        401 if asks_for_login(refusal.answer) => format!("{name} requires its own login: 401"),
        403 => format!("{name} refuses the call: 403"),
        // A name for the sender would be a guess.
        status @ (429 | 500..=599) if refusal.unknown_sender() && *who == AnsweredBy::Unknown => {
            format!("{status} without the service's headers or format: its sender is not known")
        }
        status @ 500..=599 => format!("{name} answers {status} instead of the service"),
        status @ 200..=299 => format!("{name} answers {status} without the service's list"),
        status => format!("{name} answers {status} instead of the service"),
    }
}

/// Whether the answer may be that of a workspace's front end (fact W16).
fn workspace(e: &Evidence, refusal: &MatchedRefusal<'_>) -> bool {
    let foundry = e.target.kind == TargetKind::Project
        || reading::service(e).is_some_and(|service| service.workspace);
    let nginx = refusal.who().product().is_some_and(|mark| mark.product == "nginx");
    foundry && nginx && refusal.answer.status == 403 && is_page(refusal.answer)
}

fn how(refusal: &MatchedRefusal<'_>) -> &'static str {
    let another = matches!(refusal.who(), AnsweredBy::Another { .. });
    match refusal.answer.status {
        407 => "a 407 comes from a proxy, never from the service",
        401 if asks_for_login(refusal.answer) => {
            "the service accepts keys and bearer tokens only; a Basic, Digest, NTLM or Negotiate \
             login belongs to something else"
        }
        401 if refusal.answer.error.is_some() && refusal.unknown_sender() => {
            "neither the service's headers nor the certificate show that this 401 is its own: any \
             server can send such a text"
        }
        401 => "neither the service's error format nor its headers show that this 401 is its own",
        _ if refusal.answer.error.is_some() && refusal.who().product().is_some() => {
            "the error has the service's format, and the text of a gateway: without the service's \
             headers, the gateway itself wrote it"
        }
        _ if another => {
            "the certificate is for the target's name, so something in front, or the server at this \
             address, routes the call to the wrong service"
        }
        _ if refusal.answer.error.is_some() => {
            "the error format and text are those of API Management, without the service's headers"
        }
        200..=299 => "the status reports success, but the body is not the service's list",
        _ if is_page(refusal.answer) => "the service answers with JSON; this is an HTML page",
        _ => "the answer has neither the service's error format nor its headers",
    }
}

/// What fails is behind the gateway that was called: its own way to the account.
fn behind_gateway(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    let kind = host_kind(e);
    let name = kind.name();
    let finding = finding
        .reasoning(format!(
            "the hop behind {name} cannot be seen from here: it fails in the same way where its own \
             DNS does not find the account or finds its public address, where its network does not \
             reach it, and where the account is silent for longer than it waits"
        ))
        .inspect(format!("see {name} and its network"), kind.show(e));
    let finding = match kind.behind(e) {
        Some(command) => finding.inspect("see which host it calls", command),
        None => finding,
    };
    finding.step(
        Step::inspect("run a check from the gateway's own network to the host that it calls")
            .command(format!("aoai-probe {}", network_fix::behind(e))),
    )
}

fn fix(
    e: &Evidence,
    refusal: &MatchedRefusal<'_>,
    finding: FindingBuilder,
    name: &str,
) -> FindingBuilder {
    let host = &e.target.host;
    let finding = finding.owner("Network").step(Step::inspect(match refusal.who().product() {
        Some(_) => format!("find out which team runs {name} on the path to {host}"),
        None => format!("find out what is on the path to {host}, and which team runs it"),
    }));
    let finding = match workspace(e, refusal) {
        true => finding.or_inspect(
            "see whether the workspace accepts calls from this network",
            "az ml workspace show -n <workspace> -g <group> --query public_network_access",
        ),
        false => finding,
    };
    if refusal.list_alone() {
        return finding.step(Step::inspect(format!(
            "if the application lists models too: ask that team to publish {} there",
            request(refusal.call)
        )));
    }
    if let Some(page) = pages::page(refusal.answer) {
        return pages::fix(page, e, finding, name);
    }
    if matches!(refusal.who(), AnsweredBy::Another { .. }) {
        return finding.step(Step::inspect(format!(
            "see where it routes calls for {host}: a rule without a condition on the host, or a \
             backend of another resource, answers like this"
        )));
    }
    match refusal.answer.status {
        500..=599 if host_kind(e).is_gateway() => {
            behind_gateway(e, finding.owner(GATEWAY_TEAM))
        }
        429 => finding.step(Step::inspect(
            "ask the team that runs the server in front about its own call limit: the account's \
             quota is not what limits here",
        )),
        500..=599 => finding.inspect(
            "see whether the service can be reached from where it runs",
            format!("aoai-probe {}", reading::word(host)),
        ),
        200..=299 => finding.step(Step::inspect(
            "look for a captive portal, a login page or a wrong backend: each answers like this",
        )),
        // These refuse a caller; any other status is of a route or of the request.
        401 | 403 | 407 | 451 => finding.step(
            Step::shared(
                format!(
                    "allow this call through it: {} to {host}, only this host; the block may be \
                     deliberate: ask the team that configured it first",
                    refusal.call.method
                ),
                "every client behind it can then call this account",
            )
            .undo("remove the rule again")
            .opens(),
        ),
        status => finding.step(Step::inspect(format!(
            "see in its log and configuration why it answers {status} to {} of {host}: a route that \
             is missing, a method that is not allowed, or a limit of its own",
            refusal.call.method
        ))),
    }
}
