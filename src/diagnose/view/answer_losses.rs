//! Whether a resolver leaves a question unanswered and answers the same question at another time. Facts
//! only: what is lost every time in one form, of one type or for one zone, is no loss of this kind.

use crate::evidence::dns::{
    DnsOutcome, Exchange, QuestionType, Rcode, ResolverEvidence, Transport,
};
use crate::evidence::{Evidence, Observed};

/// What became of the questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnose) struct Losses {
    /// How many were put, repeats of one apart.
    pub asked: usize,
    /// Those without an answer, or with one only once they were sent again.
    pub missed: usize,
    /// Those without an answer.
    pub silent: usize,
    /// Whether the walk's own question is one of those that got none at all.
    pub own: bool,
    /// Their places in the evidence.
    pub places: Vec<String>,
}

/// One question and its end.
struct Put {
    /// With EDNS or without; none where it was sent in both forms, and neither was answered.
    edns: Option<bool>,
    began: f64,
    ended: f64,
    answered_at_once: bool,
    silent: bool,
    place: String,
}

/// The walk's own question: its first repeat is sent without EDNS, and may be what was answered.
fn own(r: &ResolverEvidence, index: usize, kind: &QuestionType) -> Option<Put> {
    let (field, observed) = match kind {
        QuestionType::A => ("a", &r.a),
        QuestionType::Aaaa => ("aaaa", &r.aaaa),
        _ => return None,
    };
    let Observed::Done { started_ms, took_ms, value } = observed else { return None };
    let place = format!("/dns/resolvers/{index}/{field}");
    let edns = (value.outcome != DnsOutcome::TimedOut).then_some(value.sent == 1);
    put(value, edns, (*started_ms, *took_ms), place).filter(|_| value.edns_declined.is_none())
}

fn put(
    exchange: &Exchange,
    edns: Option<bool>,
    (began, took): (f64, f64),
    place: String,
) -> Option<Put> {
    let silent = exchange.outcome == DnsOutcome::TimedOut;
    if exchange.transport != Transport::Udp
        || exchange.sent == 0
        || !(silent || exchange.answer().is_some())
    {
        return None;
    }
    let answered_at_once = !silent && exchange.sent == 1;
    Some(Put { edns, began, ended: began + took, answered_at_once, silent, place })
}

/// The questions for the name, of one type.
fn puts(e: &Evidence, r: &ResolverEvidence, kind: &QuestionType) -> Vec<Put> {
    let index =
        e.dns.resolvers.iter().position(|other| (other.address, other.role) == (r.address, r.role));
    let own = index.and_then(|index| own(r, index, kind));
    let tried = e.experiments.questions.iter().enumerate().filter(|(_, tried)| {
        tried.resolver == r.address
            && tried.exchange.kind == *kind
            && tried.exchange.name.eq_ignore_ascii_case(&e.dns.name)
    });
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of one walk")]
    let tried = tried.filter_map(|(index, tried)| {
        let times = (tried.started_ms as f64, tried.took_ms as f64);
        put(&tried.exchange, Some(tried.edns), times, format!("/experiments/questions/{index}"))
    });
    own.into_iter().chain(tried).collect()
}

/// The losses of a resolver among the questions of this type, where one was missed although neither its
/// type nor its form is what is missed: both were answered, before it or while it waited.
pub(in crate::diagnose) fn of(
    e: &Evidence,
    r: &ResolverEvidence,
    kind: &QuestionType,
) -> Option<Losses> {
    let all = puts(e, r, kind);
    let other = match kind {
        QuestionType::A => puts(e, r, &QuestionType::Aaaa),
        _ => puts(e, r, &QuestionType::A),
    };
    // Where one got no answer at all, an answer to the repeat of another one is one, too.
    let counts = |missed: &Put, put: &Put| match missed.silent {
        true => !put.silent,
        false => put.answered_at_once,
    };
    let same_form = |missed: &Put, put: &Put| missed.edns.is_none() || put.edns == missed.edns;
    let is_missed = |missed: &&Put| {
        let of_this_type = all.iter().any(|put| counts(missed, put));
        let mut both = all.iter().chain(&other).filter(|put| counts(missed, put));
        !missed.answered_at_once && of_this_type && both.any(|put| same_form(missed, put))
    };
    let missed: Vec<&Put> = all.iter().filter(is_missed).collect();
    // What is lost before the first answer and never after it was an outage that has ended, or a server
    // that had to look first.
    let after_an_answer = |missed: &Put| {
        all.iter()
            .filter(|put| counts(missed, put))
            .any(|other| other.ended < missed.began || missed.silent && other.ended < missed.ended)
    };
    if !missed.iter().any(|put| after_an_answer(put)) {
        return None;
    }
    let counted =
        all.iter().filter(|put| !put.silent || missed.iter().any(|other| other.place == put.place));
    let places: Vec<String> = counted.map(|put| put.place.clone()).collect();
    Some(Losses {
        asked: places.len(),
        missed: missed.len(),
        silent: missed.iter().filter(|put| put.silent).count(),
        own: missed.iter().any(|put| put.edns.is_none()),
        places,
    })
}

/// The repeats of the walk's own A question that were answered with SERVFAIL or REFUSED, although that
/// question itself got an address: neither the name nor the form of the question is what fails then.
pub(in crate::diagnose) fn errors(e: &Evidence, r: &ResolverEvidence) -> Option<(Losses, String)> {
    let addresses = |exchange: &Exchange| {
        exchange.answer().is_some_and(|answer| !answer.chain(&e.dns.name).addresses.is_empty())
    };
    if !r.a.value().is_some_and(addresses) {
        return None;
    }
    let repeats = e.experiments.questions.iter().enumerate().filter(|(_, tried)| {
        tried.resolver == r.address
            && tried.id == "repeat-query"
            && tried.exchange.kind == QuestionType::A
    });
    let answers: Vec<(usize, &Rcode)> = repeats
        .filter_map(|(index, tried)| Some((index, &tried.exchange.answer()?.rcode)))
        .collect();
    let fails = |rcode: &Rcode| matches!(rcode, Rcode::ServFail | Rcode::Refused);
    let word = answers.iter().find(|(_, rcode)| fails(rcode))?.1.to_string();
    let index =
        e.dns.resolvers.iter().position(|other| (other.address, other.role) == (r.address, r.role));
    let own = index.map(|index| format!("/dns/resolvers/{index}/a"));
    let repeats = answers.iter().map(|(index, _)| format!("/experiments/questions/{index}"));
    let losses = Losses {
        asked: answers.len() + 1,
        missed: answers.iter().filter(|(_, rcode)| fails(rcode)).count(),
        silent: 0,
        own: false,
        places: own.into_iter().chain(repeats).collect(),
    };
    Some((losses, word))
}

/// The losses among all questions of the walk, where its own question for the name got no answer, and
/// neither did one for `localhost`, although a name that another server has to be asked for was answered:
/// then no upstream and no zone is what fails.
pub(in crate::diagnose) fn of_any(e: &Evidence, r: &ResolverEvidence) -> Option<Losses> {
    let here = || {
        let all = e.experiments.questions.iter().enumerate();
        all.filter(|(_, tried)| {
            tried.resolver == r.address
                && tried.exchange.transport == Transport::Udp
                && tried.exchange.sent > 0
        })
    };
    let silent = |exchange: &Exchange| exchange.outcome == DnsOutcome::TimedOut;
    let own = r.a.value().is_some_and(silent);
    let localhost =
        here().any(|(_, tried)| tried.exchange.name == "localhost" && silent(&tried.exchange));
    let fresh = here().any(|(_, tried)| {
        tried.id == "uncached-name"
            && tried.exchange.answer().is_some_and(|answer| answer.rcode.is_answer())
    });
    if !(own && localhost && fresh) {
        return None;
    }
    let places: Vec<String> =
        here().map(|(index, _)| format!("/experiments/questions/{index}")).collect();
    let missed = here().filter(|(_, tried)| silent(&tried.exchange)).count() + 1;
    Some(Losses { asked: places.len() + 1, missed, silent: missed, own: true, places })
}
