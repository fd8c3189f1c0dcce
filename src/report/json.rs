//! JSON of a report, in both layouts.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// JSON with a line for each value.
///
/// # Errors
///
/// Those of `serde_json`: none are known for reports.
pub fn pretty<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    written(value, Layout::Pretty(PrettyFormatter::new()))
}

/// JSON on one line.
///
/// # Errors
///
/// Those of `serde_json`: none are known for reports.
pub fn compact<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    written(value, Layout::Compact)
}

fn written<T: Serialize + ?Sized>(value: &T, layout: Layout) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, layout))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Both layouts in one type: two types would mean two copies of the code that serialises a report.
enum Layout {
    Compact,
    Pretty(PrettyFormatter<'static>),
}

/// Passes each call on to the layout's own formatter.
macro_rules! delegate {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {
        impl Formatter for Layout {
            $(fn $name<W: io::Write + ?Sized>(&mut self, to: &mut W, $($argument: $type),*) -> io::Result<()> {
                match self {
                    Layout::Compact => CompactFormatter.$name(to, $($argument),*),
                    Layout::Pretty(pretty) => pretty.$name(to, $($argument),*),
                }
            })*
        }
    };
}

delegate! {
    begin_array();
    end_array();
    begin_array_value(first: bool);
    end_array_value();
    begin_object();
    end_object();
    begin_object_key(first: bool);
    begin_object_value();
    end_object_value();
}
