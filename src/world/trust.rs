//! Where roots come from: the machine's own store, files that clients read, files that the user
//! names.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::World;
use crate::evidence::tls::{STORE_FILE, STORE_OPENSSL, STORE_SOURCE};
use crate::files::{self, May};
use crate::sorting;
use crate::wire::ca_bundles::Bundle;
use crate::wire::roots::{ExtraRoots, SystemStore};
use crate::{blocking, platform};

/// The largest file of the machine's own roots that is read, in bytes.
const STORE_LIMIT: u64 = 32 << 20;

/// The machine's own store; an empty one where `SSL_CERT_FILE` names something that is not a file, or
/// one that is too large for a store: it would be read to its end, which may never come.
#[expect(clippy::disallowed_methods, reason = "called where the ambient world is read")]
pub(super) fn system_store() -> SystemStore {
    let named = std::env::var_os("SSL_CERT_FILE").and_then(|path| std::fs::metadata(path).ok());
    match named.is_none_or(|file| file.is_dir() || file.is_file() && file.len() <= STORE_LIMIT) {
        true => SystemStore::Native,
        false => SystemStore::Pem(Vec::new()),
    }
}

/// The folders of OpenSSL's own settings: Debian's, Red Hat's, Alpine's and Arch's (fact S90).
const OPENSSL_FOLDERS: &[&str] = &["/usr/lib/ssl", "/etc/pki/tls", "/etc/ssl"];

/// Folders into which administrators put roots for the command that builds the store from them
/// (fact S91).
const SOURCES: &[&str] = &[
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/pki/trust/anchors",
    "/etc/ca-certificates/trust-source/anchors",
];

/// Versions of Python 3 whose folders are searched.
const PYTHONS: std::ops::RangeInclusive<u8> = 8..=15;

/// The files that clients take roots from: those that a variable names, and certifi's where
/// Python has it. Nothing is read before it is used.
#[must_use]
pub fn bundles(world: &World) -> Vec<Bundle> {
    let named = [
        ("SSL_CERT_FILE", false),
        ("SSL_CERT_DIR", false),
        ("REQUESTS_CA_BUNDLE", false),
        ("CURL_CA_BUNDLE", false),
        ("NODE_EXTRA_CA_CERTS", true),
    ];
    let mut all: Vec<Bundle> = named
        .into_iter()
        .filter_map(|(by, adds)| {
            let path = world.environment.get(by)?.to_owned();
            // Node and curl take a file alone.
            let read = match by {
                "SSL_CERT_DIR" | "REQUESTS_CA_BUNDLE" => bundle_file_or_folders,
                _ => bundle_file,
            };
            Some(Bundle { by, path, adds, named: true, read })
        })
        .collect();
    // A world with its own store has no other files either.
    if !matches!(world.system_store, SystemStore::Native) {
        return all;
    }
    let mut folders = Vec::new();
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        if let Some(prefix) = world.environment.get(variable) {
            let of = |minor| format!("{prefix}/lib/python3.{minor}/site-packages");
            folders.extend(PYTHONS.rev().map(of));
        }
    }
    for minor in PYTHONS.rev().filter(|_| platform::HAS_UNIX_PATHS) {
        for kind in ["site-packages", "dist-packages"] {
            folders.push(format!("/usr/local/lib/python3.{minor}/{kind}"));
        }
        folders.push(format!("/usr/lib/python3.{minor}/site-packages"));
    }
    if platform::HAS_UNIX_PATHS {
        folders.push("/usr/lib/python3/dist-packages".to_owned());
    }
    all.extend(store_parts(world));
    all.extend(folders.into_iter().map(|folder| Bundle {
        by: "certifi",
        path: format!("{folder}/certifi/cacert.pem"),
        adds: false,
        named: false,
        read: bundle_file,
    }));
    all
}

/// The parts of a distribution's store as clients read them, which differ where one was changed by hand,
/// and the folders that it is built from (facts S90, S91). None where variables name other places.
fn store_parts(world: &World) -> Vec<Bundle> {
    let moved =
        ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|by| world.environment.get(by).is_some());
    if moved || !platform::HAS_UNIX_PATHS || cfg!(target_os = "macos") {
        return Vec::new();
    }
    let part = |by, path: &Path, read| {
        let path = path.to_str()?.to_owned();
        Some(Bundle { by, path, adds: false, named: false, read })
    };
    let store = openssl_probe::probe();
    let file = store.cert_file.as_deref().and_then(|file| part(STORE_FILE, file, bundle_file));
    let folder = store.cert_dir.first();
    let folder = folder.and_then(|folder| part(STORE_OPENSSL, folder, openssl_defaults));
    let sources =
        SOURCES.iter().filter_map(|folder| part(STORE_SOURCE, Path::new(folder), certificates_of));
    file.into_iter().chain(folder).chain(sources).collect()
}

/// The roots that a program with OpenSSL finds where nothing names others: those of its own file, where
/// there is one, and those of its folder.
fn openssl_defaults(folder: &str) -> Option<Vec<u8>> {
    let own = OPENSSL_FOLDERS.iter().find(|folder| Path::new(folder).is_dir());
    let file = own.and_then(|own| bundle_file(&format!("{own}/cert.pem")));
    let mut all = file.unwrap_or_default();
    all.push(b'\n');
    all.extend(bundle_file_or_folders(folder)?);
    Some(all)
}

/// The certificates in a folder from which a store is built, whatever their files are called.
fn certificates_of(folder: &str) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    let mut left = MOST_IN_A_FOLDER;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            left = left.checked_sub(1)?;
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => {
                    let one = entry.path().to_str().and_then(bundle_file).unwrap_or_default();
                    if all.len() + one.len() <= usize::try_from(STORE_LIMIT).unwrap_or(usize::MAX) {
                        all.extend(one);
                        all.push(b'\n');
                    }
                }
            }
        }
    }
    (!all.is_empty()).then_some(all)
}

/// A file of roots, if it is a file and not larger than any store.
fn bundle_file(path: &str) -> Option<Vec<u8>> {
    files::whole(path, May::BeAFile, STORE_LIMIT).ok()
}

/// The roots that OpenSSL finds in a folder, or in each of several: files whose name is the hash of
/// a subject (fact S32); none where no folder is one. What a variable names may be a file too.
fn bundle_file_or_folders(paths: &str) -> Option<Vec<u8>> {
    if let Some(file) = bundle_file(paths) {
        return Some(file);
    }
    let mut all = Vec::new();
    let mut folder_seen = false;
    for folder in std::env::split_paths(paths).take(MOST_FOLDERS) {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        folder_seen = true;
        let mut names: Vec<_> = entries
            .take(MOST_IN_A_FOLDER)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_hash_name(name))
            .collect();
        sorting::ascending(&mut names);
        for name in names {
            let Some(path) = folder.join(name).to_str().map(str::to_owned) else { continue };
            let Some(one) = bundle_file(&path) else { continue };
            if all.len() + one.len() > usize::try_from(STORE_LIMIT).unwrap_or(usize::MAX) {
                return Some(all);
            }
            all.extend(one);
            all.push(b'\n');
        }
    }
    folder_seen.then_some(all)
}

/// How many folders are read, and how many entries of one.
const MOST_FOLDERS: usize = 8;
const MOST_IN_A_FOLDER: usize = 2000;

/// Whether a file has the name by which OpenSSL looks a root up: eight hexadecimal digits of the
/// subject's hash, and a number.
fn is_hash_name(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// The largest `--ca-file` that is read, in bytes.
const CA_FILE_LIMIT: u64 = 8 << 20;

/// The certificates of a file of roots that the user named.
///
/// # Errors
///
/// Why there are none, in words.
pub fn ca_file(path: &str, may: May, timeout: Duration) -> Result<ExtraRoots, String> {
    let from = path.to_owned();
    let pem = blocking::run_with_timeout(timeout, move || files::whole(from, may, CA_FILE_LIMIT))
        .map_err(|error| match error.kind() {
            ErrorKind::TimedOut => "it was not read to its end within the deadline",
            _ => "no thread to read it: not enough memory, or a limit of this user's threads",
        })?
        .map_err(|error| files::why(&error))?;
    ExtraRoots::from_pem(&pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssl_finds_a_root_in_a_folder_by_the_hash_of_its_subject() {
        for (name, found) in [
            ("607986c7.0", true),
            ("607986c7.12", true),
            ("DigiCert_Global_Root_G2.pem", false),
            ("607986c7.pem", false),
            ("607986c7.r0", false),
            ("607986c7.", false),
            ("607986c7", false),
        ] {
            assert_eq!(is_hash_name(name), found, "{name}");
        }
    }
}
