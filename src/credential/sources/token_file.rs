//! A token in a file, or on standard input.

use super::{Detected, Source};

const OPTION: &str = "--token-file";

pub(super) const SOURCE: Source = Source {
    name: "token-file",
    title: "an Entra token from --token-file",
    option: Some(OPTION),
    detect: |probe| Detected::file(OPTION, probe.options.token_file.as_ref()),
    ..Source::BASE
};
