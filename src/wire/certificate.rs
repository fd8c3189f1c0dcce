//! The fields of a presented certificate, bounded and escaped. Parsing is x509-parser's and
//! rustls's; nothing here decides whether a certificate is good.

use std::time::SystemTime;

use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_parser::extensions::DistributionPointName;
use x509_parser::oid_registry::{
    OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_KEY_USAGE,
    OID_X509_EXT_SUBJECT_ALT_NAME, OID_X509_EXT_SUBJECT_KEY_IDENTIFIER, Oid,
};
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};

use super::redacted;
use super::tls::Handshake;
use crate::evidence::text::rfc3339;
use crate::evidence::tls::{Certificate, StrictForm};

/// Alternative names of a certificate that are kept as evidence.
const NAMES_KEPT: usize = 50;
/// Places of revocation data that are kept as evidence.
const REVOCATION_URLS_KEPT: usize = 8;
/// id-ad-ocsp (RFC 5280, section 4.2.2.1).
const OCSP: &str = "1.3.6.1.5.5.7.48.1";

/// What a certificate says, as it says it: nothing is redacted or bounded yet, and nothing depends on
/// the time of a walk.
#[derive(Debug)]
pub(super) struct Fields {
    subject: String,
    issuer: String,
    issuer_common_name: Option<String>,
    issuer_organization: Option<String>,
    names: Vec<String>,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    /// Seconds since 1970; the last one is a valid one (RFC 5280, section 4.1.2.5).
    pub(super) not_after: i64,
    covers_target: bool,
    self_issued: bool,
    is_ca: bool,
    issuer_url: Option<String>,
    revocation_urls: Vec<String>,
    lacks: Vec<StrictForm>,
    sha256: String,
}

impl Fields {
    /// Reads a certificate that was presented for `server_name`; none when it cannot be parsed.
    pub(super) fn read(
        der: &CertificateDer<'_>,
        server_name: &str,
        provider: &CryptoProvider,
    ) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let names = parsed.subject_alternative_name().ok().flatten();
        let covers_target = ServerName::try_from(server_name)
            .ok()
            .zip(ParsedCertificate::try_from(der).ok())
            .is_some_and(|(name, leaf)| verify_server_name(&leaf, &name).is_ok());
        let issuer = parsed.issuer();
        let text = |value: Option<&str>| value.map(str::to_owned);
        Some(Self {
            subject: parsed.subject().to_string(),
            issuer: issuer.to_string(),
            issuer_common_name: text(
                issuer.iter_common_name().next().and_then(|a| a.as_str().ok()),
            ),
            issuer_organization: text(
                issuer.iter_organization().next().and_then(|a| a.as_str().ok()),
            ),
            names: names
                .map(|san| san.value.general_names.iter().filter_map(general_name).collect())
                .unwrap_or_default(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            covers_target,
            self_issued: parsed.subject() == issuer,
            is_ca: parsed.is_ca(),
            issuer_url: issuer_url(&parsed),
            revocation_urls: revocation_urls(&parsed),
            lacks: lacks(&parsed),
            sha256: sha256(der, provider),
        })
    }

    /// The evidence of a walk: redacted, escaped and bounded.
    pub(super) fn evidence(&self, request: &Handshake<'_>) -> Certificate {
        let now = request.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let text = |value: &str, most| redacted(value, most, &request.redactor);
        let texts = |values: &[String], most: usize, longest| -> Vec<String> {
            values.iter().take(most).map(|value| text(value, longest)).collect()
        };
        Certificate {
            subject: text(&self.subject, 300),
            issuer: text(&self.issuer, 300),
            issuer_common_name: self.issuer_common_name.as_deref().map(|value| text(value, 200)),
            issuer_organization: self.issuer_organization.as_deref().map(|value| text(value, 200)),
            names: texts(&self.names, NAMES_KEPT, 255),
            names_count: u32::try_from(self.names.len()).unwrap_or(u32::MAX),
            not_before: rfc3339(self.not_before),
            not_after: rfc3339(self.not_after),
            days_left: (self.not_after - now).div_euclid(86_400),
            not_yet_valid: self.not_before > now,
            covers_target: self.covers_target,
            self_issued: self.self_issued,
            is_ca: self.is_ca,
            issuer_url: self.issuer_url.as_deref().map(|url| text(url, 300)),
            revocation_urls: texts(&self.revocation_urls, REVOCATION_URLS_KEPT, 300),
            lacks: self.lacks.clone(),
            sha256: self.sha256.clone(),
        }
    }
}

fn general_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4: Option<[u8; 4]> = (*bytes).try_into().ok();
            let v6: Option<[u8; 16]> = (*bytes).try_into().ok();
            v4.map(|o| std::net::Ipv4Addr::from(o).to_string())
                .or_else(|| v6.map(|o| std::net::Ipv6Addr::from(o).to_string()))
        }
        _ => None,
    }
}

/// The `caIssuers` URL of authority information access.
fn issuer_url(certificate: &X509Certificate<'_>) -> Option<String> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => {
            access.accessdescs.iter().find_map(|entry| match &entry.access_location {
                // id-ad-caIssuers (RFC 5280, section 4.2.2.1)
                GeneralName::URI(uri)
                    if entry.access_method.to_id_string() == "1.3.6.1.5.5.7.48.2" =>
                {
                    Some((*uri).to_owned())
                }
                _ => None,
            })
        }
        _ => None,
    })
}

/// What a client that verifies strictly would miss (RFC 5280, sections 4.2.1.1, 4.2.1.2, 4.2.1.3,
/// 4.2.1.6 and 4.2.1.9).
fn lacks(certificate: &X509Certificate<'_>) -> Vec<StrictForm> {
    let of = |wanted: &Oid<'_>| certificate.extensions().iter().find(|one| one.oid == *wanted);
    let signed_by_another = certificate.subject() != certificate.issuer();
    let ca = certificate.is_ca();
    let all = [
        (
            // One that names only the issuer and its serial number has no key identifier.
            signed_by_another
                && of(&OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER).is_none_or(|one| {
                    !matches!(one.parsed_extension(),
                        ParsedExtension::AuthorityKeyIdentifier(id) if id.key_identifier.is_some())
                }),
            StrictForm::AuthorityKeyIdentifier,
        ),
        (
            ca && of(&OID_X509_EXT_SUBJECT_KEY_IDENTIFIER).is_none(),
            StrictForm::SubjectKeyIdentifier,
        ),
        (ca && of(&OID_X509_EXT_KEY_USAGE).is_none(), StrictForm::KeyUsage),
        (
            ca && of(&OID_X509_EXT_BASIC_CONSTRAINTS).is_none_or(|one| !one.critical),
            StrictForm::CriticalBasicConstraints,
        ),
        (
            !ca && of(&OID_X509_EXT_KEY_USAGE).is_some_and(|one| {
                matches!(one.parsed_extension(),
                    ParsedExtension::KeyUsage(usage) if usage.key_cert_sign())
            }),
            StrictForm::KeyUsageOfALeaf,
        ),
        (
            certificate.subject().iter().next().is_none()
                && of(&OID_X509_EXT_SUBJECT_ALT_NAME).is_some_and(|one| !one.critical),
            StrictForm::CriticalNames,
        ),
    ];
    all.into_iter().filter_map(|(lacks, form)| lacks.then_some(form)).collect()
}

/// Where a client that checks revocation asks: OCSP responders, then CRL distribution points
/// (RFC 5280, sections 4.2.2.1 and 4.2.1.13). LDAP is a directory's own and is left out.
fn revocation_urls(certificate: &X509Certificate<'_>) -> Vec<String> {
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) if uri.starts_with("http://") => Some((*uri).to_owned()),
        _ => None,
    };
    let (mut responders, mut lists) = (Vec::new(), Vec::new());
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::AuthorityInfoAccess(access) => {
                let ocsp = access.accessdescs.iter();
                let ocsp = ocsp.filter(|entry| entry.access_method.to_id_string() == OCSP);
                responders.extend(ocsp.filter_map(|entry| uri(&entry.access_location)));
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                for point in &points.points {
                    if let Some(DistributionPointName::FullName(names)) = &point.distribution_point
                    {
                        lists.extend(names.iter().filter_map(uri));
                    }
                }
            }
            _ => {}
        }
    }
    responders.append(&mut lists);
    responders
}

/// The provider's own SHA-256, as every TLS 1.3 provider has one.
fn sha256(der: &[u8], provider: &CryptoProvider) -> String {
    provider
        .cipher_suites
        .iter()
        .filter_map(|suite| suite.tls13())
        .map(|suite| suite.common.hash_provider)
        .find(|hash| hash.output_len() == 32)
        .map(|hash| hash.hash(der).as_ref().iter().map(|b| format!("{b:02x}")).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CrlDistributionPoint, CustomExtension, KeyPair};

    use super::*;

    /// An OCSP responder in authority information access, in DER.
    fn responder(url: &str) -> CustomExtension {
        let wrapped = |tag: u8, inner: &[u8]| {
            let mut out = vec![tag, u8::try_from(inner.len()).unwrap()];
            out.extend(inner);
            out
        };
        let method = [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 48, 1];
        let entry = [&method[..], &wrapped(0x86, url.as_bytes())].concat();
        let content = wrapped(0x30, &wrapped(0x30, &entry));
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)
    }

    #[test]
    fn revocation_data_is_found_in_both_extensions_and_over_http_alone() {
        let mut parameters = CertificateParams::new(["a.example".to_owned()]).unwrap();
        let lists = ["http://crl.example/a.crl", "ldap://dc.corp.example/cn=a"];
        let uris = lists.map(str::to_owned).into();
        parameters.crl_distribution_points = vec![CrlDistributionPoint { uris }];
        parameters.custom_extensions = vec![responder("http://ocsp.example")];
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
        let found = revocation_urls(&parsed);
        assert_eq!(found, ["http://ocsp.example", "http://crl.example/a.crl"]);
    }

    #[test]
    fn only_an_authority_may_sign_certificates() {
        use rcgen::KeyUsagePurpose::{DigitalSignature, KeyCertSign};

        let lacking = |usages: Vec<rcgen::KeyUsagePurpose>| {
            let mut parameters = CertificateParams::new(["a.example".to_owned()]).unwrap();
            parameters.key_usages = usages;
            let key = KeyPair::generate().unwrap();
            let certificate = parameters.self_signed(&key).unwrap();
            let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
            lacks(&parsed)
        };
        assert_eq!(lacking(vec![DigitalSignature]), []);
        assert_eq!(lacking(vec![DigitalSignature, KeyCertSign]), [StrictForm::KeyUsageOfALeaf]);
    }
}
