//! What programs print, and what is made of it.

use super::{explain, without_secrets};
use crate::diagnose::pasted::of_service;
use crate::evidence::{Evidence, Hop, Observed};

/// A walk to the service without any hop.
pub(super) fn base(service: &str) -> Evidence {
    let text = include_str!("../../fixtures/bases/private.json");
    let mut base: Evidence = serde_json::from_str(text).unwrap();
    base.http = Observed::NotReached { stopped_at: Hop::Dns };
    base.tls = Observed::NotReached { stopped_at: Hop::Dns };
    base.tcp = Observed::NotReached { stopped_at: Hop::Dns };
    of_service(&mut base, service);
    base
}

/// The findings of a text, the outermost first; `-` for none.
pub(super) fn ids(service: &str, text: &str) -> Vec<&'static str> {
    let answers = explain(text, &base(service), false);
    answers.into_iter().map(|answer| answer.meaning.map_or("-", |meaning| meaning.id)).collect()
}

const OWN_DATA: &str = "openai.BadRequestError: Error code: 400 - {'error': {'requestid': \
    '9ad0e3db-ef59-4ffc-9237-fd5970e39c74', 'code': 400, 'message': \"Invalid AzureCognitiveSearch \
    configuration detected: Call to get Azure Search index failed. Check if you are using the \
    correct Azure Search endpoint and index name.\\nAzure Search Error: 403, message='Server \
    responded with status 403.\"}}";

const SKILL: &str = "Could not execute skill because the Web Api request failed.\nWeb Api response \
    status: 'Forbidden', Web Api response details: '{\"error\":{\"code\":\"403\",\"message\": \"Access \
    denied due to Virtual Network/Firewall rules.\"}}'";

#[test]
fn a_refusal_inside_an_answer_is_of_another_call() {
    assert_eq!(ids("openai", OWN_DATA), ["http-leg-to-search", "http-forbidden"]);
    assert_eq!(ids("openai", SKILL), ["http-leg-of-skill", "http-network-rules"]);
    let other = SKILL.replace("Access denied due to Virtual Network/Firewall rules.", "teapot");
    assert_eq!(ids("search", &other), ["http-leg-of-skill", "http-forbidden"]);
    let alone =
        "Could not complete vectorization action. Could not reach the vectorization endpoint.";
    assert_eq!(ids("search", alone), ["http-leg-of-skill"]);

    let answers = explain(OWN_DATA, &base("openai"), false);
    let [outer, inner] = [0, 1].map(|at| answers[at].meaning.as_ref().unwrap());
    assert!(outer.between_services && inner.between_services);
    assert_eq!((outer.caller.as_str(), outer.callee.as_str()), ("Azure OpenAI", "Azure AI Search"));
    assert!(outer.testable.contains("no client can test"), "{}", outer.testable);
    // The causes are those of the search service's own profile.
    assert!(inner.causes.iter().any(|cause| cause.contains("bare 403")), "{:?}", inner.causes);
    // A text that was pasted proves nothing, and no check of ours makes that call.
    let finding = outer.finding.as_ref().unwrap();
    assert_ne!(finding.confidence, crate::diagnosis::Confidence::Proved);
    assert!(finding.fix.as_ref().unwrap().check.is_none());
}

#[test]
fn what_programs_print_is_read() {
    let page = "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1>\
                </center><hr><center>nginx</center></body></html>";
    let curl = "*   Trying 10.3.0.5:443...\n< HTTP/1.1 200 Connection established\n<\n\
                < HTTP/1.1 403 Forbidden\n< policy-id: ThrowExceptionDueToTrafficDenied\n<\n{}";
    for (text, finding) in [
        (
            "HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\n\r\n{\"error\":{\"code\":\
          \"AccessDenied\",\"message\": \"Public access is disabled. Please configure private \
          endpoint.\"}}",
            "http-public-access-disabled",
        ),
        (curl, "http-network-rules"),
        ("status 400: ManagedIdentityIsNotEnabled", "http-managed-identity-off"),
        (
            "{\"error\":{\"code\":\"400\",\"message\":\"Outbound network access is restricted. The \
          hostname 'x.search.windows.net' for parameter 'endpoint' is not in the allowed FQDN \
          list\"}}",
            "http-outbound-restricted",
        ),
        (
            "This request is not authorized by network security perimeter to perform this operation.",
            "http-network-perimeter",
        ),
        (
            "{\"statusCode\":500,\"message\":\"An unexpected error occured while fetching the AAD \
          Token\"}",
            "identity-platform-fetch-failed",
        ),
        (
            "ClientSecretCredential authentication failed: AADSTS7000215: Invalid client secret \
          provided.",
            "identity-secret-wrong",
        ),
        (page, "http-front-answered"),
        (
            "{\"level\":\"error\",\"msg\":\"call failed: {\\\"error\\\":{\\\"code\\\":\\\"DeploymentNotFound\\\",\
          \\\"message\\\":\\\"The API deployment for this resource does not exist.\\\"}}\"}",
            "http-deployment-missing",
        ),
        (
            "Error code: 401 - {'statusCode': 401, 'message': 'Unauthorized. Access token is missing, \
          invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired.'}",
            "identity-token-refused",
        ),
        (
            "AuthenticationError: 401 Access denied due to invalid subscription key or wrong API \
          endpoint.",
            "identity-key-refused",
        ),
        (
            "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: AzureApiManagementKey \
          realm=\"https://x.azure-api.net/a\",name=\"api-key\",type=\"header\"\n\n{ \"statusCode\": \
          401, \"message\": \"Access denied due to missing subscription key.\" }",
            "identity-gateway-key",
        ),
        (
            "HTTP/1.1 500 x\n\n{\"statusCode\":500,\"message\":\"Internal server error\",\
          \"activityId\":\"1\"}",
            "http-front-answered",
        ),
    ] {
        assert_eq!(ids("openai", text), [finding], "{text}");
    }
    // About the request, a success, and nothing at all.
    for text in [
        "Error code: 400 - {'error': {'message': \"[] is too short - 'messages'\", 'type': \
         'invalid_request_error', 'code': None}}",
        "HTTP/1.1 200 OK\n\n{\"choices\":[{}]}",
        "hello",
        "",
    ] {
        assert_eq!(ids("openai", text), ["-"], "{text}");
    }
}

#[test]
fn of_a_log_the_last_answer_that_failed_is_read() {
    let limited = "WARNING Error code: 429 - {'error': {'code': '429', 'message': 'Requests have exceeded \
                   token rate limit. Please retry after 3 seconds.'}}\n";
    let ok = "INFO HTTP Request: POST https://a.openai.azure.com/x \"HTTP/1.1 200 OK\"\n";
    let head = "INFO HTTP Request: POST https://a.openai.azure.com/x \"HTTP/1.1 403 Forbidden\"\n";
    let disabled = "ERROR Error code: 403 - {'error': {'code': '403', 'message': 'Public access is \
                    disabled. Please configure private endpoint.'}}\n";
    let other = "INFO HTTP Request: GET https://s.blob.core.windows.net/c \"HTTP/1.1 200 OK\"\n";
    for log in [
        [ok, limited, ok, head, disabled].concat(),
        [head, disabled, other].concat(),
        [limited, disabled].concat(),
    ] {
        let answers = explain(&log, &base("openai"), false);
        assert_eq!(answers.len(), 1, "{log}");
        assert!(answers[0].line.contains("403"), "{}", answers[0].line);
        assert_eq!(ids("openai", &log), ["http-public-access-disabled"], "{log}");
    }
    // The last one alone, where it has no body that can be read.
    let line = &explain(&[limited, head].concat(), &base("openai"), false)[0].line;
    assert!(line.contains("403") && !line.contains("rate limit"), "{line}");
    assert_eq!(ids("openai", &[disabled, limited].concat()), ["http-rate-limited"]);
}

#[test]
fn what_the_application_logs_of_its_own_answer_is_not_that_of_the_service() {
    let disabled = "Error code: 403 - {'error': {'code': '403', 'message': 'Public access is \
                    disabled. Please configure private endpoint.'}}\n";
    let json = "{\"error\":{\"code\":\"403\",\"message\":\"Public access is disabled. Please \
                configure private endpoint.\"},\"status\":403}\n";
    for (service, own) in [
        (disabled, "INFO:     127.0.0.1:5 - \"POST /chat HTTP/1.1\" 500 Internal Server Error\n"),
        (disabled, "127.0.0.1 - - [30/Nov/2026 10:00:00] \"POST /ask HTTP/1.1\" 500 -\n"),
        (disabled, "10.0.0.1 - - [30/Nov/2026:10:00:00 +0000] \"POST /chat HTTP/1.1\" 502 157\n"),
        (disabled, "[pid: 1|app: 0] 10.0.0.1 POST /chat => generated 21 bytes (HTTP/1.1 500)\n"),
        (disabled, "{\"request\":\"POST /chat HTTP/1.1\",\"status\":500}\n"),
        (json, "{\"level\":\"error\",\"message\":\"failed\",\"code\":\"E\",\"statusCode\":502}\n"),
        (json, "HTTP/1.1 500\n{\"message\":\"internal\",\"code\":\"500\"}\n"),
        (json, "HTTP/1.1 500\n{\"error\":{\"message\":\"internal\",\"code\":\"500\"}}\n"),
    ] {
        let log = [service, own].concat();
        assert_eq!(ids("openai", &log), ["http-public-access-disabled"], "{log}");
        let line = &explain(&log, &base("openai"), false)[0].line;
        assert!(line.contains("403"), "{log}: {line}");
    }
    // The quiet neighbours: the log of a client, and a later failure of the service itself.
    let urllib3 = "https://x.openai.azure.com:443 \"POST /openai/x HTTP/1.1\" 502 10\n";
    let line = &explain(&[disabled, urllib3].concat(), &base("openai"), false)[0].line;
    assert!(line.contains("502"), "{line}");
    let limited = "Error code: 429 - {'error': {'code': '429', 'message': 'Requests have exceeded \
                   token rate limit.'}}\n";
    let failed = "Error code: 500 - {'error': {'code': 'x', 'message': 'teapot'}}\n";
    let line = &explain(&[limited, failed].concat(), &base("openai"), false)[0].line;
    assert!(line.contains("500"), "{line}");
}

#[test]
fn a_log_that_ends_without_an_answer_is_not_called_refused() {
    let request = "INFO HTTP Request: POST https://a.openai.azure.com/x ";
    let lost = "httpx.ConnectError: [Errno -2] Name or service not known\n\
                openai.APIConnectionError: Connection error.\n";
    let limited = "Error code: 429 - {'error': {'code': '429', 'message': 'Requests have exceeded \
                   token rate limit.'}}\n";
    for before in ["\"HTTP/1.1 200 OK\"\n", "\"HTTP/1.1 429 Too Many Requests\"\n"] {
        for before in [[request, before].concat(), [request, before, limited].concat()] {
            let log = [before.as_str(), lost].concat();
            let meaning = explain(&log, &base("openai"), false).remove(0).meaning;
            let why = meaning.err().unwrap_or_else(|| panic!("{log}")).words;
            assert!(why.starts_with("no server answered") && why.contains("(dns)"), "{why}");
        }
    }
    // The quiet neighbours: the failure is the last, and such words are the body of an answer.
    let log = [lost, limited].concat();
    assert_eq!(ids("openai", &log), ["http-rate-limited"]);
    for head in ["HTTP/1.1 503 Service Unavailable\n\n", "< HTTP/1.1 503 x\n<\n"] {
        let text = [head, "upstream connect error, reset reason: connection timed out\n"].concat();
        assert_ne!(ids("openai", &text), ["-"], "{text}");
    }
}

#[test]
fn what_no_server_answered_is_not_called_refused() {
    for (text, hop) in [
        ("httpx.ConnectError: [Errno -2] Name or service not known", "(dns)"),
        ("lookup x.openai.azure.com on 10.1.0.10:53: no such host", "(dns)"),
        (
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
            "(tls)",
        ),
        ("x509: certificate signed by unknown authority", "(tls)"),
        ("PKIX path building failed", "(tls)"),
        ("code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'", "(tls)"),
        ("curl: (60) SSL certificate problem: self-signed certificate in chain", "(tls)"),
        ("curl: (6) Could not resolve host: x.openai.azure.com", "(dns)"),
        ("connect ECONNREFUSED 10.0.0.4:443", "(tcp)"),
        ("System.Net.Sockets.SocketException (10060): A connection attempt failed", "(tcp)"),
        (
            "litellm.APIConnectionError: AzureException APIConnectionError - Connection error.",
            "which hop",
        ),
        ("litellm.Timeout: APITimeoutError - Request timed out.", "which hop"),
        (
            "litellm.APIConnectionError: AzureException APIConnectionError - Cannot connect to host \
             myaoai.openai.azure.com:443 ssl:default [Name or service not known]",
            "(dns)",
        ),
    ] {
        let answers = explain(text, &base("openai"), false);
        let why = answers[0].meaning.as_ref().err().unwrap_or_else(|| panic!("{text}")).words;
        assert!(why.starts_with("no server answered") && why.contains(hop), "{text}: {why}");
    }
    // A proxy that refuses is the one that answered.
    for (text, id) in [
        ("httpx.ProxyError: 407 Proxy Authentication Required", "proxy-auth-required"),
        (
            "> CONNECT x:443 HTTP/1.1\n< HTTP/1.1 403 Forbidden\n< Server: squid/5.7\n\
             curl: (56) CONNECT tunnel failed, response 403",
            "proxy-denied",
        ),
    ] {
        assert_eq!(ids("openai", text), [id], "{text}");
    }
    // The quiet neighbour: a gateway that answered with that text and a status.
    let gateway = "HTTP/1.1 500 Internal Server Error\n\n{\"error\":{\"message\":\
                   \"litellm.APIConnectionError: AzureException - Connection error.\",\"code\":\"500\"}}";
    assert_eq!(ids("openai", gateway), ["http-gateway-leg"]);
}

#[test]
fn bodies_are_read_where_sdks_print_them() {
    let xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthorizationFailure</Code><Message>\
               This request is not authorized to perform this operation.\nRequestId:a\nTime:b</Message></Error>";
    let bare = ids("blob", &format!("HTTP/1.1 403 x\n\n{xml}"));
    for text in [
        format!(
            "Status: 403 (This request)\nErrorCode: AuthorizationFailure Content:\n{xml} Headers:\n\
                 Server: Microsoft-HTTPAPI/2.0\nx-ms-request-id: e"
        ),
        format!("BlobStorageException: Status code 403, \"{xml}\""),
    ] {
        let answers = explain(&text, &base("blob"), false);
        let meaning = answers[0].meaning.as_ref().unwrap();
        assert_eq!(vec![meaning.id], bare, "{text}");
        assert!(!meaning.refused.contains("http.sys"), "{text}: {}", meaning.refused);
    }
    let vault = "HttpResponseError: (Forbidden) Public network access is disabled and request is not from \
                 a trusted service nor via an approved private link.\nCode: Forbidden\nInner error: {\n    \
                 \"code\": \"ForbiddenByConnection\"\n}";
    assert_ne!(ids("keyvault", vault), ["-"]);
    let token = "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: The provided client \
                 secret keys are expired.\"}";
    assert_eq!(ids("openai", token), ["identity-secret-expired"]);
}

#[test]
fn first_lines_between_services_fit() {
    for id in ["http-leg-to-search", "http-leg-of-skill", "http-outbound-restricted"] {
        let rule = crate::diagnose::rule(id).unwrap();
        let line = format!("REFUSED between services ({id}): {}", rule.short.unwrap());
        assert!(line.len() <= 100, "{line}");
    }
}

#[test]
fn a_secret_in_the_text_is_not_shown() {
    let key = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";
    let short = "hunter2pass";
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln";
    for text in [
        format!("api-key: {key}"),
        format!("'api-key': '{short}', 'x': 1"),
        format!("Authorization: Bearer {token}"),
        format!("authorization: Basic {short}"),
        format!("Bearer {short}"),
        format!("https://x.blob.core.windows.net/?sig={short}&se=1"),
        format!("AccountKey={short};EndpointSuffix=x"),
        format!("{{\"client_secret\":\"{short}\"}}"),
        format!("key {key} refused"),
        token.to_owned(),
    ] {
        let shown = without_secrets(&text);
        assert!(![key, short, token].iter().any(|secret| shown.contains(secret)), "{shown}");
        assert!(shown.contains("[secret]"), "{shown}");
    }
    let harmless = "requestid 9ad0e3db-ef59-4ffc-9237-fd5970e39c74 of gpt-4o-2024-08-06 at \
                    https://myacct.openai.azure.com/openai/deployments, api-version=2024-10-21";
    assert_eq!(without_secrets(harmless), harmless);
}

#[test]
fn hostile_text_ends_and_shows_no_control_character() {
    let deep = format!("{}{}", SKILL, SKILL.repeat(50));
    for text in ["{".repeat(5000), "{'a':".repeat(5000), "\u{1b}[31m\u{202e}{".to_owned(), deep] {
        for answer in explain(&text, &base("openai"), false) {
            assert!(!answer.line.contains('\u{1b}'), "{}", answer.line);
        }
    }
}
