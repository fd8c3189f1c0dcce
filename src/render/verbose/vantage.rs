//! The vantage point of the walk.

use super::{list, or_none};
use crate::evidence::vantage::{ScriptEvidence, SystemProxySettings, Vantage};
use crate::render::text;
use crate::render::text_writer::TextWriter;

pub(super) fn vantage(writer: &mut TextWriter, v: &Vantage) {
    writer.write_blank_line();
    writer.set_label("vantage");
    let azure = match v.azure.answer {
        Some(true) => format!("an Azure machine ({})", list(&v.azure.signs)),
        Some(false) => "not an Azure machine".to_owned(),
        None => "Azure machine: unknown on this OS".to_owned(),
    };
    writer.write_text(&format!("{}, {}, {azure}", v.host, v.os));
    for sign in &v.platforms {
        writer.write_text(&format!("{}: {}", sign.platform.name(), sign.sign));
    }
    if !v.default_gateways.is_empty() {
        let gateways = text::addresses(&v.default_gateways, usize::MAX);
        writer.write_text(&format!("default gateways: {gateways}"));
    }
    let config = &v.resolver_config;
    writer.write_text(&format!(
        "{}: {}, nameservers {}, search {}, options {}",
        config.path,
        text::file(&config.state),
        list(&config.nameservers),
        list(&config.search),
        list(&config.options)
    ));
    if !config.ignored_nameservers.is_empty() {
        writer.write_text(&format!("nameservers not used: {}", list(&config.ignored_nameservers)));
    }
    if !config.bad_lines.is_empty() {
        let lines: Vec<String> = config.bad_lines.iter().map(u32::to_string).collect();
        writer.write_text(&format!("invalid lines: {}", list(&lines)));
    }
    if !config.octal_lines.is_empty() {
        let lines: Vec<String> = config.octal_lines.iter().map(u32::to_string).collect();
        writer.write_text(&format!("lines with an address in octal: {}", list(&lines)));
    }
    if let Some(stub) = &config.stub {
        let from = stub.read_from.as_ref().map(|file| format!(" ({file})")).unwrap_or_default();
        let upstreams = text::addresses(&stub.upstreams, usize::MAX);
        writer.write_text(&format!("stub {}, upstreams {upstreams}{from}", stub.address));
    }
    for one in &config.interfaces {
        let how = if one.over_https { ", DNS over HTTPS" } else { "" };
        let (interface, metric) = (&one.interface, one.metric);
        writer.write_indented(2, &format!("{}: {interface}, metric {metric}{how}", one.address));
    }
    for policy in &config.policies {
        writer.write_text(&text::name_policy(policy));
    }
    if let Some(library) = &v.lookup_by {
        writer.write_text(&format!("lookup by {library}"));
    }
    writer.write_text(&format!("{}: {}", v.hosts.path, text::file(&v.hosts.state)));
    for line in &v.hosts.lines {
        let names: Vec<String> = std::iter::once(&line.name).chain(&line.also).cloned().collect();
        let names = names.join(" ");
        writer.write_indented(2, &format!("line {}: {} {names}", line.number, line.address));
    }
    // Windows and macOS have no such file.
    let without = matches!(v.lookup_by.as_deref(), Some("winsock" | "mDNSResponder"));
    if v.nsswitch_hosts.is_some() || !without {
        writer.write_text(&format!("nsswitch hosts: {}", or_none(v.nsswitch_hosts.as_deref())));
    }
    let proxy = &v.proxy;
    for variable in &proxy.variables {
        writer.write_text(&format!("{}={}", variable.name, variable.words()));
    }
    writer.write_text(&format!(
        "proxy: {} ({})",
        or_none(proxy.applies.as_deref()),
        text::proxy_reason(&proxy.reason)
    ));
    for entry in &proxy.no_proxy {
        let exempts = if entry.exempts { "exempts the target" } else { "does not match" };
        writer.write_indented(2, &format!("NO_PROXY {}: {exempts}", entry.entry));
        if let Some(dialect) = &entry.client_semantics {
            writer.write_indented(4, dialect);
        }
    }
    if let Some(system) = &proxy.system {
        if v.os.starts_with("macos") {
            // It has none of its own for services.
            system_proxy(writer, "the primary network service's", system.user.as_ref(), None);
        } else {
            let script = system.script.as_ref();
            system_proxy(writer, "this user's", system.user.as_ref(), script);
            system_proxy(writer, "services'", system.services.as_ref(), None);
            if let Some(run) = script {
                writer.write_indented(
                    2,
                    &format!("WinHTTP ran the script for {} in {} ms", run.url, run.took_ms),
                );
            }
        }
    }
    for client in &proxy.clients {
        writer.write_indented(2, &text::client_proxy(client));
    }
    for name in &proxy.misspelt {
        writer.write_text(&format!("misspelt: {name}"));
    }
    for source in &v.sources {
        let from = source.source.map_or("no route".to_owned(), |address| address.to_string());
        let interface = source.interface.as_ref().map(|i| format!(" ({i})")).unwrap_or_default();
        let route = source.route.as_ref().map(text::route).unwrap_or_default();
        writer.write_text(&format!("towards {}: {from}{interface}{route}", source.towards));
    }
    for name in &v.tunnels_down {
        writer.write_text(&format!("tunnel {name}: down"));
    }
    writer.write_text(&match v.clock_ahead_s {
        Some(seconds) => format!("clock: {seconds} s ahead of the peer's"),
        None => "clock: no peer's time to compare it with".to_owned(),
    });
}

fn system_proxy(
    writer: &mut TextWriter,
    whose: &str,
    settings: Option<&SystemProxySettings>,
    script: Option<&ScriptEvidence>,
) {
    let Some(settings) = settings else {
        return writer.write_text(&format!("the system's proxy settings, {whose}: not shown"));
    };
    writer.write_text(&format!(
        "the system's proxy settings, {whose}: {}",
        text::system_proxy(settings, script)
    ));
    if !settings.bypass.is_empty() {
        writer.write_indented(2, &format!("directly: {}", list(&settings.bypass)));
    }
}
