//! What every world with Azure keeps: only what may be asked is asked, with a token that goes there
//! alone; and every estate is one.

use aoai_probe::args::{Cli, Command};
use aoai_probe::run::{self, Output};
use aoai_probe::world::interfaces;
use clap::Parser as _;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::lab::azure::world::{Azure, From};
use crate::lab::azure::{CLIENT_SECRET, Mock, SIGNATURE};
use crate::lab::world::World;
use crate::lab::{KEY, Lab, NOW};

/// Each estate can be built.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("azure-mock-estates", estates),
        Trial::test("azure-mock-queries", queries),
        Trial::test("azure-mock-refusals", refusals),
        Trial::test("azure-mock-pages", pages),
    ]
}

fn estates() -> Result<(), Failed> {
    for (file, world) in worlds()? {
        let Some(azure) = &world.azure else { continue };
        Mock::new(azure, NOW).map_err(|e| format!("{file}: {e}"))?;
    }
    Ok(())
}

/// Every world with Azure, with the name of its file.
pub fn worlds() -> Result<Vec<(String, World)>, Failed> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let world = World::read(&path)?;
        if world.azure.is_some() {
            all.push((name, world));
        }
    }
    Ok(all)
}

/// A caller of Resource Manager, as the mock has it.
struct Client(Mock);

impl Client {
    fn of(azure: &str) -> Result<Self, Failed> {
        let azure: Azure = toml::from_str(azure)?;
        Ok(Self(Mock::new(&azure, NOW)?))
    }

    fn ask(&self, method: &str, target: &str, body: &str) -> (u16, Value) {
        let token = self.0.token("https://management.azure.com");
        self.ask_with(&token, method, target, body)
    }

    fn ask_with(&self, token: &str, method: &str, target: &str, body: &str) -> (u16, Value) {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: management.azure.com\r\n\
             authorization: Bearer {token}\r\n\r\n{body}"
        );
        self.0.reply(request.as_bytes())
    }

    /// Every row of a query, page by page.
    fn rows(&self, query: &str) -> Result<Vec<Value>, String> {
        let mut rows = Vec::new();
        let mut token = Value::Null;
        loop {
            let mut options = json!({ "resultFormat": "objectArray", "$top": 1000 });
            if !token.is_null() {
                options["$skipToken"] = token;
            }
            let body = json!({ "query": query, "options": options }).to_string();
            let (status, page) = self.ask("POST", GRAPH, &body);
            if status != 200 || page["resultTruncated"] != "false" {
                return Err(format!("{status} {page}\n{query}"));
            }
            rows.extend(page["data"].as_array().cloned().unwrap_or_default());
            token = page["$skipToken"].clone();
            if token.is_null() {
                return Ok(rows);
            }
        }
    }
}

const GRAPH: &str = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";
const ACCOUNT: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/ai-rg/\
                       providers/Microsoft.CognitiveServices/accounts/myacct";

/// The queries of the fact sheet, with how many rows each has in the healthy estate.
fn queries() -> Result<(), Failed> {
    let client = Client::of("")?;
    let in_account = format!("'{ACCOUNT}\"'");
    let changed = format!(
        "ResourceChanges | extend at = todatetime(properties.changeAttributes.timestamp), target = \
         tolower(tostring(properties.targetResourceId)) | where at > ago(1h) and target in \
         ('{}') | project id, at, target, changeType = tostring(properties.changeType), changes = \
         properties.changes | order by at desc",
        ACCOUNT.to_lowercase()
    );
    for (rows, query) in [
        (1, "ResourceContainers | where type =~ 'microsoft.resources/subscriptions' | project id, \
             subscriptionId, tenantId | order by id asc".to_owned()),
        (1, "Resources | where type =~ 'microsoft.cognitiveservices/accounts' | where \
             tostring(properties.customSubDomainName) =~ 'MyAcct' or tostring(properties.endpoint) \
             contains '//nothing/' or tostring(properties.endpoints) contains '//nothing/' | project \
             id, tenantId, location, kind, properties | order by id asc".to_owned()),
        (1, format!("Resources | where type =~ 'microsoft.network/privateendpoints' | where \
             tostring(properties.privateLinkServiceConnections) contains {in_account} or \
             tostring(properties.manualPrivateLinkServiceConnections) contains {in_account} | \
             project id, location, properties | order by id asc")),
        (1, "Resources | where type =~ 'microsoft.network/networkinterfaces' | where \
             tostring(properties.ipConfigurations) contains '\"10.3.0.5\"' | project id, properties \
             | order by id asc".to_owned()),
        (5, "Resources | where type in~ ('microsoft.network/privatednszones', \
             'microsoft.network/privatednszones/virtualnetworklinks') | extend zone = \
             tolower(tostring(split(id, '/')[8])) | where zone in ('privatelink.openai.azure.com', \
             'privatelink.services.ai.azure.com') | project id, type, zone, properties | order by \
             id asc".to_owned()),
        (3, "DnsResources | where type =~ 'microsoft.network/privatednszones/a' | where id endswith \
             '/myacct' | project id, properties | order by id asc".to_owned()),
        (3, "Resources | where type =~ 'microsoft.network/virtualnetworks' | project id, location, \
             properties | order by id asc".to_owned()),
        (2, "Resources | where type in~ ('microsoft.network/dnsresolvers', \
             'microsoft.network/dnsresolvers/inboundendpoints') | project id, type, properties | \
             order by id asc".to_owned()),
        (0, changed),
    ] {
        let found = client.rows(&query)?;
        if found.len() != rows {
            return Err(format!("{} rows, not {rows}: {query}\n{found:#?}", found.len()).into());
        }
    }
    match client.0.violations().as_slice() {
        [] => Ok(()),
        violations => Err(format!("{violations:#?}").into()),
    }
}

/// What the mock refuses, and how.
fn refusals() -> Result<(), Failed> {
    let client = Client::of("")?;
    let account = format!("{ACCOUNT}?api-version=2024-10-01");
    let code = |answer: &(u16, Value)| {
        let code = answer.1["error"]["code"].as_str().unwrap_or_default().to_owned();
        (answer.0, code)
    };
    let expect = |answer: (u16, Value), status: u16, wanted: &str| match code(&answer) {
        is if is == (status, wanted.to_owned()) => Ok(()),
        is => Err(Failed::from(format!("{is:?}, not {status} {wanted}: {answer:?}"))),
    };
    expect(client.ask("GET", &account, ""), 200, "")?;
    let data_plane = client.0.token("https://cognitiveservices.azure.com");
    let wrong = client.ask_with(&data_plane, "GET", &account, "");
    expect(wrong, 401, "InvalidAuthenticationTokenAudience")?;
    expect(client.ask_with("x", "GET", &account, ""), 401, "InvalidAuthenticationToken")?;
    expect(client.ask("PUT", &account, "{}"), 405, "HttpMethodNotAllowed")?;
    let keys = format!("{ACCOUNT}/listKeys?api-version=2024-10-01");
    expect(client.ask("POST", &keys, ""), 405, "HttpMethodNotAllowed")?;
    expect(client.ask("GET", ACCOUNT, ""), 400, "MissingApiVersionParameter")?;
    let old = format!("{ACCOUNT}?api-version=2015-01-01");
    expect(client.ask("GET", &old, ""), 400, "NoRegisteredProviderFound")?;
    let none = account.replace("/myacct", "/noacct");
    expect(client.ask("GET", &none, ""), 404, "ResourceNotFound")?;
    expect(
        client.ask("GET", &account.replace("ai-rg", "no-rg"), ""),
        404,
        "ResourceGroupNotFound",
    )?;
    let foreign = account
        .replace("0b1f6471-1bf0-4dda-aec3-111122223333", "7d3f8693-3d12-4ffc-80e5-333344445555");
    expect(client.ask("GET", &foreign, ""), 401, "InvalidAuthenticationTokenTenant")?;
    let other = account
        .replace("0b1f6471-1bf0-4dda-aec3-111122223333", "9c2e7582-2c01-4eeb-bfd4-222233334444");
    expect(client.ask("GET", &other, ""), 403, "AuthorizationFailed")?;
    if client.0.violations().len() != 4 {
        return Err(format!("{:#?}", client.0.violations()).into());
    }
    let query = |query: &str| {
        json!({ "query": query,
        "options": { "resultFormat": "objectArray", "$top": 1000 } })
        .to_string()
    };
    for wrong in [
        "Resources | summarize count()",
        "Resource | project id",
        "Resources | where nosuchcolumn == 'x'",
        "Resources | where properties contains 'x'",
        "Resources | where id == 'x",
    ] {
        let client = Client::of("")?;
        expect(client.ask("POST", GRAPH, &query(wrong)), 400, "BadRequest")?;
        if client.0.violations().len() != 1 {
            return Err(format!("not kept: {wrong}").into());
        }
    }
    let blind = Client::of("caller = { may = [] }")?;
    let none = blind.ask("POST", GRAPH, &query("Resources | project id"));
    if none.1["error"]["details"][0]["code"] != "NoValidSubscriptionsInQueryRequest" {
        return Err(format!("{none:?}").into());
    }
    // A role on the account: its row, a GET of it, and nothing of the network without a sign.
    let user = Client::of(
        r#"caller = { may = ["Cognitive Services OpenAI User over accounts/myacct"] }"#,
    )?;
    let rows = user.rows("Resources | project id | order by id asc")?;
    if rows.len() != 1 {
        return Err(format!("{rows:#?}").into());
    }
    expect(user.ask("GET", &account, ""), 200, "")?;
    let endpoint = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/net-rg/\
                    providers/Microsoft.Network/privateEndpoints/myacct-pe?api-version=2024-05-01";
    expect(user.ask("GET", endpoint, ""), 403, "AuthorizationFailed")
}

/// Pages of a collection follow each other, and a limit is one of one time.
fn pages() -> Result<(), Failed> {
    let client = Client::of("page = 1\n[[fault]]\nat = \"deployments\"\ndoes = \"throttle-once\"")?;
    let mut target = format!("{ACCOUNT}/deployments?api-version=2024-10-01");
    if client.ask("GET", &target, "").0 != 429 {
        return Err("not throttled".into());
    }
    let mut names = Vec::new();
    loop {
        let (mut status, mut page) = client.ask("GET", &target, "");
        if status == 429 {
            (status, page) = client.ask("GET", &target, "");
        }
        if status != 200 {
            return Err(format!("{status} {page}").into());
        }
        names.extend(page["value"].as_array().into_iter().flatten().map(|d| d["name"].clone()));
        match page["nextLink"].as_str().and_then(|l| l.strip_prefix("https://management.azure.com"))
        {
            Some(next) => next.clone_into(&mut target),
            None => break,
        }
    }
    match names == [json!("embeddings"), json!("gpt-4o")] {
        true => Ok(()),
        false => Err(format!("{names:?}").into()),
    }
}

/// The report with what Resource Manager says of it, where another machine asks; else as it is.
pub fn asked_elsewhere(lab: &Lab, world: &World, done: Output) -> Result<Output, Failed> {
    let report = |azure: &Azure| azure.asks_from.unwrap_or(From::Report);
    let asks_from = world.azure.as_ref().map_or(From::Run, report);
    if asks_from == From::Run {
        return Ok(done);
    }
    let mut saved: Value = serde_json::from_str(&done.out)?;
    in_the_estate(&mut saved);
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), saved.to_string())?;
    let words = ["aoai-probe", "diagnose", "--format", "json", "--bundle", "not-written.zip"];
    let words = words.iter().map(|&word| word.to_owned());
    let path = file.path().display().to_string();
    let cli = Cli::try_parse_from(words.chain([path]).chain(lab.azure_arguments(false)))?;
    let Some(Command::Diagnose { reports, azure, way, output }) = cli.command else {
        return Err("no diagnose".into());
    };
    let (world, way) = (|| lab.world(), (&azure, &way));
    let made_here = asks_from == From::Report;
    Ok(run::diagnose_in(&reports, way, &output, &world, made_here)?)
}

/// The addresses that the walk would have met in the estate's own network: resolvers of the lab are
/// on loopback, and connections are led there.
fn in_the_estate(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(in_the_estate),
        Value::Object(all) => {
            for (key, value) in all.iter_mut() {
                match key.as_str() {
                    "connect_to" => *value = Value::Null,
                    "connect_to_given" => *value = false.into(),
                    // What leads the program to the lab again.
                    "repeat" => {}
                    _ => in_the_estate(value),
                }
            }
        }
        Value::String(text) => {
            if interfaces().iter().any(|(own, _)| own.to_string() == *text) {
                "10.1.0.20".clone_into(text);
            }
            let (address, port) = text.split_once(':').unwrap_or((text, ""));
            let last = address.strip_prefix("127.0.0.").and_then(|n| n.parse::<u8>().ok());
            let new = match last {
                Some(1) => "10.1.0.20".to_owned(),
                Some(number @ 10..=19) => format!("10.2.0.{}", number - 6),
                _ => return,
            };
            *text = if port.is_empty() { new } else { format!("{new}:53") };
        }
        _ => {}
    }
}

/// What Resource Manager was asked, and what came with it.
pub fn asked(lab: &Lab, world: &World) -> Result<(), String> {
    let (Some(mock), Some(azure)) = (&lab.azure, &world.azure) else { return Ok(()) };
    let violations = mock.violations();
    if !violations.is_empty() {
        return Err(format!("Resource Manager was asked what it may not be:\n{violations:#?}"));
    }
    let asked: Vec<String> = mock
        .asked()
        .iter()
        .map(|(method, target, body)| format!("{method} {target} {body}").to_ascii_lowercase())
        .collect();
    let is_asked = |word: &String| {
        let word = word.to_ascii_lowercase();
        asked.iter().any(|one| one.contains(&word))
    };
    if let Some(word) = azure.asks.iter().find(|word| !is_asked(word)) {
        return Err(format!("not asked: {word}\n{asked:#?}"));
    }
    if let Some(word) = azure.asks_not.iter().find(|word| is_asked(word)) {
        return Err(format!("asked all the same: {word}\n{asked:#?}"));
    }
    let holds = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|w| w == word.as_bytes());
    // The key is the target's; the client secret goes to the login host, and the token for Resource
    // Manager to Resource Manager.
    for request in lab.azure_received.requests() {
        let text = String::from_utf8_lossy(&request);
        let is_login = text.starts_with("POST /") && text.contains("/oauth2/v2.0/token ");
        if holds(&request, KEY) || (holds(&request, CLIENT_SECRET) && !is_login) {
            return Err("a secret of another host went to Resource Manager".to_owned());
        }
    }
    let foreign = [SIGNATURE, CLIENT_SECRET];
    let mut others = lab.received.requests();
    others.extend(lab.received.connects());
    others.push(lab.received.open());
    for word in foreign {
        if others.iter().any(|bytes| holds(bytes, word)) {
            return Err(format!("{word} went elsewhere than to Azure"));
        }
    }
    Ok(())
}
