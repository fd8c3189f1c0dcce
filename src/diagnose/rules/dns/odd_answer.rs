//! An answer that has an address and that libraries read in different ways (fact D231).

use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::Step;
use crate::evidence::dns::{Rcode, Record, RecordType};

use super::text;

/// What of an answer with an address keeps libraries from it: an error next to it, or two aliases of one
/// name.
pub(super) fn of(r: &ResolverView<'_>) -> Option<String> {
    let label = r.label();
    [&r.seen.a, &r.seen.aaaa].into_iter().filter_map(reading::message).find_map(|answer| {
        let is_address = |kind: &RecordType| matches!(kind, RecordType::A | RecordType::Aaaa);
        let has_address = answer.records.iter().any(|record| is_address(&record.kind));
        if has_address && !matches!(answer.rcode, Rcode::NoError | Rcode::NxDomain) {
            return Some(format!("{label} gives an address and {} in one answer", answer.rcode));
        }
        let aliases = || answer.records.iter().filter(|one| one.kind == RecordType::Cname);
        let has_another = |record: &&Record| {
            aliases().any(|other| {
                other.name.eq_ignore_ascii_case(&record.name)
                    && !other.data.eq_ignore_ascii_case(&record.data)
            })
        };
        let record = aliases().find(has_another)?;
        Some(format!("{label} gives {} two aliases, and a name has one (RFC 1034)", record.name))
    })
}

/// The finding where that is why the system's lookup may have failed.
pub(super) fn finding(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    why: &str,
) -> FindingBuilder {
    let (name, label) = (&e.dns.name, r.label());
    finding
        .reasoning(format!(
            "{why}: programs read such an answer in different ways, and the C library may find no \
             address in it"
        ))
        .owner("DNS")
        .inspect("see the whole answer", text::dig(name, r.seen))
        .inspect("see what applications get", format!("getent ahosts {name}"))
        .step(
            Step::shared(
                format!("have {label}, or the server that it asks, give one answer or the other"),
                format!("every client of {label}"),
            )
            .undo("set it back as it was"),
        )
        .check(format!("getent ahosts {name}"))
}
