//! How a token was asked for and why none came, as the rules of identity need it.

use crate::diagnose::headline::Clause;
use crate::diagnose::rules::http::refusal_match::short;
use crate::diagnose::{FindingBuilder, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::http::{HttpAnswer, HttpOutcome};
use crate::evidence::identity::{
    Acquisition, CredentialKind, TokenOutcome, TokenPurpose, TokenRefusal, TokenRequest,
};
use crate::evidence::{Evidence, Expect};

/// A token that was wanted and did not come.
#[derive(Clone, Copy)]
pub(super) struct NoToken<'e> {
    pub(super) e: &'e Evidence,
    /// How it was asked for.
    pub(super) how: &'e Acquisition,
    /// The last request and its place; none where no request was made.
    pub(super) last: Option<(usize, &'e TokenRequest)>,
}

/// The token that did not come; none where none was wanted.
pub(super) fn no_token(e: &Evidence) -> Option<NoToken<'_>> {
    if e.identity.kind == CredentialKind::None {
        return None;
    }
    failed(e)
}

/// The token that did not come, also where no user or variable asked for one.
pub(super) fn failed(e: &Evidence) -> Option<NoToken<'_>> {
    let how = e.identity.acquisition.as_ref()?;
    let last = how.requests.iter().enumerate().next_back();
    (how.outcome != TokenOutcome::Acquired).then_some(NoToken { e, how, last })
}

impl<'e> NoToken<'e> {
    /// The last request, if it is of one of these purposes.
    pub(super) fn of(&self, purposes: &[TokenPurpose]) -> Option<(usize, &'e TokenRequest)> {
        self.last.filter(|(_, request)| purposes.contains(&request.purpose))
    }

    /// A finding that says why: `no token: <says>`.
    pub(super) fn finding(
        &self,
        confidence: Confidence,
        message: impl AsRef<str>,
    ) -> FindingBuilder {
        self.with_level(level(self.e), confidence, message)
    }

    /// [`Self::because`] of another level.
    pub(super) fn with_level(
        &self,
        level: Level,
        confidence: Confidence,
        message: impl AsRef<str>,
    ) -> FindingBuilder {
        let message = Clause::from(format!("no token: {}", message.as_ref())).or(message.as_ref());
        let asked = format!("wanted: a token for {}, as {}", self.how.scope, self.who());
        FindingBuilder::new(level, confidence, message)
            .fact(asked)
            .cites("/identity/acquisition/outcome")
            .check(reading::again(self.e))
    }

    /// The caller, with the source.
    pub(super) fn who(&self) -> String {
        let source = source(self.e);
        match (&self.how.client, &self.how.tenant) {
            (Some(client), Some(tenant)) => {
                format!("application {client} of tenant {tenant} ({source})")
            }
            (Some(client), None) => format!("identity {client} ({source})"),
            _ => source.to_owned(),
        }
    }

    /// The refusal of a request, with its pointer.
    pub(super) fn refusal(&self, purposes: &[TokenPurpose]) -> Option<Refused<'e>> {
        let (index, request) = self.of(purposes)?;
        let refusal = request.outcome.as_ref()?.refusal.as_ref()?;
        Some(Refused { index, request, refusal })
    }
}

/// Whether the SDKs ask again at such an answer, three times and more: the next one may hold a
/// token (fact I8b). A virtual machine's metadata service also says so while it is updating.
pub(super) const fn asked_again(purpose: TokenPurpose, status: u16) -> bool {
    match status {
        408 | 429 | 500 | 502 | 503 | 504 => true,
        404 | 410 | 500..=599 => matches!(purpose, TokenPurpose::Imds),
        _ => false,
    }
}

/// A request that was refused.
#[derive(Clone, Copy)]
pub(super) struct Refused<'e> {
    index: usize,
    pub(super) request: &'e TokenRequest,
    pub(super) refusal: &'e TokenRefusal,
}

impl<'e> Refused<'e> {
    /// The facts of the refusal: request, status, number, words, ids for a support request.
    pub(super) fn fact(&self, mut finding: FindingBuilder) -> FindingBuilder {
        let r = self.refusal;
        let mut line =
            format!("{} {} -> {}", self.request.method, host(&self.request.url), r.status);
        for part in r.error.iter().cloned().chain(r.codes.iter().map(|c| format!("AADSTS{c}"))) {
            line.push(' ');
            line.push_str(&part);
        }
        finding = finding.fact(line);
        if let Some(words) = Some(self.words()).filter(|words| !words.is_empty()) {
            finding = finding.fact(format!("it says: {}", short(words, 300)));
        }
        if let Some(id) = &r.correlation_id {
            finding = finding.fact(format!("correlation id {id}, for a support request"));
        }
        finding.cites(format!("/identity/acquisition/requests/{}/outcome", self.index))
    }

    /// The answer over HTTP.
    pub(super) fn answer(&self) -> Option<&'e HttpAnswer> {
        match &self.request.outcome.as_ref()?.http {
            HttpOutcome::Answered { answer } => Some(answer),
            _ => None,
        }
    }

    /// What it says: the description in its JSON, or the text that came in place of JSON.
    pub(super) fn words(&self) -> &'e str {
        let text = || self.answer()?.body_excerpt.as_deref();
        self.refusal.description.as_deref().or_else(text).unwrap_or_default()
    }

    /// Whether it answered in plain text, as no token endpoint of a platform does.
    pub(super) fn in_plain_text(&self) -> bool {
        self.refusal.error.is_none()
            && self.answer().is_some_and(|answer| answer.body_excerpt.is_some())
    }

    /// A header of the answer.
    pub(super) fn header(&self, name: &str) -> Option<&'e str> {
        let header = self.refusal.headers.iter().find(|header| header.name == name)?;
        Some(&header.value)
    }
}

/// How heavy a missing token is: nothing that needs it can succeed. Where `--expect closed` asks
/// about the network, who calls settles nothing (fact H28); where an application may ask the
/// cluster's token proxy, Entra ID's answer is not its own (fact I4a).
pub(super) fn level(e: &Evidence) -> Level {
    match e.options.expect {
        Expect::Closed => Level::Risk,
        _ if token_proxy(e) => Level::Risk,
        _ => Level::Broken,
    }
}

/// Whether an application of this pod may ask another for its token than was asked here.
fn token_proxy(e: &Evidence) -> bool {
    let how = e.identity.acquisition.as_ref();
    let asked = how.is_some_and(|how| {
        super::profiles::profile(&how.source).has_token_proxy
            && matches!(
                how.outcome,
                TokenOutcome::Refused | TokenOutcome::NotAnswered | TokenOutcome::Unusable { .. }
            )
    });
    let names = &e.identity.configured.token_proxy;
    asked && names.iter().any(|name| name == "AZURE_KUBERNETES_TOKEN_PROXY")
}

/// What people know the source by.
pub(super) fn source(e: &Evidence) -> &str {
    let name = e.identity.acquisition.as_ref().map(|how| how.source.as_str());
    e.identity.source.as_deref().or(name).unwrap_or("<source>")
}

/// The host of a URL.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

/// The host of the authority, by the request that was made or the evidence of the environment.
pub(super) fn authority<'e>(no: &NoToken<'e>) -> &'e str {
    let asked = no.how.requests.iter().rfind(|r| r.purpose == TokenPurpose::Entra);
    asked.map_or("the login host", |request| host(&request.url))
}

/// Words of a program or a library without their frame: what follows the name of the
/// credential, up to where help is promised.
pub(super) fn bare_words(message: &str) -> String {
    let text =
        message.split_once("Credential authentication failed. ").map_or(message, |(_, rest)| rest);
    let text = text.split("To troubleshoot").next().unwrap_or(text);
    // The evidence holds line ends escaped.
    let flat = text.replace("\\u{a}", " ").replace("\\u{d}", " ");
    flat.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{bare_words, host};

    #[test]
    fn words_lose_their_frame() {
        let message = "AzureCliCredential authentication failed. az not found on PATH\\u{a}To \
                    troubleshoot, visit https://aka.ms/x";
        assert_eq!(bare_words(message), "az not found on PATH");
        assert_eq!(bare_words("/run/token is empty"), "/run/token is empty");
    }

    #[test]
    fn a_host_is_what_stands_between() {
        assert_eq!(
            host("https://login.microsoftonline.com/t/oauth2/v2.0/token"),
            "login.microsoftonline.com"
        );
        assert_eq!(host("http://169.254.169.254?x"), "169.254.169.254");
    }
}
