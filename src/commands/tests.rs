//! Commands as they are written for Linux, and what they are elsewhere.

use super::{System, suited};

fn translated(command: &str) -> String {
    suited(command, System::Windows).command.unwrap_or_default()
}

#[test]
fn the_programs_of_a_posix_shell_have_their_powershell_form() {
    for (posix, powershell) in [
        (
            "dig +short myacct.openai.azure.com @10.1.0.10",
            "Resolve-DnsName myacct.openai.azure.com -Server 10.1.0.10",
        ),
        ("dig azure.com @10.1.0.10 SOA", "Resolve-DnsName azure.com -Type SOA -Server 10.1.0.10"),
        ("dig +noall +answer a.example A a.example AAAA", "Resolve-DnsName a.example -DnsOnly"),
        ("dig -p 5353 a.example @10.1.0.11", "nslookup '-port=5353' a.example 10.1.0.11"),
        ("dig a.example @<resolver>", "Resolve-DnsName a.example -Server <resolver>"),
        ("nc -vz -w 5 10.3.0.5 443", "Test-NetConnection 10.3.0.5 -Port 443"),
        ("ip -6 route show", "Get-NetRoute -AddressFamily IPv6"),
        (
            "ip -d link show tun0; ip route get 10.3.0.5",
            "Get-NetAdapter -Name tun0 | Format-List; Find-NetRoute -RemoteIPAddress 10.3.0.5",
        ),
        ("curl -sv -o /dev/null https://a/ 2>&1", "curl.exe -sv -o NUL https://a/ 2>&1"),
        ("curl -s 'https://a/?b=c&d=e'", "curl.exe -s 'https://a/?b=c&d=e'"),
        (
            "export NO_PROXY=\"${NO_PROXY:+$NO_PROXY,}\"a.example",
            "$env:NO_PROXY = \"$env:NO_PROXY,a.example\".TrimStart(',')",
        ),
        ("export A=b C='d e'", "$env:A = 'b'; $env:C = 'd e'"),
        ("unset A B", "Remove-Item Env:A, Env:B"),
        ("printenv A B", "$env:A; $env:B"),
        ("A=<key> aoai-probe x", "$env:A = '<key>'; aoai-probe x"),
        ("date -u; timedatectl", "(Get-Date).ToUniversalTime(); w32tm /query /status"),
        (
            "for i in 1 2 3; do nc -zv -w 2 a 443; done  # if one: x",
            "1..3 | ForEach-Object { Test-NetConnection a -Port 443 }  # if one: x",
        ),
        (
            "for i in $(seq 20); do dig a @b +short +tries=1 +time=1; done",
            "1..20 | ForEach-Object { Resolve-DnsName a -Server b }",
        ),
        ("cat /etc/resolv.conf", "Get-DnsClientServerAddress; Get-DnsClientNrptPolicy -Effective"),
        ("cat notes.txt", "Get-Content notes.txt"),
        ("kubectl get a,b -A", "kubectl get 'a,b' -A"),
        (
            "istioctl endpoints <pod> | grep a",
            "istioctl endpoints <pod> | Select-String -CaseSensitive a",
        ),
        ("az vm list -g <resource group> -o table", "az vm list -g <resource group> -o table"),
        ("grep -c BEGIN a.pem", "(Select-String -CaseSensitive BEGIN a.pem).Count"),
        (
            "trust list --filter=ca-anchors | grep 'DigiCert (G2'",
            "Get-ChildItem Cert:\\LocalMachine\\Root | Where-Object { $_.Subject.Contains('DigiCert (G2') }",
        ),
        (
            "ip route del default via <gateway>",
            "Remove-NetRoute -DestinationPrefix 0.0.0.0/0 -NextHop <gateway>",
        ),
        (
            "ip -6 route del default via <gateway>",
            "Remove-NetRoute -DestinationPrefix ::/0 -NextHop <gateway>",
        ),
        // Whatever account an application runs as keeps its access.
        (
            "chmod 600 key",
            "icacls key /inheritance:d; icacls key /remove:g *S-1-1-0 *S-1-5-11 *S-1-5-32-545",
        ),
    ] {
        assert_eq!(translated(posix), powershell);
    }
}

#[test]
fn the_certificate_is_shown_without_openssl() {
    let shown = translated("openssl s_client -connect 10.3.0.5:443 -servername a.b </dev/null");
    assert!(shown.starts_with("$c = [Net.Sockets.TcpClient]::new('10.3.0.5', 443); "), "{shown}");
    assert!(shown.contains(".AuthenticateAsClient('a.b'); "), "{shown}");
    // Its own ClientHello is small; a large one it cannot be told to send.
    let small = translated("openssl s_client -connect a:443 -servername a -groups X25519");
    assert!(small.contains(".AuthenticateAsClient('a'); "), "{small}");
    let large = "openssl s_client -connect a:443 -servername a -groups X25519MLKEM768";
    assert_eq!(translated(large), "");
    let version = translated("openssl s_client -connect a:443 -servername a -tls1_2 </dev/null");
    assert!(version.contains(".AuthenticateAsClient('a', $null, 'Tls12', $false); "), "{version}");
    let proxied = translated("openssl s_client -proxy p:80 -connect a:443 -servername a");
    assert!(proxied.contains("[Net.WebProxy]::new('http://p:80')"), "{proxied}");
    let print =
        translated("openssl s_client -connect a:443 2>/dev/null | openssl x509 -fingerprint");
    assert!(print.contains("SHA256"), "{print}");
}

#[test]
fn a_word_stays_one_word_in_powershell() {
    // As the rules quote `a'; calc; '` for a POSIX shell.
    let word = r"'a'\''; calc; '\'''";
    assert_eq!(translated(&format!("dig {word}")), "Resolve-DnsName 'a''; calc; ''' -DnsOnly");
    assert_eq!(translated(&format!("aoai-probe {word}")), "aoai-probe 'a''; calc; '''");
    // PowerShell reads typographic quotes as quotes.
    assert_eq!(translated("az 'a\u{2019}; calc'"), "az 'a\u{2019}\u{2019}; calc'");
    assert_eq!(translated("aws '$(calc)'"), "aws '$(calc)'");
    assert_eq!(translated("aws '`calc`' '@a'"), "aws '`calc`' '@a'");
    assert_eq!(translated("cat \"$A/b\""), "Get-Content \"${env:A}/b\"");
}

#[test]
fn a_word_stays_one_word_for_a_batch_file_of_windows() {
    for (posix, powershell) in [
        ("az x --assignee '1&calc&2'", r#"az x --assignee '"1&calc&2"'"#),
        ("gcloud x 'a|calc'", r#"gcloud x '"a|calc"'"#),
        ("az x 'a & calc'", r#"az x '"a & calc"'"#),
        ("az x 'a^b' 'c>d' 'e<f'", r#"az x '"a^b"' '"c>d"' '"e<f"'"#),
        (
            "az rest --url 'https://a/<id>?api-version=1&$filter=atScope()'",
            r#"az rest --url '"https://a/<id>?api-version=1&$filter=atScope()"'"#,
        ),
        ("az x --query \"contains(a,'b')\"", r#"az x --query '"contains(a,''b'')"'"#),
        // With a variable of the session.
        ("az x \"$A&b\"", "az x \"`\"${env:A}&b`\"\""),
        // No quotes of cmd.exe keep these: the text of the step remains.
        ("az x 'a\"&calc'", ""),
        ("az x '%A%'", ""),
        ("az x | gcloud '%A%'", ""),
        // Placeholders and what redirects.
        ("az x -g <resource group> -n <app>", "az x -g <resource group> -n <app>"),
        ("az x 2>&1", "az x 2>&1"),
        ("az x > <file>", "az x > <file>"),
        // No batch files.
        ("aws x 'a&b'", "aws x 'a&b'"),
    ] {
        assert_eq!(translated(posix), powershell);
    }
}

#[test]
fn a_mac_has_its_own_column() {
    for (linux, mac) in [
        ("getent ahosts a.example", Some("dscacheutil -q host -a name a.example")),
        ("time getent ahosts a", Some("time dscacheutil -q host -a name a")),
        ("ip route get 10.3.0.5", Some("route -n get 10.3.0.5")),
        ("ip -6 route get fd00::5", Some("route -n get -inet6 fd00::5")),
        ("dig +short a @10.1.0.10", Some("dig +short a @10.1.0.10")),
        ("resolvectl status", Some("scutil --dns")),
        ("ls -l /etc/resolv.conf; resolvectl status", Some("scutil --dns")),
        (
            "ip route add 10.3.0.5 via <gateway> dev <interface> advmss 1240",
            Some("sudo route -n add -host 10.3.0.5 <gateway> -mtu 1280"),
        ),
        (
            "for i in 1 2 3; do nc -zv -w 2 a 443; done  # if one: x",
            Some("for i in 1 2 3; do nc -zv -w 2 a 443; done  # if one: x"),
        ),
        ("A=b aoai-probe 'x y'", Some("A=b aoai-probe 'x y'")),
        (
            "openssl s_client -connect a:1 -brief </dev/null",
            Some("openssl s_client -connect a:1 </dev/null"),
        ),
        (
            "ip route add fd00::5 via <gateway> dev <interface> mtu 1280",
            Some("sudo route -n add -inet6 -host fd00::5 <gateway> -mtu 1280"),
        ),
        ("ip route del 10.3.0.5", Some("sudo route -n delete 10.3.0.5")),
        ("ip route del fd00::5", Some("sudo route -n delete -inet6 fd00::5")),
        (
            "ip route add fd00::5/128 via <gateway>",
            Some("sudo route -n add -inet6 fd00::5/128 <gateway>"),
        ),
        (
            "ip route del 10.3.0.5/32 via <gateway>",
            Some("sudo route -n delete 10.3.0.5/32 <gateway>"),
        ),
        ("ip route del default via <gateway>", Some("sudo route -n delete default <gateway>")),
        (
            "ip -6 route del default via <gateway>",
            Some("sudo route -n delete -inet6 default <gateway>"),
        ),
        ("openssl rehash <folder>", Some("openssl certhash <folder>")),
        ("systemctl status himdsd", None),
        ("a-strange-program x", None),
    ] {
        assert_eq!(suited(linux, System::MacOs).command.as_deref(), mac, "{linux}");
    }
}

#[test]
fn what_a_system_lacks_has_other_words_or_is_left_out() {
    let hosts_line = suited("grep ^hosts: /etc/nsswitch.conf", System::Windows);
    assert_eq!(hosts_line.command.as_deref(), Some("Get-DnsClientNrptPolicy -Effective"));
    assert!(hosts_line.text.is_some_and(|text| text.contains("NRPT")));
    let update = "apt-get install --only-upgrade ca-certificates && update-ca-certificates";
    let roots = suited(update, System::Windows);
    assert_eq!(roots.command, None);
    assert!(roots.text.is_some_and(|text| text.contains("ctldl.windowsupdate.com")));
    let mtu =
        translated("ip route add 10.3.0.5 via <gateway> dev <interface> mtu 1280 advmss 1240");
    assert_eq!(mtu, "Set-NetIPInterface -InterfaceAlias <interface> -NlMtuBytes 1280");
    let line = r"sed -i.before '3d' 'C:\Windows\System32\drivers\etc\hosts'";
    assert_eq!(
        translated(line),
        r"Copy-Item C:\Windows\System32\drivers\etc\hosts C:\Windows\System32\drivers\etc\hosts.before; (Get-Content C:\Windows\System32\drivers\etc\hosts) | Where-Object ReadCount -ne 3 | Set-Content -Encoding ascii C:\Windows\System32\drivers\etc\hosts"
    );
}

#[test]
fn linux_gets_what_the_rule_wrote() {
    for command in ["dig a \\\n  +tcp", "a-strange-program x", "x  # y"] {
        assert_eq!(suited(command, System::Linux).command.as_deref(), Some(command));
    }
}
