//! What an application calls (`app`).

use clap::Args;

use super::Check;
use super::values::with;

/// Another service that the application calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct With {
    /// The id of the service, or a short word for it.
    pub kind: String,
    /// The name of the resource, its host or its URL.
    pub name: String,
}

/// Options of `app`.
#[derive(Debug, Clone, Args)]
pub struct Application {
    /// Services that the application calls too, e.g. search=mysearch,storage=mystorage; those of
    /// the environment (AZURE_SEARCH_ENDPOINT, AZURE_STORAGE_ACCOUNT, ...) need not be named
    #[arg(long, value_name = "KIND=NAME", value_delimiter = ',', value_parser = with)]
    pub with: Vec<With>,
    /// How each is checked.
    #[command(flatten)]
    pub check: Check,
}
