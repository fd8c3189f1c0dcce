//! The answer has an address before the alias that leads to it (fact D101): glibc reads the records in
//! order and finds none.

use crate::diagnose::view::library::Library;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::dns::{Answer, LookupFailure};

use super::{downstream, libc_lookup, text};

pub(super) const RULE: Rule = rule!(
    "dns-answer-out-of-order",
    Dns,
    "The answer has the address before the alias that leads to it",
    Code(check)
)
.explains(&["dns-system-fails", "dns-aaaa-swallowed"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    // Where no resolver is asked, the order of its answer decides nothing.
    let code = libc_lookup::failed_at_resolvers(e)?;
    let ends_there = matches!(
        LookupFailure::of(code),
        LookupFailure::NoSuchName | LookupFailure::NoAddress | LookupFailure::NotShown
    );
    if !ends_there || !Library::of(e).is_glibc() || !e.dns.effective().is_empty() {
        return None;
    }
    let r = e.dns.effective_resolver().filter(|r| e.dns.decides(r.seen))?;
    let name = &e.dns.name;
    let answers: Vec<&Answer> = [&r.seen.a, &r.seen.aaaa]
        .into_iter()
        .filter_map(|asked| reading::message(asked))
        .filter(|answer| !answer.chain(name).addresses.is_empty())
        .collect();
    let first = *answers.first()?;
    if answers.iter().any(|answer| !answer.addresses_in_order(name).is_empty()) {
        return None;
    }
    let level = downstream::level_without_address(e);
    let label = r.label();
    let order: Vec<String> =
        first.records.iter().map(|one| format!("{} {}", one.name, one.kind)).take(6).collect();
    let message = text::clause(
        format!("{label} puts the address before its alias: getaddrinfo finds no address ({code})"),
        "the answer has the address before its alias",
    );
    let dig = text::dig(name, r.seen);
    Some(
        FindingBuilder::new(level, Confidence::Proved, message)
            .fact(format!("{label} answers, in this order: {}", order.join("; ")))
            .fact(format!("getaddrinfo for {name}: {code}"))
            .cites(r.pointer())
            .cites("/dns/system")
            .reasoning(
                "glibc reads the records once, from the first to the last, and passes over an \
                 address whose name no alias has led to yet; dig, and libraries that do not look at \
                 names (musl), show the address",
            )
            .ruled_out("the path to the resolver and the records themselves: both are there")
            .owner("DNS")
            .inspect("see the order of the answer", format!("{dig} +noall +answer"))
            .step(
                Step::shared(
                    format!(
                        "have {label} put each alias before the record that it leads to: update the \
                         server, or turn off what reorders its records (a load balancer, a DNS \
                         proxy, a script)"
                    ),
                    format!("every client of {label}"),
                )
                .undo("set it back as it was"),
            )
            .step(
                Step::local("use another resolver that sees the same zones until then")
                    .or()
                    .undo("put the old resolver back"),
            )
            .check(format!("getent ahosts {name}")),
    )
}
