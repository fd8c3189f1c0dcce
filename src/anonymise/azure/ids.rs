//! Ids of resources, and paths of reads: subscription, group and names are replaced; providers,
//! types and what Azure names itself stay.

use super::super::Anonymiser;
use super::super::prose::Whose;
use super::super::words::Words;
use super::{known, named};
use crate::evidence::text::is_guid;

/// What a segment of an id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment<'a> {
    /// A type, or a word between others (`subscriptions`, `providers`).
    Type,
    /// A provider.
    Namespace,
    /// A name, with the type before it in lower case.
    NameOf(&'a str),
}

/// The segments of a path, each with what it is.
fn segments(path: &str) -> Vec<(&str, Segment<'_>)> {
    let mut all = Vec::new();
    let mut before: Option<&str> = None;
    for segment in path.split('/').skip(1) {
        let what = match before {
            Some(kind) if kind.eq_ignore_ascii_case("providers") => Segment::Namespace,
            Some(kind) => Segment::NameOf(kind),
            None => Segment::Type,
        };
        before = (what == Segment::Type).then_some(segment);
        all.push((segment, what));
    }
    all
}

/// What the name of a type's resources is replaced by.
fn kind(of: &str) -> &'static str {
    let row = known::KINDS.iter().find(|(name, _)| of.eq_ignore_ascii_case(name));
    row.map_or("resource", |(_, kind)| kind)
}

/// Whether the names of a type are labels of DNS names.
fn is_label(of: &str) -> bool {
    known::LABELS.iter().any(|name| of.eq_ignore_ascii_case(name))
}

/// Gives the names in an id their replacements.
pub(super) fn find_names(path: &str, words: &mut Words) {
    let path = path.split('?').next().unwrap_or_default();
    for (segment, what) in segments(path) {
        if let Segment::NameOf(of) = what
            && !is_label(of)
            && !of.eq_ignore_ascii_case("privateDnsZones")
        {
            named(words, segment, kind(of));
        }
    }
}

impl Anonymiser {
    /// An id, or the path and query of a read.
    pub(in crate::anonymise) fn azure_path(&mut self, text: &str) -> String {
        let (path, query) = text.split_once('?').map_or((text, None), |(p, q)| (p, Some(q)));
        let mut out = String::with_capacity(text.len());
        for (segment, what) in segments(path) {
            out.push('/');
            let new = match what {
                Segment::Type => self.kind_of_resource(segment),
                Segment::Namespace if known::is_namespace(segment) => segment.to_owned(),
                Segment::Namespace => named(&mut self.words, segment, "provider"),
                Segment::NameOf(of) => self.name_of(of, segment),
            };
            out.push_str(&new);
        }
        if let Some(query) = query {
            out.push('?');
            let pairs = query.split('&').map(|pair| self.parameter(pair));
            out.push_str(&pairs.collect::<Vec<_>>().join("&"));
        }
        out
    }

    fn kind_of_resource(&mut self, segment: &str) -> String {
        let known = known::TYPES.iter().any(|name| segment.eq_ignore_ascii_case(name));
        let letters = segment.bytes().all(|byte| byte.is_ascii_alphabetic());
        match known || segment.is_empty() || letters && self.words.is_ordinary(segment) {
            true => segment.to_owned(),
            false => self.words.replace(segment, "type"),
        }
    }

    fn name_of(&mut self, of: &str, name: &str) -> String {
        if known::ROLE_IDS.iter().any(|id| name.eq_ignore_ascii_case(id)) {
            return name.to_owned();
        }
        if of.eq_ignore_ascii_case("subscriptions") || is_guid(name) {
            return self.words.id(name);
        }
        if of.eq_ignore_ascii_case("privateDnsZones") {
            return self.host(name).replace('/', "-");
        }
        match is_label(of) {
            true => self.azure_label(name),
            false => named(&mut self.words, name, kind(of)),
        }
    }

    fn parameter(&mut self, pair: &str) -> String {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match key.to_ascii_lowercase().as_str() {
            "api-version" => {
                let date = value.get(..10).unwrap_or(value);
                let dated = date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
                let end = value.get(date.len()..).unwrap_or_default();
                match dated && matches!(end, "" | "-preview") {
                    true => pair.to_owned(),
                    false => format!("{key}={}", self.words.replace(value, "id")),
                }
            }
            "$filter" => format!("{key}={}", self.prose(value, Whose::Typed)),
            "$top" | "$select" | "$skiptoken" | "$expand" => {
                format!("{key}={}", self.words.replace(value, "id"))
            }
            _ => self.prose(pair, Whose::Typed),
        }
    }
}
