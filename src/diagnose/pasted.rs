//! What an answer means that an application printed: the same tables as for the answers of a walk.
//! Nothing is known of its path, so no rule that depends on one is asked: of those findings the page
//! is shown.

use crate::diagnosis::{
    AnswerMeaning, Confidence, ExplainedAnswer, Finding, PastedKind, Unexplained,
};
use crate::evidence::http::{
    ErrorBody, ErrorFrame, HttpAnswer, HttpCall, HttpHop, HttpOutcome, Purpose,
};
use crate::evidence::identity::CredentialKind;
use crate::evidence::{Evidence, Observed, TargetKind};
use crate::services::{self, Service};

use super::engines::documented_refusal::{Inside, Leg};
use super::rule::Check;
use super::rules::http::answered_by::{AnsweredBy, Signature, answered_by, is_page};
use super::rules::http::refusals::{self, Leaves, Refusal};
use super::rules::http::{front_answered, gateway_policy, host_kind, refusal_match};
use super::view::View;
use super::{reading, system};

/// What is shown of a call and where it ended, in one sentence with others around it.
macro_rules! ended {
    ($place:literal, $shown:literal, unanswered: $unanswered:literal, $before:literal, $after:literal) => {
        Unexplained {
            end: Some(CallEnd { place: $place, shown: $shown, unanswered: $unanswered }),
            words: concat!($before, $shown, " (", $place, ")", $after),
        }
    };
    ($place:literal, $shown:literal, $after:literal) => {
        ended!($place, $shown, unanswered: false, "", $after)
    };
}

mod another;
mod certificate;
mod elsewhere;
mod lookup;
mod recorded;
mod unanswered;

pub use another::{by_connector, is_of_gateway, refused_by_proxy};
pub use certificate::issued;
pub use lookup::{Lookup, Shown, beside, looked_up};
pub use recorded::{Record, Recorded, recorded};
pub use unanswered::why as no_answer;

pub use super::engines::documented_refusal::phrase;
pub use crate::services::has_port;

/// Refusals whose texts a gateway's own failure has too.
const PASSED_ON: &[&str] =
    &["http-front-answered", "http-server-error", "http-timeout-answer", "http-unexpected-status"];
/// Why an answer has no meaning that could be shown.
const SUCCESS: Unexplained = Unexplained::without_end("its status is a success");
const NOT_KNOWN: Unexplained =
    Unexplained::without_end("neither its text nor a status in it shows what it means");
/// What a storage account says that lets no one in without a login (fact Z108).
const ANONYMOUS: Unexplained = Unexplained::without_end(
    "the call had no credential, or was to make a container public, and the storage account permits neither \
     (application): public access is there reading by anyone without a login, and not the network, whose \
     rules have no part in this refusal",
);
const ABOUT_REQUEST: Unexplained =
    Unexplained::without_end("it is about the request itself, not about the network or the caller");
/// The same in its words, in lower case.
const OF_ANONYMOUS: &str = "public access is not permitted on this storage account";
/// Statuses that are tried where an answer shows none.
const STATUSES: &[u16] = &[400, 401, 403, 404, 408, 410, 429, 500, 502, 503, 504];

/// What was asked, as far as it is known.
pub struct Asked {
    /// What a walk to the service would be, without any hop.
    pub base: Evidence,
    /// Which service made the call, where the application did not.
    pub caller: Option<&'static str>,
    /// The status that the outer answer quotes.
    pub quoted_status: Option<u16>,
    /// Whether nothing shows which service was called, and that of `base` is taken for it.
    pub is_assumed: bool,
}

impl Asked {
    /// A call of the application itself.
    #[must_use]
    pub const fn new(base: Evidence, is_assumed: bool) -> Self {
        Self { base, caller: None, quoted_status: None, is_assumed }
    }

    /// What was asked by a service, for its caller.
    #[must_use]
    pub fn inside(mut self, leg: &Leg, inside: &Inside, status: Option<u16>) -> Self {
        of_service(&mut self.base, inside.service);
        Self { caller: Some(leg.caller), quoted_status: status, is_assumed: false, ..self }
    }
}

/// Makes it evidence about the service of an id, of which no name is known.
pub fn of_service(base: &mut Evidence, id: &str) {
    let Some(service) = services::by_id(id) else { return };
    let target = &mut base.target;
    let suffix = service.endpoints.first().map_or("", |endpoint| endpoint.suffix);
    target.service = Some(service.id.to_owned());
    target.service_name = Some(service.name.to_owned());
    target.suffix_service = None;
    target.public_suffix = Some(suffix.to_owned());
    target.account = None;
    target.kind = match service.is_account() {
        true => TargetKind::Account,
        false => TargetKind::OtherService,
    };
    target.host = format!("<name>.{suffix}");
    target.base_path.clear();
}

/// Whether a host is, by its name, an account of Azure AI or a gateway in front of one.
#[must_use]
pub fn is_of_account(host: &str) -> bool {
    services::find(host)
        .is_some_and(|found| found.service.is_account() || found.service.gateway().is_some())
}

/// Whether a host is, by its name, one of the service of an id.
#[must_use]
pub fn is_of_service(host: &str, id: &str) -> bool {
    services::find(host).is_some_and(|found| found.service.id == id)
}

/// The leg whose refusal a text quotes.
#[must_use]
pub fn quotes(text: &str) -> Option<&'static Leg> {
    let lower = text.to_ascii_lowercase();
    let says = |row: &&Refusal| row.words.iter().any(|words| lower.contains(words));
    refusals::common().iter().filter(says).find_map(leg_of).filter(|leg| leg.inside.is_some())
}

fn leg_of(row: &Refusal) -> Option<&'static Leg> {
    match super::rule(row.id)?.check {
        Check::Documented(documented) => documented.leg,
        _ => None,
    }
}

/// The text of an answer by which it is read.
#[must_use]
pub fn text(answer: &HttpAnswer) -> &str {
    refusals::text(answer).unwrap_or_default()
}

/// What the answer means; `of_platform`: the last that was asked is a platform's token endpoint.
#[must_use]
pub fn explained(asked: &Asked, answer: &HttpAnswer, of_platform: bool) -> ExplainedAnswer {
    // One that the client made up is none of an answer.
    let is_made_up = unanswered::of_direct_mode(&text(answer).to_ascii_lowercase()).is_some();
    let answer = &match is_made_up {
        true => HttpAnswer { status: 0, ..answer.clone() },
        false => answer.clone(),
    };
    let line = refusal_match::answer_line(answer);
    let text = text(answer);
    let read = matched(asked, answer);
    // A program that logs its own 5xx with the reason of its call passes nothing on: none answered it.
    let is_own = |(_, row): &(Evidence, &Refusal)| {
        row.id == "http-server-error"
            && !row.by_text()
            && answer.error.is_none()
            && !is_page(answer)
    };
    let relays = read.as_ref().is_some_and(is_own) && unanswered::shows_hop(text);
    let unanswered = (answer.status == 0 || relays).then(|| unanswered::why(text)).flatten();
    // What a library says of its own call has no status: no front answered it.
    let read = read.filter(|_| !relays).filter(|(evidence, row)| {
        let front = row.id == "http-front-answered";
        let product = || answered_by(reading::service(evidence), answer).product().is_some();
        // Words of a client may name a product, as the issuer of a certificate does.
        let is_answer = row.by_text() || answer.status != 0;
        !(front && unanswered.is_some()) || is_answer && product()
    });
    // What only a status shows, or that something is in front, may be of another server.
    let own = read.as_ref().is_some_and(|(evidence, row)| {
        let who = answered_by(reading::service(evidence), answer);
        let own = matches!(who, AnsweredBy::Service { .. } | AnsweredBy::FrontEnd { .. });
        own || row.by_text() && !PASSED_ON.contains(&row.id)
    });
    let other = another::of(asked, answer, of_platform, own);
    let meaning = match (other, read) {
        (Some(meaning), _) => Ok(meaning),
        (None, _) if text.to_ascii_lowercase().contains(OF_ANONYMOUS) => Err(ANONYMOUS),
        (None, _) if is_success(answer) => Err(SUCCESS),
        (None, Some((evidence, row))) => meaning(asked, &evidence, answer, row),
        (None, None) if (200..300).contains(&answer.status) => Err(SUCCESS),
        (None, None) => Err(unanswered.unwrap_or(NOT_KNOWN)),
    };
    ExplainedAnswer { line, kind: PastedKind::Answer, meaning }
}

/// A log shows no body: a success of which nothing else is shown is one.
fn is_success(answer: &HttpAnswer) -> bool {
    let shows = !answer.headers.is_empty() || answer.error.is_some() || is_page(answer);
    (200..300).contains(&answer.status) && !shows
}

/// Whether its text shows what it means, and not only its status.
#[must_use]
pub fn reads(asked: &Asked, answer: &HttpAnswer) -> bool {
    let of_row = |(evidence, row): (Evidence, &Refusal)| {
        row.by_text() || answered_by(reading::service(&evidence), answer).product().is_some()
    };
    another::of(asked, answer, false, true).is_some() || matched(asked, answer).is_some_and(of_row)
}

/// The row that reads it, and the evidence in which it does. Whether a key or a token was sent is not
/// in the text: what the text of the answer shows decides.
fn matched(asked: &Asked, answer: &HttpAnswer) -> Option<(Evidence, &'static Refusal)> {
    let own = reading::service(&asked.base).filter(|_| !asked.is_assumed);
    let coded = own.and_then(|own| elsewhere::coded(own, answer));
    let answer = coded.as_ref().unwrap_or(answer);
    let other = asked.is_assumed.then(|| elsewhere::matched(&asked.base, answer)).flatten();
    let found = other.or_else(|| matched_by(&asked.base, answer))?;
    // A log shows no body: that there is none in the service's form is no sign of another sender.
    let (evidence, row) = &found;
    let who = answered_by(reading::service(evidence), answer);
    let is_bare = answer.headers.is_empty() && answer.error.is_none() && !is_page(answer);
    if row.id == "http-front-answered" && !row.by_text() && is_bare && who == AnsweredBy::Unknown {
        let error = ErrorBody {
            frame: ErrorFrame::Error,
            code: None,
            kind: None,
            message: answer.body_excerpt.clone(),
            inner_code: None,
            activity_id: None,
        };
        return matched_by(&asked.base, &HttpAnswer { error: Some(error), ..answer.clone() });
    }
    Some(found)
}

/// The same, of the service of `base`.
fn matched_by(base: &Evidence, answer: &HttpAnswer) -> Option<(Evidence, &'static Refusal)> {
    let known = [answer.status];
    let statuses = if answer.status == 0 { STATUSES } else { &known };
    let mut all = statuses.iter().flat_map(|status| {
        [CredentialKind::ApiKey, CredentialKind::Token]
            .map(|kind| evidence(base, answer, *status, kind))
    });
    let read = |evidence: Evidence| {
        let row = refusals::refusal(&evidence, reading::main_call(&evidence)?)?;
        Some((evidence, row))
    };
    let read: Vec<_> = all.by_ref().filter_map(read).collect();
    let by_text = read.iter().position(|(_, row)| row.by_text());
    // A page without its status: what is in front is known by its own text.
    let front = || {
        let who = answered_by(reading::service(base), answer);
        let is_its_own = |product: &&Signature| {
            product.own_answers_only && (product.verified || is_page(answer))
        };
        who.product().filter(is_its_own)?;
        read.iter().position(|(_, row)| row.id == "http-front-answered")
    };
    let first = || (answer.status != 0 && !read.is_empty()).then_some(0);
    let at = by_text.or_else(first).or_else(front)?;
    read.into_iter().nth(at)
}

fn evidence(base: &Evidence, answer: &HttpAnswer, status: u16, kind: CredentialKind) -> Evidence {
    let mut evidence = base.clone();
    let answer = HttpAnswer { status, ..answer.clone() };
    let call = HttpCall {
        purpose: Purpose::Deployment,
        method: "POST".to_owned(),
        path: "/".to_owned(),
        credential_sent: true,
        outcome: HttpOutcome::Answered { answer },
        took_ms: 0.0,
    };
    evidence.identity.kind = kind;
    evidence.http =
        Observed::Done { started_ms: 0.0, took_ms: 0.0, value: HttpHop { calls: vec![call] } };
    evidence
}

fn meaning(
    asked: &Asked,
    evidence: &Evidence,
    answer: &HttpAnswer,
    row: &'static Refusal,
) -> Result<AnswerMeaning, Unexplained> {
    // The pages of these are about the requests that this tool makes.
    if matches!(row.leaves, Leaves::Deployment | Leaves::Unproved) {
        return Err(match answer.status {
            200..300 => SUCCESS,
            _ => ABOUT_REQUEST,
        });
    }
    let leg = leg_of(row);
    let service = evidence.target.service_name.clone().unwrap_or_default();
    // The service of another table is that of the text.
    let is_assumed = asked.is_assumed && evidence.target.service == asked.base.target.service;
    let caller = leg.map(|leg| leg.caller).or(asked.caller);
    let testable = match (leg, asked.caller) {
        (Some(leg), _) => leg.untestable.to_owned(),
        (None, Some(caller)) => {
            format!("no client can test a call that {caller} makes")
        }
        (None, None) => {
            "the application's own call: a check from its machine tests it, aoai-probe <host>"
                .to_owned()
        }
    };
    let rule = super::rule(row.id).ok_or(NOT_KNOWN)?;
    let own = |list: fn(&Service) -> &'static [&'static str]| {
        reading::service(evidence).map_or(&[][..], list)
    };
    let by_text =
        row.by_text() || answered_by(reading::service(evidence), answer).product().is_some();
    let finding = finding(evidence, rule);
    // A status alone leaves every cause that the service refuses with it.
    let read = if by_text { Confidence::Inferred } else { Confidence::Possible };
    Ok(AnswerMeaning {
        id: rule.id,
        title: rule.title,
        short: rule.short.unwrap_or(rule.title),
        causes: match (row.by_text(), row.id) {
            (false, "http-forbidden") => own(|service| service.forbidden),
            (false, "identity-unauthorized") => own(|service| service.unauthorized),
            _ => &[],
        },
        between_services: caller.is_some(),
        caller: caller.unwrap_or("the application").to_owned(),
        callee: match leg {
            Some(leg) => leg.callee.to_owned(),
            None if is_assumed => {
                format!("a service that the text does not name ({service} is assumed)")
            }
            None if host_kind::host_kind(evidence).is_gateway() => {
                format!("{}, a gateway, with {service} behind it", evidence.target.host)
            }
            None => service.clone(),
        },
        refused: match (leg, asked.caller) {
            (Some(leg), _) => format!("by {}", leg.refuser),
            (None, Some(caller)) => format!("by {service}, as {caller} quotes it"),
            (None, None) => refused(evidence, answer, row, is_assumed),
        },
        by_text,
        is_answer: true,
        is_risk: false,
        confidence: finding.as_ref().map_or(read, |finding| finding.confidence),
        testable,
        finding,
        page: rule.page(),
    })
}

/// The finding, where its fix does not depend on the path.
fn finding(evidence: &Evidence, rule: &'static super::Rule) -> Option<Finding> {
    if !matches!(rule.check, Check::Documented(_)) {
        return None;
    }
    let mut finding = rule.fires(&View::new(evidence))?.finding(rule);
    // Who sent a pasted text is not known; and a check from here makes no such call.
    if finding.confidence == Confidence::Proved {
        finding.confidence = Confidence::Inferred;
    }
    finding.fix.iter_mut().for_each(|fix| fix.check = None);
    system::suit(evidence, &mut finding);
    Some(finding)
}

/// Which server refused, and how that is known.
fn refused(e: &Evidence, answer: &HttpAnswer, row: &Refusal, is_assumed: bool) -> String {
    let service = e.target.service_name.as_deref().unwrap_or("the service");
    let who = answered_by(reading::service(e), answer);
    // A server field may be of what the service itself runs on: its own error shows more.
    let of_front = row.id == "http-front-answered" || row.leaves == Leaves::FrontAsks;
    let own = row.by_text() && answer.error.is_some() && !of_front;
    if let Some(product) = who.product().filter(|_| !own) {
        let nginx = is_page(answer) && answer.status == 403 && product.product == "nginx";
        return match nginx {
            true => format!("by {}; {}", product.product, front_answered::WORKSPACE),
            false => format!("by {}, which its signature shows", product.product),
        };
    }
    if let AnsweredBy::Service { .. } | AnsweredBy::FrontEnd { .. } = who {
        return format!("by {}", who.name());
    }
    let policy = gateway_policy::RULES.iter().any(|rule| rule.id == row.id);
    let asks_for_a_key = policy || row.id == "identity-gateway-key";
    let of_gateway = policy || row.leaves == Leaves::FrontAsks;
    if let AnsweredBy::Named { server } = &who {
        return format!("by a server that calls itself {server}: {service}, or something in front");
    }
    match (of_gateway, row.by_text()) {
        (true, true) if asks_for_a_key => {
            "by an API Management gateway, which its text shows".to_owned()
        }
        (true, true) => format!("by something in front of {service}, which its text shows"),
        (false, true) if is_assumed => {
            "by the service that was called, which its text shows; --service names it, where no URL does"
                .to_owned()
        }
        (false, true) => format!(
            "by {service}, which its text shows; a gateway in between may have passed it on"
        ),
        (_, false) => format!("not known by which server: {service}, or something in front of it"),
    }
}
