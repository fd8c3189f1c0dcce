//! Routes and security rules in effect at an interface (fact C28): from the model, by the rules of
//! Azure's own networks.

use serde_json::{Value, json};

use super::http::Reply;
use super::{HOST, Mock, errors};

/// Takes a computation; its result is elsewhere, a second later.
pub fn compute(mock: &Mock, path: &str, version: &str) -> Reply {
    let Some((interface, what)) = path.rsplit_once('/') else { return errors::no_method("POST") };
    let action = format!("Microsoft.Network/networkInterfaces/{what}/action");
    if !mock.rights.may(&action, interface) {
        return errors::forbidden(&mock.rights.object_id, &action, interface);
    }
    if mock.resources.get(interface).is_none() {
        return errors::child_not_found(interface);
    }
    if !mock.runs(interface) {
        return errors::bad_request(
            "The network interface is not attached to a running virtual machine.",
        );
    }
    let subscription = path.split('/').take(3).collect::<Vec<_>>().join("/");
    let name = mock.operation(interface, what);
    let location = format!(
        "https://{HOST}{subscription}/providers/Microsoft.Network/locations/eastus/\
         operationResults/{name}?api-version={version}"
    );
    Reply::json(202, &Value::Null).with("Location", &location).with("Retry-After", "1")
}

/// The result of a computation.
pub fn result(mock: &Mock, path: &str) -> Reply {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((interface, what)) = mock.operation_of(name) else {
        return errors::child_not_found(path);
    };
    let value = match what.eq_ignore_ascii_case("effectiveRouteTable") {
        true => routes(mock, &interface),
        false => rules(mock, &interface),
    };
    Reply::json(200, &json!({ "value": value }))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The subnet of an interface, and its network.
fn place(mock: &Mock, interface: &str) -> (Value, Value) {
    let Some(found) = mock.resources.get(interface) else { return (Value::Null, Value::Null) };
    let subnet = &found.body["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"];
    let subnet = text(subnet).to_owned();
    let (network, _) = subnet.split_once("/subnets/").unwrap_or_default();
    let network = mock.resources.get(network).map(|n| n.body.clone()).unwrap_or_default();
    let own = array(&network["properties"]["subnets"]).iter().find(|s| text(&s["id"]) == subnet);
    (own.cloned().unwrap_or_default(), network.clone())
}

/// The system's own routes, those of peerings and endpoints, and the table's own, which win.
fn routes(mock: &Mock, interface: &str) -> Vec<Value> {
    let (subnet, network) = place(mock, interface);
    let route = |prefixes: Value, kind: &str, source: &str, hops: Value| {
        json!({ "addressPrefix": prefixes, "nextHopType": kind, "source": source,
                "nextHopIpAddress": hops, "state": "Active" })
    };
    let mut all = vec![route(
        network["properties"]["addressSpace"]["addressPrefixes"].clone(),
        "VnetLocal",
        "Default",
        json!([]),
    )];
    for peering in array(&network["properties"]["virtualNetworkPeerings"]) {
        let properties = &peering["properties"];
        if properties["peeringState"] == "Connected" {
            let prefixes = properties["remoteAddressSpace"]["addressPrefixes"].clone();
            all.push(route(prefixes, "VNetPeering", "Default", json!([])));
            for address in mock.endpoint_addresses(text(&properties["remoteVirtualNetwork"]["id"]))
            {
                let prefix = json!([format!("{address}/32")]);
                all.push(route(prefix, "InterfaceEndpoint", "Default", json!([])));
            }
        }
    }
    all.push(route(json!(["0.0.0.0/0"]), "Internet", "Default", json!([])));
    let table = mock.resources.get(text(&subnet["properties"]["routeTable"]["id"]));
    for own in table.map_or(&[][..], |t| array(&t.body["properties"]["routes"])) {
        let properties = &own["properties"];
        let prefix = &properties["addressPrefix"];
        for other in &mut all {
            if array(&other["addressPrefix"]) == [prefix.clone()] {
                other["state"] = "Invalid".into();
            }
        }
        let hops: Vec<&Value> = properties.get("nextHopIpAddress").into_iter().collect();
        all.push(route(json!([prefix]), text(&properties["nextHopType"]), "User", json!(hops)));
    }
    all
}

/// The rules of the interface's and of the subnet's security group.
fn rules(mock: &Mock, interface: &str) -> Vec<Value> {
    let (subnet, _) = place(mock, interface);
    let own = mock.resources.get(interface).map(|i| i.body.clone()).unwrap_or_default();
    let groups = [
        &own["properties"]["networkSecurityGroup"]["id"],
        &subnet["properties"]["networkSecurityGroup"]["id"],
    ];
    let mut all = Vec::new();
    for id in groups {
        let Some(group) = mock.resources.get(text(id)) else { continue };
        let properties = &group.body["properties"];
        let rules: Vec<Value> = array(&properties["securityRules"])
            .iter()
            .chain(array(&properties["defaultSecurityRules"]))
            .map(rule)
            .collect();
        all.push(json!({
            "networkSecurityGroup": { "id": id }, "association": {},
            "effectiveSecurityRules": rules,
        }));
    }
    all
}

fn rule(rule: &Value) -> Value {
    let properties = &rule["properties"];
    let list = |one: &str, several: &str| match properties[one].as_str() {
        Some(value) => vec![value.to_owned()],
        None => array(&properties[several]).iter().map(|v| text(v).to_owned()).collect(),
    };
    // Here a port is a range, all are `0-65535`, and any protocol is `All`.
    let ports: Vec<String> = list("destinationPortRange", "destinationPortRanges")
        .iter()
        .map(|port| match port.as_str() {
            "*" => "0-65535".to_owned(),
            range if range.contains('-') => range.to_owned(),
            port => format!("{port}-{port}"),
        })
        .collect();
    let addresses = |one: &str, several: &str| -> Vec<String> {
        let any = |a: &String| if a == "*" { "0.0.0.0/0".to_owned() } else { a.clone() };
        list(one, several).iter().map(any).collect()
    };
    let to = addresses("destinationAddressPrefix", "destinationAddressPrefixes");
    let from = addresses("sourceAddressPrefix", "sourceAddressPrefixes");
    json!({
        "name": format!("securityRules/{}", text(&rule["name"])),
        "access": properties["access"], "direction": properties["direction"],
        "priority": properties["priority"],
        "protocol": if properties["protocol"] == "*" { json!("All") } else {
            properties["protocol"].clone() },
        "sourcePortRange": "0-65535", "sourcePortRanges": ["0-65535"],
        "destinationPortRange": ports.first(), "destinationPortRanges": ports,
        "sourceAddressPrefix": from.first(), "sourceAddressPrefixes": from,
        "destinationAddressPrefix": to.first(), "destinationAddressPrefixes": to,
        "expandedSourceAddressPrefix": [], "expandedDestinationAddressPrefix": [],
    })
}
