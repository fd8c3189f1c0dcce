//! The APIs that accounts of Azure AI services have besides Azure OpenAI's, at the same names: which
//! one an application calls, `--service` says (facts Z50 to Z56 in `docs/facts.md`). Front end, order
//! and refusals are those of the account.

use crate::evidence::http::Purpose;

use super::azure_ai::{AI_SERVICES, ROLES_OF_APIS, USER, account};
use super::request::Under;
use super::{Keys, Kind, Request, Service};

/// The header of their keys.
const KEY_HEADER: &str = "ocp-apim-subscription-key";

const fn keys(of: &'static str, variables: &'static [&'static str]) -> Keys {
    Keys { of, header: KEY_HEADER, variables }
}

/// One API: what it lists for nothing, and its keys.
const fn api(
    id: &'static str,
    name: &'static str,
    keys: &'static Keys,
    requests: &'static [Request],
) -> Service {
    let mut service = account(Service::new(id, name, AI_SERVICES)).kind(Kind::Api).keys(keys);
    service.requests = requests;
    service.roles("call every API of the account", ROLES_OF_APIS)
}

const fn list(path: &'static str) -> Request {
    Request::get(Purpose::ApiList, Under::Resource, path, USER)
}

/// Figures of the resource, the first entry of a list, or a list that is the same for everybody.
#[rustfmt::skip]
pub(super) const SERVICES: &[Service] = &[
    api("documentintelligence", "Document Intelligence",
        &keys("Document Intelligence", &["DOCUMENTINTELLIGENCE_API_KEY", "AZURE_DOCUMENT_INTELLIGENCE_KEY", "AZURE_DOCUMENTINTELLIGENCE_KEY"]),
        &[list("/documentintelligence/info?api-version=2024-11-30")]),
    api("contentsafety", "Content Safety",
        &keys("Content Safety", &["CONTENT_SAFETY_KEY", "AZURE_CONTENT_SAFETY_KEY"]),
        &[list("/contentsafety/text/blocklists?api-version=2024-09-01")]),
    api("language", "Azure AI Language",
        &keys("Azure AI Language", &["AZURE_LANGUAGE_KEY", "LANGUAGE_KEY"]),
        &[list("/language/authoring/analyze-text/projects?api-version=2023-04-01&top=1")]),
    api("speech", "Azure AI Speech",
        &keys("Azure AI Speech", &["AZURE_SPEECH_KEY", "SPEECH_KEY"]),
        &[list("/speechtotext/models/base?api-version=2024-11-15&top=1")]),
    api("translator", "Azure AI Translator",
        &keys("Azure AI Translator", &["AZURE_TRANSLATOR_KEY", "TRANSLATOR_KEY"]),
        &[list("/translator/document/formats?api-version=2024-05-01&type=Document")]),
    api("vision", "Azure AI Vision",
        &keys("Azure AI Vision", &["VISION_KEY", "AZURE_VISION_KEY"]),
        &[list("/vision/v3.2/models")]),
];
