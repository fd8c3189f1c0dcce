//! What may be a secret in a text that a person pastes: a key has no name here that it could be
//! compared with. What is taken for one by mistake costs a word of the text, and the reverse a key:
//! where a text may be read both ways, it is one.

mod around;
mod ends;
mod forms;
mod lines;
mod value;

use crate::secret::MARK;

use value::Assigned;

/// What names whose value is secret end with, in lower case and without `-` and `_`.
const ENDINGS: &[&str] = &[
    "key",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "token",
    "jwt",
    "assertion",
    "identityheader",
    "signature",
    "sig",
    "authorization",
    "cookie",
    "bearer",
    "basic",
    "basicauth",
    "securestring",
    "secretstring",
    "storepass",
    "keypass",
    "dbpass",
    "secrettext",
    "passwort",
    "kennwort",
    "contraseña",
    "schlüssel",
    "geheimnis",
    "wachtwoord",
    "lösenord",
    "hasło",
    "heslo",
    "salasana",
    "şifre",
    "пароль",
    "비밀번호",
    "密钥",
    "密鑰",
    "密码",
    "密碼",
    "パスワード",
];
/// Last words of such names that other words end with too.
const LAST_WORDS: &[&str] = &[
    "pass",
    "passe",
    "pw",
    "senha",
    "clé",
    "auth",
    "cred",
    "creds",
    "credential",
    "credentials",
    "sas",
    "pat",
    "negotiate",
    "ntlm",
];
/// Names under which comes the value of a name before them that has none itself.
const OF_ANOTHER: &[&str] = &["value", "default", "received", "inputvalue"];
/// Names whose value is everything up to the end of the line or of its quotes.
const LINES: &[&str] = &["authorization", "cookie", "passphrase"];
/// Names before a scheme's own value, which a space separates.
const SCHEMES: &[&str] = &["bearer", "basic", "negotiate", "ntlm"];
/// How far behind a name that is a value itself the one that it names is looked for.
const NEAR: usize = 320;

/// `text` without what may be a key, a token or a password: the value of a name that says so, what a
/// URL holds before its host, and every word that has the form of one.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    // Between the bytes of a text that was not decoded no name would be found.
    let text = around::with_plain_signs(&text.replace('\0', ""));
    let text = forms::without_colours(&text);
    let text = forms::without_private_keys(&text);
    let text = forms::without_user_info(&text);
    let text = forms::without_elements(&text, |name| Name::new(name).is_secret());
    let text = forms::without_here_strings(&by_name(&text));
    lines::without_continuations(&forms::without_words_of_keys(&text))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}

/// A name in a text.
struct Name<'t> {
    /// As it is written.
    written: &'t str,
    /// In lower case and without `-` and `_`.
    plain: String,
}

impl<'t> Name<'t> {
    fn new(written: &'t str) -> Self {
        let letters = written.chars().filter(|c| c.is_alphanumeric());
        Self { written, plain: letters.flat_map(char::to_lowercase).collect() }
    }

    fn is_secret(&self) -> bool {
        // `key1`, `API_KEY_2`: of several, each has its number.
        let count = |c: char| c.is_ascii_digit() || c == '-' || c == '_';
        let plain = self.plain.trim_end_matches(count);
        // `secret_value`, as a resource of Terraform has it.
        let plain = plain.strip_suffix("value").unwrap_or(plain);
        let written = self.written.trim_end_matches(count);
        let last = written.rsplit(['-', '_']).next().unwrap_or_default();
        ENDINGS.iter().any(|ending| plain.ends_with(ending))
            || LAST_WORDS.contains(&last.to_lowercase().as_str())
    }

    /// A class of the Azure SDKs, whose messages begin with its name.
    fn is_credential_class(&self) -> bool {
        self.plain.ends_with("credential")
            && self.plain.len() > "credential".len()
            && !self.written.contains(['_', '-'])
    }

    fn is_scheme(&self) -> bool {
        SCHEMES.contains(&self.plain.as_str())
    }

    /// A word of a command line that another one follows without a sign.
    fn is_option(&self) -> bool {
        self.written.starts_with('-') || self.plain == "converttosecurestring"
    }
}

/// The values of the names.
fn by_name(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    // Up to where the value of a name that was a value itself may be.
    let mut named = 0;
    while let Some(start) = text[at..].find(is_name).map(|found| at + found) {
        let end = text[start..].find(|c| !is_name(c)).map_or(text.len(), |length| start + length);
        let name = Name::new(&text[start..end]);
        at = end;
        if text[..end].ends_with(&MARK[..MARK.len() - 1]) {
            continue;
        }
        let assigned = Assigned { text, start, end };
        let range = if assigned.is_of_path() {
            None
        } else if OF_ANOTHER.contains(&name.plain.as_str()) && start <= named {
            let found = assigned.value(false);
            named = if found.is_some() { 0 } else { named };
            found
        } else if name.written == "code" {
            // The key of a function; elsewhere the code of an error.
            assigned.of_query()
        } else if name.written == "-p" {
            // Many a program takes a password so, and others a port or a path.
            assigned.value(false).or_else(|| assigned.next_word())
        } else if ["-u", "--user", "-U", "--proxy-user"].contains(&name.written) {
            assigned.password_of_user()
        } else if name.is_secret() || name.is_credential_class() {
            // A name that names another, whose value comes under a name of its own.
            let another = assigned.names_another();
            let found = secret(&name, &assigned).filter(|_| !another);
            if found.is_none() {
                named = end + NEAR;
                let before = if another || assigned.is_value() {
                    assigned.of_object_before(copied)
                } else {
                    None
                };
                if let Some((from, to)) = before {
                    out.push_str(&text[copied..from]);
                    out.push_str(MARK);
                    copied = to;
                }
            }
            found
        } else {
            None
        };
        if let Some((from, to)) = range.filter(|(from, to)| from < to) {
            out.push_str(&text[copied..from]);
            out.push_str(MARK);
            (at, copied) = (to, to);
        }
    }
    out + &text[copied..]
}

#[cfg(test)]
mod tests;

/// Where the value of a name is that says of it that it is secret.
fn secret(name: &Name<'_>, assigned: &Assigned<'_>) -> Option<(usize, usize)> {
    if name.is_credential_class() {
        return assigned.arguments().or_else(|| assigned.bare_arguments());
    }
    let line = LINES.iter().any(|ending| name.plain.ends_with(ending));
    let value = assigned.value(line);
    // A challenge says where to ask for one.
    if value.is_some_and(|(from, _)| assigned.is_of_challenge(name, from)) {
        return None;
    }
    let found = value.or_else(|| assigned.arguments());
    let found = found.or_else(|| assigned.of_pair());
    match (found, name.is_scheme()) {
        (Some(found), _) => Some(found),
        (None, true) => assigned.of_scheme(["bearer", "basic"].contains(&name.plain.as_str())),
        (None, false) if name.is_option() => assigned.next_word(),
        (None, false) => assigned.of_command().or_else(|| assigned.next_word_of_a_key()),
    }
}
