//! Where the value of a name is, in the forms in which programs and files write one.

use crate::secret::MARK;

/// What ends a value that has no quotes, where what follows does not go on with it.
pub(super) const ENDS: &str = "&;,<>{}()[]";
/// Words between a name and its value in a sentence.
const JOINED: &[&str] = &["is", "was", "provided", "passed", "used", "received", "given"];
/// A word of a sentence is a value behind a name from this length on, with letters and digits.
const SHORTEST: usize = 8;
/// A quote, as HTML has it.
const ENTITIES: &[&str] = &["&quot;", "&#34;", "&#39;", "&apos;", "&#x27;", "%22", "%27"];
/// The same, as JSON may have it behind a backslash.
const ESCAPED: &[&str] = &["u0022", "u0027"];
/// What names of passwords end with.
const PASSWORDS: &[&str] = &["password", "passwd", "passwort", "kennwort", "pwd", "pass", "secret"];
/// Options that a command has between a name and its value.
const NAMED_VALUE: &[&str] = &["-String ", "--body ", "-b ", "--value "];
/// What ends a value without quotes, as it begins a text or ends the one around it.
pub(super) const QUOTES: [char; 3] = ['"', '\'', '`'];
/// Words of sentences behind the name of a scheme.
const WORDS: &[&str] = &["constraints", "auth", "authentication"];
/// What classes of the SDKs end with that begin a message.
const CLASSES: &[&str] = &["Credential", "Exception", "Error"];
/// How far before a name the beginning of its URL is looked for.
const LONGEST_URL: usize = 512;
/// Names that a challenge has behind its scheme.
const CHALLENGE: &[&str] =
    &["realm", "authorization", "authorization_uri", "resource", "resource_id", "error", "scope"];

/// A name at `start..end` of a text, and what follows it.
pub(super) struct Assigned<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A quote, with the backslashes before it.
pub(super) type Quote<'t> = &'t str;

impl<'t> Assigned<'t> {
    pub(super) fn rest(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or_default()
    }

    /// Behind every one of these characters.
    fn skip(&self, at: usize, characters: &str) -> usize {
        let rest = self.rest(at);
        at + rest.find(|c| !characters.contains(c)).unwrap_or(rest.len())
    }

    /// Behind a quote, if there is one: of one sign, of three as Python and TOML have it around several
    /// lines, or of two as CSV doubles it.
    fn quote(&self, at: usize) -> Option<(Quote<'t>, usize)> {
        let end = self.skip(at, "\\");
        let rest = self.rest(end);
        let escaped = ESCAPED.iter().filter(|_| end > at);
        if let Some(entity) = ENTITIES.iter().chain(escaped).find(|sign| rest.starts_with(**sign)) {
            return Some((&self.text[at..end + entity.len()], end + entity.len()));
        }
        let quote = rest.chars().next().filter(|c| QUOTES.contains(c))?;
        let begins = |c: char| !c.is_whitespace() && !QUOTES.contains(&c) && !ENDS.contains(c);
        let signs = match rest.chars().take(4).take_while(|c| *c == quote).count() {
            3.. => 3,
            2 if rest[2..].starts_with(begins) && !rest[2..].starts_with([':', '=']) => 2,
            _ => 1,
        };
        let end = end + signs;
        Some((&self.text[at..end], end))
    }

    /// Behind a quote and the letter that Python, C# and others put before it.
    pub(super) fn opening(&self, at: usize) -> Option<(Quote<'t>, usize)> {
        let prefixed = self.rest(at).starts_with(['b', 'u', 'r', 'f', '@', '$']);
        self.quote(at).or_else(|| self.quote(at + 1).filter(|_| prefixed))
    }

    /// Behind the quote or the bracket that ends the name, and spaces.
    fn behind_name(&self) -> usize {
        let at = self.quote(self.end).map_or(self.end, |(_, at)| self.skip(at, "\"'"));
        let at = self.skip(at, ")] \t*");
        // `Key 1: ..`, as the portal names the two keys of an account.
        let digits = self.skip(at, "0123456789");
        let signed = self.rest(self.skip(digits, " ")).starts_with([':', '=']);
        let numbered = (1..=2).contains(&(digits - at)) && at > self.end && signed;
        if numbered { self.skip(digits, " ") } else { at }
    }

    /// Behind what assigns a value to the name.
    fn sign(&self) -> Option<usize> {
        let at = self.behind_name();
        let rest = self.rest(at);
        let element = self.text[..self.start].ends_with('<') && rest.starts_with('>');
        if element {
            return Some(at + 1);
        }
        let is = |sign: &str| rest.get(..3).is_some_and(|found| found.eq_ignore_ascii_case(sign));
        if is("%3d") || is("%3a") {
            let blank = self.rest(at + 3).starts_with("%20");
            return Some(if blank { at + 6 } else { at + 3 });
        }
        let assigns = rest.starts_with([':', '=', '\u{ff1a}']) || rest.starts_with("->");
        match assigns {
            true => Some(self.skip(at, ":=>-*\u{ff1a}")),
            false => self.next_cell(at),
        }
    }

    /// What is assigned to the name, up to the end of the line if `line`.
    pub(super) fn value(&self, line: bool) -> Option<(usize, usize)> {
        let sign = self.sign()?;
        if let Some(found) = self.block(sign).or_else(|| self.typed(sign)) {
            return Some(found);
        }
        let at = self.behind_tag(self.skip(sign, " \t"));
        // A value in quotes may be on the next line, as where JSON is printed for people.
        let below = self.skip(at, " \t\r\n");
        let is_below = below > at && (self.is_a_key_line(below) || self.is_a_password_line(below));
        let at = if self.opening(below).is_some() || is_below { below } else { at };
        let inside = self.skip(at, "([");
        let list = inside > at && self.opening(inside).is_some();
        let at = if list || self.rest(at).starts_with('[') { inside } else { at };
        if self.rest(at).starts_with(&MARK[1..]) {
            return None;
        }
        match self.opening(at) {
            Some((quote, from)) if list => Some((from, self.last_quote(from, quote))),
            Some((quote, from)) => Some((from, self.closing(from, quote))),
            None => Some((at, self.unquoted(at, line))),
        }
        .map(|(from, to)| (from, self.changed(to)))
        .filter(|(from, to)| self.is_a_value(*from, *to))
    }

    /// Behind the type that YAML puts before a value, `!unsafe`.
    fn behind_tag(&self, at: usize) -> usize {
        let Some(tag) = self.rest(at).strip_prefix('!') else { return at };
        let length = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let value = tag[length..].trim_start_matches(' ');
        let is_tag = length > 0 && value.len() < tag.len() - length;
        if is_tag && !value.starts_with(['\n', '\r']) { self.text.len() - value.len() } else { at }
    }

    /// The end of the value that one is changed to, `"old" -> "new"`, as plans of Terraform show it.
    fn changed(&self, to: usize) -> usize {
        let at = self.quote(to).map_or(to, |(_, at)| at);
        let Some(rest) = self.rest(at).trim_start_matches([' ', ')']).strip_prefix("->") else {
            return to;
        };
        let at = self.skip(self.text.len() - rest.len(), " ");
        match self.opening(at) {
            Some((quote, from)) => self.closing(from, quote),
            None => self.word(at),
        }
    }

    /// Whether the name is the last part of a URL's path, or a method of a class as Go's clients write it
    /// (`Client#GetSecret: ..`): what follows it is a message.
    pub(super) fn is_of_path(&self) -> bool {
        let before = &self.text[..self.start];
        let near = before.len().saturating_sub(LONGEST_URL);
        let near = (near..=before.len()).find(|at| before.is_char_boundary(*at)).unwrap_or(near);
        let ends = |c: char| c.is_whitespace() || QUOTES.contains(&c);
        let run = before[near..].rsplit(ends).next().unwrap_or_default();
        let url = run.ends_with('/') && run.contains("://") && !run.contains(['?', '#']);
        let method = run.strip_suffix('#').is_some_and(|class| {
            class.ends_with(|c: char| c.is_ascii_alphanumeric()) && class.contains('.')
        });
        let next = self.rest(self.end);
        // A message behind a URL may begin with its status.
        let message = next.strip_prefix(": ").unwrap_or_default();
        let digits = message.len() - message.trim_start_matches(is_digit).len();
        let status = digits == 3 && message[digits..].starts_with(' ');
        method && next.starts_with(": ") || url && (status || !next.starts_with(['=', '/', ':']))
    }

    /// The value behind a type, `key: str = ".."`, with that type.
    fn typed(&self, sign: usize) -> Option<(usize, usize)> {
        let rest = self.rest(sign).strip_prefix(' ')?;
        let of_type = |c: char| c.is_ascii_alphanumeric() || " _.[]<>|,'\"&".contains(c);
        let length = rest.find(|c| !of_type(c))?;
        let (kind, assigned) = rest.split_at(length);
        let at = sign + 1 + length + assigned.strip_prefix("= ").map(|_| 2)?;
        let is_type = kind.ends_with(' ') && kind.starts_with(|c: char| c.is_ascii_alphabetic());
        let to = match self.opening(at) {
            Some((quote, from)) => self.closing(from, quote),
            None => self.unquoted(at, false),
        };
        (is_type && self.text[..sign].ends_with(':') && to > at).then_some((sign + 1, to))
    }

    /// Whether a line is one word alone with letters and digits, as a key is that was copied below its name.
    fn is_a_key_line(&self, at: usize) -> bool {
        self.word_alone(at).is_some_and(|word| {
            let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
            has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
        })
    }

    /// The same below the name of a password, which may have no digits.
    fn is_a_password_line(&self, at: usize) -> bool {
        let name = super::Name::new(&self.text[self.start..self.end]);
        let is_password = PASSWORDS.iter().any(|ending| name.plain.ends_with(ending));
        is_password && self.word_alone(at).is_some()
    }

    /// The word that a line holds alone, if it is no name of other lines.
    fn word_alone(&self, at: usize) -> Option<&'t str> {
        let rest = self.rest(at);
        let end = rest.char_indices().take(LONGEST_URL).find(|(_, c)| ['\n', '\r'].contains(c));
        let line = match end {
            Some((end, _)) => &rest[..end],
            None if rest.len() < LONGEST_URL => rest,
            None => return None,
        };
        let signs = [' ', '\t', ':', '<', '{', '['];
        (line.len() >= SHORTEST && !line.contains(signs)).then_some(line)
    }

    /// The lines below a name that YAML gives a text of several lines, `key: |`.
    fn block(&self, sign: usize) -> Option<(usize, usize)> {
        let rest = self.rest(sign).trim_start_matches([' ', '\t']);
        let is_mark = rest.starts_with(['|', '>']) || self.text[..sign].ends_with('>');
        let (mark, below) = rest.split_once('\n').filter(|_| is_mark)?;
        let is_alone = mark.trim_end().chars().all(|c| "|>-+".contains(c) || c.is_ascii_digit());
        let indent = below.len() - below.trim_start_matches([' ', '\t']).len();
        if !is_alone || indent == 0 {
            return None;
        }
        let inside = |line: &&str| line.trim().is_empty() || line.starts_with(&below[..indent]);
        let length: usize = below.split_inclusive('\n').take_while(inside).map(str::len).sum();
        let from = self.text.len() - below.len();
        Some((from + indent, from + below[..length].trim_end().len()))
    }

    /// Numbers of Entra ID and classes of the SDKs follow many a name, and are no secrets.
    fn is_a_value(&self, from: usize, to: usize) -> bool {
        let value = self.text.get(from..to).unwrap_or_default();
        let class = value.strip_suffix(':').unwrap_or_default();
        let is_class = CLASSES.iter().any(|ending| class.ends_with(ending))
            && class.bytes().all(|byte| byte.is_ascii_alphabetic());
        if is_class && self.rest(to).starts_with(' ') {
            return false;
        }
        let behind = value.strip_prefix("AADSTS").filter(|rest| rest.starts_with(is_digit));
        if ["StatusCode=", "Status="].iter().any(|word| value.starts_with(word)) {
            return false;
        }
        let ends = [' ', ':', '.', ','];
        let is_number = behind.map(|rest| rest.trim_start_matches(is_digit));
        !(value.is_empty() || is_number.is_some_and(|r| r.is_empty() || r.starts_with(ends)))
    }

    /// What a call with the name gets without quotes, `AzureKeyCredential(key)`.
    pub(super) fn bare_arguments(&self) -> Option<(usize, usize)> {
        let rest = self.rest(self.end).strip_prefix('(')?;
        let length = rest.find([')', '\n']).unwrap_or(rest.len());
        Some((self.end + 1, self.end + 1 + length))
    }

    /// Whether it is where a challenge says to ask for a token, `authorization="https://.."`.
    pub(super) fn is_of_challenge(&self, name: &super::Name<'_>, from: usize) -> bool {
        name.plain == "authorization"
            && self.rest(self.behind_name()).starts_with('=')
            && self.rest(from).starts_with("https://")
    }

    /// What a call with the name gets in quotes, `AzureKeyCredential("..")`, or brackets hold.
    pub(super) fn arguments(&self) -> Option<(usize, usize)> {
        let at = self.skip(self.end, " ");
        if self.rest(self.end).starts_with('[') {
            let rest = self.rest(self.end + 1);
            let length = rest.find([']', '\n']).unwrap_or(rest.len());
            return Some((self.end + 1, self.end + 1 + length));
        }
        let (quote, from) = self.opening(self.skip(at + 1, " \t\r\n"))?;
        self.rest(at).starts_with('(').then(|| (from, self.last_quote(from, quote)))
    }

    /// The second of two in quotes, as in Python's lists of headers and in lists of arguments.
    pub(super) fn of_pair(&self) -> Option<(usize, usize)> {
        let (_, at) = self.quote(self.end)?;
        let (quote, from) = self.opening(self.skip(at, ", "))?;
        let before =
            self.text[..self.start].trim_end_matches(['"', '\'', '\\', 'b', 'u']).trim_end();
        let first = before.ends_with(['(', '[', ',']) && self.rest(at).starts_with(',');
        let to = self.closing(from, quote);
        // What a name itself follows is the next name of an object.
        let named = self.rest(to + quote.len()).trim_start().starts_with(':');
        (first && !named).then_some((from, to))
    }

    /// The value of a parameter of a URL.
    pub(super) fn of_query(&self) -> Option<(usize, usize)> {
        let before = &self.text[..self.start];
        let query = ["?", "&", "%3F", "%3f", "%26"].iter().any(|sign| before.ends_with(sign));
        query.then(|| self.value(false))?
    }

    /// The password of `user:password` behind an option.
    pub(super) fn password_of_user(&self) -> Option<(usize, usize)> {
        let (from, to) = self.next_word()?;
        let colon = self.text[from..to].find(':')?;
        Some((from + colon + 1, to))
    }

    /// The word behind an option.
    pub(super) fn next_word(&self) -> Option<(usize, usize)> {
        let at = self.behind_name();
        let option = NAMED_VALUE.iter().find(|option| self.rest(at).starts_with(**option));
        let at = option.map_or(at, |option| at + option.len());
        if at == self.end || self.rest(at).starts_with('-') {
            return None;
        }
        match self.opening(at) {
            Some((quote, from)) => Some((from, self.closing(from, quote))),
            None => Some((at, self.word(at))),
        }
    }

    /// The next word of a sentence, where it has letters and digits as a key has.
    pub(super) fn next_word_of_a_key(&self) -> Option<(usize, usize)> {
        let mut at = self.behind_name();
        let word = self.rest(at).split(|c: char| !c.is_ascii_alphabetic()).next()?;
        if JOINED.contains(&word) {
            at = self.skip(at + word.len(), ": ");
        }
        let at = self.opening(at).map_or(at, |(_, at)| at);
        let below = self.skip(at, " \t\r\n");
        let at = if below > at && self.is_a_key_line(below) { below } else { at };
        // A list, a table or a call has it directly behind the name.
        let sign = self.rest(at).chars().next().filter(|c| ",;/(|".contains(*c) && at == self.end);
        let at = if sign.is_some() { at + 1 } else { self.skip(at, "| ") };
        if at == self.end {
            return None;
        }
        let to = sign.map_or_else(|| self.word(at), |sign| self.part(at, sign));
        let word = self.text.get(at..to)?.trim_end_matches(['.', ',', ':', ')', '|']);
        let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
        let fits = word.len() >= SHORTEST
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_alphabetic)
            && !is_a_host(word)
            && !word.starts_with("HTTP/");
        (fits && self.is_a_value(at, to)).then_some((at, at + word.len()))
    }

    /// What follows a scheme: of some, any word; of others, one that is as long as a token.
    pub(super) fn of_scheme(&self, any: bool) -> Option<(usize, usize)> {
        let at = self.skip(self.end, " ");
        let to = self.unquoted(at, false);
        let value = self.text.get(at..to)?;
        let challenge = CHALLENGE
            .iter()
            .any(|name| value.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
        let is_word = WORDS.iter().any(|word| value.eq_ignore_ascii_case(word));
        (at > self.end && !challenge && !is_word && (any || value.len() >= 2 * SHORTEST))
            .then_some((at, to))
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Whether a word is the name of a host, or an address of one.
fn is_a_host(word: &str) -> bool {
    let ends = [".net", ".com", ".cn", ".us", ".azure", ".local"];
    word.contains("://") || ends.iter().any(|end| word.ends_with(end))
}
