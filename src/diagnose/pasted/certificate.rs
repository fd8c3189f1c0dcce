//! What the issuer of a certificate shows that openssl or curl printed (facts S5 to S13).

use crate::diagnose::rules::tls::{issued_for_azure, product_in};
use crate::diagnosis::{AnswerMeaning, Confidence, ExplainedAnswer, PastedKind, Unexplained};
use crate::evidence::text::clean;

use super::super::rule;

/// Characters of an issuer that are shown.
const LONGEST: usize = 300;

/// What a certificate of Azure shows.
const OF_AZURE: &str = "the issuer names an authority of those that sign for Azure, and no product that inspects TLS (tls): \
     whether it signed, the name alone does not show";

/// What a certificate for `host` means, a name of Azure, by the issuer that is shown.
#[must_use]
pub fn issued(host: &str, issuer: &str) -> ExplainedAnswer {
    let issuer = clean(issuer, LONGEST);
    let line = format!("certificate for {host}, issued by {issuer}");
    let product = product_in(&issuer);
    let id = match product {
        Some(_) => Some("tls-interception"),
        None if issued_for_azure(&issuer) => None,
        None => Some("tls-untrusted-issuer"),
    };
    let meaning = id.and_then(rule).map(|rule| AnswerMeaning {
        id: rule.id,
        title: rule.title,
        short: rule.short.unwrap_or(rule.title),
        between_services: false,
        caller: "the machine of the text".to_owned(),
        callee: host.to_owned(),
        refused: "nothing was refused: a certificate is shown, and no more".to_owned(),
        causes: &[],
        by_text: true,
        is_answer: false,
        is_risk: true,
        // Anyone can write such a name.
        confidence: if product.is_some() { Confidence::Inferred } else { Confidence::Possible },
        testable: format!(
            "a check from that machine shows the chain and who trusts it: aoai-probe {host}"
        ),
        finding: None,
        page: rule.page(),
    });
    ExplainedAnswer {
        line,
        kind: PastedKind::Certificate,
        meaning: meaning.ok_or(Unexplained::without_end(OF_AZURE)),
    }
}
