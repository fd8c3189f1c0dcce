//! The lab's certificate authorities, made once, and a leaf for each server.

use std::sync::{Arc, OnceLock};

use aoai_probe::wire::tls::provider;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use super::NOW;
use super::world::Certificate;

type Made<T> = Result<T, rcgen::Error>;
type Der = CertificateDer<'static>;

/// The names that Azure's certificate covers (fact S4).
const NAMES: &[&str] = &[
    "*.openai.azure.com",
    "*.openai.azure.us",
    "*.cognitiveservices.azure.com",
    "*.services.ai.azure.com",
    "*.api.cognitive.microsoft.com",
    "*.vault.azure.net",
    "*.redis.cache.windows.net",
    "*.search.windows.net",
    "*.blob.core.windows.net",
    "*.dfs.core.windows.net",
    "*.file.core.windows.net",
    "*.web.core.windows.net",
    "*.queue.core.windows.net",
    "*.table.core.windows.net",
    "*.documents.azure.com",
    "*.azconfig.io",
    "*.servicebus.windows.net",
    "*.azurecr.io",
    "*.loganalytics.io",
    "*.in.applicationinsights.azure.com",
    "*.azure-api.net",
    "*.corp.example",
    "login.microsoftonline.com",
    "management.azure.com",
];

/// Text that a terminal would obey.
pub const ESCAPES: &str = "\u{1b}[31m\u{1b}]0;owned\u{7}\rWORKS: privately\n\u{8}\u{0}";

/// A certificate that signs others.
struct Authority {
    der: Der,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// Who can sign in this lab.
pub struct Authorities {
    root: Authority,
    intermediate: Authority,
    corporate: Authority,
    inspection: Authority,
    zscaler: Authority,
    /// A chain of authorities under the root, the last one first.
    long: Vec<Authority>,
}

/// The authorities of this process.
pub fn authorities() -> &'static Authorities {
    static MADE: OnceLock<Authorities> = OnceLock::new();
    MADE.get_or_init(|| Authorities::new().expect("the lab's certificates can be made"))
}

impl Authorities {
    fn new() -> Made<Self> {
        let root = Authority::new("Lab Root", "aoai-probe lab", None)?;
        let corporate = Authority::new("Contoso Root CA", "Contoso Ltd", None)?;
        let mut long: Vec<Authority> = Vec::new();
        for number in 1..=98 {
            let name = format!("Lab Issuing CA {number}");
            let parent = long.first().unwrap_or(&root);
            long.insert(0, Authority::new(&name, "aoai-probe lab", Some(parent))?);
        }
        Ok(Self {
            intermediate: Authority::new("Lab TLS Issuing CA 01", "aoai-probe lab", Some(&root))?,
            inspection: Authority::new("Contoso Web Gateway CA", "Contoso Ltd", Some(&corporate))?,
            zscaler: Authority::new(
                "Zscaler Intermediate Root CA (zscalerthree.net) (t)",
                "Zscaler Inc.",
                Some(&corporate),
            )?,
            root,
            corporate,
            long,
        })
    }

    /// The root that stands for the public ones: given with `--ca-file`.
    pub fn root_pem(&self) -> &str {
        &self.root.pem
    }

    /// The company's root.
    pub fn corporate_pem(&self) -> &str {
        &self.corporate.pem
    }

    /// A server's configuration with a certificate of this kind, for clients that name no application
    /// protocol, or this one.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn server(&self, kind: Certificate, alpn: &str) -> Result<Arc<ServerConfig>, String> {
        let (chain, key) = self.chain(kind).map_err(|e| e.to_string())?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|e| e.to_string())?;
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        Ok(Arc::new(config))
    }

    fn chain(&self, kind: Certificate) -> Made<(Vec<Der>, KeyPair)> {
        let key = KeyPair::generate()?;
        let params = leaf(kind)?;
        let under = |authority: &Authority| -> Made<Vec<Der>> {
            let leaf = params.signed_by(&key, &authority.issuer)?;
            Ok(vec![leaf.der().clone(), authority.der.clone()])
        };
        let chain = match kind {
            Certificate::SelfSigned => vec![params.self_signed(&key)?.der().clone()],
            Certificate::MissingIntermediate => {
                vec![params.signed_by(&key, &self.intermediate.issuer)?.der().clone()]
            }
            Certificate::Corporate => under(&self.inspection)?,
            Certificate::Zscaler => under(&self.zscaler)?,
            Certificate::AzureTopMissing => {
                let microsoft = "Microsoft Corporation";
                let root = Authority::new("Microsoft TLS RSA Root G2", microsoft, None)?;
                under(&Authority::new("Microsoft TLS G2 RSA CA OCSP 04", microsoft, Some(&root))?)?
            }
            Certificate::NamedAsAzure => under(&Authority::new(
                "Microsoft Azure RSA TLS Issuing CA 04",
                "Microsoft Corporation",
                Some(&self.corporate),
            )?)?,
            Certificate::MicrosoftInternal => {
                let root = Authority::of(internal("ameroot"), None)?;
                under(&Authority::of(internal("AME INFRA CA 01"), Some(&root))?)?
            }
            Certificate::HundredLong => {
                let last = self.long.first().unwrap_or(&self.intermediate);
                let leaf = params.signed_by(&key, &last.issuer)?.der().clone();
                let all = self.long.iter().chain([&self.root]).map(|a| a.der.clone());
                std::iter::once(leaf).chain(all).collect()
            }
            _ => under(&self.intermediate)?,
        };
        Ok((chain, key))
    }
}

impl Authority {
    fn new(common_name: &str, organization: &str, parent: Option<&Self>) -> Made<Self> {
        Self::of(named(common_name, organization), parent)
    }

    fn of(name: DistinguishedName, parent: Option<&Self>) -> Made<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = name;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = now() - Duration::days(400);
        params.not_after = now() + Duration::days(4000);
        let key = KeyPair::generate()?;
        let certificate = match parent {
            None => params.self_signed(&key)?,
            Some(parent) => params.signed_by(&key, &parent.issuer)?,
        };
        let (der, pem) = (certificate.der().clone(), certificate.pem());
        Ok(Self { der, pem, issuer: Issuer::new(params, key) })
    }
}

fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(NOW)
}

fn named(common_name: &str, organization: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name.push(DnType::OrganizationName, organization);
    name
}

/// A name under `DC=AME`.
fn internal(common_name: &str) -> DistinguishedName {
    // domainComponent (RFC 4519, section 2.4); rcgen takes one value of a type.
    let component = DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 25]);
    let mut name = DistinguishedName::new();
    name.push(component, "AME");
    name.push(DnType::CommonName, common_name);
    name
}

fn leaf(kind: Certificate) -> Made<CertificateParams> {
    let names: &[&str] = match kind {
        Certificate::OtherName | Certificate::EscapesOtherName => &["portal.contoso.example"],
        Certificate::PrivatelinkName => &["*.privatelink.openai.azure.com"],
        _ => NAMES,
    };
    let mut params =
        CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name = named(names[0], "Microsoft Corporation");
    if matches!(kind, Certificate::Escapes | Certificate::EscapesOtherName) {
        params.distinguished_name = named(&format!("{}{ESCAPES}", names[0]), ESCAPES);
        params.subject_alt_names.push(SanType::Rfc822Name(ESCAPES.try_into()?));
        params.subject_alt_names.push(SanType::URI(format!("https://{ESCAPES}").try_into()?));
    }
    if kind == Certificate::EscapesOtherName {
        params.subject_alt_names.push(SanType::DnsName(ESCAPES.try_into()?));
    }
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let (from, to) = match kind {
        Certificate::LongLived => (-390, 3900),
        Certificate::Expired => (-200, -3),
        Certificate::NotYetValid => (3, 200),
        Certificate::ExpiresSoon => (-200, 5),
        _ => (-10, 200),
    };
    params.not_before = now() + Duration::days(from);
    params.not_after = now() + Duration::days(to);
    Ok(params)
}
