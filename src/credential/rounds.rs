//! How much work a locked key file asks for before its password opens it: rounds of a key
//! derivation, read from the file's form before any of them is done. A file may ask for 2^31.

/// Rounds that are done at most; tools write a few thousand to some hundred thousand.
const MOST_ROUNDS: u64 = 5_000_000;
/// N x r x p of scrypt at most: 128 bytes each, 512 MiB.
const MOST_SCRYPT: u64 = 1 << 22;
/// How deep structures may lie in each other; PKCS#12 has a dozen levels.
const DEPTH: u32 = 40;

/// Whether the file (DER of PKCS#12 or of a locked PKCS#8 key) asks for more work than is done.
#[must_use]
pub(super) fn too_many(der: &[u8]) -> bool {
    sequence(der, DEPTH)
}

const INTEGER: u8 = 0x02;
const BYTE_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;

/// Looks at values that follow each other. In all of PKCS#5 and PKCS#12 the rounds are the number
/// behind a salt: PBKDF2-params, pkcs-12PbeParams, MacData; scrypt has three numbers there.
fn sequence(mut rest: &[u8], depth: u32) -> bool {
    if depth == 0 {
        return false;
    }
    let mut behind_a_salt: Option<Vec<u64>> = None;
    while let Some((tag, content, after)) = value(rest) {
        rest = after;
        match (tag, &mut behind_a_salt) {
            (INTEGER, Some(numbers)) => numbers.push(number(content)),
            (_, numbers) => {
                if numbers.take().is_some_and(|numbers| heavy(&numbers)) {
                    return true;
                }
            }
        }
        if tag == BYTE_STRING {
            behind_a_salt = Some(Vec::new());
        }
        // What an byte string holds is often a structure again.
        let inside = tag & CONSTRUCTED != 0 || tag == BYTE_STRING && is_one_value(content);
        if inside && sequence(content, depth - 1) {
            return true;
        }
    }
    behind_a_salt.is_some_and(|numbers| heavy(&numbers))
}

fn heavy(numbers: &[u64]) -> bool {
    match numbers {
        [n, r, p, ..] => n.saturating_mul(*r).saturating_mul(*p) > MOST_SCRYPT,
        [rounds, ..] => *rounds > MOST_ROUNDS,
        [] => false,
    }
}

fn is_one_value(content: &[u8]) -> bool {
    value(content).is_some_and(|(tag, _, after)| tag & CONSTRUCTED != 0 && after.is_empty())
}

/// The first value: its tag, its content and what follows it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        ..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

fn number(content: &[u8]) -> u64 {
    let bytes = content.iter().skip_while(|byte| **byte == 0);
    match bytes.clone().count() {
        0..=8 => bytes.fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::too_many;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x82, (content.len() >> 8) as u8, (content.len() & 0xff) as u8];
        out.extend_from_slice(content);
        out
    }

    #[test]
    fn rounds_are_read_behind_a_salt_wherever_they_stand() {
        let parameters = |numbers: &[&[u8]]| {
            let mut inner = tlv(4, b"salt");
            for number in numbers {
                inner.extend(tlv(2, number));
            }
            tlv(0x30, &inner)
        };
        let deep = |inner: Vec<u8>| tlv(0x30, &tlv(4, &tlv(0x30, &inner)));
        assert!(!too_many(&deep(parameters(&[&[0x08, 0x00]]))));
        assert!(too_many(&deep(parameters(&[&[0x7f, 0xff, 0xff, 0xff]]))));
        // PBKDF2 with the key's length behind its rounds.
        assert!(!too_many(&parameters(&[&[0x09, 0x27, 0xc0], &[32]])));
        // scrypt: 16384 x 8 x 1, and 2^20 x 8 x 1.
        assert!(!too_many(&parameters(&[&[0x40, 0x00], &[8], &[1]])));
        assert!(too_many(&parameters(&[&[0x10, 0x00, 0x00], &[8], &[1]])));
        assert!(!too_many(b"") && !too_many(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]));
    }
}
