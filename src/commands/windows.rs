//! Commands of Windows that need more than a template. Every function gets the words of the whole
//! pipeline; none means that Windows has nothing of the kind.

use super::word::Word;

/// The arguments of the first program, without what redirects.
fn arguments(words: &[Word]) -> impl Iterator<Item = &Word> {
    let silent = |word: &&Word| !["</dev/null", "2>/dev/null"].contains(&word.raw());
    words.iter().skip(1).take_while(|word| word.raw() != "|").filter(silent)
}

/// The value of an option.
fn value<'a>(words: &'a [Word], option: &str) -> Option<&'a Word> {
    let place = words.iter().position(|word| word.raw() == option)?;
    words.get(place + 1)
}

/// `dig`: with a server, that one is asked; else the configured ones, and not the hosts file.
pub(super) fn dig(words: &[Word]) -> Option<String> {
    let (mut names, mut types, mut server, mut port) = (Vec::new(), Vec::new(), None, None);
    let mut switches = String::new();
    let mut rest = arguments(words);
    while let Some(word) = rest.next() {
        let text = word.text();
        if let Some(address) = word.without('@') {
            server = Some(address.shown());
            continue;
        }
        match text.as_str() {
            "-p" => port = rest.next().map(Word::shown),
            "+tcp" | "+vc" => switches.push_str(" -TcpOnly"),
            "+cd" => switches.push_str(" -DnssecCd"),
            // Only with DNSSEC does it send an OPT record.
            "+edns=0" => switches.push_str(" -DnssecOk"),
            "+short" | "+noall" | "+answer" | "+noedns" => {}
            wait if wait.starts_with("+tries=") || wait.starts_with("+time=") => {}
            "A" | "AAAA" | "CNAME" | "NS" | "SOA" | "TXT" => types.push(text),
            other if other.starts_with(['+', '-']) => return None,
            _ if !names.contains(&word.shown()) => names.push(word.shown()),
            _ => {}
        }
    }
    let name = names.first().filter(|_| names.len() == 1)?;
    if let Some(port) = port {
        return Some(format!("nslookup '-port={port}' {name} {}", server?));
    }
    let kind = match types.as_slice() {
        [one] => format!(" -Type {one}"),
        // Both kinds of address are the default.
        _ => String::new(),
    };
    let by = server.map_or(" -DnsOnly".to_owned(), |server| format!(" -Server {server}"));
    Some(format!("Resolve-DnsName {name}{kind}{by}{switches}"))
}

/// What listens on a port: `ss -lnup 'sport = :PORT'`.
pub(super) fn listeners(words: &[Word]) -> Option<String> {
    let (_, port) = words.last()?.split_last(':')?;
    let port = port.shown();
    Some(format!("Get-Process -Id (Get-NetUDPEndpoint -LocalPort {port}).OwningProcess"))
}

/// The time of a `dig`.
pub(super) fn timed_dig(words: &[Word]) -> Option<String> {
    let own: Vec<Word> = words.iter().take_while(|word| word.raw() != "|").cloned().collect();
    Some(format!("Measure-Command {{ {} }}", dig(&own)?))
}

/// A route with a smaller MTU: Windows has one for an interface, not for an address. The MSS that it
/// announces follows from that.
pub(super) fn bound(words: &[Word]) -> Option<String> {
    let bytes = mtu(words)?;
    Some(format!("Set-NetIPInterface -InterfaceAlias <interface> -NlMtuBytes {bytes}"))
}

/// The MTU that a route of Linux sets, by itself or by the MSS that it announces.
pub(super) fn mtu(words: &[Word]) -> Option<u16> {
    let number = |option: &str| value(words, option)?.raw().parse::<u16>().ok();
    let headers = if value(words, "add")?.raw().contains(':') { 60 } else { 40 };
    number("mtu").or_else(|| number("advmss")?.checked_add(headers))
}

/// A TLS handshake that shows the certificate and its issuer, whatever they are.
pub(super) fn s_client(words: &[Word]) -> Option<String> {
    let known = ["-connect", "-servername", "-showcerts", "-brief", "-proxy", "-groups"];
    let versions = [("-tls1_1", "Tls11"), ("-tls1_2", "Tls12"), ("-tls1_3", "Tls13")];
    let mut version = None;
    for option in arguments(words).filter(|word| word.raw().starts_with('-')) {
        let named = versions.iter().find(|(posix, _)| *posix == option.raw());
        version = version.or(named.map(|(_, name)| *name));
        if named.is_none() && !known.contains(&option.raw()) {
            return None;
        }
    }
    // Its own ClientHello is small, and it cannot be told to send another.
    if value(words, "-groups").is_some_and(|group| group.raw() != "X25519") {
        return None;
    }
    let (host, port) = value(words, "-connect")?.split_last(':')?;
    if let Some(proxy) = value(words, "-proxy") {
        return Some(through_proxy(&host, &port, proxy, words));
    }
    let name = value(words, "-servername").unwrap_or(&host).always_quoted();
    let with_version = version.map(|version| format!(", $null, '{version}', $false"));
    Some(format!(
        "$c = [Net.Sockets.TcpClient]::new({}, {}); $s = [Net.Security.SslStream]::new(\
         $c.GetStream(), $false, {{ $true }}); $s.AuthenticateAsClient({name}{}); {}",
        host.always_quoted(),
        port.shown(),
        with_version.unwrap_or_default(),
        shown_of("$s.RemoteCertificate", words)
    ))
}

/// The same through an HTTP proxy. Windows PowerShell keeps the certificate of the connection.
fn through_proxy(host: &Word, port: &Word, proxy: &Word, words: &[Word]) -> String {
    let url = Word::of(&format!("https://{}:{}/", host.text(), port.text())).always_quoted();
    let proxy = Word::of(&format!("http://{}", proxy.text())).always_quoted();
    format!(
        "$r = [Net.HttpWebRequest]::Create({url}); $r.Proxy = [Net.WebProxy]::new({proxy}); \
         $r.ServerCertificateValidationCallback = {{ $true }}; try {{ \
         $r.GetResponse().Dispose() }} catch {{ }}; {}",
        shown_of("$r.ServicePoint.Certificate", words)
    )
}

/// What is shown of a certificate: what the program behind the handshake would have.
fn shown_of(certificate: &str, words: &[Word]) -> String {
    let has = |option: &str| words.iter().any(|word| word.raw() == option);
    if has("-text") {
        return format!(
            "[Security.Cryptography.X509Certificates.X509Certificate2]::new({certificate}) | \
             Format-List *"
        );
    }
    let shown = format!("{certificate} | Format-List Subject, Issuer");
    match has("-fingerprint") {
        true => format!(
            "{shown}; [BitConverter]::ToString([Security.Cryptography.SHA256]::Create()\
             .ComputeHash({certificate}.GetRawCertData()))"
        ),
        false => shown,
    }
}

/// `openssl x509 -in FILE`.
pub(super) fn certificate(words: &[Word]) -> Option<String> {
    Some(format!("certutil -dump {}", value(words, "-in")?.shown()))
}

/// Parts of a token, decoded.
pub(super) fn claims(words: &[Word]) -> Option<String> {
    let parts = match value(words, "-d.")?.raw() {
        "-f1,2" => "0, 1",
        _ => "1",
    };
    let file = words.get(3)?.shown();
    Some(format!(
        "(Get-Content -Raw {file}).Split('.')[{parts}] | ForEach-Object {{ $p = \
         $_.Replace('-', '+').Replace('_', '/'); [Text.Encoding]::UTF8.GetString(\
         [Convert]::FromBase64String($p + '=' * ((4 - $p.Length % 4) % 4))) }}"
    ))
}

/// The line of `sed -n 3p FILE`.
pub(super) fn line(words: &[Word]) -> Option<String> {
    let [_, _, line, file] = words else { return None };
    let line: usize = line.raw().strip_suffix('p')?.parse().ok()?;
    Some(format!("(Get-Content {})[{}]", file.shown(), line.saturating_sub(1)))
}

/// `sed -i.before 3d FILE`: a copy is kept.
pub(super) fn without_line(words: &[Word]) -> Option<String> {
    let [_, _, line, file] = words else { return None };
    let line = line.text();
    let line: usize = line.strip_suffix('d')?.parse().ok()?;
    let before = Word::of(&format!("{}.before", file.raw())).shown();
    let file = file.shown();
    Some(format!(
        "Copy-Item {file} {before}; (Get-Content {file}) | Where-Object ReadCount -ne {line} | \
         Set-Content -Encoding ascii {file}"
    ))
}

/// `curl`, which is an alias of another program in Windows PowerShell.
pub(super) fn curl(words: &[Word]) -> Option<String> {
    let one = |word: &Word| match word.raw() {
        "/dev/null" => "NUL".to_owned(),
        _ => word.shown(),
    };
    if words.iter().any(|word| word.raw() == "|") {
        return None;
    }
    let all: Vec<String> = arguments(words).map(one).collect();
    Some(format!("curl.exe {}", all.join(" ")))
}

/// A patch as YAML: Windows PowerShell takes the quotes of JSON out of an argument.
pub(super) fn patch(words: &[Word]) -> Option<String> {
    let (json, before) = words.split_last()?;
    let yaml = json.text().replace("\":", ": ").replace('"', "");
    let before: Vec<String> = before.iter().map(Word::shown).collect();
    Some(format!("{} {}", before.join(" "), Word::literal(&yaml).always_quoted()))
}

/// `export`: a list to which something is appended does not begin with a comma.
pub(super) fn export(words: &[Word]) -> Option<String> {
    let one = |word: &Word| {
        let (name, value) = word.assignment()?;
        let appended = format!("\"${{{name}:+${name},}}\"");
        Some(match value.raw().strip_prefix(&appended) {
            Some(more) => {
                let list = Word::of(&format!("${name},{more}")).always_quoted();
                let list = list.replace(&format!("${{env:{name}}}"), &format!("$env:{name}"));
                format!("$env:{name} = {list}.TrimStart(',')")
            }
            None if value.raw().contains("${") => return None,
            None => format!("$env:{name} = {}", value.always_quoted()),
        })
    };
    let all: Option<Vec<String>> = arguments(words).map(one).collect();
    all.map(|all| all.join("; "))
}

pub(super) fn unset(words: &[Word]) -> Option<String> {
    Some(format!("Remove-Item {}", variables(words, "Env:", ", ")))
}

pub(super) fn printenv(words: &[Word]) -> Option<String> {
    Some(variables(words, "$env:", "; "))
}

/// The names of variables, each behind `before`.
fn variables(words: &[Word], before: &str, between: &str) -> String {
    let names = arguments(words).map(|name| format!("{before}{}", name.text()));
    names.collect::<Vec<_>>().join(between)
}
