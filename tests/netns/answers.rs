//! What the service says, in its own words (the numbers are facts of the catalogue of
//! `docs/facts.md`).

use super::world::Answer;

/// One scripted answer.
pub struct Scripted {
    pub status: u16,
    pub headers: &'static [(&'static str, &'static str)],
    pub body: &'static str,
}

/// Headers of every answer of the service's front (fact W1, W2).
pub const FRONT_HEADERS: &[(&str, &str)] = &[
    ("apim-request-id", "0f9c4d2e-6b1a-4c58-9f0e-2f6d1a7c3b55"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
];

/// A list of base models (fact G1).
pub const MODELS: &str = r#"{"data":[{"id":"gpt-4o-2024-11-20","capabilities":{"chat_completion":true,"inference":true},"lifecycle_status":"generally-available","object":"model"},{"id":"text-embedding-3-large","capabilities":{"embeddings":true,"inference":true},"lifecycle_status":"generally-available","object":"model"}],"object":"list"}"#;

/// H7: wrong key.
pub const WRONG_KEY: &str = r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}"#;

/// H8: no credential.
pub const NO_CREDENTIAL: &str = r#"{ "statusCode": 401, "message": "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired." }"#;

/// H16: unknown deployment.
pub const DEPLOYMENT_NOT_FOUND: &str = r#"{"error":{"code":"DeploymentNotFound","message": "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}"#;

/// G2c: the deployment is there, and the list of messages is empty.
pub const EMPTY_MESSAGES: &str = r#"{"error":{"message":"[] is too short - messages","type":"invalid_request_error","param":"messages","code":null}}"#;

/// H17: no such path.
pub const RESOURCE_NOT_FOUND: &str = r#"{"error":{"code":"404","message": "Resource not found"}}"#;

const DENIED: &[(&str, &str)] = &[("policy-id", "ThrowExceptionDueToTrafficDenied")];
const REGION: &[(&str, &str)] = &[("x-ms-region", "East US")];

/// The answer to every request; none for the healthy service, which looks at the key.
pub fn scripted(answer: Answer) -> Option<Scripted> {
    let (status, headers, body): (u16, &'static [(&'static str, &'static str)], &'static str) =
        match answer {
            Answer::Healthy => return None,
            Answer::PublicAccessDisabled => (
                403,
                DENIED,
                r#"{"error":{"code":"AccessDenied","message": "Public access is disabled. Please configure private endpoint."}}"#,
            ),
            Answer::NetworkRules => (
                403,
                DENIED,
                r#"{"error":{"code":"403","message": "Access denied due to Virtual Network/Firewall rules."}}"#,
            ),
            Answer::NotApproved => (
                403,
                &[],
                r#"{"error":{"code":"403","message": "Traffic is not from an approved private endpoint."}}"#,
            ),
            Answer::WrongKey => (401, &[], WRONG_KEY),
            Answer::NoCredential => (401, &[], NO_CREDENTIAL),
            Answer::RoleMissing => (
                401,
                &[],
                r#"{"error":{"code":"PermissionDenied","message":"The principal `7d1c8e0a-5a86-4b52-bb1c-3c4f3c1f9a11` lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/models/read` to perform `GET /openai/models` operation."}}"#,
            ),
            Answer::KeysDisabled => (
                403,
                &[],
                r#"{"error":{"code":"AuthenticationTypeDisabled","message": "Key based authentication is disabled for this resource."}}"#,
            ),
            Answer::ResourceNotFound => (404, &[], RESOURCE_NOT_FOUND),
            Answer::SubdomainUnmapped => (
                404,
                &[],
                r#"{"error":{"code":"ResourceNotFound","message":"Subdomain does not map to a resource."}}"#,
            ),
            Answer::RateLimited => (
                429,
                &[("retry-after", "45"), ("x-ms-region", "East US")],
                r#"{"error":{"code":"429","message": "Requests to the Models_List Operation under Azure OpenAI API version 2024-10-21 have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 45 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."}}"#,
            ),
            Answer::Unavailable => (
                503,
                REGION,
                r#"{"error":{"code":"ServiceUnavailable","message": "Service is temporarily unavailable."}}"#,
            ),
            Answer::ApplicationGateway => (
                502,
                &[],
                "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>Microsoft-Azure-Application-Gateway/v2</center></body></html>",
            ),
            Answer::CaptivePortal => (302, &[], ""),
        };
    Some(Scripted { status, headers, body })
}

/// Whether the answer comes from the service (and so has its headers) or from something in
/// front of it.
pub fn is_the_service(answer: Answer) -> bool {
    !matches!(answer, Answer::ApplicationGateway | Answer::CaptivePortal)
}
