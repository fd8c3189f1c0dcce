//! Checks the names in a saved report.

use super::read::printable;
use crate::evidence::Evidence;
use crate::evidence::dns::RecordType;

/// Finds a name with characters that names do not have. Rules put names into commands that people
/// copy, and a report may come from somebody else.
pub(super) fn invalid_name(evidence: &Evidence) -> Option<String> {
    let target = &evidence.target;
    let mut names: Vec<(&str, &str)> = vec![("target.host", &target.host)];
    let parts = [&target.account, &target.public_suffix, &target.private_zone];
    names.extend(parts.into_iter().flatten().map(|name| ("target", name.as_str())));
    let proxy = evidence.proxy.value();
    let applies = evidence.vantage.proxy.applies.as_deref();
    names.extend(proxy.map(|hop| ("proxy.host", hop.host.as_str())));
    names.extend(proxy.map(|hop| ("proxy.url", hop.url.as_str())));
    names.extend(applies.map(|url| ("vantage.proxy.applies", url)));
    names.extend(evidence.tls.value().map(|hop| ("tls.server_name", hop.server_name.as_str())));
    for hop in [Some(&evidence.dns), proxy.and_then(|p| p.dns.value())].into_iter().flatten() {
        names.push(("dns.name", &hop.name));
        for asked in hop.resolvers.iter().flat_map(|r| [&r.a, &r.aaaa, &r.zone_soa]) {
            let Some(exchange) = asked.value() else { continue };
            names.push(("dns.resolvers", &exchange.name));
            let Some(answer) = exchange.answer() else { continue };
            names.extend(answer.soa.iter().map(|soa| ("dns.resolvers", soa.zone.as_str())));
            for record in &answer.records {
                names.push(("dns.resolvers", &record.name));
                let alias = record.kind == RecordType::Cname;
                names.extend(alias.then_some(("dns.resolvers", record.data.as_str())));
            }
        }
    }
    for hop in [Some(&evidence.tcp), proxy.map(|p| &p.tcp)].into_iter().flatten() {
        let attempts = hop.value().map(|hop| hop.attempts.as_slice()).unwrap_or_default();
        names.extend(
            attempts.iter().filter_map(|a| Some(("tcp.attempts", a.connect_to.as_deref()?))),
        );
    }
    // Control characters are escaped wherever they are shown, as `\u{1b}`, and harmless in a shell.
    let fits = |c: char| {
        c.is_ascii_alphanumeric()
            || "-_.:/[]*\\%{}".contains(c)
            || c.is_control() && !c.is_whitespace()
    };
    let bad = names.into_iter().find(|(_, name)| !name.chars().all(fits));
    bad.map(|(place, name)| format!("{place} contains '{}', which is not a name", printable(name)))
        .or_else(|| evidence.original.as_deref().and_then(invalid_name))
        .or_else(|| evidence.backend.as_deref().and_then(invalid_name))
        .or_else(|| {
            // The walks for a token have names of their own.
            let how = evidence.identity.acquisition.as_ref()?;
            how.requests.iter().filter_map(|request| request.path.as_deref()).find_map(invalid_name)
        })
}
