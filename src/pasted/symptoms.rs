//! Texts that were read wrongly, each by its symptom, with the nearest one that was right.

use super::tests::base;
use super::{callee, explain};
use crate::diagnosis::{Confidence, ExplainedAnswer};

/// The host of a text, of those of Azure.
pub(super) fn host(text: &str) -> Option<String> {
    let fits = |host: &str| {
        ["azure.com", "azure.net", "windows.net", "azurecr.io"]
            .iter()
            .any(|end| host.ends_with(end))
    };
    callee(text, &base("openai"), fits).filter(|host| fits(host))
}

pub(super) fn assumed(text: &str) -> ExplainedAnswer {
    explain(text, &base("openai"), true).remove(0)
}

/// The finding, and of which call.
pub(super) fn read(text: &str) -> (&'static str, String) {
    match assumed(text).meaning {
        Ok(meaning) => (meaning.id, meaning.callee),
        Err(why) => ("-", why.words.to_owned()),
    }
}

const EMBEDDED: &str =
    "INFO HTTP Request: POST https://a.openai.azure.com/openai/x \"HTTP/1.1 200 OK\"\n";

#[test]
fn a_log_with_a_call_to_the_account_does_not_blame_it_for_the_refusal_of_another_service() {
    for (text, of) in [
        (
            "INFO Request URL: 'https://s.search.windows.net/indexes'\nRequest method: 'POST'\n\
             INFO Response status: 403\nHttpResponseError: Operation returned an invalid status \
             'Forbidden'",
            "s.search.windows.net",
        ),
        (
            "INFO HTTP Request: PUT https://b.blob.core.windows.net/c \"HTTP/1.1 403 x\"\n\
             Content: <?xml version=\"1.0\"?><Error><Code>AuthorizationFailure</Code></Error>",
            "b.blob.core.windows.net",
        ),
        (
            "Response 403\n{\"error\":{\"code\":\"\",\"message\":\"x\"}}\n  request: { url: 'https://s.search.windows.net/x' }",
            "s.search.windows.net",
        ),
    ] {
        assert_eq!(host(&[EMBEDDED, text].concat()).as_deref(), Some(of), "{text}");
    }
    let log = "INFO HTTP Request: POST https://a.openai.azure.com/x \"HTTP/1.1 200 OK\"\n\
               INFO Request URL: 'https://s.search.windows.net/indexes'\nINFO Response status: 403\n";
    assert!(assumed(log).line.starts_with("403"), "{}", assumed(log).line);
    // The quiet neighbours: the account's own failure, before and after calls to others.
    let own = "INFO HTTP Request: POST https://a.openai.azure.com/x \"HTTP/1.1 403 Forbidden\"\n\
               Error code: 403 - {'error': {'code': '403', 'message': 'x'}}\n";
    let other = "INFO HTTP Request: GET https://b.blob.core.windows.net/c \"HTTP/1.1 200 OK\"\n";
    for text in [[other, own].concat(), [own, other].concat()] {
        assert_eq!(host(&text).as_deref(), Some("a.openai.azure.com"), "{text}");
    }
    let named = "Access to registry 'r.azurecr.io' was denied. Response code: 403.";
    assert_eq!(host(named).as_deref(), Some("r.azurecr.io"));
    assert_eq!(
        host(
            "403 Client Error: Forbidden for url: https://s.search.windows.net/x, see \
                     https://aka.ms/y"
        )
        .as_deref(),
        Some("s.search.windows.net")
    );
}

#[test]
fn the_application_s_own_failure_does_not_hide_the_answer_that_it_quotes() {
    let key = "Access denied due to invalid subscription key or wrong API endpoint.";
    let rules = "Access denied due to Virtual Network/Firewall rules.";
    for (text, id) in [
        (
            format!(
                "{{\"status\":500,\"error\":\"Internal Server Error\",\"message\":\"Error code: 403 - \
                  {{'error': {{'code': '403', 'message': '{rules}'}}}}\",\"path\":\"/chat\"}}"
            ),
            "http-network-rules",
        ),
        (
            format!(
                "{{\"status\":502,\"message\":\"upstream\",\"code\":\"E\",\"cause\":\"Error code: 401 - \
                  {{'error': {{'code': '401', 'message': '{key}'}}}}\"}}"
            ),
            "identity-key-refused",
        ),
        (
            format!(
                "Error code: 401 - {{'error': {{'code': '401', 'message': '{key}'}}}}\n\
                  HTTPException: 500: {{\"error\":{{\"message\":\"upstream failed\",\"code\":\"UPSTREAM\"}}}}"
            ),
            "identity-key-refused",
        ),
    ] {
        assert_eq!(read(&text).0, id, "{text}");
        assert!(!assumed(&text).line.starts_with('5'), "{text}");
    }
    // The quiet neighbour: a failure of the application that quotes nothing.
    let alone = "{\"status\":500,\"message\":\"x\",\"code\":\"E\"}";
    assert_ne!(read(alone).0, "http-network-rules");
}

#[test]
fn the_refusal_of_a_service_that_no_url_names_is_not_said_to_be_azure_openai_s() {
    for (text, id, of) in [
        (
            "keyvault.BaseClient#GetSecret: Failure: StatusCode=403 -- Original Error: Status=403 \
             Code=\"Forbidden\" Message=\"Public network access is disabled\" \
             InnerError={\"code\":\"ForbiddenByConnection\"}",
            "http-public-access-disabled",
            "Key Vault",
        ),
        (
            "(Forbidden) Client address is not authorized and caller is not a trusted service.\n\
             Code: Forbidden\nInner error: {\n    \"code\": \"ForbiddenByFirewall\"\n}",
            "http-network-rules",
            "Key Vault",
        ),
        (
            "CosmosException: {\"innerErrorMessage\":\"Request originated from IP 10.1.2.3. This is \
             blocked by your Cosmos DB account firewall settings.\",\"statusCode\":403}",
            "http-network-rules",
            "Cosmos DB",
        ),
        (
            "Failed to access storage. Status: 403 (This request is not authorized to perform this \
             operation)",
            "http-network-rules",
            "a storage account",
        ),
        (
            "Head \"r/v2/app/manifests/1\": denied: client with IP '20.1.2.3' is not allowed access.",
            "http-network-rules",
            "a registry",
        ),
    ] {
        let (found, callee) = read(text);
        assert_eq!(found, id, "{text}");
        assert!(callee.contains(of), "{text}: {callee}");
    }
    // A text that several services have: which of them is not shown.
    let shared =
        "Error code: 403 - {'error': {'code': '403', 'message': 'Public access is disabled.'}}";
    let meaning = assumed(shared).meaning.unwrap();
    assert!(meaning.callee.contains("does not name"), "{}", meaning.callee);
    assert!(!meaning.refused.contains("Azure OpenAI, which its text"), "{}", meaning.refused);
    // The quiet neighbour: the service is known, from a URL or from `--service`.
    let meaning = explain(shared, &base("openai"), false).remove(0).meaning.unwrap();
    assert_eq!(meaning.callee, "Azure OpenAI");
}

#[test]
fn the_answer_of_a_token_endpoint_is_not_the_service_s() {
    for (text, id) in [
        (
            "DefaultAzureCredential failed\nGET http://169.254.169.254/metadata/identity/oauth2/token\n\
             RESPONSE 403 Forbidden\nResponse body: {\"error\":\"invalid_request\",\
             \"error_description\":\"Identity not found\"}",
            "identity-managed-missing",
        ),
        (
            "> GET /msi/token?resource=x HTTP/1.1\n< HTTP/1.1 403 Forbidden\n",
            "identity-metadata-refused",
        ),
        (
            "AuthenticationFailedException: ManagedIdentityCredential authentication failed: Service \
             request failed.\nStatus: 407 (authenticationrequired)",
            "identity-metadata-proxy",
        ),
        (
            "AuthenticationRequiredError: ManagedIdentityCredential: Response body: <html><body>[Fiddler] \
             failed.</body></html> (status code 502)",
            "identity-metadata-proxy",
        ),
        (
            "ManagedIdentityCredential authentication failed. Message Network unreachable. Message: connect \
             EHOSTUNREACH 169.254.169.254:80",
            "identity-metadata-unreachable",
        ),
        (
            "ManagedIdentityCredential authentication failed: Service request failed.\nStatus: 403 (connecting to \
             169.254.169.254:80: dial tcp 169.254.169.254:80: connectex: A socket operation was attempted to an \
             unreachable network.)",
            "identity-metadata-unreachable",
        ),
        (
            "CredentialUnavailableException: ManagedIdentityCredential authentication unavailable. No Managed \
             Identity endpoint found.",
            "identity-metadata-unreachable",
        ),
        (
            "ManagedIdentityCredential authentication failed: Service request failed.\nStatus: 400 (Bad Request)\n\
             {\"statusCode\":400,\"message\":\"No User Assigned or Delegated Managed Identity found for specified \
             ClientId/ResourceId/PrincipalId.\"}",
            "identity-managed-not-assigned",
        ),
        (
            "ManagedIdentityCredential authentication failed: Service request failed.\nStatus: 404 (Not Found)\n\
             Content:\nno azure identity found for request clientID 1234",
            "identity-pod-identity",
        ),
        (
            "Get \"http://localhost:2579/host/token/?resource=https://vault.azure.net\": dial tcp \
             127.0.0.1:2579: connect: connection refused",
            "identity-metadata-unreachable",
        ),
    ] {
        assert_eq!(read(text).0, id, "{text}");
    }
    let chain = "DefaultAzureCredential failed.\nAttempted credentials:\n\tManagedIdentityCredential: \
                 no response from the IMDS endpoint.";
    assert_eq!(assumed(chain).meaning.unwrap().confidence, Confidence::Possible);
    // The quiet neighbours: the token came, and the service refused; and a proxy of the service's call.
    for (text, id) in [
        (
            "INFO ManagedIdentityCredential will use IMDS\nHTTP Request: POST \
             https://a.openai.azure.com/x \"HTTP/1.1 404 Not Found\"",
            "http-not-found",
        ),
        (
            "INFO DefaultAzureCredential acquired a token from ManagedIdentityCredential\nError code: 404",
            "http-not-found",
        ),
        ("httpx.ProxyError: 407 Proxy Authentication Required", "proxy-auth-required"),
    ] {
        assert_eq!(read(text).0, id, "{text}");
    }
}

#[test]
fn a_proxy_that_refuses_to_connect_is_known_in_the_words_of_each_client() {
    for text in [
        "The proxy tunnel request to proxy 'http://proxy:3128/' failed with status code '403'.\"",
        "io.netty.handler.proxy.HttpProxyHandler$HttpProxyConnectException: http, none, \
         /10.1.1.1:3128 => a.openai.azure.com/<unresolved>:443, status: 403 Forbidden",
        "Error: Proxy response (403) !== 200 when HTTP Tunneling",
        "java.io.IOException: Tunnel failed, got: 403",
        "java.io.IOException: Unable to tunnel through proxy. Proxy returns \"HTTP/1.1 403 Forbidden\"",
    ] {
        assert_eq!(read(text).0, "proxy-denied", "{text}");
        assert_eq!(read(&text.replace("403", "407")).0, "proxy-auth-required", "{text}");
        assert_eq!(read(&text.replace("403", "503")).0, "proxy-target-unreachable", "{text}");
    }
    // The quiet neighbour: the client got no connection to its proxy, which refused nothing.
    let text = "ProxyError: HTTPSConnectionPool(host='a.openai.azure.com', port=443): (Caused by \
                ProxyError('Cannot connect to proxy.', NewConnectionError('Connection refused')))";
    let (id, why) = read(text);
    assert!(id == "-" && why.contains("(proxy)"), "{id} {why}");
}

#[test]
fn what_app_configuration_and_a_cluster_s_identity_send_is_theirs() {
    let store = "Service request failed.\nStatus: 403 (Forbidden)\n\nHeaders:\nServer: openresty/1.17.8.2\n\
                 x-ms-correlation-request-id: e3a8\nContent-Length: 0\n";
    assert_eq!(super::of_library(store, &base("openai")), Some("appconfig"));
    assert_eq!(super::of_library("Server: openresty/1.17.8.2\n", &base("openai")), None);
    let several = "Failed to refresh the Token: StatusCode=400 -- Original Error: adal: Refresh request failed. Status Code \
                   = '400'. Response body: {\"error\":\"invalid_request\",\"error_description\":\"Multiple user \
                   assigned identities exist, please specify the clientId / resourceId of the identity in the token \
                   request\"} Endpoint http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
    assert_eq!(read(several).0, "identity-managed-ambiguous");
    let nmi = "server.go:281] failed to get identities, error: getting assigned identities for pod a/b in CREATED state \
               failed\nserver.go:239] status (404) took 8 ns for req.method=GET reg.path=/host/token/";
    assert_eq!(read(nmi).0, "identity-pod-identity");
}
