//! Commands for a machine with Windows: those of the rules, which are for a POSIX shell, as
//! PowerShell reads them.
//!
//! One table translates the programs; a program that is not in it keeps its name, and every word is
//! quoted anew, so that no text of a report can begin a command.

mod programs;
mod word;

use super::command::{self, Shell};
use word::Word;

/// A program with its arguments.
type Call = Vec<Word>;

/// The command as PowerShell reads it; as it is where it has parts that only a POSIX shell has.
pub(super) fn translated(command: &str) -> String {
    let mut raw = command::words(command, Shell::Posix);
    let comment = raw.pop_if(|last| last.starts_with('#'));
    let body = match repetition(&raw) {
        Some((times, inner)) => format!("1..{times} | ForEach-Object {{ {} }}", script(inner)),
        None => script(&raw),
    };
    match comment {
        Some(comment) => format!("{body}  {comment}"),
        None => body,
    }
}

/// `for i in 1 2 3; do ...; done`: how often, and what.
fn repetition<'a, 'b>(raw: &'b [&'a str]) -> Option<(usize, &'b [&'a str])> {
    let ["for", _, "in", rest @ .., "done"] = raw else { return None };
    let body = rest.iter().position(|word| *word == "do")?;
    let times = match &rest[..body] {
        ["$(seq", last] => last.strip_suffix(");")?.parse().ok()?,
        numbers => numbers.len(),
    };
    Some((times, &rest[body + 1..]))
}

/// Statements, one after the other.
fn script(raw: &[&str]) -> String {
    let mut statements: Vec<String> = Vec::new();
    let mut pipeline: Vec<Call> = vec![Vec::new()];
    for word in raw {
        let (word, ends) = match word.strip_suffix(';') {
            Some(before) => (before, true),
            None => (*word, *word == "&&" || *word == "||"),
        };
        match word {
            "" | "&&" | "||" | "</dev/null" => {}
            "|" => pipeline.push(Vec::new()),
            word => pipeline.last_mut().into_iter().for_each(|call| call.push(Word::of(word))),
        }
        if ends {
            statements.push(statement(&std::mem::replace(&mut pipeline, vec![Vec::new()])));
        }
    }
    statements.push(statement(&pipeline));
    statements.retain(|statement| !statement.is_empty());
    statements.dedup();
    statements.join("; ")
}

fn statement(pipeline: &[Call]) -> String {
    if let Some(whole) = programs::pipeline(pipeline) {
        return whole;
    }
    let calls = pipeline.iter().enumerate().map(|(place, call)| one(call, place > 0));
    let calls: Vec<String> = calls.filter(|call| !call.is_empty()).collect();
    calls.join(" | ")
}

/// One program. `piped` is whether it reads what another one prints.
fn one(call: &[Word], piped: bool) -> String {
    let [first, arguments @ ..] = call else { return String::new() };
    // Variables for one command: PowerShell only knows those of the session.
    if let Some((name, value)) = first.assignment() {
        return format!("$env:{name} = {}; {}", value.always_quoted(), one(arguments, piped));
    }
    match programs::translated(&first.text(), arguments, piped) {
        Some(known) => known,
        None => call.iter().map(Word::shown).collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn the_programs_of_a_posix_shell_have_their_powershell_form() {
        for (posix, powershell) in [
            (
                "dig +short myacct.openai.azure.com @10.1.0.10",
                "Resolve-DnsName myacct.openai.azure.com -Server 10.1.0.10",
            ),
            (
                "dig azure.com @10.1.0.10 SOA",
                "Resolve-DnsName azure.com -Type SOA -Server 10.1.0.10",
            ),
            ("dig +noall +answer a.example A a.example AAAA", "Resolve-DnsName a.example -DnsOnly"),
            ("dig -p 5353 a.example @10.1.0.11", "nslookup -port=5353 a.example 10.1.0.11"),
            ("dig a.example @<resolver>", "Resolve-DnsName a.example -Server <resolver>"),
            ("nc -vz -w 5 10.3.0.5 443", "Test-NetConnection 10.3.0.5 -Port 443"),
            ("ip -6 route show", "Get-NetRoute -AddressFamily IPv6"),
            (
                "ip -d link show tun0; ip route get 10.3.0.5",
                "Get-NetAdapter; Find-NetRoute -RemoteIPAddress 10.3.0.5",
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
            ("cat /etc/resolv.conf", "Get-DnsClientServerAddress"),
            ("cat notes.txt", "Get-Content notes.txt"),
            ("kubectl get a,b -A", "kubectl get 'a,b' -A"),
            ("istioctl endpoints <pod> | grep a", "istioctl endpoints <pod> | Select-String a"),
            ("az vm list -g <resource group> -o table", "az vm list -g <resource group> -o table"),
        ] {
            assert_eq!(translated(posix), powershell);
        }
    }

    #[test]
    fn the_certificate_is_shown_without_openssl() {
        let shown = translated("openssl s_client -connect 10.3.0.5:443 -servername a.b </dev/null");
        assert!(
            shown.starts_with("$c = [Net.Sockets.TcpClient]::new('10.3.0.5', 443); "),
            "{shown}"
        );
        assert!(shown.contains(".AuthenticateAsClient('a.b'); "), "{shown}");
        let other = "openssl s_client -connect a:443 -servername a -groups X25519";
        assert_eq!(translated(other), other);
    }

    #[test]
    fn a_word_stays_one_word_in_powershell() {
        // As the rules quote `a'; calc; '` for a POSIX shell.
        let word = r"'a'\''; calc; '\'''";
        assert_eq!(translated(&format!("dig {word}")), "Resolve-DnsName 'a''; calc; ''' -DnsOnly");
        assert_eq!(translated(&format!("aoai-probe {word}")), "aoai-probe 'a''; calc; '''");
        // PowerShell reads typographic quotes as quotes.
        assert_eq!(translated("az 'a\u{2019}; calc'"), "az 'a\u{2019}\u{2019}; calc'");
        assert_eq!(translated("az '$(calc)'"), "az '$(calc)'");
        assert_eq!(translated("az '`calc`' '@a'"), "az '`calc`' '@a'");
        assert_eq!(translated("cat \"$A/b\""), "Get-Content \"${env:A}/b\"");
    }
}
