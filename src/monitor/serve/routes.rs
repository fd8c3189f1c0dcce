//! What is answered to whom.

use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::desk::{Desk, Outcome, Refused};
use super::hosts::Hosts;
use super::numbers::Numbers;
use super::page::{self, finding};
use super::past::Past;
use super::targets::{Found, Targets};
use crate::render::{Style, human, metrics};

/// How long before the scraper's own deadline an answer is sent (as blackbox_exporter has it),
/// but no more than a fifth of it.
const OFFSET: Duration = Duration::from_millis(500);
/// Seconds after which a refused scrape may be tried again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
/// Characters of a request that are repeated in an answer.
const REPEATED: usize = 100;
/// A page may load our own style and picture and nothing else; no script at all.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
                                       base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the answers are made from.
pub(super) struct Served {
    pub(super) desk: Arc<Desk>,
    pub(super) past: Arc<Past>,
    pub(super) numbers: Arc<Numbers>,
    pub(super) targets: Arc<RwLock<Arc<Targets>>>,
}

impl Served {
    pub(super) fn targets(&self) -> Arc<Targets> {
        Arc::clone(&self.targets.read().unwrap_or_else(PoisonError::into_inner))
    }
}

type Shared = State<Arc<Served>>;

/// Every route.
pub(super) fn router(served: Arc<Served>, hosts: Hosts) -> Router {
    let hosts = Arc::new(hosts);
    Router::new()
        .route("/", get(overview))
        .route("/probe", get(probe))
        .route("/metrics", get(own_metrics))
        .route("/-/healthy", get(|| async { text(StatusCode::OK, "healthy\n") }))
        .route("/-/ready", get(|| async { text(StatusCode::OK, "ready\n") }))
        .route("/target", get(target))
        .route("/finding/{id}", get(finding_page))
        .route("/style.css", get(|| async { typed("text/css; charset=utf-8", page::STYLE) }))
        .route("/icon.svg", get(|| async { typed("image/svg+xml", page::ICON) }))
        .fallback(|| async { text(StatusCode::NOT_FOUND, "no such page\n") })
        .with_state(served)
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let ours = hosts.serve(request.uri(), request.headers());
            async move { if ours { next.run(request).await } else { misdirected() } }
        }))
}

fn misdirected() -> Response {
    text(
        StatusCode::MISDIRECTED_REQUEST,
        "this server is asked by its address, as localhost, or by a name in [serve] hosts of the \
         inventory\n",
    )
}

/// `/probe?target=NAME`: walks, and gives the metrics of the walk.
async fn probe(State(served): Shared, uri: Uri, headers: HeaderMap) -> Response {
    let Query { target, debug } = match Query::read(&uri) {
        Ok(query) => query,
        Err(says) => return text(StatusCode::BAD_REQUEST, &format!("{says}\n")),
    };
    let targets = served.targets();
    let entry = match targets.find(&target) {
        Found::One(entry) => entry,
        Found::None => {
            let says = format!(
                "{:?} is not a target of the inventory; this exporter probes no other\n",
                shown(&target)
            );
            return text(StatusCode::BAD_REQUEST, &says);
        }
        Found::Several(names) => {
            let says = format!("several targets are {:?}: name one of {names}\n", shown(&target));
            return text(StatusCode::BAD_REQUEST, &says);
        }
    };
    let patience = match patience(&headers) {
        Ok(patience) => patience.map_or(entry.plan.deadline, |p| p.min(entry.plan.deadline)),
        Err(says) => return text(StatusCode::BAD_REQUEST, &format!("{says}\n")),
    };
    match served.desk.ask(&entry, patience).await {
        Ok(Outcome::Walked(walked)) if debug => {
            let style = Style { ascii: false, ..Style::default() };
            let mut page = human::render(std::slice::from_ref(&*walked.report), style);
            // Writing to a String cannot fail.
            let _ = write!(page, "\n{}", String::from_utf8_lossy(&walked.exposition));
            text(StatusCode::OK, &page)
        }
        Ok(Outcome::Walked(walked)) => {
            let mut response = Response::new(Body::from(walked.exposition.clone()));
            let kind = HeaderValue::from_static(metrics::CONTENT_TYPE);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Ok(Outcome::Failed(says)) => text(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!("{} cannot be walked: {says}\n", entry.name),
        ),
        Err(refused) => {
            let says = match refused {
                Refused::QueueFull => "too many probes wait already\n",
                Refused::NoTimeLeft => "the probe's turn did not come in time\n",
                Refused::Stopping => "the exporter is ending\n",
            };
            let mut response = text(StatusCode::SERVICE_UNAVAILABLE, says);
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
            response
        }
    }
}

async fn own_metrics(State(served): Shared) -> Response {
    let mut response = Response::new(Body::from(served.numbers.text()));
    let kind = HeaderValue::from_static(metrics::CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn overview(State(served): Shared, uri: Uri) -> Response {
    let from = pairs(&uri).find(|(name, _)| name == "from");
    let from = from.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    html(StatusCode::OK, page::overview::page(&served.targets(), &served.past, from))
}

async fn target(State(served): Shared, uri: Uri) -> Response {
    let name = pairs(&uri).find(|(name, _)| name == "name");
    let name = name.map(|(_, value)| value).unwrap_or_default();
    let targets = served.targets();
    match targets.named(&name) {
        Some(entry) => {
            let track = served.past.of(&entry.name);
            html(StatusCode::OK, page::target::page(&entry, &track))
        }
        None => {
            let says = format!("{:?} is not a target of the inventory.", shown(&name));
            html(StatusCode::NOT_FOUND, page::missing(&says, ""))
        }
    }
}

async fn finding_page(Path(id): Path<String>) -> Response {
    match finding::page(&id) {
        Some(page) => html(StatusCode::OK, page),
        None => {
            let says = format!("No finding is called {:?}.", shown(&id));
            html(StatusCode::NOT_FOUND, page::missing(&says, "../"))
        }
    }
}

/// What a query asks for.
struct Query {
    target: String,
    debug: bool,
}

impl Query {
    fn read(uri: &Uri) -> Result<Self, &'static str> {
        let mut target = None;
        let mut debug = false;
        for (name, value) in pairs(uri) {
            match &*name {
                "target" if target.is_some() => return Err("target is given twice"),
                "target" => target = Some(value),
                "debug" => debug = value == "true",
                // Scrape configurations of other exporters have more; they mean nothing here.
                _ => {}
            }
        }
        match target {
            Some(target) if !target.is_empty() => Ok(Self { target, debug }),
            _ => Err("target is missing: /probe?target=NAME, a name of the inventory"),
        }
    }
}

fn pairs(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    let query = uri.query().unwrap_or_default().as_bytes();
    url::form_urlencoded::parse(query).map(|(name, value)| (name.into(), value.into()))
}

/// The shortest time that a scraper may give, in seconds.
const LEAST: f64 = 0.1;

/// How long the scraper waits, less what the way back takes; none where it does not say.
fn patience(headers: &HeaderMap) -> Result<Option<Duration>, &'static str> {
    const NAME: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");
    const FORM: &str = "X-Prometheus-Scrape-Timeout-Seconds is no number of seconds above 0";
    let mut given = headers.get_all(NAME).iter();
    let Some(value) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err("X-Prometheus-Scrape-Timeout-Seconds is given twice");
    }
    let seconds: f64 = value.to_str().ok().and_then(|v| v.trim().parse().ok()).ok_or(FORM)?;
    if !(seconds.is_finite() && seconds > 0.0) {
        return Err(FORM);
    }
    // In less, a sound path looks silent.
    if seconds < LEAST {
        return Err("X-Prometheus-Scrape-Timeout-Seconds is shorter than any walk: 0.1 s at least");
    }
    let whole = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    Ok(Some(whole - OFFSET.min(whole / 5)))
}

/// A part of a request as it may be repeated.
fn shown(text: &str) -> String {
    text.chars().take(REPEATED).collect()
}

fn text(status: StatusCode, says: &str) -> Response {
    let mut response = typed("text/plain; charset=utf-8", says.to_owned());
    *response.status_mut() = status;
    response
}

fn typed(kind: &'static str, body: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body.into()).into_response()
}

fn html(status: StatusCode, markup: maud::Markup) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    ];
    (status, headers, markup.into_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::serve::desk::grace;

    fn of(value: &str) -> Result<Option<Duration>, &'static str> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(value).unwrap();
        headers.insert("X-Prometheus-Scrape-Timeout-Seconds", value);
        patience(&headers)
    }

    #[test]
    fn an_answer_is_there_before_the_scraper_gives_up() {
        assert_eq!(of("10"), Ok(Some(Duration::from_millis(9500))));
        assert_eq!(of("1"), Ok(Some(Duration::from_millis(800))));
        for seconds in ["0.1", "0.7", "1", "1.4", "2.5", "15"] {
            let patience = of(seconds).unwrap().unwrap();
            let gives_up = Duration::from_secs_f64(seconds.parse().unwrap());
            assert!(patience + grace(patience) < gives_up, "{seconds}");
        }
        assert_eq!(of("1e300").map(|p| p.is_some()), Ok(true));
        assert_eq!(patience(&HeaderMap::new()), Ok(None));
        for bad in ["0", "-1", "NaN", "inf", "", "ten", "1,5"] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
    }
}
