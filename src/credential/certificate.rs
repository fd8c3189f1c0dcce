//! A signed assertion that authenticates an application with a certificate (fact I3): PS256, the
//! certificate's SHA-256 thumbprint in the header, as Microsoft's page on certificate credentials
//! has it today.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::SignatureScheme;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::SigningKey;
use serde_json::json;
use zeroize::Zeroizing;

use super::pkcs12;
use crate::secret::Secret;

/// How long an assertion is valid: Microsoft's page asks for minutes.
const LIFE: Duration = Duration::from_secs(600);

/// A certificate, its chain, and its key.
pub(super) struct Material {
    /// In the order of the file.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) presented: Presented,
}

/// Which certificate SDKs present (fact I3a).
pub(super) enum Presented {
    /// The first one, whatever the key: PEM.
    First,
    /// The one that the key belongs to: PKCS#12.
    KeysOwn,
}

/// Why there is none; no part of the file is repeated.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CertificateError {
    /// What is wrong with the file.
    Wrong(String),
    /// An application may be able to read it; this tool is not.
    NotRead(&'static str),
}

impl Material {
    /// Reads PEM or PKCS#12, recognised by its beginning.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Self, CertificateError> {
        let begins = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
        if bytes.first() == Some(&DER_SEQUENCE) && !begins(b"-----BEGIN ") {
            return pkcs12::open(bytes, password);
        }
        let wrong = |message: &str| CertificateError::Wrong(message.to_owned());
        let chain: Vec<CertificateDer<'_>> =
            CertificateDer::pem_slice_iter(bytes).filter_map(Result::ok).collect();
        if chain.is_empty() {
            return Err(wrong("holds no certificate in PEM, and is not PKCS#12"));
        }
        let key = match PrivateKeyDer::from_pem_slice(bytes) {
            _ if begins(b"Proc-Type: 4,ENCRYPTED") => {
                return Err(CertificateError::NotRead(
                    "holds a key with a password in the form before PKCS#8, which is not opened",
                ));
            }
            Ok(key) => key,
            Err(_) => {
                let der = locked_key(bytes).ok_or_else(|| wrong("holds no private key in PEM"))?;
                pkcs12::key(&der, password)?
            }
        };
        Ok(Self { chain, key, presented: Presented::First })
    }

    /// The assertion for the token endpoint `audience`.
    ///
    /// # Errors
    ///
    /// What is wrong with certificate or key; no part of them is repeated.
    pub(super) fn assertion(
        &self,
        client: &str,
        audience: &str,
        send_chain: bool,
        provider: &CryptoProvider,
        now: SystemTime,
    ) -> Result<Secret, String> {
        let key = provider
            .key_provider
            .load_private_key(self.key.clone_key())
            .map_err(|_| "its private key is of a kind that cannot sign")?;
        let chain = self.chain_of(&*key)?;
        let leaf = chain.first().ok_or("holds no certificate")?;
        let signer = key
            .choose_scheme(&[SignatureScheme::RSA_PSS_SHA256])
            .ok_or("its private key is not an RSA key, which Entra ID requires")?;
        let thumbprint =
            URL_SAFE_NO_PAD.encode(sha256(provider, leaf).ok_or("SHA-256 is missing")?);
        let mut header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
        if send_chain {
            let chain: Vec<String> = chain.iter().map(|der| STANDARD.encode(der)).collect();
            header["x5c"] = json!(chain);
        }
        let seconds = |at: SystemTime| {
            at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
        };
        let mut id = [0_u8; 16];
        provider.secure_random.fill(&mut id).map_err(|_| "no random numbers")?;
        let claims = json!({
            "aud": audience,
            "iss": client,
            "sub": client,
            "jti": URL_SAFE_NO_PAD.encode(id),
            "nbf": seconds(now),
            "iat": seconds(now),
            "exp": seconds(now + LIFE),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature =
            signer.sign(signed.as_bytes()).map_err(|_| "its private key does not sign")?;
        Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    /// The certificates, the presented one first.
    ///
    /// # Errors
    ///
    /// That the key does not belong to it: what it signs would not be accepted.
    fn chain_of(&self, key: &dyn SigningKey) -> Result<Vec<&CertificateDer<'static>>, String> {
        let own = |der: &CertificateDer<'static>| {
            let key = key.public_key();
            let certificate = ParsedCertificate::try_from(der).ok();
            // What cannot be compared may be its own.
            key.zip(certificate).is_none_or(|(key, c)| key == c.subject_public_key_info())
        };
        let at = self.chain.iter().position(own);
        match (at, &self.presented) {
            (Some(0), _) | (Some(_), Presented::KeysOwn) => {}
            (Some(_), Presented::First) => {
                return Err("begins with a certificate that its private key is not of; \
                            put the key's own one first"
                    .to_owned());
            }
            (None, _) => return Err("holds a private key of none of its certificates".to_owned()),
        }
        let mut chain: Vec<&CertificateDer<'static>> = self.chain.iter().collect();
        chain[..=at.unwrap_or_default()].rotate_right(1);
        Ok(chain)
    }
}

/// The first byte of PKCS#12.
const DER_SEQUENCE: u8 = 0x30;

/// The bytes of a key in PEM with a password.
fn locked_key(pem: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(pem).ok()?;
    let (_, rest) = text.split_once("-----BEGIN ENCRYPTED PRIVATE KEY-----")?;
    let (inside, _) = rest.split_once("-----END ENCRYPTED PRIVATE KEY-----")?;
    let base64: Zeroizing<String> =
        Zeroizing::new(inside.chars().filter(|c| !c.is_whitespace()).collect());
    STANDARD.decode(base64.as_bytes()).ok().map(Zeroizing::new)
}

/// SHA-256 by the TLS provider: any of its suites has it.
fn sha256(provider: &CryptoProvider, bytes: &[u8]) -> Option<Vec<u8>> {
    let hash = provider.cipher_suites.iter().find_map(|suite| {
        let common = match suite {
            rustls::SupportedCipherSuite::Tls13(suite) => &suite.common,
            rustls::SupportedCipherSuite::Tls12(suite) => &suite.common,
        };
        let provider = common.hash_provider;
        (provider.algorithm() == rustls::crypto::hash::HashAlgorithm::SHA256).then_some(provider)
    })?;
    let mut context = hash.start();
    context.update(bytes);
    Some(context.finish().as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_with_an_rsa_key_says_so_and_shows_nothing() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let message = |pem: &str| {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
            match Material::read(pem.as_bytes(), None) {
                Err(CertificateError::Wrong(message)) => message,
                Err(CertificateError::NotRead(message)) => message.to_owned(),
                Ok(material) => material
                    .assertion("c", "https://a/t", false, &provider, now)
                    .map(|_| ())
                    .unwrap_err(),
            }
        };
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
        let none = "holds no certificate in PEM, and is not PKCS#12";
        assert_eq!(message("canary"), none);
        assert_eq!(message(&key.serialize_pem()), none);
        assert_eq!(
            message("0canary"),
            "is neither PEM nor PKCS#12 (a certificate alone is not enough)"
        );
        assert_eq!(message(&certificate), "holds no private key in PEM");
        assert_eq!(
            message(&format!("{certificate}{}", key.serialize_pem())),
            "its private key is not an RSA key, which Entra ID requires"
        );
        let stranger = rcgen::KeyPair::generate().unwrap();
        let other =
            rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&stranger).unwrap();
        assert_eq!(
            message(&format!("{}{}", other.pem(), key.serialize_pem())),
            "holds a private key of none of its certificates"
        );
        let swapped = message(&format!("{}{certificate}{}", other.pem(), key.serialize_pem()));
        assert!(swapped.starts_with("begins with a certificate that"), "{swapped}");
    }
}
