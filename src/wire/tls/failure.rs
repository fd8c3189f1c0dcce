//! How a handshake failed: the errors of rustls and of the connection, as evidence. They are
//! classified by their types.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

use crate::evidence::text::clean;
use crate::evidence::tls::{CertificateFault, TlsOutcome};
use crate::secret::Redactor;
use crate::wire::metered::TrafficCounter;
use crate::wire::{redacted, redacted_start, words};

pub(super) fn outcome_of(
    error: &io::Error,
    meter: &TrafficCounter,
    redactor: &Redactor<'_>,
) -> TlsOutcome {
    let traffic = meter.read();
    let first = &traffic.first;
    let bytes = |bytes: &[u8], limit| {
        let cut = traffic.is_cut() && bytes.len() == first.len();
        redacted_start(&String::from_utf8_lossy(bytes), cut, limit, redactor)
    };
    let typed = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match typed {
        Some(Error::InvalidCertificate(fault)) => {
            TlsOutcome::CertificateRejected { fault: certificate_fault(fault) }
        }
        Some(Error::AlertReceived(description)) => {
            TlsOutcome::Alert { description: alert_name(*description) }
        }
        // A TLS record begins with its content type, 20 to 23 (RFC 8446, section 5.1).
        Some(_) if first.starts_with(b"HTTP/") || first.starts_with(b"<") => {
            let line = first.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or(first);
            TlsOutcome::PlainHttp { first_line: bytes(line, 80) }
        }
        Some(_) if first.first().is_some_and(|b| !(20..=23).contains(b)) => {
            TlsOutcome::NotTls { first_bytes: bytes(first, 40) }
        }
        Some(other) => TlsOutcome::Incompatible {
            message: redacted(&describe_alert(&other.to_string()), 200, redactor),
        },
        None => ended(error),
    }
}

/// How a connection ended under a handshake, or before it.
pub(in crate::wire) fn ended(error: &io::Error) -> TlsOutcome {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => TlsOutcome::Closed,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => TlsOutcome::Reset,
        _ => TlsOutcome::ConnectionLost { errno: error.raw_os_error(), message: words(error) },
    }
}

/// The name of the alert that is the cause of an error, if one is.
pub(in crate::wire) fn alert_of(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(|io| io.get_ref());
        if let Some(Error::AlertReceived(description)) = inner.and_then(|e| e.downcast_ref()) {
            return Some(alert_name(*description));
        }
        cause = error.source();
    }
    None
}

/// The alert's name as RFC 8446, section 6, spells it.
fn alert_name(description: AlertDescription) -> String {
    let name = match description {
        AlertDescription::UnrecognisedName => return "unrecognized_name".to_owned(),
        AlertDescription::Unknown(code) => return format!("alert {code}"),
        other => format!("{other:?}"),
    };
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase()
            && !out.is_empty()
            && !out.ends_with(|l: char| l.is_ascii_uppercase())
        {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// rustls's CamelCase names as words: `CaUsedAsEndEntity` is "ca used as end entity".
fn describe_alert(text: &str) -> String {
    let inside = text.trim_start_matches("Other(OtherError(").trim_end_matches("))");
    let mut out = String::new();
    for c in inside.chars() {
        let after_lower = out.ends_with(|l: char| l.is_ascii_lowercase() || l.is_ascii_digit());
        if c.is_ascii_uppercase() && after_lower {
            out.push(' ');
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

pub(super) fn certificate_fault(error: &CertificateError) -> CertificateFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer,
        CertificateError::Revoked => CertificateFault::Revoked,
        CertificateError::BadSignature => CertificateFault::BadSignature,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            let message = "it may not be used by a server (extended key usage)".to_owned();
            CertificateFault::Other { message }
        }
        other => {
            CertificateFault::Other { message: clean(&describe_alert(&format!("{other:?}")), 200) }
        }
    }
}
