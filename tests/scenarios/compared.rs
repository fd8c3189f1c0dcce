//! Walks of two worlds, compared by the built program.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use aoai_probe::run::{self, Terminal};
use libtest_mimic::{Failed, Trial};

use crate::lab::Lab;
use crate::lab::world::World;

/// Two worlds, the exit status and the beginning of the first line. The first report is of the
/// first world; a world with itself is walked twice, and nothing but noise differs.
const PAIRS: &[(&str, &str, i32, &str)] = &[
    ("healthy-private", "healthy-private", 0, "SAME: nothing differs but noise"),
    ("healthy-private", "endpoint-silent", 2, "DIFFERENT at tcp (path-to-address)"),
    ("healthy-private", "corporate-ca-unknown", 2, "DIFFERENT at tls (other-issuer)"),
];

pub(crate) fn trials() -> Vec<Trial> {
    let one = |(a, b, status, first): &'static (&str, &str, i32, &str)| {
        Trial::test(format!("compared-{a}-and-{b}"), move || compared(a, b, *status, first))
    };
    PAIRS.iter().map(one).collect()
}

fn compared(a: &str, b: &str, status: i32, first: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let lab = lab(a)?;
    let other = if a == b { None } else { Some(self::lab(b)?) };
    let mut files = Vec::new();
    for (name, lab) in [("a", &lab), ("b", other.as_ref().unwrap_or(&lab))] {
        let check = lab.check(&["--format", "json"])?;
        let done = run::check_in(&check, lab.world(), Terminal::default(), &|_| {})?;
        let file = folder.path().join(format!("{name}.json"));
        std::fs::write(&file, done.out)?;
        files.push(file);
    }
    let done =
        Command::new(env!("CARGO_BIN_EXE_aoai-probe")).arg("compare").args(&files).output()?;
    let out = String::from_utf8_lossy(&done.stdout);
    let err = String::from_utf8_lossy(&done.stderr);
    match done.status.code() == Some(status) && out.starts_with(first) {
        true => Ok(()),
        false => Err(format!("expected {status} and {first:?}:\n{out}{err}").into()),
    }
}

fn lab(world: &str) -> Result<Lab, Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let world = Arc::new(World::read(&folder.join(format!("{world}.toml")))?);
    Ok(Lab::start(&world)?)
}
