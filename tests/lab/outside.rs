//! What leads the walk to a lab: its `World`, with the secrets in its environment.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aoai_probe::evidence::dns::ResolverRole;
use aoai_probe::evidence::vantage::{AzureMachine, FileState, ResolverConfig};
use aoai_probe::wire::roots::SystemStore;
use aoai_probe::world::{Environment, SystemLookup, TextFile, signs};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::certificates::authorities;
use super::world::{CredentialKind, World};
use super::{KEY, Lab, NOW};

impl Lab {
    /// The outside of the walk.
    pub fn world(&self) -> aoai_probe::world::World {
        let world = &self.world;
        let configured: Vec<String> = self
            .started
            .resolvers
            .iter()
            .filter(|(_, role)| *role == ResolverRole::Configured)
            .map(|(address, _)| address.ip().to_string())
            .collect();
        let state = match world.machine.resolver_config_unreadable {
            true => FileState::Unreadable { message: "Permission denied".to_owned() },
            false => FileState::Read,
        };
        let now = u64::try_from(NOW + world.machine.clock_ahead_s).unwrap_or_default();
        let environment = Environment::from_pairs(self.environment());
        aoai_probe::world::World {
            platforms: signs::platforms(&signs::Surroundings {
                environment: &environment,
                exists: &|_| false,
                arc_agent: None,
                kernel: "",
                nameservers: &[],
                listening: &[],
                interfaces: &[],
            }),
            environment,
            host: "lab".to_owned(),
            os: "linux x86_64".to_owned(),
            azure: AzureMachine { answer: Some(world.machine.azure), signs: Vec::new() },
            interfaces: match world.azure {
                None => aoai_probe::world::interfaces().into(),
                Some(_) => [(IpAddr::from([10, 1, 0, 20]), "eth0".to_owned())].into(),
            },
            default_gateways: Vec::new(),
            system_proxies: None,
            proxy_scripts: Default::default(),
            resolver_config: match world.machine.resolver_config_not_read {
                true => ResolverConfig::not_read(),
                false => ResolverConfig {
                    path: "/etc/resolv.conf".to_owned(),
                    state,
                    nameservers: configured,
                    ..ResolverConfig::not_read()
                },
            },
            resolvers: self
                .started
                .resolvers
                .iter()
                .copied()
                .filter(|(_, role)| {
                    *role != ResolverRole::Given && !world.machine.resolver_config_not_read
                })
                .collect(),
            hosts: TextFile {
                path: "/etc/hosts".to_owned(),
                state: FileState::Read,
                text: format!("127.0.0.1 localhost\n{}\n", world.machine.hosts).into(),
            },
            nsswitch_hosts: Some("files dns".to_owned()),
            lookup: SystemLookup::Fixed(self.started.system.clone()),
            lookup_by: Some("glibc 2.36".to_owned()),
            resolver_settings: None,
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(now),
            system_store: SystemStore::Pem(match world.machine.corporate_root {
                true => authorities().corporate_pem().as_bytes().to_vec(),
                false => Vec::new(),
            }),
            connect_overrides: Vec::new(),
            arc_agent: false,
            shared_roots: Arc::default(),
            peer_limiter: None,
            tally: None,
            routes: Arc::default(),
        }
    }

    fn environment(&self) -> Vec<(String, String)> {
        let world = &self.world;
        let mut pairs: Vec<(String, String)> = world
            .machine
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let (name, value) = match world.credential.kind {
            CredentialKind::Key => ("AZURE_OPENAI_API_KEY", KEY.to_owned()),
            CredentialKind::KeyWithLineEnd => ("AZURE_OPENAI_API_KEY", format!("{KEY}\n")),
            CredentialKind::KeyAsToken => ("AZURE_OPENAI_AD_TOKEN", KEY.to_owned()),
            CredentialKind::Token => ("AZURE_OPENAI_AD_TOKEN", token(world)),
            CredentialKind::TokenAsKey => ("AZURE_OPENAI_API_KEY", token(world)),
            CredentialKind::SearchKey => ("AZURE_SEARCH_API_KEY", KEY.to_owned()),
            CredentialKind::DocumentKey => ("DOCUMENTINTELLIGENCE_API_KEY", KEY.to_owned()),
            CredentialKind::None => ("LANG", "C.UTF-8".to_owned()),
        };
        pairs.push((name.to_owned(), value));
        if let Some(azure) = &world.azure {
            pairs.extend(azure.environment());
        }
        if let Some(proxy) = &world.proxy {
            pairs.push((proxy.variable.clone(), proxy.url.clone()));
        }
        pairs
    }
}

/// A JWT for the right audience, valid now, with the claims that a world changes.
pub fn token(world: &World) -> String {
    let credential = &world.credential;
    let mut claims = serde_json::json!({
        "aud": "https://cognitiveservices.azure.com",
        "iss": "https://sts.windows.net/6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f/",
        "tid": "6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f",
        "oid": "7d1c8e0a-5a86-4b52-bb1c-3c4f3c1f9a11",
        "appid": "11111111-2222-3333-4444-555555555555",
        "idtyp": "app",
        "nbf": NOW + credential.not_before_in_s.unwrap_or(-60),
        "exp": NOW + credential.expires_in_s.unwrap_or(3600),
        "ver": "1.0",
    });
    for (name, value) in &credential.claims {
        claims[name] = serde_json::to_value(value).unwrap_or_default();
    }
    let part = |json: String| URL_SAFE_NO_PAD.encode(json);
    let header = serde_json::json!({ "typ": "JWT", "alg": "RS256" });
    format!("{}.{}.canary-token-signature", part(header.to_string()), part(claims.to_string()))
}
