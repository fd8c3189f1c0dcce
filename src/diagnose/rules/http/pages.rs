//! Pages of servers in front that say what is wrong (fact H92): a row each.

use crate::diagnose::FindingBuilder;
use crate::diagnosis::Step;
use crate::evidence::Evidence;
use crate::evidence::http::HttpAnswer;

use super::refusals::text;

/// A page that says what is wrong.
#[derive(Debug)]
pub(super) struct Page {
    /// Texts of it in lower case, any of them.
    words: &'static [&'static str],
    /// The clause of a first line; `{name}` is the server in front.
    clause: &'static str,
    /// What it means.
    pub(super) means: &'static str,
    /// The team.
    owner: &'static str,
    /// What to look at or do; `{name}` is the server in front, `{host}` the target.
    steps: &'static [Do],
}

/// A step.
#[derive(Debug)]
enum Do {
    See(&'static str),
    Local(&'static str),
    /// What to do, what it affects, and how to undo it.
    Shared(&'static str, &'static str, &'static str),
}

const TOO_LARGE: &str = "the server in front takes smaller headers than the call has; the largest one is \
                         the credential: a token of a user in many groups or with many roles is long";

const PAGES: &[Page] = &[
    Page {
        words: &["no required ssl certificate was sent"],
        clause: "{name} takes calls with a client certificate only",
        means: "the server in front takes calls with a client certificate only, and none was sent: this \
                tool sends none",
        owner: "Application",
        steps: &[
            Do::See("ask the team that runs {name} for a client certificate for this application"),
            Do::Local("let the application's client send it with its calls to {host}"),
        ],
    },
    Page {
        words: &["the ssl certificate error"],
        clause: "{name} does not accept the client certificate",
        means: "the server in front takes calls with a client certificate only, and does not accept the \
                one that it got; this tool sends none: on its way, something else calls with one of \
                its own",
        owner: "Application",
        steps: &[
            Do::See("ask the team that runs {name} which client certificates it accepts"),
            Do::See("see what is in between, and which client certificate it sends"),
        ],
    },
    Page {
        words: &["request header or cookie too large"],
        clause: "{name} finds the headers of the call too large",
        means: TOO_LARGE,
        owner: "Network",
        steps: &[
            Do::See(
                "see how long the token is, and whether a key or an application's token is shorter",
            ),
            Do::Shared(
                "raise the limit for request headers in {name} (nginx: large_client_header_buffers)",
                "memory of each connection to that server",
                "set the former limit again",
            ),
        ],
    },
    Page {
        words: &["weren't able to find your azure front door"],
        clause: "Azure Front Door has no configuration for this host name",
        means: "Front Door has no configuration for this host name: its domain is not added to a \
                profile or associated with a route, or a change is not deployed yet",
        owner: "Network",
        steps: &[
            Do::See("wait if the profile was changed within the last hour"),
            Do::See(
                "see whether {host} is a custom domain of the profile, validated and associated \
                     with a route",
            ),
        ],
    },
    Page {
        words: &["this web app is stopped", "web app - unavailable"],
        clause: "the app that answers at this name is stopped",
        means: "the app that answers at this name is stopped (App Service); nothing blocks the call",
        owner: "Application",
        steps: &[
            Do::See("see why it was stopped: an operator, or a quota of its plan"),
            Do::Shared(
                "start the app again (portal, or az webapp start)",
                "the app runs and is billed as before",
                "stop it again",
            ),
        ],
    },
    Page {
        words: &[
            "this container app is stopped or does not exist",
            "azure container app - unavailable",
        ],
        clause: "no container app runs under this name",
        means: "no container app runs under this name: it is stopped or deleted, has no active revision, \
                or its environment does not let this network in; nothing on the path blocks the call",
        owner: "Application",
        steps: &[
            Do::See(
                "see its revisions, and whether its ingress is limited to its environment or to a \
                     virtual network",
            ),
            Do::Shared(
                "start the app, or activate a revision",
                "the app runs and is billed as before",
                "stop it or deactivate the revision again",
            ),
        ],
    },
];

/// The row of a page that says what is wrong.
pub(super) fn page(answer: &HttpAnswer) -> Option<&'static Page> {
    let text = text(answer)?.to_ascii_lowercase().replace("&#39;", "'").replace('\u{2019}', "'");
    PAGES.iter().find(|page| page.words.iter().any(|words| text.contains(words)))
}

/// The page in one clause.
pub(super) fn clause(page: &Page, name: &str) -> String {
    page.clause.replace("{name}", name)
}

/// What to do about it.
pub(super) fn fix(
    page: &Page,
    e: &Evidence,
    finding: FindingBuilder,
    name: &str,
) -> FindingBuilder {
    let fill = |text: &str| text.replace("{name}", name).replace("{host}", &e.target.host);
    page.steps.iter().fold(finding.owner(page.owner), |finding, step| {
        finding.step(match step {
            Do::See(text) => Step::inspect(fill(text)),
            Do::Local(text) => Step::local(fill(text)),
            Do::Shared(text, affects, undo) => Step::shared(fill(text), *affects).undo(*undo),
        })
    })
}
