//! The options that repeat a run.

use std::time::Duration;

use super::{Check, TrustArgument};
use crate::credential::SourceChoice;
use crate::walk::plan::option;
use crate::walk::proxy_choice::ProxyOption;

/// The given options, each as one word with its value, for repeating the run.
#[must_use]
pub fn given(check: &Check) -> Vec<String> {
    let mut options: Vec<String> = Vec::new();
    let mut add = |name: &str, value: &str| options.push(option(name, value));
    for resolver in &check.resolvers {
        match resolver.port() {
            53 => add("--resolver", &resolver.ip().to_string()),
            _ => add("--resolver", &resolver.to_string()),
        }
    }
    for detour in &check.connect_to {
        add("--connect-to", &detour.to_string());
    }
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64().to_string());
    let credential = check.credential.as_ref().map(|choice| match choice {
        SourceChoice::Auto => "auto".to_owned(),
        SourceChoice::None => "none".to_owned(),
        SourceChoice::Named(name) => name.clone(),
    });
    let proxy = check.proxy.as_ref().map(|proxy| match proxy {
        ProxyOption::Env => "env".to_owned(),
        ProxyOption::None => "none".to_owned(),
        ProxyOption::Url(url) => url.clone(),
    });
    let trust = check.trust.map(|trust| match trust {
        TrustArgument::Public => "public".to_owned(),
        TrustArgument::System => "system".to_owned(),
    });
    let expect = check.expect.as_ref().map(|e| e.as_option().unwrap_or_else(|| "auto".to_owned()));
    let values = [
        ("--service", check.service.clone()),
        ("--backend", check.backend.clone()),
        ("--credential", credential),
        ("--api-key-file", check.api_key_file.clone()),
        ("--token-file", check.token_file.clone()),
        ("--assertion-file", check.assertion_file.clone()),
        ("--identity", check.identity.clone()),
        ("--deployment", check.deployment.clone()),
        ("--api-version", check.api_version.clone()),
        ("--trust", trust),
        ("--ca-file", check.ca_file.clone()),
        ("--proxy", proxy),
        ("--timeout", seconds(check.timeout)),
        ("--deadline", seconds(check.deadline)),
        ("--expect", expect),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            add(name, &value);
        }
    }
    options.extend(check.azure.words());
    let flags = [
        (check.direct, "--direct"),
        (check.no_experiments, "--no-experiments"),
        (check.deep, "--deep"),
    ];
    options.extend(flags.into_iter().filter(|(given, _)| *given).map(|(_, name)| name.into()));
    options
}
