//! Applications get an address that a VPN or zero-trust client on this machine made up (facts X6,
//! X44): what is behind it shows in the call alone.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{Expect, tunnel};

use super::wrong_address::{NOT_REACHED, SOMEBODY_ELSE, joined};
use super::{fate, words};
use crate::diagnose::view::gives;

pub(super) const RULE: Rule = rule!(
    "dns-tunnel-address",
    Dns,
    "The address leads into a tunnel of a client on this machine",
    Code(check)
)
.explains(&joined::<25>(&[
    NOT_REACHED,
    SOMEBODY_ELSE,
    &["dns-resolvers-disagree", "tcp-terminated-on-the-way"],
]))
.short("the answer is a tunnel address, which hides the real target");

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
    let says = if failed && fate::unconnected(e) {
        format!("{address} is a tunnel address, and no connection could be made to it")
    } else if failed {
        format!("{address} is a tunnel address, and TLS behind it fails")
    } else if expected {
        format!("{address} is a tunnel address, as expected; the real target is not seen")
    } else {
        format!("{address} is a tunnel address: the real target is not seen")
    };
    let mut because = Because::new(level, if failed { Sure::Inferred } else { Sure::Proved }, says)
        .seen(format!("{} -> {address} (tunnel address)", e.dns.name))
        .read_at(&tunnel.pointer)
        .read_at("/dns/walked")
        .known_by(format!(
            "{}: the client on this machine answers names and takes connections itself",
            tunnel.sign
        ));
    for r in e.dns.asked() {
        because =
            because.seen(format!("{} gives {}", r.label(), words::gives(r))).read_at(r.pointer());
    }
    because = because.known_by(match failed {
        true => {
            "whether the client is not connected, its policy blocks the host, or the service does \
             not answer behind it looks the same from here"
        }
        false if !reading::tls_verified(e) => "nothing was seen of what is behind the tunnel",
        false => {
            "a connection that opens proves nothing here; TLS and the call were answered through \
             the tunnel, from where the client leads"
        }
    });
    if reading::tls_verified(e) && !reading::proxied(e) {
        because = because.caveat();
    }
    because = because.owner("Network");
    if let Some(advice) = platform_advice::on(e, Topic::ConnectionProof) {
        because = because.act(advice.step());
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
