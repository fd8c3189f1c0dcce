//! A client certificate with its key in PKCS#12 (RFC 7292), or a key in PEM with a password.

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;
use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::certificate::{CertificateError, Material, Presented};
use super::rounds;
use crate::secret::Secret;

/// The variable of the password.
pub(super) const PASSWORD: &str = "AZURE_CLIENT_CERTIFICATE_PASSWORD";

/// The first key in a PKCS#12 file, and its certificates.
pub(super) fn open(bytes: &[u8], password: Option<&Secret>) -> Result<Material, CertificateError> {
    bounded(bytes)?;
    let text = password.map_or("", Secret::expose);
    let archive = Pkcs12Archive::from_pkcs12(bytes, text).map_err(|error| {
        let wrong = |message: &str| CertificateError::Wrong(message.to_owned());
        match error {
            Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => locked(password),
            Error::DerError(_) | Error::InvalidVersion | Error::IoError(_) => {
                wrong("is neither PEM nor PKCS#12 (a certificate alone is not enough)")
            }
            // Another implementation may open it.
            _ => CertificateError::NotRead("is PKCS#12 of a kind that this tool does not open"),
        }
    })?;
    let key = archive.keys.first().ok_or_else(|| {
        CertificateError::Wrong(
            "is PKCS#12 without a private key: export it with its key".to_owned(),
        )
    })?;
    // An id that ties a certificate to the key may be missing, or wrong: the key itself decides.
    let chain = archive.certs.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec()));
    let chain = chain.collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.key.as_der().to_vec()));
    Ok(Material { chain, key, presented: Presented::KeysOwn })
}

/// A key in PEM with a password (PKCS#8, RFC 5958).
pub(super) fn key(
    der: &[u8],
    password: Option<&Secret>,
) -> Result<PrivateKeyDer<'static>, CertificateError> {
    bounded(der)?;
    let locked_key = EncryptedPrivateKeyInfoRef::try_from(der)
        .map_err(|_| CertificateError::Wrong("holds a private key that is damaged".to_owned()))?;
    let text = password.map_or("", Secret::expose);
    let document = match locked_key.decrypt(text.as_bytes()) {
        Ok(document) => document,
        Err(pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed)) => {
            return Err(locked(password));
        }
        // What comes out of a wrong password may look whole.
        Err(pkcs8::Error::Asn1(_) | pkcs8::Error::KeyMalformed(_)) => return Err(locked(password)),
        Err(_) => {
            return Err(CertificateError::NotRead(
                "holds a key with a password of a kind that this tool does not open",
            ));
        }
    };
    let bytes = Zeroizing::new(document.as_bytes().to_vec());
    Ok(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(bytes.to_vec())))
}

/// Refuses a file that asks for more work than is done.
fn bounded(der: &[u8]) -> Result<(), CertificateError> {
    match rounds::too_many(der) {
        true => Err(CertificateError::NotRead(
            "asks for more than 5,000,000 rounds before its key opens, which are not done",
        )),
        false => Ok(()),
    }
}

fn locked(password: Option<&Secret>) -> CertificateError {
    CertificateError::Wrong(match password {
        Some(_) => format!("is not opened by the password in {PASSWORD}"),
        None => format!("has a password, and {PASSWORD} is not set"),
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these files are the test's own")]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, SystemTime};

    use super::*;

    /// What another's tool makes, not the library that opens it.
    fn openssl(folder: &Path, arguments: &str) {
        let ended = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(folder)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success(), "openssl {arguments}: {message}");
    }

    fn made() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["own", "other"] {
            openssl(
                folder.path(),
                &format!(
                    "req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.crt \
                     -days 30 -subj /CN={name}"
                ),
            );
        }
        folder
    }

    fn read(
        folder: &Path,
        file: &str,
        password: Option<&str>,
    ) -> Result<Material, CertificateError> {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let password = password.map(|text| Secret::new(text.to_owned()));
        Material::read(&bytes, password.as_ref())
    }

    fn message(read: Result<Material, CertificateError>) -> String {
        match read.map(|_| ()) {
            Err(CertificateError::Wrong(message)) => message,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_openssl_exports_is_opened_whatever_it_is_locked_with() {
        let folder = made();
        let at = folder.path();
        openssl(at, "x509 -in own.crt -outform der -out own.der");
        let own = std::fs::read(at.join("own.der")).unwrap();
        let kinds = [
            ("today", ""),
            ("legacy", "-legacy"),
            ("triple-des", "-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1"),
            ("aes-128", "-certpbe AES-128-CBC -keypbe AES-128-CBC -macalg sha512"),
            ("no-mac", "-nomac"),
            ("chain", "-certfile other.crt"),
        ];
        for (name, arguments) in kinds {
            for password in ["canary-w\u{f6}rd", ""] {
                openssl(
                    at,
                    &format!(
                        "pkcs12 -export {arguments} -inkey own.key -in own.crt -out a.pfx \
                         -passout pass:{password}"
                    ),
                );
                // An empty variable is one that is not set.
                let given = Some(password).filter(|text| !text.is_empty());
                let material = read(at, "a.pfx", given)
                    .unwrap_or_else(|no| panic!("{name} with {password:?}: {no:?}"));
                assert_eq!(material.chain[0].as_ref(), own, "{name}");
                assert_eq!(material.chain.len(), if name == "chain" { 2 } else { 1 });
                let provider = rustls::crypto::aws_lc_rs::default_provider();
                let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
                let made = material.assertion("c", "https://a/t", true, &provider, now);
                assert!(made.is_ok(), "{name}: {made:?}");
            }
        }
    }

    #[test]
    fn the_certificate_that_the_key_belongs_to_is_presented_wherever_it_stands() {
        use base64::Engine;
        use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
        let folder = made();
        let at = folder.path();
        openssl(at, "pkcs8 -topk8 -nocrypt -in own.key -outform der -out own.p8");
        let file = |name: &str| std::fs::read(at.join(name)).unwrap();
        let certificate = |name: &str| {
            openssl(at, &format!("x509 -in {name}.crt -outform der -out {name}.der"));
            Certificate::from_der(&file(&format!("{name}.der"))).unwrap()
        };
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let presented = |certificates: Vec<Certificate>| {
            let key = PrivateKey::from_der(&file("own.p8")).unwrap();
            let mut store = KeyStore::new();
            let chain = PrivateKeyChain::new(vec![1_u8], key, certificates);
            store.add_entry("a", KeyStoreEntry::PrivateKeyChain(chain));
            let bytes = store.writer("canary").write().unwrap();
            let password = Secret::new("canary".to_owned());
            let material = Material::read(&bytes, Some(&password)).unwrap();
            let made = material.assertion("c", "https://a/t", true, &provider, now)?;
            let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
            let header = made.expose().split('.').next().unwrap();
            let header = base64.decode(header).unwrap();
            let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
            let first = header["x5c"][0].as_str().unwrap().to_owned();
            Ok::<_, String>(base64::engine::general_purpose::STANDARD.decode(first).unwrap())
        };
        let (own, other) = (certificate("own"), certificate("other"));
        let second = presented(vec![other.clone(), own]).unwrap();
        assert_eq!(second, file("own.der"));
        assert!(presented(vec![other]).unwrap_err().contains("none of its certificates"));
    }

    #[test]
    fn a_bad_file_is_refused_with_its_reason() {
        let folder = made();
        let at = folder.path();
        let export = "pkcs12 -export -in own.crt -passout pass:canary";
        openssl(at, &format!("{export} -inkey own.key -out own.pfx"));
        openssl(at, &format!("{export} -inkey own.key -legacy -nomac -out bare.pfx"));
        openssl(at, &format!("{export} -nokeys -out no-key.pfx"));
        openssl(at, "x509 -in own.crt -outform der -out own.der");
        let wrong = "is not opened by the password in AZURE_CLIENT_CERTIFICATE_PASSWORD";
        let none = "has a password, and AZURE_CLIENT_CERTIFICATE_PASSWORD is not set";
        for file in ["own.pfx", "bare.pfx"] {
            assert_eq!(message(read(at, file, Some("canary-other"))), wrong, "{file}");
            assert_eq!(message(read(at, file, None)), none, "{file}");
        }
        let keyless = "is PKCS#12 without a private key: export it with its key";
        assert_eq!(message(read(at, "no-key.pfx", Some("canary"))), keyless);
        let alone = "is neither PEM nor PKCS#12 (a certificate alone is not enough)";
        assert_eq!(message(read(at, "own.der", Some("canary"))), alone);
        let whole = std::fs::read(at.join("own.pfx")).unwrap();
        std::fs::write(at.join("half.pfx"), &whole[..whole.len() / 2]).unwrap();
        assert_eq!(message(read(at, "half.pfx", Some("canary"))), alone);
    }

    #[test]
    fn a_file_that_asks_for_endless_rounds_is_refused_before_they_begin() {
        let folder = made();
        let at = folder.path();
        openssl(
            at,
            "pkcs12 -export -inkey own.key -in own.crt -iter 65537 -out a.pfx -passout pass:canary",
        );
        openssl(
            at,
            "pkcs8 -topk8 -v2 aes-256-cbc -iter 65537 -in own.key -outform der -out a.der \
             -passout pass:canary",
        );
        // 65537 rounds are 01 00 01 in DER; the same length holds 2^23 - 1 at most.
        let endless = |file: &str| {
            let mut bytes = std::fs::read(at.join(file)).unwrap();
            let places: Vec<usize> = bytes
                .windows(5)
                .enumerate()
                .filter(|(_, five)| *five == [2, 3, 1, 0, 1])
                .map(|(place, _)| place)
                .collect();
            assert!(!places.is_empty(), "{file}");
            for place in places {
                bytes[place + 2..place + 5].copy_from_slice(&[0x7f, 0xff, 0xff]);
            }
            bytes
        };
        let password = Secret::new("canary".to_owned());
        let refused = |no: CertificateError| match no {
            CertificateError::NotRead(message) => message.contains("rounds"),
            CertificateError::Wrong(_) => false,
        };
        assert!(open(&endless("a.pfx"), Some(&password)).err().is_some_and(refused));
        assert!(key(&endless("a.der"), Some(&password)).err().is_some_and(refused));
        assert!(read(at, "a.pfx", Some("canary")).is_ok());
    }

    #[test]
    fn a_key_in_pem_may_have_a_password() {
        let folder = made();
        let at = folder.path();
        for cipher in ["-v2 aes-256-cbc", "-scrypt"] {
            openssl(
                at,
                &format!("pkcs8 -topk8 {cipher} -in own.key -out a.key -passout pass:canary"),
            );
            let join = |file: &str| std::fs::read_to_string(at.join(file)).unwrap();
            std::fs::write(at.join("a.pem"), format!("{}{}", join("own.crt"), join("a.key")))
                .unwrap();
            assert!(read(at, "a.pem", Some("canary")).is_ok(), "{cipher}");
            assert!(message(read(at, "a.pem", Some("canary-other"))).contains("not opened by"));
            assert!(message(read(at, "a.pem", None)).contains("is not set"));
        }
        openssl(at, "rsa -aes256 -traditional -in own.key -out old.key -passout pass:canary");
        let join = |file: &str| std::fs::read_to_string(at.join(file)).unwrap();
        std::fs::write(at.join("old.pem"), format!("{}{}", join("own.crt"), join("old.key")))
            .unwrap();
        let old = read(at, "old.pem", Some("canary")).map(|_| ());
        assert!(matches!(old, Err(CertificateError::NotRead(_))), "{old:?}");
    }
}
