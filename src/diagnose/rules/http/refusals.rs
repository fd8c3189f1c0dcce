//! Which refusal is this answer? One table, read from top to bottom: the first row that
//! fits names the one finding that an answer gives (facts of `docs/facts.md`).
//!
//! Specific words and codes come first, then the marks of something in front, then the
//! catch-all of the status. No row fits an answer that accepts the call.

use crate::evidence::http::{ErrorFrame, HttpAnswer, HttpCall, Purpose};
use crate::evidence::identity::CredentialKind;
use crate::evidence::{Evidence, Hop};

use crate::diagnose::rules::identity::credential;

use super::answered_by::{answered_by, is_page, service_headers};
use super::origin::{self, Origin};

/// One way in which a call is not simply accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The finding.
    pub id: &'static str,
    /// The hop that the finding belongs to.
    pub hop: Hop,
    /// The facts that the row rests on; empty for a catch-all.
    pub facts: &'static str,
    /// First and last status code.
    status: (u16, u16),
    /// Error codes in lower case, any of them; none: any code.
    codes: &'static [&'static str],
    /// Parts of the message in lower case, any of them; none: any message.
    words: &'static [&'static str],
    /// A header and a part of its value, both in lower case.
    pub header: Option<(&'static str, &'static str)>,
    /// What else must hold, all of it.
    only: &'static [Only],
}

/// A condition on the call beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    /// The credential did not go with the call.
    NotSent,
    /// The credential in hand is an API key.
    Key,
    /// The credential in hand is a token.
    Token,
    /// The call is of this purpose.
    For(Purpose),
    /// The account is of another service than Azure OpenAI.
    OtherService,
    /// The body has an error in one of the frames that the service uses (fact G13). Others use
    /// them too.
    Frame,
    /// The error frame says in the service's words that no caller was named (H7 to H9).
    AsksWho,
    /// The refusal is about the empty question, and comes from behind the front end: by its
    /// headers, by its type or code, or by the server that gave the list.
    FromDeployment,
    /// It has none.
    NoFrame,
    /// The frame is the gateway's.
    Flat,
    /// The frame is not the gateway's, or the service's headers are there.
    NotForeignFlat,
    /// The service's own headers are there.
    ServiceHeaders,
    /// They are not.
    NoServiceHeaders,
    /// The message begins so, in lower case.
    Begins(&'static str),
    /// The body is a page for people.
    Page,
    /// No frame, and a page or the mark of a product in front.
    Front,
    /// The answer asks for a login that the service does not know (Basic, NTLM, ...).
    Login,
    /// The body does not hold what the call asks for.
    Unfulfilled,
    /// The body is not JSON.
    NoJson,
    /// The body has an error too.
    ErrorToo,
    /// The token that went with the call was past its end, or before its begin, by more than a
    /// clock's error.
    DeadToken,
    /// The body did not come to its end.
    Incomplete,
    /// The answer calls its body something other than JSON.
    OtherType,
    /// The list has no entry.
    EmptyList,
    /// Neither headers nor the certificate show that the account gave the answer.
    OriginOpen,
}

impl Refusal {
    const fn new(id: &'static str, hop: Hop, facts: &'static str, status: (u16, u16)) -> Self {
        Self { id, hop, facts, status, codes: &[], words: &[], header: None, only: &[] }
    }

    const fn codes(mut self, codes: &'static [&'static str]) -> Self {
        self.codes = codes;
        self
    }

    const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    const fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    const fn only(mut self, only: &'static [Only]) -> Self {
        self.only = only;
        self
    }
}

const fn http(id: &'static str, facts: &'static str, first: u16, last: u16) -> Refusal {
    Refusal::new(id, Hop::Http, facts, (first, last))
}

const fn identity(id: &'static str, facts: &'static str, first: u16, last: u16) -> Refusal {
    Refusal::new(id, Hop::Identity, facts, (first, last))
}

/// The words by which the service says that a role is missing.
const ROLE_WORDS: &[&str] =
    &["lacks the required data action", "principal does not have access to api/operation"];

/// The table. Order matters: the first row that fits is the answer's only reading.
pub const REFUSALS: &[Refusal] = &[
    // Statuses that only something in between gives.
    http("http-front-answered", "W15", 407, 407),
    http("http-front-answered", "W15", 511, 511),
    // 2xx without what was asked for.
    http("http-front-answered", "W6", 200, 299).only(&[Only::Page]),
    http("http-body-incomplete", "", 200, 299).only(&[Only::Incomplete]),
    http("http-front-answered", "W6", 200, 299).only(&[Only::NoJson]),
    http("http-front-answered", "W6, G1", 200, 299).only(&[
        Only::For(Purpose::Models),
        Only::Unfulfilled,
        Only::NoServiceHeaders,
    ]),
    http("http-front-answered", "W6, G17", 200, 299).only(&[
        Only::For(Purpose::Project),
        Only::Unfulfilled,
        Only::NoServiceHeaders,
    ]),
    http("http-success-unproved", "G1, G17, G2c", 200, 299).only(&[Only::Unfulfilled]),
    // 2xx with it, from something that does not behave as the service does.
    http("http-success-unproved", "G13", 200, 299).only(&[Only::ErrorToo]),
    http("http-success-unproved", "H8, H28", 200, 299).only(&[Only::NotSent]),
    http("http-success-unproved", "H8", 200, 299).only(&[Only::DeadToken]),
    http("http-success-unproved", "G1", 201, 299),
    http("http-success-unproved", "G18", 200, 299).only(&[Only::OtherType]),
    http("http-success-unproved", "G1", 200, 299)
        .only(&[Only::For(Purpose::Models), Only::EmptyList]),
    http("http-success-unproved", "W1", 200, 299)
        .only(&[Only::For(Purpose::Models), Only::OriginOpen]),
    http("http-success-unproved", "W1", 200, 299)
        .only(&[Only::For(Purpose::Project), Only::OriginOpen]),
    http("http-redirect", "", 300, 399),
    // Words about the account itself, whatever was asked.
    http("http-managed-identity-off", "X19", 400, 403).codes(&["managedidentityisnotenabled"]),
    http("http-managed-identity-off", "X19", 400, 403).words(&["managedidentityisnotenabled"]),
    http("http-outbound-restricted", "H6", 400, 400)
        .words(&["outbound network access is restricted"]),
    http("http-deployment-retired", "H31", 410, 410).codes(&["modeldeprecated"]),
    // 400 with a word about who calls.
    identity("identity-tenant-mismatch", "H10", 400, 401)
        .codes(&["tenant provided in token does not match resource token"]),
    identity("identity-tenant-mismatch", "H10", 400, 401)
        .words(&["does not match resource tenant"]),
    identity("identity-custom-subdomain", "H14", 400, 401)
        .words(&["custom subdomain for token authentication"]),
    http("http-unexpected-status", "G2a", 400, 400)
        .words(&["api-version query parameter is not allowed"]),
    // The customer's own gateway wants its key, sent or not.
    identity("identity-gateway-key", "W7", 401, 401)
        .header("www-authenticate", "azureapimanagementkey"),
    identity("identity-gateway-key", "W7, W8", 401, 401)
        .words(&["missing subscription key"])
        .only(&[Only::Flat]),
    identity("identity-gateway-key", "W7, W8", 403, 403)
        .words(&["missing subscription key"])
        .only(&[Only::NoServiceHeaders]),
    // The policies of such a gateway, in the words of its table of errors.
    http("http-gateway-ip-filter", "W17", 401, 403)
        .words(&["failed to establish ip address for the caller", "caller ip address is blocked"]),
    http("http-gateway-ip-filter", "W17", 401, 403)
        .words(&["is not allowed. access denied"])
        .only(&[Only::Begins("caller ip address ")]),
    http("http-call-quota", "W17, H33", 403, 403)
        .words(&["out of call volume quota", "out of bandwidth quota"]),
    identity("identity-gateway-token", "W17", 401, 403).words(&[
        "jwt not present",
        "jwt not found in the request",
        "jwt is missing the following claims",
    ]),
    identity("identity-gateway-token", "W17", 401, 403)
        .words(&["is not allowed. access denied"])
        .only(&[Only::Begins("claim ")]),
    identity("identity-gateway-token", "W17", 401, 403)
        .words(&["idx10"])
        .only(&[Only::Flat, Only::NoServiceHeaders]),
    http("http-gateway-header", "W17", 400, 403)
        .words(&["was not found in the request. access denied", "is not allowed. access denied"])
        .only(&[Only::Begins("header ")]),
    // A login that the service does not know.
    http("http-front-answered", "W6", 401, 401).only(&[Only::Login]),
    // 401 without a credential: whose is it?
    identity("identity-not-tested", "H28, H8", 401, 401).only(&[Only::NotSent, Only::AsksWho]),
    identity("identity-not-tested", "H28, W2", 401, 401)
        .only(&[Only::NotSent, Only::ServiceHeaders]),
    http("http-front-answered", "W6, H28", 401, 401).only(&[Only::NotSent]),
    // 401 and 403 to a credential, in the service's words.
    identity("identity-role-missing", "H11, H12, H13", 401, 403).words(ROLE_WORDS),
    identity("identity-role-missing", "H11, H12", 401, 401).codes(&["permissiondenied"]),
    identity("identity-keys-disabled", "H15", 401, 403).codes(&["authenticationtypedisabled"]),
    identity("identity-keys-disabled", "H15", 401, 403)
        .words(&["key based authentication is disabled"]),
    identity("identity-token-refused", "H8, H9", 401, 401)
        .words(&["access token is missing", "audience is incorrect"])
        .only(&[Only::Token]),
    identity("identity-key-refused", "H7", 401, 401)
        .words(&["or wrong api endpoint"])
        .only(&[Only::Key]),
    identity("identity-gateway-key", "W8", 401, 401)
        .words(&["invalid subscription key. make sure to provide a valid key"])
        .only(&[Only::Flat, Only::NoServiceHeaders]),
    identity("identity-key-refused", "H7", 401, 401)
        .words(&["invalid subscription key"])
        .only(&[Only::Key]),
    identity("identity-unauthorized", "", 401, 401),
    // 403: where from, or what for.
    http("http-network-perimeter", "X15", 403, 403).words(&["network security perimeter"]),
    http("http-temporarily-blocked", "X16, H30", 403, 403).words(&["temporarily blocked"]),
    http("http-outbound-restricted", "H6", 403, 403)
        .words(&["outbound network access is restricted"]),
    http("http-vnet-endpoint", "H5", 403, 403)
        .words(&["a virtual network is configured for this resource"]),
    http("http-endpoint-not-approved", "H4, H4a", 403, 403)
        .words(&["traffic is not from an approved private endpoint"]),
    http("http-public-access-disabled", "H1", 403, 403)
        .words(&["public access is disabled", "public network access is disabled"]),
    http("http-network-rules", "H2, H3", 403, 403).words(&["virtual network/firewall rules"]),
    http("http-network-rules", "W3", 403, 403)
        .header("policy-id", "throwexceptionduetotrafficdenied"),
    http("http-front-answered", "W6, W12", 403, 403).only(&[Only::Front]),
    http("http-forbidden", "T26", 403, 403).only(&[Only::Frame]),
    http("http-forbidden", "W2, T26", 403, 403).only(&[Only::ServiceHeaders]),
    http("http-front-answered", "W6", 403, 403),
    // The deployment's own answers.
    http("http-deployment-missing", "H16", 400, 404)
        .codes(&["deploymentnotfound"])
        .only(&[Only::For(Purpose::Deployment)]),
    http("http-deployment-missing", "H16", 404, 404)
        .words(&["the api deployment for this resource does not exist"])
        .only(&[Only::For(Purpose::Deployment)]),
    http("http-deployment-inferred", "G2c, H32", 400, 400)
        .only(&[Only::For(Purpose::Deployment), Only::FromDeployment]),
    http("http-deployment-inferred", "G2c, H32", 422, 422)
        .only(&[Only::For(Purpose::Deployment), Only::FromDeployment]),
    http("http-success-unproved", "G2c", 400, 400)
        .only(&[Only::For(Purpose::Deployment), Only::Frame]),
    http("http-success-unproved", "G2c", 422, 422)
        .only(&[Only::For(Purpose::Deployment), Only::Frame]),
    // 404: host, path, or a list that this kind of account does not have.
    http("http-subdomain-unmapped", "H18", 404, 404).words(&["subdomain does not map"]),
    http("http-front-answered", "W6, W12", 404, 404).only(&[Only::Front]),
    http("http-list-not-offered", "H17, H19", 404, 404)
        .codes(&["404", "resourcenotfound"])
        .only(&[Only::For(Purpose::Models), Only::OtherService, Only::ServiceHeaders]),
    http("http-list-not-offered", "H17, H19", 404, 404).words(&["resource not found"]).only(&[
        Only::For(Purpose::Models),
        Only::OtherService,
        Only::NotForeignFlat,
    ]),
    http("http-not-found", "H17", 404, 404),
    http("http-front-answered", "W6", 408, 408).only(&[Only::Front]),
    http("http-timeout-answer", "H22", 408, 408),
    http("http-timeout-answer", "H22", 400, 599).codes(&["timeout"]),
    http("http-rate-limited", "H20, H21, W5", 429, 429),
    // 5xx: the service's own, or that of something in front that did not reach it.
    http("http-front-answered", "W6, W12, W13, W14", 500, 599).only(&[Only::Front]),
    http("http-front-answered", "W9", 500, 500)
        .words(&["internal server error"])
        .only(&[Only::Flat, Only::NoServiceHeaders]),
    http("http-front-answered", "W10", 500, 599).words(&["a gateway-related error occurred"]),
    http("http-front-answered", "W6", 502, 502).only(&[Only::NoFrame, Only::NoServiceHeaders]),
    http("http-front-answered", "W6", 504, 504).only(&[Only::NoFrame, Only::NoServiceHeaders]),
    http("http-server-error", "H24", 500, 599),
    http("http-front-answered", "W6, W12", 400, 499).only(&[Only::Front]),
    http("http-unexpected-status", "", 0, 199),
    http("http-unexpected-status", "", 400, u16::MAX),
];

/// The row that fits the answer of a call; none when the call is accepted, or when there
/// was no answer at all.
#[must_use]
pub fn refusal(e: &Evidence, call: &HttpCall) -> Option<&'static Refusal> {
    let answer = call.answer()?;
    REFUSALS.iter().find(|row| row.fits(e, call, answer))
}

/// Words of a 401 by which the service asks who is calling (facts H7 to H9).
const ASKS_WHO: &[&str] =
    &["access token is missing", "invalid subscription key or wrong api endpoint"];

/// Codes with which a deployment refuses a question that is empty or not its own (fact G2c).
const QUESTION_CODES: &[&str] = &[
    "operationnotsupported",
    "unsupported_parameter",
    "unsupported_value",
    "missing_required_parameter",
    "empty_array",
    "content_filter",
];

/// Words of a refusal that is about the question, not about the deployment (fact G2c).
const QUESTION_WORDS: &[&str] = &["messages", "prompt", "input", "too short", "empty array"];

/// Whether a refusal is about the question. One for another reason ("Invalid model name", "the
/// deployment is paused") leaves open whether a real question would be answered.
pub(super) fn about_the_question(answer: &HttpAnswer) -> bool {
    let Some(error) = &answer.error else { return false };
    let code = error.code.as_deref().unwrap_or_default().to_ascii_lowercase();
    let message = error.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    QUESTION_CODES.contains(&code.as_str()) || QUESTION_WORDS.iter().any(|w| message.contains(w))
}

/// Whether the refusal of an empty question comes from behind the front end.
fn from_deployment(e: &Evidence, answer: &HttpAnswer) -> bool {
    let Some(error) = &answer.error else { return false };
    if !about_the_question(answer) {
        return false;
    }
    let own = error.frame == ErrorFrame::Error
        && (error.kind.as_deref() == Some("invalid_request_error")
            || error.code.as_deref().is_some_and(|code| {
                QUESTION_CODES.iter().any(|known| code.eq_ignore_ascii_case(known))
            }));
    let list = e.http.saw().and_then(|hop| hop.main()).filter(|call| accepted(e, call));
    let same = list.and_then(HttpCall::answer).is_some_and(|list| {
        let server = list.header("server");
        server.is_some() && server == answer.header("server")
    });
    own || service_headers(answer) || same
}

/// Seconds by which a clock may be wrong: tokens are judged with five minutes of allowance.
const CLOCK_ERROR_S: i64 = 300;

/// Whether the token that went with the call was past its end, or before its begin, by more than a
/// clock's error.
pub(super) fn dead_token(e: &Evidence, call: &HttpCall) -> bool {
    let expired = credential::expires_in(e).is_some_and(|seconds| seconds < -CLOCK_ERROR_S);
    let early = credential::begins_in(e).is_some_and(|seconds| seconds > CLOCK_ERROR_S);
    call.credential_sent && (expired || early)
}

/// Whether the service accepted this call: 2xx with what was asked for.
#[must_use]
pub fn accepted(e: &Evidence, call: &HttpCall) -> bool {
    call.answer().is_some() && refusal(e, call).is_none()
}

/// Whether the service refused this call because of where it came from (H1-H5, W3).
#[must_use]
pub fn refused_by_network(e: &Evidence, call: &HttpCall) -> bool {
    const IDS: &[&str] = &[
        "http-public-access-disabled",
        "http-network-rules",
        "http-endpoint-not-approved",
        "http-vnet-endpoint",
        "http-network-perimeter",
        "http-gateway-ip-filter",
    ];
    refusal(e, call).is_some_and(|row| IDS.contains(&row.id))
}

impl Refusal {
    fn fits(&self, e: &Evidence, call: &HttpCall, answer: &HttpAnswer) -> bool {
        (self.status.0..=self.status.1).contains(&answer.status)
            && self.fits_code(answer)
            && self.fits_words(answer)
            && self.header.is_none_or(|(name, value)| {
                answer
                    .headers
                    .iter()
                    .any(|h| h.name == name && h.value.to_ascii_lowercase().contains(value))
            })
            && self.only.iter().all(|only| only.holds(e, call, answer))
    }

    fn fits_code(&self, answer: &HttpAnswer) -> bool {
        self.codes.is_empty()
            || answer.code().is_some_and(|c| self.codes.iter().any(|w| c.eq_ignore_ascii_case(w)))
    }

    fn fits_words(&self, answer: &HttpAnswer) -> bool {
        self.words.is_empty()
            || text(answer).is_some_and(|t| {
                let t = t.to_ascii_lowercase();
                self.words.iter().any(|w| t.contains(w))
            })
    }
}

/// What the answer says: the error's message, else the start of a body that is no JSON.
#[must_use]
pub fn text(answer: &HttpAnswer) -> Option<&str> {
    answer.message().or(answer.body_excerpt.as_deref())
}

impl Only {
    fn holds(self, e: &Evidence, call: &HttpCall, answer: &HttpAnswer) -> bool {
        let frame = answer.error.as_ref().map(|error| error.frame);
        match self {
            Only::NotSent => !call.credential_sent,
            Only::Key => e.identity.kind == CredentialKind::ApiKey,
            Only::Token => e.identity.kind == CredentialKind::Token,
            Only::For(purpose) => call.purpose == purpose,
            Only::OtherService => e.target.service.as_deref() != Some("openai"),
            Only::Frame => frame.is_some(),
            Only::AsksWho => answer.message().is_some_and(|message| {
                let message = message.to_ascii_lowercase();
                frame != Some(ErrorFrame::Bare) && ASKS_WHO.iter().any(|w| message.contains(w))
            }),
            Only::FromDeployment => from_deployment(e, answer),
            Only::NoFrame => frame.is_none(),
            Only::Flat => frame == Some(ErrorFrame::Flat),
            Only::NotForeignFlat => {
                frame.is_some() && (frame != Some(ErrorFrame::Flat) || service_headers(answer))
            }
            Only::ServiceHeaders => service_headers(answer),
            Only::NoServiceHeaders => !service_headers(answer),
            Only::Begins(words) => answer
                .message()
                .is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with(words)),
            Only::Page => is_page(answer),
            Only::Front => {
                frame.is_none() && (is_page(answer) || answered_by(answer).product().is_some())
            }
            Only::Login => asks_for_login(answer),
            Only::Unfulfilled => !answer.fulfils(call.purpose),
            Only::NoJson => answer.models.is_none() && answer.body_excerpt.is_some(),
            Only::ErrorToo => answer.error.is_some(),
            Only::DeadToken => dead_token(e, call),
            Only::Incomplete => !answer.body_complete,
            Only::OtherType => origin::other_type(answer).is_some(),
            Only::EmptyList => answer.models == Some(0),
            Only::OriginOpen => origin::origin(e, answer) == Origin::Open,
        }
    }
}

/// Whether the answer asks for a login that the service does not know.
#[must_use]
pub fn asks_for_login(answer: &HttpAnswer) -> bool {
    answer.headers.iter().any(|h| {
        h.name == "www-authenticate"
            && ["basic", "ntlm", "negotiate", "digest"]
                .iter()
                .any(|scheme| h.value.to_ascii_lowercase().trim_start().starts_with(scheme))
    })
}

#[cfg(test)]
mod tests {
    use super::REFUSALS;

    #[test]
    fn each_row_names_a_rule_of_its_hop_and_compares_in_lower_case() {
        for row in REFUSALS {
            let rule = crate::diagnose::rule(row.id);
            assert_eq!(rule.map(|rule| rule.hop), Some(row.hop), "{}", row.id);
            assert!(row.status.0 <= row.status.1, "{}", row.id);
            for text in row.codes.iter().chain(row.words) {
                assert_eq!(*text, text.to_ascii_lowercase(), "{}", row.id);
            }
        }
    }

    #[test]
    fn each_status_but_2xx_has_a_reading() {
        for status in (100..=199).chain(300..=999) {
            assert!(
                REFUSALS.iter().any(|row| {
                    (row.status.0..=row.status.1).contains(&status)
                        && row.codes.is_empty()
                        && row.words.is_empty()
                        && row.header.is_none()
                        && row.only.is_empty()
                }),
                "{status}"
            );
        }
    }
}
