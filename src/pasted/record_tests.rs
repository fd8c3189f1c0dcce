//! Records of a network or a platform in a pasted text: what they show, and what they leave of an answer.

use super::symptoms::read;
use super::{is_empty, records};
use crate::diagnose::pasted::{Recorded, recorded};

/// What the records of a text show, and where the call went.
fn shown(text: &str) -> Vec<(Recorded, String)> {
    let (records, _) = records(text);
    records.into_iter().map(|record| (record.what, record.to.unwrap_or_default())).collect()
}

/// The first of them in words, and where it ended.
fn first(text: &str) -> (String, &'static str) {
    let (records, rest) = records(text);
    assert!(is_empty(&rest), "{rest}");
    let explained = recorded(&records[0]);
    let why = explained.meaning.unwrap_err();
    (explained.line, why.end.map_or("", |end| end.place))
}

#[test]
fn the_record_of_a_firewall_is_no_answer_of_one() {
    for (text, to) in [
        (
            "{ \"category\": \"AzureFirewallApplicationRule\", \"properties\": { \"msg\": \"HTTPS request from \
             10.11.1.5:51234 to a.openai.azure.com:443. Action: Deny. No rule matched. Proceeding with default \
             action\" } }",
            "a.openai.azure.com:443",
        ),
        (
            "{\"SourceIp\":\"10.11.1.5\",\"SourcePort\":5,\"Fqdn\":\"a.openai.azure.com\",\"DestinationPort\":443,\
             \"Action\":\"Deny\",\"ActionReason\":\"Default Action\",\"Rule\":\"\"}",
            "a.openai.azure.com:443",
        ),
        (
            "TimeGenerated [UTC],SourceIp,SourcePort,Fqdn,DestinationPort,Protocol,Action,ActionReason\n\
             2023-04-16T23:45:04Z,10.11.1.5,51234,login.microsoftonline.com,443,HTTPS,Deny,Default Action\n",
            "login.microsoftonline.com:443",
        ),
    ] {
        assert_eq!(shown(text), [(Recorded::HostDeniedByFirewall, to.to_owned())], "{text}");
        let (line, place) = first(text);
        assert!(
            place == "tls" && line.starts_with("10.11.1.5") && line.contains("efault"),
            "{line}"
        );
    }
    let network =
        "TCP request from 10.11.1.5:51234 to 10.2.0.5:443. Action: Deny. . Policy: p. Rule: deny\n";
    assert_eq!(first(network).1, "tcp");
    // The quiet neighbours: what it lets through, and its own page, which is an answer.
    assert!(records(&network.replace("Deny", "Allow")).0.is_empty());
    let page = "Action: Deny. Reason: No rule matched. Proceeding with default action";
    assert!(records(page).0.is_empty());
    assert_eq!(read(page).0, "http-front-answered");
}

#[test]
fn a_denied_flow_of_a_call_is_read_and_the_noise_of_the_internet_is_not() {
    for flow in [
        "1487282421,10.0.0.4,10.2.0.5,44931,443,T,O,D",
        "1542110377,10.0.0.4,20.60.58.5,59831,443,T,O,D,B,,,,",
        "1663146003599,10.0.0.6,10.2.0.5,23956,443,6,O,D,NX,0,0,0,0",
        "1663146003599,10.0.0.6,10.0.0.10,23956,53,17,O,D,NX,0,0,0,0",
    ] {
        assert_eq!(first(flow).1, "tcp", "{flow}");
        let list =
            format!("{{\"flows\":[{{\"rule\":\"UserRule_x\",\"flowTuples\":[\"{flow}\"]}}]}}");
        assert_eq!(shown(&list)[0].0, Recorded::DeniedByRule, "{list}");
    }
    for flow in [
        "1542110377,10.0.0.4,10.2.0.5,59831,443,T,O,A,B,,,,",
        "1663146003606,192.0.2.180,10.0.0.6,23956,443,6,O,B,NX,0,0,0,0",
        "1663146003606,185.170.185.105,10.2.0.4,57776,443,6,I,D,NX,0,0,0,0",
        "1542110377,10.0.0.4,10.2.0.5,59831,5060,T,O,D",
        "1,2,3,4,5,T,O,D",
    ] {
        assert!(records(flow).0.is_empty(), "{flow}");
    }
}

#[test]
fn the_packets_of_a_capture_show_how_far_a_connection_came() {
    let packet = |there: bool, flags: &str, length: u32| {
        let (one, other) = ("10.1.0.4.51234", "10.2.0.5.443");
        let (from, to) = if there { (one, other) } else { (other, one) };
        format!("10:11:12.1 IP {from} > {to}: Flags [{flags}], seq 1, win 64240, length {length}\n")
    };
    let open = [packet(true, "S", 0), packet(false, "S.", 0), packet(true, ".", 0)].concat();
    for (text, what) in [
        (packet(true, "S", 0).repeat(3), Recorded::NotAnswered),
        ([packet(true, "S", 0), packet(false, "R.", 0)].concat(), Recorded::Refused),
        ([&open[..], &packet(true, "P.", 517), &packet(false, "R", 0)].concat(), Recorded::Cut),
        ([&open[..], &packet(true, "P.", 517), &packet(false, ".", 0)].concat(), Recorded::Silent),
        (
            [&open[..], &packet(true, "P.", 517), &packet(false, "P.", 1400)].concat(),
            Recorded::Carried,
        ),
    ] {
        assert_eq!(shown(&text), [(what, "10.2.0.5:443".to_owned())], "{text}");
    }
    // What began before the capture shows no beginning.
    assert!(records(&packet(true, "P.", 517)).0.is_empty());
}

#[test]
fn a_row_of_the_application_s_own_answers_is_no_answer_of_the_service() {
    for text in [
        "{\"CsMethod\":\"POST\",\"CsUriStem\":\"/chat\",\"ScStatus\":500,\"CsHost\":\"app.azurewebsites.net\"}",
        "TimeGenerated [UTC]\tCsMethod\tCsUriStem\tScStatus\tCsHost\n\
         4/16/2023\tPOST\t/chat\t403\tapp.azurewebsites.net\n",
    ] {
        assert_eq!(
            shown(text),
            [(Recorded::OwnAnswer, "app.azurewebsites.net".to_owned())],
            "{text}"
        );
        assert_eq!(first(text).1, "");
    }
    // What the same text has of the call is read without it.
    let text = "{\"ScStatus\":500,\"CsHost\":\"app.azurewebsites.net\"}\nError code: 403 - {'error': {'code': '403', \
                'message': 'Public access is disabled. Please configure private endpoint.'}}\n";
    assert_eq!(read(&records(text).1).0, "http-public-access-disabled");
}

#[test]
fn what_network_watcher_answers_is_read() {
    for (text, what) in [
        (
            "{\n  \"nextHopIpAddress\": \"\",\n  \"nextHopType\": \"None\",\n  \"routeTableId\": \"/s/routeTables/rt\"\n}",
            Recorded::NoNextHop,
        ),
        (
            "{\"access\": \"Deny\", \"ruleName\": \"securityRules/DenyAllOut\"}",
            Recorded::DeniedByRule,
        ),
        ("{\"connectionStatus\":\"Unreachable\",\"hops\":[]}", Recorded::NotReached),
    ] {
        assert_eq!(shown(text)[0].0, what, "{text}");
        assert_eq!(first(text).1, "tcp");
    }
    for text in [
        "{\"nextHopType\": \"VnetLocal\"}",
        "{\"value\":[{\"addressPrefix\":[\"10.0.0.0/8\"],\"nextHopType\":\"None\",\"source\":\"Default\"}]}",
        "{\"access\": \"Allow\", \"ruleName\": \"x\"}",
    ] {
        assert!(records(text).0.is_empty(), "{text}");
    }
}

#[test]
fn the_log_of_a_vault_is_its_own_refusal() {
    let text = "{\"Category\":\"AuditEvent\",\"OperationName\":\"SecretGet\",\"httpStatusCode_d\":403,\
                \"ResultDescription\":\"Client address is not authorized and caller is not a trusted service.\"}";
    let (id, callee) = read(text);
    assert!(id == "http-network-rules" && callee.contains("Key Vault"), "{id} {callee}");
}

/// Ground for cutting texts.
#[test]
fn texts_of_any_kind_have_no_records_and_stay_as_they_are() {
    for text in [
        "",
        "{",
        "\u{feff}a,b\n1,2\n",
        "Error code: 403 - {'error': {'code': '403'}}",
        " request from  to . Action: Denied",
        "a > b: Flags [S], length",
        "\u{1f600} request from \u{1f600} to \u{1f600}. Action: Allow",
        "SourceIp,Action\nx\n",
    ] {
        assert!(records(text).0.is_empty(), "{text}");
    }
    for noise in ["{", "{\"a\":", "[{\"ScStatus\":1},", "1,2,3,4,5,6,7,D\n"] {
        let _ = records(&noise.repeat(20_000));
    }
}
