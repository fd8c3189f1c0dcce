//! Strict servers in the form of Azure's other services: they answer a request that is theirs in every
//! field, and refuse every other one (facts G8, Z1, Z22, Z24).

use super::world::{Named, Written};

/// A request, as a server reads it.
pub struct Request<'a> {
    lines: Vec<&'a str>,
}

impl<'a> Request<'a> {
    /// Its head.
    pub fn of(text: &'a str) -> Self {
        let head = text.split("\r\n\r\n").next().unwrap_or(text);
        Self { lines: head.split("\r\n").collect() }
    }

    /// Whether it asks for this path, with these pairs of the query in any order; a pair without a value
    /// asks for nothing.
    fn gets(&self, path: &str, pairs: &[&str]) -> bool {
        let target = self.lines[0].strip_prefix("GET ").and_then(|l| l.strip_suffix(" HTTP/1.1"));
        let Some((own, query)) = target.and_then(|target| target.split_once('?')) else {
            return false;
        };
        let mut asked: Vec<&str> = query.split('&').filter(|pair| !pair.ends_with('=')).collect();
        let mut wanted = pairs.to_vec();
        asked.sort_unstable();
        wanted.sort_unstable();
        own == path && asked == wanted
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.lines[1..].iter().find_map(|line| {
            let (one, value) = line.split_once(':')?;
            one.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn bearer(&self) -> bool {
        self.header("authorization").is_some_and(|value| value.starts_with("Bearer ey"))
    }
}

fn written(status: u16, headers: &[(&str, &str)], body: &str) -> Written {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Written { status, headers: headers.collect(), body: body.to_owned() }
}

/// What the server of this name answers; none: it is none of these.
pub fn answer(name: Named, request: &Request<'_>) -> Option<Written> {
    Some(match name {
        Named::Search => search(request),
        Named::Vault => vault(request),
        Named::ConfigurationStore => configuration_store(request),
        Named::Blob => blob(request),
        Named::Share => share(request),
        Named::DocumentIntelligence => api(
            request,
            "/documentintelligence/info",
            &["api-version=2024-11-30"],
            r#"{"customDocumentModels":{"count":0,"limit":20000}}"#,
        ),
        Named::ContentSafety => api(
            request,
            "/contentsafety/text/blocklists",
            &["api-version=2024-09-01"],
            r#"{"value":[{"blocklistName":"words","description":"of ours"}]}"#,
        ),
        Named::Translator => api(
            request,
            "/translator/document/formats",
            &["api-version=2024-05-01", "type=Document"],
            r#"{"value":[{"format":"PlainText","fileExtensions":[".txt"],"contentTypes":["text/plain"],"type":"Document"}]}"#,
        ),
        _ => return None,
    })
}

/// A search service that takes keys and tokens.
fn search(request: &Request<'_>) -> Written {
    if !request.gets("/servicestats", &["api-version=2024-07-01"]) {
        return written(404, &[], "");
    }
    match (request.header("api-key"), request.bearer()) {
        (Some(key), false) if !key.is_empty() => {}
        (None, true) => {}
        (None, false) => return written(401, &[], ""),
        _ => return written(400, &[], ""),
    }
    let body = r#"{"@odata.context":"https://mysearch.search.windows.net/$metadata#Microsoft.Azure.Search.V2024_07_01.ServiceStatistics","counters":{"documentCount":{"usage":15377,"quota":null},"indexesCount":{"usage":13,"quota":15}},"limits":{"maxFieldsPerIndex":1000}}"#;
    let kind = "application/json; odata.metadata=minimal; charset=utf-8";
    written(200, &[("content-type", kind), ("elapsed-time", "27")], body)
}

/// One API of an account, to a key in its own header or to a token (facts H7, H17, Z50).
fn api(request: &Request<'_>, path: &str, pairs: &[&str], body: &str) -> Written {
    let front = ("apim-request-id", "0f9c4d2e-6b1a-4c58-9f0e-2f6d1a7c3b55");
    if !request.gets(path, pairs) {
        let body = r#"{"error":{"code":"404","message":"Resource not found"}}"#;
        return written(404, &[front], body);
    }
    let key = request.header("ocp-apim-subscription-key").is_some_and(|key| !key.is_empty());
    if key == request.bearer() {
        let body = r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}"#;
        return written(401, &[front], body);
    }
    let headers = [front, ("content-type", "application/json"), ("x-ms-region", "East US")];
    written(200, &headers, body)
}

/// A vault that asks for a token before anything else (fact G10).
fn vault(request: &Request<'_>) -> Written {
    let region = ("x-ms-keyvault-region", "eastus");
    if !request.bearer() {
        let challenge = "Bearer authorization=\"https://login.windows.net/\
                         6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f\", resource=\"https://vault.azure.net\"";
        let body = r#"{"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}}"#;
        return written(401, &[region, ("www-authenticate", challenge)], body);
    }
    if !request.gets("/secrets", &["api-version=7.4", "maxresults=1"]) {
        return written(404, &[region], "");
    }
    let body = r#"{"value":[{"id":"https://kv.vault.azure.net/secrets/database","attributes":{"enabled":true,"created":1700000000,"updated":1700000000}}],"nextLink":null}"#;
    written(200, &[region], body)
}

/// A configuration store (facts Z40, Z41).
fn configuration_store(request: &Request<'_>) -> Written {
    let id = ("x-ms-correlation-request-id", "e3a8a7a3-6f0b-45ee-b7d8-ef13339bfa6c");
    let server = ("server", "openresty/1.17.8.2");
    if !request.bearer() {
        return written(401, &[id, server, ("www-authenticate", "HMAC-SHA256, Bearer")], "");
    }
    let pairs = ["%24select=key", "api-version=2023-11-01", "key=aoai-probe"];
    if !request.gets("/kv", &pairs) {
        return written(404, &[id, server], "");
    }
    let kind = "application/vnd.microsoft.appconfig.kvset+json; charset=utf-8";
    let sync = ("sync-token", "zAJw6V16=MTotMSM0Nzk0NDg4;sn=4794488");
    written(200, &[id, server, sync, ("content-type", kind)], r#"{"items":[]}"#)
}

/// The list of containers of a storage account, or of its shares.
fn listing(request: &Request<'_>, oldest: &str, body: &str, server: &str) -> Written {
    let version = request.header("x-ms-version").unwrap_or_default();
    let dated = request.header("x-ms-date").is_some_and(|at| httpdate::parse_http_date(at).is_ok());
    if !request.gets("/", &["comp=list", "maxresults=1"]) || version < oldest || !dated {
        return storage(400, "InvalidHeaderValue", "The value of a header is not valid.", &[]);
    }
    if !request.bearer() {
        let challenge = "Bearer authorization_uri=https://login.microsoftonline.com/\
                         6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f/oauth2/authorize \
                         resource_id=https://storage.azure.com";
        return storage(
            401,
            "NoAuthenticationInformation",
            "Server failed to authenticate the request. Please refer to the information in the \
             www-authenticate header.",
            &[("www-authenticate", challenge)],
        );
    }
    let headers =
        [("content-type", "application/xml"), ("server", server), ("x-ms-version", version)];
    written(200, &headers, &format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>{body}"))
}

/// The service of blobs of a storage account.
fn blob(request: &Request<'_>) -> Written {
    let body = "<EnumerationResults \
                ServiceEndpoint=\"https://mystore.blob.core.windows.net/\"><MaxResults>1</MaxResults>\
                <Containers><Container><Name>documents</Name><Properties><Last-Modified>Sat, 21 Nov \
                2026 09:00:00 GMT</Last-Modified><Etag>\"0x8DE\"</Etag><LeaseStatus>unlocked\
                </LeaseStatus><LeaseState>available</LeaseState></Properties></Container></Containers>\
                <NextMarker>/mystore/images</NextMarker></EnumerationResults>";
    listing(request, "2017-11-09", body, "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0")
}

/// The service of shares of a storage account, which demands that a caller with a token says what it
/// means to do (fact Z35).
fn share(request: &Request<'_>) -> Written {
    if request.bearer() && request.header("x-ms-file-request-intent") != Some("backup") {
        let message = "An HTTP header that's mandatory for this request is not specified.";
        return storage(400, "MissingRequiredHeader", message, &[]);
    }
    let body = "<EnumerationResults ServiceEndpoint=\"https://mystore.file.core.windows.net/\">\
                <MaxResults>1</MaxResults><Shares><Share><Name>documents</Name><Properties>\
                <Last-Modified>Sat, 21 Nov 2026 09:00:00 GMT</Last-Modified><Etag>\"0x8DE\"</Etag>\
                <Quota>100</Quota><AccessTier>TransactionOptimized</AccessTier></Properties></Share>\
                </Shares><NextMarker>images</NextMarker></EnumerationResults>";
    listing(request, "2024-11-04", body, "Windows-Azure-File/1.0 Microsoft-HTTPAPI/2.0")
}

fn storage(status: u16, code: &str, message: &str, more: &[(&str, &str)]) -> Written {
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}\n\
         RequestId:0d780fba-a6c1-4e6a-bf5b-68e2004e89d1\nTime:2026-11-21T10:00:00.8757480Z</Message>\
         </Error>"
    );
    let own = [
        ("content-type", "application/xml"),
        ("server", "Microsoft-HTTPAPI/2.0"),
        ("x-ms-error-code", code),
    ];
    written(status, &[&own[..], more].concat(), &body)
}
