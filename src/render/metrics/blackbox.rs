//! Metrics of blackbox_exporter, by its names and with its meanings.

use std::net::IpAddr;

use super::certificate::{chain_info, earliest_expiry, last_chain_expiry};
use super::{Metric, Sample, Unit};
use crate::diagnosis::State;
use crate::evidence::http::HttpCall;
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Evidence, Observed};
use crate::report::Report;

/// FNV-1a's first value and factor, 32 bits (draft-eastlake-fnv).
const FNV: (u32, u32) = (0x811c_9dc5, 0x0100_0193);

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "probe_success",
        help: "1 when the path works or is at risk, 0 when it is broken or cannot be judged",
        unit: Unit::State,
        labels: &[],
        samples: |report| {
            let works = matches!(report.verdict.state, State::Works | State::AtRisk);
            Sample::plain(f64::from(u8::from(works)))
        },
    },
    Metric {
        name: "probe_duration_seconds",
        help: "Duration of the walk",
        unit: Unit::Seconds,
        labels: &[],
        samples: |report| Sample::plain(seconds(report.evidence.cost.took_ms)),
    },
    Metric {
        name: "probe_timeout_seconds",
        help: "The deadline of the whole walk",
        unit: Unit::Seconds,
        labels: &[],
        #[expect(clippy::cast_precision_loss, reason = "a deadline is some thousand ms")]
        samples: |report| Sample::plain(seconds(report.evidence.options.deadline_ms as f64)),
    },
    Metric {
        name: "probe_dns_lookup_time_seconds",
        help: "Time to the first usable address, or to the end of looking for one",
        unit: Unit::Seconds,
        labels: &[],
        samples: |report| Sample::plain(seconds(lookup_ms(&report.evidence))),
    },
    Metric {
        name: "probe_ip_protocol",
        help: "IP version of the address that was used: 4, 6, or 0 for none",
        unit: Unit::Code,
        labels: &[],
        samples: |report| {
            Sample::plain(match address(&report.evidence) {
                Some(IpAddr::V4(_)) => 4.0,
                Some(IpAddr::V6(_)) => 6.0,
                None => 0.0,
            })
        },
    },
    Metric {
        name: "probe_ip_addr_hash",
        help: "Hash (FNV-1a, 32 bits) of the address that was used: shows when it changes",
        unit: Unit::Code,
        labels: &[],
        samples: |report| Sample::some(address(&report.evidence).map(|a| f64::from(hash(a)))),
    },
    Metric {
        name: "probe_http_status_code",
        help: "Status of the answer to the first call, 0 for none",
        unit: Unit::Code,
        labels: &[],
        samples: |report| {
            let answer = main_call(&report.evidence).and_then(HttpCall::answer);
            Sample::plain(answer.map_or(0.0, |answer| f64::from(answer.status)))
        },
    },
    Metric {
        name: "probe_http_version",
        help: "HTTP version of the call that was answered (always made as 1.1), 0 for no answer",
        unit: Unit::Code,
        labels: &[],
        samples: |report| {
            let answered = main_call(&report.evidence).and_then(HttpCall::answer).is_some();
            Sample::plain(if answered { 1.1 } else { 0.0 })
        },
    },
    Metric {
        name: "probe_http_ssl",
        help: "1 when the call could be made over a verified TLS session",
        unit: Unit::State,
        labels: &[],
        samples: |report| {
            let verified =
                report.evidence.tls.value().is_some_and(|hop| hop.outcome == TlsOutcome::Verified);
            Sample::plain(f64::from(u8::from(verified)))
        },
    },
    Metric {
        name: "probe_http_duration_seconds",
        help: "Time of each phase of the call; connect includes the proxy, processing the whole \
               answer, so transfer is always 0",
        unit: Unit::Seconds,
        labels: &["phase"],
        samples: |report| phases(report),
    },
    Metric {
        name: "probe_http_uncompressed_body_length",
        help: "Bytes of the first call's answer that were read",
        unit: Unit::Count,
        labels: &[],
        samples: |report| {
            let answer = main_call(&report.evidence).and_then(HttpCall::answer);
            #[expect(clippy::cast_precision_loss, reason = "what is read is bounded to MiB")]
            Sample::some(answer.map(|answer| answer.body_bytes as f64))
        },
    },
    Metric {
        name: "probe_ssl_earliest_cert_expiry",
        help: "When the first certificate of the presented chain expires, also where the chain \
               was rejected",
        unit: Unit::Timestamp,
        labels: &[],
        samples: |report| Sample::some(report.evidence.tls.value().and_then(earliest_expiry)),
    },
    Metric {
        name: "probe_ssl_last_chain_expiry_timestamp_seconds",
        help: "When the chain expires: the earliest end among the presented certificates, \
               without those that a verified chain cannot hold",
        unit: Unit::Timestamp,
        labels: &[],
        samples: |report| Sample::some(last_chain_expiry(report)),
    },
    Metric {
        name: "probe_ssl_last_chain_info",
        help: "The leaf certificate, also where it was rejected",
        unit: Unit::Info,
        labels: &["fingerprint_sha256", "subject", "issuer", "subjectalternative"],
        samples: |report| report.evidence.tls.value().map(chain_info).unwrap_or_default(),
    },
    Metric {
        name: "probe_tls_version_info",
        help: "The TLS version that was negotiated",
        unit: Unit::Info,
        labels: &["version"],
        samples: |report| {
            let session = report.evidence.tls.value().and_then(|hop| hop.negotiated.as_ref());
            session
                .map(|session| Sample::of(&[session.version.as_str()], 1.0))
                .into_iter()
                .collect()
        },
    },
];

/// Milliseconds as seconds, to the microsecond.
pub(super) fn seconds(ms: f64) -> f64 {
    (ms * 1e3).round() / 1e6
}

fn lookup_ms(e: &Evidence) -> f64 {
    let asked = e.dns.resolvers.iter().flat_map(|r| [r.a.took_ms(), r.aaaa.took_ms()]);
    let longest = asked.chain([e.dns.system.took_ms()]).flatten().reduce(f64::max);
    e.dns.first_address_ms.or(longest).unwrap_or(0.0)
}

/// The address on which the walk continued, else the first effective one.
fn address(e: &Evidence) -> Option<IpAddr> {
    let walked = e.tcp.value().and_then(|hop| hop.selected);
    walked.or_else(|| e.dns.effective().first().copied())
}

fn hash(address: IpAddr) -> u32 {
    let bytes: Vec<u8> = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    bytes.iter().fold(FNV.0, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(FNV.1))
}

fn main_call(e: &Evidence) -> Option<&HttpCall> {
    e.http.value().and_then(|hop| hop.main())
}

fn phases(report: &Report) -> Vec<Sample> {
    let e = &report.evidence;
    let connect = match &e.proxy {
        Observed::Done { took_ms, .. } => Some(*took_ms),
        _ => e.tcp.value().and_then(|hop| hop.walked_attempt()).map(|attempt| attempt.took_ms),
    };
    let processing = main_call(e).filter(|call| call.answer().is_some()).map(|call| call.took_ms);
    [
        ("resolve", Some(lookup_ms(e))),
        ("connect", connect),
        ("tls", e.tls.took_ms()),
        ("processing", processing),
        ("transfer", None),
    ]
    .into_iter()
    .map(|(phase, ms)| Sample::of(&[phase], seconds(ms.unwrap_or(0.0))))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // Test vectors of the draft are strings: "foobar" gives bf9cf968.
        let of = |text: &str| {
            text.bytes().fold(FNV.0, |h, byte| (h ^ u32::from(byte)).wrapping_mul(FNV.1))
        };
        assert_eq!(of("foobar"), 0xbf9c_f968);
        assert_ne!(hash("10.3.0.5".parse().unwrap()), hash("10.3.0.6".parse().unwrap()));
    }
}
