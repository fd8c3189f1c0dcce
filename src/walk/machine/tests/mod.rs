//! Tables of the machine: what happens, line by line, and what is done about it.
//!
//! `<ms> <event> => <action>; <action>`. Without an arrow, the line asserts that nothing is done; a
//! line that begins with `=>` or `;` goes on with the one above it.
//! Experiments on one subject are written together: `try <subject> [<ids>] in <ms>`.

mod experiments;
mod names;
mod path;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::finish::PathEvidence;
use super::{
    Action, ConnectPolicy, Established, Event, ExperimentPolicy, Hello, Machine, Question, Report,
    Settings,
};
use crate::evidence::dns::{
    Answer, DnsOutcome, Exchange, LateAnswer, QuestionType, Record, RecordType, ResolverRole,
    SystemAnswer, Transport,
};
use crate::evidence::experiment::{
    HandshakeExperiment, HandshakeResult, QuestionExperiment, Variation,
};
use crate::evidence::http::{HttpAnswer, HttpCall, HttpOutcome, Purpose};
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::tls::{CertificateFault, TlsHop, TlsOutcome};
use crate::evidence::{Expect, Hop, Observed};
use crate::target::Target;
use crate::walk::experiments::{ExperimentResult, Subject};

/// The path to `myacct` with one resolver, a deadline of 5 s a hop and 1 s until a stall.
fn settings(target: &Target) -> Settings<'_> {
    Settings {
        target,
        resolvers: vec![(resolver("R1"), ResolverRole::Configured, None)],
        overriding_resolver: None,
        uses_tcp: false,
        pinned: Vec::new(),
        expect: &Expect::Auto,
        connect: ConnectPolicy::Full { last: Hop::Http },
        experiments: ExperimentPolicy::Default,
        ends_with_call: false,
        any_nameserver: false,
        timeout: Duration::from_secs(5),
        deadline: Duration::from_secs(30),
        stall_after: Duration::from_secs(1),
    }
}

/// Walks to `myacct` with the settings as `change` leaves them, and compares line by line.
fn walk(change: impl FnOnce(&mut Settings<'_>), table: &str) -> PathEvidence {
    let target = Target::parse("myacct", None).unwrap();
    let mut settings = settings(&target);
    change(&mut settings);
    let mut machine = Machine::new(settings);
    let mut lines: Vec<String> = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match lines.last_mut().filter(|_| line.starts_with([';', '='])) {
            Some(last) => {
                *last = format!("{}{}{line}", last, if line.starts_with('=') { " " } else { "" })
            }
            None => lines.push(line.to_owned()),
        }
    }
    for line in &lines {
        let (happens, wanted) = line.split_once("=>").unwrap_or((line, ""));
        let mut words = happens.split_whitespace();
        let at = Duration::from_millis(words.next().unwrap().parse().unwrap());
        let words: Vec<&str> = words.collect();
        if words == ["stall"] {
            assert_eq!(machine.next_stall(), Some(at), "before: {line}");
        }
        let done = shown(machine.on(at, event(&words)));
        assert_eq!(done.join("; "), wanted.trim(), "after: {happens}");
    }
    machine.finish()
}

/// With the settings as they are.
fn plain(table: &str) -> PathEvidence {
    walk(|_| {}, table)
}

/// `R1` is 10.1.0.11, and so on.
fn resolver(name: &str) -> SocketAddr {
    let number: u8 = name.strip_prefix('R').unwrap().parse().unwrap();
    SocketAddr::from(([10, 1, 0, 10 + number], 53))
}

fn name_of(resolver: SocketAddr) -> String {
    match resolver.ip() {
        IpAddr::V4(ip) => format!("R{}", ip.octets()[3] - 10),
        IpAddr::V6(_) => resolver.to_string(),
    }
}

fn event(words: &[&str]) -> Event {
    let ms = (1.0, 1.0);
    match *words {
        ["begin"] => Event::Begin,
        [question @ ("A" | "AAAA" | "SOA"), server, outcome]
        | [question @ ("A" | "AAAA"), server, outcome, "again"]
        | [question @ ("A" | "AAAA"), server, outcome, "listening"] => {
            let question = match question {
                "A" => Question::A,
                "AAAA" => Question::Aaaa,
                _ => Question::ZoneSoa,
            };
            let index = usize::from(match resolver(server).ip() {
                IpAddr::V4(ip) => ip.octets()[3] - 11,
                IpAddr::V6(_) => 0,
            });
            let value = exchange(outcome);
            if words.last() == Some(&"again") {
                let answer = value.answer().unwrap().clone();
                let answer = LateAnswer { after_ms: 1.0, asked: 1, answer };
                return Event::LateAnswer { resolver: index, question, answer };
            }
            let seen = Observed::Done { started_ms: ms.0, took_ms: ms.1, value };
            let listens = words.last() == Some(&"listening");
            Event::Answer { resolver: index, question, seen, listens }
        }
        ["system", outcome] => {
            let value = match outcome {
                "stalled" => SystemAnswer::Stalled,
                code if code.starts_with("EAI_") => SystemAnswer::Failed { code: code.to_owned() },
                list => SystemAnswer::Addresses { addresses: addresses(list) },
            };
            Event::System(Observed::Done { started_ms: ms.0, took_ms: ms.1, value })
        }
        ["up", address] => up(address, false, 0),
        ["up", address, "reset"] => up(address, true, 0),
        ["up", address, "rtt", round_trip] => up(address, false, round_trip.parse().unwrap()),
        ["down", address, outcome] => {
            let outcome = match outcome {
                "refused" => TcpOutcome::Refused,
                "silent" => TcpOutcome::TimedOut,
                message => TcpOutcome::LocalError { errno: 0, message: message.to_owned() },
            };
            Event::Connected { attempt: attempt(address, outcome), established: None }
        }
        ["tls", address, outcome] => {
            let hop = handshake(outcome);
            let session = hop.outcome == TlsOutcome::Verified;
            let (started_ms, took_ms) = (10.0, 20.0);
            let address = address.parse().unwrap();
            Event::Handshake { address, started_ms, took_ms, hop: Box::new(hop), session }
        }
        ["called", alert] if alert.starts_with("alert:") => {
            let alert = Some(alert["alert:".len()..].to_owned());
            let calls = vec![call(HttpOutcome::Closed)];
            Event::Called { started_ms: 30.0, took_ms: 1.0, calls, alert }
        }
        ["called", status] => {
            let answer = HttpAnswer {
                status: status.parse().unwrap(),
                headers: Vec::new(),
                error: None,
                models: None,
                payload: None,
                body_bytes: 0,
                body_complete: true,
                body_excerpt: None,
            };
            let calls = vec![call(HttpOutcome::Answered { answer })];
            Event::Called { started_ms: 30.0, took_ms: 1.0, calls, alert: None }
        }
        ["tried", id, subject, outcome] => Event::Experiment(Box::new(tried(id, subject, outcome))),
        ["stall"] => Event::Stalled,
        ["idle"] => Event::Idle,
        _ => panic!("no such event: {words:?}"),
    }
}

/// What an experiment showed.
fn tried(id: &str, subject: &str, outcome: &str) -> ExperimentResult {
    if subject.starts_with('R') {
        return ExperimentResult::Question(QuestionExperiment {
            id: id.to_owned(),
            resolver: resolver(subject),
            edns: true,
            started_ms: 0,
            took_ms: 1,
            exchange: exchange(outcome),
        });
    }
    let (id, size) = id.split_once('/').unwrap_or((id, "0"));
    let changed = match id {
        "small-hello" => Variation::SmallHello,
        "sibling-sni" => Variation::ServerName { name: "sibling".to_owned() },
        "segment-size" => Variation::SegmentSize { bytes: size.parse().unwrap() },
        _ => Variation::Nothing,
    };
    let hop = handshake(outcome);
    let verified = hop.outcome == TlsOutcome::Verified;
    let seen = HandshakeResult {
        outcome: hop.outcome.clone(),
        bytes_sent: 1,
        // An answer of any kind is one that something came back for.
        bytes_received: u64::from(outcome != "silent"),
        tcp_info: None,
    };
    let session = verified && changed == Variation::SmallHello;
    let tried = HandshakeExperiment {
        id: id.to_owned(),
        address: Some(subject.parse().unwrap()),
        variation: changed,
        started_ms: 1100,
        took_ms: 7,
        tcp: TcpOutcome::Connected,
        tls: Some(seen),
    };
    ExperimentResult::Handshake(tried, session.then(|| Box::new(hop)))
}

fn up(address: &str, reset: bool, round_trip_ms: u64) -> Event {
    let outcome = if reset { TcpOutcome::Reset } else { TcpOutcome::Connected };
    let round_trip = Duration::from_millis(round_trip_ms);
    let established = Some(Established { reset, round_trip });
    Event::Connected { attempt: attempt(address, outcome), established }
}

fn attempt(address: &str, outcome: TcpOutcome) -> TcpAttempt {
    TcpAttempt {
        address: SocketAddr::new(address.parse().unwrap(), 443),
        connect_to: None,
        outcome,
        source: None,
        interface: None,
        started_ms: 1.0,
        took_ms: 2.0,
        info: None,
        syn_repeats: None,
    }
}

fn handshake(outcome: &str) -> TlsHop {
    let outcome = match outcome {
        "ok" => TlsOutcome::Verified,
        "silent" => TlsOutcome::Silent,
        "reset" => TlsOutcome::Reset,
        "closed" => TlsOutcome::Closed,
        "rejected" => TlsOutcome::CertificateRejected { fault: CertificateFault::UnknownIssuer },
        alert => TlsOutcome::Alert { description: alert.trim_start_matches("alert:").to_owned() },
    };
    TlsHop {
        server_name: "myacct.openai.azure.com".to_owned(),
        outcome,
        chain: Vec::new(),
        chain_length: 0,
        verdicts: Vec::new(),
        bundles: Vec::new(),
        accepted_by: None,
        negotiated: None,
        bytes_sent: 0,
        bytes_received: 0,
        tcp_info: None,
    }
}

fn call(outcome: HttpOutcome) -> HttpCall {
    HttpCall {
        purpose: Purpose::Models,
        method: "GET".to_owned(),
        path: "/openai/models".to_owned(),
        credential_sent: true,
        outcome,
        took_ms: 1.0,
    }
}

fn addresses(list: &str) -> Vec<IpAddr> {
    list.split(',').map(|address| address.parse().unwrap()).collect()
}

/// `silent`, `none` (NOERROR without a record), an rcode, or addresses.
fn exchange(outcome: &str) -> Exchange {
    let name = "myacct.openai.azure.com";
    let mut exchange = Exchange::unanswered(name, QuestionType::A, Transport::Udp);
    let (rcode, list) = match outcome {
        "silent" => return exchange,
        "none" => ("NOERROR", Vec::new()),
        rcode if rcode.starts_with(|c: char| c.is_ascii_uppercase()) => (rcode, Vec::new()),
        list => ("NOERROR", addresses(list)),
    };
    let record = |address: IpAddr| Record {
        name: name.to_owned(),
        kind: if address.is_ipv4() { RecordType::A } else { RecordType::Aaaa },
        ttl: 10,
        data: address.to_string(),
    };
    let answer = Answer {
        rcode: rcode.to_owned().into(),
        authoritative: false,
        truncated: false,
        recursion_available: true,
        authentic_data: false,
        records: list.into_iter().map(record).collect(),
        records_omitted: 0,
        soa: None,
        extended_errors: Vec::new(),
        size: 60,
    };
    exchange.outcome = DnsOutcome::Answered { answer };
    exchange
}

/// Actions as the tables write them.
fn shown(actions: Vec<Action>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut group: Option<(Subject, Duration, Vec<&str>)> = None;
    let close = |group: &mut Option<(Subject, Duration, Vec<&str>)>, lines: &mut Vec<String>| {
        if let Some((subject, timeout, ids)) = group.take() {
            let subject = match subject {
                Subject::Address(address) => address.to_string(),
                Subject::Resolver(resolver) => name_of(resolver),
            };
            lines.push(format!("try {subject} [{}] in {}", ids.join(" "), timeout.as_millis()));
        }
    };
    for action in actions {
        if let Action::Experiment { id, subject, timeout, .. } = action {
            match &mut group {
                Some((about, within, ids)) if *about == subject && *within == timeout => {
                    // An experiment of several questions is written once.
                    if ids.last() != Some(&id) {
                        ids.push(id);
                    }
                }
                _ => {
                    close(&mut group, &mut lines);
                    group = Some((subject, timeout, vec![id]));
                }
            }
            continue;
        }
        close(&mut group, &mut lines);
        lines.push(match action {
            Action::Ask { server, question, uses_tcp, .. } => {
                let question = match question {
                    Question::A => "A",
                    Question::Aaaa => "AAAA",
                    Question::ZoneSoa => "SOA",
                };
                let over = if uses_tcp { " tcp" } else { "" };
                format!("ask {} {question}{over}", name_of(server))
            }
            Action::LookUp => "look up".to_owned(),
            Action::Connect { address } => format!("connect {address}"),
            Action::Handshake { address } => format!("handshake {address}"),
            Action::Call { address, hello, effective } => {
                let hello = if hello == Hello::Small { " small" } else { "" };
                let confirmed = if effective.contains(&address) { "" } else { " unconfirmed" };
                format!("call {address}{hello}{confirmed}")
            }
            Action::Report(report) => match report {
                Report::Dns(_) => "dns".to_owned(),
                Report::Tcp => "tcp".to_owned(),
                Report::Tls(_) => "tls".to_owned(),
                Report::Http(_) => "http".to_owned(),
            },
            Action::Listen { until } => format!("listen until {}", until.as_millis()),
            Action::Finish => "finish".to_owned(),
            Action::Experiment { .. } => unreachable!("grouped above"),
        });
    }
    close(&mut group, &mut lines);
    lines
}
