//! All evidence, for `-v`: every question, attempt, certificate, header, and what was not asked.

use super::page::Page;
use super::progress::milliseconds;
use super::words;
use crate::evidence::dns::{Answer, DnsHop, DnsOutcome, Exchange, ResolverSeen, Transport};
use crate::evidence::http::HttpHop;
use crate::evidence::identity::{CredentialForm, IdentityHop, TokenClaims, Trimmed, Withheld};
use crate::evidence::proxy::{ConnectOutcome, ProxyHop};
use crate::evidence::tcp::{TcpHop, TcpInfo};
use crate::evidence::tls::{Certificate, TlsHop};
use crate::evidence::vantage::Vantage;
use crate::evidence::{Evidence, Observed, tunnel};

/// Every hop's evidence, a block a hop.
pub(super) fn evidence(page: &mut Page, e: &Evidence) {
    target(page, e);
    vantage(page, &e.vantage);
    dns(page, "dns", &e.dns);
    observed(page, "proxy", &e.proxy, proxy);
    observed(page, "tcp", &e.tcp, tcp);
    if let Some(((sign, _), who)) = tunnel::taken_here(e).zip(tunnel::taken_by(e)) {
        page.words(&format!(
            "accepted on this machine by {who}: {sign}; the connection proves nothing of the way, \
             and the real target is unknown"
        ));
    }
    observed(page, "tls", &e.tls, tls);
    identity(page, &e.identity);
    observed(page, "http", &e.http, http);
    match &e.direct {
        Observed::Ran { saw, .. } => {
            observed(page, "direct", &saw.tcp, tcp);
            observed(page, "direct", &saw.tls, tls);
        }
        other => observed(page, "direct", other, |_, _| ()),
    }
    if let Some(original) = &e.original {
        page.blank();
        page.heading(&format!("the original name {}, in full", original.target.host));
        dns(page, "dns", &original.dns);
        observed(page, "proxy", &original.proxy, proxy);
        observed(page, "tcp", &original.tcp, tcp);
        observed(page, "tls", &original.tls, tls);
    }
    super::tried::experiments(page, &e.experiments, e.tcp.saw().and_then(|hop| hop.walked));
    page.blank();
    page.label("sent to");
    page.words(&list(&e.cost.hosts));
}

/// A block: what was seen, or why there is nothing.
fn observed<T>(page: &mut Page, label: &str, it: &Observed<T>, show: fn(&mut Page, &T)) {
    page.blank();
    page.label(label);
    match it {
        Observed::Ran { saw, .. } => show(page, saw),
        other => page.words(&words::not_done(other).unwrap_or_default()),
    }
    page.label("");
}

fn target(page: &mut Page, e: &Evidence) {
    let (target, asked) = (&e.target, &e.asked);
    page.blank();
    page.label("target");
    page.words(&format!("{}:{}, typed {}", target.host, target.port, target.typed));
    page.words(&format!(
        "service {}, cloud {}, zone {}",
        or_none(target.service_name.as_deref()),
        or_none(target.cloud.as_deref()),
        or_none(target.private_zone.as_deref())
    ));
    page.words(&format!(
        "--expect {}, --trust {}, api-version {}, {} ms a hop, {} ms in all",
        words::expect(&asked.expect),
        words::trust(asked.trust),
        asked.api_version,
        asked.timeout_ms,
        asked.deadline_ms
    ));
    if let Some(deployment) = &asked.deployment {
        page.words(&format!("--deployment {deployment}"));
    }
    if let Some(file) = &asked.ca_file {
        page.words(&format!("--ca-file {file}"));
    }
    page.words(&format!("walked at {}", e.started));
}

fn vantage(page: &mut Page, v: &Vantage) {
    page.blank();
    page.label("vantage");
    let azure = match v.azure.answer {
        Some(true) => format!("an Azure machine ({})", list(&v.azure.signs)),
        Some(false) => "not an Azure machine".to_owned(),
        None => "Azure machine or not: this OS cannot say".to_owned(),
    };
    page.words(&format!("{}, {}, {azure}", v.host, v.os));
    for sign in &v.platforms {
        page.words(&format!("{}: {}", sign.platform.name(), sign.sign));
    }
    if !v.default_gateways.is_empty() {
        let gateways = words::addresses(&v.default_gateways, usize::MAX);
        page.words(&format!("default gateways: {gateways}"));
    }
    let config = &v.resolver_config;
    page.words(&format!(
        "{}: {}, nameservers {}, search {}, options {}",
        config.path,
        words::file(&config.state),
        list(&config.nameservers),
        list(&config.search),
        list(&config.options)
    ));
    if !config.ignored_nameservers.is_empty() {
        page.words(&format!("nameservers not used: {}", list(&config.ignored_nameservers)));
    }
    if !config.bad_lines.is_empty() {
        let lines: Vec<String> = config.bad_lines.iter().map(u32::to_string).collect();
        page.words(&format!("lines that make no sense: {}", list(&lines)));
    }
    if let Some(stub) = &config.stub {
        let from = stub.read_from.as_ref().map(|file| format!(" ({file})")).unwrap_or_default();
        let upstreams = words::addresses(&stub.upstreams, usize::MAX);
        page.words(&format!("stub {}, upstreams {upstreams}{from}", stub.address));
    }
    page.words(&format!("{}: {}", v.hosts.path, words::file(&v.hosts.state)));
    for line in &v.hosts.lines {
        let names: Vec<String> = std::iter::once(&line.name).chain(&line.also).cloned().collect();
        let names = names.join(" ");
        page.indented(2, &format!("line {}: {} {names}", line.number, line.address));
    }
    page.words(&format!("nsswitch hosts: {}", or_none(v.nsswitch_hosts.as_deref())));
    let proxy = &v.proxy;
    for variable in &proxy.variables {
        page.words(&format!("{}={}", variable.name, variable.value));
    }
    page.words(&format!(
        "proxy: {} ({})",
        or_none(proxy.applies.as_deref()),
        words::proxy_reason(&proxy.reason)
    ));
    for entry in &proxy.no_proxy {
        let exempts = if entry.exempts { "exempts the target" } else { "does not match" };
        page.indented(2, &format!("NO_PROXY {}: {exempts}", entry.entry));
        if let Some(dialect) = &entry.dialect {
            page.indented(4, dialect);
        }
    }
    for client in &proxy.clients {
        page.indented(2, &words::client_proxy(client));
    }
    for name in &proxy.misspelt {
        page.words(&format!("misspelt: {name}"));
    }
    for source in &v.sources {
        let from = source.source.map_or("no route".to_owned(), |address| address.to_string());
        let interface = source.interface.as_ref().map(|i| format!(" ({i})")).unwrap_or_default();
        let route = source.route.as_ref().map(words::route).unwrap_or_default();
        page.words(&format!("towards {}: {from}{interface}{route}", source.towards));
    }
    for name in &v.tunnels_down {
        page.words(&format!("tunnel {name}: down"));
    }
    page.words(&match v.clock_ahead_s {
        Some(seconds) => format!("clock: {seconds} s ahead of the peer's"),
        None => "clock: no peer's time to compare with".to_owned(),
    });
}

fn dns(page: &mut Page, label: &str, hop: &DnsHop) {
    page.blank();
    page.label(label);
    page.words(&hop.name);
    for resolver in &hop.resolvers {
        questions(page, resolver);
    }
    let took = hop.system.took_ms().map(|ms| format!(", {}", milliseconds(ms)));
    page.words(&format!("getaddrinfo: {}{}", words::system(&hop.system), took.unwrap_or_default()));
    for walked in &hop.walked {
        let counts = if walked.counts { "counts" } else { "does not count" };
        page.words(&format!("walked: {} ({}), {counts}", walked.address, walked.class.words()));
    }
    page.label("");
}

fn questions(page: &mut Page, resolver: &ResolverSeen) {
    page.words(&format!("{} ({})", resolver.label(), words::role(resolver.role)));
    for (kind, asked) in
        [("A", &resolver.a), ("AAAA", &resolver.aaaa), ("SOA of the zone", &resolver.zone_soa)]
    {
        match asked {
            Observed::Ran { saw, took_ms, .. } => exchange(page, saw, *took_ms),
            other => {
                let why = words::not_done(other).unwrap_or_default();
                page.indented(2, &format!("{kind}: {why}"));
            }
        }
    }
}

fn exchange(page: &mut Page, exchange: &Exchange, took_ms: f64) {
    let transport = match exchange.transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    };
    let what = match exchange.answer() {
        Some(answer) => answer.rcode.to_string(),
        None => words::dns_outcome(&exchange.outcome),
    };
    page.indented(
        2,
        &format!(
            "{} {}: {what}, {}, {transport}, sent {}",
            exchange.kind,
            exchange.name,
            milliseconds(took_ms),
            exchange.sent
        ),
    );
    match &exchange.outcome {
        DnsOutcome::Answered { answer: message }
        | DnsOutcome::TcpFailed { truncated: message, .. } => answer(page, message),
        _ => {}
    }
    for late in &exchange.late {
        let rcode = &late.answer.rcode;
        page.indented(
            4,
            &format!("a second answer, {} later: {rcode}", milliseconds(late.after_ms)),
        );
        answer(page, &late.answer);
    }
    for stray in &exchange.stray {
        page.indented(
            4,
            &format!("not accepted: from {}, {}", stray.from, words::stray(stray.why)),
        );
    }
}

fn answer(page: &mut Page, answer: &Answer) {
    let flags = [
        ("aa", answer.authoritative),
        ("tc", answer.truncated),
        ("ra", answer.recursion_available),
        ("ad", answer.authentic_data),
    ];
    let set: Vec<String> =
        flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()).collect();
    page.indented(
        4,
        &format!("flags {}, {}", list(&set), words::count(answer.size.into(), "byte")),
    );
    for record in &answer.records {
        page.indented(
            4,
            &format!("{} {} {} {}", record.name, record.ttl, record.kind, record.data),
        );
    }
    if answer.records_left_out > 0 {
        page.indented(
            4,
            &format!("and {}", words::count(answer.records_left_out.into(), "more record")),
        );
    }
    if let Some(soa) = &answer.soa {
        page.indented(4, &format!("{} SOA {} {} {}", soa.zone, soa.mname, soa.rname, soa.serial));
    }
    for error in &answer.extended_errors {
        page.indented(4, &format!("extended error {}: {}", error.code, error.text));
    }
}

fn tcp(page: &mut Page, hop: &TcpHop) {
    for attempt in &hop.attempts {
        let from = match (attempt.source, &attempt.interface) {
            (Some(source), Some(interface)) => format!(" from {source} ({interface})"),
            (Some(source), None) => format!(" from {source}"),
            (None, _) => String::new(),
        };
        let walked = if Some(attempt.address.ip()) == hop.walked { ", walked" } else { "" };
        page.words(&format!(
            "{}{from}: {}, {}{walked}",
            attempt.address,
            words::tcp_outcome(&attempt.outcome),
            milliseconds(attempt.took_ms)
        ));
        if let Some(detour) = &attempt.detour {
            page.indented(2, &format!("redirected to {detour} by --connect-to"));
        }
        if let Some(repeats @ 1..) = attempt.syn_repeats {
            page.indented(2, &format!("the SYN was sent {} times", repeats + 1));
        }
        if let Some(info) = &attempt.info {
            kernel(page, info);
        }
    }
    if hop.attempts.is_empty() {
        page.words("no address to connect to");
    }
}

fn kernel(page: &mut Page, info: &TcpInfo) {
    page.indented(
        2,
        &format!(
            "round trip {:.1} ms, {} retransmitted, MSS {}, path MTU {}",
            f64::from(info.rtt_us) / 1000.0,
            info.total_retrans,
            info.snd_mss,
            info.pmtu
        ),
    );
    let counts: Vec<String> = [
        ("segments out", info.segs_out.map(u64::from)),
        ("in", info.segs_in.map(u64::from)),
        ("out of order", info.rcv_ooopack.map(u64::from)),
        ("repeats that had arrived", info.dsack_dups.map(u64::from)),
        ("bytes acknowledged", info.bytes_acked),
        ("received", info.bytes_received),
    ]
    .into_iter()
    .filter_map(|(name, number)| number.map(|number| format!("{name} {number}")))
    .collect();
    if !counts.is_empty() {
        page.indented(2, &counts.join(", "));
    }
}

fn proxy(page: &mut Page, hop: &ProxyHop) {
    let password = if hop.has_password { "with a password" } else { "without a password" };
    page.words(&format!("{}, {password}", hop.url));
    match &hop.dns {
        Observed::Ran { saw, .. } => {
            page.words(&format!("its name {}", saw.name));
            for resolver in &saw.resolvers {
                questions(page, resolver);
            }
            page.words(&format!("getaddrinfo: {}", words::system(&saw.system)));
        }
        other => page.words(&format!("its name: {}", words::not_done(other).unwrap_or_default())),
    }
    match &hop.tcp {
        Observed::Ran { saw, .. } => tcp(page, saw),
        other => {
            page.words(&format!("connection: {}", words::not_done(other).unwrap_or_default()));
        }
    }
    match &hop.connect {
        Observed::Ran { saw, took_ms, .. } => {
            page.words(&format!("{}, {}", words::connect(saw), milliseconds(*took_ms)));
            if let ConnectOutcome::Answered { status, reason, headers } = saw {
                page.indented(2, &format!("{status} {reason}"));
                for header in headers {
                    page.indented(2, &format!("{}: {}", header.name, header.value));
                }
            }
        }
        other => page.words(&format!("CONNECT: {}", words::not_done(other).unwrap_or_default())),
    }
}

fn tls(page: &mut Page, hop: &TlsHop) {
    page.words(&format!("SNI {}: {}", hop.server_name, words::tls_outcome(hop)));
    if let Some(n) = &hop.negotiated {
        page.words(&format!(
            "{}, {}, group {}, ALPN {}",
            n.version,
            n.cipher_suite,
            or_none(n.group.as_deref()),
            or_none(n.alpn.as_deref())
        ));
    }
    page.words(&format!(
        "{} sent, {} received, {} presented",
        words::count(hop.bytes_sent, "byte"),
        hop.bytes_received,
        words::count(hop.chain_length.into(), "certificate")
    ));
    for verdict in &hop.verdicts {
        let says = verdict.fault.as_ref().map_or("accepts", |fault| fault.describe());
        let set = verdict.store.describe();
        page.words(&format!("{set} ({} anchors): {says}", verdict.anchors));
    }
    for (number, one) in hop.chain.iter().enumerate() {
        certificate(page, number, one);
    }
    if let Some(info) = &hop.tcp_info {
        kernel(page, info);
    }
}

fn certificate(page: &mut Page, number: usize, one: &Certificate) {
    page.words(&format!("certificate {number}: {}", one.subject));
    page.indented(2, &format!("issuer {}", one.issuer));
    if !one.names.is_empty() {
        let left = (one.names_count as usize).saturating_sub(one.names.len());
        let more = if left > 0 { format!(" and {left} more") } else { String::new() };
        page.indented(2, &format!("names {}{more}", list(&one.names)));
    }
    let kind = match (one.is_ca, one.self_issued) {
        (true, true) => ", CA, self-issued",
        (true, false) => ", CA",
        (false, true) => ", self-issued",
        (false, false) => "",
    };
    page.indented(
        2,
        &format!(
            "{} to {} ({}){kind}",
            one.not_before,
            one.not_after,
            words::days_left(one.days_left)
        ),
    );
    if let Some(url) = &one.issuer_url {
        page.indented(2, &format!("issuer's certificate {url}"));
    }
    page.indented(2, &format!("SHA-256 {}", one.sha256));
}

fn identity(page: &mut Page, hop: &IdentityHop) {
    page.blank();
    page.label("identity");
    let source = hop.source.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
    let form = match hop.looks_like {
        Some(CredentialForm::Jwt) => ", looks like a JWT",
        Some(CredentialForm::Opaque) => ", opaque",
        None => "",
    };
    let kind = match hop.withheld {
        Some(Withheld::NoToken) => "no token",
        _ => words::credential(hop.kind),
    };
    page.words(&format!("{kind}{source}{form}"));
    if let Some(why) = hop.withheld.filter(|why| *why != Withheld::NoToken) {
        page.words(&format!("not sent: {}", words::withheld(why)));
    }
    if let Some(mode) = &hop.file_mode_open {
        page.words(&format!("other users can read the file: mode {mode}"));
    }
    if let Some(trimmed) = hop.trimmed {
        page.words(match trimmed {
            Trimmed::LineEnd => "a line end after the value was not sent",
            Trimmed::Blanks => "blanks around the value were not sent",
        });
    }
    page.words(&format!("audiences wanted: {}", list(&hop.wanted_audiences)));
    if let Some(claims) = &hop.claims {
        token(page, claims);
    }
    for other in &hop.not_taken {
        page.words(&format!("not taken: {}, {}", other.source, other.why));
    }
    super::token::configured(page, &hop.configured);
    if let Some(how) = &hop.acquisition {
        super::token::block(page, how);
    }
}

fn token(page: &mut Page, claims: &TokenClaims) {
    let claims_text = [
        ("aud", &claims.audience),
        ("iss", &claims.issuer),
        ("sub", &claims.subject),
        ("tid", &claims.tenant),
        ("oid", &claims.object),
        ("appid", &claims.application),
        ("idtyp", &claims.subject_kind),
        ("ver", &claims.version),
        ("xms_mirid", &claims.managed_identity),
        ("scp", &claims.scopes),
        ("exp", &claims.expires),
    ];
    for (name, value) in claims_text {
        if let Some(value) = value {
            page.indented(2, &format!("{name} {value}"));
        }
    }
    if !claims.roles.is_empty() {
        page.indented(2, &format!("roles {}", list(&claims.roles)));
    }
    if let Some(seconds) = claims.expires_in_s {
        page.indented(2, &format!("ends {seconds} s after the walk's start"));
    }
    if let Some(seconds) = claims.not_before_in_s {
        page.indented(2, &format!("begins {seconds} s after the walk's start"));
    }
}

fn http(page: &mut Page, hop: &HttpHop) {
    for call in &hop.calls {
        let sent = if call.credential_sent { "with" } else { "without" };
        page.words(&format!(
            "{}: {} {} {sent} the credential, {}",
            words::purpose(call.purpose),
            call.method,
            call.path,
            milliseconds(call.took_ms)
        ));
        page.indented(2, &words::http_call(call));
        let Some(answer) = call.answer() else { continue };
        for header in &answer.headers {
            page.indented(2, &format!("{}: {}", header.name, header.value));
        }
        if let Some(error) = &answer.error {
            let parts = [
                ("code", &error.code),
                ("type", &error.kind),
                ("message", &error.message),
                ("innererror", &error.inner_code),
            ];
            for (name, value) in parts {
                if let Some(value) = value {
                    page.indented(2, &format!("error {name}: {value}"));
                }
            }
        }
        if let Some(excerpt) = &answer.body_excerpt {
            page.indented(2, &format!("body begins: {excerpt}"));
        }
        let end = if answer.body_complete { "complete" } else { "not complete" };
        page.indented(2, &format!("{} of body, {end}", words::count(answer.body_bytes, "byte")));
    }
    if hop.calls.is_empty() {
        page.words("no call was made");
    }
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn or_none(text: Option<&str>) -> &str {
    text.unwrap_or("none")
}
