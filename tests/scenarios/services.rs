//! The Azure SDK for Python makes the same call of each service as the tool, against the same servers.
//! What differs is listed here, with its reason; a difference that is not fails.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use aoai_probe::services;
use libtest_mimic::{Failed, Trial};

use super::sdk::{is_there, root};
use crate::lab::Lab;
use crate::lab::world::World;

/// The services, and the worlds in which they are healthy.
const CALLS: &[(&str, &str)] = &[
    ("search", "search-token"),
    ("blob", "storage-blob"),
    ("file", "storage-file"),
    ("keyvault", "key-vault-strict"),
    ("documentintelligence", "document-intelligence-token"),
    ("contentsafety", "content-safety"),
    ("translator", "document-translation"),
    ("appconfig", "appconfig"),
];

/// Header fields that may differ, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("accept", "the SDK names the kind of answer; the services have one kind"),
    ("accept-encoding", "an answer that is not compressed can be bounded as it arrives"),
    ("authorization", "the tokens of two labs; the scheme is compared"),
    ("client-request-id", "an id of the SDK's own"),
    ("connection", "the default of HTTP/1.1"),
    ("user-agent", "each has a name of its own"),
    ("x-ms-client-request-id", "an id of the SDK's own"),
    ("x-ms-date", "the time; its form is compared"),
    ("x-ms-return-client-request-id", "asks for the id back"),
    ("x-ms-version", "the newest version of the SDK; both are served"),
];

pub fn trials() -> Vec<Trial> {
    let one = |(service, world): (&'static str, &'static str)| {
        Trial::test(format!("sdk-for-python-calls-{service}"), move || same(service, world))
    };
    CALLS.iter().copied().map(one).collect()
}

/// A request as it came.
struct Request {
    line: String,
    headers: BTreeMap<String, String>,
}

impl Request {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let mut lines = head.split("\r\n").map(str::to_owned);
        // The pairs of a query may come in any order; the SDK has an empty `include` among them.
        let line = lines.next().unwrap_or_default();
        let line = match line.split_once('?') {
            Some((path, query)) => {
                let pairs = query.trim_end_matches(" HTTP/1.1").split('&');
                let mut pairs: Vec<&str> = pairs.filter(|pair| !pair.ends_with('=')).collect();
                pairs.sort_unstable();
                format!("{path}?{}", pairs.join("&"))
            }
            None => line,
        };
        let fields = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        Self { line, headers: fields.collect() }
    }

    fn has_token(&self) -> bool {
        self.headers.get("authorization").is_some_and(|value| value.starts_with("Bearer "))
    }

    fn has_date(&self) -> Option<bool> {
        Some(httpdate::parse_http_date(self.headers.get("x-ms-date")?).is_ok())
    }
}

/// The request with a token that the lab received: the SDK begins some without one.
fn with_token(lab: &Lab) -> Result<Request, Failed> {
    let requests = lab.received.requests();
    let mut all = requests.iter().map(|bytes| Request::of(bytes)).filter(Request::has_token);
    Ok(all.next().ok_or("no request with a token")?)
}

fn same(service: &'static str, world: &str) -> Result<(), Failed> {
    let python = root().join("target/venv/bin/python");
    let imports = "import azure.search.documents, azure.storage.blob, azure.keyvault.secrets, \
                   azure.appconfiguration, azure.storage.fileshare, \
                   azure.ai.contentsafety, azure.ai.documentintelligence, \
                   azure.ai.translation.document";
    if !is_there("the Azure SDKs for Python", Command::new(&python).args(["-c", imports]))? {
        return Ok(());
    }
    let file = root().join(format!("fixtures/scenarios/{world}.toml"));
    let world = Arc::new(World::read(&file)?);
    let ours = Lab::start(&world)?;
    let check = ours.check(&[])?;
    aoai_probe::run::check_in(&check, ours.world(), Default::default(), &|_| {})?;
    let theirs = Lab::start(&world)?;
    let arguments = theirs.arguments();
    let port = arguments.iter().find_map(|word| word.strip_prefix("10.3.0.5:443:127.0.0.1:"));
    let ca = arguments.iter().skip_while(|word| *word != "--ca-file").nth(1).ok_or("no CA")?;
    let token = crate::lab::outside::token(&world);
    let output = Command::new(&python)
        .arg(root().join("tests/scenarios/services.py"))
        .args([service, &world.target, port.ok_or("no server")?, ca, &token])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let scopes: Vec<String> = serde_json::from_slice(&output.stdout)?;
    let (our_call, their_call) = (with_token(&ours)?, with_token(&theirs)?);
    let mut wrong = differences(&our_call, &their_call);
    let profile = services::by_id(service).ok_or("no profile")?;
    let audiences = profile.audiences_in(aoai_probe::clouds::Cloud::Public);
    // The first one is that of the tool.
    let wanted: Vec<String> =
        audiences.iter().take(1).map(|one| format!("{one}/.default")).collect();
    if scopes != wanted {
        wrong.push(format!("scopes: the SDK {scopes:?}, the tool {wanted:?}"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn differences(ours: &Request, theirs: &Request) -> Vec<String> {
    let mut wrong = Vec::new();
    if ours.line != theirs.line {
        wrong.push(format!("the SDK asks {:?}, the tool {:?}", theirs.line, ours.line));
    }
    if ours.has_date() != theirs.has_date() || ours.has_date() == Some(false) {
        wrong.push("x-ms-date".to_owned());
    }
    let names = ours.headers.keys().chain(theirs.headers.keys());
    for name in names.filter(|name| DIFFERENT.iter().all(|(known, _)| known != name)) {
        let (our_value, their_value) = (ours.headers.get(name), theirs.headers.get(name));
        if our_value != their_value {
            wrong.push(format!("{name}: the SDK {their_value:?}, the tool {our_value:?}"));
        }
    }
    wrong
}
