//! The way to the host that gives tokens is a walk of its own, judged by the same rules; here its
//! cause becomes that of the missing token.

use super::acquisition::{NoToken, host, level, no_token};
use super::configuration::AUTHORITIES;
use crate::diagnose::rules::tcp::effective;
use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::view::tokens::{self, walk_of};
use crate::diagnose::{Because, ForTokens, Rule, View, reading, rule};
use crate::diagnosis::{Finding, Level, Step, Sure};
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{TokenOutcome, TokenRequest, Withheld};
use crate::evidence::tcp::{TcpHop, TcpOutcome};
use crate::evidence::{Evidence, tunnel};

pub(super) const NO_WAY_OUT: Rule = rule!(
    "identity-no-way-out",
    Identity,
    "The target is reached privately, and no way leads out to the login host",
    Code(no_way_out)
)
.explains(&["identity-login-host"])
.short("the login host cannot be reached from here");

pub(super) const LOGIN_HOST: Rule = rule!(
    "identity-login-host",
    Identity,
    "The path to the host that gives the token is broken",
    Code(login_host)
)
.short("the path to the login host fails");

pub(super) const AT_RISK: Rule = rule!(
    "identity-login-at-risk",
    Identity,
    "The token comes, and the path to the host that gives it needs care",
    Code(at_risk)
)
.short("the login host's path is at risk");

/// A request whose path did not bring an answer.
struct Path<'e> {
    no: NoToken<'e>,
    index: usize,
    request: &'e TokenRequest,
    walk: &'e Evidence,
}

fn unanswered(e: &Evidence) -> Option<Path<'_>> {
    let no = no_token(e)?;
    let (index, request) = no.last?;
    let walk = walk_of(request)?;
    let answered = request
        .outcome
        .as_ref()
        .is_some_and(|answer| matches!(answer.http, HttpOutcome::Answered { .. }));
    (!answered && no.how.outcome == TokenOutcome::NotAnswered).then_some(Path {
        no,
        index,
        request,
        walk,
    })
}

fn login_host(e: &View<'_>) -> Option<Because> {
    let path = unanswered(e)?;
    let name = host(&path.request.url);
    if let Some(cause) = e.token_paths.cause(path.index, Level::Broken) {
        let says = named(name, cause, "no token: ");
        let because = path.no.weighing(level(e), cause.sure, says);
        if tokens::means(cause) == ForTokens::NoSuchName {
            return Some(no_such_name(because, cause, &path).check(again(&path)));
        }
        return Some(with(because, cause, path.index).check(again(&path)));
    }
    let at = format!("/identity/acquisition/requests/{}", path.index);
    let because = match (&path.request.outcome, path.walk.identity.withheld) {
        (Some(answer), _) => {
            let how = match answer.http {
                HttpOutcome::Silent => "does not answer the request",
                HttpOutcome::Reset => "resets the connection in place of an answer",
                HttpOutcome::Closed => "closes the connection without an answer",
                _ => "answers with something that is no HTTP",
            };
            path.no
                .because(Sure::Inferred, format!("{name} {how}"))
                .known_by("names, connection and TLS stand; the request itself is stopped")
                .known_by(
                    "Entra ID answers within a second: something on the way reads the request",
                )
                .read_at(format!("{at}/outcome"))
                .owner("Network")
                .look("see who answers there", session(name))
                .act(pass(format!("let {name}:443 through without inspection")))
        }
        (None, Some(Withheld::OnlySystemStoreAccepts)) => path
            .no
            .weighing(
                Level::Risk,
                Sure::Proved,
                format!("only this machine's own store accepts {name}, nothing was sent"),
            )
            .known_by("something on the way reads TLS; clients with their own roots refuse it")
            .read_at(format!("{at}/path/identity/withheld"))
            .read_at(format!("{at}/path/tls"))
            .tells_it(reading::again_with(e, "--trust system"))
            .owner("Network")
            .look("see who issues the certificate", session(name))
            .act(pass(format!("exempt {name} from inspection")))
            .act(Step::local(
                "or give each application the inspection's root, which the security team hands \
                 out with its fingerprint (never from the wire), after the public roots: \
                 SSL_CERT_FILE, REQUESTS_CA_BUNDLE",
            )),
        (None, Some(Withheld::AddressNotConfirmed)) => path
            .no
            .weighing(
                Level::Risk,
                Sure::Proved,
                format!("the system does not confirm the address of {name}"),
            )
            .known_by("the secret goes only to an address that applications of this machine get")
            .read_at(format!("{at}/path/identity/withheld"))
            .owner("DNS")
            .look("see what applications get", format!("getent ahosts {}", reading::word(name))),
        _ => path
            .no
            .because(Sure::Inferred, format!("the path to {name} ended before the request"))
            .known_by("no rule names the cause; -v shows each of its hops")
            .read_at(format!("{at}/path/tls"))
            .owner("Network")
            .look("walk it alone", again(&path)),
    };
    Some(because)
}

/// The cause with the name of its host, said once; where that is too long, with the finding's
/// title, which is as short as it is general.
fn named(name: &str, cause: &Finding, before: &str) -> String {
    let bare = cause.says.strip_prefix(name).map(str::trim_start);
    let own = match bare {
        Some(rest) => format!("{name} {rest}"),
        None if cause.says.contains(name) => cause.says.clone(),
        None => format!("{name}: {}", cause.says),
    };
    let fits = |text: &String| before.len() + text.len() <= 100;
    let title = rule(&cause.id).map(|rule| format!("{name}: {}", begun_small(rule.title)));
    [Some(own.clone()), title].into_iter().flatten().find(fits).unwrap_or(own)
}

/// A title in the middle of a line: its first word begins small, if it is no abbreviation.
fn begun_small(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => title.to_owned(),
    }
}

fn session(name: &str) -> String {
    let name = reading::word(name);
    format!("openssl s_client -connect {name}:443 -servername {name} </dev/null")
}

/// The name of the host does not exist for this resolver: it is no account, so what the rule says
/// of accounts is left out.
fn no_such_name(mut because: Because, cause: &Finding, path: &Path<'_>) -> Because {
    let name = host(&path.request.url);
    for fact in &cause.seen {
        because = because.seen(fact);
    }
    because = because.read_at(format!("/identity/acquisition/requests/{}/path/dns", path.index));
    if AUTHORITIES.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
        because
            .known_by(format!("{name} exists: it is the login host of a cloud of Azure"))
            .known_by("so this resolver does not ask for public names, or answers in their place")
            .owner("DNS")
            .look("see what another resolver says", format!("dig +short {name} @<resolver>"))
            .act(
                Step::shared(
                    "let the resolver forward public names, and no filter or zone answer for \
                     this one",
                    "every client of that resolver",
                )
                .undo("put the forwarder, filter or zone back as it was"),
            )
    } else {
        because
            .known_by("the name comes from AZURE_AUTHORITY_HOST, or from the platform's variables")
            .owner("Application")
            .look("see what it holds", "printenv AZURE_AUTHORITY_HOST")
            .act(Step::local("correct it, or unset it: the target's cloud then chooses"))
    }
}

/// Lets a login host through what filters or inspects.
fn pass(says: String) -> Step {
    Step::shared(says, "every client behind that firewall or proxy, for this one host")
        .undo("remove the rule or exemption again")
}

/// The walk to that host alone.
fn again(path: &Path<'_>) -> String {
    reading::again_at(path.walk, &format!("https://{}", host(&path.request.url)))
}

/// What a nested cause knows, taken over: facts, proof, fix, and where it was read.
fn with(mut because: Because, cause: &Finding, index: usize) -> Because {
    let how = if cause.level == Level::Broken { "breaks" } else { "needs care" };
    because = because.known_by(format!(
        "the walk to the token's host {how} at {} ({})",
        cause.hop.name(),
        cause.id
    ));
    for fact in &cause.seen {
        because = because.seen(fact);
    }
    for sentence in &cause.known_by {
        because = because.known_by(sentence);
    }
    for what in &cause.ruled_out {
        because = because.ruled_out(what);
    }
    for command in &cause.tells_it {
        because = because.tells_it(command);
    }
    for pointer in &cause.read_at {
        let below = pointer.strip_prefix("/evidence").unwrap_or(pointer);
        because = because.read_at(format!("/identity/acquisition/requests/{index}/path{below}"));
    }
    if let Some(fix) = &cause.fix {
        because = because.owner(fix.owner.clone());
        for step in &fix.steps {
            because = because.act(step.clone());
        }
    }
    because
}

/// Why an Azure network has no way out to the login host, and what shows it.
fn by_subnet(because: Because, e: &Evidence, to: &TcpHop) -> Because {
    let because = because.known_by(
        "this network has no way out to it: no NAT gateway or other explicit outbound access, or \
         a firewall, NSG or route that does not let it through",
    );
    match to.attempts.first() {
        Some(attempt) => effective::rules(because, e, attempt.connected_to().ip()),
        None => because,
    }
}

/// The target answers on a private address while nothing answers at the login host's public
/// ones (fact T25, believed: never proved).
fn no_way_out(e: &View<'_>) -> Option<Because> {
    let path = unanswered(e)?;
    let target = e.tcp.saw()?.walked.filter(|address| tunnel::is_private(e, *address))?;
    let cause = e.token_paths.cause(path.index, Level::Broken)?;
    let tcp = path.walk.tcp.saw()?;
    let public = tcp.attempts.iter().all(|a| tunnel::is_public(path.walk, a.address.ip()));
    if tokens::means(cause) != ForTokens::NoAnswer || !public || reading::proxied(path.walk) {
        return None;
    }
    let name = host(&path.request.url);
    let mut because = path
        .no
        .because(Sure::Inferred, format!("no way leads out to {name}; the target is private"))
        .seen(format!("{} is reached at {target}, a private address", e.target.host))
        .seen(format!("{name}: {}", cause.says));
    for fact in &cause.seen {
        because = because.seen(fact);
    }
    let index = path.index;
    because = because
        .known_by("the login host is public: no private endpoint leads there")
        .ruled_out("the path to the target, which needs no way out")
        .read_at("/tcp/saw/walked")
        .read_at(format!("/identity/acquisition/requests/{index}/path/tcp"))
        .owner("Network");
    because = match e.vantage.azure.answer {
        Some(false) => because
            .known_by("a firewall of this site lets nothing out to it, or the way out is a proxy")
            .act(pass(format!("let {name}:443 through, for this machine and those like it")))
            .act(Step::local(
                "or give applications the proxy: HTTPS_PROXY, with the account appended to \
                 NO_PROXY; it holds for that shell, and a service needs it in its unit",
            )),
        _ => by_subnet(because, e, tcp)
            .act(
                Step::shared(
                    "let the service tag AzureActiveDirectory out (a firewall has the same tag; \
                     Terraform: azurerm_network_security_rule)",
                    "every machine of the subnets that the NSG is for can reach Entra ID",
                )
                .undo("az network nsg rule delete -g <group> --nsg-name <nsg> -n allow-entra")
                .command(
                    "az network nsg rule create -g <group> --nsg-name <nsg> -n allow-entra \
                 --priority <n> --direction Outbound --access Allow --protocol Tcp \
                 --destination-port-ranges 443 --destination-address-prefixes \
                 AzureActiveDirectory",
                ),
            )
            .act(
                Step::shared(
                    "give the subnet a way out, where it has none (Terraform: \
                     azurerm_subnet_nat_gateway_association)",
                    "the whole subnet: its egress address changes, which allow lists and \
                     policies elsewhere may name",
                )
                .command(
                    "az network vnet subnet update -g <group> --vnet-name <vnet> -n <subnet> \
                     --nat-gateway <nat gateway>",
                )
                .undo(
                    "az network vnet subnet update -g <group> --vnet-name <vnet> -n <subnet> \
                     --remove natGateway",
                ),
            ),
    };
    Some(because.check(again(&path)))
}

fn at_risk(e: &View<'_>) -> Option<Because> {
    path_at_risk(e).or_else(|| slow(e))
}

fn path_at_risk(e: &View<'_>) -> Option<Because> {
    let how = e.identity.acquisition.as_ref().filter(|h| h.outcome == TokenOutcome::Acquired)?;
    let (index, found) = e.token_paths.care()?;
    let (request, found) = (how.requests.get(index)?, found.clone());
    let name = host(&request.url);
    let says = named(name, &found, "");
    let because = Because::new(Level::Risk, found.sure, says)
        .seen(format!("the token came after {:.0} ms ({} asked)", how.took_ms, request.method));
    let dead = tokens::means(&found) == ForTokens::DeadAddress;
    let found = match dead {
        // Whose records they are is known: they are right.
        true if AUTHORITIES.iter().any(|(known, _)| *known == name) => {
            Finding { fix: None, ..found }
        }
        _ => found,
    };
    let mut because = with(because, &found, index);
    if found.fix.is_none() {
        because = because.owner("Network");
    }
    if dead {
        let tcp = walk_of(request).and_then(|walk| walk.tcp.saw());
        let dead = tcp
            .iter()
            .flat_map(|tcp| &tcp.attempts)
            .find(|a| a.address.is_ipv6() && a.outcome != TcpOutcome::Connected);
        if let Some(dead) = dead {
            let address = dead.address.ip();
            because = because
                .known_by("IPv6 is broken on the way there: IPv4 of the same host answers")
                .look("see the way that this machine takes", format!("ip -6 route get {address}"))
                .act(Step::local(
                    "let getaddrinfo list IPv4 first: precedence of ::ffff:0:0/96 in gai.conf \
                     (keep a copy); it holds for every program of this machine",
                ))
                .act(
                    Step::shared(
                        "or let TCP 443 over IPv6 through, as over IPv4",
                        "every machine behind that firewall or router",
                    )
                    .undo("remove the rule or route again"),
                )
                .act(
                    Step::shared(
                        "or take the IPv6 address or default route from machines without such a \
                         way",
                        "every program of those machines that reaches something over IPv6",
                    )
                    .undo("give them the address or route back"),
                );
        }
    }
    Some(because.check(match walk_of(request) {
        Some(walk) => reading::again_at(walk, &format!("https://{name}")),
        None => reading::again(e),
    }))
}

/// The path is healthy, and who gives the token takes its time.
fn slow(e: &Evidence) -> Option<Because> {
    let how = e.identity.acquisition.as_ref().filter(|h| h.outcome == TokenOutcome::Acquired)?;
    let (index, request, took) = how.requests.iter().enumerate().find_map(|(index, request)| {
        // What the request took beside its round trips; a metadata service is next door.
        let (took, trips) = match walk_of(request) {
            Some(walk) => (walk.http.took_ms()?, 2.0 * timing::round_trip_ms(walk)?),
            None => (request.took_ms, 0.0),
        };
        (took - trips >= LONG_MS).then_some((index, request, took))
    })?;
    let name = host(&request.url);
    let took = timing::words(took);
    Some(
        Because::new(Level::Risk, Sure::Inferred, format!("{name} gives a token after {took}"))
            .seen(format!("the token came after {} in all", timing::words(how.took_ms)))
            .known_by(
                "the connection stood by then: the time passed in who gives the token, or in what \
                 stands before it; an application waits as long for its first call",
            )
            .read_at(format!("/identity/acquisition/requests/{index}"))
            .owner("Identity")
            .act(Step::look("look at gateways and inspection between here and that host"))
            .check(reading::again(e)),
    )
}
