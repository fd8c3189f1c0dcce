//! `--bundle`: the reports in every form that a team which helps needs, and what made them, in one
//! file.

use std::io::Write as _;

use rawzip::{CompressionMethod, DataDescriptorOutput, ZipArchiveWriter, crc32};

use super::about::About;
use super::anonymous::Anonymous;
use crate::render::{self, Style, Verbosity};
use crate::report::Report;

/// How much is spent to make it small: miniz's usual level.
const LEVEL: u8 = 6;

/// A zip archive that is to be written.
#[derive(Debug)]
pub struct Bundle {
    /// Where to.
    pub file: String,
    /// Its files, by name.
    pub files: Vec<(&'static str, String)>,
}

impl Bundle {
    /// The bundle of these reports.
    pub(super) fn new(
        file: &str,
        reports: &[Report],
        about: &About<'_>,
        anonymous: Option<&mut Anonymous>,
    ) -> Result<Self, String> {
        let verbose = Style { verbosity: Verbosity::Verbose, ..Style::default() };
        let files = vec![
            ("about.txt", about.text(anonymous)),
            ("report.json", render::json::render(reports).map_err(|e| e.to_string())?),
            ("report.html", render::html::render(reports)),
            ("report.txt", render::human::render(reports, verbose)),
        ];
        Ok(Self { file: file.to_owned(), files })
    }

    /// The archive.
    ///
    /// # Errors
    ///
    /// Those of the format: none are known for files of this size.
    pub fn packed(&self) -> Result<Vec<u8>, String> {
        let mut archive = ZipArchiveWriter::new(Vec::new());
        for (name, text) in &self.files {
            let packed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), LEVEL);
            let written = archive
                .new_file(*name)
                .compression_method(CompressionMethod::DEFLATE)
                .unix_permissions(0o600)
                .start()
                .and_then(|(mut file, _)| {
                    file.write_all(&packed)?;
                    let size = text.len() as u64;
                    file.finish(DataDescriptorOutput::new(crc32(text.as_bytes()), size))
                });
            written.map_err(|error| error.to_string())?;
        }
        archive.finish().map_err(|error| error.to_string())
    }
}
