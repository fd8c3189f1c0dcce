//! A program that should print a token (`az`, `azd`) prints none, or one that not every SDK takes.
//! Entra ID's numbers in what it prints belong to the table of `entra`; here the rest is read,
//! documented codes before prose. What a program prints is read by the rows of its own file.

mod azd;
mod azure_cli;

use super::acquisition::{bare_words, no_token};
use super::az;
use super::entra::numbers;
use super::profiles;
use crate::diagnose::rules::http::refusal_match::short;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Evidence;
use crate::evidence::identity::TokenOutcome;

pub(super) use azd::AZD;
pub(super) use azure_cli::AZ;

pub(super) const AZURE_CLI: Rule = rule!(
    "identity-azure-cli",
    Identity,
    "The Azure CLI gives no token, or one that not every SDK takes",
    Code(azure_cli)
)
.short("az gives no token, or one that an SDK refuses");

pub(super) const AZURE_DEVELOPER_CLI: Rule = rule!(
    "identity-azure-developer-cli",
    Identity,
    "The Azure Developer CLI gives no token",
    Code(azure_developer_cli)
)
.short("azd gives no token");

/// A program that prints tokens.
pub(super) struct Program {
    /// Its name on the PATH.
    pub(super) name: &'static str,
    /// What it prints, read from top to bottom.
    readings: &'static [Reading],
    /// The command that prints its version.
    version: &'static str,
    /// The command that shows the login.
    account: &'static str,
    /// The command that logs in, in a tenant.
    login: fn(Option<&str>) -> String,
    /// The command that the SDKs run, without showing a token.
    by_hand: fn(&str) -> String,
    /// The option that makes it print what it does.
    debug: &'static str,
}

/// One reading of what a program prints.
struct Reading {
    /// Parts of its output in lower case, any of them.
    words: &'static [&'static str],
    /// The clause after `no token: `; `{host}` is the host that it names.
    message: &'static str,
    means: &'static str,
    owner: &'static str,
    fix: Fix,
}

#[derive(Clone, Copy)]
enum Fix {
    Install,
    /// Update, by this command.
    Update(&'static str),
    LogIn,
    ResourceManager,
    /// Roots: the variables that name them, and what to do.
    Roots {
        variables: &'static str,
        step: &'static str,
    },
    Path,
    Wait,
}

fn azure_cli(e: &View<'_>) -> Option<FindingBuilder> {
    sdk_refuses(e).or_else(|| check(e, &AZ))
}

fn azure_developer_cli(e: &View<'_>) -> Option<FindingBuilder> {
    check(e, &AZD)
}

fn check(e: &View<'_>, program: &'static Program) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let (TokenOutcome::NotAsked { message } | TokenOutcome::Unusable { message }) = &no.how.outcome
    else {
        return None;
    };
    let words = bare_words(message);
    let asked = profiles::program(&no.how.source).filter(|asked| asked.name == program.name);
    if asked.is_none() || !numbers(&words).is_empty() {
        return None;
    }
    let lower = words.to_ascii_lowercase();
    let reading = program.readings.iter().find(|r| r.words.iter().any(|part| lower.contains(part)));
    let host = named_host(&words);
    let name = program.name;
    let message = match reading {
        Some(reading) => reading
            .message
            .replace("{host}", host.unwrap_or("a host of Azure's"))
            .replace("{timeout}", &format!("{} ms", e.options.timeout_ms)),
        None => format!("{name}: {words}"),
    };
    let finding = no
        .finding(Confidence::Proved, message)
        .fact(format!("{name} says: {}", short(&words, 300)))
        .reasoning("the program's own output, run as the Azure SDKs run it")
        .cites("/identity/acquisition/outcome/message");
    let Some(reading) = reading else {
        return Some(
            finding
                .owner("Application")
                .inspect(
                    "see what it prints when it is run by hand",
                    (program.by_hand)(&no.how.scope),
                )
                .inspect("see the version", program.version)
                .inspect("see which account is logged in", program.account),
        );
    };
    let finding = finding.reasoning(reading.means).owner(reading.owner);
    let tenant = no.how.tenant.as_deref();
    Some(fix(e, program, reading.fix, finding, tenant, host, &no.how.scope))
}

fn fix(
    e: &Evidence,
    program: &Program,
    fix: Fix,
    finding: FindingBuilder,
    tenant: Option<&str>,
    host: Option<&str>,
    scope: &str,
) -> FindingBuilder {
    let name = program.name;
    let to_host = match host {
        Some(host) => format!("https://{host}"),
        None => "<host>".to_owned(),
    };
    let to_host = reading::again_at(e, &to_host);
    let host = reading::word(host.unwrap_or("<host>"));
    match fix {
        Fix::Install => finding
            .inspect("see where it is", format!("command -v {name}; echo $PATH"))
            .step(Step::local("install it, or put it on the PATH of this user or service")),
        Fix::Update(command) => finding
            .inspect("see the version", program.version)
            .step(Step::local("update it").command(command)),
        Fix::LogIn => finding
            .inspect("see the version", program.version)
            .inspect("see which account is logged in", program.account)
            .step(
                Step::local(
                    "log in, in the tenant of the account: it replaces the login of this user on \
                     this machine",
                )
                .command((program.login)(tenant)),
            ),
        Fix::ResourceManager => finding
            .inspect(
                "see where management.azure.com leads from here",
                "getent ahosts management.azure.com",
            )
            .inspect(
                "with the right to do so: see the association with the private link",
                "az private-link association list --management-group-id <root management group>",
            )
            .step(Step::local(
                "use another source than az here: --credential managed-identity, or an \
                 application's variables",
            ))
            .step(
                Step::shared(
                    "give this network the zone privatelink.azure.com with the record of the \
                     private endpoint (Terraform: azurerm_private_endpoint with its zone group)",
                    "every client of the linked networks: all of management.azure.com goes to \
                     that endpoint",
                ).or()
                .undo("az network private-dns link vnet delete -g <group> -z privatelink.azure.com -n <link>"),
            ),
        Fix::Roots { variables, step } => finding
            .inspect(
                "see who issues the certificate",
                format!("openssl s_client -connect {host}:443 -servername {host} </dev/null"),
            )
            .inspect(format!("see which roots {name} is given"), format!("printenv {variables}"))
            .step(Step::local(step)),
        Fix::Path => finding
            .inspect("check the path to that host alone", to_host)
            .inspect(format!("see the proxy that {name} would take"), "env | grep -i _proxy"),
        Fix::Wait => finding.inspect(
            "see what it waits for",
            format!("{} {}", (program.by_hand)(scope), program.debug),
        ),
    }
}

/// The host that a program names: `host='...'` of Python's requests, or the URL or the lookup of
/// Go's errors.
fn named_host(words: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    ["host='", "https://", "lookup "].into_iter().find_map(|before| {
        let (_, rest) = words.split_once(before)?;
        let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
        let (host, after) = rest.split_at(end);
        let whole = before != "host='" || after.starts_with('\'');
        (whole && host.contains('.') && host.len() <= 80).then_some(host)
    })
}

/// A token of the Azure CLI that not every SDK takes.
fn sdk_refuses(e: &Evidence) -> Option<FindingBuilder> {
    let how = e.identity.acquisition.as_ref()?;
    let words = bare_words(how.sdk_refuses.as_deref()?);
    let message = match words.contains("2.54.0") {
        true => "az is older than 2.54.0: the SDK for Rust refuses its answer",
        false => "the SDK for Rust refuses az's answer",
    };
    Some(
        FindingBuilder::new(Level::Risk, Confidence::Inferred, message)
            .fact(format!("the SDK for Rust says: {words}"))
            .reasoning("the SDK for Python takes the token, and this check went on with it")
            .reasoning("whether the application's own SDK takes it depends on its language")
            .cites("/identity/acquisition/sdk_refuses")
            .owner("Application")
            .inspect("see the version", az::VERSION)
            .step(Step::local("update it").command(az::UPGRADE))
            .check(reading::again(e)),
    )
}

#[cfg(test)]
mod tests {
    use super::{AZ, AZD, named_host};

    #[test]
    fn readings_compare_in_lower_case() {
        for reading in AZ.readings.iter().chain(AZD.readings) {
            for words in reading.words {
                assert_eq!(*words, words.to_ascii_lowercase());
            }
        }
    }

    #[test]
    fn a_host_is_read_from_what_python_and_go_print() {
        let host = Some("login.microsoftonline.com");
        for words in [
            "HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries",
            "Post \"https://login.microsoftonline.com/t/oauth2/v2.0/token\": EOF",
            "dial tcp: lookup login.microsoftonline.com: no such host",
        ] {
            assert_eq!(named_host(words), host, "{words}");
        }
        for words in ["host='$(reboot)'", "host='a.b$(reboot)'", "lookup failed"] {
            assert_eq!(named_host(words), None, "{words}");
        }
    }
}
