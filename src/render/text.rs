//! Outcomes as text: what happened, in the field's terms, without judgement.

mod dns;

use crate::evidence::http::{Beginning, HttpAnswer, HttpCall, HttpOutcome, Purpose};
use crate::evidence::identity::{CredentialKind, Withheld};
use crate::evidence::proxy::ConnectOutcome;
use crate::evidence::tcp::{Icmp, TcpOutcome};
use crate::evidence::tls::{Certificate, TlsHop, TlsOutcome};
use crate::evidence::vantage::{
    ClientProxy, FileState, NeighbourState, ProxyReason, Route, ScriptEvidence, SystemProxySettings,
};
use crate::evidence::{Expect, Observed, SkipReason, Trust};
pub(crate) use dns::{
    addresses, classed_addresses, dns_outcome, name_policy, no_addresses, question, role, stray,
    system, with_classes,
};

/// `1 walk`, `2 walks`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Why something was not done; none if it was.
pub(crate) fn not_done<T>(observed: &Observed<T>) -> Option<String> {
    match observed {
        Observed::Done { .. } => None,
        Observed::NotReached { stopped_at } => {
            Some(format!("not reached: the walk ended at {}", stopped_at.name()))
        }
        Observed::NotAsked { reason } => Some(format!("not asked: {}", choice(*reason))),
        Observed::NotPossible { message } => Some(format!("not possible: {message}")),
    }
}

pub(crate) const fn choice(by: SkipReason) -> &'static str {
    match by {
        SkipReason::NoProxyApplies => "no proxy applies to this target",
        SkipReason::ProxyApplies => "a proxy carries the call",
        SkipReason::DirectPathIsPublic => "the direct path is public (--direct walks it)",
        SkipReason::ServiceHasNoCall => "no call is made to this service",
        SkipReason::TlsInsideProtocol => "what is spoken here does not begin with TLS",
        SkipReason::NotNeeded => "the answer did not make it necessary",
        SkipReason::Option => "an option says so",
        SkipReason::ResolverGiven => "--resolver names the answer that counts",
        SkipReason::ConnectTo => "--connect-to redirects the connection",
    }
}

pub(crate) fn expect(expect: &Expect) -> String {
    match expect {
        Expect::Auto => "auto".to_owned(),
        Expect::Private => "private".to_owned(),
        Expect::Public => "public".to_owned(),
        Expect::Closed => "closed".to_owned(),
        Expect::Any => "any".to_owned(),
        Expect::Cidr { prefixes } => prefixes.join(","),
    }
}

pub(crate) const fn trust(trust: Trust) -> &'static str {
    match trust {
        Trust::Public => "public",
        Trust::System => "system",
    }
}

pub(crate) fn file(state: &FileState) -> String {
    match state {
        FileState::Read => "read".to_owned(),
        FileState::Missing => "does not exist".to_owned(),
        FileState::NotRead => "not read on this system".to_owned(),
        FileState::Unreadable { message } => format!("cannot be read: {message}"),
    }
}

pub(crate) fn proxy_reason(reason: &ProxyReason) -> String {
    match reason {
        ProxyReason::NotConfigured => "none is configured".to_owned(),
        ProxyReason::NotHttp => "this service is not reached by HTTPS".to_owned(),
        ProxyReason::OptionNone => "--proxy none".to_owned(),
        ProxyReason::OptionUrl => "--proxy".to_owned(),
        ProxyReason::Variable { name } => name.clone(),
        ProxyReason::Exempted { entry } => format!("NO_PROXY entry {entry} exempts the target"),
        ProxyReason::System => "the system's proxy settings".to_owned(),
        ProxyReason::SystemExempted { entry } => {
            format!("entry {entry} of the system's proxy settings exempts the target")
        }
        ProxyReason::Script => "the script of the system's proxy settings".to_owned(),
        ProxyReason::ScriptDirect => {
            "the script of the system's proxy settings gives none".to_owned()
        }
    }
}

pub(crate) fn icmp(icmp: &Icmp) -> String {
    let meaning = icmp.meaning.describe();
    match (&icmp.from, &icmp.code) {
        (Some(from), Some(code)) => format!("{meaning} (ICMP {code} from {from})"),
        (Some(from), None) => format!("{meaning} (from {from})"),
        (None, _) => format!("{meaning} (this machine's own answer)"),
    }
}

pub(crate) fn tcp_outcome(outcome: &TcpOutcome) -> String {
    match outcome {
        TcpOutcome::Connected => "connects".to_owned(),
        TcpOutcome::Refused => "refuses the connection".to_owned(),
        TcpOutcome::Reset => "resets the connection".to_owned(),
        TcpOutcome::TimedOut => "does not answer".to_owned(),
        TcpOutcome::Unreachable { icmp: seen } => icmp(seen),
        TcpOutcome::LocalError { errno, message } => {
            format!("could not be attempted from here: {message} (errno {errno})")
        }
    }
}

pub(crate) fn connect(outcome: &ConnectOutcome) -> String {
    match outcome {
        outcome if outcome.opens_tunnel() => "the tunnel is established".to_owned(),
        ConnectOutcome::Answered { status, informational: Some(first), .. } => {
            format!("CONNECT answered {first}, then {status}")
        }
        ConnectOutcome::Answered { status, reason, .. } => {
            format!("CONNECT answered {status} {reason}").trim_end().to_owned()
        }
        ConnectOutcome::Silent => "CONNECT is not answered".to_owned(),
        ConnectOutcome::Closed => "closed after CONNECT without an answer".to_owned(),
        ConnectOutcome::Reset => "reset after CONNECT".to_owned(),
        ConnectOutcome::NotHttp { message } => {
            format!("the answer to CONNECT is not HTTP: {message}")
        }
        ConnectOutcome::Malformed { message } => {
            format!("the answer to CONNECT is malformed: {message}")
        }
    }
}

pub(crate) fn tls_outcome(hop: &TlsHop) -> String {
    match &hop.outcome {
        TlsOutcome::Verified => "verified".to_owned(),
        TlsOutcome::CertificateRejected { fault: found } => {
            format!("certificate rejected: {}", found.describe())
        }
        TlsOutcome::Alert { description } => format!("the peer sent the alert {description}"),
        TlsOutcome::Closed => "closed by the peer before the handshake ended".to_owned(),
        TlsOutcome::Reset => "reset before the handshake ended".to_owned(),
        TlsOutcome::Silent => format!(
            "no answer to the handshake: {} sent, {} received",
            count(hop.bytes_sent, "byte"),
            hop.bytes_received
        ),
        TlsOutcome::PlainHttp { first_line } => {
            format!("the peer speaks plain HTTP: {first_line}")
        }
        TlsOutcome::NotTls { first_bytes } => format!("the peer does not speak TLS: {first_bytes}"),
        TlsOutcome::Incompatible { message } => format!("no common TLS parameters: {message}"),
        TlsOutcome::ConnectionLost { errno: Some(errno), message } => {
            format!("connection lost: {message} (errno {errno})")
        }
        TlsOutcome::ConnectionLost { errno: None, message } => {
            format!("connection lost: {message}")
        }
    }
}

/// How an experiment's handshake ended, in short.
pub(crate) fn handshake(outcome: &TlsOutcome) -> String {
    match outcome {
        TlsOutcome::Verified => "verified".to_owned(),
        TlsOutcome::CertificateRejected { fault: why } => {
            format!("answered, certificate rejected: {}", why.describe())
        }
        TlsOutcome::Alert { description } => format!("alert {description}"),
        TlsOutcome::Closed => "closed".to_owned(),
        TlsOutcome::Reset => "reset".to_owned(),
        TlsOutcome::Silent => "no answer".to_owned(),
        TlsOutcome::PlainHttp { .. } => "plain HTTP".to_owned(),
        TlsOutcome::NotTls { .. } => "not TLS".to_owned(),
        TlsOutcome::Incompatible { message } | TlsOutcome::ConnectionLost { message, .. } => {
            message.clone()
        }
    }
}

/// The name of a certificate to show: the one that covers the target, else the first one, else the
/// subject.
pub(crate) fn certificate_name<'a>(certificate: &'a Certificate, server_name: &str) -> &'a str {
    let parent = server_name.split_once('.').map(|(_, parent)| parent);
    let covers = |name: &&String| {
        name.eq_ignore_ascii_case(server_name)
            || name.strip_prefix("*.").zip(parent).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    let names = &certificate.names;
    names.iter().find(covers).or(names.first()).unwrap_or(&certificate.subject)
}

/// Days to the end of validity, as text.
pub(crate) fn days_left(days: i64) -> String {
    match days {
        0 => "expires today".to_owned(),
        1.. => format!("{} left", count(days.unsigned_abs(), "day")),
        _ => format!("expired {} ago", count(days.unsigned_abs(), "day")),
    }
}

pub(crate) const fn credential(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::None => "no credential",
        CredentialKind::ApiKey => "API key",
        CredentialKind::Token => "Entra token",
    }
}

pub(crate) const fn withheld(why: Withheld) -> &'static str {
    match why {
        Withheld::NotReached => "the path is broken before the call",
        Withheld::OnlySystemStoreAccepts => {
            "only the system's store accepts the chain (--trust system sends it)"
        }
        Withheld::AddressNotConfirmed => "the system resolver did not confirm this address",
        Withheld::ServiceHasNoCall => "no call is made to this service",
        Withheld::NoToken => "no token was obtained",
        Withheld::ServiceTakesNoKey => "the service takes tokens, no keys",
        Withheld::CallerNotTested => "who may call this service is not tested",
        Withheld::KeyOfAnotherService => "it is a key of another service",
    }
}

pub(crate) const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Models => "list of models",
        Purpose::Project => "project",
        Purpose::Deployment => "deployment",
        Purpose::Secrets => "list of secrets",
        Purpose::Statistics => "statistics",
        Purpose::Listing => "list",
        Purpose::KeyValues => "key-values",
        Purpose::ApiList => "list of the API",
        Purpose::Challenge => "request for a credential",
    }
}

/// The answer to a call: its status and the peer's message.
pub(crate) fn http_answer(answer: &HttpAnswer) -> String {
    listing(answer, Some("model"))
}

/// How a call ended. The list of a project contains deployments.
pub(crate) fn http_call(call: &HttpCall) -> String {
    match (&call.outcome, call.purpose) {
        (HttpOutcome::Answered { answer }, Purpose::Project) => listing(answer, Some("deployment")),
        // A part of the list is asked for, however long it is.
        (
            HttpOutcome::Answered { answer },
            Purpose::Secrets | Purpose::Listing | Purpose::KeyValues | Purpose::ApiList,
        ) => listing(answer, None),
        (outcome, _) => http_outcome(outcome),
    }
}

/// An answer whose list contains `entry`s; none: their number is not shown.
fn listing(answer: &HttpAnswer, entry: Option<&str>) -> String {
    let mut parts = vec![answer.status.to_string()];
    match (answer.models, entry) {
        (Some(models), Some(entry)) => parts.push(count(u64::from(models), entry)),
        (Some(_), None) => parts.push("a list".to_owned()),
        (None, _) => {}
    }
    let region = ["x-ms-region", "x-ms-keyvault-region"].iter().find_map(|h| answer.header(h));
    if let (200..=299, Some(region)) = (answer.status, region) {
        parts.push(region.to_owned());
    }
    let mut text = parts.join(", ");
    if let Some(message) = answer.message() {
        text.push_str(&format!(" {}", first_sentence(message)));
    } else if let Some(code) = answer.code() {
        text.push_str(&format!(" {code}"));
    } else if let (300..=399, Some(location)) = (answer.status, answer.header("location")) {
        text.push_str(&format!(" to {location}"));
    } else if let (400.., Some(server)) = (answer.status, answer.header("server")) {
        text.push_str(&format!(" from {server}"));
    }
    if !answer.body_complete {
        text.push_str(", the body is not complete");
    }
    text
}

pub(crate) fn http_outcome(outcome: &HttpOutcome) -> String {
    match outcome {
        HttpOutcome::Answered { answer } => http_answer(answer),
        HttpOutcome::Silent => "the call is not answered".to_owned(),
        HttpOutcome::Closed => "closed without an answer".to_owned(),
        HttpOutcome::Reset => "reset without an answer".to_owned(),
        HttpOutcome::Malformed { message, begins } => match begins {
            Beginning::LargeHead => format!("the answer is not read: {message}"),
            Beginning::Http => format!("the answer is malformed: {message}"),
            Beginning::Http2 => "the answer is HTTP/2, which was not agreed on".to_owned(),
            Beginning::Other => format!("the answer is not HTTP: {message}"),
        },
        HttpOutcome::NotMade { message } => format!("no call: {message}"),
    }
}

/// Proxy settings of the system, on one line.
pub(crate) fn system_proxy(
    settings: &SystemProxySettings,
    script: Option<&ScriptEvidence>,
) -> String {
    let mut words = vec![match (&settings.proxy, &settings.exempted_by) {
        (None, _) => "no proxy".to_owned(),
        (Some(url), None) => format!("proxy {url}"),
        (Some(url), Some(entry)) => format!("proxy {url}, from which {entry} exempts the target"),
    }];
    words.extend(settings.script.as_ref().map(|url| match script {
        Some(run) => format!("script {url} ({})", run.outcome.words()),
        None => format!("script {url} (not run)"),
    }));
    if settings.auto_detect {
        words.push("a script is looked for in the network (not done)".to_owned());
    }
    words.join(", ")
}

/// What a client does with the proxy variables and settings.
pub(crate) fn client_proxy(client: &ClientProxy) -> String {
    format!("{}: {}", client.client, client.words())
}

/// The first sentence of a message, at most 120 characters of it.
fn first_sentence(message: &str) -> String {
    let sentence = message.split_once(". ").map_or(message, |(first, _)| first);
    let sentence = sentence.trim_end_matches('.');
    if sentence.chars().count() <= 120 {
        return sentence.to_owned();
    }
    sentence.chars().take(117).chain("...".chars()).collect()
}

/// A route: its entry, the next hop and its state.
pub(crate) fn route(route: &Route) -> String {
    let down = match &route.interface {
        Some(interface) if !interface.running => format!(", {} is down", interface.name),
        _ => String::new(),
    };
    let entry = route.prefix.as_ref().map(|p| format!(", route {p}")).unwrap_or_default();
    let hop = route.gateway.map_or_else(|| " on the link".to_owned(), |a| format!(" via {a}"));
    let state = match route.neighbour {
        Some(NeighbourState::Reachable) => ", which answers",
        Some(NeighbourState::Incomplete) => ", which has not answered yet",
        Some(NeighbourState::Failed) => ", which does not answer",
        Some(NeighbourState::Other) | None => "",
    };
    format!("{entry}{hop}{state}{down}")
}
