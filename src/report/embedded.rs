//! The JSON that `--format html` embeds in its page.

use super::ReadError;

/// The tag before the JSON. No text of a page contains it: there, `<` and `"` are escaped.
pub const BEGIN: &str = "<script type=\"application/json\" id=\"aoai-probe-report\">";
/// The tag after it; the JSON has no `<`.
pub const END: &str = "</script>";

/// The JSON inside a page; the text itself if it is no page.
///
/// # Errors
///
/// [`ReadError::PageWithoutReport`], [`ReadError::PageCutOff`].
pub(super) fn json(text: &[u8]) -> Result<&[u8], ReadError> {
    if text.trim_ascii_start().first() != Some(&b'<') {
        return Ok(text);
    }
    let begin = find(text, BEGIN.as_bytes()).ok_or(ReadError::PageWithoutReport)?;
    let inside = text.get(begin + BEGIN.len()..).unwrap_or_default();
    let end = find(inside, END.as_bytes()).ok_or(ReadError::PageCutOff)?;
    Ok(inside.get(..end).unwrap_or_default())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
