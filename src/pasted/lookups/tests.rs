//! What the tools print, each by its form, and what is made of it.

use crate::diagnose::pasted::{Lookup, Shown, beside, issued, looked_up};
use crate::diagnosis::{Confidence, ExplainedAnswer};
use crate::pasted::tests::base;
use crate::pasted::{certificate, explain};

use super::lookups;

/// The lookups of a text on one line each.
fn lines(text: &str) -> Vec<String> {
    lookups(text).iter().map(|lookup| meaning(lookup).line).collect()
}

fn meaning(lookup: &Lookup) -> ExplainedAnswer {
    let mut base = base("openai");
    base.target.host.clone_from(&lookup.name);
    base.target.account = lookup.name.split('.').next().map(str::to_owned);
    looked_up(&base, lookup)
}

/// The finding of each lookup of a text; `-` for none.
fn ids(text: &str) -> Vec<&'static str> {
    let id = |lookup: &Lookup| meaning(lookup).meaning.map_or("-", |meaning| meaning.id);
    lookups(text).iter().map(id).collect()
}

const LINUX: &str = "$ nslookup a.openai.azure.com\nServer:\t\t10.1.0.10\nAddress:\t10.1.0.10#53\n\n\
    Non-authoritative answer:\na.openai.azure.com\tcanonical name = a.privatelink.openai.azure.com.\n\
    a.privatelink.openai.azure.com\tcanonical name = v.eastus.cloudapp.azure.com.\n\
    Name:\tv.eastus.cloudapp.azure.com\nAddress: 20.62.58.5\n";

const WINDOWS: &str = "C:\\>nslookup a.openai.azure.com\nServer:  UnKnown\nAddress:  10.1.0.10\n\n\
    Non-authoritative answer:\nName:    v.eastus.cloudapp.azure.com\nAddress:  20.62.58.5\n\
    Aliases:  a.openai.azure.com\n          a.privatelink.openai.azure.com\n\n";

/// The same lookup in all of them.
const PUBLIC: &str = "a.openai.azure.com -> a.privatelink.openai.azure.com -> v.eastus.cloudapp.azure.com -> \
     20.62.58.5 (public)";

#[test]
fn a_lookup_is_read_from_what_each_tool_prints() {
    let french = WINDOWS.replace("Server: ", "Serveur : ").replace("Name: ", "Nom : ");
    let japanese = WINDOWS.replace("Server: ", "サーバー: ").replace("Name: ", "名前: ");
    let kudu = "D:\\home>nameresolver a.openai.azure.com\nServer: 10.1.0.10\n\nNon-authoritative answer:\n\
        Name: v.eastus.cloudapp.azure.com\nAddresses: \n\t20.62.58.5\nAliases: \n\ta.privatelink.openai.azure.com\n";
    let dig = "; <<>> DiG 9.18.1 <<>> a.openai.azure.com\n;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n\
        ;; QUESTION SECTION:\n;a.openai.azure.com.\tIN\tA\n\n;; ANSWER SECTION:\n\
        a.openai.azure.com. 900 IN CNAME a.privatelink.openai.azure.com.\n\
        a.privatelink.openai.azure.com. 60 IN CNAME v.eastus.cloudapp.azure.com.\n\
        v.eastus.cloudapp.azure.com. 10 IN A 20.62.58.5\n\n;; SERVER: 10.1.0.10#53(10.1.0.10)\n";
    // Some tools give the name that was asked for as `Name:`, where others give the last alias.
    let first = kudu.replace("Name: v.eastus.cloudapp.azure.com", "Name: a.openai.azure.com");
    let first = first.replace("\ta.priv", "\tv.eastus.cloudapp.azure.com\n\ta.priv");
    assert_eq!(meaning(&lookups(&first)[0]).meaning.unwrap().id, "dns-zone-not-linked", "{first}");
    // MinGW prints the line about the authority first.
    let mingw =
        WINDOWS.replace("\n\nNon-authoritative answer:", "").replace("Server", "Non-x:\nServer");
    for text in [LINUX, WINDOWS, &french, &japanese, kudu, dig, &mingw] {
        assert_eq!(lines(text), [format!("{PUBLIC} at 10.1.0.10")], "{text}");
    }
    let host = "$ host a.openai.azure.com\na.openai.azure.com is an alias for a.privatelink.openai.azure.com.\n\
        a.privatelink.openai.azure.com is an alias for v.eastus.cloudapp.azure.com.\n\
        v.eastus.cloudapp.azure.com has address 20.62.58.5\n";
    let short = "$ dig +short a.openai.azure.com\na.privatelink.openai.azure.com.\n\
        v.eastus.cloudapp.azure.com.\n20.62.58.5\n";
    // PowerShell cuts a long name in its table.
    let cut = "PS> Resolve-DnsName a.openai.azure.com\n\nName Type TTL Section NameHost\n---- ---- --- ------- --------\n\
        a.openai.azure.com CNAME 60 Answer a.privatelink.openai.azure.com\n\
        a.privatelink.openai.azu... CNAME 60 Answer v.eastus.cloudapp.azure.com\n\n\
        Name       : v.eastus.cloudapp.azure.com\nQueryType  : A\nSection    : Answer\nIP4Address : 20.62.58.5\n";
    for text in [host, short, cut] {
        assert_eq!(lines(text), [PUBLIC], "{text}");
    }
    let client = "a.openai.azure.com -> 20.62.58.5 (public)";
    for text in [
        "* Connected to a.openai.azure.com (20.62.58.5) port 443",
        "PING a.openai.azure.com (20.62.58.5) 56(84) bytes of data.",
        "Tracing route to a.openai.azure.com [20.62.58.5]",
        "$ getent hosts a.openai.azure.com\n20.62.58.5      v.eastus.cloudapp.azure.com a.openai.azure.com\n",
        "$ resolvectl query a.openai.azure.com\na.openai.azure.com: 20.62.58.5        -- link: eth0\n",
        "nc: connect to a.openai.azure.com (20.62.58.5) port 443 (tcp) timed out",
        "ComputerName     : a.openai.azure.com\nRemoteAddress    : 20.62.58.5\nRemotePort : 443\n",
    ] {
        assert_eq!(lines(text), [client], "{text}");
        assert_eq!(lookups(text)[0].shown, Shown::Addresses, "{text}");
    }
    // A mail quotes it, and a zero-trust client made the address up.
    let quoted: String = WINDOWS.lines().map(|line| format!("> {line}\n")).collect();
    assert_eq!(lines(&quoted), [format!("{PUBLIC} at 10.1.0.10")]);
    let made_up = lookups(&WINDOWS.replace("20.62.58.5", "6.6.0.12"));
    assert!(meaning(&made_up[0]).meaning.unwrap_err().words.contains("zero-trust"));
    // The quiet neighbours: a configuration with the same words, prose, a name of another kind.
    for text in [
        "server: 10.0.0.4\nname: a.openai.azure.com\naddress: 10.1.1.1\n",
        "I should create an A record for a.openai.azure.com in the zone",
        "Name: a.openai.azure.com\nStatus: Running\n",
        "> Host: a.openai.azure.com\n< Server: 10.0.0.1\n",
    ] {
        assert_eq!(lines(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_public_address_behind_the_alias_of_an_endpoint_is_possibly_a_fault_of_the_resolver() {
    for text in [LINUX, WINDOWS] {
        let meaning = meaning(&lookups(text)[0]).meaning.unwrap();
        assert_eq!((meaning.id, meaning.is_risk), ("dns-zone-not-linked", true));
        let finding = meaning.finding.unwrap();
        // A machine outside gets the same, and the text does not show where it was made.
        assert_eq!(finding.confidence, Confidence::Possible);
        assert!(finding.reasoning[0].contains("outside the endpoint's networks"));
        assert!(finding.headline.contains("10.1.0.10 gives the public address"));
        assert_eq!(finding.fix.unwrap().owner, "DNS");
    }
    // A server that is not shown is in no sentence.
    let cut = "nslookup a.openai.azure.com\n\nAddress:  20.62.58.5\nAliases:  a.openai.azure.com\n\
               a.privatelink.openai.azure.com\n";
    let meaning = meaning(&lookups(cut)[0]).meaning.unwrap();
    assert_eq!((meaning.id, meaning.finding), ("dns-zone-not-linked", None));
    // The quiet neighbours: the private address, and a public one without an alias of an endpoint.
    let private = LINUX
        .replace(
            "a.privatelink.openai.azure.com\tcanonical name = v.eastus.cloudapp.azure.com.\n",
            "",
        )
        .replace("v.eastus.cloudapp.azure.com", "a.privatelink.openai.azure.com")
        .replace("20.62.58.5", "10.3.0.5");
    assert_eq!(ids(&private), ["-"]);
    assert_eq!(ids(&LINUX.replace("privatelink.openai.azure.com", "azure-api.net")), ["-"]);
}

#[test]
fn a_name_that_ends_in_the_private_zone_lacks_its_record() {
    let linux = "> a.documents.azure.com\nServer:         10.0.0.10\nAddress:        10.0.0.10#53\n\n\
        a.documents.azure.com canonical name = a.privatelink.documents.azure.com.\n\
        ** server can't find a.privatelink.documents.azure.com: NXDOMAIN\n";
    // Two lookups, of which the second goes on with the first.
    let app_service = "nslookup a.mysql.database.azure.com\n\nServer:         127.0.0.11\nAddress:        127.0.0.11:53\n\n\
        Non-authoritative answer:\na.mysql.database.azure.com  canonical name = a.privatelink.mysql.database.azure.com\n\
        But\nnslookup a.privatelink.mysql.database.azure.com\n\nServer:         127.0.0.11\nAddress:        127.0.0.11:53\n\n\
        ** server can't find a.privatelink.mysql.database.azure.com: NXDOMAIN\n";
    let windows = "nslookup a.vault.azure.net\nServer:  UnKnown\nAddress:  10.5.1.4\n\n\
        Name:    a.privatelink.vaultcore.azure.net\nAliases:  a.vault.azure.net\n";
    for text in [linux, app_service, windows] {
        assert_eq!(ids(text), ["dns-record-missing"], "{text}");
        let meaning = meaning(&lookups(text)[0]).meaning.unwrap();
        // These tools do not show the zone that the answer names, which decides.
        assert_eq!((meaning.confidence, meaning.finding), (Confidence::Possible, None), "{text}");
    }
    let dig = "; <<>> DiG 9.18.1 <<>> a.openai.azure.com\n;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1\n\
        a.openai.azure.com. 900 IN CNAME a.privatelink.openai.azure.com.\n\n;; AUTHORITY SECTION:\n\
        privatelink.openai.azure.com. 10 IN SOA azureprivatedns.net. azureprivatedns-host.microsoft.com. 1 3600 \
        300 2419200 10\n;; SERVER: 168.63.129.16#53\n";
    let meaning_of_dig = meaning(&lookups(dig)[0]).meaning.unwrap();
    assert_eq!(meaning_of_dig.id, "dns-record-missing");
    assert_eq!(meaning_of_dig.finding.unwrap().confidence, Confidence::Inferred);
    // nslookup of Windows and Resolve-DnsName do not show which name does not exist.
    for text in [
        "C:\\>nslookup a.openai.azure.com\nServer:  dc.corp.local\nAddress:  10.0.0.4\n\n\
         *** dc.corp.local can't find a.openai.azure.com: Non-existent domain\n",
        "Resolve-DnsName : a.openai.azure.com : DNS name does not exist\nAt line:1 char:1\n",
        "nslookup a.privatelink.openai.azure.com\nServer: 10.0.0.10\nAddress: 10.0.0.10#53\n\n\
         ** server can't find a.privatelink.openai.azure.com: NXDOMAIN\n",
    ] {
        assert_eq!(ids(text), ["-"], "{text}");
        assert!(lines(text)[0].contains("-> NXDOMAIN"), "{text}");
    }
}

#[test]
fn a_server_that_fails_or_is_silent_is_named() {
    let failed = "Server:\t\t127.0.0.53\nAddress:\t127.0.0.53#53\n\n\
                  ** server can't find a.openai.azure.com: SERVFAIL\n";
    assert_eq!(ids(failed), ["dns-servfail"]);
    assert_eq!(ids(&failed.replace("SERVFAIL", "REFUSED")), ["dns-refused"]);
    for text in [
        "Server:  UnKnown\nAddress:  10.5.1.4\n\n*** UnKnown can't find a.vault.azure.net: No response from server\n",
        "nslookup a.vault.azure.net\nDNS request timed out.\n    timeout was 2 seconds.\nServer:  UnKnown\n\
         Address:  10.5.1.4\n\nDNS request timed out.\n*** Request to UnKnown timed-out\n",
    ] {
        let found = &lookups(text)[0];
        assert_eq!(meaning(found).line, "a.vault.azure.net -> no answer at 10.5.1.4", "{text}");
        assert!(meaning(found).meaning.unwrap_err().words.contains("port 53"), "{text}");
    }
    // The quiet neighbour: the server has no name of its own, and answers.
    let named = WINDOWS.replace("Server:", "DNS request timed out.\nServer:");
    assert_eq!(lines(&named), [format!("{PUBLIC} at 10.1.0.10")]);
}

#[test]
fn a_lookup_comes_before_the_refusal_that_it_explains() {
    let order = |text: &str| -> Vec<String> {
        let answers = explain(text, &base("openai"), false);
        let all = beside(answers, lookups(text).iter().map(meaning).collect());
        let id = |one: &ExplainedAnswer| one.meaning.as_ref().map_or("-", |meaning| meaning.id);
        all.iter().map(|one| format!("{} {}", one.kind.name(), id(one))).collect()
    };
    let refused = "{\"error\":{\"code\":\"AccessDenied\",\"message\":\"Public access is disabled. Please configure \
                   private endpoint.\"}}\n";
    let key = "{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to invalid subscription key or wrong \
               API endpoint.\"}}\n";
    let lookup = "lookup dns-zone-not-linked";
    assert_eq!(order(&[LINUX, refused].concat()), [lookup, "answer http-public-access-disabled"]);
    // The server that was asked for the name sent no answer of the service.
    let role = "{\"error\":{\"code\":\"Forbidden\",\"message\":\"Caller is not authorized to perform action on resource.\"}}\n";
    let answers = explain(&[LINUX, "HTTP/1.1 403\n\n", role].concat(), &base("keyvault"), false);
    assert!(!answers[0].meaning.as_ref().unwrap().refused.contains("10.1.0.10"));
    // A refusal of the key has another cause, and what only says that there was no address says less.
    assert_eq!(order(&[LINUX, key].concat()), ["answer identity-key-refused", lookup]);
    let nothing = "curl: (6) Could not resolve host: a.openai.azure.com\n";
    assert_eq!(order(&[LINUX, nothing].concat()), [lookup]);
    // The way to the address is another matter.
    let silent =
        "curl: (28) Failed to connect to a.openai.azure.com port 443: Connection timed out\n";
    assert_eq!(order(&[LINUX, silent].concat()), [lookup, "answer -"]);
}

#[test]
fn an_issuer_that_does_not_sign_for_azure_is_named() {
    let fits = |host: &str| host.ends_with("openai.azure.com");
    let of = |text: &str| {
        let (host, issuer) = certificate(text, fits).unwrap();
        issued(&host, issuer).meaning.map_or("-", |meaning| meaning.id)
    };
    let openssl = |issuer: &str| {
        format!(
            "$ openssl s_client -connect a.openai.azure.com:443\nCONNECTED(00000003)\n---\nCertificate chain\n \
             0 s:CN = *.openai.azure.com\n   i:{issuer}\n---\nVerify return code: 0 (ok)\n"
        )
    };
    let curl = |issuer: &str| {
        format!(
            "* Server certificate:\n*  subject: CN=*.openai.azure.com\n*  issuer: {issuer}\n> Host: a.openai.azure.com\n"
        )
    };
    for (issuer, id) in [
        (
            "C = US, O = Zscaler Inc., CN = Zscaler Intermediate Root CA (zscloud.net) (t)",
            "tls-interception",
        ),
        ("DC=local; DC=contoso; CN=Contoso Issuing CA 2", "tls-untrusted-issuer"),
        ("C=US; O=Microsoft Corporation; CN=Microsoft Azure RSA TLS Issuing CA 04", "-"),
    ] {
        assert_eq!([of(&openssl(issuer)), of(&curl(issuer))], [id, id], "{issuer}");
    }
    // A claim of a token is no issuer of a certificate.
    assert!(certificate("issuer: CN=x\nhttps://a.openai.azure.com", fits).is_none());
}

/// An answer to a question for other records has no address and shows no fault (a private endpoint has IPv4
/// addresses alone).
#[test]
fn a_lookup_of_other_records_than_addresses_shows_no_missing_address() {
    let zone = "privatelink.openai.azure.com. 10 IN SOA azureprivatedns.net. \
        azureprivatedns-host.microsoft.com. 1 3600 300 2419200 10\n";
    let alias = "a.openai.azure.com. 60 IN CNAME a.privatelink.openai.azure.com.\n";
    let dig = |question: &str, status: &str, records: &str| {
        format!("{question};; ->>HEADER<<- opcode: QUERY, status: {status}, id: 1\n{records}{zone}")
    };
    let at_bind = "Server: 10.1.0.10\nAddress: 10.1.0.10#53\n\n\
        a.openai.azure.com\tcanonical name = a.privatelink.openai.azure.com.\n";
    for text in [
        dig("; <<>> DiG 9.18.28 <<>> a.openai.azure.com AAAA\n", "NOERROR", alias),
        dig("$ dig -t txt a.openai.azure.com\n", "NOERROR", alias),
        dig("", "NOERROR", &format!(";a.openai.azure.com. IN TXT\n{alias}")),
        "$ dig +short CNAME a.openai.azure.com\na.privatelink.openai.azure.com.\n".to_owned(),
        format!(
            "$ nslookup -type=AAAA a.openai.azure.com\n{at_bind}*** Can't find a.privatelink.openai.azure.com: No answer\n"
        ),
        format!("> set q=cname\n> a.openai.azure.com\n{at_bind}"),
        format!(
            "PS> Resolve-DnsName a.openai.azure.com -Type AAAA\n\n{alias}PrimaryServer : azureprivatedns.net\n"
        ),
        // Its command is cut off.
        at_bind.to_owned(),
    ] {
        let found = lookups(&text);
        assert_eq!(found[0].shown, Shown::Others, "{text}");
        assert!(meaning(&found[0]).meaning.unwrap_err().words.contains("no fault"), "{text}");
    }
    // A name that does not exist has no records of any kind, and the question for IPv4 has no address.
    for text in [
        dig("$ dig AAAA a.openai.azure.com\n", "NXDOMAIN", alias),
        dig(
            "$ dig a.openai.azure.com\n",
            "NOERROR",
            &format!(";a.openai.azure.com. IN A\n{alias}"),
        ),
        // dig prints its version before the name.
        dig("; <<>> DiG 9.18.28-0ubuntu <<>> a.privatelink.openai.azure.com\n", "NXDOMAIN", ""),
        dig("", "NXDOMAIN", ";a.privatelink.openai.azure.com. IN A\n"),
    ] {
        let found = lookups(&text);
        assert_eq!(meaning(&found[0]).meaning.unwrap().id, "dns-record-missing", "{text}");
    }
}

/// Portkey-AI/gateway#1355: an image of Alpine found no address, and one of Debian did.
#[test]
fn an_error_to_the_question_for_ipv6_addresses_is_not_left_out() {
    let text = "$ nslookup a.openai.azure.com\n;; Got recursion not available from 10.44.0.10, trying next server\n\
        Server:\t\t10.44.0.10\nAddress:\t10.44.0.10#53\n\nNon-authoritative answer:\n\
        a.openai.azure.com\tcanonical name = a.privatelink.openai.azure.com.\n\
        Name:\ta.privatelink.openai.azure.com\nAddress: 10.104.2.4\n\
        ;; Got SERVFAIL reply from 10.44.0.10, trying next server\n\
        ** server can't find a.privatelink.openai.azure.com: SERVFAIL\n";
    let why = |text: &str| {
        let found = lookups(text);
        assert_eq!(found.len(), 1, "{text}");
        meaning(&found[0]).meaning.unwrap_err()
    };
    assert_eq!(why(text).end.map(|end| end.place), Some("dns"));
    assert!(why(text).words.contains("musl"), "{}", why(text).words);
    // The quiet neighbours: no error, and that of another name.
    let (answer, _) = text.split_once(";; Got SERVFAIL").unwrap();
    assert_eq!(why(answer).end, None);
    assert_eq!(why(&format!("{answer}** server can't find b.corp.example: SERVFAIL\n")).end, None);
}

/// microsoft/azure-container-apps#842.
#[test]
fn a_connection_that_the_server_closed_is_not_called_silent() {
    let text =
        "$ dig +tcp a.openai.azure.com\n;; communications error to 127.0.0.11#53: end of file\n";
    let found = lookups(text);
    let why = meaning(&found[0]).meaning.unwrap_err();
    assert!(why.words.contains("over TCP"), "{}", why.words);
    let silent = text.replace("end of file", "timed out");
    assert!(!meaning(&lookups(&silent)[0]).meaning.unwrap_err().words.contains("over TCP"));
}
