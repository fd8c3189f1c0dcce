//! One resolver answers one question with answers of different kinds: behind its address are
//! several servers or upstreams with different views.

use crate::diagnose::view::answer_series::{self, AnswerKind};
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, endpoint_of, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Expect;
use crate::evidence::dns::ResolverRole;

use super::symptoms::{NOT_LET_IN, OF_ONE_ANSWER};
use super::{downstream, text};

pub(super) const RULE: Rule = rule!(
    "dns-answers-vary",
    Dns,
    "One resolver gives different answers to the same question",
    Code(check)
)
.explains(&[
    "tcp-silent",
    "tcp-refused",
    "tcp-unreachable",
    "tls-silent",
    "tls-reset",
    "tls-closed",
])
.explains_groups(&[OF_ONE_ANSWER, NOT_LET_IN]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let deciding = e.dns.deciding();
    let all = e.dns.resolver_views();
    let (r, mut kinds) = deciding
        .iter()
        .copied()
        .chain(all)
        .find_map(|r| Some((r, answer_series::varying(e, r.seen)?)))?;
    let bystander = !deciding.iter().any(|other| other.index == r.index);
    let asked = kinds.len();
    let alternates = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count() > 1;
    kinds.sort_unstable();
    let count = |kind: &AnswerKind| kinds.iter().filter(|other| *other == kind).count();
    let mut distinct = kinds.clone();
    distinct.dedup();
    let parts: Vec<String> = distinct.iter().map(|kind| kind.describe(&distinct)).collect();
    let label = r.label();
    let message = text::clause(
        format!("{label} sometimes gives {}", parts.join(", sometimes ")),
        "the resolver gives different answers to the same question",
    );
    let mut finding = FindingBuilder::new(level(e, r, bystander), Confidence::Proved, message)
        .caveat()
        .fact(format!("{label}, first: {}", text::outcome(r)))
        .cites(r.pointer());
    for kind in &distinct {
        finding = finding.fact(format!(
            "{} in {} of {asked} answers",
            kind.describe(&distinct),
            count(kind)
        ));
    }
    let private = distinct.iter().filter(|kind| kind.is_private()).count();
    if private > 0 && distinct.contains(&AnswerKind::Outside) {
        finding = super::advice::root_hints(finding, e, r);
    }
    for pointer in dns_experiments::pointers(e, r.seen, &["repeat-query"]) {
        finding = finding.cites(pointer);
    }
    if let Some(who) = text::cluster(e, r.seen) {
        finding = finding.reasoning(who);
    }
    finding = finding.reasoning(format!(
        "{label} was asked the same question {asked} times within moments: behind the address are \
         several servers, or it asks several upstreams in turn, and their views differ"
    ));
    // One step from old answers to new ones is a change of the record; going back and forth is not.
    finding = if alternates {
        finding.ruled_out("a change of the record: old and new answers would not alternate")
    } else {
        finding.reasoning(
            "the answers changed once and did not change back: a record that was just changed \
             looks the same until every cache has it",
        )
    };
    let addresses = distinct.iter().filter_map(|kind| match kind {
        AnswerKind::Private(all) if private > 1 => all.first(),
        _ => None,
    });
    let finding = addresses.fold(finding.owner("DNS"), |finding, address| {
        endpoint_of::look(finding, format!("see which endpoint has {address}"), address)
    });
    Some(
        finding
            .inspect(
                "see the answers change",
                format!("for i in 1 2 3 4 5 6; do {} +short; done", text::dig(&e.dns.name, r.seen)),
            )
            .step(Step::inspect(format!(
                "find the servers behind {label} and its upstreams, and ask each one directly"
            )))
            .step(
                Step::shared(
                    format!(
                        "give all of them the same view: the same forwarder for {0}, networks \
                         linked to {1}",
                        reading::public_suffix(e),
                        reading::private_zone(e)
                    ),
                    format!(
                        "every account of {0} for those clients: one without a record in {1} stops \
                         resolving there",
                        reading::public_suffix(e),
                        reading::private_zone(e)
                    ),
                )
                .undo("remove the forwarder or the link again"),
            )
            .check(text::dig(&e.dns.name, r.seen)),
    )
}

/// Broken where it made the call fail, else a risk: the next lookup may go either way.
pub(super) fn level(e: &View<'_>, r: &ResolverView<'_>, bystander: bool) -> Level {
    let addresses = e.dns.effective();
    let demanded = matches!(e.options.expect, Expect::Private | Expect::Cidr { .. });
    let given = e.options.resolver_given && r.seen.role != ResolverRole::Given;
    if reading::proxied(e) || given {
        Level::Note
    } else if bystander {
        Level::Risk
    } else if addresses.is_empty() {
        downstream::level_without_address(e)
    } else if (demanded && addresses.iter().any(|a| resolver_view::could_be_public(*a)))
        || downstream::call_is_blocked(e)
        || downstream::service_not_reached(e)
    {
        Level::Broken
    } else {
        Level::Risk
    }
}
