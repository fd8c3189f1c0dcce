//! The calls that prove a target: paths and bodies. Pure.

use crate::evidence::TargetKind;
use crate::evidence::http::Purpose;
use crate::target::Target;
use crate::wire::http::Call;

use super::plan::Plan;

/// The api-version of a Foundry project's data plane.
const PROJECT_API_VERSION: &str = "v1";

/// The calls in order; the first one is the one that the verdict rests on.
#[must_use]
pub fn calls(target: &Target, plan: &Plan) -> Vec<Call> {
    let base = &target.seen.base_path;
    let v1 = base.ends_with("/openai/v1");
    let main = match (target.seen.kind, v1) {
        (TargetKind::Project, false) => Call {
            purpose: Purpose::Project,
            path: format!("{base}/deployments?api-version={PROJECT_API_VERSION}"),
            body: None,
        },
        // The v1 path takes no dated version (fact G2a).
        (_, true) => Call { purpose: Purpose::Models, path: format!("{base}/models"), body: None },
        (_, false) => Call {
            purpose: Purpose::Models,
            path: format!("{base}/openai/models?api-version={}", encoded(&plan.api_version)),
            body: None,
        },
    };
    let deployment = plan.deployment.as_ref().map(|name| deployment(target, plan, name, v1));
    std::iter::once(main).chain(deployment).collect()
}

/// An empty message list: it asks for the deployment and spends no token (facts G2c, H16).
fn deployment(target: &Target, plan: &Plan, name: &str, v1: bool) -> Call {
    let base = &target.seen.base_path;
    // A project serves its deployments under the v1 path (fact G2b).
    if v1 || target.seen.kind == TargetKind::Project {
        let prefix = if v1 { base.clone() } else { format!("{base}/openai/v1") };
        let body = serde_json::json!({ "model": name, "messages": [] });
        return Call {
            purpose: Purpose::Deployment,
            path: format!("{prefix}/chat/completions"),
            body: Some(body.to_string()),
        };
    }
    Call {
        purpose: Purpose::Deployment,
        path: format!(
            "{base}/openai/deployments/{}/chat/completions?api-version={}",
            encoded(name),
            encoded(&plan.api_version)
        ),
        body: Some(serde_json::json!({ "messages": [] }).to_string()),
    }
}

/// Percent-encoded for a path segment or query value.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(target: &str, deployment: Option<&str>) -> Vec<String> {
        let plan = Plan { deployment: deployment.map(str::to_owned), ..Plan::default() };
        let target = Target::parse(target, None).unwrap();
        calls(&target, &plan).into_iter().map(|call| call.path).collect()
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
