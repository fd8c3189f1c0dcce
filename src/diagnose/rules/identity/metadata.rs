//! Tokens of the platform: metadata services of Azure, App Service, Arc, Cloud Shell, Google, and
//! GitHub's for jobs (facts I6 to I11, I14, I15).

use super::acquisition::{NoToken, Refused, asked_again, bare_words, no_token, source};
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{TokenOutcome, TokenPurpose, TokenRequest};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::{Evidence, Hop};

pub(super) const UNREACHABLE: Rule = Rule {
    id: "identity-metadata-unreachable",
    hop: Hop::Identity,
    title: "The platform's metadata service does not answer",
    page: include_str!("../../../../docs/findings/identity-metadata-unreachable.md"),
    explains: &[],
    check: unreachable,
};

pub(super) const PROXY: Rule = Rule {
    id: "identity-metadata-proxy",
    hop: Hop::Identity,
    title: "A proxy answers in place of the metadata service",
    page: include_str!("../../../../docs/findings/identity-metadata-proxy.md"),
    explains: &[],
    check: proxy,
};

pub(super) const MISSING: Rule = Rule {
    id: "identity-managed-missing",
    hop: Hop::Identity,
    title: "The platform finds no managed identity to give a token for",
    page: include_str!("../../../../docs/findings/identity-managed-missing.md"),
    explains: &[],
    check: missing,
};

pub(super) const AMBIGUOUS: Rule = Rule {
    id: "identity-managed-ambiguous",
    hop: Hop::Identity,
    title: "Several managed identities are assigned and none is named",
    page: include_str!("../../../../docs/findings/identity-managed-ambiguous.md"),
    explains: &[],
    check: ambiguous,
};

pub(super) const NOT_ASSIGNED: Rule = Rule {
    id: "identity-managed-not-assigned",
    hop: Hop::Identity,
    title: "The managed identity that is named is not assigned here",
    page: include_str!("../../../../docs/findings/identity-managed-not-assigned.md"),
    explains: &[],
    check: not_assigned,
};

pub(super) const ARC: Rule = Rule {
    id: "identity-arc-challenge",
    hop: Hop::Identity,
    title: "The Azure Arc agent's challenge could not be met",
    page: include_str!("../../../../docs/findings/identity-arc-challenge.md"),
    explains: &[],
    check: arc,
};

pub(super) const REFUSED: Rule = Rule {
    id: "identity-metadata-refused",
    hop: Hop::Identity,
    title: "The platform refuses the token, for a reason that is not in the catalogue",
    page: include_str!("../../../../docs/findings/identity-metadata-refused.md"),
    explains: &[],
    check: refused,
};

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
/// Those that give tokens of a managed identity.
const MANAGED: &[TokenPurpose] = &[TokenPurpose::Imds, TokenPurpose::AppService];

/// Names the identities of a virtual machine.
const VM_IDENTITIES: &str = "az vm identity show -g <group> -n <vm>";
/// Names the identities of an app.
const APP_IDENTITIES: &str = "az webapp identity show -g <group> -n <app>";
/// Names the identities of a node of AKS.
const NODE_IDENTITIES: &str = "az vmss identity show -g <node group> -n <scale set>";

const fn name(purpose: TokenPurpose) -> &'static str {
    match purpose {
        TokenPurpose::Entra => "Entra ID",
        TokenPurpose::Imds => "the metadata service",
        TokenPurpose::AppService => "App Service's token endpoint",
        TokenPurpose::Arc => "the Azure Arc agent",
        TokenPurpose::CloudShell => "Cloud Shell's token endpoint",
        TokenPurpose::MachineLearning => "MSI_ENDPOINT",
        TokenPurpose::GoogleIdentity => "Google's metadata server",
        TokenPurpose::GitHubIdentity => "GitHub's token service",
    }
}

fn unreachable(e: &Evidence) -> Option<Because> {
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
    let which = name(request.purpose);
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
    let elsewhere = "name the source that is meant: --credential <source>, or its variables";
    match (request.purpose, e.vantage.azure.answer) {
        (TokenPurpose::Imds, Some(false)) => because
            .known_by("this machine shows no sign of Azure: the metadata service is there alone")
            .read_at("/vantage/azure/answer")
            .owner("Application")
            .step(elsewhere)
            .step(
                "in App Service, Functions and Container Apps the SDKs ask here when \
                 IDENTITY_ENDPOINT and IDENTITY_HEADER are missing",
            ),
        (TokenPurpose::Imds, azure) => {
            let because = match azure {
                Some(_) => because
                    .known_by("this is an Azure machine: something on it or around it drops this")
                    .read_at("/vantage/azure/answer"),
                None => {
                    because.known_by("this machine may be none of Azure; it cannot be told here")
                }
            };
            because
                .known_by(
                    "in a pod: a network policy, or the cluster's own block of the metadata \
                     service; else a firewall on the machine",
                )
                .tells_it("kubectl get networkpolicy -A")
                .tells_it("iptables -S OUTPUT | grep 169.254")
                .owner("Platform")
                .look(
                    "ask it from the node itself",
                    "curl -s -H Metadata:true \
                     'http://169.254.169.254/metadata/instance?api-version=2021-02-01'",
                )
                .step("let TCP 80 to 169.254.169.254 through, or use workload identity in pods")
        }
        (TokenPurpose::Arc, _) => because
            .known_by("the agent of Azure Arc listens on this machine alone, when it runs")
            .owner("Platform")
            .look("see the agent's state", "azcmagent show")
            .look("see its service", "systemctl status himdsd")
            .step("start the agent, or name another source"),
        (TokenPurpose::GoogleIdentity, _) => because
            .known_by("Google's metadata server is there on Google Cloud alone")
            .owner("Platform")
            .step("see that this runs on Google Cloud, and that nothing drops 169.254.169.254:80")
            .step(elsewhere),
        _ => because
            .known_by(format!(
                "the platform puts this address into the environment ({})",
                source(no.e)
            ))
            .owner("Platform")
            .step("see that the variables are those of this very process: they change at restart")
            .step("see that no firewall in the container or sidecar drops the connection"),
    }
}

/// Where a request went, without its query.
fn place(request: &TokenRequest) -> &str {
    let url = request.url.as_str();
    url.split_once('?').map_or(url, |(place, _)| place)
}

/// 502, 504 and a way elsewhere come from something in between (facts I8, I8b).
fn proxy(e: &Evidence) -> Option<Because> {
    let no = no_token(e)?;
    let refused = no.refusal(PLATFORM).filter(in_between)?;
    let request = refused.request;
    let status = refused.refusal.status;
    let says = format!("a proxy answers {status} in place of {}", name(request.purpose));
    let weighed = match asked_again(request.purpose, status) {
        true => no
            .weighing(Level::Risk, Sure::Inferred, says)
            .known_by("SDKs ask again at such an answer: one that goes by itself is no fault"),
        false => no.because(Sure::Inferred, says),
    };
    let mut because = refused.seen(weighed).known_by(match status {
        300..=399 => "the metadata service sends nobody elsewhere, and SDKs do not follow",
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
            .step("let 169.254.169.254 pass every proxy: it answers this machine alone")
            .step("and put 169.254.169.254 into NO_PROXY, for clients that read proxy variables"),
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

/// A 400 of a kind that speaks of the identity (fact I8).
fn about_identity<'e>(no: &NoToken<'e>) -> Option<Refused<'e>> {
    no.refusal(MANAGED).filter(|refused| {
        let refusal = refused.refusal;
        let kind = refusal.error.as_deref();
        // Who speaks of an identity speaks JSON.
        let json = refused.answer().is_none_or(|answer| answer.body_excerpt.is_none());
        refusal.status == 400 && json && matches!(kind, None | Some("invalid_request"))
    })
}

/// Whether the answer speaks of several identities (fact I8a).
fn several(refused: &Refused<'_>) -> bool {
    let words = refused.refusal.description.as_deref().unwrap_or_default();
    words.to_ascii_lowercase().contains("multiple user assigned identities")
}

/// How to see which identities there are, where this was asked.
fn identities(because: Because, purpose: TokenPurpose) -> Because {
    match purpose {
        TokenPurpose::AppService => because.look("see the identities of the app", APP_IDENTITIES),
        _ => because
            .look("see the identities of this machine", VM_IDENTITIES)
            .look("or of the node that a pod runs on", NODE_IDENTITIES),
    }
}

/// How to assign one, where this was asked.
const fn assign(purpose: TokenPurpose) -> &'static str {
    match purpose {
        TokenPurpose::AppService => "az webapp identity assign -g <group> -n <app>",
        _ => "az vm identity assign -g <group> -n <vm>",
    }
}

fn missing(e: &Evidence) -> Option<Because> {
    let no = no_token(e)?;
    let refused = about_identity(&no).filter(|r| !several(r) && no.how.client.is_none())?;
    let because = refused
        .seen(no.because(Sure::Inferred, "no managed identity is assigned that could be meant"))
        .known_by(format!(
            "{} refuses with 400: it has none to give",
            name(refused.request.purpose)
        ))
        .known_by("no client id was named, so the system-assigned identity was asked for")
        .owner("Platform");
    Some(
        identities(because, refused.request.purpose)
            .change("give it one", assign(refused.request.purpose))
            .step(
                "or name a user-assigned one that it has: AZURE_CLIENT_ID=<client id>, or \
                 --identity <client id>",
            )
            .step("then grant it a role on the account: Cognitive Services OpenAI User"),
    )
}

fn ambiguous(e: &Evidence) -> Option<Because> {
    let no = no_token(e)?;
    let refused = about_identity(&no).filter(|r| several(r) && no.how.client.is_none())?;
    let because = refused
        .seen(no.because(Sure::Proved, "several managed identities are assigned, none is named"))
        .known_by("the metadata service's own word, and the request named no client id")
        .owner("Application");
    Some(
        identities(because, refused.request.purpose)
            .step("name the one that is meant: AZURE_CLIENT_ID=<client id>, or --identity <client id>")
            .step("in a pod of AKS: use workload identity, which needs no metadata service"),
    )
}

fn not_assigned(e: &Evidence) -> Option<Because> {
    let no = no_token(e)?;
    let client = no.how.client.as_deref()?;
    let refused = about_identity(&no)?;
    let because = refused
        .seen(no.because(Sure::Inferred, format!("identity {client} is not assigned here")))
        .known_by(format!(
            "{} refuses with 400, and the request named this identity",
            name(refused.request.purpose)
        ))
        .known_by("AZURE_CLIENT_ID names the identity here too: one for another purpose misleads")
        .owner("Platform")
        .look(
            "see whose id it is",
            format!("az ad sp show --id {} --query displayName", reading::word(client)),
        );
    Some(
        identities(because, refused.request.purpose)
            .change(
                "assign it",
                format!(
                    "{} --identities <resource id of the identity>",
                    assign(refused.request.purpose)
                ),
            )
            .step("or name one that is assigned, or unset AZURE_CLIENT_ID for the system's own"),
    )
}

fn arc(e: &Evidence) -> Option<Because> {
    let no = no_token(e)?;
    let (index, request) = no.of(&[TokenPurpose::Arc])?;
    let asked = no.how.requests.iter().filter(|r| r.purpose == TokenPurpose::Arc).count();
    let because = match &no.how.outcome {
        TokenOutcome::Unusable { says } => no
            .because(Sure::Proved, bare_words(says))
            .seen(format!("{} {}", request.method, place(request)))
            .seen(bare_words(says))
            .read_at(format!("/identity/acquisition/requests/{index}/outcome")),
        _ if asked > 1 => {
            let refused = no.refusal(&[TokenPurpose::Arc])?;
            let status = refused.refusal.status;
            refused.seen(no.because(
                Sure::Proved,
                format!("the Arc agent refuses its own challenge's answer ({status})"),
            ))
        }
        _ => return None,
    };
    // Another group mends only what this user may not read.
    let may_not = match &no.how.outcome {
        TokenOutcome::Unusable { says } => says.to_ascii_lowercase().contains("permission denied"),
        _ => false,
    };
    if !may_not {
        return Some(
            because
                .owner("Platform")
                .look("see the agent's state", "azcmagent show")
                .look("see its service", "systemctl status himdsd")
                .step("see that the agent itself answers there, then restart it"),
        );
    }
    Some(
        because
            .known_by(
                "the agent names a file that only root and the group himds may read; its content \
                 proves who asks",
            )
            .owner("Platform")
            .look("see who may read the agent's files", "ls -ld /var/opt/azcmagent/tokens; id")
            .change("let the application's user read them", "usermod -aG himds <user>")
            .step("the new group holds from the user's next login or the service's restart"),
    )
}

fn refused(e: &Evidence) -> Option<Because> {
    let no = no_token(e)?;
    let refused = no.refusal(PLATFORM)?;
    if in_between(&refused) || about_identity(&no).is_some() {
        return None;
    }
    let purpose = refused.request.purpose;
    if purpose == TokenPurpose::Arc && arc(e).is_some() {
        return None;
    }
    let status = refused.refusal.status;
    let says = format!("{} answers {status}", name(purpose));
    // It passes by itself.
    let weighed = match asked_again(purpose, status) {
        true => no.weighing(Level::Risk, Sure::Inferred, says),
        false => no.because(Sure::Proved, says),
    };
    let mut because = refused.seen(weighed).known_by("its own answer");
    if let Some(wait) = refused.header("retry-after") {
        because = because.seen(format!("retry-after: {wait}"));
    }
    Some(refused_by(&no, purpose, status, because))
}

fn refused_by(no: &NoToken<'_>, purpose: TokenPurpose, status: u16, because: Because) -> Because {
    match (purpose, status) {
        _ if asked_again(purpose, status) => because
            .known_by(format!(
                "{} is updating or busy: SDKs ask again, some of them for a minute",
                name(purpose)
            ))
            .owner("Platform")
            .step("ask again in a minute; a new virtual machine needs some"),
        (TokenPurpose::AppService, 401 | 403) => because
            .known_by("IDENTITY_HEADER is not the one of this process: it changes at each restart")
            .owner("Platform")
            .step("run it inside the application's own process, or in a shell that inherits its environment")
            .look("see the app's identity", "az webapp identity show -g <group> -n <app>"),
        (TokenPurpose::MachineLearning, 401 | 403) => because
            .known_by("MSI_SECRET is not the one of this process: it changes at each restart")
            .owner("Platform")
            .step("run it inside the job's or the app's own process, with its whole environment"),
        (TokenPurpose::MachineLearning, _) => because
            .owner("Platform")
            .step("see that the compute or the app has an identity, and which client id it is")
            .step("set AZURE_CLIENT_ID to a user-assigned one that it has, or unset it")
            .step(
                "a platform that also sets IDENTITY_ENDPOINT and IDENTITY_HEADER is asked there: \
                 see that the process gets them",
            ),
        (TokenPurpose::Imds, _) => because
            .owner("Platform")
            .look(
                "ask for a token by hand (it is secret)",
                format!(
                    "curl -s -H Metadata:true 'http://169.254.169.254/metadata/identity/oauth2/\
                     token?api-version=2018-02-01&resource={}'",
                    resource(no)
                ),
            )
            .step("a container runtime of a desktop answers here in Azure's place: see what runs this"),
        (TokenPurpose::GitHubIdentity, 300..=399) => because
            .known_by("GitHub's service sends nobody elsewhere: something before it answered")
            .owner("Network")
            .step("exempt the host of ACTIONS_ID_TOKEN_REQUEST_URL from portals and inspection"),
        (TokenPurpose::GitHubIdentity, _) => because
            .known_by("a job may ask for a token only with the permission id-token: write")
            .owner("Application")
            .step("give the job permissions: id-token: write; a pull request from a fork has none")
            .step("ask within the job: the request token ends with it"),
        (TokenPurpose::GoogleIdentity, _) => because
            .known_by("the server gives identity tokens for the service account that is attached")
            .owner("Platform")
            .look(
                "see the service account of this service",
                "gcloud run services describe <service> --format 'value(spec.template.spec.serviceAccountName)'",
            )
            .step("attach a service account (on GKE: workload identity on the node pool)"),
        _ => because
            .owner("Platform")
            .step(format!("see that {} is of this very process and machine", source(no.e)))
            .step("see that the platform has an identity assigned"),
    }
}

/// The resource of the scope, if it can stand inside quotes.
fn resource<'e>(no: &NoToken<'e>) -> &'e str {
    let resource = no.how.scope.trim_end_matches("/.default");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if resource.chars().all(plain) { resource } else { "<resource>" }
}
