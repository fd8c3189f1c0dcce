//! A strict mock of Azure Resource Manager and Resource Graph, over a model of an Azure estate.
//!
//! It is read from the facts C1 to C61 of `docs/facts.md` alone and shares nothing with the tool's
//! own reading of them. Whatever a client of ours may not send is kept as a violation.

mod arm;
mod effective;
mod errors;
mod faults;
mod graph;
pub mod http;
mod login;
pub mod model;
mod resources;
mod rights;
pub mod server;
mod token;
mod versions;
pub mod world;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use resources::{Names, Resources};
use rights::Rights;
use world::{Azure, Fault};

/// The host of Resource Manager in the public cloud.
pub const HOST: &str = "management.azure.com";
/// The login host.
pub const LOGIN: &str = "login.microsoftonline.com";
/// Their addresses.
pub const HOST_ADDRESS: &str = "4.150.240.10";
/// See [`HOST_ADDRESS`].
pub const LOGIN_ADDRESS: &str = "20.190.128.5";
/// Where a machine's metadata service is.
pub const METADATA_ADDRESS: &str = "169.254.169.254";
/// The tenant of every estate.
pub const TENANT: &str = "6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f";
/// The application that asks.
pub const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
/// Its secret.
pub const CLIENT_SECRET: &str = "canary-client-secret-4f1d";
/// What the signature of its token for Resource Manager is; no output may have it.
pub const SIGNATURE: &str = "canary-arm-token-signature";
/// Its object id: also that of the token of a world's target.
pub const CALLER: &str = "7d1c8e0a-5a86-4b52-bb1c-3c4f3c1f9a11";
/// Items of a page, where a world has no other number: few, so that every run has several pages.
const PAGE: usize = 2;

/// The managed identities of a machine.
struct Identities {
    /// The principal of its own.
    system: Option<String>,
    /// The ids by which each user-assigned one can be named.
    users: Vec<Vec<String>>,
}

/// Resource Manager.
pub struct Mock {
    resources: Resources,
    rights: Rights,
    /// Assignments by id, with who they are for.
    assigned: Vec<(String, Vec<String>)>,
    faults: Vec<Fault>,
    lacks: Vec<String>,
    page: usize,
    caller: world::Caller,
    /// Whether the metadata service answers.
    metadata: bool,
    /// Ids of identities that it does not have yet.
    unknown_identities: Vec<String>,
    /// The lab's clock, in seconds since 1970.
    now: i64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    violations: Vec<String>,
    /// Method, path with query, and body of each request.
    asked: Vec<(String, String, String)>,
    /// What was refused once, by the number of the fault.
    refused: Vec<(usize, String)>,
    operations: BTreeMap<String, (String, String)>,
    /// Pages of queries: where they go on, and of which query and scope.
    tokens: Vec<(usize, String, Value)>,
}

impl Mock {
    /// The mock of a world, whose clock stands at `now` in seconds since 1970.
    ///
    /// # Errors
    /// The estate makes no sense.
    pub fn new(azure: &Azure, now: i64) -> Result<Self, String> {
        let estate = azure.estate()?;
        Ok(Self {
            resources: Resources::of(&estate, now)?,
            rights: Rights::of(&azure.caller, &estate)?,
            assigned: resources::principals(&Names(&estate))?,
            faults: azure.fault.clone(),
            lacks: azure.graph_lacks.iter().map(|end| end.to_ascii_lowercase()).collect(),
            page: azure.page.unwrap_or(PAGE),
            caller: azure.caller.clone(),
            metadata: azure.metadata.unwrap_or(true),
            unknown_identities: azure.metadata_lacks.clone(),
            now,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What no client of ours may ask.
    fn violation(&self, what: String) {
        self.state().violations.push(what);
    }

    /// Everything that was asked and may not be.
    #[allow(dead_code, reason = "not every binary with the lab looks at it")]
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// Every request: method, path with query, body.
    #[allow(dead_code, reason = "not every binary with the lab looks at it")]
    pub fn asked(&self) -> Vec<(String, String, String)> {
        self.state().asked.clone()
    }

    /// A token of the caller's for an audience.
    pub fn token(&self, audience: &str) -> String {
        token::of(audience, &self.caller, self.now)
    }

    /// The answer to a request's bytes, without a server.
    #[allow(dead_code, reason = "not every binary with the lab asks by itself")]
    pub fn reply(&self, request: &[u8]) -> (u16, Value) {
        let outcome = http::Asked::read(request).map(|asked| self.outcome(&asked));
        match outcome {
            Some(faults::Outcome::Send(reply, _)) => {
                (reply.status, serde_json::from_str(&reply.body).unwrap_or_default())
            }
            _ => (0, Value::Null),
        }
    }

    /// The machine that the walk starts from, with its address.
    fn this_machine(&self) -> Option<(String, String)> {
        let machine = self.resources.iter().find(|r| r.id.ends_with("/virtualMachines/app-vm"))?;
        let interface =
            machine.body["properties"]["networkProfile"]["networkInterfaces"][0]["id"].as_str()?;
        let interface = self.resources.get(interface)?;
        let address = &interface.body["properties"]["ipConfigurations"][0]["properties"];
        Some((machine.id.clone(), address["privateIPAddress"].as_str()?.to_owned()))
    }

    /// The managed identities of the machine that the walk starts from; none where the estate has
    /// no such machine.
    fn identities(&self) -> Option<Identities> {
        let machine = self.resources.iter().find(|r| r.id.ends_with("/virtualMachines/app-vm"))?;
        let own = &machine.body["identity"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let users = own["userAssignedIdentities"].as_object();
        Some(Identities {
            system: text(&own["principalId"]),
            users: users
                .into_iter()
                .flatten()
                .map(|(id, user)| {
                    let ids = [text(&user["clientId"]), text(&user["principalId"])];
                    ids.into_iter().flatten().chain([id.clone()]).collect()
                })
                .collect(),
        })
    }

    /// Whether the machine of an interface runs.
    fn runs(&self, interface: &str) -> bool {
        let machine = self.resources.get(interface).and_then(|found| {
            Some(found.body["properties"]["virtualMachine"]["id"].as_str()?.to_owned())
        });
        let view = machine.and_then(|id| self.resources.get(&format!("{id}/instanceView")));
        view.is_some_and(|view| view.body.to_string().contains("PowerState/running"))
    }

    /// Addresses of private endpoints in a network.
    fn endpoint_addresses(&self, network: &str) -> Vec<String> {
        let below = format!("{}/", network.to_ascii_lowercase());
        let mut all = Vec::new();
        for one in self.resources.iter() {
            let properties = &one.body["properties"];
            if properties["privateEndpoint"].is_null() || !one.kind.ends_with("/networkInterfaces")
            {
                continue;
            }
            for own in properties["ipConfigurations"].as_array().into_iter().flatten() {
                let subnet = own["properties"]["subnet"]["id"].as_str().unwrap_or_default();
                if subnet.to_ascii_lowercase().starts_with(&below) {
                    let address = own["properties"]["privateIPAddress"].as_str();
                    all.extend(address.map(str::to_owned));
                }
            }
        }
        all
    }

    /// The name of a computation that was taken.
    fn operation(&self, interface: &str, what: &str) -> String {
        let mut state = self.state();
        let name = format!("0e1f2a3b-0000-4000-8000-{:012}", state.operations.len());
        state.operations.insert(name.clone(), (interface.to_owned(), what.to_owned()));
        name
    }

    fn operation_of(&self, name: &str) -> Option<(String, String)> {
        self.state().operations.get(name).cloned()
    }

    /// The token of a query's next page.
    fn keep_token(&self, end: usize, query: &str, scope: &Value) -> String {
        let mut state = self.state();
        state.tokens.push((end, query.to_owned(), scope.clone()));
        format!("ew0KICAiJGlkIjogIjEi-{}", state.tokens.len() - 1)
    }

    fn token_of(&self, token: &str, query: &str, scope: &Value) -> Option<usize> {
        let state = self.state();
        let number: usize = token.rsplit_once('-')?.1.parse().ok()?;
        let (end, of, over) = state.tokens.get(number)?;
        (of == query && over == scope).then_some(*end)
    }
}

/// A time so many seconds before another, as Azure writes it.
fn ago(now: i64, seconds: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(now - seconds).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default().replace('Z', ".0000000Z")
}
