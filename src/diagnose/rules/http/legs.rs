//! Calls that services make for one another, whose refusal comes inside the answer to the caller: a
//! row each (facts H25, H26, H34 to H36). The service that refused is not the one that answered.

use crate::diagnose::engines::documented_refusal::{Inside, Leg, Row};
use crate::diagnose::{Rule, account};
use crate::diagnosis::Step;

/// What each of these answers shows of the caller's own way.
const OWN_WAY: &str = "the caller's own network and credential as the cause: its call was taken, and \
                       the refusal inside is of another call";

/// An account's call to a search service, for a request with the caller's data (fact H25).
const TO_SEARCH: Leg = Leg {
    caller: "Azure OpenAI",
    callee: "Azure AI Search",
    refuser: "Azure AI Search",
    inside: Some(Inside {
        service: "search",
        status: &["azure search error: "],
        body: &["message='", "error message: "],
    }),
    untestable: "no client can test the call from Azure OpenAI to Azure AI Search: it leaves from the \
                 account's network with the account's identity; a check of the search service from \
                 here takes another way, and its success says nothing of that call",
};

/// A search service's call to an account or a function: a skill, or a vectorizer (facts H26, H36).
const OF_SKILL: Leg = Leg {
    caller: "Azure AI Search",
    callee: "the skill's service (Azure OpenAI, or a function)",
    refuser: "the skill's service",
    inside: Some(Inside {
        service: "openai",
        status: &["web api response status: '"],
        body: &["web api response details: '"],
    }),
    untestable: "no client can test the call from Azure AI Search: it leaves from the search \
                 service's own network, or through its shared private link, with its key or \
                 identity; only running the indexer or the query again shows whether it works",
};

const SEARCH: Row = Row {
    message: "{account} called Azure AI Search for this request, and that call failed",
    means: &[
        "the answer is the account's; the status inside it is that of Azure AI Search, which answered \
         a call that the account made for a request with its own data source",
        "inside 403: the search service's network rules do not let the account in, or the account's \
         identity has no role there; 401: it takes no tokens (roles are off) or the key is wrong; \
         404: the endpoint or the index is not the right one",
        "rules for addresses do not help: the account's addresses change. Trusted services may pass \
         (networkRuleSet.bypass), recognised by the account's system-assigned identity",
    ],
    excludes: OWN_WAY,
    owner: "Azure platform",
    leg: Some(&TO_SEARCH),
    steps: |e, finding| {
        finding
            .inspect(
                "see the search service's network rules, and whether trusted services may pass",
                "az search service show -n <search> -g <group> --query \
                 \"{access:publicNetworkAccess,rules:networkRuleSet,auth:authOptions,\
                 no_keys:disableLocalAuth}\"",
            )
            .inspect(
                "see whether the account has a system-assigned identity",
                account::command(e, "identity show", ""),
            )
            .inspect(
                "see the roles of that identity on the search service: Search Index Data Reader and \
                 Search Service Contributor",
                account::roles_on("search", "<principal id>"),
            )
            .step(
                Step::shared(
                    "allow trusted services at the search service (Networking, exceptions; \
                     networkRuleSet.bypass is AzureServices), and leave its other rules as they are",
                    "trusted services of Azure with an identity that has a role there can then call \
                     the search service past its network rules",
                )
                .undo("set networkRuleSet.bypass to None again")
                .opens(),
            )
            .step(
                Step::shared(
                    "give the account's identity its roles there: this one, and Search Service \
                     Contributor in the same way",
                    "the account can then read every index of the search service for its callers",
                )
                .command(
                    "az role assignment create --assignee-object-id <principal id> \
                     --assignee-principal-type ServicePrincipal --role \"Search Index Data \
                     Reader\" --scope <search resource id>",
                )
                .undo(
                    "az role assignment delete --assignee <principal id> --role \"Search Index \
                     Data Reader\" --scope <search resource id>",
                ),
            )
    },
};

const SKILL: Row = Row {
    message: "the service that a skill of Azure AI Search calls refused the call",
    means: &[
        "the text is that of Azure AI Search: it made the call for a skill or a vectorizer, from its \
         own network, and quotes the answer of the service that it called",
        "inside, \"Public access is disabled\": only a shared private link of the search service \
         (group id openai_account) leads there; \"Virtual Network/Firewall rules\": that, or the \
         exception for trusted services with the search service's identity (networkAcls.bypass)",
        "sources disagree whether the exception for trusted services suffices while public access \
         is off",
    ],
    excludes: OWN_WAY,
    owner: "Azure platform",
    leg: Some(&OF_SKILL),
    steps: |_, finding| {
        finding
            .inspect(
                "see the shared private links of the search service: group id and state",
                "az search shared-private-link-resource list --service-name <search> -g <group> \
                 --query \"[].{name:name,group:properties.groupId,state:properties.status,\
                 to:properties.privateLinkResourceId}\"",
            )
            .inspect(
                "see the network rules of the account that the skill calls",
                "az cognitiveservices account show -n <account> -g <group> --query \
                 \"properties.{access:publicNetworkAccess,rules:networkAcls}\"",
            )
            .step(
                Step::shared(
                    "create a shared private link from the search service to the account \
                     (Terraform: azurerm_search_shared_private_link_service); the tier of the search \
                     service must support it for skills",
                    "the search service gets a private endpoint of its own, which is billed; it \
                     carries nothing before it is approved",
                )
                .command(
                    "az search shared-private-link-resource create --service-name <search> \
                     -g <group> --name <link> --group-id openai_account \
                     --resource-id <account resource id> --request-message <text>",
                )
                .undo(
                    "az search shared-private-link-resource delete --service-name <search> \
                     -g <group> --name <link>",
                ),
            )
            .step(
                Step::shared(
                    "approve its connection at the account, after a look at who requests it",
                    "the search service can then call the account past its network rules",
                )
                .command("az network private-endpoint-connection approve --id <connection id>")
                .undo("az network private-endpoint-connection reject --id <connection id>")
                .opens(),
            )
            .step(
                Step::shared(
                    "let the indexer run there: executionEnvironment is private in its \
                     parameters.configuration",
                    "each run of that indexer",
                )
                .undo("set executionEnvironment back to what it was"),
            )
            .step(
                Step::shared(
                    "allow trusted services at the account (networkAcls.bypass is AzureServices), \
                     and let the skill sign in with the search service's identity, which has the \
                     role Cognitive Services OpenAI User",
                    "trusted services of Azure with an identity that has a role there can then call \
                     the account past its network rules",
                )
                .or()
                .undo("set networkAcls.bypass to None again, and remove the role")
                .opens(),
            )
    },
};

pub(super) const RULES: [Rule; 2] = [
    rule!(
        "http-leg-to-search",
        Http,
        "The account's own call to Azure AI Search failed",
        Documented(&SEARCH)
    )
    .short("the account's own call to AI Search failed"),
    rule!(
        "http-leg-of-skill",
        Http,
        "The call of a skill of Azure AI Search was refused",
        Documented(&SKILL)
    )
    .short("the service that a skill calls refused it"),
];
