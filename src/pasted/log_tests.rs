//! Texts with more in them than the answer: logs of other parts, long ones, other vendors, chains.

use super::tests::{base, ids};
use super::{explain, other_vendor, without_secrets};
use crate::diagnosis::Confidence;

/// What the first answer of a text is not known for.
fn unknown(text: &str) -> &'static str {
    let answer = explain(text, &base("openai"), false).remove(0);
    answer.meaning.err().map(|why| why.words).unwrap_or_else(|| panic!("{text}: {}", answer.line))
}

const DISABLED: &str = "openai.PermissionDeniedError: Error code: 403 - {'error': {'code': '403', 'message': \
                        'Public access is disabled. Please configure private endpoint.'}}\n";

#[test]
fn the_answer_is_found_behind_any_number_of_other_objects() {
    let valid = "{\"level\":\"info\",\"ts\":0,\"msg\":\"tick\"}\n";
    let broken = "func main() { fmt.Println({x}) }\n";
    let old = "Error code: 401 - {'error': {'code': '401', 'message': 'invalid subscription key or wrong API \
               endpoint'}}\n";
    for noise in [valid, broken] {
        for count in [0, 10, 63, 64, 70, 300, 2000] {
            let text = [old, &noise.repeat(count), DISABLED].concat();
            assert_eq!(ids("openai", &text), ["http-public-access-disabled"], "{count} {noise}");
        }
    }
    // Work is bounded where nothing can be read.
    for noise in ["{", "{'a':", "{\"a\":[", "{\"error\":{}}"] {
        assert!(!explain(&noise.repeat(20_000), &base("openai"), false).is_empty());
    }
}

#[test]
fn a_later_failure_of_another_part_does_not_hide_the_answer() {
    for later in [
        "WARNING:azure.monitor.opentelemetry.exporter.export._base:Retrying due to server request error: \
         HTTPSConnectionPool(host='eastus-8.in.applicationinsights.azure.com', port=443): Max retries \
         exceeded with url: /v2.1/track (Caused by NameResolutionError(\"Failed to resolve\": Name or \
         service not known))\n",
        "WARN  urllib3.connectionpool Retrying after connection broken by 'NewConnectionError(Connection \
         refused)': /api/v1/traces\n",
        "ERROR redis.exceptions.ConnectionError: Error 110 connecting to r:6379. Connection timed out.\n",
        "sqlalchemy.exc.OperationalError: could not translate host name \"db\" to address: Temporary \
         failure in name resolution\n",
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='hooks.corp.example', port=443): \
         Connection refused\n",
        "ERROR langfuse: httpx.ConnectError: [Errno 111] Connection refused https://cloud.langfuse.com/api\n",
    ] {
        let text = [DISABLED, later].concat();
        assert_eq!(ids("openai", &text), ["http-public-access-disabled"], "{later}");
    }
    // The quiet neighbours: the account itself, and its client.
    for later in [
        "HTTPSConnectionPool(host='x.openai.azure.com', port=443): Connection refused\n",
        "openai.APIConnectionError: Connection error. Connection refused\n",
        "redis: ok\nhttpx.ConnectError: Connection refused\n",
        "httpx.ConnectError: Connection refused https://x.openai.azure.com/openai\n",
    ] {
        let why = unknown(&[DISABLED, later].concat());
        assert!(why.starts_with("no server answered"), "{later}: {why}");
    }
}

#[test]
fn a_success_in_a_log_is_no_refusal() {
    let ok = "INFO:httpx:HTTP Request: POST https://a.openai.azure.com/x \"HTTP/1.1 200 OK\"\n";
    let own = "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)\n";
    for text in [ok.to_owned(), [ok, "INFO:app:done in 1.2s\n", ok].concat(), [ok, own].concat()] {
        assert_eq!(unknown(&text), "its status is a success");
    }
    // The quiet neighbour: a page in the place of the answer.
    assert_eq!(ids("openai", "HTTP/1.1 200 OK\n\n<html>Blocked</html>"), ["http-front-answered"]);
}

#[test]
fn what_no_client_can_send_was_not_sent() {
    for (text, value) in [
        (
            "httpx.UnsupportedProtocol: Request URL is missing an 'http://' or 'https://' protocol.",
            "https://",
        ),
        ("httpx.LocalProtocolError: Illegal header value b'x\\n'", "the key or token"),
        (
            "httpx.InvalidURL: Invalid non-printable ASCII character in URL, '\\r' at position 32.",
            "URL",
        ),
        (
            "httpx.InvalidURL: Invalid non-printable ASCII character in URL, '\\r' at position 18.",
            "proxy variable",
        ),
        (
            "requests.InvalidURL: Failed to parse: 'p:port' is not a valid host or port",
            "proxy variable",
        ),
        ("httpx.LocalProtocolError: Illegal header value b'Bearer '", "is empty"),
        ("httpx.LocalProtocolError: Illegal header value b'Bearer  '", "is empty"),
        ("httpx.LocalProtocolError: Illegal header value b''", "is empty"),
        ("httpx.LocalProtocolError: Illegal header value b'x '", "the key or token has"),
        (
            "requests.exceptions.InvalidHeader: Header part (30) from ('x-ms-timeout', 30) must be of type str \
             or bytes, not <class 'int'>",
            "no text",
        ),
        (
            "TypeError [ERR_INVALID_CHAR]: Invalid character in header content [\"api-key\"]",
            "the key or token",
        ),
    ] {
        let text = format!("{text}\nopenai.APIConnectionError: Connection error.\n");
        let why = unknown(&text);
        let fits = why.starts_with("nothing was sent") && why.contains("(application)");
        assert!(fits && why.contains(value), "{text}: {why}");
    }
}

#[test]
fn a_text_of_another_vendor_is_not_read_as_azure_s() {
    for host in
        ["api.openai.com", "api.anthropic.com", "huggingface.co", "bedrock.us-east-1.amazonaws.com"]
    {
        assert!(other_vendor("", Some(host)).unwrap().words.contains("not Azure OpenAI"), "{host}");
    }
    let page = "Incorrect API key provided: sk-x. You can find your API key at \
                https://platform.openai.com/account/api-keys.";
    assert!(other_vendor(page, None).unwrap().words.contains("api.openai.com"));
    for host in [
        "a.openai.azure.com",
        "gateway.corp.example",
        "notopenrouter.ai",
        "api.openai.com.corp.example",
    ] {
        assert_eq!(other_vendor(page, Some(host)), None, "{host}");
    }
}

#[test]
fn a_chain_without_a_login_asks_for_one_first() {
    let chain = |cli: &str, other: &str| {
        format!(
            "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted \
             credentials:\n\tEnvironmentCredential: {other}\n\tManagedIdentityCredential: \
             ManagedIdentityCredential authentication unavailable, no response from the IMDS endpoint.\n\
             \tAzureCliCredential: {cli}\n"
        )
    };
    for cli in ["Please run 'az login' to set up an account", "Azure CLI not found on path"] {
        let why = unknown(&chain(cli, "EnvironmentCredential authentication unavailable."));
        let login = why.find("az login").unwrap_or_else(|| panic!("{why}"));
        assert!(login < why.find("identity-metadata-unreachable").unwrap(), "{why}");
    }
    let lost = "Failed to resolve 'login.microsoftonline.com' (Name or service not known)";
    let why = unknown(&chain("Please run 'az login' to set up an account", lost));
    assert!(why.contains("(dns)"), "{why}");
}

#[test]
fn a_chain_shows_what_the_platform_answered_in_it() {
    let chain = |platform: &str| {
        format!(
            "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted \
             credentials:\n\tEnvironmentCredential: EnvironmentCredential authentication unavailable.\n\
             \tManagedIdentityCredential: {platform}\n\tAzureCliCredential: Azure CLI not found on path\n"
        )
    };
    for (platform, id) in [
        (
            "ManagedIdentityCredential authentication unavailable, no response from the IMDS endpoint. Token \
             request error: (invalid_request) Identity not found",
            "identity-managed-missing",
        ),
        (
            "ManagedIdentityCredential authentication unavailable. The requested identity has not been \
             assigned to this resource.",
            "identity-managed-missing",
        ),
        ("no default identity is assigned to this resource", "identity-managed-missing"),
        (
            "the requested identity isn't assigned to this resource\nIdentity not found",
            "identity-managed-not-assigned",
        ),
    ] {
        let answer = explain(&chain(platform), &base("openai"), false).remove(0);
        let meaning = answer.meaning.unwrap_or_else(|why| panic!("{platform}: {why:?}"));
        assert_eq!(meaning.id, id, "{platform}");
        assert!(meaning.is_answer && meaning.confidence == Confidence::Possible, "{platform}");
    }
    // The quiet neighbours: it gave no answer, or one that shows nothing of identities.
    for platform in ["no response from the IMDS endpoint.", "retry limit 429 Too Many Requests"] {
        let why = unknown(&chain(platform));
        assert!(why.contains("see in the text what its identity endpoint answered"), "{why}");
    }
}

#[test]
fn statuses_and_words_of_more_clients_are_read() {
    for (text, status) in [
        (
            "System.ClientModel.ClientResultException: HTTP 429 (RateLimitReached)\n\nRate limit",
            "429",
        ),
        ("HTTP 404 (404)\n\nResource not found", "404"),
        (
            "websockets.exceptions.InvalidStatus: server rejected WebSocket connection: HTTP 403",
            "403",
        ),
        ("404: litellm.APIError: AzureException APIError - Resource not found.", "404"),
    ] {
        let answer = explain(text, &base("openai"), false).remove(0);
        assert!(answer.line.starts_with(status), "{text}: {}", answer.line);
    }
    for (text, hop) in [
        ("curl: (52) Empty reply from server", "(http)"),
        ("curl: (5) Could not resolve proxy: proxy.corp", "(proxy)"),
        ("curl: (28) Operation timed out after 10001 milliseconds with 0 bytes received", "(http)"),
        (
            "curl: (35) schannel: InitializeSecurityContext failed: SEC_E_UNTRUSTED_ROOT (0x80090325)",
            "(tls)",
        ),
        (
            "reactor.netty.http.client.PrematureCloseException: Connection prematurely closed",
            "(http)",
        ),
        ("SSLHandshakeException: Received fatal alert: unrecognized_name", "(tls)"),
        ("Error: connect ENETUNREACH 2603:1030::1:443", "(tcp)"),
        ("[cause]: SocketError: other side closed\n code: 'UND_ERR_SOCKET'", "(http)"),
        (
            "[error] 7#7: *1 myacct.openai.azure.com could not be resolved (3: Host not found)",
            "(dns)",
        ),
        ("{\"error\": {\"cause\": {\"code\": \"UND_ERR_CONNECT_TIMEOUT\"}}}", "(tcp or tls)"),
        (
            "WorkloadIdentityCredential: [Errno 2] No such file or directory: \
             '/var/run/secrets/azure/tokens/azure-identity-token'",
            "(identity)",
        ),
    ] {
        assert!(unknown(&without_secrets(text)).contains(hop), "{text}: {}", unknown(text));
    }
}
