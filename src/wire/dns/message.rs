//! DNS messages: a question as bytes, and bytes as an answer. No I/O.

use std::net::IpAddr;

use hickory_resolver::proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_resolver::proto::rr::{Name, RData, Record as WireRecord, RecordType as WireType};

use crate::evidence::dns::{Answer, ExtendedError, QuestionType, Rcode, Record, Soa, StrayReason};
use crate::evidence::text::clean;

/// The largest answer over UDP that we ask for (DNS flag day 2020).
const UDP_PAYLOAD: u16 = 1232;
/// Records of an answer section that are kept.
const RECORDS_KEPT: usize = 64;

/// The type in a message.
const fn record_type(kind: QuestionType) -> WireType {
    match kind {
        QuestionType::A => WireType::A,
        QuestionType::Aaaa => WireType::AAAA,
        QuestionType::Soa => WireType::SOA,
        QuestionType::Ns => WireType::NS,
    }
}

/// A question, and the bytes that put it.
#[derive(Clone)]
pub(super) struct Question {
    id: u16,
    name: Name,
    kind: WireType,
    pub(super) bytes: Vec<u8>,
    /// The same question, id and all, without EDNS.
    pub(super) plain: Vec<u8>,
    /// Whether it is repeated while there is no answer.
    pub(super) repeats: bool,
}

impl Question {
    /// A plain question that wants no recursion.
    pub(super) fn non_recursive(name: &str, kind: QuestionType) -> Result<Self, String> {
        let mut question = Self::new(name, kind, false)?;
        // RD is the lowest bit of the third byte (RFC 1035, section 4.1.1).
        for bytes in [&mut question.bytes, &mut question.plain] {
            if let Some(flags) = bytes.get_mut(2) {
                *flags &= !1;
            }
        }
        Ok(question)
    }

    /// A question with EDNS to which a validating resolver gives what it has, valid or not.
    pub(super) fn checking_disabled(name: &str, kind: QuestionType) -> Result<Self, String> {
        let mut question = Self::new(name, kind, true)?;
        // CD is the fifth bit of the fourth byte (RFC 4035, section 3.2.2).
        for bytes in [&mut question.bytes, &mut question.plain] {
            if let Some(flags) = bytes.get_mut(3) {
                *flags |= 0x10;
            }
        }
        Ok(question)
    }

    /// A question that wants recursion, with EDNS or without.
    pub(super) fn new(name: &str, kind: QuestionType, edns: bool) -> Result<Self, String> {
        let mut name = Name::from_ascii(name).map_err(|e| e.to_string())?;
        name.set_fqdn(true);
        let kind = record_type(kind);
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.metadata.authentic_data = true;
        message.add_query(Query::query(name.clone(), kind));
        let plain = message.to_vec().map_err(|e| e.to_string())?;
        if edns {
            let mut options = Edns::new();
            options.set_max_payload(UDP_PAYLOAD).set_version(0);
            message.set_edns(options);
        }
        let bytes = message.to_vec().map_err(|e| e.to_string())?;
        Ok(Self { id: message.metadata.id, name, kind, bytes, plain, repeats: true })
    }

    /// The message, if it answers this question.
    pub(super) fn read(&self, bytes: &[u8]) -> Result<Answer, StrayReason> {
        let message = Message::from_vec(bytes).map_err(|_| StrayReason::Malformed)?;
        if message.metadata.id != self.id {
            return Err(StrayReason::OtherId);
        }
        if message.metadata.message_type != MessageType::Response {
            return Err(StrayReason::Malformed);
        }
        // Some servers repeat no question in an error (RFC 9619 allows it for FORMERR); libraries
        // drop an answer without its question.
        let failed = message.metadata.response_code != ResponseCode::NoError;
        let matches = (message.queries.is_empty() && failed)
            || message
                .queries
                .iter()
                .any(|q| q.query_type == self.kind && q.name().eq_ignore_root_and_case(&self.name));
        if !matches {
            return Err(StrayReason::OtherQuestion);
        }
        Ok(answer(&message, bytes.len()))
    }
}

/// Compares names without regard to case and to the final dot.
trait SameName {
    fn eq_ignore_root_and_case(&self, other: &Name) -> bool;
}

impl SameName for Name {
    fn eq_ignore_root_and_case(&self, other: &Name) -> bool {
        plain(self).eq_ignore_ascii_case(&plain(other))
    }
}

fn answer(message: &Message, size: usize) -> Answer {
    // BIND puts the SOA of a response policy's zone into the additional section (fact D195).
    let places = [&message.authorities, &message.answers, &message.additionals];
    let soa = places.into_iter().flatten().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(Soa {
            zone: plain(&record.name),
            mname: plain(&soa.mname),
            rname: plain(&soa.rname),
            serial: soa.serial,
        }),
        _ => None,
    });
    let metadata = &message.metadata;
    Answer {
        rcode: rcode(metadata.response_code),
        authoritative: metadata.authoritative,
        truncated: metadata.truncation,
        recursion_available: metadata.recursion_available,
        authentic_data: metadata.authentic_data,
        records: message.answers.iter().take(RECORDS_KEPT).map(record).collect(),
        records_omitted: u32::try_from(message.answers.len().saturating_sub(RECORDS_KEPT))
            .unwrap_or(u32::MAX),
        soa,
        extended_errors: extended_errors(message),
        size: u32::try_from(size).unwrap_or(u32::MAX),
    }
}

fn record(record: &WireRecord) -> Record {
    let data = match &record.data {
        RData::A(a) => IpAddr::V4(a.0).to_string(),
        RData::AAAA(a) => IpAddr::V6(a.0).to_string(),
        RData::CNAME(name) => plain(&name.0),
        other => clean(&other.to_string(), 200),
    };
    Record {
        name: plain(&record.name),
        kind: record.record_type().to_string().into(),
        ttl: record.ttl,
        data,
    }
}

/// A name without its final dot, in presentation form (RFC 4343): bytes that no host name
/// has are written `\\DDD`, so that a name copied into a command is inert there.
fn plain(name: &Name) -> String {
    let mut out = String::with_capacity(name.len());
    for (label, first) in name.iter().zip([true].into_iter().chain(std::iter::repeat(false))) {
        if !first {
            out.push('.');
        }
        for byte in label {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'*' => {
                    out.push(char::from(*byte));
                }
                other => out.push_str(&format!("\\{other:03}")),
            }
        }
    }
    out
}

/// The IANA mnemonic of a response code.
fn rcode(code: ResponseCode) -> Rcode {
    match code {
        ResponseCode::NoError => Rcode::NoError,
        ResponseCode::FormErr => Rcode::FormErr,
        ResponseCode::ServFail => Rcode::ServFail,
        ResponseCode::NXDomain => Rcode::NxDomain,
        ResponseCode::NotImp => Rcode::NotImp,
        ResponseCode::Refused => Rcode::Refused,
        ResponseCode::NotAuth => Rcode::NotAuth,
        // One number has two names: BADSIG is that of an answer with TSIG, which is not asked for here
        // (RFC 6895, section 2.3).
        ResponseCode::BADVERS | ResponseCode::BADSIG => Rcode::BadVers,
        other => Rcode::Other(format!("RCODE{}", u16::from(other))),
    }
}

/// Extended DNS errors (RFC 8914); hickory 0.26 leaves them undecoded.
fn extended_errors(message: &Message) -> Vec<ExtendedError> {
    let Some(edns) = &message.edns else { return Vec::new() };
    edns.options()
        .options
        .iter()
        .filter_map(|(code, option)| match (code, option) {
            (EdnsCode::Unknown(15), EdnsOption::Unknown(15, bytes)) => {
                let (code, text) = bytes.split_first_chunk::<2>()?;
                Some(ExtendedError {
                    code: u16::from_be_bytes(*code),
                    text: clean(&String::from_utf8_lossy(text), 200),
                })
            }
            _ => None,
        })
        .take(8)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_16_is_about_the_version_of_edns() {
        assert_eq!(rcode(ResponseCode::from(1, 0)), Rcode::BadVers);
    }
}
