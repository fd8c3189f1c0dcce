//! A line of the hosts file gives the address (fact D58): it does not change when the endpoint
//! does.

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::resolver_view::{self, ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::vantage::Platform;
use crate::evidence::{AddressClass, Expect, classify};

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::{downstream, text};

pub(super) const RULE: Rule =
    rule!("dns-hosts-pin", Dns, "A line of the hosts file gives the address", Code(check))
        .explains(&[
            "dns-system-differs",
            "dns-unusable-address",
            "dns-address-not-expected",
            "dns-public-not-expected",
            "dns-private-not-expected",
            "tls-address-fails",
        ])
        .explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN, ANOTHER_SERVER]);

/// The lines that applications follow, the one that is judged, and how the resolvers' answer
/// compares with it.
struct Entry<'a> {
    /// The line's place in the evidence, and its number in the file.
    index: usize,
    number: u32,
    address: IpAddr,
    effective: Option<&'a ResolverView<'a>>,
    /// Whether the system's own lookup was left out of this walk.
    not_asked: bool,
    /// Whether the resolvers give the line's address too.
    same: bool,
    /// Every line with the name that applications follow.
    followed: Vec<(usize, u32, IpAddr)>,
    /// Whether the service was reached at an address of another line.
    reached_by_another: Option<IpAddr>,
}

/// Of several lines for the name, the one that the resolvers do not confirm is judged, and of
/// those the one that fails.
fn entry<'a>(e: &'a View<'_>) -> Option<Entry<'a>> {
    let system = e.dns.system_addresses();
    let not_asked = e.dns.system.value().is_none();
    let mut followed = resolver_view::hosts_entries(e);
    followed.retain(|(_, _, address)| not_asked || system.contains(address));
    let effective = e.dns.effective_resolver();
    let given = effective.map_or(&[][..], |r| r.outcome.addresses());
    let reached = reached(e);
    let (index, number, address) = followed
        .iter()
        .copied()
        .min_by_key(|(_, _, address)| (given.contains(address), Some(*address) == reached))?;
    let same = given.contains(&address);
    let reached_by_another = reached.filter(|peer| *peer != address);
    Some(Entry { index, number, address, effective, not_asked, same, followed, reached_by_another })
}

/// The address at which the walk's own session verified the service.
fn reached(e: &View<'_>) -> Option<IpAddr> {
    let direct = !reading::proxied(e) && reading::tls_verified(e);
    e.tcp.value().and_then(|tcp| tcp.selected).filter(|_| direct)
}

impl Entry<'_> {
    /// Whether the resolvers give another address, or say that there is none.
    fn contradicted(&self) -> bool {
        !self.same && self.effective.is_some()
    }

    /// Whether the line is why the call fails: the service is not at its address, and DNS gives
    /// another one. Where DNS gives none, or one that the line hides, the line may as well be right
    /// and the path to its address broken, unless no service can have that address, or another
    /// server answers there.
    fn breaks_the_call(&self, e: &View<'_>) -> bool {
        let wrong = || {
            classify(self.address).is_unusable()
                || downstream::another_server(e)
                || !Without::the_line(e, self.effective, self.address).waits()
        };
        let fails = downstream::service_not_reached(e) && wrong();
        self.contradicted() && (fails || resolver_view::unwanted(e, self.address))
    }

    /// Whether the service is not reached there, and that may be the line's fault or the path's.
    fn may_be_stale(&self, e: &View<'_>) -> bool {
        !self.breaks_the_call(e) && self.contradicted() && downstream::service_not_reached(e)
    }

    /// Whether the deciding resolver gives no address at all.
    fn alone(&self) -> bool {
        self.effective.is_some_and(|r| r.outcome.addresses().is_empty())
    }

    fn level(&self, e: &View<'_>) -> Level {
        // `--resolver` says whose answer is walked; applications use the line instead.
        let not_in_use =
            self.same || self.not_asked || reading::proxied(e) || e.options.resolver_given;
        match (not_in_use, self.breaks_the_call(e)) {
            (true, _) => Level::Note,
            (false, true) => Level::Broken,
            (false, false) => Level::Risk,
        }
    }

    fn clause(&self, path: &str) -> Clause {
        let short = format!("{path} pins the name to {}", self.address);
        let resolver_gives = match self.effective.filter(|_| !self.same) {
            Some(r) => match &r.outcome {
                ResolverOutcome::Addresses(a) => {
                    format!("; {} gives {}", r.label(), text::brief(a))
                }
                _ => format!("; {} gives no address", r.label()),
            },
            None => String::new(),
        };
        text::clause(format!("{short}{resolver_gives}"), Clause::from(short).or(path))
    }

    fn compared(&self) -> &'static str {
        if self.not_asked {
            "the system's lookup was not part of this check; applications on this machine get the \
             pinned address"
        } else if self.same {
            "the line and the resolvers agree today; the line does not change when the endpoint is \
             created anew"
        } else if self.contradicted() && self.alone() {
            "getaddrinfo gives the pinned address, and the resolvers give none: applications use the \
             line"
        } else if self.contradicted() && self.followed.len() > 1 {
            "getaddrinfo gives the addresses of these lines, and the resolvers do not give this \
             one: applications use the lines"
        } else if self.contradicted() {
            "getaddrinfo gives the pinned address, and the resolvers give something else: \
             applications use the line"
        } else {
            "getaddrinfo gives the pinned address, and no resolver gives any: without the line \
             there would be none"
        }
    }
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let entry = entry(e)?;
    let Entry { index, number, address, ref followed, .. } = entry;
    let path = &e.vantage.hosts.path;
    let stale = entry.breaks_the_call(e);
    let confidence = if stale { Confidence::Inferred } else { Confidence::Proved };
    let mut finding = FindingBuilder::new(entry.level(e), confidence, entry.clause(path))
        .cites(format!("/vantage/hosts/lines/{index}"))
        .cites("/dns/system");
    for (_, number, address) in followed {
        finding = finding.fact(format!("{path}, line {number}: {address} {}", e.dns.name));
    }
    for r in e.dns.resolver_views() {
        finding = finding.fact(format!("{}: {}", r.label(), text::outcome(r))).cites(r.pointer());
    }
    finding = finding.reasoning(entry.compared());
    if classify(address) == AddressClass::Loopback {
        finding = finding.reasoning(
            "a loopback address leads to this machine: the line is for a local tunnel, or it \
             blocks the name",
        );
    }
    if let Some(peer) = entry.reached_by_another.filter(|_| !entry.same) {
        finding = finding
            .reasoning(format!(
                "the service was reached at {peer}, an address of another line: clients that try \
                 {address} first wait or fail"
            ))
            .cites("/tls");
    }
    if stale {
        let pinned: Vec<IpAddr> = followed.iter().map(|(_, _, address)| *address).collect();
        let both = downstream::right_address_that_fails(e, &pinned).is_some();
        finding = finding.reasoning(match (followed.len(), both) {
            (1, false) => {
                "at the pinned address the service does not accept the call: the line is stale"
            }
            (_, false) => {
                "at the pinned addresses the service does not accept the call: the lines are stale"
            }
            (_, true) => {
                "neither the pinned address nor that of DNS accepts the call: the line differs from DNS, \
                 and what drops one may drop the other, too"
            }
        });
        finding = downstream::and_the_right_address_fails(finding, e, &pinned);
    }
    if entry.may_be_stale(e) {
        finding = finding.reasoning(format!(
            "the service is not reached at {address}: the line may be right and the path to it \
             broken, or the line may be stale; DNS does not show which, since it does not give the \
             address of a private endpoint"
        ));
    }
    finding = finding
        .owner("Server")
        .inspect("see the line", format!("sed -n {number}p {}", reading::word(path)));
    if let Some(advice) = platform_advice::on(e, Topic::HostsFile) {
        finding = finding.reasoning(advice.why).step(advice.step());
    }
    let without = Without::the_line(e, entry.effective, address);
    finding = finding.reasoning(without.describe());
    if without.waits() {
        finding = finding.step(
            Step::inspect(
                "do not remove the line yet: first have DNS give the address (check the path as \
                 DNS shows it to see what is missing)",
            )
            .command(reading::again_with(e, "--resolver <address of the resolver>")),
        );
    }
    Some(
        finding
            .caveat()
            .step(remove(e, index, number, path, without.waits()))
            .check(format!("getent ahosts {}", e.dns.name)),
    )
}

/// What the name resolves to without the line, from the resolvers' own answers.
struct Without {
    resolver: Option<String>,
    addresses: Vec<IpAddr>,
    /// Whether the line hides that DNS leads to the wrong address.
    hides: bool,
}

impl Without {
    fn the_line(e: &View<'_>, decider: Option<&ResolverView<'_>>, pinned: IpAddr) -> Self {
        let addresses = decider.map_or_else(Vec::new, |r| r.outcome.addresses().to_vec());
        let private = |a: &IpAddr| classify(*a).is_private();
        let wanted = !matches!(e.options.expect, Expect::Public | Expect::Closed);
        let public = wanted && private(&pinned) && !addresses.iter().any(private);
        let unwanted = addresses.iter().any(|a| resolver_view::unwanted(e, *a));
        Self { resolver: decider.map(ResolverView::label), hides: public || unwanted, addresses }
    }

    /// Whether the line must stay until DNS is right.
    fn waits(&self) -> bool {
        self.addresses.is_empty() || self.hides
    }

    fn describe(&self) -> String {
        match (&self.resolver, self.addresses.is_empty()) {
            (None, _) => "no resolver answered, so it is not known what the name resolves to \
                          without the line"
                .to_owned(),
            (Some(resolver), true) => {
                format!("without the line the name has no address, according to {resolver}")
            }
            (Some(resolver), false) => {
                let to = format!("{} ({})", text::brief(&self.addresses), class(&self.addresses));
                let hidden = match self.hides {
                    true => ": the line hides that DNS does not lead to the private endpoint",
                    false => "",
                };
                format!(
                    "without the line the name resolves to {to}, according to {resolver}{hidden}"
                )
            }
        }
    }
}

fn class(addresses: &[IpAddr]) -> &'static str {
    addresses.first().map_or("", |a| text::class_word(*a))
}

/// The step that removes this name from the line, and leaves its other names.
fn remove(e: &View<'_>, index: usize, number: u32, path: &str, later: bool) -> Step {
    let name = &e.dns.name;
    let also = e.vantage.hosts.lines.get(index).map_or(&[][..], |line| &line.also);
    let when = if later { "when DNS gives the address, " } else { "" };
    let message = match also {
        [] => format!("{when}remove line {number} from {path}"),
        others => format!(
            "{when}remove {name} from line {number} of {path}; the line also holds {}: keep those",
            others.join(", ")
        ),
    };
    let file = reading::word(path);
    if mounted(e) {
        return Step::local(format!(
            "{message}: the container's engine mounts the file, so it can be written but not \
             replaced, and `sed -i` fails; `cp {file} /tmp/hosts.before`, edit a second copy, and \
             `cat` that copy into {file}; this lasts until the container starts again, and for good \
             the line goes where the engine has it (`--add-host`, `extra_hosts:`, the pod's \
             `hostAliases`)"
        ))
        .undo(format!("cat /tmp/hosts.before > {file}"));
    }
    let step = Step::local(message).undo(format!("mv {file}.before {file}"));
    match (also, later) {
        ([], false) => step.command(format!("sed -i.before '{number}d' {file}")),
        _ => step,
    }
}

/// Whether the file is one that a container's engine mounts: another one cannot be renamed over it.
fn mounted(e: &View<'_>) -> bool {
    use Platform::{AppService, Container, ContainerApps, Functions, Kubernetes};
    [AppService, Container, ContainerApps, Functions, Kubernetes]
        .into_iter()
        .any(|platform| e.vantage.is_on(platform))
}
