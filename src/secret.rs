//! A value that nothing can print: keys, tokens, passwords.
//!
//! No `Display`, no `Clone`, no `Serialize`; `Debug` says `[secret]`; the memory is wiped
//! when it is dropped. Only the wire may look inside.

use zeroize::Zeroizing;

/// A key, token or password.
pub struct Secret(Zeroizing<String>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl Secret {
    /// Takes a value into keeping.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value, for writing it to the one peer that it is meant for, and for judging its form.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with every occurrence of this secret replaced by `[secret]`: peers echo.
    ///
    /// Values shorter than four characters are left alone, since they would blot out half
    /// the text and are no secrets.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        match self.0.len() {
            0..4 => text.to_owned(),
            _ => text.replace(self.0.as_str(), "[secret]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_and_echo_show_nothing() {
        let secret = Secret::new("canary-1234".to_owned());
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(secret.scrub("key=canary-1234!"), "key=[secret]!");
    }
}
