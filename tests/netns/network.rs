//! Namespaces, links and the router: this process's own network namespace is the router.
//!
//! ```text
//! client 10.1.0.20 --+                 +-- 10.3.0.5 endpoint
//! resolver-1 .10 ----+- lan - router --+-- 168.63.129.16 azure-dns
//! resolver-2 .11 ----+                 +-- 20.62.58.5, 9.9.9.9 internet
//!                                      +-- 10.2.0.8 proxy
//!                                      +-- 20.190.128.5 identity, in worlds that have one
//!                                      +-- 4.150.240.10 management, in worlds with Azure
//! ```

use std::path::Path;
use std::process::Command;

use super::azure::HOST_ADDRESS as MANAGEMENT;
use super::identity::{GITHUB, LOGIN, METADATA};
use super::world::{AZURE_DNS, ENDPOINT, FRONT, INTERNET_DNS, PROXY, World};

/// The client's address.
pub const CLIENT: &str = "10.1.0.20";

/// The client's address in worlds that have IPv6 on the LAN.
pub const CLIENT6: &str = "fd00:1::20";

/// Runs a program to its end; its stderr is the error.
///
/// # Errors
/// It cannot be started, or fails.
pub fn run(command: &mut Command) -> Result<String, String> {
    let out = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if out.status.success() {
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    } else {
        Err(format!("{command:?}: {} {}", out.status, String::from_utf8_lossy(&out.stderr)))
    }
}

/// A shell command in the router.
///
/// # Errors
/// It fails.
pub fn shell(script: &str) -> Result<String, String> {
    run(Command::new("sh").args(["-euc", script]))
}

/// A program in a host's network namespace.
pub fn on(host: &str, program: &str) -> Command {
    if host == "router" {
        return Command::new(program);
    }
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{host}")).arg(program);
    command
}

struct Host {
    name: String,
    /// Address and prefix length of its interface.
    address: String,
    /// The router's address on that link; none on the LAN, whose bridge has one.
    gateway: &'static str,
    on_lan: bool,
}

fn hosts(world: &World) -> Vec<Host> {
    let host = |name: &str, address: String, gateway, on_lan| Host {
        name: name.to_owned(),
        address,
        gateway,
        on_lan,
    };
    let mut all = vec![
        host("client", format!("{CLIENT}/24"), "10.1.0.1", true),
        host("azure-dns", format!("{AZURE_DNS}/24"), "168.63.129.1", false),
        host("endpoint", format!("{ENDPOINT}/24"), "10.3.0.1", false),
        host("internet", format!("{FRONT}/24"), "20.62.58.1", false),
    ];
    if world.proxy.is_some() {
        all.push(host("proxy", format!("{PROXY}/24"), "10.2.0.1", false));
    }
    if world.identity.is_some() {
        all.push(host("identity", format!("{LOGIN}/24"), "20.190.128.1", false));
    }
    if world.azure.is_some() {
        all.push(host("management", format!("{MANAGEMENT}/24"), "4.150.240.1", false));
    }
    for (index, resolver) in world.resolvers.iter().enumerate() {
        let name = format!("resolver-{}", index + 1);
        all.push(host(&name, format!("{}/24", resolver.address), "10.1.0.1", true));
    }
    all
}

/// What turns a veth's offloads off.
const OFFLOADS: &[&str] = &["-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off"];

/// Builds every link of the world.
///
/// # Errors
/// A command fails.
pub fn build(world: &World) -> Result<(), String> {
    let mut batch = String::from("link set lo up\nlink add lan type bridge\n");
    batch.push_str("address add 10.1.0.1/24 dev lan\nlink set lan up\n");
    let hosts = hosts(world);
    for (index, host) in hosts.iter().enumerate() {
        let name = &host.name;
        run(Command::new("ip").args(["netns", "add", name]))?;
        batch.push_str(&format!("link add link{index} type veth peer name eth0 netns {name}\n"));
        if name == "client" && world.router.delay_ms.is_some() {
            // The delay link carries frames between the two (`inside::build` starts it).
            batch.push_str("link add far type veth peer name near\n");
            batch.push_str("link set near master lan\nlink set near up\nlink set far up\n");
        } else if host.on_lan {
            batch.push_str(&format!("link set link{index} master lan\n"));
        } else {
            batch.push_str(&format!("address add {}/24 dev link{index}\n", host.gateway));
        }
        batch.push_str(&format!("link set link{index} up\n"));
        let own = format!(
            "link set lo up\naddress add {} dev eth0\nlink set eth0 up\nroute add default via {}\n",
            host.address, host.gateway
        );
        // The link's other end must exist before its addresses can be given.
        ip_batch(None, &batch)?;
        batch.clear();
        ip_batch(Some(name), &own)?;
    }
    if world.router.delay_ms.is_some() {
        // The link carries frames as they are: whole checksums, no merged segments.
        for host in &hosts {
            run(on(&host.name, "ethtool").args(OFFLOADS))?;
        }
    }
    ip_batch(Some("internet"), &format!("address add {INTERNET_DNS}/32 dev lo\n"))?;
    ip_batch(None, &format!("route add {INTERNET_DNS}/32 via {FRONT}\n"))?;
    if world.identity.is_some() {
        for address in [GITHUB, METADATA] {
            ip_batch(Some("identity"), &format!("address add {address}/32 dev lo\n"))?;
            ip_batch(None, &format!("route add {address}/32 via {LOGIN}\n"))?;
        }
    }
    // Three runs in a row must all be told: no limit to the router's ICMP messages.
    shell("cd /proc/sys/net/ipv4 && echo 1 > ip_forward && echo 0 > icmp_ratelimit")?;
    Ok(())
}

fn ip_batch(host: Option<&str>, lines: &str) -> Result<(), String> {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut command = on(host.unwrap_or("router"), "ip");
    let mut child = command
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("ip: {e}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(lines.as_bytes()).map_err(|e| format!("ip: {e}"))?;
    }
    let out = child.wait_with_output().map_err(|e| format!("ip: {e}"))?;
    if out.status.success() {
        Ok(())
    } else {
        Err(format!("ip -batch on {host:?}: {}\n{lines}", String::from_utf8_lossy(&out.stderr)))
    }
}

/// What goes wrong on the way: the router's rules, then the world's own commands.
///
/// # Errors
/// A command fails.
pub fn break_it(world: &World, work: &Path) -> Result<(), String> {
    if !world.router.nft.is_empty() {
        let rules = world.router.nft.join("\n");
        shell(&format!(
            "nft -f - <<'RULES'\ntable inet lab {{\nchain forward {{\n\
             type filter hook forward priority 0; policy accept;\n{rules}\n}}\n}}\nRULES"
        ))?;
    }
    let work = work.display().to_string();
    for setup in &world.setup {
        let script = setup.run.replace("{work}", &work);
        run(on(&setup.host, "sh").args(["-euc", &script]))?;
    }
    Ok(())
}
