//! A word of a command line: read as a POSIX shell does, written as it is or for PowerShell.

/// What PowerShell reads as a single quote.
const SINGLE: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
/// What has a meaning in double quotes of PowerShell.
const IN_DOUBLE: [char; 6] = ['"', '$', '`', '\u{201c}', '\u{201d}', '\u{201e}'];

/// What has a meaning for `cmd.exe`, except in double quotes.
const IN_CMD: [char; 7] = ['&', '|', '<', '>', '^', '(', ')'];
/// What has a meaning for `cmd.exe` in double quotes too.
const IN_QUOTES_OF_CMD: [char; 4] = ['"', '%', '\n', '\r'];

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A variable of the environment.
    Variable(String),
}

/// A word of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As it is typed in a POSIX shell.
    raw: String,
    parts: Vec<Part>,
}

impl Word {
    pub(super) fn of(raw: &str) -> Self {
        Self { raw: raw.to_owned(), parts: parts(raw) }
    }

    /// A word that is exactly `text`.
    pub(super) fn literal(text: &str) -> Self {
        Self { raw: text.to_owned(), parts: vec![Part::Text(text.to_owned())] }
    }

    /// As it is typed.
    pub(super) fn raw(&self) -> &str {
        &self.raw
    }

    /// Its value; that of a variable is its name.
    pub(super) fn text(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => format!("${name}"),
        };
        self.parts.iter().map(part).collect()
    }

    /// The word without a beginning, such as the `@` of a server.
    pub(super) fn without(&self, beginning: char) -> Option<Self> {
        self.text().strip_prefix(beginning).map(Self::literal)
    }

    /// The word at its first `separator`, as two.
    pub(super) fn split_last(&self, separator: char) -> Option<(Self, Self)> {
        let text = self.text();
        let (before, after) = text.rsplit_once(separator)?;
        Some((Self::literal(before), Self::literal(after)))
    }

    /// `NAME=value`, with what follows the sign.
    pub(super) fn assignment(&self) -> Option<(&str, Self)> {
        let (name, value) = self.raw.split_once('=')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (begins && name.chars().all(plain)).then(|| (name, Self::of(value)))
    }

    /// For PowerShell, quoted where it has to be.
    pub(super) fn shown(&self) -> String {
        match self.raw.as_str() {
            ">/dev/null" => return ">$null".to_owned(),
            "2>/dev/null" => return "2>$null".to_owned(),
            "2>&1" | ">" | ">>" => return self.raw.clone(),
            _ => {}
        }
        let text = self.text();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:\\%+=@*~<>".contains(c);
        let placeholder =
            |c: char| c == ' ' && self.raw.starts_with('<') && self.raw.ends_with('>');
        // PowerShell ends the name of a parameter at a dot or a colon.
        let parameter = text.starts_with('-') && text.contains(['.', ':', '=']);
        let bare = !text.is_empty()
            && !text.starts_with(['@', '~', '>', '%'])
            && !parameter
            && (self.raw == text && text.chars().all(|c| plain(c) || placeholder(c))
                || text.chars().all(|c| plain(c) && !"<>".contains(c)));
        if bare && !self.has_variable() { text } else { self.always_quoted() }
    }

    /// For PowerShell, which starts a `.cmd` with it: PowerShell takes its own quotes away, and
    /// `cmd.exe` reads the rest. None where no quotes keep the word whole.
    pub(super) fn shown_to_cmd(&self) -> Option<String> {
        let text = self.text();
        if text.contains(IN_QUOTES_OF_CMD) {
            return None;
        }
        // A placeholder, which is for people to replace, or what redirects.
        let as_typed = self.raw == text && !text.contains(['&', '|', '^', '(', ')'])
            || ["2>&1", "2>/dev/null"].contains(&self.raw.as_str());
        if as_typed || !text.contains(IN_CMD) {
            return Some(self.shown());
        }
        let mut quoted = self.clone();
        quoted.parts.insert(0, Part::Text("\"".to_owned()));
        quoted.parts.push(Part::Text("\"".to_owned()));
        Some(quoted.always_quoted())
    }

    /// For PowerShell, in quotes.
    pub(super) fn always_quoted(&self) -> String {
        if !self.has_variable() {
            let double = |c: char| if SINGLE.contains(&c) { vec![c, c] } else { vec![c] };
            return format!("'{}'", self.text().chars().flat_map(double).collect::<String>());
        }
        let escaped = |c: char| if IN_DOUBLE.contains(&c) { vec!['`', c] } else { vec![c] };
        let part = |part: &Part| match part {
            Part::Text(text) => text.chars().flat_map(escaped).collect(),
            // A letter behind it would belong to its name.
            Part::Variable(name) => format!("${{env:{name}}}"),
        };
        format!("\"{}\"", self.parts.iter().map(part).collect::<String>())
    }

    fn has_variable(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Variable(_)))
    }
}

fn parts(raw: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut quote = None;
    let mut rest = raw.chars().peekable();
    while let Some(character) = rest.next() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None | Some('"'), '\\') => text.extend(rest.next()),
            (None | Some('"'), '$') => {
                let mut name = String::new();
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                match name.is_empty() {
                    true => text.push('$'),
                    false => {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                        parts.push(Part::Variable(name));
                    }
                }
            }
            _ => text.push(character),
        }
    }
    parts.push(Part::Text(text));
    parts
}
