//! The root, or a top-level domain, says that the name does not exist: this network has a root
//! of its own and resolves no names of the internet. A proxy resolves them there (fact D91).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::Expect;
use crate::evidence::vantage::ProxyReason;

use super::advice::{self, Resolver};
use super::missing::{self, Missing};
use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-no-internet-names",
    Dns,
    "The resolver has a root of its own and resolves no names of the internet",
    Code(check)
)
.explains(&["dns-system-fails", "dns-resolvers-disagree", "proxy-name-unresolved"]);

fn check(e: &View<'_>) -> Option<Because> {
    let (r, Missing::InternetNames(soa)) = missing::of(e)? else { return None };
    let name = &e.dns.name;
    let (label, zone) = (r.label(), missing::zone_name(&soa.zone));
    let resolver = Resolver::of(e, r);
    let others = words::others(e.dns.asked(), r.index);
    let proxy = match &e.vantage.proxy.reason {
        _ if reading::proxied(e) => None,
        ProxyReason::Exempted { entry } => {
            Some(format!("NO_PROXY ({entry}) exempts the name from the proxy"))
        }
        ProxyReason::OptionNone => Some("--proxy none was given".to_owned()),
        _ => Some("no proxy is configured".to_owned()),
    };
    let says = match (others.first(), &proxy) {
        (Some((_, text)), _) => format!("{label} resolves no internet names, while {text}"),
        (None, Some(proxy)) => format!("{label} resolves no internet names, and {proxy}"),
        (None, None) => format!("{label} resolves no internet names, as a proxied network may"),
    };
    let says = words::clause(says, format!("{label} resolves no internet names"));
    let because = missing::because(e, r, Sure::Inferred, says)
        .read_at("/vantage/proxy")
        .known_by(format!(
            "{label} says NXDOMAIN in the name of {zone} ({}), which on the internet has the \
             domain of this name: the network has a root of its own",
            soa.mname
        ))
        .ruled_out("a misspelt or deleted account: its own zone was not asked");
    let because = resolver.who(because);
    if proxy.is_none() {
        return Some(because.known_by("the proxy that carries the call resolves the name itself"));
    }
    let suffix = reading::public_suffix(e);
    let private = matches!(e.asked.expect, Expect::Private | Expect::Cidr { .. });
    let by_proxy = |because: Because| {
        because.act(
            Step::local(
                "have the application use the proxy (HTTPS_PROXY, or its own setting); the variable \
                 applies to one shell, a service needs it in its unit",
            )
            .command("export HTTPS_PROXY=http://<proxy>:<port>")
            .undo("unset HTTPS_PROXY"),
        )
    };
    let by_forwarder = |because: Because| {
        let place = resolver.place().unwrap_or_else(|| format!("in the place of {label}"));
        because.act(
            Step::shared(
                format!(
                    "where the account is reached privately from here: {place}: forward {suffix} \
                     to a resolver inside the virtual network (an inbound endpoint)"
                ),
                advice::whole_suffix(suffix),
            )
            .undo(format!("take the forwarder of {suffix} out again")),
        )
    };
    let because = because.owner("Network").look(
        "see whether another name of the internet resolves there",
        words::dig("azure.com", r.seen),
    );
    let because =
        if private { by_proxy(by_forwarder(because)) } else { by_forwarder(by_proxy(because)) };
    Some(because.check(match others.is_empty() {
        true => reading::again(e),
        false => words::dig(name, r.seen),
    }))
}
