//! The questions could not be sent: this machine cannot open another socket, or forbids it.

use crate::diagnose::rules::local_errno;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Observed;
use crate::evidence::dns::{DnsOutcome, Exchange};

use super::{downstream, libc_lookup, text};

pub(super) const RULE: Rule =
    rule!("dns-local-error", Dns, "This machine itself could not send the questions", Code(check))
        .explains(&["dns-system-fails", "dns-system-slow", "dns-resolver-down", "tcp-local-error"]);

/// What each errno of Linux and Windows means where no source port is left.
const NO_PORT: &[i32] = &[98, 99, 10048, 10049];

/// The errno and text with which this machine refused to put a question.
pub(super) fn refused(asked: &Observed<Exchange>) -> Option<(i32, &str)> {
    refusal(asked.value()?)
}

fn refusal(exchange: &Exchange) -> Option<(i32, &str)> {
    match &exchange.outcome {
        DnsOutcome::LocalError { message, errno: Some(errno) } => Some((*errno, message)),
        _ => None,
    }
}

/// What this machine refused to ask a resolver, with its place in the evidence. Questions of
/// experiments count where the system's own lookup failed as well.
fn refused_at<'a>(e: &'a View<'_>, r: &'a ResolverView<'_>) -> Option<(String, i32, &'a str)> {
    let walked =
        [("a", &r.seen.a), ("aaaa", &r.seen.aaaa)].into_iter().find_map(|(part, asked)| {
            let (errno, message) = refused(asked)?;
            Some((format!("/dns/resolvers/{}/{part}", r.index), errno, message))
        });
    let failed = || libc_lookup::failed_at_resolvers(e).filter(|_| e.dns.effective().is_empty());
    let tried = || {
        let mut all = e.experiments.questions.iter().enumerate();
        all.find_map(|(index, tried)| {
            let (errno, message) = refusal(&tried.exchange)?;
            (tried.resolver == r.seen.address)
                .then(|| (format!("/experiments/questions/{index}"), errno, message))
        })
    };
    walked.or_else(|| failed().and_then(|_| tried()))
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let deciding = e.dns.deciding();
    let (r, (pointer, errno, message)) =
        deciding.into_iter().find_map(|r| Some((r, refused_at(e, r)?)))?;
    let own = reading::own_limit(e, errno);
    let label = r.label();
    let lost = e.dns.effective().is_empty();
    let level = match (own, lost) {
        (false, true) if e.dns.all_fail() => Level::Broken,
        (false, true) => downstream::level_without_address(e),
        _ => Level::Risk,
    };
    let finding = FindingBuilder::new(
        level,
        Confidence::Proved,
        text::clause(
            format!("this machine cannot ask {label}: {message}"),
            "this machine cannot send its questions to the resolver",
        ),
    )
    .fact(format!("asking {label}: {message} (errno {errno})"))
    .cites(pointer)
    .reasoning("this machine's kernel refused, so the question was not sent")
    .ruled_out_if(e.dns.all_fail(), format!("{label} and the path to it: no question was sent"))
    .owner("Server");
    let finding = match lost && own {
        true => finding.untested(),
        false => finding,
    };
    Some(match own {
        true => finding
            .reasoning("a limit of this machine or of this process prevents another socket")
            .inspect("see the limits", "ulimit -n; cat /proc/sys/fs/file-nr /proc/net/sockstat")
            .step(Step::local("raise the limit for this program, and check again"))
            .check(reading::again(e)),
        false if NO_PORT.contains(&errno) => finding
            .reasoning(
                "no source port is left on this machine: other sockets hold them, or their range \
                 (`net.ipv4.ip_local_port_range`) is small; applications meet the same, at some \
                 lookups and connections and not at others",
            )
            .inspect("see how many sockets are open", "ss -s")
            .step(Step::inspect(
                "find the program that holds the ports: one that opens a connection for each call in \
                 place of a pool",
            ))
            .check(reading::again(e)),
        false => match local_errno::of(e, errno) {
            Some((means, command)) => {
                finding.reasoning(means).inspect("see what this machine forbids", command)
            }
            None => finding
                .reasoning(
                    "a packet filter, a security module or a sandbox (seccomp) of this machine \
                     forbids it",
                )
                .inspect("see what this machine forbids", "nft list ruleset; iptables-save -c"),
        }
        .check(text::dig(&e.dns.name, r.seen)),
    })
}
