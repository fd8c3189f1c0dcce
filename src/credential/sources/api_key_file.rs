//! An API key in a file, or on standard input.

use super::{CredentialKind, Detected, Source};

const OPTION: &str = "--api-key-file";

pub(super) const SOURCE: Source = Source {
    name: "api-key-file",
    title: "an API key from --api-key-file",
    kind: CredentialKind::ApiKey,
    option: Some(OPTION),
    detect: |probe| Detected::file(OPTION, probe.options.api_key_file.as_ref()),
    ..Source::BASE
};
