//! What a text means that is of another server than the service: a login host, a platform's token
//! endpoint, a proxy, or a gateway whose own call failed.

use crate::diagnose::rule;
use crate::diagnose::rules::identity;
use crate::diagnosis::{AnswerMeaning, Confidence};
use crate::evidence::http::HttpAnswer;

use super::{Asked, text, unanswered};

/// What clients print where a proxy refuses to connect them (facts H113, H152), in lower case: the first
/// words of the line, and what is directly before the status.
const CONNECT_REFUSED: &[(&str, &str)] = &[
    ("connect tunnel failed", "response "),
    ("tunnel connection failed", ": "),
    ("received http code", " "),
    ("proxyerror", ": "),
    ("proxy tunnel request to proxy", "status code '"),
    ("httpproxyconnectexception", "status: "),
    ("proxy response", " ("),
    ("tunneling socket could not be established", "statuscode="),
    ("tunnel failed", "got: "),
    ("unable to tunnel through proxy", "http/1.1 "),
];
/// What one says that wants to know its caller, in lower case.
const WANTS_A_LOGIN: &[&str] = &["proxy authentication required"];

/// What calls for Logic Apps, Power Automate and Power Apps (fact Z105).
const CONNECTOR: &str = "a connector of Logic Apps or Power Platform";

/// What no check shows of one.
const OF_CONNECTOR: &str = "no check can run where a connector does: its call comes from the platform's network, which \
     reaches a private endpoint only where the environment is joined to a virtual network";
/// Where connectors run, as they name it in `source`, in lower case (fact Z105).
const CONNECTORS: &[&str] = &["azure-apim.net\"", "azure-apihub.net\"", ".azconn-"];

/// Gateways, by what they print of their own call (fact H153): words in lower case, the name, and
/// whether a library prints the same without an answer.
const GATEWAYS: &[(&str, &str, bool)] = &[
    ("litellm.", "LiteLLM", true),
    ("upstream connect error", "Envoy", false),
    ("is_bifrost_error", "Bifrost", false),
    ("azure-apim.net\"", CONNECTOR, false),
    ("while connecting to upstream", "nginx", false),
    ("while ssl handshaking to upstream", "nginx", false),
    ("while reading response header from upstream", "nginx", false),
    ("while sending request to upstream", "nginx", false),
    ("is down, reason: layer", "HAProxy", false),
    ("while calling backend service", "API Management", false),
    ("backendconnectionfailure", "API Management", false),
];

/// Findings of a platform's token endpoint by words in lower case (fact H151).
const OF_PLATFORM: &[(&[&str], &str)] = &[
    (
        &[
            "requested identity isn't assigned to this resource",
            "no user assigned or delegated managed identity found",
            "managedidentitynotfound",
        ],
        "identity-managed-not-assigned",
    ),
    (
        &[
            "identity not found",
            "has not been assigned to this resource",
            "no default identity is assigned",
            "unable to load the proper managed identity",
        ],
        "identity-managed-missing",
    ),
    (&["multiple user assigned identities"], "identity-managed-ambiguous"),
    (&["<html", "<!doctype"], "identity-metadata-proxy"),
    (
        &[
            "no response from the imds",
            "no response received from the managed identity endpoint",
            "failed to retrieve imds token",
            "deadline exceeded",
            "connection refused",
            "econnrefused",
            "no route to host",
            "network is unreachable",
            "unreachable network",
            "managed_identity_unreachable_network",
            "ehostunreach",
            "enetunreach",
            "attempted to use the imds endpoint, but it is not available",
            "no managed identity endpoint found",
            "unable to connect to the remote server",
            "timed out",
            "i/o timeout",
        ],
        "identity-metadata-unreachable",
    ),
];

/// What the answer means, where it is not the service's; `own`: the tables of the service read it.
pub(super) fn of(
    asked: &Asked,
    answer: &HttpAnswer,
    of_platform: bool,
    own: bool,
) -> Option<AnswerMeaning> {
    let text = text(answer);
    of_token(asked, text)
        .or_else(|| self::of_platform(asked, answer, text).filter(|_| of_platform && !own))
        .or_else(|| of_proxy(asked, answer.status, text))
        .or_else(|| of_name(asked, answer.status, text))
        .or_else(|| of_gateway(asked, answer.status, text).filter(|_| !own))
}

/// What the text means where it is about a token: Entra ID's numbers, and the message of a platform's
/// endpoint.
fn of_token(asked: &Asked, text: &str) -> Option<AnswerMeaning> {
    let (id, callee, refused, testable) = if let Some(id) = identity::entra::finding_of(text) {
        let testable = "a check from the application's machine with its own credential asks for the \
                        same token";
        (id, "Entra ID (the login host)", "by Entra ID, which its number shows", testable)
    } else if identity::platform_fetch_failed(text) {
        let testable = "no client can test the platform's own fetch; a check from the application's \
                        machine asks its endpoint again";
        let refused = "by the platform's token endpoint: it took the request, and its own fetch failed \
                       behind it";
        (identity::PLATFORM_FETCH, "the platform's token endpoint", refused, testable)
    } else {
        return None;
    };
    meaning(asked, id, callee, refused, testable)
}

/// What the text means where a platform's token endpoint was asked.
fn of_platform(asked: &Asked, answer: &HttpAnswer, text: &str) -> Option<AnswerMeaning> {
    let text = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
    let id = match answer.status {
        407 => "identity-metadata-proxy",
        // A relay of the container runtime answers where it gets no connection itself (fact I130).
        _ if says(&["connecting to 169.254.169.254:80"]) => "identity-metadata-unreachable",
        400.. if identity::says_pod_identity(&text) => identity::POD_IDENTITY,
        _ => match OF_PLATFORM.iter().find(|(words, _)| says(words)) {
            Some((_, "identity-managed-missing")) if says(&["client_id=", "clientid="]) => {
                "identity-managed-not-assigned"
            }
            // Of a chain, another source may be the one that was meant.
            Some((_, "identity-metadata-unreachable"))
                if answer.status == 0 && unanswered::is_chain_of_developers(&text) =>
            {
                return None;
            }
            // What answered is reached.
            Some((_, "identity-metadata-unreachable")) if answer.status != 0 => {
                "identity-metadata-refused"
            }
            Some((_, id)) => id,
            None if answer.status >= 400 => "identity-metadata-refused",
            None => return None,
        },
    };
    let is_answer = id != "identity-metadata-unreachable";
    let refused = match (is_answer, id) {
        (false, _) => "by no server: no answer of the platform's token endpoint came",
        (true, "identity-metadata-proxy") => {
            "by a proxy in the place of the platform's token endpoint, which is to be asked without one"
        }
        _ => "by the platform's token endpoint: no service was asked",
    };
    let callee = "the platform's token endpoint";
    let testable =
        "a check from the application's machine asks the same endpoint: aoai-probe <host>";
    let found = meaning(asked, id, callee, refused, testable)?;
    // Of several sources, each may be the one that the application means.
    let several = says(&["attempted credentials", "defaultazurecredential"]);
    let confidence = if several { Confidence::Possible } else { found.confidence };
    Some(AnswerMeaning { is_answer, confidence, ..found })
}

/// Whether a text is of a client that a proxy refused.
#[must_use]
pub fn refused_by_proxy(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    connect_status(&lower).is_some() || WANTS_A_LOGIN.iter().any(|words| lower.contains(words))
}

/// The status of a proxy that refuses to connect.
fn connect_status(lower: &str) -> Option<u16> {
    let behind = |(words, before): &(&str, &str)| {
        let line = lower[lower.find(words)? + words.len()..].lines().next()?;
        let status = line[line.find(before)? + before.len()..].get(..3)?;
        status.parse().ok().filter(|status| (300..600).contains(status))
    };
    CONNECT_REFUSED.iter().find_map(behind)
}

/// What the text means where a proxy refuses the connection itself, before any server of Azure.
fn of_proxy(asked: &Asked, status: u16, text: &str) -> Option<AnswerMeaning> {
    let lower = text.to_ascii_lowercase();
    let wants = WANTS_A_LOGIN.iter().any(|words| lower.contains(words));
    let (id, refused) = match (connect_status(&lower), status) {
        (Some(407), _) | (None, 407) => ("proxy-auth-required", BY_PROXY),
        (Some(500..), _) => (
            "proxy-target-unreachable",
            "by a proxy, which its text shows: it got no connection to the host itself",
        ),
        (Some(_), _) => ("proxy-denied", BY_PROXY),
        (None, 0) if wants => ("proxy-auth-required", BY_PROXY),
        _ => return None,
    };
    let testable = "a check from the application's machine, with the proxy variables of the \
                    application, asks the proxy the same: aoai-probe <host>";
    meaning(asked, id, "the proxy", refused, testable)
}

const BY_PROXY: &str = "by a proxy, which its text shows: no server behind it was asked";

/// What the text means where a certificate does not have the privatelink name that a client asked for.
fn of_name(asked: &Asked, status: u16, text: &str) -> Option<AnswerMeaning> {
    let lower = text.to_ascii_lowercase();
    if status != 0 || !lower.contains("privatelink.") || !unanswered::is_of_name(&lower) {
        return None;
    }
    let callee = asked.base.target.service_name.as_deref().unwrap_or("the service");
    let refused =
        "by the client itself: the certificate that it was shown has the public name alone";
    let testable = "a check from the application's machine shows the names: aoai-probe <host>";
    let found = meaning(asked, "tls-privatelink-name", callee, refused, testable)?;
    Some(AnswerMeaning { is_answer: false, ..found })
}

/// Whether a text is what a gateway prints of its own call.
#[must_use]
pub fn is_of_gateway(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    GATEWAYS.iter().any(|(words, _, library)| !library && lower.contains(words))
}

/// What an answer means that a connector passes on, if `text` is of one: the call that was refused is its own.
pub fn by_connector(text: &str, meaning: &mut AnswerMeaning) {
    let lower = text.to_ascii_lowercase();
    let is_of_one = CONNECTORS.iter().any(|words| lower.contains(words));
    if is_of_one && meaning.is_answer && !meaning.between_services {
        CONNECTOR.clone_into(&mut meaning.caller);
        OF_CONNECTOR.clone_into(&mut meaning.testable);
        meaning.between_services = true;
    }
}

/// What the text means where a gateway answered, and its own call got no answer.
fn of_gateway(asked: &Asked, status: u16, text: &str) -> Option<AnswerMeaning> {
    let lower = text.to_ascii_lowercase();
    let (_, name, _) = GATEWAYS
        .iter()
        .find(|(words, _, library)| lower.contains(words) && (!library || status >= 400))?;
    let hop = unanswered::hop(text)?;
    let refused = format!("by no server of the service: {name} answered; of its own call, {hop}");
    let testable = match *name {
        CONNECTOR => OF_CONNECTOR,
        _ => "a check from the gateway's own machine walks that path: aoai-probe <host>",
    };
    let found = meaning(asked, "http-gateway-leg", "its backend", &refused, testable)?;
    Some(AnswerMeaning { caller: format!("the gateway ({name})"), is_answer: false, ..found })
}

/// The meaning of an answer of another server than the service.
fn meaning(
    asked: &Asked,
    id: &str,
    callee: &str,
    refused: &str,
    testable: &str,
) -> Option<AnswerMeaning> {
    let rule = rule(id)?;
    Some(AnswerMeaning {
        id: rule.id,
        title: rule.title,
        short: rule.short.unwrap_or(rule.title),
        between_services: asked.caller.is_some(),
        caller: asked.caller.unwrap_or("the application").to_owned(),
        callee: callee.to_owned(),
        refused: refused.to_owned(),
        causes: &[],
        by_text: true,
        is_answer: true,
        is_risk: false,
        confidence: Confidence::Inferred,
        testable: testable.to_owned(),
        finding: None,
        page: rule.page(),
    })
}
