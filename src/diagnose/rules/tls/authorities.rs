//! The authorities that sign for Azure (facts S5 to S8, X8, X9), by the names in their
//! certificates. Anyone can write such a name, so conclusions from it are inferred.

use crate::diagnose::word_match::has_words;
use crate::evidence::tls::{Certificate, TlsHop};

/// An authority that signs servers of Azure, and the root that its chain leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authority {
    /// The beginning of its common name; most continue with a number.
    begins: &'static str,
    /// Its organization.
    organization: &'static str,
    /// The common name of its root.
    pub(super) root: &'static str,
    /// An older root that cross-signs that root: servers have to send the cross-signed certificate
    /// for clients that do not know the newer root.
    pub(super) crossed_by: Option<&'static str>,
}

const MICROSOFT: &str = "Microsoft Corporation";
const DIGICERT: &str = "DigiCert";

const fn row(
    begins: &'static str,
    organization: &'static str,
    root: &'static str,
    crossed_by: Option<&'static str>,
) -> Authority {
    Authority { begins, organization, root, crossed_by }
}

/// The authorities, current ones first.
const AUTHORITIES: &[Authority] = &[
    row(
        "Microsoft TLS G2 RSA CA OCSP",
        MICROSOFT,
        "Microsoft TLS RSA Root G2",
        Some("DigiCert Global Root G2"),
    ),
    row("Microsoft TLS G2 ECC CA OCSP", MICROSOFT, "Microsoft TLS ECC Root G2", None),
    row("Microsoft Azure RSA TLS Issuing CA", MICROSOFT, "DigiCert Global Root G2", None),
    row("Microsoft Azure ECC TLS Issuing CA", MICROSOFT, "DigiCert Global Root G3", None),
    row("Microsoft Azure TLS Issuing CA", MICROSOFT, "DigiCert Global Root G2", None),
    row("DigiCert Global G2 TLS RSA SHA256", DIGICERT, "DigiCert Global Root G2", None),
    row("DigiCert Global G3 TLS ECC SHA384", DIGICERT, "DigiCert Global Root G3", None),
    row("DigiCert TLS RSA SHA256", DIGICERT, "DigiCert Global Root CA", None),
    row("DigiCert TLS Hybrid ECC SHA384", DIGICERT, "DigiCert Global Root CA", None),
    row("DigiCert SHA2 Secure Server CA", DIGICERT, "DigiCert Global Root CA", None),
    row("DigiCert Basic RSA CN CA", DIGICERT, "DigiCert Global Root CA", None),
    row("DigiCert Cloud Services CA-1", DIGICERT, "DigiCert Global Root CA", None),
    row("GeoTrust Global TLS RSA4096 SHA256", DIGICERT, "DigiCert Global Root CA", None),
    row("GeoTrust TLS DV RSA Mixed SHA256", DIGICERT, "DigiCert Global Root CA", None),
    row("Microsoft RSA TLS CA", MICROSOFT, "Baltimore CyberTrust Root", None),
    row("Microsoft IT TLS CA", MICROSOFT, "Baltimore CyberTrust Root", None),
];

/// A root of Azure's former chains that has expired.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Retired {
    /// Its common name.
    pub(super) root: &'static str,
    /// When and why, in words.
    pub(super) why: &'static str,
}

/// The roots that have expired (fact S30).
const RETIRED: &[Retired] =
    &[Retired { root: "Baltimore CyberTrust Root", why: "it expired on 2025-05-12" }];

/// The retired root of this name.
pub(super) fn retired_root(name: &str) -> Option<&'static Retired> {
    RETIRED.iter().find(|one| one.root == name)
}

/// The retired root that a certificate is, or that signed it.
pub(super) fn retired(certificate: &Certificate) -> Option<&'static Retired> {
    retired_root(common_name(certificate))
}

/// Other roots of the authorities' chains.
const ROOTS: &[&str] = &[
    "Microsoft RSA Root Certificate Authority 2017",
    "Microsoft ECC Root Certificate Authority 2017",
    "DigiCert TLS RSA4096 Root G5",
    "DigiCert TLS ECC P384 Root G5",
];

/// The authority of Azure that a chain names, where the name of every certificate sent also occurs
/// in Azure's own chains. A corporate authority that calls itself Microsoft has the company's root
/// above it.
pub(super) fn of_azure(hop: &TlsHop) -> Option<&'static Authority> {
    let path: Vec<&Certificate> = hop.path().into_iter().map(|(_, one)| one).collect();
    let (leaf, above) = path.split_first()?;
    let expected = |certificate: &Certificate| {
        let name = common_name(certificate);
        signer(certificate).is_some()
            || AUTHORITIES.iter().any(|a| name == a.root || a.crossed_by == Some(name))
            || ROOTS.contains(&name)
    };
    // New authorities appear below the roots that are known.
    let authority = signer(leaf).or_else(|| {
        let top = above.last().map(|top| common_name(top))?;
        let theirs = super::session::azure_issuer(leaf);
        AUTHORITIES.iter().find(|authority| theirs && authority.root == top)
    })?;
    above.iter().all(|one| expected(one)).then_some(authority)
}

/// The common name of a Microsoft-internal authority in the chain (fact X9): one under AME, which
/// neither public roots nor clients outside Microsoft trust.
pub(super) fn internal(hop: &TlsHop) -> Option<&str> {
    hop.path().into_iter().map(|(_, one)| one).find(|one| is_internal(one)).map(common_name)
}

fn is_internal(certificate: &Certificate) -> bool {
    let parts: Vec<&str> = certificate.issuer.split(',').map(str::trim).collect();
    let has = |part: &str| parts.iter().any(|have| have.eq_ignore_ascii_case(part));
    (has("DC=AME") && has("DC=GBL"))
        || common_name(certificate) == "ameroot"
        || common_name(certificate).starts_with("AME INFRA CA ")
}

fn signer(certificate: &Certificate) -> Option<&'static Authority> {
    let organization = certificate.issuer_organization.as_deref()?;
    AUTHORITIES.iter().find(|authority| {
        has_words(organization, authority.organization)
            && common_name(certificate)
                .strip_prefix(authority.begins)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

fn common_name(certificate: &Certificate) -> &str {
    certificate.issuer_common_name.as_deref().unwrap_or(&certificate.issuer)
}
