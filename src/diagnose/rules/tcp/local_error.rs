//! The connection could not be attempted: this machine's own kernel refused.

use super::attempts;
use crate::diagnose::rules::local_errno;
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tcp::TcpOutcome;

pub(super) const RULE: Rule = rule!(
    "tcp-local-error",
    Tcp,
    "This machine's kernel refuses to open the connection",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let TcpOutcome::LocalError { errno, message } = &attempt.outcome else { return None };
    let peer = attempts::peer(attempt);
    let row = local_errno::of(e, *errno);
    let mut finding = attempts::broken(
        e,
        failed,
        Confidence::Proved,
        headline::fitting(&[
            format!("this machine cannot connect to {peer}: {message}"),
            format!("this machine cannot connect to {peer} (errno {errno})"),
        ]),
    )
    .reasoning(format!("the kernel refused with errno {errno}; nothing was sent"))
    .ruled_out_if(
        attempts::never_left(attempt),
        "every device on the path: no packet left this machine",
    )
    .owner("Server");
    finding = match row {
        Some((means, command)) => {
            finding.reasoning(means).inspect("see which limit or rule applies", command)
        }
        None => finding
            .inspect("see the route that the kernel would take", attempts::route_get(attempt)),
    };
    let finding = finding.check(reading::again(e));
    Some(match reading::own_limit(e, *errno) {
        // Nothing was tested: the path may be fine.
        true => finding
            .with_level(Level::Risk)
            .untested()
            .step(Step::local("raise the limit for this program, and check again")),
        false => finding,
    })
}
