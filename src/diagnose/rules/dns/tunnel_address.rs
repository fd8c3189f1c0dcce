//! Applications get an address that a VPN or zero-trust client on this machine made up (facts X6,
//! X44): only the call itself shows what is behind it.

use std::net::IpAddr;

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tunnel::{Maker, TunnelAddress};
use crate::evidence::{Expect, tunnel};

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED};
use super::{downstream, text};

pub(super) const RULE: Rule = rule!(
    "dns-tunnel-address",
    Dns,
    "The address leads into a tunnel of a client on this machine",
    Code(check)
)
.explains(&["dns-resolvers-disagree", "tcp-terminated-on-the-way"])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER])
.short("the answer is a made-up address, which hides the real target");

/// The application's address inside a tunnel, and what came of it.
struct Reached<'a> {
    address: IpAddr,
    tunnel: TunnelAddress,
    /// Whether no connection or no TLS came about. A device that is down has its own finding.
    failed: bool,
    e: &'a View<'a>,
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (address, tunnel) = tunnel::of_application(e)?;
    let failed = !reading::proxied(e)
        && !tunnel.down
        && !e.options.resolver_given
        && (downstream::no_connection(e) || e.tls.value().is_some() && !reading::tls_verified(e));
    let reached = Reached { address, tunnel, failed, e };
    let demanded = reading::private_demanded(e) && !reading::proxied(e);
    let level = match (failed, demanded) {
        (true, _) => Level::Broken,
        (false, true) => Level::Risk,
        (false, false) => Level::Note,
    };
    let confidence = if failed { Confidence::Inferred } else { Confidence::Proved };
    let maker = &reached.tunnel.maker;
    let mut finding = FindingBuilder::new(level, confidence, reached.headline())
        .fact(format!("{} -> {address} ({})", e.dns.name, maker.noun()))
        .cites(&reached.tunnel.pointer)
        .cites("/dns/selected")
        .reasoning(match maker {
            Maker::Client => format!(
                "{}: the client on this machine answers names and takes connections itself",
                reached.tunnel.sign
            ),
            Maker::Mesh => format!(
                "{}: the mesh answers the name and takes the connection itself; the address that \
                 it connects to is not visible from here",
                reached.tunnel.sign
            ),
        });
    for r in e.dns.resolver_views() {
        finding =
            finding.fact(format!("{} gives {}", r.label(), text::outcome(r))).cites(r.pointer());
    }
    finding = finding.reasoning(reached.behind());
    if reading::tls_verified(e) && !reading::proxied(e) {
        finding = finding.caveat();
    }
    Some(reached.advice(finding).check(reading::again(e)))
}

impl Reached<'_> {
    fn headline(&self) -> String {
        let Self { address, e, failed, .. } = self;
        let noun = self.tunnel.maker.noun();
        let expected = matches!(e.options.expect, Expect::Cidr { .. })
            && resolver_view::outside_prefixes(e, &[*address]).is_empty();
        if *failed && downstream::no_connection(e) {
            format!("{address} is a {noun}, and no connection could be made to it")
        } else if *failed {
            format!("{address} is a {noun}, and TLS behind it fails")
        } else if expected {
            format!("{address} is a {noun}, as expected; the real target is not visible")
        } else {
            format!("{address} is a {noun}: the real target is not visible")
        }
    }

    fn is_mesh(&self) -> bool {
        self.tunnel.maker == Maker::Mesh
    }

    /// What the walk shows of what is behind the address.
    fn behind(&self) -> &'static str {
        let verified = reading::tls_verified(self.e);
        match (self.failed, verified, self.is_mesh()) {
            (true, _, true) => {
                "three causes look the same from here: the mesh cannot resolve or reach the host, \
                 its rules block it, or the service behind it does not answer"
            }
            (true, _, false) => {
                "three causes look the same from here: the client is not connected, its policy \
                 blocks the host, or the service behind it does not answer"
            }
            (false, false, true) => "nothing is known of what is behind the mesh",
            (false, false, false) => "nothing is known of what is behind the tunnel",
            (false, true, true) => {
                "a connection that opens proves nothing here; TLS and the call were answered \
                 through the mesh, from the address that it connects to"
            }
            (false, true, false) => {
                "a connection that opens proves nothing here; TLS and the call were answered \
                 through the tunnel, from where the client leads"
            }
        }
    }

    fn advice(&self, finding: FindingBuilder) -> FindingBuilder {
        let Self { address, e, .. } = self;
        let finding = finding.owner(if self.is_mesh() { "Azure platform" } else { "Network" });
        let finding = match platform_advice::on(e, Topic::ConnectionProof) {
            Some(advice) => finding.step(advice.step()),
            None => finding,
        };
        let name = &e.dns.name;
        if self.is_mesh() {
            return finding.step(
                Step::inspect(format!(
                    "see which address the mesh connects to for {name}, and what resolves it: the \
                     sidecar, or an egress gateway in another network, which may get the public \
                     address"
                ))
                .command(format!(
                    "istioctl proxy-config endpoints <pod>.<namespace> | grep {name}"
                )),
            );
        }
        finding.inspect("see where the tunnel begins", format!("ip route get {address}")).step(
            Step::inspect(
                "ask the team that runs the client (zero trust, VPN) where it leads this host: to \
                 the private endpoint, or out to the internet, where private access is refused",
            ),
        )
    }
}
