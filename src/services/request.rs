//! The requests that prove a service: rows of data, filled in by [`Request::planned`].

use crate::evidence::http::Purpose;

/// A request that costs nothing and changes nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// What it proves.
    pub purpose: Purpose,
    /// The kind of endpoint that it is for.
    pub under: Under,
    /// Path and query; `{api-version}` and `{deployment}` are filled in.
    pub path: &'static str,
    /// A JSON body makes it a POST; `"{deployment}"` is filled in.
    pub body: Option<&'static str>,
    /// Header fields of its own; [`DATE`] is filled in.
    pub headers: &'static [(&'static str, &'static str)],
    /// The least role that its caller needs.
    pub role: &'static str,
}

/// The place of the time of the call in a header field.
pub const DATE: &str = "{date}";

/// The kind of endpoint by the path that the user gave with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Under {
    /// The resource itself.
    Resource,
    /// The path `/openai/v1`, which takes no dated version (fact G2a).
    V1,
    /// A Foundry project (fact G2b).
    Project,
}

/// What a request is filled in with.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// The path before the request's own.
    pub base: &'a str,
    /// The dated api-version.
    pub api_version: &'a str,
    /// The deployment; none: a request that names one is not made.
    pub deployment: Option<&'a str>,
}

impl Request {
    pub(super) const fn get(
        purpose: Purpose,
        under: Under,
        path: &'static str,
        role: &'static str,
    ) -> Self {
        Self { purpose, under, path, body: None, headers: &[], role }
    }

    pub(super) const fn post(
        purpose: Purpose,
        under: Under,
        path: &'static str,
        body: &'static str,
        role: &'static str,
    ) -> Self {
        Self { purpose, under, path, body: Some(body), headers: &[], role }
    }

    pub(super) const fn headers(
        mut self,
        headers: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.headers = headers;
        self
    }

    /// Path and body, filled in; none where a deployment is wanted and none is named.
    #[must_use]
    pub fn filled(&self, values: &Values<'_>) -> Option<(String, Option<String>)> {
        let named = [Some(self.path), self.body].iter().flatten().any(|t| t.contains(DEPLOYMENT));
        if (named || self.purpose == Purpose::Deployment) && values.deployment.is_none() {
            return None;
        }
        let name = values.deployment.unwrap_or_default();
        let path = self
            .path
            .replace("{api-version}", &encoded(values.api_version))
            .replace(DEPLOYMENT, &encoded(name));
        let quoted = |body: &str| {
            body.replace(&format!("\"{DEPLOYMENT}\""), &serde_json::Value::from(name).to_string())
        };
        Some((format!("{}{path}", values.base), self.body.map(quoted)))
    }
}

const DEPLOYMENT: &str = "{deployment}";

/// Percent-encoded for a path segment or query value.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
