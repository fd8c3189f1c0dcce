//! Azure OpenAI, Azure AI services and Foundry: one resource type with three names (facts D1, D2,
//! D4), and the endpoints of regions.

use crate::clouds::Cloud;
use crate::evidence::http::Purpose;

use super::request::Under;
use super::{
    Endpoint, Keys, Kind, NETWORK_RULE, NETWORKS, Order, Request, Resource, Role, Rules, Service,
    public, usgov,
};

/// Group id of an account.
const ACCOUNT: &[&str] = &["account"];

/// Audiences of an account; a Foundry project takes the second one alone (facts G2b, X18).
const AUDIENCES: &[(Cloud, &[&str])] = &[
    (Cloud::Public, &["https://cognitiveservices.azure.com", PROJECT_AUDIENCE]),
    (Cloud::UsGov, &["https://cognitiveservices.azure.us"]),
];

/// The audience that a Foundry project takes, and no other (fact X18).
pub const PROJECT_AUDIENCE: &str = "https://ai.azure.com";

/// The keys of an account (facts H7, G1).
pub const KEYS: &Keys =
    &Keys { of: "Azure OpenAI", header: "api-key", variables: &["AZURE_OPENAI_API_KEY"] };

/// Roles (facts G4, G5, G6).
const OPENAI_USER: &str = "Cognitive Services OpenAI User";
const OPENAI_CONTRIBUTOR: &str = "Cognitive Services OpenAI Contributor";
const AZURE_AI_USER: &str = "Azure AI User";

const fn role(action: &'static str, name: &'static str) -> Role {
    Role { action, name }
}

/// It has every data action of an account (fact Z50).
pub(super) const USER: &str = "Cognitive Services User";

pub(super) const ROLES_OF_APIS: &[Role] = &[role("*", USER)];

const ROLES: &[Role] = &[
    // G4: left out of the user's role in so many words.
    role("OpenAI/stored-completions/read", OPENAI_CONTRIBUTOR),
    role("OpenAI/*/read", OPENAI_USER),
    role("OpenAI/engines/completions/action", OPENAI_USER),
    role("OpenAI/engines/search/action", OPENAI_USER),
    role("OpenAI/engines/generate/action", OPENAI_USER),
    role("OpenAI/deployments/audio/action", OPENAI_USER),
    role("OpenAI/deployments/search/action", OPENAI_USER),
    role("OpenAI/deployments/completions/action", OPENAI_USER),
    role("OpenAI/deployments/chat/completions/action", OPENAI_USER),
    role("OpenAI/deployments/realtime/action", OPENAI_USER),
    role("OpenAI/deployments/extensions/chat/completions/action", OPENAI_USER),
    role("OpenAI/deployments/embeddings/action", OPENAI_USER),
    role("OpenAI/images/generations/action", OPENAI_USER),
    role("OpenAI/assistants/*", OPENAI_USER),
    // G5: the user's role does not list responses/write; the contributor's covers OpenAI/*.
    role("OpenAI/*", OPENAI_CONTRIBUTOR),
    // H13, G6
    role("AIServices/*", AZURE_AI_USER),
];

/// The list of models costs nothing (fact G1); an empty message list asks for a deployment and
/// spends no token (facts G2c, H16). A project serves its deployments under v1 (fact G2b).
#[rustfmt::skip]
const REQUESTS: &[Request] = &[
    Request::get(Purpose::Models, Under::Resource, "/openai/models?api-version={api-version}", OPENAI_USER),
    Request::post(Purpose::Deployment, Under::Resource, "/openai/deployments/{deployment}/chat/completions?api-version={api-version}", r#"{"messages":[]}"#, OPENAI_USER),
    Request::get(Purpose::Models, Under::V1, "/models", OPENAI_USER),
    Request::post(Purpose::Deployment, Under::V1, "/chat/completions", NAMED, OPENAI_USER),
    Request::get(Purpose::Project, Under::Project, "/deployments?api-version=v1", AZURE_AI_USER),
    Request::post(Purpose::Deployment, Under::Project, "/openai/v1/chat/completions", NAMED, OPENAI_USER),
];

/// The body of a call to a deployment that its path does not name.
const NAMED: &str = r#"{"messages":[],"model":"{deployment}"}"#;

/// An account as `az` names it.
pub const RESOURCE: Resource = Resource {
    kind: "Microsoft.CognitiveServices/accounts",
    az: "cognitiveservices account",
    noun: "account",
    endpoint: "properties.endpoint",
    terraform: "azurerm_cognitive_account",
    latency_metric: "AzureOpenAITimeToResponse",
    networks: NETWORKS,
    rules: Rules { service_endpoint: "Microsoft.CognitiveServices", ..NETWORK_RULE },
    lists_all: true,
    recoverable: true,
    own_tenant: false,
    endpoints_at: "",
};

/// Other products have a `policy-id` too: the value is that of a network decision (fact W3).
const SIGNATURE: &[(&str, &str)] = &[
    ("x-ms-region", ""),
    ("apim-request-id", ""),
    ("policy-id", "throwexceptionduetotrafficdenied"),
];

pub(super) const fn account(service: Service) -> Service {
    service
        .kind(Kind::Account)
        .keys(KEYS)
        .order(Order::Network)
        .audiences(AUDIENCES)
        .requests(REQUESTS)
        .signature("x-ms-region", SIGNATURE)
        .roles("call every deployment of the account", ROLES)
        .resource(RESOURCE)
}

/// The names at which an account has its other APIs.
pub(super) const AI_SERVICES: &[Endpoint] = &[
    public(ACCOUNT, "cognitiveservices.azure.com", "privatelink.cognitiveservices.azure.com"),
    usgov(ACCOUNT, "cognitiveservices.azure.us", "privatelink.cognitiveservices.azure.us"),
];

#[rustfmt::skip]
pub(super) const SERVICES: &[Service] = &[
    account(Service::new("openai", "Azure OpenAI", &[
        public(ACCOUNT, "openai.azure.com", "privatelink.openai.azure.com"),
        usgov(ACCOUNT, "openai.azure.us", "privatelink.openai.azure.us"),
    ])),
    account(Service::new("cognitiveservices", "Azure AI services", AI_SERVICES)).list_optional(),
    account(Service::new("aiservices", "Azure AI Foundry", &[
        public(ACCOUNT, "services.ai.azure.com", "privatelink.services.ai.azure.com"),
    ])).list_optional().workspace(),
    Service::new("cognitive-regional", "Azure AI regional endpoint", &[
        public(&[], "api.cognitive.microsoft.com", ""),
    ]).kind(Kind::Regional),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_role_is_named() {
        let openai = &SERVICES[0];
        for (action, name) in [
            ("OpenAI/deployments/chat/completions/action", Some(OPENAI_USER)),
            ("OpenAI/models/read", Some(OPENAI_USER)),
            ("openai/responses/write", Some(OPENAI_CONTRIBUTOR)),
            ("OpenAI/stored-completions/read", Some(OPENAI_CONTRIBUTOR)),
            ("AIServices/agents/read", Some(AZURE_AI_USER)),
            ("Language/query-text/action", None),
        ] {
            let action = format!("Microsoft.CognitiveServices/accounts/{action}");
            assert_eq!(openai.role_for(&action), name, "{action}");
        }
        assert_eq!(openai.role_for("Microsoft.Storage/OpenAI/models/read"), None);
    }
}
