//! The coding of a body (RFC 9110, section 8.4.1). No call asks for one; a call that names none leaves
//! the server free to use any (section 12.5.3).

use hyper::header::{CONTENT_ENCODING, HeaderMap};
use miniz_oxide::inflate::{
    DecompressError, TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit,
};

/// The body without its coding, and whether that is the whole of it. The header field goes with the
/// coding, as in every client that decodes; where the coding is not known or the body is not in it,
/// both stay.
pub(super) fn decoded(
    headers: &mut HeaderMap,
    body: Vec<u8>,
    complete: bool,
    limit: usize,
) -> (Vec<u8>, bool) {
    let mut all = headers.get_all(CONTENT_ENCODING).iter();
    let coding = match (all.next().and_then(|value| value.to_str().ok()), all.next()) {
        (Some(coding), None) if !body.is_empty() => coding.trim().to_ascii_lowercase(),
        _ => return (body, complete),
    };
    let inflated =
        match coding.as_str() {
            "gzip" | "x-gzip" => {
                inflated_part(&body).map(|part| decompress_to_vec_with_limit(part, limit))
            }
            // Some servers leave the frame of zlib out.
            "deflate" => Some(decompress_to_vec_zlib_with_limit(&body, limit).or_else(|error| {
                match error.status {
                    TINFLStatus::HasMoreOutput => Err(error),
                    _ => decompress_to_vec_with_limit(&body, limit).map_err(|bare| {
                        match error.output.is_empty() {
                            true => bare,
                            false => error,
                        }
                    }),
                }
            })),
            _ => None,
        };
    let (mut text, whole) = match inflated {
        Some(Ok(text)) => (text, true),
        Some(Err(DecompressError { status: TINFLStatus::HasMoreOutput, output })) => {
            (output, false)
        }
        // A body that was cut holds what came before.
        Some(Err(DecompressError { output, .. })) if !complete && !output.is_empty() => {
            (output, false)
        }
        _ => return (body, complete),
    };
    // The decoder ends at the first block beyond the limit.
    let whole = whole && text.len() <= limit;
    text.truncate(limit);
    headers.remove(CONTENT_ENCODING);
    (text, complete && whole)
}

/// The compressed data of a gzip body, behind its header (RFC 1952, section 2.3). TLS has kept it whole,
/// so the checksum at its end is not looked at.
fn inflated_part(body: &[u8]) -> Option<&[u8]> {
    const HEADER_CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let (fixed, mut rest) = body.split_at_checked(10)?;
    if fixed[..3] != [0x1f, 0x8b, 8] {
        return None;
    }
    if fixed[3] & EXTRA != 0 {
        let (length, after) = rest.split_at_checked(2)?;
        let length = u16::from_le_bytes([length[0], length[1]]);
        rest = after.get(usize::from(length)..)?;
    }
    for text in [NAME, COMMENT] {
        if fixed[3] & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    if fixed[3] & HEADER_CHECKSUM != 0 { rest.get(2..) } else { Some(rest) }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

    use super::*;

    const TEXT: &[u8] = br#"{"data":[{"id":"gpt-4o"}],"object":"list"}"#;

    fn gzip(flags: u8, fields: &[u8]) -> Vec<u8> {
        let mut body = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
        body.extend_from_slice(fields);
        body.extend(compress_to_vec(TEXT, 6));
        body.extend([0; 8]);
        body
    }

    fn read(coding: &'static str, body: Vec<u8>, limit: usize) -> (Vec<u8>, bool, bool) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        let (text, complete) = decoded(&mut headers, body, true, limit);
        (text, complete, headers.contains_key(CONTENT_ENCODING))
    }

    #[test]
    fn gzip_and_deflate_are_read_in_each_of_their_forms() {
        for (coding, body) in [
            ("gzip", gzip(0, b"")),
            ("X-GZIP", gzip(8, b"list.json\0")),
            ("gzip", gzip(2 | 4 | 8 | 16, b"\x02\0abname\0comment\0\x01\x02")),
            ("deflate", compress_to_vec_zlib(TEXT, 6)),
            ("deflate", compress_to_vec(TEXT, 6)),
        ] {
            assert_eq!(read(coding, body, 1 << 20), (TEXT.to_vec(), true, false), "{coding}");
        }
    }

    #[test]
    fn what_is_not_in_its_coding_stays_and_a_bomb_ends_at_the_limit() {
        for (coding, body) in [
            ("br", b"\x0b\x02\x80".to_vec()),
            ("gzip, br", gzip(0, b"")),
            ("gzip", TEXT.to_vec()),
            ("gzip", vec![0x1f, 0x8b, 8]),
            ("gzip", vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 255, 255]),
            ("deflate", b"no such thing".to_vec()),
        ] {
            assert_eq!(read(coding, body.clone(), 1 << 20), (body, true, true), "{coding}");
        }
        let bomb = compress_to_vec_zlib(&vec![b' '; 1 << 20], 9);
        let (text, complete, _) = read("deflate", bomb, 1 << 10);
        assert!(text.len() <= 1 << 10 && !complete, "{}", text.len());
    }
}
