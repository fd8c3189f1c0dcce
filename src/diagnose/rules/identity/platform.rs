//! The platform that gives tokens: what it is called, and the commands that look at its
//! identities or change them.

use crate::diagnose::FindingBuilder;
use crate::diagnosis::Step;
use crate::evidence::Evidence;
use crate::evidence::identity::{TokenPurpose, TokenRequest};
use crate::evidence::vantage::Platform;

/// The platform that gives tokens here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// A virtual machine.
    Machine,
    /// The node that a pod runs on.
    Node,
    AppService,
    Functions,
    ContainerApps,
    /// `IDENTITY_ENDPOINT`, and nothing shows of which of these platforms it is.
    Endpoint,
    Other(TokenPurpose),
}

/// Where Container Apps' endpoint listens (fact X10).
const CONTAINER_APPS_PORT: &str = "http://localhost:42356/";

/// Whose endpoint a request went to.
pub(super) fn home(e: &Evidence, request: &TokenRequest) -> Home {
    let on = |platform| e.vantage.is_on(platform);
    match request.purpose {
        TokenPurpose::Imds if on(Platform::Kubernetes) => Home::Node,
        TokenPurpose::Imds => Home::Machine,
        TokenPurpose::AppService if on(Platform::ContainerApps) => Home::ContainerApps,
        TokenPurpose::AppService if on(Platform::Functions) => Home::Functions,
        TokenPurpose::AppService if on(Platform::AppService) => Home::AppService,
        TokenPurpose::AppService if request.url.starts_with(CONTAINER_APPS_PORT) => {
            Home::ContainerApps
        }
        TokenPurpose::AppService => Home::Endpoint,
        other => Home::Other(other),
    }
}

impl Home {
    /// What people know it by.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Home::Machine | Home::Node => "the metadata service",
            Home::AppService => "App Service's token endpoint",
            Home::Functions => "Functions' token endpoint",
            Home::ContainerApps => "Container Apps' token endpoint",
            Home::Endpoint => "the token endpoint of IDENTITY_ENDPOINT",
            Home::Other(purpose) => match purpose {
                TokenPurpose::Entra => "Entra ID",
                TokenPurpose::Imds => "the metadata service",
                TokenPurpose::AppService => "the token endpoint of IDENTITY_ENDPOINT",
                TokenPurpose::Arc => "the Azure Arc agent",
                TokenPurpose::CloudShell => "Cloud Shell's token endpoint",
                TokenPurpose::MachineLearning => "MSI_ENDPOINT",
                TokenPurpose::GoogleIdentity => "Google's metadata server",
                TokenPurpose::GitHubIdentity => "GitHub's token service",
            },
        }
    }

    /// The group of `az` commands and the resource that they name.
    const fn of_az(self) -> &'static [(&'static str, &'static str)] {
        const VM: (&str, &str) = ("az vm identity", "-g <group> -n <vm>");
        const SCALE_SET: (&str, &str) = ("az vmss identity", "-g <node group> -n <scale set>");
        const APP: (&str, &str) = ("az webapp identity", "-g <group> -n <app>");
        const FUNCTIONS: (&str, &str) = ("az functionapp identity", "-g <group> -n <app>");
        const CONTAINER: (&str, &str) = ("az containerapp identity", "-g <group> -n <app>");
        match self {
            Home::Machine => &[VM, SCALE_SET],
            Home::Node => &[SCALE_SET],
            Home::AppService => &[APP],
            Home::Functions => &[FUNCTIONS],
            Home::ContainerApps => &[CONTAINER],
            Home::Endpoint => &[APP, FUNCTIONS, CONTAINER],
            Home::Other(_) => &[],
        }
    }

    /// How to see which identities there are.
    pub(super) fn identities(self, mut finding: FindingBuilder) -> FindingBuilder {
        let what = match self {
            Home::Machine => "see the identities of this machine",
            Home::Node => "see the identities of the node that this pod runs on",
            _ => "see the identities of the app",
        };
        for (at, (az, names)) in self.of_az().iter().enumerate() {
            let command = format!("{az} show {names}");
            finding = match (at, self) {
                (0, _) => finding.inspect(what, command),
                (_, Home::Machine) => finding.or_inspect("for an instance of a scale set", command),
                _ => finding.or_inspect("for an app of another of these platforms", command),
            };
        }
        finding
    }

    /// Assigns `identity`, as an alternative to the step before it: the system's own, or a
    /// user-assigned one by its resource id.
    pub(super) fn or_assign(
        self,
        finding: FindingBuilder,
        message: &str,
        identity: Identity,
    ) -> FindingBuilder {
        if self == Home::Node {
            return finding.step(workload_identity().or());
        }
        let Some((az, names)) = self.of_az().first() else { return finding };
        let container = self == Home::ContainerApps;
        let (which, away) = match (identity, container) {
            (Identity::System, true) => ("--system-assigned", "--system-assigned"),
            (Identity::System, false) => ("--identities '[system]'", "--identities '[system]'"),
            (Identity::User, true) => {
                ("--user-assigned <resource id>", "--user-assigned <resource id>")
            }
            (Identity::User, false) => ("--identities <resource id>", "--identities <resource id>"),
        };
        let terraform = match self {
            Home::Machine => "the block identity of azurerm_linux_virtual_machine",
            Home::ContainerApps => "the block identity of azurerm_container_app",
            Home::Functions => "the block identity of azurerm_linux_function_app",
            _ => "the block identity of azurerm_linux_web_app",
        };
        let all = match self {
            Home::Machine => "every program on the machine can then act as that identity",
            _ => "all code of the app can then act as that identity; its instances may restart",
        };
        finding.step(
            Step::shared(format!("{message} (Terraform: {terraform})"), all)
                .or()
                .command(format!("{az} assign {names} {which}"))
                .undo(format!("{az} remove {names} {away}")),
        )
    }
}

/// Which identity is assigned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    System,
    User,
}

/// Pods get tokens of their own, not of the node.
fn workload_identity() -> Step {
    Step::shared(
        "move the pod to workload identity: give an identity of its own a federated credential for \
         the pod's service account (Terraform: azurerm_federated_identity_credential)",
        "every pod of that service account can then act as that identity; one of the node would serve \
         every pod on it",
    )
    .command(
        "az identity federated-credential create --identity-name <identity> -g <group> \
         --name <name> --issuer <issuer of the cluster> \
         --subject system:serviceaccount:<namespace>:<service account> \
         --audiences api://AzureADTokenExchange",
    )
    .undo(
        "az identity federated-credential delete --identity-name <identity> -g <group> \
         --name <name>",
    )
}

/// Names the identity of a pod.
pub(super) fn annotate_service_account() -> Step {
    Step::shared(
        "annotate the service account with the identity's client id",
        "every pod of that service account, when it starts again",
    )
    .command(
        "kubectl annotate serviceaccount <service account> -n <namespace> \
         azure.workload.identity/client-id=<client id>",
    )
    .undo(
        "kubectl annotate serviceaccount <service account> -n <namespace> \
         azure.workload.identity/client-id-",
    )
}

/// Lets the webhook see a pod.
pub(super) fn label_pod() -> Step {
    Step::shared(
        "label the pods azure.workload.identity/use: \"true\" in their deployment",
        "all pods of the deployment are replaced",
    )
    .command(
        "kubectl patch deployment <deployment> -n <namespace> -p \
         '{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"azure.workload.identity/use\":\"true\"}}}}}'",
    )
    .undo("kubectl rollout undo deployment <deployment> -n <namespace>")
}

/// Names the identity that is meant.
pub(super) fn name_one(message: &str) -> Step {
    Step::local(format!(
        "{message}: AZURE_CLIENT_ID=<client id>, or --identity <client id>; setting it on an app \
         restarts the app"
    ))
}
