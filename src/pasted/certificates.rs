//! The issuer of the server's own certificate in what openssl, curl and GnuTLS print (fact S92).

/// What shows that a text has a certificate of a server, in lower case.
const TOOLS: &[&str] = &["s_client", "certificate chain", "server certificate:", "connected(0000"];
/// Signs before the issuer of the first certificate, at the beginning of a line.
const SIGNS: &[&str] = &["issuer=", "issuer:", "i:"];

/// The issuer of the first certificate.
pub(super) fn issuer(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    if !TOOLS.iter().any(|tool| lower.contains(tool)) {
        return None;
    }
    let of_line = |line: &'_ str| -> Option<usize> {
        let start = line.trim_start_matches(['*', ' ', '\t', '<']);
        let lower = start.to_ascii_lowercase();
        let sign = SIGNS.iter().find(|sign| lower.starts_with(*sign))?;
        Some(line.len() - start.len() + sign.len())
    };
    let issuer = text.lines().find_map(|line| Some(line[of_line(line)?..].trim()))?;
    issuer.contains('=').then_some(issuer)
}
