//! How peers' texts are searched for names.

/// Whether `text` contains the words of `wanted` in sequence, with any separators and in any case:
/// `Squid` is found in `O=Squid, CN=x`, not in `Squidward`.
pub(super) fn has_words(text: &str, wanted: &str) -> bool {
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
}
