//! One conversation with Resource Manager: paging to the end, a wait where it limits reads, another
//! version where it does not know the one that was asked for; and a record of each read.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::timeout;

use super::allowed::{Request, Row};
use super::errors;
use crate::evidence::azure::{Answer, Read, ResourceId};
use crate::evidence::text::clean;

/// Pages of one collection or query, at most.
const MAX_PAGES: u32 = 50;
/// Reads of one run, at most: a few times what one needs (fact C61).
const MAX_READS: usize = 200;
/// Bytes of all answers of one run, at most: parsed ones take several times as much memory.
const MAX_BYTES: usize = 64 << 20;
/// The longest wait that Resource Manager may ask for.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// How often the result of a computation is asked for.
const MAX_POLLS: u32 = 10;

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// `Location`.
    pub location: Option<String>,
    /// `x-ms-correlation-request-id`.
    pub correlation_id: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A request under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Reply, String>> + 'a>>;
/// Sends a request; the error says in words why no answer came.
pub type Send<'a> = dyn Fn(Request) -> Sending<'a> + 'a;

/// Reads, by what the caller sends.
pub struct Reader<'a> {
    host: &'a str,
    send: &'a Send<'a>,
    since: Instant,
    /// When everything must have ended.
    deadline: Instant,
    reads: RefCell<Vec<Read>>,
    /// Bytes of answers that may still come.
    bytes: Cell<usize>,
}

impl<'a> Reader<'a> {
    /// Reads at `host` until `deadline`.
    #[must_use]
    pub fn new(host: &'a str, send: &'a Send<'a>, deadline: Instant) -> Self {
        let bytes = Cell::new(MAX_BYTES);
        Self { host, send, since: Instant::now(), deadline, reads: RefCell::default(), bytes }
    }

    /// Every read so far, in the order of their beginning.
    #[must_use]
    pub fn into_reads(self) -> Vec<Read> {
        self.reads.into_inner()
    }

    /// One resource.
    pub async fn get(&self, row: &'static Row, id: &ResourceId) -> Answer<Value> {
        match Request::of(row, id, None) {
            Some(request) => {
                self.pages(request, row.is_list).await.map(|mut pages| pages.remove(0))
            }
            None => Answer::NotAsked,
        }
    }

    /// Every item of a collection.
    pub async fn list(&self, row: &'static Row, id: &ResourceId) -> Answer<Vec<Value>> {
        self.list_where(row, id, None).await
    }

    /// Every item of a collection that the OData filter lets through.
    pub async fn list_where(
        &self,
        row: &'static Row,
        id: &ResourceId,
        filter: Option<&str>,
    ) -> Answer<Vec<Value>> {
        match Request::of(row, id, filter) {
            Some(request) => self.pages(request, true).await.map(|pages| items(pages, "value")),
            None => Answer::NotAsked,
        }
    }

    /// Every row of a query; none are [`Answer::NotVisible`], since Resource Graph shows what the
    /// caller may see.
    pub async fn graph(
        &self,
        question: &'static str,
        query: &str,
        subscriptions: &[String],
    ) -> Answer<Vec<Value>> {
        let first = Request::graph(question, query, subscriptions);
        let mut rows = Vec::new();
        let mut next = Some(first);
        let at = self.begin(next.as_ref());
        let mut pages = 0;
        while let Some(request) = next.take() {
            let page = match self.send_recorded(request, at).await {
                Answer::Read { value } => value,
                other => return other.map(|_| Vec::new()),
            };
            pages += 1;
            let Some(page) = whole(page, "data") else { return self.failed(at, NO_LIST) };
            let token = page.get("$skipToken").and_then(Value::as_str).map(str::to_owned);
            rows.extend(items(vec![page], "data"));
            self.record(at, |read| (read.pages, read.items) = (pages, length(&rows)));
            if let Some(token) = token.filter(|token| !token.is_empty()) {
                if !token.bytes().all(|b| b.is_ascii_graphic()) {
                    let message = "the next page has no usable token";
                    return Answer::Failed { message: message.to_owned() };
                }
                if pages >= MAX_PAGES {
                    return Answer::Failed { message: format!("more than {MAX_PAGES} pages") };
                }
                next = Some(Request::graph_page(question, query, subscriptions, Some(&token)));
            }
        }
        match rows.is_empty() {
            true => Answer::NotVisible,
            false => Answer::Listed { value: rows },
        }
    }

    /// A request, and the further pages of a collection. Never empty where it was answered.
    async fn pages(&self, request: Request, is_list: bool) -> Answer<Vec<Value>> {
        let at = self.begin(Some(&request));
        let mut pages = Vec::new();
        let mut next = Some(request);
        while let Some(request) = next.take() {
            let page = match self.send_recorded(request.clone(), at).await {
                Answer::Read { value } => value,
                other => return other.map(|_| Vec::new()),
            };
            let page = if is_list { whole(page, "value") } else { Some(page) };
            let Some(page) = page else { return self.failed(at, NO_LIST) };
            let link = page.get("nextLink").and_then(Value::as_str).filter(|link| !link.is_empty());
            if let (true, Some(link)) = (is_list, link) {
                if length(&pages) + 1 >= MAX_PAGES {
                    return Answer::Failed { message: format!("more than {MAX_PAGES} pages") };
                }
                match request.next_page(self.host, link) {
                    Some(request) => next = Some(request),
                    // A part of a collection proves no absence.
                    None => {
                        let message =
                            "the next page is at another host or path; it was not fetched";
                        return Answer::Failed { message: message.to_owned() };
                    }
                }
            }
            pages.push(page);
            let count = pages.iter().map(|page| size(page, "value")).sum();
            self.record(at, |read| (read.pages, read.items) = (length(&pages), count));
        }
        Answer::Read { value: pages }
    }

    /// The answer to one request; a limit is waited for once, and an unknown version replaced once.
    async fn send_recorded(&self, request: Request, at: usize) -> Answer<Value> {
        let (mut request, mut waited, mut replaced, mut polls) = (request, false, false, 0);
        loop {
            if self.left().is_zero() {
                return self.failed(at, "the deadline came first");
            }
            if self.reads.borrow().len() > MAX_READS {
                return self.failed(at, "too many reads in one run");
            }
            let reply = match timeout(self.left(), (self.send)(request.clone())).await {
                Ok(Ok(reply)) => reply,
                Ok(Err(message)) => return self.failed(at, &message),
                Err(_) => return self.failed(at, "the deadline came first"),
            };
            let Some(left) = self.bytes.get().checked_sub(reply.body.len()) else {
                self.bytes.set(0);
                return self.failed(at, "the answers of this run are too long");
            };
            self.bytes.set(left);
            let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
            let none = Value::Null;
            let said = body.as_ref().unwrap_or(&none);
            let code = (reply.status >= 400).then(|| errors::code_and_message(said).0);
            self.record(at, |read| {
                read.status = Some(reply.status);
                read.code = code.clone().filter(|code| !code.is_empty());
                read.correlation_id = reply.correlation_id.as_deref().map(|id| clean(id, 100));
            });
            let wait = Duration::from_secs(reply.retry_after.unwrap_or(1));
            match reply.status {
                200 => match body {
                    Some(value @ Value::Object(_)) => return Answer::Read { value },
                    _ => return self.failed(at, "the answer is not a JSON object"),
                },
                202 if polls < MAX_POLLS => {
                    let result = reply.location.as_deref();
                    match result.and_then(|url| request.result_at(self.host, url)) {
                        Some(result) => request = result,
                        None if polls > 0 => {}
                        None => {
                            return self.failed(
                                at,
                                "the result is at another host or path; it was not fetched",
                            );
                        }
                    }
                    polls += 1;
                    self.wait(wait).await;
                }
                429 if !waited && wait <= MAX_WAIT && wait < self.left() => {
                    waited = true;
                    self.wait(wait).await;
                }
                400..=599 => {
                    let version = errors::supported_version(reply.status, said);
                    let other = version.and_then(|version| request.with_version(&version));
                    match other.filter(|_| !replaced) {
                        Some(other) => {
                            // What was asked for keeps its name where a result or a page fails.
                            if polls == 0 {
                                self.record(at, |read| read.path = clean(&other.shown(), 2000));
                            }
                            (request, replaced) = (other, true);
                        }
                        None => return self.refused(at, reply.status, said),
                    }
                }
                status => return self.failed(at, &format!("status {status}")),
            }
        }
    }

    /// The answer that an error is; what the caller lacks is recorded.
    fn refused(&self, at: usize, status: u16, body: &Value) -> Answer<Value> {
        let answer: Answer<Value> = errors::answer(status, body);
        if let Some(refusal) = answer.refusal() {
            self.record(at, |read| {
                (read.action, read.scope) = (refusal.action.clone(), refusal.scope.clone());
            });
        }
        answer
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    async fn wait(&self, wait: Duration) {
        tokio::time::sleep(wait.min(self.left())).await;
    }

    fn failed<T>(&self, at: usize, message: &str) -> Answer<T> {
        self.record(at, |_| {});
        Answer::Failed { message: clean(message, 300) }
    }

    fn begin(&self, request: Option<&Request>) -> usize {
        let mut reads = self.reads.borrow_mut();
        if let Some(request) = request {
            reads.push(Read {
                kind: request.kind,
                question: request.question.to_owned(),
                method: request.method.to_owned(),
                path: clean(&request.shown(), 2000),
                status: None,
                code: None,
                action: None,
                scope: None,
                correlation_id: None,
                pages: 0,
                items: 0,
                started_ms: self.since.elapsed().as_secs_f64() * 1e3,
                took_ms: 0.0,
            });
        }
        reads.len().saturating_sub(1)
    }

    fn record(&self, at: usize, change: impl FnOnce(&mut Read)) {
        if let Some(read) = self.reads.borrow_mut().get_mut(at) {
            change(read);
            read.took_ms = self.since.elapsed().as_secs_f64() * 1e3 - read.started_ms;
        }
    }
}

/// Why an answer without the list that was asked for is none: it does not say that there is nothing.
const NO_LIST: &str = "the answer holds no list";

/// A page that holds its list.
fn whole(page: Value, key: &str) -> Option<Value> {
    page.get(key).is_some_and(Value::is_array).then_some(page)
}

fn items(pages: Vec<Value>, key: &str) -> Vec<Value> {
    let list = |mut page: Value| match page.get_mut(key).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    pages.into_iter().flat_map(list).collect()
}

fn size(page: &Value, key: &str) -> u32 {
    page.get(key).and_then(Value::as_array).map_or(1, |list| length(list))
}

fn length<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
