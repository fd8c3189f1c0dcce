//! The part of the Kusto query language that our queries use, as documented; nothing else is read.

use super::super::ago;

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub table: String,
    pub steps: Vec<Step>,
}

/// What follows a bar.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Where(Expression),
    /// Names with what they are.
    Extend(Vec<(String, Expression)>),
    Project(Vec<(String, Expression)>),
    /// Whether it is ascending.
    OrderBy(Vec<(Expression, bool)>),
    Take(usize),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A column, or a property below one.
    Path(Vec<String>),
    Text(String),
    Number(f64),
    /// In seconds.
    Span(i64),
    Index(Box<Expression>, usize),
    Call(String, Vec<Expression>),
    /// Left, operator, right.
    Compare(Box<Expression>, String, Box<Expression>),
    /// Whether one of the list; the operator is `in` or `in~`, with `!` for none.
    In(Box<Expression>, String, Vec<Expression>),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
    Span(i64),
    Sign(String),
}

/// Operators between two values.
const COMPARISONS: [&str; 14] = [
    "==",
    "!=",
    "=~",
    "!~",
    "<",
    ">",
    "<=",
    ">=",
    "contains",
    "!contains",
    "startswith",
    "endswith",
    "has",
    "contains_cs",
];
/// Functions, with how many arguments they take.
const FUNCTIONS: [(&str, usize); 8] = [
    ("tolower", 1),
    ("tostring", 1),
    ("split", 2),
    ("todatetime", 1),
    ("ago", 1),
    ("isnotempty", 1),
    ("isempty", 1),
    ("not", 1),
];

/// Reads a query at a time, in seconds since 1970: `ago` counts from there.
pub fn query(text: &str, now: i64) -> Result<Query, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, now };
    let table = parser.word()?;
    let mut steps = Vec::new();
    while parser.at < parser.tokens.len() {
        parser.sign("|")?;
        steps.push(parser.step()?);
    }
    Ok(Query { table, steps })
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let run = |holds: &dyn Fn(char) -> bool| -> String {
            chars[at..].iter().copied().take_while(|c| holds(*c)).collect()
        };
        if c.is_whitespace() {
            at += 1;
        } else if c == '\'' || c == '"' {
            let mut value = String::new();
            at += 1;
            loop {
                match chars.get(at) {
                    None => return Err("a text without an end".to_owned()),
                    Some(end) if *end == c => break,
                    Some('\\') => {
                        at += 1;
                        value.extend(chars.get(at));
                    }
                    Some(other) => value.push(*other),
                }
                at += 1;
            }
            at += 1;
            all.push(Token::Text(value));
        } else if c.is_ascii_digit() {
            let digits = run(&|c| c.is_ascii_digit() || c == '.');
            at += digits.len();
            let unit = match chars.get(at) {
                Some('d') => 86_400.0,
                Some('h') => 3600.0,
                Some('m') => 60.0,
                Some('s') => 1.0,
                _ => 0.0,
            };
            let value: f64 = digits.parse().map_err(|_| format!("no number: {digits}"))?;
            if unit > 0.0 {
                at += 1;
                #[expect(clippy::cast_possible_truncation, reason = "a few hours")]
                all.push(Token::Span((value * unit) as i64));
            } else {
                all.push(Token::Number(value));
            }
        } else if c.is_ascii_alphabetic() || c == '_' {
            let mut word = run(&|c| c.is_ascii_alphanumeric() || c == '_');
            at += word.len();
            if word == "in" && chars.get(at) == Some(&'~') {
                word.push('~');
                at += 1;
            }
            all.push(Token::Word(word));
        } else {
            let two: String = chars[at..].iter().take(2).collect();
            let word = |end: &str| {
                let rest: String = chars[at + 1..].iter().take(end.len()).collect();
                c == '!' && rest == end
            };
            let sign = match () {
                () if word("in~") => "!in~".to_owned(),
                () if word("contains") => "!contains".to_owned(),
                () if word("in") => "!in".to_owned(),
                () if ["==", "!=", "=~", "!~", "<=", ">="].contains(&two.as_str()) => two,
                () if "|()[],.=<>".contains(c) => c.to_string(),
                () => return Err(format!("the sign {c:?}")),
            };
            at += sign.len();
            all.push(Token::Sign(sign));
        }
    }
    Ok(all)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    now: i64,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("an end too early")?;
        self.at += 1;
        Ok(token)
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Word(word) => Ok(word),
            other => Err(format!("{other:?} where a name belongs")),
        }
    }

    fn is(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(text) | Token::Word(text)) if text == wanted)
    }

    /// Takes it where it comes next.
    fn takes(&mut self, wanted: &str) -> bool {
        let is = self.is(wanted);
        self.at += usize::from(is);
        is
    }

    fn sign(&mut self, wanted: &str) -> Result<(), String> {
        match self.takes(wanted) {
            true => Ok(()),
            false => Err(format!("{:?} where {wanted} belongs", self.peek())),
        }
    }

    fn step(&mut self) -> Result<Step, String> {
        match self.word()?.as_str() {
            "where" => self.any().map(Step::Where),
            "extend" => {
                let columns = self.columns()?;
                Ok(Step::Extend(columns))
            }
            "project" => self.columns().map(Step::Project),
            "order" | "sort" => {
                self.sign("by")?;
                let mut keys = Vec::new();
                loop {
                    let key = self.value()?;
                    // Descending is what the language takes where nothing is said.
                    let ascending = self.takes("asc");
                    let _ = !ascending && self.takes("desc");
                    keys.push((key, ascending));
                    if !self.takes(",") {
                        return Ok(Step::OrderBy(keys));
                    }
                }
            }
            "take" | "limit" => match self.next()? {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows")]
                Token::Number(count) => Ok(Step::Take(count as usize)),
                other => Err(format!("{other:?} rows")),
            },
            other => Err(format!("the operator {other}")),
        }
    }

    fn columns(&mut self) -> Result<Vec<(String, Expression)>, String> {
        let mut all = Vec::new();
        loop {
            let named = matches!(self.tokens.get(self.at + 1), Some(Token::Sign(s)) if s == "=");
            if named {
                let name = self.word()?;
                self.sign("=")?;
                all.push((name, self.any()?));
            } else {
                match self.value()? {
                    // A property's column has the names joined.
                    Expression::Path(path) => all.push((path.join("_"), Expression::Path(path))),
                    other => return Err(format!("{other:?} without a name")),
                }
            }
            if !self.takes(",") {
                return Ok(all);
            }
        }
    }

    fn any(&mut self) -> Result<Expression, String> {
        let mut all = vec![self.all()?];
        while self.takes("or") {
            all.push(self.all()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::Any(all) })
    }

    fn all(&mut self) -> Result<Expression, String> {
        let mut all = vec![self.comparison()?];
        while self.takes("and") {
            all.push(self.comparison()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::All(all) })
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        if self.takes("(") {
            let inner = self.any()?;
            self.sign(")")?;
            return Ok(inner);
        }
        let left = self.value()?;
        let operator = match self.peek() {
            Some(Token::Sign(text) | Token::Word(text)) => text.clone(),
            _ => return Ok(left),
        };
        if ["in", "in~", "!in", "!in~"].contains(&operator.as_str()) {
            self.at += 1;
            self.sign("(")?;
            let mut list = vec![self.value()?];
            while self.takes(",") {
                list.push(self.value()?);
            }
            self.sign(")")?;
            return Ok(Expression::In(left.into(), operator, list));
        }
        if COMPARISONS.contains(&operator.as_str()) {
            self.at += 1;
            return Ok(Expression::Compare(left.into(), operator, self.value()?.into()));
        }
        Ok(left)
    }

    fn value(&mut self) -> Result<Expression, String> {
        let mut value = match self.next()? {
            Token::Text(text) => Expression::Text(text),
            Token::Number(number) => Expression::Number(number),
            Token::Span(seconds) => Expression::Span(seconds),
            Token::Word(name) if self.takes("(") => {
                let wanted = FUNCTIONS.iter().find(|(known, _)| *known == name);
                let (_, count) = wanted.ok_or_else(|| format!("the function {name}"))?;
                let mut arguments = vec![self.any()?];
                while self.takes(",") {
                    arguments.push(self.any()?);
                }
                self.sign(")")?;
                if arguments.len() != *count {
                    return Err(format!("{name} of {} arguments", arguments.len()));
                }
                match (name.as_str(), arguments.as_slice()) {
                    ("ago", [Expression::Span(seconds)]) => {
                        Expression::Text(ago(self.now, *seconds))
                    }
                    ("ago", other) => return Err(format!("ago of {other:?}")),
                    _ => Expression::Call(name, arguments),
                }
            }
            Token::Word(name) => {
                let mut path = vec![name];
                while self.takes(".") {
                    path.push(self.word()?);
                }
                Expression::Path(path)
            }
            Token::Sign(sign) => return Err(format!("{sign:?} where a value belongs")),
        };
        while self.takes("[") {
            match self.next()? {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "index"
                )]
                Token::Number(at) => value = Expression::Index(value.into(), at as usize),
                Token::Text(key) => match &mut value {
                    Expression::Path(path) => path.push(key),
                    other => return Err(format!("a property of {other:?}")),
                },
                other => return Err(format!("the index {other:?}")),
            }
            self.sign("]")?;
        }
        Ok(value)
    }
}
