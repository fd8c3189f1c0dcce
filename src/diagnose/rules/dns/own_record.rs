//! A private address without the privatelink alias: somebody's own record, often of a gateway
//! in front or of a hand-made zone (facts D57, D58).

use crate::diagnose::{Because, Rule};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop, TargetKind, classify};

use super::gives;
use super::words;

pub(super) const RULE: Rule = Rule {
    id: "dns-own-record",
    hop: Hop::Dns,
    title: "The private address comes without the privatelink alias: a record of your own",
    page: include_str!("../../../../docs/findings/dns-own-record.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    if e.target.private_zone.is_none()
        || matches!(
            e.target.kind,
            TargetKind::Privatelink | TargetKind::Unknown | TargetKind::Regional
        )
    {
        return None;
    }
    let name = &e.dns.name;
    let r = gives::decider(e)?;
    let private = r.gives.addresses().iter().find(|a| classify(**a).is_private())?;
    if r.seen.privatelink_alias(name).is_some() {
        return None;
    }
    Some(
        Because::new(
            Level::Note,
            Sure::Inferred,
            format!("{} gives {private} without the privatelink alias", r.label()),
        )
        .seen(format!("{name} -> {} at {}", words::gives(&r), r.label()))
        .read_at(r.pointer())
        .known_by(
            "Azure's own answer leads through an alias; this one is a record of your own, for the \
             endpoint or for a gateway in front, or the resolver takes aliases out of answers",
        )
        .known_by("such a record is not kept up to date when the endpoint is made anew"),
    )
}
