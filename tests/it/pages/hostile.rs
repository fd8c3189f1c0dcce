//! A report in which every field that may hold any text tries to leave its place in a page.

use aoai_probe::report::Report;
use serde_json::Value;

use crate::fixtures::strings;

/// Ends attributes, elements, comments and JSON, in one way or another.
const HOSTILE: &str = "\"><script>alert(1)</script>&'</script><!-- --><img src=x onerror=alert(1)>\
                       </style></title></pre></svg>]]>\u{2028}&lt;b&gt;\\\"";

/// The report with the text in the place of every string that a report may have there.
pub(super) fn everywhere(report: &Report) -> Report {
    let mut value = serde_json::to_value(report).unwrap();
    let mut places = Vec::new();
    strings(&value, String::new(), &mut places);
    let mut replaced = 0;
    for place in &places {
        let at = value.pointer_mut(place).unwrap();
        let before = std::mem::replace(at, Value::from(HOSTILE));
        match serde_json::from_value::<Report>(value.clone()) {
            Ok(_) => replaced += 1,
            Err(_) => *value.pointer_mut(place).unwrap() = before,
        }
    }
    // The others are addresses and words of a closed list.
    assert!(replaced * 3 > places.len(), "{replaced} of {}", places.len());
    serde_json::from_value(value).unwrap()
}
