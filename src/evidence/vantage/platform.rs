//! What this machine runs in or under: Azure, a container, a mesh.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A platform, and how it was recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlatformSign {
    /// The platform.
    pub platform: Platform,
    /// What shows it: the name of a variable or a file, an interface, an address.
    pub sign: String,
}

/// What a machine can run in or under, where that changes what its network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Azure App Service.
    AppService,
    /// Azure Functions.
    Functions,
    /// Azure Container Apps.
    ContainerApps,
    /// A pod of Kubernetes.
    Kubernetes,
    /// A container of Docker or Podman.
    Container,
    /// The Windows Subsystem for Linux.
    Wsl,
    /// A sidecar of a service mesh takes this process's connections.
    ServiceMesh,
    /// A zero-trust client answers names and connections on this machine.
    ZeroTrust,
    /// Compute of Databricks: a cluster, or serverless compute.
    Databricks,
    /// A machine outside Azure that Azure Arc manages: Azure does not keep its clock.
    Arc,
    /// A machine that its provider lends for a job or a session: a GitHub-hosted runner, a
    /// Microsoft-hosted agent of Azure Pipelines, a Codespace, a Cloud Shell.
    HostedMachine,
}

impl Platform {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AppService => "App Service",
            Self::Functions => "Azure Functions",
            Self::ContainerApps => "Container Apps",
            Self::Kubernetes => "Kubernetes pod",
            Self::Container => "container",
            Self::Wsl => "WSL",
            Self::ServiceMesh => "service mesh",
            Self::ZeroTrust => "zero-trust client",
            Self::Databricks => "Databricks",
            Self::Arc => "Azure Arc machine",
            Self::HostedMachine => "hosted machine",
        }
    }
}

/// Whether this is an Azure machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AzureMachine {
    /// Yes, no, or the OS cannot say.
    pub answer: Option<bool>,
    /// The signs seen.
    pub signs: Vec<String>,
}
