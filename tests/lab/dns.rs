//! Resolvers: hickory's server over in-memory zones, chased as a recursive resolver does, with
//! the misbehaviour of a world between the question and the answer.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::proto::op::{Edns, Header, HeaderCounts, Metadata, ResponseCode};
use hickory_server::proto::rr::rdata::opt::EdnsOption;
use hickory_server::proto::rr::rdata::{A, AAAA, CNAME, SOA, TXT};
use hickory_server::proto::rr::{LowerName, Name, RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{
    AxfrPolicy, LookupOptions, MessageResponseBuilder, ZoneHandler, ZoneType,
};
use tokio::net::{TcpListener, TcpSocket, UdpSocket};

use super::views::{self, ACCOUNT, ZoneText};
use super::world::{Resolver, ResolverDoes, System, View};

/// Aliases that are followed in one answer; a loop is answered as far as that.
const LONGEST_CHAIN: usize = 8;

/// A resolver that runs, and the sockets that keep its closed ports closed.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What `getaddrinfo` would make of its answers, when it answers.
    pub system: BTreeMap<String, System>,
    _server: Option<Server<Handler>>,
    _udp: Option<UdpSocket>,
    _tcp: Option<TcpSocket>,
}

/// Starts one on 127.0.0.<ten more than its number>.
///
/// # Errors
/// A socket cannot be had, or a record makes no sense.
pub async fn start(resolver: &Resolver, number: u8, names: &[String]) -> io::Result<Running> {
    let ip = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 10 + number));
    // The same port for both: TCP first, since fewer of its ports are taken.
    let (tcp, udp) = loop {
        let tcp = TcpSocket::new_v4()?;
        tcp.bind(SocketAddr::new(ip, 0))?;
        if let Ok(udp) = std::net::UdpSocket::bind(tcp.local_addr()?) {
            udp.set_nonblocking(true)?;
            break (tcp, udp);
        }
    };
    let address = tcp.local_addr()?;
    if resolver.does == ResolverDoes::Closed {
        // A socket that is connected elsewhere keeps the port and takes no question: the
        // kernel answers with port unreachable.
        let udp = UdpSocket::from_std(udp)?;
        udp.connect((Ipv4Addr::LOCALHOST, 9)).await?;
        return Ok(Running {
            address,
            system: BTreeMap::new(),
            _server: None,
            _udp: Some(udp),
            _tcp: Some(tcp),
        });
    }
    let own = UdpSocket::from_std(udp.try_clone()?)?;
    let made = |resolver: &Resolver| -> io::Result<Vec<Zone>> {
        let zones: Result<_, _> = views::zones(resolver).iter().map(zone).collect();
        zones.map_err(io::Error::other)
    };
    let public = Resolver { sees: View::Public, ..Resolver::default() };
    let handler = Handler {
        zones: made(resolver)?,
        behind_aliases: match resolver.follows_publicly || resolver.aaaa_publicly {
            true => made(&public)?,
            false => Vec::new(),
        },
        resolver: resolver.clone(),
        asked: AtomicU32::new(0),
        own,
        foreign: UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 99), 0)).await?,
    };
    let mut system = BTreeMap::new();
    for name in names {
        if let Some(answer) = handler.system(name).await {
            system.insert(name.clone(), answer);
        }
    }
    let mut server = Server::new(handler);
    server.register_socket(UdpSocket::from_std(udp)?);
    let mut closed = None;
    if resolver.tcp_closed {
        closed = Some(tcp);
    } else {
        let listener: TcpListener = tcp.listen(16)?;
        server.register_listener(listener, Duration::from_secs(5), 64);
    }
    Ok(Running { address, system, _server: Some(server), _udp: None, _tcp: closed })
}

type Zone = InMemoryZoneHandler;

/// A name from its presentation form: any byte may be written `\DDD` (RFC 4343).
fn name(text: &str) -> Result<Name, String> {
    let mut labels = Vec::new();
    for label in text.split('.') {
        let mut bytes = Vec::new();
        let mut rest = label.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let escaped = (*first == b'\\').then(|| after.split_at_checked(3)).flatten();
            let (byte, after) = match escaped {
                Some((digits, after)) => {
                    let digits = String::from_utf8_lossy(digits).into_owned();
                    (digits.parse().map_err(|_| format!("{text:?}: \\{digits}"))?, after)
                }
                None => (*first, after),
            };
            bytes.push(byte);
            rest = after;
        }
        labels.push(bytes);
    }
    let labels = labels.iter().map(Vec::as_slice);
    Name::from_labels(labels).map_err(|e| format!("{text:?}: {e}"))
}

/// A zone of hickory's, from its text.
fn zone(text: &ZoneText) -> Result<Zone, String> {
    let origin = name(&text.name)?;
    let mut zone = Zone::empty(origin.clone(), ZoneType::Primary, AxfrPolicy::Deny);
    let (mname, rname) = if text.private {
        ("azureprivatedns.net", "azureprivatedns-host.microsoft.com")
    } else {
        ("ns1-06.azure-dns.com", "azuredns-hostmaster.microsoft.com")
    };
    let soa = SOA::new(name(mname)?, name(rname)?, 1, 3600, 300, 2_419_200, 10);
    zone.upsert_mut(Record::from_rdata(origin, 3600, RData::SOA(soa)), 1);
    for record in &text.records {
        let bad = || format!("{record:?} is no record: name type data");
        let mut words = record.splitn(3, ' ');
        let (Some(owner), Some(kind), Some(data)) = (words.next(), words.next(), words.next())
        else {
            return Err(bad());
        };
        let (ttl, data) = match kind {
            "A" => (10, RData::A(A(data.parse().map_err(|_| bad())?))),
            "AAAA" => (10, RData::AAAA(AAAA(data.parse().map_err(|_| bad())?))),
            "CNAME" => (900, RData::CNAME(CNAME(name(data)?))),
            "TXT" => (10, RData::TXT(TXT::new(vec![data.to_owned()]))),
            _ => return Err(bad()),
        };
        if !zone.upsert_mut(Record::from_rdata(name(owner)?, ttl, data), 1) {
            return Err(bad());
        }
    }
    Ok(zone)
}

struct Handler {
    zones: Vec<Zone>,
    /// Where aliases are followed, if elsewhere.
    behind_aliases: Vec<Zone>,
    resolver: Resolver,
    /// The very socket that the questions come to, for what hickory would not send.
    own: UdpSocket,
    /// A socket of another address.
    foreign: UdpSocket,
    /// A questions so far.
    asked: AtomicU32,
}

/// An answer, as the zones give it.
#[derive(Default)]
struct Found {
    records: Vec<Record>,
    soa: Vec<Record>,
    no_such_name: bool,
    /// No zone holds the name.
    unknown: bool,
}

impl Handler {
    /// Follows the aliases from zone to zone.
    async fn find(&self, name: &Name, kind: RecordType) -> Found {
        let mut found = Found::default();
        let mut at = name.clone();
        for _ in 0..LONGEST_CHAIN {
            let lower = LowerName::new(&at);
            let other_server = self.resolver.aaaa_publicly && kind == RecordType::AAAA;
            let follows = self.resolver.follows_publicly && at != *name;
            let zones = match !other_server && !follows {
                true => &self.zones,
                false => &self.behind_aliases,
            };
            let holding = zones.iter().filter(|zone| zone.origin().zone_of(&lower));
            let Some(zone) = holding.max_by_key(|zone| zone.origin().num_labels()) else {
                found.unknown = found.records.is_empty();
                found.no_such_name = true;
                return found;
            };
            let options = LookupOptions::default();
            let records: Vec<Record> = match zone.lookup(&lower, kind, None, options).await {
                flow if flow.is_continue() => match flow.map_result() {
                    Some(Ok(lookup)) => lookup.iter().cloned().collect(),
                    Some(Err(error)) => {
                        found.no_such_name = error.is_nx_domain();
                        Vec::new()
                    }
                    None => Vec::new(),
                },
                _ => Vec::new(),
            };
            if records.is_empty() {
                let soa = zone.lookup(zone.origin(), RecordType::SOA, None, options).await;
                if let Some(Ok(lookup)) = soa.map_result() {
                    found.soa = lookup.iter().cloned().collect();
                }
                return found;
            }
            let next = records.iter().rev().find_map(|record| match &record.data {
                RData::CNAME(target) => Some(target.0.clone()),
                _ => None,
            });
            let done = records.iter().any(|record| record.record_type() == kind);
            for record in records {
                if !found.records.contains(&record) {
                    found.records.push(record);
                }
            }
            match next {
                Some(next) if !done => at = next,
                _ => return found,
            }
        }
        found
    }

    /// What `getaddrinfo` would make of it.
    async fn system(&self, target: &str) -> Option<System> {
        use ResolverDoes as Does;
        match self.resolver.does {
            Does::Answer | Does::ForgedFirst | Does::DeclinesEdns => {}
            Does::Truncate if !self.resolver.tcp_closed => {}
            Does::Forgets => return Some(System::Word("EAI_NONAME".to_owned())),
            Does::Refuse | Does::Servfail | Does::Notimp => {
                return Some(System::Word("EAI_AGAIN".to_owned()));
            }
            _ => return None,
        }
        // The first answer counts.
        if let Some(address) = self.resolver.injected {
            return Some(System::Addresses(vec![address.into()]));
        }
        let name = Name::from_ascii(format!("{target}.")).ok()?;
        let mut addresses: Vec<IpAddr> = Vec::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            let found = self.find(&name, kind).await;
            if found.records.len() >= LONGEST_CHAIN
                && addresses.is_empty()
                && found.soa.is_empty()
                && !found.records.iter().any(|record| record.record_type() == kind)
            {
                return Some(System::Word("EAI_AGAIN".to_owned()));
            }
            addresses.extend(found.records.iter().filter_map(|record| match &record.data {
                RData::A(a) => Some(IpAddr::V4(a.0)),
                RData::AAAA(a) => Some(IpAddr::V6(a.0)),
                _ => None,
            }));
        }
        Some(match addresses.is_empty() {
            true => System::Word("EAI_NONAME".to_owned()),
            false => System::Addresses(addresses),
        })
    }

    /// Sends what no server would.
    async fn bytes(&self, request: &Request, from: &UdpSocket, rest: &[u8]) {
        let question = request.as_slice();
        let mut bytes = question[..2].to_vec();
        bytes.extend_from_slice(rest);
        let _ = from.send_to(&bytes, request.src()).await;
    }
}

/// What hickory wants to know of an answer that was not sent.
fn nothing(request: &Request) -> ResponseInfo {
    let metadata = Metadata::response_from_request(&request.metadata);
    ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() })
}

/// NOERROR, the question, and one record for its name; all that follows the id.
fn injected(question: &[u8], address: Ipv4Addr) -> Vec<u8> {
    let mut end = 12;
    while let Some(length @ 1..) = question.get(end) {
        end += 1 + usize::from(*length);
    }
    let mut bytes = b"\x81\x80\0\x01\0\x01\0\0\0\0".to_vec();
    bytes.extend_from_slice(&question[12..end + 5]);
    bytes.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04");
    bytes.extend_from_slice(&address.octets());
    bytes
}

/// NOERROR, one question, one answer: the question's name is a pointer to itself.
const POINTS_AT_ITSELF: &[u8] =
    b"\x81\x80\0\x01\0\x01\0\0\0\0\xc0\x0c\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x0a\0\x04\x0a\x03\0\x05";

#[async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response: R,
    ) -> ResponseInfo {
        use ResolverDoes as Does;
        let Ok(info) = request.request_info() else { return nothing(request) };
        let (name, kind) = (Name::from(info.query.name()), info.query.query_type());
        let does = match (kind, self.resolver.aaaa) {
            (RecordType::AAAA, Some(does)) => does,
            _ => self.resolver.does,
        };
        let udp = info.protocol == Protocol::Udp;
        let listed = name.iter().next() == Some(ACCOUNT.as_bytes());
        if let (Some(address), true, true, RecordType::A) =
            (self.resolver.injected, udp, listed, kind)
        {
            self.bytes(request, &self.own, &injected(request.as_slice(), address)).await;
        }
        let mut found = Found::default();
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.recursion_available = true;
        match does {
            Does::Silent | Does::Closed => return nothing(request),
            Does::Garbage => {
                let _ = self.own.send_to(b"\x16\x03\x01garbage", request.src()).await;
                return nothing(request);
            }
            Does::CompressionLoop => {
                self.bytes(request, &self.own, POINTS_AT_ITSELF).await;
                return nothing(request);
            }
            Does::ForgedFirst | Does::ForgedOnly => {
                let mut forged = b"\x81\x80\0\x01\0\x01\0\0\0\0".to_vec();
                forged.extend_from_slice(&request.as_slice()[12..]);
                self.bytes(request, &self.foreign, &forged).await;
                if does == Does::ForgedOnly {
                    return nothing(request);
                }
                found = self.find(&name, kind).await;
            }
            Does::Truncate if udp => metadata.truncation = true,
            Does::Refuse => metadata.response_code = ResponseCode::Refused,
            Does::Servfail => metadata.response_code = ResponseCode::ServFail,
            Does::Notimp => metadata.response_code = ResponseCode::NotImp,
            Does::Denies => found.no_such_name = true,
            Does::DeclinesEdns if request.edns.is_some() => {
                metadata.response_code = ResponseCode::FormErr;
            }
            Does::Forgets
                if kind == RecordType::A && self.asked.fetch_add(1, Ordering::Relaxed) % 3 < 2 =>
            {
                found.no_such_name = true;
            }
            Does::Answer | Does::Truncate | Does::Forgets | Does::DeclinesEdns => {
                found = self.find(&name, kind).await;
            }
        }
        if found.no_such_name {
            metadata.response_code = ResponseCode::NXDomain;
        }
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        if let Some((code, text)) = &self.resolver.extended_error {
            let mut bytes = code.to_be_bytes().to_vec();
            bytes.extend_from_slice(text.as_bytes());
            edns.options_mut().insert(EdnsOption::Unknown(15, bytes));
        }
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if request.edns.is_some() {
            builder.edns(&edns);
        }
        let answer = builder.build(metadata, &found.records, [], &found.soa, []);
        response.send_response(answer).await.unwrap_or_else(|_| nothing(request))
    }
}
