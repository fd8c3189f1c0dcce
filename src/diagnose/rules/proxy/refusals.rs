//! What a proxy answers to CONNECT instead of opening a tunnel: a row each (facts W14, W15).

use crate::diagnose::engines::proxy_refusal::{Refusal, Row, Why};
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Step};

use super::no_proxy;

/// The proxy requires a login: 407 (RFC 9110, section 15.5.8).
pub(super) const LOGIN: Rule = rule!(
    "proxy-auth-required",
    Proxy,
    "The proxy requires a login (407)",
    ProxyRefusal(&Row {
        why: Why::Login,
        confidence: |_| Confidence::Proved,
        message: |refusal, _| {
            let message = match refusal.hop.has_password {
                true => "refuses the configured login",
                false => "requires a login",
            };
            headline::fitting(&[
                format!("the proxy {} {message} (407: {})", refusal.hop.url, schemes(refusal)),
                format!("the proxy {message} (407)"),
            ])
        },
        facts: |finding, refusal, e| {
            let finding = finding.reasoning(format!(
                "the proxy's answer: 407, Proxy-Authenticate: {}",
                schemes(refusal)
            ));
            login(finding, refusal, no_proxy::would_help(e))
        },
    })
);

/// The schemes that the proxy offers.
fn schemes(refusal: &Refusal<'_>) -> String {
    match offered(refusal).as_slice() {
        [] => "no scheme named".to_owned(),
        some => some.join(", "),
    }
}

fn offered<'a>(refusal: &'a Refusal<'_>) -> Vec<&'a str> {
    let all = refusal.all("proxy-authenticate");
    all.into_iter().filter_map(|value| value.split_whitespace().next()).collect()
}

/// How to log in, or avoid the login.
fn login(finding: FindingBuilder, refusal: &Refusal<'_>, needless: bool) -> FindingBuilder {
    let schemes = offered(refusal);
    let basic = schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    if !schemes.is_empty() && !basic {
        finding.step(Step::local(format!(
            "the proxy offers {}, not Basic, and most SDKs only support Basic: exempt the \
             service, or use a local proxy that does the login",
            schemes.join(", ")
        )))
    } else if refusal.hop.has_password {
        finding.step(Step::inspect(
            "check that the proxy's user and password are right and the user \
                                is not locked",
        ))
    } else if needless {
        finding.step(
            Step::local("add the user and password to the proxy's URL, if policy requires it").or(),
        )
    } else {
        finding.step(Step::local("add the user and password to the proxy's URL")).step(
            Step::shared(
                "allow this machine, by its one address, without a login",
                "every client with this machine's address passes the proxy without identification",
            )
            .or()
            .undo("remove the exception again"),
        )
    }
}

/// The proxy's rules, a block page, or a server that is not a forward proxy.
pub(super) const DENIED: Rule = rule!(
    "proxy-denied",
    Proxy,
    "The proxy refuses to open the tunnel",
    ProxyRefusal(&Row {
        why: Why::Denied,
        confidence: |refusal| match Denial::of(refusal) {
            Denial::Login
            | Denial::Limit
            | Denial::Unexplained
            | Denial::PerhapsNoProxy
            | Denial::ForSome => Confidence::Inferred,
            _ => Confidence::Proved,
        },
        message: |refusal, _| {
            let (url, status) = (&refusal.hop.url, refusal.status);
            let message = match Denial::of(refusal) {
                Denial::Login => "asks for the login of a web server",
                Denial::Limit => "opens no more tunnels now",
                Denial::Unexplained | Denial::PerhapsNoProxy => "opens no tunnel",
                Denial::ForSome => "opens a tunnel for some clients only",
                Denial::NoProxy => "does not support CONNECT",
                Denial::Page => "sends a login page instead of a tunnel",
                Denial::Forbidden => "denies the tunnel",
            };
            let status = refusal
                .informational
                .map_or_else(|| status.to_string(), |first| format!("{first} before {status}"));
            super::clause(url, format!("{message} ({status})"))
        },
        facts: |finding, refusal, e| { denial(finding, refusal, &e.target.host, e.target.port) },
    })
);

/// Why the tunnel is denied.
#[derive(Clone, Copy)]
enum Denial {
    /// A web server answers, which has no such method.
    NoProxy,
    /// A web server, or a proxy that rejects the request line or finds no such host.
    PerhapsNoProxy,
    /// A portal or block page.
    Page,
    /// A rule of the proxy.
    Forbidden,
    /// The login of a server that is no forward proxy: one asks by 407.
    Login,
    /// A limit.
    Limit,
    /// Success by another status than 200, which many clients do not take.
    ForSome,
    /// A status that says nothing of the reason.
    Unexplained,
}

impl Denial {
    fn of(refusal: &Refusal<'_>) -> Self {
        match refusal.status {
            _ if refusal.says_denied() => Self::Forbidden,
            405 | 501 | 505 => Self::NoProxy,
            400 | 404 => Self::PerhapsNoProxy,
            300..=399 | 511 => Self::Page,
            403 | 451 => Self::Forbidden,
            401 => Self::Login,
            429 => Self::Limit,
            200..=299 => Self::ForSome,
            _ => Self::Unexplained,
        }
    }
}

/// What a denial means, and the step that follows.
fn denial(finding: FindingBuilder, refusal: &Refusal<'_>, host: &str, port: u16) -> FindingBuilder {
    let (url, status) = (&refusal.hop.url, refusal.status);
    match Denial::of(refusal) {
        Denial::Login => finding
            .reasoning(
                "401 is the answer of a web server: a forward proxy asks for its login by 407, and \
                 clients send it theirs for nothing else",
            )
            .step(Step::inspect(format!(
                "check that {url} is the forward proxy, not another service's port"
            ))),
        Denial::Limit => finding
            .reasoning(
                "429: the proxy limits tunnels or callers, and no rule about the host is shown",
            )
            .step(Step::inspect(
                "check again later; if it stays, ask the team that runs the proxy for its limit on \
                 connections of this machine",
            )),
        Denial::ForSome => match refusal.informational {
            Some(first) => finding
                .reasoning(format!(
                    "{first} came before {status}: HTTP allows it, and httpx (openai for Python) waits for \
                     the next answer; curl, Go, and Python's http.client with requests and the Azure SDKs \
                     over it take {first} for the answer and give up"
                ))
                .step(Step::inspect(format!(
                    "ask the team that runs the proxy why it, or what is in front of it, answers CONNECT \
                     with {first} first"
                ))),
            None => finding
                .reasoning(format!(
                "any 2xx opens a tunnel (RFC 9110, section 9.3.6), and many clients go on after 200 \
                 alone: Go, and Python's http.client with requests and the Azure SDKs over it, give up \
                 at {status}; curl goes on"
                ))
                .step(Step::inspect(format!(
                    "ask the team that runs the proxy why it, or what is in front of it, answers \
                     {status} in place of 200"
                ))),
        },
        Denial::Unexplained => finding
            .reasoning(format!(
                "{status} does not say why: a rule, a limit or a fault of the proxy"
            ))
            .step(Step::inspect(format!(
                "ask the team that runs the proxy what its log says of {host}:{port}"
            ))),
        Denial::PerhapsNoProxy => finding
            .reasoning(format!(
                "a web server that is not a forward proxy answers CONNECT with {status}, and so does a \
                 proxy that {}",
                match status {
                    404 => "finds no address for the name (Privoxy)",
                    _ => "rejects the request or its port",
                }
            ))
            .step(Step::inspect(format!(
                "check that {url} is the forward proxy, not another service's port; if it is, see what \
                 its log says of {host}:{port}"
            ))),
        Denial::NoProxy => finding
            .reasoning(format!(
                "a web server that is not a forward proxy answers CONNECT with {status}"
            ))
            .step(Step::inspect(format!(
                "check that {url} is the forward proxy, not another service's port"
            ))),
        Denial::Page => finding
            .reasoning(format!(
                "{status} instead of a tunnel: a login portal or block page, made for a person"
            ))
            .step(
                Step::shared(
                    "allow this machine, by its one address, without the page",
                    "every client with this machine's address passes the proxy without a login",
                )
                .undo("remove the exception again")
                .opens(),
            ),
        Denial::Forbidden => finding
            .reasoning(format!(
                "the proxy's answer: {status}; a rule of the proxy, or of another one that it sends \
                 calls on to, forbids {host}:{port}"
            ))
            .step(super::opening(host, port)),
    }
}

/// The proxy has no address for the target (ERR_DNS_FAIL; RFC 9209: dns_error).
pub(super) const UNRESOLVED: Rule = rule!(
    "proxy-target-unresolved",
    Proxy,
    "The proxy cannot resolve the target's name",
    ProxyRefusal(&Row {
        why: Why::TargetUnresolved,
        confidence: |_| Confidence::Proved,
        message: |refusal, e| {
            let host = &e.target.host;
            super::clause(&refusal.hop.url, format!("cannot resolve {host}"))
                .or("the proxy cannot resolve the target's name")
        },
        facts: unresolved,
    })
);

fn unresolved(finding: FindingBuilder, _: &Refusal<'_>, e: &View<'_>) -> FindingBuilder {
    let here = e.dns.effective();
    let mut finding = finding
        .reasoning("the proxy's own answer")
        .reasoning("with a proxy, the proxy's resolver resolves the name, not this machine's");
    if !here.is_empty() {
        finding = finding
            .reasoning(format!(
                "the name itself exists: from here it resolves to {}",
                reading::list(&here)
            ))
            .cites("/dns/selected");
    }
    finding
        .step(Step::inspect(format!(
            "on the proxy, see whether its resolver follows {} to the end of its aliases",
            e.target.host
        )))
        .step(
            Step::shared(
                "correct the proxy's resolver, or the resolvers that it forwards to",
                "every name that the proxy resolves; a private zone that it sees is authoritative \
                 for every account of its suffix",
            )
            .undo("restore the proxy's former resolver configuration"),
        )
}

/// The proxy cannot connect to the target (ERR_CONNECT_FAIL), or answers any other 5xx.
pub(super) const UNREACHABLE: Rule = rule!(
    "proxy-target-unreachable",
    Proxy,
    "The proxy cannot connect to the target",
    ProxyRefusal(&Row {
        why: Why::TargetUnreachable,
        confidence: |refusal| match refusal.reported() {
            Some(_) => Confidence::Proved,
            None => Confidence::Inferred,
        },
        message: |refusal, e| {
            let (host, status) = (&e.target.host, refusal.status);
            if refusal.finds_no_way() {
                return super::clause(
                    &refusal.hop.url,
                    format!("finds no way to {host} ({status})"),
                )
                .or(format!("the proxy finds no way to the target ({status})"));
            }
            if refusal.reported().is_none() {
                return super::clause(&refusal.hop.url, format!("opens no tunnel ({status})"));
            }
            super::clause(&refusal.hop.url, format!("cannot connect to {host} ({status})"))
                .or(format!("the proxy cannot connect to the target ({status})"))
        },
        facts: unreachable,
    })
);

fn unreachable(finding: FindingBuilder, refusal: &Refusal<'_>, e: &View<'_>) -> FindingBuilder {
    let (host, port, status) = (&e.target.host, e.target.port, refusal.status);
    if refusal.finds_no_way() {
        return no_way(finding, refusal, host);
    }
    let mut finding = finding.reasoning(match errno(refusal) {
        Some(words) => format!("the proxy's answer: {status}, {words}"),
        None => format!("the proxy's answer: {status}; it does not report which address it tried"),
    });
    if no_proxy::is_private(e) {
        finding = finding.reasoning(format!(
            "{} is private: the proxy may have no route into the virtual network, or may resolve the \
             name to a public address that its own firewall blocks",
            reading::list(&e.dns.effective())
        ));
    }
    if refusal.reported().is_none() {
        let url = reading::word(&refusal.hop.url);
        finding = finding
            .reasoning(format!(
                "{status} alone does not say what failed: the proxy's own connection, its resolver, \
                 the proxy itself (too many connections), or a load balancer in front of several \
                 proxies that has none left"
            ))
            .inspect(
                "see whether it opens a tunnel to another host: if not, the proxy itself or a \
                 balancer in front of it is at fault",
                format!("curl -sv -o /dev/null -x {url} https://<another host>/"),
            );
    }
    finding
        .inspect(
            "on the proxy's own machine",
            format!("curl -sv -o /dev/null https://{host}:{port}/"),
        )
        .step(
            Step::shared(
                format!(
                    "allow the proxy's connections to {host}:{port}, and give it a route \
                         there"
                ),
                "every client of the proxy can reach this host",
            )
            .undo("remove the rule and the route again")
            .opens(),
        )
}

/// Squid reports that it cannot forward the call, and not why (fact P203).
fn no_way(finding: FindingBuilder, refusal: &Refusal<'_>, host: &str) -> FindingBuilder {
    let url = reading::word(&refusal.hop.url);
    finding
        .reasoning(
            "ERR_CANNOT_FORWARD: squid's resolver has no address for the name, or squid may only send \
             calls on to parent proxies and none of them answers",
        )
        .inspect(
            "see whether it opens a tunnel to another host: if so, its resolver lacks this name; if \
             not, its parent proxies or its resolver fail for every name",
            format!("curl -sv -o /dev/null -x {url} https://<another host>/"),
        )
        .step(Step::inspect(format!(
            "on the proxy, see whether its resolver follows {host} to the end of its aliases, and \
             whether its parent proxies (`cache_peer`) answer"
        )))
        .step(
            Step::shared(
                "correct the proxy's resolver, or bring its parent proxy back, as these show",
                "every call through the proxy; a private zone that its resolver sees is authoritative \
                 for every account of its suffix",
            )
            .undo("restore the proxy's former configuration"),
        )
}

/// The errno that squid's error ends in (Linux numbers).
fn errno(refusal: &Refusal<'_>) -> Option<&'static str> {
    match refusal.header("x-squid-error")?.split_whitespace().nth(1)? {
        "110" => Some("its connection timed out (110)"),
        "111" => Some("its connection was refused (111)"),
        "101" => Some("it has no route to the network (101)"),
        "113" => Some("it has no route to the host (113)"),
        _ => None,
    }
}
