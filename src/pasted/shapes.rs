//! Texts in the shapes of more clients, gateways and logs, each with the nearest one that was right.

use super::symptoms::{assumed, host, read};

#[test]
fn a_hop_is_named_only_where_the_words_of_the_client_show_it() {
    for (text, hop) in [
        ("curl: (35) Recv failure: Connection reset by peer", "handshake (tls)"),
        ("httpx.ConnectError: [Errno 104] Connection reset by peer", "handshake (tls)"),
        ("javax.net.ssl.SSLException: Connection reset", "handshake (tls)"),
        ("client error (Connect): Connection reset by peer (os error 104)", "handshake (tls)"),
        (
            "('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
            "tls or http",
        ),
        ("An existing connection was forcibly closed by the remote host.", "tls or http"),
        ("Read timed out. (read timeout=10)", "tls or http"),
        ("httpx.ReadTimeout: The read operation timed out", "client's time (http)"),
        ("ConnectTimeout: _ssl.c:990: The handshake operation timed out", "time (tls)"),
        ("httpx.ConnectTimeout", "tcp or tls"),
        ("Connect Timeout Error (attempted address: a:443) UND_ERR_CONNECT_TIMEOUT", "tcp or tls"),
        ("curl: (28) Connection timed out after 3000 milliseconds", "tcp or tls"),
        ("ConnectTimeoutError('Connection to a timed out. (connect timeout=5)')", "(tcp)"),
        ("Error: read ECONNRESET { code: 'ECONNRESET', syscall: 'read' }", "tls or http"),
        ("curl: (28) SSL connection timeout", "time (tls)"),
        (
            "* CONNECT tunnel established, response 200\n* Recv failure: Connection reset by peer\n\
             curl: (35) Recv failure: Connection reset by peer",
            "handshake (tls)",
        ),
        (
            "< HTTP/1.1 200 Connection established\n<\ncurl: (35) OpenSSL SSL_connect: \
             SSL_ERROR_SYSCALL in connection to a.openai.azure.com:443",
            "handshake (tls)",
        ),
        ("Post \"https://a.openai.azure.com/openai/x\": EOF", "tls or http"),
        ("CERTIFICATE_VERIFY_FAILED: certificate verify failed: certificate has expired", "clock"),
        ("TypeError: Failed to fetch net::ERR_NAME_NOT_RESOLVED", "(dns)"),
        ("net::ERR_CONNECTION_RESET", "tls or http"),
        ("net::ERR_TUNNEL_CONNECTION_FAILED", "tunnel"),
        ("Error: certificate has expired { code: 'CERT_HAS_EXPIRED' }", "clock"),
        ("invalid peer certificate: UnknownIssuer", "trust"),
        ("invalid peer certificate: NotValidForName", "not for the name"),
        ("SocketException (10055): the system lacked sufficient buffer space", "left it (tcp)"),
        ("OSError: Could not find a suitable TLS CA certificate bundle, invalid path: x", "roots"),
        ("Der Remotename konnte nicht aufgel\u{f6}st werden: 'a.openai.azure.com'", "(dns)"),
        ("UnknownHostException: a.openai.azure.com", "(dns)"),
        (
            "{\"msg\":\"dial tcp: lookup a.openai.azure.com: server misbehaving\",\"status\":502}",
            "(dns)",
        ),
    ] {
        let (id, why) = read(text);
        assert!(
            id == "-" && why.starts_with("no server answered") && why.contains(hop),
            "{text}: {id} {why}"
        );
    }
    // A word without a domain was looked up: the endpoint is wrong, and no resolver.
    for text in [
        "HTTPSConnectionPool(host='https'): NameResolutionError(\"Failed to resolve 'https'\")",
        "AxiosError: getaddrinfo ENOTFOUND myacct",
    ] {
        let (id, why) = read(text);
        assert!(id == "-" && why.contains("without a domain"), "{text}: {why}");
    }
    let java = "java.net.UnknownHostException: www.example.com\n\tat com.azure.identity.X";
    assert!(read(java).1.contains("azure-identity for Java"), "{}", read(java).1);
}

#[test]
fn an_error_is_read_in_each_field_of_a_log_and_behind_the_words_of_its_program() {
    let key = "Access denied due to invalid subscription key or wrong API endpoint. Make sure";
    let exception = format!(
        "{{\"level\":\"ERROR\",\"message\":\"call failed\",\"exception\":\"ClientResultException: HTTP \
         401 (: 401)\\n\\n{key}\\n   at OpenAI.X\"}}"
    );
    for (text, id) in [
        (exception.as_str(), "identity-key-refused"),
        (
            "{\"errorMessage\":\"not found\",\"errorDescription\":\"404 Resource not found\\n\\nURL\"}",
            "http-not-found",
        ),
        (
            "api | error: [handleAbortError] aborting request: 404 Resource not found\n\
             search | INFO HTTP request{status_code=202}: close",
            "http-not-found",
        ),
        (
            "DataSource.Error: Web.Contents failed to get contents from 'https://a.openai.azure.com/x' \
             (403): Forbidden",
            "http-forbidden",
        ),
        ("INFO status=200 path=/healthz\nERROR status=404 from the account", "http-not-found"),
        (
            "[{\"name\":\"POST /openai\",\"target\":\"a.openai.azure.com\",\"resultCode\":\"401\"}]",
            "identity-unauthorized",
        ),
    ] {
        assert_eq!(read(text).0, id, "{text}");
    }
    assert_eq!(
        read("< HTTP/2 200\n< apim-request-id: x\n<\n{\"data\":[]}").1,
        "its status is a success"
    );
    // The quiet neighbour: a success, and a time that is no status.
    assert_eq!(read("HTTP status 200, response 450 ms").0, "-");
}

#[test]
fn what_is_in_front_is_known_by_its_own_text_without_a_status() {
    for (text, who) in [
        ("<h2>Our services aren't available right now</h2><p>Ref A</p>", "Azure Front Door"),
        ("RBAC: access denied", "Envoy"),
        (
            "Action: Deny. Reason: No rule matched. Proceeding with default action.",
            "Azure Firewall",
        ),
        ("<html>Generated Mon by proxy.corp (squid/5.7)</html>", "squid"),
        (
            "HTTP/1.1 401 Unauthorized\nServer: kong/3.4.0\n\n{\"message\":\"No API key found\"}",
            "Kong",
        ),
        ("HTTP/1.1 401 Unauthorized\nServer: thttpd\n\nno", "thttpd"),
    ] {
        let meaning = assumed(text).meaning.unwrap_or_else(|why| panic!("{text}: {why:?}"));
        assert!(meaning.refused.contains(who), "{text}: {}", meaning.refused);
    }
}

#[test]
fn what_api_management_and_the_control_plane_say_is_not_the_service_s() {
    // The quiet neighbour: words of a client that name the issuer of a certificate.
    let issuer =
        "CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate: Zscaler Root CA";
    assert!(read(issuer).1.contains("(tls)"), "{}", read(issuer).1);
    for (text, id) in [
        (
            "{ \"statusCode\": 401, \"message\": \"Access denied due to a missing application \
             credentials or subscription key. Make sure\" }",
            "identity-gateway-key",
        ),
        (
            "{ \"statusCode\": 401, \"message\": \"Unauthorized. Access token is missing or \
             invalid.\" }",
            "identity-gateway-token",
        ),
        (
            "{ \"statusCode\": 401, \"message\": \"Unauthorized. Access token is missing, invalid, \
             audience is incorrect (https://cognitiveservices.azure.com), or have expired.\" }",
            "identity-token-refused",
        ),
    ] {
        assert_eq!(read(text).0, id, "{text}");
    }
    let vault = "(Forbidden) Caller is not authorized to perform action on resource.\nCaller: appid=x\n\
                 Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\nCode: Forbidden";
    let (id, of) = read(vault);
    assert!(id == "identity-role-missing" && of.contains("Key Vault"), "{id} {of}");
    let plane = "status 403 with error: AuthorizationFailed: The client 'x' does not have \
                 authorization to perform action 'Microsoft.CognitiveServices/accounts/read'";
    assert!(crate::pasted::other_vendor(plane, None).unwrap().words.contains("control plane"));
}

#[test]
fn the_host_of_a_quoted_call_is_not_the_one_that_answered() {
    let text = "{\"error\":{\"code\":400,\"message\":\"Call to get Azure Search index failed.\\nAzure \
                Search Error: 403, message='Server responded with status 403.', \
                url=URL('https://s.search.windows.net/i')\"}}";
    assert_eq!(host(text), None);
    let log = ["POST https://a.openai.azure.com/x\n", text].concat();
    assert_eq!(host(&log).as_deref(), Some("a.openai.azure.com"));
    assert_eq!(read(text).0, "http-leg-to-search");
}

#[test]
fn what_a_gateway_logs_of_its_upstream_is_of_its_own_leg() {
    for (text, name, hop) in [
        (
            "upstream timed out (110: Connection timed out) while connecting to upstream",
            "nginx",
            "(tcp)",
        ),
        (
            "upstream timed out (110: Connection timed out) while SSL handshaking to upstream",
            "nginx",
            "(tls)",
        ),
        (
            "{\"error\":{\"code\":502,\"source\":\"logic-apis-westeurope.azure-apim.net\",\"message\":\
             \"BadGateway\",\"innerError\":{\"status\":502,\"message\":\"The remote name could not be \
             resolved: 'a.openai.azure.com'\"}}}",
            "Logic Apps",
            "(dns)",
        ),
        ("backend a/s is DOWN, reason: Layer4 timeout, check duration: 2001ms", "HAProxy", "(tcp)"),
    ] {
        let meaning = assumed(text).meaning.unwrap_or_else(|why| panic!("{text}: {why:?}"));
        assert_eq!(meaning.id, "http-gateway-leg", "{text}");
        let refused = &meaning.refused;
        assert!(meaning.caller.contains(name) && refused.contains(hop), "{text}: {refused}");
    }
}
