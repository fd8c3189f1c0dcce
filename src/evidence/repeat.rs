//! What repeats a walk: the options that it was given, never a secret.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What repeats a walk on the machine that made it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Repeat {
    /// Options that make the same walk by hand, each with its value as one word, e.g.
    /// `--api-key-file=/run/secrets/key`. Files are named by their path; no word is a secret.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The inventory that the target is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InInventory>,
}

/// A target of an inventory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InInventory {
    /// The inventory's file, as it was given.
    pub file: String,
    /// The target's name in it.
    pub name: String,
    /// Options of this run that took the place of the inventory's own settings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

impl Repeat {
    /// Whether nothing but the target is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
