//! Some clients of the service use another port than the one that was walked (fact T55).

use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Expect;

pub(super) const RULE: Rule = rule!(
    "tcp-other-port-not-tested",
    Tcp,
    "Not tested: another port that clients of the service use",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let service = reading::service(e)?;
    let walked = |port: u16| e.target.port == port;
    let first = service.other_ports.first().filter(|_| walked(service.port))?;
    if !reading::tls_verified(e) || e.options.expect == Expect::Closed {
        return None;
    }
    let ports: Vec<String> = service
        .other_ports
        .iter()
        .map(|other| format!("{} ({})", other.port, other.protocol))
        .collect();
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        headline::fitting(&[
            format!("not tested: TCP {}, where clients connect too", ports.join(", ")),
            format!("not tested: TCP {} ({})", first.port, first.protocol),
        ]),
    )
    .fact(format!("{}:{} was walked", e.target.host, e.target.port))
    .reasoning(
        "a firewall may let one port through and not the other; a client that uses the other one \
         is not proved by this check",
    )
    .cites("/target/port")
    .not_tested();
    Some(finding.decide_with(format!("nc -vz -w 5 {} {}", e.target.host, first.port)))
}
