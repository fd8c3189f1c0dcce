"""Makes the call of a service with its Azure SDK for Python against the lab's server, and prints the
scopes that it asks a token for: services.py SERVICE HOST PORT CA TOKEN."""

import json
import os
import sys

from urllib3.util import connection

service, host, port, ca, token = sys.argv[1:6]
os.environ["REQUESTS_CA_BUNDLE"] = ca
connect = connection.create_connection


def to_the_lab(address, *rest, **named):
    assert address == (host, 443), address
    return connect(("127.0.0.1", int(port)), *rest, **named)


connection.create_connection = to_the_lab

from azure.core.credentials import AccessToken

scopes = []


class Fixed:
    """A credential that has its token already."""

    def get_token(self, *wanted, **_options):
        scopes.extend(wanted)
        return AccessToken(token, 4102444800)


def search():
    from azure.search.documents.indexes import SearchIndexClient

    # The version that both are asked for: each release of the SDK has another default.
    client = SearchIndexClient(f"https://{host}", Fixed(), api_version="2024-07-01")
    assert client.get_service_statistics()


def blob():
    from azure.storage.blob import BlobServiceClient

    client = BlobServiceClient(f"https://{host}", Fixed())
    pages = client.list_containers(results_per_page=1).by_page()
    assert [container.name for container in next(pages)] == ["documents"]


def file():
    from azure.storage.fileshare import ShareServiceClient

    client = ShareServiceClient(f"https://{host}", Fixed(), token_intent="backup")
    pages = client.list_shares(results_per_page=1).by_page()
    assert [share.name for share in next(pages)] == ["documents"]


def documentintelligence():
    from azure.ai.documentintelligence import DocumentIntelligenceAdministrationClient

    client = DocumentIntelligenceAdministrationClient(
        f"https://{host}", Fixed(), api_version="2024-11-30"
    )
    assert client.get_resource_details().custom_document_models.limit == 20000


def contentsafety():
    from azure.ai.contentsafety import BlocklistClient

    client = BlocklistClient(f"https://{host}", Fixed(), api_version="2024-09-01")
    assert [one["blocklistName"] for one in client.list_text_blocklists()] == ["words"]


def translator():
    from azure.ai.translation.document import DocumentTranslationClient

    client = DocumentTranslationClient(f"https://{host}", Fixed(), api_version="2024-05-01")
    assert len(list(client.get_supported_document_formats())) == 1


def keyvault():
    from azure.keyvault.secrets import SecretClient

    client = SecretClient(f"https://{host}", Fixed(), api_version="7.4")
    pages = client.list_properties_of_secrets(max_page_size=1).by_page()
    assert [secret.name for secret in next(pages)] == ["database"]


def appconfig():
    from azure.appconfiguration import AzureAppConfigurationClient

    client = AzureAppConfigurationClient(f"https://{host}", Fixed(), api_version="2023-11-01")
    assert not list(client.list_configuration_settings(key_filter="aoai-probe", fields=["key"]))


globals()[service]()
print(json.dumps(sorted(set(scopes))))
