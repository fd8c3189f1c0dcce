"""Reads the lab's Resource Manager with the Azure SDK for Python, and compares what it gives with the
evidence of an audit by aoai-probe: sdk.py PORT CA TOKEN EVIDENCE."""

import json
import os
import sys
import warnings

from urllib3.util import connection

port, ca, token, evidence = sys.argv[1:5]
os.environ["REQUESTS_CA_BUNDLE"] = ca
HOST = "management.azure.com"
connect = connection.create_connection


def to_the_lab(address, *rest, **named):
    assert address[0] == HOST, address
    return connect(("127.0.0.1", int(port)), *rest, **named)


connection.create_connection = to_the_lab
warnings.simplefilter("ignore")

from azure.core.credentials import AccessToken
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions


class Fixed:
    """A credential that has its token already."""

    def get_token(self, *_scopes, **_options):
        return AccessToken(token, 4102444800)


estate = json.load(open(evidence, encoding="utf-8"))
subscription = "0b1f6471-1bf0-4dda-aec3-111122223333"
wrong = []


def value(answer):
    assert answer.get("state") in ("read", "listed"), answer
    return answer["value"]


def same(what, theirs, ours):
    """Ids are equal whatever the case of their letters (fact C8)."""
    fold = lambda v: json.dumps(v, sort_keys=True, default=str).lower()
    if fold(theirs) != fold(ours):
        wrong.append(f"{what}\n  the SDK     {theirs}\n  aoai-probe  {ours}")


def client(kind, version):
    return kind(Fixed(), subscription, base_url=f"https://{HOST}", api_version=version)


cognitive = client(CognitiveServicesManagementClient, "2024-10-01")
account = cognitive.accounts.get("ai-rg", "myacct")
ours = value(estate["account"])
same("account", [account.id, account.kind, account.location,
                 account.properties.custom_sub_domain_name,
                 account.properties.public_network_access,
                 account.properties.network_acls.default_action],
     [ours["id"], ours["kind"], ours["location"], ours["custom_subdomain"],
      ours["public_network_access"], ours["default_action"]])
same("connections",
     [[c.id, c.properties.private_endpoint.id,
       c.properties.private_link_service_connection_state.status, c.properties.group_ids]
      for c in cognitive.private_endpoint_connections.list("ai-rg", "myacct").value],
     [[c["id"], c["endpoint"], c["status"], c["group_ids"]]
      for c in value(estate["connections"])])
same("deployments",
     [[d.name, d.properties.model.name, d.sku.name, d.sku.capacity,
       d.properties.provisioning_state]
      for d in cognitive.deployments.list("ai-rg", "myacct")],
     [[d["name"], d["model"], d["sku"], d["capacity"], d["provisioning_state"]]
      for d in value(estate["deployments"])])

network = client(NetworkManagementClient, "2024-05-01")
endpoint = network.private_endpoints.get("net-rg", "myacct-pe")
[ours] = [e for e in value(estate["endpoints"]) if e["id"].endswith("/myacct-pe")]
same("private endpoint",
     [endpoint.id, endpoint.subnet.id, [n.id for n in endpoint.network_interfaces],
      [c.private_link_service_id for c in endpoint.private_link_service_connections]],
     [ours["id"], ours["subnet"], ours["interfaces"], ours["targets"]])
groups = network.private_dns_zone_groups.list(
    private_endpoint_name="myacct-pe", resource_group_name="net-rg")
same("zone groups",
     [[g.name, c.private_dns_zone_id, [r.record_set_name for r in c.record_sets],
       c.record_sets[0].ip_addresses]
      for g in groups for c in g.private_dns_zone_configs],
     [[c["group"], c["zone"], c["records"], c["addresses"]] for c in value(ours["zone_groups"])])
for id in ours["interfaces"]:
    theirs = network.network_interfaces.get(id.split("/")[4], id.split("/")[8])
    [one] = [i for i in value(estate["interfaces"]) if i["id"].lower() == id.lower()]
    same("interface",
         [[c.private_ip_address, c.subnet.id, c.private_link_connection_properties.fqdns]
          for c in theirs.ip_configurations],
         [[c["address"], c["subnet"], c["fqdns"]] for c in one["ip_configurations"]])
networks = {n["id"].lower(): n for n in value(estate["networks"])}
for id, ours in sorted(networks.items()):
    theirs = network.virtual_networks.get(id.split("/")[4], id.split("/")[8])
    same("network",
         [theirs.id, theirs.address_space.address_prefixes,
          [[s.id, s.address_prefix, s.private_endpoint_network_policies] for s in theirs.subnets],
          [[p.name, p.remote_virtual_network.id, p.peering_state]
           for p in theirs.virtual_network_peerings]],
         [ours["id"], ours["prefixes"],
          [[s["id"], s["prefixes"][0], s["endpoint_policies"]] for s in ours["subnets"]],
          [[p["name"], p["network"], p["state"]] for p in ours["peerings"]]])

private = client(PrivateDnsManagementClient, "2024-06-01")
for ours in value(estate["zones"]):
    group, name = ours["id"].split("/")[4], ours["id"].split("/")[8]
    same("links",
         [[k.id, k.virtual_network.id, k.virtual_network_link_state, k.resolution_policy]
          for k in private.virtual_network_links.list(group, name)],
         [[k["id"], k["network"], k["state"], k["resolution_policy"]]
          for k in value(ours["links"])])
    record = private.record_sets.get(group, name, "A", "myacct")
    same("record", [record.id, record.ttl, [a.ipv4_address for a in record.a_records]],
         [value(ours["record"])["id"], value(ours["record"])["ttl"],
          value(ours["record"])["addresses"]])

graph = ResourceGraphClient(Fixed(), base_url=f"https://{HOST}", api_version="2024-04-01")
ids, skip = [], None
while True:
    options = QueryRequestOptions(result_format="objectArray", top=1000, skip_token=skip)
    page = graph.resources(QueryRequest(
        query="Resources | where type in~ ('microsoft.network/privatednszones') "
              "| project id | order by id asc", options=options))
    ids += [row["id"] for row in page.data]
    skip = page.skip_token
    if not skip:
        break
same("zones by Resource Graph", ids, sorted(z["id"] for z in value(estate["zones"])))

if wrong:
    sys.exit("\n".join(wrong))
