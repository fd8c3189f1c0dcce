//! Tokens of the platform: metadata services of Azure, App Service, Arc, Cloud Shell, Google, and
//! GitHub's for jobs (facts I6 to I11, I14, I15).

use super::acquisition::{NoToken, Refused, asked_again, no_token, source};
use super::managed::about_identity;
use super::platform::home;
use super::{arc, pod_identity, token_fetch};
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Evidence;
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{TokenPurpose, TokenRequest};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::vantage::Platform;

pub(super) const UNREACHABLE: Rule = rule!(
    "identity-metadata-unreachable",
    Identity,
    "The platform's metadata service does not answer",
    Code(unreachable)
)
.short("the token endpoint does not answer");

pub(super) const PROXY: Rule = rule!(
    "identity-metadata-proxy",
    Identity,
    "A proxy answers in place of the metadata service",
    Code(proxy)
);

pub(super) const REFUSED: Rule = rule!(
    "identity-metadata-refused",
    Identity,
    "The platform refuses the token, for a reason that is not in the catalogue",
    Code(refused)
);

/// Every purpose but Entra's.
const PLATFORM: &[TokenPurpose] = &[
    TokenPurpose::Imds,
    TokenPurpose::AppService,
    TokenPurpose::Arc,
    TokenPurpose::CloudShell,
    TokenPurpose::MachineLearning,
    TokenPurpose::GoogleIdentity,
    TokenPurpose::GitHubIdentity,
];
fn unreachable(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let (index, request) = no.of(PLATFORM)?;
    let attempt = request.tcp.as_ref()?;
    let answer = request.outcome.as_ref().map(|answer| &answer.http);
    let how = match (&attempt.outcome, answer) {
        (_, Some(HttpOutcome::Answered { .. })) => return None,
        (TcpOutcome::Connected, Some(HttpOutcome::Malformed { .. })) => "answers in no HTTP",
        (TcpOutcome::Connected, _) => "accepts the connection and does not answer",
        (TcpOutcome::Refused, _) => "refuses the connection",
        (TcpOutcome::Unreachable { .. }, _) => "is unreachable",
        _ => "does not answer",
    };
    let address = attempt.address;
    let which = home(e, request).name();
    let finding = no
        .finding(confidence(e, request), format!("{which} ({address}) {how}"))
        .fact(format!("{} {} -> {how}", request.method, place(request)))
        .cites(format!("/identity/acquisition/requests/{index}/tcp"));
    Some(unreachable_by(e, &no, request, finding))
}

/// How sure the reason is: an endpoint of a platform that this machine does not have.
fn confidence(e: &Evidence, request: &TokenRequest) -> Confidence {
    match (request.purpose, e.vantage.azure.answer) {
        (TokenPurpose::Imds, Some(_)) => Confidence::Inferred,
        _ => Confidence::Possible,
    }
}

fn unreachable_by(
    e: &Evidence,
    no: &NoToken<'_>,
    request: &TokenRequest,
    finding: FindingBuilder,
) -> FindingBuilder {
    let elsewhere =
        || Step::local("name the source that is meant: --credential <source>, or its variables");
    match (request.purpose, e.vantage.azure.answer) {
        (TokenPurpose::Imds, Some(false)) => finding
            .reasoning("this machine shows no sign of Azure, and the metadata service is in Azure")
            .cites("/vantage/azure/answer")
            .owner("Application")
            .step(Step::inspect(
                "in App Service, Functions and Container Apps the SDKs ask here when \
                 IDENTITY_ENDPOINT and IDENTITY_HEADER are missing: check that this process gets \
                 them",
            ))
            .step(elsewhere()),
        (TokenPurpose::Imds, azure) => of_machine(e, azure, finding),
        (TokenPurpose::Arc, _) => arc::restart(
            finding
                .reasoning("the agent of Azure Arc listens on this machine alone, when it runs")
                .owner("Server")
                .inspect("see the agent's state", "azcmagent show")
                .inspect("see its service", "systemctl status himdsd")
                .step(elsewhere()),
        ),
        (TokenPurpose::GoogleIdentity, _) => finding
            .reasoning("Google's metadata server is there on Google Cloud alone")
            .owner("Application")
            .step(Step::inspect(
                "check that this runs on Google Cloud, and that nothing drops 169.254.169.254:80",
            ))
            .step(elsewhere()),
        _ => finding
            .reasoning(format!(
                "the platform puts this address into the environment ({})",
                source(no.e)
            ))
            .owner("Azure platform")
            .step(Step::inspect(
                "check that the variables are those of this process: they change when it restarts",
            ))
            .step(Step::inspect(
                "check that no firewall in the container or sidecar drops the connection",
            )),
    }
}

/// The metadata service of a virtual machine is silent, on a machine that may be in Azure.
fn of_machine(e: &Evidence, azure: Option<bool>, finding: FindingBuilder) -> FindingBuilder {
    let pod = e.vantage.is_on(Platform::Kubernetes);
    let finding = match azure {
        Some(_) => finding
            .reasoning("this is an Azure machine: something on it or around it drops this")
            .cites("/vantage/azure/answer"),
        None => finding.reasoning("whether this is a machine in Azure is not known here"),
    };
    let finding = finding.reasoning(match pod {
        true => "in a pod: a network policy, or the cluster's own block of the metadata service",
        false => {
            "a firewall on the machine; in a pod a network policy, or the cluster's own block of \
             the metadata service"
        }
    });
    let finding = match pod {
        true => finding.decide_with("kubectl get networkpolicy -n <namespace>"),
        false => finding
            .decide_with("kubectl get networkpolicy -A")
            .decide_with("iptables -S OUTPUT | grep 169.254"),
    };
    let finding = finding.owner("Azure platform").inspect(
        match pod {
            true => "ask it from the node itself",
            false => "ask it by hand, in a pod from its node",
        },
        "curl -s --noproxy '*' -H Metadata:true \
         'http://169.254.169.254/metadata/instance?api-version=2021-02-01'",
    );
    finding
        .step(
            Step::shared(
                "in pods use workload identity, which asks no metadata service",
                "the pods of the service account, when they start again",
            )
            .undo("take label and annotation (azure.workload.identity) away again"),
        )
        .step(
            Step::shared(
                "let TCP 80 to 169.254.169.254 through",
                "every program that the rule covers can then act as the machine's identity: the \
                 block may be deliberate",
            )
            .or()
            .undo("put the rule that dropped it back"),
        )
}

/// Where a request went, without its query.
pub(super) fn place(request: &TokenRequest) -> &str {
    let url = request.url.as_str();
    url.split_once('?').map_or(url, |(place, _)| place)
}

/// 502, 504 and a way elsewhere come from something in between (facts I8, I8b).
fn proxy(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let refused = no.refusal(PLATFORM).filter(in_between)?;
    let request = refused.request;
    let status = refused.refusal.status;
    let message = format!("a proxy answers {status} in place of {}", home(e, request).name());
    let weighed = match asked_again(request.purpose, status) {
        true => no.with_level(Level::Risk, Confidence::Inferred, message).reasoning(
            "SDKs ask again at such an answer: one that passes without a change is not a fault",
        ),
        false => no.finding(Confidence::Inferred, message),
    };
    let mut finding = refused.fact(weighed).reasoning(match status {
        300..=399 => "the metadata service redirects no client, and SDKs do not follow",
        _ if page(&refused) => {
            "a page came, and the metadata service answers in JSON, also when it refuses"
        }
        _ => "the metadata service itself has no gateway behind it that could fail so",
    });
    for field in ["server", "via", "location", "x-squid-error", "proxy-authenticate"] {
        if let Some(value) = refused.header(field) {
            finding = finding.fact(format!("{field}: {value}"));
        }
    }
    Some(
        finding
            .reasoning("this request went straight to the address: a transparent proxy took it")
            .owner("Network")
            .inspect(
                "see who takes the connection",
                "iptables -t nat -S | grep -e 169.254 -e 'dport 80'",
            )
            .step(Step::local(
                "append 169.254.169.254 to NO_PROXY and no_proxy, for clients that read proxy \
                 variables: it holds for that shell, and a service needs it in its unit",
            ))
            .step(
                Step::shared(
                    "take 169.254.169.254 out of the rule that sends connections to the proxy: \
                     that address answers this machine alone",
                    "every program of the machine, for this one address",
                )
                .undo("put the rule back as the first command showed it"),
            ),
    )
}

fn in_between(refused: &Refused<'_>) -> bool {
    let status = refused.refusal.status;
    let between = matches!(status, 300..=399 | 407 | 502 | 504);
    refused.request.path.is_none() && (between || page(refused))
}

/// A page where the metadata service of a virtual machine answers in JSON.
fn page(refused: &Refused<'_>) -> bool {
    let kind = refused.answer().and_then(|answer| answer.header("content-type"));
    refused.request.purpose == TokenPurpose::Imds
        && matches!(refused.refusal.status, 400 | 401 | 403)
        && kind.is_some_and(|kind| kind.starts_with("text/html"))
}

fn refused(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let refused = no.refusal(PLATFORM)?;
    let known = about_identity(&no).is_some()
        || token_fetch::failed(&refused)
        || pod_identity::answered(&refused);
    if known || in_between(&refused) {
        return None;
    }
    let purpose = refused.request.purpose;
    if purpose == TokenPurpose::Arc && arc::check(e).is_some() {
        return None;
    }
    let status = refused.refusal.status;
    let message = format!("{} answers {status}", home(e, refused.request).name());
    // It passes by itself.
    let weighed = match passes(&refused) {
        true => no.with_level(Level::Risk, Confidence::Inferred, message),
        false if stranger(&refused) => no.finding(Confidence::Inferred, message),
        false => no.finding(Confidence::Proved, message),
    };
    let mut finding = refused.fact(weighed).reasoning(match stranger(&refused) {
        true => "plain text came, and the metadata service answers in JSON: another answers there",
        false => "its own answer",
    });
    if let Some(wait) = refused.header("retry-after") {
        finding = finding.fact(format!("retry-after: {wait}"));
    }
    Some(refused_by(&no, &refused, finding))
}

/// Whether what answers is not the metadata service of a virtual machine: that speaks JSON, also
/// when it refuses.
fn stranger(refused: &Refused<'_>) -> bool {
    refused.request.purpose == TokenPurpose::Imds && refused.in_plain_text()
}

/// Whether such an answer passes by itself. 404, 410 and most of 5xx are the metadata service's
/// own way to say that it is updating (fact I8); from another they are no promise.
fn passes(refused: &Refused<'_>) -> bool {
    let (purpose, status) = (refused.request.purpose, refused.refusal.status);
    asked_again(purpose, status) && (!stranger(refused) || matches!(status, 408 | 429 | 503))
}

/// A status of 169.254.169.254 that has no finding of its own. What may have answered depends on
/// where this machine is.
fn of_imds(no: &NoToken<'_>, status: u16, finding: FindingBuilder) -> FindingBuilder {
    let vantage = &no.e.vantage;
    let finding = finding.owner("Azure platform").inspect(
        "ask for a token by hand (it is secret)",
        format!(
            "curl -s --noproxy '*' -H Metadata:true \
             'http://169.254.169.254/metadata/identity/oauth2/token\
             ?api-version=2018-02-01&resource={}'",
            resource(no)
        ),
    );
    match (vantage.azure.answer, status) {
        (Some(true), 401 | 403) => finding
            .reasoning(
                "on an Azure machine an agent may decide which programs ask the metadata service: \
                 the guest proxy agent of Metadata Security Protocol answers 403 to those that its \
                 rules do not name",
            )
            .inspect(
                "see whether that agent runs on the machine",
                "systemctl status azure-proxy-agent --no-pager",
            )
            .inspect(
                "see which rules the machine has for it",
                "az vm show -g <group> -n <machine> --query securityProfile.proxyAgentSettings -o \
                 json",
            )
            .step(Step::inspect(
                "in a pod: see whether something in the cluster answers in the service's place \
                 (pod identity's NMI)",
            )),
        (Some(true), _) => finding.step(Step::inspect(
            "see Azure's page for this status of the metadata service, and ask again: it may pass",
        )),
        _ if vantage.is_on(Platform::Container) => finding.step(Step::inspect(
            "see what runs this container: an engine on a workstation (Docker Desktop) may answer at \
             this address in Azure's place",
        )),
        _ => finding.step(Step::inspect(
            "see whether this machine is in Azure at all: another cloud's metadata service, or a \
             program on the way, may answer at this address",
        )),
    }
}

fn refused_by(no: &NoToken<'_>, refused: &Refused<'_>, finding: FindingBuilder) -> FindingBuilder {
    let (purpose, status) = (refused.request.purpose, refused.refusal.status);
    let home = home(no.e, refused.request);
    let inside = "run it inside the application's own process or container, or in a shell that \
                  inherits its whole environment";
    match (purpose, status) {
        _ if passes(refused) => finding
            .reasoning(format!(
                "{} is updating or busy: SDKs ask again, some of them for a minute",
                home.name()
            ))
            .owner("Azure platform")
            .step(Step::inspect("ask again in a minute; a new virtual machine needs some")),
        (TokenPurpose::AppService, 401 | 403) => {
            let finding = finding
                .reasoning(
                    "IDENTITY_HEADER is not the one of this process: it changes at each restart",
                )
                .owner("Azure platform")
                .step(Step::inspect(inside));
            home.identities(finding)
        }
        (TokenPurpose::AppService, _) => {
            let finding = finding
                .owner("Azure platform")
                .step(Step::inspect("check that IDENTITY_ENDPOINT belongs to this process"));
            home.identities(finding)
        }
        (TokenPurpose::MachineLearning, 401 | 403) => finding
            .reasoning("MSI_SECRET is not the one of this process: it changes at each restart")
            .owner("Azure platform")
            .step(Step::inspect(inside)),
        (TokenPurpose::MachineLearning, _) => finding
            .owner("Azure platform")
            .step(Step::inspect(
                "check that the compute or the app has an identity, and which client id it is",
            ))
            .step(Step::inspect(
                "a platform that also sets IDENTITY_ENDPOINT and IDENTITY_HEADER is asked there: \
                 check that the process gets them",
            ))
            .step(Step::local(
                "set AZURE_CLIENT_ID to a user-assigned one that it has, or unset it",
            )),
        (TokenPurpose::Imds, _) => of_imds(no, status, finding),
        (TokenPurpose::GitHubIdentity, 300..=399) => finding
            .reasoning("GitHub's service redirects no client: something before it answered")
            .owner("Network")
            .step(
                Step::shared(
                    "exempt the host of ACTIONS_ID_TOKEN_REQUEST_URL from portals and inspection",
                    "every client behind them: what is sent to that host is not inspected",
                )
                .undo("take the exemption out again"),
            ),
        (TokenPurpose::GitHubIdentity, _) => finding
            .reasoning("a job may ask for a token only with the permission id-token: write")
            .owner("Application")
            .step(Step::inspect(
                "check that this is asked within the job: the request token ends with it; a pull \
                 request from a fork gets none",
            ))
            .step(
                Step::shared(
                    "give that job alone permissions: id-token: write",
                    "every step of the job, of actions of others too, can get the job's token",
                )
                .undo("take the permission out of the workflow again"),
            ),
        (TokenPurpose::GoogleIdentity, _) => finding
            .reasoning("the server gives identity tokens for the service account that is attached")
            .owner("Azure platform")
            .inspect(
                "see the service account of this service",
                "gcloud run services describe <service> --format 'value(spec.template.spec.serviceAccountName)'",
            )
            .step(
                Step::shared(
                    "attach a service account (on GKE: workload identity on the node pool)",
                    "all code of the service acts as that account, in Google Cloud too",
                )
                .undo("gcloud run services update <service> --service-account <the one before>"),
            ),
        _ => finding
            .owner("Azure platform")
            .step(Step::inspect(format!(
                "check that {} belongs to this process and machine",
                source(no.e)
            )))
            .step(Step::inspect("check that the platform has an identity assigned")),
    }
}

/// The resource of the scope, if it can be put inside quotes.
fn resource<'e>(no: &NoToken<'e>) -> &'e str {
    let resource = no.how.scope.trim_end_matches("/.default");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if resource.chars().all(plain) { resource } else { "<resource>" }
}
