//! Azure Resource Manager in this lab's network: the mock of the lab on loopback (`tests/lab/azure`)
//! at its own address, over an estate whose networks, interfaces and endpoints are those of this
//! lab. Its tokens come from the servers of `identity`, before their own answers.
//!
//! ```text
//! management  4.150.240.10:443 management.azure.com
//! identity    20.190.128.5:443 login.microsoftonline.com, 169.254.169.254:80 the metadata service
//! ```

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::azure::http::Asked;
use super::azure::server::{Keep, Service, run};
use super::azure::world::{Azure, From};
use super::azure::{CLIENT_SECRET, HOST, HOST_ADDRESS, Mock, SIGNATURE};
use super::certificates::Authorities;
use super::identity;
use super::network::shell;
use super::run_tool::{KEY, contains};
use super::servers::Servers;
use super::world::{Certificate, World};

/// The estate of this lab's network, for worlds that name no other.
const ESTATE: &str = "kernel-lab";
/// The world's `[azure]`, for the servers.
const SETTINGS: &str = "azure.json";
/// A JSON object for each request for Resource Manager.
const REQUESTS: &str = "azure.requests";

/// What a world with Azure has besides: the servers that give tokens, the options and the
/// environment of the tool.
pub fn prepare(world: &mut World) {
    let Some(azure) = &mut world.azure else { return };
    azure.base.get_or_insert_with(|| ESTATE.to_owned());
    if world.identity.is_none() {
        world.identity = Some(identity::Identity { for_azure_alone: true, ..Default::default() });
    }
    world.client.env.extend(azure.environment());
    if !asks_elsewhere(azure) {
        world.client.args.extend(azure.options());
    }
}

/// Whether an administrator's machine asks, about the saved report.
pub fn asks_elsewhere(azure: &Azure) -> bool {
    azure.asks_from == Some(From::Elsewhere)
}

/// Starts Resource Manager, and makes the client's machine one of Azure's.
///
/// # Errors
/// A file cannot be written, the estate makes no sense, or the server does not start.
pub fn start(
    azure: Option<&Azure>,
    work: &Path,
    authorities: &Authorities,
    servers: &mut Servers,
) -> Result<(), String> {
    let Some(azure) = azure else { return Ok(()) };
    Mock::new(azure, 0)?;
    authorities.issue_names(work, "management", Certificate::Valid, &[HOST])?;
    let json = serde_json::to_string(azure).map_err(|e| e.to_string())?;
    fs::write(work.join(SETTINGS), json).map_err(|e| format!("{SETTINGS}: {e}"))?;
    if azure.metadata.unwrap_or(true) {
        // The tag of Azure's machines (fact C47's neighbour in the firmware's tables).
        shell(
            "mount -t tmpfs tmpfs /sys/class && mkdir -p /sys/class/dmi/id && \
             echo 7783-7084-3265-9085-8269-3286-77 > /sys/class/dmi/id/chassis_asset_tag",
        )?;
    }
    let own = std::env::current_exe().map_err(|e| e.to_string())?.display().to_string();
    let folder = work.display().to_string();
    servers.start("management", "management", &own, &["--resource-manager", &folder])
}

/// Waits until it listens.
///
/// # Errors
/// It does not.
pub fn ready(azure: Option<&Azure>, servers: &mut Servers) -> Result<(), String> {
    match azure {
        Some(_) => servers.listens(&format!("{HOST_ADDRESS}:443")),
        None => Ok(()),
    }
}

/// The world's Azure, where it has one; its clock is this machine's.
///
/// # Errors
/// The settings cannot be read.
pub fn mock(work: &Path) -> Result<Option<Mock>, String> {
    let Ok(text) = fs::read_to_string(work.join(SETTINGS)) else { return Ok(None) };
    let azure: Azure = serde_json::from_str(&text).map_err(|e| format!("{SETTINGS}: {e}"))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?;
    let now = i64::try_from(now.as_secs()).map_err(|e| e.to_string())?;
    Mock::new(&azure, now).map(Some)
}

/// Serves until the world ends.
///
/// # Errors
/// The address cannot be listened on, or a file is missing.
pub fn serve(work: &str) -> Result<(), String> {
    let work = Path::new(work).to_owned();
    let mock = mock(&work)?.ok_or("the world has no Azure")?;
    let config = identity::tls(&work, "management")?;
    let keep: Keep =
        Arc::new(move |bytes, violations| keep(&work, "management", bytes, violations));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| e.to_string())?.block_on(async {
        let listener = tokio::net::TcpListener::bind((HOST_ADDRESS, 443)).await;
        let listener = listener.map_err(|e| format!("{HOST_ADDRESS}: {e}"))?;
        run(listener, Service::ResourceManager, Arc::new(mock), config, keep).await;
        Ok(())
    })
}

/// Keeps a request.
pub fn keep(work: &Path, to: &str, bytes: &[u8], violations: &[String]) {
    let text = String::from_utf8_lossy(bytes);
    let line = json!({ "to": to, "request": text, "violations": violations });
    let file = OpenOptions::new().create(true).append(true).open(work.join(REQUESTS));
    let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    // What is not kept fails the world that looks for it.
    drop(written);
}

fn kept(work: &Path) -> Vec<Value> {
    let text = fs::read_to_string(work.join(REQUESTS)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What Resource Manager was asked, in lower case: method, path with query, body.
pub fn requests(work: &Path) -> Vec<String> {
    kept(work)
        .iter()
        .filter(|one| one["to"] == "management")
        .filter_map(|one| Asked::read(one["request"].as_str()?.as_bytes()))
        .map(|asked| format!("{} {} {}", asked.method, asked.target, asked.body).to_lowercase())
        .collect()
}

/// What is wrong with what Resource Manager was asked, and with what went there.
pub fn judge(azure: &Azure, work: &Path, differs: &mut Vec<String>) {
    let all = kept(work);
    let violations: Vec<&Value> =
        all.iter().filter_map(|one| one["violations"].as_array()).flatten().collect();
    if !violations.is_empty() {
        differs.push(format!("Resource Manager was asked what it may not be: {violations:?}"));
    }
    let reads = requests(work);
    let is_asked = |word: &&String| reads.iter().any(|read| read.contains(&word.to_lowercase()));
    if let Some(word) = azure.asks.iter().find(|word| !is_asked(word)) {
        differs.push(format!("not asked: {word}\n{reads:#?}"));
    }
    if let Some(word) = azure.asks_not.iter().find(|word| is_asked(word)) {
        differs.push(format!("asked all the same: {word}"));
    }
    for one in &all {
        let request = one["request"].as_str().unwrap_or_default();
        let secret = one["to"] != "login" && request.contains(CLIENT_SECRET);
        if request.contains(KEY) || request.contains("canary-token-signature") || secret {
            differs.push("a secret of another host went to Azure".to_owned());
        }
    }
    let others = ["endpoint.access.log", "front.access.log", "endpoint.log", "front.log"];
    for log in others.into_iter().chain(["proxy.log", "login.requests", "imds.requests"]) {
        let text = fs::read(work.join(log)).unwrap_or_default();
        for secret in [SIGNATURE, CLIENT_SECRET] {
            if contains(&text, secret.as_bytes()) {
                differs.push(format!("{log} shows {secret}"));
            }
        }
    }
}
