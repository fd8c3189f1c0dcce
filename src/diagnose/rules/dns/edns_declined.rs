//! The resolver declines questions with EDNS (RFC 6891, section 7), and the C library is configured to
//! ask so (fact D182).

use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::dns::{Exchange, Rcode};

use super::{downstream, libc_lookup, library_waits, text};

pub(super) const RULE: Rule = rule!(
    "dns-edns-declined",
    Dns,
    "The resolver declines questions with EDNS, which the C library uses here",
    Code(check)
)
.explains(&["dns-system-fails", "dns-system-slow"]);

/// The part of the evidence, and the rcode with which the resolver declined that question: one that
/// is about EDNS, if there is one.
fn declined<'a>(r: &ResolverView<'a>) -> Option<(&'static str, &'a Rcode)> {
    let all = [("a", &r.seen.a), ("aaaa", &r.seen.aaaa)];
    let all = all.into_iter().filter_map(|(part, asked)| {
        let exchange: &Exchange = asked.value()?;
        Some((part, exchange.edns_declined.as_ref()?))
    });
    all.min_by_key(|(_, rcode)| !is_about_edns(rcode))
}

/// Whether servers decline EDNS with it (fact D182). SERVFAIL and REFUSED have other causes, which
/// may be over by the next question.
fn is_about_edns(rcode: &Rcode) -> bool {
    matches!(rcode, Rcode::FormErr | Rcode::NotImp | Rcode::BadVers)
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let options = &e.vantage.resolver_config.options;
    let asks = Library::of(e).is_glibc() && options.iter().any(|option| option == "edns0");
    let code = libc_lookup::failed_at_resolvers(e);
    let code = code.filter(|_| asks && e.dns.effective().is_empty())?;
    let deciding = e.dns.deciding();
    let answering = deciding.into_iter().filter(|r| !r.outcome.addresses().is_empty());
    let (r, (part, rcode)) = { answering }.find_map(|r| Some((r, declined(r)?)))?;
    let (label, dig) = (r.label(), text::dig(&e.dns.name, r.seen));
    let sure = is_about_edns(rcode);
    let message = match sure {
        true => text::clause(
            format!(
                "{label} declines questions with EDNS ({rcode}); `options edns0` turns EDNS on"
            ),
            "the resolver declines questions with EDNS",
        ),
        false => text::clause(
            format!("{label} answered {rcode} to EDNS; `options edns0` turns EDNS on"),
            format!("the resolver answered {rcode} to a question with EDNS"),
        ),
    };
    let confidence = if sure { Confidence::Inferred } else { Confidence::Possible };
    let finding = FindingBuilder::new(downstream::level_without_address(e), confidence, message)
    .fact(format!("{label} with EDNS: {rcode}; without: {}", text::outcome(r)))
    .fact(format!("getaddrinfo for {}: {code}", e.dns.name))
    .fact(format!("options: {}", options.join(" ")))
    .cites(format!("/dns/resolvers/{}/{part}", r.index))
    .cites("/dns/system")
    .cites("/vantage/resolver_config/options")
    .reasoning(match sure {
        true => format!(
            "{label} says itself that it does not take the question with EDNS, and answers the \
             same question without; `options edns0` makes the C library ask with EDNS, and its \
             lookup fails"
        ),
        false => format!(
            "{rcode} says nothing of EDNS: some devices decline it so, and a server that failed or \
             limited its answers for a moment looks the same; `options edns0` makes the C library \
             ask with EDNS, and its lookup fails"
        ),
    })
    .reasoning(
        "most programs ask without EDNS when they are declined; those of one machine may therefore \
         work and fail side by side",
    )
    .owner("DNS")
    .inspect("ask with EDNS", format!("{dig} +edns=0 +tries=1"))
    .inspect("and without", format!("{dig} +noedns +tries=1"))
    .step(
        Step::shared(
            format!(
                "have {label}, or the device in front of it, answer questions with EDNS (RFC 6891)"
            ),
            format!("every client of {label}"),
        )
        .undo("set it back as it was"),
    );
    let finding = match sure {
        true => finding,
        false => finding.decide_with(format!("{dig} +edns=0 +tries=1; {dig} +noedns +tries=1")),
    };
    let place = library_waits::set_in(e, "edns0");
    Some(
        finding
            .step(
                Step::local(format!(
                    "until then remove `edns0` from the options of {place}; where a service \
                     (systemd-resolved, NetworkManager) writes the file, in its settings"
                ))
                .undo("add the option again"),
            )
            .check(format!("getent ahosts {}", e.dns.name)),
    )
}
