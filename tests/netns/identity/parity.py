"""What an application with the Azure SDK for Python does, for one source: `parity.py <source>`.

Its requests go to the lab's servers, which keep them; prints the token's last part.
"""

import os
import sys

SCOPE = "https://cognitiveservices.azure.com/.default"


def credential(source):
    """The SDK's credential for a source."""
    from azure import identity

    tenant, client = os.environ.get("AZURE_TENANT_ID"), os.environ.get("AZURE_CLIENT_ID")
    if source == "client-secret":
        return identity.ClientSecretCredential(tenant, client, os.environ["AZURE_CLIENT_SECRET"])
    if source == "client-certificate":
        path = os.environ["AZURE_CLIENT_CERTIFICATE_PATH"]
        return identity.CertificateCredential(tenant, client, path)
    if source == "workload-identity":
        return identity.WorkloadIdentityCredential()
    if source == "assertion-file":
        with open(os.environ["ASSERTION"], encoding="ascii") as file:
            text = file.read()
        return identity.ClientAssertionCredential(tenant, client, lambda: text)
    if source in ("imds-user-assigned", "machine-learning-user-assigned"):
        return identity.ManagedIdentityCredential(client_id=os.environ["USER_ASSIGNED"])
    if source == "azure-cli":
        return identity.AzureCliCredential()
    if source == "azure-developer-cli":
        return identity.AzureDeveloperCliCredential()
    return identity.ManagedIdentityCredential()


def main():
    """Gets a token, or makes the call."""
    source = sys.argv[1]
    if source.startswith("openai-"):
        from openai import AzureOpenAI

        secret = (
            {"api_key": os.environ["AZURE_OPENAI_API_KEY"]}
            if source == "openai-key"
            else {"azure_ad_token": os.environ["AZURE_OPENAI_AD_TOKEN"]}
        )
        client = AzureOpenAI(
            azure_endpoint="https://myacct.openai.azure.com", api_version="2024-10-21", **secret
        )
        print(len(client.models.list().data))
        return
    print(credential(source).get_token(SCOPE).token.rsplit(".", 1)[-1])


main()
