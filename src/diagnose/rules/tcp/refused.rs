//! A RST answers the SYN: nothing listens there, or a firewall rejects (facts D58, D59).

use super::attempts;
use super::trail::{self, RstFrom, Trail};
use crate::diagnose::{Because, Rule, View, endpoint_of, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::{classify, tunnel};

pub(super) const RULE: Rule =
    rule!("tcp-refused", Tcp, "The address refuses the connection: a RST answers", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    if attempt.outcome != TcpOutcome::Refused {
        return None;
    }
    let ip = attempt.connected_to().ip();
    let peer = attempts::peer(attempt);
    let before = Trail::of(e, "trace-syn", attempt)
        .is_some_and(|trail| matches!(trail::rst_from(&trail), RstFrom::Before { .. }));
    let here = attempts::answered_here(e, attempt) && !before;
    let says = match before {
        true => format!("a device on the way refuses the connection to {peer}"),
        false => format!("{peer} refuses the connection"),
    };
    let mut because =
        attempts::broken(e, failed, Sure::Proved, says)
            .known_by(
                "a refusal answered the SYN: either nothing listens on this port, or a firewall \
                 rejects in the name of the address; the RST itself does not say which of them sent it",
            )
            .ruled_out_if(!here && before, "a dropped packet: an answer came")
            .ruled_out_if(!here && !before, "a dropped packet, a missing route: an answer came")
            .ruled_out_if(
                !here && !before && tunnel::is_private(e, ip),
                "a private endpoint that is not approved: that one is silent",
            );
    // A program cannot see what redirects its own packets; what comes so soon comes from near.
    if attempt.took_ms < attempts::NEAR_MS && !before && !classify(ip).is_unusable() {
        because = because
            .known_by(format!(
                "it came after {:.1} ms, from near: this machine itself may refuse, where a \
                 service mesh or a local agent redirects the connection to a port on which nobody \
                 listens",
                attempt.took_ms
            ))
            .tells_it("iptables-save -t nat; nft list ruleset  # as root: what redirects the port");
    }
    because = because.tells_it(format!(
        "for i in 1 2 3 4 5 6; do nc -zv -w 2 {ip} {}; done  # one that connects: one of several \
         backends refuses",
        e.target.port
    ));
    because = if classify(ip).is_unusable() {
        let name = &e.dns.name;
        because
            .known_by(format!(
                "{ip} is no address of Azure's ({}): a hosts file, a filter or a VPN client made \
                 it up",
                classify(ip).words()
            ))
            .owner("DNS")
            .look("see what gives this address", format!("getent ahosts {name}"))
            .act(
                Step::local(format!(
                    "correct what gives {name} this address (a hosts line, a filter, a VPN \
                     client); keep a copy of the file, and see what else the line holds"
                ))
                .undo("restore the copy"),
            )
    } else {
        let mut because = because.owner("Network");
        if tunnel::is_private(e, ip) {
            because = endpoint_of::look(
                because,
                format!("see that {ip} is the private endpoint's address, not another machine's"),
                ip,
            );
        }
        because.act(Step::look(format!(
            "if the address is right, find the firewall between {} and {ip} that rejects TCP {}",
            attempts::source_address(e, attempt),
            e.target.port
        )))
    };
    Some(trail::of_refusal(e, because, attempt).check(reading::again(e)))
}
