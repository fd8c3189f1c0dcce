//! The table of programs: what each is in PowerShell, for the arguments that rules give it.

use super::word::Word;
use super::{Call, statement};

/// What a call is in PowerShell; none if that is not known.
type Form = fn(&[Word]) -> Option<String>;

const TABLE: &[(&str, Form)] = &[
    ("cat", cat),
    ("chronyc", chronyc),
    ("command", |a| Some(format!("Get-Command {}", last(a)?))),
    ("curl", |a| Some(format!("curl.exe {}", all(a)))),
    ("date", |_| Some("(Get-Date).ToUniversalTime()".to_owned())),
    ("dig", dig),
    ("export", export),
    ("getent", |a| Some(format!("Resolve-DnsName {}", last(a)?))),
    ("ip", ip),
    ("iptables-save", |_| Some(String::new())),
    ("ls", |a| file(a.last()?, "Get-Item")),
    ("nc", |a| {
        let [.., host, port] = a else { return None };
        Some(format!("Test-NetConnection {} -Port {}", host.shown(), port.shown()))
    }),
    ("nft", |_| {
        Some("Get-NetFirewallRule -Enabled True -Direction Outbound -Action Block".to_owned())
    }),
    ("openssl", openssl),
    ("ping", ping),
    ("printenv", |a| Some(variables(a, "$env:", "; "))),
    ("resolvectl", |a| {
        (a.first()?.raw() == "status").then(|| "Get-DnsClientServerAddress".to_owned())
    }),
    ("sed", hosts_line),
    ("ss", |_| Some("Get-NetUDPEndpoint -LocalPort 53".to_owned())),
    ("sudo", |a| Some(statement(&[a.to_vec()]))),
    ("time", |a| Some(format!("Measure-Command {{ {} }}", statement(&[a.to_vec()])))),
    ("timedatectl", |_| Some("w32tm /query /status".to_owned())),
    ("traceroute", |a| Some(format!("tracert -d {}", last(a)?))),
    ("unset", |a| Some(format!("Remove-Item {}", variables(a, "Env:", ", ")))),
];

/// A program's call in PowerShell.
pub(super) fn translated(program: &str, arguments: &[Word], piped: bool) -> Option<String> {
    let patterns = arguments.iter().filter(|word| word.raw() == "-e").count();
    if piped && program == "grep" && patterns < 2 {
        return Some(format!("Select-String {}", last(arguments)?));
    }
    let (_, form) = TABLE.iter().find(|(known, _)| *known == program)?;
    // What is written into a file is another matter than what is shown.
    let writes = arguments.iter().any(|word| [">", ">>"].contains(&word.raw()));
    if writes { None } else { form(arguments) }
}

/// Pipelines whose programs together have one form.
pub(super) fn pipeline(calls: &[Call]) -> Option<String> {
    let program = |call: &Call| call.first().map(Word::text).unwrap_or_default();
    let [first, rest @ ..] = calls else { return None };
    let grep = rest.iter().find(|call| program(call) == "grep")?;
    let pattern = grep.last()?;
    match (program(first).as_str(), rest.first().map(program).as_deref()) {
        // Names alone: values may be secret.
        ("env", Some("cut")) => {
            let pattern = Word::of(&pattern.raw().replace("\\?", "?"));
            let by_name = format!("Where-Object Name -match {}", pattern.always_quoted());
            Some(format!("Get-ChildItem Env: | {by_name} | Select-Object Name"))
        }
        // The password of a proxy stays hidden.
        ("env", _) => Some(
            "Get-ChildItem Env:*_proxy | ForEach-Object { $_.Name + '=' + \
             ($_.Value -replace '//[^@/]*@', '//') }"
                .to_owned(),
        ),
        ("trust", _) => Some(format!(
            "Get-ChildItem Cert:\\LocalMachine\\Root | Where-Object Subject -match {}",
            pattern.always_quoted()
        )),
        ("dig", Some("grep")) if pattern.text() == "Query time" => {
            Some(format!("Measure-Command {{ {} }}", statement(std::slice::from_ref(first))))
        }
        _ => None,
    }
}

fn all(arguments: &[Word]) -> String {
    let one = |word: &Word| match word.raw() {
        "/dev/null" => "NUL".to_owned(),
        _ => word.shown(),
    };
    arguments.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn last(arguments: &[Word]) -> Option<String> {
    arguments.last().map(Word::shown)
}

/// The names of variables, each behind `before`.
fn variables(names: &[Word], before: &str, between: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{before}{}", name.text())).collect();
    names.join(between)
}

/// `dig`: with a server, that one is asked; else the configured ones, and not the hosts file.
fn dig(arguments: &[Word]) -> Option<String> {
    let (mut names, mut types, mut server, mut port) = (Vec::new(), Vec::new(), None, None);
    let mut switches = String::new();
    let mut rest = arguments.iter();
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
        return Some(format!("nslookup -port={port} {name} {}", server?));
    }
    let kind = match types.as_slice() {
        [one] => format!(" -Type {one}"),
        // Both kinds of address are the default.
        _ => String::new(),
    };
    let by = server.map_or(" -DnsOnly".to_owned(), |server| format!(" -Server {server}"));
    Some(format!("Resolve-DnsName {name}{kind}{by}{switches}"))
}

/// `export`: a list to which something is appended does not begin with a comma.
fn export(arguments: &[Word]) -> Option<String> {
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
    let all: Option<Vec<String>> = arguments.iter().map(one).collect();
    all.map(|all| all.join("; "))
}

fn ip(arguments: &[Word]) -> Option<String> {
    let six = arguments.iter().any(|word| word.raw() == "-6");
    let words: Vec<&Word> = arguments.iter().filter(|word| !word.raw().starts_with('-')).collect();
    let raw: Vec<&str> = words.iter().map(|word| word.raw()).collect();
    Some(match raw.as_slice() {
        ["route", "get", ..] => {
            format!("Find-NetRoute -RemoteIPAddress {}", words.get(2)?.shown())
        }
        ["route", "show"] if six => "Get-NetRoute -AddressFamily IPv6".to_owned(),
        ["route", "show", ..] => "Get-NetRoute".to_owned(),
        ["address", "show", ..] => "Get-NetIPAddress".to_owned(),
        ["link", "show", ..] => "Get-NetAdapter".to_owned(),
        ["neigh", ..] => "Get-NetNeighbor".to_owned(),
        _ => return None,
    })
}

/// A TLS handshake that shows the certificate and its issuer, whatever they are.
fn openssl(arguments: &[Word]) -> Option<String> {
    let [command, rest @ ..] = arguments else { return None };
    let value = |option: &str| {
        let place = rest.iter().position(|word| word.raw() == option)?;
        rest.get(place + 1)
    };
    if ["x509", "pkcs12"].contains(&command.raw()) {
        return Some(format!("certutil -dump {}", value("-in")?.shown()));
    }
    let known = ["-connect", "-servername", "-showcerts", "-brief"];
    let other = |word: &&Word| word.raw().starts_with('-') && !known.contains(&word.raw());
    if command.raw() != "s_client" || rest.iter().any(|word| other(&word)) {
        return None;
    }
    let (host, port) = value("-connect")?.split_last(':')?;
    let name = value("-servername").unwrap_or(&host);
    Some(format!(
        "$c = [Net.Sockets.TcpClient]::new({}, {}); $s = [Net.Security.SslStream]::new(\
         $c.GetStream(), $false, {{ $true }}); $s.AuthenticateAsClient({}); \
         $s.RemoteCertificate | Format-List Subject, Issuer",
        host.always_quoted(),
        port.shown(),
        name.always_quoted()
    ))
}

fn ping(arguments: &[Word]) -> Option<String> {
    let place = arguments.iter().position(|word| word.raw() == "-s")?;
    let size = arguments.get(place + 1)?.shown();
    Some(format!("ping -n 2 -f -l {size} {}", last(arguments)?))
}

fn chronyc(arguments: &[Word]) -> Option<String> {
    Some(match arguments.first()?.raw() {
        "makestep" => "w32tm /resync".to_owned(),
        "sources" => "w32tm /query /peers".to_owned(),
        _ => return None,
    })
}

fn cat(arguments: &[Word]) -> Option<String> {
    file(arguments.iter().find(|word| !word.raw().starts_with('-'))?, "Get-Content")
}

/// What shows a file; some files of other systems have another place on Windows.
fn file(path: &Word, shows: &str) -> Option<String> {
    Some(match path.text().as_str() {
        "/etc/resolv.conf" => "Get-DnsClientServerAddress".to_owned(),
        "/etc/hosts" => format!("{shows} {HOSTS}"),
        other
            if ["/etc/", "/proc/", "/sys/", "/var/", "/run/"]
                .iter()
                .any(|p| other.starts_with(p)) =>
        {
            return None;
        }
        _ => format!("{shows} {}", path.shown()),
    })
}

const HOSTS: &str = "$env:SystemRoot\\System32\\drivers\\etc\\hosts";

/// `sed -n 3p /etc/hosts`.
fn hosts_line(arguments: &[Word]) -> Option<String> {
    let [print, line, file] = arguments else { return None };
    let line: usize = line.raw().strip_suffix('p')?.parse().ok()?;
    let shown = print.raw() == "-n" && file.raw() == "/etc/hosts";
    shown.then(|| format!("(Get-Content {HOSTS})[{}]", line.saturating_sub(1)))
}
