//! Files, opened only where they are what they should be, and read no further than a limit.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Pairs of bytes at the beginning of a text that show whether it is UTF-16.
const SAMPLE: usize = 256;

/// What a path may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Whatever can be read. A pipe or a terminal may never end: see [`crate::blocking`].
    BeAnything,
    /// No named pipe: opening one waits for its other end.
    NotBeAPipe,
    /// A regular file alone: it is read while others wait.
    BeAFile,
}

/// Opens a file to read it.
///
/// # Errors
///
/// Those of the system; also what it is, where it may not be that.
#[expect(clippy::disallowed_methods, reason = "the one place that opens files to read them")]
pub fn open(path: impl AsRef<Path>, may: May) -> io::Result<File> {
    let path = path.as_ref();
    match may {
        May::BeAnything => {}
        May::NotBeAPipe => {
            if std::fs::metadata(path).is_ok_and(|about| is_pipe(about.file_type())) {
                return Err(io::Error::new(ErrorKind::InvalidInput, "is a pipe"));
            }
        }
        May::BeAFile => regular(path)?,
    }
    File::open(path)
}

/// Whether a path leads to a regular file; what is missing, or may not be looked at, is reported
/// when it is opened.
///
/// # Errors
///
/// What it is instead.
pub fn regular(path: impl AsRef<Path>) -> io::Result<()> {
    let error = |kind, message: &'static str| Err(io::Error::new(kind, message));
    match std::fs::metadata(path) {
        Ok(about) if about.is_dir() => error(ErrorKind::IsADirectory, "is a folder"),
        Ok(about) if !about.is_file() => error(ErrorKind::InvalidInput, "is no regular file"),
        _ => Ok(()),
    }
}

/// The beginning of a file: at most `limit` bytes.
///
/// # Errors
///
/// Those of [`open`] and of reading.
pub fn beginning(path: impl AsRef<Path>, may: May, limit: u64) -> io::Result<Vec<u8>> {
    first(open(path, may)?, limit)
}

/// A whole file.
///
/// # Errors
///
/// Those of [`open`] and of reading; `FileTooLarge` where it holds more than `limit` bytes.
pub fn whole(path: impl AsRef<Path>, may: May, limit: u64) -> io::Result<Vec<u8>> {
    let bytes = first(open(path, may)?, limit.saturating_add(1))?;
    match bytes.len() as u64 > limit {
        true => Err(io::Error::new(ErrorKind::FileTooLarge, too_large(limit))),
        false => Ok(bytes),
    }
}

fn too_large(limit: u64) -> String {
    match limit >> 20 {
        0 => format!("is larger than {} KiB", limit >> 10),
        mebibytes => format!("is larger than {mebibytes} MiB"),
    }
}

/// At most `limit` bytes of what is open.
///
/// # Errors
///
/// Those of reading.
pub fn first(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fill(&mut bytes, from, limit)?;
    Ok(bytes)
}

/// The same into a buffer of the caller's, which may be one that is wiped.
///
/// # Errors
///
/// Those of reading.
pub fn fill(buffer: &mut Vec<u8>, from: impl Read, limit: u64) -> io::Result<()> {
    from.take(limit).read_to_end(buffer).map(drop)
}

/// The bytes of a text as UTF-8, without a byte order mark: Windows PowerShell writes UTF-16 where a
/// command's output goes to a file. Without a mark, UTF-16 shows by the zero bytes of its Latin letters.
#[must_use]
pub fn as_utf8(mut bytes: Vec<u8>) -> Vec<u8> {
    let (big_endian, mark) = match bytes.as_slice() {
        [0xff, 0xfe, ..] => (false, 2),
        [0xfe, 0xff, ..] => (true, 2),
        [0xef, 0xbb, 0xbf, ..] => {
            bytes.drain(..3);
            return bytes;
        }
        unmarked => match zero_half(unmarked) {
            Some(big_endian) => (big_endian, 0),
            None => return bytes,
        },
    };
    let units = bytes[mark..].as_chunks::<2>().0.iter().map(|pair| match big_endian {
        true => u16::from_be_bytes(*pair),
        false => u16::from_le_bytes(*pair),
    });
    let characters = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    characters.collect::<String>().into_bytes()
}

/// What is wrong with a file of UTF-16 that other programs read too, and do not decode.
pub const UTF_16: &str =
    "is in UTF-16, as Windows PowerShell writes it: write it with Set-Content -Encoding ascii";

/// Whether bytes are a text in UTF-16.
#[must_use]
pub fn is_utf_16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || zero_half(bytes).is_some()
}

/// Which byte of most pairs at the beginning is zero: the first, as in UTF-16 of big-endian order, or the
/// second; none where the other byte is zero as well.
fn zero_half(bytes: &[u8]) -> Option<bool> {
    let pairs = bytes.as_chunks::<2>().0;
    let pairs = &pairs[..pairs.len().min(SAMPLE)];
    let zeros = |place: usize| pairs.iter().filter(|pair| pair[place] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let most = |count: usize, other: usize| count * 2 > pairs.len() && other * 8 <= pairs.len();
    match (most(first, second), most(second, first)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// Why a file that the user named was not read, in words that may follow its name.
#[must_use]
pub fn why(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(_) => format!("cannot be read: {}", words(error)),
        None => words(error),
    }
}

/// An OS error's words without Rust's errno suffix.
#[must_use]
pub(crate) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

#[cfg(unix)]
fn is_pipe(kind: std::fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_pipe(_: std::fs::FileType) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_to_its_limit_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, vec![b'x'; 2048]).unwrap();
        assert_eq!(whole(&file, May::BeAFile, 2048).unwrap().len(), 2048);
        let error = whole(&file, May::BeAFile, 1024).unwrap_err();
        assert_eq!(why(&error), "is larger than 1 KiB");
        assert_eq!(beginning(&file, May::NotBeAPipe, 7).unwrap().len(), 7);
        let gone = whole(folder.path().join("b"), May::BeAFile, 1).unwrap_err();
        assert!(why(&gone).starts_with("cannot be read: No such file"), "{gone}");
        let message = why(&whole(folder.path(), May::BeAFile, 1).unwrap_err());
        assert_eq!(message, "is a folder");
    }

    #[test]
    fn utf_16_is_read_with_and_without_its_mark() {
        let text = "Error code: 403 - Schl\u{fc}ssel \u{1f511}\r\n";
        let units = || text.encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for bytes in [
            marked(&[0xff, 0xfe], &little),
            marked(&[0xfe, 0xff], &big),
            little,
            big,
            marked(&[0xef, 0xbb, 0xbf], text.as_bytes()),
            text.as_bytes().to_vec(),
        ] {
            assert_eq!(String::from_utf8(as_utf8(bytes)).unwrap(), text);
        }
        // Not a text at all.
        assert!(is_utf_16(b"\xff\xfea\0b\0") && is_utf_16(b"a\0b\0"));
        assert!(!is_utf_16(b"0f1e2d3c") && !is_utf_16(b"") && !is_utf_16(&[0; 64]));
        assert_eq!(as_utf8(vec![0; 64]), vec![0; 64]);
        assert_eq!(as_utf8(Vec::new()), Vec::<u8>::new());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_without_a_writer_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let message = |may| why(&whole(&pipe, may, 1).unwrap_err());
        assert_eq!(message(May::NotBeAPipe), "is a pipe");
        assert_eq!(message(May::BeAFile), "is no regular file");
    }
}
