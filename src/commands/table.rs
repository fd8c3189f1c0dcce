//! The table: a command as rules write it for Linux, and what it is on each other system.
//!
//! A pattern is a whole pipeline. `{x}` is any one word and `{x..}` all that follow; a template puts
//! them in, quoted for its shell, and `{'x}` in quotes always. Facts O1 to O7.

use super::script::Statement;
use super::word::Word;
use super::{Shell, System, macos, windows, words};

/// What a command is on another system.
pub(super) enum Form {
    /// The same.
    Same,
    /// This.
    As(&'static str),
    /// This, which shows or does something else: what the step then says, and the command, which may
    /// be empty.
    Else(&'static str, &'static str),
    /// What a function makes of the words.
    By(fn(&[Word]) -> Option<String>),
    /// Nothing: it has no such thing, or the rest of the command shows as much.
    Nothing,
}

use Form::{As, By, Else, Nothing, Same};

/// A command, and its form on each system.
pub(super) struct Row {
    linux: &'static str,
    windows: Form,
    macos: Form,
}

impl Row {
    pub(super) const fn on(&self, system: System) -> &Form {
        match system {
            System::Linux => &Same,
            System::MacOs => &self.macos,
            System::Windows => &self.windows,
        }
    }
}

const fn row(linux: &'static str, windows: Form, macos: Form) -> Row {
    Row { linux, windows, macos }
}

/// The rows by what they are about; of two that fit the first is taken.
const ROWS: &[&[Row]] = &[NAMES, ADDRESSES, FILTERS, MACHINE, TLS, FILES, SHELL];

const NAMES: &[Row] = &[
    row("dig {a..} | grep 'Query time'", By(windows::timed_dig), Same),
    row("dig {a..}", By(windows::dig), Same),
    row(
        "getent ahosts {name}",
        As("Resolve-DnsName {name}"),
        As("dscacheutil -q host -a name {name}"),
    ),
    row("resolvectl status", As(RESOLVERS), As("scutil --dns")),
    row(
        "resolvectl query {name}",
        As("Resolve-DnsName {name}"),
        As("dscacheutil -q host -a name {name}"),
    ),
    row(
        "grep -n {name} /etc/hosts",
        As("Select-String {name} \"$env:SystemRoot\\System32\\drivers\\etc\\hosts\""),
        Same,
    ),
    row("grep ^hosts: /etc/nsswitch.conf", RULES_BY_NAME, SCOPED),
    row("cat /etc/resolv.conf", As(RESOLVERS), As("scutil --dns")),
    row("cat /etc/wsl.conf /etc/resolv.conf", As(RESOLVERS), As("scutil --dns")),
    row("ls -l /etc/resolv.conf", As(RESOLVERS), As("scutil --dns")),
    row("ss -lnup {filter}", By(windows::listeners), By(macos::listeners)),
];

const RESOLVERS: &str = "Get-DnsClientServerAddress; Get-DnsClientNrptPolicy -Effective";
const RULES_BY_NAME: Form = Else(
    "see the rules by name (NRPT), which Windows applies before it asks an interface's resolvers",
    "Get-DnsClientNrptPolicy -Effective",
);
const SCOPED: Form = Else("see which resolver serves which names", "scutil --dns");

const ADDRESSES: &[Row] = &[
    row("ip route get {ip}", As(ROUTE), By(macos::route)),
    row("ip route get {ip} ipproto tcp dport {port}", As(ROUTE), By(macos::route_of_connection)),
    row(
        "ip route get {ip} from {source} ipproto tcp dport {port}",
        As(ROUTE),
        By(macos::route_of_connection),
    ),
    row("ip route get {ip} from {source} ipproto tcp dport {port} mark {mark}", Nothing, Nothing),
    row("ip rule show", Nothing, Nothing),
    row("ip route show table all type blackhole", As("Get-NetRoute"), As("netstat -rn")),
    row("ip route show table all type prohibit", Nothing, Nothing),
    row("ip -6 route get {ip}", As(ROUTE), By(macos::route)),
    row("ip route show", As("Get-NetRoute -AddressFamily IPv4"), As("netstat -rn -f inet")),
    row("ip -6 route show", As("Get-NetRoute -AddressFamily IPv6"), As("netstat -rn -f inet6")),
    row("ip route show {ip}", As(MTUS), By(macos::route)),
    row(
        "ip route add {ip} via {gateway} dev {interface} {bound..}",
        By(windows::bound),
        By(macos::bound),
    ),
    row(
        "ip route add {prefix} via {gateway}",
        As(
            "New-NetRoute -DestinationPrefix {prefix} -InterfaceAlias <interface> -NextHop {gateway} \
            -PolicyStore ActiveStore",
        ),
        By(macos::change_route),
    ),
    row(
        "ip route del default via {gateway}",
        As("Remove-NetRoute -DestinationPrefix 0.0.0.0/0 -NextHop {gateway}"),
        As("sudo route -n delete default {gateway}"),
    ),
    row(
        "ip -6 route del default via {gateway}",
        As("Remove-NetRoute -DestinationPrefix ::/0 -NextHop {gateway}"),
        As("sudo route -n delete -inet6 default {gateway}"),
    ),
    row(
        "ip route del {prefix} via {gateway}",
        As("Remove-NetRoute -DestinationPrefix {prefix} -NextHop {gateway}"),
        By(macos::change_route),
    ),
    row(
        "ip route del {ip}",
        As("Set-NetIPInterface -InterfaceAlias <interface> -NlMtuBytes <the old value>"),
        By(macos::change_route),
    ),
    row("ip address show", As("Get-NetIPAddress"), As("ifconfig")),
    row(
        "ip address show {name}",
        As("Get-NetIPAddress -InterfaceAlias {name}"),
        As("ifconfig {name}"),
    ),
    row(
        "ip -d link show {name}",
        As("Get-NetAdapter -Name {name} | Format-List"),
        As("ifconfig {name}"),
    ),
    row("ip neigh", As("Get-NetNeighbor"), As("arp -an")),
    row("ip neigh show {ip}", As("Get-NetNeighbor -IPAddress {ip}"), By(macos::neighbour)),
    row(
        "ip neigh show nud failed nud incomplete",
        As("Get-NetNeighbor -State Unreachable, Incomplete"),
        As("arp -an"),
    ),
    row("nc -vz -w {s} {host} {port}", As(CONNECT), Same),
    row("nc -zv -w {s} {host} {port}", As(CONNECT), Same),
    row("traceroute -n {ip}", As("tracert -d {ip}"), Same),
    row("traceroute -n -T -p {port} {ip}", TRACE, As("sudo traceroute -n -P tcp -p {port} {ip}")),
    row("mtr -rwc {n} --tcp -P {port} {ip}", LOSS, Else(BY_ECHO, "ping -c {n} {ip}")),
    row(
        "ping -c {n} -M do -s {size} {ip}",
        As("ping -n {n} -f -l {size} {ip}"),
        As("ping -c {n} -D -s {size} {ip}"),
    ),
];

const ROUTE: &str = "Find-NetRoute -RemoteIPAddress {ip}";
const MTUS: &str = "Get-NetIPInterface | Format-Table InterfaceAlias, AddressFamily, NlMtu";
const CONNECT: &str = "Test-NetConnection {host} -Port {port}";
const BY_ECHO: &str = "see how many echoes are lost (ICMP, which networks may treat differently)";
const TRACE: Form = Else(
    "see the routers on the path (by ICMP: this system has no trace by TCP)",
    "tracert -d {ip}",
);
const LOSS: Form = Else(
    "see where on the path packets are lost (by ICMP, which networks may treat differently)",
    "pathping -n {ip}",
);

const FILTERS: &[Row] = &[
    row("nft list ruleset", As(BLOCKS), As("sudo pfctl -s rules")),
    row("iptables-save", Nothing, Nothing),
    row("ip xfrm policy", As("Get-NetIPsecRule -PolicyStore ActiveStore"), Nothing),
    row("nstat -az TcpExtIPReversePathFilter", Nothing, Nothing),
    row("wg show", Nothing, Nothing),
    row("wg show {name}", Nothing, Nothing),
    row("iptables-save -c", Nothing, Nothing),
    row("iptables-save -t mangle", Nothing, Nothing),
    row("iptables -t nat -S OUTPUT", As(REDIRECTS), As("sudo pfctl -s nat")),
    row("iptables-save -t nat", As(REDIRECTS), As("sudo pfctl -s nat")),
    row(
        "iptables -S OUTPUT | grep {pattern}",
        As(BLOCKS),
        As("sudo pfctl -s rules | grep {pattern}"),
    ),
    row("iptables -t nat -S | grep {a..}", As(REDIRECTS), As("sudo pfctl -s nat")),
    row("tcpdump {a..} {filter}", CAPTURE, As("sudo tcpdump -n -v {filter}")),
];

const BLOCKS: &str = "Get-NetFirewallRule -Enabled True -Direction Outbound -Action Block";
const REDIRECTS: &str = "netsh interface portproxy show all; netsh wfp show filters dir=out file=-";
const CAPTURE: Form = Else(
    "record the answers (as administrator), and read the file with Wireshark once etl2pcapng has \
     converted it",
    "netsh trace start capture=yes protocol=17 tracefile=<file.etl>; Read-Host 'repeat the check, \
     then press Enter'; netsh trace stop",
);

const MACHINE: &[Row] = &[
    row("date -u", As("(Get-Date).ToUniversalTime()"), Same),
    row("timedatectl", As("w32tm /query /status"), As(CLOCK)),
    row("timedatectl status", As("w32tm /query /status"), As(CLOCK)),
    row("timedatectl timesync-status", As("w32tm /query /status"), As(CLOCK)),
    row(
        "chronyc sources -v",
        As("w32tm /query /peers"),
        As("sudo systemsetup -getnetworktimeserver"),
    ),
    row("chronyc makestep", As("w32tm /resync"), As("sudo sntp -sS time.apple.com")),
    row("hwclock -s", As("w32tm /resync"), As("sudo sntp -sS time.apple.com")),
    row("systemctl status himdsd", As("Get-Service himds"), Nothing),
    row("systemctl restart himdsd", As("Restart-Service himds"), Nothing),
    row(
        "systemctl status azure-proxy-agent --no-pager",
        As("Get-Service GuestProxyAgent"),
        Nothing,
    ),
    row(
        "ls -ld /var/opt/azcmagent/tokens",
        As("Get-Acl \"$env:ProgramData\\AzureConnectedMachineAgent\\Tokens\" | Format-List"),
        Nothing,
    ),
    row(
        "usermod -aG himds {user}",
        As("Add-LocalGroupMember -Group 'Hybrid agent extension applications' -Member {user}"),
        Nothing,
    ),
    row(
        "gpasswd -d {user} himds",
        As("Remove-LocalGroupMember -Group 'Hybrid agent extension applications' -Member {user}"),
        Nothing,
    ),
    row("id", As("whoami /groups"), Same),
    row(
        "sysctl net.ipv4.ip_default_ttl",
        As("Get-NetIPv4Protocol | Select-Object DefaultHopLimit"),
        As("sysctl net.inet.ip.ttl"),
    ),
    row(
        "sysctl -w net.ipv4.ip_default_ttl=64",
        As("Set-NetIPv4Protocol -DefaultHopLimit 64"),
        As("sudo sysctl -w net.inet.ip.ttl=64"),
    ),
    row("cat /sys/fs/cgroup/cpu.stat", Nothing, Nothing),
    row("top -b -n 1 | head -n 20", Nothing, Nothing),
    row("ulimit -n", Nothing, Same),
    row("cat /proc/sys/fs/file-nr", As(HANDLES), As("sysctl kern.num_files kern.maxfiles")),
    row(
        "cat /proc/sys/fs/file-nr /proc/net/sockstat",
        As(HANDLES),
        As("sysctl kern.num_files kern.maxfiles"),
    ),
    row("cat /proc/net/sockstat", As(SOCKETS), As("netstat -m")),
    row("ss -s", As(SOCKETS), As("netstat -an -p tcp | wc -l")),
    row(
        "cat /sys/class/dmi/id/chassis_asset_tag",
        As("(Get-CimInstance Win32_SystemEnclosure).SMBIOSAssetTag"),
        Nothing,
    ),
];

const CLOCK: &str = "sntp time.apple.com";
const HANDLES: &str = "Get-Process | Sort-Object HandleCount -Descending | Select-Object -First 5";
const SOCKETS: &str = "Get-NetTCPConnection | Group-Object State -NoElement; \
                       netsh interface ipv4 show dynamicport tcp";

const TLS: &[Row] = &[
    row("openssl s_client {a..}", By(windows::s_client), By(macos::s_client)),
    row("openssl x509 {a..}", By(windows::certificate), Same),
    row("openssl pkcs12 {a..}", By(windows::certificate), Same),
    row(
        "curl -s {url} | openssl x509 {a..}",
        As("curl.exe -s -o <file.cer> {url}; certutil -dump <file.cer>"),
        Same,
    ),
    row(
        "trust list --filter=ca-anchors | grep {root}",
        As(
            "Get-ChildItem Cert:\\LocalMachine\\Root | Where-Object { $_.Subject.Contains({'root}) }",
        ),
        As(
            "security find-certificate -a -c {root} /System/Library/Keychains/SystemRootCertificates.keychain",
        ),
    ),
    row(
        "apt-get install --only-upgrade ca-certificates",
        Else(
            "let Windows fetch its roots (ctldl.windowsupdate.com, unless a policy forbids it); \
             if the root is still missing, add it from its authority's own page",
            "",
        ),
        Else(
            "update macOS, which brings its roots; if the root is still missing, add it to the \
             System keychain from its authority's own page",
            "",
        ),
    ),
    row("update-ca-certificates", Nothing, Nothing),
    row("update-ca-trust", Nothing, Nothing),
    row(
        "cp -n <corporate-ca.pem> /usr/local/share/ca-certificates/corporate-ca.crt && \
         update-ca-certificates",
        Nothing,
        Nothing,
    ),
    row(
        "cp -n <corporate-ca.pem> /etc/pki/ca-trust/source/anchors/corporate-ca.pem && \
         update-ca-trust",
        Nothing,
        Nothing,
    ),
    row(
        "cp -n <corporate-ca.pem> /etc/pki/trust/anchors/corporate-ca.pem && \
         update-ca-certificates",
        Nothing,
        Nothing,
    ),
    row(
        "cp -n <corporate-ca.pem> /etc/ca-certificates/trust-source/anchors/corporate-ca.pem && \
         update-ca-trust",
        Nothing,
        Nothing,
    ),
    row("openssl rehash {folder}", Nothing, As("openssl certhash {folder}")),
    row(
        "cat /etc/ssl/certs/ca-certificates.crt {own} > {bundle}",
        As("Get-Content <public-roots.pem>, {own} | Set-Content -Encoding ascii {bundle}"),
        As("cat /etc/ssl/cert.pem {own} > {bundle}"),
    ),
];

const FILES: &[Row] = &[
    row("cat -A {file}", As("Format-Hex -Path {file}"), As("cat -et {file}")),
    row("cat {file}", As("Get-Content {file}"), Same),
    row("ls -l {file}", As(ACCESS), Same),
    row("ls -lL {file}", As(ACCESS), Same),
    row("ls {file}", As("Get-ChildItem {file}"), Same),
    row(
        "grep -c {pattern} {file}",
        As("(Select-String -CaseSensitive {pattern} {file}).Count"),
        Same,
    ),
    row("grep -n . {file}", As("Get-Content {file}"), Same),
    row("sed -n {line} {file}", By(windows::line), Same),
    row("sed -i.before {line} {file}", By(windows::without_line), Same),
    row("mv {from} {to}", As("Move-Item -Force {from} {to}"), Same),
    row("chmod 600 {file}", NOT_EVERYBODY, Same),
    row("chmod 0644 {file}", As("icacls {file} /grant *S-1-5-32-545:R"), Same),
    row("chmod {mode} {file}", As(EVERYBODY_AGAIN), Same),
    row("cut -d. -f1,2 {file} | {a..}", By(windows::claims), Same),
    row("cut -d. -f2 {file} | {a..}", By(windows::claims), Same),
];

const ACCESS: &str = "Get-Acl {file} | Format-List";
/// The entries of the account that an application runs as stay, whichever that is.
const NOT_EVERYBODY: Form = Else(
    "take the entries for every user of the machine out of the file's access control list, and keep \
     the others, if no other user's program needs it",
    "icacls {file} /inheritance:d; icacls {file} /remove:g *S-1-1-0 *S-1-5-11 *S-1-5-32-545",
);
const EVERYBODY_AGAIN: &str = "icacls {file} /inheritance:e  # if an entry was not inherited: \
                               icacls {file} /grant *S-1-5-32-545:R";

const SHELL: &[Row] = &[
    row("curl {a..}", By(windows::curl), Same),
    row("export {a..}", By(windows::export), Same),
    row("unset {a..}", By(windows::unset), Same),
    row("printenv {name} | od -c", As("[int[]][char[]]$env:{name}  # 13 and 10 end a line"), Same),
    row("printenv {a..}", By(windows::printenv), Same),
    row("command -v {name}", As("Get-Command {name}"), Same),
    // Names alone: values may be secret.
    row(
        "env | cut -d= -f1 | grep -i {pattern}",
        As("Get-ChildItem Env: | Where-Object Name -match 'pro?x' | Select-Object Name"),
        Same,
    ),
    row(
        "env | grep -o '^AZURE_[A-Z_]*'",
        As("Get-ChildItem Env:AZURE_* | Select-Object Name"),
        Same,
    ),
    row("env | grep -i _proxy", As(PROXIES), Same),
    // The password of a proxy stays hidden.
    row("env | grep -i '_proxy=' | sed {a..}", As(PROXIES), Same),
    row("kubectl patch {what..} -p {json}", By(windows::patch), Same),
    row("| grep -A3 -e {a} -e {b}", As("Select-String -CaseSensitive {a}, {b} -Context 0,3"), Same),
    row("| grep -E {pattern}", As("Select-String -CaseSensitive {pattern}"), Same),
    row("| grep {pattern}", As("Select-String -CaseSensitive {pattern}"), Same),
];

const PROXIES: &str = "Get-ChildItem Env:*_proxy | ForEach-Object { $_.Name + '=' + \
                       ($_.Value -replace '//[^@/]*@', '//') }; netsh winhttp show proxy";

/// The words that a pattern names.
pub(super) struct Found(Vec<(&'static str, Vec<Word>)>);

impl Found {
    /// A template with them, as the shell of `system` reads it.
    pub(super) fn filled(&self, template: &str, system: System) -> String {
        self.0.iter().fold(template.to_owned(), |text, (name, words)| {
            let joined =
                |one: fn(&Word) -> String| words.iter().map(one).collect::<Vec<_>>().join(" ");
            let (plain, quoted) = match system.shell() {
                Shell::Posix => (joined(|word| word.raw().to_owned()), String::new()),
                Shell::PowerShell => (joined(Word::shown), joined(Word::always_quoted)),
            };
            text.replace(&format!("{{{name}}}"), &plain).replace(&format!("{{'{name}}}"), &quoted)
        })
    }
}

/// The row of a statement.
pub(super) fn find(statement: &Statement<'_>) -> Option<(&'static Row, Found)> {
    let all = statement.words();
    let silent = |word: &&Word| !["</dev/null", "2>/dev/null"].contains(&word.raw());
    let words: Vec<&Word> = all.iter().filter(silent).collect();
    ROWS.iter().copied().flatten().find_map(|row| Some((row, matched(row.linux, &words)?)))
}

fn matched(pattern: &'static str, words: &[&Word]) -> Option<Found> {
    let mut found = Vec::new();
    let pattern = words::words(pattern, Shell::Posix);
    let mut rest = words;
    for (place, wanted) in pattern.iter().enumerate() {
        let name = wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        match name.map(|name| (name, name.strip_suffix(".."))) {
            Some((_, Some(many))) => {
                // What the pattern has behind it stays for that.
                let take = rest.len().checked_sub(pattern.len() - place - 1)?;
                let (words, behind) = rest.split_at_checked(take)?;
                found.push((many, words.iter().copied().cloned().collect()));
                rest = behind;
            }
            Some((one, None)) => {
                let (word, behind) = rest.split_first().filter(|(word, _)| word.raw() != "|")?;
                found.push((one, vec![(*word).clone()]));
                rest = behind;
            }
            None => {
                rest = rest.split_first().filter(|(word, _)| word.raw() == *wanted)?.1;
            }
        }
    }
    rest.is_empty().then_some(Found(found))
}
