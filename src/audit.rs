//! An account's private access by what Resource Manager says, as plain data: no path was walked.

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnosis::{State, Step};
use crate::evidence::azure::AzureEvidence;

/// Version of this form: a new field raises the minor number, a removed or renamed one the major.
pub const SCHEMA_VERSION: &str = "1.0";

/// The audit of one account.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Audit {
    /// Version of this form, `major.minor`.
    pub schema_version: String,
    /// The name that was asked for.
    pub host: String,
    /// The worst state of all checks.
    pub state: State,
    /// The first line.
    pub line: String,
    /// What was checked, in the order of the path.
    pub checks: Vec<AuditCheck>,
    /// What Resource Manager said.
    pub azure: AzureEvidence,
}

/// One check of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuditCheck {
    /// What is checked, e.g. `connections`.
    pub id: String,
    /// `works`, `at_risk`, `broken`; `cannot_tell` where the caller does not see enough.
    pub state: State,
    /// The result, in one sentence.
    pub says: String,
    /// What it rests on, a line each.
    pub facts: Vec<String>,
    /// What to do, those steps first that only read.
    pub steps: Vec<Step>,
}

impl AuditCheck {
    /// A check's result.
    #[must_use]
    pub fn new(id: &str, state: State, says: impl Into<String>) -> Self {
        let (facts, steps) = (Vec::new(), Vec::new());
        Self { id: id.to_owned(), state, says: says.into(), facts, steps }
    }

    /// With a fact.
    #[must_use]
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// With a step.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
