//! What the service and those in front of it say, in their own words (the numbers are facts of
//! `docs/facts.md`).

use super::world::Named;

/// One scripted answer.
pub struct Scripted {
    /// Status.
    pub status: u16,
    /// Header fields.
    pub headers: &'static [(&'static str, &'static str)],
    /// Body.
    pub body: &'static str,
    /// Whether the service itself answers.
    pub service: bool,
}

/// Header fields of every answer of the service's front (facts W1, W2).
pub const SERVICE: &[(&str, &str)] = &[
    ("apim-request-id", "0f9c4d2e-6b1a-4c58-9f0e-2f6d1a7c3b55"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
];

const DENIED: &[(&str, &str)] = &[("policy-id", "ThrowExceptionDueToTrafficDenied")];
const REGION: &[(&str, &str)] = &[("x-ms-region", "East US")];

const fn service(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
) -> Option<Scripted> {
    Some(Scripted { status, headers, body, service: true })
}

const fn front(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
) -> Option<Scripted> {
    Some(Scripted { status, headers, body, service: false })
}

/// 200 and the list of base models (fact G1).
pub const MODELS: Scripted = Scripted {
    status: 200,
    headers: REGION,
    body: r#"{"data":[{"id":"gpt-4o-2024-11-20","capabilities":{"chat_completion":true,"inference":true},"lifecycle_status":"generally-available","object":"model"},{"id":"text-embedding-3-large","capabilities":{"embeddings":true,"inference":true},"lifecycle_status":"generally-available","object":"model"}],"object":"list"}"#,
    service: true,
};

/// 200 and a project's deployments (fact G17).
pub const DEPLOYMENTS: Scripted = Scripted {
    status: 200,
    headers: REGION,
    body: r#"{"value":[{"name":"gpt-4o","type":"ModelDeployment","modelName":"gpt-4o","modelPublisher":"OpenAI","modelVersion":"2024-11-20"}]}"#,
    service: true,
};

/// The answer of a row; none for the rows that are more than one answer.
#[rustfmt::skip]
pub const fn scripted(name: Named) -> Option<Scripted> {
    match name {
        Named::PublicAccessDisabled => service(403, DENIED, r#"{"error":{"code":"AccessDenied","message": "Public access is disabled. Please configure private endpoint."}}"#),
        Named::NetworkRules => service(403, DENIED, r#"{"error":{"code":"403","message": "Access denied due to Virtual Network/Firewall rules."}}"#),
        Named::NetworkRulesWithAddress => service(403, DENIED, r#"{"error":{"code":"AccessDenied","message": "Access denied due to Virtual Network/Firewall rules. Your IP address is 52.166.3.9."}}"#),
        Named::NotApproved => service(403, &[], r#"{"error":{"code":"403","message": "Traffic is not from an approved private endpoint."}}"#),
        Named::VirtualNetworkConfigured => service(403, &[], r#"{"code":"403","message":"A Virtual Network is configured for this resource. Please use the correct endpoint for making requests. Check https://aka.ms/cogsvc-vnet for more details."}"#),
        Named::WrongKey => service(401, &[], r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}"#),
        Named::Unauthorized => service(401, &[], r#"{ "statusCode": 401, "message": "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired." }"#),
        Named::TenantMismatch => service(400, &[], r#"{"error":{"code":"Tenant provided in token does not match resource token","message":"Token tenant 6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f does not match resource tenant."}}"#),
        Named::RoleMissing => service(401, &[], r#"{"error":{"code":"PermissionDenied","message":"The principal `7d1c8e0a-5a86-4b52-bb1c-3c4f3c1f9a11` lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/models/read` to perform `GET /openai/models` operation."}}"#),
        Named::RoleMissingOld => service(401, &[], r#"{"error":{"code":"PermissionDenied","message":"Principal does not have access to API/Operation."}}"#),
        Named::CustomSubdomain => service(400, &[], r#"{"error":{"code":"BadRequest","message":"Please provide a custom subdomain for token authentication, otherwise API key is required. (Please see https://aka.ms/cogsvc-authenticatewithtoken)"}}"#),
        Named::KeysDisabled => service(403, &[], r#"{"error":{"code":"AuthenticationTypeDisabled","message": "Key based authentication is disabled for this resource."}}"#),
        Named::DeploymentNotFound => service(404, REGION, r#"{"error":{"code":"DeploymentNotFound","message": "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}"#),
        Named::EmptyMessages => service(400, REGION, r#"{"error":{"message":"[] is too short - messages","type":"invalid_request_error","param":"messages","code":null}}"#),
        Named::ResourceNotFound => service(404, &[], r#"{"error":{"code":"404","message": "Resource not found"}}"#),
        Named::SubdomainUnmapped => service(404, &[], r#"{"error":{"code":"ResourceNotFound","message":"Subdomain does not map to a resource."}}"#),
        Named::RateLimited => service(429, &[("retry-after", "45"), ("x-ms-region", "East US")], r#"{"error":{"code":"429","message": "Requests to the Models_List Operation under Azure OpenAI API version 2024-10-21 have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 45 seconds."}}"#),
        Named::Timeout => service(408, REGION, r#"{"error":{"code":"Timeout","message":"The operation was timeout."}}"#),
        Named::InternalError => service(500, REGION, r#"{"error":{"code":"InternalServerError","message":"The server had an error while processing your request."}}"#),
        Named::Unavailable => service(503, REGION, r#"{"error":{"code":"ServiceUnavailable","message":"Service is temporarily unavailable."}}"#),
        Named::GatewayKeyMissing => front(401, &[("www-authenticate", r#"AzureApiManagementKey realm="https://contoso.azure-api.net/openai",name="Ocp-Apim-Subscription-Key",type="header""#)], r#"{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }"#),
        Named::ApplicationGateway => front(502, &[("server", "Microsoft-Azure-Application-Gateway/v2"), ("content-type", "text/html")], "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>Microsoft-Azure-Application-Gateway/v2</center></body></html>"),
        Named::FrontDoor => front(503, &[("x-azure-ref", "20260601T120000Z-r1f0"), ("content-type", "text/html")], "<html><body><h2>Our services aren't available right now</h2><p>We're working to restore all services as soon as possible.</p></body></html>"),
        Named::SignIn => front(302, &[("location", "https://login.contoso.example/portal?return=/"), ("server", "nginx")], ""),
        Named::CaptivePortal => front(200, &[("content-type", "text/html"), ("server", "nginx")], "<html><head><title>Guest network</title></head><body>Please accept the terms of use.</body></html>"),
        // More than one answer, here or in `services.rs`.
        _ => None,
    }
}
