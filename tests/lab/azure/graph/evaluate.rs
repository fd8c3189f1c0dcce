//! What a query gives over rows.

use serde_json::{Map, Value, json};

use super::parse::{Expression, Query, Step};

/// Runs the steps in order.
pub fn run(query: &Query, mut rows: Vec<Value>) -> Result<Vec<Value>, String> {
    for step in &query.steps {
        rows = match step {
            Step::Where(condition) => {
                let mut kept = Vec::new();
                for row in rows {
                    if truth(&value(condition, &row)?) {
                        kept.push(row);
                    }
                }
                kept
            }
            Step::Extend(columns) => {
                for row in &mut rows {
                    for (name, expression) in columns {
                        row[name] = value(expression, row)?;
                    }
                }
                rows
            }
            Step::Project(columns) => {
                let project = |row: &Value| -> Result<Value, String> {
                    let mut out = Map::new();
                    for (name, expression) in columns {
                        out.insert(name.clone(), value(expression, row)?);
                    }
                    Ok(Value::Object(out))
                };
                rows.iter().map(project).collect::<Result<_, _>>()?
            }
            Step::OrderBy(keys) => {
                for (key, ascending) in keys.iter().rev() {
                    let mut keyed = Vec::new();
                    for row in rows {
                        keyed.push((text(&value(key, &row)?).to_ascii_lowercase(), row));
                    }
                    keyed.sort_by(|(a, _), (b, _)| if *ascending { a.cmp(b) } else { b.cmp(a) });
                    rows = keyed.into_iter().map(|(_, row)| row).collect();
                }
                rows
            }
            Step::Take(count) => {
                rows.truncate(*count);
                rows
            }
        };
    }
    Ok(rows)
}

fn truth(value: &Value) -> bool {
    value.as_bool().unwrap_or(false)
}

/// `tostring`: an object is its JSON, null is nothing.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn value(expression: &Expression, row: &Value) -> Result<Value, String> {
    Ok(match expression {
        Expression::Text(text) => text.clone().into(),
        Expression::Number(number) => json!(number),
        Expression::Span(seconds) => json!(seconds),
        Expression::Path(path) => match row.get(&path[0]) {
            Some(column) => path[1..].iter().fold(column.clone(), |at, key| at[key].clone()),
            // A column of some types only is null for the others; another name is a mistake.
            None if COLUMNS.contains(&path[0].as_str()) => Value::Null,
            None => return Err(format!("no column {}", path[0])),
        },
        Expression::Index(list, at) => value(list, row)?[at].clone(),
        Expression::Call(name, arguments) => call(name, arguments, row)?,
        Expression::Compare(left, operator, right) => {
            compare(&value(left, row)?, operator, &value(right, row)?)?.into()
        }
        Expression::In(left, operator, list) => {
            let left = value(left, row)?;
            let one = if operator.ends_with('~') { "=~" } else { "==" };
            let mut found = false;
            for other in list {
                found |= compare(&left, one, &value(other, row)?)?;
            }
            (found != operator.starts_with('!')).into()
        }
        Expression::All(all) => {
            let mut holds = true;
            for one in all {
                holds &= truth(&value(one, row)?);
            }
            holds.into()
        }
        Expression::Any(all) => {
            let mut holds = false;
            for one in all {
                holds |= truth(&value(one, row)?);
            }
            holds.into()
        }
    })
}

/// Columns of every table.
const COLUMNS: [&str; 15] = [
    "id",
    "name",
    "type",
    "tenantId",
    "kind",
    "location",
    "resourceGroup",
    "subscriptionId",
    "managedBy",
    "sku",
    "plan",
    "properties",
    "tags",
    "identity",
    "zones",
];

fn call(name: &str, arguments: &[Expression], row: &Value) -> Result<Value, String> {
    let of = |at: usize| value(&arguments[at], row);
    Ok(match name {
        "tolower" => text_of(&of(0)?)?.to_lowercase().into(),
        "tostring" => text(&of(0)?).into(),
        "split" => {
            let (whole, by) = (text_of(&of(0)?)?, text_of(&of(1)?)?);
            whole.split(by.as_str()).map(str::to_owned).collect::<Vec<_>>().into()
        }
        "todatetime" => of(0)?,
        "isnotempty" => (!text(&of(0)?).is_empty()).into(),
        "isempty" => text(&of(0)?).is_empty().into(),
        "not" => (!truth(&of(0)?)).into(),
        other => return Err(format!("the function {other}")),
    })
}

/// A text: an object must be made one with `tostring` first, as Resource Graph wants it.
fn text_of(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Ok(String::new()),
        other => Err(format!("a text function of {other}, which is none")),
    }
}

fn compare(left: &Value, operator: &str, right: &Value) -> Result<bool, String> {
    if left.is_null() || right.is_null() {
        return Ok(matches!(operator, "!=" | "!~" | "!contains"));
    }
    if left.is_object() || left.is_array() {
        return Err(format!("{operator} of {left}, which is no text"));
    }
    let (a, b) = (text(left), text(right));
    let (lower_a, lower_b) = (a.to_lowercase(), b.to_lowercase());
    Ok(match operator {
        "==" => a == b,
        "!=" => a != b,
        "=~" => lower_a == lower_b,
        "!~" => lower_a != lower_b,
        // Times of one form, and numbers of one length, are in the order of their texts.
        "<" => a < b,
        ">" => a > b,
        "<=" => a <= b,
        ">=" => a >= b,
        "contains" => lower_a.contains(&lower_b),
        "!contains" => !lower_a.contains(&lower_b),
        "contains_cs" => a.contains(&b),
        "startswith" => lower_a.starts_with(&lower_b),
        "endswith" => lower_a.ends_with(&lower_b),
        "has" => has_term(&lower_a, &lower_b),
        other => return Err(format!("the operator {other}")),
    })
}

/// Whether a text has another as a whole term.
fn has_term(text: &str, term: &str) -> bool {
    text.match_indices(term).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + term.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}
