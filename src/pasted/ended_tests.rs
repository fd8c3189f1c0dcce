//! Texts of calls that no server answered, and of resources that no call can pass: where they ended.

use super::symptoms::{assumed, read};

#[test]
fn the_hop_at_which_a_call_ended_is_the_one_that_the_text_shows() {
    for (text, hop) in [
        (
            "R:a.openai.azure.com/20.1.1.1:443]\nTimeoutException: Channel response timed out after 60000",
            "(http)",
        ),
        ("RestError: read ETIMEDOUT\n at TLSWrap.onStreamRead { syscall: 'read' }", "(http)"),
        ("A: dial tcp 168.63.129.16:53: i/o timeout", "(dns)"),
        (
            "lookup k.vault.azure.net on 10.0.0.10:53: read udp 10.0.0.5:4->10.0.0.10:53: i/o timeout",
            "(dns)",
        ),
        ("connect ECONNREFUSED 10.0.0.9:3128", "(proxy)"),
        ("connect ECONNREFUSED 10.0.0.9:443", "(tcp)"),
        ("connect ECONNREFUSED", "(tcp)"),
        (
            "The remote certificate is invalid according to the validation procedure: \
          RemoteCertificateNameMismatch",
            "not for the name",
        ),
        ("invalid because of errors in the certificate chain: RevocationStatusUnknown", "revoked"),
        (
            "invalid because of errors in the certificate chain: UntrustedRoot, RevocationStatusUnknown",
            "trust",
        ),
        ("EOF occurred in violation of protocol (_ssl.c:1016)", "handshake"),
        ("CERTIFICATE_VERIFY_FAILED: Basic Constraints of CA cert not marked critical", "RFC 5280"),
        ("final_renegotiate:unsafe legacy renegotiation disabled", "old way"),
        (
            "Cannot connect to host a.openai.azure.com:443 ssl:default [Domain name not found]",
            "(dns)",
        ),
        (
            "SocketException (11): Resource temporarily unavailable\n at System.Net.Dns.GetHostEntry",
            "(dns)",
        ),
        ("Server disconnected without sending a response.", "(http)"),
        ("httpx.InvalidURL: Invalid port: ':1'", "(proxy)"),
        ("Error: context deadline exceeded", "which hop"),
    ] {
        let (id, why) = read(text);
        assert!(
            id == "-" && why.starts_with("no server answered") && why.contains(hop),
            "{text}: {why}"
        );
    }
    let name = "tls: x509: certificate is valid for *.openai.azure.com, not \
                a.privatelink.openai.azure.com";
    assert_eq!(read(name).0, "tls-privatelink-name");
}

#[test]
fn the_failure_of_a_gateway_s_own_call_is_named_with_its_hop() {
    for (text, name, hop) in [
        (
            "HTTP/1.1 503 Service Unavailable\nserver: envoy\n\nupstream connect error or disconnect/reset \
          before headers. reset reason: connection timeout",
            "Envoy",
            "(tcp)",
        ),
        (
            "{\"error\":{\"message\":\"litellm.InternalServerError: AzureException - CERTIFICATE_VERIFY_FAILED\
          \",\"code\":\"500\"}}",
            "LiteLLM",
            "(tls)",
        ),
        (
            "{\"error\":{\"message\":\"litellm.Timeout: Request timed out.\",\"code\":\"408\"}}",
            "LiteLLM",
            "no answer",
        ),
        (
            "{\"is_bifrost_error\":false,\"status_code\":400,\"error\":{\"message\":\"failed\",\"error\":\"no such \
          host\"}}",
            "Bifrost",
            "(dns)",
        ),
        (
            "{\"a\":[\"Error occured while calling backend service.\",\"The remote name could not be \
          resolved: 'x'\"]}",
            "API Management",
            "(dns)",
        ),
    ] {
        let meaning = assumed(text).meaning.unwrap_or_else(|why| panic!("{text}: {why:?}"));
        assert_eq!(meaning.id, "http-gateway-leg", "{text}");
        assert!(
            meaning.caller.contains(name) && meaning.refused.contains(hop),
            "{text}: {}",
            meaning.refused
        );
        assert!(!meaning.is_answer);
    }
    // The quiet neighbour: what the gateway passes on is the service's.
    let passed = "{\"error\":{\"message\":\"litellm.APIError: AzureException - Public access is disabled.\",\
                  \"code\":\"403\"}}";
    assert_eq!(read(passed).0, "http-public-access-disabled");
}

#[test]
fn a_client_in_go_is_no_pod_identity_and_a_port_of_the_machine_is_no_proxy() {
    let csi = "failed to process mount request: azure.BearerAuthorizer#WithAuthorization: Failed to refresh the Token for \
               request to https://k.vault.azure.net/secrets/s/?api-version=2016-10-01: StatusCode=400 -- Original \
               Error: adal: Refresh request failed. Status Code = '400'. Response body: {\"error\":\
               \"invalid_request\",\"error_description\":\"Identity not found\"} Endpoint \
               http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
    assert_eq!(read(csi).0, "identity-managed-missing");
    // NMI itself prints what it asked in vain.
    let nmi = "GET http://169.254.169.254/metadata/identity/oauth2/token\nStatus: 403\nfailed to get service principal \
               token for pod:a/b, error: failed to refresh token, error: adal: Refresh request failed.";
    assert_eq!(read(nmi).0, "identity-pod-identity");

    for (text, owner) in [
        (
            "request to http://127.0.0.1:8080/v1/x failed, reason: connect ECONNREFUSED 127.0.0.1:8080",
            "own machine",
        ),
        ("dial tcp 127.0.0.1:8578: connect: connection refused", "own machine"),
        ("connect ECONNREFUSED 10.0.0.9:3128", "(proxy)"),
        ("connect ECONNREFUSED 10.0.0.9:443", "(tcp)"),
    ] {
        let (id, why) = read(text);
        assert!(id == "-" && why.contains(owner), "{text}: {why}");
    }
}

#[test]
fn what_a_database_refuses_and_what_echo_requests_show_has_its_words() {
    for (text, says) in [
        (
            "An instance-specific error occurred while establishing a connection to SQL Server. Connection was denied \
             since Deny Public Network Access is set to Yes (https://docs.microsoft.com/x).",
            "public side",
        ),
        (
            "Cannot open server 'srv' requested by the login. Client with IP address '20.1.2.3' is not allowed to access \
             the server.",
            "network rules",
        ),
        (
            "connection to server at \"d.postgres.database.azure.com\" (20.1.2.3), port 5432 failed: FATAL:  no \
             pg_hba.conf entry for host \"13.64.1.1\", user \"u\", database \"p\", no encryption",
            "network rules",
        ),
        (
            "PING v.cloudapp.azure.com (20.62.58.5) 56(84) bytes of data.\n4 packets transmitted, 0 received, 100% packet \
             loss",
            "show nothing of the call",
        ),
        (
            "Tracing route to v.cloudapp.azure.com [20.62.58.5]\nover a maximum of 30 hops:\n  2     *        *        *     \
             Request timed out.",
            "show nothing of the call",
        ),
        (
            "ServiceBusCommunicationException: Resource temporarily unavailable ErrorCode: TryAgain",
            "(dns)",
        ),
        (
            "nc: connect to s.blob.core.windows.net (10.3.0.9) port 443 (tcp) timed out: Operation now in progress",
            "(tcp)",
        ),
        ("TcpTestSucceeded : False", "(tcp)"),
        ("StorageException : x ---> SocketException : Resource temporarily unavailable", "(dns)"),
        (
            "{\"error\":{\"code\":\"UserError\",\"message\":\"Access to workspace was denied based on workspace private \
             link configuration.\"}}",
            "private endpoints alone",
        ),
        (";; communications error to 10.1.0.10#53: connection refused", "(dns)"),
        (
            ";; Truncated, retrying in TCP mode.\n;; Connection to fec0::1#53(fec0::1) for a.openai.azure.com failed: \
             connection refused.",
            "(dns)",
        ),
    ] {
        let (id, why) = read(text);
        assert!(id == "-" && why.contains(says), "{text}: {why}");
    }
    // The quiet neighbour: what else the text shows.
    let both = "4 packets transmitted, 0 received, 100% packet loss\ncurl: (6) Could not resolve host: a.openai.azure.com";
    assert!(read(both).1.contains("(dns)"), "{}", read(both).1);
}

#[test]
fn a_resource_that_no_call_can_pass_is_named_from_what_az_prints_of_it() {
    let connection = |status: &str| {
        format!(
            "$ az network private-endpoint show -n pe -g rg\n{{\n  \"privateLinkServiceConnections\": [ {{\n    \
             \"privateLinkServiceConnectionState\": {{\n      \"actionsRequired\": \"None\",\n      \"status\": \
             \"{status}\"\n    }}\n  }} ]\n}}\n"
        )
    };
    for (status, says) in [
        ("Pending", "waits for approval"),
        ("Rejected", "rejected"),
        ("Disconnected", "deleted at the resource"),
    ] {
        assert!(read(&connection(status)).1.contains(says), "{status}");
    }
    let account =
        "{\n  \"privateEndpointConnections\": [],\n  \"publicNetworkAccess\": \"Disabled\"\n}\n";
    assert!(read(account).1.contains("no network reaches it"));
    // The quiet neighbours.
    for text in [connection("Approved"), account.replace("Disabled", "Enabled")] {
        assert!(read(&text).1.starts_with("neither"), "{text}: {}", read(&text).1);
    }
}

/// Reports whose cause is known, each with its own words.
#[test]
fn what_clients_of_other_protocols_print_ends_where_their_reports_say() {
    for (text, hop) in [
        // MicrosoftDocs/azure-docs#57307; newer servers say the other.
        (
            "Reason: An instance-specific error occurred while establishing a connection to SQL Server. The public \
             network interface on this server is not accessible. To connect to this server, use the Private Endpoint \
             from inside your virtual network.",
            "(dns)",
        ),
        ("Connection was denied because Deny Public Network Access is set to Yes (47073)", "(dns)"),
        // techcommunity.microsoft.com, "Connect to Azure SQL Database using a custom domain name".
        (
            "Cannot open server \"contoso.com\" requested by the login.  The login failed. Error \
             Number:40532,State:1,Class:20",
            "(application)",
        ),
        // Azure/azure-sdk-for-python#27473.
        (
            "AuthenticationError: Unable to open authentication session on connection b'EHProducer-1'.\nPlease \
             confirm target hostname exists: b'e.servicebus.windows.net'",
            "5671",
        ),
        ("mount error(115): Operation now in progress", "445"),
        // MicrosoftDocs/azure-docs#84153, Azure/AKS#1752.
        ("dns(Main): Cannot resolve host name 'x.corp.example' after 17046 ms", "(dns)"),
        ("[ERROR] plugin/errors: 2 . NS: dns: overflow unpacking uint32", "(dns)"),
        (
            "mount error: could not resolve address for a.file.core.windows.net: Unknown error",
            "(dns)",
        ),
        // microsoft/WSL#13776.
        (
            "PING 192.168.222.75 (192.168.222.75) 56(84) bytes of data.\nFrom 192.168.119.224 icmp_seq=1 Destination \
             Host Unreachable\n4 packets transmitted, 0 received, +4 errors, 100% packet loss",
            "does not carry packets",
        ),
        ("traceroute to a (20.1.1.2), 30 hops max\n 2  10.0.0.4 (10.0.0.4)  1.010 ms !X", "(tcp)"),
        ("HOST: vm1    Loss%   Snt   Last\n  2.|-- ???  100.0    10", "echo requests and traces"),
        // Azure/azure-search-vector-samples#331: the cause was a rate limit.
        (
            "No such host is known\nCould not execute skill because Web Api skill response is invalid.",
            "AI Search called",
        ),
    ] {
        let (id, why) = read(text);
        assert!(id == "-" && why.contains(hop), "{text}: {id} {why}");
    }
    // MicrosoftDocs/azure-docs#54364 and #52778.
    let name = "connecting to s.privatelink.database.windows.net: an error occurred during the login process. \
                (provider: SSL Provider, error: 0 - The target principal name is incorrect.)";
    assert_eq!(read(name).0, "tls-privatelink-name");
    // The quiet neighbour: Kerberos.
    let other = "The target principal name is incorrect. Cannot generate SSPI context.";
    assert!(!read(other).1.contains("certificate"));
}

#[test]
fn a_count_is_no_status() {
    for text in [
        "ValidationError: 403 validation errors for Batch",
        "Error: 500 rows affected",
        "status: 404 documents indexed",
    ] {
        assert!(assumed(text).line.starts_with("no status"), "{}", assumed(text).line);
    }
    for text in [
        "Error: 403 Forbidden",
        "Error: 429 Requests to the x have exceeded",
        "HTTP 429 errors since noon",
    ] {
        assert!(assumed(text).line.starts_with('4'), "{}", assumed(text).line);
    }
}
