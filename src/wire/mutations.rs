//! Whatever a peer sends: parsers of certificates, heads and bodies give bounded text that cannot
//! move a cursor, hold no secret that was echoed, and never panic. DNS: `dns/mutations.rs`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::certificate::Fields;
use super::http::{Call, over};
use super::roots::{ExtraRoots, Roots, SystemStore};
use super::tls::{self, Handshake, Hello, Versions};
use crate::evidence::Trust;
use crate::evidence::http::Purpose;
use crate::evidence::text::is_unsafe;
use crate::secret::{Redactor, Secret};

const CANARY: &str = "canary-3f9a7c51e8d24b06";

/// The same cases in every run: a change fails by what it does, not by chance. Others where more
/// are asked for (`fuzz/run`).
#[expect(clippy::disallowed_methods, reason = "how long a test runs is its caller's choice")]
pub(super) fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let given = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if given { default.cases } else { cases },
        rng_seed: if given { default.rng_seed } else { RngSeed::Fixed(7) },
        failure_persistence: None,
        ..default
    }
}

/// Valid bytes with some of them replaced, some put in, some taken out, and perhaps an early end.
pub(super) fn mutated(valid: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0_u8..4, any::<u8>());
    (prop::collection::vec(edit, 0..6), any::<prop::sample::Index>(), 0_u8..4).prop_map(
        move |(edits, end, cut)| {
            let mut bytes = valid.clone();
            for (at, how, byte) in edits {
                let at = at.index(bytes.len() + 1);
                match how {
                    0 => bytes.insert(at, byte),
                    1 if at < bytes.len() => drop(bytes.remove(at)),
                    _ => {
                        if let Some(old) = bytes.get_mut(at) {
                            *old = byte;
                        }
                    }
                }
            }
            if cut == 0 {
                bytes.truncate(end.index(bytes.len() + 1));
            }
            bytes
        },
    )
}

/// No text of evidence can move a cursor, or is longer than any that is kept.
pub(super) fn is_tame(evidence: &Value) -> Result<(), TestCaseError> {
    match evidence {
        Value::String(text) => {
            prop_assert!(!text.chars().any(is_unsafe), "{text:?}");
            prop_assert!(!text.contains(CANARY), "{text:?}");
            prop_assert!(text.chars().count() <= 2100, "{} characters", text.chars().count());
            Ok(())
        }
        Value::Array(list) => {
            prop_assert!(list.len() <= 256, "{} entries", list.len());
            list.iter().try_for_each(is_tame)
        }
        Value::Object(fields) => fields.values().try_for_each(is_tame),
        _ => Ok(()),
    }
}

fn chain() -> Vec<u8> {
    let mut parameters = rcgen::CertificateParams::new(vec![
        "myacct.openai.azure.com".to_owned(),
        "*.openai.azure.com".to_owned(),
    ])
    .unwrap();
    let issuer = format!("Inspection \u{1b}[2J {CANARY}");
    parameters.distinguished_name.push(rcgen::DnType::OrganizationName, issuer);
    let key = rcgen::KeyPair::generate().unwrap();
    parameters.self_signed(&key).unwrap().der().to_vec()
}

fn answers() -> impl Strategy<Value = Vec<u8>> {
    let json = format!(
        "{{\"error\":{{\"code\":\"401\",\"message\":\"key {CANARY} \\u001b[2J is wrong\",\
         \"innererror\":{{\"code\":\"x\"}}}}}}"
    );
    let page = format!("<html><title>{CANARY}</title>\u{1b}[2J blocked</html>");
    let sized = |status: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\nServer: \u{1b}[2J{CANARY}\r\nx-ms-region: West\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{json}\r\n0\r\n\r\n",
        json.len()
    );
    let deflated = miniz_oxide::deflate::compress_to_vec(json.as_bytes(), 6);
    let length = deflated.len() + 10;
    let mut coded =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n")
            .into_bytes();
    coded.extend([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
    coded.extend(deflated);
    prop_oneof![
        mutated(coded),
        mutated(sized("401 Unauthorized", &json).into_bytes()),
        mutated(sized("403 Forbidden", &page).into_bytes()),
        mutated(chunked.into_bytes()),
    ]
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn any_certificate_is_read_or_left(der in mutated(chain())) {
        let secret = Secret::new(CANARY.to_owned());
        let provider = tls::provider();
        let store = SystemStore::Pem(Vec::new());
        let roots =
            Roots::new(Arc::clone(&provider), Trust::Public, ExtraRoots::default(), store);
        let request = Handshake {
            server_name: "myacct.openai.azure.com",
            roots: Arc::new(roots),
            provider,
            now: SystemTime::UNIX_EPOCH,
            timeout: Duration::from_secs(1),
            hello: Hello::Full,
            versions: Versions::Both,
            alpn: &[],
            first: None,
            redactor: Redactor::new([&secret]),
        };
        let der = CertificateDer::from(der);
        if let Some(fields) = Fields::read(&der, request.server_name, &request.provider) {
            let read = fields.evidence(&request);
            is_tame(&serde_json::to_value(&read).unwrap())?;
        }
    }

    #[test]
    fn any_answer_becomes_an_outcome(answer in answers()) {
        let secret = Secret::new(CANARY.to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let path = "/openai/models".to_owned();
        let call = Call { purpose: Purpose::Models, path, body: None, headers: Vec::new() };
        let seen = runtime.block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(1 << 20);
            let mut connection = over(ours, "myacct.openai.azure.com".to_owned()).await.unwrap();
            theirs.write_all(&answer).await.unwrap();
            theirs.shutdown().await.unwrap();
            // Reads nothing of the request: both ends hold it.
            connection.call(&call, &Redactor::new([&secret]), Duration::from_secs(20)).await
        });
        is_tame(&serde_json::to_value(&seen).unwrap())?;
    }
}
