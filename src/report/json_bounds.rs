//! Bounds of a saved report's JSON text, checked before any of it is kept in memory.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::read::ReadError;

/// The deepest nesting; reports stay below a third of it.
pub(super) const DEEPEST: u32 = 100;

/// JSON values in one file, at most. This bounds memory, since a value of two bytes takes thirty-two
/// in memory. A report has about a thousand.
pub(super) const MAX_VALUES: u32 = 2_000_000;

/// Elements of one list inside a report, at most: a walk keeps far fewer of anything.
pub(super) const MAX_LIST: usize = 1000;

/// Rejects text that is not JSON, is nested too deeply or has too many values. Where `in_lines`, it
/// may be several JSON texts, one after the other.
pub(super) fn within_bounds(text: &[u8], in_lines: bool) -> Result<(), ReadError> {
    let mut seen = Seen::default();
    let mut json = serde_json::Deserializer::from_slice(text);
    let result = loop {
        let value = BoundsVisitor { seen: &mut seen, depth: 0 }.deserialize(&mut json);
        match value.map(|()| json.end()) {
            Ok(Err(_)) if in_lines => {}
            Ok(end) => break end,
            Err(error) => break Err(error),
        }
    };
    match result {
        Ok(()) => Ok(()),
        Err(_) if seen.too_deep => Err(ReadError::TooDeep),
        Err(_) if seen.values > MAX_VALUES => Err(ReadError::TooManyValues),
        Err(_) if seen.list_too_long => Err(ReadError::ListTooLong),
        Err(error) if error.is_eof() => {
            Err(ReadError::CutOff { line: error.line(), column: error.column() })
        }
        Err(error) => Err(ReadError::NotJson { line: error.line(), column: error.column() }),
    }
}

/// What the first pass over a file has counted.
#[derive(Default)]
struct Seen {
    values: u32,
    too_deep: bool,
    list_too_long: bool,
}

/// Counts the values of a JSON text and keeps none of them.
struct BoundsVisitor<'a> {
    seen: &'a mut Seen,
    depth: u32,
}

impl BoundsVisitor<'_> {
    fn inner(&mut self) -> BoundsVisitor<'_> {
        BoundsVisitor { seen: &mut *self.seen, depth: self.depth + 1 }
    }
}

impl<'de> DeserializeSeed<'de> for BoundsVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        self.seen.values += 1;
        if self.seen.values > MAX_VALUES {
            return Err(D::Error::custom("too many values"));
        }
        if self.depth > DEEPEST {
            self.seen.too_deep = true;
            return Err(D::Error::custom("too deep"));
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BoundsVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        let mut length = 0;
        while sequence.next_element_seed(self.inner())?.is_some() {
            length += 1;
            // The outermost list contains reports.
            if length > MAX_LIST && self.depth > 0 {
                self.seen.list_too_long = true;
                return Err(A::Error::custom("a list too long"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value_seed(self.inner())?;
        }
        Ok(())
    }
}
