//! The script that chooses the proxy cannot be fetched or run: clients go on without it (fact P191).

use url::Url;

use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::vantage::ScriptOutcome;

use super::script_not_run::named;

pub(super) const RULE: Rule = rule!(
    "proxy-script-failed",
    Proxy,
    "The script that chooses the proxy cannot be fetched or run",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    let (script, run) = named(proxy)?;
    let run = run.filter(|run| run.outcome.is_passed_over())?;
    let way = match &proxy.applies {
        Some(url) => format!("through {url}, which the settings name besides"),
        None => "directly".to_owned(),
    };
    let goes = match &proxy.applies {
        Some(url) => format!("go through {url}"),
        None => "connect directly".to_owned(),
    };
    let why = match &run.outcome {
        ScriptOutcome::Failed { code, .. } => format!("WinHTTP {code}"),
        _ => "no answer in time".to_owned(),
    };
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        headline::fitting(&[
            format!("the proxy script {script} cannot be fetched ({why}), so .NET and browsers {goes}"),
            format!("the proxy script cannot be fetched ({why}), so .NET and browsers {goes}"),
            format!("the proxy script cannot be fetched ({why}), so .NET and browsers go without it"),
            "the proxy script cannot be fetched, so .NET and browsers go without it".to_owned(),
        ]),
    )
    .caveat()
    .fact(format!("the system's proxy settings name the script {script}"))
    .fact(format!("WinHTTP, after {} ms: {}", run.took_ms, run.outcome.words()))
    .reasoning(format!(
        ".NET's HttpClient and browsers then go {way}, as this check did; they ask for the script again, \
         and take the proxy that it gives as soon as it can be had"
    ))
    .cites("/vantage/proxy/system/user/script")
    .cites("/vantage/proxy/system/script")
    .owner("Network (proxy)");
    let by_http = Url::parse(script).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    let finding = match by_http {
        true => finding.inspect(
            "see whether its server gives the script to this machine, without a proxy",
            format!("curl -sv --noproxy '*' -o /dev/null {}", reading::word(script)),
        ),
        false => finding.step(Step::inspect(
            "see the address of the script in Settings > Network & internet > Proxy: WinHTTP fetches \
             scripts by http and https alone",
        )),
    };
    Some(
        finding
            .step(
                Step::shared(
                    "let the script be served at that address again, once its owner agrees",
                    "every client whose settings name it goes through the proxy that it gives",
                )
                .undo("take it away again"),
            )
            .step(
                Step::local(
                    "where no script is wanted any more, have it taken out of this user's proxy \
                     settings (Group Policy may set it): .NET and browsers then connect without looking \
                     for it",
                )
                .or()
                .undo("enter its address again"),
            )
            .check(reading::again(e)),
    )
}
