//! What WinHTTP made of the script (PAC) that the user's proxy settings name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What WinHTTP made of a proxy script for one URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptEvidence {
    /// The URL for which it was run.
    pub url: String,
    /// What came of it.
    pub outcome: ScriptOutcome,
    /// How long WinHTTP took, in milliseconds.
    pub took_ms: u64,
}

/// What came of running a proxy script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ScriptOutcome {
    /// It gives proxies.
    Proxies {
        /// Those for https, in order and without passwords: clients take the first.
        proxies: Vec<String>,
    },
    /// It gives no proxy (`DIRECT`).
    Direct,
    /// It could not be fetched or run.
    Failed {
        /// WinHTTP's number for it.
        code: u32,
        /// The name of that number, where it is known.
        name: Option<String>,
    },
    /// WinHTTP had not answered after this time, and was not waited for any longer.
    TimedOut {
        /// Milliseconds.
        after_ms: u64,
    },
}

/// Error numbers of WinHTTP, each with its name and meaning (facts P191, P192).
const ERRORS: &[(u32, &str, &str)] = &[
    (12002, "ERROR_WINHTTP_TIMEOUT", "the script's server took too long"),
    (12005, "ERROR_WINHTTP_INVALID_URL", "the script's address is not a URL"),
    (12006, "ERROR_WINHTTP_UNRECOGNIZED_SCHEME", "WinHTTP reads scripts by http and https alone"),
    (12007, "ERROR_WINHTTP_NAME_NOT_RESOLVED", "the name of the script's server is not resolved"),
    (LOGIN_FAILURE, "ERROR_WINHTTP_LOGIN_FAILURE", "the script's server wants a login"),
    (12029, "ERROR_WINHTTP_CANNOT_CONNECT", "the script's server does not accept the connection"),
    (12030, "ERROR_WINHTTP_CONNECTION_ERROR", "the connection to the script's server ended"),
    (12152, "ERROR_WINHTTP_INVALID_SERVER_RESPONSE", "the script's server does not speak HTTP"),
    (12166, "ERROR_WINHTTP_BAD_AUTO_PROXY_SCRIPT", "the script ends with an error"),
    (12167, "ERROR_WINHTTP_UNABLE_TO_DOWNLOAD_SCRIPT", "the script cannot be downloaded"),
    (
        12175,
        "ERROR_WINHTTP_SECURE_FAILURE",
        "the certificate of the script's server is not accepted",
    ),
    (
        12178,
        "ERROR_WINHTTP_AUTO_PROXY_SERVICE_ERROR",
        "the service WinHttpAutoProxySvc, which runs scripts, failed",
    ),
];

/// The server of the script wants a login.
const LOGIN_FAILURE: u32 = 12015;

/// The name of an error of WinHTTP.
#[must_use]
pub fn error_name(code: u32) -> Option<&'static str> {
    ERRORS.iter().find(|(known, ..)| *known == code).map(|(_, name, _)| *name)
}

impl ScriptOutcome {
    /// Whether clients go on as if no script were set. Where its server wants a login they may still
    /// get it: .NET then gives it the user's (fact P191).
    #[must_use]
    pub const fn is_passed_over(&self) -> bool {
        match self {
            Self::Failed { code, .. } => *code != LOGIN_FAILURE,
            Self::TimedOut { .. } => true,
            Self::Proxies { .. } | Self::Direct => false,
        }
    }

    /// Whether the script's server wants a login, which this program does not give.
    #[must_use]
    pub const fn wants_login(&self) -> bool {
        matches!(self, Self::Failed { code: LOGIN_FAILURE, .. })
    }

    /// The outcome as a clause.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Proxies { proxies } => match proxies.as_slice() {
                [] => "the script gives no proxy for https".to_owned(),
                [only] => format!("the script gives {only}"),
                [first, rest @ ..] => format!("the script gives {first}, then {}", rest.join(", ")),
            },
            Self::Direct => "the script gives no proxy (DIRECT)".to_owned(),
            Self::Failed { code, name } => {
                let known = ERRORS.iter().find(|(known, ..)| known == code);
                let what = known.map_or("the script cannot be fetched", |(.., meaning)| *meaning);
                match name {
                    Some(name) => format!("{what} ({name}, {code})"),
                    None => format!("{what} (WinHTTP error {code})"),
                }
            }
            Self::TimedOut { after_ms } => {
                format!("the script was not fetched and run within {after_ms} ms")
            }
        }
    }
}
