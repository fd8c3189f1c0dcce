//! The front end knows no account of this name (facts H18, H90).

use crate::diagnose::headline::Clause;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::identity::CredentialKind;
use crate::evidence::{TargetKind, tunnel};

use super::backend;
use super::host_kind::{GATEWAY_TEAM, HostKind, host_kind};
use super::network_fix;
use super::refusal_match::{MatchedRefusal, find_refusal, walked};

pub(super) const RULE: Rule =
    rule!("http-subdomain-unmapped", Http, "No account owns this subdomain", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    if let Some(alias) = alias_of_another(e) {
        return Some(leads_to_another(e, &refusal, &alias));
    }
    if host_kind(e).is_gateway() {
        return Some(behind_gateway(e, &refusal, host_kind(e)));
    }
    let account = reading::account(e);
    let mut finding = refusal
        .finding(
            refusal.level(e),
            refusal.confidence(),
            format!("no account owns the name {}", e.target.host),
        )
        .reasoning(
            "the service's front end accepted the call and found no account for this subdomain: \
             it is misspelt, deleted, not yet propagated, or has another suffix",
        );
    if e.identity.kind == CredentialKind::Token && refusal.call.credential_sent {
        finding = finding.reasoning(
            "on Foundry routes, an expired token or one from another tenant can cause this too",
        );
    }
    if walked(e).is_some_and(|address| tunnel::is_public(e, address)) {
        finding = finding.reasoning(
            "less likely: an account that was created with public access disabled may never get \
             its public route (one report), and then answers like this outside its private \
             endpoint",
        );
    }
    Some(
        finding
            .owner("Application")
            .inspect(
                "see the account and its endpoint",
                account::list(
                    e,
                    &format!("[?properties.customSubDomainName=='{account}'].properties.endpoint"),
                    "",
                ),
            )
            .inspect("see whether it was deleted", account::list_deleted(e))
            .step(Step::local(
                "use the account's own endpoint in the application's configuration (keep the old \
                 line to undo it)",
            ))
            .check(reading::again(e)),
    )
}

/// The name that a gateway sent to the service: its own (it passes the caller's `Host` on), or that of
/// an account that does not exist (fact H90). No account owns a gateway's name.
fn behind_gateway(e: &View<'_>, refusal: &MatchedRefusal<'_>, aim: HostKind) -> FindingBuilder {
    let (name, host) = (aim.name(), &e.target.host);
    let finding = refusal
        .finding(
            refusal.level(e),
            Confidence::Inferred,
            format!("{name} calls the service by a name that no account owns"),
        )
        .headline(
            Clause::from(format!("{name} calls the service by a name that no account owns"))
                .or("no account owns the name that the gateway calls"),
        )
        .reasoning(format!(
            "the service finds the account by the name in the Host header that {name} sends. Either \
             {name} passes on the caller's ({host}), or the account that it names is misspelt or \
             deleted"
        ))
        .reasoning(
            "passed on by: nginx with `proxy_set_header Host $host`, Application Gateway without a \
             host name override, Front Door with an empty origin host header, API Management whose \
             policy sets Host",
        )
        .reasoning("the answer does not contain the name that was sent: the gateway's own log does");
    let answers = e.backend.as_deref().filter(|backend| backend::account_answers(backend));
    let finding = match answers {
        Some(backend) => finding
            .reasoning(format!(
                "{} exists, as its answer here shows: if it is the host behind {name}, the Host \
                 header is the cause",
                backend.target.host
            ))
            .cites("/backend"),
        None => finding,
    };
    let wanted = network_fix::behind(e);
    let finding = finding.owner(GATEWAY_TEAM);
    let finding = match aim.behind(e) {
        Some(command) => finding.inspect(format!("see which host {name} calls"), command),
        None => finding,
    };
    finding
        .step(Step::inspect(format!(
            "see in the configuration of {name} which Host header it sends to the account"
        )))
        .step(
            Step::shared(
                format!("let {name} send the account's own name as Host: {wanted}"),
                "every call that it forwards to this backend",
            )
            .undo("put the former setting back: note it first"),
        )
        .check(reading::again(e))
}

/// The privatelink alias of another account, in the answer that applications use: Azure's own alias
/// begins with the name's own first label (fact D32).
fn alias_of_another(e: &View<'_>) -> Option<String> {
    if e.target.kind != TargetKind::Account {
        return None;
    }
    let alias = e.dns.effective_resolver()?.seen.privatelink_alias(&e.dns.name)?;
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    (first(&alias) != first(&e.dns.name)).then_some(alias)
}

fn leads_to_another(e: &View<'_>, refusal: &MatchedRefusal<'_>, alias: &str) -> FindingBuilder {
    let name = &e.dns.name;
    let check = format!("dig {}", reading::word(name));
    refusal
        .finding(
            refusal.level(e),
            Confidence::Inferred,
            "the alias leads to another account, which lacks the name",
        )
        .fact(format!("{name} -> {alias}"))
        .cites("/dns/resolvers")
        .reasoning(format!(
            "Azure's own alias of {name} begins with {}: this one is a record of your own, and it \
             leads to the private endpoint of another account, which does not know the name",
            reading::account(e)
        ))
        .reasoning("if no account owns the name at all, the answer is the same")
        .owner("DNS")
        .inspect("see the chain", check.clone())
        .inspect(
            "see whether the account exists",
            account::list(
                e,
                &format!(
                    "[?properties.customSubDomainName=='{}'].properties.endpoint",
                    reading::account(e)
                ),
                "",
            ),
        )
        .step(
            Step::shared(
                format!("remove the alias of {name} where it is kept, so that Azure's own is used"),
                "every client of the server that has the record, for this name only",
            )
            .undo("put the alias back: note its target and TTL first"),
        )
        .check(check)
}
