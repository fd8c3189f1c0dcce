//! The chain is accepted here, and clients that verify strictly refuse it (fact S62).

use super::session;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::{StrictForm, TlsOutcome};

pub(super) const RULE: Rule = rule!(
    "tls-strict-clients",
    Tls,
    "Python 3.13 and later refuses the chain, which lacks a part of the form",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tls.value().filter(|hop| hop.outcome == TlsOutcome::Verified)?;
    // Certificates that are sent and not on the path are not verified.
    let (index, first) = hop.path().into_iter().find(|(_, one)| !one.lacks.is_empty())?;
    let lacks: Vec<&str> = first.lacks.iter().map(|form| words(*form)).collect();
    let lacks = lacks.join(", ");
    let message =
        format!("Python 3.13 and later refuses the chain: it lacks {}", words(first.lacks[0]));
    Some(
        session::finding(e, Level::Note, Confidence::Inferred, message)
            .caveat()
            .fact(format!("{} lacks {lacks}", first.subject))
            .cites(format!("/tls/value/chain/{index}"))
            .reasoning(
                "Python's default context verifies strictly from 3.13 on (VERIFY_X509_STRICT), and \
                 httpx (openai for Python before version 3) and urllib3 with it; openai from version 3 \
                 on, this check and other clients do not ask for that part",
            )
            .owner("Security")
            .inspect("see the chain that is sent", session::s_client(e, "-showcerts"))
            .step(
                Step::shared(
                    "have the authority that signs it issue certificates with that part; of an \
                     inspecting proxy, its own authority's certificate too",
                    "every client of that authority: a new certificate of it has to be distributed",
                )
                .undo("use the former certificates again"),
            )
            .step(
                Step::local(
                    "clear ssl.VERIFY_X509_STRICT in the verify_flags of the application's context",
                )
                .or(),
            )
            .check(reading::again(e)),
    )
}

const fn words(form: StrictForm) -> &'static str {
    match form {
        StrictForm::AuthorityKeyIdentifier => "the authority key identifier",
        StrictForm::SubjectKeyIdentifier => "the subject key identifier",
        StrictForm::KeyUsage => "the key usage of an authority",
        StrictForm::CriticalBasicConstraints => "critical basic constraints",
        StrictForm::KeyUsageOfALeaf => "a key usage without keyCertSign",
        StrictForm::CriticalNames => "critical alternative names, as its subject is empty",
    }
}
