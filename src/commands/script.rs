//! A command of a rule as its statements, pipelines and words.

use super::word::Word;
use super::{Shell, System, words};

/// Programs that have the same name and arguments on every system.
const EVERYWHERE: &[&str] = &[
    "aoai-probe",
    "aws",
    "az",
    "azcmagent",
    "azd",
    "docker",
    "dsregcmd",
    "gcloud",
    "gh",
    "helm",
    "istioctl",
    "kubectl",
    "nslookup",
    "oci",
    "powershell.exe",
    "terraform",
    "wsl",
    "wsl.exe",
];

/// Those of them that are a `.cmd` on Windows: `cmd.exe` reads their command line once more.
const BATCH: &[&str] = &["az", "gcloud"];

/// What a rule gives as one command.
pub(super) struct Script<'a> {
    /// How often it is repeated, as the loop around it says.
    times: Option<usize>,
    /// The head of that loop as it is typed.
    head: String,
    pub(super) statements: Vec<Statement<'a>>,
    /// With its `#`.
    comment: Option<&'a str>,
}

/// A pipeline, and what follows it.
pub(super) struct Statement<'a> {
    pub(super) stages: Vec<Vec<Word>>,
    /// Whether the first stage reads what another program prints.
    piped: bool,
    /// `;`, `&&` or nothing.
    pub(super) then: &'a str,
}

impl<'a> Script<'a> {
    pub(super) fn read(command: &'a str) -> Self {
        let mut raw = words::words(command, Shell::Posix);
        let comment = raw.pop_if(|last| last.starts_with('#'));
        let (times, head, body) = match repetition(&raw) {
            Some((times, body)) => {
                let head = raw.iter().take_while(|word| **word != "do").copied();
                (Some(times), head.collect::<Vec<_>>().join(" "), body)
            }
            None => (None, String::new(), raw.as_slice()),
        };
        Self { times, head, statements: statements(body), comment }
    }

    /// The statements as one command of `system`; none where none is left.
    pub(super) fn written(
        &self,
        system: System,
        statements: Vec<(String, &str)>,
    ) -> Option<String> {
        let mut body = String::new();
        let last = statements.len().checked_sub(1)?;
        for (place, (statement, then)) in statements.into_iter().enumerate() {
            body.push_str(&statement);
            body.push_str(match (place == last, system.shell(), then) {
                (true, ..) => "",
                (false, Shell::Posix, "&&") => " && ",
                _ => "; ",
            });
        }
        let looped = match (self.times, system.shell()) {
            (None, _) => body,
            (Some(times), Shell::PowerShell) => format!("1..{times} | ForEach-Object {{ {body} }}"),
            (Some(_), Shell::Posix) => format!("{} do {body}; done", self.head),
        };
        Some(match self.comment {
            Some(comment) => format!("{looped}  {comment}"),
            None => looped,
        })
    }
}

impl Statement<'_> {
    /// Every word; `|` between programs, and before the first one that reads another's output.
    pub(super) fn words(&self) -> Vec<Word> {
        let mut words = Vec::new();
        for (place, stage) in self.stages.iter().enumerate() {
            if place > 0 || self.piped {
                words.push(Word::of("|"));
            }
            words.extend(stage.iter().cloned());
        }
        words
    }

    /// The programs of a pipeline, each alone.
    pub(super) fn each(&self) -> impl Iterator<Item = Self> {
        self.stages.iter().enumerate().map(|(place, stage)| Self {
            stages: vec![stage.clone()],
            piped: place > 0,
            then: "",
        })
    }

    /// As it is, for the shell of `system`; none where a word cannot be written for it.
    pub(super) fn same(&self, system: System) -> Option<String> {
        let stage = |stage: &Vec<Word>| match system.shell() {
            Shell::Posix => Some(stage.iter().map(Word::raw).collect::<Vec<_>>().join(" ")),
            Shell::PowerShell => same_for_powershell(stage),
        };
        let stages: Option<Vec<String>> = self.stages.iter().map(stage).collect();
        Some(stages?.join(" | "))
    }

    /// Whether its programs are the same on every system.
    pub(super) fn is_everywhere(&self) -> bool {
        self.stages.iter().all(|stage| EVERYWHERE.contains(&program(stage).as_str()))
    }

    /// Whether a rule wrote it for `system` alone: cmdlets of PowerShell.
    pub(super) fn is_of(&self, system: System) -> bool {
        let cmdlet = |stage: &Vec<Word>| {
            let program = program(stage);
            program.starts_with(|c: char| c.is_ascii_uppercase()) && program.contains('-')
        };
        system == System::Windows && self.stages.iter().all(cmdlet)
    }

    /// What `time` measures.
    pub(super) fn timed(&self) -> Option<Self> {
        let [first, rest @ ..] = self.stages.first()?.as_slice() else { return None };
        (first.raw() == "time").then(|| self.beginning_with(rest))
    }

    /// What `sudo` runs.
    pub(super) fn in_sudo(&self) -> Option<Self> {
        let [first, rest @ ..] = self.stages.first()?.as_slice() else { return None };
        (first.raw() == "sudo").then(|| self.beginning_with(rest))
    }

    /// Variables for this one command: their names and values, and the command.
    pub(super) fn with_variables(&self) -> Option<(Vec<(String, Word)>, Self)> {
        let first = self.stages.first()?;
        let variable = |word: &Word| {
            let (name, value) = word.assignment()?;
            Some((name.to_owned(), value))
        };
        let variables: Vec<(String, Word)> = first.iter().map_while(variable).collect();
        let rest = first.get(variables.len()..).filter(|rest| !rest.is_empty())?;
        (!variables.is_empty()).then(|| (variables.clone(), self.beginning_with(rest)))
    }

    fn beginning_with(&self, first: &[Word]) -> Self {
        let others = self.stages.iter().skip(1).cloned();
        Self {
            stages: std::iter::once(first.to_vec()).chain(others).collect(),
            piped: self.piped,
            then: "",
        }
    }
}

fn program(stage: &[Word]) -> String {
    stage.first().map(Word::text).unwrap_or_default()
}

fn same_for_powershell(stage: &[Word]) -> Option<String> {
    let nothing = [">/dev/null", "2>/dev/null", "</dev/null"];
    let is_batch = BATCH.contains(&program(stage).as_str());
    let word = |word: &Word| if is_batch { word.shown_to_cmd() } else { Some(word.shown()) };
    let words = stage.iter().filter(|word| !nothing.contains(&word.raw()));
    let shown = words.map(word).collect::<Option<Vec<String>>>()?.join(" ");
    let discards = stage.iter().any(|word| word.raw() == ">/dev/null");
    Some(if discards { format!("{shown} | Out-Null") } else { shown })
}

/// Variables of the environment around a command. PowerShell only knows those of the session.
pub(super) fn set(system: System, variables: &[(String, Word)], command: &str) -> String {
    let one = |(name, value): &(String, Word)| match system.shell() {
        Shell::Posix => format!("{name}={} ", value.raw()),
        Shell::PowerShell => format!("$env:{name} = {}; ", value.always_quoted()),
    };
    variables.iter().map(one).chain([command.to_owned()]).collect()
}

/// `for i in 1 2 3; do ...; done`: how often, and what.
fn repetition<'a, 'b>(raw: &'b [&'a str]) -> Option<(usize, &'b [&'a str])> {
    let ["for", _, "in", rest @ .., "done"] = raw else { return None };
    let body = rest.iter().position(|word| *word == "do")?;
    let times = match &rest[..body] {
        ["$(seq", last] => last.strip_suffix(");")?.parse().ok()?,
        numbers => numbers.len(),
    };
    Some((times, &rest[body + 1..]))
}

fn statements<'a>(raw: &[&'a str]) -> Vec<Statement<'a>> {
    let mut all: Vec<Statement<'a>> = Vec::new();
    let mut stages: Vec<Vec<Word>> = vec![Vec::new()];
    let mut end = |stages: &mut Vec<Vec<Word>>, then| {
        let stages = std::mem::replace(stages, vec![Vec::new()]);
        if stages.iter().any(|stage| !stage.is_empty()) {
            all.push(Statement { stages, piped: false, then });
        }
    };
    for word in raw {
        let (word, then) = match word.strip_suffix(';') {
            Some(before) => (before, ";"),
            None if ["&&", "||"].contains(word) => ("", *word),
            None => (*word, ""),
        };
        match word {
            "" => {}
            "|" => stages.push(Vec::new()),
            word => stages.last_mut().into_iter().for_each(|call| call.push(Word::of(word))),
        }
        if !then.is_empty() {
            end(&mut stages, then);
        }
    }
    end(&mut stages, "");
    all
}
