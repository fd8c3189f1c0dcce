//! Commands as rules give them, before and after.

use std::fs;

use serde_json::Value;

use super::filled;
use crate::diagnose::view::View;
use crate::evidence::Evidence;

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn json(path: &str) -> Value {
    let path = format!("{}/fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A healthy private path and a whole estate, with a change to it.
fn evidence(change: impl FnOnce(&mut Value)) -> Evidence {
    let mut value = json("bases/private.json");
    let report = json("reports/azure.json");
    let mut azure = report["patch"][0]["value"].clone();
    change(&mut azure);
    value["azure"] = azure;
    serde_json::from_value(value).unwrap()
}

fn fill(evidence: &Evidence, command: &str) -> String {
    let view = View::new(evidence);
    filled(&view, view.azure.as_ref().unwrap(), command)
}

const AI: &str = "--subscription 1a2b3c4d-0000-4000-8000-00000000aa01 -g rg-zebra-ai";
const DNS: &str = "--subscription 1a2b3c4d-0000-4000-8000-00000000bb02 -g rg-zebra-dns";
const NET: &str = "--subscription 1a2b3c4d-0000-4000-8000-00000000bb02 -g rg-zebra-net";
const ACCOUNT: &str = "/subscriptions/1a2b3c4d-0000-4000-8000-00000000aa01/resourceGroups/\
                       rg-zebra-ai/providers/Microsoft.CognitiveServices/accounts/myacct";
const HUB: &str = "/subscriptions/1a2b3c4d-0000-4000-8000-00000000bb02/resourceGroups/\
                   rg-zebra-net/providers/Microsoft.Network/virtualNetworks/vnet-zebra-hub";

#[test]
fn each_command_gets_the_ids_of_what_it_is_about() {
    let evidence = evidence(|_| {});
    let zone = "-z privatelink.openai.azure.com";
    for (command, wanted) in [
        (
            "az cognitiveservices account show -n myacct -g <group> --query properties.endpoint",
            format!("az cognitiveservices account show -n myacct {AI} --query properties.endpoint"),
        ),
        (
            "az cognitiveservices account network-rule add -n myacct -g <group> \
             --subnet <subnet id>",
            format!(
                "az cognitiveservices account network-rule add -n myacct {AI} --subnet \
                 {}/subnets/snet-zebra",
                HUB.replace("hub", "apps")
            ),
        ),
        (
            "az role assignment list --assignee <object id of the caller> --scope \
             <account resource id> --include-inherited",
            format!(
                "az role assignment list --assignee <object id of the caller> --scope {ACCOUNT} \
                 --include-inherited"
            ),
        ),
        (
            "az account show --subscription <subscription of the account> --query tenantId",
            "az account show --subscription 1a2b3c4d-0000-4000-8000-00000000aa01 --query tenantId"
                .to_owned(),
        ),
        (
            "az login --tenant <tenant>",
            "az login --tenant 11111111-2222-3333-4444-555555555555".to_owned(),
        ),
        (
            "az network private-endpoint-connection list --id <account resource id> -o table",
            format!("az network private-endpoint-connection list --id {ACCOUNT} -o table"),
        ),
        (
            "az network private-endpoint-connection approve --id <connection id> \
             --description approved",
            format!(
                "az network private-endpoint-connection approve --id \
                 {ACCOUNT}/privateEndpointConnections/pe-myacct.12ab --description approved"
            ),
        ),
        (
            "az network private-endpoint dns-zone-group list -g <group> --endpoint-name \
             <endpoint> -o table",
            format!(
                "az network private-endpoint dns-zone-group list {AI} --endpoint-name pe-myacct \
                 -o table"
            ),
        ),
        (
            "az network nic show --ids <interface id> --query x",
            format!(
                "az network nic show --ids {}/providers/Microsoft.Network/networkInterfaces/\
                 pe-myacct.nic.77aa --query x",
                ACCOUNT.split("/providers").next().unwrap()
            ),
        ),
        (
            "az network nic list-effective-nsg -g <group> -n <nic of this machine>",
            format!("az network nic list-effective-nsg {NET} -n jump-01-nic"),
        ),
        (
            "az network vnet subnet update -g <group> --vnet-name <vnet> -n <subnet> --remove \
             natGateway",
            format!(
                "az network vnet subnet update {NET} --vnet-name vnet-zebra-apps -n snet-zebra \
                 --remove natGateway"
            ),
        ),
        (
            "az network nsg rule delete -g <group> --nsg-name <nsg> -n allow-entra",
            format!("az network nsg rule delete {NET} --nsg-name nsg-zebra -n allow-entra"),
        ),
        (
            &format!("az network private-dns link vnet list -g <group> {zone} -o table"),
            format!("az network private-dns link vnet list {DNS} {zone} -o table"),
        ),
        // The link is one that the operator makes: its name is theirs, in the undo as well.
        (
            &format!(
                "az network private-dns link vnet create -g <group> {zone} -n <link> -v <vnet id>"
            ),
            format!("az network private-dns link vnet create {DNS} {zone} -n <link> -v {HUB}"),
        ),
        (
            &format!("az network private-dns link vnet delete -g <group> {zone} -n <link> --yes"),
            format!("az network private-dns link vnet delete {DNS} {zone} -n <link> --yes"),
        ),
        // Another zone than those that were read.
        (
            "az network private-dns record-set a list -g <group> -z azure.com -o table",
            "az network private-dns record-set a list -g <group> -z azure.com -o table".to_owned(),
        ),
        (
            "az dns-resolver forwarding-rule list -g <group> --ruleset-name <ruleset> -o table",
            format!(
                "az dns-resolver forwarding-rule list {DNS} --ruleset-name ruleset-zebra -o table"
            ),
        ),
        (
            "az dns-resolver inbound-endpoint list -g <group> --dns-resolver-name <resolver>",
            format!("az dns-resolver inbound-endpoint list {DNS} --dns-resolver-name dnspr-zebra"),
        ),
        (
            "az network perimeter association list -g <group> --perimeter-name <perimeter>",
            format!("az network perimeter association list {NET} --perimeter-name nsp-zebra"),
        ),
        (
            "az rest --method get --url \"https://management.azure.com<policy id>\
             /dnsSecurityRules?api-version=2025-05-01\"",
            format!(
                "az rest --method get --url \"https://management.azure.com{}/providers/\
                 Microsoft.Network/dnsResolverPolicies/policy-zebra/dnsSecurityRules?\
                 api-version=2025-05-01\"",
                HUB.split("/providers").next().unwrap().replace("-net", "-dns")
            ),
        ),
        (
            "az vm identity show -g <group> -n <vm>; az vm show -g <group> -n <machine>",
            format!("az vm identity show {NET} -n jump-01; az vm show {NET} -n jump-01"),
        ),
        // What would be made does not exist yet.
        (
            "az network private-endpoint delete -g <group> -n <endpoint>",
            "az network private-endpoint delete -g <group> -n <endpoint>".to_owned(),
        ),
        (
            "az keyvault show -n myvault -g <group>",
            "az keyvault show -n myvault -g <group>".to_owned(),
        ),
        // Several deployments.
        (
            "aoai-probe --deployment <deployment> myacct",
            "aoai-probe --deployment <deployment> myacct".to_owned(),
        ),
    ] {
        assert_eq!(fill(&evidence, command), wanted, "{command}");
    }
}

#[test]
fn several_candidates_fill_nothing() {
    let link = "az network private-dns link vnet list -g <group> -z privatelink.openai.azure.com";
    let twin = evidence(|azure| {
        let zones = azure.pointer_mut("/estate/zones/value").unwrap().as_array_mut().unwrap();
        let mut other = zones[0].clone();
        let id = other["id"].as_str().unwrap().replace("rg-zebra-dns", "rg-other");
        other["id"] = id.into();
        zones.push(other);
    });
    assert_eq!(fill(&twin, link), link);
    let endpoint = "az network private-endpoint show -g <group> -n <endpoint>";
    let two = evidence(|azure| {
        azure["estate"]["interfaces"] = serde_json::json!({"state": "not_visible"});
        azure["estate"]["connections"]["value"][1]["endpoint"] =
            format!("{}/x", HUB.replace("virtualNetworks/vnet-zebra-hub", "privateEndpoints"))
                .into();
    });
    assert_eq!(fill(&two, endpoint), endpoint);
}

#[test]
fn the_caller_of_azure_is_named_only_where_it_calls_the_target() {
    let command = "az role assignment list --assignee <object id of the caller>";
    let same = evidence(|azure| azure["caller"]["calls_target"] = true.into());
    assert!(fill(&same, command).ends_with(" cccccccc-0000-4000-8000-00000000dd04"));
    assert_eq!(fill(&evidence(|_| {}), command), command);
}

#[test]
fn values_are_quoted_and_what_is_no_id_is_not_used() {
    let command = "az cognitiveservices account show -n myacct -g <group>";
    let group = |group: &str| {
        let id = ACCOUNT.replace("rg-zebra-ai", group);
        fill(&evidence(|azure| azure["estate"]["account"]["value"]["id"] = id.into()), command)
    };
    assert!(group("rg(1)").ends_with(" -g 'rg(1)'"), "{}", group("rg(1)"));
    for bad in ["a;b", "$(id)", "a b", "a'b", "<group>", "a`b`", "a\nb"] {
        assert_eq!(group(bad), command);
    }
    let one = evidence(|azure| {
        let all = azure.pointer_mut("/estate/deployments/value").unwrap().as_array_mut().unwrap();
        all.truncate(1);
        all[0]["name"] = "a; reboot".into();
    });
    let command = "aoai-probe --deployment <deployment> myacct";
    assert_eq!(fill(&one, command), "aoai-probe --deployment 'a; reboot' myacct");
}
