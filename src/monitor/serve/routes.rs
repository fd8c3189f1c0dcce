//! The routes and their answers.

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

use super::hosts::Hosts;
use super::metrics::ServerMetrics;
use super::page::{self, finding};
use super::recent_walks::RecentWalks;
use super::scheduler::{Outcome, Rejection, Scheduler};
use super::targets::{Found, Targets};
use crate::render::{Style, human, metrics};

/// How long before the scraper's own deadline an answer is sent, as in blackbox_exporter; at most
/// a fifth of the deadline.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);
/// Seconds after which a rejected scrape may be retried.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
/// Characters of a request that an answer repeats.
const MAX_REPEATED: usize = 100;
/// A page may load its own style and icon and nothing else, and no script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
                                       base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the handlers share.
pub(super) struct AppState {
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) recent: Arc<RecentWalks>,
    pub(super) metrics: Arc<ServerMetrics>,
    pub(super) targets: Arc<RwLock<Arc<Targets>>>,
}

impl AppState {
    pub(super) fn targets(&self) -> Arc<Targets> {
        Arc::clone(&self.targets.read().unwrap_or_else(PoisonError::into_inner))
    }
}

type Shared = State<Arc<AppState>>;

/// Every route.
pub(super) fn router(app: Arc<AppState>, hosts: Hosts) -> Router {
    let hosts = Arc::new(hosts);
    Router::new()
        .route("/", get(overview))
        .route("/probe", get(probe))
        .route("/metrics", get(own_metrics))
        .route("/-/healthy", get(|| async { text(StatusCode::OK, "healthy\n") }))
        .route("/-/ready", get(|| async { text(StatusCode::OK, "ready\n") }))
        .route("/target", get(target))
        .route("/finding/{id}", get(finding_page))
        .route("/style.css", get(|| async { typed("text/css; charset=utf-8", page::style()) }))
        .route("/icon.svg", get(|| async { typed("image/svg+xml", page::ICON) }))
        .fallback(|| async { text(StatusCode::NOT_FOUND, "no such page\n") })
        .with_state(app)
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let allowed = hosts.allow(request.uri(), request.headers());
            async move { if allowed { next.run(request).await } else { misdirected() } }
        }))
}

fn misdirected() -> Response {
    text(
        StatusCode::MISDIRECTED_REQUEST,
        "address this server by its IP address, as localhost, or by a name in [serve] hosts of the \
         inventory\n",
    )
}

/// `/probe?target=NAME`: makes a walk and returns its metrics.
async fn probe(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response {
    let Query { target, debug } = match Query::read(&uri) {
        Ok(query) => query,
        Err(message) => return text(StatusCode::BAD_REQUEST, &format!("{message}\n")),
    };
    let targets = app.targets();
    let entry = match targets.find(&target) {
        Found::One(entry) => entry,
        Found::None => {
            let message = format!(
                "{:?} is not a target of the inventory; this exporter probes no other target\n",
                shown(&target)
            );
            return text(StatusCode::BAD_REQUEST, &message);
        }
        Found::Several(names) => {
            let message = format!(
                "{:?} matches several targets: use one of the names {names}\n",
                shown(&target)
            );
            return text(StatusCode::BAD_REQUEST, &message);
        }
    };
    let timeout = match scrape_timeout(&headers) {
        Ok(timeout) => timeout.map_or(entry.plan.deadline, |t| t.min(entry.plan.deadline)),
        Err(message) => return text(StatusCode::BAD_REQUEST, &format!("{message}\n")),
    };
    match app.scheduler.walk(&entry, timeout).await {
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
        Ok(Outcome::Failed(message)) => text(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!("{} cannot be walked: {message}\n", entry.name),
        ),
        Err(rejection) => {
            let message = match rejection {
                Rejection::QueueFull => "the queue of probes is full\n",
                Rejection::NoTimeLeft => "the probe did not start in time\n",
                Rejection::Stopping => "the exporter is shutting down\n",
            };
            let mut response = text(StatusCode::SERVICE_UNAVAILABLE, message);
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
            response
        }
    }
}

async fn own_metrics(State(app): Shared) -> Response {
    let mut response = Response::new(Body::from(app.metrics.text()));
    let kind = HeaderValue::from_static(metrics::CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn overview(State(app): Shared, uri: Uri) -> Response {
    let from = pairs(&uri).find(|(name, _)| name == "from");
    let from = from.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    html(StatusCode::OK, page::overview::page(&app.targets(), &app.recent, from))
}

async fn target(State(app): Shared, uri: Uri) -> Response {
    let name = pairs(&uri).find(|(name, _)| name == "name");
    let name = name.map(|(_, value)| value).unwrap_or_default();
    let targets = app.targets();
    match targets.named(&name) {
        Some(entry) => {
            let track = app.recent.of(&entry.name);
            html(StatusCode::OK, page::target::page(&entry, &track))
        }
        None => {
            let message = format!("{:?} is not a target of the inventory.", shown(&name));
            html(StatusCode::NOT_FOUND, page::missing(&message, ""))
        }
    }
}

async fn finding_page(Path(id): Path<String>) -> Response {
    match finding::page(&id) {
        Some(page) => html(StatusCode::OK, page),
        None => {
            let message = format!("No finding is called {:?}.", shown(&id));
            html(StatusCode::NOT_FOUND, page::missing(&message, "../"))
        }
    }
}

/// The query of `/probe`.
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
                "target" if target.is_some() => return Err("target is given more than once"),
                "target" => target = Some(value),
                "debug" => debug = value == "true",
                // Scrape configurations of other exporters have more parameters; they are ignored.
                _ => {}
            }
        }
        match target {
            Some(target) if !target.is_empty() => Ok(Self { target, debug }),
            _ => Err("target is missing: /probe?target=NAME, with a name of the inventory"),
        }
    }
}

fn pairs(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    let query = uri.query().unwrap_or_default().as_bytes();
    url::form_urlencoded::parse(query).map(|(name, value)| (name.into(), value.into()))
}

/// The shortest scrape timeout, in seconds: in less, a working path looks silent.
const MIN_SCRAPE_TIMEOUT_S: f64 = 0.1;

/// How long the scraper waits, less the time for the answer; none where it does not say.
fn scrape_timeout(headers: &HeaderMap) -> Result<Option<Duration>, &'static str> {
    const NAME: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");
    const FORM: &str = "X-Prometheus-Scrape-Timeout-Seconds is not a number of seconds above 0";
    let mut given = headers.get_all(NAME).iter();
    let Some(value) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err("X-Prometheus-Scrape-Timeout-Seconds is given more than once");
    }
    let seconds: f64 = value.to_str().ok().and_then(|v| v.trim().parse().ok()).ok_or(FORM)?;
    if !(seconds.is_finite() && seconds > 0.0) {
        return Err(FORM);
    }
    if seconds < MIN_SCRAPE_TIMEOUT_S {
        return Err("X-Prometheus-Scrape-Timeout-Seconds is too short for a walk: at least 0.1 s");
    }
    let whole = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    Ok(Some(whole - ANSWER_MARGIN.min(whole / 5)))
}

/// A part of a request, cut so that an answer may repeat it.
fn shown(text: &str) -> String {
    text.chars().take(MAX_REPEATED).collect()
}

fn text(status: StatusCode, message: &str) -> Response {
    let mut response = typed("text/plain; charset=utf-8", message.to_owned());
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
    use crate::monitor::serve::scheduler::grace;

    fn of(value: &str) -> Result<Option<Duration>, &'static str> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(value).unwrap();
        headers.insert("X-Prometheus-Scrape-Timeout-Seconds", value);
        scrape_timeout(&headers)
    }

    #[test]
    fn an_answer_is_there_before_the_scraper_gives_up() {
        assert_eq!(of("10"), Ok(Some(Duration::from_millis(9500))));
        assert_eq!(of("1"), Ok(Some(Duration::from_millis(800))));
        for seconds in ["0.1", "0.7", "1", "1.4", "2.5", "15"] {
            let timeout = of(seconds).unwrap().unwrap();
            let gives_up = Duration::from_secs_f64(seconds.parse().unwrap());
            assert!(timeout + grace(timeout) < gives_up, "{seconds}");
        }
        assert_eq!(of("1e300").map(|p| p.is_some()), Ok(true));
        assert_eq!(scrape_timeout(&HeaderMap::new()), Ok(None));
        for bad in ["0", "-1", "NaN", "inf", "", "ten", "1,5"] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
    }
}
