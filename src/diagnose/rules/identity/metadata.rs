//! Tokens of the platform: metadata services of Azure, App Service, Arc, Cloud Shell, Google, and
//! GitHub's for jobs (facts I6 to I11, I14, I15).

use super::acquisition::{NoToken, Refused, asked_again, no_token, source};
use super::managed::about_identity;
use super::platform::home;
use super::{arc, pod_identity, token_fetch};
use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Level, Step, Sure};
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
fn unreachable(e: &View<'_>) -> Option<Because> {
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
    let because = no
        .because(sure(e, request), format!("{which} ({address}) {how}"))
        .seen(format!("{} {} -> {how}", request.method, place(request)))
        .read_at(format!("/identity/acquisition/requests/{index}/tcp"));
    Some(unreachable_by(e, &no, request, because))
}

/// How sure the reason is: an endpoint of a platform that this machine does not have.
fn sure(e: &Evidence, request: &TokenRequest) -> Sure {
    match (request.purpose, e.vantage.azure.answer) {
        (TokenPurpose::Imds, Some(_)) => Sure::Inferred,
        _ => Sure::Possible,
    }
}

fn unreachable_by(
    e: &Evidence,
    no: &NoToken<'_>,
    request: &TokenRequest,
    because: Because,
) -> Because {
    let elsewhere =
        || Step::local("name the source that is meant: --credential <source>, or its variables");
    match (request.purpose, e.vantage.azure.answer) {
        (TokenPurpose::Imds, Some(false)) => because
            .known_by("this machine shows no sign of Azure, and the metadata service is in Azure")
            .read_at("/vantage/azure/answer")
            .owner("Application")
            .act(Step::look(
                "in App Service, Functions and Container Apps the SDKs ask here when \
                 IDENTITY_ENDPOINT and IDENTITY_HEADER are missing: see that this process gets \
                 them",
            ))
            .act(elsewhere()),
        (TokenPurpose::Imds, azure) => of_machine(e, azure, because),
        (TokenPurpose::Arc, _) => arc::restart(
            because
                .known_by("the agent of Azure Arc listens on this machine alone, when it runs")
                .owner("Server")
                .look("see the agent's state", "azcmagent show")
                .look("see its service", "systemctl status himdsd")
                .act(elsewhere()),
        ),
        (TokenPurpose::GoogleIdentity, _) => because
            .known_by("Google's metadata server is there on Google Cloud alone")
            .owner("Application")
            .act(Step::look(
                "see that this runs on Google Cloud, and that nothing drops 169.254.169.254:80",
            ))
            .act(elsewhere()),
        _ => because
            .known_by(format!(
                "the platform puts this address into the environment ({})",
                source(no.e)
            ))
            .owner("Azure platform")
            .act(Step::look(
                "see that the variables are those of this very process: they change at restart",
            ))
            .act(Step::look(
                "see that no firewall in the container or sidecar drops the connection",
            )),
    }
}

/// The metadata service of a virtual machine is silent, on a machine that may be in Azure.
fn of_machine(e: &Evidence, azure: Option<bool>, because: Because) -> Because {
    let pod = e.vantage.is_on(Platform::Kubernetes);
    let because = match azure {
        Some(_) => because
            .known_by("this is an Azure machine: something on it or around it drops this")
            .read_at("/vantage/azure/answer"),
        None => because.known_by("whether this is a machine in Azure cannot be told here"),
    };
    let because = because.known_by(match pod {
        true => "in a pod: a network policy, or the cluster's own block of the metadata service",
        false => {
            "a firewall on the machine; in a pod a network policy, or the cluster's own block of \
             the metadata service"
        }
    });
    let because = match pod {
        true => because.tells_it("kubectl get networkpolicy -n <namespace>"),
        false => because
            .tells_it("kubectl get networkpolicy -A")
            .tells_it("iptables -S OUTPUT | grep 169.254"),
    };
    let because = because.owner("Azure platform").look(
        match pod {
            true => "ask it from the node itself",
            false => "ask it by hand, in a pod from its node",
        },
        "curl -s --noproxy '*' -H Metadata:true \
         'http://169.254.169.254/metadata/instance?api-version=2021-02-01'",
    );
    because
        .act(
            Step::shared(
                "in pods use workload identity, which asks no metadata service",
                "the pods of the service account, when they start anew",
            )
            .undo("take label and annotation (azure.workload.identity) away again"),
        )
        .act(
            Step::shared(
                "or let TCP 80 to 169.254.169.254 through",
                "every program that the rule covers can then act as the machine's identity: the \
                 block may be deliberate",
            )
            .undo("put the rule that dropped it back"),
        )
}

/// Where a request went, without its query.
pub(super) fn place(request: &TokenRequest) -> &str {
    let url = request.url.as_str();
    url.split_once('?').map_or(url, |(place, _)| place)
}

/// 502, 504 and a way elsewhere come from something in between (facts I8, I8b).
fn proxy(e: &View<'_>) -> Option<Because> {
    let no = no_token(e)?;
    let refused = no.refusal(PLATFORM).filter(in_between)?;
    let request = refused.request;
    let status = refused.refusal.status;
    let says = format!("a proxy answers {status} in place of {}", home(e, request).name());
    let weighed = match asked_again(request.purpose, status) {
        true => no
            .weighing(Level::Risk, Sure::Inferred, says)
            .known_by("SDKs ask again at such an answer: one that goes by itself is no fault"),
        false => no.because(Sure::Inferred, says),
    };
    let mut because = refused.seen(weighed).known_by(match status {
        300..=399 => "the metadata service redirects no client, and SDKs do not follow",
        _ if page(&refused) => {
            "a page came, and the metadata service answers in JSON, also when it refuses"
        }
        _ => "the metadata service itself has no gateway behind it that could fail so",
    });
    for field in ["server", "via", "location", "x-squid-error", "proxy-authenticate"] {
        if let Some(value) = refused.header(field) {
            because = because.seen(format!("{field}: {value}"));
        }
    }
    Some(
        because
            .known_by("this request went straight to the address: a transparent proxy took it")
            .owner("Network")
            .look(
                "see who takes the connection",
                "iptables -t nat -S | grep -e 169.254 -e 'dport 80'",
            )
            .act(Step::local(
                "append 169.254.169.254 to NO_PROXY and no_proxy, for clients that read proxy \
                 variables: it holds for that shell, and a service needs it in its unit",
            ))
            .act(
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

fn refused(e: &View<'_>) -> Option<Because> {
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
    let says = format!("{} answers {status}", home(e, refused.request).name());
    // It passes by itself.
    let weighed = match passes(&refused) {
        true => no.weighing(Level::Risk, Sure::Inferred, says),
        false if stranger(&refused) => no.because(Sure::Inferred, says),
        false => no.because(Sure::Proved, says),
    };
    let mut because = refused.seen(weighed).known_by(match stranger(&refused) {
        true => "plain text came, and the metadata service answers in JSON: another answers there",
        false => "its own answer",
    });
    if let Some(wait) = refused.header("retry-after") {
        because = because.seen(format!("retry-after: {wait}"));
    }
    Some(refused_by(&no, &refused, because))
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
fn of_imds(no: &NoToken<'_>, status: u16, because: Because) -> Because {
    let vantage = &no.e.vantage;
    let because = because.owner("Azure platform").look(
        "ask for a token by hand (it is secret)",
        format!(
            "curl -s --noproxy '*' -H Metadata:true \
             'http://169.254.169.254/metadata/identity/oauth2/token\
             ?api-version=2018-02-01&resource={}'",
            resource(no)
        ),
    );
    match (vantage.azure.answer, status) {
        (Some(true), 401 | 403) => because
            .known_by(
                "on an Azure machine an agent may decide which programs ask the metadata service: \
                 the guest proxy agent of Metadata Security Protocol answers 403 to those that its \
                 rules do not name",
            )
            .look(
                "see whether that agent runs on the machine",
                "systemctl status azure-proxy-agent --no-pager",
            )
            .look(
                "see which rules the machine has for it",
                "az vm show -g <group> -n <machine> --query securityProfile.proxyAgentSettings -o \
                 json",
            )
            .act(Step::look(
                "in a pod: see whether something in the cluster answers in the service's place \
                 (pod identity's NMI)",
            )),
        (Some(true), _) => because.act(Step::look(
            "see Azure's page for this status of the metadata service, and ask again: it may pass",
        )),
        _ if vantage.is_on(Platform::Container) => because.act(Step::look(
            "see what runs this container: an engine on a workstation (Docker Desktop) may answer at \
             this address in Azure's place",
        )),
        _ => because.act(Step::look(
            "see whether this machine is in Azure at all: another cloud's metadata service, or a \
             program on the way, may answer at this address",
        )),
    }
}

fn refused_by(no: &NoToken<'_>, refused: &Refused<'_>, because: Because) -> Because {
    let (purpose, status) = (refused.request.purpose, refused.refusal.status);
    let home = home(no.e, refused.request);
    let inside = "run it inside the application's own process or container, or in a shell that \
                  inherits its whole environment";
    match (purpose, status) {
        _ if passes(refused) => because
            .known_by(format!(
                "{} is updating or busy: SDKs ask again, some of them for a minute",
                home.name()
            ))
            .owner("Azure platform")
            .act(Step::look("ask again in a minute; a new virtual machine needs some")),
        (TokenPurpose::AppService, 401 | 403) => {
            let because = because
                .known_by(
                    "IDENTITY_HEADER is not the one of this process: it changes at each restart",
                )
                .owner("Azure platform")
                .act(Step::look(inside));
            home.identities(because)
        }
        (TokenPurpose::AppService, _) => {
            let because = because
                .owner("Azure platform")
                .act(Step::look("see that IDENTITY_ENDPOINT is of this very process"));
            home.identities(because)
        }
        (TokenPurpose::MachineLearning, 401 | 403) => because
            .known_by("MSI_SECRET is not the one of this process: it changes at each restart")
            .owner("Azure platform")
            .act(Step::look(inside)),
        (TokenPurpose::MachineLearning, _) => because
            .owner("Azure platform")
            .act(Step::look(
                "see that the compute or the app has an identity, and which client id it is",
            ))
            .act(Step::look(
                "a platform that also sets IDENTITY_ENDPOINT and IDENTITY_HEADER is asked there: \
                 see that the process gets them",
            ))
            .act(Step::local(
                "set AZURE_CLIENT_ID to a user-assigned one that it has, or unset it",
            )),
        (TokenPurpose::Imds, _) => of_imds(no, status, because),
        (TokenPurpose::GitHubIdentity, 300..=399) => because
            .known_by("GitHub's service redirects no client: something before it answered")
            .owner("Network")
            .act(
                Step::shared(
                    "exempt the host of ACTIONS_ID_TOKEN_REQUEST_URL from portals and inspection",
                    "every client behind them: what is sent to that host is not inspected",
                )
                .undo("take the exemption out again"),
            ),
        (TokenPurpose::GitHubIdentity, _) => because
            .known_by("a job may ask for a token only with the permission id-token: write")
            .owner("Application")
            .act(Step::look(
                "see that this is asked within the job: the request token ends with it; a pull \
                 request from a fork gets none",
            ))
            .act(
                Step::shared(
                    "give that job alone permissions: id-token: write",
                    "every step of the job, of actions of others too, can get the job's token",
                )
                .undo("take the permission out of the workflow again"),
            ),
        (TokenPurpose::GoogleIdentity, _) => because
            .known_by("the server gives identity tokens for the service account that is attached")
            .owner("Azure platform")
            .look(
                "see the service account of this service",
                "gcloud run services describe <service> --format 'value(spec.template.spec.serviceAccountName)'",
            )
            .act(
                Step::shared(
                    "attach a service account (on GKE: workload identity on the node pool)",
                    "all code of the service acts as that account, in Google Cloud too",
                )
                .undo("gcloud run services update <service> --service-account <the one before>"),
            ),
        _ => because
            .owner("Azure platform")
            .act(Step::look(format!(
                "see that {} is of this very process and machine",
                source(no.e)
            )))
            .act(Step::look("see that the platform has an identity assigned")),
    }
}

/// The resource of the scope, if it can stand inside quotes.
fn resource<'e>(no: &NoToken<'e>) -> &'e str {
    let resource = no.how.scope.trim_end_matches("/.default");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if resource.chars().all(plain) { resource } else { "<resource>" }
}
