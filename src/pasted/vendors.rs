//! Whose answer a text is that is of no service of Azure: by the host that was called, or by a page of its
//! owner that the message names (facts H165, H186 to H189, H214, D240).

use crate::diagnosis::{CallEnd, Unexplained};

/// Whose text it is, and where the call ended that it is of.
macro_rules! of {
    ($place:literal, $shown:literal, $after:literal) => {
        Unexplained {
            end: Some(CallEnd { place: $place, shown: $shown, unanswered: false }),
            words: concat!($shown, $after, " (", $place, ")"),
        }
    };
}

/// What is the same of each of the others.
macro_rules! not_azure {
    ($whose:literal) => {
        Unexplained {
            end: Some(CallEnd {
                place: "application",
                shown: concat!("the text is of ", $whose, ", which is not Azure OpenAI"),
                unanswered: false,
            }),
            words: concat!(
                "the text is of ",
                $whose,
                ", which is not Azure OpenAI: no private endpoint, network rule or role of Azure is in it. If \
                 Azure OpenAI was meant, the application has another endpoint than it should (application)"
            ),
        }
    };
}

/// A domain or a page, and what it shows.
type Row = (&'static str, Unexplained);

/// OpenAI's own service.
const OPENAI: Unexplained = of!(
    "application",
    "the text is of api.openai.com, OpenAI's own API, which is not Azure OpenAI",
    ": a key of one is none of the other, and no private endpoint, network rule or role of Azure is in it. If \
     Azure OpenAI was meant, the application made the client of OpenAI in place of that of Azure OpenAI, or has \
     no endpoint set"
);

/// Where a model is called, by the end of the host.
const HOSTS: &[Row] = &[
    ("api.openai.com", OPENAI),
    ("anthropic.com", not_azure!("Anthropic's API")),
    ("huggingface.co", not_azure!("Hugging Face")),
    ("googleapis.com", not_azure!("a service of Google")),
    ("amazonaws.com", not_azure!("a service of AWS")),
    ("api.mistral.ai", not_azure!("Mistral's API")),
    ("cohere.com", not_azure!("Cohere's API")),
    ("cohere.ai", not_azure!("Cohere's API")),
    ("api.groq.com", not_azure!("Groq's API")),
    ("api.deepseek.com", not_azure!("DeepSeek's API")),
    ("openrouter.ai", not_azure!("OpenRouter")),
    ("api.x.ai", not_azure!("xAI's API")),
    ("models.github.ai", not_azure!("GitHub Models")),
    ("models.inference.ai.azure.com", not_azure!("GitHub Models")),
    ("openaipublic.blob.core.windows.net", TOKENIZER),
];

/// Pages that a message sends its reader to, and words of others than the account.
const PAGES: &[Row] = &[
    ("platform.openai.com/account/api-keys", OPENAI),
    // Fact H186.
    ("please check your plan and billing details", OPENAI),
    ("does not have authorization to perform action", CONTROL_PLANE),
    ("denied because of the deny assignment", CONTROL_PLANE),
    ("cannot be linked to multiple zones with overlapping namespaces", LINKED_ALREADY),
    ("AccountProvisioningStateInvalid", DEPLOYMENT),
    ("RequestDisallowedByPolicy", DEPLOYMENT),
    ("was disallowed by policy", DEPLOYMENT),
    ("LinkedAuthorizationFailed", DEPLOYMENT),
    ("FlagMustBeSetForRestore", DEPLOYMENT),
    ("has been soft-deleted", DEPLOYMENT),
    ("InvalidTemplateDeployment", DEPLOYMENT),
    ("agent setup is not fully configured for private networking", AGENTS),
    ("cosmos_vnet_blocked", AGENTS_STORE),
];
/// What fetches its tables where the application starts (fact H188).
const TOKENIZER: Unexplained = of!(
    "application",
    "the text is of the tokenizer tiktoken, which fetches its tables from openaipublic.blob.core.windows.net, a \
     public store of OpenAI",
    ": the account and its private endpoint have no part in it. Let that one host through, or put the tables into \
     a folder that TIKTOKEN_CACHE_DIR names"
);
/// A call that Foundry makes itself (fact H189).
const AGENTS: Unexplained = of!(
    "Azure platform",
    "the text is of Foundry's agent service, and of no call of a client",
    ": the project has no public network, and its agents have no virtual network of their own to reach AI Search \
     through. No client tests that leg; the setup that the text names gives the agents a subnet"
);
/// The same to Cosmos DB (fact H214).
const AGENTS_STORE: Unexplained = of!(
    "Azure platform",
    "the text is of Foundry's agent service, whose own call to Cosmos DB was refused by the network rules there",
    ": no client made that call, and none tests it. Where Cosmos DB has a private endpoint, the network of the \
     agents' subnet has to resolve its name to that: a machine in the same virtual network shows whether it does, \
     aoai-probe <account>.documents.azure.com. That its public access must be on is so only without that subnet"
);
/// What it says where it does not make or change a resource (fact H187).
const DEPLOYMENT: Unexplained = of!(
    "Azure platform",
    "the text is of Azure Resource Manager, the control plane, and of no call to the account",
    ": a resource was not made or changed, for the reason that the text names. The path to the account and its \
     network rules have no part in it"
);
/// A second zone of one name (fact D240).
const LINKED_ALREADY: Unexplained = of!(
    "Azure platform",
    "the virtual network is linked to another zone of the same name already, and a second one cannot be",
    ": the zone that it is linked to answers its machines, so that the record belongs there, or that link has to go \
     first, with which every record of the zone stops resolving in that network. The zones: \
     az network private-dns zone list --query \"[?name=='<zone>'].id\""
);
/// The control plane's own refusal (fact H183).
const CONTROL_PLANE: Unexplained = of!(
    "identity",
    "the text is of Azure Resource Manager, the control plane, and of no call to the account",
    ": the caller has no role with the action that the text names at the scope that it names, or a deny assignment \
     takes it away. The path to the account and its network rules have no part in it"
);

/// What is known of the one that answered, if that is no service of Azure: `host` was called, if the text shows
/// one.
#[must_use]
pub fn other_vendor(text: &str, host: Option<&str>) -> Option<Unexplained> {
    let is = |host: &str, domain: &str| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    match host {
        Some(host) => HOSTS.iter().find(|(domain, _)| is(host, domain)),
        None => PAGES.iter().find(|(page, _)| text.contains(page)),
    }
    .map(|(_, why)| *why)
}

/// Whether it is of something that an application does beside its calls to the account, or before
/// them: an answer of the account that comes later is not hidden by it.
#[must_use]
pub fn is_beside(why: Unexplained) -> bool {
    [TOKENIZER, AGENTS, AGENTS_STORE, DEPLOYMENT, LINKED_ALREADY].contains(&why)
}
