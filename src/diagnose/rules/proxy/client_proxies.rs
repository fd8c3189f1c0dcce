//! The clients that read the proxy variables, and what each of them does with them.

use crate::diagnose::FindingBuilder;
use crate::evidence::Evidence;
use crate::evidence::vantage::ClientProxy;

/// The clients whose behaviour was tested, with their places in the evidence.
pub(super) fn tested(e: &Evidence) -> Vec<(usize, &ClientProxy)> {
    e.vantage
        .proxy
        .clients
        .iter()
        .enumerate()
        .filter(|(_, client)| client.reads() && client.tested.is_some())
        .collect()
}

/// A verb of the clients that `names` lists: the form for one, or that for several.
pub(super) fn verb(names: &str, one: &'static str, several: &'static str) -> &'static str {
    if names.contains(", ") { several } else { one }
}

/// Names of the clients that take one path, as a list for people.
pub(super) fn names(clients: &[(usize, &ClientProxy)], proxy: Option<&str>) -> String {
    let names: Vec<&str> = clients
        .iter()
        .filter(|(_, client)| client.proxy.as_deref() == proxy && client.client != "aoai-probe")
        .map(|(_, client)| client.client.as_str())
        .collect();
    names.join(", ")
}

/// Every client as a fact.
pub(super) fn seen(
    mut finding: FindingBuilder,
    clients: &[(usize, &ClientProxy)],
) -> FindingBuilder {
    for (index, client) in clients {
        finding = finding.fact(line(client)).cites(format!("/vantage/proxy/clients/{index}"));
    }
    finding
}

fn line(client: &ClientProxy) -> String {
    let version = client.tested.as_deref().unwrap_or("untested");
    format!("{} ({version}): {}", client.client, client.words())
}

/// Shows the proxy variables, without a password in them.
pub(super) const SEE_VARIABLES: &str = "env | grep -i '_proxy=' | sed 's#//[^@/]*@#//#'";
