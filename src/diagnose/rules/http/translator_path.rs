//! Paths that differ between an account's own name and the service's shared host.

/// Operations of Translator, which are at the root of its shared host
/// (`api.cognitive.microsofttranslator.com`) and under a prefix at an account's own name (fact
/// H19).
const TRANSLATOR: &[&str] =
    &["translate", "transliterate", "detect", "breaksentence", "dictionary"];

/// The path that Translator requires at an account's own name instead of `path`, if `path` is one
/// of its operations without the prefix.
pub(super) fn translator(path: &str) -> Option<String> {
    let first = path.strip_prefix('/')?.split('/').next()?;
    let own = TRANSLATOR.iter().any(|operation| first.eq_ignore_ascii_case(operation));
    own.then(|| format!("/translator/text/v3.0{path}"))
}

#[cfg(test)]
mod tests {
    use super::translator;

    #[test]
    fn translators_operations_get_their_prefix() {
        assert_eq!(translator("/translate").as_deref(), Some("/translator/text/v3.0/translate"));
        assert_eq!(translator("/Detect").as_deref(), Some("/translator/text/v3.0/Detect"));
        for path in ["", "/translator/text/v3.0/translate", "/openai/v1", "/api/projects/detect"] {
            assert_eq!(translator(path), None, "{path}");
        }
    }
}
