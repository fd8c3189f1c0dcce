//! Products that terminate TLS sessions and sign the certificates that clients see (facts S11,
//! S12), recognised by their issuer names.

use crate::diagnose::word_match::has_words;
use crate::evidence::tls::{Certificate, TlsHop};

/// An inspection product.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Product {
    /// Its name for people.
    pub(super) name: &'static str,
    /// Any of these in an issuer, as a sequence of whole words, names it.
    words: &'static [&'static str],
}

/// Brands that are also names of public certificate authorities (Cisco, Symantec, Cloudflare) are
/// listed with words that only their inspection products write.
const PRODUCTS: &[Product] = &[
    Product { name: "Zscaler", words: &["Zscaler", "Zscaler Inc"] },
    Product { name: "Netskope", words: &["Netskope", "goskope com"] },
    Product { name: "Palo Alto Networks", words: &["Palo Alto Networks"] },
    Product { name: "Fortinet FortiGate", words: &["Fortinet", "FortiGate CA", "FortiGate"] },
    Product { name: "Fiddler", words: &["DO_NOT_TRUST_FiddlerRoot", "DO_NOT_TRUST"] },
    Product { name: "mitmproxy", words: &["mitmproxy"] },
    Product { name: "Blue Coat ProxySG", words: &["Blue Coat", "ProxySG"] },
    Product { name: "Cisco Umbrella", words: &["Cisco Umbrella"] },
    Product { name: "Sophos", words: &["Sophos"] },
    Product { name: "Check Point", words: &["Check Point"] },
    Product { name: "Forcepoint", words: &["Forcepoint", "Websense"] },
    Product { name: "Skyhigh (McAfee) Web Gateway", words: &["McAfee Web Gateway", "Skyhigh"] },
    Product { name: "Charles Proxy", words: &["Charles Proxy"] },
    Product { name: "Burp Suite", words: &["PortSwigger CA", "PortSwigger"] },
    Product { name: "Kaspersky", words: &["Kaspersky"] },
    Product { name: "ESET", words: &["ESET SSL Filter CA"] },
    Product { name: "Avast", words: &["Avast"] },
    Product {
        name: "Cloudflare Gateway",
        words: &["Cloudflare for Teams", "Gateway CA Cloudflare"],
    },
    Product { name: "iboss", words: &["iboss"] },
    Product { name: "Menlo Security", words: &["Menlo Security"] },
    Product { name: "Barracuda", words: &["Barracuda"] },
    Product { name: "Squid", words: &["Squid"] },
];

/// The product that an issuer of the presented chain names.
pub(super) fn product(hop: &TlsHop) -> Option<&'static Product> {
    hop.path().into_iter().find_map(|(_, certificate)| of_issuer(certificate))
}

/// The product that an issuer names, as a tool prints it.
pub(in crate::diagnose) fn product_in(issuer: &str) -> Option<&'static str> {
    let names = |product: &&Product| product.words.iter().any(|words| has_words(issuer, words));
    PRODUCTS.iter().find(names).map(|product| product.name)
}

fn of_issuer(certificate: &Certificate) -> Option<&'static Product> {
    let fields = [
        Some(certificate.issuer.as_str()),
        certificate.issuer_common_name.as_deref(),
        certificate.issuer_organization.as_deref(),
    ];
    PRODUCTS.iter().find(|product| {
        fields
            .iter()
            .flatten()
            .any(|field| product.words.iter().any(|words| has_words(field, words)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_known_by_whole_words() {
        for (issuer, name) in [
            ("C=US, O=Zscaler Inc., CN=Zscaler Intermediate Root CA (zscalerthree.net)", "Zscaler"),
            ("O=DO_NOT_TRUST, CN=DO_NOT_TRUST_FiddlerRoot", "Fiddler"),
            ("CN=mitmproxy, O=mitmproxy", "mitmproxy"),
            ("O=Fortinet, CN=FGT60E4Q17000000", "Fortinet FortiGate"),
            ("CN=Gateway CA - Cloudflare Managed G1", "Cloudflare Gateway"),
            ("O=Cloudflare, Inc., CN=Cloudflare TLS Issuing ECC CA 1", ""),
            ("O=Cisco Systems, CN=Cisco RXC-R2", ""),
            ("CN=Planet Reset CA", ""),
            ("O=Microsoft Corporation, CN=Microsoft Azure RSA TLS Issuing CA 04", ""),
        ] {
            let certificate = Certificate {
                subject: String::new(),
                issuer: issuer.to_owned(),
                issuer_common_name: None,
                issuer_organization: None,
                names: Vec::new(),
                names_count: 0,
                not_before: String::new(),
                not_after: String::new(),
                days_left: 1,
                not_yet_valid: false,
                covers_target: true,
                self_issued: false,
                is_ca: false,
                issuer_url: None,
                revocation_urls: Vec::new(),
                lacks: Vec::new(),
                sha256: String::new(),
            };
            assert_eq!(of_issuer(&certificate).map_or("", |p| p.name), name, "{issuer}");
        }
    }
}
