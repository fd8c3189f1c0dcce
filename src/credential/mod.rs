//! How a key or token is come by: the catalogue of sources and their order.
//!
//! Nothing here contacts anything or prints a value: requests are handed to the caller, who
//! holds the network. A secret at hand leaves through [`Credential::authentication`] alone.

pub mod acquire;
mod authority;
mod certificate;
pub mod claims;
mod cli;
pub mod contacts;
pub mod errand;
mod file;
mod metadata;
mod pkcs12;
mod sdk;
mod sources;
pub mod ways;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::SystemTime;

use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::evidence::identity::{
    Acquisition, Configured, CredentialForm, CredentialKind, IdentityHop, NotTaken, TokenClaims,
    TokenOutcome,
};
use crate::evidence::tcp::TcpAttempt;
use crate::secret::Secret;
pub use crate::secret::looks_like_a_key;
use crate::services::{Cloud, SERVICES, Service};
use crate::target::Target;
use crate::wire::http::Authentication;
use crate::world::Environment;
use authority::AUTHORITY_HOST;
pub use sources::{API_KEY_VARIABLE, Choice, Request, SOURCES, Source, TOKEN_VARIABLE};
use sources::{Found, What, look, missing};
use ways::{Endpoint, Proof, Way};

/// Why a credential cannot be used. No message holds any part of its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// A named source that is not configured.
    #[error("--credential {0}: {1}")]
    NotConfigured(String, String),
    /// A named source that does not exist.
    #[error("--credential takes the name of a source: auto, none, {0}")]
    Unknown(String),
    /// `--identity` with something else.
    #[error("--identity takes a client id, a resource id (/subscriptions/...) or object:<id>")]
    Identity,
    /// `--identity` with a source that has no such identities.
    #[error("--identity: {0} has no user-assigned identity to choose")]
    NoUserAssigned(String),
    /// An assertion, and nothing that says whose.
    #[error("--assertion-file: {0} is not set")]
    NoApplication(String),
    /// The file cannot be read.
    #[error("{option} {path}: {says}")]
    File {
        /// The option that named it.
        option: &'static str,
        /// The file.
        path: String,
        /// Why.
        says: String,
    },
    /// Nothing in it.
    #[error("{0} is empty")]
    Empty(String),
    /// The value also stands where it would be looked up, sent or shown.
    #[error(
        "the value of {0} also stands in the target, a deployment, a version or a path, \
         where it would be looked up and shown: nothing was sent"
    )]
    Misplaced(String),
    /// A character that no key or token has.
    #[error(
        "{source_name} holds a {what} at character {at}: \
         was more than the bare key or token copied?"
    )]
    Character {
        /// The variable or file.
        source_name: String,
        /// What kind of character.
        what: &'static str,
        /// Its place, from 1.
        at: usize,
    },
}

/// A credential in hand, or none.
#[derive(Debug)]
pub struct Credential {
    kind: CredentialKind,
    /// The source's name for `--credential`.
    name: &'static str,
    source: Option<String>,
    secret: Option<Secret>,
    file_mode_open: Option<String>,
    not_taken: Vec<NotTaken>,
    way: Option<Way>,
    /// Whether a user or a variable asked for it: without either, no token is no fault.
    demanded: bool,
    configured: Configured,
    authority_host: Option<String>,
    /// Variables that hold secrets.
    secret_variables: Vec<String>,
    /// Tokens by their scope, each asked for once.
    tokens: RefCell<Vec<(String, TokenCell)>>,
}

/// A token that is asked for once, whoever asks first.
type TokenCell = Rc<OnceCell<Rc<Acquired>>>;

/// What came of asking for a token.
#[derive(Debug)]
pub struct Acquired {
    /// The token.
    pub token: Option<Secret>,
    /// How it was asked for.
    pub evidence: RefCell<Acquisition>,
    /// Connections that nothing waited for: the answer came over another one. What becomes of
    /// them is evidence, too.
    pub late: RefCell<Vec<Late>>,
    /// Done when the last of them is in the evidence.
    pub settled: OnceCell<()>,
}

/// A connection on the way to a token that was under way when its answer came.
#[derive(Debug)]
pub struct Late {
    /// Whose it is: the place of the request.
    pub request: usize,
    /// What became of it; none where the walk itself was told.
    pub attempt: JoinHandle<Option<TcpAttempt>>,
}

/// Variables whose values are secrets.
const SECRET_VARIABLES: &[&str] = &[
    API_KEY_VARIABLE,
    TOKEN_VARIABLE,
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "IDENTITY_HEADER",
    "MSI_SECRET",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "OPENAI_API_KEY",
    "CLIENT_SECRET",
];

impl Credential {
    /// No credential.
    #[must_use]
    pub fn none() -> Self {
        Self {
            kind: CredentialKind::None,
            name: "none",
            source: None,
            secret: None,
            file_mode_open: None,
            not_taken: Vec::new(),
            way: None,
            demanded: false,
            configured: Configured::default(),
            authority_host: None,
            secret_variables: Vec::new(),
            tokens: RefCell::new(Vec::new()),
        }
    }

    /// Finds and reads the credential that `request` asks for; a token that has to be asked for
    /// is asked for by the walk.
    ///
    /// # Errors
    ///
    /// [`CredentialError`]; a source that is configured and unreadable is an error, never
    /// passed over in silence.
    pub fn find(request: &Request, environment: &Environment) -> Result<Self, CredentialError> {
        let empty = Self {
            configured: ways::configured(environment),
            authority_host: environment.get(AUTHORITY_HOST).map(str::to_owned),
            secret_variables: SECRET_VARIABLES.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::none()
        };
        if let Some(identity) = &request.identity
            && !ways::UserAssigned::read(identity).is_an_id()
        {
            return Err(CredentialError::Identity);
        }
        let named = match &request.choice {
            // Then what the environment holds is no fault of its own.
            Choice::None => return Ok(Self { configured: Configured::default(), ..empty }),
            Choice::Auto => None,
            Choice::Named(name) => Some(name.as_str()),
        };
        if let Some(name) = named
            && !SOURCES.iter().any(|source| source.name == name)
        {
            let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
            return Err(CredentialError::Unknown(names.join(", ")));
        }
        // An option that cannot be followed is never passed over in silence.
        if request.assertion_file.is_some() {
            let missing: Vec<&str> = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"]
                .into_iter()
                .filter(|name| environment.get(name).is_none())
                .collect();
            if !missing.is_empty() {
                return Err(CredentialError::NoApplication(missing.join(" and ")));
            }
        }
        let mut found: Vec<(&'static Source, Found)> = SOURCES
            .iter()
            .filter_map(|source| {
                let named = named == Some(source.name);
                Some((source, look(source, request, environment, named)?))
            })
            .collect();
        let at = match named {
            None => 0,
            Some(name) => found.iter().position(|(s, _)| s.name == name).ok_or_else(|| {
                CredentialError::NotConfigured(name.to_owned(), missing(name, &empty.configured))
            })?,
        };
        if found.is_empty() {
            return Ok(empty);
        }
        let (source, taken) = found.remove(at);
        let label = taken.label.clone();
        let chooses = matches!(
            taken.what,
            What::Token(Way::Managed {
                endpoint: Endpoint::Imds
                    | Endpoint::AppService { .. }
                    | Endpoint::MachineLearning { .. },
                ..
            })
        );
        if request.identity.is_some() && !chooses {
            return Err(CredentialError::NoUserAssigned(label));
        }
        let others = found.iter().map(|(_, other)| NotTaken {
            source: other.label.clone(),
            why: match named {
                Some(name) => format!("--credential {name} was given"),
                None => format!("{label} comes first"),
            },
        });
        let not_taken = others.collect();
        let with = Self { name: source.name, source: Some(label.clone()), not_taken, ..empty };
        match taken.what {
            What::Token(way) => {
                let hinted = environment.get("AZURE_CLIENT_ID").is_some()
                    || request.identity.is_some()
                    || !matches!(way, Way::Managed { endpoint: Endpoint::Imds, .. });
                let demanded = named.is_some() || hinted;
                Ok(Self { kind: CredentialKind::Token, way: Some(way), demanded, ..with })
            }
            What::Place { place, file } => {
                let (value, file_mode_open) = if file {
                    file::read(sources::place(source.name), &place, request.patience)?
                } else {
                    let value = environment.get(&place).unwrap_or_default().to_owned();
                    (zeroize::Zeroizing::new(value), None)
                };
                let kind = match source.name.starts_with("api-key") {
                    true => CredentialKind::ApiKey,
                    false => CredentialKind::Token,
                };
                let secret = Some(checked(&value, &label)?);
                Ok(Self { kind, secret, file_mode_open, demanded: true, ..with })
            }
        }
    }

    /// The way to its token, where one has to be asked for.
    #[must_use]
    pub const fn way(&self) -> Option<&Way> {
        self.way.as_ref()
    }

    /// Whether a user or a variable asked for it.
    #[must_use]
    pub const fn demanded(&self) -> bool {
        self.demanded
    }

    /// The source's name for `--credential`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The scope of a token for the target; none for a service that takes none.
    #[must_use]
    pub fn scope(&self, target: &Target) -> Option<String> {
        self.wanted_audiences(target).first().map(|audience| format!("{audience}/.default"))
    }

    /// The authority: `AZURE_AUTHORITY_HOST`, else that of the target's cloud (fact D24).
    ///
    /// # Errors
    ///
    /// What is wrong with the variable.
    pub fn authority(&self, target: &Target) -> Result<String, String> {
        let cloud = target.service().map_or(Cloud::Public, |service| service.cloud);
        match &self.authority_host {
            Some(host) => authority::host(host),
            None => Ok(acquire::authority(cloud).to_owned()),
        }
    }

    /// The target's service. Where `--service` alone says what it is, its cloud is that of
    /// `AZURE_AUTHORITY_HOST`, if the service is there.
    fn service(&self, target: &Target) -> Option<&'static Service> {
        let row = target.service()?;
        let host = self.authority_host.as_deref().and_then(|text| authority::host(text).ok());
        let cloud = host.as_deref().and_then(authority::cloud);
        let said = cloud.filter(|_| target.seen.cloud.is_none()).and_then(|cloud| {
            SERVICES.iter().find(|other| other.id == row.id && other.cloud == cloud)
        });
        Some(said.unwrap_or(row))
    }

    /// Audiences that the target's service takes, the preferred one first; a Foundry project wants
    /// `ai.azure.com` (fact G2b).
    fn wanted_audiences(&self, target: &Target) -> Vec<String> {
        let mut list: Vec<String> = self
            .service(target)
            .map(|service| service.audiences.iter().map(|&a| a.to_owned()).collect())
            .unwrap_or_default();
        if target.seen.kind == crate::evidence::TargetKind::Project {
            list.sort_by_key(|audience| audience != "https://ai.azure.com");
        }
        list
    }

    /// Tenant and client, as facts.
    #[must_use]
    pub fn ids(&self) -> (Option<String>, Option<String>) {
        // What is no id may be a secret that was put in the wrong variable. A tenant may be a
        // domain's name.
        let named = |text: &str| match looks_like_a_key(text) {
            true => Some("<not shown: it looks like a key>".to_owned()),
            false => Some(crate::evidence::text::clean(text, 200)),
        };
        let clean = |text: &str| Some(ways::shown_id(text));
        match &self.way {
            Some(Way::Entra { tenant, client, .. }) => {
                (authority::tenant(tenant).ok().and_then(|()| named(tenant)), clean(client))
            }
            Some(Way::Managed { identity, .. }) => {
                (None, identity.as_ref().and_then(|identity| clean(identity.id())))
            }
            _ => (None, None),
        }
    }

    /// Whether a client secret has the form of an id (8-4-4-4-12 hexadecimal digits).
    #[must_use]
    pub fn secret_is_id(&self) -> bool {
        let Some(Way::Entra { proof: Proof::ClientSecret(secret), .. }) = &self.way else {
            return false;
        };
        let groups: Vec<&str> = secret.expose().split('-').collect();
        groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
            && groups.iter().all(|group| group.bytes().all(|c| c.is_ascii_hexdigit()))
    }

    /// Whether a client secret begins or ends with a blank or a line end.
    #[must_use]
    pub fn secret_has_blank_ends(&self) -> bool {
        let Some(Way::Entra { proof: Proof::ClientSecret(secret), .. }) = &self.way else {
            return false;
        };
        secret.expose().trim() != secret.expose()
    }

    /// Variables that hold secrets: programs start without them.
    #[must_use]
    pub fn secret_variables(&self) -> Vec<String> {
        self.secret_variables.clone()
    }

    /// Where the token of a scope is, or will be.
    #[must_use]
    pub fn cell(&self, scope: &str) -> TokenCell {
        let mut tokens = self.tokens.borrow_mut();
        if let Some((_, cell)) = tokens.iter().find(|(known, _)| known == scope) {
            return Rc::clone(cell);
        }
        let cell = TokenCell::default();
        tokens.push((scope.to_owned(), Rc::clone(&cell)));
        cell
    }

    /// What goes into a request.
    #[must_use]
    pub fn authentication(&self) -> Authentication<'_> {
        match (self.kind, &self.secret) {
            (CredentialKind::ApiKey, Some(key)) => Authentication::ApiKey(key),
            (CredentialKind::Token, Some(token)) => Authentication::Bearer(token),
            _ => Authentication::None,
        }
    }

    /// Where it came from.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Refuses a credential that also stands in something that was typed.
    ///
    /// # Errors
    ///
    /// [`CredentialError::Misplaced`].
    pub fn misplaced(&self, typed: &[&str]) -> Result<(), CredentialError> {
        match &self.secret {
            Some(secret) if typed.iter().any(|text| secret.stands_in(text)) => {
                Err(CredentialError::Misplaced(self.source.clone().unwrap_or_default()))
            }
            _ => Ok(()),
        }
    }

    /// The mode of its file in octal, when others may read it.
    #[must_use]
    pub fn file_mode_open(&self) -> Option<&str> {
        self.file_mode_open.as_deref()
    }

    /// The secret, to be blotted out of what peers echo.
    #[must_use]
    pub const fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// The evidence: everything but the secret.
    #[must_use]
    pub fn evidence(
        &self,
        target: &Target,
        now: SystemTime,
        acquired: Option<&Acquired>,
    ) -> IdentityHop {
        let secret = self.secret.as_ref().or(acquired.and_then(|a| a.token.as_ref()));
        let claims: Option<TokenClaims> = secret.and_then(|s| claims::read(s.expose(), now));
        let failed =
            acquired.is_some_and(|a| a.evidence.borrow().outcome != TokenOutcome::Acquired);
        IdentityHop {
            kind: match failed && !self.demanded {
                true => CredentialKind::None,
                false => self.kind,
            },
            source: self.source.clone(),
            looks_like: secret.map(|_| match claims {
                Some(_) => CredentialForm::Jwt,
                None => CredentialForm::Opaque,
            }),
            claims,
            wanted_audiences: self.wanted_audiences(target),
            not_taken: self.not_taken.clone(),
            file_mode_open: self.file_mode_open.clone(),
            withheld: None,
            acquisition: acquired.map(|acquired| acquired.evidence.borrow().clone()),
            configured: self.configured.clone(),
        }
    }
}

/// Refuses what was typed when it holds the value of a variable that names a credential,
/// whether or not that is the one which is taken.
///
/// # Errors
///
/// [`CredentialError::Misplaced`].
pub fn misplaced(environment: &Environment, typed: &[&str]) -> Result<(), CredentialError> {
    SECRET_VARIABLES.iter().copied().try_for_each(|variable| {
        let secret = environment.get(variable).map(|value| Secret::new(value.trim().to_owned()));
        match secret.is_some_and(|secret| typed.iter().any(|text| secret.stands_in(text))) {
            true => Err(CredentialError::Misplaced(variable.to_owned())),
            false => Ok(()),
        }
    })
}

/// The value without the line end that files have, if it can go into a header.
fn checked(value: &str, label: &str) -> Result<Secret, CredentialError> {
    let value = value.trim_end_matches(['\r', '\n']).trim_matches(' ');
    if value.is_empty() {
        return Err(CredentialError::Empty(label.to_owned()));
    }
    let bad = value.chars().zip(1..).find_map(|(c, at)| {
        let what = match c {
            '\n' | '\r' => "line end",
            c if c.is_control() => "control character",
            c if !c.is_ascii() => "character outside ASCII",
            ' ' | '"' => "space or quote",
            _ => return None,
        };
        Some((what, at))
    });
    match bad {
        Some((what, at)) => {
            Err(CredentialError::Character { source_name: label.to_owned(), what, at })
        }
        None => Ok(Secret::new(value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn find(pairs: &[(&str, &str)]) -> Result<Credential, CredentialError> {
        let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Credential::find(
            &Request { patience: Duration::from_secs(5), ..Request::default() },
            &Environment::from_pairs(pairs),
        )
    }

    #[test]
    fn the_first_configured_source_is_taken_and_the_other_named() {
        let both = find(&[(TOKEN_VARIABLE, "t"), (API_KEY_VARIABLE, "k")]).unwrap();
        assert_eq!(both.source.as_deref(), Some(API_KEY_VARIABLE));
        assert_eq!(both.not_taken[0].source, TOKEN_VARIABLE);
        assert_eq!(find(&[(API_KEY_VARIABLE, " ")]).unwrap().kind, CredentialKind::None);
    }

    #[test]
    fn authority_and_audience_are_those_of_the_targets_cloud() {
        let asks = |target: &str, service: Option<&str>, authority: &str| {
            let credential = find(&[("AZURE_AUTHORITY_HOST", authority)]).unwrap();
            let target = Target::parse(target, service).unwrap();
            (credential.authority(&target).unwrap(), credential.scope(&target))
        };
        let at = |host: &str, scope: &str| {
            (format!("https://{host}"), Some(format!("https://cognitiveservices.azure.{scope}")))
        };
        let (public, gov) = ("login.microsoftonline.com", "login.microsoftonline.us");
        assert_eq!(asks("a.openai.azure.com", None, ""), at(public, "com/.default"));
        assert_eq!(asks("a.openai.azure.us", None, ""), at(gov, "us/.default"));
        assert_eq!(asks("v.vault.azure.cn", None, "").0, "https://login.chinacloudapi.cn");
        // The variable wins, and does not change what the target is.
        assert_eq!(asks("a.openai.azure.com", None, gov), at(gov, "com/.default"));
        // A gateway's own name says nothing of its cloud: the variable does.
        let gateway = Some("openai");
        assert_eq!(asks("llm.contoso.example", gateway, ""), at(public, "com/.default"));
        assert_eq!(asks("llm.contoso.example", gateway, gov), at(gov, "us/.default"));
        let china = "https://login.chinacloudapi.cn";
        assert_eq!(asks("llm.contoso.example", gateway, china).0, china);
    }

    #[test]
    fn what_was_asked_for_and_cannot_be_is_an_error_that_repeats_nothing() {
        let found = |request: Request, pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            Credential::find(&request, &Environment::from_pairs(pairs))
        };
        let identity = |id: &str| Request { identity: Some(id.to_owned()), ..Request::default() };
        for bad in ["", "canary secret", "canary~Q8", "/canary", "object:", "object:canary"] {
            let error = found(identity(bad), &[]).unwrap_err();
            assert_eq!(error, CredentialError::Identity, "{bad}");
        }
        let chosen = identity("11111111-2222-3333-4444-555555555555");
        let arc = [("IDENTITY_ENDPOINT", "http://localhost:40342/x"), ("IMDS_ENDPOINT", "y")];
        let error = found(chosen.clone(), &arc).unwrap_err();
        assert_eq!(error, CredentialError::NoUserAssigned("the Azure Arc agent".to_owned()));
        assert!(found(chosen, &[("IDENTITY_ENDPOINT", "u"), ("IDENTITY_HEADER", "h")]).is_ok());
        let file = Request { assertion_file: Some("f".to_owned()), ..Request::default() };
        let error = found(file, &[("AZURE_TENANT_ID", "t")]).unwrap_err();
        assert_eq!(error, CredentialError::NoApplication("AZURE_CLIENT_ID".to_owned()));
    }

    #[test]
    fn a_secret_in_the_form_of_an_id_is_told() {
        let with = |secret: &str| {
            find(&[
                ("AZURE_TENANT_ID", "t"),
                ("AZURE_CLIENT_ID", "c"),
                ("AZURE_CLIENT_SECRET", secret),
            ])
            .unwrap()
            .secret_is_id()
        };
        assert!(with("11111111-2222-3333-4444-5555aaaaBBBB"));
        assert!(!with("abc8Q~11111111-2222-3333-4444-555555555555"));
        assert!(
            !find(&[(API_KEY_VARIABLE, "11111111-2222-3333-4444-555555555555")])
                .unwrap()
                .secret_is_id()
        );
    }

    #[test]
    fn a_secret_in_the_place_of_an_id_or_a_path_is_not_shown() {
        let secret = "abc8Q~canary.1234_567-890abcdefgh";
        let ids = |client: &str| {
            let found = find(&[
                ("AZURE_TENANT_ID", "contoso.onmicrosoft.com"),
                ("AZURE_CLIENT_ID", client),
                ("AZURE_CLIENT_SECRET", "11111111-2222-3333-4444-555555555555"),
            ]);
            found.unwrap().ids()
        };
        let tenant = Some("contoso.onmicrosoft.com".to_owned());
        assert_eq!(ids(secret), (tenant.clone(), Some(ways::NO_ID.to_owned())));
        assert_eq!(ids("canary"), (tenant.clone(), Some(ways::NO_ID.to_owned())));
        let id = "11111111-2222-3333-4444-555555555555";
        assert_eq!(ids(id), (tenant, Some(id.to_owned())));
        let no = file::read("AZURE_CLIENT_CERTIFICATE_PATH", secret, Duration::from_secs(5));
        let says = no.unwrap_err().to_string();
        assert!(!says.contains("canary") && says.contains("not shown"), "{says}");
    }

    #[test]
    fn a_key_with_a_line_end_inside_is_refused_without_showing_it() {
        let error = find(&[(API_KEY_VARIABLE, "canary\nkey")]).unwrap_err().to_string();
        assert!(error.contains("line end at character 7"), "{error}");
        assert!(!error.contains("canary"), "{error}");
        assert!(find(&[(API_KEY_VARIABLE, "canary\n")]).is_ok());
    }
}
