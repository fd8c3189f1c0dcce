//! AKS pod identity: on each node its agent, NMI, takes the connections to the metadata service
//! and answers in its place (fact I8c).

use super::acquisition::{NoToken, Refused, no_token};
use super::platform::{self, Home, Identity};
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::identity::TokenPurpose;

pub(super) const RULE: Rule = rule!(
    "identity-pod-identity",
    Identity,
    "AKS pod identity answers in place of the metadata service, and gives no token",
    Code(check)
)
.short("pod identity (NMI) gives no token");

/// How NMI's refusals begin or what they hold, in small letters: what it means, and how sure.
const WORDS: &[(&str, Means)] = &[
    ("no azure identity found for request", Means::NotBound),
    ("getting assigned identities for pod", Means::NotBound),
    ("azureidentity is not configured for the pod", Means::NotBound),
    ("request blocked by aad pod identity", Means::Blocked),
    ("pod list is empty", Means::PodUnknown),
    ("pod list empty", Means::PodUnknown),
    ("match failed, ip:", Means::PodUnknown),
    // A Go library that NMI asks the real metadata service with.
    ("failed to get service principal token", Means::FetchFailed),
    (LIBRARY, Means::FetchFailed),
];

/// The library of [`Means::FetchFailed`]: clients in Go have it too, and print the same of the metadata
/// service's own answer.
const LIBRARY: &str = "adal: ";

/// Whether what a client prints, in small letters, has a refusal of NMI's.
pub(super) fn says(words: &str) -> bool {
    WORDS.iter().any(|(part, _)| *part != LIBRARY && words.contains(part))
}

/// What NMI says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Means {
    /// No identity is bound to the pod.
    NotBound,
    /// It serves no request of this kind.
    Blocked,
    /// It knows no pod of the address that the request came from.
    PodUnknown,
    /// It found an identity, and got no token for it itself.
    FetchFailed,
}

/// What a refusal of NMI's means, if it is one: the metadata service answers in JSON, and in other
/// words.
fn means(refused: &Refused<'_>) -> Option<Means> {
    if refused.request.purpose != TokenPurpose::Imds || refused.refusal.error.is_some() {
        return None;
    }
    let words = refused.words().to_ascii_lowercase();
    WORDS.iter().find(|(part, _)| words.contains(part)).map(|(_, means)| *means)
}

/// Whether pod identity answered.
pub(super) fn answered(refused: &Refused<'_>) -> bool {
    means(refused).is_some()
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let refused = no.refusal(&[TokenPurpose::Imds])?;
    let means = means(&refused)?;
    let (confidence, message) = match means {
        Means::NotBound => {
            (Confidence::Proved, "pod identity (NMI) finds no identity for this pod")
        }
        Means::Blocked => (Confidence::Proved, "pod identity (NMI) blocks the request"),
        Means::PodUnknown => (Confidence::Inferred, "pod identity (NMI) does not find this pod"),
        Means::FetchFailed => {
            (Confidence::Inferred, "pod identity (NMI) got no token from the real metadata service")
        }
    };
    let finding = refused.fact(no.finding(confidence, message)).reasoning(
        "these are words of pod identity's agent NMI, which takes a node's connections to \
         169.254.169.254; the metadata service itself answers in JSON",
    );
    let finding = match means {
        Means::NotBound => finding
            .reasoning(format!(
                "no AzureIdentity is bound to this pod{}: its label aadpodidbinding, its binding or \
                 the identity is missing or differs",
                named(&no)
            ))
            .reasoning("NMI waits for a binding before it answers so: asking again rarely helps"),
        Means::Blocked => finding.reasoning("NMI serves token requests alone, not this one"),
        Means::PodUnknown => finding.reasoning(
            "possible: a pod that is seconds old, or one in the node's own network, which NMI \
             cannot recognise by its address",
        ),
        Means::FetchFailed => finding.reasoning(
            "a binding is there: what the node's metadata service or Entra ID answered to NMI \
             is in the words above, mostly that the identity is not assigned to the node or \
             was deleted",
        ),
    };
    let finding = finding
        .owner("Azure platform")
        .inspect(
            "see the pod's labels; aadpodidbinding names its binding",
            "kubectl get pod <pod> -n <namespace> --show-labels",
        )
        .inspect(
            "see which identities there are, and which are assigned to pods",
            "kubectl get azureidentities,azureidentitybindings,azureassignedidentities -A",
        )
        .inspect("see what NMI logs", "kubectl logs -n kube-system -l component=nmi --tail 50");
    let finding = match means {
        Means::FetchFailed => Home::Node.identities(finding),
        _ => finding,
    };
    let finding = match means {
        Means::NotBound => finding.step(
            Step::shared(
                "label the pods with the selector of their binding, in their deployment",
                "all pods of the deployment are replaced",
            )
            .command(
                "kubectl patch deployment <deployment> -n <namespace> -p \
                 '{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"aadpodidbinding\":\"<selector>\"}}}}}'",
            )
            .undo("kubectl rollout undo deployment <deployment> -n <namespace>"),
        ),
        _ => finding.step(Step::inspect("ask again in a minute, if pod or identity are new")),
    };
    Some(moving(finding.reasoning(
        "pod identity is retired: workload identity takes its place and asks no metadata \
                 service",
    )))
}

/// Adds the way to what took the place of pod identity.
fn moving(finding: FindingBuilder) -> FindingBuilder {
    Home::Node
        .or_assign(finding, "move to workload identity", Identity::User)
        .step(platform::annotate_service_account())
        .step(platform::label_pod())
}

/// The identity that was asked for.
fn named(no: &NoToken<'_>) -> String {
    no.how.client.as_deref().map_or_else(String::new, |client| format!(" with client id {client}"))
}
