//! What a lookup means that a tool printed: the rules that judge a walk's answers of resolvers, asked with
//! the lookup alone. Nothing is known of the machine that made it, nor of what came after.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::diagnosis::{
    AnswerMeaning, CallEnd, Confidence, ExplainedAnswer, Finding, Level, PastedKind, Unexplained,
};
use crate::evidence::dns::{
    Answer, DnsHop, DnsOutcome, Exchange, QuestionType, Rcode, Record, ResolverEvidence,
    ResolverRole, SelectedAddress, Soa, SystemAnswer, Transport, is_privatelink,
};
use crate::evidence::vantage::Vantage;
use crate::evidence::{Evidence, Hop, Observed, SkipReason, classify};

use super::super::{diagnose, rule};
use super::unanswered::{NO_HOP, is_of_dns};

/// A lookup that a tool printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The name that was looked up, in lower case.
    pub name: String,
    /// The server that was asked, where it is shown.
    pub server: Option<IpAddr>,
    /// The code of the answer; none where no answer came.
    pub rcode: Option<Rcode>,
    /// Aliases and addresses, in order.
    pub records: Vec<Record>,
    /// The zone that the answer names, where it is shown.
    pub soa: Option<Soa>,
    /// What of an answer is shown.
    pub shown: Shown,
    /// The code of the answer to the tool's second question, for IPv6 addresses, where it failed.
    pub second: Option<Rcode>,
}

/// What of an answer a tool shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Addresses alone, as clients name that which they try.
    Addresses,
    /// Records that are no addresses, in an answer to a question for such.
    Others,
    /// Its code alone: nslookup of Windows and Resolve-DnsName, where there is no address.
    Code,
    /// Aliases and addresses, and no code: nslookup of Windows.
    Names,
    /// Aliases, addresses and code.
    Answer,
    /// All of it, with the zone that it names.
    Whole,
    /// No answer, and that the connection was closed.
    Closed,
}

/// What has no fault.
const PRIVATE: Unexplained = Unexplained::without_end(
    "DNS gave a private address there (dns). Whether it is that of the endpoint, and what failed behind \
     it, a lookup does not show. A check from that machine walks the path: aoai-probe <host>",
);
/// What may have one.
const PUBLIC: Unexplained = Unexplained::without_end(
    "DNS gave a public address there, and no alias that shows a private endpoint (dns): of an account \
     without one this is right",
);
/// What shows too little.
const NO_ALIASES: Unexplained = Unexplained::without_end(
    "DNS gave a public address there (dns). The aliases, which show whether there is a private endpoint, \
     are not shown: nslookup <host>, from that machine",
);
/// Neither a private nor a public one.
const MADE_UP: Unexplained = Unexplained::without_end(
    "DNS gave an address there that no service of Azure has (dns): VPN and zero-trust clients make such \
     addresses up and alone know the real one; a block list or a hosts file gives those of the machine \
     itself. A check from that machine shows what is behind it: aoai-probe <host>",
);
/// The same of a name that does not exist.
const WHICH_NAME: Unexplained = Unexplained::without_end(
    "the server answers that a name does not exist (dns): the name itself, or the name in the private zone \
     that it leads to. This tool shows no aliases of such an answer; where they end, a trace or another tool \
     shows: nslookup -type=CNAME <host>",
);
/// The same of one in a private zone.
const WHICH_ZONE: Unexplained = Unexplained::without_end(
    "the server answers that the name in the private zone does not exist (dns): the zone that it sees has no \
     record of it, or there is no such endpoint and it asked the public zone. The zone that the answer \
     names tells which of them: dig <that name>",
);
/// What shows nothing of addresses.
const OTHERS: Unexplained = Unexplained::without_end(
    "other records than IPv4 addresses were looked up there (dns): that none of them is an address shows no \
     fault. The addresses: nslookup <host>, from that machine",
);
/// Why a public address may be right.
const OUTSIDE: &str = "a machine outside the endpoint's networks rightly gets the public address: it is a fault only where the \
     machine of the lookup should use the endpoint";
/// No answer came.
const SILENT: Unexplained = ended!(
    "dns",
    "the server gave no answer in the time of the tool",
    ": it is down, or the way to its port 53 is \
     closed. A check from that machine asks each server by itself: aoai-probe <host>"
);

/// What the tool's second question shows (fact D270).
const SECOND_FAILS: Unexplained = ended!(
    "dns",
    "the server gave an address, and an error to the question for IPv6 addresses of the same name",
    ": glibc and Windows go on with the address; musl, which Alpine images use, takes the name for failed. The server \
     should answer that question with NOERROR and no address (DNS); an image with glibc does without. A check from \
     that machine asks both: aoai-probe <host>"
);
/// A connection for questions over TCP was closed.
const CLOSED: Unexplained = ended!(
    "dns",
    "the server, or what is in front of it, closed the connection of the lookup",
    ": it answers nothing over TCP there, which clients use for answers that are too long for UDP. Whether UDP is \
     answered, the same lookup without +tcp shows. A check from that machine asks over both: aoai-probe <host>"
);

impl Lookup {
    /// Whether it has no address and its aliases end with this name.
    #[must_use]
    pub fn leads_to(&self, name: &str) -> bool {
        let chain = self.answer().chain(&self.name);
        chain.addresses.is_empty() && chain.aliases.last().is_some_and(|last| last == name)
    }

    /// Puts the answer for the name that its aliases end with behind its own.
    pub fn go_on_with(&mut self, next: Self) {
        self.records.extend(next.records);
        self.rcode = next.rcode;
        self.soa = next.soa;
        self.shown = match next.shown {
            Shown::Code => Shown::Answer,
            shown => shown,
        };
    }

    /// Whether its aliases end with the name of a private endpoint.
    fn ends_in_zone(&self) -> bool {
        self.answer().chain(&self.name).aliases.last().is_some_and(|last| is_privatelink(last))
    }

    /// Whether its addresses are those of another.
    #[must_use]
    pub fn has_addresses_of(&self, other: &Self) -> bool {
        self.addresses() == other.addresses()
    }

    /// The addresses at the end of the aliases.
    fn addresses(&self) -> Vec<IpAddr> {
        self.answer().chain(&self.name).addresses
    }

    fn answer(&self) -> Answer {
        Answer {
            rcode: self.rcode.clone().unwrap_or(Rcode::NoError),
            authoritative: false,
            truncated: false,
            recursion_available: true,
            authentic_data: false,
            records: self.records.clone(),
            records_omitted: 0,
            soa: self.soa.clone(),
            extended_errors: Vec::new(),
            size: 0,
        }
    }

    /// The lookup on one line.
    fn line(&self) -> String {
        let server = self.server.map(|server| format!(" at {server}")).unwrap_or_default();
        let chain = self.answer().chain(&self.name);
        let mut parts = vec![self.name.clone()];
        parts.extend(chain.aliases);
        let list = chain.addresses.iter().map(|a| format!("{a} ({})", classify(*a).words()));
        let end = match (&self.rcode, chain.addresses.is_empty()) {
            (None, _) => "no answer".to_owned(),
            (Some(Rcode::NoError), true) if self.shown == Shown::Others => "not shown".to_owned(),
            (Some(Rcode::NoError), true) => "no address".to_owned(),
            (Some(rcode), true) => rcode.as_str().to_owned(),
            (Some(_), false) => list.collect::<Vec<_>>().join(", "),
        };
        parts.push(end);
        format!("{}{server}", parts.join(" -> "))
    }
}

/// What a lookup means; `base` is what a walk to its name would be, without any hop.
#[must_use]
pub fn looked_up(base: &Evidence, lookup: &Lookup) -> ExplainedAnswer {
    let meaning = shown_fault(lookup).map_or_else(|| judged(base, lookup), Err);
    ExplainedAnswer { line: lookup.line(), kind: PastedKind::Lookup, meaning }
}

/// The words for a lookup that shows too little for any rule.
fn shown_fault(lookup: &Lookup) -> Option<Unexplained> {
    let is_missing = lookup.rcode == Some(Rcode::NxDomain) && lookup.addresses().is_empty();
    match lookup.shown {
        Shown::Closed => Some(CLOSED),
        _ if lookup.rcode.is_none() => Some(SILENT),
        Shown::Others => Some(OTHERS),
        Shown::Whole => None,
        _ if is_missing && is_privatelink(&lookup.name) => Some(WHICH_ZONE),
        Shown::Code if is_missing => Some(WHICH_NAME),
        _ => None,
    }
}

fn judged(base: &Evidence, lookup: &Lookup) -> Result<AnswerMeaning, Unexplained> {
    let is_fault = |finding: &Finding| {
        finding.hop == Hop::Dns && finding.level > Level::Note && finding.explained_by.is_none()
    };
    let fault = diagnose(&evidence(base, lookup)).findings.into_iter().find(is_fault);
    if let Some(meaning) = fault.and_then(|finding| meaning(lookup, finding)) {
        return Ok(meaning);
    }
    if lookup.second.is_some() {
        return Err(SECOND_FAILS);
    }
    let classes: Vec<_> = lookup.addresses().into_iter().map(classify).collect();
    if classes.iter().any(|class| class.is_unusable()) {
        return Err(MADE_UP);
    }
    Err(match classes.iter().any(|class| class.is_public()) {
        true if lookup.shown == Shown::Addresses => NO_ALIASES,
        true => PUBLIC,
        false => PRIVATE,
    })
}

/// The explanations of a text's answers and of its lookups, those first whose cause the others may have.
#[must_use]
pub fn beside(
    mut answers: Vec<ExplainedAnswer>,
    lookups: Vec<ExplainedAnswer>,
) -> Vec<ExplainedAnswer> {
    if lookups.is_empty() {
        return answers;
    }
    // What only says that there was no address, or nothing at all, says less than the lookup.
    let is_silent =
        lookups.iter().any(|lookup| lookup.meaning == Err(SILENT) || lookup.meaning == Err(CLOSED));
    answers.retain(|answer| {
        let says_less = |why: Unexplained| {
            why == super::NOT_KNOWN || is_of_dns(&why) || is_silent && why == NO_HOP
        };
        !answer.meaning.as_ref().is_err_and(|why| says_less(*why))
    });
    let id = |one: &ExplainedAnswer| one.meaning.as_ref().ok().map(|meaning| meaning.id);
    let (faults, rest): (Vec<_>, Vec<_>) =
        lookups.into_iter().partition(|lookup| lookup.meaning.is_ok());
    let answered = answers.iter().find_map(id);
    let is_cause = |fault: &ExplainedAnswer| {
        let rule = id(fault).and_then(rule);
        answered.is_none_or(|answered| {
            rule.is_some_and(|rule| rule.symptoms().any(|id| id == answered))
        })
    };
    match faults.iter().any(is_cause) {
        true => [faults, answers, rest].concat(),
        false => [answers, faults, rest].concat(),
    }
}

fn meaning(lookup: &Lookup, mut finding: Finding) -> Option<AnswerMeaning> {
    let rule = rule(&finding.id)?;
    finding.azure = None;
    let has_address = !lookup.addresses().is_empty();
    // Where the lookup was made is not known, and no more of the path was asked.
    finding.confidence = match finding.confidence {
        Confidence::Proved if !has_address => Confidence::Inferred,
        _ if has_address => Confidence::Possible,
        confidence => confidence,
    };
    if has_address && finding.level < Level::Broken {
        finding.reasoning.insert(0, OUTSIDE.to_owned());
    }
    let confidence = finding.confidence;
    // The zone that an answer without an address names decides, and few tools show it.
    let is_whole = lookup.server.is_some()
        && (has_address
            || lookup.shown == Shown::Whole
            || lookup.rcode.as_ref().is_some_and(fails));
    let server = lookup.server.map_or_else(|| "its resolver".to_owned(), |s| s.to_string());
    Some(AnswerMeaning {
        id: rule.id,
        title: rule.title,
        short: rule.short.unwrap_or(rule.title),
        between_services: false,
        caller: "the machine of the lookup".to_owned(),
        callee: format!("{server}, for {}", lookup.name),
        refused: "nothing was refused: a lookup shows the answer of a resolver, and no more"
            .to_owned(),
        causes: &[],
        by_text: true,
        is_answer: false,
        is_risk: finding.level < Level::Broken,
        confidence: if is_whole { confidence } else { Confidence::Possible },
        testable:
            "a check from the machine of the lookup asks each of its resolvers: aoai-probe <host>"
                .to_owned(),
        finding: is_whole.then_some(finding),
        page: rule.page(),
    })
}

/// Whether a server did not do its work, whatever zone it sees.
const fn fails(rcode: &Rcode) -> bool {
    !rcode.is_answer()
}

/// The evidence of a walk that asked this and nothing else.
fn evidence(base: &Evidence, lookup: &Lookup) -> Evidence {
    let mut evidence = base.clone();
    evidence.unfinished = None;
    evidence.options.resolver_given = true;
    evidence.vantage = Vantage::unknown(base.vantage.os.clone());
    evidence.dns = hop(lookup);
    evidence.tcp = Observed::NotReached { stopped_at: Hop::Dns };
    evidence.tls = Observed::NotReached { stopped_at: Hop::Dns };
    evidence.http = Observed::NotReached { stopped_at: Hop::Dns };
    evidence
}

fn hop(lookup: &Lookup) -> DnsHop {
    let done = |value| Observed::Done { started_ms: 0.0, took_ms: 0.0, value };
    let not_asked = || Observed::NotAsked { reason: SkipReason::NotNeeded };
    let addresses = lookup.addresses();
    let mut exchange = Exchange::unanswered(&lookup.name, QuestionType::A, Transport::Udp);
    exchange.sent = 1;
    let mut answer = lookup.answer();
    // nslookup of Windows shows no code where the aliases end without an address (fact D50).
    if lookup.shown == Shown::Names && addresses.is_empty() && lookup.ends_in_zone() {
        answer.rcode = Rcode::NxDomain;
    }
    exchange.outcome = DnsOutcome::Answered { answer };
    let a = done(exchange);
    // One that is not shown is taken for a server of the company: its label is in no text.
    let server = lookup.server.unwrap_or(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)));
    let resolver = ResolverEvidence {
        address: SocketAddr::new(server, 53),
        scope: None,
        role: ResolverRole::Given,
        a,
        aaaa: Observed::NotAsked { reason: SkipReason::NotNeeded },
        zone_soa: Observed::NotAsked { reason: SkipReason::NotNeeded },
        round: None,
    };
    let by_resolver = lookup.shown != Shown::Addresses;
    DnsHop {
        name: lookup.name.clone(),
        resolvers: if by_resolver { vec![resolver] } else { Vec::new() },
        system: match by_resolver {
            true => not_asked(),
            false => Observed::Done {
                started_ms: 0.0,
                took_ms: 0.0,
                value: SystemAnswer::Addresses { addresses: addresses.clone() },
            },
        },
        selected: { addresses.into_iter() }
            .map(|address| SelectedAddress { address, class: classify(address), effective: true })
            .collect(),
        first_address_ms: None,
    }
}
