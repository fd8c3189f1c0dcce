//! The lab's resolvers: unbound and dnsmasq, as operators run them.
//!
//! Azure DNS is an unbound that holds the zones and answers as a resolver does (it follows
//! aliases across zones), with the SOA records by which the public and the private zone
//! can be told apart.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use super::azure::{HOST as MANAGEMENT_NAME, HOST_ADDRESS as MANAGEMENT};
use super::identity::{GITHUB, LOGIN};
use super::servers::Servers;
use super::world::{
    AZURE_DNS, AzureDns, ENDPOINT, FRONT, INTERNET_DNS, Resolver, ResolverSoftware, World,
};

const PUBLIC_SOA: &str =
    "ns1-34.azure-dns.com. azuredns-hostmaster.microsoft.com. 1 3600 300 2419200 300";
const PRIVATE_SOA: &str =
    "azureprivatedns.net. azureprivatedns-host.microsoft.com. 1 3600 300 2419200 10";
/// The account's name in the public zone of private endpoints leads to the public front
/// (fact D32).
const PUBLIC_PRIVATELINK: &str = "myacct 300 IN CNAME eastus.prod.vnet.cog.trafficmanager.net.";

/// Starts every resolver of the world.
///
/// # Errors
/// A file cannot be written or a server does not start.
pub fn start(world: &World, work: &Path, servers: &mut Servers) -> Result<(), String> {
    let azure = &world.azure_dns;
    let public = azure.public.join("\n");
    let privatelink = if azure.linked {
        (PRIVATE_SOA, azure.private.join("\n"))
    } else {
        (PUBLIC_SOA, PUBLIC_PRIVATELINK.to_owned())
    };
    let parent = if azure.parent_is_private { PRIVATE_SOA } else { PUBLIC_SOA };
    let zones = zone_files(work, "azure-dns", (parent, &public), (privatelink.0, &privatelink.1))?;
    unbound(work, "azure-dns", AZURE_DNS, &azure.config, &zones, servers)?;
    let zones =
        zone_files(work, "internet", (PUBLIC_SOA, &public), (PUBLIC_SOA, PUBLIC_PRIVATELINK))?;
    unbound(work, "internet", INTERNET_DNS, &[], &zones, servers)?;
    for (index, resolver) in world.resolvers.iter().enumerate() {
        on_premises(work, &format!("resolver-{}", index + 1), resolver, servers)?;
    }
    Ok(())
}

/// A resolver with the healthy zones, for measurements.
///
/// # Errors
/// A file cannot be written or the server does not start.
pub fn healthy(
    host: &str,
    address: &str,
    work: &Path,
    servers: &mut Servers,
) -> Result<(), String> {
    let azure = AzureDns::default();
    let (public, private) = (azure.public.join("\n"), azure.private.join("\n"));
    let zones = zone_files(work, "resolver", (PUBLIC_SOA, &public), (PRIVATE_SOA, &private))?;
    unbound_on(work, "resolver", host, address, &[], &zones, servers)
}

/// Waits until each resolver answers.
///
/// # Errors
/// One does not within the deadline.
pub fn ready(world: &World) -> Result<(), String> {
    answers(AZURE_DNS)?;
    answers(INTERNET_DNS)?;
    for resolver in world.resolvers.iter().filter(|r| r.software != ResolverSoftware::None) {
        answers(&resolver.address)?;
    }
    Ok(())
}

/// Writes the zones and returns unbound's clauses for them.
fn zone_files(
    work: &Path,
    host: &str,
    (parent, public): (&str, &str),
    (soa, privatelink): (&str, &str),
) -> Result<String, String> {
    let front = format!("vnetproxyv1-eus-prod.eastus 9 IN A {FRONT}");
    let manager = format!(
        "eastus.prod.vnet.cog 60 IN CNAME vnetproxyv1-eus-prod.eastus.cloudapp.azure.com.\n\
         www.tm.a.prd.aadg 300 IN A {LOGIN}"
    );
    let github = format!("*.actions 60 IN A {GITHUB}");
    let login = format!("login 300 IN A {LOGIN}");
    let government = format!("myacct 10 IN A {ENDPOINT}");
    let foundry = format!("foundry 10 IN A {ENDPOINT}");
    let gateway = format!(
        "contoso 60 IN CNAME contoso-eastus-01.regional\ncontoso-eastus-01.regional 60 IN A {FRONT}"
    );
    let database = format!("mydb 10 IN A {ENDPOINT}");
    let management = format!("@ 300 IN A {MANAGEMENT}");
    let zones: &[(&str, &str, &str)] = &[
        (".", PUBLIC_SOA, ""),
        ("openai.azure.com", parent, public),
        ("privatelink.openai.azure.com", soa, privatelink),
        ("trafficmanager.net", PUBLIC_SOA, &manager),
        ("cloudapp.azure.com", PUBLIC_SOA, &front),
        (
            "microsoftonline.com",
            PUBLIC_SOA,
            "login 300 IN CNAME www.tm.a.prd.aadg.trafficmanager.net.",
        ),
        ("githubusercontent.com", PUBLIC_SOA, &github),
        // The cloud of the US Government, and China's login host.
        ("openai.azure.us", PUBLIC_SOA, "myacct 900 IN CNAME myacct.privatelink"),
        ("privatelink.openai.azure.us", soa, &government),
        // A Foundry resource, and a gateway of API Management. The resource is another one than
        // the account, whose name under this suffix must not resolve privately beside it.
        ("services.ai.azure.com", PUBLIC_SOA, "foundry 900 IN CNAME foundry.privatelink"),
        ("privatelink.services.ai.azure.com", soa, &foundry),
        ("azure-api.net", PUBLIC_SOA, &gateway),
        ("postgres.database.azure.com", PUBLIC_SOA, "mydb 900 IN CNAME mydb.privatelink"),
        ("privatelink.postgres.database.azure.com", soa, &database),
        (MANAGEMENT_NAME, PUBLIC_SOA, &management),
        ("microsoftonline.us", PUBLIC_SOA, &login),
        ("chinacloudapi.cn", PUBLIC_SOA, &login),
    ];
    let mut clauses = String::new();
    for (zone, soa, records) in zones {
        let file = work.join(format!("{host}.{zone}.zone"));
        let origin = if *zone == "." { ".".to_owned() } else { format!("{zone}.") };
        let mname = soa.split(' ').next().unwrap_or_default();
        let text =
            format!("$ORIGIN {origin}\n@ 3600 IN SOA {soa}\n@ 3600 IN NS {mname}\n{records}\n");
        fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
        clauses.push_str(&format!(
            "auth-zone:\n  name: \"{zone}\"\n  for-downstream: no\n  for-upstream: yes\n  \
             fallback-enabled: no\n  zonefile: \"{}\"\n",
            file.display()
        ));
    }
    Ok(clauses)
}

fn on_premises(
    work: &Path,
    name: &str,
    resolver: &Resolver,
    servers: &mut Servers,
) -> Result<(), String> {
    let Resolver { address, forward, config, .. } = resolver;
    match resolver.software {
        ResolverSoftware::None => Ok(()),
        ResolverSoftware::Unbound => {
            let clauses = format!("forward-zone:\n  name: \".\"\n  forward-addr: {forward}\n");
            unbound(work, name, address, config, &clauses, servers)
        }
        ResolverSoftware::Bind => {
            let file = work.join(format!("{name}.named.conf"));
            let (zones, options): (Vec<_>, Vec<_>) =
                config.iter().cloned().partition(|line| line.starts_with("zone"));
            let text = format!(
                "options {{\n  directory \"{}\";\n  listen-on {{ {address}; }};\n  \
                 listen-on-v6 {{ none; }};\n  forwarders {{ {forward}; }};\n  forward only;\n  \
                 dnssec-validation no;\n  pid-file none;\n  session-keyfile none;\n  {}\n}};\n\
                 controls {{ }};\n{}\n",
                work.display(),
                options.join("\n  "),
                zones.join("\n")
            );
            fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
            let file = file.display().to_string();
            servers.start(name, name, "named", &["-f", "-n", "1", "-c", &file])
        }
        ResolverSoftware::Dnsmasq => {
            let file = work.join(format!("{name}.conf"));
            let text = format!(
                "no-resolv\nno-hosts\nno-daemon\nuser=\ngroup=\npid-file=\nport=53\n\
                 listen-address={address}\nbind-interfaces\nserver={forward}\n{}\n",
                config.join("\n")
            );
            fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
            let file = file.display().to_string();
            servers.start(name, name, "dnsmasq", &["-C", &file, "-d"])
        }
    }
}

fn unbound(
    work: &Path,
    host: &str,
    address: &str,
    config: &[String],
    clauses: &str,
    servers: &mut Servers,
) -> Result<(), String> {
    unbound_on(work, host, host, address, config, clauses, servers)
}

fn unbound_on(
    work: &Path,
    name: &str,
    host: &str,
    address: &str,
    config: &[String],
    clauses: &str,
    servers: &mut Servers,
) -> Result<(), String> {
    let file = work.join(format!("{name}.unbound.conf"));
    let config: String = config.iter().map(|line| format!("  {line}\n")).collect();
    // An empty user and no chroot: there is one user in this namespace.
    let text = format!(
        "server:\n  username: \"\"\n  chroot: \"\"\n  directory: \"{}\"\n  pidfile: \"\"\n  \
         use-syslog: no\n  logfile: \"\"\n  do-daemonize: no\n  interface: {address}\n  \
         access-control: 0.0.0.0/0 allow\n  module-config: \"iterator\"\n  do-ip6: no\n\
         {config}remote-control:\n  control-enable: no\n{clauses}",
        work.display()
    );
    fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    servers.start(name, host, "unbound", &["-d", "-c", &file.display().to_string()])
}

/// Asks `version.bind CH TXT`, which a server answers itself, until something comes back.
fn answers(address: &str) -> Result<(), String> {
    let mut question = vec![0x4c, 0x41, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    question.extend(b"\x07version\x04bind\x00\x00\x10\x00\x03");
    let socket = UdpSocket::bind("0.0.0.0:0").map_err(|e| format!("udp: {e}"))?;
    socket.set_read_timeout(Some(Duration::from_millis(50))).map_err(|e| format!("udp: {e}"))?;
    socket.connect((address, 53)).map_err(|e| format!("{address}: {e}"))?;
    let mut buffer = [0; 512];
    for _ in 0..200 {
        if socket.send(&question).is_ok() && socket.recv(&mut buffer).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(format!("no resolver answers at {address}"))
}
