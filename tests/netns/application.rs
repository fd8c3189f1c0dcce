//! `app` as an operator runs it beside an application: its names come from the application's own
//! variables, and one of the services has no name in this network's DNS.

use std::path::Path;

use super::inside;
use super::run_tool::{CANARY, tool};
use super::world::World;

/// The variables of the application.
const VARIABLES: &[(&str, &str)] = &[
    ("AZURE_OPENAI_ENDPOINT", "https://myacct.openai.azure.com/"),
    ("AZURE_AI_PROJECT_ENDPOINT", "https://foundry.services.ai.azure.com/"),
    (
        "AZURE_STORAGE_CONNECTION_STRING",
        "DefaultEndpointsProtocol=https;AccountName=mystore;AccountKey=canary-storage-key;\
         EndpointSuffix=core.windows.net",
    ),
];

/// Runs it over the healthy world.
///
/// # Errors
/// What differs from what an operator may expect.
pub fn judge(work: &Path, binary: &Path) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/netns/worlds");
    let mut world = World::read(&folder.join("healthy.toml"))?;
    let servers = inside::build(&mut world, work)?;
    let client = &mut world.client;
    "app".clone_into(&mut client.target);

    // The account alone: nothing that it does not use counts, though it has no such names here.
    client.args = vec!["myacct".to_owned()];
    let run = tool(binary, client, work, &[])?;
    let mut differs = Vec::new();
    let mut demand = |holds: bool, what: &str, run: &str| {
        if !holds {
            differs.push(format!("{what}:\n{run}"));
        }
    };
    let row = |text: &str, words: &[&str]| {
        text.lines().any(|line| {
            let mut rest = line.split_whitespace();
            words.iter().all(|word| rest.any(|other| other == *word))
        })
    };
    let out = &run.stdout;
    demand(run.status == Some(0), "the account alone works", out);
    demand(out.starts_with("1 target: 1 works"), "only what is used counts", out);
    demand(
        row(out, &["myacct.openai.azure.com", "private", "direct", "WORKS"]),
        "the account",
        out,
    );
    let unused = ["myacct.cognitiveservices.azure.com", "none", "direct", "BROKEN", "used"];
    demand(row(out, &unused), "its other name", out);
    demand(row(out, &["login.microsoftonline.com", "public", "used"]), "the login host", out);
    let revocation = ["crl.pki.example", "none", "direct", "BROKEN", "dns", "revocation"];
    demand(row(out, &revocation), "the host of revocation data, which does not count", out);

    // What its variables name, and no argument.
    client.args = Vec::new();
    client.env.extend(VARIABLES.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    let run = tool(binary, client, work, &[])?;
    let out = &run.stdout;
    demand(run.status == Some(2), "the storage account has no name here", out);
    for host in ["myacct.openai.azure.com", "foundry.services.ai.azure.com"] {
        demand(row(out, &[host, "private", "direct", "WORKS"]), host, out);
    }
    let storage = ["mystore.blob.core.windows.net", "none", "direct", "BROKEN", "dns"];
    demand(row(out, &storage), "the storage account", out);
    let json = tool(binary, client, work, &["--format", "json"])?;
    let plan = tool(binary, client, work, &["--plan"])?;
    for (what, run) in [("app", &run), ("--format json", &json), ("--plan", &plan)] {
        let text = format!("{}{}", run.stdout, run.stderr);
        demand(!text.contains(CANARY), "a secret is shown", what);
    }
    let reports: Vec<serde_json::Value> =
        serde_json::from_str(&json.stdout).map_err(|e| format!("{e}: {}", json.stdout))?;
    let label = |name: &str| -> Vec<&str> {
        reports.iter().filter_map(|report| report["labels"][name].as_str()).collect()
    };
    demand(
        label("part").starts_with(&["openai", "aiservices", "blob"])
            && label("used").contains(&"no"),
        "the labels say what each report is about",
        &json.stdout,
    );
    // The key is the account's alone; in front of another account it is not sent.
    let keys = plan.stdout.matches("key    from AZURE_OPENAI_API_KEY").count();
    demand(keys == 1, "the account's key is for one name", &plan.stdout);
    for format in ["nagios", "junit", "github", "markdown", "prometheus"] {
        let run = tool(binary, client, work, &["--format", format])?;
        let unused = ["login.microsoftonline.com", "crl.pki.example"];
        let unused = unused.iter().any(|host| run.stdout.contains(host));
        demand(!unused, "what does not count alarms", &run.stdout);
    }
    let anonymous = tool(binary, client, work, &["--format", "json", "--anonymise"])?;
    demand(!anonymous.stdout.contains("pki.example"), "its names are replaced", &anonymous.stdout);
    let labels = ["\"part\": \"openai\"", "\"part\": \"login\"", "\"used\": \"no\""];
    let kept = labels.iter().all(|label| anonymous.stdout.contains(label));
    demand(kept, "an anonymised report still says what it is of", &anonymous.stdout);

    // A gateway's command repeats its walk: its name shows no service.
    let gateway = "https://gw.corp.example/team~x".to_owned();
    client.env.insert("AZURE_OPENAI_ENDPOINT".to_owned(), gateway);
    let run = tool(binary, client, work, &[])?;
    let command = run
        .stdout
        .lines()
        .any(|line| line.contains("--service openai") && line.contains("gw.corp.example/team~x"));
    demand(command, "the command for the gateway names its service", &run.stdout);
    drop(servers);
    if differs.is_empty() { Ok(()) } else { Err(differs.join("\n")) }
}
