//! The endpoint of the application has more than the endpoint: an SDK puts its own path after it (fact
//! H141).

use crate::diagnose::headline::Clause;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};

pub(super) const RULE: Rule = rule!(
    "http-endpoint-path",
    Http,
    "The endpoint that the application is given has the path of a call",
    Code(check)
)
.short("the endpoint of the application has the path of a call");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let beyond = e.target.beyond.as_ref()?;
    let (variable, path) = (&beyond.variable, &beyond.path);
    let port = match e.target.port {
        443 => String::new(),
        port => format!(":{port}"),
    };
    let right = format!("https://{}{port}{}/", e.target.host, e.target.base_path);
    Some(
        FindingBuilder::new(
            Level::Risk,
            Confidence::Inferred,
            Clause::from(format!("{variable} ends in {path}: SDKs put a path of their own after it"))
                .or(format!("{variable} has the path of a call: SDKs put one of their own after it")),
        )
        .fact(format!("{variable} ends in {path}"))
        .fact(format!("called here: {right}"))
        .reasoning(
            "the clients for Azure OpenAI put /openai/deployments/... after the endpoint, whatever it \
             ends in, and get 404 then; only code that sends requests itself takes a whole URL",
        )
        .cites("/target/beyond")
        .owner("Application")
        .inspect("see its value", format!("printenv {variable}"))
        .step(
            Step::local(format!("set {variable} to {right}"))
                .command(format!("export {variable}={right}"))
                .undo("set the former value again"),
        )
        .check(reading::again(e)),
    )
}
