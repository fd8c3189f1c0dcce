//! What a command needs besides its program: the rights of root or of an administrator, or an
//! extension of `az`.

use super::script::{Script, Statement};
use super::word::Word;
use super::{Shell, System};

/// Programs of Linux that need root, and the words one of which makes them need it; none: always.
const OF_ROOT: &[(&str, &[&str])] = &[
    ("apt-get", &[]),
    ("arping", &[]),
    ("chronyc", &["makestep"]),
    ("gpasswd", &[]),
    ("hwclock", &[]),
    ("ip", &["add", "del", "xfrm"]),
    ("iptables", &[]),
    ("iptables-save", &[]),
    ("nft", &[]),
    ("sysctl", &["-w"]),
    ("systemctl", &["restart", "start", "stop"]),
    ("tcpdump", &[]),
    // SYN packets need a raw socket.
    ("traceroute", &["-T"]),
    ("update-ca-certificates", &[]),
    ("update-ca-trust", &[]),
    ("usermod", &[]),
    ("wg", &[]),
];

/// Programs that need root for files of the system.
const CHANGES_FILES: &[&str] = &["chmod", "cp", "mv", "rm", "sed"];

/// Where those files are.
const OF_THE_SYSTEM: &[&str] = &["/etc/", "/usr/"];

/// Beginnings of commands of Windows that need an administrator.
const OF_ADMINISTRATORS: &[&str] = &[
    "Add-DnsClientNrptRule",
    "Add-LocalGroupMember",
    "New-NetRoute",
    "Remove-LocalGroupMember",
    "Remove-NetRoute",
    "Restart-Service",
    "Set-NetIPInterface",
    "Set-NetIPv4Protocol",
    "netsh trace",
    "netsh wfp",
    "w32tm",
];

/// Groups of commands of `az` that an extension brings, and its name.
const EXTENSIONS: &[(&str, &str)] = &[
    ("dns-resolver", "dns-resolver"),
    ("graph", "resource-graph"),
    ("ml", "ml"),
    ("network firewall", "azure-firewall"),
    ("network perimeter", "nsp"),
];

/// A command of Linux with `sudo` before each program that needs root.
#[must_use]
pub fn with_sudo(command: &str) -> String {
    let script = Script::read(command);
    if !script.statements.iter().any(|one| one.stages.iter().any(|stage| needs_root(stage))) {
        return command.to_owned();
    }
    let statements = script.statements.iter().map(|one| (in_root(one), one.then)).collect();
    script.written(System::Linux, statements).unwrap_or_else(|| command.to_owned())
}

fn in_root(statement: &Statement<'_>) -> String {
    let stage = |stage: &Vec<Word>| {
        let sudo = needs_root(stage).then_some("sudo");
        let words = sudo.into_iter().chain(stage.iter().map(Word::raw));
        words.collect::<Vec<_>>().join(" ")
    };
    statement.stages.iter().map(stage).collect::<Vec<_>>().join(" | ")
}

fn needs_root(stage: &[Word]) -> bool {
    let Some((program, words)) = stage.split_first() else { return false };
    let program = program.raw();
    let has = |wanted: &&str| words.iter().any(|word| word.raw() == *wanted);
    let on_system = |word: &Word| OF_THE_SYSTEM.iter().any(|start| word.raw().starts_with(start));
    let in_place = program != "sed" || words.iter().any(|word| word.raw().starts_with("-i"));
    OF_ROOT
        .iter()
        .any(|(known, with)| *known == program && (with.is_empty() || with.iter().any(has)))
        || CHANGES_FILES.contains(&program) && in_place && words.iter().any(on_system)
}

/// Whether a command of Windows needs an administrator.
#[must_use]
pub fn needs_administrator(command: &str) -> bool {
    let writes = |part: &str| part.starts_with("Set-Content") && part.contains("\\System32\\");
    command
        .split([';', '|'])
        .map(str::trim)
        .any(|part| OF_ADMINISTRATORS.iter().any(|known| part.starts_with(known)) || writes(part))
}

/// The extension of `az` that brings a command of a text.
#[must_use]
pub fn extension(command: &str, shell: Shell) -> Option<&'static str> {
    let words = super::words::words(command, shell);
    EXTENSIONS.iter().find_map(|(group, name)| {
        let group: Vec<&str> = ["az"].into_iter().chain(group.split(' ')).collect();
        words.windows(group.len()).any(|some| some == group).then_some(*name)
    })
}

#[cfg(test)]
mod tests {
    use super::{Shell, extension, needs_administrator, with_sudo};

    #[test]
    fn what_needs_root_gets_sudo_and_nothing_else_does() {
        for (command, wanted) in [
            ("nft list ruleset; iptables-save", "sudo nft list ruleset; sudo iptables-save"),
            ("iptables -S OUTPUT | grep 169.254", "sudo iptables -S OUTPUT | grep 169.254"),
            (
                "iptables-save -t nat; nft list ruleset  # what redirects the port",
                "sudo iptables-save -t nat; sudo nft list ruleset  # what redirects the port",
            ),
            ("ip rule show; ip route get 10.3.0.5", "ip rule show; ip route get 10.3.0.5"),
            (
                "ip route add 10.3.0.5 via <gateway> dev <interface> mtu 1280",
                "sudo ip route add 10.3.0.5 via <gateway> dev <interface> mtu 1280",
            ),
            ("sed -i.before '7d' /etc/hosts", "sudo sed -i.before '7d' /etc/hosts"),
            ("sed -n 7p /etc/hosts", "sed -n 7p /etc/hosts"),
            (
                "cp -n <ca.pem> /usr/local/share/ca-certificates/ca.crt && update-ca-certificates",
                "sudo cp -n <ca.pem> /usr/local/share/ca-certificates/ca.crt && sudo \
                 update-ca-certificates",
            ),
            ("traceroute -n 10.3.0.5", "traceroute -n 10.3.0.5"),
            ("traceroute -n -T -p 443 10.3.0.5", "sudo traceroute -n -T -p 443 10.3.0.5"),
            ("tcpdump -n -i any 'udp port 53'", "sudo tcpdump -n -i any 'udp port 53'"),
            ("systemctl status himdsd", "systemctl status himdsd"),
            ("remove the rule again", "remove the rule again"),
            ("sudo nft list ruleset", "sudo nft list ruleset"),
        ] {
            assert_eq!(with_sudo(command), wanted);
        }
    }

    #[test]
    fn what_needs_an_administrator_is_known() {
        assert!(needs_administrator("Restart-Service himds"));
        assert!(needs_administrator("date; w32tm /resync"));
        assert!(!needs_administrator("Get-NetRoute -AddressFamily IPv4"));
        assert!(!needs_administrator("Get-Content C:\\Windows\\System32\\drivers\\etc\\hosts"));
    }

    #[test]
    fn an_extension_of_az_is_known_by_its_group() {
        for (command, name) in [
            ("az dns-resolver inbound-endpoint list -g <group>", Some("dns-resolver")),
            ("az graph query -q \"resources\"", Some("resource-graph")),
            ("az network firewall policy show -n x", Some("azure-firewall")),
            ("az network nic list", None),
            ("see the graph", None),
        ] {
            assert_eq!(extension(command, Shell::Posix), name, "{command}");
        }
    }
}
