//! The forward proxy of a world.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Port;

/// The forward proxy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxy {
    /// The variable that names it.
    pub variable: String,
    /// Its value.
    pub url: String,
    /// Its port.
    pub port: Port,
    /// What it does.
    pub does: ProxyDoes,
    /// Where CONNECT leads.
    pub leads_to: LeadsTo,
    /// What it answers to CONNECT.
    pub status: u16,
    /// Its reason phrase.
    pub reason: String,
    /// Its header fields.
    pub headers: BTreeMap<String, String>,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            variable: "HTTPS_PROXY".to_owned(),
            url: "http://proxy.corp.example:3128".to_owned(),
            port: Port::Open,
            does: ProxyDoes::Answer,
            leads_to: LeadsTo::Private,
            status: 200,
            reason: "Connection established".to_owned(),
            headers: BTreeMap::new(),
        }
    }
}

/// What a proxy does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyDoes {
    /// It answers.
    #[default]
    Answer,
    /// It hears and says nothing.
    Silent,
    /// It closes.
    Close,
    /// It speaks something else.
    NotHttp,
}

/// Where a proxy leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeadsTo {
    /// To the private endpoint.
    #[default]
    Private,
    /// To the public front.
    Public,
}
