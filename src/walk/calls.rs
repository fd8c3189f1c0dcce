//! The calls that prove a target: the requests of its service's profile, filled in. Pure.

use std::time::SystemTime;

use crate::evidence::TargetKind;
use crate::services::request::{DATE, Under, Values};
use crate::target::Target;
use crate::wire::http::Call;

use super::plan::Plan;

/// The calls in order; the first one is the one that the verdict rests on.
#[must_use]
pub fn calls(target: &Target, plan: &Plan, now: SystemTime) -> Vec<Call> {
    let Some(service) = target.service() else { return Vec::new() };
    let base = &target.seen.base_path;
    let under = match target.seen.kind {
        _ if base.ends_with("/openai/v1") => Under::V1,
        TargetKind::Project => Under::Project,
        _ => Under::Resource,
    };
    let deployment = plan.deployment.as_deref();
    let values = Values { base, api_version: &plan.api_version, deployment };
    service
        .requests
        .iter()
        .filter(|request| request.under == under)
        .filter_map(|request| {
            let (path, body) = request.filled(&values)?;
            let headers = request.headers.iter().map(|(name, value)| match *value {
                DATE => (*name, httpdate::fmt_http_date(now)),
                value => (*name, value.to_owned()),
            });
            Some(Call { purpose: request.purpose, path, body, headers: headers.collect() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(target: &str, deployment: Option<&str>) -> Vec<String> {
        let plan = Plan { deployment: deployment.map(str::to_owned), ..Plan::default() };
        let target = Target::parse(target, None).unwrap();
        calls(&target, &plan, SystemTime::UNIX_EPOCH).into_iter().map(|call| call.path).collect()
    }

    #[test]
    fn a_secrets_own_url_asks_for_the_list_and_never_for_a_secret() {
        for url in ["kv.vault.azure.net", "https://kv.vault.azure.net/secrets/foo/0123"] {
            assert_eq!(paths(url, None), ["/secrets?api-version=7.4&maxresults=1"], "{url}");
        }
        for url in ["https://kv.vault.azure.net/secrets", "https://kv.vault.azure.net/openai/v1"] {
            assert_eq!(paths(url, None), ["/secrets?api-version=7.4&maxresults=1"], "{url}");
        }
    }

    #[test]
    fn each_kind_of_endpoint_has_its_own_calls() {
        assert_eq!(
            paths("myacct", Some("gpt 4/o")),
            [
                "/openai/models?api-version=2024-10-21",
                "/openai/deployments/gpt%204%2Fo/chat/completions?api-version=2024-10-21"
            ]
        );
        assert_eq!(
            paths("https://a.openai.azure.com/openai/v1/", Some("gpt-4o")),
            ["/openai/v1/models", "/openai/v1/chat/completions"]
        );
        assert_eq!(
            paths("https://a.services.ai.azure.com/api/projects/p", Some("gpt-4o")),
            [
                "/api/projects/p/deployments?api-version=v1",
                "/api/projects/p/openai/v1/chat/completions"
            ]
        );
    }
}
