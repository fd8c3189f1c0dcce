//! Applications get an address that a VPN or zero-trust client on this machine made up (facts X6,
//! X44): what is behind it shows in the call alone.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tunnel::Maker;
use crate::evidence::{Expect, tunnel};

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED};
use super::{fate, words};

pub(super) const RULE: Rule = rule!(
    "dns-tunnel-address",
    Dns,
    "The address leads into a tunnel of a client on this machine",
    Code(check)
)
.explains(&["dns-resolvers-disagree", "tcp-terminated-on-the-way"])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER])
.short("the answer is a made-up address, which hides the real target");

fn check(e: &View<'_>) -> Option<Because> {
    let (address, tunnel) = tunnel::of_application(e)?;
    // A device that is down has its own finding.
    let failed = !reading::proxied(e)
        && !tunnel.down
        && !e.asked.resolver_given
        && (fate::unconnected(e) || e.tls.saw().is_some() && !reading::tls_verified(e));
    let expected = matches!(e.asked.expect, Expect::Cidr { .. })
        && gives::beyond_prefixes(e, &[address]).is_empty();
    let demanded = reading::private_demanded(e) && !reading::proxied(e);
    let level = match (failed, demanded) {
        (true, _) => Level::Broken,
        (false, true) => Level::Risk,
        (false, false) => Level::Note,
    };
    let name = &e.dns.name;
    let noun = tunnel.maker.noun();
    let says = if failed && fate::unconnected(e) {
        format!("{address} is a {noun}, and no connection could be made to it")
    } else if failed {
        format!("{address} is a {noun}, and TLS behind it fails")
    } else if expected {
        format!("{address} is a {noun}, as expected; the real target is not seen")
    } else {
        format!("{address} is a {noun}: the real target is not seen")
    };
    let mut because = Because::new(level, if failed { Sure::Inferred } else { Sure::Proved }, says)
        .seen(format!("{} -> {address} ({noun})", e.dns.name))
        .read_at(&tunnel.pointer)
        .read_at("/dns/walked")
        .known_by(match tunnel.maker {
            Maker::Client => format!(
                "{}: the client on this machine answers names and takes connections itself",
                tunnel.sign
            ),
            Maker::Mesh => format!(
                "{}: the mesh answers the name and takes the connection itself, and which address \
                 it connects to is not seen from here",
                tunnel.sign
            ),
        });
    for r in e.dns.asked() {
        because =
            because.seen(format!("{} gives {}", r.label(), words::gives(r))).read_at(r.pointer());
    }
    let mesh = tunnel.maker == Maker::Mesh;
    because = because.known_by(match failed {
        true if mesh => {
            "whether the mesh cannot resolve or reach the host, its rules block it, or the service \
             does not answer behind it looks the same from here"
        }
        true => {
            "whether the client is not connected, its policy blocks the host, or the service does \
             not answer behind it looks the same from here"
        }
        false if !reading::tls_verified(e) && mesh => "nothing was seen of what is behind the mesh",
        false if !reading::tls_verified(e) => "nothing was seen of what is behind the tunnel",
        false if mesh => {
            "a connection that opens proves nothing here; TLS and the call were answered through \
             the mesh, from the address that it connects to"
        }
        false => {
            "a connection that opens proves nothing here; TLS and the call were answered through \
             the tunnel, from where the client leads"
        }
    });
    if reading::tls_verified(e) && !reading::proxied(e) {
        because = because.caveat();
    }
    because = because.owner(if mesh { "Azure platform" } else { "Network" });
    if let Some(advice) = platform_advice::on(e, Topic::ConnectionProof) {
        because = because.act(advice.step());
    }
    if mesh {
        return Some(
            because
                .act(Step::look(format!(
                    "see which address the mesh connects to for {name}, and who resolves it: the \
                     sidecar, or an egress gateway in another network, which may get the public \
                     address"
                )).command(format!(
                    "istioctl proxy-config endpoints <pod>.<namespace> | grep {name}"
                )))
                .check(reading::again(e)),
        );
    }
    Some(
        because
            .look("see where the tunnel begins", format!("ip route get {address}"))
            .act(Step::look(
                "ask who runs the client (zero trust, VPN) where it leads this host: to the private \
                 endpoint, or out to the internet, where private access is refused",
            ))
            .check(reading::again(e)),
    )
}
