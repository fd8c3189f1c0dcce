//! Sentences that rules on connections, proxies and handshakes share.

/// Octets that the cause has in the report's first line.
const LONGEST: usize = 100;

/// The first of the wordings that fits the report's first line; the last one is cut when
/// none does, since names and addresses have no upper bound that a person would call short.
pub(in crate::diagnose::rules) fn fitting(wordings: &[String]) -> String {
    if let Some(fits) = wordings.iter().find(|w| w.len() <= LONGEST) {
        return fits.clone();
    }
    let mut cut = wordings.last().cloned().unwrap_or_default();
    let mut end = LONGEST.saturating_sub(3).min(cut.len());
    while !cut.is_char_boundary(end) {
        end -= 1;
    }
    cut.truncate(end);
    cut.push_str("...");
    cut
}

/// Whether `text` holds the words of `wanted` one after another, whatever stands between
/// words and in whichever case: `Squid` is found in `O=Squid, CN=x`, not in `Squidward`.
pub(in crate::diagnose::rules) fn has_words(text: &str, wanted: &str) -> bool {
    let words = |s: &str| -> Vec<String> {
        s.split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let (text, wanted) = (words(text), words(wanted));
    !wanted.is_empty() && text.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        for (text, wanted, found) in [
            ("C=US, O=Zscaler Inc., CN=Zscaler Root CA", "Zscaler", true),
            ("CN=zscalerthree.net", "Zscaler", false),
            ("CN=Planet Root", "ESET", false),
            ("CN=Gateway CA - Cloudflare Managed G1", "Gateway CA Cloudflare", true),
            ("O=Cloudflare, Inc.", "Gateway CA Cloudflare", false),
            ("", "x", false),
            ("x", "", false),
        ] {
            assert_eq!(has_words(text, wanted), found, "{text} {wanted}");
        }
    }

    #[test]
    fn a_clause_fits_the_first_line() {
        let long = "n".repeat(120);
        assert_eq!(fitting(&[long.clone(), "short".to_owned()]), "short");
        assert_eq!(fitting(&[long]).len(), LONGEST);
    }
}
