//! The lab's certificate authorities, made anew for each world.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

use super::world::{Certificate, TARGET};

type Made<T> = Result<T, rcgen::Error>;

/// The names that Azure's certificate covers (fact S4).
const NAMES: &[&str] = &[
    "*.openai.azure.com",
    "*.cognitiveservices.azure.com",
    "*.services.ai.azure.com",
    "*.openai.azure.us",
    "*.azure-api.net",
    "gateway.contoso.example",
    "*.postgres.database.azure.com",
];

/// The list of revoked certificates; no DNS of the lab knows its host.
const REVOCATION_LIST: &str = "http://crl.pki.example/issuing.crl";

fn authority(common_name: &str, organization: &str) -> Made<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(common_name, organization);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = OffsetDateTime::now_utc() - Duration::days(400);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(4000);
    Ok(params)
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

fn leaf(kind: Certificate, own: &[&str]) -> Made<CertificateParams> {
    let names: &[&str] = match kind {
        Certificate::WrongName => &["portal.contoso.example"],
        Certificate::ExactName => &[TARGET],
        Certificate::WildcardTooDeep => &["*.azure.com"],
        _ => own,
    };
    let mut params =
        CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name = named(names[0], "Microsoft Corporation");
    if kind == Certificate::CommonNameOnly {
        params.distinguished_name = named(TARGET, "Microsoft Corporation");
        params.subject_alt_names.clear();
    }
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = OffsetDateTime::now_utc();
    let (from, to) = match kind {
        Certificate::Expired | Certificate::ExpiredSelfSigned | Certificate::ExpiredCorporate => {
            (-200, -3)
        }
        Certificate::NotYetValid => (3, 200),
        Certificate::ExpiresSoon => (-200, 3),
        _ => (-10, 200),
    };
    params.not_before = now + Duration::days(from);
    params.not_after = now + Duration::days(to);
    // As every public certificate names one (fact S56).
    let uris = vec![REVOCATION_LIST.to_owned()];
    params.crl_distribution_points = vec![CrlDistributionPoint { uris }];
    Ok(params)
}

/// Writes `root.pem` (the lab's root, given with `--ca-file`) and `corporate.pem` (the
/// company's root, in no store unless a world puts it there).
///
/// # Errors
/// Signing or writing fails.
pub fn write(work: &Path) -> Result<Authorities, String> {
    let made = || -> Made<Authorities> {
        let root_key = KeyPair::generate()?;
        let root_params = authority("Lab Root", "aoai-probe lab")?;
        let root_pem = root_params.self_signed(&root_key)?.pem();
        let root = Issuer::new(root_params, root_key);
        let (intermediate_pem, intermediate) =
            subordinate(&root, "Lab TLS Issuing CA 01", "aoai-probe lab")?;
        let corporate_key = KeyPair::generate()?;
        let corporate_params = authority("Contoso Root CA", "Contoso Ltd")?;
        let corporate_pem = corporate_params.self_signed(&corporate_key)?.pem();
        let corporate = Issuer::new(corporate_params, corporate_key);
        let (inspection_pem, inspection) =
            subordinate(&corporate, "Contoso Web Gateway CA", "Contoso Ltd")?;
        let (zscaler_pem, zscaler) = subordinate(
            &corporate,
            "Zscaler Intermediate Root CA (zscalerthree.net) (t)",
            "Zscaler Inc.",
        )?;
        let named_as_azure = subordinate(
            &corporate,
            "Microsoft Azure RSA TLS Issuing CA 04",
            "Microsoft Corporation",
        )?;
        let expired_key = KeyPair::generate()?;
        let mut expired_params = authority("Lab TLS Issuing CA 00", "aoai-probe lab")?;
        expired_params.not_after = OffsetDateTime::now_utc() - Duration::days(20);
        let expired_pem = expired_params.signed_by(&expired_key, &root)?.pem();
        Ok(Authorities {
            expired: (expired_pem, Issuer::new(expired_params, expired_key)),
            root_pem,
            corporate_pem,
            intermediate: (intermediate_pem, intermediate),
            inspection: (inspection_pem, inspection),
            zscaler: (zscaler_pem, zscaler),
            named_as_azure,
        })
    };
    let authorities = made().map_err(|e| format!("certificates: {e}"))?;
    for (file, text) in
        [("root.pem", &authorities.root_pem), ("corporate.pem", &authorities.corporate_pem)]
    {
        fs::write(work.join(file), text).map_err(|e| format!("{file}: {e}"))?;
    }
    Ok(authorities)
}

type Subordinate = (String, Issuer<'static, KeyPair>);

fn subordinate(
    parent: &Issuer<'_, KeyPair>,
    common_name: &str,
    organization: &str,
) -> Made<Subordinate> {
    let key = KeyPair::generate()?;
    let params = authority(common_name, organization)?;
    let pem = params.signed_by(&key, parent)?.pem();
    Ok((pem, Issuer::new(params, key)))
}

/// Who can sign in this lab.
pub struct Authorities {
    root_pem: String,
    corporate_pem: String,
    intermediate: Subordinate,
    inspection: Subordinate,
    zscaler: Subordinate,
    named_as_azure: Subordinate,
    expired: Subordinate,
}

impl Authorities {
    /// Writes `<name>.chain.pem`, `<name>.key.pem` and both in one file, of the kind.
    ///
    /// # Errors
    /// Signing or writing fails.
    pub fn issue(&self, work: &Path, name: &str, kind: Certificate) -> Result<(), String> {
        self.issue_names(work, name, kind, NAMES)
    }

    /// The same for a server of other names.
    ///
    /// # Errors
    /// Signing or writing fails.
    pub fn issue_names(
        &self,
        work: &Path,
        name: &str,
        kind: Certificate,
        names: &[&str],
    ) -> Result<(), String> {
        let (chain, key) =
            self.chain(kind, names).map_err(|e| format!("certificate of {name}: {e}"))?;
        for (file, text) in [
            (format!("{name}.both.pem"), format!("{chain}{key}")),
            (format!("{name}.chain.pem"), chain),
            (format!("{name}.key.pem"), key),
        ] {
            fs::write(work.join(&file), text).map_err(|e| format!("{file}: {e}"))?;
        }
        Ok(())
    }

    fn chain(&self, kind: Certificate, names: &[&str]) -> Made<(String, String)> {
        let key = KeyPair::generate()?;
        let params = leaf(kind, names)?;
        let chain = match kind {
            Certificate::SelfSigned | Certificate::ExpiredSelfSigned => {
                params.self_signed(&key)?.pem()
            }
            Certificate::MissingIntermediate => params.signed_by(&key, &self.intermediate.1)?.pem(),
            Certificate::Corporate | Certificate::ExpiredCorporate => {
                self.under(&params, &key, &self.inspection)?
            }
            Certificate::Zscaler => self.under(&params, &key, &self.zscaler)?,
            Certificate::AzureTopMissing => {
                let microsoft = "Microsoft Corporation";
                let root = authority("Microsoft TLS RSA Root G2", microsoft)?;
                let root = Issuer::new(root, KeyPair::generate()?);
                let signer = subordinate(&root, "Microsoft TLS G2 RSA CA OCSP 04", microsoft)?;
                self.under(&params, &key, &signer)?
            }
            Certificate::MicrosoftInternal => {
                let ame = |common_name: &str| -> Made<CertificateParams> {
                    let mut params = authority(common_name, "")?;
                    params.distinguished_name = internal(common_name);
                    Ok(params)
                };
                let root = Issuer::new(ame("ameroot")?, KeyPair::generate()?);
                let (key_of_signer, signer) = (KeyPair::generate()?, ame("AME INFRA CA 01")?);
                let pem = signer.signed_by(&key_of_signer, &root)?.pem();
                self.under(&params, &key, &(pem, Issuer::new(signer, key_of_signer)))?
            }
            Certificate::NamedAsAzure => self.under(&params, &key, &self.named_as_azure)?,
            Certificate::ExpiredIntermediate => self.under(&params, &key, &self.expired)?,
            Certificate::ExtraCertificates => format!(
                "{}{}{}{}{}{}",
                params.signed_by(&key, &self.intermediate.1)?.pem(),
                self.corporate_pem,
                self.root_pem,
                self.expired.0,
                self.zscaler.0,
                self.intermediate.0
            ),
            _ => self.under(&params, &key, &self.intermediate)?,
        };
        Ok((chain, key.serialize_pem()))
    }

    fn under(
        &self,
        params: &CertificateParams,
        key: &KeyPair,
        (pem, issuer): &Subordinate,
    ) -> Made<String> {
        Ok(format!("{}{pem}", params.signed_by(key, issuer)?.pem()))
    }
}
