//! What a host sent, out of the frames of its interface: TCP segments and UDP datagrams,
//! repeats apart.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Bytes of a TCP header's options in every segment of a connection with timestamps.
const TIMESTAMPS: usize = 12;

/// What was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// TCP segments, each once, up to the FIN.
    pub segments: u32,
    /// TCP segments that were sent again.
    pub again: u32,
    /// RST, and what acknowledged the peer after our FIN: the kernel's own, no connection
    /// counts them.
    pub after: u32,
    /// UDP datagrams.
    pub datagrams: u32,
    /// DNS questions of the C library.
    pub system: u32,
    /// Neighbours that were asked for and did not answer (ARP): what was for them never left.
    pub nobody: u32,
}

/// A connection's own side.
#[derive(Debug, Default)]
struct Flow {
    segment: usize,
    first: Option<u32>,
    end: u32,
    finished: bool,
}

/// Counts what one host sends.
#[derive(Debug, Default)]
pub struct Counter {
    own: Vec<IpAddr>,
    flows: BTreeMap<(u16, IpAddr, u16), Flow>,
    /// DNS questions by source port: how many, their ids, whether one had EDNS.
    questions: BTreeMap<u16, (u32, BTreeSet<u16>, bool)>,
    /// Neighbours that were asked for (ARP), and whether they answered.
    neighbours: BTreeMap<IpAddr, bool>,
    sent: Sent,
}

impl Counter {
    /// Counts packets from these addresses.
    pub fn new(own: Vec<IpAddr>) -> Self {
        Self { own, ..Self::default() }
    }

    /// Looks at a frame.
    pub fn frame(&mut self, frame: &[u8]) {
        let _ = self.read(frame);
    }

    /// The sum.
    pub fn sum(&self) -> Sent {
        let mut sent = self.sent;
        let silent = self.neighbours.values().filter(|answered| !**answered);
        sent.nobody = u32::try_from(silent.count()).unwrap_or(u32::MAX);
        for (count, ids, edns) in self.questions.values() {
            // The C library asks A and AAAA from one port and without EDNS; the tool has a
            // port for each question.
            if !edns && ids.len() > 1 {
                sent.system += count;
            } else {
                sent.datagrams += count;
            }
        }
        sent
    }

    fn read(&mut self, frame: &[u8]) -> Option<()> {
        let packet = frame.get(14..)?;
        let (from, to, protocol, body) = match u16_at(frame, 12)? {
            0x0800 => {
                let header = usize::from(packet.first()? & 15) * 4;
                let end = usize::from(u16_at(packet, 2)?).min(packet.len());
                let v4 = |at: usize| {
                    let bytes: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
                    Some(IpAddr::from(bytes))
                };
                (v4(12)?, v4(16)?, *packet.get(9)?, packet.get(header..end)?)
            }
            0x86dd => {
                let v6 = |at: usize| {
                    let bytes: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
                    Some(IpAddr::from(bytes))
                };
                let end = (usize::from(u16_at(packet, 4)?) + 40).min(packet.len());
                (v6(8)?, v6(24)?, *packet.get(6)?, packet.get(40..end)?)
            }
            0x0806 => return self.neighbour(packet),
            _ => return None,
        };
        if !self.own.contains(&from) {
            return None;
        }
        let (source, port) = (u16_at(body, 0)?, u16_at(body, 2)?);
        match protocol {
            6 => self.segment(source, to, port, body),
            17 if port == 53 => {
                let message = body.get(8..)?;
                let one = self.questions.entry(source).or_default();
                one.0 += 1;
                one.1.insert(u16_at(message, 0)?);
                one.2 |= u16_at(message, 10)? > 0;
                Some(())
            }
            17 => {
                self.sent.datagrams += 1;
                Some(())
            }
            _ => None,
        }
    }

    fn neighbour(&mut self, packet: &[u8]) -> Option<()> {
        let v4 = |at: usize| {
            let bytes: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
            Some(IpAddr::from(bytes))
        };
        let (from, to) = (v4(14)?, v4(24)?);
        match u16_at(packet, 6)? {
            1 if self.own.contains(&from) => {
                self.neighbours.entry(to).or_insert(false);
            }
            2 => {
                self.neighbours.insert(from, true);
            }
            _ => {}
        }
        Some(())
    }

    fn segment(&mut self, source: u16, to: IpAddr, port: u16, body: &[u8]) -> Option<()> {
        let header = usize::from(body.get(12)? >> 4) * 4;
        let flags = *body.get(13)?;
        let (fin, syn, rst) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        let sequence = u32::from_be_bytes(body.get(4..8)?.try_into().ok()?);
        let length = body.len().checked_sub(header)?;
        let flow = self.flows.entry((source, to, port)).or_default();
        if rst {
            self.sent.after += 1;
            return Some(());
        }
        if syn {
            if flow.first == Some(sequence) {
                self.sent.again += 1;
                return Some(());
            }
            let clamp = body.get(20..header).and_then(segment_size).unwrap_or(536);
            let segment = usize::from(clamp) - TIMESTAMPS;
            *flow = Flow {
                segment,
                first: Some(sequence),
                end: sequence.wrapping_add(1),
                finished: false,
            };
            self.sent.segments += 1;
            return Some(());
        }
        // Without an offload to the link, a frame is a segment; else it may be several.
        let count = u32::try_from(length.div_ceil(flow.segment.max(1)).max(1)).ok()?;
        let end = sequence.wrapping_add(u32::try_from(length).ok()?).wrapping_add(fin.into());
        let new = end.wrapping_sub(flow.end).cast_signed() > 0;
        if length == 0 && !fin {
            // A keep-alive lies before the end; an acknowledgement after our FIN is the kernel's.
            if flow.finished { self.sent.after += 1 } else { self.sent.segments += 1 }
        } else if new {
            self.sent.segments += count;
            flow.end = end;
        } else {
            self.sent.again += count;
        }
        flow.finished |= fin;
        Some(())
    }
}

/// The MSS option of a SYN.
fn segment_size(mut options: &[u8]) -> Option<u16> {
    while let [kind, rest @ ..] = options {
        match kind {
            0 => return None,
            1 => options = rest,
            2 => return u16_at(options, 2),
            _ => options = options.get(usize::from(*rest.first()?).max(2)..)?,
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}
