//! Which server sent an answer: the service itself, or something in front of it (facts W1-W16,
//! T11). Only headers and the start of the body are used.

use crate::evidence::http::{ErrorFrame, HttpAnswer};
use crate::services::{self, Service};

/// Which server sent an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The service behind its front end: `x-ms-region` is there (fact W2).
    Service {
        /// The region that the header names.
        region: String,
        /// The header.
        header: &'static str,
    },
    /// The service's own front end: `apim-request-id` or the network policy's header
    /// (facts W2, W3).
    FrontEnd {
        /// The header.
        header: &'static str,
    },
    /// Another service than that of the target, by what only that one sends.
    Another {
        /// Its name.
        name: &'static str,
        /// The header; none: the error format.
        header: Option<&'static str>,
    },
    /// A product that is recognised by its signature.
    Product(&'static Signature),
    /// The error format of an API Management gateway without the service's `apim-request-id`: the
    /// customer's own gateway, or a copy of the service's text (facts G13, W7, W9).
    GatewayFrame,
    /// A server that is only known by its name.
    Named {
        /// The value of its `Server` header.
        server: String,
    },
    /// Nothing identifies it.
    Unknown,
}

/// What identifies a product: a header, a word in a header, or text in a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature {
    /// The product's name for people.
    pub product: &'static str,
    /// Header, in lower case, and what its value contains, in lower case; empty for any value.
    pub header: Option<(&'static str, &'static str)>,
    /// Text at the start of a body that is not JSON, in lower case.
    pub body: Option<&'static str>,
    /// Whether the signature was seen in a real answer; otherwise it proves nothing alone.
    pub verified: bool,
    /// Whether only the product's own answers have the signature, never one that it forwards.
    pub own_answers_only: bool,
}

const fn header(
    product: &'static str,
    name: &'static str,
    value: &'static str,
    verified: bool,
    own_answers_only: bool,
) -> Signature {
    Signature { product, header: Some((name, value)), body: None, verified, own_answers_only }
}

const fn body(product: &'static str, words: &'static str, verified: bool) -> Signature {
    Signature { product, header: None, body: Some(words), verified, own_answers_only: true }
}

const API_MANAGEMENT: &str = "an API Management gateway in front";
const APPLICATION_GATEWAY: &str = "Azure Application Gateway";
const FRONT_DOOR: &str = "Azure Front Door";
const AZURE_FIREWALL: &str = "Azure Firewall";
/// A gateway that gives out keys of its own (fact W19).
pub const LITELLM: &str = "LiteLLM";

/// The signatures; the first match wins.
pub const SIGNATURES: &[Signature] = &[
    // W7
    header(API_MANAGEMENT, "www-authenticate", "azureapimanagementkey", true, true),
    // W10
    header(API_MANAGEMENT, "microsoft-azure-api-management-correlation-id", "", false, false),
    // W14: squid's own error pages have the header.
    header("squid", "x-squid-error", "", true, true),
    header("squid", "server", "squid", true, true),
    // Z103: the foot of its pages.
    body("squid", "(squid/", true),
    // W15
    header("Zscaler", "server", "zscaler", false, true),
    body("Zscaler", "zscaler", false),
    header("Blue Coat ProxySG", "x-bluecoat-via", "", false, false),
    header("Blue Coat ProxySG", "server", "proxysg", false, true),
    body("Blue Coat ProxySG", "blue coat", false),
    // W12
    header(APPLICATION_GATEWAY, "server", "microsoft-azure-application-gateway", true, true),
    body(APPLICATION_GATEWAY, "microsoft-azure-application-gateway", true),
    // W13
    body(FRONT_DOOR, "our services aren't available right now", true),
    header(FRONT_DOOR, "x-azure-ref", "", false, false),
    // T11
    body(AZURE_FIREWALL, "action: deny. reason: no rule matched", true),
    body(AZURE_FIREWALL, "action: deny. no rule matched", true),
    // W19: its own texts; the headers also come with answers that it passes on.
    body(LITELLM, "litellm virtual key expected", true),
    body(LITELLM, "litellm_verificationtokentable", true),
    body(LITELLM, "authentication error, no api key passed in", true),
    header(LITELLM, "x-litellm-version", "", true, false),
    header(LITELLM, "x-litellm-call-id", "", true, false),
    // W16: the page is the server's own; the header may be a relay's.
    body("nginx", "<center>nginx", true),
    body("nginx", "<center>openresty", false),
    header("nginx", "server", "nginx", true, false),
    header("nginx", "server", "openresty", false, false),
    body("haproxy", "no server is available to handle this request", false),
    // W20: Azure's own Envoy has the same text, then with the service's headers.
    Signature {
        product: "Envoy",
        header: None,
        body: Some("upstream connect error or disconnect/reset before headers"),
        verified: true,
        own_answers_only: false,
    },
    // Z104: what its filter for RBAC answers.
    body("Envoy", "rbac: access denied", true),
    header("Envoy", "server", "envoy", false, false),
    body("F5 BIG-IP", "the requested url was rejected. please consult with your", false),
    body("Imperva", "incapsula incident id", false),
    body("Cisco Umbrella", "cisco umbrella", false),
    header("Cisco Umbrella", "server", "cisco umbrella", false, true),
    header("Kong", "server", "kong/", false, false),
    body("App Service", "this web app is stopped", false),
    body("App Service", "the web app you have attempted to reach has blocked your access", false),
    body("Container Apps", "this container app is stopped or does not exist", false),
    header("Cloudflare", "server", "cloudflare", false, false),
    header("IIS", "server", "microsoft-iis", false, false),
    header("http.sys", "server", "microsoft-httpapi", false, false),
    header("Apache", "server", "apache", false, false),
];

/// Which server sent this answer.
///
/// A product's own page decides first, then the headers of the target's own service (a relay forwards
/// them), then those of another service, then a product's name in a header, then the error format.
#[must_use]
pub fn answered_by(service: Option<&Service>, answer: &HttpAnswer) -> AnsweredBy {
    if let Some(mark) = SIGNATURES.iter().find(|m| m.own_answers_only && m.fits(answer)) {
        return AnsweredBy::Product(mark);
    }
    let region = service.map(|service| service.signature.region);
    if let Some((header, region)) = region.and_then(|h| Some((h, answer.header(h)?))) {
        return AnsweredBy::Service { region: region.to_owned(), header };
    }
    if let Some(header) = own_header(service, answer) {
        return AnsweredBy::FrontEnd { header };
    }
    if let Some((other, header)) = another(service, answer) {
        return AnsweredBy::Another { name: other.name, header };
    }
    if let Some(mark) = SIGNATURES.iter().find(|m| m.fits(answer)) {
        return AnsweredBy::Product(mark);
    }
    if answer.error.as_ref().is_some_and(|e| e.frame == ErrorFrame::Flat) {
        return AnsweredBy::GatewayFrame;
    }
    match answer.header("server") {
        Some(server) if !server.is_empty() => AnsweredBy::Named { server: server.to_owned() },
        _ => AnsweredBy::Unknown,
    }
}

/// Whether the headers are there by which the profile of the target's service knows it (facts W2, W3,
/// G10).
#[must_use]
pub fn service_headers(service: Option<&Service>, answer: &HttpAnswer) -> bool {
    own_header(service, answer).is_some()
}

/// The first of these headers.
fn own_header(service: Option<&Service>, answer: &HttpAnswer) -> Option<&'static str> {
    service?.signature.header(answer)
}

/// The other service that sent an answer, with the header that shows it, or by its error format: the
/// headers of the target's own service are not there, and what only that one sends is (facts Z1, Z20).
#[must_use]
pub fn another(
    service: Option<&Service>,
    answer: &HttpAnswer,
) -> Option<(&'static Service, Option<&'static str>)> {
    let own = service?;
    let frame = answer.error.as_ref().map(|error| error.frame);
    let has_format = |of: &Service| frame.is_some() && of.signature.frame == frame;
    if has_format(own) || own.signature.header(answer).is_some() {
        return None;
    }
    services::all().find_map(|other| {
        let header = other.signature.header(answer);
        let header = header.filter(|name| !own.knows(name) && is_of_one_kind(name));
        (header.is_some() || has_format(other)).then_some((other, header))
    })
}

/// Whether resources of one type alone are known by a header field: what several send shows none of them.
fn is_of_one_kind(name: &str) -> bool {
    let kind = |service: &Service| service.resource.as_ref().map(|resource| resource.kind);
    let mut kinds = services::all().filter(|service| service.knows(name)).map(kind);
    let first = kinds.next();
    kinds.all(|kind| Some(kind) == first)
}

/// Whether the body is an HTML page.
#[must_use]
pub fn is_page(answer: &HttpAnswer) -> bool {
    if answer.error.is_some() || answer.models.is_some() || answer.body_bytes == 0 {
        return false;
    }
    let typed = answer.header("content-type").is_some_and(|t| t.contains("text/html"));
    typed
        || answer.body_excerpt.as_deref().is_some_and(|excerpt| {
            let text = excerpt.trim_start().to_ascii_lowercase();
            text.starts_with("<!doctype") || text.starts_with("<html") || text.contains("<html")
        })
}

impl Signature {
    fn fits(&self, answer: &HttpAnswer) -> bool {
        let in_header = self.header.is_some_and(|(name, value)| {
            answer
                .headers
                .iter()
                .any(|h| h.name == name && h.value.to_ascii_lowercase().contains(value))
        });
        let in_body = self.body.is_some_and(|words| {
            answer
                .body_excerpt
                .as_deref()
                .or_else(|| answer.message())
                .is_some_and(|text| text.to_ascii_lowercase().contains(words))
        });
        in_header || in_body
    }
}

impl AnsweredBy {
    /// The name for people.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            AnsweredBy::Service { region, header } => format!("the service in {region} ({header})"),
            AnsweredBy::FrontEnd { header } => format!("the service's front end ({header})"),
            AnsweredBy::Another { name, header: Some(header) } => {
                format!("another service: {header} is a header of {name}")
            }
            AnsweredBy::Another { name, header: None } => {
                format!("another service: the error format is that of {name}")
            }
            AnsweredBy::Product(mark) => mark.product.to_owned(),
            AnsweredBy::GatewayFrame => {
                "an API Management gateway, by its error format; apim-request-id is missing"
                    .to_owned()
            }
            AnsweredBy::Named { server } => format!("a server that calls itself {server}"),
            AnsweredBy::Unknown => "unknown, no header identifies it".to_owned(),
        }
    }

    /// The product in front, if the answer has its signature.
    #[must_use]
    pub const fn product(&self) -> Option<&'static Signature> {
        match self {
            AnsweredBy::Product(mark) => Some(mark),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::http::{ErrorBody, Header};

    fn openai() -> Option<&'static Service> {
        services::by_id("openai")
    }

    fn answer(headers: &[(&str, &str)], excerpt: Option<&str>) -> HttpAnswer {
        HttpAnswer {
            status: 502,
            headers: headers
                .iter()
                .map(|(n, v)| Header { name: (*n).to_owned(), value: (*v).to_owned() })
                .collect(),
            error: None,
            models: None,
            payload: None,
            body_bytes: excerpt.map_or(0, |e| e.len() as u64),
            body_complete: true,
            body_excerpt: excerpt.map(str::to_owned),
        }
    }

    #[test]
    fn a_products_own_page_beats_the_services_headers_and_those_beat_a_relays_name() {
        let page = answer(
            &[("server", "nginx"), ("x-ms-region", "East US")],
            Some("<html><hr><center>nginx</center></html>"),
        );
        assert_eq!(answered_by(openai(), &page).name(), "nginx");
        let passed_on = answer(&[("server", "nginx"), ("x-ms-region", "East US")], None);
        assert_eq!(
            answered_by(openai(), &passed_on),
            AnsweredBy::Service { region: "East US".to_owned(), header: "x-ms-region" }
        );
        let front_end = answer(&[("x-azure-ref", "1"), ("apim-request-id", "g")], None);
        assert_eq!(
            answered_by(openai(), &front_end),
            AnsweredBy::FrontEnd { header: "apim-request-id" }
        );
    }

    #[test]
    fn each_product_is_named() {
        for (headers, excerpt, name) in [
            (
                &[("server", "Microsoft-Azure-Application-Gateway/v2")][..],
                None,
                APPLICATION_GATEWAY,
            ),
            (&[("x-squid-error", "ERR_CONNECT_FAIL 111")], None, "squid"),
            (&[], Some("<h2>Our services aren't available right now</h2>"), FRONT_DOOR),
            (&[("server", "Zscaler/6.2")], None, "Zscaler"),
            (&[("server", "nginx/1.24.0")], None, "nginx"),
            (&[("server", "uvicorn"), ("x-litellm-version", "1.91.0")], None, "LiteLLM"),
            (
                &[],
                Some(
                    "upstream connect error or disconnect/reset before headers. reset reason: \
                       connection timeout",
                ),
                "Envoy",
            ),
            (&[("server", "thttpd")], None, "a server that calls itself thttpd"),
            (&[], Some("teapot"), "unknown, no header identifies it"),
        ] {
            assert_eq!(answered_by(openai(), &answer(headers, excerpt)).name(), name);
        }
    }

    #[test]
    fn a_header_shows_the_service_of_the_target_and_no_other() {
        for (service, headers, name) in [
            ("blob", &[("x-ms-version", "1")][..], "the service's front end (x-ms-version)"),
            (
                "openai",
                &[("x-ms-version", "1")],
                "another service: x-ms-version is a header of \
                                                  Storage blob",
            ),
            ("openai", &[("policy-id", "x")], "unknown, no header identifies it"),
            (
                "openai",
                &[("policy-id", "ThrowExceptionDueToTrafficDenied")],
                "the service's front end (policy-id)",
            ),
            (
                "openai",
                &[("elapsed-time", "3"), ("apim-request-id", "g")],
                "the service's front end (apim-request-id)",
            ),
            (
                "search",
                &[("x-ms-region", "East US")],
                "another service: x-ms-region is a header of Azure OpenAI",
            ),
            ("acr", &[("server", "nginx")], "nginx"),
        ] {
            let answer = answer(headers, None);
            assert_eq!(answered_by(services::by_id(service), &answer).name(), name);
        }
        assert!(!service_headers(None, &answer(&[("x-ms-region", "East US")], None)));
    }

    #[test]
    fn the_gateways_frame_without_the_services_headers_is_not_the_service() {
        let mut flat = answer(&[], None);
        flat.error = Some(ErrorBody {
            frame: ErrorFrame::Flat,
            code: Some("401".to_owned()),
            kind: None,
            message: None,
            inner_code: None,
            activity_id: None,
        });
        assert_eq!(answered_by(openai(), &flat), AnsweredBy::GatewayFrame);
        flat.headers.push(Header { name: "apim-request-id".to_owned(), value: "g".to_owned() });
        assert_eq!(
            answered_by(openai(), &flat),
            AnsweredBy::FrontEnd { header: "apim-request-id" }
        );
    }
}
