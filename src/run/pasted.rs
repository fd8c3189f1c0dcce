//! `explain --answer`: the text of an answer that an application printed.

use super::output::style_of;
use super::{CANNOT_TELL, INPUT_TIMEOUT, Output, Terminal};
use crate::args::{Color, Explain, TextOrJson};
use crate::credential::{self, Credential};
use crate::diagnose::pasted::{beside, issued, looked_up, of_service, recorded};
use crate::files::{self, May};
use crate::secret::{Redactor, Secret};
use crate::services::{self, Service};
use crate::target::Target;
use crate::walk::plan::Plan;
use crate::walk::{self, Seen};
use crate::world::World;
use crate::{blocking, pasted, render};

/// Bytes of such a text that are read.
const LIMIT: u64 = 256 << 10;

/// Fields that a report of this program has together, and an answer of a service does not.
const REPORT: &[&str] = &["\"schema_version\"", "\"verdict\"", "\"evidence\""];

/// Reads, explains and renders.
pub(super) fn explain(
    file: &str,
    arguments: &Explain,
    world: &World,
    terminal: Terminal,
) -> Result<Output, String> {
    let named = arguments.service.as_deref().map(known_service).transpose()?.flatten();
    let from = file.to_owned();
    let bytes = blocking::run_with_timeout(INPUT_TIMEOUT, move || read(&from))
        .map_err(|_| format!("{file}: no end of it after 30 s"))?
        .map_err(|error| format!("{file}: {}", files::why(&error)))?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!(
            "{file}: is larger than {} KiB: give it the error alone, or the last lines",
            LIMIT >> 10
        ));
    }
    let bytes = files::as_utf8(bytes);
    let secrets: Vec<Secret> =
        credential::secrets(&world.environment).map(|(_, secret)| secret).collect();
    let redactor = Redactor::new(&secrets);
    // Those of the environment have any form: before a part of one is taken for another, and where only
    // the plain text shows one.
    let text = pasted::without_secrets(&redactor.redact(&String::from_utf8_lossy(&bytes)));
    let text = redactor.redact(&text);
    if text.trim().is_empty() {
        return Err(format!("{file}: is empty; paste the error text with status and body"));
    }
    if REPORT.iter().all(|field| text.contains(field)) {
        return Err(format!("{file}: is a report of aoai-probe: aoai-probe diagnose {file}"));
    }
    // A status in the record of a call is none of an answer.
    let (records, text) = pasted::records(&text);
    let called = |target: &Target| match named {
        Some(service) => target.service() == Some(service),
        None => target.service().is_some_and(Service::has_call),
    };
    let plan = Plan::default();
    let none = Credential::none();
    let of = |target: &Target| {
        let why = "only an answer was read".to_owned();
        walk::unfinished(target, &plan, world, &none, Seen::default(), why)
    };
    let fallback = "account.openai.azure.com";
    let fallback = Target::parse(fallback, None).map_err(|error| error.to_string())?;
    let parsed = |host: &str| Target::parse(host, None).ok().filter(&called);
    let called_host = pasted::callee(&text, &of(&fallback), |host| parsed(host).is_some());
    let vendor = match named {
        None => pasted::other_vendor(&text, called_host.as_deref()),
        Some(_) => None,
    };
    // What a gateway of Azure answers is read as that of the service behind it.
    let behind = |host: &str| {
        let gateway = Target::parse(host, None).ok()?.service()?.gateway();
        let service = named.or_else(|| fallback.service())?;
        gateway.and_then(|_| Target::parse(host, Some(service.id)).ok())
    };
    // The host of what came before the answer did not give it.
    let later = pasted::from_answer(&text, &of(&fallback));
    let is_beside = vendor.is_some_and(pasted::is_beside);
    let called_host = called_host.filter(|host| !is_beside || later.contains(host.as_str()));
    let asked = called_host.clone();
    let host = called_host.and_then(|host| parsed(&host).or_else(|| behind(&host)));
    let shown = match (&asked, named) {
        (None, None) => pasted::of_library(&text, &of(&fallback)).and_then(services::by_id),
        _ => named,
    };
    let is_assumed = host.is_none() && shown.is_none();
    let mut base = of(host.as_ref().unwrap_or(&fallback));
    if let (None, Some(service)) = (&host, shown.or_else(|| fallback.service())) {
        of_service(&mut base, service.id);
    }
    let mut answers = pasted::explain(&text, &base, is_assumed);
    // What came before an answer that its text explains does not hide it.
    let explained =
        matches!(&answers[..], [first, ..] if first.meaning.as_ref().is_ok_and(|m| m.by_text));
    let vendor = vendor.filter(|vendor| {
        let is_later = match &asked {
            Some(host) => later.contains(host.as_str()),
            None => pasted::other_vendor(later, None) == Some(*vendor),
        };
        !explained || !is_beside || is_later
    });
    if let (Some(vendor), Some(answer)) = (vendor, answers.first_mut()) {
        answer.meaning = Err(vendor);
        answers.truncate(1);
    }
    let looked_up = pasted::lookups(&text).into_iter().filter_map(|lookup| {
        let target = Target::parse(&lookup.name, None).ok()?;
        target.service()?;
        Some(looked_up(&of(&target), &lookup))
    });
    let mut shown: Vec<_> = looked_up.collect();
    let is_known =
        |host: &str| Target::parse(host, None).is_ok_and(|target| target.service().is_some());
    shown.extend(pasted::certificate(&text, is_known).map(|(host, issuer)| issued(&host, issuer)));
    if !records.is_empty() && pasted::is_empty(&text) {
        answers.clear();
    }
    shown.extend(records.iter().map(recorded));
    let answers = beside(answers, shown);
    let known = answers.iter().any(|answer| answer.meaning.is_ok());
    let out = match arguments.format {
        TextOrJson::Json => render::pasted::to_json(&answers).map_err(|error| error.to_string())?,
        TextOrJson::Human => {
            let style = style_of(Color::Auto, &world.environment, terminal.out);
            render::pasted::render(&answers, style)
        }
    };
    let status = if known { 0 } else { CANNOT_TELL };
    Ok(Output { out, status, ..Output::default() })
}

fn read(file: &str) -> std::io::Result<Vec<u8>> {
    match file {
        "-" => files::first(std::io::stdin().lock(), LIMIT + 1),
        path => files::beginning(path, May::BeAnything, LIMIT + 1),
    }
}

/// The service of this id; the error names all.
fn known_service(id: &str) -> Result<Option<&'static Service>, String> {
    let target = Target::parse("service.example", Some(id)).map_err(|error| error.to_string())?;
    Ok(target.service())
}
