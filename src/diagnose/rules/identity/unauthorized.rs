//! 401 to a credential, without a word that the catalogue knows.

use crate::diagnose::headline::Clause;
use crate::diagnose::rules::http::host_kind::{GATEWAY_TEAM, host_kind};
use crate::diagnose::rules::http::refusal_match::{MatchedRefusal, find_refusal};
use crate::diagnose::rules::http::refusals::text;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::http::HttpCall;
use crate::evidence::identity::CredentialKind;
use crate::evidence::{Evidence, TargetKind};

use super::credential::{credential, look_at_token, source};

pub(super) const RULE: Rule = rule!(
    "identity-unauthorized",
    Identity,
    "401 to the credential, for a reason that is not in the catalogue",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let words = text(said.answer).unwrap_or_default().to_ascii_lowercase();
    // A project takes tokens alone, and has these words for a key that arrived, too.
    let wants_token = words.contains("access token is missing")
        && e.identity.kind == CredentialKind::ApiKey
        && e.target.kind != TargetKind::Project;
    let behind_gateway = host_kind(e).is_gateway();
    let confidence = match wants_token && behind_gateway {
        true => Confidence::Possible,
        false => Confidence::Inferred,
    };
    let mut finding = said
        .finding(said.level(e), confidence, format!("401 to {}", credential(e)))
        .cites("/identity/kind")
        .reasoning("401 says that the caller is refused; the words of the answer do not say why");
    if let Some(line) = said.header_line("www-authenticate") {
        finding = finding.fact(line);
    }
    match (wants_token, behind_gateway) {
        (true, true) => return Some(by_the_gateway(e, finding)),
        (true, false) => return Some(not_arrived(e, finding, &said)),
        (false, _) => {}
    }
    let causes = reading::service(e).map_or(&[][..], |service| service.unauthorized);
    if !causes.is_empty() && !host_kind(e).is_gateway() {
        return Some(by_profile(e, finding, causes));
    }
    if !said.own_headers() {
        return Some(in_front(e, finding, &said));
    }
    finding = finding.owner("Application");
    finding = match e.identity.kind {
        CredentialKind::Token => {
            finding.inspect("see what token this machine gets", look_at_token(e))
        }
        _ => {
            let (words, command) = host_kind(e).keys(e);
            finding.inspect(words, command)
        }
    };
    let whose = match host_kind(e).is_gateway() {
        true => format!("that {} takes", host_kind(e).name()),
        false => format!("of this {}", reading::noun(e)),
    };
    Some(
        finding
            .step(Step::local(format!("put a credential {whose} into {}", source(e))))
            .check(reading::again(e)),
    )
}

/// The words are those of a call without a key (facts H8, H161): the key that was sent did not arrive, so
/// another one would not either.
fn not_arrived(e: &View<'_>, finding: FindingBuilder, said: &MatchedRefusal<'_>) -> FindingBuilder {
    let finding = finding
        .headline(
            Clause::from("401 as to a call without a key: the key that was sent did not arrive")
                .or("401 as to a call without a key, and one was sent"),
        )
        .reasoning(
            "the service asks for an access token where no key reaches it; a wrong key gets other words \
             (invalid subscription key): something on the way takes the header api-key away, and another \
             key would not arrive either",
        )
        .ruled_out("a wrong key: the service has other words for one");
    let on_the_way = match e.proxy.value() {
        Some(_) => "the proxy",
        None => "what inspects or forwards calls to the host: a proxy, a gateway, a firewall",
    };
    finding
        .owner("Network")
        .inspect(
            "see what answers without any credential: the same words show that no key arrives",
            format!("curl -s {}", reading::word(&url(e, said.call))),
        )
        .step(Step::inspect(format!(
            "ask the team that runs {on_the_way} whether it removes or renames the header api-key, and to \
             pass it on for this host"
        )))
        .step(Step::inspect("the key itself needs no change for this"))
        .check(reading::again(e))
}

/// The URL of a call.
fn url(e: &Evidence, call: &HttpCall) -> String {
    match e.target.port {
        443 => format!("https://{}{}", e.target.host, call.path),
        port => format!("https://{}:{port}{}", e.target.host, call.path),
    }
}

/// The same words behind a gateway: a gateway that calls as itself is answered so when its own token is
/// refused (facts H8, H160), and one that takes the key away for good is answered so, too.
fn by_the_gateway(e: &View<'_>, finding: FindingBuilder) -> FindingBuilder {
    let aim = host_kind(e);
    let (words, command) = aim.keys(e);
    finding
        .headline(
            Clause::from("401 that asks for a token: the one of the gateway itself may be meant")
                .or("401 that asks for a token, and a key was sent"),
        )
        .reasoning(format!(
            "the service behind {} asks for an access token: {} may call it with a token of its own, which \
             is then the one that was refused, or pass on neither the key nor a token",
            aim.name(),
            aim.name()
        ))
        .owner(GATEWAY_TEAM)
        .decide_with(command.clone())
        .inspect(format!("{words}, and as which identity it calls the service"), command)
        .step(Step::inspect(
            "ask that team for the answer of the service to the gateway's own calls, and what it sends \
             as credential",
        ))
        .check(reading::again(e))
}

/// A service whose 401 names no reason: what remains is in its profile.
fn by_profile(e: &Evidence, mut finding: FindingBuilder, causes: &[&str]) -> FindingBuilder {
    let noun = reading::noun(e);
    finding = match e.identity.kind {
        CredentialKind::Token => {
            causes.iter().fold(finding, |finding, cause| finding.reasoning(*cause))
        }
        _ => finding.reasoning(format!("the key is not one of this {noun}")),
    };
    let finding = finding
        .decide_with(account::show_networks(e))
        .owner("Application")
        .inspect(format!("see which callers the {noun} takes"), account::show_networks(e));
    let finding = match e.identity.kind {
        CredentialKind::Token => {
            finding.inspect("see what token this machine gets", look_at_token(e))
        }
        _ => finding.step(Step::local(format!("put a key of this {noun} into {}", source(e)))),
    };
    finding.check(reading::again(e))
}

/// Neither words nor a header of the service: whose key or token is wanted is open, and the
/// account's own must not go to a gateway's operators.
fn in_front(e: &Evidence, finding: FindingBuilder, said: &MatchedRefusal<'_>) -> FindingBuilder {
    let host = &e.target.host;
    finding
        .reasoning(format!(
            "no header of the service is in the answer, and its words are not the service's \
             ({}): a gateway with keys of its own may have refused",
            said.who().name()
        ))
        .decide_with(format!("curl -sv -o /dev/null https://{host}/"))
        .owner("Application")
        .step(Step::inspect(format!(
            "find out what answers at {host}, and whose credential it takes: the account's, or \
             one that the gateway gives out"
        )))
        .step(Step::local(format!(
            "put a credential of what answers there into {}; do not give a gateway the account's \
             key before its owner says that it takes that one",
            source(e)
        )))
        .check(reading::again(e))
}
