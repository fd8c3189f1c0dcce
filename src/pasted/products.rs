//! Texts of products around a call: platforms, shells, clients of other services, and what chats, mails and
//! terminals make of them.

use super::symptoms::{assumed, host, read};
use super::tests::base;
use super::{explain, of_library, other_vendor, without_secrets};

const OFF: &str = "Public access is disabled. Please configure private endpoint.";

#[test]
fn a_status_is_read_in_the_words_of_each_client() {
    for (text, status) in [
        (
            "HTTP request sent, awaiting response... 403 Forbidden\n2025-11-20 ERROR 403: Forbidden.",
            403,
        ),
        (
            "Invoke-RestMethod : Der Remoteserver hat einen Fehler zur\u{fc}ckgegeben: (403) Unzul\u{e4}ssig.",
            403,
        ),
        ("Le serveur distant a retourn\u{e9} une erreur : (401) Non autoris\u{e9}.", 401),
        ("Error generating response, {error={code=404, message=Resource not found}}", 404),
        ("does not indicate success: Unauthorized (401); Substatus: 1", 401),
        ("WebSocket upgrade failed: Authentication error (403). Please check", 403),
        (
            "unexpected status from GET request to https://r.azurecr.io/oauth2/token: 401 Unauthorized",
            401,
        ),
    ] {
        let line = assumed(&without_secrets(text)).line;
        assert!(line.starts_with(&status.to_string()), "{text}: {line}");
    }
    // The quiet neighbours: a retry in a chain of credentials, and what the application itself answers.
    for text in [
        "ManagedIdentityCredential: retry limit 429 Too Many Requests",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        "INFO:     127.0.0.1:51234 - \"POST /chat HTTP/1.1\" 401 Unauthorized",
        "2025-04-03 error 403 rows processed in 500 ms",
    ] {
        let line = assumed(text).line;
        assert!(line.starts_with("no status"), "{text}: {line}");
    }
}

#[test]
fn the_answer_that_a_platform_passes_on_is_read_inside_its_own() {
    for text in [
        format!(
            "{{\"statusCode\":403,\"headers\":{{}},\"body\":{{\"error\":{{\"code\":\"403\",\"message\":\"{OFF}\"}}}}}}"
        ),
        format!(
            "HTTPError: 400 Client Error: {{'external_model_error': {{'error': {{'code': '403', 'message': '{OFF}'}}}}}}"
        ),
        format!(
            "{{\"statusCode\":500,\"error\":\"x\",\"message\":\"Status code: 403. API Error: {OFF}\"}}"
        ),
        format!(
            "{{\"response\":{{\"status\":{{\"http\":{{\"code\":403}}}}}},\"result\":{{\"error\":{{\"code\":\"403\",\"message\":\"{OFF}\"}}}}}}"
        ),
    ] {
        assert_eq!(read(&text).0, "http-public-access-disabled", "{text}");
        assert!(assumed(&text).line.starts_with("403"), "{text}: {}", assumed(&text).line);
    }
    // A connector makes the call itself, from the platform's network.
    let text = format!(
        "\"error\": {{\"code\": 502,\"source\": \"europe-002.azure-apihub.net\",\"message\": \"BadGateway\",\
         \"innerError\": {{\"error\": {{\"code\": \"403\",\"message\": \"{OFF}\"}}}}}}"
    );
    let meaning = assumed(&text).meaning.unwrap();
    assert_eq!(meaning.id, "http-public-access-disabled");
    assert!(meaning.caller.contains("connector"), "{}", meaning.caller);
    assert!(!meaning.testable.contains("aoai-probe"), "{}", meaning.testable);
    // The quiet neighbour: the program's own failure.
    let own = "{\"statusCode\":500,\"error\":\"x\",\"message\":\"no row found\"}";
    assert_ne!(read(own).0, "http-public-access-disabled");
}

#[test]
fn a_text_that_a_chat_a_mail_or_a_terminal_has_changed_is_read() {
    for text in [
        "Error code: 403 \u{2013} {\u{2018}error\u{2019}: {\u{2018}code\u{2019}: \u{2018}403\u{2019}, \
         \u{2018}message\u{2019}: \u{2018}Public access is disabled.\u{2019}}}",
        "Error\u{a0}code:\u{a0}403\u{a0}-\u{a0}{'error':\u{a0}{'code':\u{a0}'403',\u{a0}'message':\u{a0}\
         'Public\u{a0}access\u{a0}is\u{a0}disabled.'}}",
        "Error code: 403 - {'error': {'code' : '403', 'message':\n'Public access\nis disabled.' }}",
        "> Error code: 403 - {'error': {'code': '403',\n> 'message': 'Public access is\n> disabled.'}}",
        "\u{2502} Status=403 Message=\"Public access\n\u{2502} is disabled.\"\n\u{2502}   with module.x",
        "openai.PermissionDeniedError: Error code: 403 - {'error': {'code': '403', 'messa\n\
         ge': 'Public access is disabled. Please configure private endpoint.'}}",
    ] {
        let plain = without_secrets(text);
        assert_eq!(read(&plain).0, "http-public-access-disabled", "{text}: {plain}");
    }
}

#[test]
fn the_library_that_failed_names_its_service_where_no_url_does() {
    for (text, service) in [
        (
            "Operation returned an invalid status 'Forbidden'\n  File \"/app/azure/search/documents/_generated/x.py\"",
            Some("search"),
        ),
        (
            "Azure.RequestFailedException: Service request failed.\nStatus: 403 (Forbidden)\n   at \
             Azure.Data.AppConfiguration.ConfigurationClient.Get()",
            Some("appconfig"),
        ),
        ("err: keyvault.BaseClient#GetSecret: StatusCode=403", Some("keyvault")),
        ("Azure.Storage.Blobs: This request is not authorized.\nStatus: 403 (x)", Some("blob")),
        // The client of the account failed behind one that did not.
        (
            "azure.search.documents returned 3 rows\nopenai.PermissionDeniedError: Error code: 403",
            None,
        ),
        ("Status: 403 (Forbidden)", None),
        // What is imported was not called, and an account's own header shows it.
        ("from azure.keyvault.secrets import SecretClient\nStatus: 403 (Forbidden)", None),
        ("azure/search/documents/x.py\nStatus: 403 (Forbidden)\napim-request-id: x", None),
    ] {
        assert_eq!(of_library(text, &base("openai")), service, "{text}");
    }
    // What App Configuration runs on is no server in front of it.
    let text = "Service request failed.\nStatus: 403 (Forbidden)\n\nHeaders:\nServer: openresty/1.17.8.2\n\
                x-ms-correlation-request-id: e3a8\nContent-Length: 0\n   at Azure.Data.AppConfiguration.X()";
    let meaning = explain(text, &base("appconfig"), false).remove(0).meaning.unwrap();
    assert_eq!(meaning.id, "http-forbidden");
}

#[test]
fn the_refusal_of_a_key_or_a_role_by_another_service_is_not_the_network_s() {
    for (text, id, of) in [
        (
            "unexpected status 403 (403 Key based authentication is not permitted on this storage account.) with \
             KeyBasedAuthenticationNotPermitted: Key based authentication is not permitted",
            "identity-keys-disabled",
            "storage account",
        ),
        (
            "CosmosHttpResponseError: (Unauthorized) Local Authorization is disabled. Use an AAD token to \
             authorize all requests.\nCode: Unauthorized",
            "identity-keys-disabled",
            "Cosmos DB",
        ),
        (
            "(Forbidden) Request blocked by Auth db : Request is blocked because principal [x] does not have \
             required RBAC permissions to perform action [Microsoft.DocumentDB/databaseAccounts/readMetadata]",
            "identity-role-missing",
            "Cosmos DB",
        ),
        (
            "(Forbidden) The user, group or application 'appid=x' does not have secrets get permission on key \
             vault 'kv;location=westeurope'.\nCode: Forbidden",
            "identity-access-policy",
            "Key Vault",
        ),
    ] {
        let (found, callee) = read(text);
        assert!(found == id && callee.contains(of), "{text}: {found} {callee}");
    }
    // Public access of a store is no public network.
    let text = "HTTP/1.1 409 Public access is not permitted on this storage account.\nServer: Windows-Azure-Blob/1.0\n";
    let (id, why) = read(text);
    assert!(id == "-" && why.contains("no credential"), "{id} {why}");
}

#[test]
fn what_is_of_another_server_than_the_account_is_called_so() {
    let table = "HTTPSConnectionPool(host='openaipublic.blob.core.windows.net', port=443): Max retries exceeded \
                 (Caused by NameResolutionError(\"Failed to resolve 'openaipublic.blob.core.windows.net'\"))";
    for (text, whose) in [
        (table, "tiktoken"),
        (
            "Error code: 429 - {'error': {'message': 'You exceeded your current quota, please check your plan and \
             billing details.', 'code': 'insufficient_quota'}}",
            "OpenAI's own API",
        ),
        (
            "creating Private Endpoint: unexpected status 400 (400 Bad Request) with error: \
             AccountProvisioningStateInvalid: Call to Microsoft.CognitiveServices/accounts failed.",
            "control plane",
        ),
        ("{\"error\":{\"code\":\"RequestDisallowedByPolicy\",\"message\":\"x\"}}", "control plane"),
        (
            "Error: invalid_search_request; Project has public networking disabled, but the agent setup is not \
             fully configured for private networking.",
            "agent service",
        ),
        // microsoft-foundry/foundry-samples#449.
        (
            "cosmos_vnet_blocked: Access to Cosmos DB is blocked due to VNET configuration.",
            "Cosmos DB",
        ),
        // MicrosoftDocs/azure-aks-docs#212.
        (
            "Error: BadRequest -> A virtual network cannot be linked to multiple zones with overlapping namespaces.",
            "another zone of the same name",
        ),
    ] {
        let why = other_vendor(text, host(text).as_deref());
        assert!(why.is_some_and(|why| why.end.is_some()), "{text}: {why:?}");
        let sentence = why.map_or("", |why| why.words);
        assert!(sentence.contains(whose), "{text}: {sentence}");
    }
    // The quiet neighbour: the account's own limit.
    let own = "Error code: 429 - Requests to the ChatCompletions_Create Operation have exceeded call rate limit";
    assert_eq!(other_vendor(own, None), None);
}

#[test]
fn what_came_before_the_call_does_not_hide_its_answer() {
    let answer = format!("Error code: 403 - {{'error': {{'code': '403', 'message': '{OFF}'}}}}");
    let later = |text: &str| super::from_answer(text, &base("openai")).to_owned();
    for line in [
        "RequestDisallowedByPolicy, then allowed",
        "HTTPSConnectionPool(host='openaipublic.blob.core.windows.net', port=443): Max retries exceeded",
    ] {
        let text = [line, "\n", &answer].concat();
        let sentence = other_vendor(&text, host(&text).as_deref()).unwrap();
        assert!(super::is_beside(sentence), "{}", sentence.words);
        assert_eq!(later(&text), answer);
        assert_eq!(read(&text).0, "http-public-access-disabled");
    }
    // The quiet neighbour: what comes later.
    let text = [&answer, "\nRequestDisallowedByPolicy"].concat();
    assert!(later(&text).contains("Policy"));
    let own =
        "{\"choices\":[{}],\"prompt\":[{\"error\":{\"code\":\"x\",\"message\":\"not filtered\"}}]}";
    assert!(assumed(own).line.starts_with("no status, body"), "{}", assumed(own).line);
}

#[test]
fn a_metadata_endpoint_that_powershell_does_not_reach_is_that_and_not_the_account() {
    let text = "Invoke-RestMethod : Unable to connect to the remote server\n+ Invoke-RestMethod -Uri \
                http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
    assert_eq!(read(text).0, "identity-metadata-unreachable");
}

#[test]
fn the_hop_is_read_in_other_languages_and_runtimes() {
    for (text, hop) in [
        ("** (Req.TransportError) :nxdomain", "(dns)"),
        ("cURL error 28: Resolving timed out after 10000 milliseconds", "(dns)"),
        (
            "\u{30ea}\u{30e2}\u{30fc}\u{30c8}\u{540d}\u{3092}\u{89e3}\u{6c7a}\u{3067}\u{304d}",
            "(dns)",
        ),
        ("Could not access server. Host not found: myacct.openai.azure.com.", "(dns)"),
        ("reason: {:tls_alert, {:unknown_ca, ~c\"TLS client\"}}", "trust"),
        ("relaci\u{f3}n de confianza para el canal seguro SSL/TLS.", "trust"),
        ("schannel: SEC_E_WRONG_PRINCIPAL (0x80090322)", "not for the name"),
        (
            "NewConnectionError('Failed to establish a new connection: [Errno 16] Device or resource busy')",
            "(tcp)",
        ),
        // WinHTTP, .NET Framework, Oracle, Apple, Dart and OkHttp.
        ("Run-time error '-2147012889 (80072ee7)'", "(dns)"),
        ("the external rest endpoint. HRESULT: 0x80072efd.", "(tcp)"),
        ("Run-time error '-2147012721 (80072f8f)': A security error occurred", "(tls)"),
        ("The request was aborted: Could not create SSL/TLS secure channel.", "handshake failed"),
        ("connection was closed: An unexpected error occurred on a send.", "closed or reset"),
        ("Die Verbindung mit dem Remoteserver kann nicht hergestellt werden.", "(tcp)"),
        (
            "ORA-29273: HTTP request failed\nORA-24247: network access denied by access control list",
            "own machine",
        ),
        ("ORA-29273: HTTP request failed\nORA-29024: Certificate validation failure", "trust"),
        ("Error Domain=NSURLErrorDomain Code=-1003 \"A server\"", "(dns)"),
        ("SocketException: Failed host lookup: 'x'", "(dns)"),
        ("SSLPeerUnverifiedException: Hostname x not verified:", "not for the name"),
    ] {
        let (id, why) = read(text);
        assert!(id == "-" && why.contains(hop), "{text}: {id} {why}");
    }
}
