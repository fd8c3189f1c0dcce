//! A literal of Python: the form in which its libraries print the body of an answer.

use serde_json::{Map, Number, Value};

/// Values inside values, at most.
const DEPTH: usize = 32;

/// The value that a text begins with, and its length.
pub(super) fn value(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader { rest: text };
    let value = reader.value(DEPTH)?;
    Some((value, text.len() - reader.rest.len()))
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        match self.peek()? {
            '{' => self.dictionary(depth),
            '[' => self.list(depth),
            '"' | '\'' => self.string().map(Value::String),
            _ => self.word(),
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.peek().filter(|found| *found == wanted)?;
        self.rest = &self.rest[wanted.len_utf8()..];
        Some(())
    }

    fn dictionary(&mut self, depth: usize) -> Option<Value> {
        self.take('{')?;
        let mut map = Map::new();
        loop {
            if self.take('}').is_some() {
                return Some(Value::Object(map));
            }
            self.peek()?;
            let name = self.string()?;
            self.take(':')?;
            map.insert(name, self.value(depth)?);
            if self.take(',').is_none() {
                self.take('}')?;
                return Some(Value::Object(map));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.take('[')?;
        let mut list = Vec::new();
        loop {
            if self.take(']').is_some() {
                return Some(Value::Array(list));
            }
            list.push(self.value(depth)?);
            if self.take(',').is_none() {
                self.take(']')?;
                return Some(Value::Array(list));
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
        let mut out = String::new();
        let mut characters = self.rest[1..].char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => match characters.next()?.1 {
                    'n' => out.push('\n'),
                    'r' => out.push('\r'),
                    't' => out.push('\t'),
                    other => out.push(other),
                },
                _ if c == quote => {
                    self.rest = &self.rest[at + 2..];
                    return Some(out);
                }
                _ => out.push(c),
            }
        }
        None
    }

    fn word(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))?;
        let (word, rest) = self.rest.split_at(end);
        let value = match word {
            "None" | "null" => Value::Null,
            "True" | "true" => Value::Bool(true),
            "False" | "false" => Value::Bool(false),
            number => Value::Number(number.parse::<Number>().ok()?),
        };
        self.rest = rest;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn what_python_prints_is_read_and_anything_else_is_not() {
        let printed = r#"{'error': {'code': 400, 'inner': None, 'list': [1, 'a'], 'message': "it's \n x"}} and more"#;
        let (read, length) = value(printed).unwrap();
        assert_eq!(&printed[length..], " and more");
        assert_eq!(read["error"]["code"], 400);
        assert_eq!(read["error"]["message"], "it's \n x");
        assert_eq!(read["error"]["list"][1], "a");
        for broken in ["{'error': ", "{'a' 1}", "{", "", "{'a': x}", &"[".repeat(200)] {
            assert!(value(broken).is_none(), "{broken}");
        }
    }
}
