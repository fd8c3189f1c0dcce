//! The Azure CLI gives no token, or one that not every SDK takes. Entra ID's numbers in what it
//! prints belong to the table of `entra`; here the rest is read, documented codes before prose.

use super::acquisition::{bare_words, no_token};
use super::entra::numbers;
use crate::diagnose::rules::http::said::short;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::identity::TokenOutcome;

pub(super) const RULE: Rule = rule!(
    "identity-azure-cli",
    Identity,
    "The Azure CLI gives no token, or one that not every SDK takes",
    Code(check)
)
.short("az gives no token, or one that an SDK refuses");

/// One reading of what the CLI prints.
struct Reading {
    /// Parts of its words in lower case, any of them.
    words: &'static [&'static str],
    /// The clause after `no token: `; `{host}` is the host that it names.
    says: &'static str,
    means: &'static str,
    owner: &'static str,
    fix: Fix,
}

#[derive(Clone, Copy)]
enum Fix {
    Install,
    Update,
    LogIn,
    ResourceManager,
    Roots,
    Path,
    Wait,
}

/// Read from top to bottom: codes and names of errors, then the CLI's own fixed lines, then its
/// advice, which it prints after errors of many kinds.
const READINGS: &[Reading] = &[
    Reading {
        words: &["privatelinkaccessrestricted", "publicnetworkaccessrestricted"],
        says: "az is refused by Azure Resource Manager's private link",
        means: "az asks management.azure.com for subscriptions, which takes this tenant's callers \
                at its private endpoint alone (fact X29); the login host and the account are not \
                concerned, nor is a managed identity or an application's own token",
        owner: "Azure platform",
        fix: Fix::ResourceManager,
    },
    Reading {
        words: &[
            "certificate_verify_failed",
            "certificate verify failed",
            "self-signed certificate",
        ],
        says: "az does not trust the certificate of {host}",
        means: "az has roots of its own (certifi): a root of this machine's store is not among \
                them, and REQUESTS_CA_BUNDLE replaces them",
        owner: "Security",
        fix: Fix::Roots,
    },
    Reading {
        words: &[
            "name or service not known",
            "nameresolutionerror",
            "getaddrinfo failed",
            "failed to resolve",
            "max retries exceeded",
            "connecttimeout",
            "connection refused",
            "proxyerror",
            "failed to establish a new connection",
        ],
        says: "az does not reach {host}",
        means: "the program's own connection failed; it reads HTTPS_PROXY and NO_PROXY as Python's \
                requests does",
        owner: "Network",
        fix: Fix::Path,
    },
    Reading {
        words: &["found on path"],
        says: "az is not installed, or not on PATH",
        means: "the SDKs look for az on PATH as well",
        owner: "Application",
        fix: Fix::Install,
    },
    Reading {
        words: &["2.54.0"],
        says: "az is older than 2.54.0",
        means: "older ones say when a token ends in local time alone, which the SDK for Rust does \
                not take",
        owner: "Application",
        fix: Fix::Update,
    },
    Reading {
        words: &["did not end within", "timed out"],
        says: "az did not end within {timeout}",
        means: "it waits for something: a proxy, a host that does not answer, a login that asks; a \
                longer --timeout lets it end",
        owner: "Application",
        fix: Fix::Wait,
    },
    Reading {
        words: &["to setup account", "no subscription found", "az account set"],
        says: "az is not logged in",
        means: "az has no account on this machine, for this user: another user's login, root's for \
                instance, is another one (AZURE_CONFIG_DIR)",
        owner: "Application",
        fix: Fix::LogIn,
    },
    Reading {
        words: &["az login", "interactive authentication is needed", "re-authenticate"],
        says: "az asks for a new login",
        means: "it prints this advice after many kinds of errors; its words before it say more",
        owner: "Application",
        fix: Fix::LogIn,
    },
];

fn check(e: &View<'_>) -> Option<Because> {
    if let Some(refused) = sdk_refuses(e) {
        return Some(refused);
    }
    let no = no_token(e)?;
    let (TokenOutcome::NotAsked { says } | TokenOutcome::Unusable { says }) = &no.how.outcome
    else {
        return None;
    };
    let words = bare_words(says);
    if no.how.source != "azure-cli" || !numbers(&words).is_empty() {
        return None;
    }
    let lower = words.to_ascii_lowercase();
    let reading = READINGS.iter().find(|r| r.words.iter().any(|part| lower.contains(part)));
    let host = named_host(&words);
    let says = match reading {
        Some(reading) => reading
            .says
            .replace("{host}", host.unwrap_or("a host of Azure's"))
            .replace("{timeout}", &format!("{} ms", e.asked.timeout_ms)),
        None => format!("az: {words}"),
    };
    let because = no
        .because(Sure::Proved, says)
        .seen(format!("az says: {}", short(&words, 300)))
        .known_by("the program's own words, run as the Azure SDKs run it")
        .read_at("/identity/acquisition/outcome/says");
    let Some(reading) = reading else {
        return Some(
            because
                .owner("Application")
                .look("see what it says when it is run by hand", by_hand(&no.how.scope))
                .look("see the version", "az version")
                .look("see who is logged in", "az account show"),
        );
    };
    let because = because.known_by(reading.means).owner(reading.owner);
    Some(fix(e, reading.fix, because, no.how.tenant.as_deref(), host, &no.how.scope))
}

fn fix(
    e: &Evidence,
    fix: Fix,
    because: Because,
    tenant: Option<&str>,
    host: Option<&str>,
    scope: &str,
) -> Because {
    let to_host = match host {
        Some(host) => format!("https://{host}"),
        None => "<host>".to_owned(),
    };
    let to_host = reading::again_at(e, &to_host);
    let host = reading::word(host.unwrap_or("<host>"));
    match fix {
        Fix::Install => because
            .look("see where it is", "command -v az; echo $PATH")
            .act(Step::local("install it, or put it on the PATH of this user or service")),
        Fix::Update => because
            .look("see the version", "az version")
            .act(Step::local("bring it up to date").command("az upgrade")),
        Fix::LogIn => because
            .look("see the version", "az version")
            .look("see who is logged in", "az account show")
            .act(
                Step::local(
                    "log in, in the tenant of the account: it replaces the login of this user on \
                     this machine",
                )
                .command(format!(
                    "az login --tenant {}",
                    tenant.map_or("<tenant>".to_owned(), reading::word)
                )),
            ),
        Fix::ResourceManager => because
            .look(
                "see where management.azure.com leads from here",
                "getent ahosts management.azure.com",
            )
            .look(
                "as someone who may: see the association with the private link",
                "az private-link association list --management-group-id <root management group>",
            )
            .act(Step::local(
                "use another source than az here: --credential managed-identity, or an \
                 application's variables",
            ))
            .act(
                Step::shared(
                    "or give this network the zone privatelink.azure.com with the record of the \
                     private endpoint (Terraform: azurerm_private_endpoint with its zone group)",
                    "every client of the linked networks: all of management.azure.com goes to \
                     that endpoint",
                )
                .undo("az network private-dns link vnet delete -g <group> -z privatelink.azure.com -n <link>"),
            ),
        Fix::Roots => because
            .look(
                "see who issues the certificate",
                format!("openssl s_client -connect {host}:443 -servername {host} </dev/null"),
            )
            .look("see what az is given", "printenv REQUESTS_CA_BUNDLE CURL_CA_BUNDLE")
            .act(Step::local(
                "if an inspection is meant to be there: take its root from the security team with \
                 its fingerprint, never from the wire; write it to a file after certifi's own \
                 roots, and name that file in REQUESTS_CA_BUNDLE",
            )),
        Fix::Path => because
            .look("walk the way to that host alone", to_host)
            .look("see the proxy that az would take", "env | grep -i _proxy"),
        Fix::Wait => because
            .look("see what it waits for", format!("{} --debug", by_hand(scope))),
    }
}

/// The command that the SDKs run.
fn by_hand(scope: &str) -> String {
    format!("az account get-access-token --scope {} --query expiresOn", reading::word(scope))
}

/// The host in words of Python's requests: `HTTPSConnectionPool(host='...', port=443)`.
fn named_host(words: &str) -> Option<&str> {
    let (_, rest) = words.split_once("host='")?;
    let (host, _) = rest.split_once('\'')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    (!host.is_empty() && host.len() <= 80 && host.chars().all(plain)).then_some(host)
}

/// A token of the CLI that not every SDK takes.
fn sdk_refuses(e: &Evidence) -> Option<Because> {
    let how = e.identity.acquisition.as_ref()?;
    let words = bare_words(how.sdk_refuses.as_deref()?);
    let says = match words.contains("2.54.0") {
        true => "az is older than 2.54.0: the SDK for Rust refuses its answer",
        false => "the SDK for Rust refuses az's answer",
    };
    Some(
        Because::new(Level::Risk, Sure::Inferred, says)
            .seen(format!("the SDK for Rust says: {words}"))
            .known_by("the SDK for Python takes the token, and this walk went on with it")
            .known_by("whether the application's own SDK takes it depends on its language")
            .read_at("/identity/acquisition/sdk_refuses")
            .owner("Application")
            .look("see the version", "az version")
            .act(Step::local("bring it up to date").command("az upgrade"))
            .check(reading::again(e)),
    )
}

#[cfg(test)]
mod tests {
    use super::{READINGS, named_host};

    #[test]
    fn readings_compare_in_lower_case() {
        for reading in READINGS {
            for words in reading.words {
                assert_eq!(*words, words.to_ascii_lowercase());
            }
        }
    }

    #[test]
    fn a_host_is_read_from_the_words_of_requests() {
        let words = "HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries";
        assert_eq!(named_host(words), Some("login.microsoftonline.com"));
        assert_eq!(named_host("host='$(reboot)'"), None);
    }
}
