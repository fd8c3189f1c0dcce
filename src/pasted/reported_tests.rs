//! Reports on clients of other protocols, and records of firewalls and captures, each with its own words.

use super::records;
use super::symptoms::{assumed, read};
use crate::diagnose::pasted::Recorded;

/// What the records of a text show, and where the call went.
fn shown(text: &str) -> Vec<(Recorded, String)> {
    let (records, _) = records(text);
    records.into_iter().map(|record| (record.what, record.to.unwrap_or_default())).collect()
}

#[test]
fn a_port_of_a_service_is_no_port_of_a_proxy() {
    for text in [
        // Azure/azure-sdk-for-go#21327.
        "dial tcp 40.68.127.68:5671: i/o timeout",
        "Npgsql.NpgsqlException (0x80004005): Failed to connect to 10.3.0.7:5432",
        "dial tcp 10.3.0.9:6380: connect: connection refused",
        "connect ETIMEDOUT 10.3.0.9:9093",
    ] {
        let (id, why) = read(text);
        assert!(id == "-" && why.contains("not 443 (tcp)"), "{text}: {why}");
    }
    // The quiet neighbours.
    assert!(read("connect ECONNREFUSED 10.0.0.9:3128").1.contains("(proxy)"));
    assert!(read("dial tcp 127.0.0.1:5432: connect: connection refused").1.contains("own machine"));
    assert!(read("dial tcp 10.201.3.5:443: i/o timeout").1.contains("(tcp)"));
}

#[test]
fn a_status_that_a_client_gives_its_own_connection_is_no_answer() {
    for text in [
        // Azure/azure-sdk-for-java#7864.
        "GoneException{error=null, resourceAddress='rntbd://cdb-ms-prod-westus2-fd16.documents.azure.com:14011/apps/f', \
         statusCode=410, message=The requested resource is no longer available at the server., causeInfo=[class: class \
         io.netty.channel.AbstractChannel$AnnotatedConnectException, message: Connection refused: \
         cdb-ms-prod-westus2-fd16.documents.azure.com/40.78.250.1:14011]}",
        // Azure/azure-cosmos-dotnet-v3#2597.
        "CosmosException : Response status code does not indicate success: ServiceUnavailable (503); Substatus: 20001; \
         Reason: (The request failed because the client was unable to establish connections to 4 endpoints across 1 \
         regions.",
        "Microsoft.Azure.Documents.TransportException: A client transport error occurred: The connection attempt timed \
         out. (error code: ConnectTimeout [0x0006], URI: rntbd://cdb-ms-prod-eastus1-fd58.documents.azure.com:14344/)",
    ] {
        let answer = assumed(text);
        assert!(answer.line.starts_with("no status"), "{}", answer.line);
        let why = answer.meaning.unwrap_err().words;
        assert!(why.contains("(tcp)") && why.contains("gateway mode"), "{text}: {why}");
    }
    // The quiet neighbour: what the service itself answers.
    let own = "GoneException{error=null, statusCode=410, message=The partition is moved, responseHeaders={lsn=1}}";
    assert!(assumed(own).line.starts_with("410"));
}

#[test]
fn clients_of_other_protocols_show_the_hop_that_their_reports_had() {
    for (text, hop) in [
        // Azure/azure-sdk-for-java#36354: the firewall did not let port 5671 through.
        (
            "AmqpException: org.apache.qpid.proton.engine.TransportException: connection aborted, errorContext[NAMESPACE: \
             b.servicebus.windows.net]",
            "5671",
        ),
        (
            "ServiceBusException: The operation did not complete. ErrorCode: TimedOut (ServiceCommunicationProblem).",
            "5671",
        ),
        (
            "[AdminClient clientId=a-1] Connection to node -1 (n.servicebus.windows.net/10.3.0.8:9093) could not be \
             established. Broker may not be available.",
            "9093",
        ),
        ("sasl_ssl://n:9093/bootstrap: Connection setup timed out in state CONNECT", "(tcp)"),
        ("sasl_ssl://n:9093/bootstrap: Connection setup timed out in state SSL_HANDSHAKE", "(tls)"),
        // StackExchange/StackExchange.Redis#1533: public access was off, and the name led there.
        (
            "RedisConnectionException: No connection is available to service this operation: GET 1; UnableToConnect on \
             c.redis.cache.windows.net:6380/Interactive, Initializing/NotStarted",
            "6380",
        ),
        (
            "RedisConnectionFailureException: Unable to connect to Redis; nested exception is RedisConnectionException: \
             Unable to connect to c.redis.cache.windows.net/<unresolved>:6380",
            "6380",
        ),
        (
            "SQLServerException: The TCP/IP connection to the host s.database.windows.net, port 1433 has failed. Error: \
             \"connect timed out.",
            "(tcp)",
        ),
        (
            "The TCP/IP connection to the host a.tr5.westeurope1-a.worker.database.windows.net (redirected from \
             s.database.windows.net), port 11003 has failed. Error: \"connect timed out.",
            "Redirect",
        ),
        (
            "('HYT00', '[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Login timeout expired (0)",
            "database",
        ),
        (
            "(provider: TCP Provider, error: 40 - Could not open a connection to SQL Server)",
            "database",
        ),
        (
            "The timeout period elapsed while attempting to consume the pre-login handshake acknowledgement.",
            "(tls)",
        ),
        (
            "(2003, \"Can't connect to MySQL server on 'm.mysql.database.azure.com' (timed out)\")",
            "database",
        ),
        (
            "ERROR 2005 (HY000): Unknown MySQL server host 'm.mysql.database.azure.com' (-2)",
            "(dns)",
        ),
        ("could not translate host name \"p.postgres.database.azure.com\" to address", "(dns)"),
        (
            "ServerSelectionTimeoutError: c.mongo.cosmos.azure.com:10255: timed out, Timeout: 30s",
            "database",
        ),
        (
            "{\"error_code\":\"403\",\"message\":\"Unauthorized network access to workspace: 123\"}",
            "Databricks",
        ),
        // nodejs/undici#2990.
        (
            "AggregateError [ETIMEDOUT]:\n    at internalConnectMultiple (node:net:1122:18)\n    at \
             Timeout.internalConnectMultipleTimeout (node:net:1716:5) {\n    code: 'ETIMEDOUT',",
            "250 ms",
        ),
        ("SslHandshakeTimeoutException: handshake timed out after 10000ms", "(tls)"),
        // istio/istio#40659: a DestinationRule of the mesh put TLS into TLS.
        (
            "AuthenticationException: Cannot determine the frame size or a corrupted frame was received.",
            "(tls)",
        ),
        (
            "TimeoutException: Did not observe any item or terminal signal within 60000ms in 'x'",
            "which hop",
        ),
        // Azure/azure-sdk-for-net#50598.
        (
            "TaskCanceledException: The operation was cancelled because it exceeded the configured timeout of 0:01:40.\n   \
             at System.Net.Http.HttpConnectionPool.ConnectToTcpHostAsync(String host, Int32 port)",
            "(dns or tcp)",
        ),
        (
            "TaskCanceledException: The request was canceled due to the configured HttpClient.Timeout of 100 seconds \
             elapsing.\n   at System.Net.Security.SslStream.ForceAuthenticationAsync[TIOAdapter](Boolean r)",
            "(tls)",
        ),
    ] {
        let (id, why) = read(text);
        assert!(id == "-" && why.contains(hop), "{text}: {id} {why}");
    }
}

#[test]
fn the_logs_of_services_show_their_refusal() {
    let blob = "{\"AccountName\":\"st1\",\"Category\":\"StorageRead\",\"OperationName\":\"GetBlob\",\"StatusCode\":\"403\",\
                \"StatusText\":\"IpAuthorizationError\",\"Uri\":\"https://st1.blob.core.windows.net:443/c/b\"}";
    assert_eq!(super::tests::ids("blob", blob), ["http-network-rules"]);
    let openai = "{\"Category\":\"RequestResponse\",\"OperationName\":\"ChatCompletions_Create\",\"ResultSignature\":\"403\"}";
    assert!(assumed(openai).line.starts_with("403"), "{}", assumed(openai).line);
}

#[test]
fn a_call_that_a_firewall_or_a_proxy_denied_is_read_from_its_log() {
    let (way, here) = (Recorded::DeniedOnTheWay, Recorded::DeniedHere);
    let to = "10.3.0.5:443";
    let host = "a.openai.azure.com:443";
    for (text, what, to) in [
        (
            "kernel: [1.2] FW-DROP: IN=eth1 OUT=eth0 SRC=10.1.0.20 DST=10.3.0.5 LEN=60 PROTO=TCP SPT=44812 DPT=443 SYN",
            way,
            to,
        ),
        (
            "kernel: [UFW BLOCK] IN= OUT=eth0 SRC=10.1.0.20 DST=10.3.0.5 LEN=60 PROTO=TCP SPT=44812 DPT=443 SYN",
            here,
            to,
        ),
        (
            "date=2026-03-01 devname=\"F\" type=\"traffic\" srcip=10.1.0.20 srcport=44812 dstip=10.3.0.5 dstport=443 \
             policyid=0 service=\"HTTPS\" proto=6 action=\"deny\" policyname=\"implicit deny\"",
            way,
            to,
        ),
        (
            "CEF:0|Palo Alto Networks|PAN-OS|10.1|deny|TRAFFIC|3|src=10.1.0.20 dst=10.3.0.5 spt=4 dpt=443 proto=tcp act=deny",
            way,
            to,
        ),
        (
            "%ASA-4-106023: Deny tcp src inside:10.1.0.20/44812 dst azure:10.3.0.5/443 by access-group \"INSIDE_IN\" [0x0]",
            way,
            to,
        ),
        (
            "%ASA-6-302014: Teardown TCP connection 1 for azure:10.3.0.5/443 to inside:10.1.0.20/44812 duration 0:00:30 \
             bytes 0 SYN Timeout",
            Recorded::NotAnswered,
            to,
        ),
        (
            "1,2026/03/01 10:00:00,0070,TRAFFIC,deny,2561,2026/03/01 10:00:00,10.1.0.20,10.3.0.5,0.0.0.0,0.0.0.0,\
             interzone-default,,,not-applicable,vsys1,trust,azure,e1/2,e1/1,default,2026/03/01 10:00:00,0,1,44812,443,0,0,\
             0x0,tcp,deny,74,74,0",
            way,
            to,
        ),
        (
            "1,2026/03/01 10:00:00,0070,TRAFFIC,end,2561,2026/03/01 10:00:00,10.1.0.20,10.3.0.5,0.0.0.0,0.0.0.0,\
             allow,,,incomplete,vsys1,trust,azure,e1/2,e1/1,default,2026/03/01 10:00:00,9,1,44812,443,0,0,0x19,tcp,allow,74,\
             74,0",
            Recorded::NotAnswered,
            to,
        ),
        (
            "Mar  1 10:00:00.123: default/app:44812 (ID:12345) <> 10.3.0.5:443 (world) Policy denied DROPPED (TCP Flags: SYN)",
            way,
            to,
        ),
        (
            "1709287200.123 45 10.1.0.20 TCP_DENIED/403 3875 CONNECT a.openai.azure.com:443 - HIER_NONE/- text/html",
            Recorded::DeniedByProxy,
            host,
        ),
        (
            "1709287200.123 60045 10.1.0.20 NONE_NONE/503 0 CONNECT a.openai.azure.com:443 - HIER_NONE/- -",
            Recorded::NotReachedByProxy,
            host,
        ),
        (
            "#Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags path\n\
             2026-03-01 10:00:00 DROP TCP 10.1.0.20 10.3.0.5 51234 443 0 - SEND\n",
            here,
            to,
        ),
    ] {
        assert_eq!(shown(text), [(what, to.to_owned())], "{text}");
        // The quiet neighbours.
        let allowed = [
            "deny",
            "Deny",
            "DROP",
            "BLOCK",
            "DENIED",
            "denied",
            "NONE_NONE/503",
            "SYN Timeout",
            "incomplete",
        ];
        let text = allowed.iter().fold(text.to_owned(), |text, word| text.replace(word, "allow"));
        assert!(shown(&text).is_empty(), "{text}");
    }
    // What the internet tries from outside, another port, and a client that has to name itself first.
    for text in [
        "kernel: FW-DROP: IN=eth1 OUT= SRC=185.170.185.105 DST=10.3.0.5 PROTO=TCP SPT=44812 DPT=443",
        "kernel: FW-DROP: IN=eth1 OUT=eth0 SRC=10.1.0.20 DST=10.3.0.5 PROTO=TCP SPT=44812 DPT=5060",
        "1709287200.123 45 10.1.0.20 TCP_DENIED/407 3875 CONNECT a.openai.azure.com:443 - HIER_NONE/- text/html",
        "Error code: 403 - src=10.1.0.20 dst=10.3.0.5 dpt=443",
    ] {
        assert!(shown(text).is_empty(), "{text}");
    }
}

/// microsoft/azure-container-apps#277: the client sent no name in its handshake.
#[test]
fn a_firewall_that_was_told_no_host_names_none() {
    let text =
        "HTTPS request from 10.0.0.4:51038. Action: Deny. Reason: SNI TLS extension was missing.";
    let (found, rest) = records(text);
    assert!(super::is_empty(&rest), "{rest}");
    assert_eq!(found[0].what, Recorded::HostDeniedByFirewall);
    assert_eq!((&found[0].from, &found[0].to), (&Some("10.0.0.4:51038".to_owned()), &None));
    assert!(found[0].why.as_ref().is_some_and(|why| why.contains("SNI")));
}

#[test]
fn what_a_gateway_of_the_application_logs_is_read() {
    let waf = "{\"category\":\"ApplicationGatewayFirewallLog\",\"properties\":{\"clientIp\":\"10.1.0.4\",\"ruleId\":\"949110\",\
               \"message\":\"Inbound Anomaly Score Exceeded\",\"action\":\"Blocked\",\"hostname\":\"ai.contoso.com\"}}";
    assert_eq!(shown(waf), [(Recorded::BlockedByWaf, "ai.contoso.com".to_owned())]);
    assert!(shown(&waf.replace("Blocked", "Matched")).is_empty());
    let row = "{\"action_s\":\"Blocked\",\"ruleId_s\":\"949110\",\"clientIp_s\":\"10.1.0.4\",\"hostname_s\":\"ai.contoso.com\"}";
    assert_eq!(shown(row)[0].0, Recorded::BlockedByWaf);
    let own = "{\"category\":\"ApplicationGatewayAccessLog\",\"properties\":{\"clientIP\":\"10.1.0.4\",\"httpStatus\":502,\
               \"serverRouted\":\"\",\"serverStatus\":\"\",\"error_info\":\"ERRORINFO_UPSTREAM_NO_LIVE\",\"host\":\"ai.contoso.com\"}}";
    assert_eq!(shown(own), [(Recorded::NoBackend, "ai.contoso.com".to_owned())]);
    let passed = own.replace("\"serverStatus\":\"\"", "\"serverStatus\":\"502\"");
    assert!(shown(&passed.replace("ERRORINFO_UPSTREAM_NO_LIVE", "")).is_empty());
}

#[test]
fn packets_that_wireshark_shows_are_read() {
    let there = "1 0.000 10.1.0.20 10.3.0.5 TCP 74 44812 \u{2192} 443 [SYN] Seq=0 Win=64240 Len=0 MSS=1460\n";
    let again = "2 1.012 10.1.0.20 10.3.0.5 TCP 74 [TCP Retransmission] 44812 \u{2192} 443 [SYN] Seq=0 Win=64240 Len=0\n";
    let back = "2 0.001 10.3.0.5 10.1.0.20 TCP 74 443 \u{2192} 44812 [SYN, ACK] Seq=0 Ack=1 Win=65160 Len=0\n";
    let hello = "4 0.002 10.1.0.20 10.3.0.5 TLSv1 583 Client Hello (SNI=a.openai.azure.com)\n";
    let reset = "5 0.003 10.3.0.5 10.1.0.20 TCP 54 443 \u{2192} 44812 [RST, ACK] Seq=1 Ack=518 Win=0 Len=0\n";
    let reply = "5 0.003 10.3.0.5 10.1.0.20 TLSv1.3 1514 Server Hello\n";
    let names =
        "4 0.0 10.1.0.20 \u{2192} 10.3.0.5 TCP 74 44812 \u{2192} https(443) [SYN] Seq=0 Len=0\n";
    for (text, what) in [
        ([there, again].concat(), Recorded::NotAnswered),
        (names.to_owned(), Recorded::NotAnswered),
        ([there, reset].concat(), Recorded::Refused),
        ([there, back, hello, reset].concat(), Recorded::Cut),
        ([there, back, hello].concat(), Recorded::Silent),
        ([there, back, hello, reply].concat(), Recorded::Carried),
    ] {
        assert_eq!(shown(&text), [(what, "10.3.0.5:443".to_owned())], "{text}");
    }
    // tcpdump with names.
    let named = "10:00:00.1 IP vm1.internal.cloudapp.net.44812 > 10.3.0.5.https: Flags [S], seq 1, length 0\n";
    assert_eq!(shown(named), [(Recorded::NotAnswered, "10.3.0.5:443".to_owned())]);
}
