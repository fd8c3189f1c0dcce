//! What a proxy answers to CONNECT in place of a tunnel: a row each (facts W14, W15).

use crate::diagnose::headline::Clause;
use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Step, Sure};

use super::answers::{Refusal, Why, refusal};
use super::exempt;

/// One meaning of an answer.
pub(in crate::diagnose) struct Row {
    why: Why,
    sure: fn(&Refusal<'_>) -> Sure,
    /// The clause of the first line.
    says: fn(&Refusal<'_>, &View<'_>) -> Clause,
    /// Adds what it means and what to do.
    facts: fn(Because, &Refusal<'_>, &View<'_>) -> Because,
}

/// Whether the proxy answered so.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<Because> {
    let refusal = refusal(e).filter(|refusal| refusal.why() == row.why)?;
    let because = refusal.broken(e, (row.sure)(&refusal), (row.says)(&refusal, e));
    Some((row.facts)(because, &refusal, e))
}

/// The proxy wants a login: 407 (RFC 9110, section 15.5.8).
pub(super) const LOGIN: Rule = rule!(
    "proxy-auth-required",
    Proxy,
    "The proxy wants a login (407)",
    ProxyRefusal(&Row {
        why: Why::Login,
        sure: |_| Sure::Proved,
        says: |refusal, _| {
            let says = match refusal.hop.has_password {
                true => "refuses the login that is set",
                false => "wants a login",
            };
            headline::fitting(&[
                format!("the proxy {} {says} (407: {})", refusal.hop.url, schemes(refusal)),
                format!("the proxy {says} (407)"),
            ])
        },
        facts: |because, refusal, e| {
            let because = because
                .known_by(format!("its own words: 407, Proxy-Authenticate: {}", schemes(refusal)));
            login(because, refusal, exempt::is_private(e))
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

/// How to log in, or to do without.
fn login(because: Because, refusal: &Refusal<'_>, private: bool) -> Because {
    let schemes = offered(refusal);
    let basic = schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    if !schemes.is_empty() && !basic {
        because.act(Step::local(format!(
            "the proxy offers {} and not Basic: most SDKs speak only Basic; exempt the service, or \
             let a local proxy do the login",
            schemes.join(", ")
        )))
    } else if refusal.hop.has_password {
        because.act(Step::look("see that the proxy's user and password are right and not locked"))
    } else if private {
        because.act(Step::local(
            "or give the proxy's URL its user and password, where policy wants it",
        ))
    } else {
        because.act(Step::local("give the proxy's URL its user and password")).act(
            Step::shared(
                "or let this machine in without a login, by its one address",
                "whoever uses this machine's address passes the proxy unnamed",
            )
            .undo("remove the exception again"),
        )
    }
}

/// Its rules, a block page, or something that is no forward proxy at all.
pub(super) const DENIED: Rule = rule!(
    "proxy-denied",
    Proxy,
    "The proxy refuses to open the tunnel",
    ProxyRefusal(&Row {
        why: Why::Denied,
        sure: |_| Sure::Proved,
        says: |refusal, _| {
            let (url, status) = (&refusal.hop.url, refusal.status);
            let says = match Denial::of(status) {
                Denial::NoProxy => "does not do CONNECT",
                Denial::Page => "sends a login page instead of a tunnel",
                Denial::Forbidden => "denies the tunnel",
            };
            headline::fitting(&[
                format!("the proxy {url} {says} ({status})"),
                format!("the proxy {says} ({status})"),
            ])
        },
        facts: |because, refusal, e| { denial(because, refusal, &e.target.host, e.target.port) },
    })
);

/// Why the tunnel is denied.
#[derive(Clone, Copy)]
enum Denial {
    /// What answers is a web server.
    NoProxy,
    /// A portal or block page.
    Page,
    /// A rule of the proxy.
    Forbidden,
}

impl Denial {
    const fn of(status: u16) -> Self {
        match status {
            400 | 404 | 405 | 501 | 505 => Self::NoProxy,
            300..=399 | 511 => Self::Page,
            _ => Self::Forbidden,
        }
    }
}

/// What a denial means, and the step that follows.
fn denial(because: Because, refusal: &Refusal<'_>, host: &str, port: u16) -> Because {
    let (url, status) = (&refusal.hop.url, refusal.status);
    match Denial::of(status) {
        Denial::NoProxy => because
            .known_by(format!(
                "{status} to CONNECT is what a web server answers that is no forward proxy"
            ))
            .act(Step::look(format!(
                "see that {url} is the forward proxy, not another service's port"
            ))),
        Denial::Page => because
            .known_by(format!(
                "{status} in place of a tunnel: a portal or block page wants a person"
            ))
            .act(
                Step::shared(
                    "let this machine through without a page, by its one address",
                    "whoever uses this machine's address passes the proxy without a login",
                )
                .undo("remove the exception again")
                .opens(),
            ),
        Denial::Forbidden => because
            .known_by(format!("its own words: {status}; a rule of the proxy forbids {host}:{port}"))
            .act(super::opening(host, port)),
    }
}

/// The proxy has no address for the target (ERR_DNS_FAIL; RFC 9209: dns_error).
pub(super) const UNRESOLVED: Rule = rule!(
    "proxy-target-unresolved",
    Proxy,
    "The proxy cannot resolve the target's name",
    ProxyRefusal(&Row {
        why: Why::TargetUnresolved,
        sure: |refusal| if outright(refusal) { Sure::Proved } else { Sure::Inferred },
        says: |refusal, e| {
            let host = &e.target.host;
            headline::fitting(&[
                format!("the proxy {} cannot resolve {host}", refusal.hop.url),
                format!("the proxy cannot resolve {host}"),
                "the proxy cannot resolve the target's name".to_owned(),
            ])
        },
        facts: unresolved,
    })
);

/// Whether the proxy says so outright. ERR_CANNOT_FORWARD says that there is no way to the target,
/// which with NXDOMAIN is all that squid says.
fn outright(refusal: &Refusal<'_>) -> bool {
    refusal.squid() != Some("ERR_CANNOT_FORWARD")
}

fn unresolved(because: Because, refusal: &Refusal<'_>, e: &View<'_>) -> Because {
    let here = e.dns.effective();
    let mut because = because
        .known_by(if outright(refusal) {
            "the proxy says so"
        } else {
            "squid has no way forward: it says so when its resolver has no address for the \
             name, or when it may go out only through a parent proxy that it does not have"
        })
        .known_by(
            "with a proxy the name is resolved by the proxy's resolver, not by \
             this machine's",
        );
    if !here.is_empty() {
        because = because
            .known_by(format!("the name itself is there: from here it is {}", reading::list(&here)))
            .read_at("/dns/walked");
    }
    because
        .act(Step::look(format!(
            "on the proxy: see whether its resolver follows {} to the end of its aliases",
            e.target.host
        )))
        .act(
            Step::shared(
                "correct the proxy's resolver, or what it forwards to",
                "every name that the proxy resolves; a private zone that it sees answers for \
                 every account of its suffix",
            )
            .undo("restore the proxy's former resolver configuration"),
        )
}

/// The proxy cannot connect to the target (ERR_CONNECT_FAIL; any other 5xx).
pub(super) const UNREACHABLE: Rule = rule!(
    "proxy-target-unreachable",
    Proxy,
    "The proxy cannot connect to the target",
    ProxyRefusal(&Row {
        why: Why::TargetUnreachable,
        sure: |_| Sure::Proved,
        says: |refusal, e| {
            let (host, status) = (&e.target.host, refusal.status);
            headline::fitting(&[
                format!("the proxy {} cannot connect to {host} ({status})", refusal.hop.url),
                format!("the proxy cannot connect to {host} ({status})"),
                format!("the proxy cannot connect to the target ({status})"),
            ])
        },
        facts: unreachable,
    })
);

fn unreachable(because: Because, refusal: &Refusal<'_>, e: &View<'_>) -> Because {
    let (host, port, status) = (&e.target.host, e.target.port, refusal.status);
    let mut because = because.known_by(match errno(refusal) {
        Some(words) => format!("its own words: {status}, {words}"),
        None => format!("its own words: {status}; which address it tried it does not say"),
    });
    if exempt::is_private(e) {
        because = because.known_by(format!(
            "{} is private: the proxy needs a route into the virtual network to reach it, or \
             resolves the name to a public address that its own firewall blocks",
            reading::list(&e.dns.effective())
        ));
    }
    because
        .look("on the proxy's own machine", format!("curl -sv -o /dev/null https://{host}:{port}/"))
        .act(
            Step::shared(
                format!("let the proxy out to {host}:{port}, and give it a route there"),
                "every client of the proxy can reach this host",
            )
            .undo("remove the rule and the route again")
            .opens(),
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
