//! Who gives tokens in this lab: Entra ID, the metadata services of platforms, GitHub's issuer of
//! identity tokens, and an Azure CLI. Each is as strict as the real one's documentation.
//!
//! ```text
//! identity  20.190.128.5:443 login.microsoftonline.com, 140.82.113.5:443 GitHub,
//!           169.254.169.254:80 the metadata services of virtual machines
//! client    127.0.0.1:8081 App Service, :40342 Azure Arc, :50342 Cloud Shell, :46808 Machine
//!           Learning
//! ```

mod client;
mod entra;
mod metadata;
pub mod parity;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use client::{application, configure, secrets};
pub use server::{serve, tls};

use super::certificates::Authorities;
use super::network::shell;
use super::servers::Servers;
use super::world::Certificate;

/// The authority's address.
pub const LOGIN: &str = "20.190.128.5";
/// GitHub's issuer of identity tokens.
pub const GITHUB: &str = "140.82.113.5";
/// Where every cloud has its metadata service.
pub const METADATA: &str = "169.254.169.254";
/// The directory.
pub const TENANT: &str = "6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f";
/// The application, and the user-assigned identity.
pub const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
/// The service's resource.
pub const RESOURCE: &str = "https://cognitiveservices.azure.com";

/// The world's section.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// The certificate of the authority and of GitHub's issuer.
    #[serde(skip_serializing)]
    pub certificate: Certificate,
    /// Who answers otherwise than healthy, and how.
    pub answers: BTreeMap<Service, Fault>,
    /// Whether the service is one of these servers, too, in place of nginx.
    pub target: bool,
    /// The application's tenant is of the US Government's cloud.
    pub government: bool,
    /// Services that nobody listens for.
    pub absent: Vec<Service>,
    /// Tokens for Resource Manager alone are asked for: no application has a certificate.
    #[serde(skip)]
    pub for_azure_alone: bool,
    /// Who must have been asked in each run, and how often; everyone else never.
    #[serde(skip_serializing)]
    pub asked: BTreeMap<Service, usize>,
}

/// Who gives tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::enum_variant_names, reason = "App Service has that name")]
pub enum Service {
    Login,
    Github,
    Imds,
    Google,
    AppService,
    Arc,
    CloudShell,
    /// Azure Machine Learning, and App Service's protocol of 2017.
    MachineLearning,
    /// The service itself, where its requests are compared field by field.
    Target,
}

impl Service {
    pub const ALL: [Self; 9] = [
        Self::Target,
        Self::Login,
        Self::Github,
        Self::Imds,
        Self::Google,
        Self::AppService,
        Self::Arc,
        Self::CloudShell,
        Self::MachineLearning,
    ];

    /// Its log: a JSON object for each request.
    pub const fn log(self) -> &'static str {
        match self {
            Self::Login => "login.requests",
            Self::Github => "github.requests",
            Self::Imds => "imds.requests",
            Self::Google => "google.requests",
            Self::AppService => "app-service.requests",
            Self::Arc => "arc.requests",
            Self::CloudShell => "cloud-shell.requests",
            Self::MachineLearning => "machine-learning.requests",
            Self::Target => "target.requests",
        }
    }
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Reads the request and never answers.
    Silent,
    /// A body without an end.
    Huge,
    /// A head without an end.
    HugeHead,
    /// One byte at a time.
    Drip,
    /// The right answer, after 1.5 seconds.
    Slow,
    /// 200 with words.
    NotJson,
    /// 200 with JSON that holds no token.
    NoToken,
    /// 307 to another host.
    Redirect,
    /// 403 with a page, as a filter answers.
    BlockPage,
    /// 502, as a proxy answers for a metadata service that it cannot reach (fact I8).
    BadGateway,
    /// 400: no such identity here (fact I8).
    IdentityNotFound,
    /// 429.
    Throttled,
    /// AADSTS7000215: not the application's secret.
    WrongSecret,
    /// 400 with a page.
    BadRequestPage,
    /// 200 with the token alone, its times numbers: what SDKs but one read.
    TokenAlone,
    /// Azure Arc's challenge, in another folder than the agent's.
    ChallengeElsewhere,
    /// Azure Arc's challenge, whose file is empty.
    ChallengeEmpty,
    /// Azure Arc's challenge, whose file ends with a line end.
    ChallengeLineEnd,
    /// Azure Arc's challenge, whose file is a link to another.
    ChallengeLink,
    /// AADSTS53003: conditional access.
    ConditionalAccess,
    /// AADSTS7000222: the secret has expired.
    ExpiredSecret,
    /// AADSTS501661: Entra ID cannot reach the issuer.
    IssuerUnreachable,
    /// 400 of App Service: it has no such identity (fact X11).
    NoUserAssigned,
    /// 500 of Container Apps: its own fetch failed (fact X10).
    FetchFailed,
}

/// Entra ID alone, beside the endpoint, for measurements.
///
/// # Errors
/// A file cannot be written or the server does not start.
pub fn login_alone(
    work: &Path,
    authorities: &Authorities,
    servers: &mut Servers,
) -> Result<(), String> {
    let healthy = Identity::default();
    let own = prepare(&healthy, work, authorities)?;
    let folder = work.display().to_string();
    servers.start("identity-login", "endpoint", &own, &["--identity", "login", &folder])
}

/// Starts whoever gives tokens.
///
/// # Errors
/// A file cannot be written or a server does not start.
pub fn start(
    identity: Option<&Identity>,
    work: &Path,
    authorities: &Authorities,
    servers: &mut Servers,
) -> Result<(), String> {
    let Some(identity) = identity else { return Ok(()) };
    let own = prepare(identity, work, authorities)?;
    if !identity.for_azure_alone {
        application_files(work)?;
    }
    let folder = work.display().to_string();
    let mut places = vec![("identity", "cloud"), ("client", "machine")];
    if identity.target {
        places.push(("endpoint", "target"));
    }
    for (host, place) in places {
        servers.start(&format!("identity-{place}"), host, &own, &["--identity", place, &folder])?;
    }
    Ok(())
}

/// Files of the application and of Azure Arc's agent.
fn application_files(work: &Path) -> Result<(), String> {
    // The application's certificate, which Entra ID was given: RSA, which it wants.
    shell(&format!(
        "cd {} && openssl req -x509 -newkey rsa:2048 -nodes -keyout application.key.pem \
         -out application.crt.pem -days 30 -subj /CN=application 2>/dev/null && \
         cat application.key.pem application.crt.pem > application.pem && \
         openssl pkcs12 -export -legacy -inkey application.key.pem -in application.crt.pem \
         -out application.pfx -passout pass:canary-pfx-password && \
         openssl x509 -in application.crt.pem -pubkey -noout > application.pub.pem && \
         openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key.pem -out other.crt.pem \
         -days 30 -subj /CN=other 2>/dev/null && \
         cat other.key.pem other.crt.pem > other-application.pem && \
         cat application.key.pem other.crt.pem > another-key.pem && \
         cat another-key.pem application.crt.pem > own-certificate-second.pem && \
         mount -t tmpfs tmpfs /var/opt && mkdir -p /var/opt/azcmagent/tokens",
        work.display()
    ))?;
    client::other_assertions(work)
}

/// The servers' certificate and settings; the program that they are.
fn prepare(identity: &Identity, work: &Path, authorities: &Authorities) -> Result<String, String> {
    authorities.issue_names(
        work,
        "login",
        identity.certificate,
        &[
            "login.microsoftonline.com",
            "login.microsoftonline.us",
            "login.chinacloudapi.cn",
            "*.actions.githubusercontent.com",
        ],
    )?;
    let json = serde_json::to_string(identity).map_err(|e| e.to_string())?;
    fs::write(work.join("identity.json"), json).map_err(|e| format!("identity.json: {e}"))?;
    std::env::current_exe().map(|own| own.display().to_string()).map_err(|e| e.to_string())
}

/// Waits until it listens.
///
/// # Errors
/// It does not.
pub fn ready(
    identity: Option<&Identity>,
    work: &Path,
    servers: &mut Servers,
) -> Result<(), String> {
    let Some(identity) = identity else { return Ok(()) };
    let target = identity.target.then_some("target");
    for place in ["cloud", "machine"].into_iter().chain(target) {
        let log = work.join(format!("identity-{place}.log"));
        let listens = || fs::read_to_string(&log).is_ok_and(|text| text.contains("listening"));
        for _ in 0..1000 {
            if listens() {
                break;
            }
            servers.all_run()?;
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        if !listens() {
            return Err(format!("who gives tokens ({place}) does not listen"));
        }
    }
    Ok(())
}

/// Secrets that no file holds beforehand, or only in part: assertions that the application signed,
/// and a line of its private key.
pub fn made(work: &Path) -> Vec<String> {
    let log = fs::read_to_string(work.join(Service::Login.log())).unwrap_or_default();
    let signatures = log.lines().filter_map(|line| {
        let asked: serde_json::Value = serde_json::from_str(line).ok()?;
        let form = asked["form"].as_array()?;
        let pair = form.iter().find(|pair| pair[0] == "client_assertion")?;
        Some(pair[1].as_str()?.rsplit('.').next()?.to_owned())
    });
    let key = fs::read_to_string(work.join("application.key.pem")).unwrap_or_default();
    signatures.chain(key.lines().nth(3).map(str::to_owned)).collect()
}

/// What is wrong with who was asked, and with where the secrets went.
pub fn judge(identity: &Identity, work: &Path, runs: usize, differs: &mut Vec<String>) {
    for service in Service::ALL {
        let log = fs::read_to_string(work.join(service.log())).unwrap_or_default();
        let wanted = identity.asked.get(&service).copied().unwrap_or(0);
        let got = log.lines().count();
        if got != wanted * runs {
            differs.push(format!(
                "{service:?} was asked {got} times in {runs} runs, wanted {wanted} in each:\n{log}"
            ));
        }
    }
    let programs = ["az", "azd"].map(|name| {
        (name, fs::read_to_string(work.join(format!("{name}.log"))).unwrap_or_default())
    });
    for (what, secret, at) in secrets() {
        let mut logs: Vec<&str> = Service::ALL.iter().map(|s| s.log()).collect();
        logs.extend(["endpoint.access.log", "front.access.log", "endpoint.log", "front.log"]);
        logs.extend(["proxy.log", "link.log"]);
        for log in logs {
            let Ok(text) = fs::read_to_string(work.join(log)) else { continue };
            if text.contains(secret) && !at.contains(&log) {
                differs.push(format!("{log} shows {what}"));
            }
        }
        for (name, _) in programs.iter().filter(|(_, log)| log.contains(secret)) {
            differs.push(format!("the environment or the arguments of {name} show {what}"));
        }
    }
}
