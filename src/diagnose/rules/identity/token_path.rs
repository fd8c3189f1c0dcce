//! The path to the host that gives tokens is a walk of its own, judged by the same rules; here its
//! cause becomes that of the missing token.

use super::acquisition::{NoToken, host, level, no_token};
use crate::clouds::Cloud;
use crate::diagnose::rules::tcp::azure_routes;
use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::view::tokens::{self, walk_of};
use crate::diagnose::{FindingBuilder, ForTokens, Rule, View, reading, rule};
use crate::diagnosis::{Confidence, Finding, Level, Step};
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

fn login_host(e: &View<'_>) -> Option<FindingBuilder> {
    let path = unanswered(e)?;
    let name = host(&path.request.url);
    if let Some(cause) = e.token_paths.cause(path.index, Level::Broken) {
        let message = named(name, cause, "no token: ");
        let finding = path.no.with_level(level(e), cause.confidence, message);
        if tokens::means(cause) == ForTokens::NoSuchName {
            return Some(no_such_name(finding, cause, &path).check(again(&path)));
        }
        return Some(with(finding, cause, path.index).check(again(&path)));
    }
    let at = format!("/identity/acquisition/requests/{}", path.index);
    let finding = match (&path.request.outcome, path.walk.identity.withheld) {
        (Some(answer), _) => {
            let how = match answer.http {
                HttpOutcome::Silent => "does not answer the request",
                HttpOutcome::Reset => "resets the connection in place of an answer",
                HttpOutcome::Closed => "closes the connection without an answer",
                _ => "answers with something that is not HTTP",
            };
            path.no
                .finding(Confidence::Inferred, format!("{name} {how}"))
                .reasoning("names, connection and TLS work; the request itself is stopped")
                .reasoning(
                    "Entra ID answers within a second: something on the way reads the request",
                )
                .cites(format!("{at}/outcome"))
                .owner("Network")
                .inspect("see who answers there", session(name))
                .step(pass(format!("let {name}:443 through without inspection")))
        }
        (None, Some(Withheld::OnlySystemStoreAccepts)) => path
            .no
            .with_level(
                Level::Risk,
                Confidence::Proved,
                format!("only this machine's own store accepts {name}, nothing was sent"),
            )
            .reasoning("something on the way reads TLS; clients with their own roots refuse it")
            .cites(format!("{at}/path/identity/withheld"))
            .cites(format!("{at}/path/tls"))
            .decide_with(reading::again_with(e, "--trust system"))
            .owner("Network")
            .inspect("see who issues the certificate", session(name))
            .step(pass(format!("exempt {name} from inspection")))
            .step(
                Step::local(
                    "give each application the inspection's root, which the security team hands \
                 out with its fingerprint (never from the wire), after the public roots: \
                 SSL_CERT_FILE, REQUESTS_CA_BUNDLE",
                )
                .or(),
            ),
        (None, Some(Withheld::AddressNotConfirmed)) => path
            .no
            .with_level(
                Level::Risk,
                Confidence::Proved,
                format!("the system does not confirm the address of {name}"),
            )
            .reasoning("the secret goes only to an address that applications of this machine get")
            .cites(format!("{at}/path/identity/withheld"))
            .owner("DNS")
            .inspect("see what applications get", format!("getent ahosts {}", reading::word(name))),
        _ => path
            .no
            .finding(Confidence::Inferred, format!("the path to {name} ended before the request"))
            .reasoning("no rule names the cause; -v shows each of its hops")
            .cites(format!("{at}/path/tls"))
            .owner("Network")
            .inspect("check it alone", again(&path)),
    };
    Some(finding)
}

/// The cause with the name of its host, said once; where that is too long, with the finding's
/// title, which is as short as it is general.
fn named(name: &str, cause: &Finding, before: &str) -> String {
    let bare = cause.headline.strip_prefix(name).map(str::trim_start);
    let own = match bare {
        Some(rest) => format!("{name} {rest}"),
        None if cause.headline.contains(name) => cause.headline.clone(),
        None => format!("{name}: {}", cause.headline),
    };
    let fits = |text: &String| before.len() + text.len() <= 100;
    let title = rule(&cause.id).map(|rule| format!("{name}: {}", begun_small(rule.title)));
    [Some(own.clone()), title].into_iter().flatten().find(fits).unwrap_or(own)
}

/// A title in the middle of a line: its first word begins small, unless it is an abbreviation.
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
fn no_such_name(mut finding: FindingBuilder, cause: &Finding, path: &Path<'_>) -> FindingBuilder {
    let name = host(&path.request.url);
    for fact in &cause.facts {
        finding = finding.fact(fact);
    }
    finding = finding.cites(format!("/identity/acquisition/requests/{}/path/dns", path.index));
    if Cloud::of_login_host(name).is_some() {
        finding
            .reasoning(format!("{name} exists: it is the login host of a cloud of Azure"))
            .reasoning("so this resolver does not ask for public names, or answers in their place")
            .owner("DNS")
            .inspect("see what another resolver says", format!("dig +short {name} @<resolver>"))
            .step(
                Step::shared(
                    "let the resolver forward public names, and no filter or zone answer for \
                     this one",
                    "every client of that resolver",
                )
                .undo("put the forwarder, filter or zone back as it was"),
            )
    } else {
        finding
            .reasoning("the name comes from AZURE_AUTHORITY_HOST, or from the platform's variables")
            .owner("Application")
            .inspect("see what it holds", "printenv AZURE_AUTHORITY_HOST")
            .step(Step::local("correct it, or unset it: the target's cloud then chooses"))
    }
}

/// Lets a login host through what filters or inspects.
fn pass(message: String) -> Step {
    Step::shared(message, "every client behind that firewall or proxy, for this one host")
        .undo("remove the rule or exemption again")
}

/// The walk to that host alone.
fn again(path: &Path<'_>) -> String {
    reading::again_at(path.walk, &format!("https://{}", host(&path.request.url)))
}

/// What a nested cause knows, taken over: facts, proof, fix, and where it was read.
fn with(mut finding: FindingBuilder, cause: &Finding, index: usize) -> FindingBuilder {
    let how = if cause.level == Level::Broken { "breaks" } else { "needs care" };
    finding = finding.reasoning(format!(
        "the path to the token's host {how} at {} ({})",
        cause.hop.name(),
        cause.id
    ));
    for fact in &cause.facts {
        finding = finding.fact(fact);
    }
    for sentence in &cause.reasoning {
        finding = finding.reasoning(sentence);
    }
    for what in &cause.ruled_out {
        finding = finding.ruled_out(what);
    }
    for command in &cause.decide_with {
        finding = finding.decide_with(command);
    }
    for pointer in &cause.cites {
        let below = pointer.strip_prefix("/evidence").unwrap_or(pointer);
        finding = finding.cites(format!("/identity/acquisition/requests/{index}/path{below}"));
    }
    if let Some(fix) = &cause.fix {
        finding = finding.owner(fix.owner.clone());
        for step in &fix.steps {
            finding = finding.step(step.clone());
        }
    }
    finding
}

/// Why an Azure network has no way out to the login host, and what shows it.
fn by_subnet(finding: FindingBuilder, e: &Evidence, to: &TcpHop) -> FindingBuilder {
    let finding = finding.reasoning(
        "this network has no way out to it: no NAT gateway or other explicit outbound access, or \
         a firewall, NSG or route that does not let it through",
    );
    match to.attempts.first() {
        Some(attempt) => azure_routes::rules(finding, e, attempt.connected_to().ip()),
        None => finding,
    }
}

/// The target answers on a private address while nothing answers at the login host's public
/// ones (fact T25, believed: never proved).
fn no_way_out(e: &View<'_>) -> Option<FindingBuilder> {
    let path = unanswered(e)?;
    let target = e.tcp.value()?.selected.filter(|address| tunnel::is_private(e, *address))?;
    let cause = e.token_paths.cause(path.index, Level::Broken)?;
    let tcp = path.walk.tcp.value()?;
    let public = tcp.attempts.iter().all(|a| tunnel::is_public(path.walk, a.address.ip()));
    if tokens::means(cause) != ForTokens::NoAnswer || !public || reading::proxied(path.walk) {
        return None;
    }
    let name = host(&path.request.url);
    let mut finding = path
        .no
        .finding(Confidence::Inferred, format!("no way leads out to {name}; the target is private"))
        .fact(format!("{} is reached at {target}, a private address", e.target.host))
        .fact(format!("{name}: {}", cause.headline));
    for fact in &cause.facts {
        finding = finding.fact(fact);
    }
    let index = path.index;
    finding = finding
        .reasoning("the login host is public: no private endpoint leads there")
        .ruled_out("the path to the target, which needs no way out")
        .cites("/tcp/value/selected")
        .cites(format!("/identity/acquisition/requests/{index}/path/tcp"))
        .owner("Network");
    finding = match e.vantage.azure.answer {
        Some(false) => finding
            .reasoning("a firewall of this site lets nothing out to it, or the way out is a proxy")
            .step(pass(format!("let {name}:443 through, for this machine and those like it")))
            .step(
                Step::local(
                    "give applications the proxy: HTTPS_PROXY, with the account appended to \
                 NO_PROXY; it holds for that shell, and a service needs it in its unit",
                )
                .or(),
            ),
        _ => by_subnet(finding, e, tcp)
            .step(
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
            .step(
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
    Some(finding.check(again(&path)))
}

fn at_risk(e: &View<'_>) -> Option<FindingBuilder> {
    path_at_risk(e).or_else(|| slow(e))
}

fn path_at_risk(e: &View<'_>) -> Option<FindingBuilder> {
    let how = e.identity.acquisition.as_ref().filter(|h| h.outcome == TokenOutcome::Acquired)?;
    let (index, found) = e.token_paths.care()?;
    let (request, found) = (how.requests.get(index)?, found.clone());
    let name = host(&request.url);
    let message = named(name, &found, "");
    let finding = FindingBuilder::new(Level::Risk, found.confidence, message)
        .fact(format!("the token came after {:.0} ms ({} asked)", how.took_ms, request.method));
    let dead = tokens::means(&found) == ForTokens::DeadAddress;
    let found = match dead {
        // Whose records they are is known: they are right.
        true if Cloud::of_login_host(name).is_some() => Finding { fix: None, ..found },
        _ => found,
    };
    let mut finding = with(finding, &found, index);
    if found.fix.is_none() {
        finding = finding.owner("Network");
    }
    if dead {
        let tcp = walk_of(request).and_then(|walk| walk.tcp.value());
        let dead = tcp
            .iter()
            .flat_map(|tcp| &tcp.attempts)
            .find(|a| a.address.is_ipv6() && a.outcome != TcpOutcome::Connected);
        if let Some(dead) = dead {
            let address = dead.address.ip();
            finding = finding
                .reasoning("IPv6 is broken on the way there: IPv4 of the same host answers")
                .inspect(
                    "see the way that this machine takes",
                    format!("ip -6 route get {address}"),
                )
                .step(Step::local(
                    "let getaddrinfo list IPv4 first: precedence of ::ffff:0:0/96 in gai.conf \
                     (keep a copy); it holds for every program of this machine",
                ))
                .step(
                    Step::shared(
                        "let TCP 443 over IPv6 through, as over IPv4",
                        "every machine behind that firewall or router",
                    )
                    .or()
                    .undo("remove the rule or route again"),
                )
                .step(
                    Step::shared(
                        "take the IPv6 address or default route from machines without such a \
                         way",
                        "every program of those machines that reaches something over IPv6",
                    )
                    .or()
                    .undo("give them the address or route back"),
                );
        }
    }
    Some(finding.check(match walk_of(request) {
        Some(walk) => reading::again_at(walk, &format!("https://{name}")),
        None => reading::again(e),
    }))
}

/// The path is healthy, and who gives the token takes its time.
fn slow(e: &Evidence) -> Option<FindingBuilder> {
    let how = e.identity.acquisition.as_ref().filter(|h| h.outcome == TokenOutcome::Acquired)?;
    let (index, request, took) = how.requests.iter().enumerate().find_map(|(index, request)| {
        // The time of the request beyond its round trips; a metadata service is near.
        let (took, trips) = match walk_of(request) {
            Some(walk) => (walk.http.took_ms()?, 2.0 * timing::round_trip_ms(walk)?),
            None => (request.took_ms, 0.0),
        };
        (took - trips >= LONG_MS).then_some((index, request, took))
    })?;
    let name = host(&request.url);
    let took = timing::words(took);
    Some(
        FindingBuilder::new(
            Level::Risk,
            Confidence::Inferred,
            format!("{name} gives a token after {took}"),
        )
        .fact(format!("the token came after {} in all", timing::words(how.took_ms)))
        .reasoning(
            "the connection stood by then: the time passed in who gives the token, or in what \
                 stands before it; an application waits as long for its first call",
        )
        .cites(format!("/identity/acquisition/requests/{index}"))
        .owner("Identity")
        .step(Step::inspect("look at gateways and inspection between here and that host"))
        .check(reading::again(e)),
    )
}
