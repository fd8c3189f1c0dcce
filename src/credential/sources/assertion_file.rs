//! An application with an assertion of any issuer, in a file or on standard input.

use super::{Detected, Source, file_label};
use crate::credential::entra::{Application, AssertionFile};

const OPTION: &str = "--assertion-file";

pub(super) const SOURCE: Source = Source {
    name: "assertion-file",
    title: "an assertion from --assertion-file",
    option: Some(OPTION),
    shared_variables: Application::VARIABLES,
    detect: |probe| {
        let path = probe.options.assertion_file.clone()?;
        let application = Application::configured(probe.environment)?;
        let label = file_label(&path).to_owned();
        Some(Detected::flow(label, AssertionFile { application, path, named_by: OPTION }))
    },
    ..Source::BASE
};
