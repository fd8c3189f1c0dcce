//! Readers of Azure that are not ours: the SDK for Python over the same Resource Manager, and the
//! parser of the Kusto query language over every query. Both are skipped where they are not
//! installed, and fail in CI.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use aoai_probe::args::{Cli, Command as Words};
use aoai_probe::azure::graph;
use aoai_probe::evidence::azure::ResourceId;
use aoai_probe::run::{self, Terminal};
use clap::Parser as _;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::Lab;
use crate::lab::azure::HOST_ADDRESS;
use crate::lab::world::World;

/// An account that has everything.
const WORLD: &str = r#"
about = "An audit, and the SDK for Python over the same estate."
[azure]
page = 1
[expect]
state = "works"
findings = []
credential_sent = false
"#;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("azure-sdk-for-python-reads-the-same", sdk),
        Trial::test("azure-queries-parse", queries_parse),
    ]
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn is_there(what: &str, command: &mut Command) -> Result<bool, Failed> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match quiet.status().is_ok_and(|status| status.success()) {
        true => Ok(true),
        false if std::env::var_os("CI").is_some() => {
            Err(format!("CI needs {what} (tests/run.sh)").into())
        }
        false => Ok(false),
    }
}

/// The method, the path in lower case, and the version of the API.
fn shapes(asked: &[(String, String, String)]) -> Vec<(String, String, String)> {
    let one = |(method, target, _): &(String, String, String)| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let version = query.split('&').find_map(|pair| pair.strip_prefix("api-version="));
        (method.clone(), path.to_ascii_lowercase(), version.unwrap_or_default().to_owned())
    };
    let mut all: Vec<_> = asked.iter().map(one).collect();
    all.sort();
    all.dedup();
    all
}

fn sdk() -> Result<(), Failed> {
    let python = root().join("target/venv/bin/python");
    let imports = "import azure.mgmt.authorization, azure.mgmt.cognitiveservices, \
                   azure.mgmt.network, azure.mgmt.privatedns, azure.mgmt.resourcegraph";
    if !is_there("the Azure SDK for Python", Command::new(&python).args(["-c", imports]))? {
        return Ok(());
    }
    let world = Arc::new(World::parse(WORLD)?);
    // What the tool asks and says.
    let ours = Lab::start(&world)?;
    let mut words: Vec<String> =
        ["aoai-probe", "azure", "myacct", "--format", "json"].map(str::to_owned).to_vec();
    words.extend(ours.azure_arguments(false).into_iter().filter(|word| word != "--azure"));
    let Some(Words::Azure(audit)) = Cli::try_parse_from(words)?.command else {
        return Err("no audit".into());
    };
    let done = run::audit_in(&audit, ours.world(), Terminal::default())?;
    let report: Value = serde_json::from_str(&done.out)?;
    let estate = find(&report, "estate").ok_or_else(|| format!("no estate: {}", done.out))?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), estate.to_string())?;
    // What the SDK asks and says, of a Resource Manager of its own.
    let theirs = Lab::start(&world)?;
    let arguments = theirs.azure_arguments(false);
    let own = format!("{HOST_ADDRESS}:443:127.0.0.1:");
    let port = arguments.iter().find_map(|word| word.strip_prefix(&own));
    let port = port.ok_or("no Resource Manager")?;
    let ca = arguments.iter().skip_while(|word| *word != "--ca-file").nth(1).ok_or("no CA")?;
    let (Some(our_mock), Some(their_mock)) = (&ours.azure, &theirs.azure) else {
        return Err("no mock".into());
    };
    let token = their_mock.token("https://management.azure.com");
    let output = Command::new(&python)
        .arg(root().join("tests/scenarios/sdk.py"))
        .args([port, ca.as_str(), token.as_str()])
        .arg(file.path())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let (our_asked, their_asked) = (shapes(&our_mock.asked()), shapes(&their_mock.asked()));
    let missing: Vec<_> = their_asked.iter().filter(|one| !our_asked.contains(one)).collect();
    if !missing.is_empty() || their_asked.len() < 12 {
        return Err(format!("asked by the SDK alone: {missing:#?}\nby us: {our_asked:#?}").into());
    }
    match [our_mock.violations(), their_mock.violations()].concat().as_slice() {
        [] => Ok(()),
        violations => Err(format!("{violations:#?}").into()),
    }
}

/// The first value of this name, at any depth.
fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(all) => all.get(name).or_else(|| all.values().find_map(|v| find(v, name))),
        Value::Array(all) => all.iter().find_map(|v| find(v, name)),
        _ => None,
    }
}

/// Every query that can be made.
fn queries() -> Result<Vec<String>, Failed> {
    let account = ResourceId::parse(
        "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/AI_rg.(1)/providers/\
         Microsoft.CognitiveServices/accounts/my-acct",
    )
    .ok_or("no id")?;
    let addresses: [IpAddr; 2] = ["10.3.0.5".parse()?, "fd00::5".parse()?];
    let zones = ["privatelink.openai.azure.com".to_owned(), "openai.azure.com".to_owned()];
    let all = [
        graph::subscriptions(),
        graph::account("my-acct", "my-acct.openai.azure.com"),
        graph::private_endpoints(&account),
        graph::interfaces(&addresses),
        graph::scale_set_interfaces(&addresses),
        graph::zones(&zones),
        graph::records("my-acct"),
        graph::networks(),
        graph::resolvers(),
        graph::perimeter(&account),
        graph::changes(&[account.clone(), account.clone()]),
    ];
    all.into_iter().map(|query| query.ok_or_else(|| "a query is not made".into())).collect()
}

fn queries_parse() -> Result<(), Failed> {
    let source = std::fs::read_to_string(root().join("src/azure/graph.rs"))?;
    let made = queries()?;
    if source.matches("pub fn ").count() != made.len() {
        return Err("src/azure/graph.rs has a query that is not parsed here".into());
    }
    let parser: PathBuf = root().join("target/kusto");
    let script = root().join("tests/scenarios/kql.js");
    let works = Command::new("node");
    let mut works = works;
    works.arg(&script).arg(&parser);
    if !is_there("node and @kusto/language-service-next", &mut works)? {
        return Ok(());
    }
    let parsed = |queries: &[String]| -> Result<String, Failed> {
        let mut node = Command::new("node")
            .arg(&script)
            .arg(&parser)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines: String =
            queries.iter().map(|query| Value::from(query.as_str()).to_string() + "\n").collect();
        node.stdin.take().ok_or("no input")?.write_all(lines.as_bytes())?;
        let output = node.wait_with_output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let wrong = parsed(&["Resources | whre type == 'x'".to_owned()])?;
    if wrong.is_empty() {
        return Err("the parser takes anything".into());
    }
    match parsed(&made)?.as_str() {
        "" => Ok(()),
        faults => Err(faults.to_owned().into()),
    }
}
