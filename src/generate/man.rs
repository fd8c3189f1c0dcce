//! Man pages: one of the program and one of each command, with what clap does not know about them.

use std::fmt::Write as _;

use super::GenerateError;

/// What a man page adds to a command's options.
struct Page {
    /// The command; empty for the program itself.
    command: &'static str,
    files: &'static [(&'static str, &'static str)],
    environment: &'static [(&'static str, &'static str)],
    examples: &'static [(&'static str, &'static str)],
}

const RESOLVER: (&str, &str) = (
    "/etc/resolv.conf, /etc/hosts, /etc/nsswitch.conf",
    "how this machine resolves names; read \
                                                          only",
);
const INVENTORY: (&str, &str) =
    (crate::inventory::PACKAGED, "the inventory that the package's services read");
const HISTORY: (&str, &str) = (
    "/var/lib/aoai-probe/history.db",
    "the history of the package's watch: systemd's state directory",
);
const ENDPOINT: (&str, &str) = ("AZURE_OPENAI_ENDPOINT", "the target, where none is given");
const KEY: (&str, &str) = ("AZURE_OPENAI_API_KEY", "an API key");
const TOKEN: (&str, &str) = ("AZURE_OPENAI_AD_TOKEN", "an Entra token");
const ENTRA: (&str, &str) = (
    "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, \
     AZURE_FEDERATED_TOKEN_FILE, AZURE_AUTHORITY_HOST",
    "how to get a token from Entra ID, as the Azure SDKs read them",
);
const DEPLOYMENT: (&str, &str) =
    ("AZURE_OPENAI_DEPLOYMENT, OPENAI_API_VERSION", "as --deployment and --api-version");
const PROXY: (&str, &str) =
    ("HTTPS_PROXY, ALL_PROXY, NO_PROXY", "the proxy, as SDKs read them; lower case too");
const ROOTS: (&str, &str) = ("SSL_CERT_FILE", "the machine's own store, for --trust system");
const COLOUR: (&str, &str) = ("NO_COLOR, CLICOLOR_FORCE", "disable or force colour");
const STATE: (&str, &str) = ("STATE_DIRECTORY", "the folder of history.db, set by systemd");

const WALK: &[(&str, &str)] = &[ENDPOINT, KEY, TOKEN, ENTRA, DEPLOYMENT, PROXY, ROOTS, COLOUR];

const PAGES: &[Page] = &[
    Page {
        command: "",
        files: &[RESOLVER, INVENTORY, HISTORY],
        environment: WALK,
        examples: &[
            ("aoai-probe myacct", "check the path to https://myacct.openai.azure.com"),
            (
                "aoai-probe myacct --expect private --deployment gpt-4o",
                "check it against what you \
                                                                        expect",
            ),
            ("aoai-probe --plan myacct", "only list what would be contacted"),
            ("aoai-probe check --config targets.toml", "check an inventory once"),
        ],
    },
    Page {
        command: "check",
        files: &[RESOLVER, INVENTORY],
        environment: WALK,
        examples: &[
            ("aoai-probe check myacct -v", "check one target and show all evidence"),
            ("aoai-probe check --config targets.toml", "check an inventory, grouped by cause"),
            (
                "aoai-probe check --config targets.toml prod --deep --timeout 10",
                "check one of its targets, with other options for this run",
            ),
        ],
    },
    Page {
        command: "watch",
        files: &[RESOLVER, INVENTORY, HISTORY],
        environment: &[KEY, TOKEN, ENTRA, PROXY, STATE],
        examples: &[(
            "aoai-probe watch --config targets.toml --history history.db",
            "check repeatedly, report changes, keep a history",
        )],
    },
    Page {
        command: "serve",
        files: &[RESOLVER, INVENTORY],
        environment: &[KEY, TOKEN, ENTRA, PROXY],
        examples: &[(
            "aoai-probe serve --config targets.toml",
            "answer Prometheus at http://127.0.0.1:9715/probe?target=NAME",
        )],
    },
    Page {
        command: "history",
        files: &[HISTORY],
        environment: &[STATE],
        examples: &[
            ("aoai-probe history --since 24h", "the incidents of a day"),
            ("aoai-probe history --history history.db prod", "those of one target"),
            ("aoai-probe history --walk 17 | aoai-probe diagnose -", "judge a stored check again"),
        ],
    },
    Page {
        command: "explain",
        files: &[],
        environment: &[],
        examples: &[
            ("aoai-probe explain", "every finding"),
            ("aoai-probe explain tls", "those of one hop"),
            ("aoai-probe explain dns-zone-not-linked", "the page of one"),
            (
                "aoai-probe explain --answer error.txt --format json",
                "a printed error, for programs",
            ),
        ],
    },
    Page {
        command: "diagnose",
        files: &[],
        environment: &[COLOUR],
        examples: &[
            ("aoai-probe myacct --format json > report.json", "save a report"),
            ("aoai-probe diagnose report.json", "judge it again, anywhere"),
        ],
    },
    Page {
        command: "compare",
        files: &[],
        environment: &[COLOUR],
        examples: &[
            ("aoai-probe compare good.json bad.json", "where two reports part, and why"),
            (
                "aoai-probe myacct --format json | aoai-probe compare yesterday.json -",
                "what changed since yesterday",
            ),
        ],
    },
    Page {
        command: "generate",
        files: &[],
        environment: &[],
        examples: &[
            ("aoai-probe generate man check > aoai-probe-check.1", "the page of a command"),
            ("aoai-probe generate completions bash", "completions"),
            (
                "aoai-probe generate target-names --config targets.toml",
                "the names that check --config takes",
            ),
        ],
    },
];

/// What exit statuses mean.
const STATUS: &[(&str, &str)] = &[
    ("0", "works"),
    ("1", "at risk: it works, but something needs attention"),
    ("2", "a hop is broken; with --exit-style hop its number, 10 (dns) to 60 (http)"),
    ("3", "cannot tell"),
    ("64", "wrong use"),
    ("70", "a bug of this program, or no memory"),
    ("130, 143", "ended by SIGINT or SIGTERM; what was known by then is written"),
];

/// The man page of `command`, whose name for [`PAGES`] is `name`, in roff.
///
/// # Errors
///
/// [`GenerateError::Man`] and [`GenerateError::NotUtf8`].
pub fn page(command: clap::Command, name: &str) -> Result<String, GenerateError> {
    let mut text = super::man(command)?;
    let Some(page) = PAGES.iter().find(|page| page.command == name) else { return Ok(text) };
    let walks = !page.environment.is_empty();
    section(&mut text, "EXIT STATUS", if walks { STATUS } else { &[] });
    section(&mut text, "ENVIRONMENT", page.environment);
    section(&mut text, "FILES", page.files);
    section(&mut text, "EXAMPLES", page.examples);
    Ok(text)
}

fn section(text: &mut String, title: &str, rows: &[(&str, &str)]) {
    if rows.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, ".SH {}", title);
    for (word, message) in rows {
        let _ = writeln!(text, ".TP\n\\fB{}\\fR\n{}", roff(word), roff(message));
    }
}

/// A line of roff: a hyphen stays one when it is copied, and no line begins with a request.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}
